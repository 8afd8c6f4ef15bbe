// SPDX-License-Identifier: GPL-2.0
int seeded_reference(struct device *dev, bool busy)
{
	struct iommu_msi_rewriter *rewriter = msi_rewriter_get(dev);

	if (!rewriter)
		return -ENODEV;
	if (busy)
		return -EBUSY;
	msi_rewriter_put(rewriter);
	return 0;
}

struct msi_user *seeded_doorbell(struct msi_device *device,
				 struct iommu_msi_space *space)
{
	struct iommu_doorbell *doorbell;
	struct msi_user *user;

	doorbell = doorbell_create(space, 0, false);
	if (IS_ERR(doorbell))
		return ERR_CAST(doorbell);
	guard(mutex)(&space->lock);
	user = msi_user_create(device, doorbell);
	if (user)
		return user;
	return ERR_PTR(-ENOMEM);
}

int seeded_vector(struct iommu_msi_domain *member, struct msi_desc *desc)
{
	struct msi_user *user;

	user = msi_vector_acquire(member, desc, 0);
	if (IS_ERR(user))
		return PTR_ERR(user);
	if (seeded_check(desc))
		return -EBUSY;
	desc->iommu_msi_user = user;
	return 0;
}

int seeded_reservation(struct iommu_msi_space *space, struct device *dev,
		       const struct iommu_msi_window *window)
{
	int rc;

	rc = iommu_msi_reserve_device(space, dev, window);
	if (rc)
		return rc;
	if (!seeded_check(dev))
		return -EBUSY;
	return 0;
}

int seeded_count(struct msi_desc *desc, struct msi_user *user)
{
	int rc;

	msi_vector_count(desc, user, 1);
	rc = msi_user_map(user);
	if (rc) {
		msi_user_release(user);
		return rc;
	}
	return 0;
}

int seeded_relocations(struct iommu_msi_space *space)
{
	LIST_HEAD(list);
	int rc;

	rc = msi_window_begin(space, &list);
	if (rc)
		return rc;
	return msi_relocations_commit(&list, 0);
}
