// SPDX-License-Identifier: GPL-2.0-only
/*
 * KUnit tests of what drivers find in a virtual IOMMU: devices by their virtual
 * IDs, and room for events. The objects of user space are tested by
 * tools/testing/selftests/iommu.
 */
#include <kunit/test.h>
#include <linux/iommu-viommu.h>
#include <uapi/linux/iommufd.h>

#include "viommu_events.h"

#define EVENT_TYPE 7
#define DEPTH 2

struct viommu_test {
	struct iommu_viommu viommu;
	struct iommu_viommu_eventq eventq;
	wait_queue_head_t wait;
	struct iommu_viommu_device vdevices[2];
	u64 forbidden_id;
};

/* What the tests queue: a header as user space reads it, and the event */
struct test_entry {
	struct iommufd_vevent_header header;
	u32 event;
};

static int test_vdevice_check(struct iommu_viommu *viommu, struct device *dev,
			      u64 virt_id)
{
	struct viommu_test *vt =
		container_of(viommu, struct viommu_test, viommu);

	return virt_id == vt->forbidden_id ? -EOPNOTSUPP : 0;
}

static const struct iommu_viommu_ops test_viommu_ops = {
	.vdevice_check = test_vdevice_check,
};

static int viommu_test_init(struct kunit *test)
{
	struct viommu_test *vt = kunit_kzalloc(test, sizeof(*vt), GFP_KERNEL);
	unsigned int i;

	KUNIT_ASSERT_NOT_NULL(test, vt);
	test->priv = vt;
	vt->viommu.ops = &test_viommu_ops;
	vt->forbidden_id = U64_MAX;
	iommu_viommu_init(&vt->viommu, NULL, NULL, 1);
	init_waitqueue_head(&vt->wait);
	KUNIT_ASSERT_EQ(test, 0,
			iommu_viommu_eventq_init(&vt->eventq, EVENT_TYPE, DEPTH,
						 sizeof(u32), &vt->wait));
	for (i = 0; i < ARRAY_SIZE(vt->vdevices); i++) {
		vt->vdevices[i].dev =
			kunit_kzalloc(test, sizeof(struct device), GFP_KERNEL);
		KUNIT_ASSERT_NOT_NULL(test, vt->vdevices[i].dev);
	}
	return 0;
}

static void viommu_test_exit(struct kunit *test)
{
	struct viommu_test *vt = test->priv;

	iommu_viommu_eventq_free(&vt->eventq);
	KUNIT_EXPECT_TRUE(test, RB_EMPTY_ROOT(&vt->viommu.devices));
	KUNIT_EXPECT_TRUE(test, xa_empty(&vt->viommu.devices_by_id));
	xa_destroy(&vt->viommu.devices_by_id);
}

static int add(struct viommu_test *vt, unsigned int i, u64 virt_id)
{
	vt->vdevices[i].virt_id = virt_id;
	return iommu_viommu_add_device(&vt->viommu, &vt->vdevices[i]);
}

static void take_away(struct viommu_test *vt, unsigned int i)
{
	iommu_viommu_remove_device(&vt->viommu, &vt->vdevices[i]);
}

static struct device *find(struct viommu_test *vt, u64 virt_id)
{
	guard(iommu_viommu_devices)(&vt->viommu);
	return iommu_viommu_find_device(&vt->viommu, virt_id);
}

static void virtual_id_leads_to_the_device_and_back(struct kunit *test)
{
	struct viommu_test *vt = test->priv;
	u64 virt_id = 0;

	KUNIT_ASSERT_EQ(test, 0, add(vt, 0, U32_MAX));
	KUNIT_ASSERT_EQ(test, 0, add(vt, 1, 0));
	KUNIT_EXPECT_PTR_EQ(test, find(vt, U32_MAX), vt->vdevices[0].dev);
	KUNIT_EXPECT_PTR_EQ(test, find(vt, 0), vt->vdevices[1].dev);
	KUNIT_EXPECT_EQ(test, 0,
			iommu_viommu_virt_id(&vt->viommu, vt->vdevices[0].dev,
					     &virt_id));
	KUNIT_EXPECT_EQ(test, virt_id, U32_MAX);
	take_away(vt, 0);
	KUNIT_EXPECT_NULL(test, find(vt, U32_MAX));
	KUNIT_EXPECT_EQ(test, -ENOENT,
			iommu_viommu_virt_id(&vt->viommu, vt->vdevices[0].dev,
					     &virt_id));
	KUNIT_EXPECT_PTR_EQ(test, find(vt, 0), vt->vdevices[1].dev);
	take_away(vt, 1);
}

static void virtual_id_has_32_bits(struct kunit *test)
{
	struct viommu_test *vt = test->priv;

	KUNIT_EXPECT_EQ(test, -EINVAL, add(vt, 0, BIT_ULL(32)));
	KUNIT_ASSERT_EQ(test, 0, add(vt, 0, 5));
	KUNIT_EXPECT_NULL(test, find(vt, BIT_ULL(32) | 5));
	take_away(vt, 0);
}

static void second_of_an_id_or_a_device_is_refused(struct kunit *test)
{
	struct viommu_test *vt = test->priv;
	struct iommu_viommu_device again = { .virt_id = 6 };

	KUNIT_ASSERT_EQ(test, 0, add(vt, 0, 5));
	KUNIT_EXPECT_EQ(test, -EEXIST, add(vt, 1, 5));
	again.dev = vt->vdevices[0].dev;
	KUNIT_EXPECT_EQ(test, -EEXIST,
			iommu_viommu_add_device(&vt->viommu, &again));
	KUNIT_EXPECT_NULL(test, find(vt, 6));
	KUNIT_EXPECT_EQ(test, 0, add(vt, 1, 6));
	take_away(vt, 1);
	take_away(vt, 0);
}

static void driver_may_refuse_a_device(struct kunit *test)
{
	struct viommu_test *vt = test->priv;

	vt->forbidden_id = 5;
	KUNIT_EXPECT_EQ(test, -EOPNOTSUPP, add(vt, 0, 5));
	KUNIT_EXPECT_NULL(test, find(vt, 5));
	KUNIT_EXPECT_EQ(test, 0, add(vt, 0, 6));
	take_away(vt, 0);
}

static int report(struct viommu_test *vt, u32 type, u32 event)
{
	return iommu_viommu_report_event(&vt->viommu, type, &event,
					 sizeof(event));
}

static void open_queue(struct kunit *test)
{
	struct viommu_test *vt = test->priv;

	KUNIT_ASSERT_EQ(test, 0,
			iommu_viommu_add_eventq(&vt->viommu, &vt->eventq));
}

static void event_without_queue_is_the_hosts(struct kunit *test)
{
	struct viommu_test *vt = test->priv;

	KUNIT_EXPECT_EQ(test, -EOPNOTSUPP, report(vt, EVENT_TYPE, 1));
	open_queue(test);
	KUNIT_EXPECT_EQ(test, -EEXIST,
			iommu_viommu_add_eventq(&vt->viommu, &vt->eventq));
	KUNIT_EXPECT_EQ(test, -EOPNOTSUPP, report(vt, EVENT_TYPE + 1, 1));
	iommu_viommu_remove_eventq(&vt->viommu, &vt->eventq);
	KUNIT_EXPECT_EQ(test, -EOPNOTSUPP, report(vt, EVENT_TYPE, 1));
	KUNIT_EXPECT_EQ(test, vt->eventq.count, 0);
}

static void event_of_wrong_size_is_refused(struct kunit *test)
{
	struct viommu_test *vt = test->priv;
	u64 event = 1;

	open_queue(test);
	KUNIT_EXPECT_EQ(test, -EINVAL,
			iommu_viommu_report_event(&vt->viommu, EVENT_TYPE,
						  &event, sizeof(event)));
	KUNIT_EXPECT_EQ(test, vt->eventq.sequence, 0);
	KUNIT_EXPECT_EQ(test, vt->eventq.count, 0);
}

static void sequence_wraps_to_0(struct kunit *test)
{
	struct viommu_test *vt = test->priv;
	struct test_entry *entries = vt->eventq.entries;

	open_queue(test);
	vt->eventq.sequence = INT_MAX;
	KUNIT_EXPECT_EQ(test, 0, report(vt, EVENT_TYPE, 11));
	KUNIT_EXPECT_EQ(test, 0, report(vt, EVENT_TYPE, 12));
	KUNIT_EXPECT_EQ(test, entries[0].header.sequence, INT_MAX);
	KUNIT_EXPECT_EQ(test, entries[0].event, 11);
	KUNIT_EXPECT_EQ(test, entries[1].header.sequence, 0);
	KUNIT_EXPECT_EQ(test, entries[1].event, 12);
}

static void full_queue_keeps_what_it_has(struct kunit *test)
{
	struct viommu_test *vt = test->priv;
	struct test_entry *entries = vt->eventq.entries;

	open_queue(test);
	KUNIT_EXPECT_EQ(test, 0, report(vt, EVENT_TYPE, 11));
	KUNIT_EXPECT_EQ(test, 0, report(vt, EVENT_TYPE, 12));
	KUNIT_EXPECT_FALSE(test, vt->eventq.lost);
	KUNIT_EXPECT_EQ(test, -EOVERFLOW, report(vt, EVENT_TYPE, 13));
	KUNIT_EXPECT_TRUE(test, vt->eventq.lost);
	KUNIT_EXPECT_EQ(test, vt->eventq.sequence, 3);
	KUNIT_EXPECT_EQ(test, entries[0].event, 11);
	KUNIT_EXPECT_EQ(test, entries[1].event, 12);
}

static struct kunit_case viommu_test_cases[] = {
	KUNIT_CASE(virtual_id_leads_to_the_device_and_back),
	KUNIT_CASE(virtual_id_has_32_bits),
	KUNIT_CASE(second_of_an_id_or_a_device_is_refused),
	KUNIT_CASE(driver_may_refuse_a_device),
	KUNIT_CASE(event_without_queue_is_the_hosts),
	KUNIT_CASE(event_of_wrong_size_is_refused),
	KUNIT_CASE(sequence_wraps_to_0),
	KUNIT_CASE(full_queue_keeps_what_it_has),
	{}
};

static struct kunit_suite viommu_test_suite = {
	.name = "iommu-viommu",
	.init = viommu_test_init,
	.exit = viommu_test_exit,
	.test_cases = viommu_test_cases,
};

kunit_test_suite(viommu_test_suite);
