"""The text tower: all-MiniLM-L6-v2 (a 6-layer BERT) as an ONNX graph.

Three forms of the same weights: fp32 (the reference, not shipped), and two with 8-bit
weights. Pooling is not in the graph: 1_Pooling/config.json asks the reader for the mean
over the attention mask, as with any sentence-transformers folder.
"""

import numpy as np
from onnx import TensorProto

from graph import Graph

HIDDEN, HEADS, LAYERS, INTERMEDIATE = 384, 12, 6, 1536
HEAD = HIDDEN // HEADS
EPSILON = 1e-12


class Tower:
    def __init__(self, graph, weights, linear, embedding):
        self.g, self.weights = graph, weights
        self.make_linear, self.make_embedding = linear, embedding

    def const(self, name):
        return self.g.constant(name, self.weights[name])

    def linear(self, x, out, prefix):
        weight = self.weights[prefix + ".weight"].T
        y = self.make_linear(self.g, x, out, weight)
        return self.g.node("Add", [y, self.const(prefix + ".bias")], out)

    def norm(self, x, out, prefix):
        scale, bias = self.const(prefix + ".weight"), self.const(prefix + ".bias")
        return self.g.node("LayerNormalization", [x, scale, bias], out, axis=-1, epsilon=EPSILON)

    def shapes(self):
        g = self.g
        g.constant("split_heads", np.array([0, 0, HEADS, HEAD], np.int64))
        g.constant("qkv_sizes", np.full(3, HIDDEN, np.int64))
        g.constant("merge_heads", np.array([0, 0, HIDDEN], np.int64))
        g.constant("score_scale", np.float32(1 / np.sqrt(HEAD)))
        g.constant("gelu_sqrt2", np.float32(np.sqrt(2)))
        g.constant("one", np.float32(1))
        g.constant("half", np.float32(0.5))

    def embeddings(self):
        g = self.g
        words = self.make_embedding(g, "input_ids", "words", self.weights["embeddings.word_embeddings.weight"])
        types = g.node(
            "Gather", [self.const("embeddings.token_type_embeddings.weight"), "token_type_ids"], "types"
        )
        length = g.node("Shape", ["input_ids"], "length", start=1, end=2)
        start = g.constant("zero_1d", np.array([0], np.int64))
        table = self.const("embeddings.position_embeddings.weight")
        positions = g.node("Slice", [table, start, length], "positions")
        x = g.node("Add", [g.node("Add", [words, types], "words_types"), positions], "embedded")
        return self.norm(x, "embedding_norm", "embeddings.LayerNorm")

    def mask(self):
        """0 where a token is real, the least float32 where it is padding: [batch, 1, 1, seq]."""
        g = self.g
        axes = g.constant("mask_axes", np.array([1, 2], np.int64))
        m = g.node("Cast", ["attention_mask"], "mask_float", to=TensorProto.FLOAT)
        m = g.node("Unsqueeze", [m, axes], "mask_4d")
        m = g.node("Sub", ["one", m], "mask_inverse")
        least = g.constant("mask_least", np.float32(np.finfo(np.float32).min))
        return g.node("Mul", [m, least], "mask_bias")

    def project(self, x, out, prefix):
        """Query, key and value [batch, seq, 3 * hidden] from one product."""
        parts = [f"{prefix}.attention.self.{part}" for part in ("query", "key", "value")]
        weight = np.concatenate([self.weights[p + ".weight"].T for p in parts], axis=1)
        bias = np.concatenate([self.weights[p + ".bias"] for p in parts])
        y = self.make_linear(self.g, x, out + "_qkv", weight)
        y = self.g.node("Add", [y, self.g.constant(out + "_qkv_bias", bias)], out + "_qkv")
        names = [f"{out}_{part}" for part in ("query", "key", "value")]
        return self.g.node_many("Split", [y, "qkv_sizes"], names, axis=2)

    def attention(self, x, out, prefix):
        g = self.g
        heads = []
        perms = ([0, 2, 1, 3], [0, 2, 3, 1], [0, 2, 1, 3])
        for y, perm in zip(self.project(x, out, prefix), perms):
            split = g.node("Reshape", [y, "split_heads"], y + "_split")
            heads.append(g.node("Transpose", [split], y + "_heads", perm=perm))
        scores = g.node("MatMul", heads[:2], out + "_scores")
        scores = g.node("Mul", [scores, "score_scale"], out + "_scaled")
        scores = g.node("Add", [scores, "mask_bias"], out + "_masked")
        probabilities = g.node("Softmax", [scores], out + "_softmax", axis=-1)
        y = g.node("MatMul", [probabilities, heads[2]], out + "_context")
        y = g.node("Transpose", [y], out + "_context_t", perm=[0, 2, 1, 3])
        y = g.node("Reshape", [y, "merge_heads"], out + "_merged")
        y = self.linear(y, out + "_dense", f"{prefix}.attention.output.dense")
        y = g.node("Add", [y, x], out + "_sum")
        return self.norm(y, out, f"{prefix}.attention.output.LayerNorm")

    def gelu(self, x, out):
        """x * (1 + erf(x / √2)) / 2, in the shape the session's fusion looks for."""
        g = self.g
        y = g.node("Div", [x, "gelu_sqrt2"], out + "_div")
        y = g.node("Erf", [y], out + "_erf")
        y = g.node("Add", [y, "one"], out + "_plus")
        y = g.node("Mul", [x, y], out + "_mul")
        return g.node("Mul", [y, "half"], out)

    def layer(self, x, index):
        prefix, out = f"encoder.layer.{index}", f"layer{index}"
        x = self.attention(x, out + "_attention", prefix)
        y = self.linear(x, out + "_intermediate", prefix + ".intermediate.dense")
        y = self.gelu(y, out + "_gelu")
        y = self.linear(y, out + "_output", prefix + ".output.dense")
        y = self.g.node("Add", [y, x], out + "_sum")
        name = "last_hidden_state" if index == LAYERS - 1 else out
        return self.norm(y, name, prefix + ".output.LayerNorm")

    def build(self):
        for name in ("input_ids", "attention_mask", "token_type_ids"):
            self.g.input(name, TensorProto.INT64, ["batch", "sequence"])
        self.shapes()
        self.mask()
        x = self.embeddings()
        for index in range(LAYERS):
            x = self.layer(x, index)
        self.g.output("last_hidden_state", TensorProto.FLOAT, ["batch", "sequence", HIDDEN])


def linear_fp32(g, x, out, weight):
    return g.node("MatMul", [x, g.constant(out + "_weight", weight)], out + "_matmul")


def embedding_fp32(g, ids, out, table):
    return g.node("Gather", [g.constant(out + "_table", table), ids], out)


def embedding_int8(g, ids, out, table):
    """Rows of int8 with a scale each; a row is turned to float after it is looked up."""
    scale = np.abs(table).max(axis=1, keepdims=True) / 127
    rows = g.constant(out + "_table", np.rint(table / scale).clip(-127, 127).astype(np.int8))
    scales = g.constant(out + "_scale", scale.astype(np.float32))
    y = g.node("Gather", [rows, ids], out + "_int8")
    y = g.node("Cast", [y], out + "_float", to=TensorProto.FLOAT)
    return g.node("Mul", [y, g.node("Gather", [scales, ids], out + "_row_scale")], out)


def linear_dynamic(g, x, out, weight, top=64):
    """Dynamic int8: one scale for all of x, one a column of the weight. top 64 keeps 7 bits."""
    scale = (np.abs(weight).max(axis=0) / top).astype(np.float32)
    w = g.constant(out + "_weight", np.rint(weight / scale).clip(-top, top).astype(np.int8))
    g.node_many("DynamicQuantizeLinear", [x], [out + "_q", out + "_q_scale", out + "_q_zero"])
    zero = g.constant(out + "_zero", np.zeros(weight.shape[1], np.int8))
    y = g.node("MatMulInteger", [out + "_q", w, out + "_q_zero", zero], out + "_int32")
    y = g.node("Cast", [y], out + "_float", to=TensorProto.FLOAT)
    s = g.node("Mul", [out + "_q_scale", g.constant(out + "_scale", scale)], out + "_both_scales")
    return g.node("Mul", [y, s], out + "_matmul")


def linear_blocks(g, x, out, weight, block=32, level=4):
    """8-bit blocks (com.microsoft.MatMulNBits): a scale for every `block` inputs of a column,
    and at level 4 one for every `block` values of each row of x, so that no row's result
    depends on its neighbours in the batch."""
    inputs, outputs = weight.shape
    groups = weight.T.reshape(outputs, inputs // block, block)
    scale = np.abs(groups).max(axis=2, keepdims=True) / 127
    q = (np.rint(groups / scale).clip(-127, 127) + 128).astype(np.uint8)
    w = g.constant(out + "_weight", q)
    s = g.constant(out + "_scale", scale[:, :, 0].astype(np.float32).reshape(-1))
    return g.node(
        "MatMulNBits", [x, w, s], out + "_matmul", domain="com.microsoft",
        K=inputs, N=outputs, bits=8, block_size=block, accuracy_level=level,
    )


def linear_stored(g, x, out, weight):
    """8-bit in the file, float32 in the session: Cast and Mul are folded when it loads."""
    scale = np.abs(weight).max(axis=0) / 127
    w = g.constant(out + "_weight_i8", np.rint(weight / scale).clip(-127, 127).astype(np.int8))
    w = g.node("Cast", [w], out + "_weight_float", to=TensorProto.FLOAT)
    w = g.node("Mul", [w, g.constant(out + "_scale", scale.astype(np.float32))], out + "_weight")
    return g.node("MatMul", [x, w], out + "_matmul")


def tower(weights, linear=linear_fp32, embedding=embedding_fp32):
    g = Graph("all-MiniLM-L6-v2")
    Tower(g, weights, linear, embedding).build()
    return g.model("all-MiniLM-L6-v2, token states; pool with the mean over attention_mask")
