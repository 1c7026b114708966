"""Ragged tensors: nested rows of different lengths (`tf.RaggedTensor`, `tf.ragged`).

A ragged dimension is a `RowPartition` (`partition.py`), a ragged tensor flat values under one or more of them
(`tensor.py`). The rest are compositions: how they are made (`making.py`) and indexed (`indexing.py`), how element-wise
functions (`elementwise.py`), reductions (`reductions.py`) and array functions (`arrays.py`) work on them.

Importing the package makes the public functions take ragged tensors (`rules.py`)."""

from . import rules

rules.install()
