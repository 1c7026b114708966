"""What several layers make of their arguments; and functions made of layers."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Sequence
from typing import Any

import headrace as tf
from headrace.api import compat_v1_initializers as initializers


def activation_of(value: Any) -> Any:
    """An activation function, or the function that a str names; None for none."""
    if value is None or callable(value):
        return value
    if value == "linear":
        return None
    found = getattr(tf.nn, str(value), None)
    if found is None:
        raise ValueError(f"Unknown activation function: {value!r}. Give a function, such as tf.nn.relu.")
    return found


def initializer_of(value: Any) -> Any:
    """An initialiser: itself, an instance of a class of them, or the one that a str names."""
    if isinstance(value, type):
        return value()
    if not isinstance(value, str):
        return value
    found = getattr(initializers, value, None)
    if value not in initializers.NAMES["initializers"] or found is None:
        raise ValueError(f"Unknown initializer: {value!r}. Give one of tf.initializers.")
    return found()


def several(value: Any, n: int, what: str) -> tuple[int, ...]:
    """An int for each of `n` dimensions; one int is the same for all.

    >>> several(3, 2, "kernel_size")
    (3, 3)
    """
    if hasattr(value, "__index__"):
        return (int(value),) * n
    try:
        values = tuple(int(v) for v in value)
    except (TypeError, ValueError):
        values = ()
    if len(values) != n:
        raise ValueError(
            f"The `{what}` argument must be a tuple of {n} integers, or an integer. Received: {value!r}"
        )
    return values


def channels_first(data_format: str) -> bool:
    """Whether `data_format` says that channels come before space."""
    if data_format not in ("channels_first", "channels_last"):
        raise ValueError(
            f'The `data_format` argument must be one of "channels_first", "channels_last". Received: {data_format!r}'
        )
    return data_format == "channels_first"


def padding_of(value: Any, also: Sequence[str] = ()) -> str:
    """ "VALID" or "SAME" (or one of `also`), whatever the case."""
    padding = str(value).upper()
    if padding not in ("VALID", "SAME", *also):
        raise ValueError(
            f'The `padding` argument must be one of "valid", "same" (or "causal", only for `Conv1D`). Received: {value!r}'
        )
    return padding


def format_of(rank: int, first: bool) -> str:
    """The `data_format` of ops, with a batch and channels around `rank` dimensions.

    >>> format_of(2, False)
    'NHWC'
    """
    space = "DHW"[-rank:] if rank < 4 else ""
    return f"NC{space}" if first else f"N{space}C"


def size_of(shape: Any, axis: int, layer: str) -> int:
    """The size of that axis, which has to be known."""
    size = shape.as_list()[axis]
    if size is None:
        where = "last" if axis == -1 else "channel"
        raise ValueError(f"The {where} dimension of the inputs to `{layer}` should be defined. Found `None`.")
    return size


def function_of(cls: type, order: str | None = None, calls: Sequence[str] = ()) -> Callable[..., Any]:
    """The function that makes a layer and calls it, its arguments those of the class after the inputs.

    Args:
      order: the names of the arguments, where they are in another order than the class's followed by `reuse`.
      calls: those that are passed when the layer is called.
    """
    known = {
        n: p for n, p in inspect.signature(cls.__init__).parameters.items()  # type: ignore[misc]
        if n != "self" and p.kind is not p.VAR_KEYWORD
    }  # fmt: skip
    names = order.split() if order else [*known, "reuse"]
    defaults: dict[str, Any] = {"training": False, "reuse": None, "name": None}
    parameters = [inspect.Parameter("inputs", inspect.Parameter.POSITIONAL_OR_KEYWORD)]
    for name in names:
        default = known[name].default if name in known else defaults[name]
        parameters.append(inspect.Parameter(name, inspect.Parameter.POSITIONAL_OR_KEYWORD, default=default))
    signature = inspect.Signature(parameters)

    def layer(*args: Any, **kwargs: Any) -> Any:
        given = signature.bind(*args, **kwargs).arguments
        inputs = given.pop("inputs")
        called = {n: given.pop(n) for n in calls if n in given}
        reuse = given.pop("reuse", None)
        if given.get("name") is not None or reuse is not None:
            given |= {"_scope": given.get("name"), "_reuse": reuse}
        return cls(**given)(inputs, **called)

    layer.__signature__ = signature  # type: ignore[attr-defined]
    layer.__doc__ = (
        f"Makes a `{cls.__name__}` layer and calls it: {' '.join((cls.__doc__ or '').split('.')[0].split())}."
    )
    return layer
