// SPDX-License-Identifier: GPL-2.0
/*
 * Devices of all kinds in one IOAS, with 19 vectors that share a doorbell: two edu with
 * plain MSI, an igb, an NVMe controller, and two virtual functions of another igb. The
 * doorbell is relocated while they work, have memory decoding off, sleep, or have been
 * reset.
 *
 * VFIO_NVME and VFIO_IGB_VFS="0000:00:16.0 0000:00:16.2" name devices, in addition to
 * VFIO_EDU and VFIO_IGB.
 */
#include "setup.h"

#define VFS 2
#define VF_VECTORS 3
#define VECTORS (2 + IGB_VECTORS + 1 + VFS * VF_VECTORS)
#define MOVES 60
/* One relocation in this many is by a map of the whole window */
#define FAR_MOVE 8
#define DISTURBED_MOVES 4

struct all {
	struct setup s;
	struct edu second;
	struct igb igb;
	struct nvme nvme;
	struct igb vf[VFS];
	unsigned int moves;
};

/* The @nth virtual function's name, or NULL */
static const char *vf_name(unsigned int nth)
{
	static char names[VFS][16];
	const char *list = getenv("VFIO_IGB_VFS");

	if (!list || sscanf(list, "%15s %15s", names[0], names[1]) != VFS)
		return NULL;
	return names[nth];
}

/* Why the tests are skipped, or NULL */
static const char *missing(void)
{
	if (!edu_name(1))
		return "VFIO_EDU does not name two edu devices";
	if (!igb_name())
		return "VFIO_IGB does not name an igb device";
	if (!vf_name(1))
		return "VFIO_IGB_VFS does not name two virtual functions";
	if (!getenv("VFIO_NVME"))
		return "VFIO_NVME does not name an NVMe controller";
	return NULL;
}

static void open_vf(struct __test_metadata *_metadata, struct setup *s,
		    struct igb *vf, const char *bdf)
{
	ASSERT_EQ(0, igb_open(vf, bdf, s->iommufd));
	ASSERT_EQ(0, device_attach(&vf->dev, s->ioas));
	ASSERT_EQ(0, igb_enable_interrupts(vf, VF_VECTORS));
}

static void open_all(struct __test_metadata *_metadata, struct all *self)
{
	struct setup *s = &self->s;
	unsigned int i;

	setup_attached(_metadata, s);
	ASSERT_EQ(0, edu_open(&self->second, edu_name(1), s->iommufd));
	ASSERT_EQ(0, igb_open(&self->igb, igb_name(), s->iommufd));
	ASSERT_EQ(0, nvme_open(&self->nvme, getenv("VFIO_NVME"), s->iommufd));
	ASSERT_EQ(0, device_attach(&self->second.dev, s->ioas));
	ASSERT_EQ(0, device_attach(&self->igb.dev, s->ioas));
	ASSERT_EQ(0, device_attach(&self->nvme.dev, s->ioas));
	ASSERT_EQ(0, edu_enable_interrupt(&s->edu));
	ASSERT_EQ(0, edu_enable_interrupt(&self->second));
	ASSERT_EQ(0, igb_enable_interrupts(&self->igb, IGB_VECTORS));
	ASSERT_EQ(0, nvme_enable_interrupt(&self->nvme));
	ASSERT_EQ(0, nvme_start(&self->nvme, &s->memory));
	for (i = 0; i < VFS; i++)
		open_vf(_metadata, s, &self->vf[i], vf_name(i));
}

static void close_all(struct all *self)
{
	unsigned int i;

	/* How often a doorbell in use was relocated, for the report */
	printf("# moves count=%u\n", self->moves);
	for (i = 0; i < VFS; i++)
		igb_close(&self->vf[i]);
	nvme_close(&self->nvme);
	igb_close(&self->igb);
	edu_close(&self->second);
	setup_close(&self->s);
}

/* Every vector sends one interrupt, and it arrives once */
static void expect_all(struct __test_metadata *_metadata, struct all *self)
{
	unsigned int i;

	EXPECT_EQ(VECTORS, the_doorbell(_metadata, &self->s.edu).vectors);
	EXPECT_EQ(1, edu_interrupts(&self->s.edu, 1));
	EXPECT_EQ(1, edu_interrupts(&self->second, 1));
	EXPECT_EQ(IGB_VECTORS, igb_interrupts(&self->igb));
	EXPECT_EQ(0, nvme_handshake(&self->nvme));
	for (i = 0; i < VFS; i++)
		EXPECT_EQ(VF_VECTORS, igb_interrupts(&self->vf[i]));
}

/* Map over the doorbell, a page or @all of the window, and unmap again */
static void move_doorbell(struct __test_metadata *_metadata, struct all *self,
			  bool all)
{
	struct setup *s = &self->s;
	__u64 iova = the_doorbell(_metadata, &s->edu).iova;
	__u64 length = PAGE, now;

	if (all && iova < MSI_WINDOW_IOVA + MSI_WINDOW_LENGTH) {
		iova = MSI_WINDOW_IOVA;
		length = MSI_WINDOW_LENGTH;
	}
	ASSERT_EQ(0, setup_map_at(s, length, iova));
	now = the_doorbell(_metadata, &s->edu).iova;
	EXPECT_TRUE(now < iova || now >= iova + length);
	ASSERT_EQ(0, setup_unmap(s, iova, length));
	self->moves++;
}

FIXTURE(devices)
{
	struct all all;
};

FIXTURE_SETUP(devices)
{
	if (missing())
		SKIP(return, "%s", missing());
	open_all(_metadata, &self->all);
}

FIXTURE_TEARDOWN(devices)
{
	close_all(&self->all);
}

TEST_F(devices, of_all_kinds_share_a_doorbell_that_moves)
{
	struct all *all = &self->all;
	unsigned int move;

	expect_all(_metadata, all);
	for (move = 0; move < MOVES; move++) {
		move_doorbell(_metadata, all, move % FAR_MOVE == FAR_MOVE - 1);
		expect_all(_metadata, all);
	}
	expect_dma(_metadata, &all->second, &all->s.memory);
}

/* What is done to a virtual function and the controller before and after a relocation */
FIXTURE(disturbed)
{
	struct all all;
};

struct disturbance {
	int (*begin)(struct device *dev);
	int (*end)(struct device *dev);
};

FIXTURE_VARIANT(disturbed)
{
	struct disturbance disturbance;
};

static int nothing(struct device *dev)
{
	return 0;
}

static int decode_off(struct device *dev)
{
	return device_memory_decode(dev, false);
}

static int decode_on(struct device *dev)
{
	return device_memory_decode(dev, true);
}

/* A virtual function may have no power management capability */
static int sleep_deep(struct device *dev)
{
	int ret = device_power_state(dev, 3);

	return ret == -ENODEV ? 0 : ret;
}

static int wake_up(struct device *dev)
{
	int ret = device_power_state(dev, 0);

	return ret == -ENODEV ? 0 : ret;
}

/* clang-format off */
FIXTURE_VARIANT_ADD(disturbed, by_memory_decoding_off)
{
	.disturbance = { decode_off, decode_on },
};

FIXTURE_VARIANT_ADD(disturbed, by_d3)
{
	.disturbance = { sleep_deep, wake_up },
};

FIXTURE_VARIANT_ADD(disturbed, by_a_reset_before)
{
	.disturbance = { device_reset, nothing },
};

FIXTURE_VARIANT_ADD(disturbed, by_a_reset_afterwards)
{
	.disturbance = { nothing, device_reset },
};

/* clang-format on */

FIXTURE_SETUP(disturbed)
{
	if (missing())
		SKIP(return, "%s", missing());
	open_all(_metadata, &self->all);
}

FIXTURE_TEARDOWN(disturbed)
{
	close_all(&self->all);
}

TEST_F(disturbed, functions_find_their_relocated_doorbell)
{
	struct all *all = &self->all;
	unsigned int move;

	for (move = 0; move < DISTURBED_MOVES; move++) {
		ASSERT_EQ(0, variant->disturbance.begin(&all->vf[0].dev));
		ASSERT_EQ(0, variant->disturbance.begin(&all->nvme.dev));
		move_doorbell(_metadata, all, false);
		ASSERT_EQ(0, variant->disturbance.end(&all->vf[0].dev));
		ASSERT_EQ(0, variant->disturbance.end(&all->nvme.dev));
		/* What a reset or a power state lost is set up again */
		ASSERT_EQ(0, nvme_start(&all->nvme, &all->s.memory));
		igb_unmask(&all->vf[0]);
		expect_all(_metadata, all);
	}
}

TEST_HARNESS_MAIN
