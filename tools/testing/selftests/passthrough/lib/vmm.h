/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A minimal VMM on KVM whose guest drives a passed-through device: one CPU, one memory
 * slot, a GICv3, the registers of the device, and one interrupt of it.
 *
 * All functions return 0 or a negative errno, unless said otherwise.
 */
#ifndef SELFTESTS_VFIO_VMM_H
#define SELFTESTS_VFIO_VMM_H

#include <linux/kvm.h>

#include "passthrough.h"

/* Guest physical addresses, apart from memory */
#define VMM_DISTRIBUTOR 0x40000000ULL
#define VMM_REDISTRIBUTOR 0x40100000ULL
#define VMM_REGISTERS 0x50000000ULL
/* The guest ends by writing here */
#define VMM_EXIT 0x60000000ULL
/* The first SPI of a GIC, which vmm_add_device() uses for the device's interrupt */
#define VMM_INTERRUPT 32

struct vmm {
	int kvm, vm, vcpu, gic;
	struct kvm_run *run;
	size_t run_size;
};

#define VMM_CLOSED                 \
	((struct vmm){ .kvm = -1,  \
		       .vm = -1,   \
		       .vcpu = -1, \
		       .gic = -1,  \
		       .run = MAP_FAILED })

/* The caller has to call vmm_close() on failure, too */
int vmm_open(struct vmm *vmm, const struct mapping *memory);
int vmm_add_device(struct vmm *vmm, const struct edu *edu);
int vmm_set_register(struct vmm *vmm, unsigned int number, __u64 value);
int vmm_set_pc(struct vmm *vmm, __u64 value);
int vmm_run(struct vmm *vmm, __u64 *value);
void vmm_close(struct vmm *vmm);

/*
 * A guest's driver of the edu device, position independent, for a CPU just out of
 * reset: it has the device copy one buffer length, waits for its interrupt, and writes
 * the interrupt's number to an address. Its arguments are in registers.
 */
extern const unsigned char vmm_driver[], vmm_driver_end[];
enum vmm_driver_argument {
	VMM_DRIVER_REGISTERS,
	VMM_DRIVER_SOURCE,
	VMM_DRIVER_DESTINATION,
	VMM_DRIVER_DISTRIBUTOR,
	VMM_DRIVER_EXIT,
};

#endif
