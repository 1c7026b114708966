"""Checks for ops: host kernel against lowering against a reference, shapes with unknown dims, numeric gradients.

check(tf.exp, [x], np.exp)                    # eager, compiled, compiled with unknown dims and unknown rank, reference
check_gradients(tf.exp, [x])                  # first and second order against central differences
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

import headrace.compiler.eager  # noqa: F401  (how device buffers become arrays)
from headrace import runtime
from headrace.compiler.hlo import Value
from headrace.compiler.lower import Lowering
from headrace.core import nest
from headrace.core.convert import to_tensor
from headrace.core.graph import FuncGraph, graph_output
from headrace.core.state import building
from headrace.core.tape import GradientTape
from headrace.core.tensor import Tensor, wrap, wrap_buffer


@functools.lru_cache(maxsize=64)
def _program(module: str, outputs: tuple[tuple[tuple[int, ...], Any], ...]) -> Any:
    """The executable of a module. Dims unknown while tracing mostly give the program that known dims give: compile once."""
    return runtime.compile(module, outputs, cache=False)


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
    lowered = b.inline(graph, parameters)
    computed = [v for v in lowered if isinstance(v, Value)]
    buffers: list[Any] = []
    if computed:
        program = _program(b.function(parameters, computed), tuple((v.shape, v.dtype._np) for v in computed))
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
    """First (and second) order gradients of every float argument against central differences, eager and compiled.

    Arguments become float64; keep them small (a few elements)."""
    args = [np.asarray(a, np.float64) if np.asarray(a).dtype.kind == "f" else np.asarray(a) for a in args]
    wrt = [i for i, a in enumerate(args) if a.dtype.kind == "f"] if wrt is None else list(wrt)
    rng = np.random.default_rng(0)
    outputs = lambda *tensors: [fn(*tensors)]
    for level in range(order):
        weights = [np.asarray(rng.normal(size=y.shape.as_list())) for y in outputs(*map(to_tensor, args))]
        gradient = _gradient(outputs, weights, wrt)
        analytic = gradient(*map(to_tensor, args))
        for i, g in zip(wrt, analytic):
            _against_differences(outputs, weights, args, i, np.asarray(g), rtol, atol, rng)
        if trace and level == 0:
            for g, c in zip(analytic, compiled(gradient, args)):
                close(c, g, 1e-6, 1e-8)
        outputs, rtol, atol = gradient, max(rtol, 1e-3), max(atol, 1e-4)


def _gradient(outputs: Callable[..., Any], weights: Sequence[np.ndarray], wrt: Sequence[int]) -> Any:
    """The function of the same arguments that returns the gradients of sum(weights * outputs)."""

    def gradient(*tensors: Any) -> Any:
        watched = [tensors[i] for i in wrt]
        with GradientTape() as tape:
            tape.watch(watched)
            ys = outputs(*tensors)
        grads = tape.gradient(ys, watched, [to_tensor(w) for w in weights], unconnected_gradients="zero")
        return [to_tensor(g) for g in grads]  # IndexedSlices become dense

    return gradient


def _against_differences(
    outputs: Callable[..., Any],
    weights: Sequence[np.ndarray],
    args: Sequence[np.ndarray],
    i: int,
    gradient: np.ndarray,
    rtol: float,
    atol: float,
    rng: np.random.Generator,
    eps: float = 1e-5,
) -> None:
    """Central differences of sum(weights * outputs(*args)) along every element of argument i; along a few random directions
    where it has many."""
    assert gradient.shape == args[i].shape, f"gradient of shape {gradient.shape}, argument {args[i].shape}"
    size = args[i].size
    directions = np.eye(size) if size <= 8 else rng.normal(size=(4, size))

    def value(moved: np.ndarray) -> float:
        ys = outputs(*(to_tensor(moved if k == i else a) for k, a in enumerate(args)))
        return sum(float(np.sum(np.asarray(y) * w)) for y, w in zip(ys, weights, strict=True))

    steps = [eps * d.reshape(args[i].shape) for d in directions]
    numeric = [(value(args[i] + step) - value(args[i] - step)) / (2 * eps) for step in steps]
    np.testing.assert_allclose(directions @ gradient.reshape(-1), numeric, rtol=rtol, atol=atol)
