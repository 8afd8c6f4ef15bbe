// SPDX-License-Identifier: GPL-2.0
/*
 * The driver of QEMU's edu device (1234:11e8). The device raises an interrupt on
 * request, and copies between its buffer of 4096 bytes and memory. A copy takes a
 * tenth of a second, whatever its length. Each DMA and each interrupt is entered in
 * the journal.
 */
#include <errno.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include "passthrough.h"

#define EDU_ID 0x00
#define EDU_ID_VALUE 0x010000ed
#define EDU_LIVENESS 0x04 /* reads as the inverse of what was written */
#define EDU_IRQ_STATUS 0x24
#define EDU_IRQ_RAISE 0x60
#define EDU_IRQ_ACK 0x64
#define EDU_DMA_SOURCE 0x80
#define EDU_DMA_DESTINATION 0x88
#define EDU_DMA_COUNT 0x90
#define EDU_DMA_COMMAND 0x98
#define EDU_DMA_RUN 0x1 /* reads as 1 until the copy is done */
#define EDU_DMA_TO_MEMORY 0x2
#define EDU_DMA_INTERRUPT 0x4
#define EDU_DMA_IRQ 0x100 /* in the status, after such a copy */
#define EDU_BUFFER 0x40000 /* the buffer's address for the DMA engine */

#define EDU_DMA_TIMEOUT_MS 5000

static __u32 read32(struct edu *edu, unsigned int reg)
{
	return __atomic_load_n((__u32 *)(edu->regs + reg), __ATOMIC_RELAXED);
}

static void write32(struct edu *edu, unsigned int reg, __u32 value)
{
	__atomic_store_n((__u32 *)(edu->regs + reg), value, __ATOMIC_RELAXED);
}

static __u64 read64(struct edu *edu, unsigned int reg)
{
	return __atomic_load_n((__u64 *)(edu->regs + reg), __ATOMIC_RELAXED);
}

static void write64(struct edu *edu, unsigned int reg, __u64 value)
{
	__atomic_store_n((__u64 *)(edu->regs + reg), value, __ATOMIC_RELAXED);
}

/* Check that the registers are those of an edu and respond */
static int edu_check(struct edu *edu)
{
	const __u32 probe = 0x5aa51234;

	if (read32(edu, EDU_ID) != EDU_ID_VALUE)
		return -ENODEV;
	write32(edu, EDU_LIVENESS, probe);
	return read32(edu, EDU_LIVENESS) == ~probe ? 0 : -EIO;
}

static int edu_dma_wait(struct edu *edu)
{
	const struct timespec nap = { .tv_nsec = 2000000 };
	int naps;

	for (naps = 0; naps < EDU_DMA_TIMEOUT_MS / 2; naps++) {
		if (!(read64(edu, EDU_DMA_COMMAND) & EDU_DMA_RUN))
			return 0;
		nanosleep(&nap, NULL);
	}
	return -ETIMEDOUT;
}

static int edu_start(struct edu *edu)
{
	int ret;

	ret = device_map_bar(&edu->dev, 0, &edu->regs, &edu->regs_size);
	if (!ret)
		ret = device_bus_master(&edu->dev, true);
	if (!ret)
		ret = edu_check(edu);
	if (ret) {
		edu_close(edu);
		return ret;
	}
	/* The device may have been left with an interrupt or a DMA pending */
	edu_acknowledge(edu);
	return edu_dma_wait(edu);
}

/* Clear interrupts that were raised and not handled */
void edu_acknowledge(struct edu *edu)
{
	write32(edu, EDU_IRQ_ACK, read32(edu, EDU_IRQ_STATUS));
}

/* Open the device, bound to @iommufd, attached to nothing, with the vector off */
int edu_open(struct edu *edu, const char *bdf, int iommufd)
{
	int ret;

	*edu = EDU_CLOSED;
	ret = device_open(&edu->dev, bdf, iommufd);
	return ret ? ret : edu_start(edu);
}

/* Open the device of @group, which is in @container, with the vector off */
int edu_open_group(struct edu *edu, const char *bdf,
		   struct container *container, int group)
{
	int ret;

	*edu = EDU_CLOSED;
	ret = device_open_group(&edu->dev, bdf, container, group);
	return ret ? ret : edu_start(edu);
}

/* Add the device's group to @container and open the device, in this order */
int edu_open_type1(struct edu *edu, const char *bdf,
		   struct container *container)
{
	int group;

	*edu = EDU_CLOSED;
	group = container_add_group(container, bdf);
	return group < 0 ? group : edu_open_group(edu, bdf, container, group);
}

void edu_close(struct edu *edu)
{
	if (edu->regs != MAP_FAILED)
		munmap(edu->regs, edu->regs_size);
	edu->regs = MAP_FAILED;
	device_close(&edu->dev);
	if (edu->eventfd >= 0)
		close(edu->eventfd);
	edu->eventfd = -1;
}

/* Connect the first vector of @index to an eventfd */
int edu_enable_index(struct edu *edu, __u32 index)
{
	int ret;

	edu->eventfd = eventfd(0, EFD_CLOEXEC);
	if (edu->eventfd < 0)
		return -errno;
	ret = device_enable_vectors(&edu->dev, index, &edu->eventfd, 1);
	if (ret) {
		close(edu->eventfd);
		edu->eventfd = -1;
	}
	return ret;
}

int edu_disable_index(struct edu *edu, __u32 index)
{
	int ret;

	ret = device_disable_vectors(&edu->dev, index);
	if (!ret) {
		close(edu->eventfd);
		edu->eventfd = -1;
	}
	return ret;
}

int edu_enable_interrupt(struct edu *edu)
{
	return edu_enable_index(edu, VFIO_PCI_MSI_IRQ_INDEX);
}

int edu_disable_interrupt(struct edu *edu)
{
	return edu_disable_index(edu, VFIO_PCI_MSI_IRQ_INDEX);
}

/* Wait for exactly one interrupt whose status is @status, and acknowledge it */
static int edu_take_interrupt(struct edu *edu, __u32 status)
{
	int ret = device_wait_vector(edu->eventfd);

	if (ret)
		return ret;
	if (read32(edu, EDU_IRQ_STATUS) != status)
		return -EIO;
	write32(edu, EDU_IRQ_ACK, status);
	return read32(edu, EDU_IRQ_STATUS) ? -EIO : 0;
}

/* Set @number in the pending interrupts; a wired one is asserted while any is set */
void edu_raise(struct edu *edu, __u32 number)
{
	write32(edu, EDU_IRQ_RAISE, number);
}

/*
 * Raise one interrupt with @number as its status, and wait for it: it has to arrive
 * once, with that status.
 */
int edu_handshake(struct edu *edu, __u32 number)
{
	edu_raise(edu, number);
	return edu_take_interrupt(edu, number);
}

/*
 * Raise @count interrupts, each after the one before has been received: on its
 * eventfd once, with the status that was raised.
 *
 * Return: the number received; less than @count if one failed to arrive.
 */
unsigned int edu_interrupts(struct edu *edu, unsigned int count)
{
	unsigned int received = 0, raised = 0;

	while (raised < count) {
		if (edu_handshake(edu, ++raised))
			break;
		received++;
	}
	journal_interrupts(&edu->dev, raised, received);
	return received;
}

static void edu_dma_start(struct edu *edu, __u64 command, __u64 iova,
			  unsigned int length)
{
	bool write = command & EDU_DMA_TO_MEMORY;

	write64(edu, EDU_DMA_SOURCE, write ? EDU_BUFFER : iova);
	write64(edu, EDU_DMA_DESTINATION, write ? iova : EDU_BUFFER);
	write64(edu, EDU_DMA_COUNT, length);
	/* Earlier writes to memory must be visible when the device reads it */
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	write64(edu, EDU_DMA_COMMAND, command | EDU_DMA_RUN);
}

static int edu_dma(struct edu *edu, __u64 command, __u64 iova,
		   unsigned int length)
{
	bool write = command & EDU_DMA_TO_MEMORY;
	int ret;

	if (length > EDU_BUFFER_SIZE)
		return -EINVAL;
	edu_dma_start(edu, command, iova, length);
	ret = edu_dma_wait(edu);
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	journal_dma(&edu->dev, write, iova, length);
	return ret;
}

/* From memory at @iova to the device's buffer */
int edu_read_memory(struct edu *edu, __u64 iova, unsigned int length)
{
	return edu_dma(edu, 0, iova, length);
}

/* From the device's buffer to memory at @iova */
int edu_write_memory(struct edu *edu, __u64 iova, unsigned int length)
{
	return edu_dma(edu, EDU_DMA_TO_MEMORY, iova, length);
}

/* The same without waiting: it may never happen */
void edu_start_write(struct edu *edu, __u64 iova, unsigned int length)
{
	journal_dma(&edu->dev, true, iova, length);
	edu_dma_start(edu, EDU_DMA_TO_MEMORY, iova, length);
}

/*
 * From the device's buffer to memory at @iova; the device signals its end by an interrupt
 */
int edu_write_memory_and_interrupt(struct edu *edu, __u64 iova,
				   unsigned int length)
{
	int ret;

	ret = edu_dma(edu, EDU_DMA_TO_MEMORY | EDU_DMA_INTERRUPT, iova, length);
	if (!ret)
		ret = edu_take_interrupt(edu, EDU_DMA_IRQ);
	journal_interrupts(&edu->dev, 1, !ret);
	return ret;
}
