"""`tf.contrib.integrate`: ordinary differential equations, solved step by step."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import headrace as tf
from headrace.api.compat_v1_graph import name_scope

# Dormand and Prince (1980): when the six stages are, what they see of those before, the last of which is the solution;
# the solution's error; and the value in the middle of a step, after Shampine (1986).
_TIMES = [1 / 5, 3 / 10, 4 / 5, 8 / 9, 1.0, 1.0]
_STAGES = [
    [1 / 5],
    [3 / 40, 9 / 40],
    [44 / 45, -56 / 15, 32 / 9],
    [19372 / 6561, -25360 / 2187, 64448 / 6561, -212 / 729],
    [9017 / 3168, -355 / 33, 46732 / 5247, 49 / 176, -5103 / 18656],
    [35 / 384, 0, 500 / 1113, 125 / 192, -2187 / 6784, 11 / 84],
]
_ERROR = [
    1951 / 21600 - 35 / 384, 0, 22642 / 50085 - 500 / 1113, 451 / 720 - 125 / 192, -12231 / 42400 + 2187 / 6784,
    649 / 6300 - 11 / 84, 1 / 60,
]  # fmt: skip
_MIDDLE = [
    6025192743 / 30085553152 / 2, 0, 51252292925 / 65400821598 / 2, -2691868925 / 45128329728 / 2,
    187940372067 / 1594534317056 / 2, -1776094331 / 19743644256 / 2, 11237099 / 235043384 / 2,
]  # fmt: skip


class _Step(NamedTuple):
    """Where the solver is: a value and a slope at `end`, the size of the next step, and the polynomial since `start`."""

    y: Any
    slope: Any
    start: Any
    end: Any
    size: Any
    polynomial: Any


def odeint(
    func: Callable[[Any, Any], Any], y0: Any, t: Any, rtol: float = 1e-6, atol: float = 1e-12, method: str | None = None,
    options: dict[str, Any] | None = None, full_output: bool = False, name: str | None = None,
) -> Any:  # fmt: skip
    """The solution of `dy/dt = func(y, t)` with `y(t[0]) = y0` at the times `t`, which increase: [times, ...].

    Steps are as long as the tolerances let them be (Dormand and Prince, 1980). Gradients flow through all of them.

    Args:
      rtol, atol: the error of a step may be `atol + rtol * abs(y)`.
      method: "dopri5", or None for it.
      options: with a method: `first_step`, `safety`, `ifactor`, `dfactor`, `max_num_steps` (between two times).
      full_output: whether to return also a dict of "num_func_evals", "integrate_points" and "error_ratio".

    Raises:
      ValueError: another method, or options without one.
      TypeError: `y0` or `t` are not floats.

    >>> import headrace as tf
    >>> y = odeint(lambda y, t: -y, tf.constant(1.0), [0.0, 1.0])
    >>> print(f"{float(y[1]):.4f}")
    0.3679
    """
    if method not in (None, "dopri5"):
        raise ValueError(f"invalid method: {method!r}. It can be 'dopri5'.")
    if options and method is None:
        raise ValueError("cannot supply `options` without specifying `method`")
    with name_scope(name, "odeint", [y0, t, rtol, atol]):
        y0, t = tf.convert_to_tensor(y0, name="y0"), tf.convert_to_tensor(t, dtype_hint=tf.float64, name="t")
        _check_types(y0, t)
        t = _increasing(t)
        return _adaptive(func, y0, t, rtol, atol, full_output, **(options or {}))


def _adaptive(
    func: Callable[[Any, Any], Any], y0: Any, t: Any, rtol: Any, atol: Any, full_output: bool, first_step: Any = None,
    safety: Any = 0.9, ifactor: Any = 10.0, dfactor: Any = 0.2, max_num_steps: Any = 1000,
) -> Any:  # fmt: skip
    real = tf.abs(y0).dtype
    rtol, atol = tf.convert_to_tensor(rtol, real), tf.convert_to_tensor(atol, real)
    size = tf.convert_to_tensor(1.0 if first_step is None else first_step, t.dtype)
    safety, ifactor, dfactor = (tf.convert_to_tensor(v, t.dtype) for v in (safety, ifactor, dfactor))
    limit = tf.convert_to_tensor(max_num_steps, tf.int32)

    def advance(step: _Step, history: Any, count: Any, taken: Any) -> Any:
        reached = step.end + step.size
        checks = [
            tf.Assert(reached > step.end, ["underflow in dt", step.size]),
            tf.Assert(count < limit, ["max_num_steps exceeded"]),
            tf.Assert(
                tf.reduce_all(tf.math.is_finite(tf.abs(step.y))), ["non-finite values in state `y`", step.y]
            ),
        ]
        with tf.control_dependencies([c for c in checks if c is not None]):
            y, slopes = _runge_kutta(func, step)
        size = tf.cast(step.size, y.dtype)
        tolerance = atol + rtol * tf.maximum(tf.abs(step.y), tf.abs(y))
        error = tf.abs(_combined(size, _ERROR, slopes)) / tolerance
        ratio = tf.sqrt(tf.reduce_mean(tf.square(error)))
        y, slope, start, end, *polynomial = tf.cond(
            ratio <= 1.0,
            lambda: [y, slopes[-1], step.end, reached, *_fitted(step.y, y, slopes, size)],
            lambda: [step.y, step.slope, step.end, step.end, *step.polynomial],
        )
        shrunk = tf.cast(ratio, t.dtype) ** tf.constant(0.2, t.dtype) / safety
        following = step.size / tf.maximum(1.0 / ifactor, tf.minimum(shrunk, 1.0 / dfactor))
        if full_output:
            history = [history[0].write(taken, reached), history[1].write(taken, ratio)]
        return _Step(y, slope, start, end, following, polynomial), history, count + 1, taken + 1

    def until(solution: Any, step: _Step, history: Any, taken: Any, i: Any) -> Any:
        step, history, _, taken = tf.while_loop(
            lambda step, *_: t[i] > step.end, advance, (step, history, tf.constant(0), taken)
        )
        x = tf.cast((t[i] - step.start) / (step.end - step.start), y0.dtype)
        value = step.polynomial[0]
        for coefficient in step.polynomial[1:]:
            value = value * x + coefficient
        return solution.write(i, value), step, history, taken, i + 1

    times = tf.size(t)
    first = _Step(y0, func(y0, t[0]), t[0], t[0], size, [tf.identity(y0) for _ in range(5)])
    history = []
    if full_output:
        history = [tf.TensorArray(kind, 0, dynamic_size=True) for kind in (t.dtype, real)]
    solution = tf.TensorArray(y0.dtype, times, element_shape=y0.shape).write(0, y0)
    solution, _, history, taken, _ = tf.while_loop(
        lambda *state: state[-1] < times, until, (solution, first, history, tf.constant(0), tf.constant(1))
    )
    y = solution.stack()
    y.set_shape(t.shape.concatenate(y0.shape))
    if not full_output:
        return y
    points, ratios = (h.stack() for h in history)
    return y, {"num_func_evals": 6 * taken + 1, "integrate_points": points, "error_ratio": ratios}


def _combined(size: Any, factors: Sequence[float], slopes: Sequence[Any]) -> Any:
    return tf.add_n([(size * tf.cast(f, size.dtype)) * s for f, s in zip(factors, slopes) if f])


def _runge_kutta(func: Callable[[Any, Any], Any], step: _Step) -> tuple[Any, list[Any]]:
    """The value at the end of a step, and the slopes at its stages."""
    size, slopes, y = tf.cast(step.size, step.y.dtype), [step.slope], step.y
    for time, factors in zip(_TIMES, _STAGES):
        y = step.y + _combined(size, factors, slopes)
        slopes.append(func(y, step.end + time * step.size))
    return y, slopes


def _fitted(y0: Any, y1: Any, slopes: Sequence[Any], size: Any) -> list[Any]:
    """The polynomial of order 4 over a step, from 0 to 1: highest power first."""
    middle = y0 + _combined(size, _MIDDLE, slopes)
    f0, f1 = size * slopes[0], size * slopes[-1]
    return [
        2.0 * (f1 - f0) - 8.0 * (y0 + y1) + 16.0 * middle,
        5.0 * f0 - 3.0 * f1 + 18.0 * y0 + 14.0 * y1 - 32.0 * middle,
        -4.0 * f0 + f1 - 11.0 * y0 - 5.0 * y1 + 16.0 * middle,
        f0,
        y0,
    ]


def odeint_fixed(
    func: Callable[[Any, Any], Any], y0: Any, t: Any, dt: Any = None, method: str = "rk4", name: str | None = None
) -> Any:  # fmt: skip
    """`odeint` with steps that are as long as `dt` says, or a bit shorter so that they end at the times.

    Args:
      dt: a number for each interval of `t`; one step for each, if not given.
      method: "rk4" or "midpoint".

    Raises:
      ValueError: another method, or `t` and `dt` of lengths that do not fit.

    >>> import headrace as tf
    >>> print(f"{float(odeint_fixed(lambda y, t: -y, tf.constant(1.0), [0.0, 0.5, 1.0])[2]):.3f}")
    0.368
    """
    rules = {"rk4": _rk4, "midpoint": _midpoint}
    if method not in rules:
        raise ValueError(f"method not supported: {method}. There are {', '.join(rules)}.")
    rule = rules[method]
    with name_scope(name, "odeint_fixed", [y0, t, dt]):
        t, y0 = tf.convert_to_tensor(t, dtype_hint=tf.float64, name="t"), tf.convert_to_tensor(y0, name="y0")
        intervals = t[1:] - t[:-1]
        dt = intervals if dt is None else tf.convert_to_tensor(dt, dtype_hint=tf.float64, name="dt")
        _check_types(y0, t, dt)
        if t.shape.rank != 1 or dt.shape.rank != 1:
            raise ValueError("t and dt must be vectors.")
        if not dt.shape.is_compatible_with(intervals.shape):
            raise ValueError(f"t and dt must be of lengths N and N - 1. Received {t.shape} and {dt.shape}.")
        counts = tf.math.ceil(intervals / dt)
        dt, counts, t = intervals / counts, tf.cast(counts, tf.int32), _increasing(t)

        def interval(solution: Any, y: Any, now: Any, i: Any) -> Any:
            size = dt[i - 1]
            y, now, _ = tf.while_loop(
                lambda y, now, j: j < counts[i - 1],
                lambda y, now, j: (y + tf.cast(rule(func, y, now, size), y.dtype), now + size, j + 1),
                (y, now, tf.constant(0)),
            )
            return solution.write(i, y), y, now, i + 1

        times = tf.size(t)
        solution = tf.TensorArray(y0.dtype, times, element_shape=y0.shape).write(0, y0)
        solution = tf.while_loop(
            lambda *state: state[-1] < times, interval, (solution, y0, t[0], tf.constant(1))
        )[0]
        y = solution.stack()
        y.set_shape(t.shape.concatenate(y0.shape))
        return y


def _midpoint(func: Callable[[Any, Any], Any], y: Any, t: Any, dt: Any) -> Any:
    size = tf.cast(dt, y.dtype)
    return size * func(y + func(y, t) * size / 2.0, t + dt / 2.0)


def _rk4(func: Callable[[Any, Any], Any], y: Any, t: Any, dt: Any) -> Any:
    size, half = tf.cast(dt, y.dtype), t + dt / 2.0
    k1 = func(y, t)
    k2 = func(y + size * k1 / 2.0, half)
    k3 = func(y + size * k2 / 2.0, half)
    k4 = func(y + size * k3, t + dt)
    return (k1 + 2.0 * k2 + 2.0 * k3 + k4) * (size / 6.0)


def _check_types(y0: Any, *times: Any) -> None:
    if not (y0.dtype.is_floating or y0.dtype.is_complex):
        raise TypeError(f"`y0` must be of floats or complex. Received dtype {y0.dtype.name}.")
    for t in times:
        if not t.dtype.is_floating:
            raise TypeError(f"Times must be floats. Received dtype {t.dtype.name}.")


def _increasing(t: Any) -> Any:
    check = tf.Assert(tf.reduce_all(t[1:] > t[:-1]), ["`t` must be monotonic increasing"])
    with tf.control_dependencies([check] if check is not None else []):
        return tf.identity(t)


__all__ = ["odeint", "odeint_fixed"]
