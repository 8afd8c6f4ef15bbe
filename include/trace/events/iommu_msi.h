/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Trace points of MSI doorbells behind an IOMMU, and of their IOVAs.
 */
#undef TRACE_SYSTEM
#define TRACE_SYSTEM iommu_msi

#if !defined(_TRACE_IOMMU_MSI_H) || defined(TRACE_HEADER_MULTI_READ)
#define _TRACE_IOMMU_MSI_H

#include <linux/device.h>
#include <linux/tracepoint.h>

/* clang-format off */

/* A device reserves a doorbell; @phys is all ones if it is not known yet */
TRACE_EVENT(iommu_msi_reserve,

	TP_PROTO(const void *space, struct device *dev, phys_addr_t phys,
		 unsigned long iova),

	TP_ARGS(space, dev, phys, iova),

	TP_STRUCT__entry(
		__field(const void *, space)
		__string(device, dev_name(dev))
		__field(u64, phys)
		__field(u64, iova)
	),

	TP_fast_assign(
		__entry->space = space;
		__assign_str(device);
		__entry->phys = phys;
		__entry->iova = iova;
	),

	TP_printk("space=%p device=%s doorbell=0x%llx iova=0x%llx",
		  __entry->space, __get_str(device), __entry->phys,
		  __entry->iova)
);

DECLARE_EVENT_CLASS(iommu_msi_mapping,

	TP_PROTO(const void *space, phys_addr_t phys, unsigned long iova,
		 size_t size),

	TP_ARGS(space, phys, iova, size),

	TP_STRUCT__entry(
		__field(const void *, space)
		__field(u64, phys)
		__field(u64, iova)
		__field(size_t, size)
	),

	TP_fast_assign(
		__entry->space = space;
		__entry->phys = phys;
		__entry->iova = iova;
		__entry->size = size;
	),

	TP_printk("space=%p doorbell=0x%llx iova=0x%llx size=%zu",
		  __entry->space, __entry->phys, __entry->iova, __entry->size)
);

/* A doorbell is mapped into the page tables of a domain */
DEFINE_EVENT(iommu_msi_mapping, iommu_msi_map,

	TP_PROTO(const void *space, phys_addr_t phys, unsigned long iova,
		 size_t size),

	TP_ARGS(space, phys, iova, size)
);

DEFINE_EVENT(iommu_msi_mapping, iommu_msi_unmap,

	TP_PROTO(const void *space, phys_addr_t phys, unsigned long iova,
		 size_t size),

	TP_ARGS(space, phys, iova, size)
);

/* Relocation of a doorbell begins, or is reverted: then @to is where it was */
TRACE_EVENT(iommu_msi_move,

	TP_PROTO(const void *space, phys_addr_t phys, unsigned long from,
		 unsigned long to, unsigned int vectors),

	TP_ARGS(space, phys, from, to, vectors),

	TP_STRUCT__entry(
		__field(const void *, space)
		__field(u64, phys)
		__field(u64, from)
		__field(u64, to)
		__field(unsigned int, vectors)
	),

	TP_fast_assign(
		__entry->space = space;
		__entry->phys = phys;
		__entry->from = from;
		__entry->to = to;
		__entry->vectors = vectors;
	),

	TP_printk("space=%p doorbell=0x%llx from=0x%llx to=0x%llx vectors=%u",
		  __entry->space, __entry->phys, __entry->from, __entry->to,
		  __entry->vectors)
);

/* A doorbell cannot be relocated: it is pinned, or there is no IOVA for it */
TRACE_EVENT(iommu_msi_refuse,

	TP_PROTO(const void *space, phys_addr_t phys, unsigned long iova,
		 int error),

	TP_ARGS(space, phys, iova, error),

	TP_STRUCT__entry(
		__field(const void *, space)
		__field(u64, phys)
		__field(u64, iova)
		__field(int, error)
	),

	TP_fast_assign(
		__entry->space = space;
		__entry->phys = phys;
		__entry->iova = iova;
		__entry->error = error;
	),

	TP_printk("space=%p doorbell=0x%llx iova=0x%llx error=%d",
		  __entry->space, __entry->phys, __entry->iova, __entry->error)
);

/* A guest chose the address of a message, all ones if none */
TRACE_EVENT(iommu_msi_address,

	TP_PROTO(struct device *dev, unsigned int index, u64 address),

	TP_ARGS(dev, index, address),

	TP_STRUCT__entry(
		__string(device, dev_name(dev))
		__field(unsigned int, index)
		__field(u64, address)
	),

	TP_fast_assign(
		__assign_str(device);
		__entry->index = index;
		__entry->address = address;
	),

	TP_printk("device=%s index=%u address=0x%llx", __get_str(device),
		  __entry->index, __entry->address)
);

/* clang-format on */

#endif /* _TRACE_IOMMU_MSI_H */

#include <trace/define_trace.h>
