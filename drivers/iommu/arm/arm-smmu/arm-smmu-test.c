// SPDX-License-Identifier: GPL-2.0-only
/*
 * Tests of the SMMUv1 and SMMUv2 driver, on SMMUs simulated in memory
 *
 * Driver and IOMMU core are the real ones, from probe to removal. The model, which sees
 * only registers, tables and TLB, reports what a device behind the SMMU reaches.
 */
#include <linux/iommu.h>
#include <kunit/test.h>

#include "../../iommu-priv.h"
#include "arm-smmu-model.h"

#define IOVA 0x12200000UL
#define BLOCK MODEL_MEMORY
#define SID 0x10
#define OTHER_SID 0x20

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
		.name = "MMU-500, tables not coherent",
		.iort_model = ACPI_IORT_SMMU_CORELINK_MMU500,
		.id0 = MODEL_ID0_BOTH | MODEL_ID0_REST,
		.id1 = MODEL_ID1(0),
		.id2 = MODEL_ID2_V2,
		.irqs = MODEL_BANKS,
	},
	{
		.name = "SMMUv2, VMIDs of 8 bits, two banks for stage 2 only",
		.iort_model = ACPI_IORT_SMMU_V2,
		.id0 = MODEL_ID0_BOTH | MODEL_ID0_REST | ARM_SMMU_ID0_CTTW,
		.id1 = MODEL_ID1(2),
		.id2 = MODEL_ID2_V2,
		.irqs = MODEL_BANKS,
		.coherent = true,
	},
	{
		.name = "SMMUv2, VMIDs of 16 bits",
		.iort_model = ACPI_IORT_SMMU_V2,
		.id0 = MODEL_ID0_BOTH | MODEL_ID0_REST | ARM_SMMU_ID0_CTTW,
		.id1 = MODEL_ID1(2),
		.id2 = MODEL_ID2_V2 | ARM_SMMU_ID2_VMID16,
		.irqs = MODEL_BANKS,
		.coherent = true,
	},
	{
		.name = "MMU-401, stage 2 only",
		.iort_model = ACPI_IORT_SMMU_CORELINK_MMU401,
		.id0 = ARM_SMMU_ID0_S2TS | MODEL_ID0_REST | ARM_SMMU_ID0_CTTW,
		.id1 = MODEL_ID1(MODEL_BANKS),
		.id2 = MODEL_ID2_V1,
		.irqs = 2,
		.coherent = true,
	},
	{
		.name = "SMMUv1, both stages",
		.iort_model = ACPI_IORT_SMMU_V1,
		.id0 = MODEL_ID0_BOTH | MODEL_ID0_REST | ARM_SMMU_ID0_CTTW,
		.id1 = MODEL_ID1(2),
		.id2 = MODEL_ID2_V1,
		.irqs = 3,
		.coherent = true,
	},
};

KUNIT_ARRAY_PARAM(kind, kinds, arm_smmu_model_name);

static struct arm_smmu_model *make_smmu(struct kunit *test)
{
	return arm_smmu_model_create(test, test->param_value);
}

static struct iommu_domain *make_domain(struct kunit *test, struct device *dev,
					bool stage2)
{
	struct iommu_domain *domain = iommu_paging_domain_alloc(dev);

	KUNIT_ASSERT_FALSE(test, IS_ERR(domain));
	if (stage2)
		KUNIT_ASSERT_EQ(test, 0, iommu_enable_nesting(domain));
	return domain;
}

static struct iommu_domain *attach_domain(struct kunit *test,
					  struct device *dev, bool stage2)
{
	struct iommu_domain *domain = make_domain(test, dev, stage2);

	KUNIT_ASSERT_EQ(test, 0, iommu_attach_device(domain, dev));
	return domain;
}

static void drop_domain(struct iommu_domain *domain, struct device *dev)
{
	iommu_detach_device(domain, dev);
	iommu_domain_free(domain);
}

static void map(struct kunit *test, struct iommu_domain *domain,
		unsigned long iova, phys_addr_t pa, size_t size)
{
	KUNIT_ASSERT_EQ(test, 0,
			iommu_map(domain, iova, pa, size,
				  IOMMU_READ | IOMMU_WRITE, GFP_KERNEL));
}

static u16 vmid_of(struct arm_smmu_model *model, struct iommu_domain *domain)
{
	struct arm_smmu_domain *smmu_domain =
		container_of(domain, struct arm_smmu_domain, domain);

	return model_vmid(model, smmu_domain->cfg.cbndx);
}

/* Whether the SMMU has the stage. */
static bool has_stage(const struct arm_smmu_model_kind *kind, bool stage2)
{
	return kind->id0 & (stage2 ? ARM_SMMU_ID0_S2TS : ARM_SMMU_ID0_S1TS);
}

static void device_reaches_what_is_mapped(struct kunit *test)
{
	struct arm_smmu_model *model = make_smmu(test);
	struct device *dev = arm_smmu_model_master(model, SID);
	phys_addr_t memory = arm_smmu_model_memory(test);
	int stage2;
	u64 pa;

	KUNIT_EXPECT_EQ(test, arm_smmu_model_reaches(model, SID, IOVA), 0);
	for (stage2 = 0; stage2 < 2; stage2++) {
		struct iommu_domain *domain;

		if (!has_stage(model->kind, stage2))
			continue;
		domain = attach_domain(test, dev, stage2);
		KUNIT_EXPECT_EQ(test, arm_smmu_model_reaches(model, SID, IOVA),
				0);
		map(test, domain, IOVA, memory + SZ_4K, SZ_4K);
		map(test, domain, IOVA + BLOCK, memory, BLOCK);
		KUNIT_ASSERT_EQ(test, 0,
				iommu_map(domain, IOVA + SZ_4K, memory, SZ_4K,
					  IOMMU_READ, GFP_KERNEL));

		KUNIT_EXPECT_EQ(test,
				arm_smmu_model_reaches(model, SID, IOVA + 8),
				memory + SZ_4K + 8);
		KUNIT_EXPECT_EQ(test,
				arm_smmu_model_reaches(model, SID,
						       IOVA + BLOCK + 0x12340),
				memory + 0x12340);
		KUNIT_EXPECT_EQ(
			test, arm_smmu_model_reaches(model, SID, IOVA + SZ_4K),
			0);
		KUNIT_EXPECT_EQ(test, 0,
				arm_smmu_model_access(model, SID, IOVA + SZ_4K,
						      false, &pa));
		KUNIT_EXPECT_EQ(test, pa, memory);
		KUNIT_EXPECT_EQ(
			test, arm_smmu_model_reaches(model, SID, IOVA + SZ_8K),
			0);
		drop_domain(domain, dev);
		KUNIT_EXPECT_EQ(test, arm_smmu_model_reaches(model, SID, IOVA),
				0);
	}
	KUNIT_EXPECT_EQ(test, model->broken, 0);
}

/* Each scenario returns whether the device still reached what had been removed. */

static bool stale_page(struct kunit *test, struct arm_smmu_model *model,
		       struct device *dev, bool stage2)
{
	struct iommu_domain *domain = attach_domain(test, dev, stage2);
	phys_addr_t memory = arm_smmu_model_memory(test);
	u64 stale;

	map(test, domain, IOVA, memory, SZ_4K);
	KUNIT_EXPECT_EQ(test, arm_smmu_model_reaches(model, SID, IOVA), memory);
	KUNIT_EXPECT_EQ(test, iommu_unmap(domain, IOVA, SZ_4K), SZ_4K);
	stale = arm_smmu_model_reaches(model, SID, IOVA);
	KUNIT_EXPECT_TRUE(test, !stale || stale == memory);
	model->deaf = 0;
	drop_domain(domain, dev);
	return stale;
}

/* A table is freed with all of its pages, and replaced by a block. */
static bool stale_table(struct kunit *test, struct arm_smmu_model *model,
			struct device *dev, bool stage2)
{
	struct iommu_domain *domain = attach_domain(test, dev, stage2);
	phys_addr_t memory = arm_smmu_model_memory(test);
	u64 at = IOVA + BLOCK - SZ_4K, seen;
	unsigned int i;

	/* Backwards, so that no two pages are contiguous. */
	for (i = 0; i < BLOCK / SZ_4K; i++)
		map(test, domain, IOVA + i * SZ_4K,
		    memory + BLOCK - (i + 1) * SZ_4K, SZ_4K);
	KUNIT_EXPECT_EQ(test, arm_smmu_model_reaches(model, SID, IOVA),
			memory + BLOCK - SZ_4K);
	KUNIT_EXPECT_EQ(test, iommu_unmap(domain, IOVA, BLOCK), BLOCK);
	map(test, domain, IOVA, memory, BLOCK);
	/* Another page than before, so only a cached table matters. */
	seen = arm_smmu_model_reaches(model, SID, at);
	model->deaf = 0;
	drop_domain(domain, dev);
	return seen != memory + BLOCK - SZ_4K;
}

/* The next domain gets the bank and the IDs of a freed one. */
static bool stale_domain(struct kunit *test, struct arm_smmu_model *model,
			 struct device *dev, bool stage2)
{
	struct iommu_domain *domain = attach_domain(test, dev, stage2);
	phys_addr_t memory = arm_smmu_model_memory(test);
	u64 seen;

	map(test, domain, IOVA, memory, SZ_4K);
	KUNIT_EXPECT_EQ(test, arm_smmu_model_reaches(model, SID, IOVA), memory);
	/* Freed with everything mapped, as at process exit. */
	drop_domain(domain, dev);

	domain = attach_domain(test, dev, stage2);
	map(test, domain, IOVA, memory + SZ_4K, SZ_4K);
	seen = arm_smmu_model_reaches(model, SID, IOVA);
	model->deaf = 0;
	drop_domain(domain, dev);
	return seen != memory + SZ_4K;
}

struct stale_scenario {
	const char *name;
	bool (*run)(struct kunit *test, struct arm_smmu_model *model,
		    struct device *dev, bool stage2);
	/* The write that must not be lost: stage 1, stage 2, stage 2 of an SMMUv1. */
	int s1, s2, s2_v1;
};

static const struct stale_scenario scenarios[] = {
	{ "page", stale_page, ARM_SMMU_CB_S1_TLBIVAL, ARM_SMMU_CB_S2_TLBIIPAS2L,
	  ARM_SMMU_GR0_TLBIVMID },
	{ "table", stale_table, ARM_SMMU_CB_S1_TLBIVA, ARM_SMMU_CB_S2_TLBIIPAS2,
	  ARM_SMMU_GR0_TLBIVMID },
	{ "domain", stale_domain, ARM_SMMU_CB_S1_TLBIASID,
	  ARM_SMMU_GR0_TLBIVMID, ARM_SMMU_GR0_TLBIVMID },
	{ "page, not synchronised", stale_page, ARM_SMMU_CB_TLBSYNC,
	  ARM_SMMU_CB_TLBSYNC, ARM_SMMU_GR0_sTLBGSYNC },
	{ "table, not synchronised", stale_table, ARM_SMMU_CB_TLBSYNC,
	  ARM_SMMU_CB_TLBSYNC, ARM_SMMU_GR0_sTLBGSYNC },
	{ "domain, not synchronised", stale_domain, ARM_SMMU_CB_TLBSYNC,
	  ARM_SMMU_GR0_sTLBGSYNC, ARM_SMMU_GR0_sTLBGSYNC },
};

static void nothing_stale_is_reached(struct kunit *test)
{
	struct arm_smmu_model *model = make_smmu(test);
	struct device *dev = arm_smmu_model_master(model, SID);
	unsigned int i;
	int stage2;

	for (stage2 = 0; stage2 < 2; stage2++)
		for (i = 0; i < ARRAY_SIZE(scenarios); i++)
			if (has_stage(model->kind, stage2))
				KUNIT_EXPECT_FALSE_MSG(
					test,
					scenarios[i].run(test, model, dev,
							 stage2),
					"%s, stage %d", scenarios[i].name,
					stage2 + 1);
	KUNIT_EXPECT_EQ(test, model->broken, 0);
}

/* The model detects a lost invalidation: each one in turn is lost. */
static void each_lost_invalidation_shows(struct kunit *test)
{
	struct arm_smmu_model *model = make_smmu(test);
	struct device *dev = arm_smmu_model_master(model, SID);
	unsigned int i;
	int stage2;

	for (stage2 = 0; stage2 < 2; stage2++) {
		for (i = 0; i < ARRAY_SIZE(scenarios); i++) {
			const struct stale_scenario *s = &scenarios[i];
			int lose = s->s1;

			if (!has_stage(model->kind, stage2))
				continue;
			if (stage2)
				lose = model->smmu->version == ARM_SMMU_V2 ?
					       s->s2 :
					       s->s2_v1;
			/* No entries that the previous scenario left behind. */
			scoped_guard(spinlock_irqsave, &model->lock)
				model_drop_tlb(model);
			model->deaf_page = lose >= 0x400;
			model->deaf = lose;
			model->lost = 0;
			KUNIT_EXPECT_TRUE_MSG(test,
					      s->run(test, model, dev, stage2),
					      "%s, stage %d", s->name,
					      stage2 + 1);
			KUNIT_EXPECT_GT(test, model->lost, 0);
		}
	}
}

static void stages_share_no_vmid(struct kunit *test)
{
	struct arm_smmu_model *model = make_smmu(test);
	struct device *dev = arm_smmu_model_master(model, SID);
	struct device *other = arm_smmu_model_master(model, OTHER_SID);
	phys_addr_t memory = arm_smmu_model_memory(test);
	struct iommu_domain *s1, *s2;

	if (!has_stage(model->kind, false) || !has_stage(model->kind, true))
		kunit_skip(test, "one stage only");

	s2 = attach_domain(test, dev, true);
	s1 = attach_domain(test, other, false);
	/* Stage 2 maps the output address of stage 1, too, to another page. */
	map(test, s2, memory, memory + SZ_4K, SZ_4K);
	map(test, s1, IOVA, memory, SZ_4K);
	KUNIT_EXPECT_EQ(test, arm_smmu_model_reaches(model, SID, memory),
			memory + SZ_4K);
	KUNIT_EXPECT_EQ(test, arm_smmu_model_reaches(model, OTHER_SID, IOVA),
			memory);
	KUNIT_EXPECT_EQ(test, model->broken, 0);

	/* The invalidation at the end of stage 2 does not affect stage 1. */
	KUNIT_EXPECT_EQ(test, vmid_of(model, s1), 0);
	KUNIT_EXPECT_NE(test, vmid_of(model, s2), 0);
	drop_domain(s2, dev);
	KUNIT_EXPECT_EQ(test, arm_smmu_model_reaches(model, OTHER_SID, IOVA),
			memory);
	drop_domain(s1, other);
}

/* As many domains as banks, of both stages in turn: no two share an ID. */
static void banks_run_out(struct kunit *test)
{
	struct arm_smmu_model *model = make_smmu(test);
	struct device *dev = arm_smmu_model_master(model, SID);
	struct iommu_domain *domains[MODEL_BANKS + 1];
	phys_addr_t memory = arm_smmu_model_memory(test);
	int round, n, ret;

	for (round = 0; round < 2; round++) {
		for (n = 0, ret = 0; n <= MODEL_BANKS; n++) {
			domains[n] = make_domain(test, dev, n % 2);
			ret = iommu_attach_device(domains[n], dev);
			if (ret)
				break;
			map(test, domains[n], IOVA, memory + n * SZ_4K, SZ_4K);
			KUNIT_EXPECT_EQ(
				test, arm_smmu_model_reaches(model, SID, IOVA),
				memory + n * SZ_4K);
			iommu_detach_device(domains[n], dev);
		}
		KUNIT_EXPECT_EQ(test, ret, -ENOSPC);
		KUNIT_EXPECT_GE(test, n, MODEL_BANKS - 4);
		KUNIT_EXPECT_EQ(test, arm_smmu_model_reaches(model, SID, IOVA),
				0);
		for (; n >= 0; n--)
			iommu_domain_free(domains[n]);
	}
	KUNIT_EXPECT_EQ(test, model->broken, 0);
	KUNIT_EXPECT_EQ(test, arm_smmu_model_entries(model), 0);
}

static void change_of_domain_exposes_no_memory(struct kunit *test)
{
	struct arm_smmu_model *model = make_smmu(test);
	struct device *dev = arm_smmu_model_master(model, SID);
	phys_addr_t memory = arm_smmu_model_memory(test);
	struct arm_smmu_model_watch watch = { .sid = SID, .iova = IOVA };
	struct iommu_domain *domains[4];
	int i, owner;

	for (i = 0; i < ARRAY_SIZE(domains); i++) {
		domains[i] = attach_domain(test, dev, i % 2);
		map(test, domains[i], IOVA, memory + i * SZ_4K, SZ_4K);
		iommu_detach_device(domains[i], dev);
	}

	model->watch = &watch;
	KUNIT_ASSERT_EQ(test, 0,
			iommu_group_claim_dma_owner(dev->iommu_group, &owner));
	KUNIT_EXPECT_EQ(test, arm_smmu_model_reaches(model, SID, IOVA), 0);
	for (i = 0; i < ARRAY_SIZE(domains); i++) {
		watch.allowed[i % 2] = memory + i * SZ_4K;
		KUNIT_EXPECT_EQ(test, 0,
				iommu_group_replace_domain(dev->iommu_group,
							   domains[i]));
		KUNIT_EXPECT_EQ(test, arm_smmu_model_reaches(model, SID, IOVA),
				memory + i * SZ_4K);
	}
	iommu_detach_group(domains[3], dev->iommu_group);
	watch.allowed[0] = 0;
	watch.allowed[1] = 0;
	KUNIT_EXPECT_EQ(test, arm_smmu_model_reaches(model, SID, IOVA), 0);
	iommu_group_release_dma_owner(dev->iommu_group);
	KUNIT_EXPECT_GT(test, watch.looked, 4);
	KUNIT_EXPECT_EQ(test, watch.wrong, 0);
	model->watch = NULL;
	for (i = 0; i < ARRAY_SIZE(domains); i++)
		iommu_domain_free(domains[i]);
	KUNIT_EXPECT_EQ(test, model->broken, 0);
}

static void resume_restores_all_banks(struct kunit *test)
{
	struct arm_smmu_model *model = make_smmu(test);
	struct device *dev = arm_smmu_model_master(model, SID);
	struct device *other = arm_smmu_model_master(model, OTHER_SID);
	phys_addr_t memory = arm_smmu_model_memory(test);
	struct iommu_domain *a = attach_domain(test, dev, false);
	struct iommu_domain *b = attach_domain(test, other, true);
	const struct dev_pm_ops *pm = model->pdev->dev.driver->pm;

	map(test, a, IOVA, memory, SZ_4K);
	map(test, b, IOVA, memory + SZ_4K, SZ_4K);
	KUNIT_ASSERT_EQ(test, 0, pm->runtime_suspend(&model->pdev->dev));
	arm_smmu_model_power_loss(model);
	KUNIT_ASSERT_EQ(test, 0, pm->runtime_resume(&model->pdev->dev));
	KUNIT_EXPECT_EQ(test, arm_smmu_model_reaches(model, SID, IOVA), memory);
	KUNIT_EXPECT_EQ(test, arm_smmu_model_reaches(model, OTHER_SID, IOVA),
			memory + SZ_4K);
	drop_domain(b, other);
	drop_domain(a, dev);
	KUNIT_EXPECT_EQ(test, model->broken, 0);
}

struct caught {
	unsigned long iova;
	int flags, count;
};

static int catch_fault(struct iommu_domain *domain, struct device *dev,
		       unsigned long iova, int flags, void *data)
{
	struct caught *caught = data;

	caught->iova = iova;
	caught->flags = flags;
	caught->count++;
	return 0;
}

static void fault_is_reported_once(struct kunit *test)
{
	struct arm_smmu_model *model = make_smmu(test);
	struct device *dev = arm_smmu_model_master(model, SID);
	struct caught caught = {};
	int stage2;
	u64 pa;

	for (stage2 = 0; stage2 < 2; stage2++) {
		struct iommu_domain *domain;

		if (!has_stage(model->kind, stage2))
			continue;
		caught.count = 0;
		domain = attach_domain(test, dev, stage2);
		iommu_set_fault_handler(domain, catch_fault, &caught);
		KUNIT_EXPECT_EQ(test, MODEL_FAULT,
				arm_smmu_model_access(model, SID, IOVA + 0x123,
						      true, &pa));
		KUNIT_EXPECT_EQ(test, caught.count, 1);
		KUNIT_EXPECT_EQ(test, caught.iova, IOVA + 0x123);
		KUNIT_EXPECT_EQ(test, caught.flags, IOMMU_FAULT_WRITE);
		KUNIT_EXPECT_EQ(test, MODEL_FAULT,
				arm_smmu_model_access(model, SID, IOVA, false,
						      &pa));
		KUNIT_EXPECT_EQ(test, caught.count, 2);
		KUNIT_EXPECT_EQ(test, caught.flags, IOMMU_FAULT_READ);
		drop_domain(domain, dev);
	}
}

static void mask_covers_its_streams(struct kunit *test)
{
	struct arm_smmu_model *model = make_smmu(test);
	struct device *dev = arm_smmu_model_master(model, SID | 7 << 16);
	struct device *other = arm_smmu_model_master(model, SID + 8);
	phys_addr_t memory = arm_smmu_model_memory(test);
	struct iommu_domain *domain = attach_domain(test, dev, false);
	struct iommu_domain *its = attach_domain(test, other, false);
	int i;

	map(test, domain, IOVA, memory, SZ_4K);
	map(test, its, IOVA, memory + SZ_4K, SZ_4K);
	for (i = 0; i < 8; i++)
		KUNIT_EXPECT_EQ(test,
				arm_smmu_model_reaches(model, SID + i, IOVA),
				memory);
	KUNIT_EXPECT_EQ(test, arm_smmu_model_reaches(model, SID + 8, IOVA),
			memory + SZ_4K);
	drop_domain(its, other);
	drop_domain(domain, dev);
}

static struct kunit_case arm_smmu_cases[] = {
	KUNIT_CASE_PARAM(device_reaches_what_is_mapped, kind_gen_params),
	KUNIT_CASE_PARAM(nothing_stale_is_reached, kind_gen_params),
	KUNIT_CASE_PARAM(each_lost_invalidation_shows, kind_gen_params),
	KUNIT_CASE_PARAM(stages_share_no_vmid, kind_gen_params),
	KUNIT_CASE_PARAM(banks_run_out, kind_gen_params),
	KUNIT_CASE_PARAM(change_of_domain_exposes_no_memory, kind_gen_params),
	KUNIT_CASE_PARAM(resume_restores_all_banks, kind_gen_params),
	KUNIT_CASE_PARAM(fault_is_reported_once, kind_gen_params),
	KUNIT_CASE_PARAM(mask_covers_its_streams, kind_gen_params),
	{}
};

static struct kunit_suite arm_smmu_suite = {
	.name = "arm-smmu",
	.test_cases = arm_smmu_cases,
};

kunit_test_suites(&arm_smmu_suite);

MODULE_DESCRIPTION("KUnit tests for the driver of SMMUv1 and SMMUv2");
MODULE_LICENSE("GPL");
