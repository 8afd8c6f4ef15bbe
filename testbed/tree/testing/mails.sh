# SPDX-License-Identifier: GPL-2.0
# Cases of the series suite: the output of make series. Sourced.
# shellcheck shell=bash disable=SC2034,SC2164 # sourced by a script that sets -e

MAIL_CASES=(
	the_mails_pass_git_am_on_a_pristine_tree_and_give_the_assembled_tree
	the_fixes_alone_pass_git_am_on_a_pristine_tree
	the_mails_are_signed_off_by_the_git_user
	get_maintainer_finds_the_entry_for_each_overlay_file
	the_git_tree_has_a_commit_for_each_patch_ends_as_the_assembled_tree_and_keeps_work
)

# make_mails [FIXES=1], make_git [FORCE=1]: in the sandbox.
make_mails() {
	as_git_user testbed in_sandbox "$@" testbed/tree/series
}

make_git() {
	as_git_user testbed in_sandbox "$@" testbed/tree/git
}

# made_git: git in the tree that make_git made.
made_git() {
	GIT_CEILING_DIRECTORIES=$LOG GIT_CONFIG_GLOBAL=/dev/null GIT_CONFIG_NOSYSTEM=1 \
		git -C "$SANDBOX/out/linux-git" -c user.name=testbed -c user.email=testbed@localhost "$@"
}

# am_git: git in the tree that the mails are applied to. Its files are links to the
# pristine ones: the ctime of such a file changes when a step that is built in
# parallel adds or removes another link, and does not indicate a change of content.
am_git() {
	GIT_CEILING_DIRECTORIES=$LOG GIT_CONFIG_GLOBAL=/dev/null GIT_CONFIG_NOSYSTEM=1 \
		git -C "$LOG/am" -c user.name=testbed -c user.email=testbed@localhost \
		-c core.fsync=none -c core.trustctime=false -c gc.auto=0 "$@"
}

# paths_of_series: the kernel paths of all files that the series changes or adds.
paths_of_series() {
	{
		"$ROOT/testbed/tree/patchqueue.py" touched 1000000
		"$ROOT/testbed/tree/patchqueue.py" overlay 1000000 | sed 's,^Kconfig$,drivers/iommu/Kconfig.msi,'
	} | sort -u
}

# apply_mails DIRECTORY: to a whole source tree, but in a repository of only the
# touched files: git am still refuses to add a file that already exists.
apply_mails() {
	local mails
	ls "$1"
	cp -al "$PRISTINE" "$LOG/am"
	trap 'rm -rf "$LOG/am"' EXIT
	am_git init -q
	{
		"$ROOT/testbed/tree/patchqueue.py" touched 1000000
		printf 'MAINTAINERS\n'
	} | (cd "$LOG/am" && xargs -d '\n' git -c core.fsync=none add -f --)
	am_git commit -q -m pristine
	links_come_and_go
	mapfile -t mails < <(find "$1" -name '*.patch' ! -name '0000-*' | sort)
	am_git am -q "${mails[@]}"
}

# links_come_and_go: for each file after each mail, as happens by chance otherwise.
links_come_and_go() {
	cat >"$LOG/am/.git/hooks/post-applypatch" <<-'EOF'
		#!/bin/sh
		git ls-files | while read -r path; do
			ln "$path" .git/link && rm .git/link
		done
	EOF
	chmod +x "$LOG/am/.git/hooks/post-applypatch"
}

the_mails_pass_git_am_on_a_pristine_tree_and_give_the_assembled_tree() {
	local path
	make_mails
	apply_mails "$SANDBOX/out/series"
	am_git diff --name-only "$(am_git rev-list --max-parents=0 HEAD)" HEAD | sort >"$LOG/am.paths"
	diff <(paths_of_series) "$LOG/am.paths"
	while read -r path; do
		cmp "$LOG/am/$path" "$TREE/$path"
	done <"$LOG/am.paths"
}

# They are first, so the tree after them is a step of the series, which builds.
the_fixes_alone_pass_git_am_on_a_pristine_tree() {
	local count
	make_mails FIXES=1
	apply_mails "$SANDBOX/out/series-fixes"
	count=$("$ROOT/testbed/tree/patchqueue.py" fixes | wc -l)
	[ "$(am_git rev-list --count HEAD)" = $((count + 1)) ]
	diff <("$ROOT/testbed/tree/patchqueue.py" steps "$count") <("$ROOT/testbed/tree/patchqueue.py" fixes)
}

the_mails_are_signed_off_by_the_git_user() {
	local mail
	make_mails
	[ "$(find out/series -type f | wc -l)" = $(($("$ROOT/testbed/tree/patchqueue.py" steps | wc -l) + 1)) ]
	for mail in out/series/*; do
		grep -q '^From: testbed <testbed@localhost>$' "$mail"
		case ${mail##*/} in
		0000-*) lacks '\*\*\* (SUBJECT|BLURB) HERE' "$mail" ;;
		*)
			[ "$(grep -c '^Signed-off-by: testbed <testbed@localhost>$' "$mail")" = 1 ]
			lacks '^X-Overlay' "$mail"
			;;
		esac
	done
}

get_maintainer_finds_the_entry_for_each_overlay_file() {
	local path title
	title=$(head -n 1 "$ROOT/MAINTAINERS")
	cd "$TREE"
	"$ROOT/testbed/tree/patchqueue.py" overlay 1000000 | sed 's,^Kconfig$,drivers/iommu/Kconfig.msi,' |
		grep -vx MAINTAINERS | while read -r path; do
		./scripts/get_maintainer.pl --no-git --no-git-fallback --sections -f "$path" | grep -xF "$title" >/dev/null ||
			fail "get_maintainer.pl does not name '$title' for $path"
	done
}

# subjects: of the patches, in order.
subjects() {
	local name
	while read -r name; do
		sed -n '1s/^Subject: \[PATCH[^]]*\] //p' "$PATCHES/$name"
	done < <("$ROOT/testbed/tree/patchqueue.py" steps)
}

# Twice: from scratch, and with the source present and the series changed.
the_git_tree_has_a_commit_for_each_patch_ends_as_the_assembled_tree_and_keeps_work() {
	local path=tools/iommu/msi-doorbell-check
	make_git
	diff <(subjects) <(made_git log --reverse --format=%s | tail -n +2)
	diff -r --exclude=.git --exclude=.pc out/linux-git out/linux
	[ -z "$(made_git status --porcelain)" ]
	diff <(made_git log --format=%s -- "$path") \
		<(sed -n '1s/^Subject: \[PATCH[^]]*\] //p' "$(grep -l "^X-Overlay:.*$path" "$PATCHES"/*.patch)")
	work_is_not_thrown_away
	echo '# changed' >>"$path"
	make_git FORCE=1
	[ -z "$(made_git branch --list mine)" ]
	diff -r --exclude=.git --exclude=.pc out/linux-git out/linux
	grep -x '# changed' "out/linux-git/$path"
}

work_is_not_thrown_away() {
	made_git branch mine
	echo changed >>out/linux-git/Makefile
	refuses_git 'were changed'
	made_git commit -q -a -m mine
	refuses_git 'commits of your own'
	made_git checkout -q mine
	made_git branch -f series refs/testbed/series
	refuses_git 'another branch'
	made_git checkout -q series
	echo id=another >>out/linux-git/.git/pristine-id
	refuses_git 'another source'
}

# refuses_git TEXT: it fails with this message and changes nothing.
refuses_git() {
	local before
	before=$(made_git for-each-ref; made_git status --porcelain)
	if make_git >"$LOG/refused" 2>&1; then fail "make tree GIT=1 did not refuse: $1"; fi
	grep -F "$1" "$LOG/refused"
	[ "$before" = "$(made_git for-each-ref; made_git status --porcelain)" ] || fail "something changed"
}
