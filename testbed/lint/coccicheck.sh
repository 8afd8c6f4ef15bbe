# SPDX-License-Identifier: GPL-2.0
# case: coccicheck reports nothing that it does not report in pristine
#
# Applies all semantic patches of the kernel (scripts/coccinelle) in report mode to
# the C files of the series, and verifies that each one ran: coccicheck stops at
# the first failure, and with a relative M= it checks nothing.
#
# The semantic patches of the series' own rules (testbed/lint/cocci) run first.
# shellcheck shell=bash
# shellcheck source=testbed/lint/objects.sh
. "$LINT/objects.sh"
need_packages coccinelle ocaml-nox libpython3.11

RULES=$LINT/cocci

tools() {
	spatch --version
	sums "$LINT/$LINTER.sh" "$LINT/objects.sh" "$LINT/newwarnings.py"
	pristine_id
}

# stage_files TREE DIR FILE...: Copy the files to DIR, since coccicheck checks whole
# directories, with the headers that they include from their own directories.
stage_files() {
	local tree=$1 dir=$2 path
	shift 2
	rm -rf "$dir"
	mkdir -p "$dir"
	{
		printf '%s\n' "$@"
		for path; do
			sed -n "s|^# *include \"\\([^\"]*\\)\".*|${path%/*}/\\1|p" "$tree/$path"
		done
	} | sort -u | while read -r path; do
		[ -f "$tree/$path" ] || continue
		mkdir -p "$dir/${path%/*}"
		cp -L "$tree/$path" "$dir/$path"
	done
}

# coccicheck NAME DIR [SCRIPT]: Apply all scripts, or one, of the tree NAME to a
# directory. Print "path:place: warning: text [script]".
coccicheck() {
	local name=$1 dir=$2 script=${3:-} o all
	local log=$OUT/log/lint-coccicheck-${dir##*/}.log
	prepare_objects "$name"
	o=$(objects_of "$name")
	kmake "$OUT/$name" "$o" -s coccicheck MODE=report V=1 J="$(nproc)" M="$dir" \
		${script:+COCCI="$OUT/$name/$script"} >"$log" 2>&1 ||
		die "coccicheck failed after $(grep -c '^Processing ' "$log") scripts; see $log"
	all=$(find "$OUT/$name/scripts/coccinelle" -name '*.cocci' | wc -l)
	[ -z "$script" ] || all=1
	[ "$(grep -c '^Processing ' "$log")" = "$all" ] ||
		die "coccicheck ran $(grep -c '^Processing ' "$log") of $all scripts; see $log"
	awk -v dir="$dir/" '
		$1 == "Processing" { script = $2 }
		index($0, dir) == 1 {
			line = substr($0, length(dir) + 1)
			match(line, /^[^:]*:[0-9]+(:[0-9-]+)?:/)
			printf "%s warning: %s [%s]\n", substr(line, 1, RLENGTH), substr(line, RLENGTH + 2), script
		}' "$log"
}

# own_rules DIR FILE...: Apply the series' own semantic patches to C files. Some
# rules depend on the path in DIR. They read no headers, and take seconds.
own_rules() {
	local dir=$1 rule found
	shift
	for rule in "$RULES"/*.cocci; do
		found=$(cd "$dir" && spatch --very-quiet --no-includes -D report --cocci-file "$rule" "$@" 2>&1) ||
			die "spatch cannot apply ${rule##*/}: $found"
		awk -v rule="${rule##*/}" '
			NF { sub(/:[0-9]+: /, "&warning: "); printf "%s [%s]\n", $0, rule }' <<<"$found" | sort -u
	done
}

# of_file FILE < LOG: Print the lines about FILE.
of_file() {
	awk -F: -v file="$1" '$1 == file'
}

# key_of FILE: Print the key of FILE, which covers the tools and the series' headers.
key_of() {
	printf '%s\n' "$TOOLS" "$HEADERS"
	sha256sum "$TREE/$1"
}

# own_key FILE...: Print everything that own_rules depends on.
own_key() {
	spatch --version
	sums "$LINT/$LINTER.sh" "$RULES"/*.cocci
	(cd "$TREE" && sha256sum "$@")
}

# patched FILE...: Print the findings. Only changed files are checked, all in one
# run of coccicheck.
patched() {
	local path fresh=()
	for path; do
		remembers "$(key_of "$path")" || fresh+=("$path")
	done
	if [ ${#fresh[@]} != 0 ]; then
		note "=> coccicheck of ${#fresh[@]} files; log: $OUT/log/lint-coccicheck-linux.log"
		stage_files "$TREE" "$WORK/linux" "${fresh[@]}"
		coccicheck linux "$WORK/linux" >"$WORK/fresh.log"
	fi
	for path; do
		remember "$(key_of "$path")" of_file "$path" <"$WORK/fresh.log"
	done
}

# pristine_findings SCRIPT FILE...: Print the findings of SCRIPT in pristine.
pristine_findings() {
	local script
	script=$(cd "$PRISTINE" && find scripts/coccinelle -name "$1")
	shift
	stage_files "$PRISTINE" "$WORK/pristine" "$@"
	coccicheck pristine "$WORK/pristine" "$script"
}

# base LOG: Print the findings in pristine, of the scripts and files that have
# findings in LOG.
base() {
	local script paths
	sed -n 's/.*\[\([^] ]*\)\]$/\1/p' "$1" | sort -u | while read -r script; do
		mapfile -t paths < <(grep -F "[$script]" "$1" | cut -d: -f1 | sort -u |
			while read -r path; do [ ! -e "$PRISTINE/$path" ] || printf '%s\n' "$path"; done)
		[ ${#paths[@]} = 0 ] ||
			remember "$TOOLS $script ${paths[*]}" pristine_findings "$script" "${paths[@]}" </dev/null
	done
}

check() {
	local files sources
	mapfile -t files < <(changed_files | grep '\.[ch]$')
	[ ${#files[@]} != 0 ] || nothing "no C file in the series"
	remark "${#files[@]} files"
	mapfile -t sources < <(printf '%s\n' "${files[@]}" | grep '\.c$')
	remember "$(own_key "${sources[@]}")" own_rules "$TREE" "${sources[@]}"
	TOOLS=$(tools)
	HEADERS=$(cd "$TREE" && printf '%s\n' "${files[@]}" | grep '\.h$' | xargs -r sha256sum)
	: >"$WORK/fresh.log"
	patched "${files[@]}" >"$WORK/linux.log"
	base "$WORK/linux.log" >"$WORK/pristine.log"
	"$LINT/newwarnings.py" new "$WORK/pristine.log" "$WORK/linux.log"
}

# Test all of our own rules, and two of the kernel's scripts: one in Python and one
# in OCaml, which both need packages besides coccinelle.
seed() {
	local script sources
	rm -rf "$WORK/seed"
	cp -r "$SEEDS" "$WORK/seed"
	mapfile -t sources < <(cd "$WORK/seed" && find . -name '*.c' -printf '%P\n' | sort)
	own_rules "$WORK/seed" "${sources[@]}"
	for script in misc/semicolon null/badzero; do
		coccicheck linux "$WORK/seed" "scripts/coccinelle/$script.cocci"
	done
}
