// SPDX-License-Identifier: GPL-2.0
/*
 * Writes to the registers of a PCI device that has no driver: poke BAR
 * OFFSET=VALUE..., in hexadecimal. BAR is a resource file of sysfs. A value of more
 * than 32 bits takes a 64-bit write.
 */
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>

static int poke(volatile char *bar, off_t size, const char *word)
{
	unsigned long long value;
	unsigned long offset;

	if (sscanf(word, "%lx=%llx", &offset, &value) != 2 ||
	    offset + sizeof(value) > (unsigned long)size) {
		fprintf(stderr, "poke: %s: not an OFFSET=VALUE of this BAR\n", word);
		return 1;
	}
	if (value > UINT32_MAX)
		*(volatile uint64_t *)(bar + offset) = value;
	else
		*(volatile uint32_t *)(bar + offset) = value;
	return 0;
}

int main(int argc, char **argv)
{
	struct stat stat;
	void *bar;
	int fd, i;

	fd = argc > 2 ? open(argv[1], O_RDWR) : -1;
	if (fd < 0 || fstat(fd, &stat)) {
		fprintf(stderr, "usage: poke BAR OFFSET=VALUE...\n");
		return 2;
	}
	bar = mmap(NULL, stat.st_size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (bar == MAP_FAILED) {
		perror("poke: mmap");
		return 1;
	}
	for (i = 2; i < argc; i++)
		if (poke(bar, stat.st_size, argv[i]))
			return 1;
	return 0;
}
