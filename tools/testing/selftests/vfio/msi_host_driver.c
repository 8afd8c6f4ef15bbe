// SPDX-License-Identifier: GPL-2.0
/*
 * A group that is not the user's alone: an edu device below a PCIe root port that
 * does not separate it from itself (no ACS), so that both are in one group. The
 * port's own driver does no DMA, but has an interrupt. If it was there first, its
 * message would go to what the user maps, and the group is refused. If it comes
 * later it shares the user's doorbell, and pins it.
 *
 * VFIO_EDU_BELOW_PORT="0000:01:00.0" names the edu device.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>

#include "setup.h"

#define PORT_DRIVER "/sys/bus/pci/drivers/pcieport/"

/* The device that @bdf is below. Return: 0 or a negative errno */
static int find_port(const char *bdf, char *port, size_t size)
{
	char path[PATH_MAX], target[PATH_MAX], *name;
	ssize_t length;

	snprintf(path, sizeof(path), "/sys/bus/pci/devices/%s", bdf);
	length = readlink(path, target, sizeof(target) - 1);
	if (length < 0)
		return -errno;
	target[length] = '\0';
	*strrchr(target, '/') = '\0';
	name = strrchr(target, '/') + 1;
	if (snprintf(port, size, "%s", name) >= (int)size)
		return -ENODEV;
	return 0;
}

/* Give the port to its driver ("bind"), or take it away ("unbind") */
static int set_port_driver(const char *port, const char *how)
{
	char path[PATH_MAX];
	int fd, ret = 0;

	snprintf(path, sizeof(path), PORT_DRIVER "%s", how);
	fd = open(path, O_WRONLY);
	if (fd < 0)
		return -errno;
	if (write(fd, port, strlen(port)) < 0)
		ret = -errno;
	close(fd);
	return ret;
}

static bool port_has_driver(const char *port)
{
	char path[PATH_MAX];

	snprintf(path, sizeof(path), PORT_DRIVER "%s", port);
	return !access(path, F_OK);
}

static const char *lower_edu(void)
{
	return getenv("VFIO_EDU_BELOW_PORT");
}

FIXTURE(shared_group)
{
	struct setup s;
	char port[16];
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
	struct setup *s = &self->s;

	if (!lower_edu() || !edu_name(1))
		SKIP(return, "VFIO_EDU_BELOW_PORT names no edu device");
	ASSERT_EQ(0, find_port(lower_edu(), self->port, sizeof(self->port)));
	setup_open_backend(_metadata, s, variant->backend);
	setup_map(_metadata, s);
	/* The library's device is another one, which no test here needs */
	edu_close(&s->edu);
	if (!port_has_driver(self->port))
		ASSERT_EQ(0, set_port_driver(self->port, "bind"));
}

FIXTURE_TEARDOWN(shared_group)
{
	setup_close(&self->s);
	if (!port_has_driver(self->port))
		EXPECT_EQ(0, set_port_driver(self->port, "bind"));
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

static unsigned int doorbells(struct setup *s)
{
	struct doorbell_list list = {};

	if (s->backend == BACKEND_IOMMUFD)
		msi_doorbells(s->iommufd, s->ioas, &list);
	else
		container_doorbells(&s->container, &list);
	return list.count;
}

TEST_F(shared_group, is_refused_while_a_host_driver_has_a_vector)
{
	struct setup *s = &self->s;
	unsigned int before = doorbells(s);

	EXPECT_EQ(-EBUSY, attach(s));
	EXPECT_EQ(-EBUSY, attach(s));
	EXPECT_EQ(before, doorbells(s));
	EXPECT_EQ(0, map_page(s, MSI_WINDOW_IOVA));
}

TEST_F(shared_group, is_the_users_when_the_host_driver_has_gone)
{
	struct setup *s = &self->s;

	EXPECT_EQ(-EBUSY, attach(s));
	ASSERT_EQ(0, set_port_driver(self->port, "unbind"));
	ASSERT_EQ(0, attach(s));
	ASSERT_EQ(0, edu_enable_interrupt(&s->edu));
	expect_interrupts(_metadata, &s->edu, INTERRUPTS);
	expect_dma(_metadata, &s->edu, &s->memory);
	/* and its doorbell makes way */
	EXPECT_EQ(0, map_page(s, the_doorbell(_metadata, &s->edu).iova));
	expect_interrupts(_metadata, &s->edu, INTERRUPTS);
}

TEST_F(shared_group, has_its_doorbell_pinned_by_a_host_driver_that_comes_later)
{
	struct setup *s = &self->s;
	struct iommu_msi_doorbell d;

	ASSERT_EQ(0, set_port_driver(self->port, "unbind"));
	ASSERT_EQ(0, attach(s));
	ASSERT_EQ(0, edu_enable_interrupt(&s->edu));
	ASSERT_EQ(0, set_port_driver(self->port, "bind"));
	d = the_doorbell(_metadata, &s->edu);
	EXPECT_LE(2, d.vectors);
	EXPECT_EQ(IOMMU_MSI_DOORBELL_MAPPED | IOMMU_MSI_DOORBELL_PINNED,
		  d.flags);
	EXPECT_EQ(-EEXIST, map_page(s, d.iova));
	expect_interrupts(_metadata, &s->edu, INTERRUPTS);

	ASSERT_EQ(0, set_port_driver(self->port, "unbind"));
	EXPECT_EQ(1, the_doorbell(_metadata, &s->edu).vectors);
	EXPECT_EQ(0, map_page(s, d.iova));
	expect_interrupts(_metadata, &s->edu, INTERRUPTS);
}

FIXTURE(shared_ioas)
{
	struct setup s;
	char port[16];
	__u32 other;
};

/* The host's driver comes when the device is in its IOAS */
FIXTURE_SETUP(shared_ioas)
{
	struct setup *s = &self->s;

	if (!lower_edu())
		SKIP(return, "VFIO_EDU_BELOW_PORT names no edu device");
	ASSERT_EQ(0, find_port(lower_edu(), self->port, sizeof(self->port)));
	setup_open(_metadata, s);
	setup_map(_metadata, s);
	edu_close(&s->edu);
	ASSERT_EQ(0, ioas_alloc(s->iommufd, &self->other));
	if (port_has_driver(self->port))
		ASSERT_EQ(0, set_port_driver(self->port, "unbind"));
	ASSERT_EQ(0, attach(s));
	ASSERT_EQ(0, edu_enable_interrupt(&s->edu));
	ASSERT_EQ(0, set_port_driver(self->port, "bind"));
}

FIXTURE_TEARDOWN(shared_ioas)
{
	setup_close(&self->s);
	if (!port_has_driver(self->port))
		EXPECT_EQ(0, set_port_driver(self->port, "bind"));
}

TEST_F(shared_ioas, is_not_exchanged_for_another_one)
{
	struct iommu_msi_doorbell before, after;
	struct setup *s = &self->s;

	before = the_doorbell(_metadata, &s->edu);
	EXPECT_EQ(-EBUSY, device_attach(&s->edu.dev, self->other));
	after = the_doorbell(_metadata, &s->edu);
	EXPECT_EQ(0, memcmp(&before, &after, sizeof(before)));
	expect_interrupts(_metadata, &s->edu, INTERRUPTS);
	expect_dma(_metadata, &s->edu, &s->memory);
	/* but it is once the host's driver has gone */
	ASSERT_EQ(0, set_port_driver(self->port, "unbind"));
	ASSERT_EQ(0, device_attach(&s->edu.dev, self->other));
	expect_interrupts(_metadata, &s->edu, INTERRUPTS);
}

TEST_F(shared_ioas, takes_the_group_back_after_it_was_detached)
{
	struct setup *s = &self->s;
	__u32 hwpt;

	/* other page tables of the IOAS have the doorbell at the same place */
	ASSERT_EQ(0, hwpt_alloc(s->iommufd, s->edu.dev.id, s->ioas, &hwpt));
	ASSERT_EQ(0, device_attach(&s->edu.dev, hwpt));
	expect_interrupts(_metadata, &s->edu, INTERRUPTS);
	ASSERT_EQ(0, device_detach(&s->edu.dev));
	EXPECT_EQ(-EBUSY, device_attach(&s->edu.dev, self->other));
	ASSERT_EQ(0, device_attach(&s->edu.dev, s->ioas));
	expect_interrupts(_metadata, &s->edu, INTERRUPTS);
}

TEST_HARNESS_MAIN
