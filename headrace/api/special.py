"""`tf.math.special`: Bessel functions and integrals without an elementary form, of floating tensors."""

from __future__ import annotations

from headrace.ops.special import (
    bessel_i0,
    bessel_i0e,
    bessel_i1,
    bessel_i1e,
    bessel_j0,
    bessel_j1,
    bessel_k0,
    bessel_k0e,
    bessel_k1,
    bessel_k1e,
    bessel_y0,
    bessel_y1,
    dawsn,
    expint,
    fresnel_cos,
    fresnel_sin,
    spence,
)  # fmt: skip

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
