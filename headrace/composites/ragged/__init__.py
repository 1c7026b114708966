"""Ragged tensors: nested rows of different lengths (`tf.RaggedTensor`, `tf.ragged`).

A ragged dimension is a `RowPartition` (`partition.py`); a ragged tensor is flat values under one or more of them
(`ragged_tensor.py`, its type in `spec.py`). The rest are compositions: how ragged tensors are made (`making.py`), converted
(`conversion.py`) and indexed (`indexing.py`), and how functions work on them: of their flat values (`flat.py`),
element-wise with broadcasting (`elementwise.py`), reductions (`reductions.py`), on their dimensions (`dimensions.py`),
gathering (`gathering.py`), joining (`arrays.py`) and row by row (`map.py`). Their shapes as values are in `shape.py`.

Importing the package makes the public functions take ragged tensors (`rules.py`)."""

from . import rules, shape

rules.install()
shape.install()
