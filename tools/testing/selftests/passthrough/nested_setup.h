/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the tests of nested translation start from: a guest, which is memory at an
 * IPA, a stage 1 address space in it, and edu devices behind a vIOMMU. Failures of
 * a helper are failures of the test that called it.
 */
#ifndef SELFTESTS_VFIO_NESTED_SETUP_H
#define SELFTESTS_VFIO_NESTED_SETUP_H

#include "setup.h"
#include "lib/nested.h"

/* The guest's memory, of which tables take the first half: data is in the other */
#define RAM_IPA 0x40000000ULL
#define RAM_LENGTH 0x800000ULL
#define DATA_IPA (RAM_IPA + RAM_LENGTH / 2)
/* Where nothing is in the IPA space */
#define NOWHERE_IPA 0x80000000ULL
/* What stage 1 leads to the guest's data: not one address is the same on each side */
#define DATA_VA 0x10000000ULL
#define ASID 7
/* The guest's names of its devices, which are not the host's */
#define VIRTUAL_SID 0xabcd
#define OTHER_VIRTUAL_SID 0x1234
#define GUEST_DEVICES 2
/* One access of the device is recorded as one fault */
#define ONE_ACCESS 4

struct guest {
	int iommufd;
	__u32 ioas, parent, viommu;
	struct mapping ram;
	struct stage1 stage1;
	struct edu edu[GUEST_DEVICES];
	__u32 vdevice[GUEST_DEVICES];
	__u32 veventq;
	int events; /* -1 if the guest has no queue */
};

/* Memory of zeros would not show that zeros were written to it */
static inline void fill_ram(struct guest *guest)
{
	__u64 *word = (__u64 *)guest->ram.va;
	__u64 i;

	for (i = 0; i < guest->ram.length / sizeof(*word); i++)
		word[i] = (i + 1) * 0x9e3779b97f4a7c15ULL;
}

/* Part of the memory, as one area that can be unmapped by itself */
static inline void guest_map_ram(struct __test_metadata *_metadata,
				 struct guest *guest, __u64 offset,
				 __u64 length)
{
	ASSERT_EQ(0,
		  ioas_map(guest->iommufd, guest->ioas, guest->ram.va + offset,
			   length, RAM_IPA + offset));
}

/*
 * A guest without devices: memory that is mapped in an IOAS, the first two pages, of
 * a descriptor and of the first table, apart; an empty stage 1
 */
static inline void guest_open(struct __test_metadata *_metadata,
			      struct guest *guest)
{
	*guest = (struct guest){
		.iommufd = -1,
		.edu = { EDU_CLOSED, EDU_CLOSED },
		.events = -1,
	};
	guest->iommufd = iommufd_open();
	ASSERT_LE(0, guest->iommufd);
	ASSERT_EQ(0, ioas_alloc(guest->iommufd, &guest->ioas));
	ASSERT_EQ(0, memory_alloc(&guest->ram, RAM_LENGTH));
	guest->ram.iova = RAM_IPA;
	fill_ram(guest);
	guest_map_ram(_metadata, guest, 0, PAGE);
	guest_map_ram(_metadata, guest, PAGE, PAGE);
	guest_map_ram(_metadata, guest, 2 * PAGE, RAM_LENGTH - 2 * PAGE);
	ASSERT_EQ(0, stage1_init(&guest->stage1, &guest->ram, RAM_IPA,
				 RAM_LENGTH / 2, ASID));
}

/* Give the guest the device @nth of VFIO_EDU as its device @i, attached to nothing */
static inline void guest_add_device(struct __test_metadata *_metadata,
				    struct guest *guest, unsigned int i,
				    unsigned int nth)
{
	struct edu *edu = &guest->edu[i];

	ASSERT_NE(NULL, edu_name(nth));
	ASSERT_EQ(0, edu_open(edu, edu_name(nth), guest->iommufd));
	if (!guest->viommu) {
		ASSERT_EQ(0, nest_parent_alloc(guest->iommufd, edu->dev.id,
					       guest->ioas, &guest->parent));
		ASSERT_EQ(0, viommu_alloc(guest->iommufd, edu->dev.id,
					  guest->parent, &guest->viommu));
	}
	edu->dev.stage2 = guest->parent;
}

/* Tell the guest's name of its device @i */
static inline void guest_name_device(struct __test_metadata *_metadata,
				     struct guest *guest, unsigned int i,
				     __u32 sid)
{
	ASSERT_EQ(0,
		  vdevice_alloc(guest->iommufd, guest->viommu,
				guest->edu[i].dev.id, sid, &guest->vdevice[i]));
}

static inline void guest_open_events(struct __test_metadata *_metadata,
				     struct guest *guest, __u32 depth)
{
	ASSERT_EQ(0, veventq_alloc(guest->iommufd, guest->viommu, depth,
				   &guest->veventq, &guest->events));
}

/* A guest with one device that has a name, and a queue of events */
static inline void guest_open_complete(struct __test_metadata *_metadata,
				       struct guest *guest, unsigned int nth,
				       __u32 sid)
{
	guest_open(_metadata, guest);
	guest_add_device(_metadata, guest, 0, nth);
	guest_name_device(_metadata, guest, 0, sid);
	guest_open_events(_metadata, guest, 64);
}

static inline void guest_close(struct guest *guest)
{
	unsigned int i;

	for (i = 0; i < GUEST_DEVICES; i++)
		edu_close(&guest->edu[i]);
	if (guest->events >= 0)
		close(guest->events);
	close(guest->iommufd);
	memory_free(&guest->ram);
}

/* A page table of the guest's device @i for what the guest wrote into its STE */
static inline __u32 guest_hwpt(struct __test_metadata *_metadata,
			       struct guest *guest, unsigned int i,
			       struct smmu_ste ste)
{
	__u32 hwpt = 0;

	EXPECT_EQ(0, nested_alloc(guest->iommufd, guest->viommu,
				  guest->edu[i].dev.id, ste, &hwpt));
	return hwpt;
}

/* The guest wrote its STE: what QEMU does then, but that it destroys the old one */
static inline __u32 guest_attach(struct __test_metadata *_metadata,
				 struct guest *guest, unsigned int i,
				 struct smmu_ste ste)
{
	__u32 hwpt = guest_hwpt(_metadata, guest, i, ste);

	ASSERT_EQ(0, device_attach(&guest->edu[i].dev, hwpt));
	return hwpt;
}

/* The guest's device @i uses the guest's stage 1 */
static inline __u32 guest_attach_stage1(struct __test_metadata *_metadata,
					struct guest *guest, unsigned int i)
{
	return guest_attach(_metadata, guest, i, stage1_ste(&guest->stage1));
}

/* Page @n of the guest's data, as stage 2 sees it, and where stage 1 may put it */
static inline __u64 data_ipa(unsigned int n)
{
	return DATA_IPA + n * PAGE;
}

static inline __u64 data_va(unsigned int n)
{
	return DATA_VA + n * PAGE;
}

static inline void guest_map(struct __test_metadata *_metadata,
			     struct guest *guest, __u64 va, __u64 ipa)
{
	ASSERT_EQ(0, stage1_map(&guest->stage1, va, ipa, STAGE1_READ_WRITE));
}

/* The first pages of data, each at its VA */
static inline void guest_map_data(struct __test_metadata *_metadata,
				  struct guest *guest, unsigned int pages)
{
	unsigned int n;

	for (n = 0; n < pages; n++)
		guest_map(_metadata, guest, data_va(n), data_ipa(n));
}

static inline int guest_command(struct guest *guest,
				struct smmu_command command)
{
	return viommu_command(guest->iommufd, guest->viommu, command);
}

/* The page of the guest's memory at @ipa, as the device sees it at @iova */
static inline struct mapping page_at(const struct guest *guest, __u64 iova,
				     __u64 ipa)
{
	return (struct mapping){
		.va = guest->ram.va + (ipa - guest->ram.iova),
		.iova = iova,
		.length = PAGE,
	};
}

/* DMA at @iova goes to the memory at @ipa, both ways, by @stage ("2", "3") */
static inline void expect_reaches(struct __test_metadata *_metadata,
				  struct guest *guest, unsigned int i,
				  __u64 iova, __u64 ipa, const char *stage)
{
	struct mapping page = page_at(guest, iova, ipa);

	journal_route(&guest->edu[i].dev, iova, stage, NULL);
	EXPECT_EQ(0, exercise_page(&guest->edu[i], &page));
}

/*
 * The device writes to @iova, and nothing arrives in any memory of the guest. The
 * SMMU records @event, as it calls it, or NULL: it may record anything or nothing.
 */
static inline void expect_blocked(struct __test_metadata *_metadata,
				  struct guest *guest, unsigned int i,
				  __u64 iova, const char *event)
{
	unsigned char *before = malloc(guest->ram.length);

	ASSERT_NE(NULL, before);
	memcpy(before, guest->ram.va, guest->ram.length);
	journal_route(&guest->edu[i].dev, iova, "none", event);
	EXPECT_EQ(0, edu_write_memory(&guest->edu[i], iova, ONE_ACCESS));
	EXPECT_EQ(0, memcmp(before, guest->ram.va, guest->ram.length));
	free(before);
}

/* The next event is of this type, of the device named @sid, at @va */
static inline struct smmu_event expect_event(struct __test_metadata *_metadata,
					     struct guest *guest,
					     unsigned int type, __u32 sid,
					     __u64 va)
{
	struct smmu_event event = {};

	EXPECT_EQ(0, event_wait(guest->events, &event));
	EXPECT_FALSE(event_is_lost(&event));
	EXPECT_EQ(type, event_type(&event));
	EXPECT_EQ(sid, event_sid(&event));
	EXPECT_EQ(va, event_address(&event));
	EXPECT_FALSE(event_is_stage2(&event));
	return event;
}

/* The same, of a record that has no address */
static inline void
expect_event_without_address(struct __test_metadata *_metadata,
			     struct guest *guest, unsigned int type, __u32 sid)
{
	struct smmu_event event = {};

	EXPECT_EQ(0, event_wait(guest->events, &event));
	EXPECT_FALSE(event_is_lost(&event));
	EXPECT_EQ(type, event_type(&event));
	EXPECT_EQ(sid, event_sid(&event));
}

static inline void expect_no_event(struct __test_metadata *_metadata,
				   struct guest *guest)
{
	struct smmu_event event;

	EXPECT_EQ(-EAGAIN, event_next(guest->events, &event));
}

/* Another guest, with the device @nth, which its stage 1 translates */
static inline void guest_open_bystander(struct __test_metadata *_metadata,
					struct guest *guest, unsigned int nth)
{
	guest_open_complete(_metadata, guest, nth, VIRTUAL_SID);
	guest_map_data(_metadata, guest, 1);
	guest_attach_stage1(_metadata, guest, 0);
}

/*
 * A fault of the guest's device comes to its queue. The host takes events one by one,
 * so all that other devices caused before have been told by then, too.
 */
static inline void expect_fault_is_told(struct __test_metadata *_metadata,
					struct guest *guest)
{
	expect_blocked(_metadata, guest, 0, data_va(6), "F_TRANSLATION");
	expect_event(_metadata, guest, EVENT_TRANSLATION, VIRTUAL_SID,
		     data_va(6));
}

#endif
