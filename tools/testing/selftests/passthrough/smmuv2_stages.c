// SPDX-License-Identifier: GPL-2.0
/*
 * Address spaces of user space on an Arm SMMUv2 with an observer: addresses reach the
 * memory that is mapped, through the expected stage. Doorbells are in the tables and can
 * be relocated, and streams without a user are blocked. SMMU_STAGE=2: only stage 2 exists.
 */
#include "smmuv2_setup.h"

#define FAR_IOVA 0x7e57000000ULL
#define BLOCK 0x200000ULL

FIXTURE(stream)
{
	struct setup s;
	char mark[MARK + 1];
	unsigned int sid, other;
	const char *stage;
	__u32 pt; /* what the device is attached to, in an iommufd */
};

FIXTURE_VARIANT(stream)
{
	enum backend backend;
	int iommu; /* of a container */
	bool nest_parent;
};

/* clang-format off */
FIXTURE_VARIANT_ADD(stream, iommufd)
{
	.backend = BACKEND_IOMMUFD,
};

FIXTURE_VARIANT_ADD(stream, nest_parent)
{
	.backend = BACKEND_IOMMUFD,
	.nest_parent = true,
};

FIXTURE_VARIANT_ADD(stream, container)
{
	.backend = BACKEND_TYPE1,
	.iommu = VFIO_TYPE1v2_IOMMU,
};

FIXTURE_VARIANT_ADD(stream, container_for_nesting)
{
	.backend = BACKEND_TYPE1,
	.iommu = VFIO_TYPE1_NESTING_IOMMU,
};

FIXTURE_VARIANT_ADD(stream, iommufd_as_container)
{
	.backend = BACKEND_COMPAT,
	.iommu = VFIO_TYPE1v2_IOMMU,
};

/* clang-format on */

static __u32 nest_parent(struct __test_metadata *_metadata, struct setup *s)
{
	__u32 hwpt = 0;

	EXPECT_EQ(0,
		  nest_parent_alloc(s->iommufd, s->edu.dev.id, s->ioas, &hwpt));
	return hwpt;
}

FIXTURE_SETUP(stream)
{
	struct setup *s = &self->s;

	if (!walker_is_there())
		SKIP(return, NO_WALKER);
	if (!edu_name(1))
		SKIP(return, "VFIO_EDU does not name two edu devices");
	self->sid = walker_sid(edu_name(0));
	self->other = walker_sid(edu_name(1));
	self->stage = has("SMMU_STAGE", "2") || variant->nest_parent ||
				      variant->iommu ==
					      VFIO_TYPE1_NESTING_IOMMU ?
			      "2" :
			      "1";
	setup_open_backend(_metadata, s, variant->backend);
	if (variant->backend == BACKEND_IOMMUFD)
		self->pt = s->ioas;
	else
		s->container.iommu = variant->iommu;
	if (variant->nest_parent)
		self->pt = nest_parent(_metadata, s);
	mark(&s->memory, self->mark);
	setup_map(_metadata, s);
	if (variant->backend != BACKEND_IOMMUFD)
		return setup_attach(_metadata, s);
	ASSERT_EQ(0, device_attach(&s->edu.dev, self->pt));
}

FIXTURE_TEARDOWN(stream)
{
	setup_close(&self->s);
	expect_default(_metadata, self->sid);
	expect_default(_metadata, self->other);
}

/* Total size that is mapped: this much memory, and the doorbells */
#define EXPECT_TOTAL(bytes)              \
	ASK("total %u %#llx", self->sid, \
	    (__u64)(bytes) + doorbell_bytes(_metadata, &self->s.edu.dev))

static void expect_memory(struct __test_metadata *_metadata, unsigned int sid,
			  const struct mapping *memory, __u64 iova,
			  const char *mark)
{
	ASK("leads %u %#llx %#llx rw %s", sid, iova, memory->length, mark);
}

TEST_F(stream, memory_leads_where_it_is_mapped)
{
	struct setup *s = &self->s;

	ASK("stage %u %s", self->sid, self->stage);
	expect_memory(_metadata, self->sid, &s->memory, ELSEWHERE_IOVA,
		      self->mark);
	ASK("nowhere %u %#llx %s", self->sid, ELSEWHERE_IOVA - 1, self->stage);
	ASK("nowhere %u %#llx %s", self->sid, ELSEWHERE_IOVA + MEMORY_LENGTH,
	    self->stage);
	EXPECT_TOTAL(MEMORY_LENGTH);

	ASSERT_EQ(0, setup_map_at(s, MEMORY_LENGTH, FAR_IOVA));
	expect_memory(_metadata, self->sid, &s->memory, FAR_IOVA, self->mark);
	EXPECT_TOTAL(2 * MEMORY_LENGTH);
	ASSERT_EQ(0, setup_unmap(s, ELSEWHERE_IOVA, MEMORY_LENGTH));
	ASK("nowhere %u %#llx %s", self->sid, ELSEWHERE_IOVA, self->stage);
	expect_memory(_metadata, self->sid, &s->memory, FAR_IOVA, self->mark);
	EXPECT_TOTAL(MEMORY_LENGTH);
	ASSERT_EQ(0, setup_unmap_all(s));
	EXPECT_TOTAL(0);
}

TEST_F(stream, huge_page_is_one_block)
{
	struct setup *s = &self->s;
	struct marked huge;

	huge.memory.length = 2 * BLOCK;
	huge.memory.va = mmap(NULL, 2 * BLOCK, PROT_READ | PROT_WRITE,
			      MAP_PRIVATE | MAP_ANONYMOUS | MAP_HUGETLB, -1, 0);
	ASSERT_NE(MAP_FAILED, (void *)huge.memory.va);
	mark(&huge.memory, huge.mark);
	memory_free(&s->memory);
	s->memory = huge.memory;
	ASSERT_EQ(0, setup_unmap_all(s));
	ASSERT_EQ(0, setup_map_at(s, 2 * BLOCK, FAR_IOVA));
	expect_memory(_metadata, self->sid, &huge.memory, FAR_IOVA, huge.mark);
	ASK("leaf %u %#llx %#llx", self->sid, FAR_IOVA, BLOCK);
	EXPECT_TOTAL(2 * BLOCK);
}

static int map_in_ioas(struct setup *s, bool read, bool write)
{
	struct iommu_ioas_map cmd = {
		.size = sizeof(cmd),
		.flags = IOMMU_IOAS_MAP_FIXED_IOVA |
			 (read ? IOMMU_IOAS_MAP_READABLE : 0) |
			 (write ? IOMMU_IOAS_MAP_WRITEABLE : 0),
		.ioas_id = s->ioas,
		.user_va = (uintptr_t)s->memory.va,
		.length = MEMORY_LENGTH,
		.iova = FAR_IOVA,
	};

	return ioctl(s->iommufd, IOMMU_IOAS_MAP, &cmd) ? -errno : 0;
}

static int map_in_container(struct setup *s, bool read, bool write)
{
	struct vfio_iommu_type1_dma_map cmd = {
		.argsz = sizeof(cmd),
		.flags = (read ? VFIO_DMA_MAP_FLAG_READ : 0) |
			 (write ? VFIO_DMA_MAP_FLAG_WRITE : 0),
		.vaddr = (uintptr_t)s->memory.va,
		.iova = FAR_IOVA,
		.size = MEMORY_LENGTH,
	};

	return ioctl(s->container.fd, VFIO_IOMMU_MAP_DMA, &cmd) ? -errno : 0;
}

/* Stage 1 has no write-only access */
TEST_F(stream, access_is_what_the_map_allows)
{
	static const struct {
		bool read, write;
		const char *stage1, *stage2;
	} kinds[] = {
		{ true, false, "r", "r" },
		{ false, true, "rw", "w" },
		{ true, true, "rw", "rw" },
	};
	struct setup *s = &self->s;
	bool second = !strcmp(self->stage, "2");
	const char *access;
	unsigned int i;
	int ret;

	for (i = 0; i < ARRAY_SIZE(kinds); i++) {
		access = second ? kinds[i].stage2 : kinds[i].stage1;
		if (variant->backend == BACKEND_IOMMUFD)
			ret = map_in_ioas(s, kinds[i].read, kinds[i].write);
		else
			ret = map_in_container(s, kinds[i].read,
					       kinds[i].write);
		ASSERT_EQ(0, ret);
		ASK("leads %u %#llx %#llx %s %s", self->sid, FAR_IOVA,
		    MEMORY_LENGTH, access, self->mark);
		ASSERT_EQ(0, setup_unmap(s, FAR_IOVA, MEMORY_LENGTH));
	}
}

/* The only doorbell, and what it is mapped to */
static __u64 expect_doorbell(struct __test_metadata *_metadata, struct setup *s,
			     unsigned int sid, const char *stage)
{
	struct iommu_msi_doorbell doorbell = the_doorbell(_metadata, &s->edu);

	EXPECT_TRUE(doorbell.flags & IOMMU_MSI_DOORBELL_MAPPED);
	ASK("doorbell %u %#llx %s", sid, doorbell.iova,
	    strcmp(stage, "2") ? "rw" : "w");
	return doorbell.iova;
}

TEST_F(stream, doorbell_is_in_the_tables_while_a_vector_uses_it)
{
	struct setup *s = &self->s;
	__u64 iova;

	ASSERT_EQ(0, edu_enable_interrupt(&s->edu));
	iova = expect_doorbell(_metadata, s, self->sid, self->stage);
	EXPECT_LE(MSI_WINDOW_IOVA, iova);
	EXPECT_GT(MSI_WINDOW_IOVA + MSI_WINDOW_LENGTH, iova);
	EXPECT_TOTAL(MEMORY_LENGTH);
	expect_memory(_metadata, self->sid, &s->memory, ELSEWHERE_IOVA,
		      self->mark);
}

TEST_F(stream, map_over_a_doorbell_moves_it)
{
	struct setup *s = &self->s;
	__u64 before, after;

	ASSERT_EQ(0, edu_enable_interrupt(&s->edu));
	before = expect_doorbell(_metadata, s, self->sid, self->stage);
	ASSERT_EQ(0, setup_map_at(s, MEMORY_LENGTH, MSI_WINDOW_IOVA));
	after = expect_doorbell(_metadata, s, self->sid, self->stage);
	EXPECT_NE(before, after);
	expect_memory(_metadata, self->sid, &s->memory, MSI_WINDOW_IOVA,
		      self->mark);
	EXPECT_TOTAL(2 * MEMORY_LENGTH);

	ASSERT_EQ(0, edu_disable_interrupt(&s->edu));
	ASSERT_EQ(0, setup_unmap_all(s));
	EXPECT_TOTAL(0);
	ASSERT_EQ(0, edu_enable_interrupt(&s->edu));
	expect_doorbell(_metadata, s, self->sid, self->stage);
}

/* In a container the other group, with its device, is attached from the start */
static void attach_other(struct __test_metadata *_metadata, struct setup *s,
			 struct edu *edu, unsigned int sid, __u32 pt)
{
	if (s->backend == BACKEND_IOMMUFD) {
		ASSERT_EQ(0, edu_open(edu, edu_name(1), s->iommufd));
		ASK("blocked %u", sid);
		ASSERT_EQ(0, device_attach(&edu->dev, pt));
		return;
	}
	ASSERT_EQ(0,
		  edu_open_group(edu, edu_name(1), &s->container, s->holder));
	s->holder = -1;
}

TEST_F(stream, devices_of_one_domain_have_one_context_bank)
{
	struct setup *s = &self->s;
	struct edu edu = EDU_CLOSED;

	attach_other(_metadata, s, &edu, self->other, self->pt);
	ASK("same %u %u", self->sid, self->other);
	expect_memory(_metadata, self->other, &s->memory, ELSEWHERE_IOVA,
		      self->mark);
	if (variant->backend == BACKEND_IOMMUFD) {
		ASSERT_EQ(0, device_detach(&edu.dev));
		ASK("blocked %u", self->other);
	}
	expect_memory(_metadata, self->sid, &s->memory, ELSEWHERE_IOVA,
		      self->mark);
	edu_close(&edu);
}

FIXTURE(iommufd)
{
	struct setup s;
	char mark[MARK + 1];
	struct marked other; /* at the same address, in another IOAS */
	__u32 ioas;
	__u32 hwpt; /* a page table of the first IOAS */
	unsigned int sid;
};

FIXTURE_SETUP(iommufd)
{
	struct setup *s = &self->s;

	if (!walker_is_there())
		SKIP(return, NO_WALKER);
	self->sid = walker_sid(edu_name(0));
	setup_open(_metadata, s);
	mark(&s->memory, self->mark);
	setup_map(_metadata, s);
	marked_alloc(_metadata, &self->other, MEMORY_LENGTH);
	ASSERT_EQ(0, ioas_alloc(s->iommufd, &self->ioas));
	ASSERT_EQ(0, ioas_map(s->iommufd, self->ioas, self->other.memory.va,
			      MEMORY_LENGTH, ELSEWHERE_IOVA));
	ASSERT_EQ(0,
		  hwpt_alloc(s->iommufd, s->edu.dev.id, s->ioas, &self->hwpt));
}

FIXTURE_TEARDOWN(iommufd)
{
	memory_free(&self->other.memory);
	setup_close(&self->s);
	expect_default(_metadata, self->sid);
}

TEST_F(iommufd, device_is_blocked_unless_it_is_attached)
{
	struct setup *s = &self->s;

	ASK("blocked %u", self->sid);
	ASSERT_EQ(0, device_attach(&s->edu.dev, s->ioas));
	expect_memory(_metadata, self->sid, &s->memory, ELSEWHERE_IOVA,
		      self->mark);
	ASSERT_EQ(0, device_detach(&s->edu.dev));
	ASK("blocked %u", self->sid);
	edu_close(&s->edu);
	expect_default(_metadata, self->sid);
}

/* Memory that was mapped before the page table was allocated, and after it */
TEST_F(iommufd, page_table_has_the_memory_of_its_address_space)
{
	struct setup *s = &self->s;

	ASSERT_EQ(0, setup_map_at(s, MEMORY_LENGTH, FAR_IOVA));
	ASK("blocked %u", self->sid);
	ASSERT_EQ(0, device_attach(&s->edu.dev, self->hwpt));
	expect_memory(_metadata, self->sid, &s->memory, ELSEWHERE_IOVA,
		      self->mark);
	expect_memory(_metadata, self->sid, &s->memory, FAR_IOVA, self->mark);
	EXPECT_TOTAL(2 * MEMORY_LENGTH);
}

TEST_F(iommufd, replaced_address_space_leads_to_other_memory)
{
	struct setup *s = &self->s;

	ASSERT_EQ(0, device_attach(&s->edu.dev, s->ioas));
	ASSERT_EQ(0, edu_enable_interrupt(&s->edu));
	ASSERT_EQ(0, device_attach(&s->edu.dev, self->ioas));
	expect_memory(_metadata, self->sid, &self->other.memory, ELSEWHERE_IOVA,
		      self->other.mark);
	EXPECT_TOTAL(MEMORY_LENGTH);
	expect_doorbell(_metadata, s, self->sid,
			has("SMMU_STAGE", "2") ? "2" : "1");
}

TEST_F(iommufd, stream_in_replace_leads_to_one_or_the_other)
{
	struct setup *s = &self->s;
	__u32 pts[] = { self->hwpt, self->ioas };
	char marks[2 * MARK + 2];
	pid_t pid;

	sprintf(marks, "%s %s", self->mark, self->other.mark);
	ASSERT_EQ(0, device_attach(&s->edu.dev, self->hwpt));
	pid = start_changes(_metadata, &s->edu.dev, pts, ARRAY_SIZE(pts));
	watch_stream(_metadata, self->sid, ELSEWHERE_IOVA, MEMORY_LENGTH, marks,
		     marks);
	stop_changes(_metadata, pid);
}

TEST_F(iommufd, stream_in_detach_is_blocked_or_leads_to_memory)
{
	struct setup *s = &self->s;
	__u32 pts[] = { self->hwpt, 0 };
	char states[MARK + sizeof("blocked ")];
	pid_t pid;

	sprintf(states, "blocked %s", self->mark);
	pid = start_changes(_metadata, &s->edu.dev, pts, ARRAY_SIZE(pts));
	watch_stream(_metadata, self->sid, ELSEWHERE_IOVA, MEMORY_LENGTH,
		     self->mark, states);
	stop_changes(_metadata, pid);
}

/* What the killed process owned */
struct owner {
	char *mark; /* shared with this process */
};

static void own_device(struct __test_metadata *_metadata, void *data)
{
	struct owner *owner = data;
	struct setup s;

	setup_open(_metadata, &s);
	mark(&s.memory, owner->mark);
	setup_map(_metadata, &s);
	ASSERT_EQ(0, device_attach(&s.edu.dev, s.ioas));
	ASSERT_EQ(0, edu_enable_interrupt(&s.edu));
}

TEST_F(iommufd, killed_process_leaves_nothing)
{
	struct owner owner;
	pid_t pid;

	owner.mark = mmap(NULL, PAGE, PROT_READ | PROT_WRITE,
			  MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	ASSERT_NE(MAP_FAILED, (void *)owner.mark);
	edu_close(&self->s.edu);
	ASK("remember");
	pid = start_child(_metadata, own_device, &owner);
	ASK("leads %u %#llx %#llx rw %s", self->sid, ELSEWHERE_IOVA,
	    MEMORY_LENGTH, owner.mark);
	kill_child(_metadata, pid);
	expect_default(_metadata, self->sid);
	ASK("remembered");
}

TEST_HARNESS_MAIN
