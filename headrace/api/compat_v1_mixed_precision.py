"""`tf.compat.v1.mixed_precision`, and the same under `tf.compat.v1.train.experimental`."""

from __future__ import annotations

from headrace.session import loss_scale as _loss_scale

_ALL = list(_loss_scale.__all__)
_SCALES = ["DynamicLossScale", "FixedLossScale", "LossScale"]
NAMES = {"mixed_precision": _ALL, "mixed_precision.experimental": _SCALES, "train.experimental": _ALL}
FUNCTIONS = {
    f"{space}.{name}": getattr(_loss_scale, name) for space, names in NAMES.items() for name in names
}
ROOT: list[str] = []
__all__ = ["FUNCTIONS"]
