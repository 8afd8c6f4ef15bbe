# SPDX-License-Identifier: GPL-2.0
# case: sparse and W=1 find nothing that they do not find in pristine
#
# Compiles the directories that the series changes, and all other files that it
# touches, with C=2 W=1. Then compiles the objects that had warnings in pristine, and
# compares the warnings without line numbers.
# shellcheck shell=bash
# shellcheck source=testbed/lint/objects.sh
. "$LINT/objects.sh"
need_packages sparse

# Users of the touched headers. drivers/iommu includes the SMMUs and iommufd.
DIRECTORIES=(drivers/iommu/ drivers/irqchip/ drivers/vfio/ kernel/irq/)
# Kernel sources, as opposed to user programs and documentation.
SOURCES='^(arch|block|drivers|fs|include|init|kernel|lib|mm|net|security|sound|virt)/.*'

tools() {
	"${CROSS_COMPILE}gcc" --version
	sparse --version
	sums "$LINT/$LINTER.sh" "$LINT/objects.sh" "$LINT/newwarnings.py" "$ROOT/testbed/lib/kbuild.sh"
}

in_directories() {
	local directory
	[ "$KERNEL_ARCH" = arm64 ] || return 1
	for directory in "${DIRECTORIES[@]}"; do
		[ "${1#"$directory"}" = "$1" ] || return 0
	done
	return 1
}

# single_objects: Print the objects of the series' files outside of those
# directories. For ppc64: of the files that no other kernel compiles.
single_objects() {
	local path
	changed_files | grep -E "$SOURCES\.c$" | of_this_kernel | while read -r path; do
		in_directories "$path" || printf '%s\n' "${path%.c}.o"
	done
}

# of_this_kernel: Print the files or objects on stdin that this kernel compiles.
of_this_kernel() {
	if [ "$KERNEL_ARCH" = arm64 ]; then
		grep -vE "$PPC64_FILES" || true
	else
		grep -E "$PPC64_FILES" || true
	fi
}

# compile NAME TARGET...: Rebuild all targets, since make does not repeat warnings of
# up-to-date objects (ccache does). Print each warning with its object.
compile() {
	local name=$1 o log
	log=$OUT/log/lint-compile-$1$(suffix).log
	shift
	prepare_objects "$name"
	o=$(objects_of "$name")
	(cd "$o" && for target; do find "$target" -name '*.o' -delete 2>/dev/null || true; done)
	note "=> compiling $name with sparse and W=1; log: $log"
	with_lock build kmake "$OUT/$name" "$o" -O -k C=2 W=1 "$@" >"$log" 2>&1 ||
		die "$name does not compile: $(grep -m 1 -iE 'error|\*\*\*' "$log"); see $log"
	"$LINT/newwarnings.py" compiled "$OUT/$name" "$o" "$@" <"$log"
}

# compile_patched FILE...: Print the warnings, and the files that were not compiled.
compile_patched() {
	local singles
	mapfile -t singles < <(single_objects)
	[ "$KERNEL_ARCH" != arm64 ] || singles+=("${DIRECTORIES[@]}")
	[ ${#singles[@]} = 0 ] || compile linux "${singles[@]}"
	uncompiled "$@"
}

uncompiled() {
	local path o
	o=$(objects_of linux)
	for path; do
		[ "${path%.c}" = "$path" ] || [ -e "$o/${path%.c}.o" ] ||
			printf -- '- %s:0: error: no configuration of the test bed compiles this file\n' "$path"
	done
}

# patched: Print the warnings of the patched tree with their objects.
patched() {
	local sources
	mapfile -t sources < <(changed_files | grep -E "$SOURCES" | of_this_kernel)
	[ ${#sources[@]} != 0 ] || return 0
	remember "$(tools) $(pristine_id) $(fragments linux | xargs cat)
		$(cd "$TREE" && sha256sum "${sources[@]}")" compile_patched "${sources[@]}"
}

# base OBJECT...: Print the warnings of the same objects in pristine.
base() {
	local object known=()
	while read -r object; do
		[ ! -e "$PRISTINE/${object%.o}.c" ] || known+=("$object")
	done < <(printf '%s\n' "$@" | of_this_kernel)
	[ ${#known[@]} = 0 ] ||
		remember "$(tools) $(pristine_id) $(fragments pristine | xargs cat) ${known[*]}" \
			compile pristine "${known[@]}"
}

without_objects() {
	cut -d' ' -f2- "$1" | sort -u
}

check() {
	local objects
	[ "$(changed_files | grep -cE "$SOURCES")" != 0 ] || nothing "the series has no kernel source"
	{ patched; for_ppc64 patched; } >"$WORK/linux"
	mapfile -t objects < <(cut -d' ' -f1 "$WORK/linux" | sort -u)
	{ base "${objects[@]}"; for_ppc64 base "${objects[@]}"; } >"$WORK/pristine"
	without_objects "$WORK/pristine" >"$WORK/pristine.log"
	without_objects "$WORK/linux" >"$WORK/linux.log"
	remark "$(wc -l <"$WORK/linux.log") warnings, $(wc -l <"$WORK/pristine.log") of the same objects in pristine"
	"$LINT/newwarnings.py" new "$WORK/pristine.log" "$WORK/linux.log"
}

# Compile the seeds as an external module, and compare the warnings with a log that
# has one of them at another line.
seed() {
	local o module=$WORK/seed log=$OUT/log/lint-compile-seed.log
	prepare_objects linux
	o=$(objects_of linux)
	rm -rf "$module"
	cp -r "$SEEDS" "$module"
	kmake "$TREE" "$o" -O C=2 W=1 M="$module" sparse.o w1.o >"$log" 2>&1 ||
		die "the seeds do not compile: $(tail -n 1 "$log"); see $log"
	{
		"$LINT/newwarnings.py" compiled "$module" "$o" "$module" <"$log"
		uncompiled drivers/iommu/no-such-file.c
	} >"$WORK/seed.log"
	without_objects "$WORK/seed.log" >"$WORK/seed.warnings"
	"$LINT/newwarnings.py" new "$SEEDS/pristine.warnings" "$WORK/seed.warnings"
}
