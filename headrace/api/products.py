"""Matrix products, tensor contractions and Einstein summation."""

from __future__ import annotations

import string
from typing import Any

import numpy as np

from headrace.core import dtypes, shapes
from headrace.core.convert import to_tensor
from headrace.core.graph import current_scope
from headrace.core.op import lookup
from headrace.core.scoping import at_home, scoped
from headrace.core.tensor import EagerTensor, Tensor
from headrace.ops.einsum import EINSUM, ELLIPSIS
from headrace.ops.linear import BATCH_MATMUL, BATCH_MATMUL_V3, MATMUL, SPARSE_MATMUL, plain
from headrace.ops.math import conj


@at_home
def matmul(
    a: Any, b: Any, transpose_a: bool = False, transpose_b: bool = False, adjoint_a: bool = False,
    adjoint_b: bool = False, a_is_sparse: bool = False,
    b_is_sparse: bool = False, output_type: Any = None, grad_a: bool = False, grad_b: bool = False,
    name: str | None = None,
) -> Any:  # fmt: skip
    """The matrix product a·b of the two inner dimensions; those before them are batches and broadcast.

    Args:
      a, b: tensors of rank 2 or more and of one type.
      transpose_a, transpose_b: whether to transpose first.
      adjoint_a, adjoint_b: whether to transpose and conjugate first.
      a_is_sparse, b_is_sparse: hints for matrices of mostly zeros; the product is the same.
      output_type: the type in which to multiply integers, e.g. int32 for int8 matrices.
      grad_a, grad_b: marks of a product that is itself a gradient.

    Raises:
      ValueError: both transposition and adjoint of one argument were asked for.
      InvalidArgumentError: the shapes do not fit (ValueError while building a graph).

    >>> tf.matmul([[1.0, 2.0]], [[3.0], [4.0]]).numpy().tolist()
    [[11.0]]
    """
    for side, transpose, adjoint in (("a", transpose_a, adjoint_a), ("b", transpose_b, adjoint_b)):
        if transpose and adjoint:
            raise ValueError(f"Only one of `transpose_{side}` and `adjoint_{side}` can be True.")
    if not isinstance(a, Tensor):
        a = to_tensor(a)
    if not isinstance(b, Tensor):
        b = to_tensor(b, hint=a._dtype)
    if type(a) is type(b) is EagerTensor and a._dtype is b._dtype and output_type is None:
        given = transpose_a or transpose_b or adjoint_a or adjoint_b or a_is_sparse or b_is_sparse
        if not given and len(a._raw_shape) == len(b._raw_shape) == 2:
            return plain(a, b, name)
    target = None if output_type is None else dtypes.as_dtype(output_type)
    wide = target is not None and (target is not a._dtype or target is not b._dtype)
    ranks = [None if t._raw_shape is None else len(t._raw_shape) for t in (a, b)]
    batch = any(r is None or r > 2 for r in ranks)
    if batch or wide:
        if batch and (a_is_sparse or b_is_sparse):
            raise ValueError("`a_is_sparse` and `b_is_sparse` are for matrices of rank 2 only.")
        a, b = conj(a) if transpose_a else a, conj(b) if transpose_b else b
        flags = {
            "adj_x": adjoint_a or transpose_a,
            "adj_y": adjoint_b or transpose_b,
            "grad_x": grad_a,
            "grad_y": grad_b,
        }
        return (
            BATCH_MATMUL_V3(a, b, Tout=target, name=name or "MatMul", **flags)
            if wide
            else BATCH_MATMUL(a, b, name=name or "MatMul", **flags)
        )
    a, b = conj(a) if adjoint_a else a, conj(b) if adjoint_b else b
    flags = {"transpose_a": transpose_a or adjoint_a, "transpose_b": transpose_b or adjoint_b}
    halves = {dtypes.float32, dtypes.bfloat16}
    if {a._dtype, b._dtype} <= halves and (a_is_sparse or b_is_sparse or a._dtype is not b._dtype):
        product = SPARSE_MATMUL(a, b, a_is_sparse=a_is_sparse, b_is_sparse=b_is_sparse, name=name, **flags)
        both_short = a._dtype is dtypes.bfloat16 and b._dtype is dtypes.bfloat16
        return lookup("Cast")(product, DstT=dtypes.bfloat16) if both_short else product
    return MATMUL(a, b, grad_a=grad_a, grad_b=grad_b, name=name, **flags)


# -------------------------------------------------------------------------------------------------- tensordot
@scoped("Tensordot", None)
def tensordot(a: Any, b: Any, axes: Any, name: str | None = None) -> Any:
    """Multiplies and sums over pairs of axes; the result has a's other dimensions, then b's.

    Args:
      axes: a number n (the last n axes of a with the first n of b), a pair of axis lists,
      or a `[2, k]` integer tensor.

    Raises:
      ValueError: the lists are of different lengths, or n does not fit.

    >>> tf.tensordot([[1.0, 2.0]], [3.0, 4.0], axes=1).numpy().tolist()
    [11.0]
    """
    a = to_tensor(a)
    b = to_tensor(b, hint=a._dtype)
    axes_a, axes_b = _axes(a, axes)
    left, free_a = _as_matrix(a, axes_a, last=True)
    right, free_b = _as_matrix(b, axes_b, last=False)
    product = MATMUL(left, right)
    if isinstance(free_a, list) and isinstance(free_b, list) and (free_a + free_b).count(None) <= 1:
        if len(free_a) == len(free_b) == 1:
            return product
        sizes = [-1 if d is None else d for d in free_a + free_b]
        return lookup("Reshape")(product, sizes, name=current_scope())
    known = free_a + free_b if isinstance(free_a, list) and isinstance(free_b, list) else None
    parts = [_free_sizes(t, x, taken) for t, x, taken in ((free_a, a, axes_a), (free_b, b, axes_b))]
    result = lookup("Reshape")(product, lookup("ConcatV2")(parts, 0), name=current_scope())
    if known is not None and not result._is_eager:
        result.set_shape(known)
    return result


def _axes(a: Any, axes: Any) -> tuple[Any, Any]:
    if isinstance(axes, (int, np.integer)):
        n = int(axes)
        if n < 0:
            raise ValueError(f"`axes` must be at least 0. Received: {axes}.")
        if a._raw_shape is None:
            rank = lookup("Rank")(a)
            return lookup("Range")(rank - n, rank, 1), list(range(n))
        rank = len(a._raw_shape)
        if n > rank:
            raise ValueError(
                f"`axes` must not be larger than the number of dimensions of tensor {a}. "
                f"Received {axes}, vs tensor dimensions {rank}."
            )
        return list(range(rank - n, rank)), list(range(n))
    if isinstance(axes, (list, tuple, np.ndarray)):
        if len(axes) != 2:
            raise ValueError(f"`axes` must be an integer or have length 2. Received {axes}.")
        first, second = ([int(v)] if isinstance(v, (int, np.integer)) else v for v in axes)
        if isinstance(first, (list, tuple, np.ndarray)) and isinstance(second, (list, tuple, np.ndarray)):
            first, second = [int(v) for v in first], [int(v) for v in second]
            if len(first) != len(second):
                raise ValueError(
                    f"Different number of contraction axes `a` and `b`, {len(first)} != {len(second)}."
                )
        return first, second
    axes = to_tensor(axes, dtypes.int32)
    return axes[0], axes[1]


def _as_matrix(x: Any, axes: Any, last: bool) -> tuple[Any, Any]:
    """x with the contracted axes merged into its last (or first) dimension and the others into the other one;
    and the sizes of those others, a list as far as they are known."""
    reshape, transpose = lookup("Reshape"), lookup("Transpose")
    shape = x._raw_shape
    if shape is None or not isinstance(axes, list):
        taken = _positive(to_tensor(axes, dtypes.int32), x)
        free = lookup("ListDiff")(lookup("Range")(0, lookup("Rank")(x), 1), taken, out_idx=dtypes.int32)[0]
        order = lookup("ConcatV2")([free, taken] if last else [taken, free], 0)
        inner = lookup("Prod")(lookup("GatherV2")(lookup("Shape")(x), taken, 0), [0], keep_dims=False)
        merged = lookup("Pack")([-1, inner] if last else [inner, -1], axis=0)
        return reshape(transpose(x, order), merged), None
    rank = len(shape)
    for i in axes:
        if not -rank <= i < rank:
            raise ValueError(f"Contraction axis {i} is out of range for a tensor of shape {x.shape}.")
    taken = [i % rank for i in axes]
    free = [i for i in range(rank) if i not in taken]
    order = free + taken if last else taken + free
    inner = shapes.count(tuple([shape[i] for i in taken]))
    outer = shapes.count(tuple([shape[i] for i in free]))
    if order != list(range(rank)):
        x = transpose(x, order)
    if inner is None and outer is None:
        sizes = [
            lookup("GatherV2")(lookup("Shape")(x), i, 0)
            for i in (range(len(free), rank) if last else range(len(taken)))
        ]
        inner = lookup("Prod")(lookup("Pack")(sizes, axis=0), [0], keep_dims=False)
        target: Any = lookup("Pack")([-1, inner] if last else [inner, -1], axis=0)
    else:
        pair = [-1 if outer is None else outer, -1 if inner is None else inner]
        target = pair if last else pair[::-1]
    if rank != 2 or (inner is None or outer is None) or x._raw_shape != tuple(target):
        x = reshape(x, target)
    return x, [shape[i] for i in free]


def _positive(axes: Any, x: Any) -> Any:
    rank = lookup("Rank")(x)
    return lookup("FloorMod")(axes, rank)


def _free_sizes(free: Any, x: Any, axes: Any) -> Any:
    if isinstance(free, list) and None not in free:
        return to_tensor(np.asarray(free, np.int32))
    rank = lookup("Rank")(x)
    others = lookup("ListDiff")(
        lookup("Range")(0, rank, 1), _positive(to_tensor(axes, dtypes.int32), x), out_idx=dtypes.int32
    )[0]
    return lookup("GatherV2")(lookup("Shape")(x), others, 0)


# ----------------------------------------------------------------------------------------------------- einsum
@scoped("einsum", "Einsum")
def einsum(equation: str, *inputs: Any, **kwargs: Any) -> Any:
    """Einstein summation: labels the dimensions of the inputs and says which remain.

    Args:
      equation: e.g. `"bij,bjk->bik"`. A label that repeats within an input takes its diagonal; labels without
        a place in the output are summed; `...` stands for any (broadcast) dimensions. Without `->` the output
        has the labels that occur once, in alphabetical order.
      inputs: tensors of one type.
      optimize: how to choose the order of contraction of three or more inputs: "greedy" (the default),
      "optimal", True or False.
      name: a name.

    Raises:
      ValueError: the equation is malformed,
      or the inputs do not fit it (InvalidArgumentError for sizes known only when run).

    >>> tf.einsum("ij,jk->ik", tf.constant([[1.0, 2.0]]), tf.constant([[3.0], [4.0]])).numpy().tolist()
    [[11.0]]
    """
    name = kwargs.pop("name", None)
    optimize = kwargs.pop("optimize", "greedy")
    if kwargs:
        raise TypeError(
            f"Invalid keyword arguments for einsum: {', '.join(kwargs)}. Valid arguments: name, optimize."
        )
    tensors: list[Any] = []
    for x in inputs:
        tensors.append(to_tensor(x, hint=tensors[0]._dtype if tensors else None))
    labels, output = _parse(equation, tensors)
    if len(tensors) <= 2:
        return EINSUM(tensors, equation=f"{','.join(labels)}->{output}", name=name)
    for pair in _path(labels, output, tensors, optimize):
        chosen = [(labels.pop(i), tensors.pop(i)) for i in sorted(pair, reverse=True)][::-1]
        rest = set(output).union(*labels) | ({ELLIPSIS} if ELLIPSIS in output else set())
        if labels:
            joined = dict.fromkeys("".join([names.replace(ELLIPSIS, "") for names, _ in chosen]))
            dots = ELLIPSIS if any(ELLIPSIS in names for names, _ in chosen) else ""
            target = dots + "".join([c for c in joined if c in rest])
        else:
            target = output
        result = EINSUM(
            [t for _, t in chosen],
            equation=f"{','.join([n for n, _ in chosen])}->{target}",
            name=name if not labels else None,
        )
        labels.append(target)
        tensors.append(result)
    return tensors[0]


def _parse(equation: str, tensors: list[Any]) -> tuple[list[str], str]:
    text = equation.replace(" ", "")
    left, arrow, output = text.partition("->")
    labels = left.split(",")
    if len(labels) != len(tensors):
        raise ValueError(f"Got {len(tensors)} inputs for equation {equation!r}, expecting {len(labels)}.")
    for part in (*labels, output):
        rest = part.replace(ELLIPSIS, "", 1)
        if any(c not in string.ascii_letters for c in rest):
            raise ValueError(
                f"Invalid equation {equation!r}: {part!r} should be letters and at most one '...'."
            )
    if not arrow:
        joined = "".join(labels).replace(ELLIPSIS, "")
        output = "".join(sorted(c for c in set(joined) if joined.count(c) == 1))
        if ELLIPSIS in left:
            output = ELLIPSIS + output
    if ELLIPSIS in left and ELLIPSIS not in output:
        widths = [
            None if t._raw_shape is None else len(t._raw_shape) - len(n.replace(ELLIPSIS, ""))
            for n, t in zip(labels, tensors)
            if ELLIPSIS in n
        ]
        if any(w is None or w > 0 for w in widths):
            raise ValueError(
                f"Equation {equation!r} has an ellipsis on its left but none on its right. "
                "Sum those dimensions by naming them."
            )
    for c in output.replace(ELLIPSIS, ""):
        if c not in left:
            raise ValueError(f"Equation {equation!r} has the output label {c!r}, which no input has.")
    for names, t in zip(labels, tensors):
        shape = t._raw_shape
        named = len(names.replace(ELLIPSIS, ""))
        if shape is not None and (len(shape) < named or (len(shape) > named and ELLIPSIS not in names)):
            raise ValueError(
                f"Input of shape {t.shape} does not fit the labels {names!r} of equation {equation!r}."
            )
    return labels, output


def _path(labels: list[str], output: str, tensors: list[Any], optimize: Any) -> list[tuple[int, ...]]:
    """Which inputs to contract when. Unknown sizes are taken to be moderate."""
    if optimize is False:
        return [(0, 1)] * (len(tensors) - 1)
    guess = 32
    sizes: dict[str, int] = {}
    for names, t in zip(labels, tensors):
        if t._raw_shape is not None and ELLIPSIS not in names:
            sizes.update({c: d for c, d in zip(names, t._raw_shape) if d is not None})
    plain = [names.replace(ELLIPSIS, "") for names in labels]
    operands = [np.broadcast_to(np.zeros(()), [sizes.get(c, guess) for c in names]) for names in plain]
    how = "optimal" if optimize == "optimal" else "greedy"
    path = np.einsum_path(f"{','.join(plain)}->{output.replace(ELLIPSIS, '')}", *operands, optimize=how)[0][
        1:
    ]
    pairs: list[tuple[int, ...]] = []
    # NumPy leaves three or more operands together where splitting gains nothing: take them in turn.
    for step in path:
        group = list(step)
        while len(group) > 2:
            pairs.append((group[-2], group[-1]))
            n = len(tensors) - len(pairs)
            group = [*group[:-2], n - 1]
        pairs.append(tuple(group))
    return pairs


__all__ = ["einsum", "matmul", "tensordot"]
