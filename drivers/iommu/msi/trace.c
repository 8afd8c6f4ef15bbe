// SPDX-License-Identifier: GPL-2.0-only
/*
 * The trace points of MSI spaces.
 */
#include <linux/types.h>

#define CREATE_TRACE_POINTS
#include <trace/events/iommu_msi.h>
