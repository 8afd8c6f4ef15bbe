// SPDX-License-Identifier: GPL-2.0-only
/*
 * Translation of the simulated SMMU: tables, TLB, invalidation
 *
 * The TLB is the worst that the architecture allows. It caches tables and pages
 * separately and never evicts either. Entries for a VA are tagged with VMID and ASID,
 * those for an IPA with the VMID. With both stages there are also entries from VA to
 * physical address, which an invalidation by IPA does not reach. A stage 1 without
 * stage 2 may still hit IPA entries of its VMID: banks that share a VMID have to share
 * stage 2.
 */
#include <linux/io.h>
#include <linux/slab.h>

#include "arm-smmu-model.h"

#define MAX_LEVEL 3
#define COMBINED_SIZE SZ_4K /* size of an entry from VA to physical address */
#define NO_SYNC (-1)

enum model_from {
	FROM_VA,
	FROM_IPA,
	FROM_VA_BY_BOTH,
};

/**
 * struct model_entry - an entry of the TLB
 * @list: in &arm_smmu_model.tlb
 * @from: type of its input address, and the stages that it combines
 * @leaf: maps memory, otherwise a table
 * @vmid: of the context bank that made it
 * @asid: of the context bank that made it, if its input is a VA
 * @level: level of the descriptor that it caches
 * @base: the first address
 * @size: number of bytes
 * @out: the output address for @base, or the table's address
 * @access: bit 0: may read, bit 1: may write
 * @sync: the page whose TLBSYNC removes it, or NO_SYNC
 */
struct model_entry {
	struct list_head list;
	enum model_from from;
	bool leaf;
	u16 vmid, asid;
	int level;
	u64 base, size, out;
	u8 access;
	int sync;
};

/* A walk of one stage: where it starts, and the tags of its entries. */
struct model_walk {
	struct arm_smmu_model *model;
	enum model_from from;
	u16 vmid, asid;
	int s2_bank; /* translates the addresses of tables, or -1 */
	unsigned int bits; /* of the input address */
	unsigned int page_shift;
	int level;
	u64 table;
};

u16 model_vmid(struct arm_smmu_model *model, int bank)
{
	if (FIELD_GET(ARM_SMMU_ID2_VMID16, model->kind->id2) &&
	    model->gr0[0] & ARM_SMMU_sCR0_VMID16EN)
		return FIELD_GET(ARM_SMMU_CBA2R_VMID16,
				 model->gr1[ARM_SMMU_GR1_CBA2R(bank) / 4]);
	return FIELD_GET(ARM_SMMU_CBAR_VMID,
			 model->gr1[ARM_SMMU_GR1_CBAR(bank) / 4]);
}

static bool model_aarch64(struct arm_smmu_model *model, int bank)
{
	if (model->smmu->version == ARM_SMMU_V2)
		return model->gr1[ARM_SMMU_GR1_CBA2R(bank) / 4] &
		       ARM_SMMU_CBA2R_VA64;
	return model->smmu->version == ARM_SMMU_V1_64K;
}

static u16 model_asid(struct arm_smmu_model *model, int bank)
{
	int ttbr = model_cb(model, bank, ARM_SMMU_CB_TCR) & ARM_SMMU_TCR_A1 ?
			   ARM_SMMU_CB_TTBR1 :
			   ARM_SMMU_CB_TTBR0;

	return FIELD_GET(ARM_SMMU_TTBRn_ASID, model_cbq(model, bank, ttbr));
}

static struct model_entry *model_lookup(const struct model_walk *walk, u64 in,
					bool leaf, int level)
{
	struct model_entry *e;

	list_for_each_entry(e, &walk->model->tlb, list)
		if (e->from == walk->from && e->leaf == leaf &&
		    e->vmid == walk->vmid &&
		    (e->from == FROM_IPA || e->asid == walk->asid) &&
		    (leaf || e->level == level) && in - e->base < e->size)
			return e;
	return NULL;
}

static int model_insert(const struct model_walk *walk, u64 in, int level,
			u64 size, bool leaf, u64 out, u8 access)
{
	struct model_entry *e = kzalloc(sizeof(*e), GFP_ATOMIC);

	if (!e)
		return -ENOMEM;

	*e = (struct model_entry){
		.from = walk->from,
		.leaf = leaf,
		.vmid = walk->vmid,
		.asid = walk->asid,
		.level = level,
		.base = ALIGN_DOWN(in, size),
		.size = size,
		.out = out,
		.access = access,
		.sync = NO_SYNC,
	};
	list_add(&e->list, &walk->model->tlb);
	return 0;
}

/* Permissions of a leaf: stage 1 has a read-only bit, stage 2 bits for read and write. */
static u8 model_desc_access(enum model_from from, u64 desc)
{
	if (!(desc & BIT(10))) /* the access flag */
		return 0;
	if (from == FROM_IPA)
		return desc >> 6 & 3;
	return desc & BIT(7) ? 1 : 3;
}

static int model_stage2(struct arm_smmu_model *model, int bank, u64 ipa,
			bool write, u64 *pa, u32 *fsr);

/* Read the descriptor at this address, an IPA if there is a stage 2. */
static int model_read_desc(const struct model_walk *walk, u64 at, u64 *desc,
			   u32 *fsr)
{
	int ret;

	if (walk->s2_bank >= 0) {
		ret = model_stage2(walk->model, walk->s2_bank, at, false, &at,
				   fsr);
		if (ret)
			return ret;
	}
	if (!pfn_valid(at >> PAGE_SHIFT)) {
		*fsr = ARM_SMMU_CB_FSR_EF;
		return MODEL_FAULT;
	}
	/* After a missed invalidation the walker may read freed tables */
	*desc = le64_to_cpu(
		(__force __le64)READ_ONCE_NOCHECK(*(u64 *)phys_to_virt(at)));
	return 0;
}

static u64 model_desc_address(const struct model_walk *walk, u64 desc, u64 size)
{
	u64 address = desc & GENMASK_ULL(47, 12);

	return ALIGN_DOWN(address, size);
}

/* Walk one stage down to memory. Returns 0, MODEL_FAULT with the FSR bit, or -ENOMEM. */
static int model_walk(const struct model_walk *walk, u64 in, u64 *out,
		      u8 *access, u32 *fsr)
{
	unsigned int stride = walk->page_shift - 3;
	struct model_entry *e = model_lookup(walk, in, true, 0);
	u64 table = walk->table;
	int level, ret;

	*fsr = ARM_SMMU_CB_FSR_TF;
	for (level = walk->level; !e && level <= MAX_LEVEL; level++) {
		unsigned int shift =
			walk->page_shift + stride * (MAX_LEVEL - level);
		unsigned int bits = level == walk->level ? walk->bits - shift :
							   stride;
		u64 index = in >> shift & GENMASK_ULL(bits - 1, 0), desc;
		bool leaf;

		e = model_lookup(walk, in, false, level);
		if (e) {
			table = e->out;
			e = NULL;
			continue;
		}
		ret = model_read_desc(walk, table + 8 * index, &desc, fsr);
		if (ret)
			return ret;
		*fsr = ARM_SMMU_CB_FSR_TF;
		leaf = (desc & 3) == (level == MAX_LEVEL ? 3 : 1);
		if (!leaf && ((desc & 3) != 3 || level == MAX_LEVEL))
			return MODEL_FAULT;
		table = model_desc_address(walk, desc,
					   leaf ? BIT_ULL(shift) :
						  BIT_ULL(walk->page_shift));
		ret = model_insert(walk, in, level, BIT_ULL(shift), leaf, table,
				   leaf ? model_desc_access(walk->from, desc) :
					  0);
		if (ret)
			return ret;
		if (leaf)
			e = model_lookup(walk, in, true, level);
	}
	if (!e)
		return MODEL_FAULT;
	*out = e->out + (in - e->base);
	*access = e->access;
	return 0;
}

static unsigned int model_page_shift(u32 tg0)
{
	switch (tg0) {
	case 1:
		return 16;
	case 2:
		return 14;
	default:
		return 12;
	}
}

/* The first level of a walk if no register gives it: as few levels as needed. */
static int model_first_level(unsigned int bits, unsigned int page_shift)
{
	return MAX_LEVEL + 1 - DIV_ROUND_UP(bits - page_shift, page_shift - 3);
}

static int model_stage2(struct arm_smmu_model *model, int bank, u64 ipa,
			bool write, u64 *pa, u32 *fsr)
{
	u32 tcr = model_cb(model, bank, ARM_SMMU_CB_TCR);
	bool wide = model_aarch64(model, bank);
	struct model_walk walk = {
		.model = model,
		.from = FROM_IPA,
		.vmid = model_vmid(model, bank),
		.s2_bank = -1,
		.page_shift = wide ? model_page_shift(FIELD_GET(
					     ARM_SMMU_VTCR_TG0, tcr)) :
				     12,
		.bits = wide ? 64 - FIELD_GET(ARM_SMMU_VTCR_T0SZ, tcr) :
			       32 - sign_extend32(tcr & 0x1f, 4),
		.table = model_cbq(model, bank, ARM_SMMU_CB_TTBR0) &
			 GENMASK_ULL(47, 1),
	};
	unsigned int sl0 = FIELD_GET(ARM_SMMU_VTCR_SL0, tcr);
	u8 access;
	int ret;

	if (!(model_cb(model, bank, ARM_SMMU_CB_SCTLR) & ARM_SMMU_SCTLR_M)) {
		*pa = ipa;
		return 0;
	}
	walk.level = (walk.page_shift == 12 ? 2 : 3) - sl0;
	*fsr = ARM_SMMU_CB_FSR_TF;
	if (ipa >> walk.bits)
		return MODEL_FAULT;
	ret = model_walk(&walk, ipa, pa, &access, fsr);
	if (ret)
		return ret;
	*fsr = ARM_SMMU_CB_FSR_PF;
	return access & (write ? 2 : 1) ? 0 : MODEL_FAULT;
}

/* A stage 1 without stage 2 may hit the TLB's IPA entries of its VMID. */
static u64 model_bypass_stage2(struct arm_smmu_model *model, int bank, u64 ipa)
{
	struct model_walk walk = {
		.model = model,
		.from = FROM_IPA,
		.vmid = model_vmid(model, bank),
	};
	struct model_entry *e = model_lookup(&walk, ipa, true, 0);

	return e ? e->out + (ipa - e->base) : ipa;
}

static int model_stage1(struct arm_smmu_model *model, int bank, int s2_bank,
			u64 va, bool write, u64 *ipa, u32 *fsr)
{
	u32 tcr = model_cb(model, bank, ARM_SMMU_CB_TCR);
	bool wide = model_aarch64(model, bank);
	struct model_walk walk = {
		.model = model,
		.from = FROM_VA,
		.vmid = model_vmid(model, bank),
		.asid = model_asid(model, bank),
		.s2_bank = s2_bank,
		.page_shift = wide ? model_page_shift(
					     FIELD_GET(ARM_SMMU_TCR_TG0, tcr)) :
				     12,
		.bits = wide ? 64 - FIELD_GET(ARM_SMMU_TCR_T0SZ, tcr) :
			       32 - (tcr & 7),
		.table = model_cbq(model, bank, ARM_SMMU_CB_TTBR0) &
			 GENMASK_ULL(47, 1),
	};
	u8 access;
	int ret;

	if (!(model_cb(model, bank, ARM_SMMU_CB_SCTLR) & ARM_SMMU_SCTLR_M)) {
		*ipa = va;
		return 0;
	}
	walk.level = model_first_level(walk.bits, walk.page_shift);
	*fsr = ARM_SMMU_CB_FSR_TF;
	if (tcr & ARM_SMMU_TCR_EPD0 || va >> walk.bits)
		return MODEL_FAULT;
	ret = model_walk(&walk, va, ipa, &access, fsr);
	if (ret)
		return ret;
	*fsr = ARM_SMMU_CB_FSR_PF;
	return access & (write ? 2 : 1) ? 0 : MODEL_FAULT;
}

/* Both stages: a combined entry of the TLB, or one stage after the other. */
static int model_nested(struct arm_smmu_model *model, int bank, int s2_bank,
			u64 va, bool write, u64 *pa, int *fault_bank, u32 *fsr,
			u64 *ipa)
{
	struct model_walk walk = {
		.model = model,
		.from = FROM_VA_BY_BOTH,
		.vmid = model_vmid(model, bank),
		.asid = model_asid(model, bank),
	};
	struct model_entry *e = model_lookup(&walk, va, true, 0);
	u8 access = write ? 3 : 1;
	int ret;

	if (e && (e->access & access) == access) {
		*pa = e->out + (va - e->base);
		return 0;
	}
	ret = model_stage1(model, bank, s2_bank, va, write, ipa, fsr);
	if (ret)
		return ret;
	*fault_bank = s2_bank;
	ret = model_stage2(model, s2_bank, *ipa, write, pa, fsr);
	if (ret)
		return ret;
	return model_insert(&walk, va, MAX_LEVEL, COMBINED_SIZE, true,
			    ALIGN_DOWN(*pa, COMBINED_SIZE), access);
}

/*
 * Translate by a context bank. On MODEL_FAULT, @fault_bank is the bank that records the
 * fault, and @ipa the address that stage 2 failed for, if it did.
 */
int model_translate(struct arm_smmu_model *model, int bank, u64 iova,
		    bool write, u64 *pa, int *fault_bank, u32 *fsr, u64 *ipa)
{
	u32 cbar = model->gr1[ARM_SMMU_GR1_CBAR(bank) / 4];
	int ret;

	*fault_bank = bank;
	*ipa = iova;
	switch (FIELD_GET(ARM_SMMU_CBAR_TYPE, cbar)) {
	case CBAR_TYPE_S2_TRANS:
		return model_stage2(model, bank, iova, write, pa, fsr);
	case CBAR_TYPE_S1_TRANS_S2_BYPASS:
		ret = model_stage1(model, bank, -1, iova, write, ipa, fsr);
		if (!ret)
			*pa = model_bypass_stage2(model, bank, *ipa);
		return ret;
	case CBAR_TYPE_S1_TRANS_S2_TRANS:
		return model_nested(model, bank, cbar >> 8 & 0xff, iova, write,
				    pa, fault_bank, fsr, ipa);
	default:
		*fsr = ARM_SMMU_CB_FSR_TF;
		return MODEL_FAULT;
	}
}

/* What an invalidation applies to: exactly the entries that it names. */
struct model_tlbi {
	bool global, of_ipa, of_va, any_asid, any_address, last_level;
	u16 vmid, asid;
	u64 address;
};

static bool model_hit(const struct model_tlbi *tlbi,
		      const struct model_entry *e)
{
	if (tlbi->global)
		return true;
	if (e->vmid != tlbi->vmid)
		return false;
	if (!(e->from == FROM_IPA ? tlbi->of_ipa : tlbi->of_va))
		return false;
	if (e->from != FROM_IPA && !tlbi->any_asid && e->asid != tlbi->asid)
		return false;
	if (tlbi->any_address)
		return true;
	return tlbi->address - e->base < e->size &&
	       (e->leaf || !tlbi->last_level);
}

static bool model_decode_cb(struct arm_smmu_model *model, int bank, int offset,
			    u64 val, struct model_tlbi *tlbi)
{
	bool wide = model_aarch64(model, bank);

	tlbi->vmid = model_vmid(model, bank);
	tlbi->asid = wide ? val >> 48 : val & 0xff;
	tlbi->address = wide ? (val & GENMASK_ULL(43, 0)) << 12 :
			       val & GENMASK_ULL(31, 12);
	tlbi->of_va = true;
	switch (offset) {
	case ARM_SMMU_CB_S1_TLBIALL:
		tlbi->any_asid = true;
		tlbi->any_address = true;
		return true;
	case ARM_SMMU_CB_S1_TLBIASID:
		tlbi->asid = val;
		tlbi->any_address = true;
		return true;
	case ARM_SMMU_CB_S1_TLBIVAA:
	case ARM_SMMU_CB_S1_TLBIVAAL:
		tlbi->any_asid = true;
		fallthrough;
	case ARM_SMMU_CB_S1_TLBIVA:
	case ARM_SMMU_CB_S1_TLBIVAL:
		tlbi->last_level = offset == ARM_SMMU_CB_S1_TLBIVAL ||
				   offset == ARM_SMMU_CB_S1_TLBIVAAL;
		return true;
	case ARM_SMMU_CB_S2_TLBIIPAS2:
	case ARM_SMMU_CB_S2_TLBIIPAS2L:
		tlbi->of_va = false;
		tlbi->of_ipa = true;
		tlbi->last_level = offset == ARM_SMMU_CB_S2_TLBIIPAS2L;
		tlbi->address = (val & GENMASK_ULL(35, 0)) << 12;
		return true;
	default:
		return false;
	}
}

/* If the write is an invalidation, mark its entries; the page's TLBSYNC drops them. */
void model_invalidate(struct arm_smmu_model *model, int page, int offset,
		      u64 val)
{
	struct model_tlbi tlbi = {};
	struct model_entry *e;
	int sync = page;

	if (page == ARM_SMMU_GR0 && offset == ARM_SMMU_GR0_TLBIVMID) {
		tlbi.vmid = val;
		tlbi.any_asid = true;
		tlbi.any_address = true;
		tlbi.of_va = true;
		tlbi.of_ipa = true;
	} else if (page == ARM_SMMU_GR0 && offset == ARM_SMMU_GR0_TLBIALLNSNH) {
		tlbi.global = true;
	} else if (page < (int)model->smmu->numpage ||
		   !model_decode_cb(model, page - model->smmu->numpage, offset,
				    val, &tlbi)) {
		return;
	}
	list_for_each_entry(e, &model->tlb, list)
		if (model_hit(&tlbi, e))
			e->sync = sync;
}

/* A TLBSYNC: completes all invalidations, or those of this context bank. */
void model_sync(struct arm_smmu_model *model, int page)
{
	struct model_entry *e, *next;

	list_for_each_entry_safe(e, next, &model->tlb, list) {
		if (e->sync == NO_SYNC ||
		    (page != ARM_SMMU_GR0 && e->sync != page))
			continue;
		list_del(&e->list);
		kfree(e);
	}
}

void model_drop_tlb(struct arm_smmu_model *model)
{
	struct model_entry *e, *next;

	list_for_each_entry_safe(e, next, &model->tlb, list) {
		list_del(&e->list);
		kfree(e);
	}
}

/* The stage 2 page table of a bank, 1 for none. */
static u64 model_root2(struct arm_smmu_model *model, int bank)
{
	u32 cbar = model->gr1[ARM_SMMU_GR1_CBAR(bank) / 4];

	switch (FIELD_GET(ARM_SMMU_CBAR_TYPE, cbar)) {
	case CBAR_TYPE_S2_TRANS:
		return model_cbq(model, bank, ARM_SMMU_CB_TTBR0);
	case CBAR_TYPE_S1_TRANS_S2_TRANS:
		return model_root2(model, cbar >> 8 & 0xff);
	default:
		return 1;
	}
}

static bool model_enabled(struct arm_smmu_model *model, int bank)
{
	return model_cb(model, bank, ARM_SMMU_CB_SCTLR) & ARM_SMMU_SCTLR_M;
}

/*
 * Two rules for software: banks that share a VMID share stage 2, and a stage 1 that
 * names a bank for stage 2 names one that is enabled and has the same VMID.
 */
bool model_breaks_rules(struct arm_smmu_model *model)
{
	int a, b, banks = model->smmu->num_context_banks;

	for (a = 0; a < banks; a++) {
		u32 cbar = model->gr1[ARM_SMMU_GR1_CBAR(a) / 4];

		if (!model_enabled(model, a))
			continue;
		for (b = 0; b < a; b++)
			if (model_enabled(model, b) &&
			    model_vmid(model, a) == model_vmid(model, b) &&
			    model_root2(model, a) != model_root2(model, b))
				return true;
		if (FIELD_GET(ARM_SMMU_CBAR_TYPE, cbar) !=
		    CBAR_TYPE_S1_TRANS_S2_TRANS)
			continue;
		b = cbar >> 8 & 0xff;
		if (b >= banks || !model_enabled(model, b) ||
		    model_vmid(model, a) != model_vmid(model, b))
			return true;
	}
	return false;
}
