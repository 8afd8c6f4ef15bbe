// SPDX-License-Identifier: GPL-2.0
/*
 * init of the machine with a PAMU. Uses an edu device by VFIO and iommufd, and
 * after each step asks the host to check the PAMU's tables in memory. Prints
 * KTAP, including the results of KUnit at boot.
 *
 * The second serial port carries the report and the questions: a virtio port would
 * be on PCI, in the single group of all devices behind the PAMU. A line that begins
 * with "? " is a question, see check/paace.py. The answer is "yes" or a description
 * of the problem.
 */
#include "pamu.h"

#include <dirent.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/reboot.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#define EDU_ID		"0x11e8"

static FILE *port;
static FILE *answers;
char edu[64];
static int problems;

/* Report */

void problem(const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	fputs("# ", port);
	vfprintf(port, format, arguments);
	fputc('\n', port);
	va_end(arguments);
	problems++;
}

void ask(int line, const char *format, ...)
{
	char answer[300] = "";
	va_list arguments;

	va_start(arguments, format);
	fputs("? ", port);
	vfprintf(port, format, arguments);
	fputc('\n', port);
	va_end(arguments);
	if (!fgets(answer, sizeof(answer), answers))
		problem("line %d: the host does not answer", line);
	else if (strcmp(answer, "yes\n"))
		problem("line %d: %s", line, strtok(answer, "\n"));
}

/* Helpers */

void write_file(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY);

	if (fd < 0 || write(fd, text, strlen(text)) != (ssize_t)strlen(text))
		problem("cannot write %s to %s: errno %d", text, path, errno);
	close(fd);
}

static int read_file(const char *path, char *text, size_t size)
{
	int fd = open(path, O_RDONLY);
	ssize_t got = fd < 0 ? -1 : read(fd, text, size - 1);

	close(fd);
	text[got > 0 ? got : 0] = 0;
	text[strcspn(text, "\n")] = 0;
	return got > 0;
}

static void find_edu(void)
{
	DIR *list = opendir("/sys/bus/pci/devices");
	struct dirent *entry;
	char path[PATH], id[16];

	while (list && (entry = readdir(list))) {
		snprintf(path, PATH, "/sys/bus/pci/devices/%.20s/device",
			 entry->d_name);
		if (read_file(path, id, sizeof(id)) && !strcmp(id, EDU_ID))
			snprintf(edu, sizeof(edu), "%.20s", entry->d_name);
	}
	if (list)
		closedir(list);
}

/* Memory */

static struct memory get_memory(size_t size, int flags)
{
	static unsigned int number = 0x4d41;
	struct memory m = { .size = size };

	m.at = mmap(NULL, size, PROT_READ | PROT_WRITE,
		    MAP_SHARED | MAP_ANONYMOUS | flags, -1, 0);
	if (!EXPECT(m.at != MAP_FAILED))
		_exit(1);
	snprintf(m.mark, sizeof(m.mark), "pamu-mark-%06x", number++ * 7919);
	memcpy(m.at, m.mark, 16);
	memcpy(m.at + size - 16, m.mark, 16);
	return m;
}

struct memory get_pages(size_t size)
{
	return get_memory(size, MAP_POPULATE);
}

static struct memory get_huge(size_t size)
{
	return get_memory(size, MAP_HUGETLB | 24 << MAP_HUGE_SHIFT | MAP_POPULATE);
}

/* The device, with iommufd */

struct bound bind_device(void)
{
	struct bound d;

	EXPECT(!device_open(&d.dev, edu, iommufd_open()));
	EXPECT(!ioas_alloc(d.dev.iommufd, &d.ioas));
	return d;
}

int attach(struct bound *d, __u32 pt)
{
	return device_attach(&d->dev, pt);
}

int detach(struct bound *d)
{
	return device_detach(&d->dev);
}

struct bound attach_device(void)
{
	struct bound d = bind_device();

	EXPECT(!attach(&d, d.ioas));
	return d;
}

void close_device(struct bound *d)
{
	device_close(&d->dev);
	close(d->dev.iommufd);
}

int map(struct bound *d, __u64 iova, void *at, size_t size, int access)
{
	struct iommu_ioas_map args = {
		.size = sizeof(args),
		.flags = IOMMU_IOAS_MAP_FIXED_IOVA | access,
		.ioas_id = d->ioas,
		.user_va = (uintptr_t)at,
		.length = size,
		.iova = iova,
	};

	return ioctl(d->dev.iommufd, IOMMU_IOAS_MAP, &args) ? -errno : 0;
}

static int unmap(struct bound *d, __u64 iova, __u64 size)
{
	return ioas_unmap(d->dev.iommufd, d->ioas, iova, size);
}

int page_table(struct bound *d, __u32 bits, __u32 slots, __u32 *id)
{
	struct iommu_hwpt_pamu geometry = { bits, slots };
	struct iommu_hwpt_alloc args = {
		.size = sizeof(args),
		.dev_id = d->dev.id,
		.pt_id = d->ioas,
		.data_type = IOMMU_HWPT_DATA_PAMU,
		.data_len = sizeof(geometry),
		.data_uptr = (uintptr_t)&geometry,
	};
	int rc = ioctl(d->dev.iommufd, IOMMU_HWPT_ALLOC, &args) ? -errno : 0;

	*id = args.out_hwpt_id;
	return rc;
}

/* Tests: DMA has to use physical addresses before and after each one */

static void the_boot_leaves_identity(void)
{
	ASK("identity");
}

static void bind_driver(void)
{
	EXPECT(!sysfs_bind(edu, "vfio-pci"));
}

static void binding_the_driver_changes_nothing(void)
{
	bind_driver();
}

static void dma_is_blocked_until_something_is_attached(void)
{
	struct bound d = bind_device();

	ASK("blocked");
	EXPECT(!attach(&d, d.ioas));
	ASK("window 32 256");
	ASK("slots 0");
	EXPECT(!detach(&d));
	ASK("blocked");
	close_device(&d);
}

static void memory_leads_where_it_is_mapped(void)
{
	struct bound d = attach_device();
	struct memory page = get_pages(4 * KIB), low = get_pages(4 * KIB);

	EXPECT(!map(&d, 16 * SLOT, page.at, page.size, RW));
	ASK("leads %#llx %#zx 3 %s", 16 * SLOT, page.size, page.mark);
	ASK("slots 1");
	EXPECT(!map(&d, 0, low.at, low.size, RW));
	ASK("leads 0 %#zx 3 %s", low.size, low.mark);
	ASK("slots 2");
	EXPECT(!unmap(&d, 16 * SLOT, page.size));
	ASK("nowhere %#llx", 16 * SLOT);
	ASK("leads 0 %#zx 3 %s", low.size, low.mark);
	EXPECT(!unmap(&d, 0, low.size));
	ASK("slots 0");
	ASK("window 32 256");
	close_device(&d);
}

static void access_is_what_the_map_allows(void)
{
	struct bound d = attach_device();
	struct memory a = get_pages(4 * KIB), b = get_pages(4 * KIB);
	int first;

	for (first = 0; first < 2; first++) {
		__u64 iova = first ? 0 : 5 * SLOT;

		EXPECT(!map(&d, iova, a.at, a.size, IOMMU_IOAS_MAP_READABLE));
		ASK("leads %#llx %#zx 1 %s", iova, a.size, a.mark);
		EXPECT(!map(&d, iova + SLOT, b.at, b.size,
			    IOMMU_IOAS_MAP_WRITEABLE));
		ASK("leads %#llx %#zx 2 %s", iova + SLOT, b.size, b.mark);
	}
	close_device(&d);
}

static void huge_pages_fill_slots(void)
{
	struct bound d = attach_device();
	struct memory huge = get_huge(2 * SLOT);

	EXPECT(!map(&d, 255 * SLOT - SLOT, huge.at, huge.size, RW));
	ASK("slots 2");
	ASK("starts %#llx 3 %s", 254 * SLOT, huge.mark);
	ASK("ends %#llx 3 %s", 256 * SLOT - 1, huge.mark);
	EXPECT(!unmap(&d, 254 * SLOT, huge.size));
	ASK("slots 0");
	close_device(&d);
}

static void what_does_not_fit_fails_and_changes_nothing(void)
{
	struct bound d = attach_device();
	struct memory page = get_pages(4 * KIB), more = get_pages(4 * KIB);
	struct memory huge = get_huge(2 * SLOT);

	EXPECT(!map(&d, SLOT, page.at, page.size, RW));
	/* A second mapping in a slot, and a mapping that is not at a slot's start */
	EXPECT_ERRNO(map(&d, SLOT + 4 * KIB, more.at, more.size, RW), ENOSPC);
	EXPECT_ERRNO(map(&d, 2 * SLOT + 4 * KIB, more.at, more.size, RW),
		     EINVAL);
	/* 12 KiB, and a mapping that begins before a slot, need two entries */
	EXPECT_ERRNO(map(&d, 3 * SLOT, huge.at, 12 * KIB, RW), ENOSPC);
	EXPECT_ERRNO(map(&d, 4 * SLOT - 4 * KIB, huge.at, 8 * KIB, RW), EINVAL);
	/* The same after a whole slot, which is unmapped again */
	EXPECT_ERRNO(map(&d, 4 * SLOT, huge.at, SLOT + 12 * KIB, RW), ENOSPC);
	EXPECT_ERRNO(map(&d, 0, huge.at, SLOT + 4 * KIB, RW), EEXIST);
	EXPECT_ERRNO(map(&d, 256 * SLOT, page.at, page.size, RW), EINVAL);
	ASK("leads %#llx %#zx 3 %s", SLOT, page.size, page.mark);
	ASK("slots 1");
	close_device(&d);
}

static void a_page_table_is_replaced_by_one_of_another_geometry(void)
{
	static const __u32 geometries[][2] = {
		{ 32, 4 }, { 36, 256 }, { 28, 1 }, { 32, 16 }, { 32, 16 }, { 28, 1 },
	};
	struct bound d = attach_device();
	struct memory page = get_pages(4 * KIB);
	unsigned int i;
	__u32 id;

	EXPECT(!map(&d, 0, page.at, page.size, RW));
	ASK("leads 0 %#zx 3 %s", page.size, page.mark);
	for (i = 0; i < sizeof(geometries) / sizeof(geometries[0]); i++) {
		EXPECT(!page_table(&d, geometries[i][0], geometries[i][1], &id));
		EXPECT(!attach(&d, id));
		if (geometries[i][1] > 1)
			ASK("window %u %u", geometries[i][0], geometries[i][1]);
		ASK("leads 0 %#zx 3 %s", page.size, page.mark);
		ASK("slots 1");
	}
	EXPECT(!detach(&d));
	ASK("blocked");
	close_device(&d);
}

static void a_map_that_one_page_table_cannot_hold_fails(void)
{
	struct bound d = attach_device();
	struct memory page = get_pages(4 * KIB);
	__u32 id;

	EXPECT(!page_table(&d, 32, 4, &id));
	EXPECT_ERRNO(map(&d, SLOT, page.at, page.size, RW), EINVAL);
	ASK("slots 0");
	EXPECT(!map(&d, GIB, page.at, page.size, RW));
	ASK("leads %#llx %#zx 3 %s", GIB, page.size, page.mark);
	EXPECT(!attach(&d, id));
	ASK("window 32 4");
	ASK("leads %#llx %#zx 3 %s", GIB, page.size, page.mark);
	close_device(&d);
}

static void geometries_out_of_range_are_refused(void)
{
	struct bound d = bind_device();
	__u32 id;

	EXPECT_ERRNO(page_table(&d, 32, 3, &id), EINVAL);
	EXPECT_ERRNO(page_table(&d, 32, 0, &id), EINVAL);
	EXPECT_ERRNO(page_table(&d, 32, 512, &id), EINVAL);
	EXPECT_ERRNO(page_table(&d, 37, 1, &id), EINVAL);
	EXPECT_ERRNO(page_table(&d, 19, 256, &id), EINVAL);
	EXPECT_ERRNO(page_table(&d, 0xffffffff, 0xffffffff, &id), EINVAL);
	ASK("blocked");
	close_device(&d);
}

#define PARAMETERS "/sys/module/fsl_pamu_paging/parameters/"

static void parameters_say_the_default_geometry(void)
{
	struct bound d = bind_device();

	write_file(PARAMETERS "aperture_bits", "30");
	write_file(PARAMETERS "slots", "16");
	EXPECT(!attach(&d, d.ioas));
	ASK("window 30 16");
	close_device(&d);

	d = bind_device();
	write_file(PARAMETERS "slots", "3");
	EXPECT_ERRNO(attach(&d, d.ioas), EINVAL);
	ASK("blocked");
	write_file(PARAMETERS "aperture_bits", "32");
	write_file(PARAMETERS "slots", "256");
	EXPECT(!attach(&d, d.ioas));
	ASK("window 32 256");
	close_device(&d);
}

/* Run in a child process, which is killed after writing a byte to @ready */
int wait_for_kill(void (*run)(int ready))
{
	int ready[2];
	pid_t child;
	char byte;

	EXPECT(!pipe(ready));
	child = fork();
	if (!child) {
		run(ready[1]);
		for (;;)
			pause();
	}
	close(ready[1]);
	EXPECT(read(ready[0], &byte, 1) == 1);
	close(ready[0]);
	return child;
}

static void map_a_page(int ready)
{
	struct bound d = attach_device();
	struct memory page = get_pages(4 * KIB);

	if (map(&d, SLOT, page.at, page.size, RW))
		_exit(1);
	EXPECT(write(ready, "x", 1) == 1);
}

static void a_killed_process_leaves_identity(void)
{
	pid_t child = wait_for_kill(map_a_page);

	ASK("window 32 256");
	ASK("slots 1");
	kill(child, SIGKILL);
	EXPECT(waitpid(child, NULL, 0) == child);
}

/* The device, with a VFIO container */

int open_container(struct container *c, int type)
{
	int group;

	EXPECT(!container_open(c));
	c->iommu = type;
	group = container_add_group(c, edu);
	EXPECT(group >= 0);
	return group;
}

void close_container(struct container *c, int group)
{
	close(group);
	container_close(c);
}

/* Return: the number of bytes that the kernel has unmapped */
static __u64 unmap_bytes(struct container *c, __u64 iova, __u64 size)
{
	struct vfio_iommu_type1_dma_unmap args = {
		.argsz = sizeof(args),
		.iova = iova,
		.size = size,
	};

	if (ioctl(c->fd, VFIO_IOMMU_UNMAP_DMA, &args))
		return -1;
	return args.size;
}

static void containers_map_and_unmap(void)
{
	struct container c;
	int group = open_container(&c, VFIO_TYPE1v2_IOMMU);
	struct memory page = get_pages(4 * KIB), huge = get_huge(2 * SLOT);

	ASK("window 32 256");
	ASK("slots 0");
	EXPECT(!container_map(&c, page.at, page.size, 0));
	EXPECT(!container_map(&c, huge.at, huge.size, 8 * SLOT));
	ASK("slots 3");
	ASK("leads 0 %#zx 3 %s", page.size, page.mark);
	ASK("starts %#llx 3 %s", 8 * SLOT, huge.mark);
	ASK("ends %#llx 3 %s", 10 * SLOT - 1, huge.mark);
	EXPECT_ERRNO(container_map(&c, page.at, page.size, 3 * SLOT + 4 * KIB), EINVAL);
	EXPECT(unmap_bytes(&c, 8 * SLOT, huge.size) == huge.size);
	ASK("slots 1");
	EXPECT(unmap_bytes(&c, 0, page.size) == page.size);
	ASK("slots 0");
	EXPECT(!container_map(&c, huge.at, huge.size, 8 * SLOT));
	close_container(&c, group);
}

static void old_containers_unmap_a_slot_as_a_whole(void)
{
	struct container c;
	int group = open_container(&c, VFIO_TYPE1_IOMMU);
	struct memory huge = get_huge(SLOT);

	EXPECT(!container_map(&c, huge.at, huge.size, 8 * SLOT));
	ASK("slots 1");
	EXPECT(unmap_bytes(&c, 8 * SLOT, 4 * KIB) == SLOT);
	ASK("slots 0");
	close_container(&c, group);
}

void raise_interrupt(struct bound *d)
{
	void *registers;
	size_t size;

	if (!EXPECT(!device_map_bar(&d->dev, 0, &registers, &size)))
		return;
	*(volatile __u32 *)(registers + 0x60) = __builtin_bswap32(1);
	munmap(registers, size);
}

static void wired_interrupts_need_no_bank(void)
{
	struct bound d = attach_device();
	int event = eventfd(0, EFD_NONBLOCK);
	struct pollfd wait = { .fd = event, .events = POLLIN };

	EXPECT(!device_enable_vectors(&d.dev, VFIO_PCI_INTX_IRQ_INDEX, &event, 1));
	raise_interrupt(&d);
	EXPECT(poll(&wait, 1, 1000 * CASE_SECONDS) == 1);
	ASK("slots 0");
	close(event);
	close_device(&d);
}

/* The machine whose PCI controller has no LIODN */
static void devices_without_a_liodn_are_in_no_group(void)
{
	char path[PATH];

	snprintf(path, PATH, "/sys/bus/pci/devices/%s/iommu_group", edu);
	EXPECT(edu[0] && access(path, F_OK) && errno == ENOENT);
}

static const struct test cases[] = {
	CASE(the_boot_leaves_identity),
	CASE(binding_the_driver_changes_nothing),
	CASE(dma_is_blocked_until_something_is_attached),
	CASE(memory_leads_where_it_is_mapped),
	CASE(access_is_what_the_map_allows),
	CASE(huge_pages_fill_slots),
	CASE(what_does_not_fit_fails_and_changes_nothing),
	CASE(a_page_table_is_replaced_by_one_of_another_geometry),
	CASE(a_map_that_one_page_table_cannot_hold_fails),
	CASE(geometries_out_of_range_are_refused),
	CASE(parameters_say_the_default_geometry),
	CASE(a_killed_process_leaves_identity),
	CASE(containers_map_and_unmap),
	CASE(old_containers_unmap_a_slot_as_a_whole),
	CASE(wired_interrupts_need_no_bank),
	{}
};

static const struct test without_liodn[] = {
	CASE(devices_without_a_liodn_are_in_no_group),
	{}
};

/* The machine whose PAMU has no interrupt for access violations */
static void a_pamu_without_interrupt_is_not_set_up(void)
{
	EXPECT(access("/sys/bus/platform/devices/fsl-of-pamu.0", F_OK) == 0);
	EXPECT(access("/sys/bus/platform/devices/fsl-of-pamu.0/driver", F_OK));
}

static const struct test without_interrupt[] = {
	CASE(a_pamu_without_interrupt_is_not_set_up),
	{}
};

/* KUnit */

/* debugfs has one KTAP stream for each suite: print it as subtests */
static void print_suite(const char *name, unsigned int number)
{
	char path[PATH], line[500];
	FILE *results;
	int skip = 2;

	snprintf(path, PATH, "/sys/kernel/debug/kunit/%.100s/results", name);
	results = fopen(path, "r");
	while (results && fgets(line, sizeof(line), results)) {
		int good = !strncmp(line, "ok ", 3);

		if (skip-- > 0)
			continue;
		if (good || !strncmp(line, "not ok ", 7))
			fprintf(port, "%s %u %s\n", good ? "ok" : "not ok",
				number, name);
		else
			fputs(line, port);
	}
	if (results)
		fclose(results);
}

static unsigned int kunit_suites(unsigned int number, int print)
{
	DIR *list = opendir("/sys/kernel/debug/kunit");
	struct dirent *entry;
	unsigned int count = 0;

	while (list && (entry = readdir(list))) {
		if (entry->d_name[0] == '.')
			continue;
		if (print)
			print_suite(entry->d_name, number + count);
		count++;
	}
	if (list)
		closedir(list);
	return count;
}

/* The machine */

static void mount_all(void)
{
	mkdir("/proc", 0755);
	mkdir("/sys", 0755);
	mkdir("/dev", 0755);
	mount("proc", "/proc", "proc", 0, NULL);
	mount("sys", "/sys", "sysfs", 0, NULL);
	mount("dev", "/dev", "devtmpfs", 0, NULL);
	mount("debug", "/sys/kernel/debug", "debugfs", 0, NULL);
}

static void open_port(void)
{
	struct termios mode;

	port = fopen("/dev/ttyS1", "w");
	answers = fopen("/dev/ttyS1", "r");
	if (!port || !answers)
		reboot(RB_POWER_OFF);
	tcgetattr(fileno(port), &mode);
	cfmakeraw(&mode);
	tcsetattr(fileno(port), TCSANOW, &mode);
	setvbuf(port, NULL, _IOLBF, 0);
}

void allow_unsafe_interrupts(char allowed)
{
	EXPECT(!sysfs_set_unsafe_interrupts("iommufd", allowed));
	EXPECT(!sysfs_set_unsafe_interrupts("vfio_iommu_type1", allowed));
}

static void prepare(void)
{
	allow_unsafe_interrupts('Y');
	write_file("/sys/kernel/mm/hugepages/hugepages-16384kB/nr_hugepages", "3");
}

/* Report taint and lockdep state, in case the console lacks the warnings */
static void kernel_state(void)
{
	char tainted[32], line[200], locks[32] = "1";
	FILE *stats = fopen("/proc/lockdep_stats", "r");

	while (stats && fgets(line, sizeof(line), stats))
		sscanf(line, " debug_locks: %30s", locks);
	if (stats)
		fclose(stats);
	read_file("/proc/sys/kernel/tainted", tainted, sizeof(tainted));
	fprintf(port, "# testbed state: tainted %s debug_locks %s\n", tainted,
		locks);
}

/* Run each test in a child process, whose resources are freed when it exits */
static int run_case(const struct test *test, unsigned int number, int liodn)
{
	pid_t child;
	int status;

	fflush(port);
	child = fork();
	if (!child) {
		alarm(CASE_SECONDS);
		test->run();
		if (liodn)
			ASK("identity");
		fflush(port);
		_exit(problems != 0);
	}
	waitpid(child, &status, 0);
	fprintf(port, "%s %u %s\n", status ? "not ok" : "ok", number, test->name);
	return status != 0;
}

static unsigned int count_tests(const struct test *tests)
{
	unsigned int count = 0;

	while (tests && tests[count].name)
		count++;
	return count;
}

static int run_list(const struct test *tests, unsigned int number, int liodn)
{
	unsigned int i;
	int failed = 0;

	for (i = 0; i < count_tests(tests); i++)
		failed |= run_case(&tests[i], number + i, liodn);
	return failed;
}

/* Unknown kernel parameters are passed to init in its environment */
static const struct test *choose_list(void)
{
	if (getenv("without_liodn"))
		return without_liodn;
	if (getenv("without_interrupt"))
		return without_interrupt;
	if (getenv("no_bank"))
		return no_bank;
	return getenv("several_banks") ? with_banks : cases;
}

int main(void)
{
	const int liodn = !getenv("without_liodn") && !getenv("without_interrupt");
	const struct test *tests = choose_list();
	const struct test *more = tests == cases ? with_banks : NULL;
	const unsigned int count = count_tests(tests);
	const unsigned int all = count + count_tests(more);
	struct utsname name;
	int failed;

	mount_all();
	open_port();
	uname(&name);
	fprintf(port, "# testbed begin: kernel %s\nKTAP version 1\n1..%u\n",
		name.release, all + kunit_suites(0, 0));
	find_edu();
	if (liodn)
		prepare();
	if (getenv("several_banks") || getenv("no_bank"))
		bind_driver();
	failed = run_list(tests, 1, liodn);
	failed |= run_list(more, count + 1, liodn);
	kunit_suites(all + 1, 1);
	kernel_state();
	fprintf(port, "# testbed end: exit %d\n", failed || problems);
	fflush(port);
	tcdrain(fileno(port));
	reboot(RB_POWER_OFF);
	return 0;
}
