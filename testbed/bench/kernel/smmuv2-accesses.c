// SPDX-License-Identifier: GPL-2.0-only
/*
 * Counts how often the driver of an SMMUv2 reads or writes the SMMU's registers, which
 * no program can see.
 *
 * Built into both kernels of `make bench` that have code that counts, the same text in
 * both. To write to the parameter smmuv2_accesses.count begins anew, and to read it says how
 * many there have been; an access of 64 bits is one. The driver goes to the registers by itself
 * until the first write, so that its instructions are counted before.
 */
#include <linux/atomic.h>
#include <linux/io-64-nonatomic-hi-lo.h>
#include <linux/moduleparam.h>
#include <linux/platform_device.h>

#include "arm/arm-smmu/arm-smmu.h"

static atomic_t accesses;
static struct arm_smmu_impl counting;

static u32 count_read(struct arm_smmu_device *smmu, int page, int offset)
{
	atomic_inc(&accesses);
	return readl_relaxed(arm_smmu_page(smmu, page) + offset);
}

static void count_write(struct arm_smmu_device *smmu, int page, int offset,
			u32 val)
{
	atomic_inc(&accesses);
	writel_relaxed(val, arm_smmu_page(smmu, page) + offset);
}

static u64 count_read64(struct arm_smmu_device *smmu, int page, int offset)
{
	atomic_inc(&accesses);
	return readq_relaxed(arm_smmu_page(smmu, page) + offset);
}

static void count_write64(struct arm_smmu_device *smmu, int page, int offset,
			  u64 val)
{
	atomic_inc(&accesses);
	writeq_relaxed(val, arm_smmu_page(smmu, page) + offset);
}

/* An implementation that has hooks of its own for accesses is none of bench's machines */
static int count_from_now(struct arm_smmu_device *smmu)
{
	if (smmu->impl == &counting)
		return 0;
	if (smmu->impl)
		counting = *smmu->impl;
	if (counting.read_reg || counting.write_reg || counting.read_reg64 ||
	    counting.write_reg64)
		return -EBUSY;
	counting.read_reg = count_read;
	counting.write_reg = count_write;
	counting.read_reg64 = count_read64;
	counting.write_reg64 = count_write64;
	smmu->impl = &counting;
	return 0;
}

static int count_set(const char *val, const struct kernel_param *kp)
{
	struct device_driver *driver =
		driver_find("arm-smmu", &platform_bus_type);
	struct device *dev = driver ? driver_find_next_device(driver, NULL) :
				      NULL;
	int rc = -ENODEV;

	if (dev) {
		rc = count_from_now(dev_get_drvdata(dev));
		put_device(dev);
	}
	atomic_set(&accesses, 0);
	return rc;
}

static int count_get(char *buffer, const struct kernel_param *kp)
{
	return sysfs_emit(buffer, "%d\n", atomic_read(&accesses));
}

static const struct kernel_param_ops count_ops = {
	.set = count_set,
	.get = count_get,
};
module_param_cb(count, &count_ops, NULL, 0600);
MODULE_PARM_DESC(count, "accesses of registers since it was last written to");
