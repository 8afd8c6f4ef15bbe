// SPDX-License-Identifier: GPL-2.0
/*
 * The admin queue of an NVMe controller (NVM Express 1.4), and nothing else of it: it reads
 * a command from memory, writes the requested data and a completion to memory, and sends
 * the interrupt of vector 0. Each of these is entered in the journal.
 */
#include <errno.h>
#include <string.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

#include "passthrough.h"

#define NVME_CAP 0x00
#define NVME_CAP_STRIDE(cap) (4U << (((cap) >> 32) & 0xf))
#define NVME_CC 0x14
#define NVME_CC_ENABLE 0x1
#define NVME_CC_ENTRY_SIZES \
	0x460000 /* completions of 16 bytes, commands of 64 */
#define NVME_CSTS 0x1c
#define NVME_CSTS_READY 0x1
#define NVME_AQA 0x24
#define NVME_ASQ 0x28
#define NVME_ACQ 0x30
#define NVME_DOORBELLS 0x1000
#define NVME_IDENTIFY 0x06
#define NVME_IDENTIFY_CONTROLLER 1
#define NVME_TIMEOUT_MS 5000

/* The parts of the memory at nvme::iova */
#define COMMANDS 0x0000
#define COMPLETIONS 0x1000
#define DATA 0x2000
#define DATA_LENGTH 0x1000
#define ENTRIES 32

struct command {
	__u8 opcode;
	__u8 flags;
	__u16 id;
	__u32 namespace;
	__u64 reserved;
	__u64 metadata;
	__u64 data[2];
	__u32 arguments[6];
};

struct completion {
	__u32 result;
	__u32 reserved;
	__u16 sq_head;
	__u16 sq_id;
	__u16 id;
	__u16 status; /* bit 0 toggles each time the queue wraps */
};

static __u32 read32(struct nvme *nvme, unsigned int reg)
{
	return __atomic_load_n((__u32 *)(nvme->regs + reg), __ATOMIC_RELAXED);
}

static void write32(struct nvme *nvme, unsigned int reg, __u32 value)
{
	__atomic_store_n((__u32 *)(nvme->regs + reg), value, __ATOMIC_RELAXED);
}

static void write64(struct nvme *nvme, unsigned int reg, __u64 value)
{
	write32(nvme, reg, value);
	write32(nvme, reg + 4, value >> 32);
}

/* Open the device, bound to @iommufd, attached to nothing, with the vector off */
int nvme_open(struct nvme *nvme, const char *bdf, int iommufd)
{
	int ret;

	*nvme = (struct nvme){ .regs = MAP_FAILED, .eventfd = -1 };
	ret = device_open(&nvme->dev, bdf, iommufd);
	if (ret)
		return ret;
	ret = device_map_bar(&nvme->dev, 0, &nvme->regs, &nvme->regs_size);
	if (!ret)
		ret = device_bus_master(&nvme->dev, true);
	if (ret)
		nvme_close(nvme);
	return ret;
}

void nvme_close(struct nvme *nvme)
{
	if (nvme->regs != MAP_FAILED)
		munmap(nvme->regs, nvme->regs_size);
	nvme->regs = MAP_FAILED;
	device_close(&nvme->dev);
	if (nvme->eventfd >= 0)
		close(nvme->eventfd);
	nvme->eventfd = -1;
}

int nvme_enable_interrupt(struct nvme *nvme)
{
	nvme->eventfd = eventfd(0, EFD_CLOEXEC);
	if (nvme->eventfd < 0)
		return -errno;
	return device_enable_vectors(&nvme->dev, VFIO_PCI_MSIX_IRQ_INDEX,
				     &nvme->eventfd, 1);
}

static int wait_ready(struct nvme *nvme, __u32 ready)
{
	const struct timespec nap = { .tv_nsec = 2000000 };
	int naps;

	for (naps = 0; naps < NVME_TIMEOUT_MS / 2; naps++) {
		if ((read32(nvme, NVME_CSTS) & NVME_CSTS_READY) == ready)
			return 0;
		nanosleep(&nap, NULL);
	}
	return -ETIMEDOUT;
}

/*
 * Start the controller, also after a reset. Its queues are in the first
 * NVME_MEMORY bytes at @memory, which are mapped.
 */
int nvme_start(struct nvme *nvme, const struct mapping *memory)
{
	int ret;

	write32(nvme, NVME_CC, 0);
	ret = wait_ready(nvme, 0);
	if (ret)
		return ret;
	nvme->memory = *memory;
	nvme->commands = 0;
	memset(memory->va, 0, NVME_MEMORY);
	write32(nvme, NVME_AQA, (ENTRIES - 1) << 16 | (ENTRIES - 1));
	write64(nvme, NVME_ASQ, memory->iova + COMMANDS);
	write64(nvme, NVME_ACQ, memory->iova + COMPLETIONS);
	write32(nvme, NVME_CC, NVME_CC_ENTRY_SIZES | NVME_CC_ENABLE);
	return wait_ready(nvme, NVME_CSTS_READY);
}

static __u64 stride(struct nvme *nvme)
{
	__u64 cap = (__u64)read32(nvme, NVME_CAP + 4) << 32;

	return NVME_CAP_STRIDE(cap);
}

/* Check that the command is complete, and its data is valid */
static int check_answer(struct nvme *nvme, unsigned int slot)
{
	const struct completion *completion =
		(void *)(nvme->memory.va + COMPLETIONS);
	unsigned int phase = !(nvme->commands / ENTRIES % 2);
	__u16 vendor;

	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	completion += slot;
	/* no error, and of this pass through the queue */
	if (completion->status != phase || completion->id != slot)
		return -EIO;
	memcpy(&vendor, nvme->memory.va + DATA, sizeof(vendor));
	return vendor ? 0 : -EIO;
}

/*
 * Have the controller write its identification to memory, and wait for its interrupt,
 * which has to arrive once, after the completion.
 */
int nvme_handshake(struct nvme *nvme)
{
	unsigned int slot = nvme->commands % ENTRIES;
	unsigned int next = (nvme->commands + 1) % ENTRIES;
	__u64 iova = nvme->memory.iova;
	struct command *command =
		(struct command *)(nvme->memory.va + COMMANDS) + slot;
	int ret;

	memset(nvme->memory.va + DATA, 0, DATA_LENGTH);
	*command = (struct command){
		.opcode = NVME_IDENTIFY,
		.id = slot,
		.data = { iova + DATA },
		.arguments = { NVME_IDENTIFY_CONTROLLER },
	};
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	write32(nvme, NVME_DOORBELLS, next);
	ret = device_wait_vector(nvme->eventfd);
	if (!ret)
		ret = check_answer(nvme, slot);
	write32(nvme, NVME_DOORBELLS + stride(nvme), next);
	nvme->commands++;

	journal_dma(&nvme->dev, false,
		    iova + COMMANDS + slot * sizeof(*command),
		    sizeof(*command));
	journal_dma(&nvme->dev, true, iova + DATA, DATA_LENGTH);
	journal_dma(&nvme->dev, true,
		    iova + COMPLETIONS + slot * sizeof(struct completion),
		    sizeof(struct completion));
	journal_interrupts(&nvme->dev, 1, !ret);
	return ret;
}
