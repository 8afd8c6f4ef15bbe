// SPDX-License-Identifier: GPL-2.0
/*
 * Guest MSI addresses of devices that are in no nested domain: all are refused, and
 * each kind of wrong request has its own error. An edu device has one MSI; an igb
 * device (named by VFIO_IGB) has MSI-X as well. nested_msi_address.c tests them in a
 * nested domain.
 */
#include <sys/ioctl.h>

#include "setup.h"

#define GET VFIO_DEVICE_FEATURE_GET
#define SET VFIO_DEVICE_FEATURE_SET
#define MSI VFIO_PCI_MSI_IRQ_INDEX
#define MSIX VFIO_PCI_MSIX_IRQ_INDEX
/* At the offset of a doorbell's register in its page */
#define GUEST_ADDRESS 0xfeed0040ULL

FIXTURE(addresses)
{
	struct setup s;
	struct device *dev;
};

FIXTURE_VARIANT(addresses)
{
	enum backend backend;
};

/* clang-format off */
FIXTURE_VARIANT_ADD(addresses, in_an_ioas)
{
	.backend = BACKEND_IOMMUFD,
};

FIXTURE_VARIANT_ADD(addresses, in_a_container)
{
	.backend = BACKEND_TYPE1,
};

/* clang-format on */

FIXTURE_SETUP(addresses)
{
	if (!edu_name(1))
		SKIP(return, "VFIO_EDU does not name two edu devices");
	setup_open_backend(_metadata, &self->s, variant->backend);
	setup_map(_metadata, &self->s);
	setup_attach(_metadata, &self->s);
	self->dev = &self->s.edu.dev;
}

FIXTURE_TEARDOWN(addresses)
{
	setup_close(&self->s);
}

TEST_F(addresses, can_be_set_and_told)
{
	EXPECT_EQ(0, device_probe_msi_addresses(self->dev, 0));
	EXPECT_EQ(0, device_probe_msi_addresses(self->dev, GET));
	EXPECT_EQ(0, device_probe_msi_addresses(self->dev, SET));
	EXPECT_EQ(0, device_probe_msi_addresses(self->dev, GET | SET));
	EXPECT_EQ(VFIO_MSI_NO_ADDRESS, device_msi_address(self->dev, MSI, 0));
}

TEST_F(addresses, outside_a_nested_domain_are_refused)
{
	struct setup *s = &self->s;

	EXPECT_EQ(-ENOENT,
		  device_set_msi_address(self->dev, MSI, 0, GUEST_ADDRESS));
	ASSERT_EQ(0, edu_enable_interrupt(&s->edu));
	EXPECT_EQ(-ENOENT,
		  device_set_msi_address(self->dev, MSI, 0, GUEST_ADDRESS));
	EXPECT_EQ(-ENOENT, device_set_msi_address(self->dev, MSI, 0,
						  VFIO_MSI_NO_ADDRESS));
	EXPECT_EQ(VFIO_MSI_NO_ADDRESS, device_msi_address(self->dev, MSI, 0));
	/* Clearing addresses that were never set is no error */
	EXPECT_EQ(0, device_clear_msi_addresses(self->dev, MSI));
	expect_interrupts(_metadata, &s->edu, INTERRUPTS);
}

TEST_F(addresses, that_the_device_does_not_have_are_refused)
{
	static const struct {
		__u32 flags, index, start, count;
	} cases[] = {
		{ 1, MSI, 0, 1 },
		{ 0, VFIO_PCI_INTX_IRQ_INDEX, 0, 1 },
		{ 0, VFIO_PCI_ERR_IRQ_INDEX, 0, 1 },
		{ 0, ~0U, 0, 1 },
		/* An edu device has one MSI, and no MSI-X */
		{ 0, MSIX, 0, 1 },
		{ 0, MSI, 1, 1 },
		{ 0, MSI, 0, 2 },
		{ 0, MSI, ~0U, 1 },
		{ 0, MSI, 1, ~0U },
	};
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		const struct vfio_device_feature_msi_addresses cmd = {
			.flags = cases[i].flags,
			.index = cases[i].index,
			.start = cases[i].start,
			.count = cases[i].count,
		};
		__u64 two[] = { GUEST_ADDRESS, GUEST_ADDRESS };

		EXPECT_EQ(-EINVAL,
			  device_msi_addresses(self->dev, SET, &cmd, 2, two));
		EXPECT_EQ(-EINVAL,
			  device_msi_addresses(self->dev, GET, &cmd, 2, two));
		EXPECT_EQ(GUEST_ADDRESS, two[0]);
	}
}

TEST_F(addresses, need_room_and_one_direction)
{
	struct vfio_device_feature_msi_addresses cmd = {
		.index = MSI,
		.count = 1,
	};
	__u64 address = GUEST_ADDRESS;

	EXPECT_EQ(-EINVAL,
		  device_msi_addresses(self->dev, SET, &cmd, 0, &address));
	EXPECT_EQ(-EINVAL,
		  device_msi_addresses(self->dev, GET, &cmd, 0, &address));
	EXPECT_EQ(-EINVAL, device_msi_addresses(self->dev, SET | GET, &cmd, 1,
						&address));
	EXPECT_EQ(-EINVAL,
		  device_msi_addresses(self->dev, 0, &cmd, 1, &address));
	/* A count of 0 clears all of them, and must start at 0 */
	cmd.count = 0;
	cmd.start = 1;
	EXPECT_EQ(-EINVAL,
		  device_msi_addresses(self->dev, SET, &cmd, 0, &address));
}

/* The structure ends right before an unmapped page */
TEST_F(addresses, in_unmapped_memory_are_a_fault)
{
	const size_t size = sizeof(struct vfio_device_feature) +
			    sizeof(struct vfio_device_feature_msi_addresses);
	struct vfio_device_feature_msi_addresses *cmd;
	struct vfio_device_feature *feature;
	char *pages;

	pages = mmap(NULL, 2 * PAGE, PROT_READ | PROT_WRITE,
		     MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	ASSERT_NE(MAP_FAILED, pages);
	ASSERT_EQ(0, munmap(pages + PAGE, PAGE));
	feature = (void *)(pages + PAGE - size);
	cmd = (void *)feature->data;
	feature->argsz = size + sizeof(__u64);
	cmd->index = MSI;
	cmd->count = 1;
	feature->flags = SET | VFIO_DEVICE_FEATURE_MSI_ADDRESSES;
	EXPECT_EQ(-1, ioctl(self->dev->fd, VFIO_DEVICE_FEATURE, feature));
	EXPECT_EQ(EFAULT, errno);
	feature->flags = GET | VFIO_DEVICE_FEATURE_MSI_ADDRESSES;
	EXPECT_EQ(-1, ioctl(self->dev->fd, VFIO_DEVICE_FEATURE, feature));
	EXPECT_EQ(EFAULT, errno);
	munmap(pages, PAGE);
}

/* A device in a container is never detached */
TEST(addresses_of_a_detached_device_are_refused)
{
	struct setup s;

	if (!edu_name(1))
		SKIP(return, "VFIO_EDU does not name two edu devices");
	setup_open_backend(_metadata, &s, BACKEND_IOMMUFD);
	EXPECT_EQ(-ENOENT,
		  device_set_msi_address(&s.edu.dev, MSI, 0, GUEST_ADDRESS));
	EXPECT_EQ(VFIO_MSI_NO_ADDRESS, device_msi_address(&s.edu.dev, MSI, 0));
	setup_close(&s);
}

TEST(addresses_of_msix_are_as_many_as_it_has_vectors)
{
	struct igb igb;
	__u32 ioas;
	int fd;

	if (!getenv("VFIO_IGB"))
		SKIP(return, "VFIO_IGB does not name an igb device");
	fd = iommufd_open();
	ASSERT_LE(0, fd);
	ASSERT_EQ(0, ioas_alloc(fd, &ioas));
	ASSERT_EQ(0, igb_open(&igb, getenv("VFIO_IGB"), fd));
	ASSERT_EQ(0, device_attach(&igb.dev, ioas));
	EXPECT_EQ(-ENOENT,
		  device_set_msi_address(&igb.dev, MSIX, IGB_VECTORS - 1,
					 GUEST_ADDRESS));
	EXPECT_EQ(-EINVAL, device_set_msi_address(&igb.dev, MSIX, IGB_VECTORS,
						  GUEST_ADDRESS));
	EXPECT_EQ(VFIO_MSI_NO_ADDRESS,
		  device_msi_address(&igb.dev, MSIX, IGB_VECTORS - 1));
	EXPECT_EQ(0, device_msi_address(&igb.dev, MSIX, IGB_VECTORS));
	EXPECT_EQ(-ENOENT,
		  device_set_msi_address(&igb.dev, MSI, 0, GUEST_ADDRESS));
	igb_close(&igb);
	close(fd);
}

TEST_HARNESS_MAIN
