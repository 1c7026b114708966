"""`tf.contrib.autograph`, which became `tf.autograph`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from headrace.api.autograph import to_code, to_graph
from headrace.api.autograph_experimental import do_not_convert, set_loop_options


def convert(
    recursive: bool = False, optional_features: Any = None, user_requested: bool = True
) -> Callable[[Any], Any]:
    """Decorator: the function with its `if`s and loops over tensors made into ops.

    Args:
      recursive: whether functions that it calls are converted, too."""

    def converted(f: Callable[..., Any]) -> Callable[..., Any]:
        return to_graph(f, recursive, optional_features)  # type: ignore[no-any-return]

    return converted


__all__ = ["convert", "do_not_convert", "set_loop_options", "to_code", "to_graph"]
