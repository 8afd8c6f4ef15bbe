// SPDX-License-Identifier: GPL-2.0
/*
 * The cost of many MSI-X vectors on one device: enabling n of them, disabling them,
 * relocating their doorbell, and replacing the device's IOAS by one in which the
 * doorbell's IOVA is free, or is not. bench/report.py says how it is counted.
 *
 *	bench-vectors BDF
 *
 * The device is an NVMe controller, which is started only after all counting. QEMU runs it
 * when the host schedules it, not at a fixed instruction of the guest, so no kernel driver
 * may have started it before.
 */
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <unistd.h>

#include <linux/pci_regs.h>

#include "bench-ioas.h"

#define QUEUES_IOVA 0x200000000ULL
#define MAX_VECTORS 2048
/* Even, for as many relocations in each direction */
#define CALLS 4
#define PASSES 3

static const unsigned int numbers[] = { 1, 2, 16, 128, 1024, MAX_VECTORS };

struct bench {
	struct nvme nvme;
	const char *table;
	int iommufd;
	__u32 ioas, other;
	struct mapping queues;
	void *page;
	int eventfds[MAX_VECTORS];
};

static void open_eventfds(struct bench *bench)
{
	struct rlimit limit = { 2 * MAX_VECTORS, 2 * MAX_VECTORS };
	unsigned int i;

	if (setrlimit(RLIMIT_NOFILE, &limit))
		fail("the limit of open files", strerror(errno));
	for (i = 0; i < MAX_VECTORS; i++) {
		bench->eventfds[i] = eventfd(0, EFD_CLOEXEC);
		if (bench->eventfds[i] < 0)
			fail("eventfd", strerror(errno));
	}
	bench->nvme.eventfd = bench->eventfds[0];
}

/* The table is in the BAR of the registers */
static void find_table(struct bench *bench)
{
	struct device *dev = &bench->nvme.dev;
	__u32 table;
	unsigned int at;

	check(device_find_capability(dev, PCI_CAP_ID_MSIX, &at),
	      "finding MSI-X");
	if (pread(dev->fd, &table, sizeof(table),
		  dev->config + at + PCI_MSIX_TABLE) != sizeof(table))
		fail("the MSI-X capability", strerror(errno));
	if (table & PCI_MSIX_TABLE_BIR)
		fail("the MSI-X table", "is in another BAR");
	bench->table = (char *)bench->nvme.regs + table;
}

static __u64 table_address(const struct bench *bench, unsigned int vector)
{
	const char *entry = bench->table + vector * PCI_MSIX_ENTRY_SIZE;
	__u32 low = *(volatile __u32 *)(entry + PCI_MSIX_ENTRY_LOWER_ADDR);
	__u32 high = *(volatile __u32 *)(entry + PCI_MSIX_ENTRY_UPPER_ADDR);

	return (__u64)high << 32 | low;
}

/* Check that all messages have the address of the doorbell */
static void check_vectors(const struct bench *bench, unsigned int n, __u64 iova)
{
	unsigned int i;

	for (i = 0; i < n; i++)
		if (table_address(bench, i) / PAGE * PAGE != iova)
			fail("a vector", "sends to where no doorbell is");
}

static uint64_t enable(struct bench *bench, unsigned int n)
{
	uint64_t start = counter_ns();
	int ret = device_enable_vectors(
		&bench->nvme.dev, VFIO_PCI_MSIX_IRQ_INDEX, bench->eventfds, n);

	check(ret, "turning vectors on");
	return counter_ns() - start;
}

static uint64_t disable(struct bench *bench)
{
	uint64_t start = counter_ns();
	int ret = device_disable_vectors(&bench->nvme.dev,
					 VFIO_PCI_MSIX_IRQ_INDEX);

	check(ret, "turning vectors off");
	return counter_ns() - start;
}

static uint64_t least_of(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

/* The vectors are disabled on entry and on return */
static void count_switching(struct bench *bench, unsigned int n)
{
	uint64_t on = UINT64_MAX, off = UINT64_MAX;
	unsigned int i;

	enable(bench, n);
	disable(bench);
	for (i = 0; i < PASSES; i++) {
		on = least_of(on, enable(bench, n));
		off = least_of(off, disable(bench));
	}
	report("n vectors of one device on", n, 1, on);
	report("n vectors of one device off", n, 1, off);
}

static uint64_t move(struct bench *bench, __u64 *iova)
{
	return move_doorbell(bench->iommufd, bench->ioas, bench->page, iova);
}

static void count_moves(struct bench *bench, unsigned int n)
{
	uint64_t total = 0, idle;
	unsigned int i;
	__u64 iova = 0;

	find_doorbell(bench->iommufd, bench->ioas, &iova);
	for (i = 0; i < 2; i++)
		move(bench, &iova);
	idle = idle_ns();
	for (i = 0; i < CALLS; i++)
		total += move(bench, &iova);
	if (idle_ns() != idle)
		fail("the CPU was idle", "time is not a count of instructions");
	check_vectors(bench, n, iova);
	report("map over doorbell, one device", n, CALLS, total);
}

/* If @taken, a page in the other IOAS occupies the doorbell's IOVA */
static uint64_t replace(struct bench *bench, unsigned int n, bool taken)
{
	struct device *dev = &bench->nvme.dev;
	uint64_t start, spent;
	__u64 before = 0, iova = 0;

	find_doorbell(bench->iommufd, bench->ioas, &before);
	if (taken)
		check(ioas_map(bench->iommufd, bench->other, bench->page, PAGE,
			       before),
		      "mapping where the doorbell is");
	start = counter_ns();
	check(device_attach(dev, bench->other), "replacing the IOAS");
	spent = counter_ns() - start;
	check(device_attach(dev, bench->ioas), "replacing it back");
	if (taken)
		check(ioas_unmap(bench->iommufd, bench->other, before, PAGE),
		      "unmapping");
	find_doorbell(bench->iommufd, bench->ioas, &iova);
	if ((iova != before) != taken)
		fail("the doorbell", "is not where it should be");
	check_vectors(bench, n, iova);
	return spent;
}

static void count_replace(struct bench *bench, unsigned int n, bool taken)
{
	uint64_t least = UINT64_MAX;
	unsigned int i;

	replace(bench, n, taken);
	for (i = 0; i < CALLS; i++)
		least = least_of(least, replace(bench, n, taken));
	report(taken ? "replace, n vectors moved" : "replace, n vectors on", n,
	       1, least);
}

/* Only for kernels that relocate doorbells */
static void count_changes(struct bench *bench, unsigned int n)
{
	__u64 iova = 0;

	if (find_doorbell(bench->iommufd, bench->ioas, &iova))
		return;
	enable(bench, n);
	count_moves(bench, n);
	count_replace(bench, n, false);
	count_replace(bench, n, true);
	disable(bench);
}

static void prepare(struct bench *bench, const char *bdf)
{
	check(nvme_open(&bench->nvme, bdf, bench->iommufd),
	      "opening the device");
	open_eventfds(bench);
	find_table(bench);
	check(ioas_alloc(bench->iommufd, &bench->ioas), "allocating an IOAS");
	check(ioas_alloc(bench->iommufd, &bench->other),
	      "allocating another IOAS");
	check(device_attach(&bench->nvme.dev, bench->ioas),
	      "attaching the device");
	bench->queues = (struct mapping){
		.va = locked_pages(NVME_MEMORY / PAGE + 1),
		.iova = QUEUES_IOVA,
		.length = NVME_MEMORY,
	};
	bench->page = bench->queues.va + NVME_MEMORY;
	check(ioas_map(bench->iommufd, bench->ioas, bench->queues.va,
		       NVME_MEMORY, QUEUES_IOVA),
	      "mapping the device's queues");
}

/* After all counting: enable all vectors and relocate the doorbell twice */
static void check_interrupt(struct bench *bench)
{
	__u64 iova = 0;

	enable(bench, MAX_VECTORS);
	if (!find_doorbell(bench->iommufd, bench->ioas, &iova)) {
		move(bench, &iova);
		replace(bench, MAX_VECTORS, true);
	}
	check(nvme_start(&bench->nvme, &bench->queues),
	      "starting the controller");
	check(nvme_handshake(&bench->nvme), "the interrupt");
}

int main(int argc, char **argv)
{
	static struct bench bench;
	unsigned int i;

	if (argc != 2)
		fail("usage", "bench-vectors BDF");
	bench.iommufd = open_iommufd();
	prepare(&bench, argv[1]);
	for (i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
		count_switching(&bench, numbers[i]);
		count_changes(&bench, numbers[i]);
	}
	check_interrupt(&bench);
	return 0;
}
