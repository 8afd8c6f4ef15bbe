// SPDX-License-Identifier: GPL-2.0
/*
 * Which devices users can get. Passing a device through is unsafe if the interrupt
 * controller cannot identify the sender of an MSI (GICv2m), or is unknown to the
 * kernel: it is refused unless the administrator allows it. It is always refused if the
 * page of the doorbell has other registers. MSI_ISOLATED tells which applies to the
 * first device of VFIO_EDU: yes (an ITS), no, or shared.
 */
#include "setup.h"

static const char *const modules[] = { "iommufd", "vfio_iommu_type1" };

/* The user of the device */
struct user {
	int iommufd;
	__u32 ioas;
	struct container container;
	struct edu edu;
};

FIXTURE(isolation)
{
	const char *isolated;
	char before[2];
	struct user user;
};

/* @allowed is for the module that decides; the other one has the opposite */
FIXTURE_VARIANT(isolation)
{
	const char *user;
	enum backend backend;
	char allowed;
};

FIXTURE_VARIANT_ADD(isolation, iommufd){
	.user = "iommufd",
	.backend = BACKEND_IOMMUFD,
	.allowed = 'N',
};

FIXTURE_VARIANT_ADD(isolation, iommufd_unsafe){
	.user = "iommufd",
	.backend = BACKEND_IOMMUFD,
	.allowed = 'Y',
};

FIXTURE_VARIANT_ADD(isolation, type1){
	.user = "type1",
	.backend = BACKEND_TYPE1,
	.allowed = 'N',
};

FIXTURE_VARIANT_ADD(isolation, type1_unsafe){
	.user = "type1",
	.backend = BACKEND_TYPE1,
	.allowed = 'Y',
};

FIXTURE_VARIANT_ADD(isolation, compat){
	.user = "compat",
	.backend = BACKEND_COMPAT,
	.allowed = 'N',
};

FIXTURE_VARIANT_ADD(isolation, compat_unsafe){
	.user = "compat",
	.backend = BACKEND_COMPAT,
	.allowed = 'Y',
};

FIXTURE_SETUP(isolation)
{
	unsigned int i;

	if (!edu_name(0))
		SKIP(return, "VFIO_EDU names no edu device");
	self->isolated = getenv("MSI_ISOLATED");
	if (!self->isolated)
		SKIP(return, "MSI_ISOLATED=yes, no or shared is not set");
	for (i = 0; i < ARRAY_SIZE(modules); i++)
		ASSERT_EQ(0, sysfs_get_unsafe_interrupts(modules[i],
							 &self->before[i]));
	self->user.edu = EDU_CLOSED;
	self->user.iommufd = iommufd_open();
	ASSERT_LE(0, self->user.iommufd);
	ASSERT_EQ(0, ioas_alloc(self->user.iommufd, &self->user.ioas));
	self->user.container.fd = -1;
}

FIXTURE_TEARDOWN(isolation)
{
	unsigned int i;

	edu_close(&self->user.edu);
	container_close(&self->user.container);
	close(self->user.iommufd);
	for (i = 0; i < ARRAY_SIZE(modules); i++)
		sysfs_set_unsafe_interrupts(modules[i], self->before[i]);
}

static int allow(char allowed, bool type1)
{
	const char other = allowed == 'Y' ? 'N' : 'Y';
	int ret;

	ret = sysfs_set_unsafe_interrupts(modules[type1], allowed);
	return ret ? ret : sysfs_set_unsafe_interrupts(modules[!type1], other);
}

/* A container loses its IOMMU with its last group: open another one each time */
static int take_by_container(struct user *user, enum backend backend)
{
	int ret;

	container_close(&user->container);
	if (backend == BACKEND_TYPE1)
		ret = container_open(&user->container);
	else
		ret = container_open_compat(&user->container);
	if (ret)
		return ret;
	return edu_open_type1(&user->edu, edu_name(0), &user->container);
}

static int take(struct user *user, enum backend backend)
{
	int ret;

	if (backend != BACKEND_IOMMUFD)
		return take_by_container(user, backend);
	ret = edu_open(&user->edu, edu_name(0), user->iommufd);
	return ret ? ret : device_attach(&user->edu.dev, user->ioas);
}

static int expected(const char *isolated, char allowed)
{
	if (!strcmp(isolated, "yes"))
		return 0;
	return !strcmp(isolated, "no") && allowed == 'Y' ? 0 : -EPERM;
}

TEST_F(isolation, decides_whether_a_device_is_taken)
{
	int ret;

	ASSERT_EQ(0,
		  allow(variant->allowed, variant->backend == BACKEND_TYPE1));
	ret = take(&self->user, variant->backend);
	printf("# isolation device=%s user=%s unsafe=%c answer=%d\n",
	       edu_name(0), variant->user, variant->allowed, ret);
	EXPECT_EQ(expected(self->isolated, variant->allowed), ret);
}

TEST_F(isolation, a_refusal_leaves_nothing_behind)
{
	const bool type1 = variant->backend == BACKEND_TYPE1;
	const int strict = expected(self->isolated, 'N');
	const int unsafe = expected(self->isolated, 'Y');

	ASSERT_EQ(0, allow('N', type1));
	EXPECT_EQ(strict, take(&self->user, variant->backend));
	edu_close(&self->user.edu);
	ASSERT_EQ(0, allow('Y', type1));
	EXPECT_EQ(unsafe, take(&self->user, variant->backend));
	edu_close(&self->user.edu);
	ASSERT_EQ(0, allow('N', type1));
	EXPECT_EQ(strict, take(&self->user, variant->backend));
}

TEST_HARNESS_MAIN
