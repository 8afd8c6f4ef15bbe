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
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <linux/iommufd_msi.h>
#include <linux/vfio_msi.h>

/* The last slot within the inbound windows of the PCI controller */
#define HIGHEST		0x17000000ULL
/* I/O addresses backed by memory: see machine/pamu.py */
#define CAUGHT		0x10000000ULL
/* Offset of the register in each bank's page */
#define REGISTER	0x140
#define MAX_BANKS	8

static unsigned int banks(void)
{
	const char *several = getenv("several_banks");

	return several ? atoi(several) : 1;
}

/* Banks as reported by the kernel */

static unsigned int list_banks(struct device *d, __u32 object,
			       struct iommu_msi_doorbell *found)
{
	struct iommu_msi_doorbells args = {
		.size = sizeof(args),
		.object_id = object,
		.entry_len = sizeof(*found),
		.num_entries = MAX_BANKS,
		.entries_uptr = (uintptr_t)found,
	};

	EXPECT(!ioctl(d->iommufd, IOMMU_MSI_DOORBELLS, &args));
	return args.num_entries;
}

static struct iommu_msi_doorbell get_bank(struct device *d, unsigned int index)
{
	struct iommu_msi_doorbell found[MAX_BANKS] = {};

	EXPECT(list_banks(d, d->ioas, found) > index);
	EXPECT(found[index].index == index);
	return found[index];
}

static struct iommu_msi_device count_banks(struct device *d)
{
	struct iommu_msi_device args = { .size = sizeof(args), .dev_id = d->id };

	EXPECT(!ioctl(d->iommufd, IOMMU_MSI_DEVICE, &args));
	return args;
}

static int place(struct device *d, __u32 index, __u64 iova)
{
	struct iommu_msi_place args = {
		.size = sizeof(args),
		.object_id = d->ioas,
		.placement = IOMMU_MSI_PLACEMENT_FIXED,
		.index = index,
		.iova = iova,
	};

	return ioctl(d->iommufd, IOMMU_MSI_PLACE, &args);
}

/* Check whether the allowed IOVA ranges include @iova */
static int is_offered(struct device *d, __u64 iova)
{
	struct iommu_iova_range ranges[2 * MAX_BANKS];
	struct iommu_ioas_iova_ranges args = {
		.size = sizeof(args),
		.ioas_id = d->ioas,
		.num_iovas = COUNT(ranges),
		.allowed_iovas = (uintptr_t)ranges,
	};
	unsigned int i;

	EXPECT(!ioctl(d->iommufd, IOMMU_IOAS_IOVA_RANGES, &args));
	for (i = 0; i < args.num_iovas; i++)
		if (iova >= ranges[i].start && iova <= ranges[i].last)
			return 1;
	return 0;
}

static __u32 new_ioas(struct device *d)
{
	struct iommu_ioas_alloc ioas = { .size = sizeof(ioas) };

	EXPECT(!ioctl(d->iommufd, IOMMU_IOAS_ALLOC, &ioas));
	return ioas.out_ioas_id;
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
	struct device *device;
	int event;
};

static struct vector get_vector(struct device *d)
{
	struct vector v = { d, eventfd(0, EFD_NONBLOCK) };

	EXPECT(!set_interrupt(d, VFIO_PCI_MSI_IRQ_INDEX, v.event));
	return v;
}

static void put_vector(struct vector *v)
{
	struct vfio_irq_set set = {
		.argsz = sizeof(set),
		.flags = VFIO_IRQ_SET_DATA_NONE | VFIO_IRQ_SET_ACTION_TRIGGER,
		.index = VFIO_PCI_MSI_IRQ_INDEX,
	};

	EXPECT(!ioctl(v->device->fd, VFIO_DEVICE_SET_IRQS, &set));
	close(v->event);
}

static int refused(struct device *d)
{
	int event = eventfd(0, EFD_NONBLOCK);
	int rc = set_interrupt(d, VFIO_PCI_MSI_IRQ_INDEX, event);
	int error = errno;

	close(event);
	errno = error;
	return rc;
}

/* The device sends MSIs only with bus mastering enabled */
static void allow_dma(struct device *d)
{
	struct vfio_region_info config = {
		.argsz = sizeof(config),
		.index = VFIO_PCI_CONFIG_REGION_INDEX,
	};
	__u16 command = 0;

	EXPECT(!ioctl(d->fd, VFIO_DEVICE_GET_REGION_INFO, &config));
	EXPECT(pread(d->fd, &command, 2, config.offset + 4) == 2);
	command |= __builtin_bswap16(4);
	EXPECT(pwrite(d->fd, &command, 2, config.offset + 4) == 2);
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
	struct device d = bind_device();
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
	struct iommu_msi_doorbell found[MAX_BANKS] = {};
	struct device d = attach_device();
	struct memory page = get_pages(4 * KIB);
	unsigned int i;

	EXPECT(list_banks(&d, d.ioas, found) == banks());
	for (i = 0; i < banks(); i++) {
		EXPECT(found[i].iova == HIGHEST - i * SLOT);
		EXPECT(found[i].length == SLOT);
		EXPECT(found[i].flags == IOMMU_MSI_DOORBELL_PINNED);
		EXPECT(found[i].placement == IOMMU_MSI_PLACEMENT_AUTO);
		EXPECT(!is_offered(&d, found[i].iova));
		EXPECT(!is_offered(&d, found[i].iova + SLOT - 1));
		EXPECT_ERRNO(map(&d, found[i].iova, page.at, page.size, RW),
			     EEXIST);
	}
	ASK("slots 0");
	EXPECT(is_offered(&d, HIGHEST + SLOT));
	EXPECT(is_offered(&d, HIGHEST - banks() * SLOT));
	EXPECT(!map(&d, HIGHEST + SLOT, page.at, page.size, RW));
	EXPECT(!map(&d, HIGHEST - banks() * SLOT, page.at, page.size, RW));
	ASK("slots 2");
	close_device(&d);
	put_memory(&page);
}

static void bank_gets_the_next_slot_below_what_is_mapped(void)
{
	struct device d = bind_device();
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
	put_memory(&page);
}

static void vector_maps_its_bank_alone(void)
{
	struct device d = attach_device();
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
	struct device d = bind_device();
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
	struct device d = attach_device();
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
	put_memory(&page);
}

static void bank_that_is_not_mapped_refuses_vectors(void)
{
	struct iommu_msi_doorbell found[MAX_BANKS];
	struct device d = bind_device();
	struct vector v;
	__u32 id;

	/* Not attached, then attached without a slot for banks */
	EXPECT_ERRNO(refused(&d), EOPNOTSUPP);
	EXPECT(!page_table(&d, 28, 1, &id));
	EXPECT(!attach(&d, id));
	EXPECT(list_banks(&d, d.ioas, found) == 0);
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
	struct device d = bind_device();
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
	struct device d = bind_device();
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
	struct device d = attach_device();
	struct vector v = get_vector(&d);

	ASK("slots 1");
	close(d.fd);
	ASK("identity");
	close(v.event);
	close(d.iommufd);
}

static void use_a_bank(int ready)
{
	struct device d = attach_device();

	get_vector(&d);
	EXPECT(write(ready, "x", 1) == 1);
}

static void killed_process_leaves_no_bank_mapped(void)
{
	pid_t child = wait_for_kill(use_a_bank);
	struct device d;
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

static int map_bank(struct container *c, __u32 index, __u64 iova, __u64 size)
{
	struct vfio_iommu_type1_msi_map args = {
		.argsz = sizeof(args),
		.index = index,
		.iova = iova,
		.size = size,
	};

	return ioctl(c->fd, VFIO_IOMMU_MAP_MSI, &args);
}

static struct vfio_iommu_type1_info_cap_msi *
get_capability(struct container *c, char *buffer, size_t size)
{
	struct vfio_iommu_type1_info *info = (void *)buffer;
	struct vfio_info_cap_header *header;
	__u32 at;

	memset(buffer, 0, size);
	info->argsz = size;
	if (!EXPECT(!ioctl(c->fd, VFIO_IOMMU_GET_INFO, info)))
		return NULL;
	for (at = info->cap_offset; at; at = header->next) {
		header = (void *)(buffer + at);
		if (header->id == VFIO_IOMMU_TYPE1_INFO_CAP_MSI)
			return (void *)header;
	}
	problem("there is no capability for doorbells");
	return NULL;
}

static void containers_tell_of_banks_and_place_them(void)
{
	struct container c = open_container(VFIO_TYPE1v2_IOMMU);
	struct vfio_iommu_type1_info_cap_msi *cap;
	struct memory page = get_pages(4 * KIB);
	struct iommu_msi_doorbell *found;
	struct device d = {};
	char buffer[1000];
	struct vector v;

	cap = get_capability(&c, buffer, sizeof(buffer));
	if (!cap)
		return;
	found = (void *)((char *)cap + cap->doorbells_offset);
	EXPECT(cap->num_doorbells == banks());
	EXPECT(cap->granule == SLOT);
	EXPECT(found[0].iova == HIGHEST && found[0].length == SLOT);
	EXPECT(found[0].flags & IOMMU_MSI_DOORBELL_PINNED);
	EXPECT_ERRNO(container_map(&c, HIGHEST, &page), EEXIST);
	EXPECT_ERRNO(map_bank(&c, 0, CAUGHT, 4 * KIB), EINVAL);
	EXPECT_ERRNO(map_bank(&c, 0, CAUGHT + 4 * KIB, SLOT), EINVAL);
	EXPECT_ERRNO(map_bank(&c, banks(), CAUGHT, SLOT), ENOENT);
	EXPECT(!map_bank(&c, 0, CAUGHT, SLOT));
	EXPECT(!container_map(&c, HIGHEST, &page));
	ASK("slots 1");

	d.fd = ioctl(c.group, VFIO_GROUP_GET_DEVICE_FD, edu);
	EXPECT(d.fd >= 0);
	v = get_vector(&d);
	ASK("bank %#llx 0", CAUGHT);
	ASK("leads %#llx %#zx 3 %s", HIGHEST, page.size, page.mark);
	expect_delivery(&v);
	put_vector(&v);
	ASK("slots 1");
	close(d.fd);
	close_container(&c);
	put_memory(&page);
}

static void allow_unsafe_interrupts(const char *yes)
{
	write_file("/sys/module/iommufd/parameters/allow_unsafe_interrupts", yes);
	write_file("/sys/module/vfio_iommu_type1/parameters/allow_unsafe_interrupts",
		   yes);
}

/* No other group has interrupts in the banks */
static void banks_of_its_own_make_a_group_isolated(void)
{
	struct container c;
	struct device d;
	struct vector v;

	allow_unsafe_interrupts("0");
	d = attach_device();
	v = get_vector(&d);
	ASK("bank %#llx 0", HIGHEST);
	put_vector(&v);
	close_device(&d);
	c = open_container(VFIO_TYPE1v2_IOMMU);
	ASK("window 32 256");
	close_container(&c);
	allow_unsafe_interrupts("1");
}

/* The bank's page has other registers of the MPIC, so it is not mapped for users */
static void bank_without_a_page_of_its_own_is_no_doorbell(void)
{
	struct iommu_msi_doorbell found[MAX_BANKS];
	struct device d;

	/* A page that is not mapped for users is not shared */
	allow_unsafe_interrupts("0");
	d = attach_device();
	EXPECT(count_banks(&d).num_doorbells == 0);
	EXPECT(list_banks(&d, d.ioas, found) == 0);
	EXPECT(is_offered(&d, HIGHEST));
	EXPECT_ERRNO(refused(&d), EOPNOTSUPP);
	ASK("slots 0");
	close_device(&d);
}

#define CASES								\
	CASE(banks_are_counted_before_the_device_is_attached),		\
	CASE(banks_have_slots_at_the_top_and_are_not_mapped),		\
	CASE(bank_gets_the_next_slot_below_what_is_mapped),		\
	CASE(vector_maps_its_bank_alone),				\
	CASE(message_arrives_through_the_bank_where_the_user_put_it),	\
	CASE(banks_are_placed_while_no_vector_uses_them),		\
	CASE(bank_that_is_not_mapped_refuses_vectors),			\
	CASE(vector_stays_from_page_table_to_page_table),		\
	CASE(vector_survives_a_detach),					\
	CASE(closing_the_device_unmaps_its_bank),			\
	CASE(killed_process_leaves_no_bank_mapped),			\
	CASE(containers_tell_of_banks_and_place_them),			\
	CASE(banks_of_its_own_make_a_group_isolated)

const struct test one_bank[] = { CASES };
const unsigned int one_bank_count = COUNT(one_bank);

const struct test no_bank[] = {
	CASE(bank_without_a_page_of_its_own_is_no_doorbell),
};
const unsigned int no_bank_count = COUNT(no_bank);

const struct test several_banks[] = { CASES };
const unsigned int several_banks_count = COUNT(several_banks);
