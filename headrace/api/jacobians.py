"""Jacobians: one backward pass per element of the target, all of them at once where that is possible."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from headrace.compiler.vectorize import vectorized_map
from headrace.core import nest
from headrace.core.convert import to_tensor
from headrace.core.op import lookup
from headrace.core.tape import GradientTape, _source, backprop, to_dense
from headrace.core.tensor import Tensor


def _size(x: Any) -> Any:
    n = x.shape.num_elements()
    return lookup("Size")(x) if n is None else n


def _shape(x: Any) -> Any:
    raw = x._raw_shape
    return (
        lookup("Shape")(x)
        if raw is None or None in raw
        else to_tensor(list(raw))
        if raw
        else to_tensor([], lookup("Shape")(x)._dtype)
    )


def _eye(n: Any, dtype: Any) -> Tensor:
    index = lookup("Range")(0, n, 1)
    one, zero = to_tensor(1, dtype), to_tensor(0, dtype)
    return lookup("OneHot")(index, to_tensor(n), one, zero, axis=-1)


def rows(
    records: Sequence[Any],
    target: Any,
    sources: Sequence[Any],
    watched: Sequence[bool],
    unconnected: str,
    vectorize: bool,
) -> list[Any]:
    """d target / d source for every source, `target.shape + source.shape`: one backward pass per element of
    target, all at once where `vectorize`."""
    records = list(records)
    n = _size(target)
    seeds = lookup("Reshape")(
        _eye(n, target._dtype), lookup("ConcatV2")([lookup("Reshape")(to_tensor(n), [1]), _shape(target)], 0)
    )
    found = _pulled(records, target, sources, watched, seeds, n, vectorize)
    out = []
    for s, g in zip(sources, found):
        if g is None:
            out.append(_unconnected(target, s) if unconnected == "zero" else None)
            continue
        value_shape = (
            lookup("StridedSlice")(lookup("Shape")(g), [1], [0], [1], end_mask=1)
            if not _known(g)
            else to_tensor(list(g._raw_shape[1:]), lookup("Shape")(g)._dtype)
        )
        jacobian = lookup("Reshape")(g, lookup("ConcatV2")([_shape(target), value_shape], 0))
        out.append(jacobian)
    return out


def _known(g: Any) -> bool:
    return g._raw_shape is not None and None not in g._raw_shape[1:]


def _unconnected(target: Any, source: Any) -> Tensor:
    if source._dtype.kind == "r":
        source = lookup("ReadVariableOp")(source, dtype=source.__dict__["_handle_data"][0])
    return lookup("Fill")(
        lookup("ConcatV2")([_shape(target), _shape(source)], 0), to_tensor(0, source._dtype)
    )


def _pulled(
    records: Sequence[Any],
    target: Any,
    sources: Sequence[Any],
    watched: Sequence[bool],
    seeds: Any,
    n: Any,
    vectorize: bool,
) -> list[Any]:
    """The gradients for each of a batch of output gradients, stacked; None where nothing flows."""
    connected: list[bool] = []
    live = [s for s, w in zip(sources, watched) if w]

    def pull(seed: Any) -> list[Any]:
        found = iter(backprop(records, [target], live, [seed]))
        grads = [next(found) if w else None for w in watched]
        connected[:] = [g is not None for g in grads]
        return [to_dense(g) for g in grads if g is not None]

    if not vectorize and isinstance(n, int):
        rows = [pull(lookup("StridedSlice")(seeds, [i], [i + 1], [1], shrink_axis_mask=1)) for i in range(n)]
        stacked = [lookup("Pack")(list(column), axis=0) for column in zip(*rows)]
    else:
        stacked = vectorized_map(pull, seeds)
    if not connected:  # no rows at all: one more pass tells which sources are connected, and their shapes
        rows0 = pull(lookup("ZerosLike")(target))
        stacked = [
            lookup("Fill")(lookup("ConcatV2")([[0], _shape(g)], 0), to_tensor(0, g._dtype)) for g in rows0
        ]
    it = iter(stacked)
    return [next(it) if c else None for c in connected]


def _finish(tape: GradientTape) -> None:
    """A tape that is not persistent answers once."""
    if tape._used and not tape._persistent:
        raise RuntimeError(
            "A non-persistent GradientTape can only be used to compute one set of gradients (or jacobians)"
        )
    if tape._active and not tape._persistent:
        tape._stop()
    tape._used = True


def _mode(unconnected: Any) -> str:
    text = str(getattr(unconnected, "value", unconnected)).lower()
    if text not in ("none", "zero"):
        raise ValueError(f"Unknown value for unconnected_gradients: {text!r}; use 'none' or 'zero'.")
    return text


def _checked_target(target: Any) -> Any:
    if hasattr(target, "handle"):
        return target.value()
    if not isinstance(target, Tensor):
        raise TypeError(f"A Jacobian's target must be one tensor, received {target!r}.")
    return target


def jacobian(tape: GradientTape, target: Any, sources: Any, unconnected: Any, use_pfor: bool) -> Any:
    """`GradientTape.jacobian`."""
    mode = _mode(unconnected)
    _finish(tape)
    target = _checked_target(target)
    leaves = nest.flatten(sources, expand_composites=True)
    for s in leaves:
        if not isinstance(s, Tensor) and not hasattr(s, "handle"):
            raise TypeError(f"A Jacobian's sources must be tensors or variables, received {s!r}.")
    flat = [_source(s) for s in leaves]
    found = rows(tape._records, target, flat, [id(s) in tape._watched for s in flat], mode, use_pfor)
    if not tape._persistent:
        tape._records = []
    return nest.pack_sequence_as(sources, found, expand_composites=True)


def batch_jacobian(tape: GradientTape, target: Any, source: Any, unconnected: Any, use_pfor: bool) -> Any:
    """`GradientTape.batch_jacobian`: as example b of the target depends on example b of the source alone, one
    backward pass
    serves all examples."""
    mode = _mode(unconnected)
    _finish(tape)
    target = _checked_target(target)
    t = target._raw_shape
    s = _source(source)._raw_shape if not hasattr(source, "handle") else source.shape._raw
    if t is None or s is None:
        raise ValueError(
            f"batch_jacobian needs target and source of known rank, received shapes {target.shape} and"
            f" {source.shape}."
        )
    for name, raw in (("target", t), ("source", s)):
        if len(raw) < 2:
            raise ValueError(f"The {name} of batch_jacobian must have rank at least 2, received shape {raw}.")
    if t[0] is not None and s[0] is not None and t[0] != s[0]:
        raise ValueError(
            f"Need first dimension of target shape ({target.shape}) and source shape ({source.shape}) to"
            " match."
        )
    shape = lookup("Shape")
    rest = (
        to_tensor(list(t[1:]), shape(target)._dtype)
        if None not in t[1:]
        else lookup("StridedSlice")(shape(target), [1], [0], [1], end_mask=1)
    )
    size = 1
    for d in t[1:]:
        size = None if d is None or size is None else size * d  # type: ignore[assignment]
    n = size if size is not None else lookup("Prod")(rest, [0], keep_dims=False)
    batch = lookup("StridedSlice")(shape(target), [0], [1], [1])
    wide = lookup("ConcatV2")([lookup("Reshape")(to_tensor(n), [1]), batch, rest], 0)
    eye = lookup("Reshape")(
        _eye(n, target._dtype), lookup("ConcatV2")([lookup("Reshape")(to_tensor(n), [1]), [1], rest], 0)
    )
    watched = [id(_source(source)) in tape._watched]
    grad = _pulled(
        list(tape._records), target, [_source(source)], watched, lookup("BroadcastTo")(eye, wide), n, use_pfor
    )[0]
    if not tape._persistent:
        tape._records = []
    value = source.value() if hasattr(source, "handle") else source
    inner = lookup("StridedSlice")(shape(value), [1], [0], [1], end_mask=1)
    full = lookup("ConcatV2")([batch, rest, inner], 0)
    if grad is None:
        return lookup("Fill")(full, to_tensor(0, value._dtype)) if mode == "zero" else None
    rank = len(s) + 1
    out = lookup("Reshape")(lookup("Transpose")(grad, [1, 0, *range(2, rank)]), full)
    if not out._is_eager:
        out.set_shape((t[0] if t[0] is not None else s[0], *t[1:], *s[1:]))
    return out
