# SPDX-License-Identifier: GPL-2.0
# What was done is not done again while nothing changed that it depends on. Who sources
# this sets MEMORY, a directory of out/cache, and gives keys that stand for all of that.
# shellcheck shell=bash

# memory_of KEY: where what is known under a key is kept.
memory_of() {
	printf '%s\n' "$OUT/cache/$MEMORY/$(sha256sum <<<"$1" | cut -d' ' -f1)"
}

remembers() {
	[ -f "$(memory_of "$1")" ]
}

# remember KEY COMMAND...: what the command printed when it last had this key. One that
# fails is not remembered, and ends a shell with errexit and pipefail.
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
