/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Setup for the tests of an SMMUv2 with an observer: memory with marks that the observer
 * looks for, and questions to it. Devices do no DMA: the observer reports what it would
 * reach.
 */
#ifndef SELFTESTS_VFIO_SMMUV2_SETUP_H
#define SELFTESTS_VFIO_SMMUV2_SETUP_H

#include <signal.h>
#include <sys/ioctl.h>
#include <sys/wait.h>

#include "setup.h"
#include "lib/smmuv2.h"
#include "lib/walker.h"

#define NO_WALKER "SMMU_WALKER names no observer of an SMMUv2"
#define MARK 16
/* How often a stream is checked while its page table is replaced repeatedly */
#define LOOKS 60
/* Limit until each state was seen, if the host is busy */
#define MAX_LOOKS 3000

/* A question to which the answer must be "yes" */
#define ASK(...) EXPECT_STREQ("yes", walker_ask(__VA_ARGS__))

/* Memory with its mark at either end */
struct marked {
	struct mapping memory;
	char mark[MARK + 1];
};

static inline void mark(const struct mapping *memory, char *text)
{
	static unsigned int number;

	snprintf(text, MARK + 1, "m%07x%08x", getpid() & 0xfffffff, ++number);
	memcpy(memory->va, text, MARK);
	memcpy(memory->va + memory->length - MARK, text, MARK);
}

static inline void marked_alloc(struct __test_metadata *_metadata,
				struct marked *marked, __u64 length)
{
	ASSERT_EQ(0, memory_alloc(&marked->memory, length));
	mark(&marked->memory, marked->mark);
}

static inline bool has(const char *name, const char *value)
{
	const char *set = getenv(name);

	return set && !strcmp(set, value);
}

/* What a stream is mapped to while the device has no user */
static inline void expect_default(struct __test_metadata *_metadata,
				  unsigned int sid)
{
	bool bypass = has("SMMU_DEFAULT", "bypass");

	ASK(bypass ? "bypass %u" : "total %u 0", sid);
}

/* Bytes of the doorbells that are mapped in the device's page table */
static inline __u64 doorbell_bytes(struct __test_metadata *_metadata,
				   const struct device *dev)
{
	struct doorbell_list list;
	__u64 bytes = 0;
	unsigned int i;

	EXPECT_EQ(0, device_doorbells(dev, &list));
	for (i = 0; i < list.count; i++)
		if (list.at[i].flags & IOMMU_MSI_DOORBELL_MAPPED)
			bytes += list.at[i].length;
	return bytes;
}

/* Run @child in a process that lives until it is killed; return when it is ready */
static inline pid_t start_child(struct __test_metadata *_metadata,
				void (*child)(struct __test_metadata *_metadata,
					      void *data),
				void *data)
{
	char byte = 0;
	int ready[2];
	pid_t pid;

	ASSERT_EQ(0, pipe(ready));
	pid = fork();
	ASSERT_LE(0, pid);
	if (!pid) {
		child(_metadata, data);
		if (!_metadata->exit_code || _metadata->exit_code == KSFT_SKIP)
			byte = 1;
		if (write(ready[1], &byte, 1) == 1)
			for (;;)
				pause();
		_exit(1);
	}
	ASSERT_EQ(1, read(ready[0], &byte, 1));
	EXPECT_EQ(1, byte);
	close(ready[0]);
	close(ready[1]);
	return pid;
}

static inline void kill_child(struct __test_metadata *_metadata, pid_t pid)
{
	ASSERT_EQ(0, kill(pid, SIGKILL));
	ASSERT_EQ(pid, waitpid(pid, NULL, 0));
}

/*
 * A process that attaches the device to each of @pts in turn, repeatedly, until it is
 * killed: 0 detaches
 */
static inline pid_t start_changes(struct __test_metadata *_metadata,
				  struct device *dev, const __u32 *pts,
				  unsigned int count)
{
	pid_t pid = fork();
	unsigned int i;
	int ret = 0;

	ASSERT_LE(0, pid);
	if (pid)
		return pid;
	for (i = 0; !ret; i = (i + 1) % count)
		ret = pts[i] ? device_attach(dev, pts[i]) : device_detach(dev);
	printf("# attaching to %u: %d\n", pts[i], ret);
	fflush(stdout);
	_exit(1);
}

/* It is still running: no call failed */
static inline void stop_changes(struct __test_metadata *_metadata, pid_t pid)
{
	EXPECT_EQ(0, waitpid(pid, NULL, WNOHANG));
	kill_child(_metadata, pid);
}

/*
 * While a stream changes, it reaches all of the memory of one of @marks, or is blocked if
 * that is among @states: all of @states are seen, and no others
 */
static inline void watch_stream(struct __test_metadata *_metadata,
				unsigned int sid, __u64 iova, __u64 length,
				const char *marks, const char *states)
{
	unsigned int looks = 0;
	const char *answer;
	bool more = true;

	while (more) {
		answer = walker_ask("either %u %#llx %#llx %s", sid, iova,
				    length, marks);
		EXPECT_STREQ("yes", answer);
		more = !strcmp("yes", answer) && ++looks < MAX_LOOKS;
		if (more && looks >= LOOKS)
			more = strcmp("yes",
				      walker_ask("have_seen %s", states));
	}
	ASK("seen %s", states);
}

#endif
