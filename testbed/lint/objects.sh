# SPDX-License-Identifier: GPL-2.0
# Build directories of the linters that use Kbuild: one for the patched tree and
# one for pristine, separate from those of the kernels that boot. Sourced after
# lib.sh.
# shellcheck shell=bash
# shellcheck source=testbed/lib/kbuild.sh
. "$ROOT/testbed/lib/kbuild.sh"

# The kernel's make unsets LC_ALL; the compiler's messages must not depend on the
# user's locale.
export LANG=C

# objects_of linux|pristine: Print the build directory.
objects_of() {
	printf '%s\n' "$OUT/lint/objects/$1$(suffix)"
}

# suffix: Print a suffix for the files of ppc64, nothing for arm64.
suffix() {
	[ "$KERNEL_ARCH" = arm64 ] || printf -- '-ppc64'
}

# fragments linux|pristine: Print the fragments. Pristine lacks the series' symbols.
fragments() {
	if [ "$KERNEL_ARCH" = powerpc ]; then
		printf '%s\n' "$ROOT/testbed/config/pamu.config"
		[ "$1" = pristine ] || printf '%s\n' "$ROOT/testbed/config/pamu-series.config"
		return
	fi
	printf '%s\n' "$ROOT"/testbed/config/{base,smmu,firmware,devices,kunit,mock,variants}.config
	[ "$1" = pristine ] || find "$ROOT/testbed/config" -name series.config
}

configured_from() {
	# Files of a newly assembled tree may be older than the objects.
	if [ "$1" = pristine ]; then pristine_id; else cat "$OUT/$1.state/generation"; fi
	"${CROSS_COMPILE}gcc" --version
	fragments "$1" | xargs cat
	cat "$ROOT/testbed/kernel/configure" "$ROOT/testbed/lib/kbuild.sh"
	# shellcheck disable=SC2153 # common.sh's
	[ "$1" = pristine ] || (cd "$TREE" && changed_files | grep 'Kconfig' | xargs -r cat)
}

configure_and_prepare() {
	local files
	mapfile -t files < <(fragments "$1")
	"$ROOT/testbed/kernel/configure" "$OUT/$1" "$2" "${files[@]}"
	kmake "$OUT/$1" "$2" -s prepare
}

# prepare_objects linux|pristine: Configure, and build all generated headers.
prepare_objects() {
	local o key log
	log=$OUT/log/lint-prepare-$1$(suffix).log
	o=$(objects_of "$1")
	key=$(configured_from "$1" | sha256sum)
	[ "$(cat "$o/.configured-from" 2>/dev/null)" != "$key" ] || return 0
	check_compiler
	rm -rf "$o"
	mkdir -p "$o"
	stage "configuring $1 for the linters" "$log" with_lock build configure_and_prepare "$1" "$o"
	printf '%s\n' "$key" >"$o/.configured-from"
}
