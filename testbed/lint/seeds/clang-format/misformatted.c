// SPDX-License-Identifier: GPL-2.0

int seeded_add(int first,int second)
{
    return first+second;
}
