// SPDX-License-Identifier: GPL-2.0-only
/*
 * KUnit tests of the interface of virtual IOMMUs for drivers: devices by their
 * virtual IDs, and queues of events. tools/testing/selftests/iommu tests the
 * objects of user space.
 */
#include <kunit/test.h>
#include <linux/iommu-viommu.h>
#include <uapi/linux/iommufd.h>

#include "viommu.h"

#define EVENT_TYPE 7
#define DEPTH 2

struct viommu_test {
	struct iommufd_viommu viommu;
	struct iommufd_veventq_ring ring;
	wait_queue_head_t wait;
	struct iommufd_vdevice vdevices[2];
	u64 forbidden_id;
	int initialised;
};

/* An entry of the queue: the header that user space reads, and the event */
struct test_entry {
	struct iommufd_vevent_header header;
	u32 event;
};

static void test_vdevice_destroy(struct iommufd_vdevice *vdev)
{
	container_of(vdev->viommu, struct viommu_test, viommu)->initialised--;
}

static int test_vdevice_init(struct iommufd_vdevice *vdev)
{
	struct viommu_test *vt =
		container_of(vdev->viommu, struct viommu_test, viommu);

	if (vdev->virt_id == vt->forbidden_id)
		return -EOPNOTSUPP;
	vt->initialised++;
	vdev->destroy = test_vdevice_destroy;
	return 0;
}

static const struct iommufd_viommu_ops test_viommu_ops = {
	.vdevice_init = test_vdevice_init,
};

static int viommu_test_init(struct kunit *test)
{
	struct viommu_test *vt = kunit_kzalloc(test, sizeof(*vt), GFP_KERNEL);
	unsigned int i;

	KUNIT_ASSERT_NOT_NULL(test, vt);
	test->priv = vt;
	vt->viommu.ops = &test_viommu_ops;
	vt->forbidden_id = U64_MAX;
	iommufd_viommu_setup(&vt->viommu, NULL, 1);
	init_waitqueue_head(&vt->wait);
	KUNIT_ASSERT_EQ(test, 0,
			iommufd_veventq_ring_init(&vt->ring, EVENT_TYPE, DEPTH,
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

	iommufd_veventq_ring_free(&vt->ring);
	KUNIT_EXPECT_EQ(test, vt->initialised, 0);
	KUNIT_EXPECT_TRUE(test, RB_EMPTY_ROOT(&vt->viommu.devices));
	KUNIT_EXPECT_TRUE(test, xa_empty(&vt->viommu.vdevs));
	xa_destroy(&vt->viommu.vdevs);
}

static int add(struct viommu_test *vt, unsigned int i, u64 virt_id)
{
	vt->vdevices[i].virt_id = virt_id;
	return iommufd_viommu_add_vdevice(&vt->viommu, &vt->vdevices[i]);
}

static void take_away(struct viommu_test *vt, unsigned int i)
{
	iommufd_viommu_remove_vdevice(&vt->viommu, &vt->vdevices[i]);
}

static struct device *find(struct viommu_test *vt, u64 virt_id)
{
	guard(iommufd_viommu_devices)(&vt->viommu);
	return iommufd_viommu_find_dev(&vt->viommu, virt_id);
}

static int get_id(struct viommu_test *vt, unsigned int i, unsigned long *id)
{
	return iommufd_viommu_get_vdev_id(&vt->viommu, vt->vdevices[i].dev, id);
}

static void virtual_id_leads_to_the_device_and_back(struct kunit *test)
{
	struct viommu_test *vt = test->priv;
	unsigned long virt_id = 0;

	KUNIT_ASSERT_EQ(test, 0, add(vt, 0, U32_MAX));
	KUNIT_ASSERT_EQ(test, 0, add(vt, 1, 0));
	KUNIT_EXPECT_PTR_EQ(test, find(vt, U32_MAX), vt->vdevices[0].dev);
	KUNIT_EXPECT_PTR_EQ(test, find(vt, 0), vt->vdevices[1].dev);
	KUNIT_EXPECT_EQ(test, 0, get_id(vt, 0, &virt_id));
	KUNIT_EXPECT_EQ(test, virt_id, U32_MAX);
	take_away(vt, 0);
	KUNIT_EXPECT_NULL(test, find(vt, U32_MAX));
	KUNIT_EXPECT_EQ(test, -ENOENT, get_id(vt, 0, &virt_id));
	KUNIT_EXPECT_PTR_EQ(test, find(vt, 0), vt->vdevices[1].dev);
	take_away(vt, 1);
}

static void virtual_id_may_have_64_bits(struct kunit *test)
{
	struct viommu_test *vt = test->priv;

	if (sizeof(long) < sizeof(u64)) {
		KUNIT_EXPECT_EQ(test, -EINVAL, add(vt, 0, BIT_ULL(32)));
		return;
	}
	KUNIT_ASSERT_EQ(test, 0, add(vt, 0, BIT_ULL(32) | 5));
	KUNIT_EXPECT_NULL(test, find(vt, 5));
	KUNIT_EXPECT_PTR_EQ(test, find(vt, BIT_ULL(32) | 5),
			    vt->vdevices[0].dev);
	take_away(vt, 0);
}

static void second_of_an_id_or_a_device_is_refused(struct kunit *test)
{
	struct viommu_test *vt = test->priv;
	struct iommufd_vdevice again = { .virt_id = 6 };

	KUNIT_ASSERT_EQ(test, 0, add(vt, 0, 5));
	KUNIT_EXPECT_EQ(test, -EEXIST, add(vt, 1, 5));
	again.dev = vt->vdevices[0].dev;
	KUNIT_EXPECT_EQ(test, -EEXIST,
			iommufd_viommu_add_vdevice(&vt->viommu, &again));
	/* The driver's initialisation of the refused ones was undone */
	KUNIT_EXPECT_EQ(test, vt->initialised, 1);
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
	return iommufd_viommu_report_event(&vt->viommu, type, &event,
					   sizeof(event));
}

static void open_queue(struct kunit *test)
{
	struct viommu_test *vt = test->priv;

	KUNIT_ASSERT_EQ(test, 0,
			iommufd_viommu_add_ring(&vt->viommu, &vt->ring));
}

static void event_without_queue_is_the_hosts(struct kunit *test)
{
	struct viommu_test *vt = test->priv;

	KUNIT_EXPECT_EQ(test, -EOPNOTSUPP, report(vt, EVENT_TYPE, 1));
	open_queue(test);
	KUNIT_EXPECT_EQ(test, -EEXIST,
			iommufd_viommu_add_ring(&vt->viommu, &vt->ring));
	KUNIT_EXPECT_EQ(test, -EOPNOTSUPP, report(vt, EVENT_TYPE + 1, 1));
	iommufd_viommu_remove_ring(&vt->viommu, &vt->ring);
	KUNIT_EXPECT_EQ(test, -EOPNOTSUPP, report(vt, EVENT_TYPE, 1));
	KUNIT_EXPECT_EQ(test, vt->ring.count, 0);
}

static void event_of_wrong_size_is_refused(struct kunit *test)
{
	struct viommu_test *vt = test->priv;
	u64 event = 1;

	open_queue(test);
	KUNIT_EXPECT_EQ(test, -EINVAL,
			iommufd_viommu_report_event(&vt->viommu, EVENT_TYPE,
						    &event, sizeof(event)));
	KUNIT_EXPECT_EQ(test, vt->ring.sequence, 0);
	KUNIT_EXPECT_EQ(test, vt->ring.count, 0);
}

static void sequence_wraps_to_0(struct kunit *test)
{
	struct viommu_test *vt = test->priv;
	struct test_entry *entries = vt->ring.entries;

	open_queue(test);
	vt->ring.sequence = INT_MAX;
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
	struct test_entry *entries = vt->ring.entries;

	open_queue(test);
	KUNIT_EXPECT_EQ(test, 0, report(vt, EVENT_TYPE, 11));
	KUNIT_EXPECT_EQ(test, 0, report(vt, EVENT_TYPE, 12));
	KUNIT_EXPECT_FALSE(test, vt->ring.lost);
	KUNIT_EXPECT_EQ(test, -EOVERFLOW, report(vt, EVENT_TYPE, 13));
	KUNIT_EXPECT_TRUE(test, vt->ring.lost);
	KUNIT_EXPECT_EQ(test, vt->ring.sequence, 3);
	KUNIT_EXPECT_EQ(test, entries[0].event, 11);
	KUNIT_EXPECT_EQ(test, entries[1].event, 12);
}

static struct kunit_case viommu_test_cases[] = {
	KUNIT_CASE(virtual_id_leads_to_the_device_and_back),
	KUNIT_CASE(virtual_id_may_have_64_bits),
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
