// SPDX-License-Identifier: GPL-2.0
/*
 * The guest rewrites its stream table entry: the device's page table is replaced, also
 * while it does DMA. Each access uses the old or the new page table, never anything else,
 * and is lost only if one of them blocks.
 */
#include <pthread.h>

#include "nested_setup.h"

/* Minimum number of replaces while a device works */
#define REPLACES 200

/* What a device can be attached to */
enum state {
	DETACHED,
	PARENT,
	ABORT,
	BYPASS,
	STAGE1,
	OTHER_STAGE1,
	STATES,
};

FIXTURE(replace)
{
	struct guest g;
	struct stage1 other;
	__u32 hwpt[STATES];
	__u64 iova; /* each state maps it to a different page, or to none */
};

FIXTURE_SETUP(replace)
{
	struct guest *g = &self->g;

	if (!edu_name(0))
		SKIP(return, "VFIO_EDU names no edu device");
	guest_open_complete(_metadata, g, 0, VIRTUAL_SID);
	/* Stage 2 alone maps it to page 0, stage 1 to page 1 or 2 */
	self->iova = data_ipa(0);
	guest_map(_metadata, g, self->iova, data_ipa(1));
	guest_map(_metadata, g, MSI_WINDOW_IOVA, MSI_WINDOW_IOVA);
	ASSERT_EQ(0, stage1_init(&self->other, &g->ram, RAM_IPA + STAGE1_BLOCK,
				 STAGE1_BLOCK, ASID + 1));
	ASSERT_EQ(0, stage1_map(&self->other, self->iova, data_ipa(2),
				STAGE1_READ_WRITE));
	ASSERT_EQ(0, stage1_map(&self->other, MSI_WINDOW_IOVA, MSI_WINDOW_IOVA,
				STAGE1_READ_WRITE));
	self->hwpt[PARENT] = g->parent;
	self->hwpt[ABORT] = guest_hwpt(_metadata, g, 0, ste_abort());
	self->hwpt[BYPASS] = guest_hwpt(_metadata, g, 0, ste_bypass());
	self->hwpt[STAGE1] =
		guest_hwpt(_metadata, g, 0, stage1_ste(&g->stage1));
	self->hwpt[OTHER_STAGE1] =
		guest_hwpt(_metadata, g, 0, stage1_ste(&self->other));
}

FIXTURE_TEARDOWN(replace)
{
	guest_close(&self->g);
}

static int change_to(FIXTURE_DATA(replace) * self, enum state state)
{
	struct device *dev = &self->g.edu[0].dev;

	if (state != DETACHED)
		return device_attach(dev, self->hwpt[state]);
	return dev->pt ? device_detach(dev) : 0;
}

static void expect_state(struct __test_metadata *_metadata,
			 FIXTURE_DATA(replace) * self, enum state state)
{
	const char *const stage[STATES] = {
		[PARENT] = "2",
		[BYPASS] = "2",
		[STAGE1] = "3",
		[OTHER_STAGE1] = "3",
	};
	const unsigned int page[STATES] = { [STAGE1] = 1, [OTHER_STAGE1] = 2 };

	if (!stage[state])
		expect_blocked(_metadata, &self->g, 0, self->iova, NULL);
	else
		expect_reaches(_metadata, &self->g, 0, self->iova,
			       data_ipa(page[state]), stage[state]);
}

TEST_F(replace, works_from_each_state_to_each)
{
	enum state from, to;

	for (from = 0; from < STATES; from++) {
		for (to = 0; to < STATES; to++) {
			ASSERT_EQ(0, change_to(self, from));
			ASSERT_EQ(0, change_to(self, to));
			expect_state(_metadata, self, to);
		}
	}
}

TEST_F(replace, by_a_new_page_table_each_time)
{
	struct guest *g = &self->g;
	__u32 old = 0, hwpt;
	unsigned int i;

	for (i = 0; i < 100; i++) {
		hwpt = guest_attach(_metadata, g, 0,
				    i % 2 ? stage1_ste(&g->stage1) :
					    ste_bypass());
		if (old)
			ASSERT_EQ(0, iommufd_destroy(g->iommufd, old));
		old = hwpt;
	}
	expect_state(_metadata, self, STAGE1);
}

/* A thread that cycles through states */
struct replacer {
	FIXTURE_DATA(replace) * self;
	const enum state *states;
	unsigned int count; /* of states */
	unsigned int done; /* replaces */
	int error;
	bool stop;
	pthread_t thread;
};

static void *replace_over_and_over(void *data)
{
	struct replacer *r = data;

	while (!__atomic_load_n(&r->stop, __ATOMIC_RELAXED) && !r->error) {
		r->error = change_to(r->self, r->states[r->done % r->count]);
		r->done++;
	}
	return NULL;
}

static void replacer_start(struct __test_metadata *_metadata,
			   struct replacer *r)
{
	ASSERT_EQ(0, change_to(r->self, r->states[r->count - 1]));
	ASSERT_EQ(0,
		  pthread_create(&r->thread, NULL, replace_over_and_over, r));
}

static void replacer_stop(struct __test_metadata *_metadata, struct replacer *r)
{
	__atomic_store_n(&r->stop, true, __ATOMIC_RELAXED);
	pthread_join(r->thread, NULL);
	EXPECT_EQ(0, r->error);
	EXPECT_LE(REPLACES, r->done);
	printf("# replaces count=%u\n", r->done);
}

/* Whether only @page, if any, has changed since @before */
static bool same_but(const struct guest *g, const unsigned char *before,
		     unsigned int page)
{
	__u64 at = data_ipa(page) - RAM_IPA, after = at + PAGE;

	return !memcmp(g->ram.va, before, at) &&
	       !memcmp(g->ram.va + after, before + after,
		       g->ram.length - after);
}

/*
 * The device writes one page to @iova while its page table is replaced: the data must
 * be in one of the pages 0 to 2, or nowhere.
 *
 * Return: the page, -1 if none changed, -2 if anything else did
 */
static int write_goes_to(struct guest *g, __u64 iova)
{
	unsigned char *before = malloc(g->ram.length);
	int page = -1, n;

	if (!before)
		return -2;
	memcpy(before, g->ram.va, g->ram.length);
	if (edu_write_memory(&g->edu[0], iova, PAGE))
		page = -2;
	if (page == -1 && memcmp(before, g->ram.va, g->ram.length)) {
		page = -2;
		for (n = 0; n < 3; n++)
			if (same_but(g, before, n))
				page = n;
	}
	/* Restore it, for the next write to change */
	memcpy(g->ram.va, before, g->ram.length);
	free(before);
	return page;
}

#define WRITES 20

TEST_F(replace, of_bypass_and_stage_1_loses_no_dma)
{
	const enum state states[] = { BYPASS, STAGE1, OTHER_STAGE1, STAGE1 };
	struct replacer r = { .self = self, .states = states, .count = 4 };
	unsigned int i, arrived[3] = {};
	int page;

	replacer_start(_metadata, &r);
	journal_route(&self->g.edu[0].dev, self->iova, "2|3", NULL);
	for (i = 0; i < WRITES; i++) {
		page = write_goes_to(&self->g, self->iova);
		EXPECT_LE(0, page);
		if (page >= 0)
			arrived[page]++;
	}
	replacer_stop(_metadata, &r);
	EXPECT_EQ(WRITES, arrived[0] + arrived[1] + arrived[2]);
}

TEST_F(replace, with_abort_in_between_never_writes_elsewhere)
{
	const enum state states[] = { BYPASS, ABORT, STAGE1, ABORT };
	struct replacer r = { .self = self, .states = states, .count = 4 };
	unsigned int i;

	replacer_start(_metadata, &r);
	journal_route(&self->g.edu[0].dev, self->iova, "2|3|none", NULL);
	for (i = 0; i < WRITES; i++)
		EXPECT_LE(-1, write_goes_to(&self->g, self->iova));
	replacer_stop(_metadata, &r);
}

TEST_F(replace, of_bypass_and_stage_1_loses_no_interrupt)
{
	const enum state states[] = { BYPASS, STAGE1, PARENT, OTHER_STAGE1 };
	struct replacer r = { .self = self, .states = states, .count = 4 };
	struct edu *edu = &self->g.edu[0];

	replacer_start(_metadata, &r);
	ASSERT_EQ(0, edu_enable_interrupt(edu));
	journal_route(&edu->dev, MSI_WINDOW_IOVA, "2|3", NULL);
	do {
		ASSERT_EQ(INTERRUPTS, edu_interrupts(edu, INTERRUPTS));
	} while (__atomic_load_n(&r.done, __ATOMIC_RELAXED) < REPLACES &&
		 !__atomic_load_n(&r.error, __ATOMIC_RELAXED));
	replacer_stop(_metadata, &r);
}

TEST_HARNESS_MAIN
