#!/usr/bin/env bash
# Compiles bin/clipd. The go command decides what has to be done.
# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"

cd "$root"
started=$SECONDS
[ -e bin/clipd ] || step clipd "compiling; a minute or two the first time"
mkdir -p bin
go build -trimpath -o bin/clipd ./cmd/clipd
step clipd "bin/clipd is built ($((SECONDS - started)) s)"
