/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * An SMMUv1 or SMMUv2 simulated in memory, for tests of the driver
 *
 * The driver's own probe binds to it; register accesses arrive through the hooks of
 * struct arm_smmu_impl. It translates as the architecture requires, from the
 * registers and the page tables in memory. Its TLB keeps each entry, of tables and
 * pages, until it is invalidated and the invalidation is synchronised, so that any
 * access after a lost invalidation reveals the loss.
 *
 * Registers and TLB are under &arm_smmu_model.lock, a leaf. Interrupts are raised
 * without it.
 */
#ifndef _ARM_SMMU_MODEL_H
#define _ARM_SMMU_MODEL_H

#include <linux/acpi_iort.h>
#include <linux/list.h>
#include <linux/platform_device.h>
#include <linux/spinlock.h>
#include <kunit/test.h>

#include "arm-smmu.h"

/* Context banks of the largest model. */
#define MODEL_BANKS 8
/* Memory that a test can map: a block, to test any page size. */
#define MODEL_MEMORY SZ_2M

#define MODEL_ID0_BOTH \
	(ARM_SMMU_ID0_S1TS | ARM_SMMU_ID0_S2TS | ARM_SMMU_ID0_NTS)
/* No address translation operations, as these would bypass the hooks. */
#define MODEL_ID0_REST                                \
	(ARM_SMMU_ID0_SMS | ARM_SMMU_ID0_ATOSNS |     \
	 FIELD_PREP_CONST(ARM_SMMU_ID0_NUMSIDB, 15) | \
	 FIELD_PREP_CONST(ARM_SMMU_ID0_NUMSMRG, 16))
/* 8 pages of banks. */
#define MODEL_ID1(s2_banks)                                 \
	(FIELD_PREP_CONST(ARM_SMMU_ID1_NUMPAGENDXB, 2) |    \
	 FIELD_PREP_CONST(ARM_SMMU_ID1_NUMS2CB, s2_banks) | \
	 FIELD_PREP_CONST(ARM_SMMU_ID1_NUMCB, MODEL_BANKS))
#define MODEL_ID2_V1                             \
	(FIELD_PREP_CONST(ARM_SMMU_ID2_OAS, 2) | \
	 FIELD_PREP_CONST(ARM_SMMU_ID2_IAS, 2))
#define MODEL_ID2_V2                                                    \
	(FIELD_PREP_CONST(ARM_SMMU_ID2_UBS, 5) |                        \
	 FIELD_PREP_CONST(ARM_SMMU_ID2_OAS, 5) |                        \
	 FIELD_PREP_CONST(ARM_SMMU_ID2_IAS, 5) | ARM_SMMU_ID2_PTFS_4K | \
	 ARM_SMMU_ID2_PTFS_16K | ARM_SMMU_ID2_PTFS_64K)

/* The driver's name is in arm-smmu-impl.c. */
#define MODEL_CB_ACTLR_CPRE BIT(1)

/**
 * struct arm_smmu_model_kind - the kind of SMMU that is simulated
 * @name: of the test case
 * @iort_model: ACPI_IORT_SMMU_*, by which the driver knows it
 * @id0: SMMU_IDR0; without stream matching it has 1 << NUMSIDB streams
 * @id1: SMMU_IDR1
 * @id2: SMMU_IDR2
 * @irqs: interrupts of context banks
 * @coherent: whether firmware reports a coherent table walk
 * @cpre_stuck: whether ACTLR.CPRE of an MMU-500 cannot be cleared
 */
struct arm_smmu_model_kind {
	const char *name;
	u32 iort_model;
	u32 id0, id1, id2;
	unsigned int irqs;
	bool coherent, cpre_stuck;
};

/**
 * struct arm_smmu_model_watch - check of what a device reaches at each register write
 * @sid: its stream ID
 * @iova: the address that it writes to
 * @allowed: where the write may arrive, if it does
 * @looked: number of its writes
 * @wrong: number of its writes that arrived elsewhere
 * @busy: a write is in progress, whose fault handler may write registers
 */
struct arm_smmu_model_watch {
	u16 sid;
	u64 iova;
	u64 allowed[2];
	unsigned int looked, wrong;
	bool busy;
};

/**
 * struct arm_smmu_model - an SMMU
 * @test: its test
 * @kind: its kind
 * @pdev: its device
 * @smmu: the driver's structure for it
 * @node: its description by firmware
 * @irq_base: its first interrupt, the global one
 * @lock: protects what follows
 * @gr0: global registers, page 0
 * @gr1: global registers, page 1
 * @cb: context banks
 * @tlb: &struct model_entry
 * @deaf: the offset of a register whose writes are lost; 0 for none
 * @deaf_page: of @deaf: 0 for page 0, 1 for context banks
 * @lost: number of writes that were lost
 * @writes: number of register writes
 * @broken: number of register writes after which a rule of the architecture
 *	was broken
 * @watch: what to check after each register write, or NULL
 */
struct arm_smmu_model {
	struct kunit *test;
	const struct arm_smmu_model_kind *kind;
	struct platform_device *pdev;
	struct arm_smmu_device *smmu;
	struct acpi_iort_node *node;
	int irq_base;

	spinlock_t lock; /* protects what follows */
	u32 gr0[1024];
	u32 gr1[1024];
	u32 cb[MODEL_BANKS][1024];
	struct list_head tlb;
	int deaf, deaf_page;
	unsigned int lost;
	unsigned int writes;
	unsigned int broken;
	struct arm_smmu_model_watch *watch;
};

/* Results of an access that did not reach memory. */
#define MODEL_FAULT (-EFAULT) /* a context bank has recorded why */
#define MODEL_BLOCKED (-EACCES) /* no context bank was asked */

struct arm_smmu_model *
arm_smmu_model_create(struct kunit *test,
		      const struct arm_smmu_model_kind *kind);
struct device *arm_smmu_model_join(struct arm_smmu_model *model, u32 sid);
struct device *arm_smmu_model_master(struct arm_smmu_model *model, u32 sid);
int arm_smmu_model_access(struct arm_smmu_model *model, u16 sid, u64 iova,
			  bool write, u64 *pa);
u64 arm_smmu_model_reaches(struct arm_smmu_model *model, u16 sid, u64 iova);
phys_addr_t arm_smmu_model_memory(struct kunit *test);
void arm_smmu_model_name(const struct arm_smmu_model_kind *kind, char *desc);
void arm_smmu_model_power_loss(struct arm_smmu_model *model);
unsigned int arm_smmu_model_entries(struct arm_smmu_model *model);

/* For arm-smmu-model.c and arm-smmu-model-walk.c */
int model_translate(struct arm_smmu_model *model, int bank, u64 iova,
		    bool write, u64 *pa, int *fault_bank, u32 *fsr, u64 *ipa);
void model_invalidate(struct arm_smmu_model *model, int page, int offset,
		      u64 val);
void model_sync(struct arm_smmu_model *model, int page);
void model_drop_tlb(struct arm_smmu_model *model);
u16 model_vmid(struct arm_smmu_model *model, int bank);
bool model_breaks_rules(struct arm_smmu_model *model);

static inline u32 model_cb(struct arm_smmu_model *model, int bank, int offset)
{
	return model->cb[bank][offset / 4];
}

static inline u64 model_cbq(struct arm_smmu_model *model, int bank, int offset)
{
	return model_cb(model, bank, offset) |
	       (u64)model_cb(model, bank, offset + 4) << 32;
}

#endif
