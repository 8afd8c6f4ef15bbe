# SPDX-License-Identifier: GPL-2.0
# case: new documentation is sound reStructuredText and its references resolve
#
# Parses the overlay's .rst files with docutils and simple stand-ins for the
# directives of Sphinx and the kernel, and checks in all new files that the files
# named below Documentation/ exist.
# shellcheck shell=bash
need_packages python3-docutils

# Only Debian's Python finds Debian's docutils.
rst() {
	/usr/bin/python3 "$LINT/rst.py" "$@"
}

# dangling FILE...: Print references to documentation that the tree does not have.
# Names with a wildcard or placeholder are ignored.
dangling() {
	(cd "$TREE" && grep -noE '(\.\./)?\bDocumentation/[A-Za-z0-9_/.-]*\.(rst|txt|yaml)\b' /dev/null "$@") |
		while IFS=: read -r path line name; do
			[ -e "$TREE/${name#../}" ] || printf '%s:%s: there is no %s\n' "$path" "$line" "$name"
		done || true
}

check() {
	local files documents
	mapfile -t files < <(overlay_files .)
	mapfile -t documents < <(overlay_files '^Documentation/.*\.rst$')
	dangling "${files[@]}"
	[ ${#documents[@]} != 0 ] || nothing "the overlay has no .rst file"
	remark "${#documents[@]} documents"
	rst "$TREE" "${documents[@]}"
}

seed() {
	rm -rf "$WORK/seed"
	mkdir -p "$WORK/seed/Documentation"
	cp "$SEEDS/seeded.rst" "$WORK/seed/Documentation"
	cp -r "$TREE/scripts" "$WORK/seed/scripts"
	cp "$TREE/Makefile" "$WORK/seed"
	rst "$WORK/seed" Documentation/seeded.rst
	dangling "$SEEDS/seeded.rst"
}
