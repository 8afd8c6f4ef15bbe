/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The least VMM on KVM that has a guest drive a passed-through device: one CPU, one
 * piece of memory, a GICv3, the registers of the device, and an interrupt of it.
 *
 * All functions return 0 or a negative errno, unless said otherwise.
 */
#ifndef SELFTESTS_VFIO_VMM_H
#define SELFTESTS_VFIO_VMM_H

#include <linux/kvm.h>

#include "passthrough.h"

/* What the guest's physical addresses lead to, beside its memory */
#define VMM_DISTRIBUTOR 0x40000000ULL
#define VMM_REDISTRIBUTOR 0x40100000ULL
#define VMM_REGISTERS 0x50000000ULL
/* The guest ends by a write to here */
#define VMM_EXIT 0x60000000ULL
/* The first shared interrupt of a GIC: what vmm_add_device() makes of the device's */
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

/* On failure, too, vmm_close() is the caller's to call */
int vmm_open(struct vmm *vmm, const struct mapping *memory);
int vmm_add_device(struct vmm *vmm, const struct edu *edu);
int vmm_set_register(struct vmm *vmm, unsigned int number, __u64 value);
int vmm_set_pc(struct vmm *vmm, __u64 value);
int vmm_run(struct vmm *vmm, __u64 *value);
void vmm_close(struct vmm *vmm);

/*
 * A guest's driver of the edu device, position independent, for a CPU just out of
 * reset: copies a buffer's worth of bytes by the device, waits for its interrupt, and
 * writes the interrupt's number to an address. Its arguments are in registers.
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
