// SPDX-License-Identifier: GPL-2.0
/*
 * A vector whose number another one had before, in the interrupt controller: what the
 * former device sent last must not arrive as an interrupt of the next one, and the
 * kernel must not complain about it.
 *
 * QEMU's edu device cannot mask its MSI, so it sends while its vector is disabled.
 */
#include <poll.h>
#include <pthread.h>

#include "setup.h"

/* How often a vector is disabled while its device sends */
#define ROUNDS 100
#define SENDING_US 1000
#define QUIET_MS 10

/* Raises interrupts whether or not somebody receives them */
struct raiser {
	pthread_t thread;
	struct edu *edu;
	bool stop;
};

static void *raiser_run(void *arg)
{
	struct raiser *raiser = arg;

	while (!__atomic_load_n(&raiser->stop, __ATOMIC_RELAXED))
		edu_raise(raiser->edu, 1);
	return NULL;
}

FIXTURE(stale)
{
	struct setup s;
};

FIXTURE_SETUP(stale)
{
	if (!edu_name(0))
		SKIP(return, "VFIO_EDU names no edu device");
	setup_attached(_metadata, &self->s);
	/* A message that was cleared is sent there */
	ASSERT_EQ(0, map_page(&self->s, 0));
}

FIXTURE_TEARDOWN(stale)
{
	setup_close(&self->s);
}

static void disable_while_it_sends(struct __test_metadata *_metadata,
				   struct edu *edu)
{
	struct raiser raiser = { .edu = edu };

	ASSERT_EQ(0, edu_enable_interrupt(edu));
	ASSERT_EQ(0, pthread_create(&raiser.thread, NULL, raiser_run, &raiser));
	usleep(SENDING_US);
	ASSERT_EQ(0, edu_disable_interrupt(edu));
	__atomic_store_n(&raiser.stop, true, __ATOMIC_RELAXED);
	pthread_join(raiser.thread, NULL);
	edu_acknowledge(edu);
}

TEST_F(stale, interrupt_is_not_left_to_the_next_user_of_a_vector)
{
	struct edu *edu = &self->s.edu;
	struct pollfd pollfd = { .events = POLLIN };
	unsigned int i;

	for (i = 0; i < ROUNDS; i++) {
		disable_while_it_sends(_metadata, edu);
		ASSERT_EQ(0, edu_enable_interrupt(edu));
		pollfd.fd = edu->eventfd;
		EXPECT_EQ(0, poll(&pollfd, 1, QUIET_MS));
		expect_interrupts(_metadata, edu, 1);
		ASSERT_EQ(0, edu_disable_interrupt(edu));
	}
}

TEST_HARNESS_MAIN
