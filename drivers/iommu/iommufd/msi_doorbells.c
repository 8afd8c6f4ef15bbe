// SPDX-License-Identifier: GPL-2.0-only
/*
 * ioctl(IOMMU_MSI_DOORBELLS), ioctl(IOMMU_MSI_PLACE), ioctl(IOMMU_MSI_DEVICE): report
 * where doorbells are, and which IOVAs they keep from user space, place them, and
 * report how many a device needs.
 */
#include <linux/interval_tree.h>
#include <linux/slab.h>
#include <uapi/linux/iommufd_msi.h>

#include "io_pagetable.h"
#include "msi.h"

/* Length of the first version of struct iommu_msi_doorbell */
#define MSI_DOORBELL_MIN_LEN offsetofend(struct iommu_msi_doorbell, length)

/* What the user named: an IOAS, or one of its page tables */
struct msi_object {
	struct iommufd_object *obj;
	struct io_pagetable *iopt;
	struct iommufd_hwpt_paging *hwpt_paging;
};

/* Undone by iommufd_put_object() */
static int msi_get_object(struct iommufd_ctx *ictx, u32 id,
			  struct msi_object *object)
{
	struct iommufd_hw_pagetable *hwpt;
	struct iommufd_object *obj;

	obj = iommufd_get_object(ictx, id, IOMMUFD_OBJ_ANY);
	if (IS_ERR(obj))
		return PTR_ERR(obj);
	*object = (struct msi_object){ .obj = obj };
	switch (obj->type) {
	case IOMMUFD_OBJ_IOAS:
		object->iopt =
			&container_of(obj, struct iommufd_ioas, obj)->iopt;
		return 0;
	case IOMMUFD_OBJ_HWPT_PAGING:
		hwpt = container_of(obj, struct iommufd_hw_pagetable, obj);
		object->hwpt_paging = to_hwpt_paging(hwpt);
		object->iopt = &object->hwpt_paging->ioas->iopt;
		return 0;
	default:
		iommufd_put_object(ictx, obj);
		return -EINVAL;
	}
}

/* The iova_rwsem is held */
static struct iommu_msi_space *msi_object_space(struct msi_object *object)
{
	if (object->hwpt_paging && object->hwpt_paging->msi_space)
		return object->hwpt_paging->msi_space;
	return object->iopt->msi_space;
}

static u32 msi_doorbell_placement(const struct iommu_msi_state *state)
{
	switch (state->placement) {
	case IOMMU_MSI_PLACED_FIXED:
		return IOMMU_MSI_PLACEMENT_FIXED;
	case IOMMU_MSI_PLACED_WINDOW:
		return IOMMU_MSI_PLACEMENT_WINDOW;
	default:
		return IOMMU_MSI_PLACEMENT_AUTO;
	}
}

/**
 * iommufd_msi_describe() - Fill in the state of a doorbell for user space
 * @index: Index of the doorbell
 * @state: Its state
 * @entry: Filled
 */
void iommufd_msi_describe(unsigned long index,
			  const struct iommu_msi_state *state,
			  struct iommu_msi_doorbell *entry)
{
	*entry = (struct iommu_msi_doorbell){
		.index = index,
		.flags = (state->mapped ? IOMMU_MSI_DOORBELL_MAPPED : 0) |
			 (state->pinned ? IOMMU_MSI_DOORBELL_PINNED : 0),
		.placement = msi_doorbell_placement(state),
		.vectors = state->vectors,
		.iova = state->iova,
		.length = state->length,
	};
}

static int msi_doorbells_put_entry(struct iommu_msi_doorbells *cmd, u32 nr,
				   unsigned long index,
				   const struct iommu_msi_state *state)
{
	void __user *uptr = u64_to_user_ptr(cmd->entries_uptr);
	struct iommu_msi_doorbell entry;
	size_t len = min_t(size_t, cmd->entry_len, sizeof(entry));

	iommufd_msi_describe(index, state, &entry);
	uptr += (size_t)nr * cmd->entry_len;
	if (copy_to_user(uptr, &entry, len) ||
	    clear_user(uptr + len, cmd->entry_len - len))
		return -EFAULT;
	return 0;
}

/*
 * The iova_rwsem keeps each doorbell where it is; the space's own lock is taken for
 * one at a time, since it must not be held when user memory faults.
 */
static int msi_doorbells_fill(struct iommu_msi_doorbells *cmd,
			      struct msi_object *object)
{
	struct iommu_msi_space *space;
	u32 room = cmd->num_entries;
	struct iommu_msi_state state;
	unsigned long index = 0;
	int rc = 0;

	cmd->num_entries = 0;
	down_read(&object->iopt->iova_rwsem);
	space = msi_object_space(object);
	while (space && iommu_msi_next_state(space, &index, &state)) {
		if (cmd->num_entries < room)
			rc = msi_doorbells_put_entry(cmd, cmd->num_entries,
						     index, &state);
		if (rc)
			break;
		cmd->num_entries++;
		index++;
	}
	up_read(&object->iopt->iova_rwsem);
	if (!rc && cmd->num_entries > room)
		rc = -EMSGSIZE;
	return rc;
}

int iommufd_msi_doorbells(struct iommufd_ucmd *ucmd)
{
	struct iommu_msi_doorbells *cmd = ucmd->cmd;
	struct msi_object object;
	int rc;

	if (cmd->flags || cmd->__reserved)
		return -EOPNOTSUPP;
	if (cmd->entry_len < MSI_DOORBELL_MIN_LEN || cmd->entry_len > PAGE_SIZE)
		return -EINVAL;

	rc = msi_get_object(ucmd->ictx, cmd->object_id, &object);
	if (rc)
		return rc;
	rc = msi_doorbells_fill(cmd, &object);
	if (rc && rc != -EMSGSIZE)
		goto out_put;
	if (iommufd_ucmd_respond(ucmd, sizeof(*cmd)))
		rc = -EFAULT;
out_put:
	iommufd_put_object(ucmd->ictx, object.obj);
	return rc;
}

/* IOVAs that doorbells keep from user space */

static int msi_add_pinned(struct rb_root_cached *pinned, unsigned long start,
			  unsigned long last)
{
	struct interval_tree_node *node;

	node = kzalloc(sizeof(*node), GFP_KERNEL_ACCOUNT);
	if (!node)
		return -ENOMEM;
	node->start = start;
	node->last = last;
	interval_tree_insert(node, pinned);
	return 0;
}

static int msi_collect_pinned(struct iommu_msi_space *space,
			      struct rb_root_cached *pinned)
{
	struct iommu_msi_state state;
	unsigned long index;
	int rc = 0;

	for (index = 0; !rc && iommu_msi_next_state(space, &index, &state);
	     index++) {
		if (state.pinned && state.placement != IOMMU_MSI_PLACED_FIXED)
			rc = msi_add_pinned(pinned, state.iova,
					    state.iova + state.length - 1);
		if (!rc && state.kept.start <= state.kept.last)
			rc = msi_add_pinned(pinned, state.kept.start,
					    state.kept.last);
	}
	return rc;
}

/**
 * iopt_msi_collect_pinned() - Collect the IOVAs of doorbells that are pinned
 * @iopt: io_pagetable
 * @pinned: Empty interval tree. Gets a node for the IOVAs of each doorbell of @iopt
 *	and its page tables that is pinned by other than a fixed placement, and for
 *	those that it keeps (struct iommu_msi_state); these may overlap. To be freed by
 *	iopt_msi_free_pinned(), even after an error.
 *
 * A map over such a doorbell fails with -EEXIST. Vectors, which
 * io_pagetable::iova_rwsem does not exclude, can pin and unpin a doorbell: what is
 * collected was true at some time during the call.
 *
 * Context: io_pagetable::iova_rwsem is held.
 * Return: 0 or -ENOMEM.
 */
int iopt_msi_collect_pinned(struct io_pagetable *iopt,
			    struct rb_root_cached *pinned)
{
	struct iommufd_hwpt_paging *hwpt_paging;
	int rc = 0;

	lockdep_assert_held(&iopt->iova_rwsem);

	if (iopt->msi_space)
		rc = msi_collect_pinned(iopt->msi_space, pinned);
	list_for_each_entry(hwpt_paging, &iopt->msi_hwpts, msi_item) {
		if (rc)
			break;
		rc = msi_collect_pinned(hwpt_paging->msi_space, pinned);
	}
	return rc;
}

/**
 * iopt_msi_free_pinned() - Free what iopt_msi_collect_pinned() collected
 * @pinned: The interval tree
 */
void iopt_msi_free_pinned(struct rb_root_cached *pinned)
{
	struct interval_tree_node *node;

	while ((node = interval_tree_iter_first(pinned, 0, ULONG_MAX))) {
		interval_tree_remove(node, pinned);
		kfree(node);
	}
}

/* Placement */

/* User space and the core accept the same indices */
static_assert(IOMMU_MSI_MAX_DOORBELLS == IOMMU_MSI_SPACE_DOORBELLS);

static int msi_place_window(struct iommu_msi_space *space,
			    const struct iommu_msi_place *cmd)
{
	struct iommu_msi_window window = { .start = cmd->iova };

	if (cmd->index != IOMMU_MSI_INDEX_ALL || !cmd->length)
		return -EINVAL;
	if (check_add_overflow(cmd->iova, cmd->length - 1, &window.last))
		return -EOVERFLOW;
	return iommu_msi_place_window(space, &window);
}

static int msi_place_auto(struct iommu_msi_space *space,
			  const struct iommu_msi_place *cmd)
{
	if (cmd->iova || cmd->length)
		return -EINVAL;
	if (cmd->index == IOMMU_MSI_INDEX_ALL)
		iommu_msi_place_all_auto(space);
	else if (cmd->index < IOMMU_MSI_MAX_DOORBELLS)
		iommu_msi_place_auto(space, cmd->index);
	else
		return -EINVAL;
	return 0;
}

static int msi_place_fixed(struct iommu_msi_space *space,
			   const struct iommu_msi_place *cmd)
{
	if (cmd->length || cmd->iova > ULONG_MAX ||
	    cmd->index >= IOMMU_MSI_MAX_DOORBELLS)
		return -EINVAL;
	return iommu_msi_place_fixed(space, cmd->index, cmd->iova);
}

static int msi_place_in_space(struct iommu_msi_space *space,
			      const struct iommu_msi_place *cmd)
{
	switch (cmd->placement) {
	case IOMMU_MSI_PLACEMENT_AUTO:
		return msi_place_auto(space, cmd);
	case IOMMU_MSI_PLACEMENT_WINDOW:
		return msi_place_window(space, cmd);
	case IOMMU_MSI_PLACEMENT_FIXED:
		return msi_place_fixed(space, cmd);
	default:
		return -EOPNOTSUPP;
	}
}

static int msi_place_in_ioas(struct io_pagetable *iopt,
			     const struct iommu_msi_place *cmd)
{
	struct iommu_msi_space *space;

	space = iopt_msi_get_space(iopt, &iopt->msi_space);
	if (IS_ERR(space))
		return PTR_ERR(space);
	return msi_place_in_space(space, cmd);
}

static int msi_place_in_hwpt(struct iommufd_hwpt_paging *hwpt_paging,
			     const struct iommu_msi_place *cmd)
{
	bool is_first = !hwpt_paging->msi_space;
	struct iommu_msi_space *space;
	int rc;

	space = iommufd_msi_hwpt_space(hwpt_paging);
	if (IS_ERR(space))
		return PTR_ERR(space);
	rc = msi_place_in_space(space, cmd);
	/* Devices find the doorbells of the IOAS here again */
	if (rc && is_first)
		iommufd_msi_hwpt_drop_space(hwpt_paging);
	return rc;
}

int iommufd_msi_place(struct iommufd_ucmd *ucmd)
{
	struct iommu_msi_place *cmd = ucmd->cmd;
	struct msi_object object;
	int rc;

	if (cmd->flags || cmd->__reserved ||
	    cmd->placement > IOMMU_MSI_PLACEMENT_FIXED)
		return -EOPNOTSUPP;

	rc = msi_get_object(ucmd->ictx, cmd->object_id, &object);
	if (rc)
		return rc;
	down_write(&object.iopt->iova_rwsem);
	rc = object.hwpt_paging ? msi_place_in_hwpt(object.hwpt_paging, cmd) :
				  msi_place_in_ioas(object.iopt, cmd);
	up_write(&object.iopt->iova_rwsem);
	iommufd_put_object(ucmd->ictx, object.obj);
	return rc;
}

/* Granule of the page table that the device is attached to, if any */
static u64 msi_device_granule(struct iommufd_device *idev)
{
	struct iommu_msi_geometry geometry = { .granule = PAGE_SIZE };
	struct iommufd_hwpt_paging *hwpt_paging;
	struct msi_object object;

	guard(mutex)(&idev->igroup->lock);
	if (!idev->igroup->hwpt)
		return geometry.granule;
	hwpt_paging = find_hwpt_paging(idev->igroup->hwpt);
	if (!hwpt_paging)
		return geometry.granule;
	object = (struct msi_object){
		.iopt = &hwpt_paging->ioas->iopt,
		.hwpt_paging = hwpt_paging,
	};
	down_read(&object.iopt->iova_rwsem);
	if (msi_object_space(&object))
		iommu_msi_get_geometry(msi_object_space(&object), &geometry);
	up_read(&object.iopt->iova_rwsem);
	return geometry.granule;
}

int iommufd_msi_device(struct iommufd_ucmd *ucmd)
{
	struct iommu_msi_device *cmd = ucmd->cmd;
	struct iommufd_device *idev;
	int rc;

	if (cmd->flags)
		return -EOPNOTSUPP;

	idev = iommufd_get_device(ucmd, cmd->dev_id);
	if (IS_ERR(idev))
		return PTR_ERR(idev);
	rc = iommufd_msi_count(idev->dev);
	if (rc >= 0) {
		cmd->num_doorbells = rc;
		cmd->granule = msi_device_granule(idev);
		rc = iommufd_ucmd_respond(ucmd, sizeof(*cmd));
	}
	iommufd_put_object(ucmd->ictx, &idev->obj);
	return rc;
}
