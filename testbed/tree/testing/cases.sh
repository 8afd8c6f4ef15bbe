# SPDX-License-Identifier: GPL-2.0
# Runs the cases of the series suite. A case is a function with its own log; on failure,
# the log's end is reported as diagnostics. Passed cases are cached. Sourced.
# shellcheck shell=bash disable=SC2034,SC2164 # sourced by a script that sets -e
# shellcheck source=testbed/lib/ktap.sh
. "$ROOT/testbed/lib/ktap.sh"
# shellcheck source=testbed/lib/memory.sh
. "$ROOT/testbed/lib/memory.sh"

MEMORY=series
SKIPPED=4

# skip REASON: ends the case that calls it.
skip() {
	printf '%s\n' "$*" >"$LOG/skip.reason"
	exit "$SKIPPED"
}

# diagnostic TEXT: shown with the case's result.
diagnostic() {
	printf '# %s\n' "$*" >>"$LOG/diagnostics"
}

# run_case NAME COMMAND...
run_case() {
	local name=$1 rc log
	shift
	# shellcheck disable=SC2154 # ktap_number is lib/ktap.sh's
	log=$LOG/$(printf '%02d-%s.log' $((ktap_number + 1)) "$(tr -c 'A-Za-z0-9_\n' '_' <<<"$name" | cut -c1-60)")
	: >"$LOG/diagnostics"
	# On the left of || the command would run without errexit.
	set +e
	(set -e; "$@") >"$log" 2>&1 </dev/null
	rc=$?
	set -e
	cat "$LOG/diagnostics"
	case $rc in
	0) ;;
	"$SKIPPED") rc=0 name+=" # SKIP $(cat "$LOG/skip.reason")" ;;
	*)
		tail -n 12 "$log" | sed 's/^/# /'
		printf '# log: %s\n' "$log"
		;;
	esac
	ktap_result "$rc" "$name"
	rm -f "$LOG/diagnostics" "$LOG/skip.reason"
}

# remembered KEY COMMAND...
remembered() {
	! remembers "$1" || diagnostic "passed before with the same content"
	remember "$@"
}

# queue_key: identifies all that the cases without a build depend on: the series,
# the scripts that handle it, the source and the tools.
queue_key() {
	{
		(cd "$ROOT" && find patches packaging CHANGELOG.md Kconfig MAINTAINERS Makefile "${OVERLAY_DIRS[@]}" \
			testbed/{lib,host,tree,kernel,config} testbed/suites/series -type f \
			! -name '*.pyc' -print0 | LC_ALL=C sort -z | xargs -0 sha256sum)
		pristine_id
		quilt --version
		git --version
		patch --version
	} | sha256sum | cut -d' ' -f1
}
