// SPDX-License-Identifier: GPL-2.0
/*
 * The cost of a VMM's calls for a guest that owns stage 1: batches of guest commands;
 * changing the stream table entry between bypass and stage 1; allocating and destroying
 * the page table for each such change; and reading the events of accesses that the
 * guest's stage 1 blocks.
 *
 *	bench-nested BDF
 *
 * Nothing is printed if the kernel does not support nesting.
 */
#include <errno.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "bench-ioas.h"
#include "nested.h"

#define RAM_IPA 0x40000000ULL
#define RAM_LENGTH 0x400000ULL
#define DATA_VA 0x10000000ULL
#define VIRTUAL_SID 0xabcd
#define ASID 7
#define CALLS 200
#define MAX_BATCH 256
/* A blocked access; each is recorded as an event */
#define ACCESS_LENGTH 4
#define FAULTS 20

static const unsigned int batches[] = { 1, 4, 16, 64, MAX_BATCH };

struct bench {
	struct edu edu;
	int iommufd, event_fd;
	__u32 ioas, parent, viommu, bypass, translate;
	struct mapping ram;
	struct stage1 stage1;
	struct smmu_ste ste;
	struct iommu_hwpt_alloc alloc;
	struct iommu_destroy destroy;
	struct smmu_command commands[MAX_BATCH];
	struct smmu_event events[MAX_BATCH];
	unsigned int batch;
};

/* Return false if the kernel does not support it; any other failure is fatal */
static bool can_nest(struct bench *bench)
{
	int ret;

	ret = nest_parent_alloc(bench->iommufd, bench->edu.dev.id, bench->ioas,
				&bench->parent);
	if (ret == -EOPNOTSUPP)
		return false;
	check(ret, "allocating a nest parent");
	check(viommu_alloc(bench->iommufd, bench->edu.dev.id, bench->parent,
			   &bench->viommu),
	      "allocating a virtual IOMMU");
	return true;
}

static __u32 page_table(struct bench *bench, struct smmu_ste ste)
{
	__u32 hwpt;

	check(nested_alloc(bench->iommufd, bench->viommu, bench->edu.dev.id,
			   ste, &hwpt),
	      "allocating a nested page table");
	return hwpt;
}

/* A guest with memory and one device behind its stage 1 */
static void make_guest(struct bench *bench)
{
	__u32 vdevice;
	unsigned int i;

	check(memory_alloc(&bench->ram, RAM_LENGTH), "allocating memory");
	bench->ram.iova = RAM_IPA;
	check(ioas_map(bench->iommufd, bench->ioas, bench->ram.va, RAM_LENGTH,
		       RAM_IPA),
	      "mapping memory");
	check(stage1_init(&bench->stage1, &bench->ram, RAM_IPA, RAM_LENGTH,
			  ASID),
	      "making stage 1");
	check(vdevice_alloc(bench->iommufd, bench->viommu, bench->edu.dev.id,
			    VIRTUAL_SID, &vdevice),
	      "naming the device");
	bench->bypass = page_table(bench, ste_bypass());
	bench->translate = page_table(bench, stage1_ste(&bench->stage1));
	bench->ste = stage1_ste(&bench->stage1);
	bench->alloc = (struct iommu_hwpt_alloc){
		.size = sizeof(bench->alloc),
		.dev_id = bench->edu.dev.id,
		.pt_id = bench->viommu,
		.data_type = IOMMU_HWPT_DATA_ARM_SMMUV3,
		.data_len = sizeof(bench->ste),
		.data_uptr = (uintptr_t)&bench->ste,
	};
	bench->destroy.size = sizeof(bench->destroy);
	for (i = 0; i < MAX_BATCH; i++)
		bench->commands[i] =
			command_tlbi_va(ASID, DATA_VA + i * STAGE1_PAGE);
}

static void invalidate(void *data)
{
	struct bench *bench = data;
	__u32 count = bench->batch;

	check(viommu_commands(bench->iommufd, bench->viommu, bench->commands,
			      &count),
	      "a batch of commands");
	if (count != bench->batch)
		fail("a batch of commands", "part of it took no effect");
}

static void replace(void *data)
{
	struct bench *bench = data;

	check(device_attach(&bench->edu.dev, bench->translate),
	      "changing to stage 1");
	check(device_attach(&bench->edu.dev, bench->bypass),
	      "changing to bypass");
}

/* The calls alone, without their preparation in user space */
static void make_and_destroy(void *data)
{
	struct bench *bench = data;

	if (ioctl(bench->iommufd, IOMMU_HWPT_ALLOC, &bench->alloc))
		fail("allocating a nested page table", strerror(errno));
	bench->destroy.id = bench->alloc.out_hwpt_id;
	if (ioctl(bench->iommufd, IOMMU_DESTROY, &bench->destroy))
		fail("destroying a nested page table", strerror(errno));
}

/*
 * Have the device write to an unmapped address. It does so later, while this waits, and
 * all @batch events are recorded at once. Add the instructions until they have been read
 * to @total, and those of read() itself to @reading.
 */
static void take_faults(struct bench *bench, uint64_t *total, uint64_t *reading)
{
	struct pollfd pollfd = { .fd = bench->event_fd, .events = POLLIN };
	size_t size = bench->batch * sizeof(bench->events[0]);
	uint64_t idle, start, readable, end;
	ssize_t length;

	idle = idle_ns();
	edu_start_write(&bench->edu, DATA_VA, bench->batch * ACCESS_LENGTH);
	start = counter_ns();
	if (poll(&pollfd, 1, -1) != 1)
		fail("waiting for events", strerror(errno));
	readable = counter_ns();
	length = read(bench->event_fd, bench->events, sizeof(bench->events));
	end = counter_ns();
	idle = idle_ns() - idle;
	if (length != (ssize_t)size || event_is_lost(bench->events) ||
	    event_type(bench->events) != EVENT_TRANSLATION)
		fail("events", "are not those of the batch");
	*total += end - start - idle;
	*reading += end - readable;
}

static void measure_faults(struct bench *bench)
{
	uint64_t total = 0, reading = 0;
	unsigned int i;

	for (i = 0; i < 2; i++)
		take_faults(bench, &total, &reading);
	total = reading = 0;
	for (i = 0; i < FAULTS; i++)
		take_faults(bench, &total, &reading);
	report("event, fault to read, in batches", bench->batch,
	       FAULTS * bench->batch, total);
	report("event, its read() alone", bench->batch, FAULTS * bench->batch,
	       reading);
}

static void measure_events(struct bench *bench)
{
	__u32 queue;
	unsigned int i;

	check(veventq_alloc(bench->iommufd, bench->viommu, 2 * MAX_BATCH,
			    &queue, &bench->event_fd),
	      "making a queue of events");
	check(device_attach(&bench->edu.dev, bench->translate),
	      "changing to stage 1");
	for (i = 0; i < sizeof(batches) / sizeof(batches[0]); i++) {
		bench->batch = batches[i];
		measure_faults(bench);
	}
}

static void measure(struct bench *bench)
{
	unsigned int i;

	for (i = 0; i < sizeof(batches) / sizeof(batches[0]); i++) {
		bench->batch = batches[i];
		report("guest's TLBI_NH_VA in batches", bench->batch,
		       CALLS * bench->batch,
		       count_calls(CALLS, invalidate, bench));
	}
	report("bypass to stage 1 and back", NO_N, CALLS,
	       count_calls(CALLS, replace, bench));
	report("nested hwpt made and destroyed", NO_N, CALLS,
	       count_calls(CALLS, make_and_destroy, bench));
}

int main(int argc, char **argv)
{
	static struct bench bench;

	if (argc != 2)
		fail("usage", "bench-nested BDF");
	bench.iommufd = open_iommufd();
	check(edu_open(&bench.edu, argv[1], bench.iommufd), "opening a device");
	check(ioas_alloc(bench.iommufd, &bench.ioas), "allocating an IOAS");
	if (!can_nest(&bench))
		return 0;
	make_guest(&bench);
	check(device_attach(&bench.edu.dev, bench.bypass),
	      "attaching a device");
	measure(&bench);
	measure_events(&bench);
	return 0;
}
