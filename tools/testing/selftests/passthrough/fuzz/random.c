// SPDX-License-Identifier: GPL-2.0
/*
 * Numbers: values that tend to break things are far more frequent than by chance.
 */
#include "fuzz.h"

static const __u64 extremes[] = {
	0,
	1,
	2,
	63,
	64,
	65,
	255,
	256,
	PAGE - 1,
	PAGE,
	PAGE + 1,
	0xffff,
	0x10000,
	0x7fffffff,
	0x80000000,
	0xffffffff,
	0x100000000,
	0xfffffffffff,
	0x100000000000,
	0xffffffffffff,
	0x1000000000000,
	0x7fffffffffffffff,
	0x8000000000000000,
	~0ULL - PAGE + 1,
	~0ULL - PAGE,
	~0ULL - 1,
	~0ULL,
};

/*
 * Addresses that may be in use: doorbells in the window, at their physical addresses,
 * below 4 GiB and at the end of an aperture; memory; the mock's aperture and region; ends
 */
static const __u64 places[] = {
	MSI_WINDOW_IOVA,
	0x8020000,
	0x8090000,
	0x80ff000,
	0x8100000,
	0xfc000000,
	0xf8000000,
	RAM_IPA,
	RAM_IPA + MEMORY_LENGTH,
	0x10000000,
	0x1000000,
	0x2000000,
	0x7ffff000,
	0xfffff000,
	0x100000000,
	0x7ffffff000,
	0xffffffff000,
	0xffffffffffff000,
	0,
};

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* SplitMix64: good bits from any seed */
__u64 rng_next(struct rng *rng)
{
	__u64 z = rng->state += 0x9e3779b97f4a7c15ULL;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9ULL;
	z = (z ^ z >> 27) * 0x94d049bb133111ebULL;
	return z ^ z >> 31;
}

unsigned int rng_below(struct rng *rng, unsigned int n)
{
	return rng_next(rng) % n;
}

bool rng_one_in(struct rng *rng, unsigned int n)
{
	return !rng_below(rng, n);
}

__u64 any64(struct rng *rng)
{
	__u64 extreme = extremes[rng_below(rng, COUNT(extremes))];
	__u64 bits = rng_next(rng);

	switch (rng_below(rng, 4)) {
	case 0:
		return bits;
	case 1:
		return bits >> (bits & 63);
	default:
		return extreme;
	}
}

__u32 any32(struct rng *rng)
{
	return any64(rng);
}

__u64 any_iova(struct rng *rng)
{
	__u64 place = places[rng_below(rng, COUNT(places))];
	__u64 offset = rng_below(rng, 4) * PAGE;
	__u64 other = any64(rng);

	switch (rng_below(rng, 16)) {
	case 0:
		return other;
	case 1:
		return other & ~(PAGE - 1);
	case 2:
		return place + other % PAGE;
	case 3:
		return place - PAGE;
	case 4 ... 7:
		return MSI_WINDOW_IOVA + offset;
	default:
		return place + offset;
	}
}

__u64 any_length(struct rng *rng, __u64 usual)
{
	__u64 other = any64(rng);
	unsigned int pages = 1 + rng_below(rng, 8);

	switch (rng_below(rng, 16)) {
	case 0:
		return other;
	case 1:
		return other & ~(PAGE - 1);
	case 2 ... 7:
		return pages * PAGE;
	default:
		return usual;
	}
}

__u32 any_count(struct rng *rng, unsigned int most)
{
	__u32 other = any32(rng);
	__u32 count = rng_below(rng, most + 1);

	return rng_one_in(rng, 12) ? other : count;
}

__u64 any_flags(struct rng *rng, __u64 known)
{
	__u64 some = rng_next(rng) & known;
	__u64 other = any64(rng);

	return rng_one_in(rng, 16) ? some ^ other : some;
}
