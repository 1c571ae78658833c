#!/usr/bin/env bash
# Makes build/venv: a Python with the unmodified clients that the tests talk to the server with, at the versions and
# hashes of scripts/requirements-test.txt. Where there is no Python the tests that want it are skipped, loudly.
# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"

requirements=$root/scripts/requirements-test.txt
venv=$root/build/venv
stamp=$venv/requirements.sha256

find_python() {
	local name
	for name in python3 python; do
		if have $name && $name -c 'import sys; sys.exit(sys.version_info < (3, 10))' 2>/dev/null; then
			python=$name
			return 0
		fi
	done
	return 1
}

if matches "$requirements" "$(cat "$stamp" 2>/dev/null)" && "$venv/bin/python" -c 'import openai, numpy, PIL' 2>/dev/null; then
	step python "build/venv is here"
	exit 0
fi
if ! find_python; then
	skipped python "no Python 3.10 or later, so the tests with Python clients will not run (Debian: sudo apt-get install python3 python3-pip)"
	exit 0
fi
step python "making build/venv with the clients of the tests"
rm -rf "$venv"
mkdir -p "$root/build"
# Debian's Python comes without ensurepip; another pip can install into the environment then.
if $python -m venv "$venv" >/dev/null 2>&1; then
	install=("$venv/bin/python" -m pip)
elif $python -m venv --without-pip "$venv" 2>/dev/null && find_pip; then
	install=("${pip[@]}" --python "$venv/bin/python")
else
	rm -rf "$venv"
	skipped python "no venv module and no pip, so the tests with Python clients will not run (Debian: sudo apt-get install python3-venv)"
	exit 0
fi
"${install[@]}" --disable-pip-version-check --quiet install --require-hashes --only-binary :all: --requirement "$requirements" ||
	die "the Python clients could not be installed; is there a network? (rm -rf build/venv, and try again)"
sha 256 "$requirements" >"$stamp"
step python "build/venv is made"
