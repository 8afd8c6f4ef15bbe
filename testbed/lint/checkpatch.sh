# SPDX-License-Identifier: GPL-2.0
# case: the mails of the series pass checkpatch --strict
#
# Runs the kernel's checkpatch on the signed mails written by make series, and
# reports errors, warnings and checks.
# shellcheck shell=bash disable=SC2164 # sourced by a script that sets -e

# run_checkpatch MAIL: Run checkpatch in a copy of the tree's top directory, as it
# writes a file of CamelCase names there. Git is disabled, since the tree may be
# inside of a repository other than the kernel's. The commit of a Fixes: tag is
# therefore unknown, and only the format of the tag is checked.
run_checkpatch() {
	local top
	top=$(mktemp -d "$WORK/top.XXXXXX")
	ln -s "$TREE"/* "$top"
	(
		cd "$top"
		export GIT_CEILING_DIRECTORIES=$OUT
		tool_lines '^[^ ]+:([0-9]+:)? (ERROR|WARNING|CHECK):' perl scripts/checkpatch.pl --strict \
			--terse --show-types --ignore UNKNOWN_COMMIT_ID --no-summary --color=never \
			--root="$TREE" -- "$1"
	) | sed "s,^${1%/*}/,,"
	rm -r "$top"
}

# checked MAIL: Print the findings. Dates and commit IDs, new in each run, are ignored.
checked() {
	remember "$(pristine_id)
		$(sums "$LINT/$LINTER.sh" "$TREE"/MAINTAINERS)
		$(sed '/^Date: /d;/^From [0-9a-f]\{40\} /d' "$1" | sha256sum)" run_checkpatch "$1"
}

# mails_state: Print checksums of the mails and of everything that they depend on.
mails_state() {
	cat "$ROOT"/testbed/tree/{series,patchqueue.py} "$PATCHES"/* | sha256sum
	(cd "$TREE" && overlay_files . | xargs -d '\n' sha256sum)
	git -C "$ROOT" config --get-regexp '^user\.' || true
	sha256sum "$TREE/MAINTAINERS" "$MAILS"/* 2>/dev/null || true
}

# make_mails: Create the mails and set MAILS. Without a user.email in git's
# configuration, the mails are for checkpatch only.
make_mails() {
	MAILS=$OUT/series
	if [ -z "$(git -C "$ROOT" config user.email)" ]; then
		export GIT_CONFIG_COUNT=2
		export GIT_CONFIG_KEY_0=user.name GIT_CONFIG_VALUE_0=testbed
		export GIT_CONFIG_KEY_1=user.email GIT_CONFIG_VALUE_1=testbed@localhost
		MAILS=$WORK/series
	fi
	[ "$(cat "$WORK/mails" 2>/dev/null)" != "$(mails_state)" ] || return 0
	"$ROOT/testbed/tree/series" >"$OUT/log/lint-series.log"
	if [ "$MAILS" != "$OUT/series" ]; then
		rm -rf "$MAILS"
		mv "$OUT/series" "$MAILS"
	fi
	mails_state >"$WORK/mails"
}

check() {
	local mails
	make_mails
	mapfile -t mails < <(find "$MAILS" -name '[0-9]*.patch' ! -name '0000-*' | sort)
	[ ${#mails[@]} != 0 ] || nothing "the series has no mail"
	remark "${#mails[@]} mails"
	# Start with the longest mails to keep all processors busy until the end.
	mapfile -t mails < <(du -b "${mails[@]}" | sort -rn | cut -f2)
	in_parallel checked "${mails[@]}"
}

seed() {
	run_checkpatch "$SEEDS/0001-seeded-bug.patch"
}
