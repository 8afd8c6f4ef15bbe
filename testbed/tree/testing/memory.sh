# SPDX-License-Identifier: GPL-2.0
# What passed is not done again while nothing changed that it depends on. Sourced
# by the series suite.
# shellcheck shell=bash disable=SC2164 # sourced by a script that sets -e

# remembered KEY COMMAND...
remembered() {
	local memory=$OUT/cache/series/$1
	shift
	if [ -f "$memory" ]; then
		diagnostic "passed before with the same content"
		return 0
	fi
	"$@"
	mkdir -p "${memory%/*}"
	touch "$memory"
}

# queue_key: stands for all that the cases without a build depend on: the series,
# the scripts that handle it, the source and the tools.
queue_key() {
	{
		(cd "$ROOT" && find patches packaging CHANGELOG.md Kconfig MAINTAINERS Makefile "${OVERLAY_DIRS[@]}" \
			testbed/{lib,host,tree,kernel,config} testbed/suites/series -type f \
			! -name '*.pyc' -print0 | LC_ALL=C sort -z | xargs -0 sha256sum)
		sed -n 's/^id=//p' "$OUT/pristine.version"
		quilt --version
		git --version
		patch --version
	} | sha256sum | cut -d' ' -f1
}
