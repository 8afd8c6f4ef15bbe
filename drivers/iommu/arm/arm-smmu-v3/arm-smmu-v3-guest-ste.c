// SPDX-License-Identifier: GPL-2.0-only
/*
 * Stream table entries of guests, and the entries that are installed for them.
 *
 * A guest may choose among abort, bypass and stage 1. Whatever it chooses, the
 * entry that the SMMU reads translates by the stage 2 of the nest parent, or
 * aborts. There is no state here; arm-smmu-v3-nested.c and the KUnit tests are
 * the callers.
 */
#include <linux/bitfield.h>
#include <linux/export.h>
#include <linux/io-pgtable.h>
#include <kunit/visibility.h>

#include "arm-smmu-v3-nested.h"

/* The guest's part of an entry with stage 1 (IHI 0070, 5.2) */
#define GUEST_STE_0_S1 \
	(STRTAB_STE_0_S1FMT | STRTAB_STE_0_S1CTXPTR_MASK | STRTAB_STE_0_S1CDMAX)
#define GUEST_STE_1_S1                                                  \
	(STRTAB_STE_1_S1DSS | STRTAB_STE_1_S1CIR | STRTAB_STE_1_S1COR | \
	 STRTAB_STE_1_S1CSH | STRTAB_STE_1_S1STALLD)

#define GUEST_STE_0 (STRTAB_STE_0_V | STRTAB_STE_0_CFG | GUEST_STE_0_S1)
#define GUEST_STE_1 (GUEST_STE_1_S1 | STRTAB_STE_1_EATS)

/**
 * arm_smmu_guest_ste_parse() - Parse the stream table entry of a guest
 * @guest: Filled with what the entry requests
 * @word: Its first two double words
 *
 * As in hardware, an invalid entry aborts, whatever else it holds. The values of
 * the stage 1 fields are not checked here: the SMMU checks them, and the guest
 * gets an event (C_BAD_STE).
 *
 * Return: 0, or -EIO for a bit, a Config or an EATS that a guest may not use.
 */
int arm_smmu_guest_ste_parse(struct arm_smmu_guest_ste *guest,
			     const __le64 word[2])
{
	u64 word0 = le64_to_cpu(word[0]), word1 = le64_to_cpu(word[1]);
	u64 eats = FIELD_GET(STRTAB_STE_1_EATS, word1);

	*guest = (struct arm_smmu_guest_ste){
		.config = STRTAB_STE_0_CFG_ABORT,
	};
	if (!(word0 & STRTAB_STE_0_V))
		return 0;
	if ((word0 & ~GUEST_STE_0) || (word1 & ~GUEST_STE_1))
		return -EIO;
	if (eats != STRTAB_STE_1_EATS_ABT && eats != STRTAB_STE_1_EATS_TRANS)
		return -EIO;

	switch (FIELD_GET(STRTAB_STE_0_CFG, word0)) {
	case STRTAB_STE_0_CFG_ABORT:
		return 0;
	case STRTAB_STE_0_CFG_BYPASS:
		guest->config = STRTAB_STE_0_CFG_BYPASS;
		/* Like a device that is attached to the nest parent */
		guest->ats = true;
		return 0;
	case STRTAB_STE_0_CFG_S1_TRANS:
		guest->config = STRTAB_STE_0_CFG_S1_TRANS;
		guest->ats = eats == STRTAB_STE_1_EATS_TRANS;
		guest->word[0] = word0 & GUEST_STE_0_S1;
		guest->word[1] = word1 & GUEST_STE_1_S1;
		return 0;
	default:
		return -EIO;
	}
}
EXPORT_SYMBOL_IF_KUNIT(arm_smmu_guest_ste_parse);

static void arm_smmu_add_guest_s1(struct arm_smmu_ste *target,
				  struct arm_smmu_master *master,
				  const struct arm_smmu_guest_ste *guest)
{
	u64 word0 = guest->word[0] | STRTAB_STE_0_V;

	word0 |= FIELD_PREP(STRTAB_STE_0_CFG, STRTAB_STE_0_CFG_NESTED);
	target->data[0] = cpu_to_le64(word0);
	target->data[1] |= cpu_to_le64(guest->word[1]);

	/*
	 * A stalled transaction waits for the host, which does not know stage
	 * 1. The host handles stalls only of devices that must stall.
	 */
	if ((master->smmu->features & ARM_SMMU_FEAT_STALLS) &&
	    !master->stall_enabled)
		target->data[1] |= cpu_to_le64(STRTAB_STE_1_S1STALLD);
}

/**
 * arm_smmu_make_nested_ste() - Make the entry to install for that of a guest
 * @target: The entry
 * @master: The device whose entry it is
 * @s2_parent: The stage 2 that translates the guest's addresses
 * @guest: What the guest requests
 * @ats_enabled: Set EATS; the caller sets ATS of the device accordingly
 *
 * If the guest bypasses stage 1, stage 2 still translates. If it aborts, there
 * is no translation at all. Repeated events may be merged (STE.MEV): otherwise a
 * guest could fill the event queue with one fault.
 */
void arm_smmu_make_nested_ste(struct arm_smmu_ste *target,
			      struct arm_smmu_master *master,
			      struct arm_smmu_domain *s2_parent,
			      const struct arm_smmu_guest_ste *guest,
			      bool ats_enabled)
{
	if (guest->config == STRTAB_STE_0_CFG_ABORT) {
		arm_smmu_make_abort_ste(target);
		return;
	}

	arm_smmu_make_s2_domain_ste(target, master, s2_parent, ats_enabled);
	target->data[1] |= cpu_to_le64(STRTAB_STE_1_MEV);
	if (guest->config == STRTAB_STE_0_CFG_S1_TRANS)
		arm_smmu_add_guest_s1(target, master, guest);
}
EXPORT_SYMBOL_IF_KUNIT(arm_smmu_make_nested_ste);
