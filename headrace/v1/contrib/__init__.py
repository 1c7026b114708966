"""`tf.contrib`, the parts that programs of 2016–2018 use. A part is imported when first used."""

from __future__ import annotations

import importlib
from typing import Any

PARTS = (
    "autograph", "bayesflow", "checkpoint", "compiler", "copy_graph", "crf", "cudnn_rnn", "data", "deprecated", "distributions",
    "eager", "feature_column", "framework", "graph_editor", "image", "integrate", "layers", "legacy_seq2seq",
    "linalg", "lookup", "losses", "metrics", "nn", "opt", "predictor", "resampler", "rnn", "seq2seq", "signal",
    "slim", "sparsemax", "staging", "stateless", "summary", "tensorboard", "training", "util",
)  # fmt: skip
_ESTIMATORS = (
    "Estimators and their experiments are no part of Headrace so far. Train with a session, or with Keras."
)
# Parts that programs import most and that are not here -> what to do instead.
ABSENT = {
    "distribute": "Use tf.distribute.",
    "estimator": _ESTIMATORS,
    "factorization": "Clustering and factorisation as Estimators are no part of Headrace so far.",
    "ffmpeg": "Decode sounds with tf.audio.decode_wav, or outside of the graph.",
    "gan": "Its losses are a few ops each; write the two train ops as with any loss.",
    "keras": "Use tf.keras.",
    "learn": _ESTIMATORS,
    "memory_stats": "tf.RunOptions(trace_level=tf.RunOptions.FULL_TRACE) tells what a run's tensors take.",
    "periodic_resample": "Use tf.nn.depth_to_space.",
    "quantize": "Its rewriting is not part of Headrace. tf.train.do_quantize_training_on_graphdef(graph_def, 8) makes such a graph.",
    "saved_model": "Keras models are saved by themselves; graphs by tf.saved_model.",
    "tensor_forest": _ESTIMATORS,
    "tpu": "Programs for TPU Estimators are not run. Compiled functions and sessions need no rewriting.",
}


def __getattr__(name: str) -> Any:
    if name in PARTS:
        return importlib.import_module(f"{__name__}.{name}")
    if name.startswith("__"):
        raise AttributeError(name)
    raise AttributeError(absence(name))


def absence(name: str) -> str:
    """What to say of a part that is not here."""
    hint = ABSENT.get(name, f"The parts that are: {', '.join(PARTS)}.")
    return f"tf.contrib.{name} is not part of Headrace. {hint}"


def __dir__() -> list[str]:
    return [*PARTS]
