/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A fuzzer of iommufd and VFIO. What it does is a sequence of operations, each of
 * which is a call with arguments that mostly make sense and now and then do not
 * (random.c), on objects that earlier ones made (world.c). An operation is drawn from
 * the seed, the number of its thread and its own number alone, and knows objects by
 * the slots that they are in: any of a sequence can be left out and the others stay
 * what they are.
 *
 * An episode is a process that does one sequence and ends, in order or killed
 * (episode.c). Its parent judges what it left behind (judge.c).
 */
#ifndef SELFTESTS_VFIO_FUZZ_H
#define SELFTESTS_VFIO_FUZZ_H

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
/* Some of the bits of @known, now and then others */
__u64 any_flags(struct rng *rng, __u64 known);

/* world.c: what the operations of an episode share */
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
	KINDS,
};

#define SLOTS 4
#define TARGETS 5
#define EVENTFDS 8
#define QUEUE_FDS 4

/* Memory of the episode, which calls map; a view of it is never unmapped */
#define MEMORY_LENGTH 0x400000ULL
#define RAM_IPA 0x40000000ULL
/* How large the data of one call is at most */
#define SCRATCH_LENGTH 0x10000ULL

enum target_type {
	TARGET_EDU,
	TARGET_IGB,
	TARGET_XHCI,
};

struct target {
	enum target_type type;
	char bdf[16];
	int group; /* the number of its group, -1 if it is not to be opened by that */
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
};

int world_open(struct world *world, enum mode mode);
/* Draw a number of an object of @kind, now and then of something else */
__u32 any_id(struct world *world, struct rng *rng, enum kind kind);
struct target *any_target(struct world *world, struct rng *rng);
/* Draw the @usual descriptor, now and then of something else */
int any_fd(struct world *world, struct rng *rng, int usual);
/* An address in memory for a call's data, now and then a bad one */
void *any_pointer(struct world *world, struct rng *rng, void *usual);
void *any_memory(struct world *world, struct rng *rng);
/* Remember the object in one of the slots */
void keep_id(struct world *world, struct rng *rng, enum kind kind, __u32 id);
void keep_queue(struct world *world, struct rng *rng, int fd);
/* This thread's memory for data of a call, SCRATCH_LENGTH bytes of zeros */
void *scratch(void);
/*
 * Issue an ioctl with the @length bytes at @cmd, of which some may be changed before,
 * and note whether it succeeded. Return: 0 or a negative errno
 */
int fuzz_call(struct world *world, struct rng *rng, int fd,
	      unsigned long request, void *cmd, size_t length);
void target_close(struct target *target);
int target_open(struct world *world, struct target *target);
int target_find(struct target *target);

/* What one call is about, and in which modes it has a meaning */
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

/* Each file's operations end with one that has no name */
extern const struct operation iommufd_operations[];
extern const struct operation nested_operations[];
extern const struct operation msi_operations[];
extern const struct operation device_operations[];
extern const struct operation type1_operations[];
extern const struct operation mock_operations[];
extern const struct operation memory_operations[];

/* Steps that others build on, drawn with the arguments that succeed */
void prologue(struct world *world, struct rng *rng);

/* episode.c */
#define THREADS_MAX 3
#define OPERATIONS_MAX 96
/* A bit for each instruction of the kernel */
#define SEEN_BYTES (8U << 20)

/* What is known of an operation while it goes on, and after all of them */
struct track {
	__u64 number, begun_ns, cpu_ns;
	int operation; /* -1 between two */
};

struct tally {
	__u64 calls, good;
};

struct record {
	struct track tracks[THREADS_MAX];
	struct tally tallies[OPERATIONS_MAX];
	/* The operation that took too much of the CPU, by its thread; 0: none did */
	__u64 slow_ns, slow_number;
	int slow_operation;
	bool trace; /* print operations before they are done */
	/* Places of the kernel's code that were reached, and how many there are */
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
