// SPDX-License-Identifier: GPL-2.0
/*
 * Tests of the MPIC's MSI banks behind a PAMU: their I/O addresses, their mappings, and the
 * delivery of messages.
 *
 * QEMU does not translate the device's DMA. A message sent to an I/O address is written to
 * the memory at this physical address. On the question "delivers" the host writes it to the
 * address found in the PAMU's tables. Such a test places the bank at an I/O address that is
 * backed by memory unknown to the kernel.
 */
#include "pamu.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/wait.h>
#include <unistd.h>

/* The last slot within the inbound windows of the PCI controller */
#define HIGHEST		0x17000000ULL
/* I/O addresses backed by memory: see machine/pamu.py */
#define CAUGHT		0x10000000ULL
/* Offset of the register in each bank's page */
#define REGISTER	0x140

static unsigned int banks(void)
{
	const char *several = getenv("several_banks");

	return several ? atoi(several) : 1;
}

/* Banks as reported by the kernel */

static unsigned int list_banks(struct bound *d, struct doorbell_list *found)
{
	EXPECT(!msi_doorbells(d->dev.iommufd, d->ioas, found));
	return found->count;
}

static struct iommu_msi_doorbell get_bank(struct bound *d, unsigned int index)
{
	struct doorbell_list found = {};

	EXPECT(list_banks(d, &found) > index);
	EXPECT(found.at[index].index == index);
	return found.at[index];
}

static struct iommu_msi_device count_banks(struct bound *d)
{
	struct iommu_msi_device info;

	EXPECT(!msi_device(d->dev.iommufd, d->dev.id, &info));
	return info;
}

static int place(struct bound *d, __u32 index, __u64 iova)
{
	return msi_place(d->dev.iommufd, d->ioas, IOMMU_MSI_PLACEMENT_FIXED,
			 index, iova, 0);
}

/* Check whether the allowed IOVA ranges include @iova */
static int is_offered(struct bound *d, __u64 iova)
{
	struct range_list ranges;

	EXPECT(!ioas_ranges(d->dev.iommufd, d->ioas, &ranges));
	return ranges_contain(&ranges, iova, iova);
}

static __u32 new_ioas(struct bound *d)
{
	__u32 ioas;

	EXPECT(!ioas_alloc(d->dev.iommufd, &ioas));
	return ioas;
}

/* The message in the device's MSI capability */

static unsigned long long message_address(void)
{
	unsigned char config[256] = {}, at;
	char path[PATH];
	int fd;

	snprintf(path, PATH, "/sys/bus/pci/devices/%s/config", edu);
	fd = open(path, O_RDONLY);
	EXPECT(read(fd, config, sizeof(config)) == sizeof(config));
	close(fd);
	for (at = config[0x34]; at && config[at] != 0x05; at = config[at + 1])
		;
	if (!EXPECT(at))
		return 0;
	return config[at + 4] | config[at + 5] << 8 | config[at + 6] << 16 |
	       (unsigned long long)config[at + 7] << 24 |
	       (config[at + 2] & 0x80 ?
			(unsigned long long)config[at + 8] << 32 : 0);
}

struct vector {
	struct bound *device;
	int event;
};

static struct vector get_vector(struct bound *d)
{
	struct vector v = { d, eventfd(0, EFD_NONBLOCK) };

	EXPECT(!device_enable_vectors(&d->dev, VFIO_PCI_MSI_IRQ_INDEX, &v.event, 1));
	return v;
}

static void put_vector(struct vector *v)
{
	EXPECT(!device_disable_vectors(&v->device->dev, VFIO_PCI_MSI_IRQ_INDEX));
	close(v->event);
}

static int refused(struct bound *d)
{
	int event = eventfd(0, EFD_NONBLOCK);
	int rc = device_enable_vectors(&d->dev, VFIO_PCI_MSI_IRQ_INDEX, &event, 1);

	close(event);
	return rc;
}

/* The device sends MSIs only with bus mastering enabled */
static void allow_dma(struct bound *d)
{
	const __u64 at = d->dev.config + 4;
	__u16 command = 0;

	EXPECT(pread(d->dev.fd, &command, 2, at) == 2);
	command |= __builtin_bswap16(4);
	EXPECT(pwrite(d->dev.fd, &command, 2, at) == 2);
}

/* The bank is at CAUGHT. Only the first one in the machine is the real MPIC's. */
static void expect_delivery(struct vector *v)
{
	struct pollfd wait = { .fd = v->event, .events = POLLIN };
	__u64 count;

	EXPECT(message_address() == CAUGHT + REGISTER);
	EXPECT(poll(&wait, 1, 0) == 0);
	allow_dma(v->device);
	raise_interrupt(v->device);
	ASK("delivers %#llx", CAUGHT + REGISTER);
	if (banks() > 1)
		return;
	EXPECT(poll(&wait, 1, 1000 * CASE_SECONDS) == 1);
	EXPECT(read(v->event, &count, sizeof(count)) == sizeof(count));
	EXPECT(count == 1);
}

/* Tests */

static void banks_are_counted_before_the_device_is_attached(void)
{
	struct bound d = bind_device();
	struct iommu_msi_device told = count_banks(&d);

	EXPECT(told.num_doorbells == banks());
	EXPECT(told.granule == 4 * KIB);
	ASK("blocked");
	EXPECT(!attach(&d, d.ioas));
	told = count_banks(&d);
	EXPECT(told.num_doorbells == banks());
	EXPECT(told.granule == SLOT);
	close_device(&d);
}

static void banks_have_slots_at_the_top_and_are_not_mapped(void)
{
	struct doorbell_list found = {};
	struct bound d = attach_device();
	struct memory page = get_pages(4 * KIB);
	unsigned int i;

	EXPECT(list_banks(&d, &found) == banks());
	for (i = 0; i < banks(); i++) {
		EXPECT(found.at[i].iova == HIGHEST - i * SLOT);
		EXPECT(found.at[i].length == SLOT);
		EXPECT(found.at[i].flags == IOMMU_MSI_DOORBELL_PINNED);
		EXPECT(found.at[i].placement == IOMMU_MSI_PLACEMENT_AUTO);
		EXPECT(!is_offered(&d, found.at[i].iova));
		EXPECT(!is_offered(&d, found.at[i].iova + SLOT - 1));
		EXPECT_ERRNO(map(&d, found.at[i].iova, page.at, page.size, RW),
			     EEXIST);
	}
	ASK("slots 0");
	EXPECT(is_offered(&d, HIGHEST + SLOT));
	EXPECT(is_offered(&d, HIGHEST - banks() * SLOT));
	EXPECT(!map(&d, HIGHEST + SLOT, page.at, page.size, RW));
	EXPECT(!map(&d, HIGHEST - banks() * SLOT, page.at, page.size, RW));
	ASK("slots 2");
	close_device(&d);
}

static void bank_gets_the_next_slot_below_what_is_mapped(void)
{
	struct bound d = bind_device();
	struct memory page = get_pages(4 * KIB);
	struct vector v;

	EXPECT(!map(&d, HIGHEST, page.at, page.size, RW));
	EXPECT(!attach(&d, d.ioas));
	EXPECT(get_bank(&d, 0).iova == HIGHEST - SLOT);
	v = get_vector(&d);
	ASK("bank %#llx 0", HIGHEST - SLOT);
	ASK("leads %#llx %#zx 3 %s", HIGHEST, page.size, page.mark);
	put_vector(&v);
	close_device(&d);
}

static void vector_maps_its_bank_alone(void)
{
	struct bound d = attach_device();
	struct vector v = get_vector(&d);

	ASK("bank %#llx 0", HIGHEST);
	ASK("slots 1");
	EXPECT(message_address() == HIGHEST + REGISTER);
	EXPECT(get_bank(&d, 0).flags & IOMMU_MSI_DOORBELL_MAPPED);
	EXPECT(get_bank(&d, 0).vectors == 1);
	put_vector(&v);
	ASK("nowhere %#llx", HIGHEST);
	ASK("slots 0");
	EXPECT(!(get_bank(&d, 0).flags & IOMMU_MSI_DOORBELL_MAPPED));
	close_device(&d);
}

static void message_arrives_through_the_bank_where_the_user_put_it(void)
{
	struct bound d = bind_device();
	struct vector v;

	EXPECT(!place(&d, 0, CAUGHT));
	EXPECT(!attach(&d, d.ioas));
	EXPECT(get_bank(&d, 0).iova == CAUGHT);
	EXPECT(get_bank(&d, 0).placement == IOMMU_MSI_PLACEMENT_FIXED);
	v = get_vector(&d);
	ASK("bank %#llx 0", CAUGHT);
	ASK("slots 1");
	expect_delivery(&v);
	put_vector(&v);
	ASK("slots 0");
	close_device(&d);
}

static void banks_are_placed_while_no_vector_uses_them(void)
{
	struct bound d = attach_device();
	struct memory page = get_pages(4 * KIB);
	struct vector v;
	unsigned int i;

	EXPECT_ERRNO(place(&d, 0, SLOT + 4 * KIB), EINVAL);
	EXPECT_ERRNO(place(&d, 0, 256 * SLOT), ERANGE);
	EXPECT(!map(&d, 3 * SLOT, page.at, page.size, RW));
	EXPECT_ERRNO(place(&d, 0, 3 * SLOT), EEXIST);
	for (i = 0; i < banks(); i++)
		EXPECT(!place(&d, i, CAUGHT - i * SLOT));
	for (i = 0; i < banks(); i++)
		EXPECT(get_bank(&d, i).iova == CAUGHT - i * SLOT);
	EXPECT_ERRNO(map(&d, CAUGHT, page.at, page.size, RW), EEXIST);
	ASK("slots 1");
	v = get_vector(&d);
	ASK("bank %#llx 0", CAUGHT);
	EXPECT_ERRNO(place(&d, 0, 5 * SLOT), EBUSY);
	expect_delivery(&v);
	put_vector(&v);
	EXPECT(!place(&d, 0, 5 * SLOT));
	EXPECT(get_bank(&d, 0).iova == 5 * SLOT);
	close_device(&d);
}

static void bank_that_is_not_mapped_refuses_vectors(void)
{
	struct doorbell_list found;
	struct bound d = bind_device();
	struct vector v;
	__u32 id;

	/* Not attached, then attached without a slot for banks */
	EXPECT_ERRNO(refused(&d), EOPNOTSUPP);
	EXPECT(!page_table(&d, 28, 1, &id));
	EXPECT(!attach(&d, id));
	EXPECT(list_banks(&d, &found) == 0);
	EXPECT_ERRNO(refused(&d), ENOSPC);
	EXPECT(!detach(&d));
	EXPECT_ERRNO(refused(&d), EOPNOTSUPP);
	ASK("blocked");

	/* One slot for the first bank */
	EXPECT(!attach(&d, new_ioas(&d)));
	v = get_vector(&d);
	ASK("bank %#llx 0", HIGHEST);
	put_vector(&v);
	close_device(&d);
}

static void vector_stays_from_page_table_to_page_table(void)
{
	struct bound d = bind_device();
	struct vector v;
	__u32 id, other = new_ioas(&d);

	EXPECT(!place(&d, 0, CAUGHT));
	EXPECT(!attach(&d, d.ioas));
	v = get_vector(&d);
	EXPECT(!page_table(&d, 32, 256, &id));
	EXPECT(!attach(&d, id));
	ASK("bank %#llx 0", CAUGHT);
	expect_delivery(&v);

	/* Another IOAS, which would place the bank elsewhere */
	EXPECT(!attach(&d, other));
	ASK("bank %#llx 0", CAUGHT);
	ASK("slots 1");
	expect_delivery(&v);

	/* With larger slots the message's address is not in the bank's slot */
	d.ioas = other;
	EXPECT(!page_table(&d, 32, 4, &id));
	EXPECT_ERRNO(attach(&d, id), EADDRINUSE);
	ASK("window 32 256");
	ASK("bank %#llx 0", CAUGHT);
	expect_delivery(&v);
	put_vector(&v);
	EXPECT(!attach(&d, id));
	ASK("window 32 4");
	ASK("slots 0");
	close_device(&d);
}

static void vector_survives_a_detach(void)
{
	struct bound d = bind_device();
	struct vector v;

	EXPECT(!place(&d, 0, CAUGHT));
	EXPECT(!attach(&d, d.ioas));
	v = get_vector(&d);
	EXPECT(!detach(&d));
	ASK("blocked");
	EXPECT(!attach(&d, d.ioas));
	ASK("bank %#llx 0", CAUGHT);
	expect_delivery(&v);
	EXPECT(!detach(&d));
	ASK("blocked");
	close_device(&d);
}

static void closing_the_device_unmaps_its_bank(void)
{
	struct bound d = attach_device();
	struct vector v = get_vector(&d);

	ASK("slots 1");
	device_close(&d.dev);
	ASK("identity");
	close(v.event);
	close(d.dev.iommufd);
}

static void use_a_bank(int ready)
{
	struct bound d = attach_device();

	get_vector(&d);
	EXPECT(write(ready, "x", 1) == 1);
}

static void killed_process_leaves_no_bank_mapped(void)
{
	pid_t child = wait_for_kill(use_a_bank);
	struct bound d;
	struct vector v;

	ASK("bank %#llx 0", HIGHEST);
	kill(child, SIGKILL);
	EXPECT(waitpid(child, NULL, 0) == child);
	ASK("identity");
	/* The bank has no stale user */
	d = attach_device();
	v = get_vector(&d);
	ASK("bank %#llx 0", HIGHEST);
	put_vector(&v);
	close_device(&d);
}

/* VFIO container */

static void containers_tell_of_banks_and_place_them(void)
{
	struct vfio_iommu_type1_info_cap_msi cap = {};
	struct memory page = get_pages(4 * KIB);
	struct doorbell_list found = {};
	struct container c;
	int group = open_container(&c, VFIO_TYPE1v2_IOMMU);
	struct bound d = {};
	struct vector v;

	EXPECT(!container_msi(&c, &cap, &found));
	EXPECT(cap.num_doorbells == banks());
	EXPECT(cap.granule == SLOT);
	EXPECT(found.at[0].iova == HIGHEST && found.at[0].length == SLOT);
	EXPECT(found.at[0].flags & IOMMU_MSI_DOORBELL_PINNED);
	EXPECT_ERRNO(container_map(&c, page.at, page.size, HIGHEST), EEXIST);
	EXPECT_ERRNO(container_map_msi(&c, 0, CAUGHT, 4 * KIB), EINVAL);
	EXPECT_ERRNO(container_map_msi(&c, 0, CAUGHT + 4 * KIB, SLOT), EINVAL);
	EXPECT_ERRNO(container_map_msi(&c, banks(), CAUGHT, SLOT), ENOENT);
	EXPECT(!container_map_msi(&c, 0, CAUGHT, SLOT));
	EXPECT(!container_map(&c, page.at, page.size, HIGHEST));
	ASK("slots 1");

	EXPECT(!device_open_group(&d.dev, edu, &c, group));
	v = get_vector(&d);
	ASK("bank %#llx 0", CAUGHT);
	ASK("leads %#llx %#zx 3 %s", HIGHEST, page.size, page.mark);
	expect_delivery(&v);
	put_vector(&v);
	ASK("slots 1");
	device_close(&d.dev);
	container_close(&c);
}

/* No other group has interrupts in the banks */
static void banks_of_its_own_make_a_group_isolated(void)
{
	struct container c;
	struct bound d;
	struct vector v;
	int group;

	allow_unsafe_interrupts('N');
	d = attach_device();
	v = get_vector(&d);
	ASK("bank %#llx 0", HIGHEST);
	put_vector(&v);
	close_device(&d);
	group = open_container(&c, VFIO_TYPE1v2_IOMMU);
	ASK("window 32 256");
	close_container(&c, group);
	allow_unsafe_interrupts('Y');
}

/* The bank's page has other registers of the MPIC, so it is not mapped for users */
static void bank_without_a_page_of_its_own_is_no_doorbell(void)
{
	struct doorbell_list found;
	struct bound d;

	/* A page that is not mapped for users is not shared */
	allow_unsafe_interrupts('N');
	d = attach_device();
	EXPECT(count_banks(&d).num_doorbells == 0);
	EXPECT(list_banks(&d, &found) == 0);
	EXPECT(is_offered(&d, HIGHEST));
	EXPECT_ERRNO(refused(&d), EOPNOTSUPP);
	ASK("slots 0");
	close_device(&d);
}

const struct test with_banks[] = {
	CASE(banks_are_counted_before_the_device_is_attached),
	CASE(banks_have_slots_at_the_top_and_are_not_mapped),
	CASE(bank_gets_the_next_slot_below_what_is_mapped),
	CASE(vector_maps_its_bank_alone),
	CASE(message_arrives_through_the_bank_where_the_user_put_it),
	CASE(banks_are_placed_while_no_vector_uses_them),
	CASE(bank_that_is_not_mapped_refuses_vectors),
	CASE(vector_stays_from_page_table_to_page_table),
	CASE(vector_survives_a_detach),
	CASE(closing_the_device_unmaps_its_bank),
	CASE(killed_process_leaves_no_bank_mapped),
	CASE(containers_tell_of_banks_and_place_them),
	CASE(banks_of_its_own_make_a_group_isolated),
	{}
};

const struct test no_bank[] = {
	CASE(bank_without_a_page_of_its_own_is_no_doorbell),
	{}
};
