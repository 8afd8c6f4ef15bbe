# SPDX-License-Identifier: GPL-2.0
# Writes KTAP, on the host and in guests (as /test/ktap.sh). The kernel's ktap_helpers.sh
# supports neither subtests nor skip reasons, and splits names into words.
# shellcheck shell=dash

ktap_number=0
ktap_failed=0

# ktap_plan COUNT: Print the version line and the plan.
ktap_plan() {
	printf 'KTAP version 1\n1..%d\n' "$1"
}

# ktap_result CODE NAME: Print one result, ok if CODE is 0. A skip reason, " # SKIP reason",
# is part of the name.
ktap_result() {
	ktap_number=$((ktap_number + 1))
	if [ "$1" = 0 ]; then
		printf 'ok %d %s\n' "$ktap_number" "$2"
	else
		printf 'not ok %d %s\n' "$ktap_number" "$2"
		ktap_failed=$((ktap_failed + 1))
	fi
}

# ktap_test NAME COMMAND...: Run COMMAND and print one result, ok if it succeeds.
ktap_test() {
	ktap_name=$1
	shift
	if "$@"; then set -- 0; else set -- 1; fi
	ktap_result "$1" "$ktap_name"
}

# ktap_subtests NAME COMMAND...: Print the output of COMMAND as subtests, and its result. Lines
# are flushed at once, so that the last one before a crash is not lost.
ktap_subtests() {
	ktap_name=$1
	shift
	{
		"$@"
		echo $? >"/tmp/ktap.$$"
	} | awk '{ print "    " $0; fflush() }'
	ktap_result "$(cat "/tmp/ktap.$$")" "$ktap_name"
}

# ktap_bail_out TEXT: Print "Bail out!" with TEXT, and exit.
ktap_bail_out() {
	printf 'Bail out! %s\n' "$*"
	exit 1
}

# ktap_end: Return the exit code of the test program: 0 if no test failed.
ktap_end() {
	[ "$ktap_failed" = 0 ]
}
