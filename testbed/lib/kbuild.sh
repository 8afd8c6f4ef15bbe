# SPDX-License-Identifier: GPL-2.0
# How this test bed calls the kernel's make: for arm64 (KERNEL_ARCH=powerpc: for the
# machine with a PAMU), always with the same stamps and paths, so that a build gives
# the same bytes in every checkout and ccache finds it again. Sourced after common.sh.
# shellcheck shell=bash disable=SC2034 # what is set here is used elsewhere

KERNEL_ARCH=${KERNEL_ARCH:-arm64}
case $KERNEL_ARCH in
powerpc) CROSS_COMPILE=${CROSS_COMPILE:-powerpc64-linux-gnu-} ;;
*) CROSS_COMPILE=${CROSS_COMPILE:-aarch64-linux-gnu-} ;;
esac
# What only the kernel of the machine with a PAMU compiles, below the tree's top.
PPC64_FILES='^(arch/powerpc|drivers/iommu/fsl_pamu|drivers/iommu/msi/prepare|drivers/soc/fsl)'
JOBS=${JOBS:-$(($(nproc) + 1))}

# check_compiler: is it there, and does it build for the machine?
check_compiler() {
	local target wanted=aarch64
	[ "$KERNEL_ARCH" != powerpc ] || wanted=powerpc64
	command -v "${CROSS_COMPILE}gcc" >/dev/null ||
		die "no ${CROSS_COMPILE}gcc: install gcc-$wanted-linux-gnu (testbed/host/packages does)"
	target=$("${CROSS_COMPILE}gcc" -dumpmachine)
	case $target in
	"$wanted"*) ;;
	*) die "${CROSS_COMPILE}gcc builds for $target, not for $wanted: unset CROSS_COMPILE or point it to tools for $wanted" ;;
	esac
}

# for_ppc64 COMMAND...: with kmake and the scripts called building for ppc64.
for_ppc64() {
	local -x KERNEL_ARCH=powerpc CROSS_COMPILE=powerpc64-linux-gnu-
	"$@"
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
		make -L -C "$tree" O="$o" -j"$JOBS" ARCH="$KERNEL_ARCH" CROSS_COMPILE="$CROSS_COMPILE" \
		CC="$cc" HOSTCC="$hostcc" PAHOLE=false RUSTC=false \
		KCFLAGS="-fdebug-prefix-map=$ROOT=. -g1" "$@"
}
