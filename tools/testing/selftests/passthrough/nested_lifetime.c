// SPDX-License-Identifier: GPL-2.0
/*
 * The objects of a guest can be destroyed in any order that respects their dependencies: a
 * page table, a vDEVICE and an event queue need the vIOMMU, which needs the nest parent.
 * Otherwise the call fails with EBUSY. Closing a device destroys its vDEVICE.
 */
#include "nested_setup.h"

enum object {
	HWPT,
	VDEVICE,
	VEVENTQ,
	VIOMMU,
	NEST_PARENT,
	OBJECTS,
};

FIXTURE(object)
{
	struct guest g;
	__u32 id[OBJECTS];
};

static void make_objects(struct __test_metadata *_metadata,
			 FIXTURE_DATA(object) * self)
{
	struct guest *g = &self->g;

	g->viommu = 0;
	ASSERT_EQ(0, nest_parent_alloc(g->iommufd, g->edu[0].dev.id, g->ioas,
				       &g->parent));
	ASSERT_EQ(0, viommu_alloc(g->iommufd, g->edu[0].dev.id, g->parent,
				  &g->viommu));
	guest_name_device(_metadata, g, 0, VIRTUAL_SID);
	guest_open_events(_metadata, g, 16);
	self->id[HWPT] = guest_hwpt(_metadata, g, 0, stage1_ste(&g->stage1));
	self->id[VDEVICE] = g->vdevice[0];
	self->id[VEVENTQ] = g->veventq;
	self->id[VIOMMU] = g->viommu;
	self->id[NEST_PARENT] = g->parent;
}

FIXTURE_SETUP(object)
{
	struct guest *g = &self->g;

	if (!edu_name(0))
		SKIP(return, "VFIO_EDU names no edu device");
	guest_open(_metadata, g);
	ASSERT_EQ(0, edu_open(&g->edu[0], edu_name(0), g->iommufd));
	guest_map_data(_metadata, g, 1);
	make_objects(_metadata, self);
}

FIXTURE_TEARDOWN(object)
{
	guest_close(&self->g);
}

/* Whether another object that exists needs @object */
static bool is_needed(const bool *there, enum object object)
{
	if (object == VIOMMU)
		return there[HWPT] || there[VDEVICE] || there[VEVENTQ];
	return object == NEST_PARENT && there[VIOMMU];
}

/* Destroy all objects in @order, repeatedly until all are gone */
static void destroy_in_order(struct __test_metadata *_metadata,
			     FIXTURE_DATA(object) * self,
			     const enum object *order)
{
	bool there[OBJECTS] = { true, true, true, true, true };
	unsigned int round, i, left = OBJECTS;

	close(self->g.events);
	self->g.events = -1;
	for (round = 0; left && round < OBJECTS; round++) {
		for (i = 0; i < OBJECTS; i++) {
			enum object object = order[i];
			int ret;

			ret = iommufd_destroy(self->g.iommufd,
					      self->id[object]);
			if (!there[object]) {
				EXPECT_EQ(-ENOENT, ret);
			} else if (is_needed(there, object)) {
				EXPECT_EQ(-EBUSY, ret);
			} else {
				EXPECT_EQ(0, ret);
				there[object] = false;
				left--;
			}
		}
	}
	EXPECT_EQ(0, left);
}

#define ORDERS (5 * 4 * 3 * 2 * 1)

/* Each of the ORDERS permutations has its own number, below ORDERS */
static void get_order(unsigned int number, enum object *order)
{
	enum object left[OBJECTS] = { 0, 1, 2, 3, 4 };
	unsigned int n, chosen;

	for (n = OBJECTS; n; n--) {
		chosen = number % n;
		number /= n;
		*order++ = left[chosen];
		memmove(&left[chosen], &left[chosen + 1],
			(n - chosen - 1) * sizeof(*left));
	}
}

TEST_F(object, goes_in_every_order_that_is_allowed)
{
	enum object order[OBJECTS];
	unsigned int number;

	for (number = 0; number < ORDERS; number++) {
		if (number)
			make_objects(_metadata, self);
		get_order(number, order);
		destroy_in_order(_metadata, self, order);
	}
}

TEST_F(object, of_a_page_table_stays_while_a_device_is_attached)
{
	struct guest *g = &self->g;

	ASSERT_EQ(0, device_attach(&g->edu[0].dev, self->id[HWPT]));
	EXPECT_EQ(-EBUSY, iommufd_destroy(g->iommufd, self->id[HWPT]));
	EXPECT_EQ(-EBUSY, iommufd_destroy(g->iommufd, self->id[VIOMMU]));
	EXPECT_EQ(-EBUSY, iommufd_destroy(g->iommufd, self->id[NEST_PARENT]));
	EXPECT_EQ(-EBUSY, iommufd_destroy(g->iommufd, g->ioas));
	expect_reaches(_metadata, g, 0, data_va(0), data_ipa(0), "3");
	ASSERT_EQ(0, device_detach(&g->edu[0].dev));
	EXPECT_EQ(0, iommufd_destroy(g->iommufd, self->id[HWPT]));
}

TEST_F(object, of_events_stays_while_its_descriptor_is_open)
{
	struct guest *g = &self->g;

	EXPECT_EQ(-EBUSY, iommufd_destroy(g->iommufd, self->id[VEVENTQ]));
	close(g->events);
	g->events = -1;
	EXPECT_EQ(0, iommufd_destroy(g->iommufd, self->id[VEVENTQ]));
	guest_open_events(_metadata, g, 16);
}

TEST_F(object, of_a_vdevice_can_go_while_stage_1_is_attached)
{
	struct guest *g = &self->g;

	ASSERT_EQ(0, device_attach(&g->edu[0].dev, self->id[HWPT]));
	ASSERT_EQ(0, iommufd_destroy(g->iommufd, self->id[VDEVICE]));
	EXPECT_EQ(-EIO, guest_command(g, command_cfgi_cd(VIRTUAL_SID)));
	expect_reaches(_metadata, g, 0, data_va(0), data_ipa(0), "3");
	guest_name_device(_metadata, g, 0, VIRTUAL_SID);
	EXPECT_EQ(0, guest_command(g, command_cfgi_cd(VIRTUAL_SID)));
}

TEST_F(object, of_a_vdevice_goes_with_its_device)
{
	struct guest *g = &self->g;

	ASSERT_EQ(0, device_attach(&g->edu[0].dev, self->id[HWPT]));
	edu_close(&g->edu[0]);
	EXPECT_EQ(-EIO, guest_command(g, command_cfgi_cd(VIRTUAL_SID)));
	EXPECT_EQ(-ENOENT, iommufd_destroy(g->iommufd, self->id[VDEVICE]));
	/* Opened again, it has another ID */
	ASSERT_EQ(0, edu_open(&g->edu[0], edu_name(0), g->iommufd));
	g->edu[0].dev.stage2 = g->parent;
	guest_name_device(_metadata, g, 0, VIRTUAL_SID);
	EXPECT_NE(self->id[VDEVICE], g->vdevice[0]);
	ASSERT_EQ(0, device_attach(&g->edu[0].dev, self->id[HWPT]));
	expect_reaches(_metadata, g, 0, data_va(0), data_ipa(0), "3");
	EXPECT_EQ(0, guest_command(g, command_cfgi_cd(VIRTUAL_SID)));
}

TEST_F(object, of_all_kinds_goes_with_the_iommufd)
{
	struct guest *g = &self->g;

	ASSERT_EQ(0, device_attach(&g->edu[0].dev, self->id[HWPT]));
	expect_reaches(_metadata, g, 0, data_va(0), data_ipa(0), "3");
	close(g->iommufd);
	/* The device and the queue keep it alive */
	expect_reaches(_metadata, g, 0, data_va(0), data_ipa(0), "3");
	expect_blocked(_metadata, g, 0, data_va(5), "F_TRANSLATION");
	expect_event(_metadata, g, EVENT_TRANSLATION, VIRTUAL_SID, data_va(5));
	edu_close(&g->edu[0]);
	expect_no_event(_metadata, g);
	close(g->events);
	memory_free(&g->ram);
	/* Nothing is left that prevents a new one */
	guest_open_complete(_metadata, g, 0, VIRTUAL_SID);
	guest_map_data(_metadata, g, 1);
	guest_attach_stage1(_metadata, g, 0);
	expect_reaches(_metadata, g, 0, data_va(0), data_ipa(0), "3");
}

/* The program ends before the DMA that it started */
TEST_F(object, of_all_kinds_goes_with_the_process_during_dma)
{
	const __u64 va = data_va(100); /* that no other test uses */
	struct guest *g = &self->g;
	unsigned int i;

	for (i = 0; i < 3; i++) {
		ASSERT_EQ(0, device_attach(&g->edu[0].dev, self->id[HWPT]));
		guest_map(_metadata, g, va, data_ipa(0));
		/* The device may be stopped before it begins */
		journal_route(&g->edu[0].dev, va, "3|none|never", NULL);
		edu_start_write(&g->edu[0], va, PAGE);
		edu_close(&g->edu[0]);
		close(g->events);
		close(g->iommufd);
		memory_free(&g->ram);
		guest_open(_metadata, g);
		ASSERT_EQ(0, edu_open(&g->edu[0], edu_name(0), g->iommufd));
		guest_map_data(_metadata, g, 1);
		make_objects(_metadata, self);
	}
	ASSERT_EQ(0, device_attach(&g->edu[0].dev, self->id[HWPT]));
}

TEST_HARNESS_MAIN
