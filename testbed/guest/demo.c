// SPDX-License-Identifier: GPL-2.0
/*
 * The demonstration program: a user-space driver that needs its memory at
 * 0x8000000, where Linux has always mapped MSI doorbells behind an ARM SMMU. It
 * tries both orders of attaching and mapping, continues after a failure, and
 * reports each step as a line of JSON. Its only argument is the device's name.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "lib/passthrough.h"

#define INTERRUPTS 100

struct scene {
	int iommufd;
	__u32 ioas;
	struct edu edu;
	struct mapping memory;
	bool mapped;
};

/* One step and its outcome: 0 or a negative errno */
static int tell(const char *name, int result)
{
	printf("{\"step\": \"%s\", \"result\": \"%s\"}\n", name,
	       result ? strerrorname_np(-result) : "ok");
	return result;
}

static void print_ranges(const char *key, const struct range_list *ranges)
{
	unsigned int i;

	printf("\"%s\": [", key);
	for (i = 0; i < ranges->count; i++)
		printf("%s[%llu, %llu]", i ? ", " : "", ranges->at[i].start,
		       ranges->at[i].last);
	printf("]");
}

static void print_doorbells(struct scene *scene)
{
	struct doorbell_list list;
	unsigned int i;

	if (msi_doorbells(scene->iommufd, scene->ioas, &list)) {
		printf("\"doorbells\": null");
		return;
	}
	printf("\"doorbells\": [");
	for (i = 0; i < list.count; i++)
		printf("%s{\"iova\": %llu, \"length\": %llu, \"vectors\": %u}",
		       i ? ", " : "", list.at[i].iova, list.at[i].length,
		       list.at[i].vectors);
	printf("]");
}

/* The address space as the device sees it */
static void show_map(struct scene *scene, const char *when)
{
	struct range_list allowed = {}, reserved = {}, user = {};

	ioas_ranges(scene->iommufd, scene->ioas, &allowed);
	sysfs_reserved_regions(scene->edu.dev.bdf, &reserved);
	if (scene->mapped) {
		user.count = 1;
		user.at[0].start = scene->memory.iova;
		user.at[0].last = scene->memory.iova + scene->memory.length - 1;
	}
	printf("{\"map\": \"%s\", ", when);
	print_ranges("allowed", &allowed);
	printf(", ");
	print_ranges("reserved", &reserved);
	printf(", ");
	print_ranges("user", &user);
	printf(", ");
	print_doorbells(scene);
	printf("}\n");
}

static int attach_edu(struct scene *scene)
{
	return tell("attach the device",
		    device_attach(&scene->edu.dev, scene->ioas));
}

static int map_window(struct scene *scene)
{
	int ret;

	ret = ioas_map(scene->iommufd, scene->ioas, scene->memory.va,
		       scene->memory.length, scene->memory.iova);
	scene->mapped = !ret;
	return tell("map 1 MiB of memory at 0x8000000", ret);
}

/* Interrupts, and DMA if there is memory for it */
static void work(struct scene *scene)
{
	unsigned int received;

	if (tell("turn the device's MSI on", edu_enable_interrupt(&scene->edu)))
		return;
	received = edu_interrupts(&scene->edu, INTERRUPTS);
	printf("{\"interrupts\": %u, \"received\": %u}\n", INTERRUPTS,
	       received);
	if (!scene->mapped)
		return;
	tell("DMA: read 0x8000000, write 0x80ff000, compare",
	     exercise_copy(&scene->edu, &scene->memory, 0,
			   scene->memory.length - EDU_BUFFER_SIZE));
}

/* Map memory over the doorbell: interrupts have to arrive at its new IOVA */
static void map_over_doorbell(struct scene *scene)
{
	struct doorbell_list list;
	unsigned int received;
	int ret;

	ret = msi_doorbells(scene->iommufd, scene->ioas, &list);
	if (!ret && !list.count)
		ret = -ENOENT;
	if (tell("ask where the doorbell is", ret))
		return;
	tell("map over the doorbell, which is in use",
	     ioas_map(scene->iommufd, scene->ioas, scene->memory.va,
		      list.at[0].length, list.at[0].iova));
	received = edu_interrupts(&scene->edu, INTERRUPTS);
	tell("take more interrupts there",
	     received == INTERRUPTS ? 0 : -ETIMEDOUT);
}

static int scene_open(struct scene *scene, const char *name, const char *bdf)
{
	int ret;

	printf("{\"scene\": \"%s\"}\n", name);
	*scene = (struct scene){ .iommufd = iommufd_open() };
	if (scene->iommufd < 0)
		return tell("open /dev/iommu", scene->iommufd);
	ret = ioas_alloc(scene->iommufd, &scene->ioas);
	if (!ret)
		ret = edu_open(&scene->edu, bdf, scene->iommufd);
	if (!ret)
		ret = memory_alloc(&scene->memory, MSI_WINDOW_LENGTH);
	scene->memory.iova = MSI_WINDOW_IOVA;
	return tell("bind the device to an iommufd", ret);
}

static void scene_close(struct scene *scene)
{
	memory_free(&scene->memory);
	edu_close(&scene->edu);
	close(scene->iommufd);
}

static int attach_first(const char *bdf)
{
	struct scene scene;
	int ret;

	ret = scene_open(&scene, "attach first, then map", bdf);
	if (ret)
		return ret;
	if (!attach_edu(&scene)) {
		show_map(&scene, "before");
		map_window(&scene);
		work(&scene);
		show_map(&scene, "after");
		map_over_doorbell(&scene);
	}
	scene_close(&scene);
	return 0;
}

static int map_first(const char *bdf)
{
	struct scene scene;
	int ret;

	ret = scene_open(&scene, "map first, then attach", bdf);
	if (ret)
		return ret;
	if (!map_window(&scene) && !attach_edu(&scene)) {
		work(&scene);
		show_map(&scene, "after");
	}
	scene_close(&scene);
	return 0;
}

int main(int argc, char **argv)
{
	struct utsname name;

	if (argc != 2) {
		fprintf(stderr, "usage: demo BDF\n");
		return 2;
	}
	uname(&name);
	printf("{\"kernel\": \"%s\", \"device\": \"%s\"}\n", name.release,
	       argv[1]);
	return attach_first(argv[1]) || map_first(argv[1]);
}
