"""Makes starter.json: what Python's own tools make of the starter model, for the tests of package models.

`make goldens` runs it, in the environment of preprocess/testdata/goldens: its pictures are from there.

Texts go through the crate tokenizers, the graph, mean pooling and normalisation as sentence-transformers has them; pictures
through Pillow, transformers' image processor and the graph. Run it again when the starter's files change.
"""

import hashlib
import json
import pathlib

import numpy as np
import onnxruntime
import PIL
import tokenizers
import transformers
from PIL import Image, ImageOps

HERE = pathlib.Path(__file__).parent
MODEL = HERE.parent / "starter" / "files"
PICTURES = HERE.parent.parent / "preprocess" / "testdata" / "decode"

TEXTS = [
    "a photo of a cat", "", "coffee", "A motorcycle stands in front of a garage door.", "日本語の文章です", "Ünïcödé naïve façade",
    "🚀 rocket launch!!", "SKU-1234", "  white\t\nspace   runs  ", "don't stop — it's 3.14 %", "supercalifragilisticexpialidocious " * 3,
    "the quick brown fox jumps over the lazy dog " * 60, "مرحبا بالعالم", "Привет, мир",
]
NAMES = ["rgb420.jpg", "rgb444.jpg", "orientation6.jpg", "progressive.jpg", "cmyk.jpg", "grey.jpg", "rgba.png", "lossy.webp", "palette.bmp"]


def text_vectors():
    session = onnxruntime.InferenceSession(MODEL / "onnx/text_model.onnx")
    tokenizer = tokenizers.Tokenizer.from_file(str(MODEL / "tokenizer.json"))
    tokenizer.no_padding()
    tokenizer.enable_truncation(json.loads((MODEL / "sentence_bert_config.json").read_text())["max_seq_length"])
    for text in TEXTS:
        ids = tokenizer.encode(text).ids
        row = np.array([ids], np.int64)
        feed = {"input_ids": row, "attention_mask": np.ones_like(row), "token_type_ids": np.zeros_like(row)}
        names = [i.name for i in session.get_inputs()]
        outputs = [o.name for o in session.get_outputs()]
        states = dict(zip(outputs, session.run(outputs, {n: feed[n] for n in names})))
        vector = states["text_embeds"][0] if "text_embeds" in states else states["last_hidden_state"][0].mean(0)
        yield {"text": text, "ids": ids, "vector": unit(vector)}


def picture_vectors():
    session = onnxruntime.InferenceSession(MODEL / "onnx/vision_model.onnx")
    config = json.loads((MODEL / "preprocessor_config.json").read_text())
    kind = config.pop("image_processor_type")
    processor = getattr(transformers, kind)(**config)
    for name in NAMES:
        with Image.open(PICTURES / name) as img:
            img = ImageOps.exif_transpose(img).convert("RGB")
        values = processor(img, return_tensors="np")["pixel_values"].astype(np.float32)
        yield {"file": name, "vector": unit(session.run(["image_embeds"], {"pixel_values": values})[0][0])}


def unit(vector):
    return [round(float(x), 6) for x in vector / np.linalg.norm(vector)]


def sha256(name):
    return hashlib.sha256((MODEL / name).read_bytes()).hexdigest()


if __name__ == "__main__":
    golden = {
        "versions": {m.__name__: m.__version__ for m in (onnxruntime, tokenizers, transformers, np, PIL)},
        "sha256": {n: sha256(n) for n in ("onnx/text_model.onnx", "onnx/vision_model.onnx", "tokenizer.json", "preprocessor_config.json")},
        "texts": list(text_vectors()),
        "pictures": list(picture_vectors()),
    }
    (HERE / "starter.json").write_text(json.dumps(golden, ensure_ascii=False, separators=(",", ":")) + "\n")
