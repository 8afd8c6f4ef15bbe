// SPDX-License-Identifier: GPL-2.0
/*
 * What a VMM's calls for a guest that owns stage 1 cost: commands of the guest, in
 * batches; the stream table entry that changes between bypass and stage 1; and the
 * page table that a VMM makes and destroys for each such change.
 *
 *	bench-nested BDF
 *
 * Nothing is printed if the kernel cannot nest.
 */
#include <errno.h>
#include <sys/ioctl.h>

#include "bench.h"
#include "nested.h"

#define RAM_IPA 0x40000000ULL
#define RAM_LENGTH 0x400000ULL
#define DATA_VA 0x10000000ULL
#define VIRTUAL_SID 0xabcd
#define ASID 7
#define CALLS 200
#define MAX_BATCH 256

static const unsigned int batches[] = { 1, 4, 16, 64, MAX_BATCH };

struct bench {
	struct device dev;
	int iommufd;
	__u32 ioas, parent, viommu, bypass, translate;
	struct mapping ram;
	struct stage1 stage1;
	struct smmu_ste ste;
	struct iommu_hwpt_alloc alloc;
	struct iommu_destroy destroy;
	struct smmu_command commands[MAX_BATCH];
	unsigned int batch;
};

/* False if the kernel cannot do it; what else goes wrong ends the program */
static bool can_nest(struct bench *bench)
{
	int ret;

	ret = nest_parent_alloc(bench->iommufd, bench->dev.id, bench->ioas,
				&bench->parent);
	if (ret == -EOPNOTSUPP)
		return false;
	check(ret, "allocating a nest parent");
	check(viommu_alloc(bench->iommufd, bench->dev.id, bench->parent,
			   &bench->viommu),
	      "allocating a virtual IOMMU");
	return true;
}

static __u32 page_table(struct bench *bench, struct smmu_ste ste)
{
	__u32 hwpt;

	check(nested_alloc(bench->iommufd, bench->viommu, bench->dev.id, ste,
			   &hwpt),
	      "allocating a nested page table");
	return hwpt;
}

/* A guest with memory, and with one device that its stage 1 translates */
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
	check(vdevice_alloc(bench->iommufd, bench->viommu, bench->dev.id,
			    VIRTUAL_SID, &vdevice),
	      "naming the device");
	bench->bypass = page_table(bench, ste_bypass());
	bench->translate = page_table(bench, stage1_ste(&bench->stage1));
	bench->ste = stage1_ste(&bench->stage1);
	bench->alloc = (struct iommu_hwpt_alloc){
		.size = sizeof(bench->alloc),
		.dev_id = bench->dev.id,
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

	check(device_attach(&bench->dev, bench->translate),
	      "changing to stage 1");
	check(device_attach(&bench->dev, bench->bypass), "changing to bypass");
}

/* The calls alone: what prepares them is not the kernel's */
static void make_and_destroy(void *data)
{
	struct bench *bench = data;

	if (ioctl(bench->iommufd, IOMMU_HWPT_ALLOC, &bench->alloc))
		fail("allocating a nested page table", strerror(errno));
	bench->destroy.id = bench->alloc.out_hwpt_id;
	if (ioctl(bench->iommufd, IOMMU_DESTROY, &bench->destroy))
		fail("destroying a nested page table", strerror(errno));
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
	struct bench bench = {};

	if (argc != 2)
		fail("usage", "bench-nested BDF");
	bench.iommufd = iommufd_open();
	if (bench.iommufd < 0)
		fail("/dev/iommu", strerror(-bench.iommufd));
	check(device_open(&bench.dev, argv[1], bench.iommufd),
	      "opening a device");
	check(ioas_alloc(bench.iommufd, &bench.ioas), "allocating an IOAS");
	if (!can_nest(&bench))
		return 0;
	make_guest(&bench);
	check(device_attach(&bench.dev, bench.bypass), "attaching a device");
	measure(&bench);
	return 0;
}
