# SPDX-License-Identifier: GPL-2.0
# The series as commits of a temporary git repository, $REPO: first the upstream files
# that it changes, then a commit for each step with its diff, overlay files and
# message. Sourced after common.sh, with $QUEUE set.
# shellcheck shell=bash disable=SC2154 # what is used here is set elsewhere

# git without the user's settings, which may sign or rewrite commits,
# and without finding the repository around out/, where git apply does nothing.
mail_git() {
	env -u GIT_DIR -u GIT_WORK_TREE -u GIT_INDEX_FILE \
		GIT_CEILING_DIRECTORIES="$OUT" GIT_CONFIG_NOSYSTEM=1 GIT_CONFIG_GLOBAL=/dev/null \
		GIT_AUTHOR_NAME="$NAME" GIT_AUTHOR_EMAIL="$EMAIL" \
		GIT_COMMITTER_NAME="$NAME" GIT_COMMITTER_EMAIL="$EMAIL" \
		GIT_AUTHOR_DATE="$DATE" GIT_COMMITTER_DATE="$DATE" git -c core.fsync=none -C "$REPO" "$@"
}

# git_user: the signer. The date is the last commit's, so the same series
# produces the same mails.
git_user() {
	NAME=$(git -C "$ROOT" config user.name || true)
	EMAIL=$(git -C "$ROOT" config user.email || true)
	if [ -z "$NAME" ] || [ -z "$EMAIL" ]; then
		die "git does not know who signs off: git config --global user.name and user.email"
	fi
	DATE=$(git -C "$ROOT" log -1 --format=%cI 2>/dev/null || date -u +%Y-%m-%dT%H:%M:%SZ)
}

start_repository() {
	rm -rf "$REPO"
	mkdir "$REPO"
	mail_git init -q -b series
	(cd "$PRISTINE" && xargs -d '\n' cp -p --parents -t "$REPO") < <(
		"$QUEUE" touched 1000000
		printf 'MAINTAINERS\n'
	)
	mail_git add -A -f
	mail_git commit -q -m "Linux $(tree_version "$PRISTINE")"
}

# add_overlay PATH: at its path in the kernel tree.
add_overlay() {
	local target=$1
	case $1 in
	Kconfig) target=drivers/iommu/Kconfig.msi ;;
	MAINTAINERS)
		"$ROOT/testbed/tree/maintainers.py" "$ROOT/MAINTAINERS" "$REPO/MAINTAINERS"
		mail_git add MAINTAINERS
		return
		;;
	esac
	mkdir -p "$REPO/$(dirname "$target")"
	cp "$ROOT/$1" "$REPO/$target"
	mail_git add -f "$target"
}

# commit_step NUMBER NAME
commit_step() {
	local path
	mail_git apply --index --allow-empty "$PATCHES/$2"
	"$QUEUE" overlay-of "$1" | while read -r path; do
		add_overlay "$path"
	done
	"$QUEUE" message "$1" | mail_git commit -q -s --cleanup=whitespace -F -
}

# commit_steps NAME...: the commits of these patches, over the pristine files.
commit_steps() {
	local step=0 name
	start_repository
	for name; do
		step=$((step + 1))
		echo "$name"
		commit_step "$step" "$name"
	done
}
