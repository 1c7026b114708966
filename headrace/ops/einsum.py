"""Einstein summation of one or two tensors, and the contraction of two labelled tensors that it lowers to."""

from __future__ import annotations

import functools
import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from headrace.compiler.hlo import Builder, Value
from headrace.core import dtypes
from headrace.core.errors import ShapeError
from headrace.core.op import REQUIRED, OpDef, ShapeContext, lookup
from headrace.core.shapes import Raw
from headrace.core.tape import wanted

from .linear import dot
from .math import conj
from .table import unbroadcast

ELLIPSIS = "..."
_SPARE = "ΑΒΓΔΕΖΗΘΙΚΛΜΝΞΟΠΡΣΤΥΦΧΨΩ"  # labels that stand for the dimensions of an ellipsis


@functools.lru_cache(1024)
def parse(equation: str) -> tuple[list[str], str]:
    """The input labels and the output labels of an equation with an explicit output."""
    left, arrow, right = equation.replace(" ", "").partition("->")
    if not arrow:
        raise ShapeError(f"Expecting exactly one '->' in einsum equation: {equation!r}")
    inputs = left.split(",")
    for labels in (*inputs, right):
        rest = labels.replace(ELLIPSIS, "", 1)
        if not (rest == "" or rest.isalpha()):
            raise ShapeError(
                f"Invalid labels {labels!r} in einsum equation {equation!r}: "
                "expected letters and at most one '...'"
            )
    known = set("".join(inputs)) - {"."}
    unknown = [c for c in right.replace(ELLIPSIS, "") if c not in known]
    if unknown:
        raise ShapeError(
            f"Einsum equation {equation!r} has the output label {unknown[0]!r}, which no input has"
        )
    return inputs, right


@functools.lru_cache(1024)
def explicit(equation: str, ranks: tuple[int, ...]) -> tuple[list[str], str]:
    """The labels with every ellipsis written out for inputs of these ranks."""
    inputs, output = parse(equation)
    if len(inputs) != len(ranks):
        raise ShapeError(
            f"Expected {len(inputs)} inputs for einsum equation {equation!r} but got {len(ranks)}"
        )
    widths = []
    for labels, rank in zip(inputs, ranks):
        named = len(labels.replace(ELLIPSIS, ""))
        if rank < named or (rank > named and ELLIPSIS not in labels):
            raise ShapeError(
                f"Expected input of rank {'at least ' if ELLIPSIS in labels else ''}{named} for {labels!r} "
                f"in einsum equation {equation!r} but got rank {rank}"
            )
        widths.append(rank - named)
    widest = max([w for w, labels in zip(widths, inputs) if ELLIPSIS in labels], default=0)
    spare = _SPARE[:widest]
    inputs = [labels.replace(ELLIPSIS, spare[widest - w :]) for labels, w in zip(inputs, widths)]
    return inputs, output.replace(ELLIPSIS, spare)


def _shape(c: ShapeContext) -> Raw:
    inputs, output = parse(c.attrs["equation"])
    if len(inputs) != len(c):
        raise ShapeError(
            f"Expected {len(inputs)} inputs for einsum equation {c.attrs['equation']!r} but got {len(c)}"
        )
    known = [c[i] for i in range(len(c))]
    if any(s is None for s in known):
        return (
            None
            if ELLIPSIS in output or any(ELLIPSIS in labels for labels in inputs)
            else (None,) * len(output)
        )
    labels, output = explicit(c.attrs["equation"], tuple([len(s) for s in known]))  # type: ignore[arg-type]
    sizes = label_sizes(labels, known)  # type: ignore[arg-type]
    return tuple([sizes[label] for label in output])


def label_sizes(inputs: Sequence[str], known: Sequence[tuple[Any, ...]]) -> dict[str, Any]:
    sizes: dict[str, Any] = {}
    for labels, shape in zip(inputs, known):
        for label, d in zip(labels, shape):
            old = sizes.get(label)
            if label not in sizes or old is None:
                sizes[label] = d
            elif label in _SPARE:
                sizes[label] = d if old == 1 or (d is not None and d != 1) else old
                if old not in (1, None) and d not in (1, None, old):
                    raise ShapeError(f"Dimensions {old} and {d} of an ellipsis cannot be broadcast together")
            elif d is not None and d != old:
                raise ShapeError(f"Expected dimension {old} at label {label!r} but got dimension {d}")
    return sizes


# ----------------------------------------------------------------------------------------------------- kernel
def _kernel(inputs: list[np.ndarray], equation: str) -> Any:
    try:
        labels, output = explicit(equation, tuple([x.ndim for x in inputs]))
        sizes = label_sizes(labels, [x.shape for x in inputs])
    except ShapeError as error:
        raise ValueError(str(error)) from None
    dtype = inputs[0].dtype
    if dtype.itemsize == 2 and dtype.kind in "fV":
        inputs = [x.astype(np.float32) for x in inputs]
    unique = "".join(dict.fromkeys(output))
    if len(inputs) == 2:
        plan = contraction(*labels, unique)
        if plan is not None and all(
            sizes[c] == d for x, n in zip(inputs, labels) for c, d in zip(n, x.shape)
        ):
            return _inflate(
                _contract(inputs[0], inputs[1], labels[0], labels[1], unique, plan, sizes), unique, output
            )
    numbers = {c: i for i, c in enumerate(dict.fromkeys("".join(labels)))}
    operands: list[Any] = []
    for x, names in zip(inputs, labels):
        operands += [x, [numbers[c] for c in names]]
    result = np.einsum(*operands, [numbers[c] for c in unique], optimize=len(inputs) > 1)
    return _inflate(result, unique, output)


@functools.lru_cache(1024)
def contraction(xl: str, yl: str, output: str) -> tuple[str, str, str, str] | None:
    """The labels by role: batch, summed, free in x, free in y. None if a label repeats in an operand or is to
    be summed in one alone."""
    batch = "".join([c for c in output if c in xl and c in yl])
    summed = "".join([c for c in xl if c in yl and c not in output])
    free_x, free_y = [c for c in output if c not in yl], [c for c in output if c not in xl]
    if len({*xl}) != len(xl) or len({*yl}) != len(yl) or len(batch + summed) + len(free_x) != len(xl):
        return None
    if len(batch + summed) + len(free_y) != len(yl):
        return None
    if summed and {*yl[-len(summed) :]} == {*summed}:  # y's own order may save its transposition
        summed = yl[-len(summed) :]
    return batch, summed, "".join(free_x), "".join(free_y)


def _contract(
    x: np.ndarray, y: np.ndarray, xl: str, yl: str, output: str, plan: Any, sizes: dict[str, int]
) -> Any:
    """As one (batched) matrix product."""
    batch, summed, free_x, free_y = plan
    b, s, fx, fy = ([sizes[c] for c in labels] for labels in plan)
    k = math.prod(s)
    left = x.transpose([xl.index(c) for c in batch + free_x + summed]).reshape(*b, math.prod(fx), k)
    right = y.transpose([yl.index(c) for c in batch + summed + free_y]).reshape(*b, k, math.prod(fy))
    names = batch + free_x + free_y
    product = np.matmul(left, right).reshape(b + fx + fy)
    return product if names == output else product.transpose([names.index(c) for c in output])


def _inflate(x: np.ndarray, unique: str, output: str) -> np.ndarray:
    """Puts x on the diagonal of repeated output labels."""
    if unique == output:
        return x
    sizes = dict(zip(unique, x.shape))
    out = np.zeros([sizes[c] for c in output], x.dtype)
    grid = np.indices(x.shape, sparse=True)
    out[tuple([grid[unique.index(c)] for c in output])] = x
    return out


# --------------------------------------------------------------------------------------------------- lowering
def _lower(b: Builder, inputs: list[Value], equation: str) -> Value:
    labels, output = explicit(equation, tuple([x.rank for x in inputs]))
    unique = "".join(dict.fromkeys(output))
    operands = []
    for i, (x, names) in enumerate(zip(inputs, labels)):
        others = set(output).union(*[set(o) for j, o in enumerate(labels) if j != i])
        operands.append(_reduced(b, *_diagonal(b, x, names), others))
    if len(operands) == 1:
        x, names = operands[0]
        out = b.transpose(x, [names.index(c) for c in unique])
    else:
        (x, xl), (y, yl) = operands
        out = contract(
            b,
            *_squeezed(b, x, xl, y, yl),
            *_squeezed(b, y, yl, x, xl),
            unique,
            label_sizes([xl, yl], [x.shape, y.shape]),
        )
    return _lower_inflate(b, out, unique, output)


def _diagonal(b: Builder, x: Value, names: str) -> tuple[Value, str]:
    """Keeps the diagonal of labels that repeat within one operand."""
    for c in dict.fromkeys(names):
        while names.count(c) > 1:
            i = names.index(c)
            j = names.index(c, i + 1)
            same = b.compare("EQ", b.iota(x.shape, i, dtypes.int32), b.iota(x.shape, j, dtypes.int32))
            x = b.reduce(b.select(same, x, b.zeros(x.shape, x.dtype)), [j], "add", 0)
            names = names[:j] + names[j + 1 :]
    return x, names


def _reduced(b: Builder, x: Value, names: str, wanted: set[str]) -> tuple[Value, str]:
    """Sums out the labels that nobody else has."""
    gone = [i for i, c in enumerate(names) if c not in wanted]
    if not gone:
        return x, names
    from .reduce import lower_sum

    return lower_sum(b, x, gone), "".join([c for c in names if c in wanted])


def _squeezed(b: Builder, x: Value, names: str, other: Value, other_names: str) -> tuple[Value, str]:
    """Drops ellipsis dimensions of size 1 that the other operand has at full size."""
    gone = [
        i
        for i, c in enumerate(names)
        if c in _SPARE and c in other_names and x.shape[i] == 1 and other.shape[other_names.index(c)] != 1
    ]
    if not gone:
        return x, names
    kept = [i for i in range(x.rank) if i not in gone]
    return b.reshape(x, [x.shape[i] for i in kept]), "".join([names[i] for i in kept])


def contract(b: Builder, x: Value, xl: str, y: Value, yl: str, output: str, sizes: dict[str, int]) -> Value:
    """Multiplies two labelled tensors and sums what the output does not name.

    The dimensions of each operand are first merged into at most one batch, one free and one summed dimension:
    XLA's CPU multiplies matrices well, and operands of many dimensions not."""
    plan = contraction(xl, yl, output)
    assert plan is not None  # diagonals are taken and lone labels summed before
    batch, summed, free_x, free_y = plan

    def merged(v: Value, names: str, free: str) -> tuple[Value, int, int]:
        """[batch, free, summed] or [batch, summed, free], whichever is at hand; and where the two are."""
        first, second = batch + free + summed, batch + summed + free
        order = second if names == second and first != second else first
        v = b.transpose(v, [names.index(c) for c in order])
        groups = (batch, summed, free) if order is second else (batch, free, summed)
        return b.reshape(v, [math.prod([sizes[c] for c in g]) for g in groups]), *(
            (2, 1) if order is second else (1, 2)
        )

    mx, fx, cx = merged(x, xl, free_x)
    my, fy, cy = merged(y, yl, free_y)
    if not batch:
        mx, my = b.reshape(mx, mx.shape[1:]), b.reshape(my, my.shape[1:])
        fx, cx, fy, cy = fx - 1, cx - 1, fy - 1, cy - 1
    dims = ((0,), (0,)) if batch else ((), ())
    wide = not batch and cx == 0 and cy == 0 and mx.shape[fx] > my.shape[fy]  # a weight gradient, see MatMul
    if wide or (free_x and free_y and output.index(free_y[0]) < output.index(free_x[0])):
        out, names = dot(b, my, mx, ((cy,), (cx,)), dims), batch + free_y + free_x
    else:
        out, names = dot(b, mx, my, ((cx,), (cy,)), dims), batch + free_x + free_y
    out = b.reshape(out, [sizes[c] for c in names])
    return b.transpose(out, [names.index(c) for c in output])


def _lower_inflate(b: Builder, x: Value, unique: str, output: str) -> Value:
    names = unique
    for k in range(len(output)):
        if k < len(names) and names[k] == output[k]:
            continue
        i = names.index(output[k])  # a repeated label: a new dimension that is zero off the diagonal
        shape = (*x.shape[:k], x.shape[i], *x.shape[k:])
        x = b.broadcast_in_dim(x, shape, [d + (d >= k) for d in range(x.rank)])
        i += i >= k
        same = b.compare("EQ", b.iota(shape, i, dtypes.int32), b.iota(shape, k, dtypes.int32))
        x = b.select(same, x, b.zeros(shape, x.dtype))
        names = names[:k] + output[k] + names[k:]
    return x


# --------------------------------------------------------------------------------------------------- gradient
def _grad(op: Any, g: Any) -> list[Any]:
    inputs, output = parse(op.attrs["equation"])
    if len(inputs) == 1:
        return [_grad_of(op.inputs[0], inputs[0], None, "", output, g)]
    (x, y), (xl, yl) = op.inputs, inputs
    return [
        _grad_of(x, xl, y, yl, output, g) if wanted(x) else None,
        _grad_of(y, yl, x, xl, output, g) if wanted(y) else None,
    ]


def _grad_of(x: Any, names: str, other: Any, other_names: str, output: str, g: Any) -> Any:
    """The incoming gradient contracted with the other operand, spread over what only x had."""
    unique = list(dict.fromkeys(_tokens(names)))
    seen = {*_tokens(output), *_tokens(other_names)}
    core = "".join([t for t in unique if t in seen])
    if other is None:
        out = EINSUM([g], equation=f"{output}->{core}")
    else:
        out = EINSUM([g, conj(other)], equation=f"{output},{other_names}->{core}")
    repeated = len(unique) != len(_tokens(names))
    like = EINSUM([x], equation=f"{names}->{''.join(unique)}") if repeated else x
    if len(core) != len("".join(unique)):  # labels that were summed out of x alone
        out = lookup("AddV2")(_insert(out, unique, seen), lookup("ZerosLike")(like))
    if ELLIPSIS in names and other is not None:
        out = unbroadcast(out, like, out)
    return EINSUM([out], equation=f"{''.join(unique)}->{names}") if repeated else out


def _tokens(names: str) -> list[str]:
    """Labels, the ellipsis as one."""
    head, dots, tail = names.partition(ELLIPSIS)
    return [*head, *([dots] if dots else []), *tail]


def _insert(out: Any, unique: list[str], seen: set[str]) -> Any:
    """A dimension of size 1 for every label that `out` lacks."""
    expand = lookup("ExpandDims")
    at = unique.index(ELLIPSIS) if ELLIPSIS in unique else len(unique)
    for i, token in enumerate(unique[:at]):
        out = out if token in seen else expand(out, i)
    # Behind an ellipsis: counted from the end.
    for i, token in reversed(list(enumerate(unique[at + 1 :], at + 1))):
        out = out if token in seen else expand(out, i - len(unique))
    return out


EINSUM = OpDef(
    "Einsum", "inputs: N*T -> output: T", attrs={"equation": REQUIRED}, types={"T": dtypes.NUMERIC},
    shape=_shape, kernel=_kernel, lower=_lower, grad=_grad, checked=True,
)  # fmt: skip
