// SPDX-License-Identifier: GPL-2.0
/*
 * MSI addresses that a guest programmed: the guest maps the page of its virtual ITS at an
 * IOVA of its choice, not at the doorbell's IPA, and its interrupts arrive. The journal
 * has the IOVA that each interrupt must use. It is compared with QEMU's trace of its SMMU.
 */
#include "nested_setup.h"
#include "worker.h"

#define MSI VFIO_PCI_MSI_IRQ_INDEX
#define MSIX VFIO_PCI_MSIX_IRQ_INDEX
/* IPA of the virtual ITS */
#define VIRTUAL_ITS_IPA 0x50000000ULL
/* The register's offset in its page, in an ITS and in a GICv2m frame */
#define REGISTER 0x40ULL
/* Where the guest maps it. An MSI that cannot be masked keeps its upper half. */
#define GUEST_PAGE 0xfeed1000ULL
#define OTHER_PAGE 0xabcd2000ULL
#define HIGH_PAGE 0x123456789000ULL
#define MAX_ALLOCATIONS 100
/* Changes of the address while interrupts are sent */
#define CHANGES 200

FIXTURE(address)
{
	struct guest g;
	struct device *dev;
};

FIXTURE_SETUP(address)
{
	struct guest *g = &self->g;

	if (!edu_name(0))
		SKIP(return, "VFIO_EDU names no edu device");
	guest_open_complete(_metadata, g, 0, VIRTUAL_SID);
	self->dev = &g->edu[0].dev;
	ASSERT_EQ(0, msi_place(g->iommufd, g->parent, IOMMU_MSI_PLACEMENT_FIXED,
			       0, VIRTUAL_ITS_IPA, 0));
	guest_map_data(_metadata, g, 1);
	guest_map(_metadata, g, GUEST_PAGE, VIRTUAL_ITS_IPA);
	guest_map(_metadata, g, OTHER_PAGE, VIRTUAL_ITS_IPA);
}

FIXTURE_TEARDOWN(address)
{
	guest_close(&self->g);
}

/* Interrupts use @page, translated by @stage, wherever the doorbell is */
static void expect_by(struct __test_metadata *_metadata, struct guest *g,
		      __u64 page, const char *stage)
{
	struct edu *edu = &g->edu[0];
	unsigned int received;

	EXPECT_EQ(VIRTUAL_ITS_IPA, the_doorbell(_metadata, edu).iova);
	edu->dev.msi_page = page;
	journal_route(&edu->dev, page, stage, NULL);
	received = edu_interrupts(edu, INTERRUPTS);
	EXPECT_EQ(INTERRUPTS, received);
	expect_no_event(_metadata, g);
}

static int set(struct device *dev, __u64 page)
{
	return device_set_msi_address(dev, MSI, 0, page + REGISTER);
}

TEST_F(address, set_before_the_vector_is_used)
{
	struct guest *g = &self->g;

	guest_attach_stage1(_metadata, g, 0);
	ASSERT_EQ(0, set(self->dev, GUEST_PAGE));
	EXPECT_EQ(GUEST_PAGE + REGISTER, device_msi_address(self->dev, MSI, 0));
	ASSERT_EQ(0, edu_enable_interrupt(&g->edu[0]));
	expect_by(_metadata, g, GUEST_PAGE, "3");
	expect_reaches(_metadata, g, 0, data_va(0), data_ipa(0), "3");
}

TEST_F(address, set_after_the_vector_is_used)
{
	struct guest *g = &self->g;

	guest_attach_stage1(_metadata, g, 0);
	ASSERT_EQ(0, edu_enable_interrupt(&g->edu[0]));
	ASSERT_EQ(0, set(self->dev, GUEST_PAGE));
	expect_by(_metadata, g, GUEST_PAGE, "3");
	ASSERT_EQ(0, set(self->dev, OTHER_PAGE));
	expect_by(_metadata, g, OTHER_PAGE, "3");
}

TEST_F(address, stays_when_vectors_go_and_come)
{
	struct guest *g = &self->g;

	guest_attach_stage1(_metadata, g, 0);
	ASSERT_EQ(0, set(self->dev, GUEST_PAGE));
	ASSERT_EQ(0, edu_enable_interrupt(&g->edu[0]));
	expect_by(_metadata, g, GUEST_PAGE, "3");
	ASSERT_EQ(0, edu_disable_interrupt(&g->edu[0]));
	ASSERT_EQ(0, edu_enable_interrupt(&g->edu[0]));
	expect_by(_metadata, g, GUEST_PAGE, "3");
}

TEST_F(address, stays_while_the_guest_changes_its_stream_table_entry)
{
	struct guest *g = &self->g;
	__u32 stage1, again;

	stage1 = guest_attach_stage1(_metadata, g, 0);
	ASSERT_EQ(0, set(self->dev, GUEST_PAGE));
	ASSERT_EQ(0, edu_enable_interrupt(&g->edu[0]));
	expect_by(_metadata, g, GUEST_PAGE, "3");
	/* What QEMU does at each CFGI_STE */
	again = guest_attach_stage1(_metadata, g, 0);
	ASSERT_EQ(0, iommufd_destroy(g->iommufd, stage1));
	EXPECT_EQ(GUEST_PAGE + REGISTER, device_msi_address(self->dev, MSI, 0));
	expect_by(_metadata, g, GUEST_PAGE, "3");

	/* In bypass the guest's address is an IPA */
	guest_attach(_metadata, g, 0, ste_bypass());
	EXPECT_EQ(GUEST_PAGE + REGISTER, device_msi_address(self->dev, MSI, 0));
	ASSERT_EQ(0, iommufd_destroy(g->iommufd, again));
	ASSERT_EQ(0, set(self->dev, VIRTUAL_ITS_IPA));
	expect_by(_metadata, g, VIRTUAL_ITS_IPA, "2");
}

TEST_F(address, is_gone_when_the_device_left)
{
	struct guest *g = &self->g;
	__u32 stage1;

	stage1 = guest_attach_stage1(_metadata, g, 0);
	ASSERT_EQ(0, set(self->dev, GUEST_PAGE));
	ASSERT_EQ(0, edu_enable_interrupt(&g->edu[0]));
	expect_by(_metadata, g, GUEST_PAGE, "3");
	ASSERT_EQ(0, device_attach(self->dev, g->parent));
	EXPECT_EQ(VFIO_MSI_NO_ADDRESS, device_msi_address(self->dev, MSI, 0));
	EXPECT_EQ(-ENOENT, set(self->dev, GUEST_PAGE));
	expect_by(_metadata, g, VIRTUAL_ITS_IPA, "2");

	/* It is not restored automatically */
	guest_map(_metadata, g, VIRTUAL_ITS_IPA, VIRTUAL_ITS_IPA);
	ASSERT_EQ(0, device_attach(self->dev, stage1));
	EXPECT_EQ(VFIO_MSI_NO_ADDRESS, device_msi_address(self->dev, MSI, 0));
	expect_by(_metadata, g, VIRTUAL_ITS_IPA, "3");
	ASSERT_EQ(0, set(self->dev, OTHER_PAGE));
	expect_by(_metadata, g, OTHER_PAGE, "3");
}

TEST_F(address, is_gone_when_the_device_was_detached)
{
	struct guest *g = &self->g;
	__u32 stage1;

	stage1 = guest_attach_stage1(_metadata, g, 0);
	ASSERT_EQ(0, set(self->dev, GUEST_PAGE));
	ASSERT_EQ(0, edu_enable_interrupt(&g->edu[0]));
	ASSERT_EQ(0, device_detach(self->dev));
	EXPECT_EQ(-ENOENT, set(self->dev, GUEST_PAGE));
	EXPECT_EQ(VFIO_MSI_NO_ADDRESS, device_msi_address(self->dev, MSI, 0));
	guest_map(_metadata, g, VIRTUAL_ITS_IPA, VIRTUAL_ITS_IPA);
	ASSERT_EQ(0, device_attach(self->dev, stage1));
	expect_by(_metadata, g, VIRTUAL_ITS_IPA, "3");
}

TEST_F(address, is_used_again_if_the_device_could_not_leave)
{
	struct guest *g = &self->g;
	__u32 other;

	guest_attach_stage1(_metadata, g, 0);
	ASSERT_EQ(0, set(self->dev, GUEST_PAGE));
	ASSERT_EQ(0, edu_enable_interrupt(&g->edu[0]));
	/* An IOAS in which the doorbell would need another IOVA */
	ASSERT_EQ(0, ioas_alloc(g->iommufd, &other));
	ASSERT_EQ(0, ioas_map(g->iommufd, other, page_at(g, 0, DATA_IPA).va,
			      PAGE, VIRTUAL_ITS_IPA));
	EXPECT_EQ(-EBUSY, device_attach(self->dev, other));
	EXPECT_EQ(GUEST_PAGE + REGISTER, device_msi_address(self->dev, MSI, 0));
	expect_by(_metadata, g, GUEST_PAGE, "3");
}

TEST_F(address, that_is_cleared_reverts_to_the_doorbell)
{
	struct guest *g = &self->g;

	guest_map(_metadata, g, VIRTUAL_ITS_IPA, VIRTUAL_ITS_IPA);
	guest_attach_stage1(_metadata, g, 0);
	ASSERT_EQ(0, set(self->dev, GUEST_PAGE));
	ASSERT_EQ(0, edu_enable_interrupt(&g->edu[0]));
	expect_by(_metadata, g, GUEST_PAGE, "3");
	ASSERT_EQ(0, device_clear_msi_addresses(self->dev, MSI));
	expect_by(_metadata, g, VIRTUAL_ITS_IPA, "3");
	ASSERT_EQ(0, set(self->dev, GUEST_PAGE));
	ASSERT_EQ(0, device_set_msi_address(self->dev, MSI, 0,
					    VFIO_MSI_NO_ADDRESS));
	expect_by(_metadata, g, VIRTUAL_ITS_IPA, "3");
}

TEST_F(address, that_is_wrong_changes_nothing)
{
	struct guest *g = &self->g;

	guest_attach_stage1(_metadata, g, 0);
	ASSERT_EQ(0, set(self->dev, GUEST_PAGE));
	ASSERT_EQ(0, edu_enable_interrupt(&g->edu[0]));
	EXPECT_EQ(-EADDRNOTAVAIL, set(self->dev, GUEST_PAGE + 4));
	EXPECT_EQ(-EADDRNOTAVAIL, set(self->dev, GUEST_PAGE + 1));
	EXPECT_EQ(-EADDRNOTAVAIL, device_set_msi_address(self->dev, MSI, 0, 0));
	/* An edu device cannot mask its MSI */
	EXPECT_EQ(-ERANGE, set(self->dev, HIGH_PAGE));
	EXPECT_EQ(GUEST_PAGE + REGISTER, device_msi_address(self->dev, MSI, 0));
	expect_by(_metadata, g, GUEST_PAGE, "3");
}

/* Alternate between two pages by @change while @w raises interrupts */
static void change_under(struct __test_metadata *_metadata, struct device *dev,
			 struct worker *w, const __u64 *pages,
			 int (*change)(struct device *dev, __u64 page))
{
	unsigned int n, raised;
	int ret = 0;

	for (n = 0; n < 2; n++)
		journal_route(dev, pages[n], "3", NULL);
	ASSERT_EQ(0, change(dev, pages[0]));
	worker_start(_metadata, w, dev, pages[0]);
	worker_precede();
	for (n = 1; n <= CHANGES && !ret; n++) {
		series_move_begin(&w->series);
		ret = change(dev, pages[n % 2]);
		raised = series_move_end(&w->series, pages[n % 2]);
		if (!ret)
			ret = worker_wait(w, raised);
	}
	EXPECT_EQ(0, ret);
	worker_stop(_metadata, w);
}

TEST_F(address, that_changes_while_interrupts_fly_loses_none)
{
	const __u64 pages[] = { GUEST_PAGE, OTHER_PAGE };
	struct guest *g = &self->g;
	struct worker w = { .step = edu_ring, .edu = &g->edu[0] };

	guest_attach_stage1(_metadata, g, 0);
	ASSERT_EQ(0, edu_enable_interrupt(&g->edu[0]));
	change_under(_metadata, self->dev, &w, pages, set);
	expect_no_event(_metadata, g);
}

TEST_F(address, that_fails_with_enomem_changes_nothing)
{
	struct guest *g = &self->g;
	unsigned int nth, refused = 0;
	int fd, rc;

	if (faults_setup("iommu_msi_set_addresses"))
		SKIP(return, "no fault injection, see lib/faults.c");
	guest_attach_stage1(_metadata, g, 0);
	ASSERT_EQ(0, set(self->dev, GUEST_PAGE));
	ASSERT_EQ(0, edu_enable_interrupt(&g->edu[0]));
	for (nth = 1; nth < MAX_ALLOCATIONS; nth++) {
		fd = faults_begin(nth);
		ASSERT_LE(0, fd);
		rc = set(self->dev, OTHER_PAGE);
		if (!faults_end(fd))
			break;
		/* Failed allocations of a debugging feature are no error */
		if (!rc) {
			ASSERT_EQ(0, set(self->dev, GUEST_PAGE));
			continue;
		}
		refused++;
		EXPECT_EQ(-ENOMEM, rc);
		EXPECT_EQ(GUEST_PAGE + REGISTER,
			  device_msi_address(self->dev, MSI, 0));
	}
	ASSERT_EQ(0, rc);
	EXPECT_LT(0, refused);
	expect_by(_metadata, g, OTHER_PAGE, "3");
}

TEST_F(address, that_stage_1_does_not_map_is_the_guests_fault)
{
	struct guest *g = &self->g;

	guest_attach_stage1(_metadata, g, 0);
	ASSERT_EQ(0, set(self->dev, 0x77777000));
	ASSERT_EQ(0, edu_enable_interrupt(&g->edu[0]));
	self->dev->msi_page = 0x77777000;
	journal_route(self->dev, 0x77777000, "none", "F_TRANSLATION");
	EXPECT_EQ(0, edu_interrupts(&g->edu[0], 1));
	expect_event(_metadata, g, EVENT_TRANSLATION, VIRTUAL_SID,
		     0x77777000 + REGISTER);
	/* The guest sets a page that is mapped */
	ASSERT_EQ(0, set(self->dev, GUEST_PAGE));
	edu_acknowledge(&g->edu[0]);
	expect_by(_metadata, g, GUEST_PAGE, "3");
}

/* MSI-X: an igb device with a separate page for each vector */

#define IGB_SID 0x4242
/* Above 4 GiB: an MSI-X entry can be changed as a whole */
#define IGB_PAGES 0x7100000000ULL

FIXTURE(igb_address)
{
	struct guest g;
	struct igb igb;
};

FIXTURE_SETUP(igb_address)
{
	struct guest *g = &self->g;
	__u32 vdevice, hwpt;
	unsigned int i;

	if (!edu_name(0))
		SKIP(return, "VFIO_EDU names no edu device");
	if (!getenv("VFIO_IGB"))
		SKIP(return, "VFIO_IGB does not name an igb device");
	guest_open_complete(_metadata, g, 0, VIRTUAL_SID);
	ASSERT_EQ(0, msi_place(g->iommufd, g->parent, IOMMU_MSI_PLACEMENT_FIXED,
			       0, VIRTUAL_ITS_IPA, 0));
	for (i = 0; i <= IGB_VECTORS; i++)
		guest_map(_metadata, g, IGB_PAGES + i * PAGE, VIRTUAL_ITS_IPA);
	ASSERT_EQ(0, igb_open(&self->igb, getenv("VFIO_IGB"), g->iommufd));
	self->igb.dev.stage2 = g->parent;
	ASSERT_EQ(0, vdevice_alloc(g->iommufd, g->viommu, self->igb.dev.id,
				   IGB_SID, &vdevice));
	ASSERT_EQ(0, nested_alloc(g->iommufd, g->viommu, self->igb.dev.id,
				  stage1_ste(&g->stage1), &hwpt));
	ASSERT_EQ(0, device_attach(&self->igb.dev, hwpt));
}

FIXTURE_TEARDOWN(igb_address)
{
	igb_close(&self->igb);
	guest_close(&self->g);
}

static int set_vector(struct igb *igb, unsigned int vector, unsigned int page)
{
	return device_set_msi_address(&igb->dev, MSIX, vector,
				      IGB_PAGES + page * PAGE + REGISTER);
}

static void expect_vector_by(struct __test_metadata *_metadata, struct igb *igb,
			     unsigned int vector, unsigned int page)
{
	int ret;

	igb->dev.msi_page = IGB_PAGES + page * PAGE;
	journal_route(&igb->dev, igb->dev.msi_page, "3", NULL);
	ret = igb_handshake(igb, vector);
	journal_interrupts(&igb->dev, 1, !ret);
	EXPECT_EQ(0, ret);
}

static void expect_each_by_its_page(struct __test_metadata *_metadata,
				    struct igb *igb)
{
	unsigned int i;

	for (i = 0; i < igb->vectors; i++)
		expect_vector_by(_metadata, igb, i, i);
}

TEST_F(igb_address, of_each_vector_is_its_own)
{
	struct igb *igb = &self->igb;
	unsigned int i;

	for (i = 0; i < IGB_VECTORS / 2; i++)
		ASSERT_EQ(0, set_vector(igb, i, i));
	ASSERT_EQ(0, igb_enable_interrupts(igb, IGB_VECTORS));
	for (; i < IGB_VECTORS; i++)
		ASSERT_EQ(0, set_vector(igb, i, i));
	expect_each_by_its_page(_metadata, igb);
	/* One changes, the others do not */
	ASSERT_EQ(0, set_vector(igb, 3, IGB_VECTORS));
	expect_vector_by(_metadata, igb, 3, IGB_VECTORS);
	expect_vector_by(_metadata, igb, 2, 2);
	expect_vector_by(_metadata, igb, 4, 4);
	expect_no_event(_metadata, &self->g);
}

/* All in one call */
static int set_vectors(struct device *dev, __u64 page)
{
	struct vfio_device_feature_msi_addresses cmd = {
		.index = MSIX,
		.count = IGB_VECTORS,
	};
	__u64 addresses[IGB_VECTORS];
	unsigned int i;

	for (i = 0; i < IGB_VECTORS; i++)
		addresses[i] = page + REGISTER;
	return device_msi_addresses(dev, VFIO_DEVICE_FEATURE_SET, &cmd,
				    IGB_VECTORS, addresses);
}

TEST_F(igb_address, that_changes_while_interrupts_fly_loses_none)
{
	const __u64 pages[] = { IGB_PAGES, IGB_PAGES + PAGE };
	struct igb *igb = &self->igb;
	struct worker w = { .step = igb_ring, .igb = igb };

	ASSERT_EQ(0, igb_enable_interrupts(igb, IGB_VECTORS));
	change_under(_metadata, &igb->dev, &w, pages, set_vectors);
	expect_no_event(_metadata, &self->g);
}

TEST_F(igb_address, is_replayed_by_a_reset)
{
	struct igb *igb = &self->igb;
	unsigned int i;

	ASSERT_EQ(0, igb_enable_interrupts(igb, IGB_VECTORS));
	for (i = 0; i < IGB_VECTORS; i++)
		ASSERT_EQ(0, set_vector(igb, i, i));
	ASSERT_EQ(0, device_reset(&igb->dev));
	igb_unmask(igb);
	expect_each_by_its_page(_metadata, igb);
}

TEST_F(igb_address, is_replayed_by_a_return_from_d3)
{
	struct igb *igb = &self->igb;
	unsigned int i;

	ASSERT_EQ(0, igb_enable_interrupts(igb, IGB_VECTORS));
	for (i = 0; i < IGB_VECTORS; i++)
		ASSERT_EQ(0, set_vector(igb, i, IGB_VECTORS));
	ASSERT_EQ(0, device_power_state(&igb->dev, 3));
	/* In D3hot only the host's copy changes */
	for (i = 0; i < IGB_VECTORS; i++)
		ASSERT_EQ(0, set_vector(igb, i, i));
	ASSERT_EQ(0, device_power_state(&igb->dev, 0));
	igb_unmask(igb);
	expect_each_by_its_page(_metadata, igb);
}

TEST_F(igb_address, is_set_while_memory_decoding_is_off)
{
	struct igb *igb = &self->igb;
	unsigned int i;

	ASSERT_EQ(0, igb_enable_interrupts(igb, IGB_VECTORS));
	ASSERT_EQ(0, device_memory_decode(&igb->dev, false));
	for (i = 0; i < IGB_VECTORS; i++)
		ASSERT_EQ(0, set_vector(igb, i, i));
	ASSERT_EQ(0, device_memory_decode(&igb->dev, true));
	expect_each_by_its_page(_metadata, igb);
}

TEST_HARNESS_MAIN
