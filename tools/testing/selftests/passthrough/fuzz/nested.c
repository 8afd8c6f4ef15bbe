// SPDX-License-Identifier: GPL-2.0
/*
 * Nested translation: the calls of a VMM, and what a guest writes into its stream table,
 * its commands, its context descriptor and its page tables.
 */
#define _GNU_SOURCE
#include <endian.h>
#include <stdint.h>
#include <string.h>

#include "fuzz.h"
#include "mock.h"

/* vSIDs of a guest's devices; two guests may use the same */
static __u64 any_sid(struct rng *rng)
{
	__u64 other = any64(rng);
	unsigned int sid = rng_below(rng, 4);

	return rng_one_in(rng, 10) ? other : sid;
}

static void do_viommu_alloc(struct world *world, struct rng *rng)
{
	const __u32 types[] = {
		IOMMU_VIOMMU_TYPE_ARM_SMMUV3,
		IOMMU_VIOMMU_TYPE_ARM_SMMUV3,
		IOMMU_VIOMMU_TYPE_SELFTEST,
		any32(rng),
	};
	struct iommu_viommu_alloc cmd = {
		.size = rng_one_in(rng, 4) ? 24 : sizeof(cmd),
		.type = types[rng_below(rng, 4)],
		.dev_id = any_id(world, rng, KIND_DEVICE),
		.hwpt_id = any_id(world, rng, KIND_PARENT),
		.data_len = rng_one_in(rng, 4) ? any_count(rng, 24) : 0,
		.data_uptr = (uintptr_t)any_pointer(world, rng, scratch()),
	};

	if (!fuzz_call(world, rng, world->iommufd, IOMMU_VIOMMU_ALLOC, &cmd,
		       sizeof(cmd)))
		keep_id(world, rng, KIND_VIOMMU, cmd.out_viommu_id);
}

static void do_vdevice_alloc(struct world *world, struct rng *rng)
{
	struct iommu_vdevice_alloc cmd = {
		.size = sizeof(cmd),
		.viommu_id = any_id(world, rng, KIND_VIOMMU),
		.dev_id = any_id(world, rng, KIND_DEVICE),
		.virt_id = any_sid(rng),
	};

	if (!fuzz_call(world, rng, world->iommufd, IOMMU_VDEVICE_ALLOC, &cmd,
		       sizeof(cmd)))
		keep_id(world, rng, KIND_VDEVICE, cmd.out_vdevice_id);
}

static void do_veventq_alloc(struct world *world, struct rng *rng)
{
	const __u32 types[] = {
		IOMMU_VEVENTQ_TYPE_ARM_SMMUV3,
		IOMMU_VEVENTQ_TYPE_ARM_SMMUV3,
		IOMMU_VEVENTQ_TYPE_SELFTEST,
		any32(rng),
	};
	struct iommu_veventq_alloc cmd = {
		.size = sizeof(cmd),
		.viommu_id = any_id(world, rng, KIND_VIOMMU),
		.type = types[rng_below(rng, 4)],
		.veventq_depth = any_count(rng, 8),
	};

	if (fuzz_call(world, rng, world->iommufd, IOMMU_VEVENTQ_ALLOC, &cmd,
		      sizeof(cmd)))
		return;
	keep_id(world, rng, KIND_VEVENTQ, cmd.out_veventq_id);
	keep_queue(world, rng, cmd.out_veventq_fd);
}

static struct smmu_ste any_ste(struct world *world, struct rng *rng)
{
	const struct smmu_ste stes[] = {
		stage1_ste(&world->stage1),
		stage1_ste(&world->stage1),
		ste_abort(),
		ste_bypass(),
		ste_make(0, 0),
		ste_stage1(any_iova(rng) & 0xfffffffffffc0ULL),
	};
	struct smmu_ste ste = stes[rng_below(rng, 6)];
	__u64 low = any64(rng), high = any64(rng);

	if (rng_one_in(rng, 5))
		ste.word[0] ^= htole64(low);
	if (rng_one_in(rng, 5))
		ste.word[1] ^= htole64(high);
	return ste;
}

static void do_nested_alloc(struct world *world, struct rng *rng)
{
	struct smmu_ste ste = any_ste(world, rng);
	struct iommu_hwpt_alloc cmd = {
		.size = sizeof(cmd),
		.flags = any_flags(rng, 0),
		.dev_id = any_id(world, rng, KIND_DEVICE),
		.pt_id = any_id(world, rng, KIND_VIOMMU),
		.data_type = IOMMU_HWPT_DATA_ARM_SMMUV3,
		.data_len = sizeof(ste),
		.data_uptr = (uintptr_t)any_pointer(world, rng, scratch()),
		.fault_id = any_id(world, rng, KIND_FAULT),
	};
	const __u32 other = any32(rng);

	memcpy(scratch(), &ste, sizeof(ste));
	if (rng_one_in(rng, 8))
		cmd.flags = IOMMU_HWPT_FAULT_ID_VALID;
	if (rng_one_in(rng, 6)) {
		cmd.data_type = rng_one_in(rng, 3) ? other :
						     IOMMU_HWPT_DATA_SELFTEST;
		cmd.data_len = any_count(rng, 24);
	}
	if (!fuzz_call(world, rng, world->iommufd, IOMMU_HWPT_ALLOC, &cmd,
		       sizeof(cmd)))
		keep_id(world, rng, KIND_NESTED, cmd.out_hwpt_id);
}

static struct smmu_command any_command(struct rng *rng)
{
	static const __u8 opcodes[] = { 0x05, 0x06, 0x10, 0x11,
					0x12, 0x13, 0x30, 0x40 };
	const struct smmu_command good[] = {
		command_tlbi_all(),
		command_tlbi_non_secure(),
		command_tlbi_asid(any_count(rng, 8)),
		command_tlbi_va(7, any_iova(rng)),
		command_tlbi_range(7, any_iova(rng), 1 + rng_below(rng, 32)),
		command_tlbi_va_of_all(any_iova(rng)),
		command_cfgi_cd(any_sid(rng)),
		command_cfgi_cd_all(any_sid(rng)),
	};
	__u64 opcode = opcodes[rng_below(rng, sizeof(opcodes))];
	__u64 low = any64(rng), high = any64(rng);
	struct smmu_command command = good[rng_below(rng, 8)];

	switch (rng_below(rng, 8)) {
	case 0:
		return command_make(low, high);
	case 1:
		return command_make((low & ~0xffULL) | opcode, high);
	case 2:
		command.word[0] ^= htole64(low << 8);
		return command;
	case 3:
		command.word[1] ^= htole64(high);
		return command;
	default:
		return command;
	}
}

static void do_invalidate(struct world *world, struct rng *rng)
{
	struct smmu_command *commands = scratch();
	struct iommu_hwpt_invalidate cmd = {
		.size = sizeof(cmd),
		.hwpt_id = any_id(world, rng, KIND_VIOMMU),
		.data_uptr = (uintptr_t)any_pointer(world, rng, commands),
		.data_type = IOMMU_VIOMMU_INVALIDATE_DATA_ARM_SMMUV3,
		.entry_len = sizeof(*commands),
		.entry_num = any_count(rng, 8),
	};
	unsigned int i;

	for (i = 0; i < 8; i++)
		commands[i] = any_command(rng);
	/* A long batch: the host's queue has a few hundred entries */
	if (rng_one_in(rng, 16))
		cmd.entry_num = SCRATCH_LENGTH / sizeof(*commands);
	for (i = 8; i < SCRATCH_LENGTH / sizeof(*commands); i++)
		commands[i] = commands[i % 8];
	if (rng_one_in(rng, 12))
		cmd.entry_len = any_count(rng, 64);
	if (rng_one_in(rng, 10)) {
		cmd.data_type = IOMMU_VIOMMU_INVALIDATE_DATA_SELFTEST;
		cmd.entry_len = 12;
	}
	fuzz_call(world, rng, world->iommufd, IOMMU_HWPT_INVALIDATE, &cmd,
		  sizeof(cmd));
}

/* The guest writes its context descriptor, or entries of its tables, or maps a page */
static void do_guest_tables(struct world *world, struct rng *rng)
{
	__u64 value = any64(rng), iova = any_iova(rng);
	__u64 *words = (__u64 *)world->view.va;
	unsigned int word = rng_below(rng, 4 * PAGE / 8);
	unsigned int page = rng_below(rng, MEMORY_LENGTH / PAGE);

	switch (rng_below(rng, 4)) {
	case 0:
		words[word % 8] = htole64(value);
		break;
	case 1:
		words[word] = htole64(value);
		break;
	case 2:
		words[word % 8] ^= htole64(1ULL << (value & 63));
		break;
	default:
		stage1_map(&world->stage1, iova & 0x7ffffff000ULL,
			   RAM_IPA + page * PAGE, STAGE1_READ_WRITE);
	}
	note_result(0);
}

/* A guest that reboots */
static void do_guest_reset(struct world *world, struct rng *rng)
{
	stage1_init(&world->stage1, &world->view, RAM_IPA, MEMORY_LENGTH / 4,
		    rng_below(rng, 8));
	note_result(0);
}

const struct operation nested_operations[] = {
	{ "viommu_alloc", 6, IN_IOMMUFD, do_viommu_alloc },
	{ "vdevice_alloc", 6, IN_IOMMUFD, do_vdevice_alloc },
	{ "veventq_alloc", 4, IN_IOMMUFD, do_veventq_alloc },
	{ "nested_alloc", 10, IN_IOMMUFD, do_nested_alloc },
	{ "hwpt_invalidate", 10, IN_IOMMUFD, do_invalidate },
	{ "guest_tables", 6, IN_IOMMUFD, do_guest_tables },
	{ "guest_reset", 2, IN_IOMMUFD, do_guest_reset },
	{}
};
