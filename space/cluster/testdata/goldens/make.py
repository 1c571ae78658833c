"""Writes density.json: unit vectors on which TestDensityIsHDBSCAN runs, and what scikit-learn's HDBSCAN says of them.

Distances are 1 - cosine, in float64 of the float32 components, as package graph has them. Everything is drawn with a seed.
"""

import base64
import json
import pathlib

import numpy
import sklearn
from sklearn.cluster import HDBSCAN


def unit(x):
    return (x / numpy.linalg.norm(x, axis=1, keepdims=True)).astype(numpy.float32)


def blobs(random, dim, sizes, widths, noise):
    """Groups of points around random directions, and points of no group."""
    parts = [c + w * random.standard_normal((n, dim)) for c, n, w in zip(random.standard_normal((len(sizes), dim)), sizes, widths)]
    return unit(numpy.concatenate(parts + [random.standard_normal((noise, dim))]))


def chains(random, dim, count, length):
    """Arcs, which no means part."""
    parts = []
    for _ in range(count):
        a, b = numpy.linalg.qr(random.standard_normal((dim, 2)))[0].T
        angle = numpy.sort(random.uniform(0, 1.5, length))[:, None]
        parts.append(numpy.cos(angle) * a + numpy.sin(angle) * b + 0.01 * random.standard_normal((length, dim)))
    return unit(numpy.concatenate(parts))


def nested(random, dim):
    """A wide group with two narrow ones inside, so that the tree has something to choose."""
    c = random.standard_normal(dim)
    near = [c + 0.5 * random.standard_normal(dim) for _ in range(2)]
    parts = [n + 0.05 * random.standard_normal((30, dim)) for n in near] + [c + 0.6 * random.standard_normal((60, dim))]
    far = -c + 0.3 * random.standard_normal((40, dim))
    return unit(numpy.concatenate(parts + [far]))


def hdbscan(vectors, min_size, core):
    wide = vectors.astype(numpy.float64)
    distances = numpy.maximum(0, 1 - wide @ wide.T)
    numpy.fill_diagonal(distances, 0)
    # min_samples counts the point itself
    return HDBSCAN(min_cluster_size=min_size, min_samples=core + 1, metric="precomputed", copy=True).fit(distances)


def order_matters(random, vectors, min_size, core, found):
    """Points that join just when two groups become one may be counted to either or none, as the order has it: several
    edges of the spanning tree are equally long. Such draws are no reference."""
    pairs = lambda labels: (labels[:, None] == labels) & (labels >= 0)
    for _ in range(20):
        order = random.permutation(len(vectors))
        again = hdbscan(vectors[order], min_size, core)
        if (pairs(found.labels_)[order][:, order] != pairs(again.labels_)).any():
            return True
        if not numpy.allclose(found.probabilities_[order], again.probabilities_, atol=1e-9):
            return True
    return False


def case(random, name, draw, min_size, core):
    for tries in range(1000):
        vectors = draw()
        found = hdbscan(vectors, min_size, core)
        if not order_matters(random, vectors, min_size, core, found):
            break
    else:
        raise SystemExit(f"{name}: the order of the points matters in every draw")
    print(f"{name}: {len(vectors)} points, {max(found.labels_) + 1} groups, {list(found.labels_).count(-1)} of none, draw {tries + 1}")
    return {
        "name": name, "dim": vectors.shape[1], "min_size": min_size, "core": core,
        "vectors": base64.b64encode(vectors.astype("<f4").tobytes()).decode(),
        "labels": found.labels_.tolist(), "strengths": [round(p, 9) for p in found.probabilities_.tolist()],
    }


def main():
    random = numpy.random.default_rng(7)
    cases = [
        case(random, "groups and noise", lambda: blobs(random, 12, [50, 30, 20, 12], [0.2, 0.4, 0.1, 0.3], 30), 8, 5),
        case(random, "one neighbour is dense enough", lambda: blobs(random, 8, [30, 25, 15], [0.3, 0.2, 0.5], 20), 5, 1),
        case(random, "small groups", lambda: blobs(random, 16, [4, 5, 6, 7, 8, 9], [0.3] * 6, 15), 3, 2),
        case(random, "chains", lambda: chains(random, 8, 3, 40), 6, 3),
        case(random, "groups inside a group", lambda: nested(random, 10), 10, 5),
        case(random, "noise alone", lambda: blobs(random, 12, [], [], 60), 6, 4),
    ]
    made_by = f"scikit-learn {sklearn.__version__}, numpy {numpy.__version__}"
    pathlib.Path(__file__).with_name("density.json").write_text(json.dumps({"made_by": made_by, "cases": cases}) + "\n")


main()
