// SPDX-License-Identifier: GPL-2.0
/*
 * User memory where MSI doorbells used to be: over all of 0x8000000..0x80fffff, across
 * it, or beside it, mapped before the device is attached or after. DMA and interrupts
 * work in each case.
 */
#include <signal.h>
#include <sys/wait.h>

#include "setup.h"

FIXTURE(memory)
{
	struct setup s;
};

FIXTURE_VARIANT(memory)
{
	enum backend backend;
	__u64 iova;
	__u64 length;
	bool attach_first;
};

/* clang-format off */
FIXTURE_VARIANT_ADD(memory, mapped_over_the_window_then_attached)
{
	.iova = MSI_WINDOW_IOVA,
	.length = MSI_WINDOW_LENGTH,
};

FIXTURE_VARIANT_ADD(memory, attached_then_mapped_over_the_window)
{
	.iova = MSI_WINDOW_IOVA,
	.length = MSI_WINDOW_LENGTH,
	.attach_first = true,
};

FIXTURE_VARIANT_ADD(memory, mapped_across_the_window_then_attached)
{
	.iova = MSI_WINDOW_IOVA - 0x400000,
	.length = 0x800000,
};

FIXTURE_VARIANT_ADD(memory, attached_then_mapped_across_the_window)
{
	.iova = MSI_WINDOW_IOVA - 0x400000,
	.length = 0x800000,
	.attach_first = true,
};

FIXTURE_VARIANT_ADD(memory, mapped_beside_the_window_then_attached)
{
	.iova = MSI_WINDOW_IOVA + MSI_WINDOW_LENGTH,
	.length = MSI_WINDOW_LENGTH,
};

FIXTURE_VARIANT_ADD(memory, attached_then_mapped_beside_the_window)
{
	.iova = MSI_WINDOW_IOVA + MSI_WINDOW_LENGTH,
	.length = MSI_WINDOW_LENGTH,
	.attach_first = true,
};

FIXTURE_VARIANT_ADD(memory, in_a_container_over_the_window_then_attached)
{
	.backend = BACKEND_TYPE1,
	.iova = MSI_WINDOW_IOVA,
	.length = MSI_WINDOW_LENGTH,
};

FIXTURE_VARIANT_ADD(memory, in_a_container_attached_then_over_the_window)
{
	.backend = BACKEND_TYPE1,
	.iova = MSI_WINDOW_IOVA,
	.length = MSI_WINDOW_LENGTH,
	.attach_first = true,
};

FIXTURE_VARIANT_ADD(memory, in_a_container_across_the_window_then_attached)
{
	.backend = BACKEND_TYPE1,
	.iova = MSI_WINDOW_IOVA - 0x400000,
	.length = 0x800000,
};

FIXTURE_VARIANT_ADD(memory, in_a_container_attached_then_beside_the_window)
{
	.backend = BACKEND_TYPE1,
	.iova = MSI_WINDOW_IOVA + MSI_WINDOW_LENGTH,
	.length = MSI_WINDOW_LENGTH,
	.attach_first = true,
};

FIXTURE_VARIANT_ADD(memory, in_a_compat_container_over_it_then_attached)
{
	.backend = BACKEND_COMPAT,
	.iova = MSI_WINDOW_IOVA,
	.length = MSI_WINDOW_LENGTH,
};

FIXTURE_VARIANT_ADD(memory, in_a_compat_container_attached_then_over_it)
{
	.backend = BACKEND_COMPAT,
	.iova = MSI_WINDOW_IOVA,
	.length = MSI_WINDOW_LENGTH,
	.attach_first = true,
};

/* clang-format on */

static void arrange(struct __test_metadata *_metadata, struct setup *s,
		    const FIXTURE_VARIANT(memory) * variant)
{
	setup_open_backend(_metadata, s, variant->backend);
	memory_free(&s->memory);
	ASSERT_EQ(0, memory_alloc(&s->memory, variant->length));
	s->memory.iova = variant->iova;
	if (variant->attach_first)
		setup_attach(_metadata, s);
	setup_map(_metadata, s);
	if (!variant->attach_first)
		setup_attach(_metadata, s);
}

FIXTURE_SETUP(memory)
{
	if (!edu_name(0))
		SKIP(return, "VFIO_EDU names no edu device");
	arrange(_metadata, &self->s, variant);
}

FIXTURE_TEARDOWN(memory)
{
	setup_close(&self->s);
}

TEST_F(memory, lies_within_the_allowed_ranges)
{
	struct setup *s = &self->s;
	struct range_list ranges;

	ASSERT_EQ(0, setup_ranges(s, &ranges));
	EXPECT_TRUE(ranges_contain(&ranges, s->memory.iova,
				   s->memory.iova + s->memory.length - 1));
}

TEST_F(memory, keeps_its_data_through_dma_both_ways)
{
	EXPECT_EQ(0, exercise_dma(&self->s.edu, &self->s.memory));
}

TEST_F(memory, leaves_interrupts_working)
{
	struct setup *s = &self->s;

	ASSERT_EQ(0, edu_enable_interrupt(&s->edu));
	expect_interrupts(_metadata, &s->edu, 5 * INTERRUPTS);
	ASSERT_EQ(0, edu_disable_interrupt(&s->edu));
	/* the doorbell is unmapped with its last vector, and mapped again */
	expect_working_vector(_metadata, &s->edu);
}

TEST_F(memory, and_interrupts_do_not_disturb_each_other)
{
	struct setup *s = &self->s;

	ASSERT_EQ(0, edu_enable_interrupt(&s->edu));
	expect_interrupts(_metadata, &s->edu, INTERRUPTS);
	expect_dma(_metadata, &s->edu, &s->memory);
	EXPECT_EQ(0, edu_write_memory_and_interrupt(&s->edu, s->memory.iova,
						    EDU_BUFFER_SIZE));
	expect_interrupts(_metadata, &s->edu, INTERRUPTS);
}

TEST_F(memory, and_reserved_regions_are_not_where_the_doorbell_is)
{
	struct setup *s = &self->s;
	struct iommu_msi_doorbell doorbell;
	struct range_list reserved, user = { .count = 1 };
	__u64 last, first_free = MSI_WINDOW_IOVA;

	user.at[0].start = s->memory.iova;
	user.at[0].last = s->memory.iova + s->memory.length - 1;
	ASSERT_EQ(0, sysfs_reserved_regions(s->edu.dev.bdf, &reserved));

	doorbell = the_doorbell(_metadata, &s->edu);
	last = doorbell.iova + doorbell.length - 1;
	EXPECT_FALSE(ranges_overlap(&user, doorbell.iova, last));
	EXPECT_FALSE(ranges_overlap(&reserved, doorbell.iova, last));
	if (ranges_overlap(&user, MSI_WINDOW_IOVA, MSI_WINDOW_IOVA))
		first_free = msi_low_place(1);
	EXPECT_EQ(first_free, doorbell.iova);
}

TEST_F(memory, can_be_unmapped_and_mapped_again_under_a_live_vector)
{
	struct setup *s = &self->s;

	ASSERT_EQ(0, edu_enable_interrupt(&s->edu));
	expect_interrupts(_metadata, &s->edu, INTERRUPTS);
	ASSERT_EQ(0, setup_unmap_all(s));
	expect_interrupts(_metadata, &s->edu, INTERRUPTS);
	setup_map(_metadata, s);
	expect_interrupts(_metadata, &s->edu, INTERRUPTS);
	expect_dma(_metadata, &s->edu, &s->memory);
}

/* Work until killed; @ready gets a byte once interrupts have arrived */
static void work(struct __test_metadata *_metadata, struct setup *s,
		 const FIXTURE_VARIANT(memory) * variant, int ready)
{
	arrange(_metadata, s, variant);
	ASSERT_EQ(0, edu_enable_interrupt(&s->edu));
	expect_interrupts(_metadata, &s->edu, INTERRUPTS);
	ASSERT_EQ(1, write(ready, "", 1));
	pause();
}

TEST_F(memory, of_a_killed_process_leaves_the_device_usable)
{
	struct setup *s = &self->s;
	int ready[2], status;
	char byte;
	pid_t child;

	setup_close(s);
	ASSERT_EQ(0, pipe(ready));
	child = fork();
	ASSERT_LE(0, child);
	if (!child) {
		close(ready[0]);
		work(_metadata, s, variant, ready[1]);
		_exit(0);
	}
	close(ready[1]);
	EXPECT_EQ(1, read(ready[0], &byte, 1));
	close(ready[0]);
	ASSERT_EQ(0, kill(child, SIGKILL));
	ASSERT_EQ(child, waitpid(child, &status, 0));

	arrange(_metadata, s, variant);
	ASSERT_EQ(0, edu_enable_interrupt(&s->edu));
	expect_interrupts(_metadata, &s->edu, INTERRUPTS);
	expect_dma(_metadata, &s->edu, &s->memory);
}

TEST_HARNESS_MAIN
