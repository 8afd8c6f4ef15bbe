// SPDX-License-Identifier: GPL-2.0-only
/*
 * Tests of guests that own stage 1, on SMMUv2s simulated in memory
 *
 * A test plays iommufd, VMM and guest. The guest's tables are in its own memory. The
 * model, which walks both stages, reports what its device reaches.
 */
#include <linux/iommu-viommu.h>
#include <linux/mman.h>
#include <linux/sched/mm.h>
#include <linux/slab.h>
#include <kunit/test.h>

#include "../../iommu-priv.h"
#include "../../iommufd/viommu.h"
#include "arm-smmu-model.h"
#include "arm-smmu-nested.h"

#define SID 0x10
#define VSID 0x77
#define GUEST_ASID 5UL
#define VA 0x12200000UL
/* The guest's memory, with the tables of its stage 1 and the pages that it maps. */
#define GPA 0x40000000UL
#define TABLE1 0x0
#define TABLE2 0x1000
#define TABLE3 0x2000
#define PAGE_A 0x10000
#define PAGE_B 0x11000

static const struct arm_smmu_model_kind kinds[] = {
	{
		.name = "MMU-500",
		.iort_model = ACPI_IORT_SMMU_CORELINK_MMU500,
		.id0 = MODEL_ID0_BOTH | MODEL_ID0_REST | ARM_SMMU_ID0_CTTW,
		.id1 = MODEL_ID1(0),
		.id2 = MODEL_ID2_V2,
		.irqs = MODEL_BANKS,
		.coherent = true,
	},
	{
		.name = "VMIDs of 16 bits, two banks for stage 2 only",
		.iort_model = ACPI_IORT_SMMU_V2,
		.id0 = MODEL_ID0_BOTH | MODEL_ID0_REST | ARM_SMMU_ID0_CTTW,
		.id1 = MODEL_ID1(2),
		.id2 = MODEL_ID2_V2 | ARM_SMMU_ID2_VMID16,
		.irqs = MODEL_BANKS,
		.coherent = true,
	},
};

/* SMMUs whose stage 1 guests may not own. */
static const struct arm_smmu_model_kind refused[] = {
	{
		.name = "tables not coherent",
		.iort_model = ACPI_IORT_SMMU_CORELINK_MMU500,
		.id0 = MODEL_ID0_BOTH | MODEL_ID0_REST,
		.id1 = MODEL_ID1(0),
		.id2 = MODEL_ID2_V2,
		.irqs = MODEL_BANKS,
	},
	{
		.name = "prefetcher that cannot be disabled",
		.iort_model = ACPI_IORT_SMMU_CORELINK_MMU500,
		.id0 = MODEL_ID0_BOTH | MODEL_ID0_REST | ARM_SMMU_ID0_CTTW,
		.id1 = MODEL_ID1(0),
		.id2 = MODEL_ID2_V2,
		.irqs = MODEL_BANKS,
		.coherent = true,
		.cpre_stuck = true,
	},
	{
		.name = "no nested translation",
		.iort_model = ACPI_IORT_SMMU_V2,
		.id0 = (MODEL_ID0_BOTH & ~ARM_SMMU_ID0_NTS) | MODEL_ID0_REST |
		       ARM_SMMU_ID0_CTTW,
		.id1 = MODEL_ID1(2),
		.id2 = MODEL_ID2_V2,
		.irqs = MODEL_BANKS,
		.coherent = true,
	},
	{
		.name = "AArch32 tables only",
		.iort_model = ACPI_IORT_SMMU_V2,
		.id0 = MODEL_ID0_BOTH | MODEL_ID0_REST | ARM_SMMU_ID0_CTTW,
		.id1 = MODEL_ID1(2),
		.id2 = MODEL_ID2_V1,
		.irqs = MODEL_BANKS,
		.coherent = true,
	},
	{
		.name = "Cavium ThunderX",
		.iort_model = ACPI_IORT_SMMU_CAVIUM_THUNDERX,
		.id0 = MODEL_ID0_BOTH | MODEL_ID0_REST | ARM_SMMU_ID0_CTTW,
		.id1 = MODEL_ID1(2),
		.id2 = MODEL_ID2_V2,
		.irqs = MODEL_BANKS,
		.coherent = true,
	},
	{
		.name = "SMMUv1",
		.iort_model = ACPI_IORT_SMMU_V1,
		.id0 = MODEL_ID0_BOTH | MODEL_ID0_REST | ARM_SMMU_ID0_CTTW,
		.id1 = MODEL_ID1(2),
		.id2 = MODEL_ID2_V1,
		.irqs = 3,
		.coherent = true,
	},
};

KUNIT_ARRAY_PARAM(kind, kinds, arm_smmu_model_name);
KUNIT_ARRAY_PARAM(refused, refused, arm_smmu_model_name);

/**
 * struct guest - owner of stage 1
 * @model: its SMMU
 * @dev: its device
 * @memory: its memory, from GPA
 * @parent: stage 2
 * @viommu: its share of the SMMU
 * @vdev: its device in @viommu
 * @user: memory of the VMM, for the data of ioctls
 * @mm: the mm of @user
 */
struct guest {
	struct arm_smmu_model *model;
	struct device *dev;
	phys_addr_t memory;
	struct iommu_domain *parent;
	struct iommufd_viommu *viommu;
	struct iommufd_vdevice *vdev;
	void __user *user;
	struct mm_struct *mm;
};

static void add_vdevice(struct kunit *test, struct guest *g)
{
	g->vdev = kunit_kzalloc(test, g->viommu->ops->vdevice_size, GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, g->vdev);
	g->vdev->dev = g->dev;
	g->vdev->virt_id = VSID;
	KUNIT_ASSERT_EQ(test, 0,
			iommufd_viommu_add_vdevice(g->viommu, g->vdev));
}

static void map_memory(struct kunit *test, struct guest *g)
{
	unsigned long at;

	/* In pages, so that one can be unmapped */
	for (at = 0; at < MODEL_MEMORY; at += SZ_4K)
		KUNIT_ASSERT_EQ(test, 0,
				iommu_map(g->parent, GPA + at, g->memory + at,
					  SZ_4K, IOMMU_READ | IOMMU_WRITE,
					  GFP_KERNEL));
}

static void make_viommu(struct kunit *test, struct guest *g)
{
	const struct iommu_ops *ops = dev_iommu_ops(g->dev);
	size_t size =
		ops->get_viommu_size(g->dev, IOMMU_VIOMMU_TYPE_ARM_SMMUV2);

	KUNIT_ASSERT_NE(test, size, 0);
	g->viommu = kunit_kzalloc(test, size, GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, g->viommu);
	iommufd_viommu_setup(g->viommu, &g->model->smmu->iommu,
			     IOMMU_VIOMMU_TYPE_ARM_SMMUV2);
	KUNIT_ASSERT_EQ(test, 0, ops->viommu_init(g->viommu, g->parent, NULL));
}

/* A guest whose device is blocked, and whose memory is mapped in stage 2. */
static struct guest *make_guest(struct kunit *test)
{
	struct guest *g = kunit_kzalloc(test, sizeof(*g), GFP_KERNEL);
	unsigned long user;

	KUNIT_ASSERT_NOT_NULL(test, g);
	g->model = arm_smmu_model_create(test, test->param_value);
	g->dev = arm_smmu_model_master(g->model, SID);
	g->memory = arm_smmu_model_memory(test);
	user = kunit_vm_mmap(test, NULL, 0, SZ_64K, PROT_READ | PROT_WRITE,
			     MAP_ANONYMOUS | MAP_PRIVATE, 0);
	KUNIT_ASSERT_NE(test, user, 0);
	g->user = (void __user *)user;
	g->mm = current->mm;
	test->priv = g;

	g->parent = dev_iommu_ops(g->dev)->domain_alloc_user(
		g->dev, IOMMU_HWPT_ALLOC_NEST_PARENT, NULL, NULL);
	KUNIT_ASSERT_FALSE(test, IS_ERR(g->parent));
	g->parent->owner = dev_iommu_ops(g->dev);
	map_memory(test, g);
	make_viommu(test, g);
	add_vdevice(test, g);
	KUNIT_ASSERT_EQ(test, 0,
			iommu_group_claim_dma_owner(g->dev->iommu_group, g));
	return g;
}

/* Return the device to its default domain, and free the guest's stage 2. */
static void drop_guest(struct kunit *test, struct guest *g)
{
	iommu_group_release_dma_owner(g->dev->iommu_group);
	iommufd_viommu_remove_vdevice(g->viommu, g->vdev);
	iommu_domain_free(g->parent);
	KUNIT_EXPECT_EQ(test, g->model->broken, 0);
	KUNIT_EXPECT_EQ(test, arm_smmu_model_entries(g->model), 0);
}

static void nested_exit(struct kunit *test)
{
	struct guest *g = test->priv;

	/* KUnit's threads end without kthread_unuse_mm(), which would drop this */
	if (g && g->mm)
		mmdrop(g->mm);
}

static void write_desc(struct guest *g, unsigned long table, unsigned int index,
		       u64 desc)
{
	__le64 *at = phys_to_virt(g->memory + table);

	WRITE_ONCE(at[index], cpu_to_le64(desc));
}

/* The guest maps a page of its memory at @va, or unmaps it if @page is 0. */
static void guest_map(struct guest *g, unsigned long va, unsigned long page,
		      bool write)
{
	u64 attributes = BIT(11) | BIT(10) | 3 << 8 | (write ? 0 : BIT(7)) | 3;

	write_desc(g, TABLE1, va >> 30 & 511, (GPA + TABLE2) | 3);
	write_desc(g, TABLE2, va >> 21 & 511, (GPA + TABLE3) | 3);
	write_desc(g, TABLE3, va >> 12 & 511,
		   page ? (GPA + page) | attributes : 0);
}

/* Addresses of 39 bits, three levels of tables, no TTBR1. */
static struct iommu_hwpt_arm_smmuv2 bank_of_guest(void)
{
	return (struct iommu_hwpt_arm_smmuv2){
		.ttbr = { (GPA + TABLE1) | GUEST_ASID << 48 },
		.tcr = 25 | ARM_SMMU_TCR_EPD1,
		.tcr2 = 5 | ARM_SMMU_TCR2_AS,
		.mair = { 0x44ff },
		.sctlr = ARM_SMMU_SCTLR_M | ARM_SMMU_SCTLR_AFE |
			 ARM_SMMU_SCTLR_TRE,
	};
}

static struct iommu_domain *
alloc_nested(struct kunit *test, struct guest *g,
	     const struct iommu_hwpt_arm_smmuv2 *arg)
{
	struct iommu_user_data data = {
		.type = IOMMU_HWPT_DATA_ARM_SMMUV2,
		.uptr = g->user,
		.len = sizeof(*arg),
	};
	struct iommu_domain *domain;

	KUNIT_ASSERT_EQ(test, 0, copy_to_user(g->user, arg, sizeof(*arg)));
	domain = g->viommu->ops->alloc_domain_nested(g->viommu, 0, &data);
	if (!IS_ERR(domain)) {
		domain->owner = dev_iommu_ops(g->dev);
		domain->parent = g->parent;
	}
	return domain;
}

static struct iommu_domain *make_nested(struct kunit *test, struct guest *g)
{
	struct iommu_hwpt_arm_smmuv2 arg = bank_of_guest();
	struct iommu_domain *domain = alloc_nested(test, g, &arg);

	KUNIT_ASSERT_FALSE(test, IS_ERR(domain));
	return domain;
}

static int attach(struct guest *g, struct iommu_domain *domain)
{
	return iommu_group_replace_domain(g->dev->iommu_group, domain);
}

/* Block the device. */
static void detach(struct guest *g, struct iommu_domain *domain)
{
	iommu_detach_group(domain, g->dev->iommu_group);
}

static u64 reaches(struct guest *g, unsigned long va)
{
	return arm_smmu_model_reaches(g->model, SID, va);
}

static int bank_of(struct iommu_domain *domain)
{
	return container_of(domain, struct arm_smmu_nested_domain, domain)
		->cfg.cbndx;
}

static void both_stages_translate(struct kunit *test)
{
	struct guest *g = make_guest(test);
	struct iommu_domain *nested = make_nested(test, g);
	u64 pa;

	guest_map(g, VA, PAGE_A, true);
	guest_map(g, VA + SZ_4K, PAGE_B, false);
	KUNIT_EXPECT_EQ(test, reaches(g, VA), 0);
	KUNIT_ASSERT_EQ(test, attach(g, nested), 0);
	KUNIT_EXPECT_EQ(test, reaches(g, VA + 8), g->memory + PAGE_A + 8);
	KUNIT_EXPECT_EQ(test, reaches(g, VA + SZ_4K), 0);
	KUNIT_EXPECT_EQ(test, 0,
			arm_smmu_model_access(g->model, SID, VA + SZ_4K, false,
					      &pa));
	KUNIT_EXPECT_EQ(test, pa, g->memory + PAGE_B);
	KUNIT_EXPECT_EQ(test, reaches(g, VA + SZ_8K), 0);
	/* The device does not reach the output address of stage 1 itself */
	KUNIT_EXPECT_EQ(test, reaches(g, GPA + PAGE_A), 0);
	/* All of MAIR is write-back, whatever the guest has there */
	KUNIT_EXPECT_EQ(
		test, model_cb(g->model, bank_of(nested), ARM_SMMU_CB_S1_MAIR0),
		U32_MAX);
	detach(g, nested);
	KUNIT_EXPECT_EQ(test, reaches(g, VA), 0);
	iommu_domain_free(nested);

	/* A guest that bypasses stage 1 */
	KUNIT_ASSERT_EQ(test, attach(g, g->parent), 0);
	KUNIT_EXPECT_EQ(test, reaches(g, GPA + PAGE_A), g->memory + PAGE_A);
	detach(g, g->parent);
	drop_guest(test, g);
}

/* Returns whether the device still reached the page that was unmapped from stage 2. */
static bool stale_stage2(struct kunit *test, struct guest *g, size_t size)
{
	struct iommu_domain *nested = make_nested(test, g);
	u64 seen;

	guest_map(g, VA, PAGE_A, true);
	KUNIT_ASSERT_EQ(test, attach(g, nested), 0);
	KUNIT_EXPECT_EQ(test, reaches(g, VA), g->memory + PAGE_A);
	KUNIT_EXPECT_EQ(test, size,
			iommu_unmap(g->parent,
				    size == SZ_4K ? GPA + PAGE_A : GPA, size));
	seen = reaches(g, VA);
	g->model->deaf = 0;
	detach(g, nested);
	iommu_domain_free(nested);
	return seen;
}

static void unmap_of_stage2_reaches_the_tlb(struct kunit *test)
{
	struct guest *g = make_guest(test);

	KUNIT_EXPECT_FALSE(test, stale_stage2(test, g, SZ_4K));
	KUNIT_EXPECT_EQ(test, 0,
			iommu_map(g->parent, GPA + PAGE_A, g->memory + PAGE_A,
				  SZ_4K, IOMMU_READ | IOMMU_WRITE, GFP_KERNEL));
	KUNIT_EXPECT_FALSE(test, stale_stage2(test, g, MODEL_MEMORY));
	drop_guest(test, g);
}

static void lost_invalidation_of_stage2_shows(struct kunit *test)
{
	static const int lost[] = { ARM_SMMU_GR0_TLBIVMID,
				    ARM_SMMU_GR0_sTLBGSYNC };
	struct guest *g = make_guest(test);
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(lost); i++) {
		g->model->deaf_page = 0;
		g->model->deaf = lost[i];
		KUNIT_EXPECT_TRUE(test, stale_stage2(test, g, SZ_4K));
		KUNIT_EXPECT_EQ(
			test, 0,
			iommu_map(g->parent, GPA + PAGE_A, g->memory + PAGE_A,
				  SZ_4K, IOMMU_READ | IOMMU_WRITE, GFP_KERNEL));
		iommu_flush_iotlb_all(g->parent);
	}
	drop_guest(test, g);
}

static int invalidate(struct kunit *test, struct guest *g,
		      const struct iommu_viommu_arm_smmuv2_invalidate *cmds,
		      u32 num, u32 *done)
{
	struct iommu_user_data_array array = {
		.type = IOMMU_VIOMMU_INVALIDATE_DATA_ARM_SMMUV2,
		.uptr = g->user,
		.entry_len = sizeof(*cmds),
		.entry_num = num,
	};
	int ret;

	KUNIT_ASSERT_EQ(test, 0,
			copy_to_user(g->user, cmds, num * sizeof(*cmds)));
	ret = g->viommu->ops->cache_invalidate(g->viommu, &array);
	*done = array.entry_num;
	return ret;
}

/* Returns whether the device still reached the page that the guest replaced. */
static bool stale_stage1(struct kunit *test, struct guest *g,
			 const struct iommu_viommu_arm_smmuv2_invalidate *cmd)
{
	struct iommu_domain *nested = make_nested(test, g);
	u64 seen;
	u32 done;

	guest_map(g, VA, PAGE_A, true);
	KUNIT_ASSERT_EQ(test, attach(g, nested), 0);
	KUNIT_EXPECT_EQ(test, reaches(g, VA), g->memory + PAGE_A);
	guest_map(g, VA, PAGE_B, true);
	KUNIT_EXPECT_EQ(test, invalidate(test, g, cmd, 1, &done), 0);
	KUNIT_EXPECT_EQ(test, done, 1);
	seen = reaches(g, VA);
	if (seen != g->memory + PAGE_A)
		KUNIT_EXPECT_EQ(test, seen, g->memory + PAGE_B);
	g->model->deaf = 0;
	detach(g, nested);
	iommu_domain_free(nested);
	return seen == g->memory + PAGE_A;
}

static void guest_invalidates(struct kunit *test)
{
	static const struct {
		struct iommu_viommu_arm_smmuv2_invalidate cmd;
		int reg;
		bool hits;
	} cases[] = {
		{ { IOMMU_ARM_SMMUV2_TLBI_ALL }, ARM_SMMU_CB_S1_TLBIALL, true },
		{ { IOMMU_ARM_SMMUV2_TLBI_ASID, 0, GUEST_ASID },
		  ARM_SMMU_CB_S1_TLBIASID,
		  true },
		{ { IOMMU_ARM_SMMUV2_TLBI_ASID, 0, GUEST_ASID + 1 }, 0, false },
		{ { IOMMU_ARM_SMMUV2_TLBI_VA, 0, GUEST_ASID << 48 | VA >> 12 },
		  ARM_SMMU_CB_S1_TLBIVA,
		  true },
		{ { IOMMU_ARM_SMMUV2_TLBI_VA, 0,
		    (GUEST_ASID + 1) << 48 | VA >> 12 },
		  0,
		  false },
		{ { IOMMU_ARM_SMMUV2_TLBI_VAL, 0, GUEST_ASID << 48 | VA >> 12 },
		  ARM_SMMU_CB_S1_TLBIVAL,
		  true },
		{ { IOMMU_ARM_SMMUV2_TLBI_VAL, 0,
		    GUEST_ASID << 48 | ((VA >> 12) + 1) },
		  0,
		  false },
		{ { IOMMU_ARM_SMMUV2_TLBI_VAA, 0, VA >> 12 },
		  ARM_SMMU_CB_S1_TLBIVAA,
		  true },
		{ { IOMMU_ARM_SMMUV2_TLBI_VAAL, 0, VA >> 12 },
		  ARM_SMMU_CB_S1_TLBIVAAL,
		  true },
	};
	struct guest *g = make_guest(test);
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		iommu_flush_iotlb_all(g->parent);
		KUNIT_EXPECT_EQ_MSG(test, stale_stage1(test, g, &cases[i].cmd),
				    !cases[i].hits, "case %u", i);
		if (!cases[i].hits)
			continue;
		/* A lost invalidation is detected, and a lost synchronisation */
		iommu_flush_iotlb_all(g->parent);
		g->model->deaf_page = 1;
		g->model->deaf = cases[i].reg;
		KUNIT_EXPECT_TRUE_MSG(test,
				      stale_stage1(test, g, &cases[i].cmd),
				      "case %u", i);
		iommu_flush_iotlb_all(g->parent);
		g->model->deaf_page = 0;
		g->model->deaf = ARM_SMMU_GR0_sTLBGSYNC;
		KUNIT_EXPECT_TRUE_MSG(test,
				      stale_stage1(test, g, &cases[i].cmd),
				      "case %u", i);
	}
	drop_guest(test, g);
}

/* Entries stay in the TLB after the last bank is freed, and commands must reach them. */
static void guest_without_bank_invalidates(struct kunit *test)
{
	struct iommu_viommu_arm_smmuv2_invalidate cmd = {
		.opcode = IOMMU_ARM_SMMUV2_TLBI_ASID,
		.arg = GUEST_ASID,
	};
	struct guest *g = make_guest(test);
	struct iommu_domain *nested = make_nested(test, g);
	u32 done;

	guest_map(g, VA, PAGE_A, true);
	KUNIT_ASSERT_EQ(test, attach(g, nested), 0);
	KUNIT_EXPECT_EQ(test, reaches(g, VA), g->memory + PAGE_A);
	detach(g, nested);
	iommu_domain_free(nested);
	guest_map(g, VA, PAGE_B, true);
	KUNIT_EXPECT_EQ(test, invalidate(test, g, &cmd, 1, &done), 0);

	nested = make_nested(test, g);
	KUNIT_ASSERT_EQ(test, attach(g, nested), 0);
	KUNIT_EXPECT_EQ(test, reaches(g, VA), g->memory + PAGE_B);
	detach(g, nested);
	iommu_domain_free(nested);
	drop_guest(test, g);
}

static void commands_are_checked(struct kunit *test)
{
	static const u64 allowed[] = {
		[IOMMU_ARM_SMMUV2_TLBI_ALL] = 0,
		[IOMMU_ARM_SMMUV2_TLBI_ASID] = GENMASK_ULL(15, 0),
		[IOMMU_ARM_SMMUV2_TLBI_VA] = GENMASK_ULL(63, 48) |
					     GENMASK_ULL(43, 0),
		[IOMMU_ARM_SMMUV2_TLBI_VAL] = GENMASK_ULL(63, 48) |
					      GENMASK_ULL(43, 0),
		[IOMMU_ARM_SMMUV2_TLBI_VAA] = GENMASK_ULL(43, 0),
		[IOMMU_ARM_SMMUV2_TLBI_VAAL] = GENMASK_ULL(43, 0),
	};
	struct iommu_viommu_arm_smmuv2_invalidate *cmds;
	struct guest *g = make_guest(test);
	struct iommu_user_data_array array = {
		.type = IOMMU_VIOMMU_INVALIDATE_DATA_ARM_SMMUV2 + 1,
		.uptr = g->user,
		.entry_num = 1,
		.entry_len = sizeof(*cmds),
	};
	u32 op, bit, done;

	cmds = kunit_kcalloc(test, 200, sizeof(*cmds), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, cmds);
	for (op = 0; op < 32; op++) {
		for (bit = 0; bit < 64; bit++) {
			bool good = op < ARRAY_SIZE(allowed) &&
				    allowed[op] & BIT_ULL(bit);

			cmds[0].opcode = op;
			cmds[0].arg = BIT_ULL(bit);
			KUNIT_EXPECT_EQ(test,
					invalidate(test, g, cmds, 1, &done),
					good ? 0 : -EIO);
			KUNIT_EXPECT_EQ(test, done, good);
		}
	}
	for (bit = 0; bit < 32; bit++) {
		cmds[0] = (struct iommu_viommu_arm_smmuv2_invalidate){
			.__reserved = BIT(bit),
		};
		KUNIT_EXPECT_EQ(test, invalidate(test, g, cmds, 1, &done),
				-EIO);
	}

	/* Those before the bad one are counted, over more than one batch */
	memset(cmds, 0, 200 * sizeof(*cmds));
	KUNIT_EXPECT_EQ(test, invalidate(test, g, cmds, 200, &done), 0);
	KUNIT_EXPECT_EQ(test, done, 200);
	cmds[150].opcode = U32_MAX;
	KUNIT_EXPECT_EQ(test, invalidate(test, g, cmds, 200, &done), -EIO);
	KUNIT_EXPECT_EQ(test, done, 150);

	KUNIT_EXPECT_EQ(test,
			g->viommu->ops->cache_invalidate(g->viommu, &array),
			-EINVAL);
	array.type--;
	/* An empty array is a query whether the type is supported */
	array.entry_num = 0;
	array.entry_len = PAGE_SIZE + 1;
	KUNIT_EXPECT_EQ(test, 0,
			g->viommu->ops->cache_invalidate(g->viommu, &array));
	array.entry_num = 1;
	array.entry_len = sizeof(*cmds) - 1;
	KUNIT_EXPECT_EQ(test,
			g->viommu->ops->cache_invalidate(g->viommu, &array),
			-EINVAL);
	drop_guest(test, g);
}

/* Flip each bit of a field, and expect that only those of the mask are accepted. */
static void check_bits(struct kunit *test, struct guest *g, size_t offset,
		       unsigned int bits, u64 allowed, const char *field)
{
	unsigned int bit;

	for (bit = 0; bit < bits; bit++) {
		struct iommu_hwpt_arm_smmuv2 arg = bank_of_guest();
		struct iommu_domain *domain;
		bool good = allowed & BIT_ULL(bit);

		((u32 *)((void *)&arg + offset))[bit / 32] ^= BIT(bit % 32);
		domain = alloc_nested(test, g, &arg);
		KUNIT_EXPECT_EQ_MSG(test, PTR_ERR_OR_ZERO(domain),
				    good ? 0 : -EIO, "%s, bit %u", field, bit);
		if (!IS_ERR(domain))
			iommu_domain_free(domain);
	}
}

#define CHECK_BITS(member, allowed)                                         \
	check_bits(test, g, offsetof(struct iommu_hwpt_arm_smmuv2, member), \
		   8 * sizeof_field(struct iommu_hwpt_arm_smmuv2, member),  \
		   allowed, #member)

static void each_bit_of_the_bank_is_checked(struct kunit *test)
{
	struct guest *g = make_guest(test);
	struct iommu_hwpt_arm_smmuv2 arg = bank_of_guest();
	struct iommu_domain *domain;

	CHECK_BITS(ttbr[0], GENMASK_ULL(63, 4));
	CHECK_BITS(ttbr[1], GENMASK_ULL(63, 4));
	/* If EPD1 is clear, TG1 = 0 is no valid granule */
	CHECK_BITS(tcr, ~(BIT_ULL(6) | BIT_ULL(23)));
	CHECK_BITS(tcr2, GENMASK(17, 15) | GENMASK(6, 4) | GENMASK(2, 0));
	CHECK_BITS(mair[0], U32_MAX);
	CHECK_BITS(mair[1], U32_MAX);
	CHECK_BITS(contextidr, U32_MAX);
	/* M must be set */
	CHECK_BITS(sctlr, BIT(1) | BIT(2) | BIT(5) | BIT(6) | BIT(12));

	/* TG0 = 3 is no valid granule either */
	arg.tcr |= ARM_SMMU_TCR_TG0;
	KUNIT_EXPECT_EQ(test, PTR_ERR_OR_ZERO(alloc_nested(test, g, &arg)),
			-EIO);
	/* All that is allowed at once; TG0 is 16 KiB, TG1 4 KiB */
	memset(&arg, 0xff, sizeof(arg));
	arg.ttbr[0] = GENMASK_ULL(63, 4);
	arg.ttbr[1] = GENMASK_ULL(63, 4);
	arg.tcr = 0xbf7fbf3f;
	arg.tcr2 = GENMASK(17, 15) | GENMASK(6, 4) | GENMASK(2, 0);
	arg.sctlr = BIT(0) | BIT(1) | BIT(2) | BIT(5) | BIT(6) | BIT(12);
	domain = alloc_nested(test, g, &arg);
	KUNIT_EXPECT_EQ(test, PTR_ERR_OR_ZERO(domain), 0);
	if (!IS_ERR(domain))
		iommu_domain_free(domain);
	drop_guest(test, g);
}

/* From each kind of domain to each other one, and between these and blocked. */
static void each_transition_exposes_no_memory(struct kunit *test)
{
	struct guest *g = make_guest(test);
	struct arm_smmu_model_watch watch = { .sid = SID, .iova = VA };
	struct iommu_domain *domains[4];
	u64 leads_to[4];
	int from, to;

	guest_map(g, VA, PAGE_A, true);
	domains[0] = make_nested(test, g);
	leads_to[0] = g->memory + PAGE_A;
	domains[1] = make_nested(test, g);
	leads_to[1] = g->memory + PAGE_A;
	domains[2] = g->parent;
	leads_to[2] = g->memory + PAGE_B;
	KUNIT_ASSERT_EQ(test, 0,
			iommu_map(g->parent, VA, leads_to[2], SZ_4K,
				  IOMMU_READ | IOMMU_WRITE, GFP_KERNEL));
	domains[3] = iommu_paging_domain_alloc(g->dev);
	KUNIT_ASSERT_FALSE(test, IS_ERR(domains[3]));
	leads_to[3] = g->memory;
	KUNIT_ASSERT_EQ(test, attach(g, domains[3]), 0);
	KUNIT_ASSERT_EQ(test, 0,
			iommu_map(domains[3], VA, leads_to[3], SZ_4K,
				  IOMMU_READ | IOMMU_WRITE, GFP_KERNEL));
	detach(g, domains[3]);

	g->model->watch = &watch;
	for (from = 0; from < ARRAY_SIZE(domains); from++) {
		for (to = 0; to < ARRAY_SIZE(domains); to++) {
			watch.allowed[0] = leads_to[from];
			watch.allowed[1] = 0;
			KUNIT_EXPECT_EQ(test, attach(g, domains[from]), 0);
			KUNIT_EXPECT_EQ(test, reaches(g, VA), leads_to[from]);
			watch.allowed[1] = leads_to[to];
			KUNIT_EXPECT_EQ(test, attach(g, domains[to]), 0);
			KUNIT_EXPECT_EQ(test, reaches(g, VA), leads_to[to]);
			watch.allowed[0] = 0;
			detach(g, domains[to]);
			KUNIT_EXPECT_EQ(test, reaches(g, VA), 0);
		}
	}
	KUNIT_EXPECT_GT(test, watch.looked, 16);
	KUNIT_EXPECT_EQ(test, watch.wrong, 0);
	g->model->watch = NULL;
	iommu_domain_free(domains[3]);
	iommu_domain_free(domains[1]);
	iommu_domain_free(domains[0]);
	drop_guest(test, g);
}

/* Attaching writes only S2CR. */
static void attach_is_one_write(struct kunit *test)
{
	struct guest *g = make_guest(test);
	struct iommu_domain *a = make_nested(test, g);
	struct iommu_domain *b = make_nested(test, g);

	KUNIT_ASSERT_EQ(test, attach(g, a), 0);
	g->model->writes = 0;
	KUNIT_ASSERT_EQ(test, attach(g, b), 0);
	KUNIT_EXPECT_EQ(test, g->model->writes, 1);
	detach(g, b);
	iommu_domain_free(b);
	iommu_domain_free(a);
	drop_guest(test, g);
}

static void banks_run_out(struct kunit *test)
{
	struct guest *g = make_guest(test);
	struct iommu_hwpt_arm_smmuv2 arg = bank_of_guest();
	struct iommu_domain *domains[MODEL_BANKS + 1];
	int n, round, first = -1;

	guest_map(g, VA, PAGE_A, true);
	for (round = 0; round < 2; round++) {
		for (n = 0; n <= MODEL_BANKS; n++) {
			domains[n] = alloc_nested(test, g, &arg);
			if (IS_ERR(domains[n]))
				break;
		}
		KUNIT_EXPECT_EQ(test, PTR_ERR_OR_ZERO(domains[n]), -ENOSPC);
		KUNIT_ASSERT_GE(test, n, MODEL_BANKS - 4);
		if (first < 0)
			first = n;
		KUNIT_EXPECT_EQ(test, n, first);
		/* The last one works like any other */
		KUNIT_EXPECT_EQ(test, attach(g, domains[n - 1]), 0);
		KUNIT_EXPECT_EQ(test, reaches(g, VA), g->memory + PAGE_A);
		detach(g, domains[n - 1]);
		while (n--)
			iommu_domain_free(domains[n]);
	}
	drop_guest(test, g);
}

static void resume_restores_nested_banks(struct kunit *test)
{
	struct guest *g = make_guest(test);
	struct iommu_domain *nested = make_nested(test, g);
	struct device *smmu = &g->model->pdev->dev;

	guest_map(g, VA, PAGE_A, true);
	KUNIT_ASSERT_EQ(test, attach(g, nested), 0);
	KUNIT_ASSERT_EQ(test, 0, smmu->driver->pm->runtime_suspend(smmu));
	arm_smmu_model_power_loss(g->model);
	KUNIT_ASSERT_EQ(test, 0, smmu->driver->pm->runtime_resume(smmu));
	KUNIT_EXPECT_EQ(test, reaches(g, VA), g->memory + PAGE_A);
	KUNIT_EXPECT_EQ(test, reaches(g, VA + SZ_4K), 0);
	detach(g, nested);
	iommu_domain_free(nested);
	drop_guest(test, g);
}

/* The bank records a fault of which no interrupt is raised. */
static void set_fault(struct guest *g, int bank)
{
	scoped_guard(spinlock_irqsave, &g->model->lock)
		g->model->cb[bank][ARM_SMMU_CB_FSR / 4] = ARM_SMMU_CB_FSR_TF;
}

/*
 * A fault that nobody handled before its bank was freed, or that came later, is not
 * the next owner's, whatever that is.
 */
static void new_bank_has_no_fault(struct kunit *test)
{
	struct guest *g = make_guest(test);
	struct iommu_domain *plain, *nested = make_nested(test, g);
	int bank = bank_of(nested);

	set_fault(g, bank);
	iommu_domain_free(nested);
	KUNIT_EXPECT_EQ(test, model_cb(g->model, bank, ARM_SMMU_CB_SCTLR), 0);
	KUNIT_EXPECT_EQ(test, model_cb(g->model, bank, ARM_SMMU_CB_FSR), 0);

	set_fault(g, bank);
	nested = make_nested(test, g);
	KUNIT_ASSERT_EQ(test, bank_of(nested), bank);
	KUNIT_EXPECT_EQ(test, model_cb(g->model, bank, ARM_SMMU_CB_FSR), 0);
	iommu_domain_free(nested);

	set_fault(g, bank);
	plain = dev_iommu_ops(g->dev)->domain_alloc_user(g->dev, 0, NULL, NULL);
	KUNIT_ASSERT_FALSE(test, IS_ERR(plain));
	KUNIT_EXPECT_NE(test, model_cb(g->model, bank, ARM_SMMU_CB_SCTLR), 0);
	KUNIT_EXPECT_EQ(test, model_cb(g->model, bank, ARM_SMMU_CB_FSR), 0);
	iommu_domain_free(plain);
	drop_guest(test, g);
}

/* It has no virtual ID yet, so it cannot join a group whose domain is nested. */
static void device_without_virtual_id_cannot_join(struct kunit *test)
{
	struct guest *g = make_guest(test);
	struct iommu_domain *nested = make_nested(test, g);
	struct device *added;

	guest_map(g, VA, PAGE_A, true);
	KUNIT_ASSERT_EQ(test, attach(g, nested), 0);
	added = arm_smmu_model_join(g->model, SID);
	KUNIT_EXPECT_NULL(test, added->iommu_group);
	KUNIT_EXPECT_EQ(test, reaches(g, VA), g->memory + PAGE_A);
	detach(g, nested);
	iommu_domain_free(nested);
	drop_guest(test, g);
}

/* An attach that fails restores the domain, also if its devices lost their IDs. */
static void failed_attach_restores_the_domain(struct kunit *test)
{
	struct guest *g = make_guest(test);
	struct iommu_domain *a = make_nested(test, g);
	struct iommu_domain *b = make_nested(test, g);

	guest_map(g, VA, PAGE_A, true);
	KUNIT_ASSERT_EQ(test, attach(g, a), 0);
	iommufd_viommu_remove_vdevice(g->viommu, g->vdev);
	KUNIT_EXPECT_EQ(test, attach(g, b), -ENOENT);
	KUNIT_EXPECT_EQ(test, reaches(g, VA), g->memory + PAGE_A);
	detach(g, a);
	add_vdevice(test, g);
	iommu_domain_free(b);
	iommu_domain_free(a);
	drop_guest(test, g);
}

struct record {
	struct iommufd_vevent_header header;
	struct iommu_vevent_arm_smmuv2 event;
};

static void faults_of_both_stages_reach_the_guest(struct kunit *test)
{
	struct guest *g = make_guest(test);
	struct iommu_domain *nested = make_nested(test, g);
	struct iommufd_veventq_ring ring = {};
	wait_queue_head_t wait;
	struct record *records;

	init_waitqueue_head(&wait);
	KUNIT_EXPECT_EQ(test,
			g->viommu->ops->veventq_event_size(
				g->viommu, IOMMU_VEVENTQ_TYPE_ARM_SMMUV3),
			0);
	KUNIT_ASSERT_EQ(
		test, 0,
		iommufd_veventq_ring_init(
			&ring, IOMMU_VEVENTQ_TYPE_ARM_SMMUV2, 4,
			g->viommu->ops->veventq_event_size(
				g->viommu, IOMMU_VEVENTQ_TYPE_ARM_SMMUV2),
			&wait));
	KUNIT_ASSERT_EQ(test, ring.entry_size, sizeof(struct record));
	KUNIT_ASSERT_EQ(test, 0, iommufd_viommu_add_ring(g->viommu, &ring));
	records = ring.entries;

	guest_map(g, VA, PAGE_A, true);
	guest_map(g, VA + SZ_4K, PAGE_B, true);
	KUNIT_EXPECT_EQ(test, SZ_4K,
			iommu_unmap(g->parent, GPA + PAGE_B, SZ_4K));
	KUNIT_ASSERT_EQ(test, attach(g, nested), 0);
	KUNIT_EXPECT_EQ(test, reaches(g, VA), g->memory + PAGE_A);
	KUNIT_EXPECT_EQ(test, ring.count, 0);

	KUNIT_EXPECT_EQ(test, reaches(g, VA + SZ_8K + 4), 0);
	KUNIT_EXPECT_EQ(test, ring.count, 1);
	KUNIT_EXPECT_EQ(test, records[0].event.virt_sid, VSID);
	KUNIT_EXPECT_EQ(test, records[0].event.stage, 1);
	KUNIT_EXPECT_EQ(test, records[0].event.fsr, ARM_SMMU_CB_FSR_TF);
	KUNIT_EXPECT_EQ(test, records[0].event.fsynr0, ARM_SMMU_CB_FSYNR0_WNR);
	KUNIT_EXPECT_EQ(test, records[0].event.far, VA + SZ_8K + 4);
	KUNIT_EXPECT_EQ(test, records[0].event.ipafar, 0);

	KUNIT_EXPECT_EQ(test, reaches(g, VA + SZ_4K + 4), 0);
	KUNIT_EXPECT_EQ(test, ring.count, 2);
	KUNIT_EXPECT_EQ(test, records[1].event.virt_sid, VSID);
	KUNIT_EXPECT_EQ(test, records[1].event.stage, 2);
	KUNIT_EXPECT_EQ(test, records[1].event.fsynr0, ARM_SMMU_CB_FSYNR0_WNR);
	KUNIT_EXPECT_EQ(test, records[1].event.far, VA + SZ_4K + 4);
	KUNIT_EXPECT_EQ(test, records[1].event.ipafar, GPA + PAGE_B + 4);

	/* Without a virtual ID the faults are the host's */
	iommufd_viommu_remove_vdevice(g->viommu, g->vdev);
	KUNIT_EXPECT_EQ(test, reaches(g, VA + SZ_8K), 0);
	KUNIT_EXPECT_EQ(test, ring.count, 2);
	detach(g, nested);
	KUNIT_EXPECT_EQ(test, attach(g, nested), -ENOENT);
	KUNIT_EXPECT_EQ(test, reaches(g, VA), 0);

	add_vdevice(test, g);
	iommufd_viommu_remove_ring(g->viommu, &ring);
	iommufd_veventq_ring_free(&ring);
	iommu_domain_free(nested);
	drop_guest(test, g);
}

/* Two guests use the same ASID and addresses, and one invalidates all that it can. */
static void guests_are_apart(struct kunit *test)
{
	struct iommu_viommu_arm_smmuv2_invalidate all = {
		.opcode = IOMMU_ARM_SMMUV2_TLBI_ALL,
	};
	struct guest *g = make_guest(test), other = *g;
	struct iommu_domain *nested = make_nested(test, g), *its;
	unsigned int before;
	u32 done;

	other.dev = arm_smmu_model_master(g->model, SID + 1);
	other.memory = arm_smmu_model_memory(test);
	other.parent = dev_iommu_ops(g->dev)->domain_alloc_user(
		other.dev, IOMMU_HWPT_ALLOC_NEST_PARENT, NULL, NULL);
	KUNIT_ASSERT_FALSE(test, IS_ERR(other.parent));
	other.parent->owner = dev_iommu_ops(g->dev);
	map_memory(test, &other);
	make_viommu(test, &other);
	add_vdevice(test, &other);
	KUNIT_ASSERT_EQ(test, 0,
			iommu_group_claim_dma_owner(other.dev->iommu_group,
						    &other));
	its = make_nested(test, &other);

	guest_map(g, VA, PAGE_A, true);
	guest_map(&other, VA, PAGE_A, true);
	KUNIT_ASSERT_EQ(test, attach(g, nested), 0);
	KUNIT_ASSERT_EQ(test, attach(&other, its), 0);
	KUNIT_EXPECT_EQ(test, reaches(g, VA), g->memory + PAGE_A);
	KUNIT_EXPECT_EQ(test, arm_smmu_model_reaches(g->model, SID + 1, VA),
			other.memory + PAGE_A);

	/* Half of the entries are the other guest's, and stay */
	before = arm_smmu_model_entries(g->model);
	KUNIT_EXPECT_EQ(test, invalidate(test, g, &all, 1, &done), 0);
	KUNIT_EXPECT_GE(test, arm_smmu_model_entries(g->model), before / 2);
	guest_map(&other, VA, PAGE_B, true);
	KUNIT_EXPECT_EQ(test, arm_smmu_model_reaches(g->model, SID + 1, VA),
			other.memory + PAGE_A);

	/* A domain of one guest cannot be used for the other's device */
	detach(g, nested);
	KUNIT_EXPECT_EQ(test, attach(g, its), -ENOENT);
	detach(&other, its);
	iommu_domain_free(its);
	iommu_domain_free(nested);
	iommu_group_release_dma_owner(other.dev->iommu_group);
	iommufd_viommu_remove_vdevice(other.viommu, other.vdev);
	iommu_domain_free(other.parent);
	drop_guest(test, g);
}

static void user_data_is_checked(struct kunit *test)
{
	struct guest *g = make_guest(test);
	struct iommu_hwpt_arm_smmuv2 arg = bank_of_guest();
	struct iommu_user_data data = {
		.type = IOMMU_HWPT_DATA_ARM_SMMUV3,
		.uptr = g->user,
		.len = sizeof(arg),
	};
	const struct iommufd_viommu_ops *ops = g->viommu->ops;

	KUNIT_ASSERT_EQ(test, 0, copy_to_user(g->user, &arg, sizeof(arg)));
	KUNIT_EXPECT_EQ(test, -EINVAL,
			PTR_ERR(ops->alloc_domain_nested(g->viommu, 0, &data)));
	data.type = IOMMU_HWPT_DATA_ARM_SMMUV2;
	KUNIT_EXPECT_EQ(test, -EOPNOTSUPP,
			PTR_ERR(ops->alloc_domain_nested(g->viommu, 1, &data)));
	data.len--;
	KUNIT_EXPECT_EQ(test, -EINVAL,
			PTR_ERR(ops->alloc_domain_nested(g->viommu, 0, &data)));
	data.len = sizeof(arg) + 1;
	KUNIT_EXPECT_EQ(test, -EINVAL,
			PTR_ERR(ops->alloc_domain_nested(g->viommu, 0, &data)));
	data.len = sizeof(arg);
	data.uptr = (void __user *)(TASK_SIZE - 8);
	KUNIT_EXPECT_EQ(test, -EFAULT,
			PTR_ERR(ops->alloc_domain_nested(g->viommu, 0, &data)));
	drop_guest(test, g);
}

static void only_nest_parents_have_viommus(struct kunit *test)
{
	struct guest *g = make_guest(test);
	const struct iommu_ops *ops = dev_iommu_ops(g->dev);
	struct iommu_domain *plain;

	plain = ops->domain_alloc_user(g->dev, 0, NULL, NULL);
	KUNIT_ASSERT_FALSE(test, IS_ERR(plain));
	KUNIT_EXPECT_EQ(test, ops->viommu_init(g->viommu, plain, NULL),
			-EINVAL);
	KUNIT_EXPECT_EQ(test, 0,
			ops->get_viommu_size(g->dev,
					     IOMMU_VIOMMU_TYPE_ARM_SMMUV3));
	iommu_domain_free(plain);
	drop_guest(test, g);
}

static void nesting_is_refused(struct kunit *test)
{
	struct arm_smmu_model *model =
		arm_smmu_model_create(test, test->param_value);
	struct device *dev = arm_smmu_model_master(model, SID);
	const struct iommu_ops *ops = dev_iommu_ops(dev);
	struct iommu_hw_info_arm_smmuv2 *info;
	struct iommu_domain *domain;
	u32 length, type;

	KUNIT_EXPECT_EQ(test, 0,
			ops->get_viommu_size(dev,
					     IOMMU_VIOMMU_TYPE_ARM_SMMUV2));
	KUNIT_EXPECT_EQ(
		test, -EOPNOTSUPP,
		PTR_ERR(ops->domain_alloc_user(
			dev, IOMMU_HWPT_ALLOC_NEST_PARENT, NULL, NULL)));
	domain = ops->domain_alloc_user(dev, 0, NULL, NULL);
	KUNIT_ASSERT_FALSE(test, IS_ERR(domain));
	iommu_domain_free(domain);

	info = ops->hw_info(dev, &length, &type);
	KUNIT_ASSERT_FALSE(test, IS_ERR(info));
	KUNIT_EXPECT_EQ(test, info->can_nest, 0);
	KUNIT_EXPECT_EQ(test, info->idr[0], model->kind->id0);
	kfree(info);
}

static void hw_info_is_what_the_registers_say(struct kunit *test)
{
	struct guest *g = make_guest(test);
	struct iommu_hw_info_arm_smmuv2 *info;
	u32 length = 0, type = 0;

	info = dev_iommu_ops(g->dev)->hw_info(g->dev, &length, &type);
	KUNIT_ASSERT_FALSE(test, IS_ERR(info));
	KUNIT_EXPECT_EQ(test, type, IOMMU_HW_INFO_TYPE_ARM_SMMUV2);
	KUNIT_EXPECT_EQ(test, length, sizeof(*info));
	KUNIT_EXPECT_EQ(test, info->flags, 0);
	KUNIT_EXPECT_EQ(test, info->can_nest, 1);
	KUNIT_EXPECT_EQ(test, info->idr[0], g->model->kind->id0);
	KUNIT_EXPECT_EQ(test, info->idr[1], g->model->kind->id1);
	KUNIT_EXPECT_EQ(test, info->idr[2], g->model->kind->id2);
	KUNIT_EXPECT_EQ(test, info->idr[7], 0x21);
	kfree(info);
	drop_guest(test, g);
}

static struct kunit_case nested_cases[] = {
	KUNIT_CASE_PARAM(both_stages_translate, kind_gen_params),
	KUNIT_CASE_PARAM(unmap_of_stage2_reaches_the_tlb, kind_gen_params),
	KUNIT_CASE_PARAM(lost_invalidation_of_stage2_shows, kind_gen_params),
	KUNIT_CASE_PARAM(guest_invalidates, kind_gen_params),
	KUNIT_CASE_PARAM(guest_without_bank_invalidates, kind_gen_params),
	KUNIT_CASE_PARAM(commands_are_checked, kind_gen_params),
	KUNIT_CASE_PARAM(each_bit_of_the_bank_is_checked, kind_gen_params),
	KUNIT_CASE_PARAM(each_transition_exposes_no_memory, kind_gen_params),
	KUNIT_CASE_PARAM(attach_is_one_write, kind_gen_params),
	KUNIT_CASE_PARAM(banks_run_out, kind_gen_params),
	KUNIT_CASE_PARAM(resume_restores_nested_banks, kind_gen_params),
	KUNIT_CASE_PARAM(new_bank_has_no_fault, kind_gen_params),
	KUNIT_CASE_PARAM(device_without_virtual_id_cannot_join,
			 kind_gen_params),
	KUNIT_CASE_PARAM(failed_attach_restores_the_domain, kind_gen_params),
	KUNIT_CASE_PARAM(faults_of_both_stages_reach_the_guest,
			 kind_gen_params),
	KUNIT_CASE_PARAM(guests_are_apart, kind_gen_params),
	KUNIT_CASE_PARAM(user_data_is_checked, kind_gen_params),
	KUNIT_CASE_PARAM(only_nest_parents_have_viommus, kind_gen_params),
	KUNIT_CASE_PARAM(hw_info_is_what_the_registers_say, kind_gen_params),
	KUNIT_CASE_PARAM(nesting_is_refused, refused_gen_params),
	{}
};

static struct kunit_suite nested_suite = {
	.name = "arm-smmu-nested",
	.exit = nested_exit,
	.test_cases = nested_cases,
};

kunit_test_suites(&nested_suite);

MODULE_DESCRIPTION("KUnit tests for nested translation by an SMMUv2");
MODULE_LICENSE("GPL");
MODULE_IMPORT_NS(IOMMUFD);
