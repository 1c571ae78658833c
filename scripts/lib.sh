# What the scripts share. To be sourced by bash; not a script of its own.
# shellcheck shell=bash

set -euo pipefail

# The repository's root, whatever the working directory is.
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
export root

# Colours for a terminal, nothing for a log.
if [ -t 1 ] && [ -z "${NO_COLOR:-}" ]; then
	bold=$'\e[1m' green=$'\e[32m' yellow=$'\e[33m' red=$'\e[31m' plain=$'\e[0m'
else
	bold='' green='' yellow='' red='' plain=''
fi
export bold green yellow red plain

# step NAME TEXT: one aligned line per step of the set-up.
step() { printf '%s%-16s%s %s\n' "$bold" "$1" "$plain" "$2"; }

# skipped NAME TEXT: what is not done, in a colour that is seen.
skipped() { printf '%s%-16s SKIPPED: %s%s\n' "$yellow" "$1" "$2" "$plain"; }

# die TEXT...: the reason on stderr, and the end.
die() {
	printf '%serror:%s %s\n' "$red" "$plain" "$*" >&2
	exit 1
}

have() { command -v "$1" >/dev/null 2>&1; }

# sha SIZE FILE: the SHA-256 or SHA-512 of a file, in hexadecimal.
sha() {
	if have "sha${1}sum"; then
		"sha${1}sum" "$2" | cut -d' ' -f1
	else
		shasum -a "$1" "$2" | cut -d' ' -f1
	fi
}

# matches FILE SHA256: whether the file is there and is the one meant.
matches() { [ -f "$1" ] && [ "$(sha 256 "$1")" = "$2" ]; }

# cache_dir NAME: a folder that outlives this checkout; empty where there is no home.
cache_dir() {
	local base=${XDG_CACHE_HOME:-${HOME:+$HOME/.cache}}
	[ -n "$base" ] || return 0
	local dir=$base/clipd/build/$1
	if mkdir -p "$dir" 2>/dev/null && [ -w "$dir" ]; then printf '%s' "$dir"; fi
}

# place FILE TARGET: copies into place in one step, so that an interrupted run leaves no half file.
place() {
	mkdir -p "$(dirname "$2")"
	cp "$1" "$2.new.$$"
	mv -f "$2.new.$$" "$2"
}

# scratch: a temporary folder that goes when the script ends.
scratch() {
	scratch_dir=$(mktemp -d)
	trap 'rm -rf "$scratch_dir"' EXIT
}

# platform: linux-x86_64, linux-aarch64 or darwin-arm64, or the end with what to do.
platform() {
	local os machine
	os=$(uname -s) machine=$(uname -m)
	case "$os/$machine" in
	Linux/x86_64 | Linux/amd64) printf linux-x86_64 ;;
	Linux/aarch64 | Linux/arm64) printf linux-aarch64 ;;
	Darwin/arm64) printf darwin-arm64 ;;
	*) die "no ONNX Runtime package is pinned for $os on $machine (there is one for Linux on x86_64 and aarch64 and for" \
		"macOS on arm64); build or install version 1.24 or later yourself and set CLIPD_ORT_LIB to the library" ;;
	esac
}

# at_least HAVE WANT: compares dotted versions.
at_least() {
	[ "$(printf '%s\n%s\n' "$2" "$1" | sort -t. -k1,1n -k2,2n -k3,3n | head -n 1)" = "$2" ]
}

# find_pip: a pip that can download, as words in the array pip; false where there is none.
find_pip() {
	local try
	for try in "pip3" "pip" "python3 -m pip"; do
		read -ra pip <<<"$try"
		if "${pip[@]}" --version >/dev/null 2>&1; then return 0; fi
	done
	pip=()
	return 1
}
