/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Included before an unpatched tree's iommufd selftests, which use names that
 * the headers of 6.12 lack and therefore do not compile as shipped. Only these
 * names are defined here: the kernel under test still has no input type and no
 * mock device with PASIDs, and the cases about these fail.
 */
#define IOMMU_HW_INFO_FLAG_INPUT_TYPE	1
#define IOMMU_HW_INFO_TYPE_DEFAULT	0
#define in_data_type			out_data_type

/* No flag at all: a device without PASIDs, for all cases that only need a device. */
#define MOCK_FLAGS_DEVICE_PASID		0
#define MOCK_PASID_WIDTH		20
