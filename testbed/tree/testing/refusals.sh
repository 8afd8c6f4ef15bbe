# SPDX-License-Identifier: GPL-2.0
# Cases of the series suite: input that assembling refuses, with one line that
# says why, and without partial output. Sourced.
# shellcheck shell=bash disable=SC2034,SC2164 # sourced by a script that sets -e

REFUSAL_CASES=(
	a_tree_older_than_the_pinned_version_is_refused
	a_tree_that_is_not_6_12_is_refused
	a_directory_that_is_no_kernel_source_is_refused
	an_overlay_file_over_an_upstream_file_is_refused
	an_overlay_file_that_no_patch_lists_is_refused
	an_overlay_file_that_two_patches_list_is_refused
	a_listed_overlay_file_that_does_not_exist_is_refused
	a_patch_that_creates_a_file_is_refused
	a_patch_that_does_not_apply_is_refused
	a_patch_that_needs_fuzz_is_refused
	a_missing_patch_is_refused
	changes_made_in_the_tree_by_hand_are_not_thrown_away
	mails_without_a_git_user_are_refused
)

# out_state: names, sizes and times of all files in out/, except logs.
out_state() {
	find out -path out/log -prune -o -path out/lock -prune -o -mindepth 1 -printf '%p %y %s %T@\n' | sort
}

# refused_here PATTERN COMMAND...: it fails with exactly one line, which matches.
refused_here() {
	local pattern=$1 before after rc=0
	shift
	mkdir -p out
	before=$(out_state)
	in_sandbox "$@" 2>errors >output || rc=$?
	cat errors output
	after=$(out_state)
	[ "$rc" = 1 ] || fail "exit code $rc"
	[ "$(grep -vc '^=> ' errors)" = 1 ] || fail "not one line"
	grep -q "^error: .*$pattern" errors || fail "the message does not match '$pattern'"
	[ "$before" = "$after" ] || fail "something was left behind: $(diff <(echo "$before") <(echo "$after"))"
}

# refused PATTERN: by assemble, over an assembled tree and in an empty out/.
refused() {
	refused_here "$1" testbed/tree/assemble
	rm -rf out
	in_sandbox testbed/tree/source
	refused_here "$1" testbed/tree/assemble
}

# a_step: a patch that changes a file, for the cases to corrupt.
a_step() {
	(cd patches && grep -l '^--- a/drivers/' -- *.patch | sed -n 1p)
}

# other_version SED-SCRIPT: a source tree with this change to its Makefile.
other_version() {
	rm -rf "$LOG/other"
	cp -a "$SMALL" "$LOG/other"
	sed -i "$1" "$LOG/other/Makefile"
	SOURCE=$LOG/other
}

a_tree_older_than_the_pinned_version_is_refused() {
	other_version 's/^SUBLEVEL = .*/SUBLEVEL = 116/'
	refused_here "is Linux 6.12.116, too old" testbed/tree/assemble
}

a_tree_that_is_not_6_12_is_refused() {
	other_version 's/^PATCHLEVEL = .*/PATCHLEVEL = 13/'
	refused_here "is Linux 6.13.[0-9]*: the series needs a 6.12.y tree" testbed/tree/assemble
}

a_directory_that_is_no_kernel_source_is_refused() {
	mkdir -p "$LOG/other.empty"
	SOURCE=$LOG/other.empty
	refused_here "is no Linux source tree" testbed/tree/assemble
}

an_overlay_file_over_an_upstream_file_is_refused() {
	local path
	path=$(testbed/tree/patchqueue.py touched 1000000 | grep '^drivers/' | sed -n 1p)
	mkdir -p "${path%/*}"
	echo >"$path"
	refused "overlay file $path would overwrite an upstream file"
}

an_overlay_file_that_no_patch_lists_is_refused() {
	echo >include/linux/unlisted.h
	refused "include/linux/unlisted.h is listed by no patch"
}

an_overlay_file_that_two_patches_list_is_refused() {
	local path
	path=$(testbed/tree/patchqueue.py overlay 1000000 | grep / | sed -n 1p)
	sed -i "1a X-Overlay: $path" "patches/$(tail -n 1 patches/series)" "patches/$(head -n 1 patches/series)"
	refused "is listed by two patches"
}

a_listed_overlay_file_that_does_not_exist_is_refused() {
	sed -i "1a X-Overlay: drivers/iommu/absent.c" "patches/$(head -n 1 patches/series)"
	refused "lists overlay file drivers/iommu/absent.c, which does not exist"
}

a_patch_that_creates_a_file_is_refused() {
	local patch
	patch=$(a_step)
	cat >>"patches/$patch" <<-END
		diff --git a/drivers/iommu/created.c b/drivers/iommu/created.c
		new file mode 100644
		--- /dev/null
		+++ b/drivers/iommu/created.c
		@@ -0,0 +1 @@
		+int created;
	END
	refused "$patch creates drivers/iommu/created.c"
}

a_patch_that_does_not_apply_is_refused() {
	local patch
	patch=$(a_step)
	sed -i 's/^ \(.*[a-z].*\)/ \1 drifted/' "patches/$patch"
	refused "$patch does not apply to .* without fuzz"
}

# Only the first line of context differs: patch would accept that with fuzz.
a_patch_that_needs_fuzz_is_refused() {
	local patch
	patch=$(a_step)
	sed -i '/^@@/{n;s/^ .*/ this line is elsewhere/}' "patches/$patch"
	refused "$patch does not apply to .* without fuzz"
}

a_missing_patch_is_refused() {
	echo 9999-absent.patch >>patches/series
	refused "patches/series names 9999-absent.patch"
}

changes_made_in_the_tree_by_hand_are_not_thrown_away() {
	local path
	path=out/linux/$(testbed/tree/patchqueue.py touched 1000000 | sed -n 1p)
	echo '/* by hand */' >>"$path"
	refused_here "were changed by hand" testbed/tree/assemble
	grep -q 'by hand' "$path"
	in_sandbox env FORCE=1 testbed/tree/assemble
	lacks 'by hand' "$path"
}

mails_without_a_git_user_are_refused() {
	refused_here "git does not know who signs off" \
		env GIT_CONFIG_GLOBAL=/dev/null GIT_CONFIG_NOSYSTEM=1 testbed/tree/series
}
