"""Accumulators of gradients: they take gradients of the current step, and give their mean once there are enough."""

from __future__ import annotations

from typing import Any

import numpy as np

from headrace.core import dtypes
from headrace.core.dtypes import DType
from headrace.core.errors import invalid
from headrace.core.op import REQUIRED, OpDef
from headrace.core.shapes import Raw, compatible, text
from headrace.core.tensor import EagerTensor, boxed, wrap

from .table import host_op
from .waiting import DONE, NOTHING, Attempt, Shared


class Accumulator(Shared):
    """Sums up gradients. Subclasses say of what kind.

    Args:
      reduction: "MEAN" or "SUM": what `take` gives."""

    def __init__(self, name: str, dtype: DType, shape: Raw, reduction: str) -> None:
        super().__init__(name, 1)
        if reduction not in ("MEAN", "SUM"):
            raise invalid(f"reduction_type must be MEAN or SUM, received {reduction!r}")
        self.dtype, self.shape, self.reduction = dtype, shape, reduction
        self.step = self.count = 0
        self.clear_sum()

    def check_same(self, attrs: Any) -> None:
        if (self.dtype, self.shape) != (attrs["dtype"], attrs["shape"]):
            raise invalid(
                f"Shared accumulator '{self.name}' has {self.dtype.name}{text(self.shape)} but requested "
                f"{attrs['dtype'].name}{text(attrs['shape'])}."
            )

    def apply(self, local_step: int, *gradient: np.ndarray) -> None:
        """Adds a gradient, unless it was computed for an earlier step."""
        with self.lock:
            self.check(*gradient)
            if local_step < self.step:
                return
            self.add(*gradient)
            self.count += 1
            self.serve()

    def take(self, required: int) -> Any:
        """The mean (or sum), once so many gradients were added; the next step begins."""
        if required <= 0:
            raise invalid(f"Argument num_required must be positive, but is {required}")
        return self.enter(0, _Take(self, required))

    def set_step(self, step: int) -> None:
        with self.lock:
            self.step = step

    def clear_sum(self) -> None:
        raise NotImplementedError

    def check(self, *gradient: np.ndarray) -> None:
        raise NotImplementedError

    def add(self, *gradient: np.ndarray) -> None:
        raise NotImplementedError

    def reduced(self) -> Any:
        raise NotImplementedError


class _Take(Attempt):
    verb = "TakeGrad"

    def __init__(self, accumulator: Accumulator, required: int) -> None:
        super().__init__()
        self.accumulator, self.required = accumulator, required

    def advance(self) -> int:
        a = self.accumulator
        if a.count < self.required:
            return NOTHING
        self.result = a.reduced()
        a.count = 0
        a.step += 1
        a.clear_sum()
        return DONE


class Dense(Accumulator):
    """Of tensors."""

    def clear_sum(self) -> None:
        self.total: np.ndarray | None = None

    def check(self, *gradient: np.ndarray) -> None:
        (g,) = gradient
        want: Raw = self.shape if self.total is None else self.total.shape
        if not compatible(want, g.shape):
            raise invalid(f"Shape mismatch: expected {text(want)}, got {list(g.shape)}")

    def add(self, *gradient: np.ndarray) -> None:
        self.total = gradient[0].copy() if self.total is None else self.total + gradient[0]

    def reduced(self) -> np.ndarray:
        assert self.total is not None
        return self.total / self.total.dtype.type(self.count) if self.reduction == "MEAN" else self.total


class Sparse(Accumulator):
    """Of some rows of tensors: the mean of a row is that of the gradients which have it."""

    def clear_sum(self) -> None:
        self.rows: dict[int, list[Any]] = {}  # sum and number of gradients
        self.whole: np.ndarray | None = None  # the shape of the whole, as it was given

    def check(self, *gradient: np.ndarray) -> None:
        indices, values, whole = gradient
        if indices.ndim != 1:
            raise invalid(f"Input indices should be vector but received shape: {list(indices.shape)}")
        if not values.ndim or len(values) != len(indices):
            raise invalid(
                f"Values must have one row per index: shapes {list(values.shape)} and {list(indices.shape)}"
            )
        own = self.shape
        if whole.size:
            if not compatible(own, tuple(whole.tolist())):
                raise invalid(f"Shape mismatch: expected {text(own)}, got {whole.tolist()}")
            if own is None:
                own = tuple(whole.tolist())
        if own is not None:
            if not compatible(own[1:], values.shape[1:]):
                raise invalid(
                    f"Shape mismatch: expected rows of {text(own[1:])}, got {list(values.shape[1:])}"
                )
            if own[0] is not None and indices.size and not 0 <= indices.min() <= indices.max() < own[0]:
                raise invalid(
                    f"Indices must be in [0, {own[0]}), but reach from {indices.min()} to {indices.max()}"
                )
        elif indices.size and indices.min() < 0:
            raise invalid(f"Indices must not be negative, but {indices.min()} is")
        some = next(iter(self.rows.values()), None)
        if some is not None and some[0].shape != values.shape[1:]:
            raise invalid(
                f"Shape mismatch: expected rows of {list(some[0].shape)}, got {list(values.shape[1:])}"
            )

    def add(self, *gradient: np.ndarray) -> None:
        indices, values, whole = gradient
        if whole.size:
            self.whole = whole
        for i, row in zip(indices.tolist(), values):
            found = self.rows.get(i)
            if found is None:
                self.rows[i] = [row.copy(), 1]
            else:
                found[0], found[1] = found[0] + row, found[1] + 1

    def reduced(self) -> list[np.ndarray]:
        indices = np.array(sorted(self.rows), np.int64)
        rows = [self.rows[i] for i in indices.tolist()]
        mean = self.reduction == "MEAN"
        values = [row / row.dtype.type(n) if mean else row for row, n in rows]
        inner = values[0].shape if values else tuple([d or 0 for d in (self.shape or ())[1:]])
        if self.shape is not None and None not in self.shape:
            whole = np.array(self.shape, np.int64)
        elif self.whole is not None:
            whole = self.whole
        else:
            whole = np.array([-1, *inner], np.int64)
        return [indices, np.array(values, self.dtype._np).reshape(len(rows), *inner), whole]


# -------------------------------------------------------------------------------------------------------------- rows
_ATTRS = {"dtype": REQUIRED, "shape": REQUIRED, "container": "", "shared_name": "", "reduction_type": "MEAN"}


def _maker(name: str, kind: type[Accumulator]) -> OpDef:
    def kernel(dtype: Any, shape: Any, container: Any, shared_name: Any, reduction_type: Any) -> Any:
        return boxed(kind(shared_name, dtype, shape, reduction_type))

    return host_op(name, "-> handle: resource", attrs=_ATTRS, kernel=kernel)


def _accumulator(handle: EagerTensor) -> Any:
    found = handle._host().item()
    if not isinstance(found, Accumulator):
        raise invalid(f"The handle is that of {found!r}, not of an accumulator.")
    return found


def _shape_of(handle: Any) -> Raw:
    node = None if handle._is_eager else handle.op
    return node.attrs.get("shape") if node is not None and "Accumulator" in node.type else None


CONDITIONAL = [_maker(prefix + "ConditionalAccumulator", Dense) for prefix in ("", "Resource")][-1]
SPARSE = _maker("SparseConditionalAccumulator", Sparse)
_ROWS = [
    (
        host_op(
            f"{prefix}AccumulatorNumAccumulated",
            "handle: resource -> num_accumulated: int32",
            lambda handle: wrap(np.int32(_accumulator(handle).count), dtypes.int32),
            (),
        ),
        host_op(
            f"{prefix}AccumulatorSetGlobalStep",
            "handle: resource, new_global_step: int64 ->",
            lambda handle, step: _accumulator(handle).set_step(int(step._host())),
            [],
        ),
        host_op(
            f"{prefix}AccumulatorApplyGradient",
            "handle: resource, local_step: int64, gradient: dtype ->",
            lambda handle, step, gradient: _accumulator(handle).apply(int(step._host()), gradient._host()),
            [],
        ),
        host_op(
            f"{prefix}AccumulatorTakeGradient",
            "handle: resource, num_required: int32 -> average: dtype",
            lambda handle, n, dtype: wrap(_accumulator(handle).take(int(n._host())), dtype),
            lambda c: _shape_of(c.inputs[0]),
            {"dtype": REQUIRED},
            waits=True,
        ),
    )
    for prefix in ("", "Resource")
]
NUM_ACCUMULATED, SET_GLOBAL_STEP, APPLY_GRADIENT, TAKE_GRADIENT = _ROWS[1]
SPARSE_APPLY = host_op(
    "SparseAccumulatorApplyGradient",
    "handle: resource, local_step: int64, gradient_indices: int64, gradient_values: dtype, gradient_shape: int64 ->",
    lambda handle, step, indices, values, shape, has_known_shape: _accumulator(handle).apply(
        int(step._host()),
        indices._host(),
        values._host(),
        shape._host() if has_known_shape else np.zeros(0, np.int64),
    ),
    [],
    {"has_known_shape": REQUIRED},
)
SPARSE_TAKE = host_op(
    "SparseAccumulatorTakeGradient",
    "handle: resource, num_required: int32 -> indices: int64, values: dtype, shape: int64",
    lambda handle, n, dtype: [
        wrap(a, t)
        for a, t in zip(_accumulator(handle).take(int(n._host())), (dtypes.int64, dtype, dtypes.int64))
    ],
    lambda c: [(None,), None, (None,)],
    {"dtype": REQUIRED},
    waits=True,
)
__all__ = ["Accumulator", "Dense", "Sparse"]
