"""`tf.contrib.slim`: layers, argument scopes, losses, training and nets under one name."""

from __future__ import annotations

import importlib
from typing import Any

from headrace.v1.contrib import framework, layers, losses, metrics
from headrace.v1.contrib.framework import *  # noqa: F403 - slim is these modules together
from headrace.v1.contrib.layers import *  # noqa: F403

_PARTS = ("evaluation", "learning", "model_analyzer", "nets")


def __getattr__(name: str) -> Any:
    if name in _PARTS:
        return importlib.import_module(f"{__name__}.{name}")
    raise AttributeError(
        f"tf.contrib.slim.{name} is not part of Headrace. Data sets of slim are best read with tf.data."
        if name
        in ("data", "dataset", "tfexample_decoder", "dataset_data_provider", "queues", "parallel_reader")
        else f"module 'tensorflow.contrib.slim' has no attribute {name!r}"
    )


__all__ = [*framework.__all__, *layers.__all__, *_PARTS, "losses", "metrics"]  # noqa: PLE0604 - lists of names
