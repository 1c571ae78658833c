#!/usr/bin/env bash
# Makes the goldens of package preprocess again: pictures in all formats, and what Pillow and transformers make of them.
# The environment is build/goldens/pillow, of requirements.txt.
# shellcheck source=../../../scripts/lib.sh
. "$(dirname "$0")/../../../scripts/lib.sh"

here=$root/preprocess/testdata/goldens
venv=$root/build/goldens/pillow
"$root/scripts/pyenv.sh" "$here/requirements.txt" "$venv" "PIL, pillow_heif, simplejpeg, imagecodecs, transformers, onnxruntime"
step goldens "pictures in all formats"
"$venv/bin/python" -W ignore "$here/make.py"
step goldens "the starter model on some of them"
"$venv/bin/python" -W ignore "$root/models/testdata/make.py"
