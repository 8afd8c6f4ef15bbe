// SPDX-License-Identifier: GPL-2.0
/// A function that fails has to release what it acquired, or pass it on: a reference
/// on a rewriter, a new doorbell or device of an MSI space, a counted vector, and a
/// device's reservation.
//
// Options: --no-includes

virtual report

@initialize:python@
@@
def tell(place, taken, line, undo):
    if not place.file.endswith("test.c"):
        print(f"{place.file}:{place.line}: fails without {undo} for {taken}() of line {line}")

// Pointers: until stored, the return value is the only reference
@pointer exists@
identifier get = {msi_rewriter_get, doorbell_create, msi_device_get, msi_mapping_get,
	iommu_msi_space_create, msi_vector_acquire};
identifier put = {msi_rewriter_put, doorbell_free_idle, msi_device_free_idle,
	msi_mapping_put, iommu_msi_space_destroy, msi_vector_drop};
local idexpression x;
local idexpression int g;
expression e, f;
identifier m;
constant c;
statement S;
position p, q;
@@
x = get@p(...);
... when != put(..., x, ...)
if (<+... x ...+>) S
... when != put(..., x, ...)
    when != x = f
    when != e->m = x
    when != *e = x
    when any
(
return@q -c;
|
return@q ERR_PTR(...);
|
return@q ERR_CAST(...);
|
return@q NULL;
|
if (g) return@q g;
)

@script:python@
get << pointer.get;
p << pointer.p;
q << pointer.q;
@@
tell(q[0], get, p[0].line, "its undoing")

// The same for an initialised variable
@initialised exists@
identifier get = {msi_rewriter_get, doorbell_create, msi_device_get, msi_mapping_get,
	iommu_msi_space_create, msi_vector_acquire};
identifier put = {msi_rewriter_put, doorbell_free_idle, msi_device_free_idle,
	msi_mapping_put, iommu_msi_space_destroy, msi_vector_drop};
identifier x;
type T;
local idexpression int g;
expression e, f;
identifier m;
constant c;
statement S;
position p, q;
@@
T x = get@p(...);
... when != put(..., x, ...)
if (<+... x ...+>) S
... when != put(..., x, ...)
    when != x = f
    when != e->m = x
    when != *e = x
    when any
(
return@q -c;
|
return@q ERR_PTR(...);
|
return@q ERR_CAST(...);
|
return@q NULL;
|
if (g) return@q g;
)

@script:python@
get << initialised.get;
p << initialised.p;
q << initialised.q;
@@
tell(q[0], get, p[0].line, "its undoing")

// Calls that return 0 if they acquired something
@status exists@
identifier take = {iommu_msi_reserve_device, iommu_msi_reserve_group,
	iommufd_msi_reserve, iommu_msi_replace_begin, iommu_msi_pin_device,
	iommufd_msi_begin_move};
identifier undo = {iommu_msi_unreserve_device,
	iommu_msi_unreserve_group, iopt_msi_unreserve, iommufd_msi_unreserve,
	iommu_msi_replace_end, iommu_msi_unpin_device, iommufd_msi_end_move,
	iopt_remove_reserved_iova, msi_relocations_cancel};
local idexpression int rc, g;
statement S;
constant c;
position p, q;
@@
rc = take@p(...);
if (rc) S
... when != undo(...)
    when any
(
return@q -c;
|
return@q ERR_PTR(...);
|
if (g) return@q g;
)

@script:python@
take << status.take;
p << status.p;
q << status.q;
@@
tell(q[0], take, p[0].line, "its undoing")

// A counted vector
@counted exists@
local idexpression int g;
expression d, u;
constant c;
position p, q;
@@
msi_vector_count@p(d, u, 1);
... when != msi_vector_count(d, u, -1)
    when any
(
return@q -c;
|
if (g) return@q g;
|
if (g) { ... when != msi_vector_count(d, u, -1)
         return@q g; }
)

@script:python@
p << counted.p;
q << counted.q;
@@
tell(q[0], "msi_vector_count", p[0].line, "its undoing")

// Several relocations: if one fails, cancel the previous ones before the list on the
// stack goes out of scope
@relocations exists@
identifier list;
position p, q;
expression e;
@@
LIST_HEAD@p(list);
... when any
\(msi_relocate\|msi_window_begin\|msi_relocate_misfits\)(..., &list)
... when != msi_relocations_commit(&list, ...)
    when != msi_request_commit(&list, ...)
    when != msi_relocations_cancel(&list)
(
return msi_relocations_commit(&list, ...);
|
return@q e;
)

@script:python@
p << relocations.p;
q << relocations.q;
@@
tell(q[0], "msi_relocate", p[0].line, "msi_relocations_cancel()")
