// SPDX-License-Identifier: GPL-2.0-only
/*
 * Virtual IOMMUs of the mock IOMMU: implements include/linux/iommu-viommu.h with a
 * few words of memory as hardware, to test the objects of iommufd on any machine.
 * The operations for tests are in iommufd_test.h.
 */
#include <linux/iommu-viommu.h>
#include <linux/slab.h>

#include "selftest_viommu.h"

/* A guest's share of the mock IOMMU */
struct mock_viommu {
	struct iommufd_viommu core;
	struct iommu_domain *parent;
};

static struct iommu_domain *
mock_viommu_alloc_domain_nested(struct iommufd_viommu *core, u32 flags,
				const struct iommu_user_data *user_data)
{
	struct mock_viommu *viommu =
		container_of(core, struct mock_viommu, core);

	return mock_domain_alloc_nested(viommu->parent, flags, core, user_data);
}

static int
mock_viommu_execute(struct iommufd_viommu *viommu,
		    const struct iommu_viommu_invalidate_selftest *inv)
{
	u32 *cache;
	struct device *dev;

	if (inv->flags & ~IOMMU_TEST_INVALIDATE_FLAG_ALL)
		return -EOPNOTSUPP;
	if (inv->cache_id > MOCK_DEV_CACHE_ID_MAX)
		return -EINVAL;

	guard(iommufd_viommu_devices)(viommu);
	dev = iommufd_viommu_find_dev(viommu, inv->vdev_id);
	if (!dev)
		return -EINVAL;
	cache = mock_dev_viommu(dev)->cache;
	if (inv->flags & IOMMU_TEST_INVALIDATE_FLAG_ALL)
		memset(cache, 0, sizeof(*cache) * MOCK_DEV_CACHE_NUM);
	else
		cache[inv->cache_id] = 0;
	return 0;
}

static int mock_viommu_cache_invalidate(struct iommufd_viommu *viommu,
					struct iommu_user_data_array *array)
{
	const u32 type = IOMMU_VIOMMU_INVALIDATE_DATA_SELFTEST;
	struct iommu_viommu_invalidate_selftest inv;
	int rc = 0;
	u32 i = 0;

	if (array->type != type) {
		array->entry_num = 0;
		return -EINVAL;
	}

	for (; i < array->entry_num; i++) {
		rc = iommu_copy_struct_from_user_array(&inv, array, type, i,
						       cache_id);
		if (!rc)
			rc = mock_viommu_execute(viommu, &inv);
		if (rc)
			break;
	}
	array->entry_num = i;
	return rc;
}

static size_t mock_viommu_veventq_event_size(struct iommufd_viommu *viommu,
					     enum iommu_veventq_type type)
{
	return type == IOMMU_VEVENTQ_TYPE_SELFTEST ?
		       sizeof(struct iommu_viommu_event_selftest) :
		       0;
}

static const struct iommufd_viommu_ops mock_viommu_ops = {
	.alloc_domain_nested = mock_viommu_alloc_domain_nested,
	.cache_invalidate = mock_viommu_cache_invalidate,
	.veventq_event_size = mock_viommu_veventq_event_size,
};

static int mock_viommu_answer(const struct iommu_user_data *user_data)
{
	struct iommu_viommu_selftest data;
	int rc;

	rc = iommu_copy_struct_from_user(&data, user_data,
					 IOMMU_VIOMMU_TYPE_SELFTEST, out_data);
	if (rc)
		return rc;
	data.out_data = data.in_data;
	return iommu_copy_struct_to_user(user_data, &data,
					 IOMMU_VIOMMU_TYPE_SELFTEST, out_data);
}

size_t mock_get_viommu_size(struct device *dev, enum iommu_viommu_type type)
{
	if (type != IOMMU_VIOMMU_TYPE_SELFTEST)
		return 0;
	return VIOMMU_STRUCT_SIZE(struct mock_viommu, core);
}

int mock_viommu_init(struct iommufd_viommu *core, struct iommu_domain *parent,
		     const struct iommu_user_data *user_data)
{
	struct mock_viommu *viommu =
		container_of(core, struct mock_viommu, core);

	core->ops = &mock_viommu_ops;
	viommu->parent = parent;
	return user_data ? mock_viommu_answer(user_data) : 0;
}

void mock_dev_viommu_init(struct mock_dev_viommu *mdev)
{
	init_rwsem(&mdev->rwsem);
	memset32(mdev->cache, IOMMU_TEST_DEV_CACHE_DEFAULT,
		 ARRAY_SIZE(mdev->cache));
}

/* @dev is being attached to a nested domain of @viommu, if not NULL */
int mock_viommu_attach(struct iommufd_viommu *viommu, struct device *dev)
{
	struct mock_dev_viommu *mdev = mock_dev_viommu(dev);
	unsigned long virt_id;
	int rc;

	if (viommu) {
		rc = iommufd_viommu_get_vdev_id(viommu, dev, &virt_id);
		if (rc)
			return rc;
	}
	guard(rwsem_write)(&mdev->rwsem);
	mdev->viommu = viommu;
	return 0;
}

static struct iommufd_device *get_mock_device(struct iommufd_ucmd *ucmd,
					      u32 idev_id)
{
	struct iommufd_device *idev = iommufd_get_device(ucmd, idev_id);

	if (IS_ERR(idev) || iommufd_selftest_is_mock_dev(idev->dev))
		return idev;
	iommufd_put_object(ucmd->ictx, &idev->obj);
	return ERR_PTR(-EINVAL);
}

int iommufd_test_dev_check_cache(struct iommufd_ucmd *ucmd, u32 idev_id,
				 u32 cache_id, u32 cache)
{
	struct iommufd_device *idev = get_mock_device(ucmd, idev_id);
	int rc = 0;

	if (IS_ERR(idev))
		return PTR_ERR(idev);
	if (cache_id > MOCK_DEV_CACHE_ID_MAX ||
	    mock_dev_viommu(idev->dev)->cache[cache_id] != cache)
		rc = -EINVAL;
	iommufd_put_object(ucmd->ictx, &idev->obj);
	return rc;
}

/* Like an interrupt handler: the lock keeps the device attached */
static int mock_viommu_interrupt(struct device *dev)
{
	struct mock_dev_viommu *mdev = mock_dev_viommu(dev);
	struct iommu_viommu_event_selftest event;
	unsigned long virt_id;
	int rc;

	guard(rwsem_read)(&mdev->rwsem);
	if (!mdev->viommu)
		return -ENOENT;
	rc = iommufd_viommu_get_vdev_id(mdev->viommu, dev, &virt_id);
	if (rc)
		return rc;
	event.virt_id = virt_id;
	rc = iommufd_viommu_report_event(mdev->viommu,
					 IOMMU_VEVENTQ_TYPE_SELFTEST, &event,
					 sizeof(event));
	/* The queue reports the loss to user space */
	return rc == -EOVERFLOW ? 0 : rc;
}

int iommufd_test_trigger_vevent(struct iommufd_ucmd *ucmd, u32 idev_id)
{
	struct iommufd_device *idev = get_mock_device(ucmd, idev_id);
	int rc;

	if (IS_ERR(idev))
		return PTR_ERR(idev);
	rc = mock_viommu_interrupt(idev->dev);
	iommufd_put_object(ucmd->ictx, &idev->obj);
	return rc;
}
