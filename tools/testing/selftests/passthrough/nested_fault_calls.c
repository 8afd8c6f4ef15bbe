// SPDX-License-Identifier: GPL-2.0
/*
 * Make each allocation, and each copy from and to user space, fail in turn in the calls
 * that create a guest's objects, use them and attach its device. A call that failed has
 * changed nothing: neither the objects, files, interrupts and pages of the VMM, nor what
 * the device reaches. The call works afterwards.
 */
#include <sys/ioctl.h>
#include <sys/mman.h>

#include "faults.h"
#include "nested_setup.h"

/* More than one batch of the driver */
#define COMMANDS 150
#define FILE_LENGTH 0x20000ULL

/* What the device is attached to before the call, and after it if it failed */
enum place {
	NOWHERE,
	STAGE2,
	STAGE1,
};

struct calls {
	struct guest g;
	__u32 pt[3]; /* by enum place */
	__u32 made, fault;
	int made_fd, queue, memfd;
};

static int destroy_made(struct calls *c)
{
	if (c->made_fd >= 0)
		close(c->made_fd);
	c->made_fd = -1;
	return iommufd_destroy(c->g.iommufd, c->made);
}

static int new_parent(struct calls *c)
{
	return nest_parent_alloc(c->g.iommufd, c->g.edu[0].dev.id, c->g.ioas,
				 &c->made);
}

static int new_viommu(struct calls *c)
{
	return viommu_alloc(c->g.iommufd, c->g.edu[0].dev.id, c->g.parent,
			    &c->made);
}

/* A device has only one vDEVICE */
static int forget_name(struct calls *c)
{
	__u32 vdevice = c->g.vdevice[0];

	c->g.vdevice[0] = 0;
	return vdevice ? iommufd_destroy(c->g.iommufd, vdevice) : 0;
}

static int new_vdevice(struct calls *c)
{
	return vdevice_alloc(c->g.iommufd, c->g.viommu, c->g.edu[0].dev.id,
			     OTHER_VIRTUAL_SID, &c->made);
}

/* A vIOMMU has one queue per type */
static int close_events(struct calls *c)
{
	if (c->g.events < 0)
		return 0;
	close(c->g.events);
	c->g.events = -1;
	return iommufd_destroy(c->g.iommufd, c->g.veventq);
}

static int new_veventq(struct calls *c)
{
	return veventq_alloc(c->g.iommufd, c->g.viommu, 16, &c->made,
			     &c->made_fd);
}

static int new_page_table(struct calls *c)
{
	return nested_alloc(c->g.iommufd, c->g.viommu, c->g.edu[0].dev.id,
			    stage1_ste(&c->g.stage1), &c->made);
}

static int new_fault_queue(struct calls *c)
{
	return faults_alloc(c->g.iommufd, &c->made, &c->made_fd);
}

static int have_fault_queue(struct calls *c)
{
	return c->queue >= 0 ? 0 :
			       faults_alloc(c->g.iommufd, &c->fault, &c->queue);
}

static int new_page_table_with_faults(struct calls *c)
{
	return nested_alloc_with_faults(c->g.iommufd, c->g.viommu,
					c->g.edu[0].dev.id,
					stage1_ste(&c->g.stage1), c->fault,
					&c->made);
}

static int ask_for_registers(struct calls *c)
{
	struct iommu_hw_info_arm_smmuv3 info;

	return smmu_info(c->g.iommufd, c->g.edu[0].dev.id, &info);
}

/* The number of executed commands cannot exceed the number of commands */
static int issue_commands(struct calls *c)
{
	struct smmu_command commands[COMMANDS];
	__u32 count = COMMANDS, i;
	int ret;

	for (i = 0; i < COMMANDS; i++)
		commands[i] = i % 2 ? command_cfgi_cd(VIRTUAL_SID) :
				      command_tlbi_va(ASID, data_va(i));
	ret = viommu_commands(c->g.iommufd, c->g.viommu, commands, &count);
	return count > COMMANDS || (!ret && count < COMMANDS) ? -EPROTO : ret;
}

static int map_file(struct calls *c)
{
	struct iommu_ioas_map_file cmd = {
		.size = sizeof(cmd),
		.flags = IOMMU_IOAS_MAP_READABLE | IOMMU_IOAS_MAP_WRITEABLE |
			 IOMMU_IOAS_MAP_FIXED_IOVA,
		.ioas_id = c->g.ioas,
		.fd = c->memfd,
		.length = FILE_LENGTH,
		.iova = NOWHERE_IPA,
	};

	return ioctl(c->g.iommufd, IOMMU_IOAS_MAP_FILE, &cmd) ? -errno : 0;
}

static int unmap_file(struct calls *c)
{
	return ioas_unmap(c->g.iommufd, c->g.ioas, NOWHERE_IPA, FILE_LENGTH);
}

static int enable_vector(struct calls *c)
{
	return edu_enable_interrupt(&c->g.edu[0]);
}

static int disable_vector(struct calls *c)
{
	return edu_disable_interrupt(&c->g.edu[0]);
}

static int go_to(struct calls *c, enum place place)
{
	struct device *dev = &c->g.edu[0].dev;

	if (c->pt[place])
		return dev->pt == c->pt[place] ?
			       0 :
			       device_attach(dev, c->pt[place]);
	return dev->pt ? device_detach(dev) : 0;
}

static int be_nowhere(struct calls *c)
{
	return go_to(c, NOWHERE);
}

static int be_in_stage2(struct calls *c)
{
	return go_to(c, STAGE2);
}

static int be_in_stage1(struct calls *c)
{
	return go_to(c, STAGE1);
}

FIXTURE(calls)
{
	struct calls c;
};

FIXTURE_VARIANT(calls)
{
	struct call call;
	enum place place;
	bool detaches; /* see detached_by() */
};

/* clang-format off */
FIXTURE_VARIANT_ADD(calls, nest_parent)
{
	.call = { nothing, new_parent, destroy_made },
	.place = STAGE1,
};

FIXTURE_VARIANT_ADD(calls, viommu)
{
	.call = { nothing, new_viommu, destroy_made },
	.place = STAGE1,
};

FIXTURE_VARIANT_ADD(calls, vdevice)
{
	.call = { forget_name, new_vdevice, destroy_made },
	.place = STAGE2,
};

FIXTURE_VARIANT_ADD(calls, queue_of_events)
{
	.call = { close_events, new_veventq, destroy_made },
	.place = STAGE1,
};

FIXTURE_VARIANT_ADD(calls, page_table)
{
	.call = { nothing, new_page_table, destroy_made },
	.place = STAGE1,
};

FIXTURE_VARIANT_ADD(calls, queue_of_faults)
{
	.call = { nothing, new_fault_queue, destroy_made },
	.place = STAGE1,
};

FIXTURE_VARIANT_ADD(calls, page_table_with_a_queue_of_faults)
{
	.call = { have_fault_queue, new_page_table_with_faults, destroy_made },
	.place = STAGE1,
};

FIXTURE_VARIANT_ADD(calls, registers)
{
	.call = { nothing, ask_for_registers, nothing },
	.place = STAGE1,
};

FIXTURE_VARIANT_ADD(calls, commands)
{
	.call = { nothing, issue_commands, nothing },
	.place = STAGE1,
};

FIXTURE_VARIANT_ADD(calls, map_of_a_file)
{
	.call = { nothing, map_file, unmap_file },
	.place = STAGE1,
};

FIXTURE_VARIANT_ADD(calls, vector)
{
	.call = { nothing, enable_vector, disable_vector },
	.place = STAGE1,
};

FIXTURE_VARIANT_ADD(calls, attach_to_the_parent)
{
	.call = { be_nowhere, be_in_stage2, be_nowhere },
	.place = NOWHERE,
};

FIXTURE_VARIANT_ADD(calls, attach_to_stage_1)
{
	.call = { be_nowhere, be_in_stage1, be_nowhere },
	.place = NOWHERE,
};

FIXTURE_VARIANT_ADD(calls, replace_by_stage_1)
{
	.call = { be_in_stage2, be_in_stage1, be_in_stage2 },
	.place = STAGE2,
	.detaches = true,
};

FIXTURE_VARIANT_ADD(calls, replace_by_the_parent)
{
	.call = { be_in_stage1, be_in_stage2, be_in_stage1 },
	.place = STAGE1,
	.detaches = true,
};

/* clang-format on */

FIXTURE_SETUP(calls)
{
	struct guest *g = &self->c.g;

	if (!edu_name(0))
		SKIP(return, "VFIO_EDU names no edu device");
	if (faults_setup(NULL))
		SKIP(return, "no fault injection, see lib/faults.c");
	guest_open_complete(_metadata, g, 0, VIRTUAL_SID);
	guest_map_data(_metadata, g, 1);
	guest_map(_metadata, g, MSI_WINDOW_IOVA, MSI_WINDOW_IOVA);
	self->c.pt[STAGE2] = g->parent;
	self->c.pt[STAGE1] =
		guest_hwpt(_metadata, g, 0, stage1_ste(&g->stage1));
	self->c.made_fd = -1;
	self->c.queue = -1;
	self->c.memfd = memfd_create("guest", 0);
	ASSERT_LE(0, self->c.memfd);
	ASSERT_EQ(0, ftruncate(self->c.memfd, FILE_LENGTH));
	ASSERT_EQ(0, go_to(&self->c, variant->place));
}

FIXTURE_TEARDOWN(calls)
{
	guest_close(&self->c.g);
	close(self->c.memfd);
	if (self->c.queue >= 0)
		close(self->c.queue);
}

static void expect_in(struct __test_metadata *_metadata, struct calls *c,
		      enum place place)
{
	static const char *const stage[] = { NULL, "2", "3" };
	__u64 iova = place == STAGE1 ? data_va(0) : data_ipa(0);

	EXPECT_EQ(c->pt[place], c->g.edu[0].dev.pt);
	if (stage[place])
		expect_reaches(_metadata, &c->g, 0, iova, data_ipa(0),
			       stage[place]);
	else
		expect_blocked(_metadata, &c->g, 0, iova, NULL);
}

/*
 * VFIO detaches a device again if it cannot copy the result to user space. That is the
 * last copy; the first one is that of the arguments. Return: whether it detached.
 */
static bool detached_by(struct calls *c, unsigned int nth, int rc)
{
	if (rc != -EFAULT || nth == 1)
		return false;
	c->g.edu[0].dev.pt = 0;
	return true;
}

TEST_F(calls, that_fail_change_nothing)
{
	const struct call *call = &variant->call;
	unsigned int nth, refused = 0;
	struct calls *c = &self->c;
	bool failed = true;
	enum place place;
	int rc;

	call_once(_metadata, c, call);
	for (nth = 1; nth < MAX_FAILURES && failed; nth++) {
		failed = call_failing(_metadata, c, call, c->g.iommufd, nth,
				      &rc);
		place = variant->place;
		if (variant->detaches && detached_by(c, nth, rc))
			place = NOWHERE;
		if (rc)
			expect_in(_metadata, c, place);
		refused += !!rc;
	}
	EXPECT_EQ(0, rc);
	EXPECT_FALSE(failed);
	expect_swept(_metadata, nth - 2, refused);
	call_once(_metadata, c, call);
	expect_in(_metadata, c, variant->place);
}

FIXTURE(events)
{
	struct guest g;
};

FIXTURE_SETUP(events)
{
	if (!edu_name(0))
		SKIP(return, "VFIO_EDU names no edu device");
	if (faults_setup(NULL))
		SKIP(return, "no fault injection, see lib/faults.c");
	guest_open_complete(_metadata, &self->g, 0, VIRTUAL_SID);
	guest_attach_stage1(_metadata, &self->g, 0);
}

FIXTURE_TEARDOWN(events)
{
	guest_close(&self->g);
}

/* Fail each copy of a read in turn, until the read succeeds */
TEST_F(events, that_cannot_be_copied_are_there_for_the_next_read)
{
	struct guest *g = &self->g;
	struct smmu_event event;
	unsigned int nth;
	int fd, rc = -1;

	expect_blocked(_metadata, g, 0, data_va(6), "F_TRANSLATION");
	expect_blocked(_metadata, g, 0, data_va(7), "F_TRANSLATION");
	expect_event(_metadata, g, EVENT_TRANSLATION, VIRTUAL_SID, data_va(6));
	for (nth = 1; nth < MAX_FAILURES && rc; nth++) {
		fd = faults_begin(nth);
		ASSERT_LE(0, fd);
		rc = event_next(g->events, &event);
		EXPECT_EQ(!!rc, faults_end(fd));
	}
	ASSERT_EQ(0, rc);
	EXPECT_LT(2, nth);
	EXPECT_EQ(EVENT_TRANSLATION, event_type(&event));
	EXPECT_EQ(data_va(7), event_address(&event));
	expect_no_event(_metadata, g);
}

TEST_HARNESS_MAIN
