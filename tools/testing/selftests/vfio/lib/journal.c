// SPDX-License-Identifier: GPL-2.0
/*
 * The journal: KTAP diagnostics that tell, in order, where the doorbells are
 * and what the device did. An observer of the IOMMU can hold his own record of
 * its translations against them:
 *
 *	# doorbell device=BDF iova=IOVA length=LENGTH vectors=N phase=WORD
 *	# msi device=BDF iova=IOVA raised=N received=N
 *	# dma device=BDF iova=IOVA length=LENGTH access=read|write
 *
 * "iova=unreported" is what a kernel gives that cannot tell where its doorbell
 * is.
 */
#include <stdio.h>

#include "passthrough.h"

/* The doorbells of what the device is attached to */
void journal_doorbells(const struct device *dev, const char *phase)
{
	struct doorbell_list list;
	unsigned int i;

	if (msi_doorbells(dev->iommufd, dev->pt, &list)) {
		printf("# doorbell device=%s iova=unreported phase=%s\n",
		       dev->bdf, phase);
		return;
	}
	for (i = 0; i < list.count; i++)
		printf("# doorbell device=%s iova=0x%llx length=0x%llx vectors=%u phase=%s\n",
		       dev->bdf, list.at[i].iova, list.at[i].length,
		       list.at[i].vectors, phase);
}

/* The interrupts went through the one doorbell that is mapped now */
void journal_interrupts(const struct device *dev, unsigned int raised,
			unsigned int received)
{
	struct doorbell_list list;
	unsigned int i;

	printf("# msi device=%s iova=", dev->bdf);
	msi_doorbells(dev->iommufd, dev->pt, &list);
	for (i = 0; i < list.count; i++)
		if (list.at[i].flags & IOMMU_MSI_DOORBELL_MAPPED)
			break;
	if (i < list.count)
		printf("0x%llx", list.at[i].iova);
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
