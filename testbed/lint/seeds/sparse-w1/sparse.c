// SPDX-License-Identifier: GPL-2.0
#include <linux/types.h>

int seeded_read(int __user *from);
int seeded_read_next(int __user *from);
__le32 seeded_swap(u32 number);

int seeded_read(int __user *from)
{
	return *(int *)from;
}

int seeded_read_next(int __user *from)
{
	return *(int *)(from + 1);
}

__le32 seeded_swap(u32 number)
{
	return number;
}
