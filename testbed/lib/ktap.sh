# SPDX-License-Identifier: GPL-2.0
# KTAP from a suite that is written in bash: one function per case, its output
# in a log of its own, the log's end as diagnostics if it failed. Sourced after
# common.sh; $LOG is the suite's log directory.
# shellcheck shell=bash

KTAP_SKIP=4
KTAP_NUMBER=0
KTAP_FAILED=0

ktap_plan() {
	printf 'KTAP version 1\n1..%d\n' "$1"
}

# skip REASON: ends the case that calls it.
skip() {
	printf '%s\n' "$*" >"$LOG/skip.reason"
	exit "$KTAP_SKIP"
}

# diagnostic TEXT: shown with the case's result.
diagnostic() {
	printf '# %s\n' "$*" >>"$LOG/diagnostics"
}

# ktap_case NAME COMMAND...
ktap_case() {
	local name=$1 rc log
	shift
	KTAP_NUMBER=$((KTAP_NUMBER + 1))
	log=$LOG/$(printf '%02d-%s.log' "$KTAP_NUMBER" "$(tr -c 'A-Za-z0-9_\n' '_' <<<"$name" | cut -c1-60)")
	: >"$LOG/diagnostics"
	# On the left of || the command would run without errexit.
	set +e
	(set -e; "$@") >"$log" 2>&1 </dev/null
	rc=$?
	set -e
	cat "$LOG/diagnostics"
	case $rc in
	0) printf 'ok %d %s\n' "$KTAP_NUMBER" "$name" ;;
	"$KTAP_SKIP") printf 'ok %d %s # SKIP %s\n' "$KTAP_NUMBER" "$name" "$(cat "$LOG/skip.reason")" ;;
	*)
		KTAP_FAILED=$((KTAP_FAILED + 1))
		tail -n 12 "$log" | sed 's/^/# /'
		printf '# log: %s\nnot ok %d %s\n' "$log" "$KTAP_NUMBER" "$name"
		;;
	esac
	rm -f "$LOG/diagnostics" "$LOG/skip.reason"
}

# ktap_end: the suite's exit code.
ktap_end() {
	[ "$KTAP_FAILED" = 0 ]
}
