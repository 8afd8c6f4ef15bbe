// SPDX-License-Identifier: GPL-2.0
int seeded_mutex(struct iommu_doorbell *doorbell, struct list_head *list)
{
	int rc;

	mutex_lock(&doorbell->space->lock);
	rc = msi_relocate(doorbell, NULL, list);
	mutex_unlock(&doorbell->space->lock);
	return rc;
}

int seeded_guard(struct iommu_doorbell *doorbell, unsigned long *iova)
{
	guard(mutex)(&doorbell->space->lock);
	if (!doorbell->pins)
		return doorbell_find_place(doorbell, NULL, iova);
	return 0;
}

int seeded_bare(const struct msi_placement *placement, unsigned long *iova)
{
	return msi_placement_find(placement, iova);
}

/* Nothing is wrong with these */
int seeded_right(struct iommu_doorbell *doorbell, unsigned long *iova)
{
	while (doorbell->pins) {
		doorbell_find_place(doorbell, NULL, iova);
		guard(mutex)(&doorbell->space->lock);
		doorbell->pins--;
	}
	mutex_lock(&doorbell->space->lock);
	doorbell->pins = 0;
	mutex_unlock(&doorbell->space->lock);
	return doorbell_find_place(doorbell, NULL, iova);
}
