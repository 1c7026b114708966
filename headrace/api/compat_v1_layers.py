"""`tf.compat.v1.layers`: layers whose variables are found by variable scope (`headrace/v1/layers/`)."""

from __future__ import annotations

from headrace.v1 import layers

_STYLE = ["keras_style_scope", "set_keras_style"]
_LAYERS = [n for n in layers.__all__ if n not in _STYLE]
FUNCTIONS = {
    **{f"layers.{n}": getattr(layers, n) for n in _LAYERS},
    **{f"layers.experimental.{n}": getattr(layers, n) for n in _STYLE},
}
ROOT: list[str] = []
NAMES = {"layers": _LAYERS, "layers.experimental": _STYLE}
__all__ = ["FUNCTIONS"]
