#!/usr/bin/env bash
# Tries the OpenVINO execution provider: puts the library of the Python package onnxruntime-openvino, whose hash is
# pinned here, into build/openvino (330 MB) and runs the families' tests on it, beside their reference implementations.
#
#   CLIPD_ORT_LIB=build/openvino bin/clipd --provider openvino doctor      to use it afterwards
# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"

# Newer than this one there is none, 2026-11-25.
version=1.24.1
wheel_sha256=3007c803634cc69c6d52af1dea7ce729d9bb62b9a11070fd2f959119199007a8
target=$root/build/openvino

[ "$(platform)" = linux-x86_64 ] || die "onnxruntime-openvino is pinned for Linux on x86_64 only"
if [ "$(cat "$target/wheel.sha256" 2>/dev/null)" = "$wheel_sha256" ]; then
	step openvino "$version is in build/openvino"
else
	find_pip || die "pip is missing; it fetches onnxruntime-openvino"
	scratch
	step openvino "fetching $version by pip (84 MB)"
	echo "onnxruntime-openvino==$version --hash=sha256:$wheel_sha256" >"$scratch_dir/requirements.txt"
	"${pip[@]}" --disable-pip-version-check download --quiet --no-deps --require-hashes --only-binary :all: \
		--platform manylinux_2_28_x86_64 --python-version 311 --implementation cp --abi cp311 \
		--dest "$scratch_dir" --requirement "$scratch_dir/requirements.txt" || die "onnxruntime-openvino could not be fetched"
	python3 -m zipfile -e "$scratch_dir"/onnxruntime_openvino-*.whl "$scratch_dir"
	rm -rf "$target"
	mkdir -p "$target"
	cp "$scratch_dir"/onnxruntime/{LICENSE,ThirdPartyNotices.txt} "$scratch_dir"/onnxruntime/capi/lib*.so* "$target"
	echo "$wheel_sha256" >"$target/wheel.sha256"
	step openvino "$version is in build/openvino"
fi
cd "$root"
CLIPD_ORT_LIB=$target CLIPD_TEST_PROVIDER=openvino go test -count 1 -v \
	-run '^Test(Provider|KeepSignal|Famil|Combined|Variants|Pictures|Idle)' ./internal/ort ./models |
	grep -E '^(ok|FAIL|panic|signal|---)|^ +--- FAIL|_test.go:'
