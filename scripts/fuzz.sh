#!/usr/bin/env bash
# Runs every fuzz target for a while, one after another.
#
#   scripts/fuzz.sh 20s
# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"

cd "$root"
time=${1:-20s}
targets=0
while IFS=: read -r file name; do
	package=./$(dirname "$file")
	step fuzz "$package $name for $time"
	# Minimising a find counts no runs, and takes up to a minute where it isn't bounded.
	go test -run '^$' -fuzz "^$name\$" -fuzztime "$time" -fuzzminimizetime 20x "$package"
	targets=$((targets + 1))
done < <(find . -name '*_test.go' -not -path './build/*' -print0 | sort -z |
	xargs -0 grep -oHE '^func Fuzz[A-Za-z0-9_]+' | sed 's/^\.\///; s/:func /:/')
[ "$targets" -gt 0 ] || die "there are no fuzz targets"
step fuzz "$targets targets found nothing"
