# SPDX-License-Identifier: GPL-2.0
# A copy of this repository for the series suite, with a small source tree to
# assemble over: only the upstream files that the series touches. Each case gets
# a fresh copy. Sourced.
# shellcheck shell=bash disable=SC2034,SC2164 # sourced by a script that sets -e

SANDBOX='' SMALL=''

# small_tree FROM TO: the files of a source tree that the series needs.
small_tree() {
	mkdir -p "$2"
	(cd "$1" && xargs -d '\n' cp -p --parents -t "$2") < <(
		"$ROOT/testbed/tree/patchqueue.py" touched 1000000
		printf '%s\n' Makefile Kbuild MAINTAINERS
	)
}

make_sandbox() {
	SANDBOX=$LOG/sandbox SMALL=$LOG/small
	rm -rf "$SANDBOX" "$SMALL"
	small_tree "$PRISTINE" "$SMALL"
	copy_repository
	in_sandbox testbed/tree/assemble
	cp -a "$SANDBOX" "$SANDBOX.clean"
}

copy_repository() {
	local name
	mkdir -p "$SANDBOX/testbed"
	for name in patches Kconfig MAINTAINERS "${OVERLAY_DIRS[@]}"; do
		[ ! -e "$ROOT/$name" ] || cp -a "$ROOT/$name" "$SANDBOX/"
	done
	cp -a "$ROOT"/testbed/{lib,host,tree,kernel,config} "$SANDBOX/testbed/"
	cp "$ROOT/Makefile" "$SANDBOX/"
}

# in_fresh_sandbox COMMAND...: as make_sandbox has left it, with the series assembled.
in_fresh_sandbox() {
	rm -rf "$SANDBOX"
	cp -a "$SANDBOX.clean" "$SANDBOX"
	cd "$SANDBOX"
	"$@"
}

remove_sandbox() {
	rm -rf "$SANDBOX" "$SANDBOX.clean" "$SMALL"
}

# in_sandbox COMMAND...: with nothing from this run's environment but the small
# source tree, and no git repository around.
in_sandbox() {
	(
		cd "$SANDBOX"
		env -u BASE -u DEBUG -u LOCKS_HELD -u TREE -u FORCE OUT="$SANDBOX/out" V='' LINUX="${SOURCE:-$SMALL}" \
			GIT_CEILING_DIRECTORIES="$LOG" "$@"
	)
}

# as_git_user NAME COMMAND...: as a git user that needs no settings of this machine.
as_git_user() {
	local -x GIT_CONFIG_COUNT=2 GIT_CONFIG_KEY_0=user.name GIT_CONFIG_VALUE_0=$1
	local -x GIT_CONFIG_KEY_1=user.email GIT_CONFIG_VALUE_1=testbed@localhost
	shift
	"$@"
}

fail() {
	printf 'failed: %s\n' "$*"
	exit 1
}

# lacks PATTERN FILE
lacks() {
	if grep -E -e "$1" "$2"; then fail "$2 has the line above"; fi
}
