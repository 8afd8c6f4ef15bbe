# SPDX-License-Identifier: GPL-2.0
# Cases of the series suite: each step of the series builds. A lane is a source
# tree and a build directory that are updated from step to step: make rebuilds only
# what a step changed. Two lanes run in parallel, since half of the work of a step is
# single-threaded. One starts at the complete series, most of which ccache has from
# the image, and goes down. The other starts at the first step and goes up, until
# they meet. The result of a step is cached by its inputs.
# Sourced.
# shellcheck shell=bash disable=SC2034,SC2164 # sourced by a script that sets -e
# shellcheck source=testbed/lib/kbuild.sh
. "$ROOT/testbed/lib/kbuild.sh"

# The lane's directory, and the directory of the steps' results.
STEP='' STEPS=$LOG/steps

# step_fragments: Print the fragments of the image's configuration.
step_fragments() {
	printf '%s\n' "$ROOT"/testbed/config/{base,smmu,firmware,devices,kunit,mock,variants,series}.config
}

# step_sources: Print the kernel's C files that any step of the series adds or changes,
# if they exist in the lane's tree. A later patch may contain a change that an earlier
# one needs. Other files differ between steps only in the headers that they include, and
# are compiled at the last step, by the image and the linters.
step_sources() {
	{
		"$ROOT/testbed/tree/patchqueue.py" touched 1000000
		"$ROOT/testbed/tree/patchqueue.py" overlay 1000000
	} | grep '\.c$' | grep -vE '^(tools|Documentation)/' | while read -r path; do
		[ ! -e "$STEP/linux/$path" ] || printf '%s\n' "$path"
	done
}

step_key() {
	{
		sed -n 's/^id=//p' "$OUT/pristine.version"
		"$ROOT/testbed/tree/patchqueue.py" content "$1"
		"$ROOT/testbed/tree/patchqueue.py" touched 1000000
		step_fragments | xargs cat
		"${CROSS_COMPILE}gcc" --version
		[ -z "$(ppc64_changes "$1")" ] || ppc64_key
		cat "$ROOT/testbed/lib/kbuild.sh" "$ROOT/testbed/kernel/configure" "$ROOT/testbed/tree/testing/steps.sh"
	} | sha256sum | cut -d' ' -f1
}

# drop_stale_objects: See drop_stale_build in kernel/image.
drop_stale_objects() {
	cmp -s "$STEP/linux.state/generation" "$STEP/arm64/.generation" || rm -rf "$STEP/arm64"
	mkdir -p "$STEP/arm64"
	cp "$STEP/linux.state/generation" "$STEP/arm64/.generation"
}

# step_kconfigs STEP: Print the Kconfig files, as named in the tree, that the series
# adds or changes up to STEP.
step_kconfigs() {
	{
		"$ROOT/testbed/tree/patchqueue.py" touched "$1"
		"$ROOT/testbed/tree/patchqueue.py" overlay "$1" |
			sed 's,^Kconfig$,drivers/iommu/Kconfig.msi,'
	} | grep Kconfig || true
}

# symbols_so_far STEP FILE: Print the lines of a fragment whose symbols exist at
# STEP.
symbols_so_far() {
	local symbols file=$ROOT/testbed/config/$2
	symbols=$(step_kconfigs "$1" | (cd "$STEP/linux" &&
		xargs -r -d '\n' sed -n 's/^\(menu\)\{0,1\}config \(.*\)/CONFIG_\2=/p'))
	[ -z "$symbols" ] || grep -F "$symbols" "$file" || true
}

# configure_step STEP FRAGMENT...: Configure, unless the configuration is that of the
# previous step. Kconfig takes longer than building the few objects of such a step.
configure_step() {
	local step=$1 key
	shift
	key=$(step_kconfigs "$step" | (cd "$STEP/linux" && xargs -r -d '\n' tail -v -n +1) |
		sha256sum - "$@")
	[ "$(cat "$STEP/arm64/.configured-from" 2>/dev/null)" != "$key" ] || return 0
	rm -f "$STEP/arm64/.configured-from"
	"$ROOT/testbed/kernel/configure" "$STEP/linux" "$STEP/arm64" "$@"
	printf '%s\n' "$key" >"$STEP/arm64/.configured-from"
}

# Files specific to the ppc64 kernel are compiled if a step changes one of them, and at
# the last step. Files shared with arm64 are compiled for arm64.

# ppc64_changes STEP: Print something if the step compiles for ppc64.
ppc64_changes() {
	{
		"$ROOT/testbed/tree/patchqueue.py" touched-of "$1"
		"$ROOT/testbed/tree/patchqueue.py" overlay-of "$1"
		[ "$1" -lt "$("$ROOT/testbed/tree/patchqueue.py" steps | wc -l)" ] || printf 'arch/powerpc\n'
	} | grep -E "$PPC64_FILES" || true
}

ppc64_key() {
	cat "$ROOT"/testbed/config/pamu{,-series}.config
	powerpc64-linux-gnu-gcc --version
}

# make_ppc64 STEP: Build STEP for ppc64 in the tree of make_step.
make_ppc64() {
	local objects generation=$STEP/ppc64/.generation o=$STEP/ppc64
	[ -n "$(ppc64_changes "$1")" ] || return 0
	mapfile -t objects < <(step_sources | grep -E "$PPC64_FILES" | sed 's/c$/o/')
	cmp -s "$STEP/linux.state/generation" "$generation" || rm -rf "$o"
	mkdir -p "$o"
	cp "$STEP/linux.state/generation" "$generation"
	symbols_so_far "$1" pamu-series.config >"$STEP/pamu-series.config"
	for_ppc64 "$ROOT/testbed/kernel/configure" "$STEP/linux" "$o" \
		"$ROOT/testbed/config/pamu.config" "$STEP/pamu-series.config"
	for_ppc64 kmake "$STEP/linux" "$o" KCFLAGS="-fdebug-prefix-map=$STEP=./out -g1" \
		"${objects[@]}" 2>&1 | tee "$LOG/make-ppc64"
	lacks '(warning|error):' "$LOG/make-ppc64"
	check_objects "$o" "${objects[@]}"
}

# make_step STEP: Build STEP. The directories have the same relative paths as out/linux
# and out/arm64, so that ccache finds the objects of the image.
make_step() {
	local fragments objects
	mapfile -t fragments < <(step_fragments)
	"$ROOT/testbed/tree/assemble" --scratch --dir "$STEP/linux" --upto "$1"
	drop_stale_objects
	fragments[-1]=$STEP/series.config
	symbols_so_far "$1" series.config >"$STEP/series.config"
	configure_step "$1" "${fragments[@]}"
	mapfile -t objects < <(step_sources | grep -vE "$PPC64_FILES" | sed 's/c$/o/')
	kmake "$STEP/linux" "$STEP/arm64" KCFLAGS="-fdebug-prefix-map=$STEP=./out -g1" \
		"${objects[@]}" 2>&1 | tee "$LOG/make"
	lacks '(warning|error):' "$LOG/make"
	check_objects "$STEP/arm64" "${objects[@]}"
	make_ppc64 "$1"
}

# check_objects O OBJECT...: Check that all exist: Kbuild skips what is not configured.
check_objects() {
	local object o=$1
	shift
	for object; do
		[ -f "$o/$object" ] || fail "$object is not built by the test bed's configuration"
	done
}

# step_case STEP: Build STEP; write what run_case prints to the step's directory.
step_case() {
	local start=$EPOCHREALTIME rc=0
	export LOG=$STEPS/$1
	# On the left of || the command would run without errexit.
	set +e
	(set -e; remembered "step-$(step_key "$1")" make_step "$1") >"$LOG/log" 2>&1 </dev/null
	rc=$?
	set -e
	printf '%s\n' "$rc" >"$LOG/exit-code"
	diagnostic "seconds: $(seconds_since "$start")"
}

# lane NAME STEP...: Build the steps in this order until one is taken by the other
# lane. Print the number of each finished step.
lane() {
	local step
	STEP=$OUT/step/$1
	mkdir -p "$STEP"
	shift
	for step; do
		mkdir "$STEPS/$step" 2>/dev/null || return 0
		(step_case "$step")
		printf '%s\n' "$step"
	done
}

# in_lanes COUNT: Build the steps 1 to COUNT, and print the number of each.
in_lanes() {
	local down up
	rm -rf "$STEPS"
	mkdir -p "$STEPS"
	mapfile -t up < <(seq 1 "$1")
	mapfile -t down < <(seq "$1" -1 1)
	lane up "${up[@]}" &
	lane down "${down[@]}"
	wait $!
}

# step_builds STEP: Return the verdict of the case from the step's results.
step_builds() {
	cat "$STEPS/$1/log"
	cat "$STEPS/$1/diagnostics" >>"$LOG/diagnostics"
	return "$(cat "$STEPS/$1/exit-code")"
}
