// SPDX-License-Identifier: GPL-2.0
/*
 * A malicious or broken VMM: it points the SMMU to memory that does not exist, unmaps
 * memory that the SMMU reads, and writes nonsense. Its own DMA is blocked; the host and
 * another device are not affected.
 */
#include <pthread.h>

#include "nested_setup.h"

FIXTURE(hostile)
{
	struct guest g;
	struct guest bystander;
};

FIXTURE_SETUP(hostile)
{
	if (!edu_name(1))
		SKIP(return, "VFIO_EDU does not name two edu devices");
	guest_open_complete(_metadata, &self->g, 0, VIRTUAL_SID);
	guest_map_data(_metadata, &self->g, 1);
	guest_open_bystander(_metadata, &self->bystander, 1);
}

/* The other guest's device still works, and its faults are reported */
FIXTURE_TEARDOWN(hostile)
{
	struct guest *b = &self->bystander;

	expect_reaches(_metadata, b, 0, data_va(0), data_ipa(0), "3");
	expect_fault_is_told(_metadata, b);
	expect_no_event(_metadata, b);
	guest_close(&self->g);
	guest_close(b);
}

/* Stage 1 works again once everything is restored */
static void expect_recovery(struct __test_metadata *_metadata, struct guest *g)
{
	EXPECT_EQ(0, guest_command(g, command_cfgi_cd(VIRTUAL_SID)));
	EXPECT_EQ(0, guest_command(g, command_tlbi_all()));
	expect_reaches(_metadata, g, 0, data_va(0), data_ipa(0), "3");
	expect_no_event(_metadata, g);
}

TEST_F(hostile, descriptor_outside_of_all_memory_blocks_dma)
{
	const __u64 places[] = { NOWHERE_IPA, 0, _BITULL(40),
				 0xfffffffffffc0ULL, MSI_WINDOW_IOVA };
	struct guest *g = &self->g;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(places); i++) {
		guest_attach(_metadata, g, 0, ste_stage1(places[i]));
		expect_blocked(_metadata, g, 0, data_va(0), NULL);
	}
	guest_attach_stage1(_metadata, g, 0);
	expect_reaches(_metadata, g, 0, data_va(0), data_ipa(0), "3");
}

TEST_F(hostile, unmap_of_the_descriptor_blocks_dma)
{
	struct guest *g = &self->g;

	guest_attach_stage1(_metadata, g, 0);
	expect_reaches(_metadata, g, 0, data_va(0), data_ipa(0), "3");
	ASSERT_EQ(0,
		  ioas_unmap(g->iommufd, g->ioas, g->stage1.descriptor, PAGE));
	/* The SMMU may have cached it */
	EXPECT_EQ(0, guest_command(g, command_cfgi_cd(VIRTUAL_SID)));
	expect_blocked(_metadata, g, 0, data_va(0), NULL);
	guest_map_ram(_metadata, g, g->stage1.descriptor - RAM_IPA, PAGE);
	expect_recovery(_metadata, g);
}

TEST_F(hostile, unmap_of_the_first_table_blocks_dma)
{
	struct guest *g = &self->g;

	guest_attach_stage1(_metadata, g, 0);
	expect_reaches(_metadata, g, 0, data_va(0), data_ipa(0), "3");
	ASSERT_EQ(0, ioas_unmap(g->iommufd, g->ioas, g->stage1.root, PAGE));
	EXPECT_EQ(0, guest_command(g, command_cfgi_cd(VIRTUAL_SID)));
	expect_blocked(_metadata, g, 0, data_va(0), NULL);
	guest_map_ram(_metadata, g, g->stage1.root - RAM_IPA, PAGE);
	expect_recovery(_metadata, g);
}

/* Write to data_va(0) repeatedly, from a separate thread */
struct writer {
	struct edu *edu;
	unsigned int done;
	int error;
	bool stop;
	pthread_t thread;
};

static void *write_over_and_over(void *data)
{
	struct writer *w = data;

	while (!__atomic_load_n(&w->stop, __ATOMIC_RELAXED) && !w->error) {
		w->error = edu_write_memory(w->edu, data_va(0), ONE_ACCESS);
		__atomic_fetch_add(&w->done, 1, __ATOMIC_RELAXED);
	}
	return NULL;
}

static void writer_start(struct __test_metadata *_metadata, struct guest *g,
			 struct writer *w)
{
	*w = (struct writer){ .edu = &g->edu[0] };
	journal_route(&w->edu->dev, data_va(0), "3|none", NULL);
	ASSERT_EQ(0, pthread_create(&w->thread, NULL, write_over_and_over, w));
}

/* Wait until a write has both begun and ended during this call */
static void writer_wait(struct writer *w)
{
	unsigned int done = __atomic_load_n(&w->done, __ATOMIC_RELAXED);

	while (__atomic_load_n(&w->done, __ATOMIC_RELAXED) < done + 2 &&
	       !w->error)
		usleep(10000);
}

static void writer_stop(struct __test_metadata *_metadata, struct writer *w)
{
	__atomic_store_n(&w->stop, true, __ATOMIC_RELAXED);
	pthread_join(w->thread, NULL);
	EXPECT_EQ(0, w->error);
}

TEST_F(hostile, unmap_of_everything_under_dma_blocks_dma)
{
	struct guest *g = &self->g;
	struct writer writer;
	unsigned char *kept = malloc(RAM_LENGTH);

	ASSERT_NE(NULL, kept);
	guest_attach_stage1(_metadata, g, 0);
	writer_start(_metadata, g, &writer);
	writer_wait(&writer);
	ASSERT_EQ(0, ioas_unmap_all(g->iommufd, g->ioas));
	/* The device no longer writes to memory that was unmapped */
	fill_ram(g);
	memcpy(kept, g->ram.va, RAM_LENGTH);
	writer_wait(&writer);
	writer_stop(_metadata, &writer);
	EXPECT_EQ(0, memcmp(kept, g->ram.va, RAM_LENGTH));
	free(kept);
}

TEST_F(hostile, unmap_and_map_under_dma_recovers)
{
	struct guest *g = &self->g;
	struct writer writer;
	unsigned int i;

	guest_attach_stage1(_metadata, g, 0);
	writer_start(_metadata, g, &writer);
	for (i = 0; i < 200; i++) {
		ASSERT_EQ(0, ioas_unmap(g->iommufd, g->ioas,
					g->stage1.descriptor, PAGE));
		ASSERT_EQ(0, ioas_unmap(g->iommufd, g->ioas, g->stage1.root,
					PAGE));
		guest_command(g, command_cfgi_cd_all(VIRTUAL_SID));
		guest_map_ram(_metadata, g, g->stage1.descriptor - RAM_IPA,
			      PAGE);
		guest_map_ram(_metadata, g, g->stage1.root - RAM_IPA, PAGE);
	}
	writer_stop(_metadata, &writer);
	expect_recovery(_metadata, g);
}

TEST_F(hostile, flood_of_events_that_nobody_reads)
{
	struct guest *g = &self->g;
	struct smmu_event event = {};
	unsigned int i;

	guest_attach_stage1(_metadata, g, 0);
	journal_route(&g->edu[0].dev, data_va(5), "none", "F_TRANSLATION");
	for (i = 0; i < 16; i++)
		EXPECT_EQ(0, edu_write_memory(&g->edu[0], data_va(5), PAGE));
	expect_reaches(_metadata, g, 0, data_va(0), data_ipa(0), "3");
	expect_fault_is_told(_metadata, &self->bystander);
	for (i = 0; i < 64; i++)
		ASSERT_EQ(0, event_wait(g->events, &event));
	ASSERT_EQ(0, event_wait(g->events, &event));
	EXPECT_TRUE(event_is_lost(&event));
	/* At least one record for every 8 bytes */
	EXPECT_LE(16 * PAGE / 8 - 1, event.header.sequence);
}

TEST_F(hostile, flood_of_events_without_a_queue)
{
	struct guest *g = &self->g;
	unsigned int i;

	close(g->events);
	g->events = -1;
	ASSERT_EQ(0, iommufd_destroy(g->iommufd, g->veventq));
	guest_attach_stage1(_metadata, g, 0);
	journal_route(&g->edu[0].dev, data_va(5), "none", "F_TRANSLATION");
	for (i = 0; i < 4; i++)
		EXPECT_EQ(0, edu_write_memory(&g->edu[0], data_va(5), PAGE));
	expect_reaches(_metadata, g, 0, data_va(0), data_ipa(0), "3");
}

/* The same sequence in each run, so that failures can be reproduced */
static __u64 nonsense(__u64 *state)
{
	*state ^= *state << 13;
	*state ^= *state >> 7;
	*state ^= *state << 17;
	return *state;
}

TEST_F(hostile, nonsense_in_commands_is_refused_or_harmless)
{
	__u64 state = 0x4d595df4d0f33173ULL, low, high;
	struct guest *g = &self->g;
	unsigned int i, done = 0;
	int ret;

	guest_attach_stage1(_metadata, g, 0);
	for (i = 0; i < 20000; i++) {
		low = nonsense(&state);
		high = nonsense(&state);
		/* With few bits set, so that some are accepted */
		if (i % 4)
			low &= nonsense(&state) & nonsense(&state);
		if (i % 4)
			high &= nonsense(&state) & nonsense(&state);
		if (i % 2)
			low = (low & ~0xffULL) | (0x10 + (low & 3));
		ret = guest_command(g, command_make(low, high));
		ASSERT_TRUE(ret == 0 || ret == -EIO);
		done += !ret;
	}
	printf("# commands accepted=%u\n", done);
	EXPECT_LE(20, done);
	expect_reaches(_metadata, g, 0, data_va(0), data_ipa(0), "3");
}

TEST_F(hostile, nonsense_in_a_stream_table_entry_is_refused_or_blocks)
{
	/* Bits that a guest may set, apart from S1STALLD */
	const __u64 low_bits = 0xf80ffffffffffffeULL, high_bits = 0x100000ff;
	__u64 state = 0x9e3779b97f4a7c15ULL, low, high;
	struct guest *g = &self->g;
	unsigned int i, accepted = 0;
	__u32 hwpt;
	int ret;

	for (i = 0; i < 2000; i++) {
		low = nonsense(&state) & low_bits;
		high = nonsense(&state) & high_bits;
		/* Mostly stage 1 with a single descriptor and without ATS */
		if (i % 8)
			low = (low & ~0xf80000000000003eULL) | STE_CONFIG_S1;
		if (i % 8)
			high &= ~0x1000000fULL;
		low |= STE_VALID;
		ret = nested_alloc(g->iommufd, g->viommu, g->edu[0].dev.id,
				   ste_make(low, high), &hwpt);
		ASSERT_TRUE(ret == 0 || ret == -EIO);
		if (ret)
			continue;
		accepted++;
		ASSERT_EQ(0, device_attach(&g->edu[0].dev, hwpt));
		if (accepted <= 20)
			expect_blocked(_metadata, g, 0, data_va(0), NULL);
		ASSERT_EQ(0, device_detach(&g->edu[0].dev));
		ASSERT_EQ(0, iommufd_destroy(g->iommufd, hwpt));
	}
	EXPECT_LE(1000, accepted);
	guest_attach_stage1(_metadata, g, 0);
	expect_reaches(_metadata, g, 0, data_va(0), data_ipa(0), "3");
}

TEST_F(hostile, tables_full_of_nonsense_reach_nothing_but_the_guest)
{
	__u64 state = 0x243f6a8885a308d3ULL;
	struct guest *g = &self->g;
	__u64 *word;
	unsigned int i, n;

	guest_attach_stage1(_metadata, g, 0);
	journal_route(&g->edu[0].dev, data_va(0), "3|none", NULL);
	for (n = 0; n < 20; n++) {
		word = (__u64 *)(g->ram.va + PAGE);
		for (i = 0; i < 16 * PAGE / sizeof(*word); i++)
			word[i] = nonsense(&state) & ~0x8000000000000ULL;
		EXPECT_EQ(0, guest_command(g, command_tlbi_all()));
		EXPECT_EQ(0,
			  edu_write_memory(&g->edu[0], data_va(0), ONE_ACCESS));
	}
}

TEST_HARNESS_MAIN
