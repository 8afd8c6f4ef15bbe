// SPDX-License-Identifier: GPL-2.0
/*
 * The last group leaves a type1 container, which frees the container's mappings, while
 * another thread maps and unmaps. Each call acts on the old mappings or the new ones,
 * or fails because there are none. A debug kernel detects a use after free. Found by
 * iommu_fuzz.
 */
#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <sys/ioctl.h>

#include "setup.h"

#define LEAVES 100
#define CALL_IOVA 0x40000000ULL

/* A thread that maps and unmaps in a loop */
struct caller {
	struct container container;
	struct mapping memory;
	pthread_t thread;
	bool stop;
	unsigned int refused, done;
	int error;
};

FIXTURE(container_leave)
{
	struct caller caller;
	int group;
};

FIXTURE_SETUP(container_leave)
{
	self->caller.container.fd = -1;
	self->group = -1;
	if (!edu_name(0))
		SKIP(return, "VFIO_EDU names no edu device");
	ASSERT_EQ(0, memory_alloc(&self->caller.memory, PAGE));
	ASSERT_EQ(0, container_open(&self->caller.container));
	self->group = container_add_group(&self->caller.container, edu_name(0));
	ASSERT_LE(0, self->group);
}

FIXTURE_TEARDOWN(container_leave)
{
	close(self->group);
	container_close(&self->caller.container);
	memory_free(&self->caller.memory);
}

static int leave(int group)
{
	return ioctl(group, VFIO_GROUP_UNSET_CONTAINER) ? -errno : 0;
}

static int come_back(int group, const struct container *container)
{
	if (ioctl(group, VFIO_GROUP_SET_CONTAINER, &container->fd) ||
	    ioctl(container->fd, VFIO_SET_IOMMU, container->iommu))
		return -errno;
	return 0;
}

/* -EINVAL: no group; -ENOENT, -EEXIST: it left, or came back, since the last call */
static bool is_answer(int ret)
{
	return !ret || ret == -EINVAL || ret == -ENOENT || ret == -EEXIST;
}

static void *call_on_and_on(void *arg)
{
	struct caller *caller = arg;
	int map, unmap;

	while (!__atomic_load_n(&caller->stop, __ATOMIC_SEQ_CST)) {
		map = container_map(&caller->container, caller->memory.va, PAGE,
				    CALL_IOVA);
		unmap = container_unmap(&caller->container, CALL_IOVA, PAGE);
		if (!is_answer(map) || !is_answer(unmap)) {
			caller->error = is_answer(map) ? unmap : map;
			break;
		}
		caller->refused += map == -EINVAL;
		__atomic_fetch_add(&caller->done, !map, __ATOMIC_SEQ_CST);
	}
	return NULL;
}

TEST_F(container_leave, refuses_calls_until_a_group_is_back)
{
	ASSERT_EQ(0, container_map(&self->caller.container,
				   self->caller.memory.va, PAGE, CALL_IOVA));
	ASSERT_EQ(0, leave(self->group));
	EXPECT_EQ(-EINVAL,
		  container_map(&self->caller.container, self->caller.memory.va,
				PAGE, CALL_IOVA));
	EXPECT_EQ(-EINVAL,
		  container_unmap(&self->caller.container, CALL_IOVA, PAGE));
	ASSERT_EQ(0, come_back(self->group, &self->caller.container));
	/* Nothing is mapped any more */
	EXPECT_EQ(0, container_map(&self->caller.container,
				   self->caller.memory.va, PAGE, CALL_IOVA));
}

TEST_F_TIMEOUT(container_leave, waits_for_calls_of_another_thread, 300)
{
	unsigned int i, done = 0;

	ASSERT_EQ(0, pthread_create(&self->caller.thread, NULL, call_on_and_on,
				    &self->caller));
	for (i = 0; i < LEAVES && !self->caller.error; i++) {
		/* Wait until another map has succeeded */
		while (__atomic_load_n(&self->caller.done, __ATOMIC_SEQ_CST) ==
			       done &&
		       !self->caller.error)
			sched_yield();
		done = __atomic_load_n(&self->caller.done, __ATOMIC_SEQ_CST);
		EXPECT_EQ(0, leave(self->group));
		EXPECT_EQ(0, come_back(self->group, &self->caller.container));
	}
	__atomic_store_n(&self->caller.stop, true, __ATOMIC_SEQ_CST);
	ASSERT_EQ(0, pthread_join(self->caller.thread, NULL));
	printf("# %u maps done, %u refused\n", self->caller.done,
	       self->caller.refused);
	EXPECT_EQ(0, self->caller.error);
	EXPECT_LE(LEAVES, self->caller.done);
}

TEST_HARNESS_MAIN
