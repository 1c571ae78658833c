#!/usr/bin/env bash
# Compiles bin/clipd. The go command decides what has to be done.
#
#   CLIPD_VERSION   the version that the binary tells; else git's description of the checkout, else "dev"
# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"

cd "$root"
version=${CLIPD_VERSION:-$(git describe --tags --always --dirty 2>/dev/null || echo dev)}
started=$SECONDS
[ -e bin/clipd ] || step clipd "compiling; a minute or two the first time"
mkdir -p bin
go build -trimpath -ldflags "-X main.version=$version" -o bin/clipd ./cmd/clipd
step clipd "bin/clipd $version is built ($((SECONDS - started)) s)"
