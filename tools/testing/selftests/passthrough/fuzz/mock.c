// SPDX-License-Identifier: GPL-2.0
/*
 * The mock IOMMU of iommufd's selftests: devices with every feature, and in-kernel users.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "fuzz.h"
#include "mock.h"

/* The mock maps half pages */
#define MOCK_PAGE (PAGE / 2)
/* Where the prologue puts objects of the mock that have their like with real devices */
#define MOCK_SLOT 1
#define MOCK_SID 2
#define PINNED 4
#define FAULTS 4

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
	keep_id(world, rng, KIND_MOCK_DEVICE,
		cmd.mock_domain_flags.out_idev_id);
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
	__u64 *bitmap = scratch();
	struct iommu_test_cmd cmd = {
		.op = IOMMU_TEST_OP_DIRTY,
		.id = any_id(world, rng, KIND_DIRTY),
		.dirty = {
			.iova = any_iova(rng),
			.length = any_length(rng, PAGE),
			.page_size = rng_one_in(rng, 4) ? any64(rng) : MOCK_PAGE,
			.uptr = (uintptr_t)any_pointer(world, rng, bitmap),
		},
	};

	*bitmap = rng_next(rng);
	pthread_mutex_lock(&world->dirty);
	mock_call(world, rng, &cmd);
	pthread_mutex_unlock(&world->dirty);
}

static void do_mock_fault(struct world *world, struct rng *rng)
{
	struct iommu_test_cmd cmd = {
		.op = IOMMU_TEST_OP_TRIGGER_IOPF,
		.trigger_iopf = {
			.dev_id = any_id(world, rng, KIND_MOCK_DEVICE),
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
			.dev_id = any_id(world, rng, KIND_MOCK_DEVICE),
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

/* An offset into one of the first mappings, as MOCK_FLAGS_ACCESS_SYZ wants them */
static __u64 any_mapping(struct rng *rng, __u32 *offset)
{
	__u32 area = any_count(rng, 2);

	*offset = rng_one_in(rng, 2) ? any_length(rng, PAGE) : 0;
	return (__u64)*offset << 32 | area;
}

static void do_access_pages(struct world *world, struct rng *rng)
{
	void *memory = any_memory(world, rng);
	__u32 offset;
	struct iommu_test_cmd cmd = {
		.op = IOMMU_TEST_OP_ACCESS_PAGES,
		.id = any_id(world, rng, KIND_ACCESS),
		.access_pages = {
			/* Without it, the mock warns about bad arguments */
			.flags = MOCK_FLAGS_ACCESS_SYZ | any_flags(rng, 1),
			.iova = any_mapping(rng, &offset),
			.length = any_length(rng, PAGE),
		},
	};

	/* Compared with what is mapped, unless it is NULL */
	switch (rng_below(rng, 4)) {
	case 0:
		cmd.access_pages.uptr = (uintptr_t)memory;
		break;
	case 1:
		cmd.access_pages.uptr = (uintptr_t)world->memory + offset;
		break;
	}
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
	__u32 offset;
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

	if (rng_one_in(rng, 2)) {
		cmd.access_rw.flags |= MOCK_FLAGS_ACCESS_SYZ;
		cmd.access_rw.iova = any_mapping(rng, &offset);
	}
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

/* A call of the prologue; @cmd gets what it returns */
static int mock_do(struct world *world, struct iommu_test_cmd *cmd)
{
	cmd->size = sizeof(*cmd);
	return ioctl(world->iommufd, IOMMU_TEST_CMD, cmd) ? -errno : 0;
}

static __u32 page_table(struct world *world, struct iommu_hwpt_alloc cmd)
{
	cmd.size = sizeof(cmd);
	cmd.dev_id = world->ids[KIND_MOCK_DEVICE][0];
	return ioctl(world->iommufd, IOMMU_HWPT_ALLOC, &cmd) ? 0 :
							       cmd.out_hwpt_id;
}

static int address_space(struct world *world, __u32 *ioas)
{
	int ret = ioas_alloc(world->iommufd, ioas);

	if (!ret)
		ret = ioas_map(world->iommufd, *ioas, world->memory,
			       MEMORY_LENGTH, RAM_IPA);
	return ret;
}

/* A mock device in an address space of its own, whose aperture is the mock's */
static int mock_device(struct world *world)
{
	struct iommu_test_cmd cmd = { .op = IOMMU_TEST_OP_MOCK_DOMAIN };
	int ret;

	ret = address_space(world, &world->ids[KIND_IOAS][MOCK_SLOT]);
	cmd.id = world->ids[KIND_IOAS][MOCK_SLOT];
	if (!ret)
		ret = mock_do(world, &cmd);
	if (ret)
		return ret;
	world->ids[KIND_MOCK][0] = cmd.mock_domain.out_stdev_id;
	world->ids[KIND_MOCK_DEVICE][0] = cmd.mock_domain.out_idev_id;
	world->ids[KIND_HWPT][MOCK_SLOT] = cmd.mock_domain.out_hwpt_id;
	return 0;
}

/* An in-kernel user that has pinned the first pages */
static void pin_pages(struct world *world)
{
	struct iommu_test_cmd create = {
		.op = IOMMU_TEST_OP_CREATE_ACCESS,
		.id = world->ids[KIND_IOAS][MOCK_SLOT],
		.create_access = {
			.flags = MOCK_FLAGS_ACCESS_CREATE_NEEDS_PIN_PAGES,
		},
	};
	unsigned int i;

	if (mock_do(world, &create))
		return;
	world->ids[KIND_ACCESS][0] = create.create_access.out_access_fd;
	for (i = 0; i < PINNED; i++) {
		struct iommu_test_cmd pin = {
			.op = IOMMU_TEST_OP_ACCESS_PAGES,
			.id = create.create_access.out_access_fd,
			.access_pages = {
				.iova = RAM_IPA + i * PAGE,
				.length = PAGE,
			},
		};

		mock_do(world, &pin);
	}
}

/* A guest with the mock device, which uses its page table */
static int nest_mock(struct world *world)
{
	__u32 device = world->ids[KIND_MOCK_DEVICE][0];
	__u32 *viommu = &world->ids[KIND_VIOMMU][MOCK_SLOT];
	struct iommu_hwpt_selftest config = {
		.iotlb = IOMMU_TEST_IOTLB_DEFAULT,
	};
	struct iommu_hwpt_alloc nested = {
		.flags = IOMMU_HWPT_FAULT_ID_VALID,
		.data_type = IOMMU_HWPT_DATA_SELFTEST,
		.data_len = sizeof(config),
		.data_uptr = (uintptr_t)&config,
	};
	struct iommu_test_cmd replace = {
		.op = IOMMU_TEST_OP_MOCK_DOMAIN_REPLACE,
		.id = world->ids[KIND_MOCK][0],
	};
	int fd = world->iommufd;

	nest_parent_alloc(fd, device, world->ids[KIND_IOAS][MOCK_SLOT],
			  &world->ids[KIND_PARENT][MOCK_SLOT]);
	viommu_alloc_type(fd, IOMMU_VIOMMU_TYPE_SELFTEST, device,
			  world->ids[KIND_PARENT][MOCK_SLOT], viommu);
	vdevice_alloc(fd, *viommu, device, MOCK_SID,
		      &world->ids[KIND_VDEVICE][MOCK_SLOT]);
	veventq_alloc_type(fd, IOMMU_VEVENTQ_TYPE_SELFTEST, *viommu, FAULTS,
			   &world->ids[KIND_VEVENTQ][MOCK_SLOT],
			   &world->queues[MOCK_EVENT_QUEUE]);
	faults_alloc(fd, &world->ids[KIND_FAULT][0],
		     &world->queues[MOCK_FAULT_QUEUE]);
	fcntl(world->queues[MOCK_FAULT_QUEUE], F_SETFL, O_NONBLOCK);
	nested.pt_id = *viommu;
	nested.fault_id = world->ids[KIND_FAULT][0];
	replace.mock_domain_replace.pt_id = page_table(world, nested);
	world->ids[KIND_NESTED][MOCK_SLOT] = replace.mock_domain_replace.pt_id;
	return mock_do(world, &replace);
}

/* Events, and faults, of which the first ones have been read and wait for an answer */
static void raise_faults(struct world *world)
{
	__u32 device = world->ids[KIND_MOCK_DEVICE][0];
	struct iommu_hwpt_pgfault fault;
	unsigned int i;

	for (i = 0; i < 2 * FAULTS; i++) {
		struct iommu_test_cmd event = {
			.op = IOMMU_TEST_OP_TRIGGER_VEVENT,
			.trigger_vevent = { .dev_id = device },
		};
		struct iommu_test_cmd page = {
			.op = IOMMU_TEST_OP_TRIGGER_IOPF,
			.trigger_iopf = { .dev_id = device, .grpid = i },
		};

		mock_do(world, &event);
		mock_do(world, &page);
		if (i < FAULTS && read(world->queues[MOCK_FAULT_QUEUE], &fault,
				       sizeof(fault)) < 0)
			return;
	}
}

/*
 * The mock also warns if something is unmapped while it sets what is dirty. So other
 * threads must not know the address space.
 */
static void track_dirty(struct world *world, bool alone)
{
	struct iommu_hwpt_alloc cmd = {
		.flags = IOMMU_HWPT_ALLOC_DIRTY_TRACKING,
		.pt_id = world->ids[KIND_IOAS][MOCK_SLOT],
	};
	struct iommu_hwpt_set_dirty_tracking track = {
		.size = sizeof(track),
		.flags = IOMMU_HWPT_DIRTY_TRACKING_ENABLE,
	};

	if (!alone && address_space(world, &cmd.pt_id))
		return;
	track.hwpt_id = page_table(world, cmd);
	world->ids[KIND_DIRTY][0] = track.hwpt_id;
	ioctl(world->iommufd, IOMMU_HWPT_SET_DIRTY_TRACKING, &track);
}

/* All that the mock's operations need */
void mock_prologue(struct world *world, bool alone)
{
	if (mock_device(world))
		return;
	pin_pages(world);
	if (!nest_mock(world))
		raise_faults(world);
	track_dirty(world, alone);
}
