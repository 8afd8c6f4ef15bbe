# SPDX-License-Identifier: GPL-2.0
# Cases of the series suite: does it apply, with no fuzz, to the version it was
# written against and to the newest that apt offers? Sourced.
# shellcheck shell=bash disable=SC2034,SC2164 # sourced by a script that sets -e

VERSION_CASES=(
	applies_with_no_fuzz_to_the_pinned_version
	applies_with_no_fuzz_to_the_newest_version_that_apt_offers
)

# offered_versions: of linux-source-6.12, newest first.
offered_versions() {
	"$ROOT/testbed/host/download" --offered linux-source-6.12 | sort -rV
}

# small_tree_of VERSION: prints a directory with the files that the series
# touches, as that Debian version has them; kept in out/cache/trees.
small_tree_of() {
	local version=$1 dir deb
	dir=$OUT/cache/trees/$version-$("$ROOT/testbed/tree/patchqueue.py" touched 1000000 | sha256sum | cut -c1-16)
	if [ ! -d "$dir" ]; then
		rm -rf "$dir.new"
		if [ "$(sed -n 's/^debian=//p' "$OUT/pristine.version")" = "$version" ]; then
			small_tree "$PRISTINE" "$dir.new"
		else
			deb=$("$ROOT/testbed/host/download" "linux-source-6.12=$version") ||
				skip "linux-source-6.12 $version cannot be downloaded"
			extract_small_tree "$deb" "$dir.new"
		fi
		mv "$dir.new" "$dir"
	fi
	printf '%s\n' "$dir"
}

# extract_small_tree DEB TO: files that this version lacks are left out.
extract_small_tree() {
	local list=$LOG/files tarball=./usr/src/linux-source-6.12.tar.xz
	{
		"$ROOT/testbed/tree/patchqueue.py" touched 1000000
		printf '%s\n' Makefile Kbuild MAINTAINERS
	} | sed 's,^,linux-source-6.12/,' >"$list"
	mkdir -p "$2"
	dpkg-deb --fsys-tarfile "$1" | tar -xO -f - "$tarball" |
		tar -xJ -C "$2" --strip-components=1 -f - --files-from "$list" || [ -f "$2/Makefile" ]
}

# applies_to VERSION: returns the exit code of assembling; "errors" has the error.
applies_to() {
	local dir
	dir=$(small_tree_of "$1")
	diagnostic "linux-source-6.12 $1"
	rm -rf "$SANDBOX/out"
	SOURCE=$dir in_sandbox testbed/tree/assemble 2>errors || return 1
	cat errors
}

applies_with_no_fuzz_to_the_pinned_version() {
	local version
	version=$({
		sed -n 's/^debian=//p' "$OUT/pristine.version"
		offered_versions
	} | grep -m 1 "^$PINNED-" || true)
	[ -n "$version" ] || skip "apt does not offer $PINNED any more"
	applies_to "$version" || fail "$(cat errors)"
}

# A change in upstream should be reported, but is no failure of this revision.
applies_with_no_fuzz_to_the_newest_version_that_apt_offers() {
	local version
	version=$(offered_versions | sed -n 1p)
	[ -n "$version" ] || skip "apt offers no linux-source-6.12"
	small_tree_of "$version" >/dev/null
	applies_to "$version" || case $version in
	"$PINNED"-*) fail "$(cat errors)" ;;
	*) skip "drift: $(grep '^error: ' errors)" ;;
	esac
	case $version in
	"$PINNED"-*) diagnostic "the newest version is the pinned one" ;;
	esac
}
