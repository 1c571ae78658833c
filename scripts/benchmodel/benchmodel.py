"""Makes a model to measure with: CLIP ViT-B/32 in full size, with random weights, in the layout of Hugging Face.

    python benchmodel.py FOLDER

A run of it takes as long as a run of the trained model; what its vectors say is noise. The graphs have the operators that
PyTorch's exporter writes for transformers' CLIPTextModelWithProjection and CLIPVisionModelWithProjection (opset 17):
sizes as in the paper (Radford et al., arXiv 2103.00020, table 20). The folder also gets the usual quantised
pair: dynamic, per tensor, 8-bit weights; unsigned in the graph that has a Conv, for ConvInteger of ONNX Runtime's CPU
takes no signed ones.

The tokenizer has CLIP's form and size, with a vocabulary that is counted up and not learned.
The same versions make the same bytes: the seed is fixed.
"""

import itertools
import json
import pathlib
import string
import sys

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper
from onnxruntime.quantization import QuantType, quantize_dynamic

DIM = 512  # of the common space
CONTEXT, VOCABULARY = 77, 49408
TEXT = {"width": 512, "heads": 8, "layers": 12}
VISION = {"width": 768, "heads": 12, "layers": 12, "image": 224, "patch": 32}


class Graph:
    """Nodes and weights in the order in which they are made."""

    def __init__(self, name, seed):
        self.name, self.random = name, np.random.default_rng(seed)
        self.nodes, self.weights, self.count = [], [], itertools.count()

    def op(self, kind, *inputs, **attributes):
        output = f"{kind}_{next(self.count)}"
        self.nodes.append(helper.make_node(kind, list(inputs), [output], name=output, **attributes))
        return output

    def constant(self, values, dtype=None):
        name = f"constant_{next(self.count)}"
        self.weights.append(numpy_helper.from_array(np.asarray(values, dtype), name))
        return name

    def weight(self, *shape, scale):
        return self.constant(self.random.standard_normal(shape, np.float32) * np.float32(scale))

    def linear(self, x, rows, columns, bias=True):
        y = self.op("MatMul", x, self.weight(rows, columns, scale=rows**-0.5))
        return self.op("Add", self.weight(columns, scale=0.02), y) if bias else y

    def norm(self, x, width):
        scale, bias = self.constant(np.ones(width, np.float32)), self.weight(width, scale=0.02)
        return self.op("LayerNormalization", x, scale, bias, axis=-1, epsilon=1e-5)

    def heads(self, x, heads, size):
        """[batch, sequence, width] to [batch, heads, sequence, size]."""
        return self.op("Transpose", self.op("Reshape", x, self.constant([0, -1, heads, size], np.int64)), perm=[0, 2, 1, 3])

    def attention(self, x, width, heads, mask):
        size = width // heads
        q, k, v = (self.heads(self.linear(x, width, width), heads, size) for _ in range(3))
        q = self.op("Mul", q, self.constant(size**-0.5, np.float32))
        scores = self.op("MatMul", q, self.op("Transpose", k, perm=[0, 1, 3, 2]))
        if mask:
            scores = self.op("Add", scores, mask)
        mixed = self.op("MatMul", self.op("Softmax", scores, axis=-1), v)
        mixed = self.op("Transpose", mixed, perm=[0, 2, 1, 3])
        return self.linear(self.op("Reshape", mixed, self.constant([0, -1, width], np.int64)), width, width)

    def perceptron(self, x, width):
        """Two layers with OpenAI's "quick" GELU between them: x * sigmoid(1.702 x)."""
        x = self.linear(x, width, 4 * width)
        gate = self.op("Sigmoid", self.op("Mul", x, self.constant(1.702, np.float32)))
        return self.linear(self.op("Mul", x, gate), 4 * width, width)

    def transformer(self, x, width, heads, layers, mask=None):
        for _ in range(layers):
            x = self.op("Add", x, self.attention(self.norm(x, width), width, heads, mask))
            x = self.op("Add", x, self.perceptron(self.norm(x, width), width))
        return x

    def model(self, inputs, output, source):
        self.nodes.append(helper.make_node("Identity", [source], [output], name=output))
        graph = helper.make_graph(
            self.nodes, self.name, inputs,
            [helper.make_tensor_value_info(output, TensorProto.FLOAT, ["batch_size", DIM])], self.weights)
        model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8, producer_name="benchmodel.py")
        onnx.checker.check_model(model)
        return model


def text_model():
    g, width = Graph("text", 1), TEXT["width"]
    ids = "input_ids"
    length = g.op("Gather", g.op("Shape", ids), g.constant(1, np.int64), axis=0)
    lengths = g.op("Unsqueeze", length, g.constant([0], np.int64))
    positions = g.op("Range", g.constant(0, np.int64), length, g.constant(1, np.int64))
    x = g.op("Add", g.op("Gather", g.weight(VOCABULARY, width, scale=0.02), ids, axis=0),
             g.op("Gather", g.weight(CONTEXT, width, scale=0.01), positions, axis=0))
    square = g.op("Expand", g.constant(-np.inf, np.float32), g.op("Concat", lengths, lengths, axis=0))
    causal = g.op("Trilu", square, g.constant(1, np.int64), upper=1)
    x = g.norm(g.transformer(x, width, TEXT["heads"], TEXT["layers"], causal), width)
    # The vector is that of the end token, which has the largest id.
    end = g.op("ArgMax", ids, axis=1, keepdims=0)
    rows = g.op("Range", g.constant(0, np.int64), g.op("Gather", g.op("Shape", ids), g.constant(0, np.int64), axis=0), g.constant(1, np.int64))
    where = g.op("Concat", *(g.op("Unsqueeze", i, g.constant([1], np.int64)) for i in (rows, end)), axis=1)
    vector = g.linear(g.op("GatherND", x, where), width, DIM, bias=False)
    return g.model([helper.make_tensor_value_info(ids, TensorProto.INT64, ["batch_size", "sequence_length"])], "text_embeds", vector)


def vision_model():
    g, width, side = Graph("vision", 2), VISION["width"], VISION["patch"]
    patches = VISION["image"] // side
    pixels = "pixel_values"
    x = g.op("Conv", pixels, g.weight(width, 3, side, side, scale=(3 * side * side) ** -0.5), kernel_shape=[side, side], strides=[side, side])
    x = g.op("Transpose", g.op("Reshape", x, g.constant([0, width, patches * patches], np.int64)), perm=[0, 2, 1])
    batch = g.op("Gather", g.op("Shape", pixels), g.constant([0], np.int64), axis=0)
    shape = g.op("Concat", batch, g.constant([1, width], np.int64), axis=0)
    x = g.op("Concat", g.op("Expand", g.weight(1, 1, width, scale=0.02), shape), x, axis=1)
    x = g.norm(g.op("Add", x, g.weight(1, patches * patches + 1, width, scale=0.02)), width)
    x = g.transformer(x, width, VISION["heads"], VISION["layers"])
    first = g.op("Gather", x, g.constant(0, np.int64), axis=1)
    vector = g.linear(g.norm(first, width), width, DIM, bias=False)
    return g.model([helper.make_tensor_value_info(pixels, TensorProto.FLOAT, ["batch_size", 3, VISION["image"], VISION["image"]])], "image_embeds", vector)


END_OF_WORD = "</w>"


def byte_letters():
    """The printable letters that stand for the 256 bytes, in the order of byte-level BPE."""
    plain = [*range(33, 127), *range(161, 173), *range(174, 256)]
    others = (chr(256 + i) for i in range(256))
    return [chr(b) for b in plain] + [next(others) for b in range(256) if b not in plain]


def merges():
    """As many merges as CLIP has: pairs of letters, then pairs with a third, then with a fourth."""
    letters, count = string.ascii_lowercase, VOCABULARY - 512 - 2
    pairs = ((a, b) for a in letters for b in letters)
    ends = ((a, b + END_OF_WORD) for a in letters for b in letters)
    triples = ((a + b, c + end) for a in letters for b in letters for c in letters for end in (END_OF_WORD, ""))
    fours = ((a + b, c + d) for a in letters for b in letters for c in letters for d in letters)
    return list(itertools.islice(itertools.chain(pairs, ends, triples, fours), count))


def tokenizer():
    letters, pairs = byte_letters(), merges()
    names = letters + [letter + END_OF_WORD for letter in letters] + [a + b for a, b in pairs] + ["<|startoftext|>", "<|endoftext|>"]
    assert len(names) == len(set(names)) == VOCABULARY
    vocabulary = {name: i for i, name in enumerate(names)}
    start, end = vocabulary["<|startoftext|>"], vocabulary["<|endoftext|>"]
    words = r"<\|startoftext\|>|<\|endoftext\|>|'s|'t|'re|'ve|'m|'ll|'d|[\p{L}]+|[\p{N}]|[^\s\p{L}\p{N}]+"
    special = {"single_word": False, "lstrip": False, "rstrip": False, "normalized": False, "special": True}
    return {
        "version": "1.0", "truncation": None, "padding": None,
        "added_tokens": [{"id": i, "content": names[i], **special} for i in (start, end)],
        "normalizer": {"type": "Sequence", "normalizers": [
            {"type": "NFC"}, {"type": "Replace", "pattern": {"Regex": r"\s+"}, "content": " "}, {"type": "Lowercase"}]},
        "pre_tokenizer": {"type": "Sequence", "pretokenizers": [
            {"type": "Split", "pattern": {"Regex": words}, "behavior": "Removed", "invert": True},
            {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": True, "use_regex": True}]},
        "post_processor": {"type": "RobertaProcessing", "sep": [names[end], end], "cls": [names[start], start],
                           "trim_offsets": False, "add_prefix_space": False},
        "decoder": {"type": "ByteLevel", "add_prefix_space": True, "trim_offsets": True, "use_regex": True},
        "model": {"type": "BPE", "dropout": None, "unk_token": names[end], "continuing_subword_prefix": "",
                  "end_of_word_suffix": END_OF_WORD, "fuse_unk": False, "byte_fallback": False, "vocab": vocabulary,
                  "merges": [f"{a} {b}" for a, b in pairs]},
    }


def side_files():
    tower = {"num_hidden_layers": 12, "projection_dim": DIM, "hidden_act": "quick_gelu"}
    return {
        "config.json": {
            "model_type": "clip", "projection_dim": DIM,
            "text_config": {**tower, "model_type": "clip_text_model", "hidden_size": TEXT["width"], "max_position_embeddings": CONTEXT, "vocab_size": VOCABULARY},
            "vision_config": {**tower, "model_type": "clip_vision_model", "hidden_size": VISION["width"], "image_size": VISION["image"], "patch_size": VISION["patch"]}},
        "preprocessor_config.json": {
            "image_processor_type": "CLIPImageProcessor", "do_resize": True, "size": {"shortest_edge": VISION["image"]}, "resample": 3,
            "do_center_crop": True, "crop_size": {"height": VISION["image"], "width": VISION["image"]}, "do_convert_rgb": True,
            "do_rescale": True, "rescale_factor": 1 / 255, "do_normalize": True,
            "image_mean": [0.48145466, 0.4578275, 0.40821073], "image_std": [0.26862954, 0.26130258, 0.27577711]},
        "tokenizer_config.json": {"model_max_length": CONTEXT, "pad_token": "<|endoftext|>", "tokenizer_class": "CLIPTokenizer"},
        "clipd.json": {"note": "Random weights, to measure with: it finds nothing."},
        "tokenizer.json": tokenizer(),
    }


def main(folder):
    graphs = folder / "onnx"
    graphs.mkdir(parents=True, exist_ok=True)
    for name, content in side_files().items():
        (folder / name).write_text(json.dumps(content, ensure_ascii=False, indent=None) + "\n")
    for name, make, weights in ("text_model", text_model, QuantType.QInt8), ("vision_model", vision_model, QuantType.QUInt8):
        plain = graphs / f"{name}.onnx"
        onnx.save(make(), plain)
        quantize_dynamic(plain, graphs / f"{name}_quantized.onnx", weight_type=weights)


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    main(pathlib.Path(sys.argv[1]))
