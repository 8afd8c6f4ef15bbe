# SPDX-License-Identifier: GPL-2.0
# Unpacks Debian packages of the release after the host's into a directory by
# mmdebstrap. Nothing is installed, and no program of the packages is run.
# Sourced after common.sh, never run.
# shellcheck shell=bash

# The release whose backports provide a newer QEMU.
RELEASE=trixie

# archive: Print the URI that apt uses for the running release.
archive() {
	local release uri
	release=$(. /etc/os-release && printf %s "$VERSION_CODENAME")
	# shellcheck disable=SC2016 # apt's fields, not the shell's
	uri=$(apt-get indextargets --format '$(RELEASE) $(REPO_URI)' \
		'Created-By: Packages' "Release: $release" | awk 'NR == 1 { print $2 }')
	[ -n "$uri" ] || die "apt knows no source for $release: cannot tell where $RELEASE would be"
	printf '%s\n' "$uri"
}

# check_room DIR MIB WHAT: Exit unless DIR has MIB of free space to build WHAT.
check_room() {
	local free
	free=$(df -Pm "$1" | awk 'NR == 2 { print $4 }')
	[ "$free" -ge "$2" ] ||
		die "$1 has $free MiB of free space, but building $3 needs $2"
}

# unpack DIR ARCHITECTURE PACKAGES [OPTION...]: Unpack PACKAGES and their dependencies
# with additional options for mmdebstrap, and list them in DIR.packages. Unpacking
# through tar makes the files belong to the current user, who need not be root.
unpack() {
	local dir=$1 arch=$2 include=$3 uri
	shift 3
	uri=$(archive)
	mkdir "$dir"
	printf 'deb %s %s main\n' "$uri" "$RELEASE" "$uri" "$RELEASE-backports" >"$dir.list"
	# The file names of the packages include the version, with %3a for an epoch's colon.
	if ! mmdebstrap --variant=extract --arch="$arch" --include="$include" \
		--aptopt="APT::Default-Release \"$RELEASE-backports\"" \
		--hook-dir=/usr/share/mmdebstrap/hooks/merged-usr \
		--dpkgopt='path-exclude=/usr/share/doc/*' \
		--dpkgopt='path-exclude=/usr/share/man/*' \
		--dpkgopt='path-exclude=/usr/share/locale/*' \
		"$@" \
		--extract-hook="ls \"\$1\"/var/cache/apt/archives >&2" \
		--format=tar "$RELEASE" - "$dir.list" 2>"$dir.log" |
		tar -x --no-same-owner --exclude='./dev/*' -C "$dir"; then
		cat "$dir.log"
		return 1
	fi
	cat "$dir.log"
	sed -n 's/\.deb$//p' "$dir.log" | sed 's/%3a/:/' | sort >"$dir.packages"
}

# check_qemu PACKAGES ARCHITECTURE MINIMUM WHY: Exit unless QEMU is new enough.
check_qemu() {
	local version
	version=$(sed -n "s/^qemu-system-arm_\(.*\)_$2\$/\1/p" "$1")
	[ -n "$version" ] || die "apt offers no qemu-system-arm of $RELEASE for $2"
	dpkg --compare-versions "$version" ge "$3~" ||
		die "$RELEASE-backports has qemu-system-arm $version, and $4 from ${3#*:} on"
}
