"""The image tower: EfficientNet-Lite with its batch norms folded, as an ONNX graph.

Architecture: EfficientNet (Tan and Le, arXiv 1905.11946) in its Lite form: no
squeeze-and-excitation, ReLU6 for swish, stem and head not scaled by width. Names of the
weights are those of the efficientnet_lite_pytorch package. Padding is TensorFlow's SAME:
where a total is odd, the extra row and column go to the bottom and the right.
"""

import dataclasses
import math

import numpy as np
from onnx import TensorProto

from graph import Graph

BATCH_NORM_EPSILON = 1e-3
FEATURES = 1280

# (repeats, kernel, stride, expansion, filters) of each stage before scaling.
STAGES = [
    (1, 3, 1, 1, 16),
    (2, 3, 2, 6, 24),
    (2, 5, 2, 6, 40),
    (3, 3, 2, 6, 80),
    (3, 5, 1, 6, 112),
    (4, 5, 2, 6, 192),
    (1, 3, 1, 6, 320),
]
STEM = 32


@dataclasses.dataclass(frozen=True)
class Variant:
    name: str
    width: float
    depth: float
    size: int  # pixels a side of the input


LITE0 = Variant("efficientnet-lite0", 1.0, 1.0, 224)
LITE2 = Variant("efficientnet-lite2", 1.1, 1.2, 260)


def scaled_filters(filters, width):
    """Filters times width, to the nearest multiple of 8, never more than 10 % below."""
    wanted = filters * width
    rounded = max(8, int(wanted + 4) // 8 * 8)
    return rounded + 8 if rounded < 0.9 * wanted else rounded


def fold(weights, conv, norm):
    """The convolution's kernel and bias with the batch norm that follows folded in."""
    w = weights[conv + ".weight"].astype(np.float64)
    gamma, beta = (weights[f"{norm}.{k}"].astype(np.float64) for k in ("weight", "bias"))
    mean, var = (weights[f"{norm}.running_{k}"].astype(np.float64) for k in ("mean", "var"))
    scale = gamma / np.sqrt(var + BATCH_NORM_EPSILON)
    return w * scale[:, None, None, None], beta - mean * scale


class Tower:
    """Adds the layers to a graph, keeping track of the side of the feature map."""

    def __init__(self, graph, weights, variant):
        self.g, self.weights, self.variant = graph, weights, variant
        self.side = variant.size
        self.zero = graph.constant("relu6_min", np.float32(0))
        self.six = graph.constant("relu6_max", np.float32(6))

    def conv(self, x, name, conv, norm, stride=1, groups=1, activate=True):
        kernel, bias = fold(self.weights, conv, norm)
        size = kernel.shape[2]
        side = math.ceil(self.side / stride)
        total = max((side - 1) * stride + size - self.side, 0)
        before, after = total // 2, total - total // 2
        self.side = side
        w = self.g.half(name + "_weight", kernel)
        b = self.g.constant(name + "_bias", bias.astype(np.float32))
        x = self.g.node(
            "Conv", [x, w, b], name, kernel_shape=[size, size], strides=[stride, stride],
            pads=[before, before, after, after], group=groups,
        )
        return self.g.node("Clip", [x, self.zero, self.six], name + "_relu6") if activate else x

    def block(self, x, index, expansion, stride, residual):
        name = f"_blocks.{index}."
        out = f"block{index}_"
        y = x
        if expansion != 1:
            y = self.conv(y, out + "expand", name + "_expand_conv", name + "_bn0")
        groups = self.weights[name + "_depthwise_conv.weight"].shape[0]
        y = self.conv(y, out + "depthwise", name + "_depthwise_conv", name + "_bn1", stride, groups)
        y = self.conv(y, out + "project", name + "_project_conv", name + "_bn2", activate=False)
        return self.g.node("Add", [y, x], out + "residual") if residual else y

    def features(self, pixels):
        """Pooled features [batch, 1280] of pixels [batch, 3, size, size]."""
        x = self.conv(pixels, "stem", "_conv_stem", "_bn0", stride=2)
        index, filters = 0, STEM
        for stage, (repeats, _, stride, expansion, out) in enumerate(STAGES):
            out = scaled_filters(out, self.variant.width)
            if stage not in (0, len(STAGES) - 1):  # stem and head keep their depth
                repeats = math.ceil(repeats * self.variant.depth)
            for repeat in range(repeats):
                s = stride if repeat == 0 else 1
                x = self.block(x, index, expansion, s, residual=s == 1 and filters == out)
                index, filters = index + 1, out
        x = self.conv(x, "head", "_conv_head", "_bn1")
        x = self.g.node("GlobalAveragePool", [x], "pooled")
        return self.g.node("Flatten", [x], "features", axis=1)


def trunk(weights, variant):
    """A graph with the input pixel_values and the pooled features in it; no outputs yet."""
    g = Graph(variant.name)
    pixels = g.input("pixel_values", TensorProto.FLOAT, ["batch", 3, variant.size, variant.size])
    Tower(g, weights, variant).features(pixels)
    return g


def classifier(weights, variant):
    """The plain classifier: logits and features. Not shipped; the evaluation reads it."""
    g = trunk(weights, variant)
    w = g.constant("fc_weight", weights["_fc.weight"].T)
    b = g.constant("fc_bias", weights["_fc.bias"])
    g.node("Gemm", ["features", w, b], "logits")
    g.output("logits", TensorProto.FLOAT, ["batch", 1000])
    g.output("features", TensorProto.FLOAT, ["batch", FEATURES])
    return g.model(f"{variant.name}, ImageNet-1k classifier")
