// SPDX-License-Identifier: GPL-2.0-only
/*
 * KUnit tests of the memory attributes of stage 2, with and without forced
 * write-back.
 *
 * io-pgtable-arm.c builds a table, which is walked here as by hardware: granule of
 * 4 KiB, 48 bits of input, thus four levels of 9 bits (Arm ARM D8.2). Expected
 * values are numbers from Arm ARM D8.6.6.
 */
#include <kunit/device.h>
#include <kunit/test.h>
#include <linux/io.h>
#include <linux/io-pgtable.h>
#include <linux/sizes.h>

#define IOVA 0x123456789000ULL
#define PADDR 0x8090000ULL

#define MEMATTR(descriptor) (((descriptor) >> 2) & 0xf)
#define DEVICE_MEMORY 0x1
#define NON_CACHEABLE 0x5
#define WRITE_BACK 0xf
#define FORCED_WRITE_BACK 0x6

static int s2fwb_test_init(struct kunit *test)
{
	test->priv = kunit_device_register(test, "io-pgtable-arm");
	return PTR_ERR_OR_ZERO(test->priv);
}

static struct io_pgtable_ops *new_table(struct kunit *test,
					struct io_pgtable_cfg *cfg,
					enum io_pgtable_fmt fmt,
					unsigned long quirks)
{
	*cfg = (struct io_pgtable_cfg){
		.quirks = quirks,
		.pgsize_bitmap = SZ_4K | SZ_2M | SZ_1G,
		.ias = fmt == ARM_64_LPAE_S2 ? 48 : 40,
		.oas = fmt == ARM_64_LPAE_S2 ? 48 : 40,
		.coherent_walk = true,
		.iommu_dev = test->priv,
	};
	return alloc_io_pgtable_ops(fmt, cfg, NULL);
}

/* The leaf descriptor that translates IOVA */
static u64 walk(const struct io_pgtable_cfg *cfg)
{
	u64 *table = phys_to_virt(cfg->arm_lpae_s2_cfg.vttbr);
	int shift;

	for (shift = 39;; shift -= 9) {
		u64 descriptor = table[(IOVA >> shift) & 511];

		if (shift == 12 || (descriptor & 3) != 3)
			return descriptor;
		table = phys_to_virt(descriptor & GENMASK_ULL(47, 12));
	}
}

static void expect_memattr(struct kunit *test, unsigned long quirks, int prot,
			   size_t size, unsigned int want)
{
	u64 iova = ALIGN_DOWN(IOVA, size), paddr = ALIGN_DOWN(PADDR, size);
	struct io_pgtable_cfg cfg;
	struct io_pgtable_ops *ops;
	size_t mapped = 0;
	u64 descriptor;
	int ret;

	ops = new_table(test, &cfg, ARM_64_LPAE_S2, quirks);
	KUNIT_ASSERT_NOT_NULL(test, ops);
	ret = ops->map_pages(ops, iova, paddr, size, 1, prot, GFP_KERNEL,
			     &mapped);
	descriptor = walk(&cfg);
	free_io_pgtable_ops(ops);

	KUNIT_EXPECT_EQ(test, ret, 0);
	KUNIT_EXPECT_EQ(test, mapped, size);
	KUNIT_EXPECT_EQ(test, descriptor & GENMASK_ULL(47, 12), paddr);
	KUNIT_EXPECT_EQ_MSG(test, MEMATTR(descriptor), want,
			    "quirks %lx prot %x size %zx", quirks, prot, size);
}

static void expect_memattrs(struct kunit *test, unsigned long quirks, int prot,
			    unsigned int want)
{
	static const size_t sizes[] = { SZ_4K, SZ_2M, SZ_1G };
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(sizes); i++)
		expect_memattr(test, quirks, prot, sizes[i], want);
}

static void cacheable_memory_is_forced_write_back(struct kunit *test)
{
	const int prot = IOMMU_READ | IOMMU_WRITE | IOMMU_CACHE;

	expect_memattrs(test, 0, prot, WRITE_BACK);
	expect_memattrs(test, IO_PGTABLE_QUIRK_ARM_S2FWB, prot,
			FORCED_WRITE_BACK);
}

static void doorbell_stays_device_memory(struct kunit *test)
{
	const int prot = IOMMU_WRITE | IOMMU_NOEXEC | IOMMU_MMIO;

	expect_memattrs(test, 0, prot, DEVICE_MEMORY);
	expect_memattrs(test, IO_PGTABLE_QUIRK_ARM_S2FWB, prot, DEVICE_MEMORY);
	/* MMIO takes precedence over CACHE, as without the quirk */
	expect_memattrs(test, IO_PGTABLE_QUIRK_ARM_S2FWB, prot | IOMMU_CACHE,
			DEVICE_MEMORY);
}

static void other_memory_stays_non_cacheable(struct kunit *test)
{
	const int prot = IOMMU_READ | IOMMU_WRITE;

	expect_memattrs(test, 0, prot, NON_CACHEABLE);
	expect_memattrs(test, IO_PGTABLE_QUIRK_ARM_S2FWB, prot, NON_CACHEABLE);
}

static void only_aarch64_stage2_has_the_encoding(struct kunit *test)
{
	struct io_pgtable_cfg cfg;
	static const enum io_pgtable_fmt others[] = {
		ARM_64_LPAE_S1,
		ARM_32_LPAE_S2,
		ARM_MALI_LPAE,
	};
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(others); i++)
		KUNIT_EXPECT_NULL(test, new_table(test, &cfg, others[i],
						  IO_PGTABLE_QUIRK_ARM_S2FWB));
}

static void splitting_a_block_keeps_the_encoding(struct kunit *test)
{
	const int prot = IOMMU_READ | IOMMU_WRITE | IOMMU_CACHE;
	u64 iova = ALIGN_DOWN(IOVA, SZ_2M);
	struct io_pgtable_cfg cfg;
	struct io_pgtable_ops *ops;
	size_t mapped = 0, unmapped;
	u64 descriptor;

	ops = new_table(test, &cfg, ARM_64_LPAE_S2, IO_PGTABLE_QUIRK_ARM_S2FWB);
	KUNIT_ASSERT_NOT_NULL(test, ops);
	KUNIT_EXPECT_EQ(test,
			ops->map_pages(ops, iova, SZ_2M, SZ_2M, 1, prot,
				       GFP_KERNEL, &mapped),
			0);
	unmapped = ops->unmap_pages(ops, iova, SZ_4K, 1, NULL);
	descriptor = walk(&cfg);
	free_io_pgtable_ops(ops);

	KUNIT_EXPECT_EQ(test, unmapped, SZ_4K);
	KUNIT_EXPECT_EQ(test, MEMATTR(descriptor), FORCED_WRITE_BACK);
}

static struct kunit_case io_pgtable_arm_s2fwb_cases[] = {
	KUNIT_CASE(cacheable_memory_is_forced_write_back),
	KUNIT_CASE(doorbell_stays_device_memory),
	KUNIT_CASE(other_memory_stays_non_cacheable),
	KUNIT_CASE(only_aarch64_stage2_has_the_encoding),
	KUNIT_CASE(splitting_a_block_keeps_the_encoding),
	{},
};

static struct kunit_suite io_pgtable_arm_s2fwb_suite = {
	.name = "io-pgtable-arm-s2fwb",
	.init = s2fwb_test_init,
	.test_cases = io_pgtable_arm_s2fwb_cases,
};

kunit_test_suites(&io_pgtable_arm_s2fwb_suite);

MODULE_DESCRIPTION("KUnit tests of the memory attributes of stage 2");
MODULE_LICENSE("GPL");
