// SPDX-License-Identifier: GPL-2.0
/*
 * Questions to an observer of the IOMMU, which reads registers and tables while the machine
 * is stopped. The file is opened for each question, so that tests of several processes ask
 * one after the other.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "walker.h"

#define LINE 400

bool walker_is_there(void)
{
	return getenv("SMMU_WALKER");
}

static int read_line(int fd, char *line, size_t size)
{
	size_t length = 0;
	ssize_t got;

	do {
		got = read(fd, line + length, size - 1 - length);
		if (got <= 0)
			return got ? -errno : -EIO;
		length += got;
	} while (line[length - 1] != '\n' && length < size - 1);
	line[length - 1] = '\0';
	return 0;
}

/* Return: "yes", or what is wrong; valid until the next question */
const char *walker_ask(const char *format, ...)
{
	static char line[LINE];
	const char *answer = line;
	int fd = open(getenv("SMMU_WALKER"), O_RDWR);
	va_list arguments;
	int length;

	if (fd < 0)
		return "no observer to ask";
	va_start(arguments, format);
	length = sprintf(line, "? ");
	length += vsnprintf(line + length, LINE - 4, format, arguments);
	va_end(arguments);
	line[length++] = '\n';
	if (write(fd, line, length) != length)
		answer = "the question could not be sent";
	else if (read_line(fd, line, LINE))
		answer = "no answer";
	close(fd);
	return answer;
}

unsigned int walker_sid(const char *bdf)
{
	unsigned int bus = 0, slot = 0, function = 0;

	if (sscanf(bdf, "%*x:%x:%x.%x", &bus, &slot, &function) != 3)
		return 0;
	return bus << 8 | slot << 3 | function;
}
