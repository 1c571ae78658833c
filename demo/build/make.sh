#!/usr/bin/env bash
# Makes the demo's photographs again, with the packages and hashes of requirements.txt. Wants Python 3.11 on Linux,
# for the pinned wheels are of these.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

python3 -m venv "$work/venv"
"$work/venv/bin/pip" --disable-pip-version-check --quiet install --require-hashes --no-deps --only-binary :all: \
	--requirement "$here/requirements.txt"
"$work/venv/bin/pip" --disable-pip-version-check --quiet download --require-hashes --no-deps --only-binary :all: \
	--python-version 311 --implementation cp --abi cp311 --platform manylinux_2_17_x86_64 \
	--dest "$work" --requirement "$here/wheel.txt"
"$work/venv/bin/python" "$here/build.py" "$work"/scikit_image-*.whl "$@"
