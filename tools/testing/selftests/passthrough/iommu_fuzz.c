// SPDX-License-Identifier: GPL-2.0
/*
 * Fuzzes iommufd and VFIO for a time, in episodes, and checks after each that no call
 * took long, nothing is left behind, and all devices work (see fuzz/fuzz.h). What the
 * kernel itself complains about is in its log.
 *
 * Environment:
 *
 *	FUZZ_SEED=number	seed of the random sequences of all episodes
 *	FUZZ_SECONDS=number	time to run; at least one episode is done
 *	FUZZ_LIMIT_MS=number	CPU time that one operation may take
 *	FUZZ_EPISODE=number	do only this one
 *	FUZZ_KEEP=first-last,...	and of that, only these operations; a semicolon
 *				separates the lists of several tries
 *	FUZZ_TRACE=1		print each operation before it is done
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "fuzz/fuzz.h"

#define OPERATIONS 150
#define SECONDS 60
#define LIMIT_MS 1000
/* No operation waits this long, not even for a bus to come out of reset */
#define STUCK_SECONDS 60
#define WATCH_MS 2
#define COVERAGE_SECONDS 10
/* So many calls of an operation that none of them succeeds by chance is excluded */
#define CALLS_ENOUGH 100

struct options {
	__u64 seed;
	unsigned int seconds, limit_ms;
	int episode;
	const char *keep;
};

static unsigned long number_of(const char *variable, unsigned long otherwise)
{
	const char *text = getenv(variable);

	return text ? strtoul(text, NULL, 0) : otherwise;
}

static __u64 now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000000000ULL + now.tv_nsec;
}

/* "0-4,7-7": the operations with these numbers, as bits */
static const char *keep_of(const char *text)
{
	static char bits[OPERATIONS * THREADS_MAX / 8 + 1];
	unsigned int first, last;
	int used;

	if (!text)
		return NULL;
	memset(bits, 0, sizeof(bits));
	while (sscanf(text, "%u-%u%n", &first, &last, &used) == 2) {
		for (; first <= last && first / 8 < sizeof(bits); first++)
			bits[first / 8] |= 1 << first % 8;
		text += used;
		text += *text == ',';
	}
	return bits;
}

/* The plan of the episode with this number */
static struct plan plan_of(const struct options *options, unsigned int episode,
			   bool *kill)
{
	struct rng rng = { .state = options->seed * 1000003 + episode };
	unsigned int mode = rng_below(&rng, 6);
	bool single = rng_one_in(&rng, 2);

	*kill = rng_one_in(&rng, 4);
	return (struct plan){
		.seed = rng_next(&rng),
		.mode = mode == 0 ? MODE_TYPE1 :
			mode == 1 ? MODE_COMPAT :
				    MODE_IOMMUFD,
		.threads = single ? 1 : THREADS_MAX,
		.operations = OPERATIONS,
		.limit_ns = options->limit_ms * 1000000ULL,
		.keep = keep_of(options->keep),
	};
}

/* The kernel stacks of a call that does not return */
static void print_stacks(pid_t pid)
{
	char command[128];

	fflush(stdout);
	snprintf(
		command, sizeof(command),
		"for t in /proc/%d/task/*; do cat $t/stack; echo; done | sed 's/^/# /'",
		pid);
	if (system(command))
		printf("# no stacks\n");
}

/* @begun_ns may be later than @now: a difference would wrap */
static bool is_stuck(__u64 begun_ns, __u64 now)
{
	return begun_ns + STUCK_SECONDS * 1000000000ULL <= now;
}

static const char *stuck_operation(pid_t pid)
{
	static char text[128];
	unsigned int i;

	for (i = 0; i < THREADS_MAX; i++) {
		struct track *track = &record->tracks[i];
		int operation =
			__atomic_load_n(&track->operation, __ATOMIC_ACQUIRE);

		if (operation < 0 || !is_stuck(track->begun_ns, now_ns()))
			continue;
		snprintf(text, sizeof(text),
			 "operation %llu, %s, does not return", track->number,
			 operation_at(operation)->name);
		print_stacks(pid);
		return text;
	}
	return NULL;
}

/* Wait for the episode to end, or kill it. Return: what is wrong, or NULL */
static const char *watch(pid_t pid, unsigned int kill_at)
{
	static char text[128];
	const char *problem;
	int status;

	while (!waitpid(pid, &status, WNOHANG)) {
		if (kill_at && record->tracks[0].number >= kill_at)
			kill(pid, SIGKILL);
		problem = stuck_operation(pid);
		if (problem)
			return problem;
		usleep(WATCH_MS * 1000);
	}
	if (record->slow_ns) {
		snprintf(text, sizeof(text),
			 "operation %llu, %s, took %llu ms of CPU time",
			 record->slow_number,
			 operation_at(record->slow_operation)->name,
			 record->slow_ns / 1000000);
		return text;
	}
	if (!status || (WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL))
		return NULL;
	snprintf(text, sizeof(text), "the episode's process ended with 0x%x",
		 status);
	return text;
}

static const char *run_episode(const struct options *options,
			       unsigned int episode)
{
	bool is_killed;
	struct plan plan = plan_of(options, episode, &is_killed);
	unsigned int i, kill_at;
	pid_t pid;

	kill_at = is_killed ? 1 + plan.seed % OPERATIONS : 0;
	for (i = 0; i < THREADS_MAX; i++)
		record->tracks[i] = (struct track){ .operation = -1 };
	record->slow_ns = 0;
	printf("# episode %u of seed %llu: mode %d, %u threads%s\n", episode,
	       options->seed, plan.mode, plan.threads,
	       is_killed ? ", killed" : "");
	fflush(stdout);
	pid = fork();
	if (!pid)
		episode_run(&plan);
	return watch(pid, kill_at);
}

/* Report coverage every ten seconds */
static void print_coverage(unsigned int seconds)
{
	static unsigned int next;

	if (!record->covered || seconds < next)
		return;
	printf("# coverage after %u s: %u places\n", seconds, record->covered);
	next = seconds + COVERAGE_SECONDS;
}

static void print_tallies(void)
{
	const struct operation *operation;
	unsigned int i;

	for (i = 0; (operation = operation_at(i)); i++)
		printf("# calls %s %llu of %llu succeeded\n", operation->name,
		       record->tallies[i].good, record->tallies[i].calls);
}

/* Return: what is wrong, or NULL; as for run_one() and run() */
static const char *run_all(const struct options *options,
			   const struct balance *before, unsigned int *episodes)
{
	__u64 begun_ns = now_ns(), seconds = 0;
	const char *problem = NULL;

	while (!problem && (seconds < options->seconds || !*episodes)) {
		problem = run_episode(options, *episodes) ?: judge(before);
		++*episodes;
		seconds = (now_ns() - begun_ns) / 1000000000;
		print_coverage(seconds);
	}
	return problem;
}

/* Run one episode, once for each list of operations in FUZZ_KEEP */
static const char *run_one(struct options *options,
			   const struct balance *before, unsigned int *episodes)
{
	const char *problem;

	for (;;) {
		printf("# try %u\n", *episodes);
		problem = run_episode(options, options->episode) ?:
								   judge(before);
		++*episodes;
		if (options->keep)
			options->keep = strchr(options->keep, ';');
		if (problem || !options->keep)
			return problem;
		options->keep++;
	}
}

/* The kernel must not overwrite the fuzzer by writing beyond one of its buffers */
static bool is_guarded(void)
{
	int fd = open("/dev/zero", O_RDONLY);
	ssize_t length = read(fd, scratch(), SCRATCH_LENGTH + PAGE);

	close(fd);
	return length == SCRATCH_LENGTH;
}

static const char *run(struct options *options, unsigned int *episodes)
{
	struct balance before;
	const char *problem;

	if (!is_guarded())
		return "no guard page follows a buffer";
	if (is_stuck(2, 1) || !is_stuck(0, STUCK_SECONDS * 1000000000ULL))
		return "is_stuck() is wrong";
	if (balance_read(&before))
		return "the kernel does not report pinned pages and tables";
	/* Memory allocated for a device's first user stays */
	judge(&before);
	balance_read(&before);
	problem = judge(&before);
	if (problem)
		return problem;
	if (options->episode < 0)
		return run_all(options, &before, episodes);
	return run_one(options, &before, episodes);
}

/* Any number of an ioctl, with any data: that one succeeds would be luck */
static bool is_luck(const char *name)
{
	return !strncmp(name, "unknown_", strlen("unknown_"));
}

/* Calls that are all refused say nothing about the code behind the checks */
static const char *refused_operation(void)
{
	const struct operation *operation;
	static char text[200];
	unsigned int i;

	for (i = 0; (operation = operation_at(i)); i++) {
		struct tally *tally = &record->tallies[i];

		if (tally->good || tally->calls < CALLS_ENOUGH ||
		    is_luck(operation->name))
			continue;
		snprintf(
			text, sizeof(text),
			"none of %llu calls of %s succeeded: set up what it needs in prologue(), or draw arguments that fit more often",
			tally->calls, operation->name);
		return text;
	}
	return NULL;
}

int main(void)
{
	struct options options = {
		.seed = number_of("FUZZ_SEED", 1),
		.seconds = number_of("FUZZ_SECONDS", SECONDS),
		.limit_ms = number_of("FUZZ_LIMIT_MS", LIMIT_MS),
		.episode = (int)number_of("FUZZ_EPISODE", -1),
		.keep = getenv("FUZZ_KEEP"),
	};
	unsigned int episodes = 0;
	const char *problem, *refused;

	record = mmap(NULL, sizeof(*record), PROT_READ | PROT_WRITE,
		      MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (record == MAP_FAILED)
		return 1;
	record->trace = number_of("FUZZ_TRACE", 0);
	printf("TAP version 13\n1..2\n");
	problem = run(&options, &episodes);
	print_tallies();
	printf("# %u episodes\n", episodes);
	if (problem)
		printf("# %s\nnot ", problem);
	printf("ok 1 every_call_ends_soon_and_leaves_nothing_behind\n");
	refused = options.episode < 0 ? refused_operation() : NULL;
	if (refused)
		printf("# %s\nnot ", refused);
	printf("ok 2 no_operation_is_always_refused\n");
	return problem || refused;
}
