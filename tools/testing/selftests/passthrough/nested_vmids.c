// SPDX-License-Identifier: GPL-2.0
/*
 * Two users behind one SMMU, in processes of their own: one makes nest parents until no
 * VMID is left. Meanwhile and afterwards the other's guest has its DMA, interrupts,
 * events, page tables and vIOMMUs; all that it cannot have is one more nest parent,
 * which is ENOSPC, and leaves nothing. When the first user was killed, it can.
 */
#include <poll.h>
#include <signal.h>
#include <sys/wait.h>

#include "nested_setup.h"

/* Of 16 bits, where 0 is none; either guest has one of them */
#define VMIDS 65535U
#define OTHERS 2U
/* iommufd compares the page tables of an IOAS with each other */
#define PARENTS_OF_AN_IOAS 512
/* Where the other user maps a page while no VMID is left */
#define LATE_IPA (RAM_IPA + 2 * RAM_LENGTH)
#define GREEDY_USER 1000

struct taken {
	int ret; /* what the last call returned */
	unsigned int count;
};

FIXTURE(vmids)
{
	struct guest other;
	pid_t greedy;
	int taken; /* the end of a pipe: one struct of this name */
	int begin;
};

static struct taken take_all(struct guest *g)
{
	struct taken taken = {};
	__u32 ioas = 0, id;

	while (!taken.ret && taken.count <= VMIDS) {
		if (!(taken.count % PARENTS_OF_AN_IOAS))
			taken.ret = ioas_alloc(g->iommufd, &ioas);
		if (!taken.ret)
			taken.ret = nest_parent_alloc(
				g->iommufd, g->edu[0].dev.id, ioas, &id);
		taken.count += !taken.ret;
	}
	return taken;
}

/* The greedy user: a guest like the other's, and no privilege. It ends by a signal. */
static void be_greedy(struct __test_metadata *_metadata, int begin, int done)
{
	struct taken taken = {};
	struct guest g;
	char word;

	guest_open_bystander(_metadata, &g, 0);
	if (setresuid(GREEDY_USER, GREEDY_USER, GREEDY_USER) ||
	    write(done, &taken, sizeof(taken)) != sizeof(taken) ||
	    read(begin, &word, 1) != 1)
		return;
	taken = take_all(&g);
	if (write(done, &taken, sizeof(taken)) == sizeof(taken))
		for (;;)
			pause();
}

FIXTURE_SETUP(vmids)
{
	int begin[2], done[2];
	struct taken none;

	if (!edu_name(1))
		SKIP(return, "VFIO_EDU does not name two edu devices");
	ASSERT_EQ(0, pipe(begin));
	ASSERT_EQ(0, pipe(done));
	fflush(stdout);
	self->greedy = fork();
	ASSERT_LE(0, self->greedy);
	if (!self->greedy) {
		close(begin[1]);
		close(done[0]);
		be_greedy(_metadata, begin[0], done[1]);
		_exit(1);
	}
	close(begin[0]);
	close(done[1]);
	self->begin = begin[1];
	self->taken = done[0];
	ASSERT_EQ(sizeof(none), read(self->taken, &none, sizeof(none)));
	guest_open_bystander(_metadata, &self->other, 1);
	guest_map(_metadata, &self->other, MSI_WINDOW_IOVA, MSI_WINDOW_IOVA);
	ASSERT_EQ(0, edu_enable_interrupt(&self->other.edu[0]));
}

FIXTURE_TEARDOWN(vmids)
{
	guest_close(&self->other);
	close(self->taken);
	close(self->begin);
}

/* DMA to the guest's data and interrupts, both by its stage 1 */
static void expect_works(struct __test_metadata *_metadata, struct guest *g)
{
	journal_route(&g->edu[0].dev, MSI_WINDOW_IOVA, "3", NULL);
	EXPECT_EQ(INTERRUPTS, edu_interrupts(&g->edu[0], INTERRUPTS));
	expect_reaches(_metadata, g, 0, data_va(0), data_ipa(0), "3");
}

/* The other's device is at work until the greedy user has all that it gets */
static struct taken work_meanwhile(struct __test_metadata *_metadata,
				   FIXTURE_DATA(vmids) * self)
{
	struct pollfd ready = { .fd = self->taken, .events = POLLIN };
	struct taken taken = {};
	unsigned int rounds = 0;

	ASSERT_EQ(1, write(self->begin, "", 1));
	while (!poll(&ready, 1, 0)) {
		expect_works(_metadata, &self->other);
		rounds++;
	}
	ASSERT_EQ(sizeof(taken), read(self->taken, &taken, sizeof(taken)));
	printf("# nest parents=%u rounds of the other's=%u\n", taken.count,
	       rounds);
	EXPECT_LT(0, rounds);
	return taken;
}

/* No VMID for it: that is told, time and again, and nothing is left of the call */
static void expect_no_parent(struct __test_metadata *_metadata, struct guest *g)
{
	struct account before;
	const char *differs;
	__u32 ioas, id;
	unsigned int n;

	ASSERT_EQ(0, ioas_alloc(g->iommufd, &ioas));
	account_take(&before, g->iommufd);
	for (n = 0; n < 20; n++) {
		EXPECT_EQ(-ENOSPC,
			  nest_parent_alloc(g->iommufd, g->edu[0].dev.id,
					    n % 2 ? g->ioas : ioas, &id));
	}
	differs = account_compare(&before, g->iommufd);
	EXPECT_EQ(NULL, differs)
	TH_LOG("refused nest parents: %s", differs);
	EXPECT_EQ(0, iommufd_destroy(g->iommufd, ioas));
}

/* What takes no VMID: another vIOMMU, page tables of either kind, and mappings */
static void expect_all_else(struct __test_metadata *_metadata, struct guest *g)
{
	struct mapping late = { .va = g->ram.va + RAM_LENGTH - PAGE,
				.iova = data_va(1),
				.length = PAGE };
	__u32 id, old = g->edu[0].dev.pt;

	ASSERT_EQ(0,
		  viommu_alloc(g->iommufd, g->edu[0].dev.id, g->parent, &id));
	EXPECT_EQ(0, iommufd_destroy(g->iommufd, id));
	ASSERT_EQ(0, hwpt_alloc(g->iommufd, g->edu[0].dev.id, g->ioas, &id));
	EXPECT_EQ(0, iommufd_destroy(g->iommufd, id));

	ASSERT_EQ(0,
		  ioas_map(g->iommufd, g->ioas, late.va, PAGE, LATE_IPA));
	guest_map(_metadata, g, late.iova, LATE_IPA);
	guest_attach_stage1(_metadata, g, 0);
	EXPECT_EQ(0, iommufd_destroy(g->iommufd, old));
	journal_route(&g->edu[0].dev, late.iova, "3", NULL);
	EXPECT_EQ(0, exercise_page(&g->edu[0], &late));
	EXPECT_EQ(0, ioas_unmap(g->iommufd, g->ioas, LATE_IPA, PAGE));
	expect_blocked(_metadata, g, 0, late.iova, "F_TRANSLATION");
}

/* As at the beginning: a stage 2 for the device, which translates its DMA */
static void expect_parent(struct __test_metadata *_metadata, struct guest *g)
{
	__u32 id;

	ASSERT_EQ(0, nest_parent_alloc(g->iommufd, g->edu[0].dev.id, g->ioas,
				       &id));
	ASSERT_EQ(0, device_attach(&g->edu[0].dev, id));
	expect_reaches(_metadata, g, 0, data_ipa(0), data_ipa(0), "2");
	guest_attach_stage1(_metadata, g, 0);
	EXPECT_EQ(0, iommufd_destroy(g->iommufd, id));
}

TEST_F(vmids, used_up_by_one_user_disturb_no_other)
{
	struct guest *other = &self->other;
	struct taken taken;

	expect_works(_metadata, other);
	taken = work_meanwhile(_metadata, self);
	EXPECT_EQ(-ENOSPC, taken.ret);
	EXPECT_EQ(VMIDS - OTHERS, taken.count);

	expect_no_parent(_metadata, other);
	expect_no_event(_metadata, other);
	expect_works(_metadata, other);
	expect_all_else(_metadata, other);
	expect_works(_metadata, other);

	ASSERT_EQ(0, kill(self->greedy, SIGKILL));
	ASSERT_EQ(self->greedy, waitpid(self->greedy, NULL, 0));
	expect_works(_metadata, other);
	expect_parent(_metadata, other);
	expect_works(_metadata, other);
}

TEST_HARNESS_MAIN
