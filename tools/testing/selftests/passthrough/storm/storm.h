/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Devices that are in use while everything happens to them that a user or an administrator
 * may do, in an order that is drawn from a seed. Each interrupt is a handshake, so that
 * none is lost unnoticed. The user's memory is mapped wherever a doorbell was, so that no
 * write goes there unnoticed.
 *
 * All functions return 0 or a negative errno, unless said otherwise.
 */
#ifndef SELFTESTS_VFIO_STORM_H
#define SELFTESTS_VFIO_STORM_H

#include "../lib/passthrough.h"

#define PAGE 0x1000ULL
#define SPACES 2
#define OVERS 8

enum kind {
	KIND_EDU, /* one vector of plain MSI, and INTx */
	KIND_XHCI, /* several vectors of plain MSI */
	KIND_IGB, /* MSI-X */
	KINDS,
};

/* A device. Between rounds it is open, attached to space @home, with vectors enabled. */
struct member {
	enum kind kind;
	const char *bdf;
	struct edu edu;
	struct xhci xhci;
	struct igb igb;
	struct device *dev;
	unsigned int home;
	__u32 number; /* of the edu's last interrupt */
	struct mapping memory; /* for its DMA, in both spaces */
};

struct storm {
	__u64 random;
	int iommufd;
	__u32 spaces[SPACES];
	struct member members[KINDS];
	/* A page of the user at a doorbell's old IOVA, which nothing writes to */
	struct mapping overs[OVERS];
	__u32 over_spaces[OVERS]; /* 0: not mapped */
	unsigned int turn;
};

struct action {
	const char *name;
	/* The device keeps sending interrupts meanwhile, none of which is lost */
	bool goes_on;
	int (*run)(struct storm *storm, struct member *member);
};

/* The last entry has no name */
extern const struct action user_actions[];
extern const struct action administrator_actions[];
extern const struct action machine_actions[];
extern const struct action monitor_actions[];

unsigned int storm_below(struct storm *storm, unsigned int n);
int storm_open(struct storm *storm, __u64 seed);
void storm_close(struct storm *storm);
/* True if something was written to a page that was mapped where a doorbell was */
bool storm_is_spoilt(const struct storm *storm);
/* Map a page of the user over the doorbell that the device uses */
int storm_map_over(struct storm *storm, struct member *member);
/* Unmap the user's page there, if it is mapped */
void storm_unmap_over(struct storm *storm, unsigned int turn);

/* Map over the doorbells that the device uses until @run, in another thread, has ended */
int storm_move_beside(struct storm *storm, struct member *member,
		      int (*run)(const char *bdf));
/* Remove the device while it is in use, until its user closes it, and insert it again */
int storm_remove_beside(struct storm *storm, struct member *member,
			int (*remove)(const char *bdf),
			int (*insert)(const char *bdf));
int storm_write_file(const char *path, const char *text);

int member_open(struct storm *storm, struct member *member);
void member_close(struct member *member);
int member_attach(struct storm *storm, struct member *member,
		  unsigned int space);
/* All of the vectors, or fewer */
int member_enable(struct storm *storm, struct member *member);
int member_disable(struct member *member);
/* Restore the state that the device lost in a reset */
int member_revive(struct member *member);
/* One interrupt, with its handshake */
int member_ring(struct member *member);
/* As many interrupts as there are vectors, each with its handshake */
int member_check(struct member *member);

#endif
