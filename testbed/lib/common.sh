# SPDX-License-Identifier: GPL-2.0
# What every script of the test bed shares: the paths, one-line errors, the
# line of progress that each long stage prints, locks, the kernel variant that
# BASE= and DEBUG= ask for. Sourced, never run. Messages and progress go to
# stderr: stdout belongs to a script's result.
# shellcheck shell=bash disable=SC2034 # what is set here is used elsewhere

ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd -P)
OUT=${OUT:-$ROOT/out}
BASE=${BASE:-} DEBUG=${DEBUG:-} V=${V:-}
# quilt is to take mails without a diff.
PATH=$ROOT/testbed/tree/quilt:$PATH
export ROOT OUT BASE DEBUG V LC_ALL=C PATH

# Variables given to the top Makefile are this test bed's, not those of the
# makes that its scripts start.
unset MAKEFLAGS MFLAGS MAKELEVEL MAKEOVERRIDES GNUMAKEFLAGS MAKEFILES

PATCHES=$ROOT/patches
PRISTINE=$OUT/pristine
TREE=$OUT/linux
# The directories whose files are overlay: new kernel files at kernel paths.
OVERLAY_DIRS=(arch drivers include kernel tools Documentation)
# The 6.12.y that the series is written against, and the oldest that it takes.
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

# The text of a script's top comment is its --help.
help_text() {
	sed -n '2,/^[^#]/{/^# SPDX/d;s/^# \{0,1\}//p}' "$0"
}

# seconds_since START: with one decimal, START being an $EPOCHREALTIME.
seconds_since() {
	local us=$((${EPOCHREALTIME/./} - ${1/./}))
	printf '%d.%d' $((us / 1000000)) $((us / 100000 % 10))
}

# Seconds between two signs of life on a line of progress: who reads a log sees
# that a long stage goes on, and nothing that ends silent jobs ends this one.
BEAT=${BEAT:-60}
# The same on a terminal, where the line is written over.
TERMINAL_BEAT=2

# part_done DONE TOTAL START: of the steps that a stage takes, in percent, with an
# estimate of the time left; of an unknown total (0) the number done.
part_done() {
	local us=$((${EPOCHREALTIME/./} - ${3/./})) percent
	if [ "$2" = 0 ]; then
		printf ', %d done' "$1"
		return
	fi
	# Before the end nothing is complete, and a total may be a few too low.
	percent=$(($1 * 100 / $2))
	[ "$percent" -lt 99 ] || percent=99
	printf ', %d %%' "$percent"
	# The first steps say nothing of the others.
	[ "$percent" -lt 3 ] || [ "$1" -ge "$2" ] ||
		printf ', about %d s left' $((us * ($2 - $1) / $1 / 1000000))
}

# heartbeat START NAME LOG: says each $BEAT seconds how long it has been, and with
# STEPS_TOTAL how much is done: a step is a line of the log as Kbuild writes it. Waits
# for what never comes and starts no process, so nothing of it outlives its end.
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

# stage NAME LOG COMMAND...: one line of progress, all output to the log.
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

# with_lock NAME COMMAND...: one at a time in this checkout. A command that
# holds the lock may call another one that asks for it.
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
		# Children must not keep the lock past this command's end.
		eval '"$@"' "$fd>&-"
	)
}

# variant: the O= directory's name below out/ for BASE= and DEBUG=.
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

# missing_packages PACKAGE...: those that dpkg does not have installed.
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

# in_list WORD LIST...
in_list() {
	local word=$1 item
	shift
	for item; do [ "$item" != "$word" ] || return 0; done
	return 1
}

# tree_fingerprint DIR: changes when any file of the tree does, going by name,
# size and time; of the overlay's symbolic links only where they point.
tree_fingerprint() {
	(cd "$1" && find . -path ./.pc -prune -o \( -type f -o -type l \) -printf '%P %s %T@ %l\n') |
		sort | sha256sum | cut -d' ' -f1
}

# The kernel version that a source tree's Makefile states.
tree_version() {
	sed -n 's/^VERSION = //p;s/^PATCHLEVEL = /./p;s/^SUBLEVEL = /./p' "$1/Makefile" 2>/dev/null |
		head -n 3 | paste -sd'\0'
}
