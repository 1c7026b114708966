"""Headrace: the TensorFlow platform on OpenXLA. `import headrace as tf`.

The public names live in `headrace/api/`, one file per namespace; each file's `ROOT` lists those of its names that are also
`tf.<name>`. A namespace is imported when one of its names is first used, so that importing Headrace stays fast:
`_index.py` knows which name is where."""

from __future__ import annotations

import importlib
import sys
from types import ModuleType
from typing import Any

from headrace._index import NAMESPACES, ROOT
from headrace._version import INTERFACE as __version__  # programs compare it with TensorFlow's
from headrace.hook import install


class _Root(ModuleType):
    """This module. Python makes a subfolder an attribute when it is imported; but `tf.data` is `api/data.py`, not the
    folder `data/` that does the work."""

    def __setattr__(self, name: str, value: Any) -> None:
        if name not in NAMESPACES or getattr(value, "__name__", None) != f"headrace.{name}":
            super().__setattr__(name, value)


sys.modules[__name__].__class__ = _Root


def __getattr__(name: str) -> Any:
    if name == "keras":  # the package itself
        return importlib.import_module("headrace.keras")
    if name not in NAMESPACES and name not in ROOT:
        raise AttributeError(f"module 'headrace' has no attribute {name!r}")
    module = importlib.import_module(f"headrace.api.{name if name in NAMESPACES else ROOT[name]}")
    importlib.import_module("headrace.api.elementwise").prepare()
    value = globals()[name] = module if name in NAMESPACES else getattr(module, name)
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), "keras", *NAMESPACES, *ROOT})


def load_ipython_extension(ipython: Any) -> None:
    """`%load_ext headrace` in a notebook: from then on `import tensorflow` gives Headrace."""
    install()
