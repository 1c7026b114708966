"""Ops that have no host kernel (convolutions …) run eagerly as one-op programs, compiled once per shapes and types."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from headrace import runtime
from headrace.core import dispatch, errors, tensor
from headrace.core.dtypes import DType
from headrace.core.op import OpDef
from headrace.core.state import state
from headrace.core.tensor import EagerTensor, Tensor, wrap, wrap_buffer

from .hlo import Value
from .lower import CannotLower, Lowering, NeedsValue, lower_op, positions

_programs: dict[Any, Any] = {}


class _Stub:
    """What lowering rules may ask of the node they lower, for an op outside of any graph."""

    def __init__(self, op: OpDef, inputs: Sequence[Tensor], attrs: Mapping[str, Any]) -> None:
        self.op_def, self.inputs, self.attrs = op, inputs, attrs
        self.type = self.name = op.name
        self.outputs = [_Output(d) for d in op.output_dtypes(inputs, attrs)]


class _Output:
    def __init__(self, dtype: Any) -> None:
        self._dtype = dtype


def buffer_of(x: EagerTensor) -> Any:
    """The tensor's device buffer; made on first use and kept."""
    buffer = x._buf
    if buffer is None:
        buffer = x._buf = runtime.put(x._host(), zero_copy=True)  # nobody writes to it
    return buffer


def on_device(array: np.ndarray, dtype: DType) -> EagerTensor:
    """A tensor with a copy of `array`, which is on the device from the start."""
    return wrap_buffer(runtime.put(array), dtype)


def _freeze(value: Any) -> Any:
    if isinstance(value, (list, tuple)):
        return tuple([_freeze(v) for v in value])
    if isinstance(value, np.ndarray):
        return value.shape, value.tobytes()
    return value


def run_compiled(op: OpDef, inputs: Sequence[Tensor], attrs: Mapping[str, Any]) -> list[EagerTensor]:
    """Runs one op as a compiled program. Inputs whose values decide shapes are part of the cache key."""
    dispatch.infer(op, inputs, attrs)
    static = positions(op, op.static + op.hints, _Stub(op, inputs, attrs), attrs)
    key = (
        op.name,
        state.device,
        tuple(
            [
                (x._raw_shape, x._dtype, x._host().tobytes() if i in static else None)
                for i, x in enumerate(inputs)
            ]
        ),
        tuple([(k, _freeze(v)) for k, v in sorted(attrs.items())]),
    )
    program = _programs.get(key)
    if program is None:
        program = _programs[key] = _compile(op, inputs, attrs, static)
    executable, results = program
    device = executable.device if executable is not None else None
    arguments = [_on(x, device) for i, x in enumerate(inputs) if i not in static]
    buffers = iter(executable.run(arguments) if executable is not None else ())
    return [wrap_buffer(next(buffers), d) if known is None else wrap(known, d) for known, d in results]


def clear() -> None:
    """Forgets the programs of eager ops, which are compiled (or loaded from the disk) anew when they are next used."""
    _programs.clear()


def _on(x: Any, device: Any) -> Any:
    if state.device is None:
        return buffer_of(x)
    return runtime.put(x._np, device) if x._buf is None else runtime.transfer(x._buf, device)


def _compile(op: OpDef, inputs: Sequence[Tensor], attrs: Mapping[str, Any], static: set[int]) -> Any:
    device = runtime.find_device(state.device) if state.device is not None else None
    b = Lowering((device or runtime.default_device()).platform)
    parameters: list[Value] = []
    arguments: list[Any] = []
    for i, x in enumerate(inputs):
        if i in static:
            arguments.append(x._host())
        else:
            parameters.append(b.fresh(x._raw_shape, x._dtype))  # type: ignore[arg-type]
            arguments.append(parameters[-1])
    stub = _Stub(op, inputs, attrs)
    try:
        results = lower_op(b, op, arguments, attrs, stub)
    except NeedsValue as error:
        raise errors.UnimplementedError(None, None, f"{op.name}: {error.why} [Op:{op.name}]") from None
    except CannotLower as error:
        raise errors.UnimplementedError(
            None, None, f"{op.name} cannot run eagerly: {error.why} [Op:{op.name}]"
        ) from None
    computed = [r for r in results if isinstance(r, Value)]
    layout = [(None if isinstance(r, Value) else r, o._dtype) for r, o in zip(results, stub.outputs)]
    if not computed:
        return None, layout
    text = b.function(parameters, computed, module=op.name)
    return runtime.compile(text, [(v.shape, v.dtype._np) for v in computed], device=device), layout


dispatch.run_compiled = run_compiled
tensor.fetch = runtime.to_numpy
