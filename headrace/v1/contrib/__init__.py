"""`tf.contrib`, the parts that programs of 2016–2018 use. A part is imported when first used."""

from __future__ import annotations

import importlib
from typing import Any

PARTS = (
    "crf", "data", "deprecated", "distributions", "framework", "image", "layers", "legacy_seq2seq", "lookup", "losses",
    "metrics", "opt", "rnn", "seq2seq", "slim", "staging", "training",
)  # fmt: skip
_ESTIMATORS = (
    "Estimators and their experiments are no part of Headrace so far. Train with a session, or with Keras."
)
# Parts that programs import most and that are not here -> what to do instead.
ABSENT = {
    "autograph": "Use tf.autograph.",
    "cudnn_rnn": "Its kernels are of one vendor's library. tf.contrib.rnn has cells that compute the same.",
    "distribute": "Use tf.distribute.",
    "eager": "Eager code is what runs without --v1: call tf.enable_eager_execution(), or leave --v1 out.",
    "estimator": _ESTIMATORS,
    "factorization": "Clustering and factorisation as Estimators are no part of Headrace so far.",
    "keras": "Use tf.keras.",
    "learn": _ESTIMATORS,
    "predictor": _ESTIMATORS,
    "summary": "Use tf.summary.",
    "tensor_forest": _ESTIMATORS,
    "tpu": "Programs for TPU Estimators are not run. Compiled functions and sessions need no rewriting.",
}


def __getattr__(name: str) -> Any:
    if name in PARTS:
        return importlib.import_module(f"{__name__}.{name}")
    if name.startswith("__"):
        raise AttributeError(name)
    hint = ABSENT.get(name, f"The parts that are: {', '.join(PARTS)}.")
    raise AttributeError(f"tf.contrib.{name} is not part of Headrace. {hint}")


def __dir__() -> list[str]:
    return [*PARTS]
