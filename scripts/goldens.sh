#!/usr/bin/env bash
# Makes the reference answers again that tests compare with. Each folder testdata/goldens holds its own make.sh, which
# pins the reference implementation that it asks.
# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"

cd "$root"
made=0
while read -r script; do
	step goldens "$script"
	(cd "$(dirname "$script")" && ./make.sh)
	made=$((made + 1))
done < <(find . -path '*/testdata/goldens/make.sh' -not -path './build/*' | sort)
[ "$made" -gt 0 ] || skipped goldens "no package has a testdata/goldens/make.sh"
