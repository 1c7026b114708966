"""Headrace: the TensorFlow platform on OpenXLA. `import headrace as tf`.

The public names live in `headrace/api/`, one file per namespace; each file's `ROOT` lists those of its names that are also
`tf.<name>`."""

from __future__ import annotations

import importlib
import importlib.util
from typing import Any

from headrace.api.version import VERSION as __version__  # programs compare it with TensorFlow's; our own is in headrace._version

_NAMESPACES = ("math", "bitwise", "array", "nn", "linalg", "quantization", "signal", "random", "strings", "script", "debugging", "control", "higher_order", "autodiff", "variables",
               "function", "config", "errors", "dtypes", "nest", "types", "raw_ops", "autograph", "compat", "version", "composite", "experimental")  # fmt: skip


def _populate(root: dict[str, Any]) -> None:
    for name in _NAMESPACES:
        if not importlib.util.find_spec(f"headrace.api.{name}"):
            continue  # TRANSITIONAL: until every namespace exists
        module = importlib.import_module(f"headrace.api.{name}")
        root[name] = module
        for public in getattr(module, "ROOT", ()):
            root[public] = getattr(module, public)


_populate(globals())
