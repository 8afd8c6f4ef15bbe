// SPDX-License-Identifier: GPL-2.0
/*
 * A platform device under vfio-platform: DMA to the window where doorbells used to be,
 * DMA that is blocked, its wired interrupt, and a user that is killed. VFIO_EDU names
 * platform devices, and MSI_DOMAIN=yes or no tells whether the first has an MSI domain.
 * Its users get no MSIs either way.
 */
#include <poll.h>
#include <signal.h>
#include <sys/wait.h>

#include <linux/pci_regs.h>

#include "setup.h"

/* One access of the device is one fault */
#define ONE_ACCESS 4
#define NOWHERE_IOVA 0x123456000ULL
#define WIRE 0
#define WIRE_FLAGS                                        \
	(VFIO_IRQ_INFO_EVENTFD | VFIO_IRQ_INFO_MASKABLE | \
	 VFIO_IRQ_INFO_AUTOMASKED)
#define QUIET_MS 20
/* Doorbell registers of an ITS and a GICv2m of the emulated machine */
#define ITS_REGISTER 0x8090040U
#define GICV2M_REGISTER 0x8020040U
#define MESSAGE 0x1234

FIXTURE(platform)
{
	struct setup setup;
};

FIXTURE_VARIANT(platform)
{
	enum backend backend;
};

FIXTURE_VARIANT_ADD(platform, iommufd){
	.backend = BACKEND_IOMMUFD,
};

FIXTURE_VARIANT_ADD(platform, type1){
	.backend = BACKEND_TYPE1,
};

FIXTURE_VARIANT_ADD(platform, compat){
	.backend = BACKEND_COMPAT,
};

FIXTURE_SETUP(platform)
{
	if (!edu_name(0) || !device_is_platform(edu_name(0)))
		SKIP(return, "VFIO_EDU names no platform device");
	setup_open_backend(_metadata, &self->setup, variant->backend);
	self->setup.memory.iova = MSI_WINDOW_IOVA;
}

FIXTURE_TEARDOWN(platform)
{
	setup_close(&self->setup);
}

/* The user's memory covers the whole window */
static void attach_and_map(struct __test_metadata *_metadata,
			   struct setup *setup)
{
	setup_attach(_metadata, setup);
	setup_map(_metadata, setup);
}

/* The device copies from the first page to the last one */
static void expect_reached(struct __test_metadata *_metadata,
			   struct setup *setup)
{
	const __u64 last = setup->memory.length - PAGE;

	journal_route(&setup->edu.dev, setup->memory.iova, "1|2", NULL);
	EXPECT_EQ(0, exercise_copy(&setup->edu, &setup->memory, 0, last));
}

/* The device writes to @iova: the SMMU records a fault, and the memory is unchanged */
static void expect_refused(struct __test_metadata *_metadata,
			   struct setup *setup, __u64 iova)
{
	const struct mapping *memory = &setup->memory;
	unsigned char *before = malloc(memory->length);

	ASSERT_NE(NULL, before);
	memset(memory->va, 0x5a, memory->length);
	memcpy(before, memory->va, memory->length);
	journal_route(&setup->edu.dev, iova, "none", "F_TRANSLATION");
	EXPECT_EQ(0, edu_write_memory(&setup->edu, iova, ONE_ACCESS));
	EXPECT_EQ(0, memcmp(before, memory->va, memory->length));
	free(before);
}

TEST_F(platform, dma_reaches_memory_that_was_over_the_window_before)
{
	setup_map(_metadata, &self->setup);
	setup_attach(_metadata, &self->setup);
	expect_reached(_metadata, &self->setup);
}

TEST_F(platform, dma_reaches_memory_that_comes_over_the_window)
{
	attach_and_map(_metadata, &self->setup);
	expect_reached(_metadata, &self->setup);
}

TEST_F(platform, dma_to_what_is_not_mapped_is_refused)
{
	attach_and_map(_metadata, &self->setup);
	expect_refused(_metadata, &self->setup, NOWHERE_IOVA);
	expect_reached(_metadata, &self->setup);
	ASSERT_EQ(0, setup_unmap(&self->setup, MSI_WINDOW_IOVA,
				 MSI_WINDOW_LENGTH));
	expect_refused(_metadata, &self->setup, MSI_WINDOW_IOVA);
}

TEST_F(platform, doorbells_are_those_of_the_msi_domain_and_not_mapped)
{
	const char *domain = getenv("MSI_DOMAIN");
	struct doorbell_list list;
	unsigned int i;

	ASSERT_NE(NULL, domain);
	attach_and_map(_metadata, &self->setup);
	ASSERT_EQ(0, device_doorbells(&self->setup.edu.dev, &list));
	EXPECT_EQ(!strcmp(domain, "yes"), list.count);
	for (i = 0; i < list.count; i++) {
		const struct range_list doorbell = {
			.count = 1,
			.at[0] = { list.at[i].iova,
				   list.at[i].iova + list.at[i].length - 1 },
		};

		EXPECT_EQ(0, list.at[i].vectors);
		EXPECT_FALSE(list.at[i].flags & IOMMU_MSI_DOORBELL_MAPPED);
		EXPECT_FALSE(ranges_overlap(&doorbell, MSI_WINDOW_IOVA,
					    MSI_WINDOW_IOVA +
						    MSI_WINDOW_LENGTH - 1));
	}
}

TEST_F(platform, window_is_offered_to_the_user)
{
	struct range_list ranges;

	setup_attach(_metadata, &self->setup);
	ASSERT_EQ(0, setup_ranges(&self->setup, &ranges));
	EXPECT_TRUE(ranges_contain(&ranges, MSI_WINDOW_IOVA,
				   MSI_WINDOW_IOVA + MSI_WINDOW_LENGTH - 1));
}

/* Wires */

static bool is_quiet(const struct edu *edu)
{
	struct pollfd pollfd = { .fd = edu->eventfd, .events = POLLIN };

	return poll(&pollfd, 1, QUIET_MS) == 0;
}

static void attach_with_wire(struct __test_metadata *_metadata,
			     struct setup *setup)
{
	struct vfio_irq_info info;

	setup_attach(_metadata, setup);
	ASSERT_EQ(0, device_interrupt_info(&setup->edu.dev, WIRE, &info));
	EXPECT_EQ(WIRE_FLAGS, info.flags);
	EXPECT_EQ(1, info.count);
	ASSERT_EQ(0, edu_enable_index(&setup->edu, WIRE));
}

TEST_F(platform, level_interrupt_masks_itself_until_it_is_unmasked)
{
	struct edu *edu = &self->setup.edu;

	attach_with_wire(_metadata, &self->setup);
	edu_raise(edu, 1);
	EXPECT_EQ(0, device_wait_vector(edu->eventfd));
	EXPECT_TRUE(is_quiet(edu));
	/* The device still asserts the wire */
	ASSERT_EQ(0, device_mask_interrupt(&edu->dev, WIRE, false));
	EXPECT_EQ(0, device_wait_vector(edu->eventfd));
	edu_acknowledge(edu);
	ASSERT_EQ(0, device_mask_interrupt(&edu->dev, WIRE, false));
	EXPECT_TRUE(is_quiet(edu));
	edu_raise(edu, 2);
	EXPECT_EQ(0, device_wait_vector(edu->eventfd));
	edu_acknowledge(edu);
	ASSERT_EQ(0, edu_disable_index(edu, WIRE));
}

TEST_F(platform, level_interrupt_waits_while_it_is_masked)
{
	struct edu *edu = &self->setup.edu;

	attach_with_wire(_metadata, &self->setup);
	ASSERT_EQ(0, device_mask_interrupt(&edu->dev, WIRE, true));
	edu_raise(edu, 1);
	EXPECT_TRUE(is_quiet(edu));
	ASSERT_EQ(0, device_mask_interrupt(&edu->dev, WIRE, false));
	EXPECT_EQ(0, device_wait_vector(edu->eventfd));
	edu_acknowledge(edu);
}

TEST_F(platform, no_interrupt_of_many_is_lost)
{
	struct edu *edu = &self->setup.edu;
	unsigned int i;

	attach_with_wire(_metadata, &self->setup);
	for (i = 1; i <= INTERRUPTS; i++) {
		ASSERT_EQ(0, edu_handshake(edu, i));
		ASSERT_EQ(0, device_mask_interrupt(&edu->dev, WIRE, false));
	}
	EXPECT_TRUE(is_quiet(edu));
}

/* Messages that the user programs, as the configuration page is the user's */

static void set_message(struct __test_metadata *_metadata, struct device *dev,
			__u32 address)
{
	const __u16 on = address ? PCI_MSI_FLAGS_ENABLE : 0, data = MESSAGE;
	const __u32 high = 0;
	unsigned int at;

	ASSERT_EQ(0, device_find_capability(dev, PCI_CAP_ID_MSI, &at));
	ASSERT_EQ(0, device_config_write(dev, at + PCI_MSI_ADDRESS_LO, &address,
					 sizeof(address)));
	ASSERT_EQ(0, device_config_write(dev, at + PCI_MSI_ADDRESS_HI, &high,
					 sizeof(high)));
	ASSERT_EQ(0, device_config_write(dev, at + PCI_MSI_DATA_64, &data,
					 sizeof(data)));
	ASSERT_EQ(0, device_config_write(dev, at + PCI_MSI_FLAGS, &on,
					 sizeof(on)));
}

static void send_message(struct __test_metadata *_metadata, struct setup *setup,
			 __u32 address, bool mapped)
{
	struct edu *edu = &setup->edu;

	journal_route(&edu->dev, address & -PAGE, mapped ? "1|2" : "none",
		      mapped ? NULL : "F_TRANSLATION");
	set_message(_metadata, &edu->dev, address);
	edu_raise(edu, 1);
	journal_dma(&edu->dev, true, address, ONE_ACCESS);
	EXPECT_TRUE(is_quiet(edu));
	edu_acknowledge(edu);
	set_message(_metadata, &edu->dev, 0);
}

TEST_F(platform, message_that_the_user_makes_reaches_no_doorbell)
{
	const __u32 registers[] = { ITS_REGISTER, GICV2M_REGISTER };
	struct mapping *memory = &self->setup.memory;
	unsigned int i;
	__u32 got;

	attach_with_wire(_metadata, &self->setup);
	for (i = 0; i < ARRAY_SIZE(registers); i++)
		send_message(_metadata, &self->setup, registers[i], false);
	setup_map(_metadata, &self->setup);
	for (i = 0; i < ARRAY_SIZE(registers); i++) {
		send_message(_metadata, &self->setup, registers[i], true);
		memcpy(&got, memory->va + registers[i] - MSI_WINDOW_IOVA,
		       sizeof(got));
		EXPECT_EQ(MESSAGE, got);
	}
}

/* A user that is killed */

FIXTURE(killed_user)
{
	struct mapping memory; /* of the user, shared with the test */
	int ready[2];
};

FIXTURE_VARIANT(killed_user)
{
	enum backend backend;
};

FIXTURE_VARIANT_ADD(killed_user, iommufd){
	.backend = BACKEND_IOMMUFD,
};

FIXTURE_VARIANT_ADD(killed_user, type1){
	.backend = BACKEND_TYPE1,
};

FIXTURE_SETUP(killed_user)
{
	if (!edu_name(0) || !device_is_platform(edu_name(0)))
		SKIP(return, "VFIO_EDU names no platform device");
	self->memory = (struct mapping){
		.length = PAGE,
		.iova = MSI_WINDOW_IOVA,
	};
	self->memory.va = mmap(NULL, PAGE, PROT_READ | PROT_WRITE,
			       MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	ASSERT_NE(MAP_FAILED, (void *)self->memory.va);
	ASSERT_EQ(0, pipe(self->ready));
}

FIXTURE_TEARDOWN(killed_user)
{
	munmap(self->memory.va, PAGE);
}

/* Does not return. The DMA takes a tenth of a second. */
static void use_until_killed(struct __test_metadata *_metadata,
			     enum backend backend, const struct mapping *memory,
			     int ready)
{
	struct setup setup;

	setup_open_backend(_metadata, &setup, backend);
	memory_free(&setup.memory);
	setup.memory = *memory;
	attach_and_map(_metadata, &setup);
	journal_route(&setup.edu.dev, memory->iova, "1|2", NULL);
	/* Load the zeros that the device writes below */
	ASSERT_EQ(0, edu_read_memory(&setup.edu, memory->iova, ONE_ACCESS));
	journal_route(&setup.edu.dev, memory->iova, "1|2|none", NULL);
	edu_start_write(&setup.edu, memory->iova, ONE_ACCESS);
	ASSERT_EQ(1, write(ready, "x", 1));
	for (;;)
		pause();
}

TEST_F(killed_user, dma_ends_with_it_and_the_device_works_again)
{
	unsigned char before[PAGE];
	struct setup setup;
	pid_t child;
	char byte;

	child = fork();
	ASSERT_LE(0, child);
	if (!child)
		use_until_killed(_metadata, variant->backend, &self->memory,
				 self->ready[1]);
	close(self->ready[1]);
	ASSERT_EQ(1, read(self->ready[0], &byte, 1));
	ASSERT_EQ(0, kill(child, SIGKILL));
	ASSERT_EQ(child, waitpid(child, NULL, 0));
	memset(self->memory.va, 0x5a, PAGE);
	memset(before, 0x5a, PAGE);

	setup_open_backend(_metadata, &setup, variant->backend);
	setup.memory.iova = MSI_WINDOW_IOVA;
	/* The device cannot be opened before its DMA has ended */
	attach_with_wire(_metadata, &setup);
	EXPECT_EQ(0, memcmp(before, self->memory.va, PAGE));
	setup_map(_metadata, &setup);
	expect_reached(_metadata, &setup);
	EXPECT_EQ(0, edu_handshake(&setup.edu, 1));
	setup_close(&setup);
}

TEST_HARNESS_MAIN
