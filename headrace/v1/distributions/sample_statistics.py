"""Statistics of samples: percentiles, correlation with itself, moving averages; what follows for a normal mean."""

from __future__ import annotations

import hashlib
from typing import Any

import headrace as tf
from headrace.api import compat_v1_control as checks
from headrace.api import compat_v1_variables as state_ops
from headrace.api.compat_v1_graph import name_scope
from headrace.api.compat_v1_initializers import zeros_initializer
from headrace.session.keys import GraphKeys
from headrace.session.scopes import get_variable, variable_scope

from .normal import Normal
from .parameters import after


def percentile(
    x: Any, q: Any, axis: Any = None, interpolation: str | None = None, keep_dims: bool = False,
    validate_args: bool = False, name: str | None = None,
) -> Any:  # fmt: skip
    """The value of `x` that `q` percent of the values do not exceed: one of the values.

    Args:
      q: a number from 0 to 100.
      axis: along which axis (or axes); all if not given.
      interpolation: which of the two values next to that place: "nearest", if not given, "lower" or "higher".
      keep_dims: whether the axes stay, with size 1.

    Raises:
      ValueError: another interpolation, or an axis that is not known while the graph is built.

    >>> float(percentile([3.0, 1.0, 2.0, 5.0, 4.0], 50.0))
    3.0
    """
    interpolation = interpolation or "nearest"
    rounding = {"lower": tf.math.ceil, "higher": tf.floor, "nearest": tf.round}
    if interpolation not in rounding:
        raise ValueError(f"interpolation must be one of {sorted(rounding)}. Found {interpolation!r}.")
    with name_scope(name, "percentile", [x, q]):
        x, q = tf.convert_to_tensor(x, name="x"), tf.cast(q, tf.float64)
        if q.shape.rank not in (None, 0):
            raise ValueError(f"q must be a single number. Received shape {q.shape}.")
        if validate_args:
            hundred, message = tf.constant(100.0, tf.float64), "q must be from 0 to 100."
            with after(
                [
                    checks.assert_non_negative(q, message=message),
                    checks.assert_less_equal(q, hundred, message=message),
                ]
            ):
                q = tf.identity(q)
        axes = None
        if axis is None:
            y = tf.reshape(x, [-1])
        else:
            known = tf.get_static_value(tf.convert_to_tensor(axis))
            if known is None or x.shape.rank is None:
                raise ValueError("`axis` and the rank of x must be known while the graph is built.")
            axes = [int(a) % x.shape.rank for a in known.reshape(-1)]
            others = [a for a in range(x.shape.rank) if a not in axes]
            y = tf.transpose(x, others + axes)
            if len(axes) > 1:
                y = tf.reshape(y, tf.concat([tf.shape(y)[: len(others)], [-1]], 0))
        last = tf.shape(y)[-1] - 1
        place = rounding[interpolation](tf.cast(last, tf.float64) * (1.0 - q / 100.0))
        ordered = tf.sort(y, direction="DESCENDING")
        found = tf.gather(ordered, tf.clip_by_value(tf.cast(place, tf.int32), 0, last), axis=-1)
        if not keep_dims:
            return found
        if axes is None:
            return tf.reshape(found, tf.ones([tf.rank(x)], tf.int32))
        for a in sorted(axes):
            found = tf.expand_dims(found, a)
        return found


def auto_correlation(
    x: Any, axis: int = -1, max_lags: Any = None, center: bool = True, normalize: bool = True,
    name: str = "auto_correlation",
) -> Any:  # fmt: skip
    """How much `x` is like itself some steps later: for 0, 1 … `max_lags` steps, along `axis`.

    Args:
      max_lags: as many as there are, if not given.
      center: whether the mean is subtracted first.
      normalize: whether all is divided by the value for 0 steps.

    Raises:
      TypeError: `x` is neither of floats nor complex.

    >>> auto_correlation([1.0, -1.0, 1.0, -1.0], max_lags=1).shape
    TensorShape([2])
    """
    with name_scope(name, None, [x]):
        x = tf.convert_to_tensor(x, name="x")
        if not (x.dtype.is_floating or x.dtype.is_complex):
            raise TypeError(f"x must be of floats or complex. Received dtype {x.dtype.name}.")
        if x.shape.rank is None:
            raise ValueError("The rank of x must be known while the graph is built.")
        axis %= x.shape.rank
        behind = [*range(axis + 1, x.shape.rank), *range(axis + 1)]
        y = tf.transpose(x, behind)
        if center:
            y -= tf.reduce_mean(y, -1, keepdims=True)
        known = x.shape.as_list()[axis]
        length = tf.shape(y)[-1] if known is None else known
        # With as many zeros behind the values (and more, up to a power of two), none meets itself from the other side.
        if known is None:
            doubled = tf.math.log(2.0 * tf.cast(length, tf.float64)) / tf.math.log(
                tf.constant(2.0, tf.float64)
            )
            padded = tf.cast(tf.pow(tf.constant(2.0, tf.float64), tf.math.ceil(doubled)), tf.int32)
        else:
            padded = 1 << (2 * known - 1).bit_length()
        kind = x.dtype if x.dtype.is_complex else tf.complex128 if x.dtype is tf.float64 else tf.complex64
        paddings = [[0, 0]] * (x.shape.rank - 1) + [[0, padded - length]]
        spectrum = tf.signal.fft(tf.cast(tf.pad(y, paddings), kind))
        products = tf.signal.ifft(spectrum * tf.math.conj(spectrum))
        products = products if x.dtype.is_complex else tf.cast(tf.math.real(products), x.dtype)
        lags = length - 1 if max_lags is None else tf.minimum(length - 1, max_lags)
        lags = (
            lags
            if isinstance(lags, int) or tf.get_static_value(lags) is None
            else int(tf.get_static_value(lags))
        )
        found = products[..., : lags + 1] / tf.cast(length - tf.range(lags + 1), x.dtype)
        if normalize:
            found /= found[..., :1]
        return tf.transpose(found, [behind.index(a) for a in range(x.shape.rank)])


def assign_moving_mean_variance(
    mean_var: Any, variance_var: Any, value: Any, decay: Any, name: str | None = None
) -> tuple[Any, Any]:
    """Lets two variables follow the mean and the variance of values: `mean = decay * mean + (1 - decay) * value` …

    Raises:
      TypeError: they are not floats of one dtype."""
    with name_scope(name, "assign_moving_mean_variance", [variance_var, mean_var, value, decay]):
        kind = _kind(mean_var, "mean_var")
        if variance_var.dtype.base_dtype != kind:
            raise TypeError(
                f"mean_var has dtype {kind.name}, variance_var {variance_var.dtype.base_dtype.name}."
            )
        value, decay = tf.convert_to_tensor(value, kind), tf.convert_to_tensor(decay, kind)
        delta = value - mean_var
        with tf.control_dependencies([delta]):
            mean = state_ops.assign_add(mean_var, (1.0 - decay) * delta)
            change = (1.0 - decay) * (variance_var - decay * tf.square(delta))
            return mean, state_ops.assign_sub(variance_var, change)


def _kind(variable: Any, name: str) -> Any:
    kind = variable.dtype.base_dtype
    if not kind.is_floating:
        raise TypeError(f"{name} must be of floats. It has dtype {kind.name}.")
    return kind


def assign_log_moving_mean_exp(
    log_mean_exp_var: Any, log_value: Any, decay: Any, name: str | None = None
) -> Any:
    """Lets a variable follow the logarithm of the mean of `exp(log_value)`."""
    with name_scope(name, "assign_log_moving_mean_exp", [log_mean_exp_var, log_value, decay]):
        kind = _kind(log_mean_exp_var, "log_mean_exp_var")
        log_value, decay = tf.convert_to_tensor(log_value, kind), tf.convert_to_tensor(decay, kind)
        delta = log_value - log_mean_exp_var
        parts = tf.stack([tf.math.log(decay) * tf.ones_like(delta), delta + tf.math.log1p(-decay)])
        return log_mean_exp_var.assign_add(tf.reduce_logsumexp(parts, 0))


def moving_mean_variance(value: Any, decay: Any, collections: Any = None, name: str | None = None) -> Any:
    """`assign_moving_mean_variance` with variables of its own, "moving_mean" and "moving_variance", that start with 0."""
    with variable_scope(name, "moving_mean_variance", [value, decay]):
        value = tf.convert_to_tensor(value, name="value")
        _kind(value, "value")
        options: dict[str, Any] = {
            "shape": value.shape, "dtype": value.dtype, "initializer": zeros_initializer(), "trainable": False,
            "collections": [GraphKeys.GLOBAL_VARIABLES] if collections is None else collections,
        }  # fmt: skip
        variance, mean = get_variable("moving_variance", **options), get_variable("moving_mean", **options)
        return assign_moving_mean_variance(mean, variance, value, decay)


def _posterior(prior: Normal, scale: Any, s: Any, n: Any) -> tuple[Any, Any]:
    if not isinstance(prior, Normal):
        raise TypeError(f"The prior must be a Normal distribution. Received {prior!r}.")
    s = tf.convert_to_tensor(s)
    if s.dtype != prior.dtype:
        raise TypeError(f"The sum s has dtype {s.dtype.name}, the prior {prior.dtype.name}.")
    before, noise = tf.square(prior.scale), tf.square(scale)
    variance = 1.0 / (1.0 / before + tf.cast(n, prior.dtype) / noise)
    return (prior.loc / before + s / noise) * variance, variance


def normal_conjugates_known_scale_posterior(prior: Normal, scale: Any, s: Any, n: Any) -> Normal:
    """What is known of a normal mean, after `n` values with the sum `s` and the standard deviation `scale`.

    >>> d = normal_conjugates_known_scale_posterior(Normal(0.0, 1.0), 1.0, 3.0, 2)
    >>> float(d.mean())
    1.0
    """
    loc, variance = _posterior(prior, scale, s, n)
    return Normal(loc, tf.sqrt(variance))


def normal_conjugates_known_scale_predictive(prior: Normal, scale: Any, s: Any, n: Any) -> Normal:
    """The distribution of the next value, after `n` values with the sum `s` and the standard deviation `scale`."""
    loc, variance = _posterior(prior, scale, s, n)
    return Normal(loc, tf.sqrt(variance + tf.square(scale)))


class SeedStream:
    """Seeds that follow from one, each for another use of random numbers.

    >>> stream = SeedStream(42, salt="here")
    >>> stream() != stream(), SeedStream(None, "here")() is None
    (True, True)
    """

    def __init__(self, seed: Any, salt: str) -> None:
        self._seed = seed.original_seed if isinstance(seed, SeedStream) else seed
        self._salt, self._count = salt, 0

    def __call__(self) -> int | None:
        self._count += 1
        if self._seed is None:
            return None
        text = str((self._seed, self._count, self._salt))
        return int(hashlib.sha512(text.encode()).hexdigest(), 16)

    @property
    def original_seed(self) -> Any:
        return self._seed

    @property
    def salt(self) -> str:
        return self._salt
