// SPDX-License-Identifier: GPL-2.0
/*
 * A PCIe port above a device that is passed through; its host driver keeps it. Its
 * interrupts can be raised on request: its hotplug controller completes each command with
 * one, here a change of the slot's attention indicator. A reset of the device takes two
 * such commands.
 *
 * The controller sends no further interrupt until the driver has acknowledged the last one
 * in the slot's status register, so if one is lost, no other follows.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <linux/pci_regs.h>

#include "passthrough.h"

#define PCI_DEVICES "/sys/bus/pci/devices"
#define PORT_DRIVER "/sys/bus/pci/drivers/pcieport"
#define SLOTS "/sys/bus/pci/slots"
/* How long to wait for an interrupt, in steps of 100 us */
#define PORT_STEPS 50000

static int write_file(const char *path, const char *text)
{
	int fd, ret = 0;

	fd = open(path, O_WRONLY);
	if (fd < 0)
		return -errno;
	if (write(fd, text, strlen(text)) < 0)
		ret = -errno;
	close(fd);
	return ret;
}

static int read_file(const char *path, char *text, size_t size)
{
	ssize_t length;
	int fd;

	fd = open(path, O_RDONLY);
	if (fd < 0)
		return -errno;
	length = read(fd, text, size - 1);
	close(fd);
	if (length < 0)
		return -EIO;
	text[length] = '\0';
	return 0;
}

/* The port that the device @bdf is below */
int port_find(struct port *port, const char *bdf)
{
	char path[PATH_MAX], target[PATH_MAX], *name;
	ssize_t length;

	*port = (struct port){};
	snprintf(path, sizeof(path), PCI_DEVICES "/%s", bdf);
	length = readlink(path, target, sizeof(target) - 1);
	if (length < 0)
		return -errno;
	target[length] = '\0';
	*strrchr(target, '/') = '\0';
	name = strrchr(target, '/') + 1;
	if (snprintf(port->bdf, sizeof(port->bdf), "%s", name) >=
	    (int)sizeof(port->bdf))
		return -ENODEV;
	/* A slot's address has no function */
	snprintf(port->slot, sizeof(port->slot), "%.*s",
		 (int)(strlen(bdf) - strlen(".0")), bdf);
	return 0;
}

/* Bind the port to its driver ("bind"), or unbind it ("unbind") */
int port_set_driver(const struct port *port, const char *how)
{
	char path[PATH_MAX];

	snprintf(path, sizeof(path), PORT_DRIVER "/%s", how);
	return write_file(path, port->bdf);
}

bool port_has_driver(const struct port *port)
{
	char path[PATH_MAX];

	snprintf(path, sizeof(path), PORT_DRIVER "/%s", port->bdf);
	return !access(path, F_OK);
}

/* Interrupts of one vector, on all CPUs: /proc/interrupts has the same numbers */
static unsigned long vector_interrupts(const char *irq)
{
	char path[PATH_MAX], text[256], *at = text;
	unsigned long sum = 0;

	snprintf(path, sizeof(path), "/sys/kernel/irq/%s/per_cpu_count", irq);
	if (read_file(path, text, sizeof(text)))
		return 0;
	while (*at) {
		sum += strtoul(at, &at, 10);
		if (*at)
			at++;
	}
	return sum;
}

/* Return: the number of interrupts that the host handled for the port's vectors */
unsigned long port_interrupts(const struct port *port)
{
	struct dirent *entry;
	unsigned long sum = 0;
	char path[PATH_MAX];
	DIR *dir;

	snprintf(path, sizeof(path), PCI_DEVICES "/%s/msi_irqs", port->bdf);
	dir = opendir(path);
	while (dir && (entry = readdir(dir)))
		if (entry->d_name[0] != '.')
			sum += vector_interrupts(entry->d_name);
	if (dir)
		closedir(dir);
	return sum;
}

/* Find a file of the slot that the port's driver created */
static int find_slot(const struct port *port, const char *file, char *path,
		     size_t size)
{
	char address_path[PATH_MAX], address[32];
	struct dirent *entry;
	int ret = -ENODEV;
	DIR *dir;

	dir = opendir(SLOTS);
	while (dir && ret && (entry = readdir(dir))) {
		snprintf(address_path, sizeof(address_path),
			 SLOTS "/%s/address", entry->d_name);
		if (read_file(address_path, address, sizeof(address)) ||
		    strncmp(address, port->slot, strlen(port->slot)))
			continue;
		snprintf(path, size, SLOTS "/%s/%s", entry->d_name, file);
		ret = 0;
	}
	if (dir)
		closedir(dir);
	return ret;
}

/* Issue a command to the hotplug controller, which completes it with one interrupt */
int port_raise(const struct port *port)
{
	char path[PATH_MAX];
	int ret;

	ret = find_slot(port, "attention", path, sizeof(path));
	return ret ? ret : write_file(path, "1");
}

/* Remove the slot's device and switch its power off; this waits for its users */
int port_power_off(const struct port *port)
{
	char path[PATH_MAX];
	int ret;

	ret = find_slot(port, "power", path, sizeof(path));
	return ret ? ret : write_file(path, "0");
}

static bool read_config(int fd, unsigned int offset, void *to, size_t size)
{
	return pread(fd, to, size, offset) == (ssize_t)size;
}

/* Return: the offset of the PCI Express capability, 0 if there is none */
static unsigned int find_express(int fd)
{
	__u8 at, header[2]; /* its ID, and the offset of the next one */

	if (!read_config(fd, PCI_CAPABILITY_LIST, &at, sizeof(at)))
		return 0;
	while (at && read_config(fd, at, header, sizeof(header))) {
		if (header[0] == PCI_CAP_ID_EXP)
			return at;
		at = header[1];
	}
	return 0;
}

/* Return: the slot's status register, or a negative errno */
static int slot_status(const struct port *port)
{
	unsigned int express;
	char path[PATH_MAX];
	int fd, ret = -EIO;
	__u16 status;

	snprintf(path, sizeof(path), PCI_DEVICES "/%s/config", port->bdf);
	fd = open(path, O_RDONLY);
	if (fd < 0)
		return -errno;
	express = find_express(fd);
	if (express &&
	    read_config(fd, express + PCI_EXP_SLTSTA, &status, sizeof(status)))
		ret = status;
	close(fd);
	return ret;
}

/* Wait until the host has handled and acknowledged @count interrupts */
int port_wait(const struct port *port, unsigned long count)
{
	const struct timespec nap = { .tv_nsec = 100000 };
	unsigned int i;
	int status;

	for (i = 0; i < PORT_STEPS; i++) {
		if (port_interrupts(port) >= count) {
			status = slot_status(port);
			if (status < 0 || !(status & PCI_EXP_SLTSTA_CC))
				return status < 0 ? status : 0;
		}
		nanosleep(&nap, NULL);
	}
	return -ETIMEDOUT;
}

/* Raise one interrupt, and wait until the driver has handled it */
int port_handshake(const struct port *port)
{
	unsigned long before = port_interrupts(port);
	int ret;

	ret = port_raise(port);
	return ret ? ret : port_wait(port, before + 1);
}

/* Return: how many of @count interrupts, raised one after the other, were handled */
unsigned int port_ring(const struct port *port, unsigned int count)
{
	unsigned int handled = 0;

	while (handled < count && !port_handshake(port))
		handled++;
	return handled;
}
