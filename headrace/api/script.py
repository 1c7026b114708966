"""Printing, Python callbacks, and ops that only order others: `tf.print`, `tf.py_function`,
`tf.numpy_function`, `tf.group` …"""

from __future__ import annotations

import collections
import logging
import pprint
import sys
from collections.abc import Callable
from typing import Any

from headrace.core import nest
from headrace.core.convert import to_tensor
from headrace.core.dtypes import as_dtype
from headrace.core.graph import Operation
from headrace.core.op import lookup
from headrace.core.scoping import at_home, scoped
from headrace.core.state import state
from headrace.core.tensor import Tensor
from headrace.ops import script as ops

_SEQUENCES = (list, tuple)  # taken before `tf.tuple` below hides the type


# --------------------------------------------------------------------------------------------------- printing
def _stream_name(stream: Any) -> str:
    if isinstance(stream, str) and stream.startswith("file://"):
        return stream
    if stream is sys.stdout:
        return "stdout"
    if stream is sys.stderr or stream is None:
        return "stderr"
    levels = {"log(info)": logging.INFO, "log(warning)": logging.WARNING, "log(error)": logging.ERROR}
    for name, level in levels.items():
        if stream == level or getattr(stream, "__name__", None) in (
            name[4:-1],
            "warn" if level == logging.WARNING else "",
        ):
            return name
    raise ValueError(
        f"Unsupported output stream, logging level, or file.{stream}. Supported streams are sys.stdout,"
        " sys.stderr, tf.logging.info, tf.logging.warning, tf.logging.error. File needs to be in the form of"
        " 'file://<filepath>'."
    )


def _is_tensor(x: Any) -> bool:
    return (
        isinstance(x, Tensor)
        or hasattr(x, "handle")
        or (hasattr(x, "__tf_tensor__") and not isinstance(x, type))
        or nest.is_composite(x)
    )


def print(
    *inputs: Any,
    output_stream: Any = None,
    summarize: int = 3,
    sep: str = " ",
    end: str = "\n",
    name: str | None = None,
) -> Any:
    """Prints tensors, and whatever else, when the program runs (not when it is traced).

    Args:
      *inputs: tensors, Python values, or nests of them.
      output_stream: `sys.stderr` (the default), `sys.stdout`, a logging level (`logging.INFO`) or
        `"file://<path>"`, which is appended to.
      summarize: how many entries at either end of every dimension are printed; -1 prints all.
      sep, end: as in Python's `print`.

    Raises:
      ValueError: another output stream.

    >>> import sys
    >>> import headrace as tf
    >>> tf.print("a tensor:", tf.range(10), output_stream=sys.stdout)
    a tensor: [0 1 2 ... 7 8 9]
    """
    stream = _stream_name(sys.stderr if output_stream is None else output_stream)
    if (
        len(inputs) == 1
        and isinstance(inputs[0], Tensor)
        and inputs[0]._raw_shape == ()
        and inputs[0]._dtype.kind == "s"
    ):
        return _nothing(ops.PRINT(inputs[0], output_stream=stream, end=end, name=name))
    shown = [
        collections.OrderedDict(sorted(i.items())) if isinstance(i, collections.OrderedDict) else i
        for i in inputs
    ]
    plain = " ".join(
        [pprint.pformat(nest.map_structure(lambda x: "" if _is_tensor(x) else x, i)) for i in shown]
    )
    hole = "{}"
    while hole in plain:
        hole = f"{{{hole}}}"
    tensors: list[Any] = []
    template = sep.join([_template(i, hole, tensors) for i in shown]).replace(f"'{hole}'", hole)
    text = ops.STRING_FORMAT(
        [to_tensor(t) for t in tensors],
        template=template,
        placeholder=hole,
        summarize=summarize,
        name=f"{name}_format" if name else None,
    )
    return _nothing(ops.PRINT(text, output_stream=stream, end=end, name=name))


def _template(value: Any, hole: str, tensors: list[Any]) -> str:
    if isinstance(value, str):
        return value
    if nest.is_composite(value):
        return str(_part(value, hole, tensors))
    return pprint.pformat(nest.map_structure(lambda x: _part(x, hole, tensors), value))


def _part(x: Any, hole: str, tensors: list[Any]) -> Any:
    """A leaf's place in the template: tensors leave a hole that their value fills at run time."""
    if nest.is_composite(x):
        if hasattr(x, "dense_shape") and hasattr(x, "indices"):
            tensors.extend([x.indices, x.values, x.dense_shape])
            return f"{type(x).__name__}(indices={hole}, values={hole}, shape={hole})"
        if hasattr(x, "to_list") and state.graph is None:
            return str(x.to_list())
        parts = nest.flatten(x, expand_composites=True)
        tensors.extend(parts)
        return f"{type(x).__name__}({', '.join([hole] * len(parts))})"
    if _is_tensor(x):
        tensors.append(x)
        return hole
    return x


def _nothing(node: Any) -> Any:
    """Ops without outputs give their operation in a graph, None when eager."""
    return node if isinstance(node, Operation) else None


# -------------------------------------------------------------------------------------------------- callbacks
def _inputs(inp: Any) -> list[Any]:
    if inp is None:
        return []
    values = inp if isinstance(inp, _SEQUENCES) else [inp]
    return [to_tensor(v.value() if hasattr(v, "handle") else v) for v in values]


def _types(tout: Any) -> Any:
    """The flat output types, and whether there is just one value instead of a list."""
    if isinstance(tout, _SEQUENCES):
        return [as_dtype(getattr(t, "dtype", t)) for t in tout], False
    if isinstance(tout, dict):
        raise TypeError(
            f"Cannot convert the argument `Tout`: {tout} to a TensorFlow DType. Use a type or a list of"
            " types."
        )
    return [as_dtype(getattr(tout, "dtype", tout))], True


def _shaped(results: list[Any], tout: Any) -> list[Any]:
    """Output types given as TensorSpecs tell the shapes too."""
    for r, t in zip(results, tout if isinstance(tout, _SEQUENCES) else [tout]):
        if hasattr(t, "shape") and not r._is_eager:
            r.set_shape(t.shape)
    return results


def py_function(
    func: Callable[..., Any] | None = None, inp: Any = None, Tout: Any = None, name: str | None = None
) -> Any:
    """Calls a Python function on eager tensors, from inside a graph too, where it runs at every execution.
    Differentiable.

    Args:
      func: takes the tensors of `inp`, returns values of the types `Tout` (or None for `Tout=[]`).
      inp: a list of tensors.
      Tout: a type or a list of types (or TensorSpecs) of the results.

    Raises:
      InvalidArgumentError, UnknownError …: the function raised; the message has its traceback.

    >>> import headrace as tf
    >>> tf.py_function(lambda x: x * 2, [tf.constant(3.0)], tf.float32).numpy()
    np.float32(6.0)
    """
    if func is None:
        return _as_decorator(lambda f, args: py_function(f, args, Tout, name))
    if Tout is None:
        raise TypeError("py_function() is missing its argument 'Tout': the types of the results.")
    _check_callable(func)
    types, single = _types(Tout)
    callback = ops.Callback(func)
    inputs = _inputs(inp)
    results = (
        ops.call_eagerly(callback, inputs, types)
        if state.graph is None
        else ops.EAGER_PY_FUNC(inputs, name=name, **callback.attrs(types))
    )
    if not types and state.graph is not None:
        return _latest_operation()
    results = results if isinstance(results, list) else [] if results is None else results
    return _shaped(results, Tout)[0] if single else _shaped(results, Tout)


def numpy_function(
    func: Callable[..., Any] | None = None,
    inp: Any = None,
    Tout: Any = None,
    stateful: bool = True,
    name: str | None = None,
) -> Any:
    """Calls a Python function on NumPy arrays, from inside a graph too. Not differentiable.

    Args:
      func: takes arrays, returns arrays of the types `Tout`; if these are none, a graph's result is the operation.
      stateful: False promises that it has no side effects and depends on its arguments alone, so that a run
        may skip it.

    >>> import numpy as np
    >>> import headrace as tf
    >>> tf.numpy_function(np.sinh, [tf.constant(0.0)], tf.float32).numpy()
    np.float32(0.0)
    """
    if func is None:
        return _as_decorator(lambda f, args: numpy_function(f, args, Tout, stateful, name))
    if Tout is None:
        raise TypeError("numpy_function() is missing its argument 'Tout': the types of the results.")
    _check_callable(func)
    types, single = _types(Tout)
    inputs = _inputs(inp)
    if state.graph is None:
        result = func(*[x.numpy() for x in inputs])
        flat = [v if v is None else to_tensor(v) for v in nest.flatten(result)]
        return flat[0] if len(flat) == 1 and not isinstance(result, _SEQUENCES) else flat
    op = ops.PY_FUNC if stateful else ops.PY_FUNC_STATELESS
    results = op(inputs, name=name, **ops.Callback(func).attrs(types))
    if not types:
        return _latest_operation()
    return _shaped(results, Tout)[0] if single else _shaped(results, Tout)


def _check_callable(func: Any) -> None:
    if not callable(func):
        raise ValueError(f"Expected func to be callable. Received func={func!r} of type {type(func)}.")


def _latest_operation() -> Operation:
    """The operation that was just made: what a call without results returns in a graph, for others to wait for."""
    graph: Any = state.graph
    return graph.operations[-1]


def _as_decorator(call: Callable[..., Any]) -> Callable[..., Any]:
    def decorator(function: Callable[..., Any]) -> Callable[..., Any]:
        import functools

        @functools.wraps(function)
        def wrapper(*args: Any) -> Any:
            return call(function, list(args))

        return wrapper

    return decorator


# --------------------------------------------------------------------------------------------------- ordering
def no_op(name: str | None = None) -> Any:
    """An operation that does nothing, for others to wait for. None when executing eagerly."""
    return _nothing(ops.NO_OP(name=name))


def timestamp(name: str | None = None) -> Tensor:
    """The time in seconds since the epoch, a float64 scalar, at the moment it is run.

    >>> import headrace as tf
    >>> bool(tf.timestamp() > 1.6e9)
    True
    """
    return ops.TIMESTAMP(name=name)


def _waitable(value: Any) -> Any:
    if isinstance(value, (Operation, Tensor)):
        return value
    if hasattr(value, "_as_graph_element"):
        return value._as_graph_element()
    if hasattr(value, "op") or hasattr(value, "handle"):
        return getattr(value, "op", None) or value
    raise TypeError(
        f"'inputs' should be zero or more (nested) Tensors. Received '{value!r}' with type"
        f" '{type(value).__name__}'."
    )


@at_home
def group(*inputs: Any, name: str | None = None) -> Any:
    """One operation that is done when all `inputs` (operations, tensors, or nests of them) are. None when
    executing eagerly."""
    if state.graph is None:
        return None
    waits = [_waitable(v) for v in nest.flatten(list(inputs), expand_composites=True) if v is not None]
    with state.graph.control_dependencies(waits):
        return no_op(name or "group_deps")


@scoped("tuple", "control_dependency", *[f"control_dependency_{i}" for i in range(1, 100)])
def tuple(tensors: Any, control_inputs: Any = None, name: str | None = None) -> list[Any]:
    """The tensors, none of which is available before all are computed (and all of `control_inputs` have run).
    Nones stay.

    >>> import headrace as tf
    >>> [t.numpy().item() for t in tf.tuple([tf.constant(1), tf.constant(2)])]
    [1, 2]
    """
    if state.graph is None:
        return list(tensors)
    waits = [t for t in tensors if t is not None] + list(control_inputs or [])
    if not waits:
        raise ValueError(f"`tensors` must have at least one Tensor. Received: {tensors}.")
    gate = group(*waits)
    with state.graph.control_dependencies([gate]):
        return [
            (
                None
                if t is None
                else (
                    t
                    if isinstance(t, Operation)
                    else nest.map_structure(lookup("Identity"), t, expand_composites=True)
                )
            )
            for t in tensors
        ]


__all__ = ["group", "no_op", "numpy_function", "print", "py_function", "timestamp", "tuple"]
ROOT = __all__
