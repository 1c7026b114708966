"""`tf.contrib.slim`: layers, argument scopes, losses, training and nets under one name."""

from __future__ import annotations

import importlib
from typing import Any

from headrace.v1.contrib import framework, layers, losses, metrics
from headrace.v1.contrib.arg_scopes import arg_scope_func_key
from headrace.v1.contrib.framework import *  # noqa: F403 - slim is these modules together
from headrace.v1.contrib.layers import *  # noqa: F403

_PARTS = ("data", "evaluation", "learning", "model_analyzer", "nets", "queues")
_DATA = (
    "data_decoder",
    "data_provider",
    "dataset",
    "dataset_data_provider",
    "parallel_reader",
    "prefetch_queue",
    "tfexample_decoder",
)
_OF_LAYERS = ("initializers", "regularizers")


def __getattr__(name: str) -> Any:
    if name in _PARTS:
        return importlib.import_module(f"{__name__}.{name}")
    if name in _DATA:
        return importlib.import_module(f"{__name__}.data.{name}")
    if name in _OF_LAYERS:
        return importlib.import_module(f"headrace.v1.contrib.layers.{name}")
    raise AttributeError(f"module 'tensorflow.contrib.slim' (on Headrace) has no attribute {name!r}")


__all__ = [  # noqa: PLE0604 - lists of names
    *framework.__all__, *layers.__all__, *_PARTS, *_DATA, *_OF_LAYERS, "arg_scope_func_key", "losses", "metrics",
]  # fmt: skip
