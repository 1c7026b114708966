"""Accumulators of gradients that several workers compute."""

from __future__ import annotations

from typing import Any, NamedTuple

from headrace.core import dtypes
from headrace.core.convert import to_tensor
from headrace.core.dtypes import DType, as_dtype
from headrace.core.op import OpDef, lookup
from headrace.core.shapes import TensorShape, as_raw
from headrace.core.slices import IndexedSlices
from headrace.core.state import state
from headrace.core.tensor import EagerTensor, Tensor
from headrace.ops import accumulators as ops


class ConditionalAccumulatorBase:
    """What accumulators share: gradients of the current step come in, their mean goes out, and with it the step ends.

    Gradients of earlier steps are dropped.

    Args:
      dtype: of the gradients.
      shape: of the gradients, as far as it is known; None: unknown.
      accumulator_ref: the handle.
    """

    def __init__(self, dtype: Any, shape: Any, accumulator_ref: Any) -> None:
        self._dtype, self._shape, self._accumulator_ref = as_dtype(dtype), TensorShape(shape), accumulator_ref
        if isinstance(accumulator_ref, EagerTensor):
            self._name = accumulator_ref._host().item().name
        else:
            self._name = accumulator_ref.op.name.rpartition("/")[2]

    @property
    def accumulator_ref(self) -> Tensor:
        """The handle."""
        return self._accumulator_ref

    @property
    def name(self) -> str:
        return self._name

    @property
    def dtype(self) -> DType:
        return self._dtype

    def num_accumulated(self, name: str | None = None) -> Tensor:
        """How many gradients came in since the last ones went out."""
        return ops.NUM_ACCUMULATED(self._accumulator_ref, name=name or f"{self._name}_NumAccumulated")

    def set_global_step(self, new_global_step: Any, name: str | None = None) -> Any:
        """Sets the current step: gradients of earlier ones are dropped from now on."""
        step = to_tensor(new_global_step, dtypes.int64)
        return ops.SET_GLOBAL_STEP(self._accumulator_ref, step, name=name)


def _make(
    op: OpDef, dtype: Any, shape: Any, shared_name: str | None, name: str, reduction_type: str
) -> Tensor:
    if reduction_type not in ("MEAN", "SUM"):
        raise ValueError(f'reduction_type must be "MEAN" or "SUM", received {reduction_type!r}')
    return op(
        dtype=as_dtype(dtype), shape=as_raw(TensorShape(shape)), shared_name=shared_name or ("" if state.graph is not None else name),
        reduction_type=reduction_type, name=name,
    )  # fmt: skip


class ConditionalAccumulator(ConditionalAccumulatorBase):
    """An accumulator of tensors.

    Args:
      dtype, shape: of the gradients.
      shared_name: accumulators of this name are one in a session.
      reduction_type: "MEAN" or "SUM": what `take_grad` gives.

    >>> import headrace as tf
    >>> v1 = tf.compat.v1
    >>> with tf.Graph().as_default(), v1.Session() as sess:
    ...     gradients = v1.ConditionalAccumulator(tf.float32, shape=[2])
    ...     for g in ([1.0, 2.0], [3.0, 4.0]):
    ...         sess.run(gradients.apply_grad(g))
    ...     sess.run(gradients.take_grad(2)).tolist()
    [2.0, 3.0]
    """

    def __init__(
        self, dtype: Any, shape: Any = None, shared_name: str | None = None, name: str = "conditional_accumulator",
        reduction_type: str = "MEAN",
    ) -> None:  # fmt: skip
        super().__init__(
            dtype, shape, _make(ops.CONDITIONAL, dtype, shape, shared_name, name, reduction_type)
        )

    def apply_grad(self, grad: Any, local_step: Any = 0, name: str | None = None) -> Any:
        """Adds a gradient; it is dropped if `local_step` is before the current step.

        Raises:
          ValueError: the gradient's shape does not fit (InvalidArgumentError when that shows in a run only).
        """
        grad = to_tensor(grad, self._dtype)
        grad.shape.assert_is_compatible_with(self._shape)
        return ops.APPLY_GRADIENT(self._accumulator_ref, _step(local_step), grad, name=name)

    def take_grad(self, num_required: Any, name: str | None = None) -> Tensor:
        """The mean (or sum) of the gradients; waits until there are `num_required`. The next step begins with it.

        Raises:
          InvalidArgumentError: `num_required` is less than 1.
        """
        out = ops.TAKE_GRADIENT(self._accumulator_ref, num_required, dtype=self._dtype, name=name)
        if not out._is_eager:
            out.set_shape(self._shape)
        return out


class SparseGradient(NamedTuple):
    """Some rows of a gradient: their numbers, their values, the shape of the whole."""

    indices: Tensor
    values: Tensor
    shape: Tensor


class SparseConditionalAccumulator(ConditionalAccumulatorBase):
    """An accumulator of `IndexedSlices`: the mean of a row is that over the gradients that have it.

    Args: as of `ConditionalAccumulator`.
    """

    def __init__(
        self, dtype: Any, shape: Any = None, shared_name: str | None = None,
        name: str = "sparse_conditional_accumulator", reduction_type: str = "MEAN",
    ) -> None:  # fmt: skip
        super().__init__(dtype, shape, _make(ops.SPARSE, dtype, shape, shared_name, name, reduction_type))

    def apply_indexed_slices_grad(
        self, grad: IndexedSlices, local_step: Any = 0, name: str | None = None
    ) -> Any:
        """Adds a gradient; it is dropped if `local_step` is before the current step."""
        return self.apply_grad(grad.indices, grad.values, grad.dense_shape, local_step, name)

    def apply_grad(
        self, grad_indices: Any, grad_values: Any, grad_shape: Any = None, local_step: Any = 0, name: str | None = None
    ) -> Any:  # fmt: skip
        """Adds a gradient, given by the numbers and values of its rows, and maybe the shape of the whole.

        Raises:
          InvalidArgumentError: shapes do not fit, or numbers of rows are out of range.
        """
        known = grad_shape is not None
        whole = (
            to_tensor(grad_shape if known else [], dtypes.int64)
            if not isinstance(grad_shape, Tensor)
            else _wide(grad_shape)
        )
        indices = _wide(to_tensor(grad_indices, None if isinstance(grad_indices, Tensor) else dtypes.int64))
        return ops.SPARSE_APPLY(
            self._accumulator_ref, _step(local_step), indices, to_tensor(grad_values, self._dtype), whole,
            has_known_shape=known, name=name,
        )  # fmt: skip

    def take_grad(self, num_required: Any, name: str | None = None) -> SparseGradient:
        """The rows, as `(indices, values, shape)`; waits until there are `num_required` gradients."""
        return SparseGradient(
            *ops.SPARSE_TAKE(self._accumulator_ref, num_required, dtype=self._dtype, name=name)
        )

    def take_indexed_slices_grad(self, num_required: Any, name: str | None = None) -> IndexedSlices:
        """The rows as IndexedSlices; waits until there are `num_required` gradients."""
        taken = self.take_grad(num_required, name)
        return IndexedSlices(taken.values, taken.indices, taken.shape)


def _wide(x: Any) -> Any:
    return x if x._dtype is dtypes.int64 else lookup("Cast")(x, DstT=dtypes.int64)


def _step(local_step: Any) -> Any:
    return _wide(to_tensor(local_step.value() if hasattr(local_step, "handle") else local_step))


__all__ = ["ConditionalAccumulator", "ConditionalAccumulatorBase", "SparseConditionalAccumulator"]
