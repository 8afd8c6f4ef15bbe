/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the tests of an SMMUv2 that is observed start from: memory with marks that the
 * observer looks for, and questions to it. Devices do no DMA: where it would go is
 * what the observer says.
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
/* How often a stream is looked at while it is led elsewhere, again and again */
#define LOOKS 60
/* Until each state was seen, if other machines have the host's time */
#define MAX_LOOKS 3000

/* A question that is to be answered by "yes" */
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

/* What a stream is led to while nobody has the device */
static inline void expect_default(struct __test_metadata *_metadata,
				  unsigned int sid)
{
	bool bypass = has("SMMU_DEFAULT", "bypass");

	ASK(bypass ? "bypass %u" : "total %u 0", sid);
}

/* Doorbells of what the device is attached to that are in the tables */
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
 * A process that changes what the device is attached to, from @pts[0] to the next and
 * over again, until it is killed: 0 detaches
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

/* It is still at it: no call failed */
static inline void stop_changes(struct __test_metadata *_metadata, pid_t pid)
{
	EXPECT_EQ(0, waitpid(pid, NULL, WNOHANG));
	kill_child(_metadata, pid);
}

/*
 * While a stream is changed it leads to one of @marks wholly, or is blocked if that is among
 * @states: all of these are seen, and no others
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
