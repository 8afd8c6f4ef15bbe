# SPDX-License-Identifier: GPL-2.0
# Writes KTAP, on the host and in guests, which have it as /test/ktap.sh. The kernel's
# ktap_helpers.sh has no subtests, no reason for a skip, and splits names into words.
# shellcheck shell=dash

ktap_number=0
ktap_failed=0

# ktap_plan COUNT
ktap_plan() {
	printf 'KTAP version 1\n1..%d\n' "$1"
}

# ktap_result CODE NAME: one result, ok if the code is 0. A reason to skip, " # SKIP reason",
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

# ktap_test NAME COMMAND...: one result, ok if the command is.
ktap_test() {
	ktap_name=$1
	shift
	if "$@"; then set -- 0; else set -- 1; fi
	ktap_result "$1" "$ktap_name"
}

# ktap_subtests NAME COMMAND...: what a command prints, one level deeper, and its result. Each
# line leaves at once: the last one before a crash is the interesting one.
ktap_subtests() {
	ktap_name=$1
	shift
	{
		"$@"
		echo $? >"/tmp/ktap.$$"
	} | awk '{ print "    " $0; fflush() }'
	ktap_result "$(cat "/tmp/ktap.$$")" "$ktap_name"
}

# ktap_bail_out TEXT
ktap_bail_out() {
	printf 'Bail out! %s\n' "$*"
	exit 1
}

# ktap_end: the exit code of who reported all this.
ktap_end() {
	[ "$ktap_failed" = 0 ]
}
