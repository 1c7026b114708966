"""Ops that look for NaN and infinity, and the observer that puts one behind every op
(`tf.debugging.enable_check_numerics`)."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from headrace.core import dtypes, errors
from headrace.core.dtypes import FLOATS, DType
from headrace.core.errors import invalid
from headrace.core.op import REQUIRED, OpDef
from headrace.core.state import state
from headrace.core.tape import not_differentiable

from .table import same_as

# Ops that move values without making new ones, or whose outputs are no values yet.
_SKIPPED = frozenset(
    {
        "Placeholder",
        "Const",
        "Identity",
        "IdentityN",
        "ReadVariableOp",
        "StopGradient",
        "PreventGradient",
        "Concat",
        "ConcatV2",
        "ExpandDims",
        "Fill",
        "Gather",
        "Maximum",
        "Minimum",
        "Reshape",
        "Slice",
        "Squeeze",
        "Pack",
        "StridedSlice",
        "StridedSliceGrad",
        "TensorListConcatV2",
        "TensorListGather",
        "TensorListGetItem",
        "TensorListPopBack",
        "TensorListStack",
        "Transpose",
        "Unpack",
        "CheckNumerics",
        "CheckNumericsV2",
        "DebugNumericSummaryV2",
        "If",
        "StatelessIf",
        "Case",
        "StatelessCase",
        "While",
        "StatelessWhile",
        "PartitionedCall",
        "StatefulPartitionedCall",
    }
)
# Batch statistics of an empty batch are NaN by definition.
_IGNORED = (
    {("FusedBatchNorm", slot) for slot in (1, 2, 3, 4)}
    | {("FusedBatchNormV2", slot) for slot in (1, 2, 3, 4)}
    | {("FusedBatchNormV3", slot) for slot in (1, 2, 3, 4, 5)}
)
REDUCE_INF_NAN_THREE_SLOTS = 8
_OF_GRADIENTS = re.compile(r"(?:^|/)gradients(?:_\d+)?/(.+?)_grad(?:_\d+)?/")


def numerics_observer() -> NumericsObserver | None:
    """The one that `enable_check_numerics` set up in this thread."""
    return next((o for o in state.observers if isinstance(o, NumericsObserver)), None)


def _text(message: Any) -> str:
    return message if isinstance(message, str) else message.decode()


def _names(parts: Sequence[str]) -> str:
    """`A`, `A and B`, `A, B, and C`."""
    return (
        parts[0]
        if len(parts) == 1
        else " and ".join(parts)
        if len(parts) == 2
        else ", ".join(parts[:-1]) + f", and {parts[-1]}"
    )


def _found(tensor: np.ndarray, signed: bool) -> list[str]:
    x = tensor.astype(np.float32) if tensor.dtype.itemsize < 4 else tensor
    if np.isfinite(x).all():
        return []
    infinite = np.isinf(x)
    kinds = [("-Inf", infinite & (x < 0)), ("+Inf", infinite & (x > 0))] if signed else [("Inf", infinite)]
    return [name for name, where in [*kinds, ("NaN", np.isnan(x))] if where.any()]


def _check(signed: bool) -> Callable[..., Any]:
    def kernel(tensor: np.ndarray, message: Any) -> np.ndarray:
        found = _found(tensor, signed)
        if found:
            raise invalid(f"{_text(message)} : Tensor had {_names(found)} values")
        return tensor

    return kernel


def _combinations(kinds: Sequence[str]) -> list[str]:
    """What the bits 1, 2, 4 … stand for together, for every number from 1 on."""
    return [_names([k for i, k in enumerate(kinds) if n >> i & 1]) for n in range(1, 1 << len(kinds))]


def _lower_check(signed: bool) -> Callable[..., Any]:
    """Within a program: each element has a bit for what it is, all bits together are the number of the message."""

    def lower(b: Any, tensor: Any, message: Any) -> Any:
        if b.unchecked:
            return tensor
        if not b.checking:
            raise b.cannot("its check has no place in a loop's condition")
        x = b.convert(tensor, dtypes.float32) if tensor.dtype.size < 4 else tensor
        infinity = b.constant(np.inf, x.dtype)
        tests = [("NE", x, x)]
        if signed:
            tests = [("EQ", x, b.unary("negate", infinity)), ("EQ", x, infinity), *tests]
        else:
            tests = [("EQ", b.unary("abs", x), infinity), *tests]
        bits = None
        for i, (direction, one, other) in enumerate(tests):
            bit = b.convert(b.compare(direction, one, b.broadcast_to(other, x.shape)), dtypes.int32)
            bit = bit if not i else b.mul(bit, b.constant(1 << i, dtypes.int32, bit.shape))
            bits = bit if bits is None else b.add(bits, bit)
        kinds = ["-Inf", "+Inf", "NaN"] if signed else ["Inf", "NaN"]
        text = _text(message)
        b.check_code(
            b.reduce(bits, range(x.rank), "or", 0),
            [f"{text} : Tensor had {names} values" for names in _combinations(kinds)],
        )
        return tensor

    return lower


def _check_grad(op: Any, g: Any) -> list[Any]:
    message = f"Not a number (NaN) or infinity (Inf) values detected in gradient. {op.attrs['message']}"
    return [CHECK_NUMERICS(g, message=message)]


CHECK_NUMERICS = OpDef(
    "CheckNumerics",
    "tensor: T -> output: T",
    attrs={"message": REQUIRED},
    types={"T": FLOATS},
    shape=same_as(0),
    kernel=_check(False),
    lower=_lower_check(False),
    stateful=True,
    grad=_check_grad,
    doc="The tensor; InvalidArgumentError if any element is NaN or infinite.",
)
CHECK_NUMERICS_V2 = OpDef(
    "CheckNumericsV2",
    "tensor: T -> output: T",
    attrs={"message": REQUIRED},
    types={"T": FLOATS},
    shape=same_as(0),
    kernel=_check(True),
    lower=_lower_check(True),
    stateful=True,
    grad=_check_grad,
)


def _only_three_slots(mode: int) -> None:
    if mode != REDUCE_INF_NAN_THREE_SLOTS:
        raise errors.UnimplementedError(
            None,
            None,
            f"DebugNumericSummaryV2 supports tensor_debug_mode {REDUCE_INF_NAN_THREE_SLOTS}"
            f" (REDUCE_INF_NAN_THREE_SLOTS), received {mode}.",
        )


def _summary(tensor: np.ndarray, output_dtype: DType, tensor_debug_mode: int, tensor_id: int) -> np.ndarray:
    _only_three_slots(tensor_debug_mode)
    found = _found(tensor, True)
    return np.asarray(
        [
            value if name in found else 0.0
            for name, value in (("-Inf", -np.inf), ("+Inf", np.inf), ("NaN", np.nan))
        ]
    )


def _lower_summary(b: Any, x: Any, output_dtype: DType, tensor_debug_mode: int, tensor_id: int) -> Any:
    _only_three_slots(tensor_debug_mode)
    x = b.convert(x, dtypes.float32) if x.dtype.size < 4 else x
    dims = range(x.rank)
    slots = []
    for value in (-np.inf, np.inf, np.nan):
        hit = b.compare("NE", x, x) if np.isnan(value) else b.compare("EQ", x, b.constant(value, x.dtype))
        any_hit = b.reduce(hit, dims, "or", np.False_)
        slots.append(
            b.reshape(b.select(any_hit, b.constant(value, output_dtype), b.constant(0.0, output_dtype)), (1,))
        )
    return b.concatenate(slots, 0)


SUMMARY = OpDef(
    "DebugNumericSummaryV2",
    "input: T -> output: output_dtype",
    attrs={"output_dtype": dtypes.float32, "tensor_debug_mode": -1, "tensor_id": -1},
    shape=lambda c: (3,),
    kernel=_summary,
    lower=_lower_summary,
    grad=not_differentiable,
)


def _differentiated(node: Any) -> Any:
    """The op of a plain graph whose gradient a node is part of, as its name says; None for others."""
    found = _OF_GRADIENTS.search(node.name)
    return None if found is None else node.graph._by_name.get(found[1])


class NumericsObserver:
    """Checks what every op computes: eager results at once; in functions by a check added behind the op, in graphs that
    sessions run by a check that is added to the run. Checks are compiled along with the rest."""

    def __init__(self, stack_height_limit: int | None, path_length_limit: int | None) -> None:
        self.height, self.length = stack_height_limit, path_length_limit
        self._inside = False

    def __call__(
        self, op: OpDef, inputs: Sequence[Any], attrs: Mapping[str, Any], outputs: Sequence[Any]
    ) -> None:
        if self._inside or op.name in _SKIPPED:
            return
        self._inside = True
        try:
            for slot, y in enumerate(outputs):
                if y._dtype in FLOATS and (op.name, slot) not in _IGNORED:
                    self._check(op, inputs, y, slot, len(outputs))
        finally:
            self._inside = False

    def _check(self, op: OpDef, inputs: Sequence[Any], y: Any, slot: int, count: int) -> None:
        if y._is_eager:
            array = y._host()
            if not np.isfinite(array.astype(np.float32) if array.dtype.itemsize < 4 else array).all():
                CHECK_NUMERICS_V2.kernel(array, self._message(op, inputs, y, slot, count))  # type: ignore[misc]
            return
        graph = y.op.graph
        if graph.building_function:  # a plain graph's are added to what a session runs
            with graph.name_scope(y.op.name + "/"):
                CHECK_NUMERICS_V2(y, message=self._message(op, inputs, y, slot, count))

    def behind(self, node: Any) -> list[Any]:
        """The checks that belong behind a node of a graph, as nodes that are in no graph."""
        op = node.op_def
        out: list[Any] = []
        if op.name in _SKIPPED:
            return out
        for slot, y in enumerate(node.outputs):
            if y._dtype in FLOATS and (op.name, slot) not in _IGNORED:
                message = self._message(op, node.inputs, y, slot, len(node.outputs))
                check = type(node)(
                    node.graph,
                    CHECK_NUMERICS_V2,
                    f"{node.name}/CheckNumericsV2",
                    [y],
                    {"message": message},
                    (),
                )
                check._site = node._site
                check.outputs = [type(y)(check, 0, y._dtype, y._raw_shape)]
                out.append(check)
        return out

    def _message(self, op: OpDef, inputs: Sequence[Any], y: Any, slot: int, count: int) -> str:
        kind = "eagerly-executing" if y._is_eager else "graph"
        lines = [
            (
                f'\n\n!!! Detected Infinity or NaN in output {slot} of {kind} op "{op.name}" (# of outputs:'
                f" {count}) !!!"
            ),
            f"  dtype: {y.dtype}",
            f"  shape: {y.shape}",
        ]
        if y._is_eager:
            x = np.asarray(y._host(), np.float64)
            for label, n in (
                ("-Inf", np.sum(np.isneginf(x))),
                ("+Inf", np.sum(np.isposinf(x))),
                ("+NaN", np.sum(np.isnan(x))),
            ):
                if n:
                    lines.append(f"  # of {label} elements: {n}")
        if len(inputs) > 1:
            lines += [
                "",
                f"  Input tensors ({len(inputs)}):",
                *[f"         {i}: {x}" for i, x in enumerate(inputs)],
            ]
        elif inputs:
            lines += ["", f"  Input tensor: {inputs[0]}"]
        if not y._is_eager:
            lines.append(f'  Graph name: "{y.op.graph.name}"')
            lines += ["", "  Where the op was created:", f"    + {self._short(y.op.site)}"]
            forward = _differentiated(y.op)
            if forward is not None:
                lines += [
                    f"  It is part of the gradient of {forward.name!r}:",
                    f"    + {self._short(forward.site)}",
                ]
        return "\n".join(lines) + "\n\n"

    def _short(self, site: str) -> str:
        return site if self.length is None or len(site) <= self.length else "..." + site[-self.length :]


__all__ = ["CHECK_NUMERICS", "CHECK_NUMERICS_V2", "SUMMARY", "NumericsObserver", "state"]
