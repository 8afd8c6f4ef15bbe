// SPDX-License-Identifier: GPL-2.0-only
/*
 * The registers of the simulated SMMU, and how the driver is bound to it
 *
 * It is a platform device with an unused range of memory, interrupts that only the model
 * raises, and a description as in ACPI's IORT. The driver's own probe binds to it; its
 * arm_smmu_impl_init() is redirected for the thread of the test, which routes all
 * register accesses here.
 */
#include <linux/dma-mapping.h>
#include <linux/gfp.h>
#include <linux/interrupt.h>
#include <linux/irq.h>
#include <linux/property.h>
#include <linux/slab.h>
#include <kunit/static_stub.h>

#include "arm-smmu-model.h"

/* The device's platform data. The driver reads the first member. */
struct model_platdata {
	struct acpi_iort_node *node;
	struct arm_smmu_model *model;
};

static struct arm_smmu_model *to_model(struct arm_smmu_device *smmu)
{
	struct model_platdata *data = dev_get_platdata(smmu->dev);

	return data->model;
}

/* The memory of a register, or NULL if there is no register. */
static u32 *model_register(struct arm_smmu_model *model, int page, int offset)
{
	int bank = page - (int)model->smmu->numpage;

	if (page == ARM_SMMU_GR0)
		return &model->gr0[offset / 4];
	if (page == ARM_SMMU_GR1)
		return &model->gr1[offset / 4];
	if (bank < 0 || bank >= MODEL_BANKS)
		return NULL;
	return &model->cb[bank][offset / 4];
}

static u32 model_read(struct arm_smmu_device *smmu, int page, int offset)
{
	struct arm_smmu_model *model = to_model(smmu);
	unsigned long flags;
	u32 *reg, val;

	/* The driver reads the IDs before it knows where the banks are. */
	if (!model->smmu)
		model->smmu = smmu;
	spin_lock_irqsave(&model->lock, flags);
	reg = model_register(model, page, offset);
	val = reg ? *reg : 0;
	spin_unlock_irqrestore(&model->lock, flags);
	return val;
}

static u64 model_read64(struct arm_smmu_device *smmu, int page, int offset)
{
	return model_read(smmu, page, offset) |
	       (u64)model_read(smmu, page, offset + 4) << 32;
}

static bool model_read_only(int page, int offset)
{
	return page == ARM_SMMU_GR0 && offset >= ARM_SMMU_GR0_ID0 &&
	       offset <= ARM_SMMU_GR0_ID7;
}

static bool model_clears_bits(struct arm_smmu_model *model, int page,
			      int offset)
{
	if (page == ARM_SMMU_GR0)
		return offset == ARM_SMMU_GR0_sGFSR;
	return page >= (int)model->smmu->numpage && offset == ARM_SMMU_CB_FSR;
}

/* The bits that a register keeps of a value written to it. */
static u64 model_kept(struct arm_smmu_model *model, int page, int offset,
		      u64 val)
{
	u32 streams =
		BIT(FIELD_GET(ARM_SMMU_ID0_NUMSIDB, model->kind->id0)) - 1;
	u32 s2_only = FIELD_GET(ARM_SMMU_ID1_NUMS2CB, model->kind->id1);

	if (page == ARM_SMMU_GR0 && offset >= ARM_SMMU_GR0_SMR(0) &&
	    offset < ARM_SMMU_GR0_SMR(128))
		return val & (ARM_SMMU_SMR_VALID | streams << 16 | streams);
	if (page == ARM_SMMU_GR1 && offset < ARM_SMMU_GR1_CBAR(s2_only))
		return val & ~ARM_SMMU_CBAR_TYPE;
	if (page >= (int)model->smmu->numpage && offset == ARM_SMMU_CB_ACTLR &&
	    model->kind->cpre_stuck)
		return val | MODEL_CB_ACTLR_CPRE;
	return val;
}

static void model_store(struct arm_smmu_model *model, int page, int offset,
			u64 val, bool wide)
{
	u32 *reg = model_register(model, page, offset);
	bool in_bank = page != ARM_SMMU_GR0;

	if (!reg || model_read_only(page, offset))
		return;
	model->writes++;
	if (model->deaf && model->deaf == offset &&
	    model->deaf_page == in_bank) {
		model->lost++;
		return;
	}
	if (page == ARM_SMMU_GR0 && offset == ARM_SMMU_GR0_sTLBGSYNC)
		model_sync(model, ARM_SMMU_GR0);
	else if (page >= (int)model->smmu->numpage &&
		 offset == ARM_SMMU_CB_TLBSYNC)
		model_sync(model, page);
	else
		model_invalidate(model, page, offset, val);

	if (model_clears_bits(model, page, offset)) {
		*reg &= ~val;
		return;
	}
	val = model_kept(model, page, offset, val);
	reg[0] = val;
	if (wide)
		reg[1] = val >> 32;
}

/* Have the watched device write, and record where the write arrives. */
static void model_look(struct arm_smmu_model *model)
{
	struct arm_smmu_model_watch *watch = model->watch;
	u64 pa;

	if (watch->busy)
		return;
	watch->busy = true;
	pa = arm_smmu_model_reaches(model, watch->sid, watch->iova);
	watch->looked++;
	if (pa && pa != watch->allowed[0] && pa != watch->allowed[1])
		watch->wrong++;
	watch->busy = false;
}

static void model_write_any(struct arm_smmu_device *smmu, int page, int offset,
			    u64 val, bool wide)
{
	struct arm_smmu_model *model = to_model(smmu);
	unsigned long flags;

	spin_lock_irqsave(&model->lock, flags);
	model_store(model, page, offset, val, wide);
	/* While clients bypass (CLIENTPD), as during a resume, no rule applies. */
	if (!(model->gr0[ARM_SMMU_GR0_sCR0 / 4] & ARM_SMMU_sCR0_CLIENTPD) &&
	    model_breaks_rules(model))
		model->broken++;
	spin_unlock_irqrestore(&model->lock, flags);
	if (model->watch)
		model_look(model);
}

static void model_write(struct arm_smmu_device *smmu, int page, int offset,
			u32 val)
{
	model_write_any(smmu, page, offset, val, false);
}

static void model_write64(struct arm_smmu_device *smmu, int page, int offset,
			  u64 val)
{
	model_write_any(smmu, page, offset, val, true);
}

static const struct arm_smmu_impl model_impl = {
	.read_reg = model_read,
	.read_reg64 = model_read64,
	.write_reg = model_write,
	.write_reg64 = model_write64,
};

static const struct arm_smmu_impl model_mmu500_impl = {
	.read_reg = model_read,
	.read_reg64 = model_read64,
	.write_reg = model_write,
	.write_reg64 = model_write64,
	.reset = arm_mmu500_reset,
};

static struct arm_smmu_device *model_impl_init(struct arm_smmu_device *smmu)
{
	smmu->impl = smmu->model == ARM_MMU500 ? &model_mmu500_impl :
						 &model_impl;
	return smmu;
}

/* Reset the registers, except identification: all streams bypass. */
void arm_smmu_model_power_loss(struct arm_smmu_model *model)
{
	unsigned long flags;

	spin_lock_irqsave(&model->lock, flags);
	memset(model->gr0, 0, sizeof(model->gr0));
	memset(model->gr1, 0, sizeof(model->gr1));
	memset(model->cb, 0, sizeof(model->cb));
	model->gr0[ARM_SMMU_GR0_sCR0 / 4] = ARM_SMMU_sCR0_CLIENTPD;
	model->gr0[ARM_SMMU_GR0_ID0 / 4] = model->kind->id0;
	model->gr0[ARM_SMMU_GR0_ID1 / 4] = model->kind->id1;
	model->gr0[ARM_SMMU_GR0_ID2 / 4] = model->kind->id2;
	model->gr0[ARM_SMMU_GR0_ID7 / 4] = 0x21;
	model_drop_tlb(model);
	spin_unlock_irqrestore(&model->lock, flags);
}

/* Number of entries in the TLB. */
unsigned int arm_smmu_model_entries(struct arm_smmu_model *model)
{
	unsigned long flags;
	size_t count;

	spin_lock_irqsave(&model->lock, flags);
	count = list_count_nodes(&model->tlb);
	spin_unlock_irqrestore(&model->lock, flags);
	return count;
}

/* The S2CR for a stream, also if the stream matches none, or more than one. */
static u32 model_s2cr(struct arm_smmu_model *model, u16 sid)
{
	u32 blocked = FIELD_PREP(ARM_SMMU_S2CR_TYPE, S2CR_TYPE_FAULT);
	int i, found = -1;

	if (!(model->kind->id0 & ARM_SMMU_ID0_SMS))
		return model->gr0[ARM_SMMU_GR0_S2CR(sid) / 4];
	for (i = 0; i < model->smmu->num_mapping_groups; i++) {
		u32 smr = model->gr0[ARM_SMMU_GR0_SMR(i) / 4];
		u32 differs = (smr ^ sid) & 0x7fff & ~(smr >> 16);

		if (!(smr & ARM_SMMU_SMR_VALID) || differs)
			continue;
		if (found >= 0)
			return blocked;
		found = i;
	}
	if (found >= 0)
		return model->gr0[ARM_SMMU_GR0_S2CR(found) / 4];
	if (model->gr0[ARM_SMMU_GR0_sCR0 / 4] & ARM_SMMU_sCR0_USFCFG)
		return blocked;
	return FIELD_PREP(ARM_SMMU_S2CR_TYPE, S2CR_TYPE_BYPASS);
}

/* Record a fault as the bank's registers do. Returns the interrupt to raise, or 0. */
static int model_record(struct arm_smmu_model *model, u16 sid, int s1_bank,
			int bank, u64 iova, u64 ipa, bool write, u32 fsr)
{
	u32 *cb = model->cb[bank], index = bank;

	if (cb[ARM_SMMU_CB_FSR / 4]) {
		cb[ARM_SMMU_CB_FSR / 4] |= ARM_SMMU_CB_FSR_MULTI;
	} else {
		cb[ARM_SMMU_CB_FSR / 4] = fsr;
		cb[ARM_SMMU_CB_FAR / 4] = iova;
		cb[ARM_SMMU_CB_FAR / 4 + 1] = iova >> 32;
		cb[ARM_SMMU_CB_IPAFAR / 4] = ipa;
		cb[ARM_SMMU_CB_IPAFAR / 4 + 1] = ipa >> 32;
		cb[ARM_SMMU_CB_FSYNR0 / 4] =
			(write ? ARM_SMMU_CB_FSYNR0_WNR : 0) |
			FIELD_PREP(ARM_SMMU_CB_FSYNR0_S1CBNDX, s1_bank);
		model->gr1[ARM_SMMU_GR1_CBFRSYNRA(bank) / 4] = sid;
	}
	if (model->smmu->version < ARM_SMMU_V2)
		index = FIELD_GET(ARM_SMMU_CBAR_IRPTNDX,
				  model->gr1[ARM_SMMU_GR1_CBAR(bank) / 4]);
	return cb[ARM_SMMU_CB_SCTLR / 4] & ARM_SMMU_SCTLR_CFIE ?
		       model->smmu->irqs[index] :
		       0;
}

static int model_try_locked(struct arm_smmu_model *model, u16 sid, u64 iova,
			    bool write, u64 *pa, int *irq)
{
	int bank, fault_bank, ret;
	u32 s2cr, fsr = 0;
	u64 ipa;

	*pa = iova;
	if (model->gr0[ARM_SMMU_GR0_sCR0 / 4] & ARM_SMMU_sCR0_CLIENTPD)
		return 0;
	s2cr = model_s2cr(model, sid);
	switch (FIELD_GET(ARM_SMMU_S2CR_TYPE, s2cr)) {
	case S2CR_TYPE_TRANS:
		break;
	case S2CR_TYPE_BYPASS:
		return 0;
	default:
		return MODEL_BLOCKED;
	}
	bank = FIELD_GET(ARM_SMMU_S2CR_CBNDX, s2cr);
	ret = model_translate(model, bank, iova, write, pa, &fault_bank, &fsr,
			      &ipa);
	if (ret == MODEL_FAULT)
		*irq = model_record(model, sid, bank, fault_bank, iova, ipa,
				    write, fsr);
	return ret;
}

static int model_try(struct arm_smmu_model *model, u16 sid, u64 iova,
		     bool write, u64 *pa, int *irq)
{
	unsigned long flags;
	int ret;

	spin_lock_irqsave(&model->lock, flags);
	ret = model_try_locked(model, sid, iova, write, pa, irq);
	spin_unlock_irqrestore(&model->lock, flags);
	return ret;
}

/**
 * arm_smmu_model_access - have a device access memory
 * @model: its SMMU
 * @sid: its stream ID
 * @iova: the address that it uses
 * @write: whether it writes
 * @pa: the physical address of the access
 *
 * Return: 0, MODEL_FAULT, MODEL_BLOCKED, or -ENOMEM if the TLB cannot grow.
 */
int arm_smmu_model_access(struct arm_smmu_model *model, u16 sid, u64 iova,
			  bool write, u64 *pa)
{
	int irq = 0;
	int ret = model_try(model, sid, iova, write, pa, &irq);

	if (irq)
		generic_handle_irq_safe(irq);
	return ret;
}

/**
 * arm_smmu_model_reaches - return where a device's write arrives
 * @model: its SMMU
 * @sid: its stream ID
 * @iova: the address that it writes to
 *
 * Return: the physical address, or 0 if it does not arrive.
 */
u64 arm_smmu_model_reaches(struct arm_smmu_model *model, u16 sid, u64 iova)
{
	u64 pa;

	return arm_smmu_model_access(model, sid, iova, true, &pa) ? 0 : pa;
}

static void model_free_memory(void *data)
{
	__free_pages(data, get_order(MODEL_MEMORY));
}

/**
 * arm_smmu_model_memory - allocate MODEL_MEMORY bytes that a test can map
 * @test: the test; they are freed when it ends
 *
 * Return: the physical address, a multiple of the size.
 */
phys_addr_t arm_smmu_model_memory(struct kunit *test)
{
	struct page *page =
		alloc_pages(GFP_KERNEL | __GFP_ZERO, get_order(MODEL_MEMORY));

	KUNIT_ASSERT_NOT_NULL(test, page);
	KUNIT_ASSERT_EQ(test, 0,
			kunit_add_action_or_reset(test, model_free_memory,
						  page));
	return page_to_phys(page);
}

/* The name of a kind, for KUNIT_ARRAY_PARAM(). */
void arm_smmu_model_name(const struct arm_smmu_model_kind *kind, char *desc)
{
	strscpy(desc, kind->name, KUNIT_PARAM_DESC_SIZE);
}

/* All domains are freed by now, and with them the users of the interrupts. */
static void model_remove(void *data)
{
	struct arm_smmu_model *model = data;
	struct fwnode_handle *fwnode = dev_fwnode(&model->pdev->dev);

	platform_device_unregister(model->pdev);
	fwnode_remove_software_node(fwnode);
	irq_free_descs(model->irq_base, model->kind->irqs + 1);
	model_drop_tlb(model);
}

static void model_make_node(struct arm_smmu_model *model)
{
	struct acpi_iort_smmu *smmu;

	model->node = kunit_kzalloc(
		model->test, sizeof(*model->node) + sizeof(*smmu), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(model->test, model->node);
	smmu = (struct acpi_iort_smmu *)model->node->node_data;
	smmu->model = model->kind->iort_model;
	if (model->kind->coherent)
		smmu->flags = ACPI_IORT_SMMU_COHERENT_WALK;
}

/* An unused range of physical addresses. The driver maps it, but never accesses it. */
static struct resource model_memory(struct arm_smmu_model *model)
{
	u32 pages = 4 << FIELD_GET(ARM_SMMU_ID1_NUMPAGENDXB, model->kind->id1);
	struct resource hole = { .name = "model", .flags = IORESOURCE_MEM };

	KUNIT_ASSERT_EQ(model->test, 0,
			allocate_resource(&iomem_resource, &hole, pages * SZ_4K,
					  SZ_1M, SZ_2G, SZ_64K, NULL, NULL));
	release_resource(&hole);
	return hole;
}

static void model_add_device(struct arm_smmu_model *model)
{
	struct model_platdata data = { .node = model->node, .model = model };
	unsigned int i, irqs = model->kind->irqs + 1;
	struct kunit *test = model->test;
	struct resource *res;
	struct fwnode_handle *fwnode;

	res = kunit_kcalloc(test, irqs + 1, sizeof(*res), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, res);
	res[0] = model_memory(model);
	model->irq_base = irq_alloc_descs(-1, 1, irqs, NUMA_NO_NODE);
	KUNIT_ASSERT_GT(test, model->irq_base, 0);
	for (i = 0; i < irqs; i++) {
		irq_set_chip_and_handler(model->irq_base + i, &dummy_irq_chip,
					 handle_simple_irq);
		res[i + 1].start = model->irq_base + i;
		res[i + 1].end = model->irq_base + i;
		res[i + 1].flags = IORESOURCE_IRQ;
	}
	fwnode = fwnode_create_software_node(NULL, NULL);
	KUNIT_ASSERT_FALSE(test, IS_ERR(fwnode));
	model->pdev =
		platform_device_register_full(&(struct platform_device_info){
			.name = "arm-smmu",
			.id = PLATFORM_DEVID_AUTO,
			.fwnode = fwnode,
			.res = res,
			.num_res = irqs + 1,
			.data = &data,
			.size_data = sizeof(data),
			.dma_mask = DMA_BIT_MASK(48),
		});
	KUNIT_ASSERT_FALSE(test, IS_ERR(model->pdev));
	KUNIT_ASSERT_EQ(test, 0,
			kunit_add_action_or_reset(test, model_remove, model));
}

/**
 * arm_smmu_model_create - make an SMMU, and have the driver bind to it
 * @test: its test; the SMMU is removed when it ends
 * @kind: its kind
 *
 * Return: the model. If it cannot be created, the test is aborted.
 */
struct arm_smmu_model *
arm_smmu_model_create(struct kunit *test,
		      const struct arm_smmu_model_kind *kind)
{
	struct arm_smmu_model *model;

	model = kunit_kzalloc(test, sizeof(*model), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, model);
	model->test = test;
	model->kind = kind;
	spin_lock_init(&model->lock);
	INIT_LIST_HEAD(&model->tlb);
	arm_smmu_model_power_loss(model);
	model_make_node(model);

	kunit_activate_static_stub(test, arm_smmu_impl_init, model_impl_init);
	model_add_device(model);
	kunit_deactivate_static_stub(test, arm_smmu_impl_init);
	KUNIT_ASSERT_PTR_EQ(test, platform_get_drvdata(model->pdev),
			    model->smmu);
	KUNIT_ASSERT_NOT_NULL(test, model->smmu);
	return model;
}

static void model_remove_master(void *data)
{
	platform_device_unregister(data);
}

/* As of_iommu_configure() does */
static int model_set_fwspec(struct arm_smmu_model *model, struct device *dev,
			    u32 sid)
{
	int rc;

	guard(mutex)(&iommu_probe_device_lock);
	rc = iommu_fwspec_init(dev, dev_fwnode(&model->pdev->dev));
	return rc ?: iommu_fwspec_add_ids(dev, &sid, 1);
}

/**
 * arm_smmu_model_join - make a device that joins the group of its stream ID
 * @model: the SMMU
 * @sid: its stream ID
 *
 * Return: the device. It has no group if it could not be attached to the group's domain.
 */
struct device *arm_smmu_model_join(struct arm_smmu_model *model, u32 sid)
{
	struct kunit *test = model->test;
	struct platform_device *pdev;

	pdev = platform_device_alloc("arm-smmu-model-master",
				     PLATFORM_DEVID_AUTO);
	KUNIT_ASSERT_NOT_NULL(test, pdev);
	dma_set_mask_and_coherent(&pdev->dev, DMA_BIT_MASK(48));
	KUNIT_ASSERT_EQ(test, 0, model_set_fwspec(model, &pdev->dev, sid));
	KUNIT_ASSERT_EQ(test, 0, platform_device_add(pdev));
	KUNIT_ASSERT_EQ(test, 0,
			kunit_add_action_or_reset(test, model_remove_master,
						  pdev));
	return &pdev->dev;
}

/**
 * arm_smmu_model_master - make a device behind the SMMU
 * @model: the SMMU
 * @sid: its stream ID, which no other device has
 *
 * Return: the device, in a group of its own, attached to its default domain.
 */
struct device *arm_smmu_model_master(struct arm_smmu_model *model, u32 sid)
{
	struct device *dev = arm_smmu_model_join(model, sid);

	KUNIT_ASSERT_NOT_NULL(model->test, dev->iommu_group);
	return dev;
}
