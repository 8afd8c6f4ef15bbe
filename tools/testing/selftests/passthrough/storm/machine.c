// SPDX-License-Identifier: GPL-2.0
/*
 * Events of the whole machine in a storm: CPUs go offline and online, the system suspends
 * and resumes, a link reports errors.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include "storm.h"

#define PROCESSORS 2
/* A correctable, a non-fatal and a fatal error (PCIe 6.0, 7.8.4) */
#define AER_RECEIVER_ERROR 0x1
#define AER_COMPLETION_TIMEOUT 0x4000
#define AER_MALFORMED_TLP 0x40000
#define COMMAND 4
#define COMMAND_MEMORY 0x2
#define STEPS 500
#define STEP_US 10000

/* As /dev/aer_inject takes it */
struct aer_error {
	__u8 bus, device, function;
	__u32 uncorrectable, correctable;
	__u32 header[4];
	__u32 domain;
};

static int set_processor(unsigned int number, bool online)
{
	char path[64];

	snprintf(path, sizeof(path), "/sys/devices/system/cpu/cpu%u/online",
		 number);
	return storm_write_file(path, online ? "1" : "0");
}

/* Interrupts of that CPU, if any, must migrate to others */
static int processor(struct storm *storm, struct member *member)
{
	unsigned int number = storm_below(storm, PROCESSORS);
	int ret, error;

	ret = set_processor(number, false);
	if (ret)
		return ret;
	ret = storm_map_over(storm, member);
	error = set_processor(number, true);
	return ret ?: error;
}

/* All devices are suspended and resumed, without the firmware */
static int fall_asleep(const char *bdf)
{
	int ret;

	(void)bdf;
	ret = storm_write_file("/sys/power/pm_test", "platform");
	return ret ?: storm_write_file("/sys/power/state", "freeze");
}

static int sleep_and_wake(struct storm *storm, struct member *member)
{
	unsigned int i;
	int ret;

	ret = storm_move_beside(storm, member, fall_asleep);
	for (i = 0; i < KINDS && !ret; i++)
		ret = member_revive(&storm->members[i]);
	return ret;
}

static int inject(const char *bdf, struct aer_error error)
{
	unsigned int domain, bus, device, function;
	int fd, ret = 0;

	if (sscanf(bdf, "%x:%x:%x.%x", &domain, &bus, &device, &function) != 4)
		return -EINVAL;
	error.domain = domain;
	error.bus = bus;
	error.device = device;
	error.function = function;
	fd = open("/dev/aer_inject", O_WRONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	if (write(fd, &error, sizeof(error)) != sizeof(error))
		ret = -errno;
	close(fd);
	return ret;
}

/* Errors that are only reported */
static int link_error(struct storm *storm, struct member *member)
{
	const struct aer_error errors[] = {
		{ .correctable = AER_RECEIVER_ERROR },
		{ .uncorrectable = AER_COMPLETION_TIMEOUT },
	};
	int ret;

	ret = inject(storm->members[KIND_IGB].bdf,
		     errors[storm_below(storm, 2)]);
	return ret ?: storm_map_over(storm, member);
}

static int read_command(const char *bdf)
{
	char path[96];
	__u16 command;
	int fd, ret;

	snprintf(path, sizeof(path), "/sys/bus/pci/devices/%s/config", bdf);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	ret = pread(fd, &command, 2, COMMAND) == 2 ? command : -EIO;
	close(fd);
	return ret;
}

/* After a reset the device no longer decodes memory */
static int wait_for_reset(const char *bdf)
{
	unsigned int step;
	int command;

	for (step = 0; step < STEPS; step++) {
		command = read_command(bdf);
		if (command < 0)
			return command;
		if (!(command & COMMAND_MEMORY))
			return 0;
		usleep(STEP_US);
	}
	return -ETIMEDOUT;
}

/* The kernel resets the link, and the device loses its state: its user reopens it */
static int link_stops(struct storm *storm, struct member *member)
{
	struct member *igb = &storm->members[KIND_IGB];
	int ret;

	ret = inject(igb->bdf,
		     (struct aer_error){ .uncorrectable = AER_MALFORMED_TLP });
	if (!ret)
		ret = storm_map_over(storm, member);
	if (!ret)
		ret = wait_for_reset(igb->bdf);
	member_close(igb);
	return ret ?: member_open(storm, igb);
}

const struct action machine_actions[] = { { "processor", true, processor },
					  { "sleep_and_wake", false,
					    sleep_and_wake },
					  { "link_error", true, link_error },
					  { "link_stops", false, link_stops },
					  {} };
