// SPDX-License-Identifier: GPL-2.0-only
/*
 * KUnit tests of a guest's share of an SMMU, on a simulated SMMU, which is also in
 * this file: see arm-smmu-v3-soft-smmu.h.
 */
#include <kunit/device.h>
#include <linux/kmsg_dump.h>
#include <linux/kthread.h>
#include <linux/mman.h>
#include <linux/property.h>
#include <linux/sched/mm.h>
#include <uapi/linux/iommufd.h>

#include "../../iommufd/viommu.h"
#include "arm-smmu-v3-soft-smmu.h"

/* Execute a command as the SMMU and the device do */
static void obey(struct soft_smmu *s, u8 op)
{
	if (op == OP_ATC_INV && READ_ONCE(s->atc_is_silent)) {
		s->atc_is_awaited = true;
		s->atc_missed++;
	}
	if (op == OP_CFGI_STE && s->entry_faults)
		s->evtq_prod = (s->evtq_prod + 1) & QUEUE_MASK;
}

/*
 * A CMD_SYNC waits until the ATCs answer. A real SMMU gives up after the ATC's
 * time-out, and reports CERROR_ATC_INV_SYNC.
 */
static bool is_blocked(struct soft_smmu *s, u8 op)
{
	return op == OP_CMD_SYNC && s->atc_is_awaited &&
	       READ_ONCE(s->atc_is_silent);
}

static int play_smmu(void *data)
{
	struct soft_smmu *s = data;
	const u32 mask = QUEUE_MASK;
	const __le64 *queue = s->smmu.cmdq.q.base;
	u32 cons = 0;

	while (!kthread_should_stop()) {
		/* Commands are visible before the index that covers them */
		while (smp_load_acquire(&s->cmdq_prod) != cons &&
		       s->logged < READ_ONCE(s->stop_after)) {
			unsigned int i = cons & (mask >> 1);
			u8 op = le64_to_cpu(queue[2 * i]);
			u64 *log;

			if (is_blocked(s, op))
				break;
			obey(s, op);
			log = s->log[s->logged++ % LOG_SIZE];
			log[0] = le64_to_cpu(queue[2 * i]);
			log[1] = le64_to_cpu(queue[2 * i + 1]);
			cons = (cons + 1) & mask;
			/* The log is complete before the issuer continues */
			smp_store_release(&s->cmdq_cons, cons);
		}
		cond_resched();
	}
	return 0;
}

static void init_cmdq(struct kunit *test, struct soft_smmu *s)
{
	struct arm_smmu_cmdq *cmdq = &s->smmu.cmdq;

	cmdq->q.llq.max_n_shift = QUEUE_SHIFT;
	cmdq->q.ent_dwords = CMDQ_ENT_DWORDS;
	cmdq->q.base = kunit_kzalloc(test, 16 << QUEUE_SHIFT, GFP_KERNEL);
	cmdq->valid_map =
		kunit_kzalloc(test, (1 << QUEUE_SHIFT) / 8, GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, cmdq->q.base);
	KUNIT_ASSERT_NOT_NULL(test, cmdq->valid_map);
	cmdq->q.prod_reg = (u32 __iomem *)&s->cmdq_prod;
	cmdq->q.cons_reg = (u32 __iomem *)&s->cmdq_cons;
	s->smmu.evtq.q.llq.max_n_shift = QUEUE_SHIFT;
	s->smmu.evtq.q.prod_reg = (u32 __iomem *)&s->evtq_prod;
	s->smmu.evtq.q.cons_reg = (u32 __iomem *)&s->evtq_cons;
}

static void init_smmu(struct kunit *test, struct soft_smmu *s)
{
	struct arm_smmu_device *smmu = &s->smmu;
	struct arm_smmu_ste *stes;
	unsigned int i;

	smmu->dev = s->dev;
	smmu->iommu.ops = &arm_smmu_ops;
	smmu->features = ARM_SMMU_FEAT_NESTING | ARM_SMMU_FEAT_S2FWB |
			 ARM_SMMU_FEAT_ATS | ARM_SMMU_FEAT_RANGE_INV;
	/* No CMD_SYNC follows a prefetch, so it could be consumed at any time */
	smmu->options = ARM_SMMU_OPT_SKIP_PREFETCH;
	smmu->pgsize_bitmap = SZ_4K | SZ_2M | SZ_1G;
	smmu->asid_bits = 16;
	smmu->ssid_bits = 8;
	smmu->oas = 48;
	mutex_init(&smmu->streams_mutex);
	smmu->streams = RB_ROOT;
	smmu->strtab_cfg.linear.num_ents = NUM_STREAMS;
	stes = kunit_kcalloc(test, NUM_STREAMS, sizeof(*stes), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, stes);
	smmu->strtab_cfg.linear.table = stes;
	for (i = 0; i < NUM_STREAMS; i++)
		arm_smmu_make_abort_ste(&stes[i]);
}

static void init_device(struct kunit *test, struct soft_smmu *s)
{
	s->fwspec = kunit_kzalloc(test, sizeof(*s->fwspec), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, s->fwspec);
	s->dev_iommu.fwspec = s->fwspec;
	s->dev_iommu.priv = &s->master;
	s->dev_iommu.iommu_dev = &s->smmu.iommu;
	s->dev->iommu = &s->dev_iommu;

	s->master.smmu = &s->smmu;
	s->master.dev = s->dev;
	s->master.streams = &s->stream;
	s->master.num_streams = 1;
	s->stream.id = SID;
	s->stream.master = &s->master;
	rb_link_node(&s->stream.node, NULL, &s->smmu.streams.rb_node);
	rb_insert_color(&s->stream.node, &s->smmu.streams);
}

static void init_parent(struct soft_smmu *s)
{
	s->parent.smmu = &s->smmu;
	s->parent.stage = ARM_SMMU_DOMAIN_S2;
	s->parent.nest_parent = true;
	s->parent.s2_cfg.vmid = VMID;
	s->parent.pgtbl_ops = &s->pgtable.ops;
	s->parent.domain.type = IOMMU_DOMAIN_UNMANAGED;
	s->parent.domain.ops = arm_smmu_ops.default_domain_ops;
	mutex_init(&s->parent.init_mutex);
	INIT_LIST_HEAD(&s->parent.devices);
	spin_lock_init(&s->parent.devices_lock);
}

static struct iommufd_viommu *new_viommu(struct soft_smmu *s, u32 type)
{
	size_t size = arm_smmu_get_viommu_size(s->dev, type);
	struct iommufd_viommu *viommu;
	int ret;

	if (!size)
		return ERR_PTR(-EOPNOTSUPP);
	viommu = kzalloc(size, GFP_KERNEL);
	if (!viommu)
		return ERR_PTR(-ENOMEM);
	iommufd_viommu_setup(viommu, &s->smmu.iommu, type);
	ret = arm_smmu_viommu_init(viommu, &s->parent.domain, NULL);
	if (ret) {
		kfree(viommu);
		return ERR_PTR(ret);
	}
	return viommu;
}

int soft_smmu_init(struct kunit *test)
{
	unsigned int cpu =
		cpumask_any_but(cpu_online_mask, raw_smp_processor_id());
	struct soft_smmu *s = kunit_kzalloc(test, sizeof(*s), GFP_KERNEL);
	unsigned long user;

	KUNIT_ASSERT_NOT_NULL(test, s);
	test->priv = s;
	if (cpu >= nr_cpu_ids)
		kunit_skip(test, "one CPU cannot both issue and consume");

	s->dev = kunit_device_register(test, "soft-smmu");
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, s->dev);
	init_smmu(test, s);
	init_cmdq(test, s);
	init_device(test, s);
	init_parent(s);
	user = kunit_vm_mmap(test, NULL, 0, SZ_64K, PROT_READ | PROT_WRITE,
			     MAP_ANONYMOUS | MAP_PRIVATE, 0);
	KUNIT_ASSERT_NE(test, user, 0);
	s->user = (void __user *)user;
	s->mm = current->mm;
	s->viommu = new_viommu(s, IOMMU_VIOMMU_TYPE_ARM_SMMUV3);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, s->viommu);

	s->stop_after = LOG_SIZE;
	s->thread = kthread_create(play_smmu, s, "soft-smmu");
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, s->thread);
	/* The test stays on its CPU, and the SMMU runs on another one */
	set_cpus_allowed_ptr(current, cpumask_of(raw_smp_processor_id()));
	cpu = cpumask_any_but(cpu_online_mask, raw_smp_processor_id());
	kthread_bind(s->thread, cpu);
	wake_up_process(s->thread);
	return 0;
}

/* Drop the device from the domain that the test left it attached to */
static void forget_devices(struct soft_smmu *s)
{
	struct arm_smmu_master_domain *entry, *next;

	list_for_each_entry_safe(entry, next, &s->parent.devices, devices_elm) {
		list_del(&entry->devices_elm);
		kfree(entry);
	}
}

/* The device has no virtual ID any more */
static void remove_vdevice(struct soft_smmu *s)
{
	iommufd_viommu_remove_vdevice(s->viommu, &s->vdevice);
	s->vdevice.dev = NULL;
}

void soft_smmu_exit(struct kunit *test)
{
	struct soft_smmu *s = test->priv;

	if (!s)
		return;
	if (!IS_ERR_OR_NULL(s->thread))
		kthread_stop(s->thread);
	if (s->viommu)
		forget_devices(s);
	if (s->vdevice.dev)
		remove_vdevice(s);
	if (!IS_ERR_OR_NULL(s->viommu))
		kfree(s->viommu);
	/* KUnit's threads end without kthread_unuse_mm(), which would drop this */
	if (s->mm)
		mmdrop(s->mm);
	if (s->dev)
		s->dev->iommu = NULL;
}

/* Give the device a virtual ID */
void soft_add_vdevice(struct kunit *test, struct soft_smmu *s)
{
	s->vdevice.dev = s->dev;
	s->vdevice.virt_id = VSID;
	KUNIT_ASSERT_EQ(test,
			iommufd_viommu_add_vdevice(s->viommu, &s->vdevice), 0);
}

/* Number of consumed commands with the opcode @op */
unsigned int soft_count_op(const struct soft_smmu *s, u8 op)
{
	unsigned int i, count = 0;

	for (i = 0; i < min(s->logged, LOG_SIZE); i++)
		count += (s->log[i][0] & 0xff) == op;
	return count;
}

int soft_invalidate(struct kunit *test, struct soft_smmu *s, const u64 *cmds,
		    u32 num, u32 *done)
{
	struct iommu_user_data_array array = {
		.type = IOMMU_VIOMMU_INVALIDATE_DATA_ARM_SMMUV3,
		.uptr = s->user,
		.entry_len = 16,
		.entry_num = num,
	};
	int ret;

	KUNIT_ASSERT_LE(test, num * 16, SZ_64K);
	KUNIT_ASSERT_EQ(test, copy_to_user(s->user, cmds, num * 16), 0);
	ret = s->viommu->ops->cache_invalidate(s->viommu, &array);
	*done = array.entry_num;
	return ret;
}

/* TLBI_NH_VA of page i of ASID 7, with another VMID */
static void make_cmds(u64 *cmds, u32 num)
{
	u32 i;

	for (i = 0; i < num; i++) {
		cmds[2 * i] = OP_TLBI_NH_VA | (7ULL << 48) | (0x99ULL << 32);
		cmds[2 * i + 1] = (u64)i << 12;
	}
}

/* The first @num commands of make_cmds() were consumed, in order, each once */
static void expect_commands(struct kunit *test, const struct soft_smmu *s,
			    u32 num)
{
	unsigned int i, seen = 0;

	for (i = 0; i < s->logged; i++) {
		if ((s->log[i][0] & 0xff) == OP_CMD_SYNC)
			continue;
		KUNIT_EXPECT_EQ(test, s->log[i][0],
				OP_TLBI_NH_VA | (7ULL << 48) |
					((u64)VMID << 32));
		KUNIT_EXPECT_EQ(test, s->log[i][1], (u64)seen << 12);
		seen++;
	}
	KUNIT_EXPECT_EQ(test, seen, num);
}

static u64 *new_cmds(struct kunit *test, u32 num)
{
	u64 *cmds = kunit_kcalloc(test, num, 16, GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, cmds);
	make_cmds(cmds, num);
	return cmds;
}

static void one_sync_completes_up_to_64_commands(struct kunit *test)
{
	static const u32 nums[] = { 1, 2, 63, 64, 65, 128, 300 };
	struct soft_smmu *s = test->priv;
	u64 *cmds = new_cmds(test, 300);
	unsigned int i;
	u32 done;

	for (i = 0; i < ARRAY_SIZE(nums); i++) {
		s->logged = 0;
		KUNIT_EXPECT_EQ(test,
				soft_invalidate(test, s, cmds, nums[i], &done),
				0);
		KUNIT_EXPECT_EQ(test, done, nums[i]);
		expect_commands(test, s, nums[i]);
		KUNIT_EXPECT_EQ(test, soft_count_op(s, OP_CMD_SYNC),
				DIV_ROUND_UP(nums[i], 64));
	}
}

static void commands_before_a_bad_one_take_effect(struct kunit *test)
{
	static const u32 bad[] = { 0, 1, 2, 63, 64, 65, 127, 128, 199 };
	struct soft_smmu *s = test->priv;
	u64 *cmds = new_cmds(test, 200);
	unsigned int i;
	u32 done;
	int ret;

	for (i = 0; i < ARRAY_SIZE(bad); i++) {
		make_cmds(cmds, 200);
		cmds[2 * bad[i]] = 0x20; /* TLBI_EL2_ALL */
		s->logged = 0;
		ret = soft_invalidate(test, s, cmds, 200, &done);
		KUNIT_EXPECT_EQ(test, ret, -EIO);
		KUNIT_EXPECT_EQ(test, done, bad[i]);
		expect_commands(test, s, bad[i]);
		KUNIT_EXPECT_EQ(test, soft_count_op(s, OP_CMD_SYNC),
				DIV_ROUND_UP(bad[i], 64));
	}
}

static void batch_without_sync_is_not_counted(struct kunit *test)
{
	struct soft_smmu *s = test->priv;
	u64 *cmds = new_cmds(test, 200);
	u32 done;

	/* The SMMU hangs in the second batch */
	s->stop_after = 64 + 1 + 10;
	KUNIT_EXPECT_EQ(test, soft_invalidate(test, s, cmds, 200, &done),
			-ETIMEDOUT);
	KUNIT_EXPECT_EQ(test, done, 64);
}

static void arrays_are_checked(struct kunit *test)
{
	struct soft_smmu *s = test->priv;
	struct iommu_user_data_array array = {
		.type = IOMMU_VIOMMU_INVALIDATE_DATA_ARM_SMMUV3,
		.uptr = s->user,
		.entry_len = 16,
	};
	const struct iommufd_viommu_ops *ops = s->viommu->ops;
	u64 cmds[6] = { OP_TLBI_NH_ALL, 0, 0, OP_TLBI_NH_ALL, 0, 1 };

	/* An empty array is a query whether the type is supported */
	KUNIT_EXPECT_EQ(test, ops->cache_invalidate(s->viommu, &array), 0);
	array.entry_len = PAGE_SIZE + 1;
	KUNIT_EXPECT_EQ(test, ops->cache_invalidate(s->viommu, &array), 0);
	array.type++;
	KUNIT_EXPECT_EQ(test, ops->cache_invalidate(s->viommu, &array),
			-EINVAL);
	array.type--;

	array.entry_num = 1;
	array.entry_len = 15;
	KUNIT_EXPECT_EQ(test, ops->cache_invalidate(s->viommu, &array),
			-EINVAL);
	KUNIT_EXPECT_EQ(test, array.entry_num, 0);

	/* Longer entries: the tail of the second is not zero */
	KUNIT_ASSERT_EQ(test, copy_to_user(s->user, cmds, sizeof(cmds)), 0);
	array.entry_len = 24;
	array.entry_num = 1;
	KUNIT_EXPECT_EQ(test, ops->cache_invalidate(s->viommu, &array), 0);
	KUNIT_EXPECT_EQ(test, array.entry_num, 1);
	array.entry_num = 2;
	KUNIT_EXPECT_EQ(test, ops->cache_invalidate(s->viommu, &array), -E2BIG);
	KUNIT_EXPECT_EQ(test, array.entry_num, 0);

	array.uptr = (void __user *)(TASK_SIZE - 8);
	array.entry_len = 16;
	array.entry_num = 1;
	KUNIT_EXPECT_EQ(test, ops->cache_invalidate(s->viommu, &array),
			-EFAULT);
	KUNIT_EXPECT_EQ(test, array.entry_num, 0);
}

static void stream_ids_are_replaced(struct kunit *test)
{
	const u64 known = (u64)VSID << 32, unknown = (u64)SID << 32;
	u64 cmd[2] = { OP_CFGI_CD_ALL | known, 0 };
	struct soft_smmu *s = test->priv;
	u32 done;

	KUNIT_EXPECT_EQ(test, soft_invalidate(test, s, cmd, 1, &done), -EIO);
	KUNIT_EXPECT_EQ(test, done, 0);
	soft_add_vdevice(test, s);
	KUNIT_EXPECT_EQ(test, soft_invalidate(test, s, cmd, 1, &done), 0);
	KUNIT_EXPECT_EQ(test, done, 1);
	KUNIT_EXPECT_EQ(test, s->log[0][0], OP_CFGI_CD_ALL | ((u64)SID << 32));

	/* The physical ID is not valid, nor is a virtual ID that was removed */
	cmd[0] = OP_CFGI_CD_ALL | unknown;
	KUNIT_EXPECT_EQ(test, soft_invalidate(test, s, cmd, 1, &done), -EIO);
	remove_vdevice(s);
	cmd[0] = OP_CFGI_CD_ALL | known;
	KUNIT_EXPECT_EQ(test, soft_invalidate(test, s, cmd, 1, &done), -EIO);
	KUNIT_EXPECT_EQ(test, soft_count_op(s, OP_CFGI_CD_ALL), 1);
}

static void stage1_is_invalidated_after_stage2_once_used(struct kunit *test)
{
	struct soft_smmu *s = test->priv;

	arm_smmu_tlb_inv_guest_stage1(&s->parent);
	KUNIT_EXPECT_EQ(test, s->logged, 0);
	s->parent.stage1_used = true;
	arm_smmu_tlb_inv_guest_stage1(&s->parent);
	KUNIT_EXPECT_EQ(test, s->logged, 2);
	KUNIT_EXPECT_EQ(test, s->log[0][0], OP_TLBI_NH_ALL | ((u64)VMID << 32));
	KUNIT_EXPECT_EQ(test, s->log[1][0] & 0xff, OP_CMD_SYNC);
}

struct iommu_domain *soft_new_nested(struct kunit *test, struct soft_smmu *s,
				     u64 word0, u64 word1)
{
	struct iommu_user_data data = {
		.type = IOMMU_HWPT_DATA_ARM_SMMUV3,
		.uptr = s->user,
		.len = 16,
	};
	u64 ste[2] = { word0, word1 };

	KUNIT_ASSERT_EQ(test, copy_to_user(s->user, ste, sizeof(ste)), 0);
	return s->viommu->ops->alloc_domain_nested(s->viommu, 0, &data);
}

int soft_attach(struct soft_smmu *s, struct iommu_domain *domain)
{
	return domain->ops->attach_dev(domain, s->dev);
}

static void stage1_needs_a_virtual_id(struct kunit *test)
{
	struct soft_smmu *s = test->priv;
	struct iommu_domain *stage1 = soft_new_nested(test, s, 0xb, 0);
	struct iommu_domain *bypass = soft_new_nested(test, s, 0x9, 0);
	struct iommu_domain *abort = soft_new_nested(test, s, 0, 0);

	/* So that interrupts of the host's devices are paused */
	KUNIT_EXPECT_TRUE(test, abort->aborts_all);
	KUNIT_EXPECT_FALSE(test, stage1->aborts_all || bypass->aborts_all);
	KUNIT_EXPECT_EQ(test, soft_attach(s, stage1), -ENOENT);
	KUNIT_EXPECT_EQ(test, soft_config(s), 0x1);
	KUNIT_EXPECT_EQ(test, s->logged, 0);
	KUNIT_EXPECT_FALSE(test, s->parent.stage1_used);
	KUNIT_EXPECT_TRUE(test, list_empty(&s->parent.devices));

	KUNIT_EXPECT_EQ(test, soft_attach(s, bypass), 0);
	KUNIT_EXPECT_EQ(test, soft_config(s), 0xd);
	KUNIT_EXPECT_FALSE(test, s->parent.stage1_used);
	KUNIT_EXPECT_PTR_EQ(test, s->master.viommu, s->viommu);
	KUNIT_EXPECT_EQ(test, soft_attach(s, abort), 0);
	KUNIT_EXPECT_EQ(test, soft_config(s), 0x1);

	soft_add_vdevice(test, s);
	KUNIT_EXPECT_EQ(test, soft_attach(s, stage1), 0);
	KUNIT_EXPECT_EQ(test, soft_config(s), 0xf);
	KUNIT_EXPECT_TRUE(test, s->parent.stage1_used);

	stage1->ops->free(stage1);
	bypass->ops->free(bypass);
	abort->ops->free(abort);
}

static void stage1_and_bypass_take_two_syncs_each_way(struct kunit *test)
{
	struct soft_smmu *s = test->priv;
	struct iommu_domain *stage1 = soft_new_nested(test, s, 0x400b, 0xd6);
	struct iommu_domain *bypass = soft_new_nested(test, s, 0x9, 0);

	soft_add_vdevice(test, s);
	KUNIT_EXPECT_EQ(test, soft_attach(s, bypass), 0);
	s->logged = 0;
	KUNIT_EXPECT_EQ(test, soft_attach(s, stage1), 0);
	KUNIT_EXPECT_EQ(test, soft_count_op(s, OP_CFGI_STE), 2);
	KUNIT_EXPECT_EQ(test, soft_count_op(s, OP_CMD_SYNC), 2);
	KUNIT_EXPECT_EQ(test, soft_attach(s, bypass), 0);
	KUNIT_EXPECT_EQ(test, soft_count_op(s, OP_CFGI_STE), 4);
	KUNIT_EXPECT_EQ(test, soft_count_op(s, OP_CMD_SYNC), 4);

	stage1->ops->free(stage1);
	bypass->ops->free(bypass);
}

/* As a guest's CFGI_STE arrives: it may have changed a CD, and not its entry */
static void attach_of_the_same_entry_invalidates_it(struct kunit *test)
{
	struct soft_smmu *s = test->priv;
	struct iommu_domain *first = soft_new_nested(test, s, 0x400b, 0xd6);
	struct iommu_domain *same = soft_new_nested(test, s, 0x400b, 0xd6);

	soft_add_vdevice(test, s);
	KUNIT_EXPECT_EQ(test, soft_attach(s, first), 0);
	s->logged = 0;
	KUNIT_EXPECT_EQ(test, soft_attach(s, same), 0);
	KUNIT_EXPECT_EQ(test, soft_count_op(s, OP_CFGI_STE), 1);
	KUNIT_EXPECT_EQ(test, s->log[0][0] >> 32, SID);
	KUNIT_EXPECT_EQ(test, s->log[1][0] & 0xff, OP_CMD_SYNC);

	first->ops->free(first);
	same->ops->free(same);
}

/* The core's pointer may be wrong while it undoes an attach; here it is NULL */
static void device_is_in_the_list_of_one_domain(struct kunit *test)
{
	struct soft_smmu *s = test->priv;
	struct iommu_domain *stage1 = soft_new_nested(test, s, 0xb, 0);
	struct iommu_domain *bypass = soft_new_nested(test, s, 0x9, 0);
	unsigned int i;

	soft_add_vdevice(test, s);
	for (i = 0; i < 3; i++) {
		KUNIT_EXPECT_EQ(test, soft_attach(s, bypass), 0);
		KUNIT_EXPECT_TRUE(test, list_is_singular(&s->parent.devices));
		KUNIT_EXPECT_EQ(test, soft_attach(s, stage1), 0);
		KUNIT_EXPECT_TRUE(test, list_is_singular(&s->parent.devices));
	}

	stage1->ops->free(stage1);
	bypass->ops->free(bypass);
}

static void init_domain(struct arm_smmu_domain *domain)
{
	domain->stage = ARM_SMMU_DOMAIN_S2;
	INIT_LIST_HEAD(&domain->devices);
	spin_lock_init(&domain->devices_lock);
}

static void domain_without_an_id_leaves_nothing(struct kunit *test)
{
	struct soft_smmu *s = test->priv;
	struct arm_smmu_domain *domains =
		kunit_kcalloc(test, 2, sizeof(*domains), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, domains);
	init_domain(&domains[0]);
	init_domain(&domains[1]);
	/* There is one VMID, as 0 is not used */
	s->smmu.vmid_bits = 1;
	ida_init(&s->smmu.vmid_map);
	s->smmu.features |= ARM_SMMU_FEAT_TRANS_S2 | ARM_SMMU_FEAT_COHERENCY;
	s->smmu.ias = 40;

	KUNIT_ASSERT_EQ(test,
			arm_smmu_domain_finalise(&domains[0], &s->smmu, 0), 0);
	KUNIT_EXPECT_EQ(test,
			arm_smmu_domain_finalise(&domains[1], &s->smmu, 0),
			-ENOSPC);
	KUNIT_EXPECT_NULL(test, domains[1].smmu);
	KUNIT_EXPECT_NULL(test, domains[1].pgtbl_ops);

	free_io_pgtable_ops(domains[0].pgtbl_ops);
	ida_destroy(&s->smmu.vmid_map);
}

/* The parts of the SMMU that page tables of both stages need */
static void init_page_tables(struct soft_smmu *s)
{
	struct arm_smmu_device *smmu = &s->smmu;

	smmu->features |= ARM_SMMU_FEAT_TRANS_S1 | ARM_SMMU_FEAT_TRANS_S2 |
			  ARM_SMMU_FEAT_COHERENCY | ARM_SMMU_FEAT_HA |
			  ARM_SMMU_FEAT_HD;
	smmu->vmid_bits = 8;
	smmu->ias = 40;
	ida_init(&smmu->vmid_map);
}

static struct iommu_domain *new_paging(struct soft_smmu *s, u32 flags)
{
	return arm_smmu_ops.domain_alloc_user(s->dev, flags, NULL, NULL);
}

static bool tracks_dirty_pages(struct soft_smmu *s)
{
	return arm_smmu_ops.capable(s->dev, IOMMU_CAP_DIRTY_TRACKING);
}

static void device_that_can_nest_tracks_dirty_pages(struct kunit *test)
{
	const u32 dirty = IOMMU_HWPT_ALLOC_DIRTY_TRACKING;
	const u32 parent = IOMMU_HWPT_ALLOC_NEST_PARENT;
	struct soft_smmu *s = test->priv;
	struct iommu_domain *domain;

	init_page_tables(s);
	KUNIT_ASSERT_TRUE(test, arm_smmu_master_can_nest(&s->master));
	KUNIT_EXPECT_TRUE(test, tracks_dirty_pages(s));
	domain = new_paging(s, dirty);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, domain);
	KUNIT_EXPECT_NOT_NULL(test, domain->dirty_ops);
	domain->ops->free(domain);

	domain = new_paging(s, parent);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, domain);
	KUNIT_EXPECT_NULL(test, domain->dirty_ops);
	domain->ops->free(domain);
	KUNIT_EXPECT_EQ(test, PTR_ERR(new_paging(s, dirty | parent)),
			-EOPNOTSUPP);

	/* The other three combinations: no nesting, no HTTU */
	s->smmu.features &= ~ARM_SMMU_FEAT_NESTING;
	KUNIT_EXPECT_TRUE(test, tracks_dirty_pages(s));
	domain = new_paging(s, dirty);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, domain);
	KUNIT_EXPECT_NOT_NULL(test, domain->dirty_ops);
	domain->ops->free(domain);
	KUNIT_EXPECT_EQ(test, PTR_ERR(new_paging(s, parent)), -EOPNOTSUPP);
	s->smmu.features &= ~ARM_SMMU_FEAT_HD;
	KUNIT_EXPECT_FALSE(test, tracks_dirty_pages(s));
	s->smmu.features |= ARM_SMMU_FEAT_NESTING;
	KUNIT_EXPECT_FALSE(test, tracks_dirty_pages(s));
	ida_destroy(&s->smmu.vmid_map);
}

static void both_stages_of_a_freed_parent_go_at_once(struct kunit *test)
{
	struct soft_smmu *s = test->priv;
	struct iommu_domain *domain;
	u64 vmid;

	init_page_tables(s);
	domain = new_paging(s, IOMMU_HWPT_ALLOC_NEST_PARENT);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, domain);
	vmid = container_of(domain, struct arm_smmu_domain, domain)->s2_cfg.vmid;
	domain->ops->free(domain);
	KUNIT_EXPECT_EQ(test, s->logged, 2);
	KUNIT_EXPECT_EQ(test, s->log[0][0], OP_TLBI_S12_VMALL | (vmid << 32));
	KUNIT_EXPECT_EQ(test, s->log[1][0] & 0xff, OP_CMD_SYNC);
	ida_destroy(&s->smmu.vmid_map);
}

/* A container for nesting is created when all VMIDs are in use */
static void container_without_an_id_can_be_freed(struct kunit *test)
{
	struct soft_smmu *s = test->priv;
	struct iommu_domain *parent, *domain;
	struct arm_smmu_domain *smmu_domain;

	init_page_tables(s);
	s->smmu.vmid_bits = 1;
	parent = new_paging(s, IOMMU_HWPT_ALLOC_NEST_PARENT);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, parent);
	domain = new_paging(s, IOMMU_HWPT_ALLOC_DIRTY_TRACKING);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, domain);

	KUNIT_EXPECT_EQ(test, domain->ops->enable_nesting(domain), -ENOSPC);
	smmu_domain = container_of(domain, struct arm_smmu_domain, domain);
	KUNIT_EXPECT_PTR_EQ(test, smmu_domain->smmu, &s->smmu);
	domain->ops->free(domain);
	parent->ops->free(parent);
	ida_destroy(&s->smmu.vmid_map);
}

static void soft_page_response(struct device *dev, struct iopf_fault *fault,
			       struct iommu_page_response *response)
{
}

static void fault_queue_needs_no_sva(struct kunit *test)
{
	static const struct iommu_ops ops = {
		.page_response = soft_page_response,
	};
	struct soft_smmu *s = test->priv;

	if (!IS_ENABLED(CONFIG_ARM_SMMU_V3_SVA))
		kunit_skip(test, "the driver is built without I/O page faults");
	s->smmu.iommu.ops = &ops;
	s->dev_iommu.iommu_dev = &s->smmu.iommu;
	mutex_init(&s->dev_iommu.lock);
	s->smmu.evtq.iopf = iopf_queue_alloc("soft-smmu");
	KUNIT_ASSERT_NOT_NULL(test, s->smmu.evtq.iopf);

	KUNIT_EXPECT_EQ(test, arm_smmu_master_enable_iopf(&s->master), 0);
	KUNIT_EXPECT_TRUE(test, s->master.iopf_enabled);
	KUNIT_EXPECT_NOT_NULL(test,
			      rcu_access_pointer(s->dev_iommu.fault_param));
	arm_smmu_master_disable_iopf(&s->master);
	KUNIT_EXPECT_FALSE(test, s->master.iopf_enabled);
	KUNIT_EXPECT_NULL(test, rcu_access_pointer(s->dev_iommu.fault_param));
	iopf_queue_free(s->smmu.evtq.iopf);
}

static unsigned int count_streams(struct soft_smmu *s)
{
	unsigned int count = 0;
	struct rb_node *node;

	for (node = rb_first(&s->smmu.streams); node; node = rb_next(node))
		count++;
	return count;
}

/* A PCI device behind a bridge may have the bridge's ID, which is also its own */
static void equal_stream_ids_of_a_device_are_one_stream(struct kunit *test)
{
	static const u32 ids[] = { SID + 1, SID + 1, NUM_STREAMS };
	struct soft_smmu *s = test->priv;
	struct arm_smmu_master master = { .smmu = &s->smmu };
	struct iommu_fwspec *fwspec;
	struct dev_iommu dev_iommu;

	fwspec = kunit_kzalloc(test, struct_size(fwspec, ids, ARRAY_SIZE(ids)),
			       GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, fwspec);
	memcpy(fwspec->ids, ids, sizeof(ids));
	dev_iommu.fwspec = fwspec;
	master.dev = kunit_device_register(test, "soft-bridged");
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, master.dev);
	master.dev->iommu = &dev_iommu;

	fwspec->num_ids = 2;
	KUNIT_EXPECT_EQ(test, arm_smmu_insert_master(&s->smmu, &master), 0);
	KUNIT_EXPECT_EQ(test, count_streams(s), 2);
	arm_smmu_remove_master(&master);
	KUNIT_EXPECT_EQ(test, count_streams(s), 1);

	/* The third one is refused */
	fwspec->num_ids = 3;
	KUNIT_EXPECT_EQ(test, arm_smmu_insert_master(&s->smmu, &master),
			-ERANGE);
	KUNIT_EXPECT_EQ(test, count_streams(s), 1);
	KUNIT_EXPECT_PTR_EQ(test, s->smmu.streams.rb_node, &s->stream.node);
	master.dev->iommu = NULL;
}

static void attach_is_refused_where_it_cannot_be(struct kunit *test)
{
	struct soft_smmu *s = test->priv;
	struct iommu_domain *bypass = soft_new_nested(test, s, 0x9, 0);
	static struct arm_smmu_device other;

	s->master.cd_table.used_ssids = 1;
	KUNIT_EXPECT_EQ(test, soft_attach(s, bypass), -EBUSY);
	s->master.cd_table.used_ssids = 0;

	s->master.smmu = &other;
	KUNIT_EXPECT_EQ(test, soft_attach(s, bypass), -EINVAL);
	s->master.smmu = &s->smmu;

	s->smmu.features &= ~ARM_SMMU_FEAT_S2FWB;
	KUNIT_EXPECT_EQ(test, soft_attach(s, bypass), -EINVAL);
	s->fwspec->flags = IOMMU_FWSPEC_PCI_RC_CANWBS;

	/* Nothing would answer a stall */
	s->master.stall_enabled = true;
	s->master.num_streams = 2;
	KUNIT_EXPECT_EQ(test, soft_attach(s, bypass), -EINVAL);
	s->master.num_streams = 1;
	s->master.stall_enabled = false;

	KUNIT_EXPECT_EQ(test, soft_attach(s, bypass), 0);
	KUNIT_EXPECT_PTR_EQ(test, s->master.viommu, s->viommu);

	bypass->ops->free(bypass);
}

static void nested_domains_are_checked(struct kunit *test)
{
	struct soft_smmu *s = test->priv;
	struct iommu_user_data data = {
		.type = IOMMU_HWPT_DATA_ARM_SMMUV3,
		.uptr = s->user,
		.len = 16,
	};
	const struct iommufd_viommu_ops *ops = s->viommu->ops;
	const u32 flags = IOMMU_HWPT_ALLOC_DIRTY_TRACKING;
	struct iommu_domain *domain;

	KUNIT_EXPECT_EQ(test, PTR_ERR(soft_new_nested(test, s, 0xd, 0)), -EIO);
	KUNIT_EXPECT_EQ(test, PTR_ERR(soft_new_nested(test, s, 0xb, 1 << 19)),
			-EIO);
	domain = ops->alloc_domain_nested(s->viommu, flags, &data);
	KUNIT_EXPECT_EQ(test, PTR_ERR(domain), -EOPNOTSUPP);
	data.len = 8;
	domain = ops->alloc_domain_nested(s->viommu, 0, &data);
	KUNIT_EXPECT_EQ(test, PTR_ERR(domain), -EINVAL);
	data.len = 16;
	data.type = IOMMU_HWPT_DATA_VTD_S1;
	domain = ops->alloc_domain_nested(s->viommu, 0, &data);
	KUNIT_EXPECT_EQ(test, PTR_ERR(domain), -EINVAL);
}

static long try_viommu(struct soft_smmu *s, u32 type)
{
	struct iommufd_viommu *viommu = new_viommu(s, type);

	if (IS_ERR(viommu))
		return PTR_ERR(viommu);
	kfree(viommu);
	return 0;
}

static void viommu_needs_nesting_and_coherency(struct kunit *test)
{
	struct soft_smmu *s = test->priv;
	static struct arm_smmu_device other;
	const u32 features = s->smmu.features;

	KUNIT_EXPECT_EQ(test, try_viommu(s, 1), 0);
	KUNIT_EXPECT_EQ(test, try_viommu(s, 0), -EOPNOTSUPP);
	KUNIT_EXPECT_EQ(test, try_viommu(s, 2), -EOPNOTSUPP);

	s->smmu.features = features & ~ARM_SMMU_FEAT_NESTING;
	KUNIT_EXPECT_EQ(test, try_viommu(s, 1), -EOPNOTSUPP);
	s->smmu.features = features;
	s->smmu.options |= ARM_SMMU_OPT_CMDQ_FORCE_SYNC;
	KUNIT_EXPECT_EQ(test, try_viommu(s, 1), -EOPNOTSUPP);
	s->smmu.options &= ~ARM_SMMU_OPT_CMDQ_FORCE_SYNC;

	s->smmu.features = features & ~ARM_SMMU_FEAT_S2FWB;
	KUNIT_EXPECT_EQ(test, try_viommu(s, 1), -EOPNOTSUPP);
	s->fwspec->flags = IOMMU_FWSPEC_PCI_RC_CANWBS;
	KUNIT_EXPECT_EQ(test, try_viommu(s, 1), 0);

	s->parent.smmu = &other;
	KUNIT_EXPECT_EQ(test, try_viommu(s, 1), -EINVAL);
	s->parent.smmu = &s->smmu;
	s->parent.nest_parent = false;
	KUNIT_EXPECT_EQ(test, try_viommu(s, 1), -EINVAL);
	s->parent.nest_parent = true;
}

static void device_of_several_streams_gets_no_virtual_id(struct kunit *test)
{
	struct soft_smmu *s = test->priv;

	s->vdevice.dev = s->dev;
	s->vdevice.virt_id = VSID;
	s->master.num_streams = 2;
	KUNIT_EXPECT_EQ(test,
			iommufd_viommu_add_vdevice(s->viommu, &s->vdevice),
			-EOPNOTSUPP);
	s->master.num_streams = 1;
}

static void virtual_stream_id_has_32_bits(struct kunit *test)
{
	struct soft_smmu *s = test->priv;
	const struct iommufd_viommu_ops *ops = s->viommu->ops;
	struct iommufd_vdevice vdev = {
		.viommu = s->viommu,
		.dev = s->dev,
		.virt_id = 0xffffffff,
	};

	KUNIT_EXPECT_EQ(test, ops->vdevice_init(&vdev), 0);
	vdev.virt_id++;
	KUNIT_EXPECT_EQ(test, ops->vdevice_init(&vdev), -EINVAL);
}

/* The core uses this to find the domain of a fault with a PASID */
static void page_tables_of_pasids_are_the_guests(struct kunit *test)
{
	KUNIT_EXPECT_TRUE(test, arm_smmu_ops.user_pasid_table);
}

static u32 hw_info_flags(struct kunit *test, struct soft_smmu *s)
{
	struct iommu_hw_info_arm_smmuv3 *info;
	u32 length, type, flags;

	info = arm_smmu_ops.hw_info(s->dev, &length, &type);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, info);
	KUNIT_EXPECT_EQ(test, length, sizeof(*info));
	flags = info->flags;
	kfree(info);
	return flags;
}

static void erratum_is_reported_by_hw_info(struct kunit *test)
{
	static const struct property_entry properties[] = {
		PROPERTY_ENTRY_STRING("compatible", "nvidia,tegra264-smmu"), {}
	};
	void *registers = kunit_kzalloc(test, SZ_4K, GFP_KERNEL);
	struct soft_smmu *s = test->priv;

	KUNIT_ASSERT_NOT_NULL(test, registers);
	s->smmu.base = (void __iomem *)registers;
	KUNIT_EXPECT_EQ(test, hw_info_flags(test, s), 0);
	KUNIT_ASSERT_EQ(test,
			device_create_managed_software_node(s->smmu.dev,
							    properties, NULL),
			0);
	KUNIT_EXPECT_EQ(test, hw_info_flags(test, s),
			IOMMU_HW_INFO_ARM_SMMUV3_REPEAT_INV);
}

/* An event queue of a guest */
struct guest_queue {
	struct iommufd_veventq_ring eventq;
	wait_queue_head_t wait;
};

static void open_queue(struct kunit *test, struct soft_smmu *s,
		       struct guest_queue *queue)
{
	const u32 type = IOMMU_VEVENTQ_TYPE_ARM_SMMUV3;
	size_t size = s->viommu->ops->veventq_event_size(s->viommu, type);

	KUNIT_ASSERT_EQ(test, size, 32);
	memset(queue, 0, sizeof(*queue));
	init_waitqueue_head(&queue->wait);
	KUNIT_ASSERT_EQ(test,
			iommufd_veventq_ring_init(&queue->eventq, type, 2, size,
						  &queue->wait),
			0);
	KUNIT_ASSERT_EQ(test,
			iommufd_viommu_add_ring(s->viommu, &queue->eventq), 0);
}

static void close_queue(struct soft_smmu *s, struct guest_queue *queue)
{
	iommufd_viommu_remove_ring(s->viommu, &queue->eventq);
	iommufd_veventq_ring_free(&queue->eventq);
}

/* Returns whether the device's guest gets the next event in the queue */
static bool handle_next_event(struct soft_smmu *s, u8 id, u64 word1)
{
	const u64 evt[4] = { id | ((u64)SID << 32) | (0x11ULL << 12), word1,
			     0xfeed000, 0 };

	s->smmu.evtq.handled++;
	return arm_smmu_viommu_handle_event(&s->smmu, evt,
					    s->smmu.evtq.handled);
}

static bool is_taken(struct soft_smmu *s, u8 id, u64 word1)
{
	s->evtq_prod++;
	return handle_next_event(s, id, word1);
}

static void event_has_the_virtual_id(struct kunit *test)
{
	struct soft_smmu *s = test->priv;
	struct guest_queue queue;
	const __le64 *evt;

	soft_add_vdevice(test, s);
	open_queue(test, s, &queue);
	arm_smmu_viommu_assign(&s->master, s->viommu);
	KUNIT_EXPECT_TRUE(test, is_taken(s, 0x10, 1ULL << 35));
	KUNIT_EXPECT_EQ(test, queue.eventq.count, 1);
	evt = queue.eventq.entries + sizeof(struct iommufd_vevent_header);
	KUNIT_EXPECT_EQ(test, le64_to_cpu(evt[0]),
			0x10 | ((u64)VSID << 32) | (0x11ULL << 12));
	KUNIT_EXPECT_EQ(test, le64_to_cpu(evt[1]), 1ULL << 35);
	KUNIT_EXPECT_EQ(test, le64_to_cpu(evt[2]), 0xfeed000);
	close_queue(s, &queue);
}

static void only_listed_events_are_the_guests(struct kunit *test)
{
	static const u8 listed[] = { 0x04, 0x06, 0x08, 0x0a,
				     0x10, 0x11, 0x12, 0x13 };
	const u64 s2 = 1ULL << 39, stall = 1ULL << 31;
	struct soft_smmu *s = test->priv;
	struct guest_queue queue;
	unsigned int id;

	soft_add_vdevice(test, s);
	open_queue(test, s, &queue);
	arm_smmu_viommu_assign(&s->master, s->viommu);
	for (id = 0; id < 256; id++)
		KUNIT_EXPECT_EQ_MSG(test, is_taken(s, id, 0),
				    !!memchr(listed, id, sizeof(listed)),
				    "event %#x", id);
	for (id = 0x10; id <= 0x13; id++) {
		KUNIT_EXPECT_FALSE(test, is_taken(s, id, s2));
		KUNIT_EXPECT_FALSE(test, is_taken(s, id, stall));
	}
	close_queue(s, &queue);
}

static void event_flood_overflows_the_guests_queue(struct kunit *test)
{
	struct soft_smmu *s = test->priv;
	struct guest_queue queue;
	unsigned int i;

	soft_add_vdevice(test, s);
	open_queue(test, s, &queue);
	arm_smmu_viommu_assign(&s->master, s->viommu);
	for (i = 0; i < 1000; i++)
		KUNIT_EXPECT_TRUE(test, is_taken(s, 0x10, 0));
	KUNIT_EXPECT_EQ(test, queue.eventq.count, 2);
	KUNIT_EXPECT_TRUE(test, queue.eventq.lost);
	KUNIT_EXPECT_EQ(test, queue.eventq.sequence, 1000);
	close_queue(s, &queue);
}

static void event_without_a_guest_is_the_hosts(struct kunit *test)
{
	struct soft_smmu *s = test->priv;
	struct guest_queue queue;

	/* No vIOMMU, no queue, no virtual ID */
	KUNIT_EXPECT_FALSE(test, is_taken(s, 0x10, 0));
	soft_add_vdevice(test, s);
	arm_smmu_viommu_assign(&s->master, s->viommu);
	KUNIT_EXPECT_FALSE(test, is_taken(s, 0x10, 0));
	open_queue(test, s, &queue);
	KUNIT_EXPECT_TRUE(test, is_taken(s, 0x10, 0));
	remove_vdevice(s);
	KUNIT_EXPECT_FALSE(test, is_taken(s, 0x10, 0));
	close_queue(s, &queue);
}

static void earlier_event_is_not_the_new_guests(struct kunit *test)
{
	struct soft_smmu *s = test->priv;
	struct guest_queue queue;
	unsigned int i, round;

	soft_add_vdevice(test, s);
	open_queue(test, s, &queue);
	for (round = 0; round < 4; round++) {
		/* 200 are pending in a queue of 256, whose indices wrap at 512 */
		s->evtq_prod = (s->evtq_prod + 200) & 511;
		arm_smmu_viommu_assign(&s->master, s->viommu);
		for (i = 0; i < 200; i++)
			KUNIT_EXPECT_FALSE(test, handle_next_event(s, 0x10, 0));
		s->evtq_prod = (s->evtq_prod + 1) & 511;
		KUNIT_EXPECT_TRUE(test, handle_next_event(s, 0x10, 0));
		arm_smmu_viommu_assign(&s->master, NULL);
	}
	close_queue(s, &queue);
}

static void event_of_the_first_entry_is_the_guests(struct kunit *test)
{
	struct soft_smmu *s = test->priv;
	struct iommu_domain *bypass = soft_new_nested(test, s, 0x9, 0);
	struct guest_queue queue;

	soft_add_vdevice(test, s);
	open_queue(test, s, &queue);
	/* An earlier event is the host's */
	s->evtq_prod = 1;
	/* The device faults at once, during the attach */
	s->entry_faults = true;
	KUNIT_EXPECT_EQ(test, soft_attach(s, bypass), 0);
	s->entry_faults = false;
	KUNIT_ASSERT_GT(test, s->evtq_prod, 1);
	KUNIT_EXPECT_FALSE(test, handle_next_event(s, 0x10, 0));
	KUNIT_EXPECT_TRUE(test, handle_next_event(s, 0x10, 0));
	close_queue(s, &queue);
	bypass->ops->free(bypass);
}

static unsigned int lines_with(struct kunit *test, const char *text)
{
	char *line = kunit_kzalloc(test, SZ_1K, GFP_KERNEL);
	struct kmsg_dump_iter iter;
	unsigned int lines = 0;
	size_t len;

	KUNIT_ASSERT_NOT_NULL(test, line);
	kmsg_dump_rewind(&iter);
	while (kmsg_dump_get_line(&iter, false, line, SZ_1K - 1, &len)) {
		line[len] = '\0';
		if (strstr(line, text))
			lines++;
	}
	return lines;
}

static void lost_events_do_not_flood_the_log(struct kunit *test)
{
	struct soft_smmu *s = test->priv;
	static const char text[] = "EVTQ overflow";
	unsigned int before = lines_with(test, text), i;

	for (i = 0; i < 500; i++) {
		s->evtq_prod ^= Q_OVERFLOW_FLAG;
		arm_smmu_evtq_thread(0, &s->smmu);
	}
	KUNIT_EXPECT_GT(test, lines_with(test, text), before);
	KUNIT_EXPECT_LT(test, lines_with(test, text), before + 100);
}

static void atc_without_answer_does_not_flood_the_log(struct kunit *test)
{
	static const char error[] = "CMDQ error", global[] = "global error";
	u32 cons = FIELD_PREP(CMDQ_CONS_ERR, CMDQ_ERR_CERROR_ATC_INV_IDX);
	unsigned int errors = lines_with(test, error), i;
	unsigned int globals = lines_with(test, global);
	struct soft_smmu *s = test->priv;
	u32 *registers = kunit_kzalloc(test, SZ_4K, GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, registers);
	s->smmu.base = (void __iomem *)registers;
	s->smmu.cmdq.q.cons_reg = (u32 __iomem *)&cons;
	for (i = 0; i < 500; i++) {
		registers[ARM_SMMU_GERROR / 4] ^= GERROR_CMDQ_ERR;
		KUNIT_EXPECT_EQ(test, arm_smmu_gerror_handler(0, &s->smmu),
				IRQ_HANDLED);
	}
	s->smmu.cmdq.q.cons_reg = (u32 __iomem *)&s->cmdq_cons;
	KUNIT_EXPECT_GT(test, lines_with(test, error), errors);
	KUNIT_EXPECT_LT(test, lines_with(test, error), errors + 100);
	KUNIT_EXPECT_GT(test, lines_with(test, global), globals);
	KUNIT_EXPECT_LT(test, lines_with(test, global), globals + 100);
}

static struct kunit_case arm_smmu_viommu_cases[] = {
	KUNIT_CASE(one_sync_completes_up_to_64_commands),
	KUNIT_CASE(commands_before_a_bad_one_take_effect),
	KUNIT_CASE(batch_without_sync_is_not_counted),
	KUNIT_CASE(arrays_are_checked),
	KUNIT_CASE(stream_ids_are_replaced),
	KUNIT_CASE(stage1_is_invalidated_after_stage2_once_used),
	KUNIT_CASE(stage1_needs_a_virtual_id),
	KUNIT_CASE(stage1_and_bypass_take_two_syncs_each_way),
	KUNIT_CASE(attach_of_the_same_entry_invalidates_it),
	KUNIT_CASE(device_is_in_the_list_of_one_domain),
	KUNIT_CASE(domain_without_an_id_leaves_nothing),
	KUNIT_CASE(device_that_can_nest_tracks_dirty_pages),
	KUNIT_CASE(both_stages_of_a_freed_parent_go_at_once),
	KUNIT_CASE(container_without_an_id_can_be_freed),
	KUNIT_CASE(fault_queue_needs_no_sva),
	KUNIT_CASE(equal_stream_ids_of_a_device_are_one_stream),
	KUNIT_CASE(attach_is_refused_where_it_cannot_be),
	KUNIT_CASE(nested_domains_are_checked),
	KUNIT_CASE(viommu_needs_nesting_and_coherency),
	KUNIT_CASE(device_of_several_streams_gets_no_virtual_id),
	KUNIT_CASE(virtual_stream_id_has_32_bits),
	KUNIT_CASE(page_tables_of_pasids_are_the_guests),
	KUNIT_CASE(erratum_is_reported_by_hw_info),
	KUNIT_CASE(event_has_the_virtual_id),
	KUNIT_CASE(only_listed_events_are_the_guests),
	KUNIT_CASE(event_flood_overflows_the_guests_queue),
	KUNIT_CASE(event_without_a_guest_is_the_hosts),
	KUNIT_CASE(earlier_event_is_not_the_new_guests),
	KUNIT_CASE(event_of_the_first_entry_is_the_guests),
	KUNIT_CASE(lost_events_do_not_flood_the_log),
	KUNIT_CASE(atc_without_answer_does_not_flood_the_log),
	{},
};

static struct kunit_suite arm_smmu_viommu_suite = {
	.name = "arm-smmu-v3-viommu",
	.init = soft_smmu_init,
	.exit = soft_smmu_exit,
	.test_cases = arm_smmu_viommu_cases,
};

kunit_test_suites(&arm_smmu_viommu_suite);

MODULE_IMPORT_NS(EXPORTED_FOR_KUNIT_TESTING);
MODULE_IMPORT_NS(IOMMUFD);
MODULE_DESCRIPTION("KUnit tests of virtual SMMUs");
MODULE_LICENSE("GPL");
