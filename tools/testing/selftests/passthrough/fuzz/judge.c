// SPDX-License-Identifier: GPL-2.0
/*
 * An episode must leave nothing behind: pages are unpinned, page tables are freed, no
 * vector is left, and each device works for the next user: its DMA reaches the right
 * memory, and its interrupts arrive.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "fuzz.h"

#define INTERRUPTS 3
#define DATA_IOVA 0x40000000ULL
#define DATA_LENGTH 0x2000ULL
#define XHCI_IOVA 0x50000000ULL
#define USB_VECTORS 4

static char verdict[200];

static bool has_vectors(void)
{
	FILE *f = fopen("/proc/interrupts", "r");
	bool found = false;
	char line[1024];

	while (f && fgets(line, sizeof(line), f))
		found |= !!strstr(line, "vfio-");
	if (f)
		fclose(f);
	return found;
}

static const char *judge_balance(const struct balance *before)
{
	struct balance now;

	if (balance_is_restored(before, &now) && !has_vectors())
		return NULL;
	snprintf(verdict, sizeof(verdict),
		 "left behind: %ld pinned pages, %ld pages of tables%s",
		 now.pins - before->pins, now.tables - before->tables,
		 has_vectors() ? ", vectors" : "");
	return verdict;
}

static int check_edu(const char *bdf, int iommufd, __u32 ioas,
		     struct mapping *memory)
{
	struct edu edu;
	__u32 number;
	int ret;

	ret = edu_open(&edu, bdf, iommufd);
	if (ret)
		return ret;
	/* DMA that the episode started has ended, and may have left an interrupt */
	edu_acknowledge(&edu);
	ret = device_attach(&edu.dev, ioas);
	if (!ret)
		ret = edu_enable_interrupt(&edu);
	for (number = 1; number <= INTERRUPTS && !ret; number++)
		ret = edu_handshake(&edu, number);
	if (!ret)
		ret = exercise_copy(&edu, memory, 0, DATA_LENGTH / 2);
	edu_close(&edu);
	return ret;
}

static int check_igb(const char *bdf, int iommufd, __u32 ioas)
{
	struct igb igb;
	unsigned int vector;
	int ret;

	ret = igb_open(&igb, bdf, iommufd);
	if (ret)
		return ret;
	ret = device_attach(&igb.dev, ioas);
	if (!ret)
		ret = igb_enable_interrupts(&igb, IGB_VECTORS);
	for (vector = 0; vector < IGB_VECTORS && !ret; vector++)
		ret = igb_handshake(&igb, vector);
	igb_close(&igb);
	return ret;
}

/* It has more memory than the others, for its rings */
static int check_xhci(const char *bdf, int iommufd, __u32 ioas)
{
	static struct mapping memory;
	unsigned int vector;
	struct xhci xhci;
	int ret;

	if (!memory.va && memory_alloc(&memory, XHCI_MEMORY))
		return -ENOMEM;
	memory.iova = XHCI_IOVA;
	ret = ioas_map(iommufd, ioas, memory.va, XHCI_MEMORY, XHCI_IOVA);
	if (!ret)
		ret = xhci_open(&xhci, bdf, iommufd);
	if (ret)
		return ret;
	ret = device_attach(&xhci.dev, ioas);
	if (!ret)
		ret = xhci_enable_interrupts(&xhci, USB_VECTORS);
	if (!ret)
		ret = xhci_start(&xhci, &memory);
	for (vector = 0; vector < USB_VECTORS && !ret; vector++)
		ret = xhci_handshake(&xhci, vector);
	xhci_close(&xhci);
	return ret;
}

static int check_device(enum target_type type, const char *bdf, int iommufd,
			__u32 ioas, struct mapping *memory)
{
	switch (type) {
	case TARGET_EDU:
		return check_edu(bdf, iommufd, ioas, memory);
	case TARGET_IGB:
		return check_igb(bdf, iommufd, ioas);
	default:
		return check_xhci(bdf, iommufd, ioas);
	}
}

/* Each word of the type's variable names a device */
static const char *judge_devices(enum target_type type, int iommufd, __u32 ioas,
				 struct mapping *memory)
{
	static const char *const variables[] = {
		[TARGET_EDU] = "VFIO_EDU",
		[TARGET_IGB] = "VFIO_IGB",
		[TARGET_XHCI] = "VFIO_XHCI",
	};
	const char *list = getenv(variables[type]);
	unsigned int judged = 0;
	int used, ret;
	char bdf[16];

	while (list && sscanf(list, "%15s%n", bdf, &used) == 1) {
		ret = check_device(type, bdf, iommufd, ioas, memory);
		list += used;
		judged++;
		if (!ret)
			continue;
		snprintf(verdict, sizeof(verdict),
			 "device %s does not work for the next user: %d", bdf,
			 ret);
		return verdict;
	}
	if (judged)
		return NULL;
	snprintf(verdict, sizeof(verdict),
		 "%s names no device: none would be judged", variables[type]);
	return verdict;
}

static const char *judge_next_user(void)
{
	static struct mapping memory;
	int iommufd = iommufd_open();
	const char *problem = "the next user gets no address space";
	enum target_type type;
	__u32 ioas;

	if (!memory.va && memory_alloc(&memory, DATA_LENGTH))
		return problem;
	memory.iova = DATA_IOVA;
	if (!ioas_alloc(iommufd, &ioas) &&
	    !ioas_map(iommufd, ioas, memory.va, DATA_LENGTH, DATA_IOVA)) {
		problem = NULL;
		for (type = TARGET_EDU; type <= TARGET_XHCI && !problem; type++)
			problem = judge_devices(type, iommufd, ioas, &memory);
	}
	close(iommufd);
	return problem;
}

const char *judge(const struct balance *before)
{
	const char *problem = judge_next_user();

	return problem ?: judge_balance(before);
}
