# SPDX-License-Identifier: GPL-2.0
# Caches results of commands. A script that sources this file sets MEMORY, a directory of
# out/cache. A key has to cover everything that the result depends on.
# shellcheck shell=bash

# memory_of KEY: Print the path of the cached result for KEY.
memory_of() {
	printf '%s\n' "$OUT/cache/$MEMORY/$(sha256sum <<<"$1" | cut -d' ' -f1)"
}

remembers() {
	[ -f "$(memory_of "$1")" ]
}

# remember KEY COMMAND...: Print the cached output for KEY, or run COMMAND and cache its
# output. A failure is not cached, and exits a shell with errexit and pipefail.
remember() {
	local file draft
	file=$(memory_of "$1")
	draft=$file.$BASHPID
	shift
	if [ -f "$file" ]; then
		touch "$file"
		cat "$file"
	else
		mkdir -p "${file%/*}"
		"$@" | tee "$draft"
		mv "$draft" "$file"
	fi
}
