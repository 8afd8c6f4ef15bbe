// SPDX-License-Identifier: GPL-2.0-only
/*
 * Virtual IOMMUs of the mock IOMMU: a driver of include/linux/iommu-viommu.h whose
 * hardware is a few words of memory, so that the objects of iommufd can be tested
 * on any machine. What a test may do with them is in iommufd_test.h.
 */
#include <linux/iommu-viommu.h>
#include <linux/slab.h>

#include "selftest_viommu.h"

static void mock_viommu_free(struct iommu_viommu *viommu)
{
	kfree(viommu);
}

static struct iommu_domain *
mock_viommu_domain_alloc_nested(struct iommu_viommu *viommu, u32 flags,
				const struct iommu_user_data *user_data)
{
	return mock_domain_alloc_nested(viommu->parent, flags, viommu,
					user_data);
}

static int
mock_viommu_execute(struct iommu_viommu *viommu,
		    const struct iommu_viommu_invalidate_selftest *inv)
{
	u32 *cache;
	struct device *dev;

	if (inv->flags & ~IOMMU_TEST_INVALIDATE_FLAG_ALL)
		return -EOPNOTSUPP;
	if (inv->cache_id > MOCK_DEV_CACHE_ID_MAX)
		return -EINVAL;

	guard(iommu_viommu_devices)(viommu);
	dev = iommu_viommu_find_device(viommu, inv->vdev_id);
	if (!dev)
		return -EINVAL;
	cache = mock_dev_viommu(dev)->cache;
	if (inv->flags & IOMMU_TEST_INVALIDATE_FLAG_ALL)
		memset(cache, 0, sizeof(*cache) * MOCK_DEV_CACHE_NUM);
	else
		cache[inv->cache_id] = 0;
	return 0;
}

static int mock_viommu_cache_invalidate(struct iommu_viommu *viommu,
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

static size_t mock_viommu_veventq_event_size(struct iommu_viommu *viommu,
					     u32 type)
{
	return type == IOMMU_VEVENTQ_TYPE_SELFTEST ?
		       sizeof(struct iommu_viommu_event_selftest) :
		       0;
}

static const struct iommu_viommu_ops mock_viommu_ops = {
	.free = mock_viommu_free,
	.domain_alloc_nested = mock_viommu_domain_alloc_nested,
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
	return iommu_viommu_copy_to_user(user_data, &data, sizeof(data));
}

struct iommu_viommu *mock_viommu_alloc(struct device *dev,
				       struct iommu_domain *parent, u32 type,
				       const struct iommu_user_data *user_data)
{
	struct iommu_viommu *viommu;
	int rc;

	if (type != IOMMU_VIOMMU_TYPE_SELFTEST)
		return ERR_PTR(-EOPNOTSUPP);
	viommu = kzalloc(sizeof(*viommu), GFP_KERNEL);
	if (!viommu)
		return ERR_PTR(-ENOMEM);
	viommu->ops = &mock_viommu_ops;
	if (user_data) {
		rc = mock_viommu_answer(user_data);
		if (rc) {
			kfree(viommu);
			return ERR_PTR(rc);
		}
	}
	return viommu;
}

void mock_dev_viommu_init(struct mock_dev_viommu *mdev)
{
	init_rwsem(&mdev->rwsem);
	memset32(mdev->cache, IOMMU_TEST_DEV_CACHE_DEFAULT,
		 ARRAY_SIZE(mdev->cache));
}

/* The domain that @dev is being attached to is nested, and @viommu's, or NULL */
int mock_viommu_attach(struct iommu_viommu *viommu, struct device *dev)
{
	struct mock_dev_viommu *mdev = mock_dev_viommu(dev);
	u64 virt_id;
	int rc;

	if (viommu) {
		rc = iommu_viommu_virt_id(viommu, dev, &virt_id);
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

/* What an interrupt handler does: the lock keeps the device attached */
static int mock_viommu_interrupt(struct device *dev)
{
	struct mock_dev_viommu *mdev = mock_dev_viommu(dev);
	struct iommu_viommu_event_selftest event;
	u64 virt_id;
	int rc;

	guard(rwsem_read)(&mdev->rwsem);
	if (!mdev->viommu)
		return -ENOENT;
	rc = iommu_viommu_virt_id(mdev->viommu, dev, &virt_id);
	if (rc)
		return rc;
	event.virt_id = virt_id;
	rc = iommu_viommu_report_event(mdev->viommu,
				       IOMMU_VEVENTQ_TYPE_SELFTEST, &event,
				       sizeof(event));
	/* User space learns from the queue what it lost */
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
