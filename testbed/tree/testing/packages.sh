# SPDX-License-Identifier: GPL-2.0
# Cases of the series suite: the release for distributions. Sourced.
# shellcheck shell=bash disable=SC2034,SC2164 # sourced by a script that sets -e

PACKAGE_CASES=(
	the_release_is_whole_and_its_recipes_take_each_mail
	b4_shazam_takes_the_release_and_gives_the_assembled_tree
	the_configuration_of_debian_takes_the_fragment
)

# made_release: the release of this series, made once. A name of this length is folded in
# mails; git would not read back one of more than 60 characters.
RELEASE_NAME='Somebody Whose Name and Address Need Two Lines of a Mail'
made_release() {
	local name
	[ ! -d "$LOG/release" ] || return 0
	for name in packaging COPYING README.md CHANGELOG.md UPSTREAM-MAP.md; do
		cp -a "$ROOT/$name" .
	done
	as_git_user "$RELEASE_NAME" in_sandbox testbed/tree/release
	mv out/release "$LOG/release"
}

steps_count() {
	"$ROOT/testbed/tree/patchqueue.py" steps | wc -l
}

the_release_is_whole_and_its_recipes_take_each_mail() {
	local top
	rm -rf "$LOG/release"
	made_release
	cd "$LOG/release"
	sha256sum -c SHA256SUMS
	[ "$(wc -l <SHA256SUMS)" = $(($(find . -type f | wc -l) - 1)) ]
	cmp CHANGELOG.md "$ROOT/CHANGELOG.md"
	trap 'rm -rf "$LOG/unpacked"' EXIT
	mkdir "$LOG/unpacked"
	tar xf msi-doorbells-*.tar.xz -C "$LOG/unpacked"
	top=$(find "$LOG/unpacked" -mindepth 1 -maxdepth 1 -type d)
	[ "$(find "$top/mails" -type f | wc -l)" = $(($(steps_count) + 1)) ]
	diff -r "$ROOT/patches" "$top/patches"
	diff -r "$ROOT/tools/iommu" "$top/tools/iommu"
	nix_takes_all "$top"
	yocto_takes_all "$top"
}

# nix_takes_all TOP: on a stand-in for Nixpkgs.
nix_takes_all() {
	nix-instantiate --store dummy:// --eval --strict --json --expr "
		import $1/packaging/linux-msi-doorbells.nix {
			pkgs.linux_6_12.override = f: f { kernelPatches = [ { name = \"own\"; } ]; };
		}" >"$LOG/nix.json"
	python3 - "$LOG/nix.json" "$1" <<-'END'
	import json, pathlib, sys
	patches = json.load(open(sys.argv[1]))["kernelPatches"]
	mails = sorted(p.name for p in pathlib.Path(sys.argv[2], "mails").glob("[0-9]*.patch"))
	assert [p["name"] for p in patches] == ["own", *mails[1:], "msi-doorbells-config"], patches
	# Nix names the copy of a file by its content and name.
	assert all(p["patch"].endswith(f"-{p['name']}") for p in patches[1:-1]), patches
	lines = patches[-1]["extraConfig"].splitlines()
	wanted = pathlib.Path(sys.argv[2], "packaging/kernel.config").read_text().splitlines()
	assert lines == [w[7:].replace("=", " ") for w in wanted if w.startswith("CONFIG_")], lines
	END
}

# yocto_takes_all TOP: its code, on a stand-in for BitBake's data.
yocto_takes_all() {
	python3 - "$1" <<-'END'
	import pathlib, re, sys
	top = pathlib.Path(sys.argv[1])
	text = (top / "packaging/linux-yocto_6.12.bbappend").read_text()
	code = re.search(r"^python \(\) \{\n(.*?)^\}", text, re.S | re.M)[1]
	class Data(dict):
	    getVar = dict.get
	    def appendVar(self, name, value):
	        self[name] = self.get(name, "") + value
	data = Data(MSI_DOORBELLS=str(top))
	exec("def run(d):\n" + code)
	run(data)
	mails = sorted((top / "mails").glob("[0-9]*.patch"))[1:]
	assert data["SRC_URI"].split() == [f"file://{mail}" for mail in mails], data["SRC_URI"]
	END
}

b4_shazam_takes_the_release_and_gives_the_assembled_tree() {
	local path
	made_release
	rm -rf "$LOG/am"
	cp -a "$SMALL" "$LOG/am"
	trap 'rm -rf "$LOG/am" "$LOG/b4.home"' EXIT
	am_git init -q
	am_git add -A -f
	am_git commit -q -m pristine
	mkdir -p "$LOG/b4.home"
	(
		cd "$LOG/am"
		HOME=$LOG/b4.home GIT_CEILING_DIRECTORIES=$LOG as_git_user testbed \
			b4 --offline-mode shazam -m "$LOG"/release/*.mbox
	)
	diff <(subjects) <(am_git log --reverse --format=%s | tail -n +2)
	[ "$(am_git log -1 --format=%an)" = "$RELEASE_NAME" ]
	while read -r path; do
		cmp "$LOG/am/$path" "$TREE/$path"
	done < <(paths_of_series)
}

# kernel/configure checks that each symbol of the fragment takes effect.
the_configuration_of_debian_takes_the_fragment() {
	local config symbol
	trap 'rm -rf "$LOG/deb" "$LOG/deb.state"' EXIT
	config=$(CONFIG=debian DEB_DIR=$LOG/deb "$ROOT/testbed/kernel/deb" --configure)
	for symbol in IOMMUFD=m ARM_SMMU_V3_NESTED=y ARM_SMMU_NESTED=y VFIO_FSL_MC=m; do
		grep -x "CONFIG_$symbol" "$config"
	done
	# What no defconfig has so many of.
	[ "$(grep -c '=m$' "$config")" -gt 3000 ]
}
