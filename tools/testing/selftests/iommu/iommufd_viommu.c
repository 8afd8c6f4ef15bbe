// SPDX-License-Identifier: GPL-2.0-only
/*
 * Virtual IOMMUs of the mock driver: vIOMMU, vDEVICE and vEVENTQ objects, nested page
 * tables, and invalidation through them.
 *
 * The name of a case is what has to happen.
 */
#include <asm/unistd.h>
#include <poll.h>
#include <pthread.h>
#include <sys/mman.h>
#include <time.h>

#include "iommufd_utils.h"
#include "iommufd_viommu.h"

#define VIRT_ID 0x99
#define DEPTH_MAX (1U << 19)

/* An id that no object has */
#define BAD_ID 0x7ffffff0

static __attribute__((constructor)) void setup_sizes(void)
{
	PAGE_SIZE = sysconf(_SC_PAGE_SIZE);
	BUFFER_SIZE = PAGE_SIZE;
	buffer = mmap(NULL, BUFFER_SIZE, PROT_READ | PROT_WRITE,
		      MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	assert(buffer != MAP_FAILED);
}

/* A copy of @cmd that the kernel can read but not write */
static void *read_only(const void *cmd, size_t length)
{
	void *page = mmap(NULL, PAGE_SIZE, PROT_READ | PROT_WRITE,
			  MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	assert(page != MAP_FAILED);
	memcpy(page, cmd, length);
	assert(!mprotect(page, PAGE_SIZE, PROT_READ));
	return page;
}

/* An address that the kernel can neither read nor write */
static void *no_access(void)
{
	void *page = mmap(NULL, PAGE_SIZE, PROT_NONE,
			  MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	assert(page != MAP_FAILED);
	return page;
}

/* The base of all fixtures: a device, and a nest parent for it */
struct base {
	int fd;
	__u32 ioas_id;
	__u32 stdev_id;
	__u32 auto_hwpt_id;
	__u32 idev_id;
	__u32 parent_id;
};

static int base_open(struct base *base)
{
	base->fd = open("/dev/iommu", O_RDWR);
	if (base->fd == -1 || _test_ioctl_ioas_alloc(base->fd, &base->ioas_id))
		return -1;
	if (_test_cmd_mock_domain(base->fd, base->ioas_id, &base->stdev_id,
				  &base->auto_hwpt_id, &base->idev_id))
		return -1;
	return _test_cmd_hwpt_alloc(base->fd, base->idev_id, base->ioas_id, 0,
				    IOMMU_HWPT_ALLOC_NEST_PARENT,
				    &base->parent_id, IOMMU_HWPT_DATA_NONE,
				    NULL, 0);
}

/* A second device in the same IOAS */
static int second_device(struct base *base, __u32 *stdev_id, __u32 *idev_id)
{
	return _test_cmd_mock_domain(base->fd, base->ioas_id, stdev_id, NULL,
				     idev_id);
}

static int destroy(struct base *base, __u32 id)
{
	return _test_ioctl_destroy(base->fd, id);
}

static int attach(struct base *base, __u32 pt_id)
{
	return _test_cmd_mock_domain_replace(base->fd, base->stdev_id, pt_id,
					     NULL);
}

FIXTURE(viommu_alloc)
{
	struct base base;
	struct iommu_viommu_alloc cmd;
};

FIXTURE_SETUP(viommu_alloc)
{
	ASSERT_EQ(0, base_open(&self->base));
	self->cmd = (struct iommu_viommu_alloc){
		.size = sizeof(self->cmd),
		.type = IOMMU_VIOMMU_TYPE_SELFTEST,
		.dev_id = self->base.idev_id,
		.hwpt_id = self->base.parent_id,
	};
}

FIXTURE_TEARDOWN(viommu_alloc)
{
	teardown_iommufd(self->base.fd, _metadata);
}

#define VIOMMU_ALLOC() ioctl(self->base.fd, IOMMU_VIOMMU_ALLOC, &self->cmd)

TEST_F(viommu_alloc, makes_an_object_that_can_be_destroyed)
{
	ASSERT_EQ(0, VIOMMU_ALLOC());
	EXPECT_NE(NO_ID, self->cmd.out_viommu_id);
	EXPECT_EQ(0, destroy(&self->base, self->cmd.out_viommu_id));
	EXPECT_ERRNO(ENOENT, destroy(&self->base, self->cmd.out_viommu_id));
}

TEST_F(viommu_alloc, takes_a_structure_of_24_bytes)
{
	self->cmd.size = 24;
	/* Beyond the end */
	self->cmd.data_len = 1;
	self->cmd.__reserved = 1;
	ASSERT_EQ(0, VIOMMU_ALLOC());
	EXPECT_NE(NO_ID, self->cmd.out_viommu_id);
	EXPECT_EQ(0, destroy(&self->base, self->cmd.out_viommu_id));
}

TEST_F(viommu_alloc, refuses_wrong_sizes)
{
	struct {
		struct iommu_viommu_alloc cmd;
		__u64 tail;
	} large = { .cmd = self->cmd };

	for (self->cmd.size = 4; self->cmd.size < 24; self->cmd.size += 4)
		EXPECT_ERRNO(EINVAL, VIOMMU_ALLOC());

	large.cmd.size = sizeof(large);
	large.tail = 1;
	EXPECT_ERRNO(E2BIG, ioctl(self->base.fd, IOMMU_VIOMMU_ALLOC, &large));
	large.tail = 0;
	EXPECT_EQ(0, ioctl(self->base.fd, IOMMU_VIOMMU_ALLOC, &large));
}

TEST_F(viommu_alloc, refuses_flags_and_ignores_the_reserved_field)
{
	self->cmd.flags = 1;
	EXPECT_ERRNO(EOPNOTSUPP, VIOMMU_ALLOC());
	self->cmd.flags = 0;
	self->cmd.__reserved = 1;
	EXPECT_EQ(0, VIOMMU_ALLOC());
}

TEST_F(viommu_alloc, refuses_types_that_the_driver_lacks)
{
	const __u32 types[] = { IOMMU_VIOMMU_TYPE_DEFAULT,
				IOMMU_VIOMMU_TYPE_ARM_SMMUV3, 2,
				IOMMU_VIOMMU_TYPE_SELFTEST ^ 1, ~0U };
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(types); i++) {
		self->cmd.type = types[i];
		EXPECT_ERRNO(EOPNOTSUPP, VIOMMU_ALLOC());
	}
}

TEST_F(viommu_alloc, refuses_ids_of_nothing_and_of_other_objects)
{
	self->cmd.dev_id = BAD_ID;
	EXPECT_ERRNO(ENOENT, VIOMMU_ALLOC());
	self->cmd.dev_id = self->base.ioas_id;
	EXPECT_ERRNO(ENOENT, VIOMMU_ALLOC());
	self->cmd.dev_id = self->base.idev_id;
	self->cmd.hwpt_id = BAD_ID;
	EXPECT_ERRNO(ENOENT, VIOMMU_ALLOC());
	self->cmd.hwpt_id = self->base.ioas_id;
	EXPECT_ERRNO(ENOENT, VIOMMU_ALLOC());
}

TEST_F(viommu_alloc, refuses_a_page_table_that_is_no_nest_parent)
{
	struct base *base = &self->base;

	self->cmd.hwpt_id = base->auto_hwpt_id;
	EXPECT_ERRNO(EINVAL, VIOMMU_ALLOC());
	ASSERT_EQ(0,
		  _test_cmd_hwpt_alloc(base->fd, base->idev_id, base->ioas_id,
				       0, 0, &self->cmd.hwpt_id,
				       IOMMU_HWPT_DATA_NONE, NULL, 0));
	EXPECT_ERRNO(EINVAL, VIOMMU_ALLOC());
	ASSERT_EQ(0, nested_alloc(base->fd, base->idev_id, base->parent_id,
				  &self->cmd.hwpt_id));
	EXPECT_ERRNO(ENOENT, VIOMMU_ALLOC());
}

TEST_F(viommu_alloc, lets_the_driver_answer_to_its_data)
{
	struct iommu_viommu_selftest data = { .in_data = 0xbeef };

	self->cmd.data_uptr = (uintptr_t)&data;
	self->cmd.data_len = sizeof(data);
	ASSERT_EQ(0, VIOMMU_ALLOC());
	EXPECT_EQ(0xbeef, data.out_data);
	EXPECT_EQ(0xbeef, data.in_data);
}

TEST_F(viommu_alloc, refuses_data_that_it_cannot_read_or_write)
{
	struct iommu_viommu_selftest data = { .in_data = 0xbeef };

	self->cmd.data_len = sizeof(data);
	EXPECT_ERRNO(EFAULT, VIOMMU_ALLOC());
	self->cmd.data_uptr = (uintptr_t)read_only(&data, sizeof(data));
	EXPECT_ERRNO(EFAULT, VIOMMU_ALLOC());
	self->cmd.data_uptr = (uintptr_t)&data;
	self->cmd.data_len = 4;
	EXPECT_ERRNO(EINVAL, VIOMMU_ALLOC());
	self->cmd.data_len = sizeof(data) + 4;
	EXPECT_ERRNO(EINVAL, VIOMMU_ALLOC());
	/* No reference to the nest parent is left */
	EXPECT_EQ(0, destroy(&self->base, self->base.parent_id));
}

TEST_F(viommu_alloc, leaves_nothing_if_it_cannot_answer)
{
	void *cmd = read_only(&self->cmd, sizeof(self->cmd));

	EXPECT_ERRNO(EFAULT, ioctl(self->base.fd, IOMMU_VIOMMU_ALLOC, cmd));
	EXPECT_EQ(0, destroy(&self->base, self->base.parent_id));
}

TEST_F(viommu_alloc, makes_several_from_one_parent)
{
	__u32 ids[3];
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(ids); i++) {
		ASSERT_EQ(0, VIOMMU_ALLOC());
		ids[i] = self->cmd.out_viommu_id;
	}
	for (i = 0; i < ARRAY_SIZE(ids); i++) {
		EXPECT_ERRNO(EBUSY, destroy(&self->base, self->base.parent_id));
		EXPECT_EQ(0, destroy(&self->base, ids[i]));
	}
	EXPECT_EQ(0, destroy(&self->base, self->base.parent_id));
}

TEST_F(viommu_alloc, is_offered_with_a_capability_that_denies_ats)
{
	__u32 caps;

	ASSERT_EQ(0, _test_cmd_get_hw_info(self->base.fd, self->base.idev_id,
					   IOMMU_HW_INFO_TYPE_DEFAULT, NULL, 0,
					   &caps, NULL));
	/* The mock bus is not PCI */
	EXPECT_NE(0, caps & IOMMU_HW_CAP_PCI_ATS_NOT_SUPPORTED);
}

/* A nested page table for the base's device, made with any arguments */
static int nested_alloc_with(struct base *base, __u32 viommu_id, __u32 flags,
			     __u32 fault_id, __u32 type, size_t length,
			     __u32 *id)
{
	struct iommu_hwpt_selftest data = { .iotlb = 1 };

	return _test_cmd_hwpt_alloc(base->fd, base->idev_id, viommu_id,
				    fault_id, flags, id, type,
				    length ? &data : NULL, length);
}

FIXTURE(viommu)
{
	struct base base;
	__u32 viommu_id;
};

FIXTURE_SETUP(viommu)
{
	ASSERT_EQ(0, base_open(&self->base));
	ASSERT_EQ(0, viommu_alloc(self->base.fd, self->base.idev_id,
				  self->base.parent_id, &self->viommu_id));
}

FIXTURE_TEARDOWN(viommu)
{
	teardown_iommufd(self->base.fd, _metadata);
}

TEST_F(viommu, nested_page_table_needs_data_and_no_flags)
{
	struct base *base = &self->base;
	const __u32 viommu = self->viommu_id;
	__u32 id;

	EXPECT_ERRNO(EOPNOTSUPP,
		     nested_alloc_with(base, viommu, 0, 0, IOMMU_HWPT_DATA_NONE,
				       0, &id));
	EXPECT_ERRNO(EOPNOTSUPP,
		     nested_alloc_with(base, viommu,
				       IOMMU_HWPT_ALLOC_NEST_PARENT, 0,
				       IOMMU_HWPT_DATA_SELFTEST, 4, &id));
	EXPECT_ERRNO(EOPNOTSUPP,
		     nested_alloc_with(base, viommu, 0, 0,
				       IOMMU_HWPT_DATA_ARM_SMMUV3, 4, &id));
	EXPECT_ERRNO(EINVAL,
		     nested_alloc_with(base, viommu, 0, 0,
				       IOMMU_HWPT_DATA_SELFTEST, 1, &id));
	EXPECT_ERRNO(ENOENT,
		     nested_alloc(base->fd, BAD_ID, self->viommu_id, &id));
	/* No reference to the vIOMMU is left */
	EXPECT_EQ(0, destroy(base, self->viommu_id));
}

TEST_F(viommu, nested_page_table_may_have_a_type_that_is_0)
{
	struct iommu_hwpt_selftest data = { .iotlb = 1 };
	struct base *base = &self->base;
	__u32 id;
	int rc;

	ASSERT_EQ(8, sizeof(data));
	rc = _test_cmd_hwpt_alloc(base->fd, base->idev_id, self->viommu_id, 0,
				  0, &id, IOMMU_HWPT_DATA_SELFTEST, &data, 8);
	ASSERT_EQ(0, rc);
	EXPECT_EQ(0, destroy(base, id));
	data.pagetable_type = 1;
	rc = _test_cmd_hwpt_alloc(base->fd, base->idev_id, self->viommu_id, 0,
				  0, &id, IOMMU_HWPT_DATA_SELFTEST, &data, 8);
	EXPECT_ERRNO(EOPNOTSUPP, rc);
	/* Beyond the end */
	rc = _test_cmd_hwpt_alloc(base->fd, base->idev_id, self->viommu_id, 0,
				  0, &id, IOMMU_HWPT_DATA_SELFTEST, &data, 4);
	EXPECT_EQ(0, rc);
}

TEST_F(viommu, nested_page_table_needs_data_that_can_be_read)
{
	struct base *base = &self->base;
	void *data = no_access();
	__u32 id;
	int rc;

	rc = _test_cmd_hwpt_alloc(base->fd, base->idev_id, self->viommu_id, 0,
				  0, &id, IOMMU_HWPT_DATA_SELFTEST, data, 4);
	EXPECT_ERRNO(EFAULT, rc);
	EXPECT_EQ(0, destroy(base, self->viommu_id));
}

TEST_F(viommu, nested_page_table_is_the_guests)
{
	struct iommu_hwpt_invalidate_selftest inv = { .iotlb_id = 1 };
	struct base *base = &self->base;
	__u32 id, num = 1;

	ASSERT_EQ(0,
		  nested_alloc(base->fd, base->idev_id, self->viommu_id, &id));
	EXPECT_EQ(0,
		  _test_cmd_hwpt_invalidate(base->fd, id, &inv,
					    IOMMU_HWPT_INVALIDATE_DATA_SELFTEST,
					    sizeof(inv), &num));
	EXPECT_EQ(1, num);
	/* It is no nest parent, and no IOAS */
	EXPECT_ERRNO(EINVAL, nested_alloc(base->fd, base->idev_id, id, &id));
}

TEST_F(viommu, attach_needs_a_vdevice)
{
	struct base *base = &self->base;
	__u32 nested_id, vdevice_id;

	ASSERT_EQ(0, nested_alloc(base->fd, base->idev_id, self->viommu_id,
				  &nested_id));
	EXPECT_ERRNO(ENOENT, attach(base, nested_id));
	ASSERT_EQ(0, vdevice_alloc(base->fd, self->viommu_id, base->idev_id,
				   VIRT_ID, &vdevice_id));
	EXPECT_EQ(0, attach(base, nested_id));
	EXPECT_ERRNO(EBUSY, destroy(base, nested_id));
	EXPECT_EQ(0, attach(base, base->ioas_id));
	EXPECT_EQ(0, destroy(base, nested_id));
}

TEST_F(viommu, id_is_nothing_to_attach_to)
{
	EXPECT_ERRNO(EINVAL, attach(&self->base, self->viommu_id));
}

TEST_F(viommu, nested_page_table_takes_a_fault_queue)
{
	struct base *base = &self->base;
	const __u32 viommu = self->viommu_id;
	__u32 fault_id, fault_fd, nested_id, vdevice_id;

	ASSERT_EQ(0, vdevice_alloc(base->fd, viommu, base->idev_id, VIRT_ID,
				   &vdevice_id));
	EXPECT_ERRNO(ENOENT,
		     nested_alloc_with(base, viommu, IOMMU_HWPT_FAULT_ID_VALID,
				       BAD_ID, IOMMU_HWPT_DATA_SELFTEST, 4,
				       &nested_id));
	ASSERT_EQ(0, _test_ioctl_fault_alloc(base->fd, &fault_id, &fault_fd));
	ASSERT_EQ(0, nested_alloc_with(base, viommu, IOMMU_HWPT_FAULT_ID_VALID,
				       fault_id, IOMMU_HWPT_DATA_SELFTEST, 4,
				       &nested_id));
	ASSERT_EQ(0, attach(base, nested_id));
	EXPECT_EQ(0, _test_cmd_trigger_iopf(base->fd, base->idev_id, fault_fd));
	EXPECT_EQ(0, attach(base, base->ioas_id));
	EXPECT_EQ(0, destroy(base, nested_id));
	close(fault_fd);
	EXPECT_EQ(0, destroy(base, fault_id));
}

/* A device without stalls and page requests, behind an IOMMU that has both */
TEST_F(viommu, device_without_page_requests_takes_a_fault_queue_of_its_guest)
{
	struct base *base = &self->base;
	__u32 stdev_id, idev_id, fault_id, fault_fd, vdevice_id;
	__u32 nested_id, plain_id;

	ASSERT_EQ(0, _test_cmd_mock_domain_flags(base->fd, base->ioas_id,
						 MOCK_FLAGS_DEVICE_NO_IOPF,
						 &stdev_id, NULL, &idev_id));
	ASSERT_EQ(0, vdevice_alloc(base->fd, self->viommu_id, idev_id, VIRT_ID,
				   &vdevice_id));
	ASSERT_EQ(0, _test_ioctl_fault_alloc(base->fd, &fault_id, &fault_fd));
	ASSERT_EQ(0,
		  nested_alloc_with(base, self->viommu_id,
				    IOMMU_HWPT_FAULT_ID_VALID, fault_id,
				    IOMMU_HWPT_DATA_SELFTEST, 4, &nested_id));
	ASSERT_EQ(0, nested_alloc_with(base, base->parent_id,
				       IOMMU_HWPT_FAULT_ID_VALID, fault_id,
				       IOMMU_HWPT_DATA_SELFTEST, 4, &plain_id));

	EXPECT_ERRNO(EINVAL, _test_cmd_mock_domain_replace(base->fd, stdev_id,
							   plain_id, NULL));
	ASSERT_EQ(0, _test_cmd_mock_domain_replace(base->fd, stdev_id,
						   nested_id, NULL));
	/* It makes no difference that the old one has a queue as well */
	EXPECT_ERRNO(EINVAL, _test_cmd_mock_domain_replace(base->fd, stdev_id,
							   plain_id, NULL));
	/* Back, and once more: the count of page tables with a queue is still right */
	ASSERT_EQ(0, _test_cmd_mock_domain_replace(base->fd, stdev_id,
						   base->ioas_id, NULL));
	EXPECT_ERRNO(EINVAL, _test_cmd_mock_domain_replace(base->fd, stdev_id,
							   plain_id, NULL));
	ASSERT_EQ(0, _test_cmd_mock_domain_replace(base->fd, stdev_id,
						   nested_id, NULL));
	EXPECT_EQ(0, destroy(base, stdev_id));
	EXPECT_EQ(0, destroy(base, nested_id));
	EXPECT_EQ(0, destroy(base, plain_id));
	close(fault_fd);
}

TEST_F(viommu, vdevice_refuses_wrong_sizes_and_ids)
{
	struct {
		struct iommu_vdevice_alloc cmd;
		__u64 tail;
	} large = {
		.cmd.size = sizeof(large),
		.cmd.viommu_id = self->viommu_id,
		.cmd.dev_id = self->base.idev_id,
		.tail = 1,
	};
	struct base *base = &self->base;
	__u32 id;

	EXPECT_ERRNO(E2BIG, ioctl(base->fd, IOMMU_VDEVICE_ALLOC, &large));
	large.cmd.size = 20;
	EXPECT_ERRNO(EINVAL, ioctl(base->fd, IOMMU_VDEVICE_ALLOC, &large));

	EXPECT_ERRNO(ENOENT, vdevice_alloc(base->fd, BAD_ID, base->idev_id,
					   VIRT_ID, &id));
	EXPECT_ERRNO(ENOENT, vdevice_alloc(base->fd, base->parent_id,
					   base->idev_id, VIRT_ID, &id));
	EXPECT_ERRNO(ENOENT, vdevice_alloc(base->fd, self->viommu_id, BAD_ID,
					   VIRT_ID, &id));
	EXPECT_ERRNO(ENOENT, vdevice_alloc(base->fd, self->viommu_id,
					   base->ioas_id, VIRT_ID, &id));
	EXPECT_EQ(0, destroy(base, self->viommu_id));
}

TEST_F(viommu, vdevice_may_have_an_id_of_64_bits)
{
	const __u64 ids[] = { 0,	  1,
			      VIRT_ID,	  0xffffffffULL,
			      1ULL << 32, (1ULL << 32) | VIRT_ID,
			      ~0ULL };
	struct base *base = &self->base;
	unsigned int i;
	__u32 id;

	for (i = 0; i < ARRAY_SIZE(ids); i++) {
		ASSERT_EQ(0, vdevice_alloc(base->fd, self->viommu_id,
					   base->idev_id, ids[i], &id));
		EXPECT_EQ(0, destroy(base, id));
	}
}

/* IDs that differ only above bit 31 are different devices */
TEST_F(viommu, vdevice_is_known_by_all_bits_of_its_id)
{
	struct iommu_viommu_invalidate_selftest req = { .vdev_id = VIRT_ID };
	struct base *base = &self->base;
	__u32 id, num = 1;

	ASSERT_EQ(0, vdevice_alloc(base->fd, self->viommu_id, base->idev_id,
				   (1ULL << 32) | VIRT_ID, &id));
	EXPECT_ERRNO(EINVAL,
		     viommu_invalidate(base->fd, self->viommu_id, &req, &num));
	EXPECT_EQ(0, num);
}

TEST_F(viommu, vdevice_is_the_only_one_of_its_device_and_of_its_id)
{
	struct base *base = &self->base;
	__u32 other_stdev, other_idev, other_viommu, id, other;

	ASSERT_EQ(0, second_device(base, &other_stdev, &other_idev));
	ASSERT_EQ(0, viommu_alloc(base->fd, base->idev_id, base->parent_id,
				  &other_viommu));
	ASSERT_EQ(0, vdevice_alloc(base->fd, self->viommu_id, base->idev_id,
				   VIRT_ID, &id));

	EXPECT_ERRNO(EEXIST, vdevice_alloc(base->fd, self->viommu_id,
					   base->idev_id, VIRT_ID, &other));
	EXPECT_ERRNO(EEXIST, vdevice_alloc(base->fd, self->viommu_id,
					   base->idev_id, VIRT_ID + 1, &other));
	EXPECT_ERRNO(EEXIST, vdevice_alloc(base->fd, other_viommu,
					   base->idev_id, VIRT_ID, &other));
	EXPECT_ERRNO(EEXIST, vdevice_alloc(base->fd, self->viommu_id,
					   other_idev, VIRT_ID, &other));
	/* The second device still works, and each vIOMMU has its own ids */
	EXPECT_EQ(0, vdevice_alloc(base->fd, other_viommu, other_idev, VIRT_ID,
				   &other));
	EXPECT_EQ(0, destroy(base, id));
	EXPECT_EQ(0, vdevice_alloc(base->fd, self->viommu_id, base->idev_id,
				   VIRT_ID, &id));
}

TEST_F(viommu, vdevice_leaves_nothing_if_it_cannot_answer)
{
	struct iommu_vdevice_alloc cmd = {
		.size = sizeof(cmd),
		.viommu_id = self->viommu_id,
		.dev_id = self->base.idev_id,
		.virt_id = VIRT_ID,
	};
	struct base *base = &self->base;
	__u32 id;

	EXPECT_ERRNO(EFAULT, ioctl(base->fd, IOMMU_VDEVICE_ALLOC,
				   read_only(&cmd, sizeof(cmd))));
	EXPECT_EQ(0, vdevice_alloc(base->fd, self->viommu_id, base->idev_id,
				   VIRT_ID, &id));
}

TEST_F(viommu, vdevice_goes_with_its_device_and_keeps_its_id)
{
	struct base *base = &self->base;
	__u32 id, ioas_id;
	unsigned int i;

	ASSERT_EQ(0, vdevice_alloc(base->fd, self->viommu_id, base->idev_id,
				   VIRT_ID, &id));
	EXPECT_ERRNO(EBUSY, destroy(base, self->viommu_id));
	ASSERT_EQ(0, destroy(base, base->stdev_id));

	EXPECT_ERRNO(ENOENT, destroy(base, id));
	/* The ids of the device and of the test's object are free again */
	for (i = 0; i < 8; i++) {
		ASSERT_EQ(0, _test_ioctl_ioas_alloc(base->fd, &ioas_id));
		EXPECT_NE(id, ioas_id);
	}
	EXPECT_EQ(0, destroy(base, self->viommu_id));
}

TEST_F(viommu, vdevice_that_was_destroyed_leaves_its_id)
{
	struct base *base = &self->base;
	__u32 id, again;

	ASSERT_EQ(0, vdevice_alloc(base->fd, self->viommu_id, base->idev_id,
				   VIRT_ID, &id));
	ASSERT_EQ(0, destroy(base, id));
	ASSERT_EQ(0, vdevice_alloc(base->fd, self->viommu_id, base->idev_id,
				   VIRT_ID, &again));
	EXPECT_EQ(id, again);
}

/* Objects of the order test: each bit of a mask is one that still exists */
enum { NESTED, VDEVICE, VEVENTQ, VIOMMU, PARENT, STDEV, OBJECTS };

static const unsigned int holders[OBJECTS] = {
	[NESTED] = 1 << STDEV,
	[VIOMMU] = 1 << NESTED | 1 << VDEVICE | 1 << VEVENTQ,
	[PARENT] = 1 << VIOMMU,
};

static int open_all(struct base *base, __u32 *ids)
{
	int veventq_fd;

	if (base_open(base) ||
	    viommu_alloc(base->fd, base->idev_id, base->parent_id,
			 &ids[VIOMMU]) ||
	    vdevice_alloc(base->fd, ids[VIOMMU], base->idev_id, VIRT_ID,
			  &ids[VDEVICE]) ||
	    veventq_alloc(base->fd, ids[VIOMMU], 2, &ids[VEVENTQ],
			  &veventq_fd) ||
	    nested_alloc(base->fd, base->idev_id, ids[VIOMMU], &ids[NESTED]) ||
	    attach(base, ids[NESTED]))
		return -1;
	ids[PARENT] = base->parent_id;
	ids[STDEV] = base->stdev_id;
	return close(veventq_fd);
}

/* Destroy @object while @left exist. Return: whether the result is as expected */
static bool destroy_one(struct base *base, const __u32 *ids,
			unsigned int object, unsigned int *left)
{
	int expected = (holders[object] & *left) ? EBUSY : 0;
	int rc = destroy(base, ids[object]) ? errno : 0;

	if (rc != expected) {
		printf("# object %u with %#x left: %d, not %d\n", object, *left,
		       rc, expected);
		return false;
	}
	if (!rc)
		*left &= ~(1 << object);
	/* The vDEVICE is destroyed with its device */
	if (object == STDEV && *left & (1 << VDEVICE)) {
		*left &= ~(1 << VDEVICE);
		return destroy(base, ids[VDEVICE]) && errno == ENOENT;
	}
	return true;
}

/* Destroy in the given order, and retry what could not be destroyed yet */
static bool destroy_in_order(const unsigned int *order)
{
	unsigned int left = (1 << OBJECTS) - 1;
	__u32 ids[OBJECTS];
	struct base base;
	unsigned int i;

	assert(!open_all(&base, ids));
	for (i = 0; left; i = (i + 1) % OBJECTS)
		if (left & (1 << order[i]) &&
		    !destroy_one(&base, ids, order[i], &left))
			return false;
	return !close(base.fd);
}

/* The next permutation in lexical order; false after the last */
static bool next_order(unsigned int *order)
{
	int i, j, k;

	for (i = OBJECTS - 2; i >= 0 && order[i] > order[i + 1]; i--)
		;
	if (i < 0)
		return false;
	for (j = OBJECTS - 1; order[j] < order[i]; j--)
		;
	k = order[i], order[i] = order[j], order[j] = k;
	for (i++, j = OBJECTS - 1; i < j; i++, j--)
		k = order[i], order[i] = order[j], order[j] = k;
	return true;
}

TEST(destroy_in_every_order_is_busy_or_succeeds)
{
	unsigned int order[OBJECTS] = { 0, 1, 2, 3, 4, 5 };
	unsigned int orders = 0;

	do {
		ASSERT_TRUE(destroy_in_order(order));
		orders++;
	} while (next_order(order));
	EXPECT_EQ(720, orders);
}

TEST(close_of_the_iommufd_destroys_everything)
{
	__u32 ids[OBJECTS];
	struct base base;

	ASSERT_EQ(0, open_all(&base, ids));
	ASSERT_EQ(0, close(base.fd));
}

TEST(close_of_the_iommufd_destroys_what_a_device_left)
{
	__u32 ids[OBJECTS];
	struct base base;

	ASSERT_EQ(0, open_all(&base, ids));
	ASSERT_EQ(0, destroy(&base, ids[STDEV]));
	ASSERT_EQ(0, close(base.fd));
}

FIXTURE(invalidate)
{
	struct base base;
	__u32 viommu_id;
	__u32 vdevice_id;
	struct iommu_viommu_invalidate_selftest reqs[4];
	__u32 num;
};

FIXTURE_SETUP(invalidate)
{
	unsigned int i;

	ASSERT_EQ(0, base_open(&self->base));
	ASSERT_EQ(0, viommu_alloc(self->base.fd, self->base.idev_id,
				  self->base.parent_id, &self->viommu_id));
	ASSERT_EQ(0, vdevice_alloc(self->base.fd, self->viommu_id,
				   self->base.idev_id, VIRT_ID,
				   &self->vdevice_id));
	for (i = 0; i < ARRAY_SIZE(self->reqs); i++)
		self->reqs[i] = (struct iommu_viommu_invalidate_selftest){
			.vdev_id = VIRT_ID,
			.cache_id = i,
		};
	self->num = ARRAY_SIZE(self->reqs);
}

FIXTURE_TEARDOWN(invalidate)
{
	teardown_iommufd(self->base.fd, _metadata);
}

#define INVALIDATE()                                                  \
	viommu_invalidate(self->base.fd, self->viommu_id, self->reqs, \
			  &self->num)

/* The first @done entries of the cache are invalid, the others are not */
static bool cache_is(struct base *base, unsigned int done)
{
	unsigned int i;
	__u32 value;

	for (i = 0; i < MOCK_DEV_CACHE_NUM; i++) {
		value = i < done ? 0 : IOMMU_TEST_DEV_CACHE_DEFAULT;
		if (dev_check_cache(base->fd, base->idev_id, i, value))
			return false;
	}
	return true;
}

#define EXPECT_DONE(done) EXPECT_TRUE(cache_is(&self->base, done))

TEST_F(invalidate, executes_all_commands)
{
	EXPECT_DONE(0);
	ASSERT_EQ(0, INVALIDATE());
	EXPECT_EQ(4, self->num);
	EXPECT_DONE(4);
}

TEST_F(invalidate, executes_one_command)
{
	self->num = 1;
	ASSERT_EQ(0, INVALIDATE());
	EXPECT_EQ(1, self->num);
	EXPECT_DONE(1);
}

TEST_F(invalidate, executes_a_command_for_all_entries)
{
	self->num = 1;
	self->reqs[0].flags = IOMMU_TEST_INVALIDATE_FLAG_ALL;
	ASSERT_EQ(0, INVALIDATE());
	EXPECT_EQ(1, self->num);
	EXPECT_DONE(4);
}

TEST_F(invalidate, takes_an_empty_array_as_a_question_for_the_type)
{
	self->num = 0;
	ASSERT_EQ(0, INVALIDATE());
	EXPECT_ERRNO(EINVAL,
		     _test_cmd_hwpt_invalidate(
			     self->base.fd, self->viommu_id, NULL,
			     IOMMU_VIOMMU_INVALIDATE_DATA_SELFTEST_INVALID, 0,
			     &self->num));
	EXPECT_EQ(0, self->num);
	EXPECT_DONE(0);
}

TEST_F(invalidate, counts_what_came_before_a_wrong_flag)
{
	unsigned int i;

	for (i = 0; i < 4; i++) {
		self->num = 4;
		self->reqs[i].flags = 2;
		EXPECT_ERRNO(EOPNOTSUPP, INVALIDATE());
		EXPECT_EQ(i, self->num);
		EXPECT_DONE(i);
		self->reqs[i].flags = 0;
	}
}

TEST_F(invalidate, counts_what_came_before_a_wrong_device)
{
	unsigned int i;

	for (i = 0; i < 4; i++) {
		self->num = 4;
		self->reqs[i].vdev_id = VIRT_ID + 1;
		EXPECT_ERRNO(EINVAL, INVALIDATE());
		EXPECT_EQ(i, self->num);
		EXPECT_DONE(i);
		self->reqs[i].vdev_id = VIRT_ID;
	}
}

TEST_F(invalidate, counts_what_came_before_a_wrong_entry)
{
	self->reqs[1].cache_id = MOCK_DEV_CACHE_ID_MAX + 1;
	EXPECT_ERRNO(EINVAL, INVALIDATE());
	EXPECT_EQ(1, self->num);
	EXPECT_DONE(1);
}

TEST_F(invalidate, counts_what_came_before_the_end_of_memory)
{
	char *pages = mmap(NULL, 2 * PAGE_SIZE, PROT_READ | PROT_WRITE,
			   MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	void *reqs = pages + PAGE_SIZE - 2 * sizeof(self->reqs[0]);

	ASSERT_NE(MAP_FAILED, (void *)pages);
	memcpy(reqs, self->reqs, sizeof(self->reqs));
	ASSERT_EQ(0, munmap(pages + PAGE_SIZE, PAGE_SIZE));
	EXPECT_ERRNO(EFAULT, viommu_invalidate(self->base.fd, self->viommu_id,
					       reqs, &self->num));
	EXPECT_EQ(2, self->num);
	EXPECT_DONE(2);
}

TEST_F(invalidate, refuses_a_wrong_type_length_or_pointer)
{
	const struct {
		void *reqs;
		__u32 type;
		__u32 length;
	} bad[] = {
		{ self->reqs, IOMMU_VIOMMU_INVALIDATE_DATA_SELFTEST_INVALID,
		  sizeof(self->reqs[0]) },
		{ self->reqs, IOMMU_VIOMMU_INVALIDATE_DATA_ARM_SMMUV3,
		  sizeof(self->reqs[0]) },
		{ self->reqs, IOMMU_VIOMMU_INVALIDATE_DATA_SELFTEST, 0 },
		{ self->reqs, IOMMU_VIOMMU_INVALIDATE_DATA_SELFTEST,
		  sizeof(self->reqs[0]) - 1 },
		{ self->reqs, IOMMU_VIOMMU_INVALIDATE_DATA_SELFTEST,
		  sizeof(self->reqs[0]) + 1 },
		{ NULL, IOMMU_VIOMMU_INVALIDATE_DATA_SELFTEST,
		  sizeof(self->reqs[0]) },
	};
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(bad); i++) {
		self->num = 1;
		EXPECT_ERRNO(EINVAL, _test_cmd_hwpt_invalidate(
					     self->base.fd, self->viommu_id,
					     bad[i].reqs, bad[i].type,
					     bad[i].length, &self->num));
		EXPECT_EQ(0, self->num);
	}
	EXPECT_DONE(0);
}

TEST_F(invalidate, refuses_objects_that_take_no_commands)
{
	const __u32 ids[] = { self->base.ioas_id, self->base.parent_id,
			      self->base.idev_id, self->vdevice_id };
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(ids); i++) {
		self->num = 1;
		EXPECT_ERRNO(EINVAL, viommu_invalidate(self->base.fd, ids[i],
						       self->reqs, &self->num));
		EXPECT_EQ(0, self->num);
	}
	self->num = 1;
	EXPECT_ERRNO(ENOENT, viommu_invalidate(self->base.fd, BAD_ID,
					       self->reqs, &self->num));
	EXPECT_EQ(0, self->num);
}

TEST_F(invalidate, reaches_no_device_of_another_viommu)
{
	struct base *base = &self->base;
	__u32 other_viommu;

	ASSERT_EQ(0, viommu_alloc(base->fd, base->idev_id, base->parent_id,
				  &other_viommu));
	EXPECT_ERRNO(EINVAL, viommu_invalidate(base->fd, other_viommu,
					       self->reqs, &self->num));
	EXPECT_EQ(0, self->num);
	EXPECT_DONE(0);
}

TEST_F(invalidate, reaches_no_device_that_lost_its_vdevice)
{
	ASSERT_EQ(0, destroy(&self->base, self->vdevice_id));
	EXPECT_ERRNO(EINVAL, INVALIDATE());
	EXPECT_EQ(0, self->num);
	EXPECT_DONE(0);
}

TEST_F(invalidate, reaches_no_device_that_was_closed)
{
	ASSERT_EQ(0, destroy(&self->base, self->base.stdev_id));
	EXPECT_ERRNO(EINVAL, INVALIDATE());
	EXPECT_EQ(0, self->num);
}

struct event {
	struct iommufd_vevent_header header;
	struct iommu_viommu_event_selftest data;
};

FIXTURE(veventq)
{
	struct base base;
	__u32 viommu_id;
	__u32 vdevice_id;
	__u32 nested_id;
	__u32 veventq_id;
	int veventq_fd;
	struct event event;
};

static int veventq_open(FIXTURE_DATA(veventq) * self, __u32 depth)
{
	return veventq_alloc(self->base.fd, self->viommu_id, depth,
			     &self->veventq_id, &self->veventq_fd);
}

FIXTURE_SETUP(veventq)
{
	self->veventq_fd = -1;
	ASSERT_EQ(0, base_open(&self->base));
	ASSERT_EQ(0, viommu_alloc(self->base.fd, self->base.idev_id,
				  self->base.parent_id, &self->viommu_id));
	ASSERT_EQ(0, vdevice_alloc(self->base.fd, self->viommu_id,
				   self->base.idev_id, VIRT_ID,
				   &self->vdevice_id));
	ASSERT_EQ(0, nested_alloc(self->base.fd, self->base.idev_id,
				  self->viommu_id, &self->nested_id));
	ASSERT_EQ(0, attach(&self->base, self->nested_id));
}

FIXTURE_TEARDOWN(veventq)
{
	if (self->veventq_fd != -1)
		EXPECT_EQ(0, close(self->veventq_fd));
	teardown_iommufd(self->base.fd, _metadata);
}

#define OPEN(depth) ASSERT_EQ(0, veventq_open(self, depth))
#define TRIGGER(count) trigger_vevents(self->base.fd, self->base.idev_id, count)
#define EXPECT_NOTHING() \
	EXPECT_EQ(0, read(self->veventq_fd, &self->event, sizeof(self->event)))
#define EXPECT_EVENT(seq)                                      \
	({                                                     \
		EXPECT_EQ(sizeof(struct event),                \
			  read(self->veventq_fd, &self->event, \
			       sizeof(self->event)));          \
		EXPECT_EQ(0, self->event.header.flags);        \
		EXPECT_EQ(seq, self->event.header.sequence);   \
		EXPECT_EQ(VIRT_ID, self->event.data.virt_id);  \
	})
#define EXPECT_LOST(seq)                                       \
	({                                                     \
		EXPECT_EQ(sizeof(self->event.header),          \
			  read(self->veventq_fd, &self->event, \
			       sizeof(self->event)));          \
		EXPECT_EQ(IOMMU_VEVENTQ_FLAG_LOST_EVENTS,      \
			  self->event.header.flags);           \
		EXPECT_EQ(seq, self->event.header.sequence);   \
	})

static bool readable(int fd)
{
	struct pollfd pollfd = { .fd = fd, .events = POLLIN | POLLOUT };

	assert(poll(&pollfd, 1, 0) >= 0);
	/* It is never writable */
	assert(!(pollfd.revents & POLLOUT));
	return pollfd.revents & POLLIN;
}

TEST_F(veventq, refuses_wrong_fields)
{
	struct {
		struct iommu_veventq_alloc cmd;
		__u64 tail;
	} large;
	const struct iommu_veventq_alloc good = {
		.size = sizeof(good),
		.viommu_id = self->viommu_id,
		.type = IOMMU_VEVENTQ_TYPE_SELFTEST,
		.veventq_depth = 1,
	};
#define EXPECT_REFUSED(_errno, field, value)                                   \
	({                                                                     \
		large.cmd = good;                                              \
		large.tail = 0;                                                \
		large.field = (value);                                         \
		EXPECT_ERRNO(_errno, ioctl(self->base.fd, IOMMU_VEVENTQ_ALLOC, \
					   &large));                           \
	})

	EXPECT_REFUSED(EINVAL, cmd.size, 28);
	EXPECT_REFUSED(EOPNOTSUPP, cmd.flags, 1);
	EXPECT_REFUSED(EOPNOTSUPP, cmd.__reserved, 1);
	EXPECT_REFUSED(EOPNOTSUPP, cmd.type, IOMMU_VEVENTQ_TYPE_DEFAULT);
	EXPECT_REFUSED(EOPNOTSUPP, cmd.type, IOMMU_VEVENTQ_TYPE_ARM_SMMUV3);
	EXPECT_REFUSED(EOPNOTSUPP, cmd.type, ~0U);
	EXPECT_REFUSED(EINVAL, cmd.veventq_depth, 0);
	EXPECT_REFUSED(EINVAL, cmd.veventq_depth, DEPTH_MAX + 1);
	EXPECT_REFUSED(EINVAL, cmd.veventq_depth, ~0U);
	EXPECT_REFUSED(ENOENT, cmd.viommu_id, BAD_ID);
	EXPECT_REFUSED(ENOENT, cmd.viommu_id, self->base.parent_id);

	large.cmd = good;
	large.cmd.size = sizeof(large);
	large.tail = 1;
	EXPECT_ERRNO(E2BIG, ioctl(self->base.fd, IOMMU_VEVENTQ_ALLOC, &large));
	EXPECT_ERRNO(EFAULT, ioctl(self->base.fd, IOMMU_VEVENTQ_ALLOC,
				   read_only(&good, sizeof(good))));
	/* None of them left a queue behind */
	OPEN(1);
}

TEST_F(veventq, takes_the_largest_depth)
{
	OPEN(DEPTH_MAX);
	ASSERT_EQ(0, TRIGGER(1));
	EXPECT_EVENT(0);
}

TEST_F(veventq, is_the_only_one_of_its_type)
{
	struct base *base = &self->base;
	__u32 viommu_id, id;
	int fd;

	OPEN(2);
	EXPECT_ERRNO(EEXIST,
		     veventq_alloc(base->fd, self->viommu_id, 2, &id, &fd));
	/* Each vIOMMU has its own */
	ASSERT_EQ(0, viommu_alloc(base->fd, base->idev_id, base->parent_id,
				  &viommu_id));
	ASSERT_EQ(0, veventq_alloc(base->fd, viommu_id, 2, &id, &fd));
	ASSERT_EQ(0, TRIGGER(1));
	EXPECT_FALSE(readable(fd));
	EXPECT_TRUE(readable(self->veventq_fd));
	EXPECT_EQ(0, close(fd));
}

TEST_F(veventq, is_held_by_its_file_and_holds_its_viommu)
{
	struct base *base = &self->base;

	OPEN(2);
	ASSERT_EQ(0, attach(base, base->ioas_id));
	ASSERT_EQ(0, destroy(base, self->nested_id));
	ASSERT_EQ(0, destroy(base, self->vdevice_id));
	EXPECT_ERRNO(EBUSY, destroy(base, self->veventq_id));
	EXPECT_ERRNO(EBUSY, destroy(base, self->viommu_id));
	ASSERT_EQ(0, close(self->veventq_fd));
	self->veventq_fd = -1;
	EXPECT_ERRNO(EBUSY, destroy(base, self->viommu_id));
	EXPECT_EQ(0, destroy(base, self->veventq_id));
	/* It can be allocated again */
	OPEN(2);
}

TEST_F(veventq, outlives_the_descriptor_of_the_iommufd)
{
	OPEN(2);
	ASSERT_EQ(0, TRIGGER(1));
	ASSERT_EQ(0, close(self->base.fd));
	EXPECT_EVENT(0);
	self->base.fd = open("/dev/iommu", O_RDWR);
}

TEST_F(veventq, numbers_events)
{
	OPEN(4);
	EXPECT_FALSE(readable(self->veventq_fd));
	EXPECT_NOTHING();
	ASSERT_EQ(0, TRIGGER(2));
	EXPECT_TRUE(readable(self->veventq_fd));
	EXPECT_EVENT(0);
	EXPECT_EVENT(1);
	EXPECT_FALSE(readable(self->veventq_fd));
	EXPECT_NOTHING();
	ASSERT_EQ(0, TRIGGER(1));
	EXPECT_EVENT(2);
}

TEST_F(veventq, gives_as_many_whole_events_as_fit)
{
	char buf[3 * sizeof(struct event)];
	unsigned int i;

	OPEN(8);
	ASSERT_EQ(0, TRIGGER(4));
	EXPECT_EQ(2 * sizeof(struct event),
		  read(self->veventq_fd, buf, sizeof(buf) - 1));
	for (i = 0; i < 2; i++) {
		memcpy(&self->event, buf + i * sizeof(struct event),
		       sizeof(struct event));
		EXPECT_EQ(i, self->event.header.sequence);
		EXPECT_EQ(VIRT_ID, self->event.data.virt_id);
	}
	EXPECT_EQ(2 * sizeof(struct event),
		  read(self->veventq_fd, buf, sizeof(buf)));
	EXPECT_NOTHING();
}

TEST_F(veventq, refuses_a_buffer_that_is_too_short)
{
	size_t length;

	OPEN(2);
	ASSERT_EQ(0, TRIGGER(1));
	for (length = 0; length < sizeof(struct event); length++)
		EXPECT_ERRNO(EINVAL,
			     read(self->veventq_fd, &self->event, length));
	EXPECT_EVENT(0);
}

TEST_F(veventq, refuses_a_buffer_that_is_too_short_without_an_event)
{
	size_t length;

	OPEN(2);
	for (length = 0; length < sizeof(struct iommufd_vevent_header);
	     length++)
		EXPECT_ERRNO(EINVAL,
			     read(self->veventq_fd, &self->event, length));
	EXPECT_EQ(0, read(self->veventq_fd, &self->event, length));
}

TEST_F(veventq, has_the_name_that_mainline_gives_its_file)
{
	char path[64], name[64] = "";

	OPEN(2);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", self->veventq_fd);
	ASSERT_LT(0, readlink(path, name, sizeof(name) - 1));
	EXPECT_STREQ("anon_inode:[iommufd-viommu-event]", name);
}

TEST_F(veventq, keeps_an_event_that_it_cannot_copy)
{
	OPEN(2);
	ASSERT_EQ(0, TRIGGER(2));
	EXPECT_ERRNO(EFAULT,
		     read(self->veventq_fd, no_access(), sizeof(struct event)));
	EXPECT_EVENT(0);
	EXPECT_EVENT(1);
}

TEST_F(veventq, is_no_file_to_seek_or_write)
{
	OPEN(2);
	EXPECT_ERRNO(ESPIPE, pread(self->veventq_fd, &self->event,
				   sizeof(struct event), 1));
	EXPECT_ERRNO(EINVAL, write(self->veventq_fd, &self->event,
				   sizeof(struct event)));
}

TEST_F(veventq, tells_of_lost_events_at_its_end)
{
	OPEN(2);
	ASSERT_EQ(0, TRIGGER(5));
	EXPECT_EVENT(0);
	EXPECT_EVENT(1);
	EXPECT_TRUE(readable(self->veventq_fd));
	EXPECT_LOST(4);
	EXPECT_FALSE(readable(self->veventq_fd));
	EXPECT_NOTHING();
	ASSERT_EQ(0, TRIGGER(1));
	EXPECT_EVENT(5);
}

TEST_F(veventq, tells_of_lost_events_by_a_gap)
{
	OPEN(1);
	ASSERT_EQ(0, TRIGGER(3));
	EXPECT_EVENT(0);
	ASSERT_EQ(0, TRIGGER(1));
	EXPECT_EVENT(3);
	EXPECT_NOTHING();
}

TEST_F(veventq, gives_the_lost_header_with_the_events_if_it_fits)
{
	char buf[2 * sizeof(struct event) + sizeof(self->event.header)];
	struct iommufd_vevent_header header;

	OPEN(2);
	ASSERT_EQ(0, TRIGGER(3));
	EXPECT_EQ(sizeof(buf), read(self->veventq_fd, buf, sizeof(buf)));
	memcpy(&header, buf + 2 * sizeof(struct event), sizeof(header));
	EXPECT_EQ(IOMMU_VEVENTQ_FLAG_LOST_EVENTS, header.flags);
	EXPECT_EQ(2, header.sequence);
	EXPECT_NOTHING();
}

TEST_F(veventq, refuses_a_buffer_that_is_too_short_for_the_lost_header)
{
	OPEN(1);
	ASSERT_EQ(0, TRIGGER(2));
	EXPECT_EVENT(0);
	EXPECT_ERRNO(EINVAL, read(self->veventq_fd, &self->event, 7));
	EXPECT_LOST(1);
}

TEST_F(veventq, goes_round_its_ring)
{
	unsigned int i;

	OPEN(3);
	for (i = 0; i < 20; i += 2) {
		ASSERT_EQ(0, TRIGGER(2));
		EXPECT_EVENT(i);
		EXPECT_EVENT(i + 1);
	}
	EXPECT_NOTHING();
}

TEST_F(veventq, gets_no_events_of_others)
{
	struct base *base = &self->base;
	__u32 stdev_id, idev_id;

	/* Without a queue, events are the host's */
	EXPECT_ERRNO(EOPNOTSUPP, TRIGGER(1));
	OPEN(2);
	/* Not attached to a page table of the vIOMMU */
	ASSERT_EQ(0, second_device(base, &stdev_id, &idev_id));
	EXPECT_ERRNO(ENOENT, trigger_vevents(base->fd, idev_id, 1));
	/* Without a vDEVICE */
	ASSERT_EQ(0, destroy(base, self->vdevice_id));
	EXPECT_ERRNO(ENOENT, TRIGGER(1));
	ASSERT_EQ(0, vdevice_alloc(base->fd, self->viommu_id, base->idev_id,
				   VIRT_ID, &self->vdevice_id));
	EXPECT_EQ(0, TRIGGER(1));
	/* Detached */
	ASSERT_EQ(0, attach(base, base->ioas_id));
	EXPECT_ERRNO(ENOENT, TRIGGER(1));
	EXPECT_EVENT(0);
	EXPECT_NOTHING();
}

TEST_F(veventq, has_the_id_of_the_device)
{
	struct base *base = &self->base;
	__u32 stdev_id, idev_id, vdevice_id;

	OPEN(4);
	ASSERT_EQ(0, second_device(base, &stdev_id, &idev_id));
	ASSERT_EQ(0, vdevice_alloc(base->fd, self->viommu_id, idev_id,
				   VIRT_ID + 1, &vdevice_id));
	ASSERT_EQ(0, _test_cmd_mock_domain_replace(base->fd, stdev_id,
						   self->nested_id, NULL));
	ASSERT_EQ(0, trigger_vevents(base->fd, idev_id, 1));
	ASSERT_EQ(0, TRIGGER(1));
	EXPECT_EQ(sizeof(struct event),
		  read(self->veventq_fd, &self->event, sizeof(self->event)));
	EXPECT_EQ(VIRT_ID + 1, self->event.data.virt_id);
	EXPECT_EVENT(1);
}

/* All operations at once, while a device comes and goes: for the sanitizers */
#define RACE_ROUNDS 60

struct race {
	struct base *base;
	__u32 viommu_id;
	int veventq_fd;
	bool stop;
	__u32 idev_id;
};

static bool race_goes_on(struct race *race)
{
	return !__atomic_load_n(&race->stop, __ATOMIC_RELAXED);
}

static __u32 race_device(struct race *race)
{
	return __atomic_load_n(&race->idev_id, __ATOMIC_RELAXED);
}

static void *race_invalidate(void *arg)
{
	struct race *race = arg;

	while (race_goes_on(race)) {
		struct iommu_viommu_invalidate_selftest req = {
			.flags = IOMMU_TEST_INVALIDATE_FLAG_ALL,
			.vdev_id = VIRT_ID,
		};
		__u32 num = 1;
		int rc = viommu_invalidate(race->base->fd, race->viommu_id,
					   &req, &num);

		assert((rc == 0) == num);
	}
	return NULL;
}

static void *race_trigger(void *arg)
{
	struct race *race = arg;

	while (race_goes_on(race))
		trigger_vevents(race->base->fd, race_device(race), 1);
	return NULL;
}

static void *race_read(void *arg)
{
	struct race *race = arg;
	struct event events[4];

	while (race_goes_on(race))
		assert(read(race->veventq_fd, events, sizeof(events)) >= 0);
	return NULL;
}

static void *race_vdevice(void *arg)
{
	struct race *race = arg;
	__u32 id;

	while (race_goes_on(race))
		if (!vdevice_alloc(race->base->fd, race->viommu_id,
				   race_device(race), VIRT_ID, &id))
			_test_ioctl_destroy(race->base->fd, id);
	return NULL;
}

TEST_F(viommu, survives_everything_at_once)
{
	static void *(*const bodies[])(void *) = {
		race_invalidate,
		race_trigger,
		race_read,
		race_vdevice,
	};
	struct race race = {
		.base = &self->base,
		.viommu_id = self->viommu_id,
		.idev_id = self->base.idev_id,
	};
	pthread_t threads[ARRAY_SIZE(bodies)];
	__u32 veventq_id, nested_id, stdev_id, idev_id, id;
	unsigned int i;

	ASSERT_EQ(0, veventq_alloc(self->base.fd, self->viommu_id, 4,
				   &veventq_id, &race.veventq_fd));
	ASSERT_EQ(0, nested_alloc(self->base.fd, self->base.idev_id,
				  self->viommu_id, &nested_id));
	for (i = 0; i < ARRAY_SIZE(bodies); i++)
		ASSERT_EQ(0,
			  pthread_create(&threads[i], NULL, bodies[i], &race));

	for (i = 0; i < RACE_ROUNDS; i++) {
		ASSERT_EQ(0, second_device(&self->base, &stdev_id, &idev_id));
		__atomic_store_n(&race.idev_id, idev_id, __ATOMIC_RELAXED);
		vdevice_alloc(self->base.fd, self->viommu_id, idev_id, VIRT_ID,
			      &id);
		/* Another thread may have destroyed the vDEVICE */
		if (_test_cmd_mock_domain_replace(self->base.fd, stdev_id,
						  nested_id, NULL))
			EXPECT_EQ(ENOENT, errno);
		ASSERT_EQ(0, _test_ioctl_destroy(self->base.fd, stdev_id));
	}

	__atomic_store_n(&race.stop, true, __ATOMIC_RELAXED);
	for (i = 0; i < ARRAY_SIZE(bodies); i++)
		ASSERT_EQ(0, pthread_join(threads[i], NULL));
	ASSERT_EQ(0, close(race.veventq_fd));
	EXPECT_EQ(0, destroy(&self->base, veventq_id));
	EXPECT_EQ(0, destroy(&self->base, nested_id));
	EXPECT_EQ(0, destroy(&self->base, self->viommu_id));
}

/* Long enough for a device to be closed in the middle of it */
#define HW_INFO_LENGTH (64U << 20)

struct question {
	struct base *base;
	unsigned int asked;
};

static void *keep_asking(void *arg)
{
	struct question *question = arg;
	struct base *base = question->base;
	struct iommu_hw_info cmd = {
		.size = sizeof(cmd),
		.dev_id = base->idev_id,
	};
	void *data = mmap(NULL, HW_INFO_LENGTH, PROT_READ | PROT_WRITE,
			  MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	assert(data != MAP_FAILED);
	do {
		/* Fresh pages take longer */
		madvise(data, HW_INFO_LENGTH, MADV_DONTNEED);
		cmd.data_uptr = (uintptr_t)data;
		cmd.data_len = HW_INFO_LENGTH;
		__atomic_fetch_add(&question->asked, 1, __ATOMIC_RELAXED);
	} while (!ioctl(base->fd, IOMMU_GET_HW_INFO, &cmd));
	munmap(data, HW_INFO_LENGTH);
	return NULL;
}

TEST_F(viommu_alloc, closing_a_device_waits_no_longer_than_an_ioctl)
{
	struct question question = { .base = &self->base };
	struct timespec before, after;
	pthread_t thread;

	ASSERT_EQ(0, pthread_create(&thread, NULL, keep_asking, &question));
	/* During the second call */
	while (__atomic_load_n(&question.asked, __ATOMIC_RELAXED) < 2)
		usleep(1000);
	usleep(5000);
	clock_gettime(CLOCK_MONOTONIC, &before);
	ASSERT_EQ(0, destroy(&self->base, self->base.stdev_id));
	clock_gettime(CLOCK_MONOTONIC, &after);
	/* The kernel gives up after 60 seconds */
	EXPECT_GT(30, after.tv_sec - before.tv_sec);
	ASSERT_EQ(0, pthread_join(thread, NULL));
}

TEST_HARNESS_MAIN
