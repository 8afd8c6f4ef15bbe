// SPDX-License-Identifier: GPL-2.0
/*
 * Checks the emulator: mmio CONFIG RESOURCE VALUE SECONDS. One CPU disables and enables
 * memory accesses to the PCI device of the sysfs file CONFIG, while another one reads
 * the first register of a device's RESOURCE, which has to be VALUE (in hexadecimal).
 */
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#define PAGE 4096
/* PCI 3.0, 6.2.2 */
#define COMMAND 4
#define COMMAND_MEMORY 2
#define READS 100

struct toggler {
	pthread_t thread;
	int config;
	int stop;
	unsigned long count;
	unsigned long failed;
};

static void stay_on(int number)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(number, &set);
	sched_setaffinity(0, sizeof(set), &set);
}

static void *toggle(void *arg)
{
	const uint16_t off = 0, on = COMMAND_MEMORY;
	struct toggler *toggler = arg;

	stay_on(0);
	while (!__atomic_load_n(&toggler->stop, __ATOMIC_SEQ_CST)) {
		if (pwrite(toggler->config, &off, sizeof(off), COMMAND) != sizeof(off) ||
		    pwrite(toggler->config, &on, sizeof(on), COMMAND) != sizeof(on))
			toggler->failed++;
		toggler->count++;
	}
	return NULL;
}

static unsigned long read_for(const volatile uint32_t *first, uint32_t value, time_t seconds)
{
	time_t end = time(NULL) + seconds;
	unsigned long wrong = 0;
	unsigned int i;

	stay_on(1);
	while (time(NULL) < end)
		for (i = 0; i < READS; i++)
			wrong += *first != value;
	return wrong;
}

int main(int argc, char **argv)
{
	struct toggler toggler = { .config = argc == 5 ? open(argv[1], O_RDWR) : -1 };
	int resource = argc == 5 ? open(argv[2], O_RDWR) : -1;
	unsigned long wrong;
	int passed;
	void *bar;

	bar = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, resource, 0);
	if (toggler.config < 0 || bar == MAP_FAILED) {
		fprintf(stderr, "usage: mmio CONFIG RESOURCE VALUE SECONDS\n");
		return 2;
	}
	if (pthread_create(&toggler.thread, NULL, toggle, &toggler))
		return 1;
	wrong = read_for(bar, strtoul(argv[3], NULL, 16), strtol(argv[4], NULL, 10));
	__atomic_store_n(&toggler.stop, 1, __ATOMIC_SEQ_CST);
	pthread_join(toggler.thread, NULL);
	passed = !wrong && toggler.count && !toggler.failed;
	printf("TAP version 13\n1..1\n# disabled %lu times, %lu of them failed; %lu wrong reads\n",
	       toggler.count, toggler.failed, wrong);
	printf("%sok 1 accesses_reach_their_device\n", passed ? "" : "not ");
	return !passed;
}
