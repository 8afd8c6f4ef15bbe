// SPDX-License-Identifier: GPL-2.0

/**
 * seeded_add() - Adds two numbers.
 * @first: One of them.
 */
int seeded_add(int first, int second)
{
	return first + second;
}
