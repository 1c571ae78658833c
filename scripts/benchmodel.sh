#!/usr/bin/env bash
# Makes build/bench-model: CLIP ViT-B/32 in full size with random weights, plain and quantised, to measure with.
#
#   clipd bench encode --model build/bench-model [--variant quantized]
# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"

source=$root/scripts/benchmodel
model=$root/build/bench-model
stamp=$model/made-by.sha256

made_by() { cat "$source/benchmodel.py" "$source/requirements.txt" | sha 256 /dev/stdin; }

if [ "$(made_by)" = "$(cat "$stamp" 2>/dev/null)" ]; then
	step benchmodel "build/bench-model is here"
	exit 0
fi
"$root/scripts/pyenv.sh" "$source/requirements.txt" "$root/build/venv-bench" "numpy, onnx, onnxruntime"
step benchmodel "making build/bench-model (about 750 MB)"
rm -rf "$model" "$model.new"
"$root/build/venv-bench/bin/python" "$source/benchmodel.py" "$model.new" 2> >(grep -v 'run pre-processing before quantization' >&2)
made_by >"$model.new/made-by.sha256"
mv "$model.new" "$model"
step benchmodel "build/bench-model is made"
