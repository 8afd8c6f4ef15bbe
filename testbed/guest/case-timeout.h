/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Included before a kernel selftest: sets the timeout of each case to the
 * suite's CASE_SECONDS. The harness's default of 30 s is meant for real hardware.
 * Here the emulated CPU, the debug kernel and other load on the host add up, and
 * a timeout would report the host's load rather than a kernel fault. The harness
 * sets its timeout by alarm() and cancels it by alarm(0).
 */
#include <unistd.h>

#define alarm(seconds) \
	alarm((seconds) && (seconds) < CASE_SECONDS ? CASE_SECONDS : (seconds))
