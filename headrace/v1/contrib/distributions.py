"""`tf.contrib.distributions`, of which the part that became `tf.distributions` is here."""

from __future__ import annotations

from typing import Any

from headrace.v1 import distributions
from headrace.v1.distributions import *  # noqa: F403 - the same names

__all__ = distributions.__all__


def __getattr__(name: str) -> Any:
    if name.startswith("__"):
        raise AttributeError(name)
    here = ", ".join(n for n in __all__ if n[0].isupper())
    raise AttributeError(f"tf.contrib.distributions.{name} is not part of Headrace, which has {here}.")
