// SPDX-License-Identifier: GPL-2.0
/*
 * The journal: KTAP diagnostics that report, in order, where the doorbells are and
 * what the device did. An observer of the IOMMU can compare its own record of the
 * translations with them:
 *
 *	# doorbell device=BDF iova=IOVA length=LENGTH vectors=N phase=WORD
 *	# msi device=BDF iova=IOVA raised=N received=N
 *	# msi device=BDF iova=SERIES[,SERIES...] raised=N received=N
 *	# dma device=BDF iova=IOVA length=LENGTH access=read|write
 *	# route device=BDF iova=IOVA stage=STAGE[|STAGE...] [event=NAME]
 *
 * "iova=unreported" is for a kernel that does not report where its doorbell is. A
 * SERIES is "IOVA*COUNT": this number of interrupts at that IOVA, or
 * "IOVA|IOVA*COUNT": each of them at either, as they were raised while the doorbell
 * was relocated from the one to the other. A route defines what translates the page
 * at IOVA from then on: stage 1, 2, or both, which is 3; "none" if access must be
 * blocked and, with an event, recorded; or "never" if the device may be stopped
 * before. Lines are in order for each device; lines of devices that work at the same
 * time are interleaved.
 */
#include <stdio.h>
#include <string.h>

#include "passthrough.h"

/* The doorbells of what the device is attached to */
void journal_doorbells(const struct device *dev, const char *phase)
{
	struct doorbell_list list;
	unsigned int i;

	if (device_doorbells(dev, &list)) {
		printf("# doorbell device=%s iova=unreported phase=%s\n",
		       dev->bdf, phase);
		return;
	}
	for (i = 0; i < list.count; i++)
		printf("# doorbell device=%s iova=0x%llx length=0x%llx vectors=%u phase=%s\n",
		       dev->bdf, list.at[i].iova, list.at[i].length,
		       list.at[i].vectors, phase);
}

/* IOVA of interrupts: the guest's page, or the only doorbell that is mapped now */
static __u64 interrupts_iova(const struct device *dev)
{
	struct doorbell_list list;
	unsigned int i;

	if (dev->msi_page)
		return dev->msi_page;
	device_doorbells(dev, &list);
	for (i = 0; i < list.count; i++)
		if (list.at[i].flags & IOMMU_MSI_DOORBELL_MAPPED)
			return list.at[i].iova;
	return 0;
}

void journal_interrupts(const struct device *dev, unsigned int raised,
			unsigned int received)
{
	journal_interrupts_at(dev->bdf, interrupts_iova(dev), raised, received);
}

/* The same, for the page at @iova, 0 if that is unknown */
void journal_interrupts_at(const char *name, __u64 iova, unsigned int raised,
			   unsigned int received)
{
	printf("# msi device=%s iova=", name);
	if (iova)
		printf("0x%llx", iova);
	else
		printf("unreported");
	printf(" raised=%u received=%u\n", raised, received);
}

void journal_dma(const struct device *dev, bool write, __u64 iova,
		 unsigned int length)
{
	printf("# dma device=%s iova=0x%llx length=0x%x access=%s\n", dev->bdf,
	       iova, length, write ? "write" : "read");
}

/* @stage: as above. @event: the SMMU's name of the event, or NULL */
void journal_route(const struct device *dev, __u64 iova, const char *stage,
		   const char *event)
{
	printf("# route device=%s iova=0x%llx stage=%s%s%s\n", dev->bdf, iova,
	       stage, event ? " event=" : "", event ? event : "");
}

static void series_flush(struct series *series)
{
	unsigned int before = series->told - series->pending;
	unsigned int received = series->received - before;

	if (!series->pending)
		return;
	if (received > series->pending)
		received = series->pending;
	printf("# msi device=%s iova=%s raised=%u received=%u\n",
	       series->dev->bdf, series->text, series->pending, received);
	series->pending = 0;
	series->length = 0;
}

/* All interrupts up to number @last used @series->iova, or @other */
static void series_tell(struct series *series, unsigned int last, __u64 other)
{
	unsigned int count = last - series->told;
	char iova[64], *end = iova;

	if (!count)
		return;
	end += sprintf(end, "0x%llx", series->iova);
	if (other != series->iova)
		end += sprintf(end, "|0x%llx", other);
	sprintf(end, "*%u", count);
	if (series->length + strlen(iova) + 2 > sizeof(series->text))
		series_flush(series);
	series->length += sprintf(series->text + series->length, "%s%s",
				  series->length ? "," : "", iova);
	series->pending += count;
	series->told = last;
}

/* @iova: of the doorbell. No interrupt was raised yet. */
void series_begin(struct series *series, const struct device *dev, __u64 iova)
{
	*series = (struct series){ .dev = dev, .iova = iova };
}

/* Interrupts that were received before did not use the new IOVA */
void series_move_begin(struct series *series)
{
	series_tell(series,
		    __atomic_load_n(&series->received, __ATOMIC_SEQ_CST),
		    series->iova);
}

/*
 * Interrupts that were raised by now may have used the old IOVA or the new one, @iova.
 * Return: the number of interrupts raised.
 */
unsigned int series_move_end(struct series *series, __u64 iova)
{
	unsigned int raised;

	raised = __atomic_load_n(&series->raised, __ATOMIC_SEQ_CST);
	series_tell(series, raised, iova);
	series->iova = iova;
	return raised;
}

/* No more interrupts are raised */
void series_end(struct series *series)
{
	series_tell(series, series->raised, series->iova);
	series_flush(series);
}
