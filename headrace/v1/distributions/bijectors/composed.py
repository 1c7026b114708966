"""Bijectors made of others, or of functions."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import headrace as tf

from .base import Bijector


class Invert(Bijector):
    """A bijector the other way round.

    >>> from headrace.v1.distributions.bijectors import Exp
    >>> float(Invert(Exp()).forward(1.0))
    0.0
    """

    def __init__(self, bijector: Bijector, validate_args: bool = False, name: str | None = None) -> None:
        if not bijector._is_injective:
            raise NotImplementedError(f"{bijector.name} maps several values to one: it has no inverse.")
        self._bijector = bijector
        super().__init__(
            bijector.graph_parents, bijector.is_constant_jacobian, validate_args, bijector.dtype,
            bijector.inverse_min_event_ndims, bijector.forward_min_event_ndims, name or f"invert_{bijector.name}",
        )  # fmt: skip

    @property
    def bijector(self) -> Bijector:
        return self._bijector

    def _forward(self, x: Any, **kwargs: Any) -> Any:
        return self.bijector._origin(x, kwargs)

    def _inverse(self, y: Any, **kwargs: Any) -> Any:
        return self.bijector._image(y, kwargs)

    def _forward_log_det_jacobian(self, x: Any, **kwargs: Any) -> Any:
        return self.bijector._inverse_log_det_jacobian(x, **kwargs)

    def _inverse_log_det_jacobian(self, y: Any, **kwargs: Any) -> Any:
        return self.bijector._forward_log_det_jacobian(y, **kwargs)

    def _forward_event_shape(self, shape: Any) -> Any:
        return self.bijector._inverse_event_shape(shape)

    def _inverse_event_shape(self, shape: Any) -> Any:
        return self.bijector._forward_event_shape(shape)

    def _forward_event_shape_tensor(self, shape: Any) -> Any:
        return self.bijector._inverse_event_shape_tensor(shape)

    def _inverse_event_shape_tensor(self, shape: Any) -> Any:
        return self.bijector._forward_event_shape_tensor(shape)


class Chain(Bijector):
    """Bijectors one after the other, the last one first: `Chain([f, g]).forward(x) = f.forward(g.forward(x))`.

    Arguments by name are dicts for the bijectors of these names.

    >>> from headrace.v1.distributions.bijectors import AffineScalar, Exp
    >>> chain = Chain([AffineScalar(shift=1.0), Exp()])
    >>> float(chain.forward(0.0)), chain.name
    (2.0, 'chain_of_affine_scalar_of_exp')
    """

    def __init__(self, bijectors: Any = None, validate_args: bool = False, name: str | None = None) -> None:
        self._bijectors = bijectors = tuple(bijectors or ())
        for b in bijectors:
            if not b._is_injective:
                raise NotImplementedError(
                    f"{b.name} maps several values to one: it cannot be part of a chain."
                )
        dtypes = {b.dtype.name: b.dtype for b in bijectors if b.dtype is not None}
        if len(dtypes) > 1:
            raise ValueError(
                f"Bijectors of a chain must map one dtype. Received {', '.join(sorted(dtypes))}."
            )
        names = [b.name for b in bijectors]
        super().__init__(
            [t for b in bijectors for t in b.graph_parents], all(b.is_constant_jacobian for b in bijectors),
            validate_args, next(iter(dtypes.values()), None),
            _least([(b.forward_min_event_ndims, b.inverse_min_event_ndims) for b in reversed(bijectors)]),
            _least([(b.inverse_min_event_ndims, b.forward_min_event_ndims) for b in bijectors]),
            name or ("_of_".join(["chain", *names]) if names else "identity"),
        )  # fmt: skip

    @property
    def bijectors(self) -> tuple[Bijector, ...]:
        return self._bijectors

    def _forward(self, x: Any, **kwargs: Any) -> Any:
        for b in reversed(self.bijectors):
            x = b._call_forward(x, "forward", **kwargs.get(b.name, {}))
        return x

    def _inverse(self, y: Any, **kwargs: Any) -> Any:
        for b in self.bijectors:
            y = b._call_inverse(y, "inverse", **kwargs.get(b.name, {}))
        return y

    def _forward_log_det_jacobian(self, x: Any, **kwargs: Any) -> Any:
        total, dims = tf.zeros([], x.dtype), self.forward_min_event_ndims
        for b in reversed(self.bijectors):
            own = kwargs.get(b.name, {})
            total += b._call_forward_log_det_jacobian(x, dims, "forward_log_det_jacobian", **own)
            dims = _dims_after(x, dims, b.forward_event_shape, b._gained)
            x = b._call_forward(x, "forward", **own)
        return total

    def _inverse_log_det_jacobian(self, y: Any, **kwargs: Any) -> Any:
        total, dims = tf.zeros([], y.dtype), self.inverse_min_event_ndims
        for b in self.bijectors:
            own = kwargs.get(b.name, {})
            total += b._call_inverse_log_det_jacobian(y, dims, "inverse_log_det_jacobian", **own)
            dims = _dims_after(y, dims, b.inverse_event_shape, -b._gained)
            y = b._call_inverse(y, "inverse", **own)
        return total

    def _through(self, method: str, shape: Any, bijectors: Any) -> Any:
        for b in bijectors:
            shape = getattr(b, method)(shape)
        return shape

    def _forward_event_shape(self, shape: Any) -> Any:
        return self._through("forward_event_shape", shape, reversed(self.bijectors))

    def _inverse_event_shape(self, shape: Any) -> Any:
        return self._through("inverse_event_shape", shape, self.bijectors)

    def _forward_event_shape_tensor(self, shape: Any) -> Any:
        return self._through("forward_event_shape_tensor", shape, reversed(self.bijectors))

    def _inverse_event_shape_tensor(self, shape: Any) -> Any:
        return self._through("inverse_event_shape_tensor", shape, self.bijectors)


def _least(pairs: Any) -> int:
    """The dimensions that the first of a row of maps has to get, each of which needs some and leaves some."""
    wanted = there = 0
    for needs, leaves in pairs:
        wanted += max(0, needs - there)
        there = max(needs, there) - needs + leaves
    return wanted


def _dims_after(value: Any, dims: int, shape_after: Callable[[Any], Any], gained: int) -> int:
    rank = value.shape.rank
    if rank is None:
        return dims + gained
    known = shape_after(value.shape[rank - dims :]).rank  # `Reshape` changes it as it likes
    return dims + gained if known is None else known


class Inline(Bijector):
    """A bijector made of functions; those that are not given are not implemented, shapes stay.

    >>> exp = Inline(tf.exp, tf.math.log, lambda y: -tf.math.log(y), forward_min_event_ndims=0)
    >>> float(exp.inverse(1.0)), float(exp.forward_log_det_jacobian(2.0, event_ndims=0))
    (0.0, 2.0)
    """

    def __init__(
        self, forward_fn: Any = None, inverse_fn: Any = None, inverse_log_det_jacobian_fn: Any = None,
        forward_log_det_jacobian_fn: Any = None, forward_event_shape_fn: Any = None,
        forward_event_shape_tensor_fn: Any = None, inverse_event_shape_fn: Any = None,
        inverse_event_shape_tensor_fn: Any = None, is_constant_jacobian: bool = False, validate_args: bool = False,
        forward_min_event_ndims: int | None = None, inverse_min_event_ndims: int | None = None, name: str = "inline",
    ) -> None:  # fmt: skip
        super().__init__(
            None, is_constant_jacobian, validate_args, None, forward_min_event_ndims, inverse_min_event_ndims, name
        )  # fmt: skip
        for method, function in (
            ("_forward", forward_fn), ("_inverse", inverse_fn), ("_inverse_log_det_jacobian", inverse_log_det_jacobian_fn),
            ("_forward_log_det_jacobian", forward_log_det_jacobian_fn), ("_forward_event_shape", forward_event_shape_fn),
            ("_forward_event_shape_tensor", forward_event_shape_tensor_fn),
            ("_inverse_event_shape", inverse_event_shape_fn),
            ("_inverse_event_shape_tensor", inverse_event_shape_tensor_fn),
        ):  # fmt: skip
            if function is not None:
                setattr(self, method, function)
