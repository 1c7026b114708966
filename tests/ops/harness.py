"""Checks for ops: host kernel against lowering against a reference, shapes with unknown dims, numeric gradients.

check(tf.exp, [x], np.exp)                    # eager, compiled, compiled with unknown dims and unknown rank, reference
check_gradients(tf.exp, [x])                  # first and second order against central differences
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

import headrace.compiler.eager  # noqa: F401  (how device buffers become arrays)
from headrace import runtime
from headrace.compiler.hlo import Value
from headrace.compiler.lower import Lowering, lower_graph
from headrace.core import nest
from headrace.core.convert import to_tensor
from headrace.core.graph import FuncGraph, graph_output
from headrace.core.state import building
from headrace.core.tape import GradientTape
from headrace.core.tensor import Tensor, wrap, wrap_buffer


def compiled(fn: Callable[..., Any], args: Sequence[Any], unknown: str = "none") -> Any:
    """`fn(*args)` traced and run as one XLA program. `unknown`: "none", "dims" (every dim of the arguments unknown while
    tracing) or "rank"."""
    tensors = [to_tensor(a) for a in args]
    graph = FuncGraph("test")
    with building(graph, tapes=()):
        inner = []
        for t in tensors:
            shape = (
                t._raw_shape
                if unknown == "none"
                else (None,) * len(t._raw_shape)
                if unknown == "dims"
                else None
            )
            inner.append(graph.argument(t._dtype, shape))
        result = fn(*inner)
        flat = list(nest.flatten(result))
        graph.outputs = [graph_output(graph, to_tensor(t)) for t in flat]
    assert all(g is not None for g in flat), "fn returned None"
    b = Lowering()
    parameters = [b.fresh(t._raw_shape, t._dtype) for t in tensors]
    assert len(graph.inputs) == len(parameters), (
        "the function captures outside tensors; pass them as arguments"
    )
    lowered = lower_graph(b, graph, parameters)
    computed = [v for v in lowered if isinstance(v, Value)]
    buffers: list[Any] = []
    if computed:
        program = runtime.compile(
            b.function(parameters, computed), [(v.shape, v.dtype._np) for v in computed], cache=False
        )
        buffers = program.run([runtime.put(t._host()) for t in tensors])
    it = iter(buffers)
    out = [
        wrap_buffer(next(it), t._dtype) if isinstance(v, Value) else wrap(v, t._dtype)
        for v, t in zip(lowered, graph.outputs)
    ]
    for t, v in zip(graph.outputs, out):  # whatever was inferred must hold
        assert t.shape.is_compatible_with(v.shape), f"inferred shape {t.shape}, actual {v.shape}"
    return nest.pack_sequence_as(result, out)


def close(actual: Any, expected: Any, rtol: float = 1e-5, atol: float = 1e-6) -> None:
    a = actual.numpy() if isinstance(actual, Tensor) else np.asarray(actual)
    e = expected.numpy() if isinstance(expected, Tensor) else np.asarray(expected)
    assert np.shape(a) == np.shape(e), f"shape {np.shape(a)}, expected {np.shape(e)}"
    if getattr(a, "dtype", None) is not None and a.dtype.kind in "fcV":
        wide = np.complex128 if a.dtype.kind == "c" else np.float64
        np.testing.assert_allclose(
            np.asarray(a).astype(wide), np.asarray(e).astype(wide), rtol=rtol, atol=atol
        )
    else:
        np.testing.assert_array_equal(a, e)


def check(
    fn: Callable[..., Any], args: Sequence[Any], reference: Callable[..., Any] | Any = None, *,
    rtol: float = 1e-5, atol: float = 1e-6, unknown: Sequence[str] = ("none", "dims"), compile: bool = True,
) -> Any:  # fmt: skip
    """Eager equals compiled equals reference (`reference(*args)` on NumPy arrays, or a value)."""
    eager = fn(*[to_tensor(a) for a in args])
    flat = nest.flatten(eager)
    if reference is not None:
        expected = reference(*args) if callable(reference) else reference
        for a, e in zip(flat, nest.flatten(expected), strict=True):
            close(a, e, rtol, atol)
    for how in unknown if compile else ():
        result = nest.flatten(compiled(fn, args, how))
        for a, e in zip(result, flat, strict=True):
            assert a.dtype is e.dtype, f"compiled {a.dtype}, eager {e.dtype}"
            close(a, e, rtol, atol)
    return eager


def numeric_gradient(
    fn: Callable[..., Any], args: Sequence[np.ndarray], i: int, weights: np.ndarray, eps: float = 1e-5
) -> np.ndarray:
    """Central differences of sum(weights * fn(*args)) in float64 with respect to argument i."""
    out = np.zeros_like(args[i])
    for k in np.ndindex(*args[i].shape):
        values = []
        for sign in (1, -1):
            moved = [np.array(a) for a in args]
            moved[i][k] += sign * eps
            values.append(float(np.sum(np.asarray(fn(*[to_tensor(a) for a in moved]).numpy()) * weights)))
        out[k] = (values[0] - values[1]) / (2 * eps)
    return out


def check_gradients(
    fn: Callable[..., Any],
    args: Sequence[Any],
    *,
    order: int = 2,
    rtol: float = 1e-4,
    atol: float = 1e-5,
    wrt: Sequence[int] | None = None,
    trace: bool = True,
) -> None:
    """First (and second) order gradients of every float argument against central differences, eager and compiled. Arguments
    become float64; keep them small (a few elements)."""
    args = [np.asarray(a, np.float64) if np.asarray(a).dtype.kind == "f" else np.asarray(a) for a in args]
    wrt = [i for i, a in enumerate(args) if a.dtype.kind == "f"] if wrt is None else list(wrt)
    rng = np.random.default_rng(0)
    sample = fn(*[to_tensor(a) for a in args])
    weights = np.asarray(rng.normal(size=sample.shape.as_list()))

    def gradient(*tensors: Any) -> Any:
        with GradientTape() as tape:
            tape.watch([tensors[i] for i in wrt])
            y = fn(*tensors)
        grads = tape.gradient(
            y, [tensors[i] for i in wrt], output_gradients=to_tensor(weights), unconnected_gradients="zero"
        )
        return [to_tensor(g) for g in grads]  # IndexedSlices become dense

    analytic = gradient(*[to_tensor(a) for a in args])
    for i, g in zip(wrt, analytic):
        close(g, numeric_gradient(fn, args, i, weights), rtol, atol)
    if trace:
        for g, c in zip(analytic, compiled(gradient, args)):
            close(c, g, 1e-6, 1e-8)
    if order >= 2:
        for j, _ in enumerate(wrt):
            second = lambda *tensors, j=j: gradient(*tensors)[j]
            check_gradients(
                second,
                args,
                order=order - 1,
                rtol=max(rtol, 1e-3),
                atol=max(atol, 1e-4),
                wrt=wrt,
                trace=False,
            )
