/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Questions to an observer of an SMMUv2's hardware: SMMU_WALKER names a file that takes a
 * question, a line that begins with "? ", and returns a line: "yes", or what is wrong.
 */
#ifndef SELFTESTS_VFIO_WALKER_H
#define SELFTESTS_VFIO_WALKER_H

#include <stdbool.h>

#include "../../kselftest.h"

bool walker_is_there(void);
const char *walker_ask(const char *format, ...) __printf(1, 2);

/* The stream ID of a device, which is its requester ID */
unsigned int walker_sid(const char *bdf);

#endif
