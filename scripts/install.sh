#!/usr/bin/env bash
# Installs clipd below a prefix, with the ONNX Runtime library where it looks for it; or removes both.
#
#   scripts/install.sh PREFIX
#   scripts/install.sh --remove PREFIX
# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"

if [ "${1:-}" = --remove ]; then
	prefix=${2:?a prefix}
	rm -f "$prefix/bin/clipd"
	rm -rf "$prefix/lib/clipd"
	step uninstall "clipd is gone from $prefix"
	exit 0
fi
prefix=${1:?a prefix}
shopt -s nullglob
libraries=("$root"/build/lib/libonnxruntime* "$root"/build/lib/onnxruntime-*)
[ "${#libraries[@]}" -gt 0 ] || [ -n "${CLIPD_ORT_LIB:-}" ] || die "build/lib holds no ONNX Runtime; run \`make deps\`"
mkdir -p "$prefix/bin" "$prefix/lib/clipd" 2>/dev/null ||
	die "$prefix cannot be written; choose another by \`make install PREFIX=\$HOME/.local\`, or run it with sudo"
install -m 755 "$root/bin/clipd" "$prefix/bin/clipd"
for file in "${libraries[@]}"; do install -m 644 "$file" "$prefix/lib/clipd/"; done
step install "$prefix/bin/clipd, libraries in $prefix/lib/clipd"
