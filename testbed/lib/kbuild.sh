# SPDX-License-Identifier: GPL-2.0
# How this test bed calls the kernel's make: always arm64, always with the same
# stamps and paths, so that a build gives the same bytes in every checkout and
# ccache finds it again. Sourced after common.sh.
# shellcheck shell=bash

CROSS_COMPILE=${CROSS_COMPILE:-aarch64-linux-gnu-}
JOBS=${JOBS:-$(($(nproc) + 1))}

# check_compiler: is it there, and does it build for arm64?
check_compiler() {
	local target
	command -v "${CROSS_COMPILE}gcc" >/dev/null ||
		die "no ${CROSS_COMPILE}gcc: install gcc-aarch64-linux-gnu (testbed/host/packages does)"
	target=$("${CROSS_COMPILE}gcc" -dumpmachine)
	case $target in
	aarch64*) ;;
	*) die "${CROSS_COMPILE}gcc builds for $target, not for aarch64: unset CROSS_COMPILE or point it to arm64 tools" ;;
	esac
}

# kmake TREE O ARGUMENT...: make with the source in one place and its results in
# another. -L: a new link to an old file counts as a change.
kmake() {
	local tree=$1 o=$2 cc=${CROSS_COMPILE}gcc hostcc=gcc
	shift 2
	if command -v ccache >/dev/null; then
		# What ccache does not have is preprocessed once, not twice: it takes the
		# headers from the list that Kbuild has the compiler write. That leaves out
		# the system's, which programs for the host include.
		cc="env CCACHE_DEPEND=1 ccache $cc" hostcc="ccache $hostcc"
	fi
	env -u BASE -u DEBUG -u SUITE -u LINUX -u CONFIG -u V -u OUT -u TREE -u LOG \
		LC_ALL=C CCACHE_BASEDIR="$ROOT" \
		KBUILD_BUILD_TIMESTAMP='1970-01-01' KBUILD_BUILD_USER=testbed \
		KBUILD_BUILD_HOST=testbed KBUILD_BUILD_VERSION=1 \
		make -L -C "$tree" O="$o" -j"$JOBS" ARCH=arm64 CROSS_COMPILE="$CROSS_COMPILE" \
		CC="$cc" HOSTCC="$hostcc" PAHOLE=false RUSTC=false \
		KCFLAGS="-fdebug-prefix-map=$ROOT=. -g1" "$@"
}
