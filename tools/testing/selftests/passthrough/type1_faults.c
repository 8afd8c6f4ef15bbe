// SPDX-License-Identifier: GPL-2.0
/*
 * Each allocation, and each copy from and to user space, is made to fail in turn when a
 * group is added to a container, its device is opened, and its interrupt is enabled. A
 * failed call changes nothing, neither in the container nor in what the process holds.
 */
#include "faults.h"

struct calls {
	struct setup s;
	int group;
};

static int add_group(struct calls *c)
{
	int group = container_add_group(&c->s.container, edu_name(0));

	if (group < 0)
		return group;
	c->group = group;
	return 0;
}

/* The container loses its IOMMU with its last group */
static int remove_group(struct calls *c)
{
	close(c->group);
	c->group = -1;
	if (c->s.holder < 0)
		c->s.container.has_iommu = false;
	return 0;
}

static int have_group(struct calls *c)
{
	return c->group < 0 ? add_group(c) : 0;
}

/* The device keeps a file descriptor of its group */
static int open_device(struct calls *c)
{
	return edu_open_group(&c->s.edu, edu_name(0), &c->s.container,
			      dup(c->group));
}

static int close_device(struct calls *c)
{
	edu_close(&c->s.edu);
	return 0;
}

static int enable_vector(struct calls *c)
{
	return edu_enable_interrupt(&c->s.edu);
}

static int disable_vector(struct calls *c)
{
	return edu_disable_interrupt(&c->s.edu);
}

static int map_memory(struct calls *c)
{
	return setup_map_at(&c->s, MEMORY_LENGTH, MSI_WINDOW_IOVA);
}

static int unmap_memory(struct calls *c)
{
	return setup_unmap(&c->s, MSI_WINDOW_IOVA, MEMORY_LENGTH);
}

FIXTURE(container)
{
	struct calls c;
};

FIXTURE_VARIANT(container)
{
	enum backend backend;
	int iommu; /* 0 for the default */
	bool has_group; /* another one, and memory */
	bool has_device;
	struct call call;
};

/* clang-format off */
FIXTURE_VARIANT_ADD(container, gets_its_first_group)
{
	.backend = BACKEND_TYPE1,
	.call = { nothing, add_group, remove_group },
};

FIXTURE_VARIANT_ADD(container, for_nesting_gets_its_first_group)
{
	.backend = BACKEND_TYPE1,
	.iommu = VFIO_TYPE1_NESTING_IOMMU,
	.call = { nothing, add_group, remove_group },
};

FIXTURE_VARIANT_ADD(container, gets_another_group)
{
	.backend = BACKEND_TYPE1,
	.has_group = true,
	.call = { nothing, add_group, remove_group },
};

FIXTURE_VARIANT_ADD(container, has_a_device_opened)
{
	.backend = BACKEND_TYPE1,
	.has_group = true,
	.call = { have_group, open_device, close_device },
};

FIXTURE_VARIANT_ADD(container, has_memory_mapped_over_a_doorbell)
{
	.backend = BACKEND_TYPE1,
	.has_group = true,
	.has_device = true,
	.call = { nothing, map_memory, unmap_memory },
};

FIXTURE_VARIANT_ADD(container, has_a_vector_enabled)
{
	.backend = BACKEND_TYPE1,
	.has_group = true,
	.has_device = true,
	.call = { nothing, enable_vector, disable_vector },
};

FIXTURE_VARIANT_ADD(container, of_an_iommufd_gets_its_first_group)
{
	.backend = BACKEND_COMPAT,
	.call = { nothing, add_group, remove_group },
};

FIXTURE_VARIANT_ADD(container, of_an_iommufd_has_a_vector_enabled)
{
	.backend = BACKEND_COMPAT,
	.has_group = true,
	.has_device = true,
	.call = { nothing, enable_vector, disable_vector },
};

/* clang-format on */

FIXTURE_SETUP(container)
{
	struct setup *s = &self->c.s;

	if (!edu_name(1))
		SKIP(return, "VFIO_EDU does not name two edu devices");
	if (faults_setup(NULL))
		SKIP(return, "no fault injection, see lib/faults.c");
	setup_open_backend(_metadata, s, variant->backend);
	self->c.group = -1;
	if (variant->iommu)
		s->container.iommu = variant->iommu;
	if (variant->has_group)
		setup_map(_metadata, s);
	if (variant->has_device) {
		ASSERT_EQ(0, have_group(&self->c));
		ASSERT_EQ(0, open_device(&self->c));
	}
}

FIXTURE_TEARDOWN(container)
{
	struct setup *s = &self->c.s;

	if (self->c.group >= 0)
		close(self->c.group);
	setup_close(s);
}

/* Without stage 2, nesting is refused, and nothing can be swept */
static bool is_refused(struct __test_metadata *_metadata, struct calls *c,
		       const struct call *call)
{
	int rc = call->prepare(c);

	EXPECT_EQ(0, rc);
	rc = call->run(c);
	if (!rc)
		EXPECT_EQ(0, call->undo(c));
	if (rc == -EPERM)
		printf("# a container for nesting is refused\n");
	return rc == -EPERM;
}

TEST_F(container, is_unchanged_by_a_call_that_failed)
{
	const struct call *call = &variant->call;
	unsigned int nth, refused = 0;
	struct calls *c = &self->c;
	bool failed = true;
	int rc = 0;

	if (variant->iommu && is_refused(_metadata, c, call))
		return;
	call_once(_metadata, c, call);
	for (nth = 1; nth < MAX_FAILURES && failed; nth++) {
		failed = call_failing(_metadata, c, call, -1, nth, &rc);
		refused += !!rc;
	}
	EXPECT_EQ(0, rc);
	EXPECT_FALSE(failed);
	expect_swept(_metadata, nth - 2, refused);
	ASSERT_EQ(0, have_group(c));
	if (!variant->has_group)
		ASSERT_EQ(0,
			  setup_map_at(&c->s, MEMORY_LENGTH, ELSEWHERE_IOVA));
	if (!variant->has_device)
		ASSERT_EQ(0, open_device(c));
	expect_working_vector(_metadata, &c->s.edu);
	expect_dma(_metadata, &c->s.edu, &c->s.memory);
}

TEST_HARNESS_MAIN
