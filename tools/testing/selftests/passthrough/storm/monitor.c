// SPDX-License-Identifier: GPL-2.0
/*
 * Hardware events in a storm: a device is unplugged from its slot, and plugged in again.
 * The machine is QEMU's, whose monitor (QMP) is at the other end of STORM_MONITOR, a file.
 * STORM_PLUG_EDU and so on have what to plug in again: arguments of device_add, separated
 * by semicolons for several devices.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "storm.h"

#define LINE 512
/* Until QEMU has released the old device */
#define STEPS 1000
#define STEP_US 10000

static const struct plug {
	const char *id; /* QEMU's */
	const char *bdf, *arguments; /* names of variables */
} plugs[KINDS] = {
	[KIND_EDU] = { "edu", "VFIO_EDU", "STORM_PLUG_EDU" },
	[KIND_XHCI] = { "usb", "VFIO_XHCI", "STORM_PLUG_XHCI" },
	[KIND_IGB] = { "igb", "VFIO_IGB", "STORM_PLUG_IGB" },
};

static const struct plug *plug_of(const char *bdf)
{
	unsigned int i = 0;

	while (strcmp(getenv(plugs[i].bdf), bdf))
		i++;
	return &plugs[i];
}

static int read_line(int fd, char *line)
{
	size_t length = 0;

	do {
		if (length == LINE - 1 || read(fd, &line[length], 1) != 1)
			return -EIO;
	} while (line[length++] != '\n');
	line[length] = '\0';
	return 0;
}

/* In @reply: QEMU's answer; events that it reports meanwhile are skipped */
static int ask(int fd, const char *request, char *reply)
{
	int ret;

	if (write(fd, request, strlen(request)) != (ssize_t)strlen(request))
		return -EIO;
	do {
		ret = read_line(fd, reply);
	} while (!ret && strncmp(reply, "{\"return\"", 9) &&
		 strncmp(reply, "{\"error\"", 8));
	return ret;
}

/* Opened only once: QMP's negotiated state outlives the open file */
static int open_monitor(void)
{
	static int fd = -1;
	const char *path = getenv("STORM_MONITOR");
	char reply[LINE];
	int ret;

	if (fd >= 0)
		return fd;
	fd = path ? open(path, O_RDWR | O_CLOEXEC) : -1;
	if (fd < 0)
		return -ENODEV;
	ret = ask(fd, "{\"execute\": \"qmp_capabilities\"}\n", reply);
	if (!ret)
		return fd;
	close(fd);
	fd = -1;
	return ret;
}

/* A command of QEMU's human monitor, which prints nothing on success */
static int tell(const char *verb, const char *arguments)
{
	char request[LINE], reply[LINE];
	int fd = open_monitor(), ret;

	if (fd < 0)
		return fd;
	snprintf(
		request, sizeof(request),
		"{\"execute\": \"human-monitor-command\", \"arguments\": {\"command-line\": \"%s %s\"}}\n",
		verb, arguments);
	ret = ask(fd, request, reply);
	if (ret || !strncmp(reply, "{\"return\": \"\"", 13))
		return ret;
	return strstr(reply, "uplicate") ? -EEXIST : -EPROTO;
}

/*
 * QEMU presses the slot's attention button, which takes effect after five seconds; the
 * administrator does not wait for that.
 */
static int pull(const char *bdf)
{
	struct port port;
	int ret;

	ret = port_find(&port, bdf);
	if (!ret)
		ret = tell("device_del", plug_of(bdf)->id);
	return ret ?: port_power_off(&port);
}

static int add(const char *arguments)
{
	unsigned int step;
	int ret = -EEXIST;

	for (step = 0; step < STEPS && ret == -EEXIST; step++) {
		ret = tell("device_add", arguments);
		if (ret == -EEXIST)
			usleep(STEP_US);
	}
	return ret;
}

static int put_back(const char *bdf)
{
	const char *all = getenv(plug_of(bdf)->arguments);
	char *text = all ? strdup(all) : NULL, *next = text, *one;
	int ret = text ? 0 : -ENODEV;

	while (!ret && (one = strsep(&next, ";")))
		ret = add(one);
	free(text);
	return ret;
}

static int unplug(struct storm *storm, struct member *member)
{
	return storm_remove_beside(storm, member, pull, put_back);
}

/* It takes some seconds each time: so this is done on request only */
const struct action monitor_actions[] = { { "unplug", false, unplug }, {} };
