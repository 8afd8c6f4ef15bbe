// SPDX-License-Identifier: GPL-2.0
/*
 * A storm: in each round something is done to a device in use, in an order derived from
 * STORM_SEED (see storm/storm.h). ROUNDS sets the number of rounds, and STORM_ACTIONS
 * limits the actions. No interrupt is lost, nothing is written where a doorbell was
 * before, and everything pinned and allocated is released at the end.
 */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "../kselftest.h"
#include "storm/storm.h"

#define ROUNDS 1000
/* Memory allocated for a device's first user stays, and is counted late */
#define WARM_UP 1
#define SETTLE_SECONDS 3
/* Page tables of the host's own devices may grow by this number of pages */
#define HOST_TABLES 8
#define ACTIONS_MAX 32
/*
 * Between a device's interrupts during an action: at first the minimum, and longer after
 * each. Most actions end meanwhile; those that wait for seconds would spend them on interrupts.
 */
#define NAP_MIN_NS 200000
#define NAP_MAX_NS 10000000
/*
 * So many rounds miss one of the usual 22 actions once in 50,000 seeds: 22 * (21/22)^300.
 * Whether each of them took effect on each kind of device cannot be promised.
 */
#define ROUNDS_ENOUGH 300

/* Raises a device's interrupts in a thread of its own during an action */
struct ringer {
	pthread_t thread;
	struct member *member;
	bool stop;
	unsigned int count;
	int error;
};

static unsigned int done[ACTIONS_MAX];
/* Numbers of the chosen actions */
static unsigned int chosen[ACTIONS_MAX], chosen_count;

static unsigned long number_of(const char *variable, unsigned long otherwise)
{
	const char *text = getenv(variable);

	return text ? strtoul(text, NULL, 0) : otherwise;
}

static const struct action *action_at(unsigned int i)
{
	static const struct action *const lists[] = {
		user_actions,
		administrator_actions,
		machine_actions,
		monitor_actions,
	};
	const struct action *action;
	unsigned int n;

	for (n = 0; n < ARRAY_SIZE(lists); n++)
		for (action = lists[n]; action->name; action++)
			if (!i--)
				return action;
	return NULL;
}

/* Return: the number of the action with this name, or one that no action has */
static unsigned int action_number(const char *name)
{
	unsigned int i;

	for (i = 0; action_at(i) && strcmp(action_at(i)->name, name);)
		i++;
	return i;
}

/* The action of monitor.c is done only if it is named */
static void choose_usual(void)
{
	unsigned int i;

	for (i = 0; action_at(i); i++)
		if (action_at(i) != monitor_actions)
			chosen[chosen_count++] = i;
}

/* Return: whether each of the words, one space apart, is the name of an action */
static bool choose_named(const char *names)
{
	char *words = strdup(names), *rest = words, *word;
	unsigned int number;

	while ((word = strsep(&rest, " "))) {
		number = action_number(word);
		if (!action_at(number) || chosen_count == ACTIONS_MAX)
			break;
		chosen[chosen_count++] = number;
	}
	free(words);
	return !word;
}

/* Return: whether each of the chosen actions was done; true after few rounds */
static bool all_done(unsigned int rounds)
{
	bool all = true;
	unsigned int i;

	for (i = 0; i < chosen_count && rounds >= ROUNDS_ENOUGH; i++) {
		if (done[chosen[i]])
			continue;
		printf("# %s was never done in %u rounds: run_round() must draw it\n",
		       action_at(chosen[i])->name, rounds);
		all = false;
	}
	return all;
}

static void bail_out(const char *names)
{
	unsigned int i;

	printf("# known actions:");
	for (i = 0; action_at(i); i++)
		printf(" %s", action_at(i)->name);
	printf("\nBail out! \"%s\" is not a list of actions\n", names);
	exit(KSFT_FAIL);
}

static void *ringer_run(void *arg)
{
	struct timespec nap = { .tv_nsec = NAP_MIN_NS };
	struct ringer *ringer = arg;

	do {
		ringer->error = member_ring(ringer->member);
		ringer->count++;
		nanosleep(&nap, NULL);
		if (nap.tv_nsec < NAP_MAX_NS)
			nap.tv_nsec += nap.tv_nsec / 16;
	} while (!ringer->error &&
		 !__atomic_load_n(&ringer->stop, __ATOMIC_SEQ_CST));
	return NULL;
}

static int run_beside(struct storm *storm, struct member *member,
		      const struct action *action, unsigned int *rung)
{
	struct ringer ringer = { .member = member };
	int ret;

	if (pthread_create(&ringer.thread, NULL, ringer_run, &ringer))
		return -1;
	ret = action->run(storm, member);
	__atomic_store_n(&ringer.stop, true, __ATOMIC_SEQ_CST);
	pthread_join(ringer.thread, NULL);
	*rung += ringer.count;
	if (ringer.error)
		printf("# interrupt %u of %s was lost: %d\n", ringer.count,
		       member->bdf, ringer.error);
	return ret ?: ringer.error;
}

static int run_round(struct storm *storm, unsigned int round,
		     unsigned int *rung)
{
	struct member *member = &storm->members[storm_below(storm, KINDS)];
	unsigned int number = chosen[storm_below(storm, chosen_count)];
	const struct action *action = action_at(number);
	unsigned int i;
	int ret;

	if (action->goes_on)
		ret = run_beside(storm, member, action, rung);
	else
		ret = action->run(storm, member);
	if (ret)
		printf("# round %u: %s of %s: %d\n", round, action->name,
		       member->bdf, ret);
	for (i = 0; i < KINDS && !ret; i++) {
		ret = member_check(&storm->members[i]);
		if (ret)
			printf("# round %u: after %s of %s, %s does not work: %d\n",
			       round, action->name, member->bdf,
			       storm->members[i].bdf, ret);
	}
	if (storm_is_spoilt(storm)) {
		printf("# round %u: after %s of %s, memory is corrupted\n",
		       round, action->name, member->bdf);
		ret = ret ?: -1;
	}
	done[number]++;
	return ret;
}

static int run_rounds(__u64 seed, unsigned int rounds)
{
	unsigned int round, rung = 0;
	struct storm storm;
	int ret;

	ret = storm_open(&storm, seed);
	if (ret)
		printf("# setup failed: %d\n", ret);
	for (round = 0; round < rounds && !ret; round++) {
		ret = run_round(&storm, round, &rung);
		if (round % 100 == 99)
			printf("# %u rounds\n", round + 1);
		fflush(stdout);
	}
	storm_close(&storm);
	printf("# seed %llu: %u rounds, %u interrupts during actions\n", seed,
	       round, rung);
	return ret;
}

int main(void)
{
	unsigned int rounds = number_of("ROUNDS", ROUNDS), i;
	const char *names = getenv("STORM_ACTIONS");
	__u64 seed = number_of("STORM_SEED", 1);
	struct balance before, after;
	bool restored, all;
	int ret;

	printf("TAP version 13\n1..3\n");
	if (!names)
		choose_usual();
	else if (!choose_named(names))
		bail_out(names);
	ret = run_rounds(seed, WARM_UP);
	sleep(SETTLE_SECONDS);
	if (balance_read(&before))
		printf("# the kernel does not report pinned pages and tables\n");
	if (!ret)
		ret = run_rounds(seed, rounds);
	for (i = 0; action_at(i); i++)
		printf("# %s %u times\n", action_at(i)->name, done[i]);
	printf("%sok 1 no_interrupt_is_lost_and_none_is_misdirected\n",
	       ret ? "not " : "");
	restored = balance_is_restored(&before, &after) ||
		   (!balance_read(&after) && after.pins == before.pins &&
		    after.tables - before.tables <= HOST_TABLES);
	printf("# pinned pages %ld, then %ld; pages of tables %ld, then %ld\n",
	       before.pins, after.pins, before.tables, after.tables);
	printf("%sok 2 all_memory_is_back\n", restored ? "" : "not ");
	all = ret || all_done(rounds);
	printf("%sok 3 each_action_was_done\n", all ? "" : "not ");
	return ret || !restored || !all;
}
