# SPDX-License-Identifier: GPL-2.0
# case: kernel-doc comments are complete
#
# Runs the kernel's kernel-doc -Wall -Werror. The overlay's files must have no
# warning, touched upstream files none that pristine does not have.
# shellcheck shell=bash disable=SC2164 # sourced by a script that sets -e

# warnings TREE FILE: Print warnings. The exit code, their number modulo 256, is not
# reliable. Some warnings quote the comment's first line in a second line.
warnings() (
	cd "$1"
	scripts/kernel-doc -none -Wall -Werror "$2" 2>&1 >/dev/null |
		sed -E '/^[0-9]+ warnings as Errors$/d; /^ \*/d' || true
)

# overlay_warnings FILE: Print all warnings of an overlay file.
overlay_warnings() {
	remember "$TOOL $1 $(sha256sum "$TREE/$1")" warnings "$TREE" "$1"
}

# touched_warnings FILE: Print the warnings that pristine does not have.
touched_warnings() {
	remember "$TOOL $(pristine_id) $1 $(sha256sum "$TREE/$1")" new_warnings "$1"
}

new_warnings() {
	local log=$WORK/$BASHPID
	warnings "$PRISTINE" "$1" >"$log.pristine"
	warnings "$TREE" "$1" >"$log.patched"
	"$LINT/newwarnings.py" new "$log.pristine" "$log.patched"
	rm "$log.pristine" "$log.patched"
}

check() {
	local overlay touched
	TOOL=$(sums "$LINT/$LINTER.sh" "$TREE/scripts/kernel-doc" "$LINT/newwarnings.py")
	mapfile -t overlay < <(overlay_files '\.[ch]$')
	mapfile -t touched < <(touched_files '\.[ch]$')
	[ ${#overlay[@]} != 0 ] || [ ${#touched[@]} != 0 ] || nothing "no C file in the series"
	remark "${#overlay[@]} new files, ${#touched[@]} touched"
	in_parallel overlay_warnings "${overlay[@]}"
	in_parallel touched_warnings "${touched[@]}"
}

seed() {
	warnings "$TREE" "$SEEDS/undescribed.c"
}
