"""`tf.__internal__`: what libraries built on TensorFlow (Keras) use of its inside."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

from headrace.core.graph import FuncGraph
from headrace.core.nest import CompositeTensor
from headrace.core.state import init_scope
from headrace.core.tensor import EagerTensor, TensorLike
from headrace.core.trackable import AutoTrackable, Trackable, no_automatic_dependency_tracking
from headrace.distribute import strategy as _strategy

ROOT: list[str] = []
__all__ = [
    "CompositeTensor",
    "EagerTensor",
    "FuncGraph",
    "decorator",
    "distribute",
    "eager_context",
    "smart_cond",
    "tf2",
    "tracking",
    "types",
]

tracking = SimpleNamespace(
    AutoTrackable=AutoTrackable,
    Trackable=Trackable,
    no_automatic_dependency_tracking=no_automatic_dependency_tracking,
)
types = SimpleNamespace(Tensor=TensorLike)
tf2 = SimpleNamespace(enabled=lambda: True)
eager_context = SimpleNamespace(eager_mode=init_scope)


def _smart_cond(
    pred: Any, true_fn: Callable[[], Any] | None = None, false_fn: Callable[[], Any] | None = None, name: str | None = None
) -> Any:  # fmt: skip
    """`tf.cond`, but a predicate that is known while building picks its branch at once."""
    from headrace.api.control import cond
    from headrace.api.making import get_static_value, is_tensor

    known = get_static_value(pred) if is_tensor(pred) else pred
    if known is None:
        return cond(pred, true_fn, false_fn, name=name)
    chosen = true_fn if known else false_fn
    if not callable(chosen):
        raise TypeError(f"Expected `true_fn` and `false_fn` to be callable, got {chosen!r}.")
    return chosen()


smart_cond = SimpleNamespace(smart_cond=_smart_cond)


def _maybe_merge_call(fn: Callable[..., Any], strategy: Any, *args: Any, **kwargs: Any) -> Any:
    """`fn(strategy, *args)`, once for all replicas where the strategy needs that."""
    if _strategy.in_cross_replica_context() or not strategy.extended._use_merge_call():
        return fn(strategy, *args, **kwargs)
    context = _strategy.get_replica_context()
    assert context is not None
    return context.merge_call(fn, args, kwargs)


distribute = SimpleNamespace(
    interim=SimpleNamespace(maybe_merge_call=_maybe_merge_call),
    strategy_supports_no_merge_call=lambda: not _strategy.get_strategy().extended._use_merge_call(),
)


def _unwrap(maybe_decorated: Any) -> tuple[list[Any], Any]:
    """The wrappers around a function (outermost first), and the function."""
    wrappers = []
    while hasattr(maybe_decorated, "__wrapped__"):
        wrappers.append(maybe_decorated)
        maybe_decorated = maybe_decorated.__wrapped__
    return wrappers, maybe_decorated


decorator = SimpleNamespace(unwrap=_unwrap)


def __getattr__(name: str) -> Any:
    if name == "feature_column":  # imported when it is used: few programs define columns of their own
        return importlib.import_module("headrace.internals.feature_column")
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
