# SPDX-License-Identifier: GPL-2.0
# Definitions shared by all scripts of the test bed: paths, one-line errors, the
# progress line of long stages, locks, and the kernel variant selected by BASE=
# and DEBUG=. Sourced, never run. Messages and progress go to stderr; stdout is
# reserved for a script's result.
# shellcheck shell=bash disable=SC2034 # what is set here is used elsewhere

ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd -P)
OUT=${OUT:-$ROOT/out}
BASE=${BASE:-} DEBUG=${DEBUG:-} V=${V:-}
# Make quilt accept mails without a diff.
PATH=$ROOT/testbed/tree/quilt:$PATH
export ROOT OUT BASE DEBUG V LC_ALL=C PATH

# Variables given to the top Makefile must not reach the makes that the scripts
# start.
unset MAKEFLAGS MFLAGS MAKELEVEL MAKEOVERRIDES GNUMAKEFLAGS MAKEFILES

PATCHES=$ROOT/patches
PRISTINE=$OUT/pristine
TREE=$OUT/linux
# The overlay's directories: new kernel files at kernel paths.
OVERLAY_DIRS=(arch drivers include kernel tools Documentation)
# The 6.12.y that the series is based on, and the oldest one supported.
PINNED=6.12.117

die() {
	printf 'error: %s\n' "$*" >&2
	exit 1
}

usage_error() {
	printf 'error: %s\n' "$*" >&2
	exit 2
}

note() {
	printf '%s\n' "$*" >&2
}

# Print the script's top comment, the text for --help.
help_text() {
	sed -n '2,/^[^#]/{/^# SPDX/d;s/^# \{0,1\}//p}' "$0"
}

# no_arguments ARGUMENT...: Of a script that takes only --help: exit if it has arguments.
no_arguments() {
	case ${1:-} in
	'') ;;
	--help) help_text; exit 0 ;;
	*) usage_error "unknown argument $1 (try --help)" ;;
	esac
}

# seconds_since START: Print the seconds since START, an $EPOCHREALTIME, with one decimal.
seconds_since() {
	local us=$((${EPOCHREALTIME/./} - ${1/./}))
	printf '%d.%d' $((us / 1000000)) $((us / 100000 % 10))
}

# Seconds between two updates of a progress line. They show in a log that a long
# stage is still running, and keep CI systems from killing a silent job.
BEAT=${BEAT:-60}
# The same on a terminal, where the line is overwritten.
TERMINAL_BEAT=2

# part_done DONE TOTAL START: Print the completed part of a stage in percent and an
# estimate of the time left, or the number of steps done if TOTAL is unknown (0).
part_done() {
	local us=$((${EPOCHREALTIME/./} - ${3/./})) percent
	if [ "$2" = 0 ]; then
		printf ', %d done' "$1"
		return
	fi
	# TOTAL may be a few steps too low: do not print 100 % before the end.
	percent=$(($1 * 100 / $2))
	[ "$percent" -lt 99 ] || percent=99
	printf ', %d %%' "$percent"
	# The first steps do not allow an estimate.
	[ "$percent" -lt 3 ] || [ "$1" -ge "$2" ] ||
		printf ', about %d s left' $((us * ($2 - $1) / $1 / 1000000))
}

# heartbeat START NAME LOG: Print the elapsed time every $BEAT seconds and, if STEPS_TOTAL
# is set, the progress. A step is a Kbuild line in LOG. Waits by a read that times out
# rather than by sleep, so that no child process is left when it is killed.
heartbeat() {
	local never log line beat=$BEAT done=0 part=''
	exec {never}<> <(:)
	[ ! -t 2 ] || beat=$TERMINAL_BEAT
	[ -z "${STEPS_TOTAL:-}" ] || exec {log}<"$3"
	while kill -0 $$ 2>/dev/null; do
		! read -r -t "$beat" -u "$never" || continue
		if [ -n "${STEPS_TOTAL:-}" ]; then
			while IFS= read -r -u "$log" line; do
				[[ $line != '  '[A-Z]* ]] || done=$((done + 1))
			done
			part=$(part_done "$done" "$STEPS_TOTAL" "$1")
		fi
		if [ -t 2 ]; then
			printf '\r\033[K=> %s ... %s s%s ... ' "$2" "$(seconds_since "$1")" "$part" >&2
		else
			printf '%s s%s ... ' "$(seconds_since "$1")" "$part" >&2
		fi
	done
}

# stage NAME LOG COMMAND...: Run COMMAND with one progress line and its output in LOG.
stage() {
	local name=$1 log=$2 start=$EPOCHREALTIME rc=0 beat
	shift 2
	mkdir -p "$(dirname "$log")"
	# A command on the left of || would run without errexit.
	set +e
	if [ -n "$V" ]; then
		printf '=> %s\n' "$name" >&2
		(set -eo pipefail; "$@") 2>&1 | tee "$log" >&2
		rc=${PIPESTATUS[0]}
		printf '=> %s: ' "$name" >&2
	else
		printf '=> %s ... ' "$name" >&2
		: >"$log"
		heartbeat "$start" "$name" "$log" >/dev/null </dev/null &
		beat=$!
		(set -e; "$@") >"$log" 2>&1
		rc=$?
		kill "$beat" 2>/dev/null
		wait "$beat" 2>/dev/null
	fi
	set -e
	if [ "$rc" -ne 0 ]; then
		printf 'failed after %s s\n' "$(seconds_since "$start")" >&2
		[ -n "$V" ] || tail -n 20 "$log" | sed 's/^/   | /' >&2
		die "$name failed; the full log is $log"
	fi
	printf '%s s\n' "$(seconds_since "$start")" >&2
}

# with_lock NAME COMMAND...: Run COMMAND under a lock of this checkout. A command
# that holds the lock may take it again.
with_lock() {
	local name=$1 fd
	shift
	case " ${LOCKS_HELD:-} " in
	*" $name "*) "$@"; return ;;
	esac
	mkdir -p "$OUT/lock"
	(
		exec {fd}>"$OUT/lock/$name"
		flock -n "$fd" || {
			note "waiting for another run that holds $OUT/lock/$name"
			flock "$fd"
		}
		export LOCKS_HELD="${LOCKS_HELD:-} $name"
		# Background children must not hold the lock after the command exits.
		eval '"$@"' "$fd>&-"
	)
}

# variant: Print the name of the O= directory below out/ for BASE= and DEBUG=.
variant() {
	local name=arm64
	case $DEBUG in
	'' | 0) ;;
	1) name=$name-debug ;;
	kcsan | kcov) name=$name-$DEBUG ;;
	*) usage_error "DEBUG=$DEBUG: only DEBUG=1, DEBUG=kcsan and DEBUG=kcov are known" ;;
	esac
	case $BASE in
	'') ;;
	pristine) name=$name-pristine ;;
	*) usage_error "BASE=$BASE: only BASE=pristine is known" ;;
	esac
	printf '%s\n' "$name"
}

# missing_packages PACKAGE...: Print the packages that are not installed.
missing_packages() {
	local have
	have=$(dpkg-query -W -f '${Package} ${db:Status-Status}\n' "$@" 2>/dev/null |
		sed -n 's/ installed$//p' || true)
	printf '%s\n' "$@" | grep -vxF -e "$have" || true
}

need_packages() {
	local missing
	missing=$(missing_packages "$@" | paste -sd' ')
	[ -z "$missing" ] || die "missing packages: $missing; install what the test bed needs with: testbed/host/packages"
}

# in_list WORD LIST...: Check whether WORD is in LIST.
in_list() {
	local word=$1 item
	shift
	for item; do [ "$item" != "$word" ] || return 0; done
	return 1
}

# tree_fingerprint DIR: Print a checksum of the name, size and time of all files of
# the tree. Of the overlay's symbolic links only the target's name is included.
tree_fingerprint() {
	(cd "$1" && find . -path ./.pc -prune -o \( -type f -o -type l \) -printf '%P %s %T@ %l\n') |
		sort | sha256sum | cut -d' ' -f1
}

# pristine_id: Print what identifies the source in out/pristine.
pristine_id() {
	sed -n 's/^id=//p' "$OUT/pristine.version"
}

# tree_version DIR: Print the kernel version from a source tree's Makefile.
tree_version() {
	sed -n 's/^VERSION = //p;s/^PATCHLEVEL = /./p;s/^SUBLEVEL = /./p' "$1/Makefile" 2>/dev/null |
		head -n 3 | paste -sd'\0'
}
