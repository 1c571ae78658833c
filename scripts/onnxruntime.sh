#!/usr/bin/env bash
# Puts the ONNX Runtime shared library into build/lib, out of a package whose hash is pinned here: the Python wheel
# onnxruntime by pip or, where there is no pip, the npm package onnxruntime-node by npm, its scripts never run.
# Only the library (and the wheel's licence texts) is kept; its own hash is pinned too.
#
#   scripts/onnxruntime.sh              fetches what is missing
#   scripts/onnxruntime.sh --ready      says by its exit status whether nothing has to be fetched
#   scripts/onnxruntime.sh --with pip   fetches by pip only (or: npm), whatever is here
# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"

version=1.27.0
system=$(platform)

# Both packages were fetched and their contents hashed on 2026-11-24. The two builds of one version differ (npm's has
# WebGPU compiled in), hence two hashes a library.
case $system in
linux-x86_64)
	library=libonnxruntime.so.$version
	wheel_platform=manylinux_2_28_x86_64
	wheel_sha256=7c65a7438632d55dfbc8a02ee60bd6cf7dd9d1ba05a43d4b851452f32338e194
	wheel_library_sha256=b5c9d4f124d24707f514dad926dc181820807178855df1c528e3addb2dd0e6f7
	npm_path=linux/x64/libonnxruntime.so.1
	npm_library_sha256=d8aff4aa8abee8fb2abb2f2f2459ffc94461e781e41b9f7c072829dd0d470221
	;;
linux-aarch64)
	library=libonnxruntime.so.$version
	wheel_platform=manylinux_2_28_aarch64
	wheel_sha256=c6fddce0539a4898c7bef35b052ffd37935b2190e35488eab99ce91887743ea1
	wheel_library_sha256=9275ef52956228686ae47b0219f67476a1148505084bdc5571e7bf1bf69b11f2
	npm_path=linux/arm64/libonnxruntime.so.1
	npm_library_sha256=c36bc200e7e6c093b8abb0b34590fbdd8c52fd3fb5e33795b9523ffdde2fce0f
	;;
darwin-arm64)
	library=libonnxruntime.$version.dylib
	wheel_platform=macosx_14_0_arm64
	wheel_sha256=a14c2ce45312def86b77aea651f46565e45960cf5f0721bfdff449165086ab76
	wheel_library_sha256=49422a138fff12d7fcbd544373aefbffd510e473e08e18af28a8ecc3581029bf
	npm_path=darwin/arm64/libonnxruntime.1.27.0.dylib
	npm_library_sha256=89f692a3a1a224e4ad0b796b0e7c0bd81113b0741bfe84211eceef14d05a9e59
	;;
esac
npm_package_sha512=404cc6c2bbcd060bf8b8f55d9db1ec3861b81ba4fdea676570523c68028f8cc53cc0e3e956870f5dbea4dd01a46996a0553bf61bd0679dba3a67725d5ebd5f43

target=$root/build/lib/$library
cache=$(cache_dir "onnxruntime-$version-$system")

pinned() { matches "$1" "$wheel_library_sha256" || matches "$1" "$npm_library_sha256"; }

# by_pip: the same wheel whatever Python runs pip, since only a file in it is wanted.
by_pip() {
	local pip
	find_pip || return 1
	step onnxruntime "fetching $version by pip (about 18 MB)"
	echo "onnxruntime==$version --hash=sha256:$wheel_sha256" >"$scratch_dir/requirements.txt"
	"${pip[@]}" --disable-pip-version-check download --quiet --no-deps --require-hashes --only-binary :all: \
		--platform "$wheel_platform" --python-version 312 --implementation cp --abi cp312 \
		--dest "$scratch_dir" --requirement "$scratch_dir/requirements.txt" || return 1
	local wheels=("$scratch_dir"/onnxruntime-*.whl)
	matches "${wheels[0]}" "$wheel_sha256" || die "the wheel ${wheels[0]##*/} is not the pinned one"
	unpack_wheel "${wheels[0]}" || return 1
	fetched=$scratch_dir/onnxruntime/capi/$library
	matches "$fetched" "$wheel_library_sha256" || die "the library in the wheel is not the pinned one"
}

# unpack_wheel FILE: a wheel is a zip archive; Python is there where pip is.
unpack_wheel() {
	local python
	for python in python3 python; do
		if have $python && $python -m zipfile -e "$1" "$scratch_dir"; then return 0; fi
	done
	have unzip && unzip -q -o "$1" -d "$scratch_dir"
}

by_npm() {
	have npm || return 1
	step onnxruntime "fetching $version by npm (about 101 MB)"
	(cd "$scratch_dir" && npm pack --ignore-scripts --silent "onnxruntime-node@$version" >/dev/null) || return 1
	local package=$scratch_dir/onnxruntime-node-$version.tgz
	[ "$(sha 512 "$package")" = "$npm_package_sha512" ] || die "the npm package is not the pinned one"
	tar -xzf "$package" -C "$scratch_dir" "package/bin/napi-v6/$npm_path"
	fetched=$scratch_dir/package/bin/napi-v6/$npm_path
	matches "$fetched" "$npm_library_sha256" || die "the library in the npm package is not the pinned one"
}

# keep: puts what was fetched, and the licence texts where there are any, into build/lib and the cache.
keep() {
	local text
	place "$fetched" "$target"
	for text in LICENSE ThirdPartyNotices.txt; do
		if [ -f "$scratch_dir/onnxruntime/$text" ]; then
			place "$scratch_dir/onnxruntime/$text" "$root/build/lib/onnxruntime-$text"
		fi
	done
	[ -z "$cache" ] || place "$fetched" "$cache/$library"
	step onnxruntime "$version is in build/lib"
}

case "${1:-}" in
--ready)
	pinned "$target" || { [ -n "$cache" ] && pinned "$cache/$library"; }
	exit
	;;
--with)
	scratch
	"by_${2:?pip or npm}" || die "ONNX Runtime could not be fetched by $2"
	keep
	exit
	;;
esac

if [ -n "${CLIPD_ORT_LIB:-}" ]; then
	step onnxruntime "yours, $CLIPD_ORT_LIB (from CLIPD_ORT_LIB)"
elif pinned "$target"; then
	step onnxruntime "$version is here"
elif [ -n "$cache" ] && pinned "$cache/$library"; then
	place "$cache/$library" "$target"
	step onnxruntime "$version taken from the cache"
else
	scratch
	by_pip || by_npm || die "ONNX Runtime $version could not be fetched by pip or npm; is there a network?" \
		"Or set CLIPD_ORT_LIB to a library of your own, version 1.24 or later."
	keep
fi
