# SPDX-License-Identifier: GPL-2.0
# case: shell scripts pass shellcheck
#
# Checks every shell script of the repository, found by its first line or by .sh.
# shellcheck shell=bash disable=SC2164 # sourced by a script that sets -e
need_packages shellcheck

# complaints SCRIPT: Print findings. Paths of sourced files are relative to the repository.
complaints() (
	cd "$ROOT"
	tool_lines '^[^ ]+:[0-9]+:[0-9]+: ' shellcheck --external-sources --source-path="$ROOT" \
		--format=gcc "$1"
)

# checked SCRIPT: The same, cached.
checked() {
	remember "$TOOL $(sha256sum "$1")" complaints "$1"
}

check() {
	local scripts libraries
	mapfile -t scripts < <(scripts_of '[/ ](ba|da)?sh( |$)' '[.]sh')
	[ ${#scripts[@]} != 0 ] || die "no shell script found: the search itself must be broken"
	remark "${#scripts[@]} scripts"
	cd "$ROOT"
	# A script's verdict also depends on the files that it sources.
	libraries=$(printf '%s\n' "${scripts[@]}" | grep '\.sh$' | xargs -r sha256sum)
	TOOL="$(sums "$LINT/$LINTER.sh") $(shellcheck --version) $libraries"
	in_parallel checked "${scripts[@]}"
}

seed() {
	complaints "$SEEDS/unquoted.sh"
}
