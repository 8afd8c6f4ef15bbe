/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The ioctls of virtual IOMMUs, one function each: 0 or -1 and errno, like ioctl().
 * Include it after iommufd_utils.h, whose guard does not cover all of it.
 */
#ifndef __SELFTEST_IOMMUFD_VIOMMU
#define __SELFTEST_IOMMUFD_VIOMMU

/* An invalid ID, set before a call to detect that nothing was written */
#define NO_ID 0

static int viommu_alloc(int fd, __u32 dev_id, __u32 hwpt_id, __u32 *viommu_id)
{
	struct iommu_viommu_alloc cmd = {
		.size = sizeof(cmd),
		.type = IOMMU_VIOMMU_TYPE_SELFTEST,
		.dev_id = dev_id,
		.hwpt_id = hwpt_id,
	};

	if (ioctl(fd, IOMMU_VIOMMU_ALLOC, &cmd))
		return -1;
	*viommu_id = cmd.out_viommu_id;
	return 0;
}

static int vdevice_alloc(int fd, __u32 viommu_id, __u32 dev_id, __u64 virt_id,
			 __u32 *vdevice_id)
{
	struct iommu_vdevice_alloc cmd = {
		.size = sizeof(cmd),
		.viommu_id = viommu_id,
		.dev_id = dev_id,
		.virt_id = virt_id,
	};

	if (ioctl(fd, IOMMU_VDEVICE_ALLOC, &cmd))
		return -1;
	*vdevice_id = cmd.out_vdevice_id;
	return 0;
}

static int veventq_alloc(int fd, __u32 viommu_id, __u32 depth,
			 __u32 *veventq_id, int *veventq_fd)
{
	struct iommu_veventq_alloc cmd = {
		.size = sizeof(cmd),
		.viommu_id = viommu_id,
		.type = IOMMU_VEVENTQ_TYPE_SELFTEST,
		.veventq_depth = depth,
	};

	if (ioctl(fd, IOMMU_VEVENTQ_ALLOC, &cmd))
		return -1;
	*veventq_id = cmd.out_veventq_id;
	*veventq_fd = cmd.out_veventq_fd;
	return 0;
}

static int nested_alloc(int fd, __u32 dev_id, __u32 pt_id, __u32 *hwpt_id)
{
	struct iommu_hwpt_selftest data = {
		.iotlb = IOMMU_TEST_IOTLB_DEFAULT,
	};

	return _test_cmd_hwpt_alloc(fd, dev_id, pt_id, 0, 0, hwpt_id,
				    IOMMU_HWPT_DATA_SELFTEST, &data,
				    sizeof(data));
}

static int viommu_invalidate(int fd, __u32 viommu_id,
			     struct iommu_viommu_invalidate_selftest *reqs,
			     __u32 *nreqs)
{
	return _test_cmd_hwpt_invalidate(fd, viommu_id, reqs,
					 IOMMU_VIOMMU_INVALIDATE_DATA_SELFTEST,
					 sizeof(*reqs), nreqs);
}

static int dev_check_cache(int fd, __u32 dev_id, __u32 cache_id, __u32 cache)
{
	struct iommu_test_cmd cmd = {
		.size = sizeof(cmd),
		.op = IOMMU_TEST_OP_DEV_CHECK_CACHE,
		.id = dev_id,
		.check_dev_cache = { .id = cache_id, .cache = cache },
	};

	return ioctl(fd, IOMMU_TEST_CMD, &cmd);
}

static int trigger_vevents(int fd, __u32 dev_id, unsigned int count)
{
	struct iommu_test_cmd cmd = {
		.size = sizeof(cmd),
		.op = IOMMU_TEST_OP_TRIGGER_VEVENT,
		.trigger_vevent = { .dev_id = dev_id },
	};

	while (count--)
		if (ioctl(fd, IOMMU_TEST_CMD, &cmd))
			return -1;
	return 0;
}

#endif
