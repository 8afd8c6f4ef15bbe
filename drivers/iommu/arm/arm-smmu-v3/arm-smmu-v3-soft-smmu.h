/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * An SMMU simulated in memory, for KUnit tests. It is in
 * arm-smmu-v3-viommu-test.c.
 *
 * A thread on another CPU plays the SMMU: it consumes the command queue and logs
 * the commands. (The CPU that issues commands waits for them with interrupts
 * off.) The test reads and writes the memory of stream table and event queue.
 */
#ifndef _ARM_SMMU_V3_SOFT_SMMU_H
#define _ARM_SMMU_V3_SOFT_SMMU_H

#include <kunit/test.h>
#include <linux/io-pgtable.h>

#include "arm-smmu-v3-nested.h"

#define QUEUE_SHIFT 8
#define QUEUE_MASK \
	((2U << QUEUE_SHIFT) - 1) /* Of an index, with its wrap bit */
#define LOG_SIZE 1024
#define NUM_STREAMS 16
#define SID 5
#define VSID 0x1234567
#define VMID 0x42

#define OP_CFGI_STE 0x03
#define OP_CFGI_CD_ALL 0x06
#define OP_TLBI_NH_ALL 0x10
#define OP_TLBI_NH_VA 0x12
#define OP_TLBI_S12_VMALL 0x28
#define OP_ATC_INV 0x40
#define OP_CMD_SYNC 0x46

/* The SMMU, with one device and one guest */
struct soft_smmu {
	struct arm_smmu_device smmu;
	u32 cmdq_prod, cmdq_cons, evtq_prod, evtq_cons;
	struct task_struct *thread;
	u64 log[LOG_SIZE][2]; /* The last commands that were consumed */
	unsigned int logged; /* Number of these */
	unsigned int stop_after; /* Consume no more than this number */
	bool atc_is_silent; /* The ATC completes no invalidations */
	bool atc_is_awaited; /* The ATC was sent an invalidation */
	unsigned int atc_missed; /* Invalidations sent while it was silent */
	bool entry_faults; /* The device faults as soon as it has a new entry */

	struct device *dev;
	struct dev_iommu dev_iommu;
	struct iommu_fwspec *fwspec;
	struct arm_smmu_master master;
	struct arm_smmu_stream stream;

	struct io_pgtable pgtable;
	struct arm_smmu_domain parent;
	struct iommufd_viommu *viommu;
	struct iommufd_vdevice vdevice;
	void __user *user;
	struct mm_struct *mm; /* Of @user */
};

/* One word of the device's stream table entry */
static inline u64 soft_entry(const struct soft_smmu *s, unsigned int word)
{
	return le64_to_cpu(s->smmu.strtab_cfg.linear.table[SID].data[word]);
}

/* V and Config of that entry */
static inline u64 soft_config(const struct soft_smmu *s)
{
	return soft_entry(s, 0) & 0xf;
}

int soft_smmu_init(struct kunit *test);
void soft_smmu_exit(struct kunit *test);
void soft_add_vdevice(struct kunit *test, struct soft_smmu *s);
unsigned int soft_count_op(const struct soft_smmu *s, u8 op);
int soft_invalidate(struct kunit *test, struct soft_smmu *s, const u64 *cmds,
		    u32 num, u32 *done);
struct iommu_domain *soft_new_nested(struct kunit *test, struct soft_smmu *s,
				     u64 word0, u64 word1);
int soft_attach(struct soft_smmu *s, struct iommu_domain *domain);

#endif /* _ARM_SMMU_V3_SOFT_SMMU_H */
