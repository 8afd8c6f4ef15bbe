/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What an observer of the hardware says of an SMMUv2: SMMU_WALKER names a file that
 * takes a question, a line that begins with "? ", and gives a line back: "yes", or what
 * is wrong.
 */
#ifndef SELFTESTS_VFIO_WALKER_H
#define SELFTESTS_VFIO_WALKER_H

#include <stdbool.h>

#include "../../kselftest.h"

bool walker_is_there(void);
const char *walker_ask(const char *format, ...) __printf(1, 2);

/* The stream ID of a device, whose requester ID it is */
unsigned int walker_sid(const char *bdf);

#endif
