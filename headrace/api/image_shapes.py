"""What the functions of `tf.image` have in common: one image `[height, width, channels]` or a batch of them, dimensions
that may be known or not, and checks of both."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from headrace.core import dtypes, errors
from headrace.core.convert import to_tensor
from headrace.core.errors import invalid
from headrace.core.op import lookup
from headrace.core.state import state
from headrace.core.static import static_value
from headrace.core.tensor import Tensor

from .assertions import Assert
from .control import cond


def image_tensor(image: Any, name: str = "image") -> Tensor:
    """As a tensor of at least three dimensions, the last three of them not empty; ValueError otherwise."""
    x = to_tensor(image)
    shape = x._raw_shape
    if shape is not None:
        if len(shape) < 3:
            raise ValueError(f"'{name}' (shape {x.shape}) must be at least three-dimensional.")
        if 0 in shape[-3:]:
            raise ValueError(f"inner 3 dims of '{name}.shape' must be > 0: {x.shape}")
    return x


def by_rank(x: Tensor, one: Callable[[], Any], batch: Callable[[], Any]) -> Any:
    """`one()` for a single image, `batch()` for a batch; which one may turn out only when the graph runs."""
    rank = x.ndim
    if rank is None:
        return cond(lookup("Equal")(lookup("Rank")(x), 3), one, batch)
    if rank not in (3, 4):
        raise ValueError(f"'image' (shape {x.shape}) must have either 3 or 4 dimensions.")
    return one() if rank == 3 else batch()


def batched(image: Any, run: Callable[[Tensor], Any]) -> Any:
    """`run` on a batch, also for a single image (which an image of unknown rank is taken for)."""
    x = image_tensor(image)
    if x.ndim == 4:
        return run(x)
    if x.ndim not in (3, None):
        raise ValueError(f"'image' (shape {x.shape}) must have either 3 or 4 dimensions.")
    if x.ndim is None:
        x = lookup("Identity")(x)
        x.set_shape([None, None, None])
    return lookup("Squeeze")(run(lookup("ExpandDims")(x, 0)), squeeze_dims=[0])


def dims(x: Tensor) -> list[Any]:
    """The dimensions of a tensor of known rank: numbers where they are known, scalar tensors otherwise."""
    shape = x._raw_shape
    assert shape is not None
    if None not in shape:
        return list(shape)
    dynamic = lookup("Shape")(x)
    return [dynamic[i] if d is None else d for i, d in enumerate(shape)]


def number(value: Any) -> Any:
    """A Python number, or a tensor where it is not known."""
    if isinstance(value, Tensor):
        return value
    static = getattr(value, "item", None)
    return value if static is None else static()


def require(condition: Any, message: str) -> None:
    """Raises ValueError where the condition is a Python truth, InvalidArgumentError where it is a tensor's."""
    if not isinstance(condition, Tensor):
        if not condition:
            raise ValueError(message)
        return
    known = static_value(condition)
    if known is None:
        Assert(condition, [message])
    elif not known.all():
        if state.graph is None:
            raise invalid(message)
        Assert(condition, [message])


def pack(values: Sequence[Any]) -> Any:
    """Dimensions as one int32 vector."""
    if not any(isinstance(v, Tensor) for v in values):
        return to_tensor([int(v) for v in values], dtypes.int32)
    return lookup("Pack")(
        [lookup("Cast")(v, DstT=dtypes.int32) if isinstance(v, Tensor) else v for v in values]
    )


def set_known(x: Tensor, shape: Sequence[Any]) -> Tensor:
    """Tells a tensor of the graph which of its dimensions are known."""
    if not x._is_eager:
        x.set_shape([None if isinstance(d, Tensor) else d for d in shape])
    return x


def vector_shape(x: Tensor) -> Any:
    """The shape as an argument for ops: a list of numbers, or a tensor."""
    shape = x._raw_shape
    return lookup("Shape")(x) if shape is None or None in shape else list(shape)


__all__ = [
    "batched",
    "by_rank",
    "dims",
    "image_tensor",
    "number",
    "pack",
    "require",
    "set_known",
    "vector_shape",
]
