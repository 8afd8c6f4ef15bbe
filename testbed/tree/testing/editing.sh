# SPDX-License-Identifier: GPL-2.0
# Cases of the series suite: changing the series. A change is added to its patch
# and nowhere else, Kbuild sees only the files whose text changed, and the
# pristine tree, which shares its files with the others, stays unchanged.
# Sourced.
# shellcheck shell=bash disable=SC2034,SC2164 # sourced by a script that sets -e

EDITING_CASES=(
	refresh_with_nothing_changed_changes_no_byte
	an_edited_file_goes_into_its_patch_and_back_again
	a_file_that_no_patch_touched_joins_the_edited_patch
	a_new_file_in_the_tree_is_refused_by_refresh
	an_edit_that_a_later_patch_trips_over_is_told
	quilt_and_editors_do_not_write_to_the_pristine_tree
	a_spoiled_pristine_tree_is_noticed_and_replaced
	only_files_whose_text_changed_get_a_new_time
	an_overlay_file_replaced_by_an_older_one_gets_a_new_link
	a_removed_step_takes_its_overlay_files_along
	a_tree_of_the_first_steps_holds_only_their_files
)

# first_step: sets PATCH_FILE and EDITED, the first patch that changes a C file
# and that file.
first_step() {
	PATCH_FILE=$(cd patches && sed 's/#.*//' series | xargs grep -l '^--- a/.*\.[ch]$' | sed -n 1p)
	EDITED=$(sed -n 's,^--- a/\(.*\.[ch]\)$,\1,p' "patches/$PATCH_FILE" | sed -n 1p)
}

# times: of the upstream files in the assembled tree.
times() {
	(cd out/linux && find . -path ./.pc -prune -o -type f -printf '%T@ %p\n' | sort -k2)
}

changed_times() {
	diff <(echo "$1") <(times) | sed -n 's/^> [0-9.]* //p'
}

refresh_with_nothing_changed_changes_no_byte() {
	cp -a patches before
	in_sandbox testbed/tree/refresh
	diff -r before patches || fail "the patches are not in the form that make refresh writes: run it"
}

an_edited_file_goes_into_its_patch_and_back_again() {
	first_step
	cp -a patches before
	in_sandbox env PATCH="$PATCH_FILE" testbed/tree/edit
	[ "$(cd out/linux && quilt --quiltrc - top | sed 's,.*/,,')" = "$PATCH_FILE" ]
	echo '/* an edit */' >>"out/linux/$EDITED"
	in_sandbox testbed/tree/refresh
	grep -q '^+/\* an edit \*/$' "patches/$PATCH_FILE"
	[ "$(grep -l 'an edit' patches/*)" = "patches/$PATCH_FILE" ]
	[ "$(sed '/^diff --git/,$d' "patches/$PATCH_FILE")" = "$(sed '/^diff --git/,$d' "before/$PATCH_FILE")" ]
	grep -q 'an edit' "out/linux/$EDITED"
	[ ! -e out/linux.state/editing ]

	in_sandbox env PATCH="$PATCH_FILE" testbed/tree/edit
	sed -i '/an edit/d' "out/linux/$EDITED"
	in_sandbox testbed/tree/refresh
	diff -r before patches
	lacks 'an edit' "out/linux/$EDITED"
}

a_file_that_no_patch_touched_joins_the_edited_patch() {
	first_step
	in_sandbox env PATCH="$PATCH_FILE" testbed/tree/edit
	echo '# an edit' >>out/linux/Kbuild
	in_sandbox testbed/tree/refresh
	grep -q '^+++ b/Kbuild' "patches/$PATCH_FILE"
	[ "$(tail -n 1 out/linux/Kbuild)" = '# an edit' ]
	lacks 'an edit' out/pristine/Kbuild
}

a_new_file_in_the_tree_is_refused_by_refresh() {
	first_step
	in_sandbox env PATCH="$PATCH_FILE" testbed/tree/edit
	sleep 0.01
	echo >out/linux/drivers/iommu/novel.c
	refused_here "drivers/iommu/novel.c .* is new: a new file belongs to the overlay" testbed/tree/refresh
}

# The first patch changes a line that a later one changes as well.
an_edit_that_a_later_patch_trips_over_is_told() {
	local file later line
	first_step
	later=$(sed 's/#.*//; /^$/d' patches/series | tail -n +2 | sed 's,^,patches/,' | xargs grep -l '^-[^-]' | tail -n 1)
	file=$(sed -n 's,^--- a/,,p' "$later" | sed -n 1p)
	in_sandbox env PATCH="$PATCH_FILE" testbed/tree/edit
	: >"out/linux/$file"
	if in_sandbox testbed/tree/refresh 2>errors; then fail "refresh succeeded"; fi
	cat errors
	grep -q '^error: .* no longer applies' errors
	[ -e out/linux.state/editing ]
}

quilt_and_editors_do_not_write_to_the_pristine_tree() {
	local before path
	first_step
	rm -rf out/linux out/linux.state
	before=$(cd out/pristine && find . -type f -exec sha256sum {} + | sort; tree_fingerprint .)
	in_sandbox testbed/tree/assemble
	in_sandbox env PATCH="$PATCH_FILE" testbed/tree/edit
	(
		cd out/linux
		quilt --quiltrc - push -a
		quilt --quiltrc - pop -a
		quilt --quiltrc - push
	)
	while read -r path; do
		echo '/* in place */' >>"out/linux/$path"
	done < <(testbed/tree/patchqueue.py touched 1000000)
	[ "$before" = "$(cd out/pristine && find . -type f -exec sha256sum {} + | sort; tree_fingerprint .)" ]
}

a_spoiled_pristine_tree_is_noticed_and_replaced() {
	echo spoiled >>out/pristine/Kbuild
	in_sandbox testbed/tree/source
	lacks spoiled out/pristine/Kbuild
}

only_files_whose_text_changed_get_a_new_time() {
	local before
	first_step
	before=$(times)
	in_sandbox env FORCE= testbed/tree/refresh
	[ -z "$(changed_times "$before")" ] || fail "refresh alone gave new times to $(changed_times "$before")"
	cp "patches/$PATCH_FILE" "$LOG/mail"
	in_sandbox env PATCH="$PATCH_FILE" testbed/tree/edit
	echo '/* an edit */' >>"out/linux/$EDITED"
	in_sandbox testbed/tree/refresh
	before=$(times)
	cp "$LOG/mail" "patches/$PATCH_FILE"
	in_sandbox testbed/tree/assemble
	[ "$(changed_times "$before")" = "./$EDITED" ] || fail "new times: $(changed_times "$before")"
}

an_overlay_file_replaced_by_an_older_one_gets_a_new_link() {
	local path before
	path=$(testbed/tree/patchqueue.py overlay 1000000 | grep '\.c$' | sed -n 1p)
	before=$(stat -c %Y.%y "out/linux/$path")
	echo '/* older */' >older
	touch -d '2001-01-01' older
	mv older "$path"
	sleep 0.01
	in_sandbox testbed/tree/assemble
	[ "$before" != "$(stat -c %Y.%y "out/linux/$path")" ]
	grep -q older "out/linux/$path"
}

a_removed_step_takes_its_overlay_files_along() {
	local step path
	step=$(cd patches && grep -l '^X-Overlay: .*/' -- *.patch | tail -n 1)
	path=$(sed -n 's/^X-Overlay: \([^ ]*\/[^ ]*\).*/\1/p' "patches/$step" | sed -n 1p)
	[ -e "out/linux/$path" ]
	sed -n 's/^X-Overlay: //p' "patches/$step" | xargs rm -f
	sed -i "/^$step/d" patches/series
	in_sandbox testbed/tree/assemble
	[ ! -L "out/linux/$path" ]
}

a_tree_of_the_first_steps_holds_only_their_files() {
	local steps
	steps=$(grep -c . patches/series)
	in_sandbox testbed/tree/assemble --dir out/first --upto 1
	[ "$(cd out/first && quilt --quiltrc - applied | wc -l)" = 1 ]
	[ "$(find out/first -type l | wc -l)" = "$(testbed/tree/patchqueue.py overlay 1 | grep -cv '^MAINTAINERS$' || true)" ]
	in_sandbox testbed/tree/assemble --dir out/first --upto "$steps"
	(cd out/linux && find . -path ./.pc -prune -o -type f -print -o -type l -print) | sort | while read -r path; do
		cmp "out/linux/$path" "out/first/$path"
	done
	in_sandbox testbed/tree/assemble --dir out/first --upto 0
	diff -r out/pristine out/first
}
