/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the program of the machine with a PAMU is made of: pamu.c has the machine, the
 * questions to the host, VFIO and iommufd; pamu-msi.c has the cases about MSI banks.
 */
#ifndef PAMU_H
#define PAMU_H

#include <errno.h>
#include <stdio.h>
#include <sys/types.h>

#include <linux/iommufd_pamu.h>

#include "passthrough.h"

#define KIB		1024ULL
#define MIB		(1024 * KIB)
#define GIB		(1024 * MIB)
#define SLOT		(16 * MIB)
#define RW		(IOMMU_IOAS_MAP_READABLE | IOMMU_IOAS_MAP_WRITEABLE)
#define CASE_SECONDS	60
#define PATH		300

/* Report: what is wrong is a line of the case's */
extern char edu[64];
void problem(const char *format, ...) __attribute__((format(printf, 1, 2)));
void ask(int line, const char *format, ...) __attribute__((format(printf, 2, 3)));

#define EXPECT(expression)						\
	((expression) ? 1 : (problem("line %d: %s (errno %d)", __LINE__,	\
				     #expression, errno), 0))

#define EXPECT_ERRNO(expression, number) do {				\
	int rc_ = (expression);						\
									\
	if (rc_ != -(number))						\
		problem("line %d: %s: %d is not -" #number, __LINE__,	\
			#expression, rc_);				\
} while (0)

/* Ask the host; what it answers is a problem unless it is "yes" */
#define ASK(...) ask(__LINE__, __VA_ARGS__)

void write_file(const char *path, const char *text);

/* Memory with the same mark at its start and before its end, until the test ends */
struct memory {
	void *at;
	size_t size;
	char mark[17];
};

struct memory get_pages(size_t size);

/*
 * The device, bound to an iommufd that has an IOAS; an int is 0 or a negative errno, as in
 * the library
 */
struct bound {
	struct device dev;
	__u32 ioas;
};

struct bound bind_device(void);
struct bound attach_device(void);
void close_device(struct bound *d);
int attach(struct bound *d, __u32 pt);
int detach(struct bound *d);
int map(struct bound *d, __u64 iova, void *at, size_t size, int access);
int page_table(struct bound *d, __u32 bits, __u32 slots, __u32 *id);
void raise_interrupt(struct bound *d);
int wait_for_kill(void (*run)(int ready));
void allow_unsafe_interrupts(char allowed);

/* A container with the device's group; returns the group */
int open_container(struct container *c, int type);
void close_container(struct container *c, int group);

struct test {
	const char *name;
	void (*run)(void);
};

#define CASE(name) { #name, name }

/* With the bank that the PCI node names or several, and with none for users */
extern const struct test with_banks[], no_bank[];

#endif
