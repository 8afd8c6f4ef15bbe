// SPDX-License-Identifier: GPL-2.0
/*
 * A VMM on KVM with one CPU. The device's registers are a memory slot of KVM, and its
 * interrupt passes from VFIO's eventfd to the guest's interrupt controller without the VMM:
 * only the guest drives the device while it runs.
 */
#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "vmm.h"

#define INTERRUPTS_OF_GIC 64
#define MEMORY_SLOT 0
#define REGISTER_SLOT 1

static int call(int fd, unsigned long request, void *argument)
{
	int ret = ioctl(fd, request, argument);

	return ret < 0 ? -errno : ret;
}

static int add_memory(struct vmm *vmm, __u32 slot, __u64 address, void *va,
		      __u64 length)
{
	struct kvm_userspace_memory_region region = {
		.slot = slot,
		.guest_phys_addr = address,
		.memory_size = length,
		.userspace_addr = (__u64)(unsigned long)va,
	};

	return call(vmm->vm, KVM_SET_USER_MEMORY_REGION, &region);
}

static int add_vcpu(struct vmm *vmm)
{
	struct kvm_vcpu_init init;
	int ret;

	vmm->vcpu = call(vmm->vm, KVM_CREATE_VCPU, NULL);
	if (vmm->vcpu < 0)
		return vmm->vcpu;
	ret = call(vmm->vm, KVM_ARM_PREFERRED_TARGET, &init);
	if (!ret)
		ret = call(vmm->vcpu, KVM_ARM_VCPU_INIT, &init);
	if (ret)
		return ret;
	ret = call(vmm->kvm, KVM_GET_VCPU_MMAP_SIZE, NULL);
	if (ret < 0)
		return ret;
	vmm->run_size = ret;
	vmm->run = mmap(NULL, vmm->run_size, PROT_READ | PROT_WRITE, MAP_SHARED,
			vmm->vcpu, 0);
	return vmm->run == MAP_FAILED ? -errno : 0;
}

static int set_gic(struct vmm *vmm, __u32 group, __u64 attr, void *value)
{
	struct kvm_device_attr set = {
		.group = group,
		.attr = attr,
		.addr = (__u64)(unsigned long)value,
	};

	return call(vmm->gic, KVM_SET_DEVICE_ATTR, &set);
}

static int add_gic(struct vmm *vmm)
{
	struct kvm_create_device create = { .type = KVM_DEV_TYPE_ARM_VGIC_V3 };
	__u64 distributor = VMM_DISTRIBUTOR, redistributor = VMM_REDISTRIBUTOR;
	__u32 interrupts = INTERRUPTS_OF_GIC;
	int ret;

	ret = call(vmm->vm, KVM_CREATE_DEVICE, &create);
	if (ret)
		return ret;
	vmm->gic = create.fd;
	ret = set_gic(vmm, KVM_DEV_ARM_VGIC_GRP_NR_IRQS, 0, &interrupts);
	if (!ret)
		ret = set_gic(vmm, KVM_DEV_ARM_VGIC_GRP_ADDR,
			      KVM_VGIC_V3_ADDR_TYPE_DIST, &distributor);
	if (!ret)
		ret = set_gic(vmm, KVM_DEV_ARM_VGIC_GRP_ADDR,
			      KVM_VGIC_V3_ADDR_TYPE_REDIST, &redistributor);
	if (!ret)
		ret = set_gic(vmm, KVM_DEV_ARM_VGIC_GRP_CTRL,
			      KVM_DEV_ARM_VGIC_CTRL_INIT, NULL);
	return ret;
}

/* A guest with @memory, at the address at which devices access it */
int vmm_open(struct vmm *vmm, const struct mapping *memory)
{
	int ret;

	*vmm = VMM_CLOSED;
	vmm->kvm = open("/dev/kvm", O_RDWR | O_CLOEXEC);
	if (vmm->kvm < 0)
		return -errno;
	vmm->vm = call(vmm->kvm, KVM_CREATE_VM, NULL);
	if (vmm->vm < 0)
		return vmm->vm;
	ret = add_memory(vmm, MEMORY_SLOT, memory->iova, memory->va,
			 memory->length);
	if (!ret)
		ret = add_vcpu(vmm);
	if (!ret)
		ret = add_gic(vmm);
	return ret;
}

/* Pass the registers of @edu to the guest, and its interrupt, which must be enabled */
int vmm_add_device(struct vmm *vmm, const struct edu *edu)
{
	struct kvm_irqfd irqfd = {
		.fd = edu->eventfd,
		/* The first shared interrupt */
		.gsi = 0,
	};
	int ret;

	ret = add_memory(vmm, REGISTER_SLOT, VMM_REGISTERS, edu->regs,
			 edu->regs_size);
	return ret ? ret : call(vmm->vm, KVM_IRQFD, &irqfd);
}

static int set_core(struct vmm *vmm, size_t offset, __u64 value)
{
	struct kvm_one_reg reg = {
		.id = KVM_REG_ARM64 | KVM_REG_SIZE_U64 | KVM_REG_ARM_CORE |
		      offset / sizeof(__u32),
		.addr = (__u64)(unsigned long)&value,
	};

	return call(vmm->vcpu, KVM_SET_ONE_REG, &reg);
}

int vmm_set_register(struct vmm *vmm, unsigned int number, __u64 value)
{
	return set_core(vmm,
			offsetof(struct kvm_regs, regs.regs) +
				number * sizeof(__u64),
			value);
}

int vmm_set_pc(struct vmm *vmm, __u64 value)
{
	return set_core(vmm, offsetof(struct kvm_regs, regs.pc), value);
}

/* Run until the guest writes @value to VMM_EXIT. -EPROTO: it exited otherwise. */
int vmm_run(struct vmm *vmm, __u64 *value)
{
	const struct kvm_run *run = vmm->run;
	int ret;

	do {
		ret = call(vmm->vcpu, KVM_RUN, NULL);
	} while (ret == -EINTR);
	if (ret)
		return ret;
	if (run->exit_reason != KVM_EXIT_MMIO || !run->mmio.is_write ||
	    run->mmio.phys_addr != VMM_EXIT || run->mmio.len != sizeof(*value))
		return -EPROTO;
	memcpy(value, run->mmio.data, sizeof(*value));
	return 0;
}

void vmm_close(struct vmm *vmm)
{
	if (vmm->run != MAP_FAILED)
		munmap(vmm->run, vmm->run_size);
	if (vmm->gic >= 0)
		close(vmm->gic);
	if (vmm->vcpu >= 0)
		close(vmm->vcpu);
	if (vmm->vm >= 0)
		close(vmm->vm);
	if (vmm->kvm >= 0)
		close(vmm->kvm);
	*vmm = VMM_CLOSED;
}
