#!/usr/bin/env bash
# Checks the scripts themselves.
# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"

cd "$root"
files=(scripts/*.sh .ci/run)
for file in "${files[@]}"; do bash -n "$file"; done
if have shellcheck; then
	shellcheck "${files[@]}"
	step scripts "${#files[@]} checked by shellcheck"
else
	step scripts "${#files[@]} parse"
	skipped shellcheck "it is not installed (Debian: sudo apt-get install shellcheck)"
fi
