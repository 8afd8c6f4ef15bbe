// SPDX-License-Identifier: GPL-2.0
/*
 * A group shared with a host driver: an edu device below a PCIe root port without ACS
 * is in one group with that port. The port's driver does no DMA, but has interrupts.
 * They arrive before, while and after the group is the user's, even if the driver is
 * bound or unbound meanwhile.
 *
 * VFIO_EDU_BELOW_PORT="0000:01:00.0" names the edu device. If function 1 of the same slot
 * exists, it is a device that no driver is bound to.
 */
#include <errno.h>

#include "worker.h"

/* Interrupts of the port raised to check that it works */
#define RINGS 20
/* How often the group goes to the user and back to the host */
#define ROUNDS 10
/* the same, while a thread waits for the port's interrupts */
#define SLOW_ROUNDS 4

static const char *lower_edu(void)
{
	return getenv("VFIO_EDU_BELOW_PORT");
}

/* Open the device, and attach its group to the address space */
static int attach(struct setup *s)
{
	int ret;

	if (s->backend != BACKEND_IOMMUFD)
		return edu_open_type1(&s->edu, lower_edu(), &s->container);
	ret = edu_open(&s->edu, lower_edu(), s->iommufd);
	if (ret)
		return ret;
	ret = device_attach(&s->edu.dev, s->ioas);
	if (ret)
		edu_close(&s->edu);
	return ret;
}

/*
 * The port, with its driver, and an address space with memory. The driver is bound
 * anew: a port that lost an interrupt in an earlier test would wait for it forever.
 */
static void shared_open(struct __test_metadata *_metadata, struct setup *s,
			struct port *port, enum backend backend)
{
	ASSERT_EQ(0, port_find(port, lower_edu()));
	setup_open_backend(_metadata, s, backend);
	setup_map(_metadata, s);
	/* setup_open_backend() opened another device, which no test here needs */
	edu_close(&s->edu);
	if (port_has_driver(port))
		ASSERT_EQ(0, port_set_driver(port, "unbind"));
	ASSERT_EQ(0, port_set_driver(port, "bind"));
}

static void shared_close(struct __test_metadata *_metadata, struct setup *s,
			 struct port *port)
{
	setup_close(s);
	if (!port_has_driver(port))
		EXPECT_EQ(0, port_set_driver(port, "bind"));
}

static void expect_rings(struct __test_metadata *_metadata,
			 const struct port *port)
{
	EXPECT_EQ(RINGS, port_ring(port, RINGS));
}

/* DMA and interrupts of the user's device work, and the port's interrupts */
static void expect_both_work(struct __test_metadata *_metadata, struct setup *s,
			     const struct port *port)
{
	expect_rings(_metadata, port);
	expect_interrupts(_metadata, &s->edu, INTERRUPTS);
	expect_dma(_metadata, &s->edu, &s->memory);
	expect_rings(_metadata, port);
}

FIXTURE(shared_group)
{
	struct setup s;
	struct port port;
};

FIXTURE_VARIANT(shared_group)
{
	enum backend backend;
};

/* clang-format off */
FIXTURE_VARIANT_ADD(shared_group, of_an_ioas)
{
	.backend = BACKEND_IOMMUFD,
};

FIXTURE_VARIANT_ADD(shared_group, of_a_container)
{
	.backend = BACKEND_TYPE1,
};

FIXTURE_VARIANT_ADD(shared_group, of_a_compat_container)
{
	.backend = BACKEND_COMPAT,
};

/* clang-format on */

FIXTURE_SETUP(shared_group)
{
	if (!lower_edu() || !edu_name(1))
		SKIP(return, "VFIO_EDU_BELOW_PORT names no edu device");
	shared_open(_metadata, &self->s, &self->port, variant->backend);
}

FIXTURE_TEARDOWN(shared_group)
{
	shared_close(_metadata, &self->s, &self->port);
}

TEST_F(shared_group, leaves_the_host_driver_its_interrupts)
{
	struct setup *s = &self->s;

	expect_rings(_metadata, &self->port);
	ASSERT_EQ(0, attach(s));
	expect_rings(_metadata, &self->port);
	ASSERT_EQ(0, edu_enable_interrupt(&s->edu));
	expect_both_work(_metadata, s, &self->port);
	ASSERT_EQ(0, edu_disable_interrupt(&s->edu));
	expect_rings(_metadata, &self->port);
	edu_close(&s->edu);
	expect_rings(_metadata, &self->port);
}

TEST_F(shared_group, can_be_the_users_again_and_again)
{
	struct setup *s = &self->s;
	unsigned int i;

	for (i = 0; i < ROUNDS; i++) {
		ASSERT_EQ(0, attach(s));
		ASSERT_EQ(0, edu_enable_interrupt(&s->edu));
		EXPECT_EQ(1, port_ring(&self->port, 1));
		EXPECT_EQ(1, edu_interrupts(&s->edu, 1));
		edu_close(&s->edu);
		EXPECT_EQ(1, port_ring(&self->port, 1));
	}
}

TEST_F(shared_group, takes_a_host_driver_that_comes_later)
{
	struct setup *s = &self->s;

	ASSERT_EQ(0, port_set_driver(&self->port, "unbind"));
	ASSERT_EQ(0, attach(s));
	ASSERT_EQ(0, edu_enable_interrupt(&s->edu));
	ASSERT_EQ(0, port_set_driver(&self->port, "bind"));
	expect_both_work(_metadata, s, &self->port);
	edu_close(&s->edu);
	expect_rings(_metadata, &self->port);
}

TEST_F(shared_group, takes_a_host_driver_that_goes_and_comes_back)
{
	struct setup *s = &self->s;
	unsigned int i;

	ASSERT_EQ(0, attach(s));
	ASSERT_EQ(0, edu_enable_interrupt(&s->edu));
	for (i = 0; i < 3; i++) {
		ASSERT_EQ(0, port_set_driver(&self->port, "unbind"));
		EXPECT_EQ(1, the_doorbell(_metadata, &s->edu).vectors);
		expect_interrupts(_metadata, &s->edu, INTERRUPTS);
		ASSERT_EQ(0, port_set_driver(&self->port, "bind"));
		EXPECT_LE(2, the_doorbell(_metadata, &s->edu).vectors);
		expect_both_work(_metadata, s, &self->port);
	}
	ASSERT_EQ(0, port_set_driver(&self->port, "unbind"));
	edu_close(&s->edu);
	ASSERT_EQ(0, port_set_driver(&self->port, "bind"));
	expect_rings(_metadata, &self->port);
}

/* Once the user has left, nothing remains of what the group had for that device */
TEST_F(shared_group, goes_on_without_a_device_that_is_removed)
{
	struct setup *s = &self->s;
	char idle[16], path[128];

	snprintf(idle, sizeof(idle), "%.*s.1",
		 (int)strlen(lower_edu()) - (int)strlen(".0"), lower_edu());
	ASSERT_EQ(0, sysfs_rescan());
	sysfs_device_path(idle, "remove", path, sizeof(path));
	if (access(path, F_OK))
		SKIP(return, "no other function in the slot");
	ASSERT_EQ(0, attach(s));
	ASSERT_EQ(0, edu_enable_interrupt(&s->edu));
	ASSERT_EQ(0, sysfs_remove(idle));
	expect_both_work(_metadata, s, &self->port);
	edu_close(&s->edu);
	expect_rings(_metadata, &self->port);

	/* The group comes back, and then the device */
	ASSERT_EQ(0, attach(s));
	ASSERT_EQ(0, edu_enable_interrupt(&s->edu));
	ASSERT_EQ(0, sysfs_rescan());
	EXPECT_EQ(0, access(path, F_OK));
	expect_both_work(_metadata, s, &self->port);
	edu_close(&s->edu);
	expect_rings(_metadata, &self->port);
}

/* By the administrator, while no user has it */
TEST_F(shared_group, leaves_the_host_driver_its_interrupts_in_each_domain)
{
	static const char *const types[] = { "identity", "DMA", "DMA-FQ" };
	struct setup *s = &self->s;
	unsigned int i;

	for (i = 0; i < 2 * ARRAY_SIZE(types); i++) {
		ASSERT_EQ(0, sysfs_set_domain(lower_edu(),
					      types[i % ARRAY_SIZE(types)]));
		expect_rings(_metadata, &self->port);
	}
	ASSERT_EQ(0, sysfs_set_domain(lower_edu(), "auto"));
	ASSERT_EQ(0, attach(s));
	expect_rings(_metadata, &self->port);
	edu_close(&s->edu);
	expect_rings(_metadata, &self->port);
}

TEST_F(shared_group, is_the_users_alone_without_the_host_driver)
{
	struct setup *s = &self->s;

	ASSERT_EQ(0, port_set_driver(&self->port, "unbind"));
	ASSERT_EQ(0, attach(s));
	ASSERT_EQ(0, edu_enable_interrupt(&s->edu));
	expect_interrupts(_metadata, &s->edu, INTERRUPTS);
	expect_dma(_metadata, &s->edu, &s->memory);
	/* and its doorbell can be relocated */
	EXPECT_EQ(0, map_page(s, the_doorbell(_metadata, &s->edu).iova));
	expect_interrupts(_metadata, &s->edu, INTERRUPTS);
}

TEST_F(shared_group, keeps_both_alive_if_the_user_maps_over_the_doorbell)
{
	struct iommu_msi_doorbell before, after;
	struct setup *s = &self->s;
	struct range_list ranges;

	ASSERT_EQ(0, attach(s));
	ASSERT_EQ(0, edu_enable_interrupt(&s->edu));
	before = the_doorbell(_metadata, &s->edu);
	EXPECT_FALSE(before.flags & IOMMU_MSI_DOORBELL_PINNED);
	ASSERT_EQ(0, setup_ranges(s, &ranges));
	EXPECT_TRUE(ranges_contain(&ranges, before.iova,
				   before.iova + before.length - 1));
	EXPECT_EQ(0, map_page(s, before.iova));
	after = the_doorbell(_metadata, &s->edu);
	EXPECT_NE(before.iova, after.iova);
	expect_both_work(_metadata, s, &self->port);
	edu_close(&s->edu);
	expect_rings(_metadata, &self->port);
}

/* Raises the port's interrupts, one after the other */
struct ringer {
	pthread_t thread;
	const struct port *port;
	bool stop;
	int error;
	unsigned int rings;
};

static void *ringer_run(void *arg)
{
	struct ringer *r = arg;
	int ret = 0;

	while (!ret && !__atomic_load_n(&r->stop, __ATOMIC_SEQ_CST)) {
		ret = port_handshake(r->port);
		if (!ret)
			r->rings++;
	}
	r->error = ret;
	return NULL;
}

/* Give the group to the user and back to the host */
static int change_hands(struct setup *s)
{
	int ret;

	ret = attach(s);
	if (ret)
		return ret;
	ret = edu_enable_interrupt(&s->edu);
	if (!ret && edu_interrupts(&s->edu, 5) != 5)
		ret = -EIO;
	edu_close(&s->edu);
	return ret;
}

TEST_F(shared_group, loses_no_interrupt_when_it_changes_hands)
{
	struct ringer r = { .port = &self->port };
	struct setup *s = &self->s;
	unsigned int i;
	int ret = 0;

	ASSERT_EQ(0, pthread_create(&r.thread, NULL, ringer_run, &r));
	for (i = 0; i < SLOW_ROUNDS && !ret; i++)
		ret = change_hands(s);
	__atomic_store_n(&r.stop, true, __ATOMIC_SEQ_CST);
	ASSERT_EQ(0, pthread_join(r.thread, NULL));
	EXPECT_EQ(0, ret);
	EXPECT_EQ(0, r.error);
	EXPECT_LE(SLOW_ROUNDS, r.rings);
	expect_rings(_metadata, &self->port);
}

FIXTURE(shared_ioas)
{
	struct setup s;
	struct port port;
	__u32 other;
};

FIXTURE_SETUP(shared_ioas)
{
	struct setup *s = &self->s;

	if (!lower_edu())
		SKIP(return, "VFIO_EDU_BELOW_PORT names no edu device");
	shared_open(_metadata, s, &self->port, BACKEND_IOMMUFD);
	ASSERT_EQ(0, ioas_alloc(s->iommufd, &self->other));
	ASSERT_EQ(0, ioas_map(s->iommufd, self->other, s->memory.va,
			      s->memory.length, s->memory.iova));
}

FIXTURE_TEARDOWN(shared_ioas)
{
	shared_close(_metadata, &self->s, &self->port);
}

/* Until then the group's DMA is blocked, and so are its messages */
TEST_F(shared_ioas, delivers_later_what_comes_before_it_is_attached)
{
	struct setup *s = &self->s;
	unsigned long before;

	before = port_interrupts(&self->port);
	ASSERT_EQ(0, edu_open(&s->edu, lower_edu(), s->iommufd));
	EXPECT_EQ(0, port_raise(&self->port));
	ASSERT_EQ(0, device_attach(&s->edu.dev, s->ioas));
	EXPECT_EQ(0, port_wait(&self->port, before + 1));
	expect_rings(_metadata, &self->port);
	ASSERT_EQ(0, device_detach(&s->edu.dev));
	before = port_interrupts(&self->port);
	EXPECT_EQ(0, port_raise(&self->port));
	edu_close(&s->edu);
	EXPECT_EQ(0, port_wait(&self->port, before + 1));
	expect_rings(_metadata, &self->port);
}

TEST_F(shared_ioas, is_exchanged_for_another_one)
{
	struct setup *s = &self->s;
	unsigned int i;

	ASSERT_EQ(0, attach(s));
	ASSERT_EQ(0, edu_enable_interrupt(&s->edu));
	for (i = 0; i < 4; i++) {
		ASSERT_EQ(0, device_attach(&s->edu.dev,
					   i % 2 ? s->ioas : self->other));
		expect_both_work(_metadata, s, &self->port);
	}
	edu_close(&s->edu);
	expect_rings(_metadata, &self->port);
}

/* The new IOAS has memory where the doorbell is in the old one */
TEST_F(shared_ioas, is_exchanged_for_one_where_the_doorbell_is_elsewhere)
{
	struct setup *s = &self->s;

	ASSERT_EQ(0, ioas_map(s->iommufd, self->other, s->memory.va,
			      MSI_WINDOW_LENGTH, MSI_WINDOW_IOVA));
	ASSERT_EQ(0, attach(s));
	ASSERT_EQ(0, edu_enable_interrupt(&s->edu));
	EXPECT_EQ(MSI_WINDOW_IOVA, the_doorbell(_metadata, &s->edu).iova);
	ASSERT_EQ(0, device_attach(&s->edu.dev, self->other));
	EXPECT_NE(MSI_WINDOW_IOVA, the_doorbell(_metadata, &s->edu).iova);
	expect_both_work(_metadata, s, &self->port);
	edu_close(&s->edu);
	expect_rings(_metadata, &self->port);
}

TEST_F(shared_ioas, takes_the_group_back_after_it_was_detached)
{
	struct setup *s = &self->s;
	__u32 hwpt;

	ASSERT_EQ(0, attach(s));
	ASSERT_EQ(0, edu_enable_interrupt(&s->edu));
	/* other page tables of the IOAS have the doorbell at the same IOVA */
	ASSERT_EQ(0, hwpt_alloc(s->iommufd, s->edu.dev.id, s->ioas, &hwpt));
	ASSERT_EQ(0, device_attach(&s->edu.dev, hwpt));
	expect_both_work(_metadata, s, &self->port);
	ASSERT_EQ(0, device_detach(&s->edu.dev));
	ASSERT_EQ(0, device_attach(&s->edu.dev, s->ioas));
	expect_both_work(_metadata, s, &self->port);
	/* The user's vectors would stay in the old space; those of the host follow */
	ASSERT_EQ(0, edu_disable_interrupt(&s->edu));
	ASSERT_EQ(0, device_detach(&s->edu.dev));
	ASSERT_EQ(0, device_attach(&s->edu.dev, self->other));
	ASSERT_EQ(0, edu_enable_interrupt(&s->edu));
	expect_both_work(_metadata, s, &self->port);
}

TEST_HARNESS_MAIN
