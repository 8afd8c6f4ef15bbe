// SPDX-License-Identifier: GPL-2.0
/*
 * The devices of a storm: operations that the three kinds have in common.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "storm.h"

#define MEMORY_IOVA 0x40000000ULL
#define PATTERN 0xa5

unsigned int storm_below(struct storm *storm, unsigned int n)
{
	/* A linear congruential generator; its upper bits are good */
	storm->random =
		storm->random * 6364136223846793005ULL + 1442695040888963407ULL;
	return (storm->random >> 33) % n;
}

static int open_kind(struct storm *storm, struct member *member)
{
	switch (member->kind) {
	case KIND_EDU:
		member->dev = &member->edu.dev;
		return edu_open(&member->edu, member->bdf, storm->iommufd);
	case KIND_XHCI:
		member->dev = &member->xhci.dev;
		return xhci_open(&member->xhci, member->bdf, storm->iommufd);
	default:
		member->dev = &member->igb.dev;
		return igb_open(&member->igb, member->bdf, storm->iommufd);
	}
}

int member_attach(struct storm *storm, struct member *member,
		  unsigned int space)
{
	int ret = device_attach(member->dev, storm->spaces[space]);

	if (!ret)
		member->home = space;
	return ret;
}

int member_enable(struct storm *storm, struct member *member)
{
	int ret;

	switch (member->kind) {
	case KIND_EDU:
		return edu_enable_interrupt(&member->edu);
	case KIND_XHCI:
		/* MSIs come in powers of two */
		ret = xhci_enable_interrupts(&member->xhci,
					     1U << storm_below(storm, 3));
		return ret ?: xhci_start(&member->xhci, &member->memory);
	default:
		return igb_enable_interrupts(
			&member->igb, 1 + storm_below(storm, IGB_VECTORS));
	}
}

int member_disable(struct member *member)
{
	switch (member->kind) {
	case KIND_EDU:
		return edu_disable_interrupt(&member->edu);
	case KIND_XHCI:
		return xhci_disable_interrupts(&member->xhci);
	default:
		return igb_disable_interrupts(&member->igb);
	}
}

int member_open(struct storm *storm, struct member *member)
{
	int ret = open_kind(storm, member);

	if (ret)
		return ret;
	if (member->kind == KIND_EDU)
		edu_acknowledge(&member->edu);
	ret = member_attach(storm, member, storm_below(storm, SPACES));
	return ret ?: member_enable(storm, member);
}

void member_close(struct member *member)
{
	switch (member->kind) {
	case KIND_EDU:
		return edu_close(&member->edu);
	case KIND_XHCI:
		return xhci_close(&member->xhci);
	default:
		return igb_close(&member->igb);
	}
}

int member_revive(struct member *member)
{
	if (!device_is_on(member->dev))
		return -EIO;
	switch (member->kind) {
	case KIND_EDU:
		edu_acknowledge(&member->edu);
		return 0;
	case KIND_XHCI:
		return xhci_start(&member->xhci, &member->memory);
	default:
		igb_unmask(&member->igb);
		return 0;
	}
}

int member_ring(struct member *member)
{
	__u32 number = ++member->number;

	switch (member->kind) {
	case KIND_EDU:
		return edu_handshake(&member->edu, number & 0xff ?: 1);
	case KIND_XHCI:
		return xhci_handshake(&member->xhci,
				      number % XHCI_INTERRUPTERS);
	default:
		return igb_handshake(&member->igb,
				     number % member->igb.vectors);
	}
}

int member_check(struct member *member)
{
	unsigned int i, vectors = 1;
	int ret = 0;

	if (member->kind == KIND_XHCI)
		vectors = member->xhci.vectors;
	else if (member->kind == KIND_IGB)
		vectors = member->igb.vectors;
	for (i = 0; i < vectors && !ret; i++)
		ret = member_ring(member);
	return ret;
}

bool storm_is_spoilt(const struct storm *storm)
{
	const __u64 word = PATTERN * 0x0101010101010101ULL;
	unsigned int i, n;

	for (i = 0; i < OVERS; i++)
		for (n = 0; n < PAGE / sizeof(word); n++)
			if (((__u64 *)storm->overs[i].va)[n] != word)
				return true;
	return false;
}

void storm_unmap_over(struct storm *storm, unsigned int turn)
{
	if (storm->over_spaces[turn])
		ioas_unmap(storm->iommufd, storm->over_spaces[turn],
			   storm->overs[turn].iova, PAGE);
	storm->over_spaces[turn] = 0;
}

int storm_map_over(struct storm *storm, struct member *member)
{
	unsigned int turn = storm->turn++ % OVERS;
	struct mapping *over = &storm->overs[turn];
	__u32 space = storm->spaces[member->home];
	struct doorbell_list list;
	int ret;

	storm_unmap_over(storm, turn);
	ret = msi_doorbells(storm->iommufd, space, &list);
	if (ret || !list.count)
		return ret ?: -ENOENT;
	over->iova = list.at[0].iova;
	ret = ioas_map(storm->iommufd, space, over->va, PAGE, over->iova);
	if (!ret)
		storm->over_spaces[turn] = space;
	return ret;
}

static int open_spaces(struct storm *storm)
{
	unsigned int space, i;
	int ret = 0;

	for (space = 0; space < SPACES && !ret; space++) {
		ret = ioas_alloc(storm->iommufd, &storm->spaces[space]);
		for (i = 0; i < KINDS && !ret; i++)
			ret = ioas_map(storm->iommufd, storm->spaces[space],
				       storm->members[i].memory.va,
				       storm->members[i].memory.length,
				       storm->members[i].memory.iova);
	}
	return ret;
}

int storm_open(struct storm *storm, __u64 seed)
{
	static const char *const variables[] = { "VFIO_EDU", "VFIO_XHCI",
						 "VFIO_IGB" };
	unsigned int i;
	int ret = 0;

	*storm = (struct storm){ .random = seed, .iommufd = iommufd_open() };
	for (i = 0; i < OVERS && !ret; i++) {
		ret = memory_alloc(&storm->overs[i], PAGE);
		if (!ret)
			memset(storm->overs[i].va, PATTERN, PAGE);
	}
	for (i = 0; i < KINDS && !ret; i++) {
		struct member *member = &storm->members[i];

		*member = (struct member){ .kind = i,
					   .bdf = getenv(variables[i]),
					   .edu = EDU_CLOSED,
					   .xhci = XHCI_CLOSED };
		ret = member->bdf ? memory_alloc(&member->memory, XHCI_MEMORY) :
				    -ENODEV;
		member->memory.iova = MEMORY_IOVA + i * 0x100000;
	}
	if (!ret)
		ret = open_spaces(storm);
	for (i = 0; i < KINDS && !ret; i++)
		ret = member_open(storm, &storm->members[i]);
	return ret;
}

void storm_close(struct storm *storm)
{
	unsigned int i;

	for (i = 0; i < KINDS; i++)
		member_close(&storm->members[i]);
	close(storm->iommufd);
	for (i = 0; i < KINDS; i++)
		memory_free(&storm->members[i].memory);
	for (i = 0; i < OVERS; i++)
		memory_free(&storm->overs[i]);
}
