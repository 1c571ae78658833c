"""The head that turns a classifier into a tower: ConSE, with fitted class vectors and a visual part.

ConSE (Norouzi et al., arXiv 1312.5650) places a picture at the sum of the text vectors of its
ten likeliest classes, weighted by probability. Two things differ here:

 1. A class's vector is not the plain text vector of its name but fitted by ridge regression, so
    that its product with the text vector of a phrase says how well the phrase names the class:
    1 for its own names, less for broader kinds, a soft-thresholded similarity for other words,
    0 for the names of other classes. The names of a thousand classes crowd together in the text
    space; this pulls them apart.
 2. Beside this semantic part stands a visual one that knows no classes: the pooled features,
    projected into the directions of the text space in which texts have the least power. Texts
    hardly see it; two copies of one picture share it, two pictures of one kind do not.

The semantic part s has the length |s| / √(|s|² + softness²): nearly 1 for a picture that the
classifier recognises, less for one whose likely classes have nothing in common.
"""

import dataclasses
import re

import numpy as np

from graph import Graph
from vision import FEATURES

DIM = 384
TEMPLATES = ("{name}", "a photo of {a_name}", "a picture of {a_name}")
KIND_TEMPLATES = ("{name}", "a photo of {a_name}")


@dataclasses.dataclass(frozen=True)
class Options:
    temperature: float = 0.8  # of the softmax over the 1,000 logits
    top: int = 10  # classes that count
    kind_weight: float = 0.1  # weight of a broader kind, times √(classes of that kind)
    kind_target: float = 0.5  # product wanted between a class and its kind
    word_weight: float = 0.1  # weight of all other words together, in classes' worth
    word_threshold: float = 0.3  # similarity below which a word has nothing to do with a class
    ridge: float = 0.3
    visual_dims: int = 96  # directions given to the visual part
    visual_weight: float = 0.7  # its length, beside a semantic part of at most 1
    softness: float = 0.1  # length of the sum at which the semantic part counts 0.7
    seed: int = 20


@dataclasses.dataclass(frozen=True)
class Label:
    wnid: str
    names: list
    kinds: list


def read_labels(path):
    labels = []
    with open(path, encoding="utf-8") as f:
        for line in f:
            if line.startswith("#"):
                continue
            wnid, names, kinds = line.rstrip("\n").split("\t")
            labels.append(Label(wnid, names.split("|"), [k for k in kinds.split("|") if k]))
    if len(labels) != 1000 or any(a.wnid >= b.wnid for a, b in zip(labels, labels[1:])):
        raise ValueError(f"{path}: want 1,000 classes in ascending order of WordNet id, found {len(labels)}")
    return labels


def phrase(template, name):
    article = "an" if name[0].lower() in "aeiou" else "a"
    return template.format(name=name, a_name=f"{article} {name}")


def words(vocabulary):
    """Every second plain word of four letters or more: a sample of the language."""
    return sorted(w for w in vocabulary if re.fullmatch("[a-z]{4,}", w))[::2]


class Targets:
    """Accumulates (text, weight, {class: wanted product}) without doubling texts."""

    def __init__(self):
        self.rows = {}

    def add(self, text, weight, wanted):
        row = self.rows.setdefault(text, [0.0, {}])
        row[0] += weight
        for index, value in wanted.items():
            row[1][index] = max(value, row[1].get(index, 0))

    def arrays(self, classes):
        weights = np.array([w for w, _ in self.rows.values()])
        wanted = np.zeros((len(self.rows), classes))
        for r, (_, row) in enumerate(self.rows.values()):
            for index, value in row.items():
                wanted[r, index] = value
        return list(self.rows), weights, wanted


def targets(labels, options):
    t = Targets()
    for index, label in enumerate(labels):
        texts = [phrase(p, n) for n in label.names for p in TEMPLATES]
        for text in texts:
            t.add(text, 1 / len(texts), {index: 1.0})
    for kind in sorted({k for label in labels for k in label.kinds}):
        members = [i for i, label in enumerate(labels) if kind in label.kinds]
        for template in KIND_TEMPLATES:
            weight = options.kind_weight * np.sqrt(len(members)) / len(KIND_TEMPLATES)
            t.add(phrase(template, kind), weight, dict.fromkeys(members, options.kind_target))
    return t.arrays(len(labels))


def name_similarity(labels, vectors, embed):
    """Cosine of each vector with the nearest of each class's names: [vectors, classes]."""
    names = embed([n for label in labels for n in label.names])
    ends = np.cumsum([len(label.names) for label in labels])
    parts = np.split(vectors @ names.T, ends[:-1], axis=1)
    return np.stack([p.max(axis=1) for p in parts], axis=1)


def class_vectors(labels, vocabulary, embed, options):
    """The matrix [classes, 384] whose product with a text's vector says what the text names."""
    texts, weights, wanted = targets(labels, options)
    q = embed(texts).astype(np.float64)
    gram = (q * weights[:, None]).T @ q
    right = (q * weights[:, None]).T @ wanted
    v = embed(words(vocabulary)).astype(np.float64)
    t = options.word_threshold
    soft = np.clip((name_similarity(labels, v, embed) - t) / (1 - t), 0, None)
    share = options.word_weight * len(labels) / len(v)
    gram += share * v.T @ v
    right += share * v.T @ soft
    return np.linalg.solve(gram + options.ridge * np.eye(DIM), right).T


def quiet_directions(labels, vocabulary, embed, dims):
    """Orthonormal rows [dims, 384] in which texts have the least power."""
    texts = [phrase(p, n) for label in labels for n in label.names for p in TEMPLATES]
    v = embed(texts + words(vocabulary)).astype(np.float64)
    _, vectors = np.linalg.eigh(v.T @ v)
    return fixed_signs(vectors[:, :dims].T)


def fixed_signs(rows):
    """Eigenvectors come with either sign; make the largest entry positive."""
    largest = np.abs(rows).argmax(axis=1)
    return rows * np.sign(rows[np.arange(len(rows)), largest])[:, None]


def feature_mean(weights, samples=4097):
    """Mean of each feature over the training set, as the last batch norm tells it: its output
    is about normal with mean beta and deviation |gamma|, and ReLU6 clips it."""
    beta, gamma = (weights[f"_bn1.{k}"].astype(np.float64) for k in ("bias", "weight"))
    z = np.linspace(-5, 5, samples)
    density = np.exp(-z * z / 2)
    density /= density.sum()
    return np.clip(beta[:, None] + np.abs(gamma)[:, None] * z, 0, 6) @ density


def visual_projection(quiet, options):
    """The matrix [features, 384] of the visual part: a random mix into the quiet directions."""
    mix = np.random.Generator(np.random.PCG64(options.seed)).standard_normal((FEATURES, quiet.shape[0]))
    return mix @ quiet


def add_head(g: Graph, weights, classes, mean, projection, options):
    """Adds logits, semantic part and visual part to a trunk; returns the output's name."""
    w = g.half("fc_weight", weights["_fc.weight"].T / options.temperature)
    b = g.constant("fc_bias", (weights["_fc.bias"] / options.temperature).astype(np.float32))
    p = g.node("Softmax", [g.node("Gemm", ["features", w, b], "logits")], "probabilities", axis=-1)
    k = g.constant("top", np.array([options.top], np.int64))
    top, _ = g.node_many("TopK", [p, k], ["top_values", "top_indices"], axis=-1)
    least = g.node("ReduceMin", [top], "top_least", axes=[-1], keepdims=1)
    kept = g.node("GreaterOrEqual", [p, least], "is_top")
    p = g.node("Where", [kept, p, g.constant("zero", np.float32(0))], "top_probabilities")
    total = g.node("ReduceSum", [p, g.constant("last_axis", np.array([-1], np.int64))], "top_sum", keepdims=1)
    p = g.node("Div", [p, total], "shares")
    semantic = g.node("MatMul", [p, g.half("class_vectors", classes)], "semantic_sum")
    semantic = soft_unit(g, semantic, "semantic", options.softness)
    visual = visual_part(g, mean, projection, options)
    both = g.node("Add", [semantic, visual], "both")
    return g.node("LpNormalization", [both], "image_embeds", axis=-1, p=2)


def soft_unit(g, x, out, softness):
    """x / √(|x|² + softness²)"""
    square = g.node("ReduceSumSquare", [x], out + "_square", axes=[-1], keepdims=1)
    square = g.node("Add", [square, g.constant(out + "_softness", np.float32(softness**2))], out + "_softened")
    return g.node("Div", [x, g.node("Sqrt", [square], out + "_length")], out)


def visual_part(g, mean, projection, options):
    centred = g.node("Sub", ["features", g.constant("feature_mean", mean.astype(np.float32))], "centred")
    visual = g.node("MatMul", [centred, g.half("visual_projection", projection)], "visual_raw")
    visual = g.node("LpNormalization", [visual], "visual_unit", axis=-1, p=2)
    weight = g.constant("visual_weight", np.float32(options.visual_weight))
    return g.node("Mul", [visual, weight], "visual")
