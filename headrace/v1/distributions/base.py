"""`Distribution`: the public methods, how each falls back on another, and the shapes of samples."""

from __future__ import annotations

import contextlib
import inspect
from collections.abc import Callable, Iterator
from typing import Any

import headrace as tf
from headrace.api.compat_v1_graph import name_scope

from . import kullback_leibler


class ReparameterizationType:
    """Whether gradients flow through samples to the parameters. There are two: each equals only itself.

    >>> FULLY_REPARAMETERIZED
    <Reparameterization Type: FULLY_REPARAMETERIZED>
    """

    def __init__(self, rep_type: str) -> None:
        self._rep_type = rep_type

    def __repr__(self) -> str:
        return f"<Reparameterization Type: {self._rep_type}>"


FULLY_REPARAMETERIZED = ReparameterizationType("FULLY_REPARAMETERIZED")
NOT_REPARAMETERIZED = ReparameterizationType("NOT_REPARAMETERIZED")


def _absent(name: str) -> Callable[..., Any]:
    def method(self: Any, *args: Any, **kwargs: Any) -> Any:
        raise NotImplementedError(f"{name} is not implemented: {type(self).__name__} has no `_{name}`.")

    return method


class Distribution:
    """A batch of probability distributions of one family.

    A sample has the shape `sample_shape + batch_shape + event_shape`: how many were asked for, how many
    distributions there are, what one draw is. Values given to `prob`, `cdf` and so on broadcast with that.

    A subclass has methods with an underscore for what it knows: `_sample_n(n, seed)` (n draws, stacked),
    `_log_prob(value)` or `_prob`, `_cdf`, `_mean`, `_variance` …, `_batch_shape`, `_event_shape` and, where these are
    not known before a run, `_batch_shape_tensor`, `_event_shape_tensor`. What follows from another method needs none.

    Args:
      dtype: of samples.
      reparameterization_type: `FULLY_REPARAMETERIZED` or `NOT_REPARAMETERIZED`.
      validate_args: parameters and values are checked when the program runs.
      allow_nan_stats: a statistic that is not defined is NaN; if False, it is an error.
      parameters: what `parameters` and `copy` see; the constructor's arguments if not given.
      graph_parents: tensors in whose graph the methods add their ops.
      name: of the scope of the methods' ops; the class's name if not given.

    >>> d = tf.compat.v1.distributions.Normal([0.0, 1.0], 2.0)
    >>> d.batch_shape, d.event_shape, d.sample(3).shape
    (TensorShape([2]), TensorShape([]), TensorShape([3, 2]))
    """

    _constructed_with: dict[str, Any]

    def __new__(cls, *args: Any, **kwargs: Any) -> Distribution:
        # Seen here, the arguments need no bookkeeping in subclasses, however deep. Some may lack: `copy.copy` gives none.
        made = super().__new__(cls)
        with contextlib.suppress(TypeError):  # of arguments that __init__ does not have: it says so itself
            bound = inspect.signature(cls.__init__).bind_partial(made, *args, **kwargs)
            bound.apply_defaults()
            made._constructed_with = dict(list(bound.arguments.items())[1:])
        return made

    def __init__(
        self,
        dtype: Any,
        reparameterization_type: ReparameterizationType,
        validate_args: bool,
        allow_nan_stats: bool,
        parameters: dict[str, Any] | None = None,
        graph_parents: Any = None,
        name: str | None = None,
    ) -> None:
        self._graph_parents = list(graph_parents or [])
        for i, tensor in enumerate(self._graph_parents):
            if tensor is None or not tf.is_tensor(tensor):
                raise ValueError(f"graph_parents must be tensors. Received {tensor!r} at index {i}.")
        self._dtype = None if dtype is None else tf.as_dtype(dtype)
        self._reparameterization_type = reparameterization_type
        self._validate_args = validate_args
        self._allow_nan_stats = allow_nan_stats
        self._parameters = self._constructed_with if parameters is None else parameters
        if not name or not name.endswith("/"):
            with name_scope(name or type(self).__name__) as unique:
                name = unique
        self._name = name

    # ------------------------------------------------------------------------------------------ what it was made of

    @property
    def name(self) -> str:
        """The scope of its ops, with a slash at its end."""
        return self._name

    @property
    def dtype(self) -> Any:
        """The dtype of samples."""
        return self._dtype

    @property
    def parameters(self) -> dict[str, Any]:
        """The arguments it was made with."""
        return {k: v for k, v in self._parameters.items() if k != "self" and not k.startswith("__")}

    @property
    def reparameterization_type(self) -> ReparameterizationType:
        """Whether gradients flow through samples."""
        return self._reparameterization_type

    @property
    def allow_nan_stats(self) -> bool:
        """Whether a statistic that is not defined is NaN rather than an error."""
        return self._allow_nan_stats

    @property
    def validate_args(self) -> bool:
        """Whether parameters and values are checked."""
        return self._validate_args

    def copy(self, **override_parameters_kwargs: Any) -> Distribution:
        """A distribution of the same class and arguments, but for those given here.

        >>> normal = tf.compat.v1.distributions.Normal(0.0, 1.0)
        >>> float(normal.copy(loc=3.0).mean())
        3.0
        """
        return type(self)(**{**self.parameters, **override_parameters_kwargs})

    @classmethod
    def param_shapes(cls, sample_shape: Any, name: str = "DistributionParamShapes") -> dict[str, Any]:
        """The shape of each parameter, as an int32 tensor, for which `sample()` has the shape `sample_shape`."""
        with name_scope(name):
            return cls._param_shapes(tf.convert_to_tensor(sample_shape, tf.int32))

    @classmethod
    def param_static_shapes(cls, sample_shape: Any) -> dict[str, Any]:
        """`param_shapes` as `TensorShape`s.

        Raises:
          ValueError: `sample_shape` is not fully known."""
        if isinstance(sample_shape, tf.TensorShape):
            if not sample_shape.is_fully_defined():
                raise ValueError(f"sample_shape must be fully defined. Received {sample_shape}.")
            sample_shape = sample_shape.as_list()
        known = {k: tf.get_static_value(v) for k, v in cls.param_shapes(sample_shape).items()}
        if any(v is None for v in known.values()):
            raise ValueError("sample_shape must be a list, a tuple or a fully defined TensorShape.")
        return {k: tf.TensorShape(v) for k, v in known.items()}

    # ------------------------------------------------------------------------------------------------------- shapes

    @property
    def batch_shape(self) -> Any:
        """The shape of the batch of distributions, as far as it is known."""
        return tf.TensorShape(self._batch_shape())

    @property
    def event_shape(self) -> Any:
        """The shape of one draw from one distribution, as far as it is known."""
        return tf.TensorShape(self._event_shape())

    def batch_shape_tensor(self, name: str = "batch_shape_tensor") -> Any:
        """`batch_shape` as an int32 tensor."""
        with self._name_scope(name):
            known = self.batch_shape
            return (
                tf.constant(known.as_list(), tf.int32)
                if known.is_fully_defined()
                else self._batch_shape_tensor()
            )

    def event_shape_tensor(self, name: str = "event_shape_tensor") -> Any:
        """`event_shape` as an int32 tensor."""
        with self._name_scope(name):
            known = self.event_shape
            return (
                tf.constant(known.as_list(), tf.int32)
                if known.is_fully_defined()
                else self._event_shape_tensor()
            )

    def is_scalar_batch(self, name: str = "is_scalar_batch") -> Any:
        """A bool tensor: it is one distribution."""
        with self._name_scope(name):
            return self._is_empty(self.batch_shape, self.batch_shape_tensor)

    def is_scalar_event(self, name: str = "is_scalar_event") -> Any:
        """A bool tensor: a draw is a scalar."""
        with self._name_scope(name):
            return self._is_empty(self.event_shape, self.event_shape_tensor)

    @staticmethod
    def _is_empty(known: Any, tensor: Callable[[], Any]) -> Any:
        return tf.equal(tf.size(tensor()), 0) if known.rank is None else tf.constant(known.rank == 0)

    # ------------------------------------------------------------------------------------------------------ samples

    def sample(self, sample_shape: Any = (), seed: int | None = None, name: str = "sample") -> Any:
        """Draws of shape `sample_shape + batch_shape + event_shape`.

        Raises:
          ValueError: `sample_shape` is neither a scalar nor a vector."""
        with self._name_scope(name):
            shape = tf.convert_to_tensor(sample_shape, tf.int32)
            if shape.shape.rank is not None and shape.shape.rank > 1:
                raise ValueError(f"sample_shape must be a scalar or a vector. Received shape {shape.shape}.")
            shape = tf.reshape(shape, [-1])
            draws = self._sample_n(tf.reduce_prod(shape), seed)
            draws = tf.reshape(draws, tf.concat([shape, tf.shape(draws)[1:]], 0))
            known = tf.TensorShape(tf.get_static_value(shape))
            draws.set_shape(known.concatenate(self.batch_shape).concatenate(self.event_shape))
            return draws

    # ------------------------------------------------------------------------------------------ functions of a value

    def log_prob(self, value: Any, name: str = "log_prob") -> Any:
        """The logarithm of the density (or of the mass) at `value`."""
        return self._of(value, name, self._log_prob, lambda x: tf.math.log(self._prob(x)))

    def prob(self, value: Any, name: str = "prob") -> Any:
        """The density (or the mass) at `value`."""
        return self._of(value, name, self._prob, lambda x: tf.exp(self._log_prob(x)))

    def log_cdf(self, value: Any, name: str = "log_cdf") -> Any:
        """`log P[X <= value]`."""
        return self._of(value, name, self._log_cdf, lambda x: tf.math.log(self._cdf(x)))

    def cdf(self, value: Any, name: str = "cdf") -> Any:
        """`P[X <= value]`."""
        return self._of(value, name, self._cdf, lambda x: tf.exp(self._log_cdf(x)))

    def log_survival_function(self, value: Any, name: str = "log_survival_function") -> Any:
        """`log P[X > value]`."""
        return self._of(value, name, self._log_survival_function, lambda x: tf.math.log1p(-self.cdf(x)))

    def survival_function(self, value: Any, name: str = "survival_function") -> Any:
        """`P[X > value]`."""
        return self._of(value, name, self._survival_function, lambda x: 1.0 - self.cdf(x))

    def quantile(self, value: Any, name: str = "quantile") -> Any:
        """The x with `P[X <= x] = value`."""
        return self._of(value, name, self._quantile)

    # --------------------------------------------------------------------------------------------------- statistics

    def entropy(self, name: str = "entropy") -> Any:
        """Shannon's entropy in nats."""
        return self._statistic(name, self._entropy)

    def mean(self, name: str = "mean") -> Any:
        """The mean, `batch_shape + event_shape`."""
        return self._statistic(name, self._mean)

    def variance(self, name: str = "variance") -> Any:
        """The variance, `batch_shape + event_shape`."""
        return self._statistic(name, self._variance, lambda: tf.square(self._stddev()))

    def stddev(self, name: str = "stddev") -> Any:
        """The standard deviation, `batch_shape + event_shape`."""
        return self._statistic(name, self._stddev, lambda: tf.sqrt(self._variance()))

    def covariance(self, name: str = "covariance") -> Any:
        """The covariance of the entries of a draw, `batch_shape + [k, k]`."""
        return self._statistic(name, self._covariance)

    def mode(self, name: str = "mode") -> Any:
        """The most probable value."""
        return self._statistic(name, self._mode)

    def cross_entropy(self, other: Distribution, name: str = "cross_entropy") -> Any:
        """`E[-log other(X)]` for X of this distribution."""
        return self._statistic(name, lambda: self._cross_entropy(other))

    def kl_divergence(self, other: Distribution, name: str = "kl_divergence") -> Any:
        """`E[log self(X) - log other(X)]` for X of this distribution (Kullback and Leibler, 1951)."""
        return self._statistic(name, lambda: self._kl_divergence(other))

    def _cross_entropy(self, other: Distribution) -> Any:
        return kullback_leibler.cross_entropy(self, other, self.allow_nan_stats)

    def _kl_divergence(self, other: Distribution) -> Any:
        return kullback_leibler.kl_divergence(self, other, self.allow_nan_stats)

    # -------------------------------------------------------------------------------------------------------- forms

    def __str__(self) -> str:
        shapes = "".join(
            f", {n}={s}"
            for n, s in (("batch_shape", self.batch_shape), ("event_shape", self.event_shape))
            if s.rank is not None
        )
        return f'tfp.distributions.{type(self).__name__}("{self.name}"{shapes}, dtype={self.dtype.name})'

    def __repr__(self) -> str:
        shapes = f"batch_shape={self.batch_shape} event_shape={self.event_shape}"
        return f"<tfp.distributions.{type(self).__name__} '{self.name}' {shapes} dtype={self.dtype.name}>"

    @contextlib.contextmanager
    def _name_scope(self, name: str | None = None, values: Any = None) -> Iterator[str]:
        with (
            name_scope(self.name),
            name_scope(name, type(self).__name__, [*(values or []), *self._graph_parents]) as scope,
        ):
            yield scope

    def _of(self, value: Any, name: str, *ways: Callable[[Any], Any]) -> Any:
        with self._name_scope(name, [value]):
            x = tf.convert_to_tensor(value, dtype_hint=self.dtype)
            return _first([lambda way=way: way(x) for way in ways])  # type: ignore[misc]

    def _statistic(self, name: str, *ways: Callable[[], Any]) -> Any:
        with self._name_scope(name):
            return _first(list(ways))

    # ----------------------------------------------------------------------------------------- what subclasses define

    _sample_n = _absent("sample_n")
    _log_prob = _absent("log_prob")
    _prob = _absent("prob")
    _log_cdf = _absent("log_cdf")
    _cdf = _absent("cdf")
    _log_survival_function = _absent("log_survival_function")
    _survival_function = _absent("survival_function")
    _quantile = _absent("quantile")
    _entropy = _absent("entropy")
    _mean = _absent("mean")
    _variance = _absent("variance")
    _stddev = _absent("stddev")
    _covariance = _absent("covariance")
    _mode = _absent("mode")
    _batch_shape_tensor = _absent("batch_shape_tensor")
    _event_shape_tensor = _absent("event_shape_tensor")

    @classmethod
    def _param_shapes(cls, sample_shape: Any) -> dict[str, Any]:
        raise NotImplementedError(f"param_shapes is not implemented: {cls.__name__} has no `_param_shapes`.")

    def _batch_shape(self) -> Any:
        return tf.TensorShape(None)

    def _event_shape(self) -> Any:
        return tf.TensorShape(None)


def _first(ways: list[Callable[[], Any]]) -> Any:
    """What the first of the ways that is implemented gives; else the first one's error."""
    way, *others = ways
    try:
        return way()
    except NotImplementedError:
        for other in others:
            with contextlib.suppress(NotImplementedError):
                return other()
        raise
