# SPDX-License-Identifier: GPL-2.0
# case: Python files compile without a warning, define all that they use, and use what they name
#
# Runs pyflakes on every Python file of the repository, found by its first line or by .py.
# shellcheck shell=bash disable=SC2164 # sourced by a script that sets -e
need_packages pyflakes3

# complaints FILE...: Print findings. Python's own warnings, for example of an invalid escape
# sequence, are errors.
complaints() {
	PYTHONWARNINGS=error tool_lines '^[^ ]+:[0-9]+:[0-9]+:? ' pyflakes3 "$@"
}

check() {
	local files
	mapfile -t files < <(scripts_of '[/ ]python' '[.]py')
	[ ${#files[@]} != 0 ] || die "no Python file found: the search itself must be broken"
	remark "${#files[@]} files"
	cd "$ROOT"
	complaints "${files[@]}"
}

seed() {
	cd "$SEEDS"
	complaints ./*.py
}
