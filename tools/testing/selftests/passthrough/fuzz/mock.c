// SPDX-License-Identifier: GPL-2.0
/*
 * The mock IOMMU of iommufd's selftests: devices with every feature, and in-kernel users.
 */
#define _GNU_SOURCE
#include <stdint.h>
#include <string.h>

#include "fuzz.h"
#include "mock.h"

static int mock_call(struct world *world, struct rng *rng,
		     struct iommu_test_cmd *cmd)
{
	cmd->size = sizeof(*cmd);
	return fuzz_call(world, rng, world->iommufd, IOMMU_TEST_CMD, cmd,
			 sizeof(*cmd));
}

static void do_mock_device(struct world *world, struct rng *rng)
{
	struct iommu_test_cmd cmd = {
		.op = IOMMU_TEST_OP_MOCK_DOMAIN_FLAGS,
		.id = any_id(world, rng, KIND_IOAS),
		.mock_domain_flags = {
			.dev_flags = any_flags(rng, 0x8000001f),
		},
	};

	if (mock_call(world, rng, &cmd))
		return;
	keep_id(world, rng, KIND_MOCK, cmd.mock_domain_flags.out_stdev_id);
	keep_id(world, rng, KIND_HWPT, cmd.mock_domain_flags.out_hwpt_id);
	keep_id(world, rng, KIND_DEVICE, cmd.mock_domain_flags.out_idev_id);
}

static void do_mock_replace(struct world *world, struct rng *rng)
{
	static const enum kind kinds[] = { KIND_IOAS, KIND_HWPT, KIND_PARENT,
					   KIND_NESTED };
	struct iommu_test_cmd cmd = {
		.op = IOMMU_TEST_OP_MOCK_DOMAIN_REPLACE,
		.id = any_id(world, rng, KIND_MOCK),
		.mock_domain_replace = {
			.pt_id = any_id(world, rng, kinds[rng_below(rng, 4)]),
		},
	};

	mock_call(world, rng, &cmd);
}

static void do_mock_reserved(struct world *world, struct rng *rng)
{
	struct iommu_test_cmd cmd = {
		.op = IOMMU_TEST_OP_ADD_RESERVED,
		.id = any_id(world, rng, KIND_IOAS),
		.add_reserved = {
			.start = any_iova(rng),
			.length = any_length(rng, PAGE),
		},
	};

	mock_call(world, rng, &cmd);
}

static void do_mock_dirty(struct world *world, struct rng *rng)
{
	struct iommu_test_cmd cmd = {
		.op = IOMMU_TEST_OP_DIRTY,
		.id = any_id(world, rng, KIND_HWPT),
		.dirty = {
			.iova = any_iova(rng),
			.length = any_length(rng, PAGE),
			.page_size = rng_one_in(rng, 4) ? any64(rng) : PAGE,
			.uptr = (uintptr_t)any_pointer(world, rng, scratch()),
		},
	};

	mock_call(world, rng, &cmd);
}

static void do_mock_fault(struct world *world, struct rng *rng)
{
	struct iommu_test_cmd cmd = {
		.op = IOMMU_TEST_OP_TRIGGER_IOPF,
		.trigger_iopf = {
			.dev_id = any_id(world, rng, KIND_DEVICE),
			.pasid = any_count(rng, 2),
			.grpid = any_count(rng, 4),
			.perm = any_flags(rng, 7),
			.addr = any_iova(rng),
		},
	};

	mock_call(world, rng, &cmd);
}

static void do_mock_event(struct world *world, struct rng *rng)
{
	struct iommu_test_cmd cmd = {
		.op = IOMMU_TEST_OP_TRIGGER_VEVENT,
		.trigger_vevent = {
			.dev_id = any_id(world, rng, KIND_DEVICE),
		},
	};

	mock_call(world, rng, &cmd);
}

static void do_access_create(struct world *world, struct rng *rng)
{
	struct iommu_test_cmd cmd = {
		.op = IOMMU_TEST_OP_CREATE_ACCESS,
		.id = any_id(world, rng, KIND_IOAS),
		.create_access = { .flags = any_flags(rng, 1) },
	};

	if (!mock_call(world, rng, &cmd))
		keep_id(world, rng, KIND_ACCESS,
			cmd.create_access.out_access_fd);
}

static void do_access_pages(struct world *world, struct rng *rng)
{
	struct iommu_test_cmd cmd = {
		.op = IOMMU_TEST_OP_ACCESS_PAGES,
		.id = any_id(world, rng, KIND_ACCESS),
		.access_pages = {
			/* Without it, the mock warns about bad arguments */
			.flags = MOCK_FLAGS_ACCESS_SYZ | any_flags(rng, 1),
			.iova = any_iova(rng),
			.length = any_length(rng, PAGE),
			.uptr = (uintptr_t)any_memory(world, rng),
		},
	};

	mock_call(world, rng, &cmd);
}

static void do_access_release(struct world *world, struct rng *rng)
{
	struct iommu_test_cmd cmd = {
		.op = IOMMU_TEST_OP_DESTROY_ACCESS_PAGES,
		.id = any_id(world, rng, KIND_ACCESS),
		.destroy_access_pages = {
			.access_pages_id = any_count(rng, 4),
		},
	};

	mock_call(world, rng, &cmd);
}

static void do_access_rw(struct world *world, struct rng *rng)
{
	struct iommu_test_cmd cmd = {
		.op = IOMMU_TEST_OP_ACCESS_RW,
		.id = any_id(world, rng, KIND_ACCESS),
		.access_rw = {
			.iova = any_iova(rng),
			.length = any_length(rng, 64),
			.uptr = (uintptr_t)any_pointer(world, rng, scratch()),
			.flags = any_flags(rng, 5),
		},
	};

	mock_call(world, rng, &cmd);
}

static void do_access_replace(struct world *world, struct rng *rng)
{
	struct iommu_test_cmd cmd = {
		.op = IOMMU_TEST_OP_ACCESS_REPLACE_IOAS,
		.id = any_id(world, rng, KIND_ACCESS),
		.access_replace_ioas = {
			.ioas_id = any_id(world, rng, KIND_IOAS),
		},
	};

	mock_call(world, rng, &cmd);
}

const struct operation mock_operations[] = {
	{ "mock_device", 6, IN_IOMMUFD, do_mock_device },
	{ "mock_replace", 8, IN_IOMMUFD, do_mock_replace },
	{ "mock_reserved", 1, IN_IOMMUFD, do_mock_reserved },
	{ "mock_dirty", 2, IN_IOMMUFD, do_mock_dirty },
	{ "mock_fault", 3, IN_IOMMUFD, do_mock_fault },
	{ "mock_event", 3, IN_IOMMUFD, do_mock_event },
	{ "access_create", 2, IN_IOMMUFD, do_access_create },
	{ "access_pages", 4, IN_IOMMUFD, do_access_pages },
	{ "access_release", 2, IN_IOMMUFD, do_access_release },
	{ "access_rw", 3, IN_IOMMUFD, do_access_rw },
	{ "access_replace", 2, IN_IOMMUFD, do_access_replace },
	{}
};
