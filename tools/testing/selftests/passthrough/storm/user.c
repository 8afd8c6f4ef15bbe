// SPDX-License-Identifier: GPL-2.0
/*
 * Actions of the devices' user in a storm, through iommufd and VFIO.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <signal.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "storm.h"

#define STEPS 5
/* Where a user may place doorbells: in the old window, and elsewhere */
#define PLACES 8

static __u64 any_place(struct storm *storm)
{
	__u64 offset = storm_below(storm, PLACES) * PAGE;

	return (storm_below(storm, 2) ? MSI_WINDOW_IOVA : 0xa0000000ULL) +
	       offset;
}

static int map_over(struct storm *storm, struct member *member)
{
	unsigned int step;
	int ret = 0;

	for (step = 0; step < STEPS && !ret; step++)
		ret = storm_map_over(storm, member);
	return ret;
}

/* EEXIST is no error: the user's memory or another doorbell may be at that IOVA */
static int place(struct storm *storm, struct member *member)
{
	__u32 space = storm->spaces[member->home];
	int ret, undo;

	ret = msi_place(storm->iommufd, space, IOMMU_MSI_PLACEMENT_FIXED, 0,
			any_place(storm), 0);
	undo = msi_place(storm->iommufd, space, IOMMU_MSI_PLACEMENT_AUTO,
			 IOMMU_MSI_INDEX_ALL, 0, 0);
	return ret && ret != -EEXIST ? ret : undo;
}

static int window(struct storm *storm, struct member *member)
{
	__u32 space = storm->spaces[member->home];
	int ret, undo;

	ret = msi_place(storm->iommufd, space, IOMMU_MSI_PLACEMENT_WINDOW,
			IOMMU_MSI_INDEX_ALL, any_place(storm),
			(1 + storm_below(storm, 16)) * PAGE);
	undo = msi_place(storm->iommufd, space, IOMMU_MSI_PLACEMENT_AUTO,
			 IOMMU_MSI_INDEX_ALL, 0, 0);
	return ret && ret != -ENOSPC ? ret : undo;
}

/* The user's pages in one space may be at the IOVAs of doorbells of the other */
static int replace(struct storm *storm, struct member *member)
{
	return member_attach(storm, member, !member->home);
}

/* Replace by a separate page table, and back */
static int page_table(struct storm *storm, struct member *member)
{
	__u32 hwpt;
	int ret;

	ret = hwpt_alloc(storm->iommufd, member->dev->id,
			 storm->spaces[member->home], &hwpt);
	if (ret)
		return ret;
	ret = device_attach(member->dev, hwpt);
	if (!ret)
		ret = storm_map_over(storm, member);
	if (!ret)
		ret = member_attach(storm, member, member->home);
	return ret ?: iommufd_destroy(storm->iommufd, hwpt);
}

/*
 * The vectors stay, but cannot send until the device is attached again: to the same
 * space, as their messages have an IOVA of it
 */
static int detach(struct storm *storm, struct member *member)
{
	unsigned int home = member->home;
	int ret = device_detach(member->dev);

	if (!ret && storm_below(storm, 2))
		storm_unmap_over(storm, storm_below(storm, OVERS));
	if (!ret && member_attach(storm, member, !home) != -EBUSY)
		ret = -EPROTO;
	return ret ?: member_attach(storm, member, home);
}

static int vectors(struct storm *storm, struct member *member)
{
	int ret = member_disable(member);

	if (!ret && storm_below(storm, 2))
		ret = replace(storm, member);
	return ret ?: member_enable(storm, member);
}

/* An interrupt by INTx, then MSIs again */
static int intx(struct storm *storm, struct member *member)
{
	struct edu *edu = &member->edu;
	int ret, off;

	if (member->kind != KIND_EDU)
		return vectors(storm, member);
	ret = edu_disable_interrupt(edu);
	if (ret)
		return ret;
	edu->eventfd = eventfd(0, EFD_CLOEXEC);
	ret = device_enable_vectors(&edu->dev, VFIO_PCI_INTX_IRQ_INDEX,
				    &edu->eventfd, 1);
	if (!ret)
		ret = edu_handshake(edu, 1);
	off = device_disable_vectors(&edu->dev, VFIO_PCI_INTX_IRQ_INDEX);
	close(edu->eventfd);
	return ret ?: off ?: edu_enable_interrupt(edu);
}

/* Not every device supports this reset */
static int reset(struct storm *storm, struct member *member)
{
	int ret = device_reset(member->dev);

	if (ret && ret != -ENOTTY && ret != -EINVAL)
		return ret;
	ret = storm_map_over(storm, member);
	return ret ?: member_revive(member);
}

/* In D3hot the device does not respond while its doorbell is relocated */
static int d3hot(struct storm *storm, struct member *member)
{
	int ret = device_power_state(member->dev, 3);

	if (ret == -ENODEV)
		return 0;
	if (!ret)
		ret = storm_map_over(storm, member);
	if (!ret)
		ret = device_power_state(member->dev, 0);
	return ret ?: member_revive(member);
}

static int reopen(struct storm *storm, struct member *member)
{
	member_close(member);
	return member_open(storm, member);
}

/* Another process uses the device until it is killed */
static void use_for_ever(struct storm *storm, struct member *member)
{
	storm->iommufd = iommufd_open();
	for (member->home = 0; member->home < SPACES; member->home++) {
		__u32 *space = &storm->spaces[member->home];

		if (ioas_alloc(storm->iommufd, space) ||
		    ioas_map(storm->iommufd, *space, member->memory.va,
			     member->memory.length, member->memory.iova))
			_exit(1);
	}
	if (member_open(storm, member))
		_exit(1);
	for (;;) {
		if (member_ring(member) || storm_map_over(storm, member) ||
		    replace(storm, member))
			_exit(1);
	}
}

static int kill_user(struct storm *storm, struct member *member)
{
	unsigned int after_us = storm_below(storm, 200000);
	int status = 0;
	pid_t pid;

	member_close(member);
	pid = fork();
	if (!pid) {
		for (unsigned int i = 0; i < OVERS; i++)
			storm->over_spaces[i] = 0;
		use_for_ever(storm, member);
	}
	usleep(after_us);
	kill(pid, SIGKILL);
	waitpid(pid, &status, 0);
	if (!WIFSIGNALED(status))
		return -EPROTO;
	return member_open(storm, member);
}

const struct action user_actions[] = { { "map_over", true, map_over },
				       { "place", true, place },
				       { "window", true, window },
				       { "replace", true, replace },
				       { "page_table", true, page_table },
				       { "detach", false, detach },
				       { "vectors", false, vectors },
				       { "intx", false, intx },
				       { "reset", false, reset },
				       { "d3hot", false, d3hot },
				       { "reopen", false, reopen },
				       { "kill", false, kill_user },
				       {} };
