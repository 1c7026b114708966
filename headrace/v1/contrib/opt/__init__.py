"""`tf.contrib.opt`: more optimizers."""

from __future__ import annotations

from typing import Any

from .adam import AdaMaxOptimizer, AdamGSOptimizer, LazyAdamGSOptimizer, LazyAdamOptimizer, NadamOptimizer
from .decay import (
    AdamWOptimizer,
    DecoupledWeightDecayExtension,
    MomentumWOptimizer,
    extend_with_decoupled_weight_decay,
)
from .external import ExternalOptimizerInterface, ScipyOptimizerInterface
from .scaled import LARSOptimizer, RegAdagradOptimizer
from .shampoo import ShampooOptimizer
from .signs import (
    AddSignOptimizer,
    PowerSignOptimizer,
    get_cosine_decay_fn,
    get_linear_decay_fn,
    get_restart_decay_fn,
)
from .windows import GGTOptimizer
from .wrappers import (
    DropStaleGradientOptimizer,
    MovingAverageOptimizer,
    MultitaskOptimizerWrapper,
    VariableClippingOptimizer,
    clip_gradients_by_global_norm,
)

_WORKERS = (
    "AGNCustomGetter", "AGNOptimizer", "ElasticAverageCustomGetter", "ElasticAverageOptimizer", "ModelAverageCustomGetter",
    "ModelAverageOptimizer",
)  # fmt: skip


def __getattr__(name: str) -> Any:
    if name in _WORKERS:
        raise AttributeError(
            f"tf.contrib.opt.{name} is not part of Headrace: it is for workers that keep copies of variables of parameter "
            "servers. tf.train.SyncReplicasOptimizer averages the gradients of several threads."
        )
    raise AttributeError(f"module 'tensorflow.contrib.opt' (on Headrace) has no attribute {name!r}")


__all__ = [
    "AdaMaxOptimizer", "AdamGSOptimizer", "AdamWOptimizer", "AddSignOptimizer", "DecoupledWeightDecayExtension",
    "DropStaleGradientOptimizer", "ExternalOptimizerInterface", "GGTOptimizer", "LARSOptimizer", "LazyAdamGSOptimizer",
    "LazyAdamOptimizer", "MomentumWOptimizer", "MovingAverageOptimizer", "MultitaskOptimizerWrapper", "NadamOptimizer",
    "PowerSignOptimizer", "RegAdagradOptimizer", "ScipyOptimizerInterface", "ShampooOptimizer", "VariableClippingOptimizer",
    "clip_gradients_by_global_norm", "extend_with_decoupled_weight_decay", "get_cosine_decay_fn", "get_linear_decay_fn",
    "get_restart_decay_fn",
]  # fmt: skip
