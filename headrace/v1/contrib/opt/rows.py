"""Rows of variables, read and written."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from headrace.api.script import group
from headrace.core.op import lookup


def rows_of(var: Any, indices: Any) -> Any:
    """The rows of a variable."""
    return var.sparse_read(indices)


def write_rows(var: Any, indices: Any, rows: Any) -> Any:
    """The operation that puts rows into a variable. The same row may be written twice: it is the same."""
    return lookup("ResourceScatterUpdate")(var.handle, indices, rows)


def all_of(nodes: Sequence[Any]) -> Any:
    """One operation that is done when all are."""
    return group(*nodes)
