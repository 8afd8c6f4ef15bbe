# SPDX-License-Identifier: GPL-2.0
# case: the repository keeps its own rules
#
# No names of package servers, no URIs, no paths of the local machine, an SPDX line
# in each source file, executable bits that match the first line, and mails that
# match the overlay.
# shellcheck shell=bash disable=SC2164 # sourced by a script that sets -e

# package_hosts: Print the package servers that this machine uses.
package_hosts() {
	# shellcheck disable=SC2016 # apt's own variables
	! command -v apt-get >/dev/null || apt-get indextargets --format '$(REPO_URI)' |
		sed -nE 's,^[a-z+]+://([^/:]+).*,\1,p' | sort -u
}

apt_sources() {
	find /etc/apt \( -name '*.sources' -o -name '*.list' \) -exec cat {} +
}

# rules REPOSITORY PLACE: Check the files on stdin, which must not name the directory PLACE.
rules() {
	local hosts
	mapfile -t hosts < <(remember "$(sums "$LINT/$LINTER.sh") $(apt_sources)" package_hosts)
	"$LINT/rules.py" "$1" "$2" "$PRISTINE" "${hosts[@]}"
}

check() {
	local files
	mapfile -t files < <(project_files)
	remark "${#files[@]} files"
	printf '%s\n' "${files[@]}" | rules "$ROOT" "$ROOT"
}

# A small repository with one violation of each rule. Strings that no file may
# contain are assembled here.
seed() {
	local repository=$WORK/seed
	rm -rf "$repository"
	cp -r "$SEEDS" "$repository"
	cd "$repository"
	printf 'server=%s.%s.%s\n' ftp debian org >testbed/server.config
	printf 'see %s://%s\n' https example.com/page >testbed/uri.config
	printf 'source=%s/out/linux\n' "$ROOT" >testbed/place.config
	printf 'source=/%s/someone/linux\n' home >testbed/home.config
	chmod 644 testbed/not-executable
	chmod 755 testbed/executable.c
	find . -type f -printf '%P\n' | rules "$repository" "$ROOT"
}
