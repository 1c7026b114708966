"""`tensorflow.examples.tutorials.mnist.input_data`: the MNIST files of a directory, in batches. Nothing is downloaded."""

from __future__ import annotations

import gzip
import os
import struct
from typing import Any, NamedTuple

import numpy as np

from headrace.core import errors
from headrace.core.dtypes import as_dtype, float32, uint8

_FILES = {
    "train": ("train-images-idx3-ubyte", "train-labels-idx1-ubyte"),
    "test": ("t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte"),
}
_IMAGES, _LABELS = 2051, 2049  # the first four bytes of the two kinds of file


class DataSet:
    """Images and labels that are given out in batches.

    Args:
      images: uint8 [examples, rows, columns, 1].
      dtype: float32 (values are scaled to 0…1) or uint8.
      reshape: whether images become rows of pixels.
      seed: of the order in which `next_batch` goes through them.
    """

    def __init__(
        self, images: Any, labels: Any, fake_data: bool = False, one_hot: bool = False, dtype: Any = float32,
        reshape: bool = True, seed: int | None = None,
    ) -> None:  # fmt: skip
        kind = as_dtype(dtype)
        if kind not in (uint8, float32):
            raise TypeError(f"Invalid image dtype {kind!r}, expected uint8 or float32")
        self._random = np.random.RandomState(seed)
        self._fake, self._one_hot = fake_data, one_hot
        self._epochs, self._next = 0, 0
        if fake_data:
            self._count = 10000
        else:
            images, labels = np.asarray(images), np.asarray(labels)
            if len(images) != len(labels):
                raise ValueError(f"There are {len(images)} images and {len(labels)} labels.")
            self._count = len(images)
            if reshape:
                images = images.reshape(len(images), -1)
            if kind is float32:
                images = images.astype(np.float32) * np.float32(1.0 / 255.0)
        self._images, self._labels = images, labels

    @property
    def images(self) -> Any:
        return self._images

    @property
    def labels(self) -> Any:
        return self._labels

    @property
    def num_examples(self) -> int:
        return self._count

    @property
    def epochs_completed(self) -> int:
        return self._epochs

    def next_batch(self, batch_size: int, fake_data: bool = False, shuffle: bool = True) -> tuple[Any, Any]:
        """The next `batch_size` images and labels; after the last begins another pass, in another order."""
        if fake_data or self._fake:
            label = [1] + [0] * 9 if self._one_hot else 0
            return [[1] * 784] * batch_size, [label] * batch_size
        if shuffle and self._epochs == 0 and self._next == 0:
            self._shuffle()
        start = self._next
        if start + batch_size <= self._count:
            self._next = start + batch_size
            return self._images[start : self._next], self._labels[start : self._next]
        self._epochs += 1
        images, labels = self._images[start:], self._labels[start:]
        if shuffle:
            self._shuffle()
        self._next = batch_size - len(images)
        return (
            np.concatenate([images, self._images[: self._next]]),
            np.concatenate([labels, self._labels[: self._next]]),
        )

    def _shuffle(self) -> None:
        order = self._random.permutation(self._count)
        self._images, self._labels = self._images[order], self._labels[order]


class Datasets(NamedTuple):
    """The three parts of a data set."""

    train: DataSet
    validation: DataSet
    test: DataSet


def dense_to_one_hot(labels_dense: Any, num_classes: int) -> np.ndarray:
    """Class numbers as rows with a one in their place.

    >>> dense_to_one_hot(np.array([1, 0]), 3).astype(int).tolist()
    [[0, 1, 0], [1, 0, 0]]
    """
    return np.eye(num_classes)[np.asarray(labels_dense).ravel()]


def extract_images(f: Any) -> np.ndarray:
    """The images of an open gzipped file: uint8 [examples, rows, columns, 1].

    Raises:
      ValueError: it is not such a file."""
    return _images(gzip.GzipFile(fileobj=f).read(), getattr(f, "name", "the file"))


def extract_labels(f: Any, one_hot: bool = False, num_classes: int = 10) -> np.ndarray:
    """The labels of an open gzipped file: uint8 [examples], or float [examples, num_classes].

    Raises:
      ValueError: it is not such a file."""
    labels = _labels(gzip.GzipFile(fileobj=f).read(), getattr(f, "name", "the file"))
    return dense_to_one_hot(labels, num_classes) if one_hot else labels


def _images(data: bytes, path: str) -> np.ndarray:
    if len(data) < 16 or struct.unpack(">I", data[:4])[0] != _IMAGES:
        raise ValueError(f"{path} is not a file of MNIST images: it does not begin with {_IMAGES}.")
    count, rows, columns = struct.unpack(">3I", data[4:16])
    if len(data) != 16 + count * rows * columns:
        raise ValueError(
            f"{path} should have {count} images of {rows}x{columns} pixels, but has {len(data)} bytes."
        )
    return np.frombuffer(data, np.uint8, offset=16).reshape(count, rows, columns, 1)


def _labels(data: bytes, path: str) -> np.ndarray:
    if len(data) < 8 or struct.unpack(">I", data[:4])[0] != _LABELS:
        raise ValueError(f"{path} is not a file of MNIST labels: it does not begin with {_LABELS}.")
    (count,) = struct.unpack(">I", data[4:8])
    if len(data) != 8 + count:
        raise ValueError(f"{path} should have {count} labels, but has {len(data)} bytes.")
    return np.frombuffer(data, np.uint8, offset=8)


def _read(directory: str, name: str) -> tuple[bytes, str]:
    for path, opener in ((f"{name}.gz", gzip.open), (name, open)):
        path = os.path.join(directory, path)
        if os.path.exists(path):
            with opener(path, "rb") as f:  # type: ignore[operator]
                return f.read(), path
    raise errors.NotFoundError(
        None,
        None,
        f"There is no {name}.gz (or {name}) in {os.path.abspath(directory)!r}. Headrace downloads no data: put the four MNIST "
        f"files {', '.join(f + '.gz' for pair in _FILES.values() for f in pair)} there.",
    )


def read_data_sets(
    train_dir: str, fake_data: bool = False, one_hot: bool = False, dtype: Any = float32, reshape: bool = True,
    validation_size: int = 5000, seed: int | None = None, source_url: str | None = None,
) -> Datasets:  # fmt: skip
    """The MNIST images of a directory as `train`, `validation` and `test` sets.

    Args:
      train_dir: where the four files are, gzipped or not.
      fake_data: gives constant images and reads nothing.
      validation_size: how many of the training images, from the first on, are for validation.
      source_url: where TensorFlow downloaded from; must be None, since nothing is downloaded.

    Raises:
      NotFoundError: a file is not there.
      ValueError: a file is no MNIST file, or there are fewer images than `validation_size`.
    """
    if source_url is not None:
        raise ValueError(
            f"Headrace downloads no data: put the files in train_dir, and leave out source_url={source_url!r}."
        )
    options: dict[str, Any] = {"dtype": dtype, "reshape": reshape, "seed": seed}
    if fake_data:
        return Datasets(*(DataSet([], [], fake_data=True, one_hot=one_hot, dtype=dtype) for _ in range(3)))
    parts = {}
    for part, (images, labels) in _FILES.items():
        numbers = _labels(*_read(train_dir, labels))
        parts[part] = (
            _images(*_read(train_dir, images)), dense_to_one_hot(numbers, 10) if one_hot else numbers,
        )  # fmt: skip
    x, y = parts["train"]
    if not 0 <= validation_size <= len(x):
        raise ValueError(f"Validation size should be between 0 and {len(x)}. Received: {validation_size}.")
    n = validation_size
    return Datasets(
        DataSet(x[n:], y[n:], **options),
        DataSet(x[:n], y[:n], **options),
        DataSet(*parts["test"], **options),
    )


def load_mnist(train_dir: str = "MNIST-data") -> Datasets:
    """`read_data_sets(train_dir)`."""
    return read_data_sets(train_dir)


# Programs import either this module or, from the package around it, `input_data`.
def __getattr__(name: str) -> Any:
    if name == "input_data":
        import sys

        return sys.modules[__name__]
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
