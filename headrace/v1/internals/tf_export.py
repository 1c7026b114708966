"""`tensorflow.python.util.tf_export`: decorators that say what is public."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any


def tf_export(*names: str, **options: Any) -> Callable[[Any], Any]:
    """Decorator that leaves a function as it is: it is public under its own name only."""
    return lambda function: function


keras_export = estimator_export = tf_export
