"""`Bijector`: the public methods of an invertible map, how each falls back on another, and what it remembers."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import headrace as tf
from headrace.api.compat_v1_graph import name_scope
from headrace.core.state import state


def _absent(name: str) -> Callable[..., Any]:
    def method(self: Any, *args: Any, **kwargs: Any) -> Any:
        raise NotImplementedError(
            f"{name.strip('_')} is not implemented: {type(self).__name__} has no `{name}`."
        )

    return method


class Bijector:
    """A smooth map with an inverse, and the logarithms of how much both stretch volumes.

    A subclass has `_forward(x)`, `_inverse(y)` and one of `_forward_log_det_jacobian(x)`,
    `_inverse_log_det_jacobian(y)`, for events of as few dimensions as it can act on; events of more dimensions are
    summed over. If it changes shapes, `_forward_event_shape`, `_inverse_event_shape` (of `TensorShape`s) and
    `_forward_event_shape_tensor`, `_inverse_event_shape_tensor`.

    In a graph, it remembers what it mapped where: the inverse of a `forward` costs nothing.

    Args:
      graph_parents: tensors it is made of.
      is_constant_jacobian: whether volumes are stretched alike everywhere.
      validate_args: whether arguments are checked when the program runs.
      dtype: of what it maps; None for any.
      forward_min_event_ndims, inverse_min_event_ndims: the least number of dimensions of an event on either side;
        one side's, where only that is given.

    Raises:
      ValueError: neither number is given, or one is negative.
      TypeError: one is no int.

    >>> class Shifted(Bijector):
    ...     def __init__(self):
    ...         super().__init__(forward_min_event_ndims=0)
    ...     def _forward(self, x):
    ...         return x + 1.0
    ...     def _inverse(self, y):
    ...         return y - 1.0
    ...     def _forward_log_det_jacobian(self, x):
    ...         return tf.zeros_like(x)
    >>> shifted = Shifted()
    >>> float(shifted.forward(1.0)), float(shifted.inverse(1.0)), shifted.name
    (2.0, 0.0, 'shifted')
    """

    def __init__(
        self, graph_parents: Any = None, is_constant_jacobian: bool = False, validate_args: bool = False,
        dtype: Any = None, forward_min_event_ndims: int | None = None, inverse_min_event_ndims: int | None = None,
        name: str | None = None,
    ) -> None:  # fmt: skip
        before, behind = forward_min_event_ndims, inverse_min_event_ndims
        least: list[Any] = [behind if before is None else before, before if behind is None else behind]
        if least == [None, None]:
            raise ValueError("Give forward_min_event_ndims or inverse_min_event_ndims, or both.")
        for dims in least:
            if not isinstance(dims, int):
                raise TypeError(f"The least number of dimensions must be an int. Received {dims!r}.")
            if dims < 0:
                raise ValueError(f"The least number of dimensions must not be negative. Received {dims}.")
        self._forward_least: int = least[0]
        self._inverse_least: int = least[1]
        self._graph_parents = list(graph_parents or [])
        for i, tensor in enumerate(self._graph_parents):
            if tensor is None or not tf.is_tensor(tensor):
                raise ValueError(f"graph_parents must be tensors. Received {tensor!r} at index {i}.")
        self._is_constant_jacobian, self._validate_args = is_constant_jacobian, validate_args
        self._dtype = None if dtype is None else tf.as_dtype(dtype)
        self._name = name or _snake_case(type(self).__name__.lstrip("_"))
        self._known: dict[Any, Any] = {}

    # ------------------------------------------------------------------------------------------------ what it is made of
    @property
    def name(self) -> str:
        """The scope of its ops."""
        return self._name

    @property
    def dtype(self) -> Any:
        """The dtype it maps; None for any."""
        return self._dtype

    @property
    def graph_parents(self) -> list[Any]:
        """The tensors it is made of."""
        return self._graph_parents

    @property
    def is_constant_jacobian(self) -> bool:
        """Whether volumes are stretched alike everywhere."""
        return self._is_constant_jacobian

    @property
    def validate_args(self) -> bool:
        """Whether arguments are checked."""
        return self._validate_args

    @property
    def forward_min_event_ndims(self) -> int:
        """The least number of dimensions of what `forward` takes."""
        return self._forward_least

    @property
    def inverse_min_event_ndims(self) -> int:
        """The least number of dimensions of what `inverse` takes."""
        return self._inverse_least

    @property
    def _is_injective(self) -> bool:
        return True  # where it is not, `_inverse` and `_inverse_log_det_jacobian` give a tuple, a value for each branch

    # ------------------------------------------------------------------------------------------------------------- shapes
    def forward_event_shape(self, input_shape: Any) -> Any:
        """The shape of events after `forward`, as far as it is known."""
        return tf.TensorShape(self._forward_event_shape(tf.TensorShape(input_shape)))

    def inverse_event_shape(self, output_shape: Any) -> Any:
        """The shape of events after `inverse`, as far as it is known."""
        return tf.TensorShape(self._inverse_event_shape(tf.TensorShape(output_shape)))

    def forward_event_shape_tensor(self, input_shape: Any, name: str = "forward_event_shape_tensor") -> Any:
        """`forward_event_shape` as an int32 tensor."""
        with self._name_scope(name):
            return self._forward_event_shape_tensor(tf.convert_to_tensor(input_shape, tf.int32))

    def inverse_event_shape_tensor(self, output_shape: Any, name: str = "inverse_event_shape_tensor") -> Any:
        """`inverse_event_shape` as an int32 tensor."""
        with self._name_scope(name):
            return self._inverse_event_shape_tensor(tf.convert_to_tensor(output_shape, tf.int32))

    # ------------------------------------------------------------------------------------------------------------- values
    def forward(self, x: Any, name: str = "forward") -> Any:
        """The image of `x`."""
        return self._call_forward(x, name)

    def inverse(self, y: Any, name: str = "inverse") -> Any:
        """What `forward` maps to `y`; a tuple of all such, where there may be several."""
        return self._call_inverse(y, name)

    def forward_log_det_jacobian(
        self, x: Any, event_ndims: Any, name: str = "forward_log_det_jacobian"
    ) -> Any:
        """How much `forward` stretches volumes at `x`, as a logarithm.

        Args:
          event_ndims: how many of the last dimensions are one event: an int.
        """
        return self._call_forward_log_det_jacobian(x, event_ndims, name)

    def inverse_log_det_jacobian(
        self, y: Any, event_ndims: Any, name: str = "inverse_log_det_jacobian"
    ) -> Any:
        """How much `inverse` stretches volumes at `y`, as a logarithm.

        Args:
          event_ndims: how many of the last dimensions are one event: an int.
        """
        return self._call_inverse_log_det_jacobian(y, event_ndims, name)

    def _call_forward(self, x: Any, name: str, **kwargs: Any) -> Any:
        with self._name_scope(name, [x]):
            return self._image(self._taken(x), kwargs)

    def _call_inverse(self, y: Any, name: str, **kwargs: Any) -> Any:
        with self._name_scope(name, [y]):
            return self._origin(self._taken(y), kwargs)

    def _call_forward_log_det_jacobian(self, x: Any, event_ndims: Any, name: str, **kwargs: Any) -> Any:
        if not self._is_injective:
            raise NotImplementedError(
                f"forward_log_det_jacobian is not defined for {self.name}, which maps several values to one."
            )
        dims = _checked_dims(event_ndims, self._forward_least)
        with self._name_scope(name, [x]):
            x = self._taken(x)
            return _first(
                lambda: self._summed(self._forward_log_det_jacobian(x, **kwargs), x, dims, self._forward_least),
                lambda: -self._inverse_at(self._image(x, kwargs), dims + self._gained, kwargs),
            )  # fmt: skip

    def _call_inverse_log_det_jacobian(self, y: Any, event_ndims: Any, name: str, **kwargs: Any) -> Any:
        dims = _checked_dims(event_ndims, self._inverse_least)
        with self._name_scope(name, [y]):
            y = self._taken(y)
            if not self._is_injective:
                found = self._inverse_log_det_jacobian(y, **kwargs)
                return tuple(self._summed(one, y, dims, self._inverse_least) for one in found)
            return _first(
                lambda: self._inverse_at(y, dims, kwargs), lambda: -self._forward_at(y, dims, kwargs)
            )

    def _inverse_at(self, y: Any, dims: int, kwargs: Any) -> Any:
        return self._summed(self._inverse_log_det_jacobian(y, **kwargs), y, dims, self._inverse_least)

    def _forward_at(self, y: Any, dims: int, kwargs: Any) -> Any:
        x = self._origin(y, kwargs)
        found = self._forward_log_det_jacobian(x, **kwargs)
        return self._summed(found, x, dims - self._gained, self._forward_least)

    @property
    def _gained(self) -> int:
        """How many dimensions more an event has after `forward`."""
        return self._inverse_least - self._forward_least

    @staticmethod
    def _summed(log_det: Any, at: Any, dims: int, least: int) -> Any:
        """The logarithm for events of `dims` dimensions, from that for events of as few as can be."""
        if dims == least:
            return log_det
        rank = tf.rank(at) if at.shape.rank is None else at.shape.rank
        shape = tf.shape(at)[rank - dims : rank - least]
        return tf.reduce_sum(tf.ones(shape, log_det.dtype) * log_det, list(range(least - dims, 0)))

    # ------------------------------------------------------------------------------------------------- what it remembers
    def _image(self, x: Any, kwargs: Any) -> Any:
        return self._mapped(x, self._forward, "y", "x", kwargs)

    def _origin(self, y: Any, kwargs: Any) -> Any:
        return self._mapped(y, self._inverse, "x", "y", kwargs)

    def _mapped(self, value: Any, function: Callable[..., Any], to: str, back: str, kwargs: Any) -> Any:
        if state.graph is None or not self._is_injective:
            return function(value, **kwargs)
        rest = tuple(sorted((k, id(v)) for k, v in kwargs.items()))
        held = self._known.get((to, id(value), rest))
        if held is None:
            result = function(value, **kwargs)
            held = result, value, kwargs  # the arguments are held, too: no other tensor may get their id
            self._known[to, id(value), rest] = held
            self._known.setdefault((back, id(result), rest), (value, result, kwargs))
        return held[0]

    # ------------------------------------------------------------------------------------------------------ small things
    @contextmanager
    def _name_scope(self, name: str | None = None, values: Any = None) -> Iterator[Any]:
        with name_scope(self.name), name_scope(name, None, [*(values or []), *self.graph_parents]) as scope:
            yield scope

    def _taken(self, value: Any) -> Any:
        value = tf.convert_to_tensor(value, dtype_hint=self.dtype)
        if self.dtype is not None and value.dtype != self.dtype:
            raise TypeError(f"{self.name} maps {self.dtype.name}. Received dtype {value.dtype.name}.")
        return value

    # ---------------------------------------------------------------------------------------------- what subclasses define
    _forward = _absent("_forward")
    _inverse = _absent("_inverse")
    _forward_log_det_jacobian = _absent("_forward_log_det_jacobian")
    _inverse_log_det_jacobian = _absent("_inverse_log_det_jacobian")

    def _forward_event_shape(self, shape: Any) -> Any:
        return shape

    def _inverse_event_shape(self, shape: Any) -> Any:
        return shape

    def _forward_event_shape_tensor(self, shape: Any) -> Any:
        return shape

    def _inverse_event_shape_tensor(self, shape: Any) -> Any:
        return shape


class ConditionalBijector(Bijector):
    """A bijector whose methods take more arguments by name, which the subclass's get."""

    def forward(self, x: Any, name: str = "forward", **condition_kwargs: Any) -> Any:
        return self._call_forward(x, name, **condition_kwargs)

    def inverse(self, y: Any, name: str = "inverse", **condition_kwargs: Any) -> Any:
        return self._call_inverse(y, name, **condition_kwargs)

    def forward_log_det_jacobian(
        self, x: Any, event_ndims: Any, name: str = "forward_log_det_jacobian", **condition_kwargs: Any
    ) -> Any:
        return self._call_forward_log_det_jacobian(x, event_ndims, name, **condition_kwargs)

    def inverse_log_det_jacobian(
        self, y: Any, event_ndims: Any, name: str = "inverse_log_det_jacobian", **condition_kwargs: Any
    ) -> Any:
        return self._call_inverse_log_det_jacobian(y, event_ndims, name, **condition_kwargs)


class Identity(Bijector):
    """`y = x`.

    >>> float(Identity().forward(3.0))
    3.0
    """

    def __init__(self, validate_args: bool = False, name: str = "identity") -> None:
        super().__init__(
            is_constant_jacobian=True, forward_min_event_ndims=0, validate_args=validate_args, name=name
        )

    def _forward(self, x: Any, **kwargs: Any) -> Any:
        return x

    def _inverse(self, y: Any, **kwargs: Any) -> Any:
        return y

    def _forward_log_det_jacobian(self, x: Any, **kwargs: Any) -> Any:
        return tf.zeros([], x.dtype)

    _inverse_log_det_jacobian = _forward_log_det_jacobian


def known_dims(event_ndims: Any) -> int:
    """A number of dimensions as an int.

    Raises:
      ValueError: it is not known while the graph is built, or no whole number."""
    value = tf.get_static_value(tf.convert_to_tensor(event_ndims))
    if value is None or value.ndim or value.dtype.kind not in "iu":
        raise ValueError(
            f"event_ndims must be an int that is known when the graph is built. Received {event_ndims!r}."
        )
    return int(value)


def _checked_dims(event_ndims: Any, least: int) -> int:
    dims = known_dims(event_ndims)
    if dims < least:
        raise ValueError(f"event_ndims ({dims}) must be at least {least}, as many as an event has.")
    return dims


def _first(way: Callable[[], Any], other: Callable[[], Any]) -> Any:
    """What the first way that is implemented gives; else the first one's error."""
    try:
        return way()
    except NotImplementedError as missing:
        try:
            return other()
        except NotImplementedError:
            raise missing from None


def _snake_case(name: str) -> str:
    name = re.sub(r"(.)([A-Z][a-z]+)", r"\1_\2", name)
    return re.sub(r"([a-z0-9])([A-Z])", r"\1_\2", name).lower()
