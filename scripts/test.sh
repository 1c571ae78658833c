#!/usr/bin/env bash
# Formatting, vet and all tests; one that fails does not hide the others. Ends with the line
# "N passed, N failed, N skipped".
# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"

cd "$root"
bad=()

step gofmt "checking"
unformatted=$(find . -name '*.go' -not -path './build/*' -print0 | xargs -0 gofmt -l)
if [ -n "$unformatted" ]; then
	printf 'not formatted; run gofmt -w on:\n%s\n' "$unformatted"
	bad+=(gofmt)
fi
step vet "checking (compiles everything; minutes the first time)"
go vet ./... || bad+=(vet)
step tests "running"
go test -json "$@" ./... | go run ./scripts/testsum || bad+=(tests)

[ "${#bad[@]}" -eq 0 ] || die "failed: ${bad[*]}"
