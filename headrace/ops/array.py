"""What a tensor is and how it is arranged: identity, shape queries, reshape, transpose, fill, broadcast."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from headrace.core import dtypes, shapes
from headrace.core.dtypes import INDEX
from headrace.core.errors import InvalidArgumentError, ShapeError, invalid
from headrace.core.op import REQUIRED, OpDef, lookup
from headrace.core.shapes import Raw, known
from headrace.core.static import static_value
from headrace.core.tape import not_differentiable
from headrace.ops.table import normal_axis, same_as, scalar, unbroadcast

INT32 = dtypes.int32


def dims(x: Any) -> Any:
    """The shape of `x`: a list where it is known while building, else a `Shape` tensor."""
    raw = x._raw_shape
    return list(raw) if known(raw) else SHAPE(x)


def ints_of(t: Any) -> list[int] | None:
    """The integers in a tensor whose value is known while building, else None."""
    value = static_value(t)
    return None if value is None else [int(v) for v in value.reshape(-1)]


# --------------------------------------------------------------------------------------------------- identity
def _through(op: Any, g: Any) -> list[Any]:
    return [g]


_through.accepts_slices = True  # type: ignore[attr-defined]


def _pass(type_name: str, grad: Any = _through, **options: Any) -> OpDef:
    return OpDef(
        type_name,
        "input: T -> output: T",
        shape=same_as(0),
        kernel=lambda input, **_: input,
        checked=True,
        lower=lambda b, input, **_: input,
        grad=grad,
        **options,
    )


def _prevented(op: Any, g: Any) -> Any:
    raise LookupError(f"Gradient explicitly disabled. Reason: {op.attrs['message']!r}")


IDENTITY = _pass("Identity")
SNAPSHOT = _pass("Snapshot")
STOP_GRADIENT = _pass("StopGradient", not_differentiable)
PREVENT_GRADIENT = _pass("PreventGradient", _prevented, attrs={"message": ""})
GUARANTEE_CONST = _pass("GuaranteeConst")
DEEP_COPY = OpDef(
    "DeepCopy", "x: T -> y: T", shape=same_as(0), kernel=np.copy, lower=lambda b, x: x, grad=_through
)
IDENTITY_N = OpDef(
    "IdentityN",
    "input: [T] -> output: [T]",
    attrs={"_gradient": None},  # a custom gradient rule: called in place of the identity's
    shape=lambda c: [c[i] for i in range(len(c))],
    kernel=lambda input: input,
    lower=lambda b, input: input,
    checked=True,
    grad=lambda op, *gs: (
        op.attrs["_gradient"](op, *gs) if op.attrs.get("_gradient") is not None else list(gs)
    ),
)

IDENTITY_N.grad.accepts_none = True  # type: ignore[union-attr]


# ---------------------------------------------------------------------------------------------- shape queries
def _shape_array(x: Any, out_type: Any) -> np.ndarray:
    return np.asarray(x.shape, out_type._np)


SHAPE = OpDef(
    "Shape",
    "input: T -> output: out_type",
    attrs={"out_type": INT32},
    shape=lambda c: (None,) if c[0] is None else (len(c[0]),),
    kernel=_shape_array,
    lower=lambda b, x, out_type: _shape_array(x, out_type),
    checked=True,
    grad=not_differentiable,
)
SHAPE_N = OpDef(
    "ShapeN",
    "input: N*T -> output: N*out_type",
    attrs={"out_type": INT32},
    shape=lambda c: [(None,) if s is None else (len(s),) for s in (c[i] for i in range(len(c)))],
    kernel=lambda xs, out_type: [_shape_array(x, out_type) for x in xs],
    lower=lambda b, xs, out_type: [_shape_array(x, out_type) for x in xs],
    checked=True,
    grad=not_differentiable,
)
SIZE = OpDef(
    "Size",
    "input: T -> output: out_type",
    attrs={"out_type": INT32},
    shape=scalar,
    kernel=lambda x, out_type: np.asarray(x.size, out_type._np),
    lower=lambda b, x, out_type: np.asarray(math.prod(x.shape), out_type._np),
    checked=True,
    grad=not_differentiable,
)
RANK = OpDef(
    "Rank",
    "input: T -> output: int32",
    shape=scalar,
    kernel=lambda x: np.asarray(x.ndim, np.int32),
    lower=lambda b, x: np.asarray(len(x.shape), np.int32),
    checked=True,
    grad=not_differentiable,
)
ENSURE_SHAPE = OpDef("EnsureShape", "input: T -> output: T", attrs={"shape": REQUIRED}, grad=_through)


@ENSURE_SHAPE.shape_rule
def _(c: Any) -> Raw:
    try:
        return shapes.merge(c[0], c.attrs["shape"])
    except ValueError:
        raise ShapeError(
            f"Shape of tensor {list(c[0])} is not compatible with expected shape {list(c.attrs['shape'])}."
        ) from None


@ENSURE_SHAPE.kernel_rule
def _(input: Any, shape: Raw) -> Any:
    return input


@ENSURE_SHAPE.lowering
def _(b: Any, x: Any, shape: Raw) -> Any:
    if not shapes.compatible(x.shape, shape):
        raise invalid(
            f"Shape of tensor {b.node.inputs[0].name} {list(x.shape)} is not compatible with "
            f"expected shape {list(shape or ())}."
        )
    return x


# ---------------------------------------------------------------------------------------------------- reshape
def resolve_shape(shape: Any, given: Sequence[int]) -> tuple[int, ...]:
    """A requested shape with its -1 filled in, for a tensor of shape `given`. What is missing in a shape with a zero follows
    from the dimensions that are not zero."""
    size = math.prod(given)
    shape = shape.reshape(-1) if shape.ndim == 0 else shape  # one number will do
    if shape.ndim != 1:
        raise invalid(f"sizes input must be 1-D, not {list(shape.shape)}")
    out = shape.tolist()
    if -1 in out:
        at = out.index(-1)
        others = [d for i, d in enumerate(out) if i != at]
        if out.count(-1) == 1 and min(others, default=1) > 0:
            out[at] = size // math.prod(others)
        elif out.count(-1) == 1 and min(others) == 0 and not size:
            out[at] = math.prod([d for d in given if d]) // math.prod([d for d in others if d])
    check_shape_request(out, size)
    return tuple(out)


def check_shape_request(out: list[int], size: int | None) -> None:
    if out.count(-1) > 1:
        first = out.index(-1)
        raise invalid(f"Only one input size may be -1, not both {first} and {out.index(-1, first + 1)}")
    for i, d in enumerate(out):
        if d < -1:
            raise invalid(f"Size {i} must be non-negative, not {d}")
    if size is not None:
        if -1 in out:
            raise invalid(
                "reshape cannot infer the missing input size for an empty tensor unless all "
                "specified input sizes are non-zero"
            )
        if math.prod(out) != size:
            raise invalid(
                f"Input to reshape is a tensor with {size} values, but the requested shape has "
                f"{math.prod(out)}"
            )


RESHAPE: OpDef = OpDef(
    "Reshape",
    "tensor: T, shape: Tshape -> output: T",
    types={"Tshape": INDEX},
    defaults={"Tshape": INT32},
    static=("shape",),
    checked=True,
    lower=lambda b, x, shape: b.reshape(x, resolve_shape(shape, x.shape)),
    grad=lambda op, g: [RESHAPE(g, dims(op.inputs[0])), None],
)


@RESHAPE.kernel_rule
def _(tensor: Any, shape: Any) -> Any:
    if shape.ndim == 1:
        asked = shape.tolist()
        if not asked or min(asked) >= -1:
            try:
                return tensor.reshape(asked)
            except ValueError:
                pass  # say better why, below
    return tensor.reshape(resolve_shape(shape, tensor.shape))


@RESHAPE.shape_rule
def _(c: Any) -> Raw:
    if c[1] is not None and len(c[1]) != 1:
        raise ShapeError(f"Shape must be rank 1 but is rank {len(c[1])}: sizes input must be 1-D")
    asked = c.partial(1)
    if asked is None:
        return None
    total = shapes.count(c[0])
    value = c.value(1) if None in asked else None
    if (value is not None and int((value < 0).sum()) != 1) or (value is not None and int(value.min()) < -1):
        try:
            check_shape_request(value.tolist(), None)
        except InvalidArgumentError as error:
            raise ShapeError(error.message) from None
    if total is not None and asked.count(None) == 1:
        rest = math.prod([d for d in asked if d is not None])
        if rest > 0:
            if total % rest:
                raise ShapeError(
                    f"Cannot reshape a tensor with {total} elements to shape {list(asked)}: {total} is "
                    f"not a multiple of {rest},"
                )
            return tuple([total // rest if d is None else d for d in asked])
    elif total is not None and None not in asked and math.prod(asked) != total:
        raise ShapeError(
            f"Cannot reshape a tensor with {total} elements to shape {list(asked)} "
            f"({math.prod(asked)} elements)"
        )
    return asked


EXPAND_DIMS = OpDef(
    "ExpandDims",
    "input: T, dim: Tdim -> output: T",
    types={"Tdim": INDEX},
    defaults={"Tdim": INT32},
    static=("dim",),
    lower=lambda b, x, dim: b.reshape(x, expanded(x.shape, dim)),
    kernel=lambda input, dim: input.reshape(expanded(input.shape, dim)),
    checked=True,
    grad=lambda op, g: [RESHAPE(g, dims(op.inputs[0])), None],
)


def expanded(shape: Any, dim: Any) -> tuple[Any, ...]:
    """`shape` with a 1 put in at `dim`."""
    if dim.size != 1:
        raise ShapeError(
            f"'dim' input must be a tensor with a single value, received shape {list(dim.shape)}"
        )
    axis, n = int(dim.reshape(())), len(shape)
    if not -n - 1 <= axis <= n:
        raise ShapeError(f"Tried to expand dim index {axis} for tensor with {n} dimensions.")
    axis += n + 1 if axis < 0 else 0
    return (*shape[:axis], 1, *shape[axis:])


@EXPAND_DIMS.shape_rule
def _(c: Any) -> Raw:
    if c[0] is None:
        return None
    dim = c.value(1)
    return (None,) * (len(c[0]) + 1) if dim is None else expanded(c[0], dim)


SQUEEZE = OpDef(
    "Squeeze",
    "input: T -> output: T",
    attrs={"squeeze_dims": ()},
    lower=lambda b, x, squeeze_dims: b.reshape(x, squeezed(x.shape, squeeze_dims)),
    kernel=lambda input, squeeze_dims: input.reshape(squeezed(input.shape, squeeze_dims)),
    checked=True,
    grad=lambda op, g: [RESHAPE(g, dims(op.inputs[0]))],
)


def squeezed(shape: Any, axes: Any) -> tuple[Any, ...]:
    """`shape` without the dimensions `axes` (all that are 1, if none are named), which must be 1."""
    if not axes:
        return tuple([d for d in shape if d != 1])
    gone = {normal_axis(int(a), len(shape), "squeeze_dims") for a in axes}
    for a in gone:
        if shape[a] not in (1, None):
            raise ShapeError(f"Can not squeeze dim[{a}], expected a dimension of 1, got {shape[a]}")
    return tuple([d for i, d in enumerate(shape) if i not in gone])


@SQUEEZE.shape_rule
def _(c: Any) -> Raw:
    axes = c.attrs["squeeze_dims"]
    if c[0] is None or (not axes and None in c[0]):
        return None
    return squeezed(c[0], axes)


# -------------------------------------------------------------------------------------------------- transpose
def permutation(perm: Any, rank: int) -> list[int]:
    """`perm` checked to permute `rank` dimensions; negative entries count from the end."""
    if perm.ndim != 1:
        raise ShapeError(f"perm must be rank 1, received shape {list(perm.shape)}")
    out = [int(p) + rank if p < 0 else int(p) for p in perm.tolist()]
    if len(out) != rank:
        raise ShapeError(
            f"transpose expects a vector of size {rank}. But input(1) is a vector of size {len(out)}"
        )
    if sorted(out) != list(range(rank)):
        raise ShapeError(f"{out} is not a permutation of the dimensions 0 … {rank - 1}")
    return out


def _transposed_shape(c: Any) -> Raw:
    perm = c.value(1)
    if perm is None:
        rank = c[1][0] if c[1] is not None and len(c[1]) == 1 else None if c[0] is None else len(c[0])
        return None if rank is None else (None,) * rank
    if c[0] is None:
        return (None,) * perm.size
    return tuple([c[0][p] for p in permutation(perm, len(c[0]))])


def _inverse(op: Any) -> Any:
    perm = ints_of(op.inputs[1])
    if perm is None:
        return lookup("InvertPermutation")(op.inputs[1])
    n = len(perm)
    return np.argsort([p + n if p < 0 else p for p in perm]).astype(np.int32)


TRANSPOSE: OpDef = OpDef(
    "Transpose",
    "x: T, perm: Tperm -> y: T",
    types={"Tperm": INDEX},
    defaults={"Tperm": INT32},
    shape=_transposed_shape,
    kernel=lambda x, perm: x.transpose(permutation(perm, x.ndim)),
    checked=True,
    static=("perm",),
    lower=lambda b, x, perm: b.transpose(x, permutation(perm, x.rank)),
    grad=lambda op, g: [TRANSPOSE(g, _inverse(op)), None],
)
CONJUGATE_TRANSPOSE = OpDef(
    "ConjugateTranspose",
    "x: T, perm: Tperm -> y: T",
    types={"Tperm": INDEX},
    defaults={"Tperm": INT32},
    shape=_transposed_shape,
    kernel=lambda x, perm: (
        np.conj(x).transpose(permutation(perm, x.ndim))
        if x.dtype.kind == "c"
        else x.transpose(permutation(perm, x.ndim))
    ),
    checked=True,
    static=("perm",),
    body=lambda x, perm: TRANSPOSE(lookup("Conj")(x) if x._dtype.is_complex else x, perm),
)


# -------------------------------------------------------------------------------------------- fill, broadcast
def _requested(c: Any, i: int) -> Raw:
    """The shape that input i asks for; negative entries are errors, not unknowns."""
    shape = c.partial(i)
    if shape is not None and None in shape:
        value = c.value(i)
        if value is not None and (value < 0).any():
            raise ShapeError(f"Dimension {int(value.min())} must be >= 0")
    return shape


FILL = OpDef(
    "Fill",
    "dims: index_type, value: T -> output: T",
    types={"index_type": INDEX},
    defaults={"index_type": INT32},
    static=("dims",),
    kernel=lambda dims, value: np.full(dims, value[()], value.dtype),
    lower=lambda b, dims, value: b.broadcast_to(value, dims.tolist()),
    grad=lambda op, g: [
        None,
        lookup("Sum")(
            g,
            lookup("Range")(0, RANK(g), 1) if g._raw_shape is None else list(range(len(g._raw_shape))),
            keep_dims=False,
        ),
    ],
)


@FILL.shape_rule
def _(c: Any) -> Raw:
    if c[0] is not None and len(c[0]) != 1:
        raise ShapeError(f"dims must be a vector, got shape {list(c[0])}")
    if c[1] is not None and len(c[1]) != 0:
        raise ShapeError(f"value must be a scalar, got shape {list(c[1])}")
    return _requested(c, 0)


EMPTY = OpDef(
    "Empty",
    "shape: int32 -> output: dtype",
    attrs={"dtype": REQUIRED, "init": False},
    static=("shape",),
    shape=lambda c: _requested(c, 0),
    kernel=lambda shape, dtype, init: (
        np.zeros(shape, dtype._np) if dtype.kind != "s" else np.full(shape, b"", object)
    ),
    lower=lambda b, shape, dtype, init: b.zeros(shape.tolist(), dtype),
    grad=not_differentiable,
)

BROADCAST_TO = OpDef(
    "BroadcastTo",
    "input: T, shape: Tidx -> output: T",
    types={"Tidx": INDEX},
    defaults={"Tidx": INT32},
    static=("shape",),
    kernel=lambda input, shape: np.broadcast_to(input, shape),
    lower=lambda b, x, shape: b.broadcast_to(x, shape.tolist()),
    grad=lambda op, g: [unbroadcast(g, op.inputs[0], op.outputs[0]), None],
)


@BROADCAST_TO.shape_rule
def _(c: Any) -> Raw:
    out = _requested(c, 1)
    if out is not None and c[0] is not None:
        offset = len(out) - len(c[0])
        if offset < 0 or any(
            d is not None and out[offset + i] is not None and d not in (1, out[offset + i])
            for i, d in enumerate(c[0])
        ):
            raise ShapeError(
                f"Incompatible shapes: {list(c[0])} vs. {list(out)}: the input cannot be broadcast to "
                "the requested shape"
            )
    return out
