/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Read by the compiler before a kernel selftest: gives each case the time that
 * the suite asks for, CASE_SECONDS. The harness's own 30 s are meant for real
 * hardware. Here an emulated CPU, a debug kernel and other work on the host
 * multiply, and a case cut short would tell of the host's load, not of the
 * kernel. The harness sets its limit by alarm(), and ends it by alarm(0).
 */
#include <unistd.h>

#define alarm(seconds) \
	alarm((seconds) && (seconds) < CASE_SECONDS ? CASE_SECONDS : (seconds))
