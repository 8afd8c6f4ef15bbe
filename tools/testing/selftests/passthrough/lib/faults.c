// SPDX-License-Identifier: GPL-2.0
/*
 * Fault injection (Documentation/fault-injection): fail the nth allocation that this thread
 * makes, or the nth copy from or to user space. Both are counted together.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "passthrough.h"

#define FAIL_NTH "/proc/thread-self/fail-nth"
#define DEBUGFS "/sys/kernel/debug/"

static int write_text(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY);
	ssize_t written;
	int rc = 0;

	if (fd < 0)
		return -errno;
	written = write(fd, text, strlen(text));
	if (written < 0)
		rc = -errno;
	close(fd);
	return rc;
}

/* Addresses of @function and of the symbol that follows it, as text */
static int function_range(const char *function, char start[32], char end[32])
{
	char line[256], name[128];
	bool found = false;
	FILE *symbols;

	symbols = fopen("/proc/kallsyms", "r");
	if (!symbols)
		return -errno;
	while (fgets(line, sizeof(line), symbols)) {
		if (sscanf(line, "%16s %*c %127s", found ? end + 2 : start + 2,
			   name) != 2 ||
		    found)
			break;
		found = !strcmp(name, function);
	}
	fclose(symbols);
	memcpy(start, "0x", 2);
	memcpy(end, "0x", 2);
	return found ? 0 : -ENOENT;
}

/* What can fail: allocations of objects, of pages, and copies from and to the user */
static const char *const injectors[] = {
	"failslab",
	"fail_page_alloc",
	"fail_usercopy",
	NULL,
};

static int injector_set(const char *injector, const char *file,
			const char *text)
{
	char path[96];

	snprintf(path, sizeof(path), DEBUGFS "%s/%s", injector, file);
	return write_text(path, text);
}

static int injector_setup(const char *injector, const char *start,
			  const char *end)
{
	int rc = injector_set(injector, "verbose", "0");

	if (!rc)
		rc = injector_set(injector, "require-start", start);
	if (!rc)
		rc = injector_set(injector, "require-end", end);
	/* Include allocations that may sleep; only allocations have these files */
	injector_set(injector, "ignore-gfp-wait", "N");
	injector_set(injector, "ignore-gfp-highmem", "N");
	injector_set(injector, "min-order", "0");
	return rc;
}

/*
 * Let allocations and copies fail without messages on the console: those made on behalf
 * of the kernel's @function, or all if it is NULL. The kernel needs
 * CONFIG_FAILSLAB, CONFIG_FAIL_PAGE_ALLOC and CONFIG_FAULT_INJECTION_USERCOPY, and
 * CONFIG_FAULT_INJECTION_STACKTRACE_FILTER for a function.
 */
int faults_setup(const char *function)
{
	char start[32] = "0", end[32] = "0xffffffffffffffff";
	const char *const *injector;
	int rc = 0;

	if (function)
		rc = function_range(function, start, end);
	for (injector = injectors; !rc && *injector; injector++)
		rc = injector_setup(*injector, start, end);
	/* iommufd has failures of its own, if it is built for tests */
	write_text(DEBUGFS "fail_iommufd/verbose", "0");
	return rc;
}

/*
 * Let no copy fail until faults_setup() is called again: VFIO detaches a device again if
 * it cannot copy the result of the attach to user space.
 */
int faults_spare_copies(void)
{
	int rc = injector_set("fail_usercopy", "require-start", "0");

	return rc ? rc : injector_set("fail_usercopy", "require-end", "0");
}

/* The @nth allocation or copy from now on fails. Returns a handle for faults_end(). */
int faults_begin(unsigned int nth)
{
	char text[16];
	int fd;

	fd = open(FAIL_NTH, O_RDWR);
	if (fd < 0)
		return -errno;
	snprintf(text, sizeof(text), "%u", nth);
	if (write(fd, text, strlen(text)) < 0) {
		close(fd);
		return -EIO;
	}
	return fd;
}

/*
 * Stop the injection. True if there was a failure before the call: reading and writing
 * the file allocate memory and copy, too, and may be what fails.
 */
bool faults_end(int fd)
{
	char text[16] = "";
	bool failed;

	failed = pread(fd, text, sizeof(text) - 1, 0) > 0 && !atoi(text);
	while (pwrite(fd, "0", 1, 0) < 0)
		;
	close(fd);
	return failed;
}
