"""`tf.compat.v1.test`, as far as it is not `tf.test`: gradients of graphs, stubs, folders."""

from __future__ import annotations

import atexit
import functools
import inspect
import os
import shutil
import sys
import tempfile
from typing import Any
from unittest import mock

from headrace.testing.graph_gradients import compute_gradient, compute_gradient_error
from headrace.testing.stubs import StubOutForTesting

from . import test as _test


@functools.cache
def get_temp_dir() -> str:
    """A folder for files of tests. It is the same for the whole program, and gone when it ends."""
    folder = tempfile.mkdtemp(dir=os.environ.get("TEST_TMPDIR"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return folder


def test_src_dir_path(relative_path: str) -> str:
    """The path of a file that lies beside the program under test: below `TEST_SRCDIR` and `TEST_WORKSPACE` where Bazel sets
    them, else below the folder of the file that asks."""
    root = os.environ.get("TEST_SRCDIR")
    folder = os.path.join(root, os.environ["TEST_WORKSPACE"], "tensorflow") if root else _folder_of_caller()
    return os.path.join(folder, relative_path)


test_src_dir_path.__test__ = False  # type: ignore[attr-defined]  # what pytest would take it for


def _folder_of_caller() -> str:
    return os.path.dirname(os.path.abspath(inspect.getfile(sys._getframe(2))))


def assert_equal_graph_def(
    actual: Any, expected: Any, checkpoint_v2: bool = False, hash_table_shared_name: bool = False
) -> None:
    """Fails unless two GraphDefs have the same nodes and functions, in whatever order.

    Args:
      checkpoint_v2: whether the random names of temporary files of savers do not count.
      hash_table_shared_name: whether the names under which hash tables are shared do not count.

    Raises:
      TypeError: an argument is no GraphDef.
      AssertionError: they differ; the message says where.
    """
    if checkpoint_v2 or hash_table_shared_name:
        actual, expected = (_without(g, checkpoint_v2, hash_table_shared_name) for g in (actual, expected))
    _test.assert_equal_graph_def(expected, actual)


def _without(graph: Any, temporary: bool, shared: bool) -> Any:
    if not hasattr(graph, "node"):
        return graph  # the comparison says what it is
    copy = type(graph)()
    copy.CopyFrom(graph)
    for node in copy.node:
        if shared and node.op == "HashTableV2":
            node.attr.pop("shared_name", None)
        names = [key for key, value in node.attr.items() if value.tensor.string_val]
        for key in names if temporary else ():
            if any(b"_temp_" in text and b"part" in text for text in node.attr[key].tensor.string_val):
                del node.attr[key]
    return copy


_TEST = [
    "StubOutForTesting", "assert_equal_graph_def", "compute_gradient", "compute_gradient_error", "get_temp_dir", "mock",
    "test_src_dir_path",
]  # fmt: skip
ROOT: list[str] = []
NAMES = {"test": _TEST}
__all__ = [*_TEST]  # noqa: PLE0604 - a list of names
