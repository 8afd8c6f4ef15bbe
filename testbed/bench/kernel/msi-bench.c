// SPDX-License-Identifier: GPL-2.0-only
/*
 * Counts what iommu_dma_prepare_msi() costs in the domain of a host's driver, which
 * no program can call alone, nor with more than the one doorbell of QEMU's machine.
 *
 * Built into both kernels of `make bench` that have it, the patched and the
 * pristine one: the same text in both, but for the release of vectors, which the
 * pristine kernel does not know. It takes an edu device, so that this is attached as
 * one of a driver is, gives vectors to doorbells at addresses where nothing is, and
 * then lets go of the device.
 *
 * Each call is counted alone, by the CPU's cycle counter, which under QEMU's icount
 * moves by one with each instruction; the few instructions of msi_bench_call() count
 * as well. All vectors are prepared PASSES times, and the least of the counts of a
 * vector is taken: a timer tick that fell into one call is none of its business.
 *
 * The counts are on the console, one line each, as guest/bench.h has them, after
 * "msi-bench: ". The n in them is the number of doorbells.
 */
#include <linux/bits.h>
#include <linux/iommu.h>
#include <linux/minmax.h>
#include <linux/module.h>
#include <linux/msi.h>
#include <linux/pci.h>
#include <linux/sizes.h>
#include <linux/slab.h>

#include <asm/barrier.h>
#include <asm/sysreg.h>

#define DOORBELLS 64
#define VECTORS 2048
#define PASSES 3
#define DOORBELL_PHYS 0x7f00000040UL

#define PMU_ENABLE BIT(0) /* PMCR_EL0.E */
#define PMU_LONG_CYCLES BIT(6) /* PMCR_EL0.LC: 64 bits */
#define PMU_CYCLE_COUNTER BIT(31)

static void counter_start(void)
{
	write_sysreg(0, pmccfiltr_el0);
	write_sysreg(PMU_CYCLE_COUNTER, pmcntenset_el0);
	write_sysreg(read_sysreg(pmcr_el0) | PMU_ENABLE | PMU_LONG_CYCLES,
		     pmcr_el0);
	isb();
}

static void counter_stop(void)
{
	write_sysreg(PMU_CYCLE_COUNTER, pmcntenclr_el0);
	write_sysreg(read_sysreg(pmcr_el0) & ~PMU_ENABLE, pmcr_el0);
	isb();
}

static u64 counter_read(void)
{
	isb();
	return read_sysreg(pmccntr_el0);
}

/* What one call costs; not inlined, to be the same wherever it is used */
static noinline int msi_bench_call(struct msi_desc *desc, phys_addr_t doorbell,
				   u64 *cost)
{
	u64 start = counter_read();
	int rc = iommu_dma_prepare_msi(desc, doorbell);

	*cost = counter_read() - start;
	return rc;
}

/*
 * The doorbell of a vector: one after the other, to and fro, so that vectors 1 and
 * 2048 have the same one
 */
static phys_addr_t msi_bench_doorbell(unsigned int vector,
				      unsigned int doorbells)
{
	unsigned int doorbell = vector % doorbells;

	if (vector / doorbells % 2)
		doorbell = doorbells - 1 - doorbell;
	return DOORBELL_PHYS + doorbell * SZ_64K;
}

static void msi_bench_release(struct msi_desc *descs)
{
#ifdef CONFIG_IOMMU_MSI_SPACE
	unsigned int i;

	for (i = 0; i < VECTORS; i++)
		iommu_dma_release_msi(&descs[i]);
#endif
}

/* Prepare all vectors, and keep the least that each one's call has cost */
static int msi_bench_pass(struct msi_desc *descs, unsigned int doorbells,
			  u64 *least)
{
	unsigned int i;
	int rc = 0;
	u64 cost;

	for (i = 0; i < VECTORS && !rc; i++) {
		rc = msi_bench_call(&descs[i], msi_bench_doorbell(i, doorbells),
				    &cost);
		least[i] = min(least[i], cost);
	}
	msi_bench_release(descs);
	return rc;
}

static void msi_bench_report(unsigned int doorbells, const u64 *counts,
			     unsigned int calls, const char *figure)
{
	u64 total = 0;
	unsigned int i;

	for (i = 0; i < calls; i++)
		total += counts[i];
	pr_notice("msi-bench: count %u %u %llu prepare_msi, %s\n", doorbells,
		  calls, total, figure);
}

static int msi_bench_count(struct msi_desc *descs, unsigned int doorbells,
			   u64 *least)
{
	unsigned int i;
	int rc = 0;

	memset(least, 0xff, VECTORS * sizeof(*least));
	for (i = 0; i < PASSES && !rc; i++)
		rc = msi_bench_pass(descs, doorbells, least);
	if (rc)
		return rc;
	msi_bench_report(doorbells, least, 1, "vector 1");
	msi_bench_report(doorbells, least + VECTORS - 1, 1, "vector 2048");
	msi_bench_report(doorbells, least, VECTORS, "mean of 2048");
	return 0;
}

/* Doorbells stay mapped, so that there is but one pass of this */
static int msi_bench_map(struct msi_desc *descs, u64 *least)
{
	int rc;

	memset(least, 0xff, VECTORS * sizeof(*least));
	rc = msi_bench_pass(descs, DOORBELLS, least);
	/* The first doorbell has been mapped by msi_bench_count() */
	if (!rc)
		msi_bench_report(DOORBELLS, least + 1, DOORBELLS - 1,
				 "maps a doorbell");
	return rc;
}

static int msi_bench_run(struct msi_desc *descs, u64 *least)
{
	int rc;

	/* The first pass maps the doorbell, and is not the least of any */
	rc = msi_bench_count(descs, 1, least);
	if (!rc)
		rc = msi_bench_map(descs, least);
	if (!rc)
		rc = msi_bench_count(descs, DOORBELLS, least);
	return rc;
}

static int msi_bench_probe(struct pci_dev *pdev, const struct pci_device_id *id)
{
	struct msi_desc *descs = kvcalloc(VECTORS, sizeof(*descs), GFP_KERNEL);
	u64 *least = kvcalloc(VECTORS, sizeof(*least), GFP_KERNEL);
	int rc = -ENOMEM;
	unsigned int i;

	if (descs && least) {
		for (i = 0; i < VECTORS; i++) {
			descs[i].dev = &pdev->dev;
			descs[i].nvec_used = 1;
		}
		counter_start();
		rc = msi_bench_run(descs, least);
		counter_stop();
	}
	if (rc)
		pci_err(pdev, "msi-bench: failed: %d\n", rc);
	kvfree(least);
	kvfree(descs);
	/* The device is for others */
	return -ENODEV;
}

static const struct pci_device_id msi_bench_ids[] = {
	{ PCI_DEVICE(0x1234, 0x11e8) },
	{}
};

static struct pci_driver msi_bench_driver = {
	.name = "msi-bench",
	.id_table = msi_bench_ids,
	.probe = msi_bench_probe,
};
builtin_pci_driver(msi_bench_driver);

MODULE_DESCRIPTION("Instruction counts of iommu_dma_prepare_msi()");
MODULE_LICENSE("GPL");
