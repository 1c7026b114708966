"""`experimental_enable_numpy_behavior`: NumPy's methods, operators and indexing on all tensors."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from headrace.core.tensor import EagerTensor, Tensor

from . import experimental_numpy_elementwise as _elementwise
from . import experimental_numpy_indexing as _indexing
from . import experimental_numpy_reductions as _reductions
from . import experimental_numpy_shaping as _shaping
from .conversion import cast
from .experimental_numpy_types import promote, settings

_OPERATORS = [
    *[
        f"__{o}__"
        for o in ("add", "sub", "mul", "truediv", "floordiv", "mod", "pow", "matmul", "and", "or", "xor")
    ],
    *[
        f"__r{o}__"
        for o in ("add", "sub", "mul", "truediv", "floordiv", "mod", "pow", "matmul", "and", "or", "xor")
    ],
    *[f"__{o}__" for o in ("lt", "le", "gt", "ge", "eq", "ne")],
]
_VALUES = (int, float, complex, list, tuple, np.ndarray, np.generic, Tensor)
_own: dict[str, Any] = {}  # the operators that tensors have without this module


def _promoting(own: Callable[..., Any]) -> Callable[[Any, Any], Any]:
    """An operator whose operands meet in NumPy's type first."""

    def operator(x: Any, y: Any) -> Any:
        if isinstance(y, Tensor):
            if y._dtype is x._dtype:
                return own(x, y)
        elif not isinstance(y, _VALUES) and not hasattr(y, "__tf_tensor__"):
            return own(x, y)
        if not (x._dtype.is_numpy_compatible and x._dtype.kind in "biufc"):
            return own(x, y)
        return own(*promote(x, y))

    operator.__name__ = own.__name__
    operator.__doc__ = own.__doc__
    return operator


def _reshape(self: Tensor, *newshape: Any, order: str = "C") -> Tensor:
    shape = newshape[0] if len(newshape) == 1 and not isinstance(newshape[0], int) else newshape
    return _shaping.reshape(self, shape, order)


def _size(self: Tensor) -> Any:
    return np.int64(math.prod(self.shape.as_list())) if self.shape.is_fully_defined() else None  # type: ignore[arg-type]


def _to_list(self: Any) -> Any:
    if not self._is_eager:
        raise ValueError(f"tolist: {self!r} has no value while the graph is being built.")
    return self._host().tolist()


_METHODS: dict[str, Any] = {
    "T": property(lambda self: _shaping.transpose(self), doc="The axes in reverse order."),
    "astype": cast,
    "clip": _elementwise.clip,
    "data": property(lambda self: self, doc="The tensor itself."),
    "flatten": _shaping.flatten,
    "max": _reductions.amax,
    "mean": _reductions.mean,
    "min": _reductions.amin,
    "ravel": _shaping.ravel,
    "reshape": _reshape,
    "size": property(_size, doc="The number of elements; None if it is not known."),
    "tolist": _to_list,
    "transpose": _shaping.transpose,
    "__getitem__": _indexing.getitem,
}


def experimental_enable_numpy_behavior(
    prefer_float32: bool = False, dtype_conversion_mode: str = "legacy"
) -> None:
    """Makes all tensors of this process behave more like NumPy's arrays.

    They get the methods `T`, `astype`, `clip`, `data`, `flatten`, `max`, `mean`, `min`, `ravel`, `reshape`, `size`,
    `tolist` and `transpose`; operators take operands of different types, which meet in NumPy's; and lists, arrays and
    masks may be indices, next to slices.

    Args:
      prefer_float32: whether Python's floats count as float32, and not as float64, in this module and in operators.
      dtype_conversion_mode: "legacy" is NumPy's promotion of types in operators; with "off" operands must be of one type.

    Raises:
      ValueError: another mode. "safe" and "all" exist in TensorFlow: there every function promotes, by rules of its own.

    ```python
    tf.experimental.numpy.experimental_enable_numpy_behavior()
    (tf.ones([2, 3], tf.int32) + 0.5).T.mean(axis=0)
    ```
    """
    mode = dtype_conversion_mode.lower()
    if mode in ("safe", "all"):
        raise ValueError(
            f"dtype_conversion_mode={dtype_conversion_mode!r} is not supported. Use 'legacy', which promotes the operands "
            "of operators as NumPy does, and tf.cast or tf.experimental.numpy's functions elsewhere."
        )
    if mode not in ("legacy", "off"):
        raise ValueError(
            f"Argument `dtype_conversion_mode` must be 'legacy' or 'off'. Received: {dtype_conversion_mode!r}."
        )
    EagerTensor.__round__ = _elementwise.around  # type: ignore[method-assign, assignment]
    settings.prefer_float32 = bool(prefer_float32)
    for name, method in _METHODS.items():
        setattr(Tensor, name, method)
    for name in _OPERATORS:
        own = _own.setdefault(name, getattr(Tensor, name))
        setattr(Tensor, name, _promoting(own) if mode == "legacy" else own)
