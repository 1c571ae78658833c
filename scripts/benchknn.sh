#!/usr/bin/env bash
# Makes build/venv-knn: a Python with the vector indexes that `clipd bench knn --peers` measures beside clipd's, at the
# versions and hashes of scripts/benchknn/requirements.txt. hnswlib is compiled, which needs a C++ compiler.
#
#   clipd bench knn --peers --python build/venv-knn/bin/python
# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"

requirements=$root/scripts/benchknn/requirements.txt
venv=$root/build/venv-knn
stamp=$venv/requirements.sha256

if matches "$requirements" "$(cat "$stamp" 2>/dev/null)" && "$venv/bin/python" -c "import hnswlib, faiss, usearch" 2>/dev/null; then
	step benchknn "build/venv-knn is here"
	exit 0
fi
step benchknn "making build/venv-knn with hnswlib, faiss and usearch"
rm -rf "$venv"
mkdir -p "$root/build"
python3 -m venv "$venv" || die "python3 cannot make environments (Debian: sudo apt-get install python3-venv python3-dev g++)"
pip=("$venv/bin/python" -m pip --disable-pip-version-check --quiet install --require-hashes --requirement "$requirements")
# What builds hnswlib comes first, since its own build may fetch nothing that has no hash.
tools=$(mktemp)
trap 'rm -f "$tools"' EXIT
awk '/^[a-z]/ { keep = /^(numpy|pybind11|setuptools|wheel|packaging)==/ } keep' "$requirements" >"$tools"
"$venv/bin/python" -m pip --disable-pip-version-check --quiet install --require-hashes --only-binary :all: --requirement "$tools" ||
	die "numpy, pybind11 and setuptools could not be installed; is there a network?"
"${pip[@]}" --no-build-isolation || die "hnswlib, faiss and usearch could not be installed (Debian: sudo apt-get install python3-dev g++)"
sha 256 "$requirements" >"$stamp"
step benchknn "build/venv-knn is made"
