"""Batches of arrays that are given to `fit`, `evaluate` and `predict`.

Keras describes them to TensorFlow as a pipeline of eight datasets, with functions that are traced anew in every call: milliseconds
before the first batch. Here it is one plan with the same batches, in the same order."""

from __future__ import annotations

import functools
from types import ModuleType
from typing import Any

import numpy as np


def amend(module: ModuleType) -> None:
    """Amends `keras.src.trainers.data_adapters.array_data_adapter`."""
    adapter: Any = module.ArrayDataAdapter
    pipeline = adapter.get_tf_dataset
    convert = module.array_slicing.convert_to_sliceable

    @functools.wraps(pipeline)
    def get_tf_dataset(self: Any) -> Any:
        if self._shuffle == "batch":
            return pipeline(self)
        arrays = module.tree.lists_to_tuples(convert(self._inputs, target_backend="tensorflow"))
        if not all(map(_sliceable, module.tree.flatten(arrays))):
            return pipeline(self)
        from headrace.data.arrays import batches

        order = _order(self._num_samples) if self._shuffle else None
        return batches(arrays, self._batch_size, order)

    adapter.get_tf_dataset = get_tf_dataset


def _sliceable(leaf: Any) -> bool:
    from headrace.core.tensor import EagerTensor

    return type(leaf) is EagerTensor or (
        type(leaf) is np.ndarray and leaf.dtype.kind in "biufc" and leaf.dtype.isnative
    )


def _order(n: int) -> Any:
    """A dataset of one element, a permutation of n numbers: another one each time. With a global seed it is TensorFlow's."""
    from headrace.api import random, sequences
    from headrace.core import dtypes
    from headrace.data.dataset import Dataset

    return Dataset.range(1).map(lambda _: random.shuffle(sequences.range(n, dtype=dtypes.int64)))
