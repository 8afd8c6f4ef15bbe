# SPDX-License-Identifier: GPL-2.0
# case: new C files are formatted as the kernel's .clang-format says
#
# Only the overlay's files: upstream's own have hundreds of differences.
# shellcheck shell=bash disable=SC2164 # sourced by a script that sets -e
need_packages clang-format

# misformatted FILE: Print findings. FILE is absolute or relative to the tree's top.
misformatted() (
	cd "$TREE"
	tool_lines ' error: ' clang-format --dry-run -Werror --style=file:.clang-format "$1"
)

# checked FILE: The same, cached.
checked() {
	remember "$TOOL $1 $(sha256sum "$TREE/$1")" misformatted "$1"
}

check() {
	local files
	TOOL="$(sums "$LINT/$LINTER.sh" "$TREE/.clang-format") $(clang-format --version)"
	mapfile -t files < <(overlay_files '\.[ch]$')
	[ ${#files[@]} != 0 ] || nothing "no C file in the overlay"
	remark "${#files[@]} files"
	in_parallel checked "${files[@]}"
}

seed() {
	misformatted "$SEEDS/misformatted.c"
}
