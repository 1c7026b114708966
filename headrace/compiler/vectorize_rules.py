"""What ops do with stacked inputs (see `vectorize.py`): `rule(v, node, inputs)` returns the outputs, or None
for "element by element". Tensors that a rule returns are stacked; a `Stack` says for itself."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from headrace.core import dtypes
from headrace.core.convert import to_tensor
from headrace.core.graph import FuncGraph, graph_output
from headrace.core.op import TABLE, OpDef, lookup
from headrace.core.state import building
from headrace.core.static import static_value
from headrace.core.tape import to_dense
from headrace.ops import table

from .vectorize import CannotVectorize, Stack, Vectorizer, call, dims, reshape, vector

Rule = Callable[[Vectorizer, Any, Sequence[Stack]], Any]
_EXPLICIT: dict[str, Rule] = {}


def rule(*names: str) -> Callable[[Rule], Rule]:
    def register(function: Rule) -> Rule:
        _EXPLICIT.update(dict.fromkeys(names, function))
        return function

    return register


class _Rules:
    """The rule of an op type: written below, or seen from how the op's own shape rule is made."""

    def get(self, name: str) -> Rule | None:
        found = _EXPLICIT.get(name)
        if found is None:
            op = TABLE[name]
            if op.shape is table.broadcast:
                return _broadcasting
            if (
                re.match(r"^x: T -> y: \w+$", op._text)
                and op.shape is not None
                and op.shape.__code__ is _SAME_AS
            ):
                return _unary
        return found


_SAME_AS = table.same_as(0).__code__
RULES = _Rules()


def known(x: Stack) -> np.ndarray | None:
    """The value of a shared input, if it is known while building."""
    return None if x.stacked else static_value(x.tensor)


def needs(x: Stack, what: str) -> np.ndarray:
    value = known(x)
    if value is None:
        raise CannotVectorize(f"{what} must be known and the same for all elements")
    return value


# ------------------------------------------------------------------------------------------------ elementwise
def _unary(v: Vectorizer, node: Any, inputs: Sequence[Stack]) -> Any:
    return call(node.op_def, [x.tensor for x in inputs], node.attrs)


def _broadcasting(v: Vectorizer, node: Any, inputs: Sequence[Stack]) -> Any:
    rank = max(x.rank for x in inputs)
    return call(node.op_def, [v.lifted(x, rank) for x in inputs], node.attrs)


_EXPLICIT["InvertPermutation"] = lambda v, node, inputs: None
rule("SelectV2")(_broadcasting)
rule(
    "Cast",
    "Identity",
    "Snapshot",
    "StopGradient",
    "PreventGradient",
    "GuaranteeConst",
    "Relu",
    "Relu6",
    "Elu",
    "Selu",
    "LeakyRelu",
    "Softplus",
    "Softsign",
    "Real",
    "Imag",
    "Angle",
    "ComplexAbs",
    "Conj",
    "LogicalNot",
    "CheckNumerics",
    "IsNan",
    "IsInf",
    "IsFinite",
    "DebugIdentity",
)(_unary)


@rule(
    "ReluGrad",
    "Relu6Grad",
    "EluGrad",
    "SeluGrad",
    "LeakyReluGrad",
    "SoftplusGrad",
    "SoftsignGrad",
    "SigmoidGrad",
    "TanhGrad",
    "RsqrtGrad",
    "SqrtGrad",
    "InvGrad",
    "ReciprocalGrad",
    "Select",
    "AddN",
    "AccumulateNV2",
    "XlaOptimizationBarrier",
)
def _same_shapes(v: Vectorizer, node: Any, inputs: Sequence[Stack]) -> Any:
    if node.type == "Select" and inputs[0].rank == 0 and inputs[1].rank:
        return None
    return call(node.op_def, [v.stack(x) for x in inputs], node.attrs)


@rule("IdentityN")
def _identity_n(v: Vectorizer, node: Any, inputs: Sequence[Stack]) -> Any:
    """The carrier of custom gradients: the gradient of the stack is the custom one, vectorized in turn."""
    custom = node.attrs.get("_gradient")
    if custom is None:
        return call(node.op_def, [v.stack(x) for x in inputs], node.attrs)
    env = v.env

    def gradient(op: Any, *received: Any) -> list[Any]:
        graph = FuncGraph("custom_gradient", outer=node.graph)
        with building(graph, tapes=()):
            arguments = [
                None if g is None else graph.argument(g._dtype, y._raw_shape, "gradient")
                for g, y in zip(received, node.outputs)
            ]
            found = [None if g is None else to_dense(g) for g in custom(node, *arguments)]
            graph.outputs = [graph_output(graph, g) for g in found if g is not None]
        values = {id(a): Stack(g, True) for a, g in zip(arguments, received) if a is not None}
        values.update(
            {id(inner): env.get(id(outer)) or Stack(outer, False) for outer, inner in graph.captures.values()}
        )
        results = iter(Vectorizer(v.n).run(graph, [values[id(t)] for t in graph.inputs]))
        return [None if g is None else v.stack(next(results)) for g in found]

    return call(
        node.op_def,
        [v.stack(x) if x.tensor._dtype.kind not in "rv" else x.tensor for x in inputs],
        {**node.attrs, "_gradient": gradient},
    )


@rule("ClipByValue")
def _clip(v: Vectorizer, node: Any, inputs: Sequence[Stack]) -> Any:
    rank = inputs[0].rank
    x, low, high = (v.lifted(i, rank) for i in inputs)
    return lookup("Maximum")(lookup("Minimum")(x, high), low)


# ----------------------------------------------------------------------------------------- shapes of elements
@rule("Shape")
def _shape(v: Vectorizer, node: Any, inputs: Sequence[Stack]) -> Any:
    out_type = node.attrs["out_type"]
    shape = inputs[0].shape
    if None not in shape:
        return Stack(to_tensor(np.asarray(shape, out_type._np)), False)
    return Stack(
        lookup("StridedSlice")(
            lookup("Shape")(inputs[0].tensor, out_type=out_type), [1], [0], [1], end_mask=1
        ),
        False,
    )


@rule("Size")
def _size(v: Vectorizer, node: Any, inputs: Sequence[Stack]) -> Any:
    sizes = vector(dims(inputs[0].tensor)[1:]) if inputs[0].rank else to_tensor([], dtypes.int32)
    return Stack(
        lookup("Cast")(lookup("Prod")(sizes, [0], keep_dims=False), DstT=node.attrs["out_type"]), False
    )


@rule("Rank")
def _rank(v: Vectorizer, node: Any, inputs: Sequence[Stack]) -> Any:
    return Stack(to_tensor(np.asarray(inputs[0].rank, np.int32)), False)


@rule("ShapeN")
def _shape_n(v: Vectorizer, node: Any, inputs: Sequence[Stack]) -> Any:
    out = []
    for x in inputs:
        shape = lookup("Shape")(x.tensor, out_type=node.attrs["out_type"])
        out.append(
            Stack(lookup("StridedSlice")(shape, [1], [0], [1], end_mask=1) if x.stacked else shape, False)
        )
    return out


def _with_count(v: Vectorizer, shape: Stack) -> Any:
    """A shared shape tensor with the number of elements in front."""
    value = needs_shared(shape)
    n = to_tensor(v.n, value._dtype) if isinstance(v.n, int) else lookup("Cast")(v.n, DstT=value._dtype)
    return lookup("ConcatV2")([lookup("Reshape")(n, [1]), lookup("Reshape")(value, [-1])], 0)


def needs_shared(x: Stack) -> Any:
    if x.stacked:
        raise CannotVectorize("a shape differs from element to element")
    return x.tensor


@rule("Reshape")
def _reshape(v: Vectorizer, node: Any, inputs: Sequence[Stack]) -> Any:
    return lookup("Reshape")(inputs[0].tensor, _with_count(v, inputs[1]))


@rule("BroadcastTo")
def _broadcast_to(v: Vectorizer, node: Any, inputs: Sequence[Stack]) -> Any:
    x, shape = inputs
    rank = node.outputs[0]._raw_shape
    if rank is None:
        raise CannotVectorize("BroadcastTo to an unknown rank")
    return lookup("BroadcastTo")(v.lifted(x, len(rank)), _with_count(v, shape))


@rule("Fill")
def _fill(v: Vectorizer, node: Any, inputs: Sequence[Stack]) -> Any:
    raw = node.outputs[0]._raw_shape
    if raw is None:
        raise CannotVectorize("Fill to an unknown rank")
    return lookup("BroadcastTo")(v.lifted(inputs[1], len(raw)), _with_count(v, inputs[0]))


@rule("EnsureShape")
def _ensure(v: Vectorizer, node: Any, inputs: Sequence[Stack]) -> Any:
    shape = node.attrs["shape"]
    return (
        inputs[0].tensor
        if shape is None
        else call(node.op_def, [inputs[0].tensor], {**node.attrs, "shape": (None, *shape)})
    )


@rule("ExpandDims")
def _expand(v: Vectorizer, node: Any, inputs: Sequence[Stack]) -> Any:
    axis = int(needs(inputs[1], "the axis of ExpandDims"))
    return lookup("ExpandDims")(inputs[0].tensor, axis + 1 if axis >= 0 else axis)


@rule("Squeeze")
def _squeeze(v: Vectorizer, node: Any, inputs: Sequence[Stack]) -> Any:
    x = inputs[0]
    axes = list(node.attrs["squeeze_dims"]) or [i for i, d in enumerate(x.shape) if d == 1]
    if not axes:
        return x.tensor
    return lookup("Squeeze")(x.tensor, squeeze_dims=[a + 1 if a >= 0 else a for a in axes])


@rule("Transpose", "ConjugateTranspose")
def _transpose(v: Vectorizer, node: Any, inputs: Sequence[Stack]) -> Any:
    perm = needs_shared(inputs[1])
    return call(
        node.op_def,
        [inputs[0].tensor, _front(perm, lookup("AddV2")(perm, to_tensor(1, perm._dtype)), 0)],
        node.attrs,
    )


def _front(like: Any, rest: Any, value: int) -> Any:
    """`rest` with one number in front, of the type of `like`."""
    return lookup("ConcatV2")([to_tensor([value], like._dtype), rest], 0)


def _axes_up(axes: Any) -> Any:
    """Axes of one element as axes of the stack."""
    value = static_value(axes)
    if value is not None:
        return to_tensor(np.asarray(np.where(value >= 0, value + 1, value), value.dtype))
    zero, one = to_tensor(0, axes._dtype), to_tensor(1, axes._dtype)
    return lookup("SelectV2")(lookup("GreaterEqual")(axes, zero), lookup("AddV2")(axes, one), axes)


@rule(
    "Sum",
    "Mean",
    "Prod",
    "Max",
    "Min",
    "All",
    "Any",
    "EuclideanNorm",
    "ArgMax",
    "ArgMin",
    "Cumsum",
    "Cumprod",
    "CumulativeLogsumexp",
    "ReverseV2",
    "Reverse",
)
def _along_axes(v: Vectorizer, node: Any, inputs: Sequence[Stack]) -> Any:
    if node.type == "Reverse":
        return None
    return call(node.op_def, [inputs[0].tensor, _axes_up(needs_shared(inputs[1]))], node.attrs)


@rule("Roll", "SplitV")
def _axes_last(v: Vectorizer, node: Any, inputs: Sequence[Stack]) -> Any:
    return call(
        node.op_def,
        [inputs[0].tensor, needs_shared(inputs[1]), _axes_up(needs_shared(inputs[2]))],
        node.attrs,
    )


# ------------------------------------------------------------------------------------- joining and separating
@rule("ConcatV2")
def _concat(v: Vectorizer, node: Any, inputs: Sequence[Stack]) -> Any:
    *values, axis = inputs
    return lookup("ConcatV2")([v.stack(x) for x in values], _axes_up(needs_shared(axis)))


def _attr_axis(axis: int) -> int:
    return axis + 1 if axis >= 0 else axis


@rule("Pack")
def _pack(v: Vectorizer, node: Any, inputs: Sequence[Stack]) -> Any:
    return lookup("Pack")([v.stack(x) for x in inputs], axis=_attr_axis(node.attrs["axis"]))


@rule("Unpack")
def _unpack(v: Vectorizer, node: Any, inputs: Sequence[Stack]) -> Any:
    return call(node.op_def, [inputs[0].tensor], {**node.attrs, "axis": _attr_axis(node.attrs["axis"])})


@rule("Split")
def _split(v: Vectorizer, node: Any, inputs: Sequence[Stack]) -> Any:
    return call(node.op_def, [_axes_up(needs_shared(inputs[0])), inputs[1].tensor], node.attrs)


@rule("Tile")
def _tile(v: Vectorizer, node: Any, inputs: Sequence[Stack]) -> Any:
    multiples = needs_shared(inputs[1])
    return lookup("Tile")(inputs[0].tensor, _front(multiples, multiples, 1))


@rule("Pad", "PadV2", "MirrorPad", "MirrorPadGrad")
def _pad(v: Vectorizer, node: Any, inputs: Sequence[Stack]) -> Any:
    if any(x.stacked for x in inputs[1:]):
        return None
    paddings = inputs[1].tensor
    wide = lookup("ConcatV2")([to_tensor([[0, 0]], paddings._dtype), paddings], 0)
    return call(node.op_def, [inputs[0].tensor, wide, *[x.tensor for x in inputs[2:]]], node.attrs)


# ----------------------------------------------------------------------------------------- slices and gathers
@rule("Slice")
def _slice(v: Vectorizer, node: Any, inputs: Sequence[Stack]) -> Any:
    x, begin, size = inputs
    if begin.stacked or size.stacked:
        return None
    return lookup("Slice")(
        x.tensor, _front(begin.tensor, begin.tensor, 0), _front(size.tensor, size.tensor, -1)
    )


def _masks(attrs: Any) -> dict[str, int]:
    up = {
        k: attrs[k] << 1
        for k in ("begin_mask", "end_mask", "ellipsis_mask", "new_axis_mask", "shrink_axis_mask")
    }
    up["begin_mask"] |= 1
    up["end_mask"] |= 1
    return up


def _spec(begin: Any, end: Any, strides: Any) -> list[Any]:
    return [_front(begin, begin, 0), _front(end, end, 0), _front(strides, strides, 1)]


@rule("StridedSlice")
def _strided_slice(v: Vectorizer, node: Any, inputs: Sequence[Stack]) -> Any:
    x, begin, end, strides = inputs
    if begin.stacked:
        attrs = node.attrs
        single = (
            begin.shape == (1,)
            and attrs["shrink_axis_mask"] == 1
            and not attrs["new_axis_mask"]
            and not attrs["ellipsis_mask"]
        )
        if not single:
            return None
        index = lookup("Squeeze")(begin.tensor, squeeze_dims=[1])
        size = dims(x.tensor)[1 if x.stacked else 0]
        zero = to_tensor(0, index._dtype)
        wrapped = lookup("AddV2")(index, lookup("Cast")(to_tensor(size), DstT=index._dtype))
        index = lookup("SelectV2")(lookup("Less")(index, zero), wrapped, index)
        return lookup("GatherV2")(
            x.tensor, index, to_tensor(1 if x.stacked else 0), batch_dims=1 if x.stacked else 0
        )
    if end.stacked or strides.stacked:
        return None
    return call(
        node.op_def,
        [x.tensor, *_spec(begin.tensor, end.tensor, strides.tensor)],
        {**node.attrs, **_masks(node.attrs)},
    )


@rule("StridedSliceGrad")
def _strided_slice_grad(v: Vectorizer, node: Any, inputs: Sequence[Stack]) -> Any:
    shape, begin, end, strides, dy = inputs
    if any(x.stacked for x in (shape, begin, end, strides)):
        return None
    return call(
        node.op_def,
        [_with_count(v, shape), *_spec(begin.tensor, end.tensor, strides.tensor), dy.tensor],
        {**node.attrs, **_masks(node.attrs)},
    )


@rule("GatherV2", "Gather")
def _gather(v: Vectorizer, node: Any, inputs: Sequence[Stack]) -> Any:
    params, indices = inputs[0], inputs[1]
    axis = int(needs(inputs[2], "the axis of a gather")) if node.type == "GatherV2" else 0
    axis = axis + params.rank if axis < 0 else axis
    batch = node.attrs.get("batch_dims", 0)
    batch = batch + indices.rank if batch < 0 else batch
    gather = lookup("GatherV2")
    if params.stacked and not indices.stacked and batch == 0:
        return gather(params.tensor, indices.tensor, to_tensor(axis + 1), batch_dims=0)
    if not params.stacked and batch == 0:
        out = gather(params.tensor, indices.tensor, to_tensor(axis), batch_dims=0)
        return out if axis == 0 else lookup("Transpose")(out, _moved(out, axis))
    return gather(v.stack(params), v.stack(indices), to_tensor(axis + 1), batch_dims=batch + 1)


def _moved(x: Any, axis: int) -> list[int]:
    """The permutation that brings `axis` to the front."""
    return [axis, *[i for i in range(len(x._raw_shape)) if i != axis]]


@rule("ResourceGather")
def _resource_gather(v: Vectorizer, node: Any, inputs: Sequence[Stack]) -> Any:
    if inputs[0].stacked or node.attrs["batch_dims"]:
        return None
    return call(node.op_def, [x.tensor for x in inputs], node.attrs)


@rule("GatherNd")
def _gather_nd(v: Vectorizer, node: Any, inputs: Sequence[Stack]) -> Any:
    params, indices = inputs
    if not params.stacked:
        return lookup("GatherNd")(params.tensor, indices.tensor)
    return lookup("GatherNd")(params.tensor, _numbered(v, v.stack(indices)))


def _numbered(v: Vectorizer, indices: Any) -> Any:
    """Index vectors `[n, …, k]` with the number of their element in front: `[n, …, k + 1]`."""
    sizes = dims(indices)
    number = lookup("Cast")(lookup("Range")(0, v.n, 1), DstT=indices._dtype)
    column = reshape(number, [sizes[0], *[1] * (len(sizes) - 1)])
    wide = lookup("BroadcastTo")(column, vector([*sizes[:-1], 1]))
    return lookup("ConcatV2")([wide, indices], to_tensor(-1))


@rule("ScatterNd")
def _scatter_nd(v: Vectorizer, node: Any, inputs: Sequence[Stack]) -> Any:
    indices, updates, shape = inputs
    return lookup("ScatterNd")(_numbered(v, v.stack(indices)), v.stack(updates), _with_count(v, shape))


@rule("TensorScatterUpdate", "TensorScatterAdd", "TensorScatterSub", "TensorScatterMax", "TensorScatterMin")
def _tensor_scatter(v: Vectorizer, node: Any, inputs: Sequence[Stack]) -> Any:
    x, indices, updates = inputs
    return call(node.op_def, [v.stack(x), _numbered(v, v.stack(indices)), v.stack(updates)], node.attrs)


@rule("UnsortedSegmentSum", "UnsortedSegmentMax", "UnsortedSegmentMin", "UnsortedSegmentProd")
def _segments(v: Vectorizer, node: Any, inputs: Sequence[Stack]) -> Any:
    data, ids, count = inputs
    number = needs_shared(count)
    wide_data, wide_ids = v.stack(data), v.stack(ids)
    i = lookup("Cast")(lookup("Range")(0, v.n, 1), DstT=wide_ids._dtype)
    sizes = dims(wide_ids)
    offset = reshape(
        lookup("Mul")(i, lookup("Cast")(number, DstT=wide_ids._dtype)), [sizes[0], *[1] * (len(sizes) - 1)]
    )
    negative = lookup("Less")(wide_ids, to_tensor(0, wide_ids._dtype))
    shifted = lookup("SelectV2")(negative, wide_ids, lookup("AddV2")(wide_ids, offset))
    total = lookup("Mul")(lookup("Cast")(to_tensor(v.n), DstT=number._dtype), number)
    out = call(node.op_def, [wide_data, shifted, total], node.attrs)[0]
    known = static_value(number)
    return reshape(
        out,
        [
            v.n,
            lookup("Cast")(number, DstT=dtypes.int32) if known is None else int(known),
            *dims(out)[1:],
        ],
    )


@rule("OneHot")
def _one_hot(v: Vectorizer, node: Any, inputs: Sequence[Stack]) -> Any:
    if any(x.stacked for x in inputs[1:]):
        return None
    return call(
        node.op_def, [x.tensor for x in inputs], {**node.attrs, "axis": _attr_axis(node.attrs["axis"])}
    )


# -------------------------------------------------------------------------------- calls, conditionals, random
@rule("PartitionedCall", "StatefulPartitionedCall")
def _call(v: Vectorizer, node: Any, inputs: Sequence[Stack]) -> Any:
    return v.run(node.attrs["f"], list(inputs))


RANDOM = frozenset(
    {
        "RandomUniform",
        "RandomStandardNormal",
        "TruncatedNormal",
        "RandomUniformInt",
        "RandomGamma",
        "RandomPoissonV2",
    }
)


@rule(*RANDOM)
def _random(v: Vectorizer, node: Any, inputs: Sequence[Stack]) -> Any:
    """Every element draws numbers of its own."""
    if node.type in ("RandomGamma", "RandomPoissonV2"):
        return (
            None
            if any(x.stacked for x in inputs)
            else call(node.op_def, [_with_count(v, inputs[0]), inputs[1].tensor], node.attrs)
        )
    if any(x.stacked for x in inputs[1:]):
        return None
    return call(node.op_def, [_with_count(v, inputs[0]), *[x.tensor for x in inputs[1:]]], node.attrs)


def rule_names() -> list[str]:
    """The op types that have a rule, for the documentation."""
    return sorted(name for name in TABLE if RULES.get(name) is not None)


__all__ = ["RANDOM", "RULES", "OpDef", "rule_names"]
