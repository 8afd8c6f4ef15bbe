// SPDX-License-Identifier: GPL-2.0
/*
 * Bad input to each ioctl of nested translation, and the error that it returns. A call
 * that failed leaves nothing behind: the objects can be destroyed afterwards.
 */
#include <sys/ioctl.h>

#include "nested_setup.h"

#define UNKNOWN_ID 12345

FIXTURE(input)
{
	struct guest g;
	__u32 dev_id;
};

FIXTURE_SETUP(input)
{
	struct guest *g = &self->g;

	if (!edu_name(0))
		SKIP(return, "VFIO_EDU names no edu device");
	guest_open(_metadata, g);
	guest_add_device(_metadata, g, 0, 0);
	self->dev_id = g->edu[0].dev.id;
}

FIXTURE_TEARDOWN(input)
{
	struct guest *g = &self->g;

	edu_close(&g->edu[0]);
	EXPECT_EQ(0, iommufd_destroy(g->iommufd, g->viommu));
	EXPECT_EQ(0, iommufd_destroy(g->iommufd, g->parent));
	EXPECT_EQ(0, iommufd_destroy(g->iommufd, g->ioas));
	guest_close(g);
}

/* Return: what the ioctl returned, 0 or a negative errno */
static int call(const struct guest *g, unsigned long request, void *cmd)
{
	return ioctl(g->iommufd, request, cmd) ? -errno : 0;
}

/* Structures begin with their size; what is beyond the known part must be zero */
static void expect_sizes(struct __test_metadata *_metadata, struct guest *g,
			 unsigned long request, void *cmd, size_t size,
			 size_t minimum, int error)
{
	struct {
		__u8 cmd[64];
		__u64 more;
	} longer = {};
	__u32 *told = (__u32 *)longer.cmd;

	ASSERT_LE(size, sizeof(longer.cmd));
	memcpy(longer.cmd, cmd, size);
	*told = minimum - 1;
	EXPECT_EQ(-EINVAL, call(g, request, &longer));
	*told = 0;
	EXPECT_EQ(-EINVAL, call(g, request, &longer));
	*told = sizeof(longer);
	longer.more = 1;
	EXPECT_EQ(-E2BIG, call(g, request, &longer));
	longer.more = 0;
	/* The size is accepted, another field is not */
	EXPECT_EQ(error, call(g, request, &longer));
}

/* The result of the ioctl if one field of @_good is changed */
#define EXPECT_ANSWER(_error, _request, _good, _field, _value) \
	EXPECT_EQ(_error, ({                                   \
			  typeof(_good) _cmd = _good;          \
			  _cmd._field = _value;                \
			  call(g, _request, &_cmd);            \
		  }))

TEST_F(input, of_hw_info_has_a_known_type)
{
	struct guest *g = &self->g;
	struct iommu_hw_info_arm_smmuv3 info;
	struct iommu_hw_info cmd = {
		.size = sizeof(cmd),
		.flags = IOMMU_HW_INFO_FLAG_INPUT_TYPE,
		.dev_id = self->dev_id,
		.data_len = sizeof(info),
		.data_uptr = (uintptr_t)&info,
		.in_data_type = IOMMU_HW_INFO_TYPE_ARM_SMMUV3,
	};

	EXPECT_ANSWER(-EOPNOTSUPP, IOMMU_GET_HW_INFO, cmd, in_data_type,
		      IOMMU_HW_INFO_TYPE_INTEL_VTD);
	EXPECT_ANSWER(-EOPNOTSUPP, IOMMU_GET_HW_INFO, cmd, in_data_type, 99);
	EXPECT_ANSWER(0, IOMMU_GET_HW_INFO, cmd, in_data_type, 0);
	EXPECT_ANSWER(-EOPNOTSUPP, IOMMU_GET_HW_INFO, cmd, flags, 2);
	EXPECT_EQ(0, call(g, IOMMU_GET_HW_INFO, &cmd));
	EXPECT_EQ(IOMMU_HW_INFO_TYPE_ARM_SMMUV3, cmd.out_data_type);
	EXPECT_EQ(sizeof(info), cmd.data_len);
}

TEST_F(input, of_a_viommu_is_checked)
{
	struct guest *g = &self->g;
	struct iommu_viommu_alloc good = {
		.size = sizeof(good),
		.type = IOMMU_VIOMMU_TYPE_ARM_SMMUV3,
		.dev_id = self->dev_id,
		.hwpt_id = g->parent,
	};
	struct iommu_viommu_alloc cmd = good;
	const size_t first_version = 24;
	__u32 plain;

	EXPECT_ANSWER(-EOPNOTSUPP, IOMMU_VIOMMU_ALLOC, good, flags, 1);
	EXPECT_ANSWER(-EOPNOTSUPP, IOMMU_VIOMMU_ALLOC, good, type, 0);
	EXPECT_ANSWER(-EOPNOTSUPP, IOMMU_VIOMMU_ALLOC, good, type, 99);
	EXPECT_ANSWER(-ENOENT, IOMMU_VIOMMU_ALLOC, good, dev_id, UNKNOWN_ID);
	EXPECT_ANSWER(-ENOENT, IOMMU_VIOMMU_ALLOC, good, dev_id, g->ioas);
	EXPECT_ANSWER(-ENOENT, IOMMU_VIOMMU_ALLOC, good, hwpt_id, UNKNOWN_ID);
	EXPECT_ANSWER(-ENOENT, IOMMU_VIOMMU_ALLOC, good, hwpt_id, g->ioas);
	ASSERT_EQ(0, hwpt_alloc(g->iommufd, self->dev_id, g->ioas, &plain));
	EXPECT_ANSWER(-EINVAL, IOMMU_VIOMMU_ALLOC, good, hwpt_id, plain);
	EXPECT_EQ(0, iommufd_destroy(g->iommufd, plain));
	cmd.type = 0;
	expect_sizes(_metadata, g, IOMMU_VIOMMU_ALLOC, &cmd, sizeof(cmd),
		     first_version, -EOPNOTSUPP);
	/* The structure before it had data */
	cmd = good;
	cmd.size = first_version;
	EXPECT_EQ(0, call(g, IOMMU_VIOMMU_ALLOC, &cmd));
	EXPECT_EQ(0, iommufd_destroy(g->iommufd, cmd.out_viommu_id));
	/* The type has no data: these fields are ignored */
	cmd = good;
	cmd.__reserved = ~0U;
	cmd.data_len = ~0U;
	cmd.data_uptr = ~0ULL;
	EXPECT_EQ(0, call(g, IOMMU_VIOMMU_ALLOC, &cmd));
	EXPECT_EQ(0, iommufd_destroy(g->iommufd, cmd.out_viommu_id));
}

TEST_F(input, of_a_vdevice_is_checked)
{
	struct guest *g = &self->g;
	struct iommu_vdevice_alloc good = {
		.size = sizeof(good),
		.viommu_id = g->viommu,
		.dev_id = self->dev_id,
		.virt_id = VIRTUAL_SID,
	};
	struct iommu_vdevice_alloc cmd = good;
	const __u64 too_large = _BITULL(32);

	EXPECT_ANSWER(-ENOENT, IOMMU_VDEVICE_ALLOC, good, viommu_id,
		      UNKNOWN_ID);
	EXPECT_ANSWER(-ENOENT, IOMMU_VDEVICE_ALLOC, good, viommu_id, g->parent);
	EXPECT_ANSWER(-ENOENT, IOMMU_VDEVICE_ALLOC, good, dev_id, UNKNOWN_ID);
	EXPECT_ANSWER(-ENOENT, IOMMU_VDEVICE_ALLOC, good, dev_id, g->viommu);
	EXPECT_ANSWER(-EINVAL, IOMMU_VDEVICE_ALLOC, good, virt_id, too_large);
	cmd.dev_id = UNKNOWN_ID;
	expect_sizes(_metadata, g, IOMMU_VDEVICE_ALLOC, &cmd, sizeof(cmd),
		     sizeof(cmd), -ENOENT);
	cmd = good;
	cmd.virt_id = too_large - 1;
	EXPECT_EQ(0, call(g, IOMMU_VDEVICE_ALLOC, &cmd));
	EXPECT_EQ(0, iommufd_destroy(g->iommufd, cmd.out_vdevice_id));
	guest_name_device(_metadata, g, 0, VIRTUAL_SID);
	EXPECT_ANSWER(-EEXIST, IOMMU_VDEVICE_ALLOC, good, virt_id, VIRTUAL_SID);
	EXPECT_ANSWER(-EEXIST, IOMMU_VDEVICE_ALLOC, good, virt_id,
		      OTHER_VIRTUAL_SID);
}

TEST_F(input, of_a_vdevice_with_a_virt_id_in_use_is_refused)
{
	struct guest *g = &self->g;
	__u32 vdevice;

	if (!edu_name(1))
		SKIP(return, "VFIO_EDU does not name two edu devices");
	guest_add_device(_metadata, g, 1, 1);
	guest_name_device(_metadata, g, 0, VIRTUAL_SID);
	EXPECT_EQ(-EEXIST,
		  vdevice_alloc(g->iommufd, g->viommu, g->edu[1].dev.id,
				VIRTUAL_SID, &vdevice));
	guest_name_device(_metadata, g, 1, OTHER_VIRTUAL_SID);
	edu_close(&g->edu[1]);
}

TEST_F(input, of_an_event_queue_is_checked)
{
	struct guest *g = &self->g;
	struct iommu_veventq_alloc good = {
		.size = sizeof(good),
		.viommu_id = g->viommu,
		.type = IOMMU_VEVENTQ_TYPE_ARM_SMMUV3,
		.veventq_depth = 1,
	};
	struct iommu_veventq_alloc cmd = good;
	const __u32 deepest = 1 << 19;

	EXPECT_ANSWER(-EOPNOTSUPP, IOMMU_VEVENTQ_ALLOC, good, flags, 1);
	EXPECT_ANSWER(-EOPNOTSUPP, IOMMU_VEVENTQ_ALLOC, good, __reserved, 1);
	EXPECT_ANSWER(-EOPNOTSUPP, IOMMU_VEVENTQ_ALLOC, good, type, 0);
	EXPECT_ANSWER(-EOPNOTSUPP, IOMMU_VEVENTQ_ALLOC, good, type, 99);
	EXPECT_ANSWER(-EINVAL, IOMMU_VEVENTQ_ALLOC, good, veventq_depth, 0);
	EXPECT_ANSWER(-EINVAL, IOMMU_VEVENTQ_ALLOC, good, veventq_depth,
		      deepest + 1);
	EXPECT_ANSWER(-ENOENT, IOMMU_VEVENTQ_ALLOC, good, viommu_id,
		      UNKNOWN_ID);
	EXPECT_ANSWER(-ENOENT, IOMMU_VEVENTQ_ALLOC, good, viommu_id, g->ioas);
	cmd.type = 0;
	expect_sizes(_metadata, g, IOMMU_VEVENTQ_ALLOC, &cmd, sizeof(cmd),
		     sizeof(cmd), -EOPNOTSUPP);
	cmd = good;
	cmd.veventq_depth = deepest;
	EXPECT_EQ(0, call(g, IOMMU_VEVENTQ_ALLOC, &cmd));
	EXPECT_ANSWER(-EEXIST, IOMMU_VEVENTQ_ALLOC, good, flags, 0);
	EXPECT_EQ(0, close(cmd.out_veventq_fd));
	EXPECT_EQ(0, iommufd_destroy(g->iommufd, cmd.out_veventq_id));
}

TEST_F(input, of_a_nested_page_table_is_checked)
{
	struct guest *g = &self->g;
	const struct smmu_ste ste = ste_bypass();
	struct iommu_hwpt_alloc good = {
		.size = sizeof(good),
		.dev_id = self->dev_id,
		.pt_id = g->viommu,
		.data_type = IOMMU_HWPT_DATA_ARM_SMMUV3,
		.data_len = sizeof(ste),
		.data_uptr = (uintptr_t)&ste,
	};

	EXPECT_ANSWER(-EOPNOTSUPP, IOMMU_HWPT_ALLOC, good, flags,
		      IOMMU_HWPT_ALLOC_NEST_PARENT);
	EXPECT_ANSWER(-EOPNOTSUPP, IOMMU_HWPT_ALLOC, good, flags,
		      IOMMU_HWPT_ALLOC_DIRTY_TRACKING);
	EXPECT_ANSWER(-EOPNOTSUPP, IOMMU_HWPT_ALLOC, good, flags, 1U << 31);
	EXPECT_ANSWER(-EINVAL, IOMMU_HWPT_ALLOC, good, data_type,
		      IOMMU_HWPT_DATA_NONE);
	EXPECT_ANSWER(-EINVAL, IOMMU_HWPT_ALLOC, good, data_len, 8);
	EXPECT_ANSWER(-EINVAL, IOMMU_HWPT_ALLOC, good, data_len, 0);
	EXPECT_ANSWER(-EFAULT, IOMMU_HWPT_ALLOC, good, data_uptr, 16);
	EXPECT_ANSWER(-ENOENT, IOMMU_HWPT_ALLOC, good, dev_id, UNKNOWN_ID);
	EXPECT_ANSWER(-EINVAL, IOMMU_HWPT_ALLOC, good, pt_id, UNKNOWN_ID);
	/* Stage 1 needs a vIOMMU, not only a nest parent */
	EXPECT_ANSWER(-EOPNOTSUPP, IOMMU_HWPT_ALLOC, good, pt_id, g->parent);
	EXPECT_ANSWER(-EINVAL, IOMMU_HWPT_ALLOC, good, pt_id, self->dev_id);
}

TEST_F(input, of_a_stream_table_entry_has_the_guests_bits_only)
{
	/* V, Config, S1Fmt, S1ContextPtr, S1CDMax */
	const __u64 low_bits = 0xf80fffffffffffffULL;
	/* S1DSS, S1CIR, S1COR, S1CSH, S1STALLD, EATS */
	const __u64 high_bits = 0x380000ff;
	const __u64 eats_full = _BITULL(29);
	struct guest *g = &self->g;
	__u32 hwpt;
	unsigned int bit;
	__u64 low, high;
	bool allowed;
	int ret;

	for (bit = 0; bit < 128; bit++) {
		low = bit < 64 ? 1ULL << bit : 0;
		high = bit < 64 ? 0 : 1ULL << (bit - 64);
		allowed = !(low & ~low_bits) && !(high & ~high_bits) &&
			  high != eats_full;
		low |= STE_VALID;
		/* Set a known configuration, unless the bit is part of it */
		if (low & (7ULL << 1))
			allowed = low == (STE_VALID | STE_CONFIG_BYPASS);
		else
			low |= STE_CONFIG_S1;
		ret = nested_alloc(g->iommufd, g->viommu, self->dev_id,
				   ste_make(low, high), &hwpt);
		EXPECT_EQ(allowed ? 0 : -EIO, ret)
		{
			TH_LOG("bit %u: %#llx %#llx", bit, low, high);
		}
		if (!ret)
			EXPECT_EQ(0, iommufd_destroy(g->iommufd, hwpt));
	}
}

TEST_F(input, of_a_stream_table_entry_has_a_known_configuration)
{
	struct guest *g = &self->g;
	__u64 config;
	__u32 hwpt;
	int ret;

	for (config = 0; config < 8; config++) {
		ret = nested_alloc(g->iommufd, g->viommu, self->dev_id,
				   ste_make(STE_VALID | config << 1, 0), &hwpt);
		EXPECT_EQ(config == 0 || config == 4 || config == 5 ? 0 : -EIO,
			  ret);
		if (!ret)
			EXPECT_EQ(0, iommufd_destroy(g->iommufd, hwpt));
	}
}

TEST_F(input, of_an_invalidation_is_checked)
{
	struct guest *g = &self->g;
	const struct smmu_command command = command_tlbi_all();
	struct iommu_hwpt_invalidate good = {
		.size = sizeof(good),
		.hwpt_id = g->viommu,
		.data_uptr = (uintptr_t)&command,
		.data_type = IOMMU_VIOMMU_INVALIDATE_DATA_ARM_SMMUV3,
		.entry_len = sizeof(command),
		.entry_num = 1,
	};
	struct iommu_hwpt_invalidate cmd = good;

	EXPECT_EQ(0, call(g, IOMMU_HWPT_INVALIDATE, &cmd));
	EXPECT_EQ(1, cmd.entry_num);
	EXPECT_ANSWER(-EINVAL, IOMMU_HWPT_INVALIDATE, good, data_type,
		      IOMMU_HWPT_INVALIDATE_DATA_VTD_S1);
	EXPECT_ANSWER(-EINVAL, IOMMU_HWPT_INVALIDATE, good, data_type, 99);
	EXPECT_ANSWER(-EINVAL, IOMMU_HWPT_INVALIDATE, good, entry_len, 8);
	EXPECT_ANSWER(-EINVAL, IOMMU_HWPT_INVALIDATE, good, entry_len, 0);
	EXPECT_ANSWER(-EINVAL, IOMMU_HWPT_INVALIDATE, good, data_uptr, 0);
	EXPECT_ANSWER(-EFAULT, IOMMU_HWPT_INVALIDATE, good, data_uptr, 16);
	EXPECT_ANSWER(-ENOENT, IOMMU_HWPT_INVALIDATE, good, hwpt_id,
		      UNKNOWN_ID);
	EXPECT_ANSWER(-EOPNOTSUPP, IOMMU_HWPT_INVALIDATE, good, __reserved, 1);
}

/* Newer user space may have longer commands, with zeros in the new fields */
TEST_F(input, of_an_invalidation_may_be_longer_if_the_rest_is_zero)
{
	struct guest *g = &self->g;
	struct {
		struct smmu_command command;
		__u64 more;
	} entry = { .command = command_tlbi_all() };
	struct iommu_hwpt_invalidate cmd = {
		.size = sizeof(cmd),
		.hwpt_id = g->viommu,
		.data_uptr = (uintptr_t)&entry,
		.data_type = IOMMU_VIOMMU_INVALIDATE_DATA_ARM_SMMUV3,
		.entry_len = sizeof(entry),
		.entry_num = 1,
	};

	EXPECT_EQ(0, call(g, IOMMU_HWPT_INVALIDATE, &cmd));
	EXPECT_EQ(1, cmd.entry_num);
	entry.more = 1;
	EXPECT_EQ(-E2BIG, call(g, IOMMU_HWPT_INVALIDATE, &cmd));
	EXPECT_EQ(0, cmd.entry_num);
}

TEST_F(input, of_a_command_has_a_known_opcode)
{
	const __u8 accepted[] = { 0x10, 0x11, 0x12, 0x13, 0x30 };
	struct guest *g = &self->g;
	unsigned int opcode, i;
	bool allowed;

	for (opcode = 0; opcode < 256; opcode++) {
		allowed = false;
		for (i = 0; i < ARRAY_SIZE(accepted); i++)
			allowed |= opcode == accepted[i];
		/* Commands with a StreamID need a vDEVICE, which is missing here */
		EXPECT_EQ(allowed ? 0 : -EIO,
			  guest_command(g, command_make(opcode, 0)))
		{
			TH_LOG("opcode %#x", opcode);
		}
	}
}

TEST_F(input, of_a_command_has_no_reserved_bits_and_values)
{
	const struct smmu_command wrong[] = {
		/* TLBI_NH_ALL: address, ASID; NSNH_ALL: address */
		command_make(0x10 | _BITULL(48), 0),
		command_make(0x10, 0x1000),
		command_make(0x30, 0x1000),
		/* Bits that are reserved in all of them */
		command_make(0x10 | _BITULL(8), 0),
		command_make(0x11 | _BITULL(31), 0),
		command_make(0x12, _BITULL(1)),
		/* Range fields without a granule; TTL 1 with a 16 KiB granule */
		command_make(0x12 | _BITULL(12), 0),
		command_make(0x12 | _BITULL(20), 0),
		command_make(0x12, 2ULL << 10 | _BITULL(8)),
	};
	struct guest *g = &self->g;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(wrong); i++) {
		EXPECT_EQ(-EIO, guest_command(g, wrong[i]))
		{
			TH_LOG("command %u", i);
		}
	}
}

TEST_HARNESS_MAIN
