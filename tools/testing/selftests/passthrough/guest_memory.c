// SPDX-License-Identifier: GPL-2.0
/*
 * A KVM guest with memory over the legacy MSI window. Its code is in the window, and
 * its device copies data within the window and interrupts it. A kernel that can place
 * doorbells only in that window refuses such a guest the memory or the device.
 */
#include <string.h>

#include "setup.h"
#include "lib/vmm.h"

/* The window, and as much memory on either side */
#define MEMORY_IOVA (MSI_WINDOW_IOVA - MSI_WINDOW_LENGTH)
#define GUEST_MEMORY (3 * MSI_WINDOW_LENGTH)
#define CODE MSI_WINDOW_IOVA
#define SOURCE (MSI_WINDOW_IOVA + 0x10000)
#define DESTINATION (MSI_WINDOW_IOVA + MSI_WINDOW_LENGTH - EDU_BUFFER_SIZE)
#define RUNS 5

FIXTURE(guest_memory)
{
	struct setup s;
	struct vmm vmm;
};

FIXTURE_VARIANT(guest_memory)
{
	enum backend backend;
	bool attach_first;
};

/* clang-format off */
FIXTURE_VARIANT_ADD(guest_memory, mapped_before_the_device_is_attached)
{
	.backend = BACKEND_IOMMUFD,
};

FIXTURE_VARIANT_ADD(guest_memory, mapped_after_the_device_is_attached)
{
	.backend = BACKEND_IOMMUFD,
	.attach_first = true,
};

FIXTURE_VARIANT_ADD(guest_memory, mapped_in_a_container)
{
	.backend = BACKEND_TYPE1,
	.attach_first = true,
};

/* clang-format on */

FIXTURE_SETUP(guest_memory)
{
	struct mapping *memory = &self->s.memory;
	struct setup *s = &self->s;

	if (!edu_name(0))
		SKIP(return, "VFIO_EDU names no edu device");
	self->vmm = VMM_CLOSED;
	setup_open_backend(_metadata, s, variant->backend);
	memory_free(memory);
	ASSERT_EQ(0, memory_alloc(memory, GUEST_MEMORY));
	memory->iova = MEMORY_IOVA;
	if (variant->attach_first)
		setup_attach(_metadata, s);
	setup_map(_metadata, s);
	if (!variant->attach_first)
		setup_attach(_metadata, s);
	ASSERT_EQ(0, edu_enable_interrupt(&s->edu));
}

FIXTURE_TEARDOWN(guest_memory)
{
	vmm_close(&self->vmm);
	setup_close(&self->s);
}

static unsigned char *at(const struct mapping *memory, __u64 address)
{
	return memory->va + (address - memory->iova);
}

/* Open a guest that is about to run its driver */
static void start(struct __test_metadata *_metadata, struct vmm *vmm,
		  const struct setup *s)
{
	static const __u64 arguments[] = {
		[VMM_DRIVER_REGISTERS] = VMM_REGISTERS,
		[VMM_DRIVER_SOURCE] = SOURCE,
		[VMM_DRIVER_DESTINATION] = DESTINATION,
		[VMM_DRIVER_DISTRIBUTOR] = VMM_DISTRIBUTOR,
		[VMM_DRIVER_EXIT] = VMM_EXIT,
	};
	unsigned int i;

	memcpy(at(&s->memory, CODE), vmm_driver, vmm_driver_end - vmm_driver);
	ASSERT_EQ(0, vmm_open(vmm, &s->memory));
	ASSERT_EQ(0, vmm_add_device(vmm, &s->edu));
	for (i = 0; i < ARRAY_SIZE(arguments); i++)
		ASSERT_EQ(0, vmm_set_register(vmm, i, arguments[i]));
	ASSERT_EQ(0, vmm_set_pc(vmm, CODE));
}

TEST_F(guest_memory, over_the_window_takes_dma_and_interrupts)
{
	struct device *dev = &self->s.edu.dev;
	struct setup *s = &self->s;
	__u64 interrupt;
	int run;

	journal_doorbells(dev, "guest");
	for (run = 1; run <= RUNS; run++) {
		memset(at(&s->memory, SOURCE), run, EDU_BUFFER_SIZE);
		memset(at(&s->memory, DESTINATION), 0, EDU_BUFFER_SIZE);
		start(_metadata, &self->vmm, s);
		ASSERT_EQ(0, vmm_run(&self->vmm, &interrupt));
		journal_dma(dev, false, SOURCE, EDU_BUFFER_SIZE);
		journal_dma(dev, true, DESTINATION, EDU_BUFFER_SIZE);
		journal_interrupts(dev, 1, 1);
		EXPECT_EQ(VMM_INTERRUPT, interrupt);
		EXPECT_EQ(0,
			  memcmp(at(&s->memory, SOURCE),
				 at(&s->memory, DESTINATION), EDU_BUFFER_SIZE));
		vmm_close(&self->vmm);
	}
}

TEST_HARNESS_MAIN
