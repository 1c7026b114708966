"""Running an op: bind the arguments, then add a node to the graph being built, or compute now; then tell the tapes."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Mapping, Sequence
from itertools import islice
from typing import Any

import numpy as np

from . import convert, dtypes, errors
from .dtypes import DType, ReferenceType
from .errors import invalid
from .op import REQUIRED, HandleExpected, OpDef, ShapeContext
from .shapes import Raw
from .state import elsewhere, state
from .tensor import EagerTensor, Tensor, ndarray, wrap, wrap_buffer


# The compiler puts its own functions in the place of these two when it is first needed; until then nothing of it is imported.
def run_compiled(op: OpDef, inputs: Sequence[Tensor], attrs: Mapping[str, Any]) -> list[EagerTensor]:
    """Runs one op as a cached compiled program."""
    importlib.import_module("headrace.compiler.eager")
    return globals()["run_compiled"](op, inputs, attrs)


def run_graph(graph: Any, inputs: Sequence[Tensor]) -> list[EagerTensor]:
    """Runs a function's graph on eager tensors."""
    importlib.import_module("headrace.compiler.bound")
    return globals()["run_graph"](graph, inputs)


def run_loop(cond: Any, body: Any, values: list[Any]) -> list[EagerTensor]:
    """Runs a While on eager tensors."""
    importlib.import_module("headrace.compiler.loops")
    return globals()["run_loop"](cond, body, values)


_PYTHON = (int, float, bool, complex, list, tuple, str, bytes, np.ndarray, np.generic)


# ---------------------------------------------------------------------------------------------------------------- bind
def bind(op: OpDef, args: Sequence[Any], kwargs: dict[str, Any]) -> tuple[list[Tensor], dict[str, Any]]:
    """Flat input tensors and full attributes of a call `op(*args, **kwargs)`, converted and checked against the signature."""
    sig = op.signature
    values = list(args)
    attrs = dict(op.attrs)
    types: dict[str, DType] = {}
    if kwargs:
        for arg in sig.inputs[len(values) :]:
            if arg.name not in kwargs:
                break
            values.append(kwargs.pop(arg.name))
        for key, value in kwargs.items():
            if key in attrs:
                attrs[key] = value if type(value) is not ReferenceType else value.base_dtype
            elif any(a.type_attr == key for a in sig.inputs):
                types[key] = dtypes.as_dtype(value)
            elif key == "_sizes" or any(a.type_list_attr == key or a.number_attr == key for a in sig.inputs):
                attrs[key] = value
            else:
                raise TypeError(
                    f"{op.name}() got an unexpected argument {key!r}. It takes {op._text.partition('->')[0].strip()} and attributes {list(op.attrs)}."
                )
    if len(values) != len(sig.inputs):
        raise TypeError(
            f"{op.name}() takes {len(sig.inputs)} inputs ({', '.join(a.name for a in sig.inputs)}), received {len(values)}."
        )
    for key, value in attrs.items():
        if value is REQUIRED:
            raise TypeError(f"{op.name}() is missing its required attribute {key!r}.")
    if sig.variadic:
        return _bind_lists(op, values, attrs, types), attrs
    inputs: list[Any] = values
    pending = False
    for i, arg in enumerate(sig.inputs):
        value = values[i]
        if not isinstance(value, Tensor):
            if type(value) in _PYTHON or isinstance(value, _PYTHON):
                pending = True
                continue
            value = inputs[i] = convert.to_tensor(value, hint=arg.dtype or types.get(arg.type_attr))  # type: ignore[arg-type]
        _check_type(op, sig, i, value._dtype, types)
    if pending:
        for i, arg in enumerate(sig.inputs):
            if not isinstance(inputs[i], Tensor):
                inputs[i] = _convert(op, arg, inputs[i], types, attrs)
                _check_type(op, sig, i, inputs[i]._dtype, types)
    return inputs, attrs


def _bind_lists(op: OpDef, values: list[Any], attrs: dict[str, Any], types: dict[str, DType]) -> list[Tensor]:
    sig = op.signature
    flat: list[Any] = []
    owner: list[int] = []
    sizes: list[int] = []
    for i, (arg, value) in enumerate(zip(sig.inputs, values)):
        if arg.is_list:
            if not isinstance(value, (list, tuple)):
                raise TypeError(
                    f"{op.name}() argument {arg.name!r} must be a list of tensors, received {type(value).__name__}."
                )
            flat.extend(value)
            owner.extend([i] * len(value))
            sizes.append(len(value))
        else:
            flat.append(value)
            owner.append(i)
    if len(sizes) > 1 and len(set(sizes)) > 1:
        attrs["_sizes"] = tuple(sizes)
    for waiting in (False, True):
        for k, value in enumerate(flat):
            arg = sig.inputs[owner[k]]
            if isinstance(value, Tensor) == waiting:
                continue
            if not isinstance(value, Tensor):
                value = flat[k] = _convert(op, arg, value, types, attrs)
            if arg.type_list_attr is None:
                _check_type(op, sig, owner[k], value._dtype, types)
    if len(sizes) > 1:
        names = {a.number_attr for a in sig.inputs if a.is_list}
        if None in names or len(names) > 1:
            attrs["_sizes"] = tuple(sizes)
    return flat


def _convert(op: OpDef, arg: Any, value: Any, types: dict[str, DType], attrs: Mapping[str, Any]) -> Tensor:
    key = arg.type_attr
    dtype = arg.dtype or (types.get(key) if key else None)
    try:
        if dtype is not None:
            if (
                isinstance(value, np.ndarray)
                and isinstance(value.dtype, np.dtype)
                and value.dtype != dtype._np
                and arg.dtype is None
            ):
                # Arrays follow the tensors' type only within their kind of number.
                converted = convert.to_tensor(value)
                return converted if not _same_kind(value, dtype) else convert.to_tensor(value, dtype)
            return convert.to_tensor(value, dtype)
        if key is not None and isinstance(attrs.get(key), DType):
            return convert.to_tensor(value, attrs[key])
        return convert.to_tensor(value, hint=op.defaults.get(key))
    except (TypeError, ValueError) as error:
        error.args = (
            f"{error.args[0] if error.args else error} [argument {arg.name!r} of {op.name}]",
            *error.args[1:],
        )
        raise


def _same_kind(value: np.ndarray, dtype: DType) -> bool:
    return (
        value.dtype.kind
        in {"f": "fiu", "i": "iu", "u": "iu", "c": "cfiu", "b": "b", "s": "OSU"}.get(dtype.kind, "")
        or value.dtype.kind == "V"
    )


def _check_type(op: OpDef, sig: Any, i: int, dtype: DType, types: dict[str, DType]) -> None:
    arg = sig.inputs[i]
    if arg.dtype is not None:
        if dtype is not arg.dtype:
            _type_error(op, sig, i, dtype, arg.dtype, "")
        return
    key = arg.type_attr
    want = types.get(key)
    if want is None:
        allowed = op.types.get(key)
        if allowed is not None and dtype not in allowed:
            names = ", ".join(sorted(d.name for d in allowed))
            message = (
                f"Value for attr '{key}' of {dtype.name} is not in the list of allowed values: {names}\n\t; "
                f"argument {arg.name!r} of {op.name} [Op:{op.name}]"
            )
            raise invalid(message) if state.graph is None else TypeError(message)
        types[key] = dtype
    elif want is not dtype:
        first = next(a.name for a in sig.inputs if a.type_attr == key)
        _type_error(op, sig, i, dtype, want, f" that does not match type {want.name} of argument '{first}'")


def _type_error(op: OpDef, sig: Any, i: int, dtype: DType, want: DType, why: str) -> None:
    if state.graph is None:
        raise invalid(
            f"cannot compute {op.name} as input #{i}(zero-based) was expected to be a {want.name} tensor but is a {dtype.name} tensor. "
            f"Use tf.cast to convert argument '{sig.inputs[i].name}'. [Op:{op.name}]"
        )
    kind = HandleExpected if want.kind == "r" else TypeError
    raise kind(
        f"Input '{sig.inputs[i].name}' of '{op.name}' Op has type {dtype.name}{why or f'; expected {want.name}'}. Use tf.cast to convert it."
    )


# ------------------------------------------------------------------------------------------------------------- execute
def execute(op: OpDef, inputs: Sequence[Tensor], attrs: Mapping[str, Any], name: str | None = None) -> Any:
    """Runs a bound call. Returns one tensor, or a list when the op has several outputs or a list output."""
    graph = state.graph
    if graph is not None:
        node = (elsewhere(inputs) or graph).add(op, inputs, attrs, name)
        outputs: list[Any] = node.outputs
    else:
        if op.kernel is None and op.body is not None and op.grad is None and state.tapes:
            # Its primitives are recorded.
            return _as_list(op, op.body(*op.regroup(inputs, inputs, attrs), **_public(attrs)))
        outputs = run_eager(op, inputs, attrs)
        node = None
    for tape in state.tapes:
        tape.record(op, inputs, attrs, outputs)
    for observer in state.observers:
        observer(op, inputs, attrs, outputs)
    sig = op.signature
    if sig.single:
        return outputs[0]
    if not sig.outputs:
        return node
    return outputs if sig.fixed else regroup_outputs(op, outputs, inputs, attrs)


def regroup_outputs(
    op: OpDef, outputs: Sequence[Any], inputs: Sequence[Any], attrs: Mapping[str, Any]
) -> Any:
    """Arranges flat outputs as the signature has them: list outputs as lists (a single list output is returned bare)."""
    out: list[Any] = []
    i = 0
    for arg in op.signature.outputs:
        if not arg.is_list:
            out.append(outputs[i])
            i += 1
            continue
        n = (
            op.number_value(arg.number_attr, inputs, attrs)
            if arg.number_attr
            else len(op.type_value(arg.type_list_attr, inputs, attrs))
        )
        out.append(list(outputs[i : i + n]))
        i += n
    return out[0] if len(out) == 1 else out


def _public(attrs: Mapping[str, Any]) -> dict[str, Any]:
    return {k: v for k, v in attrs.items() if not k.startswith("_")}


def _as_list(op: OpDef, result: Any) -> Any:
    return result if op.signature.single or not isinstance(result, tuple) else list(result)


def run_eager(op: OpDef, inputs: Sequence[Tensor], attrs: Mapping[str, Any]) -> list[EagerTensor]:
    """Computes the outputs now: by the host kernel, the body, or a compiled program, in this order of preference."""
    for x in inputs:
        if not x._is_eager:
            raise TypeError(
                f"{x!r} is out of scope and cannot be used here: it (created at {x.op.site}) belongs to the graph {x.graph.name!r} and has no value here. "
                "Return it from its function, or use tf.Variable to carry a value out."
            )
    if state.device is not None and not op.host and op.lower is not None and not op.stateful:
        return run_compiled(op, inputs, attrs)
    if op.run is not None:
        return flatten_outputs(op.run(*op.regroup(inputs, inputs, attrs), **_public(attrs)))
    if op.kernel is not None:
        if not op.checked:
            infer(op, inputs, attrs)
        arrays = [x._np if x._np is not None else x._host() for x in inputs]  # type: ignore[attr-defined]
        out_dtypes = op.output_dtypes(inputs, attrs)
        return [wrap(a, d) for a, d in zip(run_kernel(op, arrays, inputs, attrs, out_dtypes), out_dtypes)]
    if op.body is not None:
        from .state import no_recording

        infer(op, inputs, attrs) if op.shape is not None else None
        with no_recording():
            return flatten_outputs(op.body(*op.regroup(inputs, inputs, attrs), **_public(attrs)))
    return run_compiled(op, inputs, attrs)


def runner(
    op: OpDef, inputs: Sequence[Tensor], attrs: Mapping[str, Any]
) -> Callable[[Sequence[Any]], list[Any]]:
    """An op's own way of running (`OpDef.run`) with all settled that does not depend on values: for nodes that run often."""
    run, public = op.run, _public(attrs)
    assert run is not None
    if not op.signature.variadic:
        return lambda values: flatten_outputs(run(*values, **public))
    sizes = [n if arg.is_list else None for arg, n in op.groups(inputs, attrs)]

    def grouped(values: Sequence[Any]) -> list[Any]:
        it = iter(values)
        return flatten_outputs(run(*[next(it) if n is None else [*islice(it, n)] for n in sizes], **public))

    return grouped


def flatten_outputs(result: Any) -> list[Any]:
    if result is None:
        return []
    if isinstance(result, (list, tuple)):
        return [t for item in result for t in flatten_outputs(item)]
    return [result]


def run_kernel(
    op: OpDef,
    arrays: Sequence[ndarray],
    inputs: Sequence[Tensor],
    attrs: Mapping[str, Any],
    out_dtypes: Sequence[DType],
) -> list[ndarray]:
    """The host kernel on arrays; its failures become the documented errors."""
    args = op.regroup(arrays, inputs, attrs) if op.signature.variadic else arrays
    kernel = op.kernel
    assert kernel is not None
    try:
        result = (
            kernel(*args, **_public(attrs)) if op.reenters else state.run(kernel, *args, **_public(attrs))
        )
    except errors.OpError as error:
        if error.op is None and f"[Op:{op.name}]" not in error.message and not op.reenters:
            error._message = f"{error.message} [Op:{op.name}]"
        raise
    except (ValueError, IndexError, TypeError, OverflowError, np.linalg.LinAlgError) as error:
        if op.reenters:
            raise
        _diagnose(op, inputs, attrs, error)
    outputs = flatten_outputs(result)
    return [
        a if type(a) is ndarray and a.dtype is d._np else np.asarray(a, d._np)
        for a, d in zip(outputs, out_dtypes)
    ]


def _diagnose(op: OpDef, inputs: Sequence[Tensor], attrs: Mapping[str, Any], error: Exception) -> None:
    """A kernel failed: the shape rule usually knows a better reason than NumPy does."""
    if all(isinstance(x, Tensor) for x in inputs):
        infer(op, inputs, attrs)
    received = ", ".join(f"{x._dtype.name}{list(x._raw_shape or ())}" for x in inputs)
    raise invalid(f"{error} (inputs: {received}) [Op:{op.name}]") from error


def infer(op: OpDef, inputs: Sequence[Tensor], attrs: Mapping[str, Any]) -> list[Raw]:
    """The output shapes, as far as they are known."""
    if op.shape is None:
        if op.body is not None:
            from .graph import trace_body

            return [t._raw_shape for t in trace_body(op, inputs, attrs).outputs]
        return [None] * len(op.output_dtypes(inputs, attrs))
    try:
        result = op.shape(ShapeContext(op, inputs, attrs))
    except errors.ShapeError as error:
        received = ", ".join(str(None if x._raw_shape is None else list(x._raw_shape)) for x in inputs)
        message = f"{error} with input shapes: {received}. [Op:{op.name}]"
        raise (invalid(message) if state.graph is None else ValueError(message)) from None
    return result if type(result) is list else [result]


# ----------------------------------------------------------------------------------------------- functions from op rows
def _finish(op: OpDef, function: Callable[..., Any], name: str | None) -> Callable[..., Any]:
    function.__name__ = function.__qualname__ = name or op.name.lower()
    function.__doc__ = op.__doc__
    function.op = op  # type: ignore[attr-defined]
    return function


def _first_input_types(op: OpDef) -> Any:
    """The types the first input may have; None: any."""
    first = op.signature.inputs[0]
    return op.types.get(first.type_attr or "") if first.dtype is None else {first.dtype}


def unary_function(op: OpDef, name: str | None = None) -> Callable[..., Any]:
    """A Python function `f(x, name=None)` for a one-input op, with the short path for host tensors."""
    kernel, allowed = op.kernel, _first_input_types(op)
    out = op.signature.outputs[0].dtype

    def f(x: Any, name: str | None = None) -> Any:
        mode = state.mode
        if mode < 2 and type(x) is EagerTensor:
            array, dtype = x._np, x._dtype
            if array is not None and (allowed is None or dtype in allowed):
                try:
                    result = wrap(state.run(kernel, array), out or dtype)  # type: ignore[arg-type]
                except (ValueError, TypeError):
                    return op(x, name=name)  # the general path explains what is wrong
                if mode:
                    for tape in state.tapes:
                        tape.record(op, (x,), op.attrs, (result,))
                return result
        return op(x, name=name)

    return _finish(op, f if kernel is not None else (lambda x, name=None: op(x, name=name)), name)


def binary_function(
    op: OpDef, name: str | None = None, general: Callable[..., Any] | None = None
) -> Callable[..., Any]:
    """A Python function `f(x, y, name=None)` for a two-input op of one type, with the short path for host tensors.
    `general` handles everything else (the op itself, if not given)."""
    general = general or op
    kernel, allowed = op.kernel, _first_input_types(op)
    out = op.signature.outputs[0].dtype
    new = EagerTensor.__new__

    def f(x: Any, y: Any, name: str | None = None) -> Any:
        mode = state.mode
        if mode < 2 and type(x) is EagerTensor and type(y) is EagerTensor:
            a, b, dtype = x._np, y._np, x._dtype
            if (
                dtype is y._dtype
                and a is not None
                and b is not None
                and (allowed is None or dtype in allowed)
            ):
                try:
                    array = state.run(kernel, a, b)  # type: ignore[arg-type]
                except (ValueError, TypeError):
                    return general(x, y, name=name)  # explains what is wrong
                out_dtype = out or dtype
                if type(array) is not ndarray or array.dtype is not out_dtype._np:
                    array = np.asarray(array, out_dtype._np)
                result = new(EagerTensor)
                result._np, result._dtype, result._buf = array, out_dtype, None
                if mode:
                    for tape in state.tapes:
                        tape.record(op, (x, y), op.attrs, (result,))
                return result
        return general(x, y, name=name)

    return _finish(op, f, name)


__all__ = [
    "bind",
    "binary_function",
    "execute",
    "infer",
    "run_eager",
    "run_kernel",
    "unary_function",
    "wrap_buffer",
]
