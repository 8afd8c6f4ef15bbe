// SPDX-License-Identifier: GPL-2.0
/*
 * Make each allocation fail in turn in the calls that give a guest stage 1 of an Arm
 * SMMUv2. A call that failed has changed nothing: no further context bank is enabled, the
 * stream uses the same one, and in the end the call works.
 */
#include "smmuv2_guest.h"

/* More than any call needs */
#define MAX_ALLOCATIONS 1000

struct fail {
	struct guest2 g;
	__u32 id; /* of the object that a call created, 0 if nothing has to be undone */
	__u32 nested; /* a bank without streams */
	int queue;
};

/* Both return 0 if they work */
struct step {
	int (*run)(struct fail *self);
	int (*undo)(struct fail *self);
};

static int destroy(struct fail *self)
{
	return iommufd_destroy(self->g.iommufd, self->id);
}

static int nothing(struct fail *self)
{
	return 0;
}

static int make_page_table(struct fail *self)
{
	struct guest2 *g = &self->g;

	return hwpt_alloc(g->iommufd, g->dev.id, g->ioas, &self->id);
}

static int make_parent(struct fail *self)
{
	struct guest2 *g = &self->g;

	return nest_parent_alloc(g->iommufd, g->dev.id, g->ioas, &self->id);
}

static int make_viommu(struct fail *self)
{
	struct guest2 *g = &self->g;

	return smmuv2_viommu_alloc(g->iommufd, g->dev.id, g->parent, &self->id);
}

static int make_bank(struct fail *self)
{
	struct iommu_hwpt_arm_smmuv2 bank = tables_bank(&self->g.tables);
	struct guest2 *g = &self->g;

	return smmuv2_nested_alloc(g->iommufd, g->viommu, g->dev.id, &bank,
				   &self->id);
}

static int make_queue(struct fail *self)
{
	struct guest2 *g = &self->g;

	return smmuv2_veventq_alloc(g->iommufd, g->viommu, 4, &self->id,
				    &self->queue);
}

static int destroy_queue(struct fail *self)
{
	close(self->queue);
	return destroy(self);
}

/* A device has only one vDEVICE: destroy the old one first */
static int name_device(struct fail *self)
{
	struct guest2 *g = &self->g;

	return vdevice_alloc(g->iommufd, g->viommu, g->dev.id, VIRTUAL_SID,
			     &g->vdevice);
}

static int unname_device(struct fail *self)
{
	return iommufd_destroy(self->g.iommufd, self->g.vdevice);
}

static int ask_info(struct fail *self)
{
	struct iommu_hw_info_arm_smmuv2 info;

	return smmuv2_info(self->g.iommufd, self->g.dev.id, &info);
}

static int invalidate(struct fail *self)
{
	return smmuv2_command(self->g.iommufd, self->g.viommu,
			      IOMMU_ARM_SMMUV2_TLBI_ASID, 7);
}

static int replace(struct fail *self)
{
	return device_attach(&self->g.dev, self->nested);
}

static int replace_back(struct fail *self)
{
	return device_attach(&self->g.dev, self->g.parent);
}

static int replace_by_address_space(struct fail *self)
{
	return device_attach(&self->g.dev, self->g.ioas);
}

FIXTURE(fail)
{
	struct fail f;
};

FIXTURE_VARIANT(fail)
{
	struct step step;
	bool unnamed;
	bool attaches; /* a failed copy would detach, see faults_spare_copies() */
};

/* clang-format off */
FIXTURE_VARIANT_ADD(fail, hw_info)
{
	.step = { ask_info, nothing },
};

FIXTURE_VARIANT_ADD(fail, page_table)
{
	.step = { make_page_table, destroy },
};

FIXTURE_VARIANT_ADD(fail, nest_parent)
{
	.step = { make_parent, destroy },
};

FIXTURE_VARIANT_ADD(fail, viommu)
{
	.step = { make_viommu, destroy },
};

FIXTURE_VARIANT_ADD(fail, vdevice)
{
	.step = { name_device, unname_device },
	.unnamed = true,
};

FIXTURE_VARIANT_ADD(fail, veventq)
{
	.step = { make_queue, destroy_queue },
};

FIXTURE_VARIANT_ADD(fail, nested_page_table)
{
	.step = { make_bank, destroy },
};

FIXTURE_VARIANT_ADD(fail, invalidate)
{
	.step = { invalidate, nothing },
};

FIXTURE_VARIANT_ADD(fail, replace_by_nested)
{
	.step = { replace, replace_back },
	.attaches = true,
};

FIXTURE_VARIANT_ADD(fail, replace_by_address_space)
{
	.step = { replace_by_address_space, replace_back },
	.attaches = true,
};

/* clang-format on */

FIXTURE_SETUP(fail)
{
	struct fail *f = &self->f;

	if (!walker_is_there())
		SKIP(return, NO_WALKER);
	if (faults_setup(NULL) || (variant->attaches && faults_spare_copies()))
		SKIP(return, "no fault injection, see lib/faults.c");
	guest2_open(_metadata, &f->g, GRANULE_4K);
	guest2_map(&f->g, 0, 0);
	f->nested = guest2_bank(_metadata, &f->g);
	ASSERT_EQ(0, device_attach(&f->g.dev, f->g.parent));
	if (variant->unnamed)
		ASSERT_EQ(0, unname_device(f));
	ASK("remember");
}

FIXTURE_TEARDOWN(fail)
{
	guest2_close(&self->f.g);
	expect_default(_metadata, self->f.g.sid);
}

static void expect_unchanged(struct __test_metadata *_metadata,
			     struct guest2 *g)
{
	ASK("remembered");
	ASK("stage %u 2", g->sid);
	ASK("leads %u %#llx %#llx rw %s", g->sid, g->data[0].memory.iova,
	    page2(g), g->data[0].mark);
}

TEST_F(fail, out_of_memory_changes_nothing)
{
	const struct step *step = &variant->step;
	unsigned int nth, refused = 0;
	struct fail *f = &self->f;
	bool failed = true;
	int fd, ret = 0;

	for (nth = 1; nth < MAX_ALLOCATIONS && failed; nth++) {
		fd = faults_begin(nth);
		ASSERT_LE(0, fd);
		ret = step->run(f);
		failed = faults_end(fd);
		refused += !!ret;
		if (!ret)
			ASSERT_EQ(0, step->undo(f));
		expect_unchanged(_metadata, &f->g);
	}
	EXPECT_EQ(0, ret);
	EXPECT_FALSE(failed);
	printf("# allocations failed=%u refused=%u\n", nth - 2, refused);
	/* A sweep in which nothing failed proves nothing */
	EXPECT_LT(0, refused);
}

TEST_HARNESS_MAIN
