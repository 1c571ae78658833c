"""Text vectors from a text tower, as sentence-transformers computes them: mean over the mask, unit length."""

import numpy as np
import onnxruntime
from tokenizers import Tokenizer


def session(model, threads=1):
    """A session that gives the same bits on every run: one thread, fixed order of sums."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    source = model if isinstance(model, (str, bytes)) else model.SerializeToString()
    return onnxruntime.InferenceSession(source, options, providers=["CPUExecutionProvider"])


class Embedder:
    """Calling it with n strings returns [n, 384] float32, each row of unit length."""

    def __init__(self, model, tokenizer_json, max_tokens):
        self.session = session(model)
        self.tokenizer = Tokenizer.from_str(tokenizer_json)
        self.tokenizer.no_padding()
        self.tokenizer.enable_truncation(max_tokens)
        self.known = {}

    def ids(self, text):
        return self.tokenizer.encode(text).ids

    def one_length(self, rows):
        """Token states of rows of equal length, without padding: [n, 384]."""
        ids = np.array(rows, np.int64)
        feed = {"input_ids": ids, "attention_mask": np.ones_like(ids), "token_type_ids": np.zeros_like(ids)}
        v = self.session.run(None, feed)[0].mean(axis=1)
        return v / np.linalg.norm(v, axis=1, keepdims=True)

    def __call__(self, texts, batch=64):
        by_length = {}
        for t in dict.fromkeys(texts):
            if t not in self.known:
                ids = self.ids(t)
                by_length.setdefault(len(ids), []).append((t, ids))
        for rows in by_length.values():
            for start in range(0, len(rows), batch):
                part = rows[start : start + batch]
                vectors = self.one_length([ids for _, ids in part])
                self.known.update(zip([t for t, _ in part], vectors))
        return np.stack([self.known[t] for t in texts])
