// SPDX-License-Identifier: GPL-2.0-only
/*
 * The placement rule of MSI doorbells, as documented, in the simplest way: a byte for
 * each slot of the aperture, a list of all candidates, and sums that cannot overflow. It
 * shares no code with drivers/iommu/msi/placement.c.
 */
#include <errno.h>
#include <string.h>

#include "placement-fuzz.h"

#define MIB ((u128)1 << 20)
#define GIB ((u128)1 << 30)

/* Properties of a slot */
#define BUSY 1
#define UNREACHABLE 2
#define CLAIMED 4

struct model {
	u128 slot_size;
	u128 first;
	u128 last;
	/* Slot 0 of the map contains @first */
	u128 base;
	unsigned int slots;
	unsigned char map[FUZZ_SLOTS + 2];
	u128 candidate[256 + 63 + 64];
	unsigned int candidates;
};

static u128 lower(u128 a, u128 b)
{
	return a < b ? a : b;
}

static u128 higher(u128 a, u128 b)
{
	return a > b ? a : b;
}

static void model_limit(struct model *m, const struct fuzz_case *c)
{
	int i;

	m->slot_size = c->slot_size;
	m->first = m->slot_size;
	m->last = ~0UL;
	for (i = 0; i < c->spaces; i++) {
		m->first = higher(m->first, c->space[i].first);
		m->last = lower(m->last, c->space[i].last);
		if (c->space[i].below_4g)
			m->last = lower(m->last, 4 * GIB - 1);
	}
	m->base = m->first / m->slot_size;
}

static void model_mark(struct model *m, u128 start, u128 last,
		       unsigned char what)
{
	u128 slot;

	start = higher(start, m->first);
	last = lower(last, m->last);
	if (start > last)
		return;
	for (slot = start / m->slot_size; slot <= last / m->slot_size; slot++)
		m->map[slot - m->base] |= what;
}

static void model_mark_all(struct model *m, const struct fuzz_case *c)
{
	static const unsigned char what[FUZZ_KINDS] = {
		[FUZZ_TAKEN] = BUSY,
		[FUZZ_PLACE] = BUSY,
		[FUZZ_UNREACHABLE] = UNREACHABLE,
		[FUZZ_CLAIMED] = CLAIMED,
	};
	const struct fuzz_range *r;
	int i;

	m->slots = m->last / m->slot_size - m->base + 1;
	memset(m->map, 0, m->slots);
	for (i = 0; i < c->spaces; i++)
		model_mark(m, c->space[i].avoid_start, c->space[i].avoid_last,
			   BUSY);
	for (r = c->range; r < c->range + c->ranges; r++) {
		/* Claims of the second owner are ignored */
		if (r->space < c->spaces &&
		    (!r->space || r->kind != FUZZ_CLAIMED))
			model_mark(m, r->start, r->last, what[r->kind]);
	}
}

static void model_add_candidate(struct model *m, u128 iova)
{
	if (iova >= m->first && iova + m->slot_size - 1 <= m->last &&
	    iova % m->slot_size == 0)
		m->candidate[m->candidates++] = iova;
}

static void model_list_from_top(struct model *m)
{
	u128 end = (m->last + 1) / m->slot_size;
	int i;

	for (i = 1; i <= 256 && i < end; i++)
		model_add_candidate(m, (end - i) * m->slot_size);
}

static void model_list_candidates(struct model *m, const struct fuzz_case *c)
{
	u128 s = m->slot_size, start, last, top, distance;
	int i;

	m->candidates = 0;
	if (c->from_top) {
		model_list_from_top(m);
		return;
	}
	start = higher(c->window_start, m->first);
	last = lower(c->window_last, m->last);
	start = (start + s - 1) / s * s;
	for (i = 0; i < 256; i++, start += s)
		if (start + s - 1 <= last)
			model_add_candidate(m, start);
	for (i = 1; i <= 63; i++)
		model_add_candidate(m, 4 * GIB - i * 64 * MIB);
	if (c->space[0].below_4g || m->last < s)
		return;
	top = (m->last + 1) / s * s - s;
	for (distance = s; distance < top; distance *= 2)
		model_add_candidate(m, top - distance);
}

static unsigned char model_slot(const struct model *m, u128 iova)
{
	return m->map[iova / m->slot_size - m->base];
}

/* Choose an IOVA whose slot has no property in @unusable; 0 if there is none */
static u128 model_choose(const struct model *m, unsigned char unusable)
{
	u128 claimed = 0, iova;
	unsigned int i;

	for (i = 0; i < m->candidates; i++) {
		iova = m->candidate[i];
		if (model_slot(m, iova) & unusable)
			continue;
		if (!(model_slot(m, iova) & CLAIMED))
			return iova;
		if (!claimed)
			claimed = iova;
	}
	if (claimed)
		return claimed;
	for (i = m->slots; i-- > 0;) {
		iova = (m->base + i) * m->slot_size;
		if (iova >= m->first && iova + m->slot_size - 1 <= m->last &&
		    !(m->map[i] & unusable))
			return iova;
	}
	return 0;
}

int model_find(const struct fuzz_case *c, unsigned long *iova)
{
	static struct model m;
	u128 place;

	model_limit(&m, c);
	if (m.first > m.last)
		return -ENOSPC;
	model_mark_all(&m, c);
	model_list_candidates(&m, c);
	place = model_choose(&m, BUSY | UNREACHABLE);
	if (!place && !c->only_reachable)
		place = model_choose(&m, BUSY);
	if (!place)
		return -ENOSPC;
	*iova = place;
	return 0;
}
