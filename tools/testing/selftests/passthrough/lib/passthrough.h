/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A user-space driver's view of VFIO and iommufd: address spaces (iommufd.c) and
 * containers (type1.c), devices (device.c), differences of platform devices (platform.c),
 * MSI addresses of a guest (msi_address.c), a device's files in sysfs (sysfs.c), the port
 * above it (port.c), the driver of QEMU's edu device (edu.c), DMA by it that is checked
 * (exercise.c), the interrupts of an igb device (igb.c), the admin queue of an NVMe
 * controller (nvme.c), the interrupters of a USB controller (xhci.c), fault injection
 * (faults.c), the kernel's counters of pinned pages and tables (balance.c), resources of a
 * process (account.c), memory control groups (cgroup.c), and a journal of what the IOMMU
 * should see (journal.c).
 *
 * All functions return 0 or a negative errno, unless said otherwise, and leave nothing
 * open when they fail.
 */
#ifndef SELFTESTS_VFIO_PASSTHROUGH_H
#define SELFTESTS_VFIO_PASSTHROUGH_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/mman.h>

#include <linux/types.h>
#include <linux/vfio.h>
#include <linux/iommufd.h>
#include <linux/iommufd_msi.h>
#include <linux/vfio_msi.h>
#include <linux/vfio_msi_address.h>
#include <linux/vfio_nesting.h>

/* Where Linux has always put doorbells behind an Arm SMMU */
#define MSI_WINDOW_IOVA 0x8000000ULL
#define MSI_WINDOW_LENGTH 0x100000ULL

#define MAX_RANGES 32
#define MAX_DOORBELLS 8

/* Doorbells get the first free one of these if the window is taken, k = 1.. */
static inline __u64 msi_low_place(unsigned int k)
{
	return 0x100000000ULL - k * 0x4000000ULL;
}

/* A list of IOVA ranges, with inclusive ends */
struct range_list {
	unsigned int count;
	struct iommu_iova_range at[MAX_RANGES];
};

/* The doorbells of an address space */
struct doorbell_list {
	unsigned int count;
	struct iommu_msi_doorbell at[MAX_DOORBELLS];
};

/* iommufd.c: @fd is an open /dev/iommu */
int iommufd_open(void);
int iommufd_destroy(int fd, __u32 id);
int ioas_alloc(int fd, __u32 *ioas);
int ioas_map(int fd, __u32 ioas, void *va, __u64 length, __u64 iova);
int ioas_map_anywhere(int fd, __u32 ioas, void *va, __u64 length, __u64 *iova);
int ioas_copy(int fd, __u32 ioas, __u64 from, __u64 length, __u64 to);
int ioas_unmap(int fd, __u32 ioas, __u64 iova, __u64 length);
int ioas_unmap_all(int fd, __u32 ioas);
int ioas_ranges(int fd, __u32 ioas, struct range_list *ranges);
int ioas_allow(int fd, __u32 ioas, const struct range_list *ranges);
int hwpt_alloc(int fd, __u32 device_id, __u32 parent, __u32 *hwpt);
int msi_doorbells(int fd, __u32 object, struct doorbell_list *doorbells);
int msi_place(int fd, __u32 object, __u32 placement, __u32 index, __u64 iova,
	      __u64 length);
int msi_device(int fd, __u32 device, struct iommu_msi_device *info);

/* True if @start..@last overlaps any of, or lies within one of @ranges */
bool ranges_overlap(const struct range_list *ranges, __u64 start, __u64 last);
bool ranges_contain(const struct range_list *ranges, __u64 start, __u64 last);

/*
 * type1.c: VFIO containers. The first group sets the IOMMU type: VFIO_TYPE1v2_IOMMU
 * unless @iommu is set to another before.
 */
struct container {
	int fd;
	bool has_iommu;
	int iommu;
};

int container_open(struct container *container);
int container_open_compat(struct container *container);
void container_close(struct container *container);
int container_add_group(struct container *container, const char *bdf);
int container_map(const struct container *container, void *va, __u64 length,
		  __u64 iova);
int container_unmap(const struct container *container, __u64 iova,
		    __u64 length);
int container_unmap_all(const struct container *container);
int container_ranges(const struct container *container,
		     struct range_list *ranges);
int container_msi(const struct container *container,
		  struct vfio_iommu_type1_info_cap_msi *msi,
		  struct doorbell_list *doorbells);
int container_stage(const struct container *container, __u32 *stage);
int container_doorbells(const struct container *container,
			struct doorbell_list *doorbells);
int container_map_msi(const struct container *container, __u32 index,
		      __u64 iova, __u64 size);
int container_unmap_msi(const struct container *container, __u32 index);

/* sysfs.c: @bdf is a PCI address as sysfs writes it, "0000:00:01.0" */
void sysfs_device_path(const char *name, const char *file, char *path,
		       size_t size);
int sysfs_cdev_path(const char *name, char *path, size_t size);
int sysfs_reserved_regions(const char *bdf, struct range_list *regions);
int sysfs_msi_region(const char *bdf, struct iommu_iova_range *region);
int sysfs_bridge_window(const char *bdf, struct iommu_iova_range *window);
int sysfs_is_suspended(const char *bdf);
int sysfs_bind(const char *bdf, const char *driver);
int sysfs_set_domain(const char *bdf, const char *type);
unsigned int sysfs_count_msis(const char *bdf);
int sysfs_reset(const char *bdf);
int sysfs_reset_bus(const char *bdf);
int sysfs_remove(const char *bdf);
int sysfs_rescan(void);
int sysfs_set_affinity(const char *bdf, const char *cpus);
int sysfs_set_driver(const char *name, const char *driver);
int sysfs_read_number(const char *name, const char *file, __u64 *number);
int sysfs_write_number(const char *name, const char *file, __u64 number);
int sysfs_get_unsafe_interrupts(const char *module, char *allowed);
int sysfs_set_unsafe_interrupts(const char *module, char allowed);

/* port.c: a PCIe port that stays bound to its host driver, with a hotplug slot */
struct port {
	char bdf[16];
	char slot[16]; /* address of the slot, a device number without function */
};

int port_find(struct port *port, const char *bdf);
bool port_has_driver(const struct port *port);
int port_set_driver(const struct port *port, const char *how);
unsigned long port_interrupts(const struct port *port);
int port_raise(const struct port *port);
int port_power_off(const struct port *port);
int port_wait(const struct port *port, unsigned long count);
int port_handshake(const struct port *port);
unsigned int port_ring(const struct port *port, unsigned int count);

/* A device under VFIO, bound to an iommufd, or in a container */
struct device {
	const char *bdf;
	int fd;
	int iommufd;
	__u32 id; /* iommufd's ID of the device */
	__u32 pt; /* what it is attached to, 0 if to nothing */
	__u32 stage2; /* the nest parent of that, 0 if there is none */
	__u64 msi_page; /* the page of the guest's MSI address, 0 if a doorbell's is used */
	__u64 config; /* offset of the PCI configuration space in fd */
	struct container *container; /* NULL if bound to an iommufd */
	int group;
};

int device_open(struct device *dev, const char *bdf, int iommufd);
int device_open_group(struct device *dev, const char *bdf,
		      struct container *container, int group);
int device_find_config(struct device *dev);
void device_close(struct device *dev);
int device_attach(struct device *dev, __u32 pt);
int device_detach(struct device *dev);
int device_doorbells(const struct device *dev, struct doorbell_list *doorbells);
int device_map_bar(struct device *dev, unsigned int bar, void **va,
		   size_t *size);
int device_find_capability(struct device *dev, __u8 id, unsigned int *at);
int device_config_write(struct device *dev, unsigned int at, const void *value,
			size_t size);
int device_bus_master(struct device *dev, bool on);
int device_memory_decode(struct device *dev, bool on);
bool device_is_on(struct device *dev);
int device_power_state(struct device *dev, unsigned int state);
int device_reset(struct device *dev);
int device_low_power(struct device *dev, bool on);
int device_enable_vectors(struct device *dev, __u32 index, const int *eventfds,
			  unsigned int count);
int device_disable_vectors(struct device *dev, __u32 index);
int device_interrupt_info(struct device *dev, __u32 index,
			  struct vfio_irq_info *info);
int device_mask_interrupt(struct device *dev, __u32 index, bool masked);
int device_wait_vector(int eventfd);

/* platform.c: an edu that is a platform device for the kernel */
bool device_is_platform(const char *name);
int platform_find_config(struct device *dev);

/* msi_address.c */
int device_msi_addresses(struct device *dev, __u32 flags,
			 const struct vfio_device_feature_msi_addresses *cmd,
			 unsigned int room, __u64 *addresses);
int device_probe_msi_addresses(struct device *dev, __u32 flags);
int device_set_msi_address(struct device *dev, __u32 index, __u32 vector,
			   __u64 address);
int device_clear_msi_addresses(struct device *dev, __u32 index);
__u64 device_msi_address(struct device *dev, __u32 index, __u32 vector);

/* An edu device: one MSI vector, and a DMA engine with a buffer of 4096 bytes */
#define EDU_BUFFER_SIZE 4096

struct edu {
	struct device dev;
	void *regs;
	size_t regs_size;
	int eventfd; /* signalled by the vector, -1 if it is off */
};

#define EDU_CLOSED                                       \
	((struct edu){ .dev = { .fd = -1, .group = -1 }, \
		       .regs = MAP_FAILED,               \
		       .eventfd = -1 })

int edu_open(struct edu *edu, const char *bdf, int iommufd);
int edu_open_group(struct edu *edu, const char *bdf,
		   struct container *container, int group);
int edu_open_type1(struct edu *edu, const char *bdf,
		   struct container *container);
void edu_close(struct edu *edu);
int edu_enable_interrupt(struct edu *edu);
int edu_disable_interrupt(struct edu *edu);
int edu_enable_index(struct edu *edu, __u32 index);
int edu_disable_index(struct edu *edu, __u32 index);
void edu_raise(struct edu *edu, __u32 number);
void edu_acknowledge(struct edu *edu);
int edu_handshake(struct edu *edu, __u32 number);
unsigned int edu_interrupts(struct edu *edu, unsigned int count);
int edu_read_memory(struct edu *edu, __u64 iova, unsigned int length);
int edu_write_memory(struct edu *edu, __u64 iova, unsigned int length);
void edu_start_write(struct edu *edu, __u64 iova, unsigned int length);
int edu_write_memory_and_interrupt(struct edu *edu, __u64 iova,
				   unsigned int length);

/* An igb network device, for its many MSI-X vectors; it sends and receives no packets */
#define IGB_VECTORS 10

struct igb {
	struct device dev;
	void *regs;
	size_t regs_size;
	void *table; /* of MSI-X entries */
	size_t table_size;
	unsigned int vectors; /* that are on */
	int eventfds[IGB_VECTORS];
};

int igb_open(struct igb *igb, const char *bdf, int iommufd);
void igb_close(struct igb *igb);
int igb_enable_interrupts(struct igb *igb, unsigned int vectors);
int igb_disable_interrupts(struct igb *igb);
void igb_mask(struct igb *igb);
void igb_unmask(struct igb *igb);
void igb_mask_entries(struct igb *igb, bool masked);
void igb_raise(struct igb *igb, unsigned int vector);
int igb_handshake(struct igb *igb, unsigned int vector);
unsigned int igb_interrupts(struct igb *igb);

/* Memory of this process that a device sees at @iova */
struct mapping {
	unsigned char *va;
	__u64 iova;
	__u64 length;
};

/* An NVMe controller, which is identified repeatedly */
#define NVME_MEMORY 0x3000

struct nvme {
	struct device dev;
	void *regs;
	size_t regs_size;
	struct mapping memory; /* with its queues */
	unsigned int commands;
	int eventfd; /* signalled by vector 0, -1 if it is off */
};

int nvme_open(struct nvme *nvme, const char *bdf, int iommufd);
void nvme_close(struct nvme *nvme);
int nvme_enable_interrupt(struct nvme *nvme);
int nvme_start(struct nvme *nvme, const struct mapping *memory);
int nvme_handshake(struct nvme *nvme);

/* A USB 3 host controller with many vectors of plain MSI, and a USB device below it */
#define XHCI_VECTORS 16
#define XHCI_INTERRUPTERS 8
#define XHCI_MEMORY 0x24000

struct xhci_ring {
	unsigned int next;
	__u32 cycle;
};

struct xhci {
	struct device dev;
	void *regs;
	size_t regs_size;
	unsigned int vectors; /* that are on */
	int eventfds[XHCI_VECTORS];
	struct mapping memory; /* with its rings */
	struct xhci_ring commands, transfers, events[XHCI_INTERRUPTERS];
};

#define XHCI_CLOSED \
	((struct xhci){ .dev = { .fd = -1, .group = -1 }, .regs = MAP_FAILED })

int xhci_open(struct xhci *xhci, const char *bdf, int iommufd);
int xhci_open_type1(struct xhci *xhci, const char *bdf,
		    struct container *container);
void xhci_close(struct xhci *xhci);
int xhci_enable_interrupts(struct xhci *xhci, unsigned int vectors);
int xhci_disable_interrupts(struct xhci *xhci);
int xhci_start(struct xhci *xhci, const struct mapping *memory);
int xhci_handshake(struct xhci *xhci, unsigned int interrupter);
unsigned int xhci_interrupts(struct xhci *xhci);

/* exercise.c */

int memory_alloc(struct mapping *memory, __u64 length);
void memory_free(struct mapping *memory);
int exercise_copy(struct edu *edu, const struct mapping *memory, __u64 from,
		  __u64 to);
int exercise_page(struct edu *edu, const struct mapping *page);
int exercise_dma(struct edu *edu, const struct mapping *memory);

/* balance.c */
struct balance {
	long pins, tables;
};

int balance_read(struct balance *balance);
bool balance_is_restored(const struct balance *before, struct balance *after);

/* account.c: what this process holds */
struct account {
	__u32 object; /* the ID that an iommufd's next object gets */
	int files;
	int interrupts; /* of the whole machine */
	long pinned; /* see account_pinned() */
	struct balance balance;
};

long account_pinned(void);
void account_take(struct account *account, int iommufd);
const char *account_compare(const struct account *before, int iommufd);

/* cgroup.c: memory control groups */
int cgroup_make(const char *name, unsigned long limit);
int cgroup_open_procs(const char *name);
int cgroup_enter(const char *name);
int cgroup_leave(void);
long cgroup_charged(const char *name);
long cgroup_oom_kills(const char *name);
void cgroup_expect_oom(bool expected);

/* faults.c: failures of allocations and copies */
int faults_setup(const char *function);
int faults_spare_copies(void);
int faults_begin(unsigned int nth);
bool faults_end(int fd);

/* journal.c: lines on standard output */
void journal_doorbells(const struct device *dev, const char *phase);
void journal_interrupts(const struct device *dev, unsigned int raised,
			unsigned int received);
void journal_interrupts_at(const char *name, __u64 iova, unsigned int raised,
			   unsigned int received);
void journal_dma(const struct device *dev, bool write, __u64 iova,
		 unsigned int length);
void journal_route(const struct device *dev, __u64 iova, const char *stage,
		   const char *event);

/*
 * Interrupts that one thread raises, with a handshake each, while another thread
 * relocates their doorbell. The first thread counts each one before it is raised and
 * after it was received; the second one enters them in the journal.
 */
struct series {
	const struct device *dev;
	unsigned int raised, received;
	__u64 iova; /* where the doorbell is */
	unsigned int told; /* those in the journal or in text */
	unsigned int pending; /* those in text */
	char text[480];
	size_t length;
};

void series_begin(struct series *series, const struct device *dev, __u64 iova);
void series_move_begin(struct series *series);
unsigned int series_move_end(struct series *series, __u64 iova);
void series_end(struct series *series);

#endif
