// SPDX-License-Identifier: GPL-2.0
/*
 * The cost of a VMM's calls on an SMMUv2: attaching a device to a page table by iommufd; and,
 * for a guest that owns stage 1, allocating and destroying a context bank, changing between
 * stage 2 alone and both stages, and invalidating addresses. Each is counted twice: in
 * instructions, and in SMMU register accesses, each of which takes longer on a board than many
 * instructions.
 *
 *	bench-smmuv2 BDF
 *
 * Operations that need nesting are skipped if the kernel does not support it. The SMMU's
 * registers are simulated in memory: each poll of a status succeeds at the first read.
 */
#include <errno.h>
#include <fcntl.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "bench-ioas.h"
#include "smmuv2.h"

#define RAM_IPA 0x40000000ULL
#define RAM_LENGTH 0x10000ULL
#define DATA_VA 0x10000ULL
#define DATA_IPA (RAM_IPA + 0x8000)
#define VIRTUAL_SID 0xabcd
#define CALLS 200
#define COMMANDS 64
#define ACCESSES "/sys/module/smmuv2_accesses/parameters/count"

struct bench {
	struct device dev;
	int iommufd;
	__u32 plain, ioas, parent, viommu, nested;
	struct mapping ram;
	struct tables tables;
	struct iommu_viommu_arm_smmuv2_invalidate commands[COMMANDS];
};

struct operation {
	const char *name;
	bool nests;
	unsigned int n;
	void (*call)(void *bench);
};

/* A page table of its own: plain 6.12 gives an SMMUv2's no place among others */
static void attach_and_detach(void *data)
{
	struct bench *bench = data;

	check(device_attach(&bench->dev, bench->plain), "attaching");
	check(device_detach(&bench->dev), "detaching");
}

static void make_and_destroy(void *data)
{
	struct bench *bench = data;
	struct iommu_hwpt_arm_smmuv2 bank = tables_bank(&bench->tables);
	__u32 hwpt;

	check(smmuv2_nested_alloc(bench->iommufd, bench->viommu, bench->dev.id,
				  &bank, &hwpt),
	      "allocating a context bank");
	check(iommufd_destroy(bench->iommufd, hwpt), "destroying it");
}

static void replace(void *data)
{
	struct bench *bench = data;

	check(device_attach(&bench->dev, bench->parent), "changing to stage 2");
	check(device_attach(&bench->dev, bench->nested),
	      "changing to both stages");
}

static void invalidate(void *data)
{
	struct bench *bench = data;
	__u32 count = COMMANDS;

	check(viommu_invalidate(bench->iommufd,
				IOMMU_VIOMMU_INVALIDATE_DATA_ARM_SMMUV2,
				bench->viommu, bench->commands,
				sizeof(bench->commands[0]), &count),
	      "invalidating");
	if (count != COMMANDS)
		fail("invalidating", "part of it took no effect");
}

static const struct operation operations[] = {
	{ "attach to an IOAS and detach", false, NO_N, attach_and_detach },
	{ "nested hwpt made and destroyed", true, NO_N, make_and_destroy },
	{ "stage 2 to both stages and back", true, NO_N, replace },
	{ "guest's TLBI_VA in a batch", true, COMMANDS, invalidate },
};

static __u32 address_space(struct bench *bench)
{
	__u32 ioas;

	check(ioas_alloc(bench->iommufd, &ioas), "allocating an IOAS");
	check(ioas_map(bench->iommufd, ioas, bench->ram.va, RAM_LENGTH,
		       RAM_IPA),
	      "mapping memory");
	return ioas;
}

/* Return false if the kernel does not support it; any other failure is fatal */
static bool make_guest(struct bench *bench)
{
	int ret = nest_parent_alloc(bench->iommufd, bench->dev.id, bench->ioas,
				    &bench->parent);
	struct iommu_hwpt_arm_smmuv2 bank;
	unsigned int i;
	__u32 vdevice;

	if (ret == -EOPNOTSUPP)
		return false;
	check(ret, "allocating a nest parent");
	check(smmuv2_viommu_alloc(bench->iommufd, bench->dev.id, bench->parent,
				  &bench->viommu),
	      "allocating a virtual IOMMU");
	check(vdevice_alloc(bench->iommufd, bench->viommu, bench->dev.id,
			    VIRTUAL_SID, &vdevice),
	      "naming the device");
	tables_init(&bench->tables, &bench->ram, RAM_IPA, GRANULE_4K);
	tables_map(&bench->tables, DATA_VA, DATA_IPA, 0);
	bank = tables_bank(&bench->tables);
	check(smmuv2_nested_alloc(bench->iommufd, bench->viommu, bench->dev.id,
				  &bank, &bench->nested),
	      "allocating a context bank");
	for (i = 0; i < COMMANDS; i++)
		bench->commands[i] =
			(struct iommu_viommu_arm_smmuv2_invalidate){
				.opcode = IOMMU_ARM_SMMUV2_TLBI_VA,
				.arg = (__u64)bench->tables.asid << 48 |
				       (DATA_VA / 4096 + i),
			};
	return true;
}

static uint64_t count_instructions(const struct operation *operation,
				   struct bench *bench)
{
	return count_calls(CALLS, operation->call, bench);
}

/* Read the kernel's own count, which any write resets */
static uint64_t count_accesses(const struct operation *operation,
			       struct bench *bench)
{
	int fd = open(ACCESSES, O_RDWR);
	char text[24] = "";

	/* Begin in the state that a previous call leaves */
	operation->call(bench);
	if (fd < 0 || write(fd, "0", 1) != 1)
		fail(ACCESSES, strerror(errno));
	operation->call(bench);
	if (pread(fd, text, sizeof(text) - 1, 0) < 1)
		fail(ACCESSES, strerror(errno));
	close(fd);
	return strtoull(text, NULL, 10);
}

static void measure(struct bench *bench, bool nests, const char *unit,
		    unsigned int calls,
		    uint64_t (*count)(const struct operation *operation,
				      struct bench *bench))
{
	const struct operation *operation;
	char figure[80];
	unsigned int i;

	for (i = 0; i < sizeof(operations) / sizeof(operations[0]); i++) {
		operation = &operations[i];
		if (operation->nests && !nests)
			continue;
		snprintf(figure, sizeof(figure), "SMMUv2%s, %s", unit,
			 operation->name);
		report(figure, operation->n, calls * (operation->n ?: 1),
		       count(operation, bench));
	}
}

int main(int argc, char **argv)
{
	struct bench bench = {};
	bool nests;

	if (argc != 2)
		fail("usage", "bench-smmuv2 BDF");
	bench.iommufd = open_iommufd();
	check(memory_alloc(&bench.ram, RAM_LENGTH), "allocating memory");
	bench.ram.iova = RAM_IPA;
	check(device_open(&bench.dev, argv[1], bench.iommufd),
	      "opening a device");
	/* A page table apart from the guest's nest parent, for the plain attach */
	bench.plain = address_space(&bench);
	bench.ioas = address_space(&bench);
	nests = make_guest(&bench);
	/* First with the driver's own accessors: see bench/kernel/smmuv2-accesses.c */
	measure(&bench, nests, "", CALLS, count_instructions);
	measure(&bench, nests, " registers", 1, count_accesses);
	return 0;
}
