// SPDX-License-Identifier: GPL-2.0
/*
 * Memory control groups (version 2), which are charged for what the kernel allocates on
 * behalf of a user.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "passthrough.h"

#define ROOT "/tmp/cgroup"

static int write_file(const char *name, const char *file, const char *text)
{
	char path[128];
	int fd, ret = 0;

	snprintf(path, sizeof(path), ROOT "/%s/%s", name, file);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	if (write(fd, text, strlen(text)) < 0)
		ret = -errno;
	close(fd);
	return ret;
}

static FILE *open_file(const char *name, const char *file)
{
	char path[128];

	snprintf(path, sizeof(path), ROOT "/%s/%s", name, file);
	return fopen(path, "r");
}

/* Make the group @name. @limit: bytes that it may use, 0 for no limit. */
int cgroup_make(const char *name, unsigned long limit)
{
	char path[128], text[32];
	int ret;

	mkdir(ROOT, 0755);
	if (access(ROOT "/cgroup.procs", F_OK) &&
	    mount("none", ROOT, "cgroup2", 0, NULL))
		return -errno;
	ret = write_file("", "cgroup.subtree_control", "+memory");
	if (ret)
		return ret;
	snprintf(path, sizeof(path), ROOT "/%s", name);
	if (mkdir(path, 0755) && errno != EEXIST)
		return -errno;
	snprintf(text, sizeof(text), "%lu", limit);
	return write_file(name, "memory.max", limit ? text : "max");
}

/* Return: a file to which a process writes "0" to enter the group, or a negative errno */
int cgroup_open_procs(const char *name)
{
	char path[128];
	int fd;

	snprintf(path, sizeof(path), ROOT "/%s/cgroup.procs", name);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	return fd < 0 ? -errno : fd;
}

/* Move the calling process into the group; its children will be in it, too */
int cgroup_enter(const char *name)
{
	return write_file(name, "cgroup.procs", "0");
}

/* Move the calling process back to the root group */
int cgroup_leave(void)
{
	return write_file("", "cgroup.procs", "0");
}

/* Return: the memory charged to the group, in bytes, or a negative errno */
long cgroup_charged(const char *name)
{
	FILE *f = open_file(name, "memory.current");
	long bytes = -EIO;

	if (!f)
		return -errno;
	if (fscanf(f, "%ld", &bytes) != 1)
		bytes = -EIO;
	fclose(f);
	return bytes;
}

/* Return: how many processes of the group were OOM-killed, or a negative errno */
long cgroup_oom_kills(const char *name)
{
	FILE *f = open_file(name, "memory.events");
	long kills = -EIO;
	char line[64];

	if (!f)
		return -errno;
	while (fgets(line, sizeof(line), f))
		if (sscanf(line, "oom_kill %ld", &kills) == 1)
			break;
	fclose(f);
	return kills;
}

/*
 * Note in the kernel's log for its readers that what it reports of a group without memory
 * is expected, or no longer is
 */
void cgroup_expect_oom(bool expected)
{
	static const char *const text[] = {
		"<4>passthrough: no control group runs out of memory on purpose\n",
		"<4>passthrough: a control group runs out of memory on purpose\n",
	};
	int fd = open("/dev/kmsg", O_WRONLY | O_CLOEXEC);

	if (fd < 0)
		return;
	if (write(fd, text[expected], strlen(text[expected])) < 0)
		perror("/dev/kmsg");
	close(fd);
}
