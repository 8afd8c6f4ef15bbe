# SPDX-License-Identifier: GPL-2.0
# Common code of the linters: their verdicts, and the files that they check. Sourced by lint,
# which sets LINTER, its directory SEEDS, and WORK, a directory for files of its own.
# shellcheck shell=bash disable=SC2164 # sourced by a script that sets -e
shopt -s inherit_errexit

NOTHING=4

remark() {
	printf '# %s\n' "$*"
}

nothing() {
	remark "$*"
	exit "$NOTHING"
}

# in_parallel FUNCTION ITEM...: Run FUNCTION for each ITEM, on all processors, and
# print the output in the order of the items.
in_parallel() {
	local function=$1 item n=0 dir
	shift
	dir=$(mktemp -d "$WORK/parallel.XXXXXX")
	for item; do
		# Wait for any job. Failures are detected below rather than by wait: the
		# shell forgets a job when its process ID is reused.
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

# sums FILE...: Print checksums, as part of a key.
sums() {
	sha256sum "$@" | cut -d' ' -f1
}

# tool_lines PATTERN COMMAND...: Print the findings in the output of COMMAND. Exit
# if COMMAND fails without findings.
tool_lines() {
	local pattern=$1 output rc=0
	shift
	output=$("$@" 2>&1) || rc=$?
	if ! grep -E -e "$pattern" <<<"$output" && [ "$rc" != 0 ]; then
		die "$1 failed: $(grep . <<<"$output" | tail -n 1)"
	fi
}

# find_changes: Print all files that the series changes ("m") or adds ("a") in the
# assembled tree. A file that is a hard link to one of the pristine tree cannot
# differ from it.
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

# changes: Print the result of find_changes, which is computed once per run.
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

# overlay_files PATTERN, touched_files PATTERN: Print the added and the changed
# files of the assembled tree.
overlay_files() {
	changes | sed -n 's/^a //p' | grep -E -e "$1" || true
}

touched_files() {
	changes | sed -n 's/^m //p' | grep -E -e "$1" || true
}

# project_files: Print the files of this repository except the linters' seeds,
# which have bugs on purpose.
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

# scripts_of INTERPRETER ENDING: Print the project files whose first line is "#!"
# with INTERPRETER, or whose name ends with ENDING (regular expressions).
scripts_of() {
	# shellcheck disable=SC2016 # awk's own variables
	project_files | (cd "$ROOT" && xargs -d '\n' awk -v interpreter="^#!.*$1" -v ending="$2\$" '
		FNR == 1 && ($0 ~ interpreter || FILENAME ~ ending) { print FILENAME }
		{ nextfile }')
}
