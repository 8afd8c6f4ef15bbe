/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A fuzzer of iommufd and VFIO. It does a sequence of operations, each of which is a call
 * with arguments that are mostly valid and sometimes not (random.c), on objects that
 * earlier operations created (world.c). An operation depends only on the seed, the number
 * of its thread and its own number, and refers to objects by their slots: any operation of
 * a sequence can be left out without changing the others.
 *
 * An episode is a process that does one sequence and ends, normally or killed (episode.c).
 * Its parent judges what it left behind (judge.c).
 */
#ifndef SELFTESTS_VFIO_FUZZ_H
#define SELFTESTS_VFIO_FUZZ_H

#include <pthread.h>

#include "../lib/nested.h"

#define PAGE 0x1000ULL

/* random.c */
struct rng {
	__u64 state;
};

__u64 rng_next(struct rng *rng);
unsigned int rng_below(struct rng *rng, unsigned int n);
bool rng_one_in(struct rng *rng, unsigned int n);
__u64 any64(struct rng *rng);
__u32 any32(struct rng *rng);
__u64 any_iova(struct rng *rng);
__u64 any_length(struct rng *rng, __u64 usual);
/* At most @most, or an extreme number */
__u32 any_count(struct rng *rng, unsigned int most);
/* Some of the bits of @known, sometimes others */
__u64 any_flags(struct rng *rng, __u64 known);

/* world.c: state that the operations of an episode share */
enum kind {
	KIND_IOAS,
	KIND_HWPT,
	KIND_PARENT,
	KIND_NESTED,
	KIND_VIOMMU,
	KIND_VDEVICE,
	KIND_VEVENTQ,
	KIND_FAULT,
	KIND_DEVICE,
	KIND_ACCESS,
	KIND_MOCK,
	KIND_MOCK_DEVICE, /* the same, as a device of the iommufd */
	KIND_DIRTY, /* a page table of the mock that tracks what is written */
	KINDS,
};

#define TARGETS 5
/* Each target has a slot of KIND_DEVICE */
#define SLOTS TARGETS
#define EVENTFDS 8
#define QUEUE_FDS 4

/* Memory of the episode for calls to map; world::view of it is never unmapped */
#define MEMORY_LENGTH 0x400000ULL
#define RAM_IPA 0x40000000ULL
/* Maximum size of the data of one call */
#define SCRATCH_LENGTH 0x10000ULL

enum target_type {
	TARGET_EDU,
	TARGET_IGB,
	TARGET_XHCI,
};

struct target {
	enum target_type type;
	char bdf[16];
	int group; /* the number of its group, -1 if it is not opened by group */
	int fd, group_fd;
	__u64 config; /* offset in fd of the configuration space, and of BAR 0 */
	__u64 bar;
	unsigned int caps[4]; /* MSI, MSI-X, PM, Express; 0 without */
};

enum mode {
	MODE_IOMMUFD,
	MODE_TYPE1,
	MODE_COMPAT,
};

/* Where the prologue puts the queues of its guests */
enum {
	EVENT_QUEUE,
	MOCK_EVENT_QUEUE,
	MOCK_FAULT_QUEUE,
};

struct world {
	enum mode mode;
	int iommufd, container;
	__u32 ids[KINDS][SLOTS];
	int queues[QUEUE_FDS]; /* of events and faults */
	int eventfds[EVENTFDS];
	struct target targets[TARGETS];
	unsigned int target_count;
	int memfd;
	unsigned char *memory;
	struct mapping view;
	struct stage1 stage1;
	/* The mock warns if two calls change what is dirty in a page table */
	pthread_mutex_t dirty;
};

int world_open(struct world *world, enum mode mode);
/* Draw the ID of an object of @kind, sometimes of another */
__u32 any_id(struct world *world, struct rng *rng, enum kind kind);
struct target *any_target(struct world *world, struct rng *rng);
/* Draw the @usual descriptor, sometimes another */
int any_fd(struct world *world, struct rng *rng, int usual);
/* The @usual address for a call's data, sometimes a bad one */
void *any_pointer(struct world *world, struct rng *rng, void *usual);
void *any_memory(struct world *world, struct rng *rng);
/* Store the object in one of the slots */
void keep_id(struct world *world, struct rng *rng, enum kind kind, __u32 id);
void keep_queue(struct world *world, struct rng *rng, int fd);
/* Per-thread memory for a call's data, SCRATCH_LENGTH bytes of zeros */
void *scratch(void);
/*
 * Issue an ioctl with the @length bytes at @cmd, some of which may be changed before, and
 * count whether it succeeded. Return: 0 or a negative errno
 */
int fuzz_call(struct world *world, struct rng *rng, int fd,
	      unsigned long request, void *cmd, size_t length);
void target_close(struct target *target);
int target_open(struct world *world, struct target *target);
int target_find(struct target *target);

/* A kind of call, and the modes for which it makes sense */
struct operation {
	const char *name;
	unsigned int weight, modes;
	void (*run)(struct world *world, struct rng *rng);
};

#define IN_IOMMUFD (1U << MODE_IOMMUFD)
#define IN_TYPE1 (1U << MODE_TYPE1)
#define IN_COMPAT (1U << MODE_COMPAT)
#define IN_CONTAINER (IN_TYPE1 | IN_COMPAT)
#define IN_ANY (IN_IOMMUFD | IN_CONTAINER)

/* The last operation of each file has no name */
extern const struct operation iommufd_operations[];
extern const struct operation nested_operations[];
extern const struct operation msi_operations[];
extern const struct operation device_operations[];
extern const struct operation type1_operations[];
extern const struct operation mock_operations[];
extern const struct operation memory_operations[];

/* First steps that others need, with arguments that succeed; @alone: in one thread only */
void prologue(struct world *world, struct rng *rng, bool alone);

/* mock.c */
void mock_prologue(struct world *world, bool alone);

/* episode.c */
#define THREADS_MAX 3
#define OPERATIONS_MAX 96
/* A bit for each instruction of the kernel */
#define SEEN_BYTES (8U << 20)

/* The operation that a thread is doing */
struct track {
	__u64 number, begun_ns, cpu_ns;
	int operation; /* -1 between operations */
};

struct tally {
	__u64 calls, good;
};

struct record {
	struct track tracks[THREADS_MAX];
	struct tally tallies[OPERATIONS_MAX];
	/* The first operation that took too much CPU time; 0: none did */
	__u64 slow_ns, slow_number;
	int slow_operation;
	bool trace; /* print operations before they are done */
	/* Places of the kernel's code that were reached, and their number */
	unsigned char seen[SEEN_BYTES];
	unsigned int covered;
};

struct plan {
	__u64 seed;
	enum mode mode;
	unsigned int threads, operations; /* of each thread */
	__u64 limit_ns; /* of CPU time that an operation may take */
	const char *keep; /* a bit for each operation, NULL for all */
};

extern struct record *record;
const struct operation *operation_at(unsigned int i);
void note_result(int ret);
/* Never returns */
void episode_run(const struct plan *plan);

/* coverage.c */
void coverage_begin(void);
void coverage_take(void);

/* judge.c */
/* What is wrong after an episode, NULL if nothing is */
const char *judge(const struct balance *before);

#endif
