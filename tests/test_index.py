"""The public names: the index is up to date, every name resolves, importing stays light."""

from __future__ import annotations

import subprocess
import sys

import pytest

import headrace as tf
from headrace import _index


def test_the_index_is_up_to_date():
    assert _index.current() == _index._ROOT, "run `python -m headrace._index`"


def test_every_name_resolves():
    for name in dir(tf):
        getattr(tf, name)


def test_names_of_namespaces():
    for namespace in _index.NAMESPACES:
        module = getattr(tf, namespace)
        for name in getattr(module, "__all__", None) or dir(module):
            assert getattr(module, name, None) is not None or name == "newaxis", f"tf.{namespace}.{name}"


def test_importing_loads_neither_the_compiler_nor_a_device():
    heavy = {"jaxlib", "scipy", "jax", "tensorflow", "malt", "rich"}
    code = f"import sys, headrace as tf; tf.constant(1.0) + 1.0; bad = set(sys.modules) & {heavy!r}; sys.exit(repr(bad) if bad else 0)"
    subprocess.run([sys.executable, "-c", code], check=True)


def test_unknown_names():
    with pytest.raises(AttributeError, match="no_such_name"):
        tf.no_such_name
