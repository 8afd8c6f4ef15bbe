// SPDX-License-Identifier: GPL-2.0
/// The search for a doorbell's IOVA runs under the lock of the MSI space's owner, and
/// under no other lock: it walks over the user's mappings, so a waiter for a lock that
/// nests inside would wait for the user. See include/linux/iommu-msi.h.
///
/// In drivers/iommu/msi a lock taken by the searching function itself is never the
/// owner's. Owners may hold other locks, but no spinlock, no lock of the interrupt
/// core, and not that of the MSI space.
//
// Options: --no-includes

virtual report

@initialize:python@
@@
INSIDE = "drivers/iommu/msi/"
OWNERS = ("mutex_lock", "mutex_lock_killable", "mutex_lock_interruptible", "down_write", "down_read")

def allowed(place, lock):
    """Owners take their own mutexes and semaphores."""
    return INSIDE not in place.file and lock in OWNERS

def in_its_block(guard, place):
    """A path may leave the guard's block, or come back to what is before it."""
    with open(guard.file, encoding="utf-8") as file:
        lines = list(file)[int(guard.line) - 1:int(place.line) - 1]
    depth = 0
    for line in lines:
        for brace in line:
            depth += (brace == "{") - (brace == "}")
            if depth < 0:
                return False
    return bool(lines)

def tell(place, search, how):
    """KUnit tests and those of user space have owners without locks."""
    if not place.file.endswith("test.c") and not place.file.startswith("tools/"):
        print(f"{place.file}:{place.line}: {search}() searches a place {how}")

@held exists@
identifier take = {mutex_lock, mutex_lock_nested, mutex_lock_killable,
	mutex_lock_interruptible, down_write, down_read, spin_lock, spin_lock_irq,
	spin_lock_irqsave, raw_spin_lock, raw_spin_lock_irq, raw_spin_lock_irqsave,
	read_lock, write_lock, rcu_read_lock, msi_lock_descs, msi_spaces_lock};
identifier drop = {mutex_unlock, up_write, up_read, spin_unlock, spin_unlock_irq,
	spin_unlock_irqrestore, raw_spin_unlock, raw_spin_unlock_irq,
	raw_spin_unlock_irqrestore, read_unlock, write_unlock, rcu_read_unlock,
	msi_unlock_descs, msi_spaces_unlock};
identifier search = {msi_placement_find, doorbell_find_place,
	doorbell_find_reachable_place, doorbell_find_common_place, doorbell_create,
	msi_relocate, msi_relocate_to, msi_relocations_commit, msi_relocations_cancel,
	iommu_msi_reserve_device, iommu_msi_reserve_group, iommu_msi_fit,
	iommu_msi_evade, iommu_msi_join, iommu_msi_make_room, iommu_msi_place_fixed,
	iommu_msi_place_window, iommu_msi_replace_begin};
position p;
@@
take(...)
... when != drop(...)
search@p(...)

@script:python@
take << held.take;
search << held.search;
p << held.p;
@@
if not allowed(p[0], take):
    tell(p[0], search, f"after {take}()")

@guarded exists@
identifier search = {msi_placement_find, doorbell_find_place,
	doorbell_find_reachable_place, doorbell_find_common_place, doorbell_create,
	msi_relocate, msi_relocate_to, msi_relocations_commit, msi_relocations_cancel,
	iommu_msi_reserve_device, iommu_msi_reserve_group, iommu_msi_fit,
	iommu_msi_evade, iommu_msi_join, iommu_msi_make_room, iommu_msi_place_fixed,
	iommu_msi_place_window, iommu_msi_replace_begin};
identifier class;
position p, q;
@@
guard@q(class)(...);
... when any
search@p(...)

@script:python@
class_ << guarded.class;
search << guarded.search;
p << guarded.p;
q << guarded.q;
@@
if in_its_block(q[0], p[0]):
    tell(p[0], search, f"under guard({class_})")

// doorbell_placement() asserts the owner's lock for all searches
@unasserted exists@
identifier f;
position p;
@@
f(...)
{
... when != doorbell_placement(...)
msi_placement_find@p(...)
... when any
}

@script:python@
p << unasserted.p;
@@
tell(p[0], "msi_placement_find", "without doorbell_placement(), which asserts the owner's lock")
