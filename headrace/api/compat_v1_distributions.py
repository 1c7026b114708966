"""`tf.compat.v1.distributions`: probability distributions (`headrace/v1/distributions/`)."""

from __future__ import annotations

from headrace.v1 import distributions

FUNCTIONS = {f"distributions.{n}": getattr(distributions, n) for n in distributions.__all__}
ROOT: list[str] = []
NAMES = {"distributions": list(distributions.__all__)}
__all__ = ["FUNCTIONS"]
