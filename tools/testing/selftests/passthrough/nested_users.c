// SPDX-License-Identifier: GPL-2.0
/*
 * Two users with a guest each, in separate processes: one takes all that the kernel lets
 * it have of a resource. The other makes the same calls before and meanwhile, and gets the
 * same results; its device works, and its events arrive.
 */
#include <sys/resource.h>
#include <sys/wait.h>

#include "nested_setup.h"

#define GREEDY_USER 1000
#define OTHER_USER 1001
/* Bytes that each user may pin */
#define PIN_LIMIT 0x800000UL
#define GREEDY_IOVA 0x2000000000ULL

/* Results of the other user's calls; the same each time */
struct answers {
	__u32 object;
	struct range_list ranges;
	struct doorbell_list doorbells;
	int place, map, unmap, vector, commands;
	unsigned int interrupts;
};

/* Return: 0 if it got what it could, and the rest was refused as expected */
typedef int (*greed_t)(struct guest *g);

FIXTURE(users)
{
	struct guest other;
	pid_t greedy;
	int begin[2], done[2]; /* pipes */
};

FIXTURE_VARIANT(users)
{
	greed_t greed;
};

static int take_places(struct guest *g)
{
	unsigned int index;
	int ret = 0;

	for (index = 0; !ret && index < IOMMU_MSI_MAX_DOORBELLS; index++)
		ret = msi_place(g->iommufd, g->ioas, IOMMU_MSI_PLACEMENT_FIXED,
				index, MSI_WINDOW_IOVA + index * PAGE, 0);
	if (ret)
		return ret;
	ret = msi_place(g->iommufd, g->ioas, IOMMU_MSI_PLACEMENT_FIXED, index,
			MSI_WINDOW_IOVA + index * PAGE, 0);
	return ret == -EINVAL ? 0 : -EPROTO;
}

/* Claim all IOVAs below the doorbells of either user */
static int take_iovas(struct guest *g)
{
	struct iommu_iova_range all = { 0, MSI_WINDOW_IOVA - 1 };
	struct range_list list = { .count = 1, .at = { all } };

	return ioas_allow(g->iommufd, g->ioas, &list);
}

static int take_parents(struct guest *g)
{
	unsigned int n;
	__u32 id;
	int ret = 0;

	for (n = 0; !ret && n < 300; n++)
		ret = nest_parent_alloc(g->iommufd, g->edu[0].dev.id, g->ioas,
					&id);
	return ret;
}

static int take_viommus(struct guest *g)
{
	unsigned int n;
	int ret = 0;
	__u32 id;

	for (n = 0; !ret && n < 5000; n++)
		ret = viommu_alloc(g->iommufd, g->edu[0].dev.id, g->parent,
				   &id);
	return ret;
}

/* More events than the queue has room for */
static int take_events(struct guest *g)
{
	unsigned int n;
	int ret = 0;

	journal_route(&g->edu[0].dev, data_va(5), "none", "F_TRANSLATION");
	for (n = 0; !ret && n < 20; n++)
		ret = edu_write_memory(&g->edu[0], data_va(5), PAGE);
	return ret;
}

/* Pin memory up to the limit of the user */
static int take_pins(struct guest *g)
{
	__u64 done;
	int ret = 0;

	for (done = 0; !ret && done <= 2 * PIN_LIMIT; done += 16 * PAGE)
		ret = ioas_map(g->iommufd, g->ioas, g->ram.va, 16 * PAGE,
			       GREEDY_IOVA + done);
	return ret == -ENOMEM && done > PIN_LIMIT / 2 ? 0 : -EPROTO;
}

/* Batches that end early, at a wrong command */
static int take_commands(struct guest *g)
{
	struct smmu_command commands[64];
	__u32 count, n;
	int ret;

	for (n = 0; n < ARRAY_SIZE(commands); n++)
		commands[n] = n == 40 ? command_make(0x99, 0) :
					command_tlbi_all();
	for (n = 0; n < 200; n++) {
		count = ARRAY_SIZE(commands);
		ret = viommu_commands(g->iommufd, g->viommu, commands, &count);
		if (ret != -EIO || count != 40)
			return -EPROTO;
	}
	return 0;
}

/* clang-format off */
FIXTURE_VARIANT_ADD(users, of_whom_one_takes_all_places)
{
	.greed = take_places,
};

FIXTURE_VARIANT_ADD(users, of_whom_one_claims_all_iovas)
{
	.greed = take_iovas,
};

FIXTURE_VARIANT_ADD(users, of_whom_one_has_many_nest_parents)
{
	.greed = take_parents,
};

FIXTURE_VARIANT_ADD(users, of_whom_one_has_many_viommus)
{
	.greed = take_viommus,
};

FIXTURE_VARIANT_ADD(users, of_whom_one_floods_its_events)
{
	.greed = take_events,
};

FIXTURE_VARIANT_ADD(users, of_whom_one_pins_all_that_it_may)
{
	.greed = take_pins,
};

FIXTURE_VARIANT_ADD(users, of_whom_one_issues_wrong_commands)
{
	.greed = take_commands,
};

/* clang-format on */

/* The greedy user: it has a guest like the other's, and no privileges */
static int be_greedy(struct __test_metadata *_metadata, greed_t greed,
		     int begin, int done)
{
	struct guest g;
	char word = 0;
	int ret;

	guest_open(_metadata, &g);
	guest_add_device(_metadata, &g, 0, 0);
	guest_name_device(_metadata, &g, 0, VIRTUAL_SID);
	guest_open_events(_metadata, &g, 1);
	guest_map_data(_metadata, &g, 1);
	if (greed != take_places)
		guest_attach_stage1(_metadata, &g, 0);
	if (setresuid(GREEDY_USER, GREEDY_USER, GREEDY_USER) ||
	    write(done, &word, 1) != 1 || read(begin, &word, 1) != 1)
		return 1;
	ret = greed(&g);
	if (ret)
		printf("# the greedy user ends with %d\n", ret);
	fflush(stdout);
	word = !!ret;
	/* It keeps what it has until the other user has checked */
	if (write(done, &word, 1) != 1 || read(begin, &word, 1) != 0)
		return 1;
	guest_close(&g);
	return !!ret;
}

FIXTURE_SETUP(users)
{
	const struct rlimit limit = { PIN_LIMIT, PIN_LIMIT };
	char word;

	if (!edu_name(1))
		SKIP(return, "VFIO_EDU does not name two edu devices");
	ASSERT_EQ(0, setrlimit(RLIMIT_MEMLOCK, &limit));
	ASSERT_EQ(0, pipe(self->begin));
	ASSERT_EQ(0, pipe(self->done));
	fflush(stdout);
	self->greedy = fork();
	ASSERT_LE(0, self->greedy);
	if (!self->greedy) {
		close(self->begin[1]);
		close(self->done[0]);
		_exit(be_greedy(_metadata, variant->greed, self->begin[0],
				self->done[1]));
	}
	close(self->begin[0]);
	close(self->done[1]);
	ASSERT_EQ(1, read(self->done[0], &word, 1));
	guest_open_bystander(_metadata, &self->other, 1);
	guest_map(_metadata, &self->other, MSI_WINDOW_IOVA, MSI_WINDOW_IOVA);
}

FIXTURE_TEARDOWN(users)
{
	guest_close(&self->other);
	close(self->done[0]);
}

/* The other user's calls; they leave nothing allocated */
static struct answers ask(struct __test_metadata *_metadata, struct guest *g)
{
	struct answers answers;
	struct account account;

	memset(&answers, 0, sizeof(answers));
	account_take(&account, g->iommufd);
	answers.object = account.object;
	EXPECT_EQ(0, ioas_ranges(g->iommufd, g->ioas, &answers.ranges));
	EXPECT_EQ(0, msi_doorbells(g->iommufd, g->ioas, &answers.doorbells));
	answers.place = msi_place(g->iommufd, g->ioas,
				  IOMMU_MSI_PLACEMENT_FIXED,
				  IOMMU_MSI_MAX_DOORBELLS - 1, GREEDY_IOVA, 0);
	EXPECT_EQ(0, msi_place(g->iommufd, g->ioas, IOMMU_MSI_PLACEMENT_AUTO,
			       IOMMU_MSI_MAX_DOORBELLS - 1, 0, 0));
	/* Half of what the user may pin */
	EXPECT_EQ(0, seteuid(OTHER_USER));
	answers.map = ioas_map(g->iommufd, g->ioas, g->ram.va, PIN_LIMIT / 2,
			       NOWHERE_IPA);
	EXPECT_EQ(0, seteuid(0));
	answers.unmap =
		ioas_unmap(g->iommufd, g->ioas, NOWHERE_IPA, PIN_LIMIT / 2);
	answers.commands = guest_command(g, command_cfgi_cd(VIRTUAL_SID));
	answers.vector = edu_enable_interrupt(&g->edu[0]);
	journal_route(&g->edu[0].dev, MSI_WINDOW_IOVA, "3", NULL);
	answers.interrupts = edu_interrupts(&g->edu[0], INTERRUPTS);
	EXPECT_EQ(0, edu_disable_interrupt(&g->edu[0]));
	return answers;
}

TEST_F(users, do_not_affect_the_other)
{
	struct guest *other = &self->other;
	struct answers before, now;
	char word = 0;
	int status;

	before = ask(_metadata, other);
	EXPECT_EQ(0, before.place);
	EXPECT_EQ(0, before.map);
	EXPECT_EQ(0, before.unmap);
	EXPECT_EQ(0, before.vector);
	EXPECT_EQ(0, before.commands);
	EXPECT_LT(0, before.ranges.count);
	EXPECT_EQ(INTERRUPTS, before.interrupts);
	ASSERT_EQ(1, write(self->begin[1], &word, 1));
	ASSERT_EQ(1, read(self->done[0], &word, 1));
	EXPECT_EQ(0, word);
	expect_no_event(_metadata, other);
	now = ask(_metadata, other);
	EXPECT_EQ(0, memcmp(&before, &now, sizeof(now)));
	expect_reaches(_metadata, other, 0, data_va(0), data_ipa(0), "3");
	expect_fault_is_told(_metadata, other);

	/* The end of the greedy user changes nothing either */
	close(self->begin[1]);
	ASSERT_EQ(self->greedy, waitpid(self->greedy, &status, 0));
	EXPECT_EQ(0, status);
	now = ask(_metadata, other);
	EXPECT_EQ(0, memcmp(&before, &now, sizeof(now)));
}

TEST_HARNESS_MAIN
