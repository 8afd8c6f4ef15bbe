// SPDX-License-Identifier: GPL-2.0
#include <linux/slab.h>

int *seeded_alloc(int what)
{
	int *number = kmalloc(sizeof(*number), GFP_KERNEL);

	if (number == 0)
		return NULL;
	switch (what) {
	case 1:
		*number = 1;
		break;
	};
	return number;
}
