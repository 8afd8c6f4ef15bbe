# SPDX-License-Identifier: GPL-2.0
# Calls the kernel's make for arm64, or with KERNEL_ARCH=powerpc for the machine with a
# PAMU. Timestamps and paths are fixed: builds are reproducible in every checkout and
# hit the ccache. Sourced after common.sh.
# shellcheck shell=bash disable=SC2034 # what is set here is used elsewhere

KERNEL_ARCH=${KERNEL_ARCH:-arm64}
case $KERNEL_ARCH in
powerpc) CROSS_COMPILE=${CROSS_COMPILE:-powerpc64-linux-gnu-} ;;
*) CROSS_COMPILE=${CROSS_COMPILE:-aarch64-linux-gnu-} ;;
esac
# Files that only the kernel of the machine with a PAMU compiles, from the tree's top.
PPC64_FILES='^(arch/powerpc|drivers/iommu/fsl_pamu|drivers/iommu/msi/prepare|drivers/soc/fsl)'
JOBS=${JOBS:-$(($(nproc) + 1))}

# check_compiler: Check whether the compiler exists and builds for the right machine.
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

# for_ppc64 COMMAND...: Run COMMAND; kmake and the scripts it calls build for ppc64.
for_ppc64() {
	local -x KERNEL_ARCH=powerpc CROSS_COMPILE=powerpc64-linux-gnu-
	"$@"
}

# kmake TREE O ARGUMENT...: Run make with the source in TREE and the build directory O.
# -L: a new link to an old file counts as a change.
kmake() {
	local tree=$1 o=$2 cc=${CROSS_COMPILE}gcc hostcc=gcc
	shift 2
	if command -v ccache >/dev/null; then
		# On a miss, ccache preprocesses once instead of twice: it reads the headers from
		# the dependency file written for Kbuild. That file omits the system headers,
		# which host programs include.
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
