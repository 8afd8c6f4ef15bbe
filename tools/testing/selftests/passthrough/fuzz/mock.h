/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The calls of iommufd's mock driver, which is not part of the uAPI.
 */
#ifndef SELFTESTS_VFIO_FUZZ_MOCK_H
#define SELFTESTS_VFIO_FUZZ_MOCK_H

#include <linux/iommufd.h>

#include "../../../../../drivers/iommu/iommufd/iommufd_test.h"

#endif
