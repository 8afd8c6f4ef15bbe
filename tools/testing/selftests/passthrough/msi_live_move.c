// SPDX-License-Identifier: GPL-2.0
/*
 * The user maps over a doorbell in use, and the kernel relocates the doorbell. No
 * interrupt is lost, and after the map has returned none is sent to the old IOVA, which
 * is the user's memory. Meanwhile the devices work, are masked, asleep or being reset,
 * or have their vectors disabled and enabled.
 */
#include "setup.h"
#include "worker.h"

/* Relocations per test: for a lone vector, for many, with slow actions between */
#define LONE_MOVES 600
#define MOVES 200
#define SLOW_MOVES 12
/* One relocation in this many is by a map of the whole window */
#define FAR_MOVE 16
#define TIMEOUT 600

/* How often a doorbell in use was relocated, for the report */
static void tell_moves(unsigned int count)
{
	printf("# moves count=%u\n", count);
}

/* Map over the doorbell of @dev, @all of the window or a page; unmap again */
static __u64 move_doorbell(struct __test_metadata *_metadata, struct setup *s,
			   const struct device *dev, bool all)
{
	struct iommu_msi_doorbell before, after;
	__u64 length = PAGE;

	before = doorbell_of(_metadata, dev);
	if (all && before.iova < MSI_WINDOW_IOVA + MSI_WINDOW_LENGTH)
		length = MSI_WINDOW_LENGTH;
	if (length != PAGE)
		before.iova = MSI_WINDOW_IOVA;
	EXPECT_EQ(0, ioas_map(s->iommufd, s->ioas, s->memory.va, length,
			      before.iova));
	after = doorbell_of(_metadata, dev);
	EXPECT_TRUE(after.iova < before.iova ||
		    after.iova >= before.iova + length);
	EXPECT_EQ(0, ioas_unmap(s->iommufd, s->ioas, before.iova, length));
	return after.iova;
}

/* Ways to map over a doorbell */
FIXTURE(map)
{
	struct setup s;
};

FIXTURE_VARIANT(map)
{
	__s64 offset; /* from the start of the window, where the doorbell is */
	__u64 length;
	bool copy;
};

/* clang-format off */
FIXTURE_VARIANT_ADD(map, of_its_page)
{
	.length = PAGE,
};

FIXTURE_VARIANT_ADD(map, of_pages_around_it)
{
	.offset = -(__s64)PAGE,
	.length = 3 * PAGE,
};

FIXTURE_VARIANT_ADD(map, of_all_the_window)
{
	.length = MSI_WINDOW_LENGTH,
};

FIXTURE_VARIANT_ADD(map, by_a_copy_of_another)
{
	.length = MSI_WINDOW_LENGTH,
	.copy = true,
};

/* clang-format on */

FIXTURE_SETUP(map)
{
	if (!edu_name(0))
		SKIP(return, "VFIO_EDU names no edu device");
	setup_attached(_metadata, &self->s);
	ASSERT_EQ(0, edu_enable_interrupt(&self->s.edu));
}

FIXTURE_TEARDOWN(map)
{
	setup_close(&self->s);
}

static int do_map(struct setup *s, const FIXTURE_VARIANT(map) * variant)
{
	__u64 iova = MSI_WINDOW_IOVA + variant->offset;

	if (variant->copy)
		return ioas_copy(s->iommufd, s->ioas, s->memory.iova,
				 variant->length, iova);
	return ioas_map(s->iommufd, s->ioas, s->memory.va, variant->length,
			iova);
}

/* The device reads and writes the user's page @va at @iova */
static void expect_users(struct __test_metadata *_metadata, struct setup *s,
			 __u64 iova, unsigned char *va)
{
	__u64 offset = s->memory.length / 2;
	unsigned char *other = s->memory.va + offset;

	memset(va, 0xa5, PAGE);
	memset(other, 0, PAGE);
	EXPECT_EQ(0, edu_read_memory(&s->edu, iova, PAGE));
	EXPECT_EQ(0, edu_write_memory(&s->edu, s->memory.iova + offset, PAGE));
	EXPECT_EQ(0, memcmp(va, other, PAGE));
	memset(va, 0, PAGE);
	EXPECT_EQ(0, edu_write_memory(&s->edu, iova, PAGE));
	EXPECT_EQ(0, memcmp(va, other, PAGE));
	/* and no message is written there */
	expect_interrupts(_metadata, &s->edu, INTERRUPTS);
	EXPECT_EQ(0, memcmp(va, other, PAGE));
}

TEST_F(map, over_a_live_doorbell_relocates_it_and_gets_its_iova)
{
	struct setup *s = &self->s;
	struct iommu_msi_doorbell before, after;

	before = the_doorbell(_metadata, &s->edu);
	ASSERT_EQ(MSI_WINDOW_IOVA, before.iova);
	expect_interrupts(_metadata, &s->edu, INTERRUPTS);
	ASSERT_EQ(0, do_map(s, variant));

	after = the_doorbell(_metadata, &s->edu);
	EXPECT_TRUE(after.iova < before.iova ||
		    after.iova >= MSI_WINDOW_IOVA + variant->offset +
					  variant->length);
	EXPECT_EQ(before.length, after.length);
	EXPECT_EQ(1, after.vectors);
	EXPECT_EQ(IOMMU_MSI_DOORBELL_MAPPED, after.flags);
	EXPECT_EQ(IOMMU_MSI_PLACEMENT_AUTO, after.placement);
	expect_interrupts(_metadata, &s->edu, INTERRUPTS);
	expect_users(_metadata, s, before.iova, s->memory.va - variant->offset);
	tell_moves(1);
}

TEST_F(map, over_a_live_doorbell_is_undone_by_unmap_and_moves_it_no_more)
{
	struct setup *s = &self->s;
	__u64 moved;

	ASSERT_EQ(0, do_map(s, variant));
	moved = the_doorbell(_metadata, &s->edu).iova;
	ASSERT_EQ(0, ioas_unmap(s->iommufd, s->ioas,
				MSI_WINDOW_IOVA + variant->offset,
				variant->length));
	EXPECT_EQ(moved, the_doorbell(_metadata, &s->edu).iova);
	expect_interrupts(_metadata, &s->edu, INTERRUPTS);
	ASSERT_EQ(0, do_map(s, variant));
	EXPECT_EQ(moved, the_doorbell(_metadata, &s->edu).iova);
	expect_interrupts(_metadata, &s->edu, INTERRUPTS);
	/* the next vector uses the new IOVA */
	ASSERT_EQ(0, edu_disable_interrupt(&s->edu));
	EXPECT_EQ(moved, the_doorbell(_metadata, &s->edu).iova);
	expect_working_vector(_metadata, &s->edu);
	tell_moves(1);
}

TEST_F(map, that_fails_for_a_reason_of_its_own_leaves_interrupts_working)
{
	__u64 iova = MSI_WINDOW_IOVA + variant->offset;
	struct setup *s = &self->s;
	struct mapping gone;

	ASSERT_EQ(0, memory_alloc(&gone, variant->length));
	memory_free(&gone);
	if (variant->copy) {
		/* It has no memory of its own: not all of what it copies is mapped */
		EXPECT_EQ(-ENOENT,
			  ioas_copy(s->iommufd, s->ioas, s->memory.iova + PAGE,
				    s->memory.length, iova));
	} else {
		EXPECT_EQ(-EFAULT, ioas_map(s->iommufd, s->ioas, gone.va,
					    variant->length, iova));
	}
	EXPECT_EQ(-ENOENT,
		  ioas_unmap(s->iommufd, s->ioas, iova, variant->length));
	EXPECT_EQ(1, the_doorbell(_metadata, &s->edu).vectors);
	expect_interrupts(_metadata, &s->edu, INTERRUPTS);
	expect_dma(_metadata, &s->edu, &s->memory);
}

#define MAX_WORKERS 3

/* Relocate the doorbell that the workers share; each raises an interrupt in between */
static void move_under(struct __test_metadata *_metadata, struct setup *s,
		       const struct device *dev, struct worker *workers,
		       unsigned int count, unsigned int moves)
{
	unsigned int i, move, raised[MAX_WORKERS];
	int ret = 0;
	__u64 iova;

	worker_precede();
	for (move = 0; move < moves && !ret; move++) {
		for (i = 0; i < count; i++)
			series_move_begin(&workers[i].series);
		iova = move_doorbell(_metadata, s, dev,
				     move % FAR_MOVE == FAR_MOVE - 1);
		for (i = 0; i < count; i++)
			raised[i] = series_move_end(&workers[i].series, iova);
		for (i = 0; i < count && !ret; i++)
			ret = worker_wait(&workers[i], raised[i]);
	}
	EXPECT_EQ(0, ret);
	EXPECT_EQ(moves, move);
	tell_moves(move);
}

/* Two edu and an igb, with 12 vectors that share a doorbell */
FIXTURE(devices)
{
	struct setup s;
	struct edu second;
	struct igb igb;
};

FIXTURE_SETUP(devices)
{
	struct setup *s = &self->s;

	if (!edu_name(1))
		SKIP(return, "VFIO_EDU does not name two edu devices");
	if (!igb_name())
		SKIP(return, NO_IGB);
	setup_attached(_metadata, s);
	ASSERT_EQ(0, edu_open(&self->second, edu_name(1), s->iommufd));
	ASSERT_EQ(0, igb_open(&self->igb, igb_name(), s->iommufd));
	ASSERT_EQ(0, device_attach(&self->second.dev, s->ioas));
	ASSERT_EQ(0, device_attach(&self->igb.dev, s->ioas));
	ASSERT_EQ(0, edu_enable_interrupt(&s->edu));
	ASSERT_EQ(0, edu_enable_interrupt(&self->second));
	ASSERT_EQ(0, igb_enable_interrupts(&self->igb, IGB_VECTORS));
}

FIXTURE_TEARDOWN(devices)
{
	igb_close(&self->igb);
	edu_close(&self->second);
	setup_close(&self->s);
}

static void expect_all_vectors(struct __test_metadata *_metadata,
			       FIXTURE_DATA(devices) * self)
{
	EXPECT_EQ(IGB_VECTORS + 2,
		  the_doorbell(_metadata, &self->s.edu).vectors);
	EXPECT_EQ(1, edu_interrupts(&self->s.edu, 1));
	EXPECT_EQ(1, edu_interrupts(&self->second, 1));
	EXPECT_EQ(IGB_VECTORS, igb_interrupts(&self->igb));
}

TEST_F_TIMEOUT(devices, answer_each_request_between_moves, TIMEOUT)
{
	struct setup *s = &self->s;
	unsigned int move;

	expect_all_vectors(_metadata, self);
	for (move = 0; move < 4 * FAR_MOVE; move++) {
		move_doorbell(_metadata, s, &s->edu.dev,
			      move % FAR_MOVE == FAR_MOVE - 1);
		expect_all_vectors(_metadata, self);
	}
	tell_moves(move);
}

static void set_workers(FIXTURE_DATA(devices) * self, struct worker *workers)
{
	workers[0] = (struct worker){ .step = edu_ring, .edu = &self->s.edu };
	workers[1] = (struct worker){ .step = edu_ring, .edu = &self->second };
	workers[2] = (struct worker){ .step = igb_ring, .igb = &self->igb };
}

static void run_workers(struct __test_metadata *_metadata,
			FIXTURE_DATA(devices) * self, struct worker *workers,
			unsigned int moves)
{
	const struct device *devices[] = { &self->s.edu.dev, &self->second.dev,
					   &self->igb.dev };
	__u64 iova = the_doorbell(_metadata, &self->s.edu).iova;
	unsigned int i;

	for (i = 0; i < MAX_WORKERS; i++)
		worker_start(_metadata, &workers[i], devices[i], iova);
	move_under(_metadata, &self->s, &self->igb.dev, workers, MAX_WORKERS,
		   moves);
	for (i = 0; i < MAX_WORKERS; i++)
		worker_stop(_metadata, &workers[i]);
}

TEST_F_TIMEOUT(devices, answer_each_request_while_another_thread_moves, TIMEOUT)
{
	struct worker workers[MAX_WORKERS];

	set_workers(self, workers);
	run_workers(_metadata, self, workers, MOVES);
	expect_all_vectors(_metadata, self);
}

/* Free the device's last vector, and allocate the first one */
static int edu_step_vector(struct worker *w)
{
	int ret;

	ret = edu_disable_interrupt(w->edu);
	if (!ret)
		ret = edu_enable_interrupt(w->edu);
	if (!ret)
		ret = edu_ring(w);
	return ret;
}

TEST_F_TIMEOUT(devices, whose_vectors_come_and_go_lose_no_interrupt, TIMEOUT)
{
	struct worker workers[MAX_WORKERS];

	set_workers(self, workers);
	workers[0].step = edu_step_vector;
	workers[1].step = edu_step_vector;
	run_workers(_metadata, self, workers, MOVES);
	expect_all_vectors(_metadata, self);
}

static int edu_step_reopen(struct worker *w)
{
	int ret, iommufd = w->edu->dev.iommufd;
	const char *bdf = w->edu->dev.bdf;
	const __u32 *ioas = w->context;

	/* with its vector enabled */
	edu_close(w->edu);
	ret = edu_open(w->edu, bdf, iommufd);
	if (!ret)
		ret = device_attach(&w->edu->dev, *ioas);
	if (!ret)
		ret = edu_enable_interrupt(w->edu);
	if (!ret)
		ret = edu_ring(w);
	return ret;
}

TEST_F_TIMEOUT(devices, that_come_and_go_leave_the_others_working, TIMEOUT)
{
	struct worker workers[MAX_WORKERS];

	set_workers(self, workers);
	workers[0].step = edu_step_reopen;
	workers[0].context = &self->s.ioas;
	run_workers(_metadata, self, workers, 4 * SLOW_MOVES);
	expect_all_vectors(_metadata, self);
}

static int edu_step_page_table(struct worker *w)
{
	const __u32 *hwpts = w->context;
	int ret;

	ret = device_attach(&w->edu->dev, hwpts[w->series.raised % 2]);
	if (!ret)
		ret = edu_ring(w);
	return ret;
}

TEST_F_TIMEOUT(devices, that_change_page_tables_lose_no_interrupt, TIMEOUT)
{
	struct setup *s = &self->s;
	struct worker workers[MAX_WORKERS];
	__u32 hwpts[2];
	unsigned int i;

	set_workers(self, workers);
	workers[0].step = edu_step_page_table;
	workers[0].context = hwpts;
	for (i = 0; i < 2; i++)
		ASSERT_EQ(0, hwpt_alloc(s->iommufd, s->edu.dev.id, s->ioas,
					&hwpts[i]));
	run_workers(_metadata, self, workers, MOVES / 2);
	expect_all_vectors(_metadata, self);
}

/* The only vector of a doorbell, which is unmapped without it */
FIXTURE(lone_vector)
{
	struct setup s;
};

FIXTURE_SETUP(lone_vector)
{
	if (!edu_name(0))
		SKIP(return, "VFIO_EDU names no edu device");
	setup_attached(_metadata, &self->s);
	ASSERT_EQ(0, edu_enable_interrupt(&self->s.edu));
}

FIXTURE_TEARDOWN(lone_vector)
{
	setup_close(&self->s);
}

static void move_lone(struct __test_metadata *_metadata, struct setup *s,
		      int (*step)(struct worker *worker))
{
	struct worker w = { .step = step, .edu = &s->edu };

	worker_start(_metadata, &w, &s->edu.dev,
		     the_doorbell(_metadata, &s->edu).iova);
	move_under(_metadata, s, &s->edu.dev, &w, 1, LONE_MOVES);
	worker_stop(_metadata, &w);
}

TEST_F_TIMEOUT(lone_vector, that_is_moved_loses_no_interrupt, TIMEOUT)
{
	struct setup *s = &self->s;

	move_lone(_metadata, s, edu_ring);
	expect_interrupts(_metadata, &s->edu, INTERRUPTS);
	EXPECT_EQ(1, the_doorbell(_metadata, &s->edu).vectors);
}

TEST_F_TIMEOUT(lone_vector, that_comes_and_goes_loses_no_interrupt, TIMEOUT)
{
	struct setup *s = &self->s;

	move_lone(_metadata, s, edu_step_vector);
	ASSERT_EQ(0, edu_disable_interrupt(&s->edu));
	EXPECT_EQ(0, the_doorbell(_metadata, &s->edu).vectors);
	EXPECT_EQ(0, the_doorbell(_metadata, &s->edu).flags);
}

/*
 * What a user may do to a device while its doorbell is relocated. No interrupt is
 * raised between @begin and @end.
 */
struct disturbance {
	int (*begin)(struct igb *igb);
	int (*end)(struct igb *igb);
};

FIXTURE(igb)
{
	struct setup s;
	struct igb igb;
};

FIXTURE_VARIANT(igb)
{
	struct disturbance disturbance;
	unsigned int moves;
};

static int memory_decode_off(struct igb *igb)
{
	return device_memory_decode(&igb->dev, false);
}

static int memory_decode_on(struct igb *igb)
{
	return device_memory_decode(&igb->dev, true);
}

static int mask_device(struct igb *igb)
{
	igb_mask(igb);
	return 0;
}

static int unmask_device(struct igb *igb)
{
	igb_unmask(igb);
	return 0;
}

static int mask_table(struct igb *igb)
{
	igb_mask_entries(igb, true);
	return 0;
}

static int unmask_table(struct igb *igb)
{
	igb_mask_entries(igb, false);
	return 0;
}

static int enter_d3hot(struct igb *igb)
{
	return device_power_state(&igb->dev, 3);
}

static int enter_d0(struct igb *igb)
{
	int ret = device_power_state(&igb->dev, 0);

	if (!ret)
		igb_unmask(igb);
	return ret;
}

/* ... and wait until the device is suspended */
static int allow_low_power(struct igb *igb)
{
	const struct timespec nap = { .tv_nsec = 1000000 };
	int naps, ret = device_low_power(&igb->dev, true);

	for (naps = 0; !ret && naps < 5000; naps++) {
		ret = sysfs_is_suspended(igb->dev.bdf);
		if (ret)
			return ret < 0 ? ret : 0;
		nanosleep(&nap, NULL);
	}
	return ret ? ret : -ETIMEDOUT;
}

static int forbid_low_power(struct igb *igb)
{
	int ret = device_low_power(&igb->dev, false);

	if (!ret)
		igb_unmask(igb);
	return ret;
}

static int reset(struct igb *igb)
{
	return device_reset(&igb->dev);
}

static int disable_vectors(struct igb *igb)
{
	return igb_disable_interrupts(igb);
}

static int enable_vectors(struct igb *igb)
{
	return igb_enable_interrupts(igb, IGB_VECTORS);
}

/* clang-format off */
FIXTURE_VARIANT_ADD(igb, with_memory_decode_off)
{
	.disturbance = { memory_decode_off, memory_decode_on },
	.moves = MOVES / 4,
};

FIXTURE_VARIANT_ADD(igb, masked_by_the_device)
{
	.disturbance = { mask_device, unmask_device },
	.moves = MOVES / 4,
};

FIXTURE_VARIANT_ADD(igb, masked_in_the_table)
{
	.disturbance = { mask_table, unmask_table },
	.moves = MOVES / 4,
};

FIXTURE_VARIANT_ADD(igb, in_d3hot)
{
	.disturbance = { enter_d3hot, enter_d0 },
	.moves = SLOW_MOVES,
};

FIXTURE_VARIANT_ADD(igb, in_low_power)
{
	.disturbance = { allow_low_power, forbid_low_power },
	.moves = SLOW_MOVES,
};

FIXTURE_VARIANT_ADD(igb, that_is_reset)
{
	.disturbance = { reset, unmask_device },
	.moves = SLOW_MOVES,
};

FIXTURE_VARIANT_ADD(igb, with_vectors_off)
{
	.disturbance = { disable_vectors, enable_vectors },
	.moves = SLOW_MOVES,
};

/* clang-format on */

FIXTURE_SETUP(igb)
{
	struct setup *s = &self->s;

	if (!edu_name(0))
		SKIP(return, "VFIO_EDU names no edu device");
	if (!igb_name())
		SKIP(return, NO_IGB);
	setup_open(_metadata, s);
	ASSERT_EQ(0, igb_open(&self->igb, igb_name(), s->iommufd));
	if (variant->disturbance.begin == allow_low_power &&
	    sysfs_is_suspended(self->igb.dev.bdf) < 0)
		SKIP(return, "the kernel has no runtime power management");
	setup_map(_metadata, s);
	ASSERT_EQ(0, device_attach(&self->igb.dev, s->ioas));
	ASSERT_EQ(0, igb_enable_interrupts(&self->igb, IGB_VECTORS));
}

FIXTURE_TEARDOWN(igb)
{
	igb_close(&self->igb);
	setup_close(&self->s);
}

TEST_F_TIMEOUT(igb, sends_its_interrupts_to_the_new_place_afterwards, TIMEOUT)
{
	const struct disturbance *disturbance = &variant->disturbance;
	struct igb *igb = &self->igb;
	unsigned int round;

	EXPECT_EQ(IGB_VECTORS, igb_interrupts(igb));
	for (round = 0; round < 3; round++) {
		ASSERT_EQ(0, disturbance->begin(igb));
		move_doorbell(_metadata, &self->s, &igb->dev, round == 2);
		ASSERT_EQ(0, disturbance->end(igb));
		EXPECT_EQ(IGB_VECTORS, igb_interrupts(igb));
		move_doorbell(_metadata, &self->s, &igb->dev, false);
		EXPECT_EQ(IGB_VECTORS, igb_interrupts(igb));
		/* The device keeps the new message across the disturbance */
		ASSERT_EQ(0, disturbance->begin(igb));
		ASSERT_EQ(0, disturbance->end(igb));
		EXPECT_EQ(IGB_VECTORS, igb_interrupts(igb));
	}
	tell_moves(2 * round);
}

static int igb_step_disturbed(struct worker *w)
{
	const struct disturbance *disturbance = w->context;
	int ret;

	ret = disturbance->begin(w->igb);
	if (!ret)
		ret = disturbance->end(w->igb);
	if (!ret)
		ret = igb_ring(w);
	return ret;
}

TEST_F_TIMEOUT(igb, loses_no_interrupt_while_another_thread_moves, TIMEOUT)
{
	struct worker w = { .step = igb_step_disturbed,
			    .context = &variant->disturbance,
			    .igb = &self->igb };

	worker_start(_metadata, &w, &self->igb.dev,
		     doorbell_of(_metadata, &self->igb.dev).iova);
	move_under(_metadata, &self->s, &self->igb.dev, &w, 1, variant->moves);
	worker_stop(_metadata, &w);
	EXPECT_EQ(IGB_VECTORS, igb_interrupts(&self->igb));
}

/* Interrupts raised while masked are pending in the device */
FIXTURE(pending)
{
	struct setup s;
	struct igb igb;
};

FIXTURE_VARIANT(pending)
{
	struct disturbance disturbance;
};

/* clang-format off */
FIXTURE_VARIANT_ADD(pending, in_the_device)
{
	.disturbance = { mask_device, unmask_device },
};

FIXTURE_VARIANT_ADD(pending, in_the_table)
{
	.disturbance = { mask_table, unmask_table },
};

/* clang-format on */

FIXTURE_SETUP(pending)
{
	struct setup *s = &self->s;

	if (!edu_name(0))
		SKIP(return, "VFIO_EDU names no edu device");
	if (!igb_name())
		SKIP(return, NO_IGB);
	setup_open(_metadata, s);
	ASSERT_EQ(0, igb_open(&self->igb, igb_name(), s->iommufd));
	setup_map(_metadata, s);
	ASSERT_EQ(0, device_attach(&self->igb.dev, s->ioas));
	ASSERT_EQ(0, igb_enable_interrupts(&self->igb, IGB_VECTORS));
}

FIXTURE_TEARDOWN(pending)
{
	igb_close(&self->igb);
	setup_close(&self->s);
}

TEST_F(pending, interrupts_arrive_after_a_move_and_once)
{
	struct igb *igb = &self->igb;
	unsigned int vector, received = 0;

	ASSERT_EQ(0, variant->disturbance.begin(igb));
	for (vector = 0; vector < igb->vectors; vector++)
		igb_raise(igb, vector);
	move_doorbell(_metadata, &self->s, &igb->dev, false);
	ASSERT_EQ(0, variant->disturbance.end(igb));
	for (vector = 0; vector < igb->vectors; vector++)
		received += !device_wait_vector(igb->eventfds[vector]);
	journal_interrupts(&igb->dev, igb->vectors, received);
	EXPECT_EQ(igb->vectors, received);
	EXPECT_EQ(IGB_VECTORS, igb_interrupts(igb));
	tell_moves(1);
}

TEST_HARNESS_MAIN
