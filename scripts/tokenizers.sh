#!/usr/bin/env bash
# Builds build/lib/libtokenizers.a from the Rust source inside the pinned Go module daulet/tokenizers: crates only,
# at the versions of its Cargo.lock. The result is kept in the user's cache for the next checkout.
#
#   scripts/tokenizers.sh           builds what is missing
#   scripts/tokenizers.sh --ready   says by its exit status whether nothing has to be built
# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"

module=github.com/daulet/tokenizers
version=$(cd "$root" && awk -v m="$module" '$1 == m || $2 == m { for (i = 1; i <= NF; i++) if ($i ~ /^v[0-9]/) { print $i; exit } }' go.mod)
[ -n "$version" ] || die "go.mod does not require $module"

key=tokenizers-${version#v}-$(platform)
target=$root/build/lib/libtokenizers.a
stamp=$target.stamp # "KEY SHA256" of the library beside it
cache=$(cache_dir "$key")

# whole FILE STAMP: whether the library is of this version and undamaged. (Rust's output differs from machine to
# machine, so no hash can be pinned: the stamp holds the one of the day it was built.)
whole() { [ -f "$1" ] && [ -f "$2" ] && [ "$(cat "$2")" = "$key $(sha 256 "$1")" ]; }

if whole "$target" "$stamp"; then
	[ "${1:-}" = --ready ] || step libtokenizers.a "${version#v} is here"
	exit 0
fi
if [ -n "$cache" ] && whole "$cache/libtokenizers.a" "$cache/stamp"; then
	[ "${1:-}" != --ready ] || exit 0
	place "$cache/libtokenizers.a" "$target"
	place "$cache/stamp" "$stamp"
	step libtokenizers.a "${version#v} taken from the cache"
	exit 0
fi
[ "${1:-}" != --ready ] || exit 1

have cargo || die "cargo is missing; scripts/preflight.sh says how to install it"
started=$SECONDS
step libtokenizers.a "building ${version#v} with cargo; a minute or two, once"
# Checked against go.sum by the go command.
source=$(cd "$root" && go mod download -json "$module@$version" | sed -n 's/^[[:space:]]*"Dir": "\(.*\)",\{0,1\}$/\1/p')
[ -n "$source" ] || die "the module $module@$version could not be fetched; is there a network?"
work=$root/build/tokenizers
mkdir -p "$work"
rm -rf "$work/src"
cp -R "$source" "$work/src" # the module cache is read-only
chmod -R u+w "$work/src"
flags=(--release --locked)
[ -t 2 ] || flags+=(--quiet) # a bar on a terminal, silence in a log
(cd "$work/src" && CARGO_TARGET_DIR=$work/target cargo build "${flags[@]}")
place "$work/target/release/libtokenizers.a" "$target"
echo "$key $(sha 256 "$target")" >"$stamp.new" && mv "$stamp.new" "$stamp"
if [ -n "$cache" ]; then
	place "$target" "$cache/libtokenizers.a"
	place "$stamp" "$cache/stamp"
fi
rm -rf "$work"
step libtokenizers.a "built in $((SECONDS - started)) s"
