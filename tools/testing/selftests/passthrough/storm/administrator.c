// SPDX-License-Identifier: GPL-2.0
/*
 * Actions of the machine's administrator in a storm, through sysfs.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "storm.h"

#define DEVICES "/sys/bus/pci/devices"
#define STEPS 50
/* Until the devices appear after a rescan, or after a slot has blinked for five seconds */
#define APPEAR_STEPS 2000
#define BIND_STEPS 20
#define STEP_US 10000

int storm_write_file(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC), ret = 0;

	if (fd < 0)
		return -errno;
	if (write(fd, text, strlen(text)) < 0)
		ret = -errno;
	close(fd);
	return ret;
}

static int write_device(const char *bdf, const char *name, const char *text)
{
	char path[128];

	snprintf(path, sizeof(path), DEVICES "/%s/%s", bdf, name);
	return storm_write_file(path, text);
}

static bool exists(const char *bdf, const char *name)
{
	char path[128];

	snprintf(path, sizeof(path), DEVICES "/%s/%s", bdf, name);
	return !access(path, F_OK);
}

/* A longer action of the administrator, in a separate thread */
struct work {
	pthread_t thread;
	const char *bdf;
	int (*run)(const char *bdf);
	bool done;
	int error;
};

static void *work_run(void *arg)
{
	struct work *work = arg;

	do {
		work->error = work->run(work->bdf);
	} while (work->error == -EAGAIN);
	__atomic_store_n(&work->done, true, __ATOMIC_SEQ_CST);
	return NULL;
}

static int work_start(struct work *work, const char *bdf,
		      int (*run)(const char *bdf))
{
	*work = (struct work){ .bdf = bdf, .run = run };
	return -pthread_create(&work->thread, NULL, work_run, work);
}

static bool work_is_done(const struct work *work)
{
	return __atomic_load_n(&work->done, __ATOMIC_SEQ_CST);
}

static int work_join(struct work *work)
{
	pthread_join(work->thread, NULL);
	return work->error;
}

int storm_move_beside(struct storm *storm, struct member *member,
		      int (*run)(const char *bdf))
{
	unsigned int step = 0;
	struct work work;
	int ret, error;

	ret = work_start(&work, member->bdf, run);
	if (ret)
		return ret;
	do {
		ret = storm_map_over(storm, member);
	} while (!ret && !work_is_done(&work) && ++step < STEPS);
	error = work_join(&work);
	return ret ?: error;
}

/* Reset the device while its doorbell is relocated */
static int reset_by(struct storm *storm, struct member *member,
		    int (*how)(const char *bdf))
{
	return storm_move_beside(storm, member, how) ?: member_revive(member);
}

static int reset_device(struct storm *storm, struct member *member)
{
	return reset_by(storm, member, sysfs_reset);
}

static int reset_bus(struct storm *storm, struct member *member)
{
	return reset_by(storm, member, sysfs_reset_bus);
}

static int affinity(struct storm *storm, struct member *member)
{
	static const char *const masks[] = { "1", "2", "3" };

	return sysfs_set_affinity(member->bdf, masks[storm_below(storm, 3)]);
}

/* Functions of another device are added, use doorbells of the host, and are removed */
static int functions(struct storm *storm, struct member *member)
{
	const char *pf = getenv("STORM_PF");
	int ret;

	(void)storm;
	(void)member;
	if (!pf)
		return -ENODEV;
	ret = write_device(pf, "sriov_numvfs", "2");
	return ret ?: write_device(pf, "sriov_numvfs", "0");
}

static int appear(const char *bdf)
{
	unsigned int step;

	for (step = 0; step < APPEAR_STEPS; step++) {
		if (exists(bdf, "vfio-dev"))
			return 0;
		usleep(STEP_US);
	}
	return -ETIMEDOUT;
}

/* An igb's own driver brings it up and handles interrupts */
static int host_driver(struct storm *storm, struct member *member)
{
	char command[160];
	int ret;

	member_close(member);
	ret = sysfs_bind(member->bdf, NULL);
	if (!ret && exists(member->bdf, "net")) {
		snprintf(command, sizeof(command),
			 "ip link set $(ls " DEVICES "/%s/net) up",
			 member->bdf);
		ret = system(command) ? -EIO : 0;
	}
	if (!ret)
		ret = sysfs_bind(member->bdf, "vfio-pci");
	if (!ret)
		ret = appear(member->bdf);
	return ret ?: member_open(storm, member);
}

/*
 * The kernel may not have found the device yet, and may then bind its own driver, despite
 * an earlier request for another one: so repeat the request
 */
static int bind_found(const char *bdf)
{
	unsigned int step;

	for (step = 0; step < APPEAR_STEPS; step++) {
		if (exists(bdf, "vfio-dev"))
			return 0;
		if (step % BIND_STEPS == 0)
			sysfs_bind(bdf, "vfio-pci");
		usleep(STEP_US);
	}
	return -ETIMEDOUT;
}

/* Its file may not exist yet, or not be usable yet, or the probing thread holds its lock */
static int open_found(struct storm *storm, struct member *member)
{
	unsigned int step;
	int ret;

	for (step = 0; step < APPEAR_STEPS; step++) {
		ret = member_open(storm, member);
		if (ret != -ENOENT && ret != -ENODEV && ret != -EAGAIN)
			break;
		usleep(STEP_US);
	}
	return ret;
}

static int failed_to(const char *step, int error)
{
	if (error)
		printf("# cannot %s: %d\n", step, error);
	return error;
}

int storm_remove_beside(struct storm *storm, struct member *member,
			int (*remove)(const char *bdf),
			int (*insert)(const char *bdf))
{
	struct work work;
	int ret;

	ret = work_start(&work, member->bdf, remove);
	if (ret)
		return ret;
	usleep(storm_below(storm, 20) * 1000);
	storm_map_over(storm, member);
	member_close(member);
	ret = failed_to("remove", work_join(&work));
	if (!ret)
		ret = failed_to("insert", insert(member->bdf));
	if (!ret)
		ret = failed_to("bind", bind_found(member->bdf));
	return ret ?: failed_to("open", open_found(storm, member));
}

static int remove_device(const char *bdf)
{
	return write_device(bdf, "remove", "1");
}

static int search_buses(const char *bdf)
{
	(void)bdf;
	return storm_write_file("/sys/bus/pci/rescan", "1");
}

/* The kernel removes the device and finds it again */
static int hotplug(struct storm *storm, struct member *member)
{
	return storm_remove_beside(storm, member, remove_device, search_buses);
}

const struct action administrator_actions[] = {
	{ "sysfs_reset", false, reset_device },
	{ "sysfs_reset_bus", false, reset_bus },
	{ "affinity", true, affinity },
	{ "functions", true, functions },
	{ "host_driver", false, host_driver },
	{ "hotplug", false, hotplug },
	{}
};
