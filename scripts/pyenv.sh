#!/usr/bin/env bash
# Makes build/venv: a Python with the unmodified clients that the tests talk to the server with, at the versions and
# hashes of scripts/requirements-test.txt. Where there is no Python the tests that want it are skipped, loudly.
#
# pyenv.sh REQUIREMENTS VENV "MODULES" makes another one, and fails where it can't.
# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"

requirements=${1:-$root/scripts/requirements-test.txt}
venv=${2:-$root/build/venv}
modules=${3:-openai, numpy, PIL}
name=build/$(basename "$venv")
stamp=$venv/requirements.sha256

# without TEXT: the end without an environment; the tests can do without, others can't.
without() {
	[ "$name" = build/venv ] || die "$1"
	skipped python "$1, so the tests with Python clients will not run"
	exit 0
}

find_python() {
	local try
	for try in python3 python; do
		if have $try && $try -c 'import sys; sys.exit(sys.version_info < (3, 10))' 2>/dev/null; then
			python=$try
			return 0
		fi
	done
	return 1
}

if matches "$requirements" "$(cat "$stamp" 2>/dev/null)" && "$venv/bin/python" -c "import $modules" 2>/dev/null; then
	step python "$name is here"
	exit 0
fi
find_python || without "no Python 3.10 or later (Debian: sudo apt-get install python3 python3-pip)"
step python "making $name with $modules"
rm -rf "$venv"
mkdir -p "$root/build"
# Debian's Python comes without ensurepip; another pip can install into the environment then.
if $python -m venv "$venv" >/dev/null 2>&1; then
	install=("$venv/bin/python" -m pip)
elif $python -m venv --without-pip "$venv" 2>/dev/null && find_pip; then
	install=("${pip[@]}" --python "$venv/bin/python")
else
	rm -rf "$venv"
	without "no venv module and no pip (Debian: sudo apt-get install python3-venv)"
fi
"${install[@]}" --disable-pip-version-check --quiet install --require-hashes --only-binary :all: --requirement "$requirements" ||
	die "$modules could not be installed; is there a network? (rm -rf $name, and try again)"
sha 256 "$requirements" >"$stamp"
step python "$name is made"
