/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Read by the compiler before a kernel selftest: gives each case the time that
 * the suite asks for, CASE_SECONDS. The harness's own 30 s are meant for real
 * hardware. Here an emulated CPU, a debug kernel and other work on the host
 * multiply, and a case cut short would tell of the host's load, not of the
 * kernel.
 */
#include "kselftest_harness.h"

#undef TEST_TIMEOUT_DEFAULT
#define TEST_TIMEOUT_DEFAULT CASE_SECONDS
