# SPDX-License-Identifier: GPL-2.0
# What the linters share: the verbs that each of them has, the files they look
# at, and verdicts that are remembered by content. Sourced by each linter.
#
# A linter's stdout: a line per finding; lines that start with "# " are remarks.
# Its exit code: 0 no finding, 1 findings, 4 nothing to look at (the remark says
# why), anything else: it could not do its work.
# shellcheck shell=bash
shopt -s inherit_errexit
# shellcheck source=testbed/lib/common.sh
. "$(dirname "${BASH_SOURCE[0]}")/../lib/common.sh"
# shellcheck source=testbed/lib/memory.sh
. "$ROOT/testbed/lib/memory.sh"

LINTER=${0##*/}
# shellcheck disable=SC2034 # used by memory.sh
MEMORY=lint/$LINTER
LINT=$ROOT/testbed/lint
# shellcheck disable=SC2034 # used by the linters
SEEDS=$LINT/seeds/$LINTER
WORK=$OUT/lint/$LINTER
NOTHING=4
FAILED=3

# linter_main VERB: a linter defines check and seed; both print findings.
linter_main() {
	local findings rc
	case ${1:-} in
	check | seed) ;;
	--help) help_text; exit 0 ;;
	*) usage_error "usage: testbed/lint/$LINTER check|seed" ;;
	esac
	if [ ! -d "$TREE" ] || [ ! -d "$PRISTINE" ]; then
		die "no $TREE to look at: make tree first"
	fi
	mkdir -p "$WORK"
	rm -f "$WORK/changes"
	# On the left of || or in an if, the verb would run without errexit.
	set +e
	findings=$(set -e; with_lock lint "$1")
	rc=$?
	[ -z "$findings" ] || printf '%s\n' "$findings"
	case $rc in
	0 | "$NOTHING") ;;
	*) return "$FAILED" ;;
	esac
	! grep -qv -e '^# ' -e '^$' <<<"$findings" || return 1
	return "$rc"
}

remark() {
	printf '# %s\n' "$*"
}

nothing() {
	remark "$*"
	exit "$NOTHING"
}

# in_parallel FUNCTION ITEM...: the function with each item, as many at once as
# there are processors; the output is in the items' order.
in_parallel() {
	local function=$1 item n=0 dir
	shift
	dir=$(mktemp -d "$WORK/parallel.XXXXXX")
	for item; do
		# Whichever ends first; whether it failed is asked below, and not of wait:
		# the shell forgets a job whose number another process has been given.
		while [ "$(jobs -rp | wc -l)" -ge "$(nproc)" ]; do wait -n || true; done
		(
			"$function" "$item" >"$dir/$n"
			: >"$dir/$n.done"
		) &
		n=$((n + 1))
	done
	wait
	for ((item = 0; item < n; item++)); do
		cat "$dir/$item"
		[ -e "$dir/$item.done" ]
	done
	rm -r "$dir"
}

# sums FILE...: part of a key.
sums() {
	sha256sum "$@" | cut -d' ' -f1
}

# tool_lines PATTERN COMMAND...: the lines of its output that are findings. A
# tool that fails without any has not done its work.
tool_lines() {
	local pattern=$1 output rc=0
	shift
	output=$("$@" 2>&1) || rc=$?
	if ! grep -E -e "$pattern" <<<"$output" && [ "$rc" != 0 ]; then
		die "$1 failed: $(grep . <<<"$output" | tail -n 1)"
	fi
}

pristine_id() {
	sed -n 's/^id=//p' "$OUT/pristine.version"
}

# find_changes: all that the series changes or adds in the assembled tree, with
# an "m" before what upstream has too and an "a" before the rest. A file that is
# a hard link to the pristine tree's cannot differ from it.
find_changes() {
	(cd "$TREE" && find . -path ./.pc -prune -o -links 1 ! -type d -printf '%P\n') | sort |
		while read -r path; do
			if [ ! -e "$PRISTINE/$path" ]; then
				printf 'a %s\n' "$path"
			elif ! cmp -s "$PRISTINE/$path" "$TREE/$path"; then
				printf 'm %s\n' "$path"
			fi
		done
}

# changes: found once in a run.
changes() {
	if [ ! -f "$WORK/changes" ]; then
		find_changes >"$WORK/changes.new"
		mv "$WORK/changes.new" "$WORK/changes"
	fi
	cat "$WORK/changes"
}

changed_files() {
	changes | cut -d' ' -f2
}

# overlay_files PATTERN, touched_files PATTERN: the new files of the assembled
# tree, and those that upstream has too.
overlay_files() {
	changes | sed -n 's/^a //p' | grep -E -e "$1" || true
}

touched_files() {
	changes | sed -n 's/^m //p' | grep -E -e "$1" || true
}

# project_files: the files of this repository, but for the linters' seeds, which
# have to be wrong.
project_files() {
	cd "$ROOT"
	if git rev-parse --is-inside-work-tree >/dev/null 2>&1; then
		git ls-files --cached --others --exclude-standard
	else
		find . -path ./out -prune -o -path ./.git -prune -o ! -type d -printf '%P\n'
	fi | grep -v '^testbed/lint/seeds/' | sort -u | while read -r path; do
		[ ! -e "$path" ] || printf '%s\n' "$path"
	done
}

# scripts_of INTERPRETER ENDING: project files with such a first line (a regular
# expression after "#!") or such a name.
scripts_of() {
	# shellcheck disable=SC2016 # awk's own variables
	project_files | (cd "$ROOT" && xargs -d '\n' awk -v interpreter="^#!.*$1" -v ending="$2\$" '
		FNR == 1 && ($0 ~ interpreter || FILENAME ~ ending) { print FILENAME }
		{ nextfile }')
}
