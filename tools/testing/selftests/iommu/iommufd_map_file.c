// SPDX-License-Identifier: GPL-2.0-only
/*
 * IOMMU_IOAS_MAP_FILE: memory of memfds in an IOAS, with small, large and huge pages, with
 * and without a page table that pins it.
 *
 * The name of a case is what has to happen.
 */
#include <asm/unistd.h>
#include <linux/capability.h>
#include <linux/falloc.h>
#include <linux/memfd.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "iommufd_utils.h"

#define THP_CONTROL "/sys/kernel/mm/transparent_hugepage/shmem_enabled"
#define HUGE_SIZE (2UL << 20)
/* The page size of the mock's page tables */
#define MOCK_PAGE_SIZE (PAGE_SIZE / 2)
#define IOVA MOCK_APERTURE_START
#define RW (IOMMU_IOAS_MAP_READABLE | IOMMU_IOAS_MAP_WRITEABLE)

/* An id that no object has */
#define BAD_ID 0x7ffffff0

static __attribute__((constructor)) void setup_sizes(void)
{
	PAGE_SIZE = sysconf(_SC_PAGE_SIZE);
	BUFFER_SIZE = PAGE_SIZE;
	buffer = mmap(NULL, BUFFER_SIZE, PROT_READ | PROT_WRITE,
		      MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	assert(buffer != MAP_FAILED);
}

static int map_file(int fd, __u32 ioas_id, __u32 flags, int file, __u64 start,
		    __u64 length, __u64 iova)
{
	struct iommu_ioas_map_file cmd = {
		.size = sizeof(cmd),
		.flags = flags | IOMMU_IOAS_MAP_FIXED_IOVA,
		.ioas_id = ioas_id,
		.fd = file,
		.start = start,
		.length = length,
		.iova = iova,
	};

	return ioctl(fd, IOMMU_IOAS_MAP_FILE, &cmd);
}

static int copy_map(int fd, __u32 dst, __u32 src, __u64 length, __u64 iova)
{
	struct iommu_ioas_copy cmd = {
		.size = sizeof(cmd),
		.flags = RW | IOMMU_IOAS_MAP_FIXED_IOVA,
		.dst_ioas_id = dst,
		.src_ioas_id = src,
		.length = length,
		.dst_iova = iova,
		.src_iova = iova,
	};

	return ioctl(fd, IOMMU_IOAS_COPY, &cmd);
}

/* Check that the page table maps the memory at @ptr */
static int check_map(int fd, __u32 hwpt_id, __u64 iova, __u64 length, void *ptr)
{
	struct iommu_test_cmd cmd = {
		.size = sizeof(cmd),
		.op = IOMMU_TEST_OP_MD_CHECK_MAP,
		.id = hwpt_id,
		.check_map = { .iova = iova,
			       .length = length,
			       .uptr = (uintptr_t)ptr },
	};

	return ioctl(fd, IOMMU_TEST_CMD, &cmd);
}

static int access_rw(int fd, __u32 access_id, __u32 flags, __u64 iova,
		     void *data, __u64 length)
{
	struct iommu_test_cmd cmd = {
		.size = sizeof(cmd),
		.op = IOMMU_TEST_OP_ACCESS_RW,
		.id = access_id,
		.access_rw = { .iova = iova,
			       .length = length,
			       .uptr = (uintptr_t)data,
			       .flags = flags },
	};

	return ioctl(fd, IOMMU_TEST_CMD, &cmd);
}

/* Pin, and compare with the memory at @ptr */
static int access_pin(int fd, __u32 access_id, __u64 iova, void *ptr,
		      __u64 length, __u32 *pages_id)
{
	struct iommu_test_cmd cmd = {
		.size = sizeof(cmd),
		.op = IOMMU_TEST_OP_ACCESS_PAGES,
		.id = access_id,
		.access_pages = { .iova = iova,
				  .length = length,
				  .uptr = (uintptr_t)ptr },
	};

	if (ioctl(fd, IOMMU_TEST_CMD, &cmd))
		return -1;
	*pages_id = cmd.access_pages.out_access_pages_id;
	return 0;
}

/* Read a number from a file in /proc: the one that follows the first @key */
static unsigned long proc_number(const char *path, const char *key)
{
	unsigned long number = ~0UL;
	char line[128];
	FILE *file = fopen(path, "r");

	if (!file)
		return number;
	while (fgets(line, sizeof(line), file))
		if (!strncmp(line, key, strlen(key)))
			number = strtoul(line + strlen(key) + 1, NULL, 10);
	fclose(file);
	return number;
}

static unsigned long huge_pages(const char *key)
{
	return proc_number("/proc/meminfo", key);
}

static int write_control(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY);
	ssize_t done;

	if (fd == -1)
		return -1;
	done = write(fd, text, strlen(text));
	close(fd);
	return done == strlen(text) ? 0 : -1;
}

/* Open the file again, with other access rights */
static int reopen(int fd, int flags)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	return open(path, flags);
}

static void *map_shared(int fd, unsigned long size)
{
	return mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
}

static void fill(void *ptr, unsigned long size, unsigned int seed)
{
	__u32 *words = ptr;
	unsigned long i;

	for (i = 0; i < size / sizeof(*words); i++)
		words[i] = i * 2654435761U + seed;
}

static bool is_zero(const char *data, unsigned long size)
{
	return !data[0] && !memcmp(data, data + 1, size - 1);
}

FIXTURE(map_file)
{
	int fd;
	__u32 ioas_id;
	__u32 stdev_id;
	__u32 hwpt_id;
	__u32 access_id;
	int file;
	unsigned long size;
	unsigned long blocks; /* of 512 bytes, when all is allocated */
};

FIXTURE_VARIANT(map_file)
{
	unsigned int memfd_flags;
	bool large_folios;
	bool domain;
	unsigned int memory_limit;
};

/* clang-format off */
FIXTURE_VARIANT_ADD(map_file, no_domain)
{
};

FIXTURE_VARIANT_ADD(map_file, domain)
{
	.domain = true,
};

/* Only a few pages are pinned at once */
FIXTURE_VARIANT_ADD(map_file, domain_limit)
{
	.domain = true,
	.memory_limit = 16,
};

FIXTURE_VARIANT_ADD(map_file, large_domain)
{
	.large_folios = true,
	.domain = true,
};

FIXTURE_VARIANT_ADD(map_file, hugetlb_no_domain)
{
	.memfd_flags = MFD_HUGETLB | MFD_HUGE_2MB,
};

FIXTURE_VARIANT_ADD(map_file, hugetlb_domain)
{
	.memfd_flags = MFD_HUGETLB | MFD_HUGE_2MB,
	.domain = true,
};

FIXTURE_VARIANT_ADD(map_file, hugetlb_domain_limit)
{
	.memfd_flags = MFD_HUGETLB | MFD_HUGE_2MB,
	.domain = true,
	.memory_limit = 16,
};

/* clang-format on */

FIXTURE_SETUP(map_file)
{
	bool huge = variant->memfd_flags & MFD_HUGETLB;

	if (variant->large_folios)
		ASSERT_EQ(0, write_control(THP_CONTROL, "always"));
	self->fd = open("/dev/iommu", O_RDWR);
	ASSERT_NE(-1, self->fd);
	test_ioctl_ioas_alloc(&self->ioas_id);
	if (variant->memory_limit)
		test_ioctl_set_temp_memory_limit(variant->memory_limit);
	if (variant->domain)
		test_cmd_mock_domain(self->ioas_id, &self->stdev_id,
				     &self->hwpt_id, NULL);
	test_cmd_create_access(self->ioas_id, &self->access_id,
			       MOCK_FLAGS_ACCESS_CREATE_NEEDS_PIN_PAGES);

	self->size = huge || variant->large_folios ? 2 * HUGE_SIZE :
						     16 * PAGE_SIZE;
	self->blocks = self->size / 512;
	self->file =
		memfd_create("test", MFD_ALLOW_SEALING | variant->memfd_flags);
	ASSERT_NE(-1, self->file);
	ASSERT_EQ(0, ftruncate(self->file, self->size));
}

FIXTURE_TEARDOWN(map_file)
{
	if (variant->memory_limit)
		test_ioctl_set_default_memory_limit();
	if (variant->large_folios)
		EXPECT_EQ(0, write_control(THP_CONTROL, "never"));
	close(self->file);
	close(self->access_id);
	teardown_iommufd(self->fd, _metadata);
}

#define MAP(flags, start, length)                                           \
	map_file(self->fd, self->ioas_id, flags, self->file, start, length, \
		 IOVA)
#define UNMAP() \
	_test_ioctl_ioas_unmap(self->fd, self->ioas_id, IOVA, PAGE_SIZE, NULL)

TEST_F(map_file, leads_to_the_pages_of_the_file)
{
	unsigned long start;
	char *ptr = map_shared(self->file, self->size);
	char *data = malloc(self->size);

	ASSERT_NE(MAP_FAILED, ptr);
	fill(ptr, self->size, 1);
	/* Otherwise it would have small ones, and the variant test nothing new */
	if (variant->large_folios)
		EXPECT_EQ(self->size / 1024, huge_pages("ShmemHugePages:"));
	for (start = 0; start < self->size;
	     start += self->size / 2 - PAGE_SIZE) {
		unsigned long length = self->size - start;

		ASSERT_EQ(0, MAP(RW, start, length));
		if (self->hwpt_id)
			EXPECT_EQ(0, check_map(self->fd, self->hwpt_id, IOVA,
					       length, ptr + start));
		ASSERT_EQ(0, access_rw(self->fd, self->access_id, 0, IOVA, data,
				       length));
		EXPECT_EQ(0, memcmp(data, ptr + start, length));
		test_ioctl_ioas_unmap(IOVA, length);
	}
	free(data);
	munmap(ptr, self->size);
}

TEST_F(map_file, starts_and_ends_within_pages)
{
	unsigned long half = MOCK_PAGE_SIZE;
	unsigned long length = self->size - 2 * half;
	char *ptr = map_shared(self->file, self->size);
	char *data = malloc(self->size);

	ASSERT_NE(MAP_FAILED, ptr);
	fill(ptr, self->size, 2);
	/* An access that pins needs whole pages */
	close(self->access_id);
	test_cmd_create_access(self->ioas_id, &self->access_id, 0);
	ASSERT_EQ(0, MAP(RW, half, length));
	if (self->hwpt_id)
		EXPECT_EQ(0, check_map(self->fd, self->hwpt_id, IOVA, length,
				       ptr + half));
	ASSERT_EQ(0,
		  access_rw(self->fd, self->access_id, 0, IOVA, data, length));
	EXPECT_EQ(0, memcmp(data, ptr + half, length));
	EXPECT_EQ(-1, access_rw(self->fd, self->access_id, 0, IOVA, data,
				length + 1));
	test_ioctl_ioas_unmap(IOVA, length);
	free(data);
	munmap(ptr, self->size);
}

TEST_F(map_file, finds_an_iova_by_itself)
{
	struct iommu_ioas_map_file cmd = {
		.size = sizeof(cmd),
		.flags = RW,
		.ioas_id = self->ioas_id,
		.fd = self->file,
		.start = PAGE_SIZE,
		.length = PAGE_SIZE,
		.iova = ~0ULL >> 1,
	};
	char data[8];

	ASSERT_EQ(0, ioctl(self->fd, IOMMU_IOAS_MAP_FILE, &cmd));
	EXPECT_NE(~0ULL >> 1, cmd.iova);
	EXPECT_EQ(0, access_rw(self->fd, self->access_id, 0, cmd.iova, data,
			       sizeof(data)));
	test_ioctl_ioas_unmap(cmd.iova, PAGE_SIZE);
}

TEST_F(map_file, outlives_descriptor_and_mapping)
{
	int again = reopen(self->file, O_RDWR);
	char *ptr = map_shared(self->file, self->size);
	char *data = malloc(self->size);

	ASSERT_NE(MAP_FAILED, ptr);
	fill(ptr, self->size, 3);
	ASSERT_EQ(0, MAP(RW, 0, self->size));
	munmap(ptr, self->size);
	close(self->file);

	/* Also in the file, which another descriptor can read */
	memset(data, 0x5a, PAGE_SIZE);
	ASSERT_EQ(0, access_rw(self->fd, self->access_id, MOCK_ACCESS_RW_WRITE,
			       IOVA + 7, data, PAGE_SIZE));
	self->file = again;
	ptr = map_shared(self->file, self->size);
	ASSERT_NE(MAP_FAILED, ptr);
	EXPECT_EQ(0, memcmp(data, ptr + 7, PAGE_SIZE));
	munmap(ptr, self->size);
	ASSERT_EQ(0, access_rw(self->fd, self->access_id, 0, IOVA, data,
			       self->size));
	EXPECT_EQ(0x5a, data[7]);
	test_ioctl_ioas_unmap(IOVA, self->size);
	free(data);
}

TEST_F(map_file, goes_with_the_iommufd)
{
	ASSERT_EQ(0, MAP(RW, 0, self->size));
	/* The fixture closes everything */
}

TEST_F(map_file, fills_holes)
{
	unsigned long free_pages = huge_pages("HugePages_Free:");
	unsigned long reserved = huge_pages("HugePages_Rsvd:");
	bool huge = variant->memfd_flags & MFD_HUGETLB;
	char *data = malloc(self->size);
	struct stat st;

	ASSERT_EQ(0, fstat(self->file, &st));
	ASSERT_EQ(0, st.st_blocks);
	ASSERT_EQ(0, MAP(RW, 0, self->size));
	ASSERT_EQ(0, access_rw(self->fd, self->access_id, 0, IOVA, data,
			       self->size));
	EXPECT_TRUE(is_zero(data, self->size));
	ASSERT_EQ(0, fstat(self->file, &st));
	EXPECT_EQ(self->blocks, st.st_blocks);
	if (huge)
		EXPECT_EQ(free_pages - self->size / HUGE_SIZE,
			  huge_pages("HugePages_Free:"));
	/* No reservation was used or made */
	EXPECT_EQ(reserved, huge_pages("HugePages_Rsvd:"));

	test_ioctl_ioas_unmap(IOVA, self->size);
	ASSERT_EQ(0, ftruncate(self->file, 0));
	EXPECT_EQ(free_pages, huge_pages("HugePages_Free:"));
	EXPECT_EQ(reserved, huge_pages("HugePages_Rsvd:"));
	free(data);
}

TEST_F(map_file, fills_holes_from_what_the_file_reserved)
{
	unsigned long free_pages = huge_pages("HugePages_Free:");
	unsigned long reserved = huge_pages("HugePages_Rsvd:");
	bool huge = variant->memfd_flags & MFD_HUGETLB;
	char *ptr = map_shared(self->file, self->size);
	char c;

	ASSERT_NE(MAP_FAILED, ptr);
	if (huge)
		EXPECT_EQ(reserved + self->size / HUGE_SIZE,
			  huge_pages("HugePages_Rsvd:"));
	ASSERT_EQ(0, MAP(RW, self->size / 2, self->size / 2));
	ASSERT_EQ(0, access_rw(self->fd, self->access_id, 0, IOVA, &c, 1));
	if (huge) {
		EXPECT_EQ(reserved + 1, huge_pages("HugePages_Rsvd:"));
		EXPECT_EQ(free_pages - 1, huge_pages("HugePages_Free:"));
	}
	/* The other half is still reserved for the mapping */
	ptr[0] = 1;
	EXPECT_EQ(reserved, huge_pages("HugePages_Rsvd:"));
	munmap(ptr, self->size);
	test_ioctl_ioas_unmap(IOVA, self->size / 2);
	ASSERT_EQ(0, ftruncate(self->file, 0));
	EXPECT_EQ(free_pages, huge_pages("HugePages_Free:"));
	EXPECT_EQ(reserved, huge_pages("HugePages_Rsvd:"));
}

/* A file need not end at a page boundary, but one of huge pages does */
TEST_F(map_file, takes_the_whole_last_page)
{
	unsigned long size = 2 * PAGE_SIZE + 100;
	char data[8];

	if (variant->memfd_flags & MFD_HUGETLB) {
		EXPECT_ERRNO(EINVAL, ftruncate(self->file, size));
		return;
	}
	ASSERT_EQ(0, ftruncate(self->file, size));
	ASSERT_EQ(0, MAP(RW, 0, 3 * PAGE_SIZE));
	EXPECT_EQ(0, access_rw(self->fd, self->access_id, 0,
			       IOVA + 3 * PAGE_SIZE - 8, data, 8));
	test_ioctl_ioas_unmap(IOVA, 3 * PAGE_SIZE);
}

TEST_F(map_file, ends_where_the_file_does)
{
	char c;

	if (variant->domain) {
		EXPECT_ERRNO(EINVAL, MAP(RW, 0, self->size + PAGE_SIZE));
		EXPECT_ERRNO(EINVAL, MAP(RW, self->size, PAGE_SIZE));
		EXPECT_ERRNO(ENOENT, UNMAP());
		return;
	}
	/* Without a page table, pages are pinned only when they are needed */
	ASSERT_EQ(0, MAP(RW, 0, self->size + PAGE_SIZE));
	EXPECT_EQ(0, access_rw(self->fd, self->access_id, 0,
			       IOVA + self->size - 1, &c, 1));
	EXPECT_ERRNO(EINVAL, access_rw(self->fd, self->access_id, 0,
				       IOVA + self->size, &c, 1));
	test_ioctl_ioas_unmap(IOVA, self->size + PAGE_SIZE);
}

TEST_F(map_file, keeps_what_it_pinned_when_the_file_shrinks)
{
	unsigned long pinned = variant->domain ? self->size : PAGE_SIZE;
	char *ptr = map_shared(self->file, self->size);
	char *data = malloc(self->size);
	char *copy = malloc(self->size);
	__u32 pages_id;

	ASSERT_NE(MAP_FAILED, ptr);
	fill(ptr, self->size, 4);
	memcpy(copy, ptr, self->size);
	ASSERT_EQ(0, MAP(RW, 0, self->size));
	ASSERT_EQ(0, access_pin(self->fd, self->access_id, IOVA, ptr, PAGE_SIZE,
				&pages_id));
	munmap(ptr, self->size);
	ASSERT_EQ(0, ftruncate(self->file, 0));

	ASSERT_EQ(0,
		  access_rw(self->fd, self->access_id, 0, IOVA, data, pinned));
	EXPECT_EQ(0, memcmp(data, copy, pinned));
	if (!variant->domain)
		EXPECT_ERRNO(EINVAL, access_rw(self->fd, self->access_id, 0,
					       IOVA + PAGE_SIZE, data, 1));

	/* The file gets other pages when it grows again */
	ASSERT_EQ(0, ftruncate(self->file, self->size));
	ptr = map_shared(self->file, self->size);
	ASSERT_NE(MAP_FAILED, ptr);
	ptr[0] = copy[0] + 1;
	ASSERT_EQ(0, access_rw(self->fd, self->access_id, 0, IOVA, data, 1));
	EXPECT_EQ(copy[0], data[0]);
	munmap(ptr, self->size);

	test_cmd_destroy_access_pages(self->access_id, pages_id);
	test_ioctl_ioas_unmap(IOVA, self->size);
	free(copy);
	free(data);
}

TEST_F(map_file, copies_to_another_ioas)
{
	char *ptr = map_shared(self->file, self->size);
	__u32 ioas_id, stdev_id, hwpt_id;

	ASSERT_NE(MAP_FAILED, ptr);
	fill(ptr, self->size, 5);
	ASSERT_EQ(0, MAP(RW, 0, self->size));
	test_ioctl_ioas_alloc(&ioas_id);
	ASSERT_EQ(0,
		  copy_map(self->fd, ioas_id, self->ioas_id, self->size, IOVA));
	test_ioctl_ioas_unmap(IOVA, self->size);

	/* The copy keeps the pages, and blocks the seals */
	test_cmd_mock_domain(ioas_id, &stdev_id, &hwpt_id, NULL);
	EXPECT_EQ(0, check_map(self->fd, hwpt_id, IOVA, self->size, ptr));
	munmap(ptr, self->size);
	EXPECT_ERRNO(EBUSY, fcntl(self->file, F_ADD_SEALS, F_SEAL_WRITE));
	test_ioctl_destroy(stdev_id);
	EXPECT_ERRNO(EBUSY, fcntl(self->file, F_ADD_SEALS, F_SEAL_WRITE));
	test_ioctl_ioas_unmap_id(ioas_id, IOVA, self->size);
	EXPECT_EQ(0, fcntl(self->file, F_ADD_SEALS, F_SEAL_WRITE));
}

TEST_F(map_file, moves_between_access_and_domain)
{
	unsigned long offset = self->size / 2 - PAGE_SIZE;
	char *ptr = map_shared(self->file, self->size);
	__u32 stdev_id, hwpt_id, first, second;

	ASSERT_NE(MAP_FAILED, ptr);
	fill(ptr, self->size, 6);
	ASSERT_EQ(0, MAP(RW, 0, self->size));
	/* Across a huge page boundary */
	ASSERT_EQ(0, access_pin(self->fd, self->access_id, IOVA + offset,
				ptr + offset, 2 * PAGE_SIZE, &first));
	test_cmd_mock_domain(self->ioas_id, &stdev_id, &hwpt_id, NULL);
	EXPECT_EQ(0, check_map(self->fd, hwpt_id, IOVA, self->size, ptr));
	ASSERT_EQ(0, access_pin(self->fd, self->access_id, IOVA, ptr,
				self->size, &second));
	/* The accesses keep what the page tables unpin */
	test_ioctl_destroy(stdev_id);
	if (self->stdev_id)
		test_ioctl_destroy(self->stdev_id);
	test_cmd_destroy_access_pages(self->access_id, second);
	test_cmd_destroy_access_pages(self->access_id, first);
	test_ioctl_ioas_unmap(IOVA, self->size);
	munmap(ptr, self->size);
	/* This would fail if a pin was left */
	EXPECT_EQ(0, fcntl(self->file, F_ADD_SEALS, F_SEAL_WRITE));
}

TEST_F(map_file, is_unmapped_with_its_access)
{
	char *ptr = map_shared(self->file, self->size);
	__u32 pages_id;

	ASSERT_NE(MAP_FAILED, ptr);
	ASSERT_EQ(0, MAP(RW, 0, self->size));
	ASSERT_EQ(0, access_pin(self->fd, self->access_id, IOVA, ptr,
				self->size, &pages_id));
	test_ioctl_ioas_unmap(IOVA, self->size);
	test_err_destroy_access_pages(ENOENT, self->access_id, pages_id);
	munmap(ptr, self->size);
	EXPECT_EQ(0, fcntl(self->file, F_ADD_SEALS, F_SEAL_WRITE));
}

TEST_F(map_file, is_written_by_access_in_one_or_many_pages)
{
	char *ptr = map_shared(self->file, self->size);
	char *data = malloc(self->size);

	ASSERT_NE(MAP_FAILED, ptr);
	ASSERT_EQ(0, MAP(RW, 0, self->size));
	fill(data, self->size, 7);
	ASSERT_EQ(0, access_rw(self->fd, self->access_id, MOCK_ACCESS_RW_WRITE,
			       IOVA, data, self->size));
	EXPECT_EQ(0, memcmp(ptr, data, self->size));
	ASSERT_EQ(0, access_rw(self->fd, self->access_id,
			       MOCK_ACCESS_RW_WRITE | MOCK_ACCESS_RW_SLOW_PATH,
			       IOVA + PAGE_SIZE + 3, data, 5));
	EXPECT_EQ(0, memcmp(ptr + PAGE_SIZE + 3, data, 5));
	test_ioctl_ioas_unmap(IOVA, self->size);

	ASSERT_EQ(0, MAP(IOMMU_IOAS_MAP_READABLE, 0, self->size));
	EXPECT_ERRNO(EPERM, access_rw(self->fd, self->access_id,
				      MOCK_ACCESS_RW_WRITE, IOVA, data, 1));
	test_ioctl_ioas_unmap(IOVA, self->size);
	free(data);
	munmap(ptr, self->size);
}

TEST_F(map_file, tracks_what_gets_dirty)
{
	unsigned long nbits = self->size / MOCK_PAGE_SIZE;
	__u64 *bitmap = calloc(nbits / 64 + 1, sizeof(*bitmap));
	__u32 stdev_id, idev_id, hwpt_id;

	test_cmd_mock_domain(self->ioas_id, &stdev_id, NULL, &idev_id);
	test_cmd_hwpt_alloc(idev_id, self->ioas_id,
			    IOMMU_HWPT_ALLOC_DIRTY_TRACKING, &hwpt_id);
	ASSERT_EQ(0, MAP(RW, 0, self->size));
	test_cmd_mock_domain_replace(stdev_id, hwpt_id);
	test_cmd_set_dirty_tracking(hwpt_id, true);
	test_mock_dirty_bitmaps(hwpt_id, self->size, IOVA, MOCK_PAGE_SIZE,
				MOCK_PAGE_SIZE, bitmap, nbits, 0, _metadata);
	test_ioctl_destroy(stdev_id);
	test_ioctl_destroy(hwpt_id);
	free(bitmap);
}

TEST_F(map_file, needs_a_descriptor_that_is_open_for_it)
{
	int rdonly = reopen(self->file, O_RDONLY);
	int wronly = reopen(self->file, O_WRONLY);

	ASSERT_NE(-1, rdonly);
	ASSERT_NE(-1, wronly);
	EXPECT_ERRNO(EACCES, map_file(self->fd, self->ioas_id, RW, rdonly, 0,
				      PAGE_SIZE, IOVA));
	EXPECT_ERRNO(EACCES,
		     map_file(self->fd, self->ioas_id, IOMMU_IOAS_MAP_WRITEABLE,
			      wronly, 0, PAGE_SIZE, IOVA));
	EXPECT_EQ(0, map_file(self->fd, self->ioas_id, IOMMU_IOAS_MAP_READABLE,
			      rdonly, 0, PAGE_SIZE, IOVA));
	/* It was not counted as a writable mapping */
	test_ioctl_ioas_unmap(IOVA, PAGE_SIZE);
	EXPECT_EQ(0, fcntl(self->file, F_ADD_SEALS, F_SEAL_WRITE));
	close(wronly);
	close(rdonly);
}

TEST_F(map_file, respects_a_write_seal)
{
	char c;

	ASSERT_EQ(0, MAP(RW, 0, self->size));
	EXPECT_ERRNO(EBUSY, fcntl(self->file, F_ADD_SEALS, F_SEAL_WRITE));
	test_ioctl_ioas_unmap(IOVA, self->size);
	ASSERT_EQ(0, fcntl(self->file, F_ADD_SEALS, F_SEAL_WRITE));
	EXPECT_ERRNO(EPERM, MAP(RW, 0, self->size));
	EXPECT_ERRNO(EPERM, MAP(IOMMU_IOAS_MAP_WRITEABLE, 0, self->size));
	ASSERT_EQ(0, MAP(IOMMU_IOAS_MAP_READABLE, 0, self->size));
	EXPECT_EQ(0, access_rw(self->fd, self->access_id, 0, IOVA, &c, 1));
	test_ioctl_ioas_unmap(IOVA, self->size);
}

TEST_F(map_file, respects_a_seal_of_future_writes)
{
	char c = 1;

	ASSERT_EQ(0, MAP(RW, 0, self->size));
	ASSERT_EQ(0, fcntl(self->file, F_ADD_SEALS, F_SEAL_FUTURE_WRITE));
	EXPECT_EQ(0, access_rw(self->fd, self->access_id, MOCK_ACCESS_RW_WRITE,
			       IOVA, &c, 1));
	EXPECT_ERRNO(EPERM, map_file(self->fd, self->ioas_id, RW, self->file, 0,
				     PAGE_SIZE, IOVA + self->size));
	test_ioctl_ioas_unmap(IOVA, self->size);
	EXPECT_ERRNO(EPERM, MAP(RW, 0, self->size));
}

/* Without CAP_IPC_LOCK all processes of the user share one limit */
static int drop_ipc_lock(void)
{
	struct __user_cap_header_struct header = {
		.version = _LINUX_CAPABILITY_VERSION_3,
	};
	struct __user_cap_data_struct data[2];

	if (syscall(SYS_capget, &header, data))
		return -1;
	data[CAP_TO_INDEX(CAP_IPC_LOCK)].effective &=
		~CAP_TO_MASK(CAP_IPC_LOCK);
	return syscall(SYS_capset, &header, data);
}

TEST_F(map_file, is_accounted_like_the_memory_of_a_process)
{
	struct rlimit limit = { 4 * PAGE_SIZE, 4 * PAGE_SIZE };
	unsigned long pinned = proc_number("/proc/self/status", "VmPin:");
	unsigned long kib = PAGE_SIZE / 1024;
	__u32 pages_id;
	char *ptr = map_shared(self->file, self->size);

	ASSERT_NE(MAP_FAILED, ptr);
	ASSERT_EQ(0, setrlimit(RLIMIT_MEMLOCK, &limit));
	ASSERT_EQ(0, drop_ipc_lock());
	ASSERT_EQ(0, MAP(RW, 0, 4 * PAGE_SIZE));
	if (!variant->domain)
		ASSERT_EQ(0, access_pin(self->fd, self->access_id, IOVA, ptr,
					4 * PAGE_SIZE, &pages_id));
	EXPECT_EQ(pinned + 4 * kib, proc_number("/proc/self/status", "VmPin:"));
	/* One more is too much */
	if (variant->domain)
		EXPECT_ERRNO(ENOMEM,
			     map_file(self->fd, self->ioas_id, RW, self->file,
				      0, PAGE_SIZE, IOVA + self->size));
	test_ioctl_ioas_unmap(IOVA, 4 * PAGE_SIZE);
	EXPECT_EQ(pinned, proc_number("/proc/self/status", "VmPin:"));
	ASSERT_EQ(0, MAP(RW, 4 * PAGE_SIZE, 4 * PAGE_SIZE));
	if (variant->domain)
		EXPECT_ERRNO(ENOMEM,
			     map_file(self->fd, self->ioas_id, RW, self->file,
				      0, self->size, IOVA + self->size));
	test_ioctl_ioas_unmap(IOVA, 4 * PAGE_SIZE);
	EXPECT_EQ(pinned, proc_number("/proc/self/status", "VmPin:"));
	munmap(ptr, self->size);
}

TEST_F(map_file, refuses_wrong_sizes)
{
	struct {
		struct iommu_ioas_map_file cmd;
		__u64 tail;
	} large = {
		.cmd = { .flags = RW | IOMMU_IOAS_MAP_FIXED_IOVA,
			 .ioas_id = self->ioas_id,
			 .fd = self->file,
			 .length = PAGE_SIZE,
			 .iova = IOVA },
	};

	ASSERT_EQ(40, sizeof(large.cmd));
	for (large.cmd.size = 4; large.cmd.size < 40; large.cmd.size += 4)
		EXPECT_ERRNO(EINVAL,
			     ioctl(self->fd, IOMMU_IOAS_MAP_FILE, &large));
	large.cmd.size = sizeof(large);
	large.tail = 1;
	EXPECT_ERRNO(E2BIG, ioctl(self->fd, IOMMU_IOAS_MAP_FILE, &large));
	large.tail = 0;
	EXPECT_EQ(0, ioctl(self->fd, IOMMU_IOAS_MAP_FILE, &large));
}

TEST_F(map_file, refuses_bad_arguments)
{
	__u64 end = ~0ULL >> 1;

	EXPECT_ERRNO(EOPNOTSUPP, MAP(RW | 1 << 3, 0, PAGE_SIZE));
	EXPECT_ERRNO(EINVAL, MAP(0, 0, PAGE_SIZE));
	EXPECT_ERRNO(EINVAL, MAP(RW, 0, 0));
	EXPECT_ERRNO(EOVERFLOW, MAP(RW, 0, ~0ULL));
	EXPECT_ERRNO(EOVERFLOW, MAP(RW, end, PAGE_SIZE));
	EXPECT_ERRNO(EOVERFLOW, MAP(RW, ~0ULL - PAGE_SIZE + 1, PAGE_SIZE));
	EXPECT_ERRNO(ENOENT, map_file(self->fd, BAD_ID, RW, self->file, 0,
				      PAGE_SIZE, IOVA));
	/* The IOVA is already mapped */
	ASSERT_EQ(0, MAP(RW, 0, PAGE_SIZE));
	EXPECT_ERRNO(EEXIST, MAP(RW, 0, PAGE_SIZE));
	test_ioctl_ioas_unmap(IOVA, PAGE_SIZE);
	/* None of these leaves anything behind */
	EXPECT_EQ(0, fcntl(self->file, F_ADD_SEALS, F_SEAL_WRITE));
}

TEST_F(map_file, refuses_what_is_no_memfd)
{
	int fds[] = {
		open("/dev/null", O_RDWR),
		open("/dev/zero", O_RDWR),
		open("/proc/version", O_RDONLY),
		eventfd(0, 0),
		self->fd,
	};
	unsigned int i;
	int path;

	for (i = 0; i < ARRAY_SIZE(fds); i++) {
		ASSERT_NE(-1, fds[i]);
		EXPECT_ERRNO(EINVAL, map_file(self->fd, self->ioas_id, RW,
					      fds[i], 0, PAGE_SIZE, IOVA));
	}
	while (i-- > 0)
		if (fds[i] != self->fd)
			close(fds[i]);
	EXPECT_ERRNO(EBADF, map_file(self->fd, self->ioas_id, RW, -1, 0,
				     PAGE_SIZE, IOVA));
	path = reopen(self->file, O_PATH);
	ASSERT_NE(-1, path);
	EXPECT_ERRNO(EBADF, map_file(self->fd, self->ioas_id, RW, path, 0,
				     PAGE_SIZE, IOVA));
	close(path);
}

TEST(fails_without_huge_pages_and_leaves_nothing)
{
	unsigned long free_pages = huge_pages("HugePages_Free:");
	unsigned long reserved = huge_pages("HugePages_Rsvd:");
	unsigned long size = (free_pages + 1) * HUGE_SIZE;
	__u32 ioas_id, stdev_id, hwpt_id;
	int fd = open("/dev/iommu", O_RDWR);
	int file = memfd_create("test", MFD_HUGETLB | MFD_HUGE_2MB);

	ASSERT_NE(-1, fd);
	ASSERT_NE(-1, file);
	ASSERT_EQ(0, ftruncate(file, size));
	ASSERT_EQ(0, _test_ioctl_ioas_alloc(fd, &ioas_id));
	ASSERT_EQ(0, _test_cmd_mock_domain(fd, ioas_id, &stdev_id, &hwpt_id,
					   NULL));
	EXPECT_ERRNO(ENOMEM, map_file(fd, ioas_id, RW, file, 0, size, IOVA));
	/* Pages that were allocated belong to the file */
	EXPECT_EQ(0, huge_pages("HugePages_Free:"));
	EXPECT_EQ(reserved, huge_pages("HugePages_Rsvd:"));
	EXPECT_ERRNO(ENOENT,
		     _test_ioctl_ioas_unmap(fd, ioas_id, IOVA, size, NULL));
	ASSERT_EQ(0, ftruncate(file, 0));
	EXPECT_EQ(free_pages, huge_pages("HugePages_Free:"));
	EXPECT_EQ(reserved, huge_pages("HugePages_Rsvd:"));
	close(file);
	teardown_iommufd(fd, _metadata);
}

static int charge_processes(int fd)
{
	struct iommu_option cmd = {
		.size = sizeof(cmd),
		.option_id = IOMMU_OPTION_RLIMIT_MODE,
		.op = IOMMU_OPTION_OP_SET,
		.val64 = 1,
	};

	return ioctl(fd, IOMMU_OPTION, &cmd);
}

static unsigned long locked(void)
{
	return proc_number("/proc/self/status", "VmLck:");
}

/* Attach a device in a child, which pins all mappings; the child must not be charged */
static int attach_elsewhere(int fd, __u32 ioas_id)
{
	__u32 stdev_id, hwpt_id;
	int status;
	pid_t pid = fork();

	if (!pid)
		exit(_test_cmd_mock_domain(fd, ioas_id, &stdev_id, &hwpt_id,
					   NULL) ||
		     locked());
	return pid > 0 && waitpid(pid, &status, 0) == pid && !status;
}

TEST(charges_the_process_that_mapped)
{
	struct rlimit limit = { 4 * PAGE_SIZE, 4 * PAGE_SIZE };
	unsigned long kib = PAGE_SIZE / 1024;
	int fd = open("/dev/iommu", O_RDWR);
	int file = memfd_create("test", MFD_CLOEXEC);
	__u32 ioas_id;

	ASSERT_NE(-1, fd);
	ASSERT_NE(-1, file);
	ASSERT_EQ(0, ftruncate(file, 5 * PAGE_SIZE));
	ASSERT_EQ(0, setrlimit(RLIMIT_MEMLOCK, &limit));
	ASSERT_EQ(0, charge_processes(fd));
	ASSERT_EQ(0, drop_ipc_lock());
	ASSERT_EQ(0, _test_ioctl_ioas_alloc(fd, &ioas_id));
	ASSERT_EQ(0, map_file(fd, ioas_id, RW, file, 0, 4 * PAGE_SIZE, IOVA));
	EXPECT_EQ(0, locked());
	EXPECT_TRUE(attach_elsewhere(fd, ioas_id));
	EXPECT_EQ(4 * kib, locked());
	/* One more is too much */
	EXPECT_ERRNO(ENOMEM, map_file(fd, ioas_id, RW, file, 4 * PAGE_SIZE,
				      PAGE_SIZE, IOVA + 4 * PAGE_SIZE));
	EXPECT_EQ(4 * kib, locked());
	ASSERT_EQ(0, _test_ioctl_ioas_unmap(fd, ioas_id, IOVA, 4 * PAGE_SIZE,
					    NULL));
	EXPECT_EQ(0, locked());
	close(file);
	teardown_iommufd(fd, _metadata);
}

/* The first pages that are pinned at once, as many as a folio_batch has */
#define BATCH 31
#define PUNCHES 100
/* In microseconds; a huge page is cleared within the maximum */
#define DELAY_STEP 20
#define DELAY_MAX 4000

struct puncher {
	pthread_t thread;
	int file;
	bool stop;
};

static int punch(int file)
{
	return fallocate(file, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 0,
			 HUGE_SIZE);
}

static void *puncher_run(void *arg)
{
	struct puncher *puncher = arg;

	while (!__atomic_load_n(&puncher->stop, __ATOMIC_RELAXED))
		punch(puncher->file);
	return NULL;
}

/* Have the file allocate small pages */
static void touch(char *ptr, unsigned long pages)
{
	unsigned long i;

	for (i = 0; i < pages; i++)
		__atomic_store_n(ptr + i * PAGE_SIZE, 1, __ATOMIC_RELAXED);
}

/*
 * Where a hole is punched between two pages that are pinned, a large folio is allocated
 * that overlaps the pages before. They must not count twice.
 */
TEST(survives_a_hole_that_is_punched_while_it_pins)
{
	struct puncher puncher = { .file = memfd_create("test", 0) };
	unsigned long size = 2 * HUGE_SIZE, i;
	int fd = open("/dev/iommu", O_RDWR);
	__u32 ioas_id, stdev_id, hwpt_id;
	char *ptr;

	ASSERT_NE(-1, fd);
	ASSERT_EQ(0, ftruncate(puncher.file, size));
	ptr = map_shared(puncher.file, size);
	ASSERT_NE(MAP_FAILED, ptr);
	ASSERT_EQ(0, madvise(ptr, size, MADV_NOHUGEPAGE));
	touch(ptr + HUGE_SIZE, HUGE_SIZE / PAGE_SIZE);
	ASSERT_EQ(0, _test_ioctl_ioas_alloc(fd, &ioas_id));
	ASSERT_EQ(0, _test_cmd_mock_domain(fd, ioas_id, &stdev_id, &hwpt_id,
					   NULL));
	ASSERT_EQ(0, write_control(THP_CONTROL, "always"));
	ASSERT_EQ(0,
		  pthread_create(&puncher.thread, NULL, puncher_run, &puncher));
	for (i = 0; i < PUNCHES; i++) {
		punch(puncher.file);
		touch(ptr, BATCH);
		ASSERT_EQ(0, map_file(fd, ioas_id, RW, puncher.file, 0, size,
				      IOVA));
		ASSERT_EQ(0, _test_ioctl_ioas_unmap(fd, ioas_id, IOVA, size,
						    NULL));
	}
	__atomic_store_n(&puncher.stop, true, __ATOMIC_RELAXED);
	pthread_join(puncher.thread, NULL);
	EXPECT_EQ(0, write_control(THP_CONTROL, "never"));
	munmap(ptr, size);
	close(puncher.file);
	teardown_iommufd(fd, _metadata);
}

struct truncation {
	int file;
	unsigned int delay; /* in microseconds */
};

static void *truncate_later(void *arg)
{
	struct truncation *truncation = arg;

	usleep(truncation->delay);
	return ftruncate(truncation->file, 0) ? truncation : NULL;
}

/* Fill a hole of a file while it is truncated; the file is closed by the caller */
static int fill_truncated(int fd, __u32 ioas_id, struct truncation *truncation)
{
	pthread_t thread;
	void *failed;

	if (ftruncate(truncation->file, HUGE_SIZE) ||
	    pthread_create(&thread, NULL, truncate_later, truncation))
		return -1;
	if (!map_file(fd, ioas_id, RW, truncation->file, 0, HUGE_SIZE, IOVA))
		_test_ioctl_ioas_unmap(fd, ioas_id, IOVA, HUGE_SIZE, NULL);
	pthread_join(thread, &failed);
	return failed ? -1 : 0;
}

/* A huge page is cleared before it is in the file, which takes long enough */
TEST(reserves_nothing_if_the_file_is_truncated_while_it_fills_a_hole)
{
	unsigned long reserved = huge_pages("HugePages_Rsvd:");
	int fd = open("/dev/iommu", O_RDWR);
	__u32 ioas_id, stdev_id, hwpt_id;
	struct truncation truncation;

	ASSERT_NE(-1, fd);
	ASSERT_EQ(0, _test_ioctl_ioas_alloc(fd, &ioas_id));
	ASSERT_EQ(0, _test_cmd_mock_domain(fd, ioas_id, &stdev_id, &hwpt_id,
					   NULL));
	for (truncation.delay = 0; truncation.delay < DELAY_MAX;
	     truncation.delay += DELAY_STEP) {
		truncation.file =
			memfd_create("test", MFD_HUGETLB | MFD_HUGE_2MB);
		ASSERT_EQ(0, fill_truncated(fd, ioas_id, &truncation));
		/* Closing the file would restore the count */
		ASSERT_EQ(reserved, huge_pages("HugePages_Rsvd:"));
		close(truncation.file);
	}
	teardown_iommufd(fd, _metadata);
}

TEST_HARNESS_MAIN
