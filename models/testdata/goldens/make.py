"""Makes the small models of every family and what their reference implementations answer: see README.md."""

import argparse
import base64
import gzip
import hashlib
import json
import logging
import pathlib
import platform
import shutil
import tempfile
import warnings
import zipfile

import numpy as np
import onnxruntime
import open_clip
import PIL
import sentence_transformers
import timm
import tokenizers
import torch
import torchvision
import transformers

import families
import sentences
import towers

HERE = pathlib.Path(__file__).parent
ROOT = HERE.parents[2]
# From the repository's root: photographs, and the corners of file formats.
PICTURES = [
    "demo/photos/cat.jpg", "demo/photos/coffee.jpg", "demo/photos/cameraman.jpg", "preprocess/testdata/decode/rgb.png",
    "preprocess/testdata/decode/palettealpha.png", "preprocess/testdata/decode/lossless.webp",
]
TEXTS = [
    "a photo of a cat", "", "Zwei Kinder im Regen, 1937", "два велосипеда", "一张猫的照片", "🚀 rocket launch!!", "  white\t\nspace   runs  ", "“curly” ﬁne &amp; dandy",
    "before </s> after [SEP] and <|endoftext|> too", "don't stop it's 3.14 %", "the quick brown fox jumps over the lazy dog " * 30, "A_B c-d",
]


def versions():
    modules = (torch, torchvision, transformers, tokenizers, open_clip, timm, sentence_transformers, onnxruntime, np, PIL)
    return {"python": platform.python_version(), **{m.__name__: m.__version__ for m in modules}}


def levels(family, pixels):
    """Pixel values as levels of 0 to 255, [height, width, 3], in base64."""
    mean, std = (np.array(v, np.float64).reshape(3, 1, 1) for v in (family.mean, family.std))
    plain = np.round((pixels * std + mean) * 255)
    return base64.b64encode(plain.clip(0, 255).astype(np.uint8).transpose(1, 2, 0).tobytes()).decode()


def rounded(vector):
    return [round(float(x), 7) for x in vector]


def answers(family):
    golden = {"family": family.name, "reference": family.reference, "versions": versions(), "texts": [], "pictures": []}
    for text in TEXTS:
        golden["texts"].append({"text": text, "ids": family.ids(text), "vector": rounded(family.text(text))})
    for i, name in enumerate(PICTURES if family.image else []):
        pixels = family.pixels(families.opened(ROOT / name))
        kept = {"levels": levels(family, pixels)} if i in (0, 4) else {}
        golden["pictures"].append({"file": name, **kept, "vector": rounded(family.image(pixels))})
    return golden


def fingerprints(family, texts):
    """Of each text's ids, written as "1 2 3", the first four bytes of the SHA-256."""
    packed = b"".join(hashlib.sha256(" ".join(map(str, family.ids(t))).encode()).digest()[:4] for t in texts)
    return base64.b64encode(packed).decode()


def variant_answers(family, folder):
    """What ONNX Runtime makes of the other variants' graphs, fed as the family is."""
    golden = {"versions": versions(), "variants": {}}
    for variant in ("fp16", "uint8", "int8", "q4"):
        text = onnxruntime.InferenceSession(folder / f"onnx/text_model_{variant}.onnx")
        texts = [text.run(["text_embeds"], {"input_ids": np.array([family.ids(t)], np.int64)})[0] for t in TEXTS]
        kept = {"texts": [rounded(families.unit(v)) for v in texts]}
        if variant != "int8":  # ONNX Runtime 1.23.2 lacks an operator of its image tower
            image = onnxruntime.InferenceSession(folder / f"onnx/vision_model_{variant}.onnx")
            pixels = [family.pixels(families.opened(ROOT / n))[None] for n in PICTURES]
            kept["pictures"] = [rounded(families.unit(image.run(["image_embeds"], {"pixel_values": p})[0])) for p in pixels]
        golden["variants"][variant] = kept
    return golden


def pack(folder, path, only=lambda name: True):
    """A folder as a ZIP file, byte for byte the same at every call."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as packed:
        for file in sorted(folder.rglob("*")):
            name = file.relative_to(folder).as_posix()
            if file.is_file() and only(name):
                packed.writestr(zipfile.ZipInfo(name), file.read_bytes(), zipfile.ZIP_DEFLATED, 9)


def keep(path, content):
    path.parent.mkdir(parents=True, exist_ok=True)
    lines = json.dumps(content, ensure_ascii=False, separators=(",", ":")).replace('{"text":', '\n{"text":').replace('{"file":', '\n{"file":')
    path.write_text(lines + "\n")


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=pathlib.Path, default=HERE.parent)
    args = parser.parse_args()
    warnings.filterwarnings("ignore")
    logging.disable(logging.WARNING)
    transformers.logging.set_verbosity_error()
    torch.manual_seed(0)
    torch.set_num_threads(1)
    texts = sentences.everything()
    kept = args.out / "families"
    shutil.rmtree(kept, ignore_errors=True)
    kept.mkdir(parents=True)
    with gzip.GzipFile(args.out / "sentences.json.gz", "wb", mtime=0) as packed:
        packed.write(json.dumps(texts, ensure_ascii=True).encode())
    ids = {"versions": versions(), "sentences": len(texts), "tokenizers": {}}
    with tempfile.TemporaryDirectory() as scratch:
        root = pathlib.Path(scratch)
        for family in families.everything(root):
            print(family.name, flush=True)
            folder = root / family.name
            if family.name == "clip":
                towers.variants(folder)
                keep(kept / "clip-variants.json", variant_answers(family, folder))
                pack(folder, kept / "clip-variants.zip", lambda name: "model_" in name)
            pack(folder, kept / f"{family.name}.zip", lambda name: "model_" not in name)
            keep(kept / f"{family.name}.json", answers(family))
            if family.corpus:
                ids["tokenizers"][family.name] = fingerprints(family, texts)
    keep(args.out / "ids.json", ids)


if __name__ == "__main__":
    main()
