"""The public namespaces, one file each.

Whichever is imported first brings what every program needs: Python's operators and indexing on tensors."""

from headrace.ops import indexing as _indexing
from headrace.ops import operators as _operators
