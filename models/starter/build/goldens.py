"""Goldens of the shipped graphs: what Python and ONNX Runtime make of the files in ../files.

text.json    the sentences of text_reference.json through the quantised graph
images.json  pictures made by a formula: pixel values by Pillow, vectors by the graph

How Go tests read them is in ../testdata/README.md.
"""

import argparse
import json
import pathlib
import platform

import numpy as np
import onnxruntime
import PIL
import tokenizers
from PIL import Image

import embed

HERE = pathlib.Path(__file__).resolve().parent
MAX_TOKENS = 256

# name, width, height, seed. Ratios, odd sides, smaller and larger than the crop.
PICTURES = [
    ("square", 292, 292, 1), ("landscape", 640, 427, 2), ("portrait", 333, 500, 3), ("wide", 901, 120, 4),
    ("tall", 97, 700, 5), ("small", 64, 48, 6), ("large", 1600, 1201, 7),
]


def picture(width, height, seed):
    """RGB [height, width, 3] in whole numbers only, so that any language makes the same bytes:
    a slope in red, rings in green, a woven texture in blue, and bright blocks over them."""
    y, x = np.mgrid[0:height, 0:width].astype(np.int64)
    red = (x * 255 // width + seed * 31) % 256
    dx, dy = 2 * x - width, 2 * y - height
    green = ((dx * dx + dy * dy) // (40 + 3 * seed)) % 256
    blue = ((x * (seed + 2)) ^ (y * (seed + 3))) % 256
    rgb = np.stack([red, green, blue], axis=2)
    block = (x // (16 + seed) + y // 24) % 5 == 0
    rgb[block] = (240, 20 * seed, 90)
    return rgb.astype(np.uint8)


def pixel_values(rgb, config):
    """[3, side, side] float32 as CLIPImageProcessor does with this preprocessor_config.json."""
    image = Image.fromarray(rgb)
    short, (w, h) = config["size"]["shortest_edge"], image.size
    size = (short, int(short * h / w)) if w <= h else (int(short * w / h), short)
    image = image.resize(size, Image.Resampling(config["resample"]))
    cw, ch = config["crop_size"]["width"], config["crop_size"]["height"]
    left, top = (size[0] - cw) // 2, (size[1] - ch) // 2
    image = image.crop((left, top, left + cw, top + ch))
    scaled = np.asarray(image, np.float64) * config["rescale_factor"]
    values = (scaled - config["image_mean"]) / config["image_std"]
    return values.transpose(2, 0, 1).astype(np.float32)


def rounded(values, digits=6):
    return [round(float(v), digits) for v in np.ravel(values)]


def image_goldens(files):
    config = json.loads((files / "preprocessor_config.json").read_text())
    session = embed.session(str(files / "onnx/vision_model.onnx"))
    rows = []
    for name, width, height, seed in PICTURES:
        rgb = picture(width, height, seed)
        pixels = pixel_values(rgb, config)
        vector = session.run(["image_embeds"], {"pixel_values": pixels[None]})[0][0]
        rows.append({
            "name": name, "width": width, "height": height, "seed": seed,
            "rgb_sum": int(rgb.astype(np.int64).sum()),
            "rgb_corner": [int(v) for v in rgb[-1, -1]],
            "pixel_shape": list(pixels.shape),
            "pixel_mean": rounded(pixels.mean(axis=(1, 2), dtype=np.float64)),
            "pixel_std": rounded(pixels.std(axis=(1, 2), dtype=np.float64)),
            "pixel_samples": rounded(pixels[:, ::37, ::37]),
            "vector": rounded(vector),
        })
    return rows


def text_goldens(files, reference):
    embedder = embed.Embedder(str(files / "onnx/text_model.onnx"), (files / "tokenizer.json").read_text(), MAX_TOKENS)
    rows = []
    for row in reference:
        ids = embedder.ids(row["text"])
        if ids != row["ids"]:
            raise SystemExit(f"{row['text']!r}: ids differ from the reference's")
        if "vector" not in row:
            continue
        vector = embedder([row["text"]])[0]
        cosine = float(vector @ np.array(row["vector"]))
        rows.append({"text": row["text"], "cosine_with_reference": round(cosine, 6), "vector": rounded(vector)})
    return rows


def write(path, made_by, key, rows):
    text = json.dumps({"made_by": made_by, key: rows}, ensure_ascii=True)
    for first in ("text", "name"):
        text = text.replace('{"%s"' % first, '\n{"%s"' % first)
    path.write_text(text + "\n")
    print(f"{path.name}: {path.stat().st_size} bytes")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--files", type=pathlib.Path, default=HERE.parent / "files")
    parser.add_argument("--out", type=pathlib.Path, default=HERE.parent / "testdata")
    args = parser.parse_args()
    made_by = {
        "script": "build/goldens.py", "python": platform.python_version(), "numpy": np.__version__,
        "onnxruntime": onnxruntime.__version__, "tokenizers": tokenizers.__version__, "pillow": PIL.__version__,
    }
    reference = json.loads((args.out / "text_reference.json").read_text())["sentences"]
    write(args.out / "text.json", made_by, "sentences", text_goldens(args.files, reference))
    write(args.out / "images.json", made_by, "pictures", image_goldens(args.files))


if __name__ == "__main__":
    main()
