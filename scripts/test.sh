#!/usr/bin/env bash
# Formatting, vet and all tests. Ends with the line "N passed, N failed, N skipped".
# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"

cd "$root"
step gofmt "checking"
unformatted=$(find . -name '*.go' -not -path './build/*' -print0 | xargs -0 gofmt -l)
[ -z "$unformatted" ] || die "not formatted; run \`gofmt -w\` on: $unformatted"
step vet "checking (compiles everything; minutes the first time)"
go vet ./...
step tests "running"
go test -json "$@" ./... | go run ./scripts/testsum
