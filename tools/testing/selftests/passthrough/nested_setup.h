/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Setup for the tests of nested translation: a guest with memory at an IPA, a stage 1
 * address space in it, and edu devices behind a vIOMMU. A failure in a helper is a failure
 * of the test that called it.
 */
#ifndef SELFTESTS_VFIO_NESTED_SETUP_H
#define SELFTESTS_VFIO_NESTED_SETUP_H

#include "setup.h"
#include "lib/nested.h"

/* The guest's memory: tables in the first half, data in the second */
#define RAM_IPA 0x40000000ULL
#define RAM_LENGTH 0x800000ULL
#define DATA_IPA (RAM_IPA + RAM_LENGTH / 2)
/* An IPA that nothing uses */
#define NOWHERE_IPA 0x80000000ULL
/* Where stage 1 maps the guest's data: no VA equals its IPA */
#define DATA_VA 0x10000000ULL
#define ASID 7
/* The vSIDs of the guest's devices, which differ from their StreamIDs */
#define VIRTUAL_SID 0xabcd
#define OTHER_VIRTUAL_SID 0x1234
#define GUEST_DEVICES 2
/* Length of a single access, which causes a single fault record */
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

/* A write of zeros to zeroed memory would go unnoticed */
static inline void fill_ram(struct guest *guest)
{
	__u64 *word = (__u64 *)guest->ram.va;
	__u64 i;

	for (i = 0; i < guest->ram.length / sizeof(*word); i++)
		word[i] = (i + 1) * 0x9e3779b97f4a7c15ULL;
}

/* Map part of the memory as an area that can be unmapped separately */
static inline void guest_map_ram(struct __test_metadata *_metadata,
				 struct guest *guest, __u64 offset,
				 __u64 length)
{
	ASSERT_EQ(0,
		  ioas_map(guest->iommufd, guest->ioas, guest->ram.va + offset,
			   length, RAM_IPA + offset));
}

/*
 * A guest without devices: memory that is mapped in an IOAS, with separate areas for the
 * pages of the descriptor and of the first table; an empty stage 1
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

/* Add device @nth of VFIO_EDU to the guest as device @i, attached to nothing */
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

/* Allocate the vDEVICE of the guest's device @i */
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

/* A guest with one device, its vDEVICE, and an event queue */
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

/* A nested page table for the STE that the guest wrote for its device @i */
static inline __u32 guest_hwpt(struct __test_metadata *_metadata,
			       struct guest *guest, unsigned int i,
			       struct smmu_ste ste)
{
	__u32 hwpt = 0;

	EXPECT_EQ(0, nested_alloc(guest->iommufd, guest->viommu,
				  guest->edu[i].dev.id, ste, &hwpt));
	return hwpt;
}

/* The guest wrote its STE. QEMU does the same, and also destroys the old one. */
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

/* IPA of page @n of the guest's data, and the VA at which stage 1 may map it */
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

/* Map the first pages of data, each at its VA */
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

/* The page of the guest's memory at @ipa, which the device accesses at @iova */
static inline struct mapping page_at(const struct guest *guest, __u64 iova,
				     __u64 ipa)
{
	return (struct mapping){
		.va = guest->ram.va + (ipa - guest->ram.iova),
		.iova = iova,
		.length = PAGE,
	};
}

/* DMA at @iova reaches the memory at @ipa, both ways, through @stage ("2", "3") */
static inline void expect_reaches(struct __test_metadata *_metadata,
				  struct guest *guest, unsigned int i,
				  __u64 iova, __u64 ipa, const char *stage)
{
	struct mapping page = page_at(guest, iova, ipa);

	journal_route(&guest->edu[i].dev, iova, stage, NULL);
	EXPECT_EQ(0, exercise_page(&guest->edu[i], &page));
}

/*
 * The device writes to @iova, and nothing arrives in the memory of the guest.
 * @event: the SMMU's name of what it records, NULL for anything or nothing.
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

/* The next event has this type, vSID @sid and address @va */
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

/* The same, for a record without an address */
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

/* Another guest, with the device @nth attached to its stage 1 */
static inline void guest_open_bystander(struct __test_metadata *_metadata,
					struct guest *guest, unsigned int nth)
{
	guest_open_complete(_metadata, guest, nth, VIRTUAL_SID);
	guest_map_data(_metadata, guest, 1);
	guest_attach_stage1(_metadata, guest, 0);
}

/*
 * A fault of the guest's device arrives in its queue. The host handles events in order,
 * so all earlier ones of other devices have been reported by then, too.
 */
static inline void expect_fault_is_told(struct __test_metadata *_metadata,
					struct guest *guest)
{
	expect_blocked(_metadata, guest, 0, data_va(6), "F_TRANSLATION");
	expect_event(_metadata, guest, EVENT_TRANSLATION, VIRTUAL_SID,
		     data_va(6));
}

#endif
