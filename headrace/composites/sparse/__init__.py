"""Sparse tensors (`tf.SparseTensor`, `tf.sparse`): the values that are not zero, and where they are.

`tensor.py` is the class and its spec, `functions.py` and `math.py` the namespace, composed of the ops in
`headrace/ops/sparse*.py`. Importing the package makes some of the public functions take sparse tensors (`rules.py`)."""

from . import rules

rules.install()
