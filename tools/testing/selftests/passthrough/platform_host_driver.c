// SPDX-License-Identifier: GPL-2.0
/*
 * MSIs of a platform device bound to a host driver (drivers/iommu/msi-test-platform.c),
 * in the host's own address space, before a user has the device and after. PLATFORM_EDU
 * names an edu without an MSI domain and one with.
 */
#include "setup.h"

#define HOST_DRIVER "msi-test-platform"
#define USER_DRIVER "vfio-platform"

FIXTURE(host)
{
	char without[16], with[16];
	char unsafe;
};

FIXTURE_SETUP(host)
{
	const char *names = getenv("PLATFORM_EDU");

	if (!names ||
	    sscanf(names, "%15s %15s", self->without, self->with) != 2)
		SKIP(return, "PLATFORM_EDU names no two platform devices");
	ASSERT_EQ(0, sysfs_get_unsafe_interrupts("iommufd", &self->unsafe));
}

FIXTURE_TEARDOWN(host)
{
	sysfs_set_driver(self->with, NULL);
	sysfs_set_driver(self->without, NULL);
	sysfs_set_unsafe_interrupts("iommufd", self->unsafe);
}

/* The driver waits for each message; the first that does not arrive ends the loop */
static void expect_messages(struct __test_metadata *_metadata, const char *name)
{
	__u64 before, after, message;
	unsigned int raised = 0;

	ASSERT_EQ(0, sysfs_read_number(name, "interrupts", &before));
	ASSERT_EQ(0, sysfs_read_number(name, "message", &message));
	while (raised < INTERRUPTS &&
	       !sysfs_write_number(name, "raise", raised + 1))
		raised++;
	ASSERT_EQ(0, sysfs_read_number(name, "interrupts", &after));
	journal_interrupts_at(name, message & -PAGE, raised, after - before);
	EXPECT_EQ(INTERRUPTS, raised);
	EXPECT_EQ(INTERRUPTS, after - before);
}

TEST_F(host, messages_of_a_platform_device_arrive)
{
	ASSERT_EQ(0, sysfs_set_driver(self->with, HOST_DRIVER));
	expect_messages(_metadata, self->with);
}

TEST_F(host, messages_stop_with_the_driver_and_start_with_it)
{
	unsigned int i;

	for (i = 0; i < 3; i++) {
		ASSERT_EQ(0, sysfs_set_driver(self->with, HOST_DRIVER));
		expect_messages(_metadata, self->with);
		ASSERT_EQ(0, sysfs_set_driver(self->with, NULL));
	}
}

TEST_F(host, device_without_an_msi_domain_has_none)
{
	EXPECT_EQ(-ENODEV, sysfs_set_driver(self->without, HOST_DRIVER));
}

/* A shared doorbell would be the user's to ring: see msi_isolation.c */
static void expect_refused(struct __test_metadata *_metadata, const char *name)
{
	struct edu edu;
	int iommufd;
	__u32 ioas;

	ASSERT_EQ(0, sysfs_set_unsafe_interrupts("iommufd", 'Y'));
	iommufd = iommufd_open();
	ASSERT_LE(0, iommufd);
	ASSERT_EQ(0, ioas_alloc(iommufd, &ioas));
	ASSERT_EQ(0, edu_open(&edu, name, iommufd));
	EXPECT_EQ(-EPERM, device_attach(&edu.dev, ioas));
	edu_close(&edu);
	close(iommufd);
}

/* The user has memory where the driver's doorbell was */
static void use(struct __test_metadata *_metadata, const char *name)
{
	struct mapping memory;
	struct edu edu;
	int iommufd;
	__u32 ioas;

	ASSERT_EQ(0, sysfs_set_unsafe_interrupts("iommufd", 'Y'));
	iommufd = iommufd_open();
	ASSERT_LE(0, iommufd);
	ASSERT_EQ(0, ioas_alloc(iommufd, &ioas));
	ASSERT_EQ(0, memory_alloc(&memory, MSI_WINDOW_LENGTH));
	memory.iova = MSI_WINDOW_IOVA;
	ASSERT_EQ(0, ioas_map(iommufd, ioas, memory.va, memory.length,
			      memory.iova));
	ASSERT_EQ(0, edu_open(&edu, name, iommufd));
	ASSERT_EQ(0, device_attach(&edu.dev, ioas));
	expect_dma(_metadata, &edu, &memory);
	edu_close(&edu);
	close(iommufd);
	memory_free(&memory);
}

TEST_F(host, messages_arrive_before_and_after_a_user)
{
	const char *shared = getenv("MSI_ISOLATED");

	ASSERT_EQ(0, sysfs_set_driver(self->with, HOST_DRIVER));
	expect_messages(_metadata, self->with);
	ASSERT_EQ(0, sysfs_set_driver(self->with, USER_DRIVER));
	if (shared && !strcmp(shared, "shared"))
		expect_refused(_metadata, self->with);
	else
		use(_metadata, self->with);
	ASSERT_EQ(0, sysfs_set_driver(self->with, HOST_DRIVER));
	expect_messages(_metadata, self->with);
}

TEST_HARNESS_MAIN
