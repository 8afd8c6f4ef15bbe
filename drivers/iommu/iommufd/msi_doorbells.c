// SPDX-License-Identifier: GPL-2.0-only
/*
 * ioctl(IOMMU_MSI_DOORBELLS): report where the doorbells of an IOAS are.
 */
#include <uapi/linux/iommufd_msi.h>

#include "io_pagetable.h"
#include "msi.h"

/* Length of the first version of struct iommu_msi_doorbell */
#define MSI_DOORBELL_MIN_LEN offsetofend(struct iommu_msi_doorbell, length)

/* The MSI space belongs to the IOAS; a page table stands for its IOAS */
static struct iommufd_ioas *msi_doorbells_ioas(struct iommufd_object *obj)
{
	switch (obj->type) {
	case IOMMUFD_OBJ_IOAS:
		return container_of(obj, struct iommufd_ioas, obj);
	case IOMMUFD_OBJ_HWPT_PAGING:
		return container_of(obj, struct iommufd_hwpt_paging, common.obj)
			->ioas;
	default:
		return NULL;
	}
}

static int msi_doorbells_put_entry(struct iommu_msi_doorbells *cmd, u32 nr,
				   unsigned long index,
				   const struct iommu_msi_state *state)
{
	void __user *uptr = u64_to_user_ptr(cmd->entries_uptr);
	struct iommu_msi_doorbell entry = {
		.index = index,
		.flags = state->mapped ? IOMMU_MSI_DOORBELL_MAPPED : 0,
		.placement = IOMMU_MSI_PLACEMENT_AUTO,
		.vectors = state->vectors,
		.iova = state->iova,
		.length = state->length,
	};
	size_t len = min_t(size_t, cmd->entry_len, sizeof(entry));

	uptr += (size_t)nr * cmd->entry_len;
	if (copy_to_user(uptr, &entry, len) ||
	    clear_user(uptr + len, cmd->entry_len - len))
		return -EFAULT;
	return 0;
}

/*
 * The iova_rwsem keeps each doorbell in its place; the space's own lock is taken
 * for each of them alone, since it must not be held when user memory faults.
 */
static int msi_doorbells_fill(struct iommu_msi_doorbells *cmd,
			      struct io_pagetable *iopt)
{
	u32 room = cmd->num_entries;
	struct iommu_msi_state state;
	unsigned long index = 0;
	int rc = 0;

	cmd->num_entries = 0;
	down_read(&iopt->iova_rwsem);
	while (iopt->msi_space &&
	       iommu_msi_next_state(iopt->msi_space, &index, &state)) {
		if (cmd->num_entries < room)
			rc = msi_doorbells_put_entry(cmd, cmd->num_entries,
						     index, &state);
		if (rc)
			break;
		cmd->num_entries++;
		index++;
	}
	up_read(&iopt->iova_rwsem);
	if (!rc && cmd->num_entries > room)
		rc = -EMSGSIZE;
	return rc;
}

int iommufd_msi_doorbells(struct iommufd_ucmd *ucmd)
{
	struct iommu_msi_doorbells *cmd = ucmd->cmd;
	struct iommufd_object *obj;
	struct iommufd_ioas *ioas;
	int rc;

	if (cmd->flags || cmd->__reserved)
		return -EOPNOTSUPP;
	if (cmd->entry_len < MSI_DOORBELL_MIN_LEN || cmd->entry_len > PAGE_SIZE)
		return -EINVAL;

	obj = iommufd_get_object(ucmd->ictx, cmd->object_id, IOMMUFD_OBJ_ANY);
	if (IS_ERR(obj))
		return PTR_ERR(obj);
	ioas = msi_doorbells_ioas(obj);
	if (!ioas) {
		rc = -EINVAL;
		goto out_put;
	}

	rc = msi_doorbells_fill(cmd, &ioas->iopt);
	if (rc && rc != -EMSGSIZE)
		goto out_put;
	if (iommufd_ucmd_respond(ucmd, sizeof(*cmd)))
		rc = -EFAULT;
out_put:
	iommufd_put_object(ucmd->ictx, obj);
	return rc;
}
