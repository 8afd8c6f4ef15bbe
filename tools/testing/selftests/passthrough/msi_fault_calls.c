// SPDX-License-Identifier: GPL-2.0
/*
 * Each allocation and copy of the calls that report and place doorbells is made to fail
 * in turn, on an IOAS, a container, and an iommufd used as one, with a vector in use
 * and without. A failed call changes nothing: neither the doorbells, the ranges and the
 * pinned pages, nor the number of vectors that can be allocated.
 */
#include "setup.h"

/* More than any call makes */
#define MAX_ALLOCATIONS 2000
#define PLACE_IOVA 0x20000000ULL
#define OTHER_PLACE_IOVA 0x28000000ULL

struct fault_calls {
	struct setup s;
	__u32 hwpt; /* a page table that no device has been attached to */
};

/* A call, its preparation, and its reversal; all return 0 on success */
struct call {
	int (*prepare)(struct fault_calls *self);
	int (*run)(struct fault_calls *self);
	int (*undo)(struct fault_calls *self);
	bool moves; /* relocates the doorbell, even if it then fails */
};

static int nothing(struct fault_calls *self)
{
	return 0;
}

static int place(struct setup *s, __u32 object, __u32 how, __u32 index,
		 __u64 iova, __u64 length)
{
	return msi_place(s->iommufd, object, how, index, iova, length);
}

static int place_fixed(struct fault_calls *self)
{
	struct setup *s = &self->s;

	if (s->backend != BACKEND_IOMMUFD)
		return container_map_msi(&s->container, 0, PLACE_IOVA, PAGE);
	return place(s, s->ioas, IOMMU_MSI_PLACEMENT_FIXED, 0, PLACE_IOVA, 0);
}

/* Back to the initial state: placed by the kernel, at the start of the window */
static int place_back(struct fault_calls *self)
{
	struct setup *s = &self->s;
	int ret;

	if (s->backend != BACKEND_IOMMUFD) {
		ret = container_map_msi(&s->container, 0, MSI_WINDOW_IOVA,
					PAGE);
		return ret ? ret : container_unmap_msi(&s->container, 0);
	}
	ret = place(s, s->ioas, IOMMU_MSI_PLACEMENT_FIXED, 0, MSI_WINDOW_IOVA,
		    0);
	return ret ? ret :
		     place(s, s->ioas, IOMMU_MSI_PLACEMENT_AUTO,
			   IOMMU_MSI_INDEX_ALL, 0, 0);
}

static int place_auto(struct fault_calls *self)
{
	struct setup *s = &self->s;

	if (s->backend != BACKEND_IOMMUFD)
		return container_unmap_msi(&s->container, 0);
	return place(s, s->ioas, IOMMU_MSI_PLACEMENT_AUTO, 0, 0, 0);
}

static int place_window(struct fault_calls *self)
{
	struct setup *s = &self->s;

	return place(s, s->ioas, IOMMU_MSI_PLACEMENT_WINDOW,
		     IOMMU_MSI_INDEX_ALL, PLACE_IOVA, MSI_WINDOW_LENGTH);
}

/* A doorbell that does not exist yet, whose index makes the list of requests grow */
#define ABSENT (IOMMU_MSI_MAX_DOORBELLS - 1)

static int place_absent(struct fault_calls *self)
{
	struct setup *s = &self->s;
	__u64 iova = OTHER_PLACE_IOVA;

	if (s->backend == BACKEND_IOMMUFD)
		return place(s, s->ioas, IOMMU_MSI_PLACEMENT_FIXED, ABSENT,
			     iova, 0);
	return container_map_msi(&s->container, ABSENT, iova, PAGE);
}

static int forget_absent(struct fault_calls *self)
{
	struct setup *s = &self->s;

	if (s->backend == BACKEND_IOMMUFD)
		return place(s, s->ioas, IOMMU_MSI_PLACEMENT_AUTO, ABSENT, 0,
			     0);
	return container_unmap_msi(&s->container, ABSENT);
}

static int new_page_table(struct fault_calls *self)
{
	struct setup *s = &self->s;

	return hwpt_alloc(s->iommufd, s->edu.dev.id, s->ioas, &self->hwpt);
}

static int destroy_page_table(struct fault_calls *self)
{
	return iommufd_destroy(self->s.iommufd, self->hwpt);
}

/* The first request creates an MSI space for the page table */
static int place_in_page_table(struct fault_calls *self)
{
	return place(&self->s, self->hwpt, IOMMU_MSI_PLACEMENT_FIXED, 0,
		     PLACE_IOVA, 0);
}

static int list_doorbells(struct fault_calls *self)
{
	struct setup *s = &self->s;
	struct doorbell_list list;
	int ret;

	if (s->backend == BACKEND_IOMMUFD)
		ret = msi_doorbells(s->iommufd, s->ioas, &list);
	else
		ret = container_doorbells(&s->container, &list);
	return !ret && list.count != 1 ? -EIO : ret;
}

static int ask_device(struct fault_calls *self)
{
	struct iommu_msi_device info = {};
	int ret = msi_device(self->s.iommufd, self->s.edu.dev.id, &info);

	return !ret && info.num_doorbells != 1 ? -EIO : ret;
}

static int map_over(struct fault_calls *self)
{
	return setup_map_at(&self->s, MSI_WINDOW_LENGTH, MSI_WINDOW_IOVA);
}

/* What is mapped elsewhere in the IOAS gets a second IOVA */
static int copy_over(struct fault_calls *self)
{
	struct setup *s = &self->s;

	return ioas_copy(s->iommufd, s->ioas, s->memory.iova, MSI_WINDOW_LENGTH,
			 MSI_WINDOW_IOVA);
}

static int unmap_back(struct fault_calls *self)
{
	int ret = setup_unmap(&self->s, MSI_WINDOW_IOVA, MSI_WINDOW_LENGTH);

	return ret ? ret : place_back(self);
}

FIXTURE(call)
{
	struct fault_calls c;
};

FIXTURE_VARIANT(call)
{
	enum backend backend;
	struct call call;
};

/* clang-format off */
FIXTURE_VARIANT_ADD(call, place_fixed)
{
	.call = { nothing, place_fixed, place_back },
};

FIXTURE_VARIANT_ADD(call, place_window)
{
	.call = { nothing, place_window, place_back },
};

FIXTURE_VARIANT_ADD(call, place_auto)
{
	.call = { place_fixed, place_auto, place_back },
};

FIXTURE_VARIANT_ADD(call, place_absent)
{
	.call = { nothing, place_absent, forget_absent },
};

FIXTURE_VARIANT_ADD(call, place_in_page_table)
{
	.call = { new_page_table, place_in_page_table, destroy_page_table },
};

FIXTURE_VARIANT_ADD(call, doorbells)
{
	.call = { nothing, list_doorbells, nothing },
};

FIXTURE_VARIANT_ADD(call, device)
{
	.call = { nothing, ask_device, nothing },
};

FIXTURE_VARIANT_ADD(call, map_over_a_doorbell)
{
	.call = { nothing, map_over, unmap_back, true },
};

FIXTURE_VARIANT_ADD(call, copy_over_a_doorbell)
{
	.call = { nothing, copy_over, unmap_back, true },
};

FIXTURE_VARIANT_ADD(call, map_msi_of_a_container)
{
	.backend = BACKEND_TYPE1,
	.call = { nothing, place_fixed, place_back },
};

FIXTURE_VARIANT_ADD(call, unmap_msi_of_a_container)
{
	.backend = BACKEND_TYPE1,
	.call = { place_fixed, place_auto, place_back },
};

FIXTURE_VARIANT_ADD(call, get_info_of_a_container)
{
	.backend = BACKEND_TYPE1,
	.call = { nothing, list_doorbells, nothing },
};

FIXTURE_VARIANT_ADD(call, map_over_a_doorbell_of_a_container)
{
	.backend = BACKEND_TYPE1,
	.call = { nothing, map_over, unmap_back, true },
};

FIXTURE_VARIANT_ADD(call, map_msi_of_a_compat_container)
{
	.backend = BACKEND_COMPAT,
	.call = { nothing, place_fixed, place_back },
};

FIXTURE_VARIANT_ADD(call, map_absent_msi_of_a_compat_container)
{
	.backend = BACKEND_COMPAT,
	.call = { nothing, place_absent, forget_absent },
};

FIXTURE_VARIANT_ADD(call, get_info_of_a_compat_container)
{
	.backend = BACKEND_COMPAT,
	.call = { nothing, list_doorbells, nothing },
};

/* clang-format on */

FIXTURE_SETUP(call)
{
	struct setup *s = &self->c.s;

	if (!edu_name(1))
		SKIP(return, "VFIO_EDU does not name two edu devices");
	if (faults_setup(NULL))
		SKIP(return, "no fault injection, see lib/faults.c");
	setup_open_backend(_metadata, s, variant->backend);
	setup_map(_metadata, s);
	setup_attach(_metadata, s);
}

FIXTURE_TEARDOWN(call)
{
	setup_close(&self->c.s);
}

/* What no failed call may change */
struct seen {
	struct iommu_msi_doorbell doorbell;
	struct range_list ranges;
	long pinned; /* and locked, in KiB */
};

static struct seen see(struct __test_metadata *_metadata, struct setup *s)
{
	struct seen seen;

	memset(&seen, 0, sizeof(seen));
	seen.doorbell = the_doorbell(_metadata, &s->edu);
	EXPECT_EQ(0, setup_ranges(s, &seen.ranges));
	seen.pinned = account_pinned();
	/* The memory that setup_map() mapped */
	EXPECT_LE((long)(MEMORY_LENGTH / 1024), seen.pinned);
	return seen;
}

static void expect_seen(struct __test_metadata *_metadata,
			struct fault_calls *self, const struct call *call,
			const struct seen *before)
{
	struct seen now = see(_metadata, &self->s);

	/* A map that fails after its doorbell was relocated leaves it at the new IOVA */
	if (call->moves && now.doorbell.iova != before->doorbell.iova) {
		ASSERT_EQ(0, place_back(self));
		now.doorbell.iova = before->doorbell.iova;
	}
	EXPECT_EQ(0, memcmp(&before->doorbell, &now.doorbell,
			    sizeof(now.doorbell)));
	EXPECT_EQ(before->ranges.count, now.ranges.count);
	EXPECT_EQ(0, memcmp(before->ranges.at, now.ranges.at,
			    now.ranges.count * sizeof(now.ranges.at[0])));
	EXPECT_EQ(before->pinned, now.pinned);
}

/* Make each allocation fail in turn: the call is refused, or does without */
static void sweep(struct __test_metadata *_metadata, struct fault_calls *self,
		  const struct call *call, bool live)
{
	unsigned int nth, refused = 0;
	struct seen before;
	bool failed = true;
	int fd, rc = 0;

	for (nth = 1; nth < MAX_ALLOCATIONS && failed; nth++) {
		ASSERT_EQ(0, call->prepare(self));
		before = see(_metadata, &self->s);
		fd = faults_begin(nth);
		ASSERT_LE(0, fd);
		rc = call->run(self);
		failed = faults_end(fd);
		refused += !!rc;
		if (rc)
			expect_seen(_metadata, self, call, &before);
		if (!rc || call->prepare != nothing)
			ASSERT_EQ(0, call->undo(self));
		if (live)
			EXPECT_EQ(1, edu_interrupts(&self->s.edu, 1));
	}
	EXPECT_EQ(0, rc);
	EXPECT_FALSE(failed);
	printf("# allocations failed=%u refused=%u\n", nth - 2, refused);
	/* A sweep in which nothing failed proves nothing */
	EXPECT_LT(0, refused);
}

TEST_F(call, out_of_memory_changes_nothing_and_loses_no_interrupt)
{
	struct setup *s = &self->c.s;

	ASSERT_EQ(0, edu_enable_interrupt(&s->edu));
	journal_doorbells(&s->edu.dev, "interrupts");
	sweep(_metadata, &self->c, &variant->call, true);
	expect_interrupts(_metadata, &s->edu, INTERRUPTS);
}

TEST_F(call, out_of_memory_without_a_vector_costs_none)
{
	struct setup *s = &self->c.s;

	sweep(_metadata, &self->c, &variant->call, false);
	/* the device has only one: if it had been lost, this would fail */
	expect_working_vector(_metadata, &s->edu);
}

/* Attach to an address space that has a placement request */
FIXTURE(attach)
{
	struct fault_calls c;
};

FIXTURE_VARIANT(attach)
{
	struct call attach;
	bool in_page_table;
};

/* clang-format off */
FIXTURE_VARIANT_ADD(attach, with_a_fixed_place)
{
	.attach = { .prepare = place_fixed },
};

FIXTURE_VARIANT_ADD(attach, with_a_window)
{
	.attach = { .prepare = place_window },
};

FIXTURE_VARIANT_ADD(attach, to_a_page_table_with_doorbells_of_its_own)
{
	.attach = { .prepare = place_in_page_table },
	.in_page_table = true,
};

/* clang-format on */

FIXTURE_SETUP(attach)
{
	struct setup *s = &self->c.s;

	if (!edu_name(0))
		SKIP(return, "VFIO_EDU names no edu device");
	if (faults_setup(NULL))
		SKIP(return, "no fault injection, see lib/faults.c");
	setup_open(_metadata, s);
	setup_map(_metadata, s);
	ASSERT_EQ(0, new_page_table(&self->c));
	ASSERT_EQ(0, variant->attach.prepare(&self->c));
}

FIXTURE_TEARDOWN(attach)
{
	setup_close(&self->c.s);
}

TEST_F(attach, out_of_memory_reserves_nothing)
{
	struct setup *s = &self->c.s;
	__u32 pt = variant->in_page_table ? self->c.hwpt : s->ioas;
	struct range_list before, now;
	struct doorbell_list list;
	bool failed = true;
	unsigned int nth;
	int fd, rc = 0;
	long pinned;

	ASSERT_EQ(0, ioas_ranges(s->iommufd, s->ioas, &before));
	pinned = account_pinned();
	for (nth = 1; nth < MAX_ALLOCATIONS && failed; nth++) {
		fd = faults_begin(nth);
		ASSERT_LE(0, fd);
		rc = device_attach(&s->edu.dev, pt);
		failed = faults_end(fd);
		if (!failed)
			break;
		if (!rc)
			ASSERT_EQ(0, device_detach(&s->edu.dev));
		ASSERT_EQ(0, msi_doorbells(s->iommufd, pt, &list));
		EXPECT_EQ(0, list.count);
		ASSERT_EQ(0, ioas_ranges(s->iommufd, s->ioas, &now));
		EXPECT_EQ(before.count, now.count);
		EXPECT_EQ(0, memcmp(before.at, now.at,
				    now.count * sizeof(now.at[0])));
		EXPECT_EQ(pinned, account_pinned());
	}
	ASSERT_EQ(0, rc);
	EXPECT_LT(1, nth);
	printf("# allocations failed=%u\n", nth - 1);
	EXPECT_EQ(PLACE_IOVA, the_doorbell(_metadata, &s->edu).iova);
	expect_working_vector(_metadata, &s->edu);
	expect_dma(_metadata, &s->edu, &s->memory);
}

TEST_HARNESS_MAIN
