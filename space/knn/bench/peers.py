"""Measures other vector indexes on the vectors that `clipd bench knn` has made, and prints a line of JSON for each result.

usage: peers.py DIR DIM THREADS SECONDS INDEX
INDEX: hnswlib, faiss-hnsw, faiss-ivfpq, usearch

DIR holds base.f32, query-image.f32, query-text.f32 and true-image.u32, true-text.u32: the 10 true neighbours of each query.
DIR/peers keeps the built index, which is read again where it is there. Queries are given in batches, so that the indexes use
their own threads and Python costs nothing that counts.
"""

import json
import os
import sys
import time

import numpy as np

directory, dim, threads, seconds = sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), float(sys.argv[4])
K = 10


def load(name, kind=np.float32, width=dim):
    return np.fromfile(os.path.join(directory, name), kind).reshape(-1, width)


# mapped: its pages are the file's, not the process's
base = np.memmap(os.path.join(directory, "base.f32"), np.float32, "r").reshape(-1, dim)
queries, truth = {}, {}
for modality in ("image", "text"):
    # clipd calibrates on the first half: the second is measured
    half = len(load(f"query-{modality}.f32")) // 2
    queries[modality] = load(f"query-{modality}.f32")[half:]
    truth[modality] = load(f"true-{modality}.u32", np.uint32, K)[half:]


def say(**what):
    print(json.dumps(what), flush=True)


def memory():
    """Bytes of the process's own, without pages of files."""
    with open("/proc/self/status") as f:
        return next(int(line.split()[1]) * 1024 for line in f if line.startswith("RssAnon"))


def kept(index, name, read, build, write):
    """Reads the index that an earlier run has built, or builds and keeps it; says what building took, and when."""
    path = os.path.join(directory, "peers", name)
    if os.path.exists(path + ".json"):
        with open(path + ".json") as f:
            about = json.load(f)
        library = read(path)
    else:
        with open("/proc/loadavg") as f:
            load = " ".join(f.read().split()[:3])
        before, start, cpu = memory(), time.perf_counter(), time.process_time()
        library = build()
        about = dict(index=index, seconds=time.perf_counter() - start, cpu_seconds=time.process_time() - cpu,
                     bytes_per_vector=(memory() - before) / len(base), date=time.strftime("%Y-%m-%d"), load=load)
        write(library, path)
        with open(path + ".json", "w") as f:
            json.dump(about, f)
    say(build=about)
    return library


def measure(index, modality, param, search):
    q = queries[modality]
    start, rounds = time.perf_counter(), 0
    while rounds == 0 or time.perf_counter() - start < seconds:
        found = search(q)
        rounds += 1
    qps = rounds * len(q) / (time.perf_counter() - start)
    hits = sum(len(np.intersect1d(a, b)) for a, b in zip(found, truth[modality]))
    recall = hits / truth[modality].size
    say(point=dict(index=index, kind=modality, param=param, recall=recall, qps=qps))
    return recall


def sweep(index, name, values, set_value, search):
    for modality in ("image", "text"):
        for value in values:
            set_value(value)
            if measure(index, modality, f"{name} {value}", search) > 0.985:
                break


EF = [10, 16, 24, 32, 48, 64, 96, 128, 192, 256, 384, 512, 1024]


def hnswlib():
    import hnswlib as library

    def build():
        index = library.Index("ip", dim)
        index.init_index(len(base), M=16, ef_construction=128, random_seed=1)
        index.set_num_threads(threads)
        index.add_items(base)
        return index

    def read(path):
        index = library.Index("ip", dim)
        index.load_index(path, len(base))
        return index

    index = kept("hnswlib", "hnswlib", read, build, lambda index, path: index.save_index(path))
    sweep("hnswlib", "ef", EF, index.set_ef, lambda q: index.knn_query(q, K, num_threads=threads)[0])


def faiss_hnsw():
    import faiss

    faiss.omp_set_num_threads(threads)

    def build():
        index = faiss.IndexHNSWFlat(dim, 16, faiss.METRIC_INNER_PRODUCT)
        index.hnsw.efConstruction = 128
        index.add(base)
        return index

    index = kept("faiss HNSW", "faiss-hnsw", faiss.read_index, build, faiss.write_index)

    def ef(value):
        index.hnsw.efSearch = value

    sweep("faiss HNSW", "ef", EF, ef, lambda q: index.search(q, K)[1])


def faiss_ivfpq():
    """IVF with 4-bit PQ of 2 components each, FastScan, refined in float32: as many bits a vector as two of clipd's codes."""
    import faiss

    faiss.omp_set_num_threads(threads)
    lists = 1 << round(np.log2(2 * np.sqrt(len(base))))

    def build():
        index = faiss.index_factory(dim, f"IVF{lists},PQ{dim // 2}x4fs,RFlat", faiss.METRIC_INNER_PRODUCT)
        chosen = np.sort(np.random.default_rng(1).choice(len(base), min(len(base), 48 * lists), replace=False))
        index.train(base[chosen])
        for start in range(0, len(base), 1 << 16):
            index.add(base[start : start + (1 << 16)])
        return index

    index = kept("faiss IVF-PQ FastScan", "faiss-ivfpq", faiss.read_index, build, faiss.write_index)
    for modality in ("image", "text"):
        for probes in (8, 16, 32, 64, 128, 256, 512):
            recall = 0
            for refine in (10, 40, 160):
                parameters = faiss.IndexRefineSearchParameters(
                    k_factor=refine, base_index_params=faiss.SearchParametersIVF(nprobe=min(probes, lists))
                )
                recall = measure(
                    "faiss IVF-PQ FastScan", modality, f"nprobe {probes}, refine {refine}",
                    lambda q: index.search(q, K, params=parameters)[1],
                )
            if recall > 0.985:
                break


def usearch():
    from usearch.index import Index

    def build():
        index = Index(ndim=dim, metric="ip", dtype="f32", connectivity=16, expansion_add=128)
        index.add(np.arange(len(base)), base, threads=threads)
        return index

    index = kept("usearch", "usearch", Index.restore, build, lambda index, path: index.save(path))

    def ef(value):
        index.expansion_search = value

    sweep("usearch", "ef", EF, ef, lambda q: index.search(q, K, threads=threads).keys)


wanted = sys.argv[5]
try:
    {"hnswlib": hnswlib, "faiss-hnsw": faiss_hnsw, "faiss-ivfpq": faiss_ivfpq, "usearch": usearch}[wanted]()
except ImportError as missing:
    say(missing=dict(index=wanted, why=str(missing)))
