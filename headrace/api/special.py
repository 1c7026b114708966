"""`tf.math.special`: Bessel functions and integrals without an elementary form, of floating tensors."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from headrace.core.scoping import scoped
from headrace.ops import special as ops


def _own(row: Callable[..., Any]) -> Callable[..., Any]:
    """The row's function, in a scope of its own name."""
    return scoped(row.__name__, row.op.name)(row)  # type: ignore[attr-defined]


bessel_i0, bessel_i0e, bessel_i1, bessel_i1e = map(
    _own, (ops.bessel_i0, ops.bessel_i0e, ops.bessel_i1, ops.bessel_i1e)
)
bessel_j0, bessel_j1, bessel_y0, bessel_y1 = map(
    _own, (ops.bessel_j0, ops.bessel_j1, ops.bessel_y0, ops.bessel_y1)
)
bessel_k0, bessel_k0e, bessel_k1, bessel_k1e = map(
    _own, (ops.bessel_k0, ops.bessel_k0e, ops.bessel_k1, ops.bessel_k1e)
)
dawsn, expint, fresnel_cos, fresnel_sin, spence = map(
    _own, (ops.dawsn, ops.expint, ops.fresnel_cos, ops.fresnel_sin, ops.spence)
)

_DOCS = {
    "bessel_j0": "The Bessel function of the first kind of order 0.",
    "bessel_j1": "The Bessel function of the first kind of order 1.",
    "bessel_y0": "The Bessel function of the second kind of order 0; x > 0.",
    "bessel_y1": "The Bessel function of the second kind of order 1; x > 0.",
    "bessel_k0": "The modified Bessel function of the second kind of order 0; x > 0.",
    "bessel_k0e": "exp(x) times the modified Bessel function of the second kind of order 0; x > 0.",
    "bessel_k1": "The modified Bessel function of the second kind of order 1; x > 0.",
    "bessel_k1e": "exp(x) times the modified Bessel function of the second kind of order 1; x > 0.",
    "dawsn": "Dawson's integral exp(-x²) ∫₀ˣ exp(t²) dt.",
    "expint": "The exponential integral Ei(x); x > 0.",
    "fresnel_cos": "Fresnel's integral ∫₀ˣ cos(πt²/2) dt.",
    "fresnel_sin": "Fresnel's integral ∫₀ˣ sin(πt²/2) dt.",
    "spence": "Spence's integral -∫₁ˣ log(t)/(t - 1) dt; x ≥ 0.",
}


def _document() -> None:
    for name, summary in _DOCS.items():
        function = globals()[name]
        function.__module__ = __name__
        example = f">>> tf.math.special.{name}([1.5]).shape.as_list()\n[1]\n"
        function.__doc__ = f"{summary}\n\nThe result has the shape and type of `x`.\n\n{example}"


_document()

__all__ = ["bessel_i0", "bessel_i0e", "bessel_i1", "bessel_i1e"]
__all__ += list(_DOCS)
