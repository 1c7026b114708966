"""Conditionals and loops as regions of StableHLO: `stablehlo.case` and `stablehlo.while`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from headrace.core import dtypes, errors
from headrace.core.dtypes import DType
from headrace.core.graph import FuncGraph
from headrace.ops.functional import Undefined, invariant, is_stateful, writes
from headrace.ops.list_values import ListValue

from .hlo import Value
from .lower import Cell, Lowering, as_value, lower_op, needed
from .sums import rows, summed_products, worth
from .trips import trip_count


def branch(b: Lowering, index: Value, branches: Sequence[FuncGraph], inputs: Sequence[Any]) -> list[Any]:
    """`stablehlo.case` over graphs that take the same inputs. What only some branches compute is zeros in the others."""
    cells = [*(a for a in inputs if isinstance(a, Cell)), b.status]
    start = [c.value for c in cells]
    wrote = [c.written for c in cells]
    bodies, results = [], []
    for graph in branches:
        for c, value in zip(cells, start):
            c.value, c.written = value, False
        with b.captured() as lines:
            try:
                results.append([*b.inline(graph, inputs), *[c.value for c in cells]])
            except (errors.ShapeError, errors.InvalidArgumentError) as error:
                raise b.cannot(f"a branch, which may not run, does not fit: {error}") from error
            bodies.append(lines)
    merged = [_common(b, values) for values in zip(*results)]
    written = [any(values[k] is not start[k] for values in results) for k in range(-len(cells), 0)]
    n = len(merged) - len(cells)
    layouts = [_Layout(v, dtype) for v, dtype in merged[:n]]
    keep = [k for k, w in enumerate(written) if w]
    texts = []
    for lines, values in zip(bodies, results):
        with b.captured() as tail:
            flat = [part for layout, v in zip(layouts, values) for part in layout.flatten(b, v)]
            flat += [values[n + k] for k in keep]
            tail.append(
                f'"stablehlo.return"({", ".join([v.name for v in flat])}) : ({", ".join([v.type for v in flat])}) -> ()'
            )
            texts.append("{\n" + "\n".join([*lines, *tail]) + "\n}")
    out = iter(b.ops("stablehlo.case", (index,), [(v.shape, v.dtype) for v in flat], "", ", ".join(texts)))
    rebuilt = [layout.rebuild(out) for layout in layouts]
    for k, c in enumerate(cells):
        c.value, c.written = start[k], wrote[k]
    for k in keep:
        cells[k].assign(next(out))
    return rebuilt


def _common(b: Lowering, values: Sequence[Any]) -> tuple[Any, DType]:
    real = [v for v in values if not isinstance(v, Undefined)]
    if not real:
        return b.zeros((), values[0].dtype), values[0].dtype
    first = next((v for v in real if isinstance(v, (Value, ListValue))), real[0])
    for v in real:
        if v.shape != first.shape:
            raise b.cannot(f"branches return different shapes, {list(first.shape)} and {list(v.shape)}")
    if isinstance(first, np.ndarray):
        dtype = dtypes.from_numpy(first.dtype)
        return b.constant(first, dtype), dtype
    return first, first.dtype


def loop(b: Lowering, condition: FuncGraph, body: FuncGraph, inputs: Sequence[Any]) -> list[Any]:
    """`stablehlo.while`. Loop-invariant values are used from outside; stacks nobody reads are left out."""
    n_all = len(inputs)
    while b.used is not None and "before_stacks" in body.memo:
        before = body.memo["before_stacks"]
        if any(id(t) in b.used for t in b.node.outputs[len(before.inputs) : len(body.inputs)]):
            break
        condition, body, inputs = condition.memo["before_stacks"], before, inputs[: len(before.inputs)]
    if writes(condition):
        raise b.cannot("the condition of a loop writes variables")
    trips, exact = trip_count(condition, body, inputs)
    if trips == 0 and not is_stateful(condition):
        return [*inputs, *[None] * (n_all - len(inputs))]
    outer = b.iteration
    varying = [i for i in range(len(inputs)) if not invariant(body, i)]
    cells = [*dict.fromkeys(a for a in inputs if isinstance(a, Cell)), b.status]
    failed = False
    args = list(inputs)
    for i in varying:
        if type(args[i]) is np.ndarray:
            args[i] = b.constant(args[i], body.inputs[i]._dtype)
        elif isinstance(args[i], ListValue):
            args[i] = _enter_list(b, args[i], trips)
    most = _most_pops(body, args, varying) if trips is None else trips
    products = summed_products(condition, body, needed(body, body.outputs), varying) if most else {}
    factors: dict[int, Sequence[Any]] = {}  # of the sums that are taken after the loop
    if products or any(isinstance(args[i], ListValue) and args[i].buffer is None for i in varying):
        b.watched.update({id(p.node): () for p in products.values()})
        _probe(b, body, args, varying, cells)
        pairs = {i: b.watched[id(p.node)] for i, p in products.items()}
        factors = {i: pair for i, pair in pairs.items() if worth(pair, most)}
    varying = [i for i in varying if i not in factors]
    kept_outputs = [t for i, t in enumerate(body.outputs) if i not in factors]
    kept_outputs += [products[i].tensor for i in factors]
    layouts = [_Layout(args[i], body.inputs[i]._dtype) for i in varying]
    state = [b.constant(0, dtypes.uint64), *[c.value for c in cells]]
    state += [part for layout, i in zip(layouts, varying) for part in layout.flatten(b, args[i])]
    plain = len(state)
    state += [b.zeros((most, *v.shape), v.dtype) for pair in factors.values() for v in pair]
    kept = [(c.value, c.written) for c in cells]
    changed = {
        id(a) for g in (condition, body) for w in [writes(g)] for t, a in zip(g.inputs, args) if id(t) in w
    }

    def enter(values: Sequence[Value]) -> list[Any]:
        it = iter(values)
        count = next(it)
        b.iteration = (
            count if outer is None else b.add(b.mul(outer, b.constant(1 << 20, dtypes.uint64)), count)
        )
        for c in cells:
            c.value = next(it)
        full = list(args)
        for layout, i in zip(layouts, varying):
            full[i] = layout.rebuild(it)
        return full

    def test(*values: Value) -> Value:
        # A condition's region has nowhere to put a check's result.
        checking, b.checking = b.checking, False
        result = as_value(b, b.inline(condition, enter(values))[0], dtypes.bool_)
        b.checking = checking
        if trips is None and checking:
            # It ends when a check fails; where it is counted, XLA needs to see that.
            result = b.binary("and", result, b.compare("EQ", b.status.value, b.constant(0, dtypes.int32)))
        return result

    def step(*values: Value) -> list[Value]:
        nonlocal failed
        full = enter(values)
        status = b.status.value
        inner = iter(b.inline(body, full, outputs=kept_outputs))
        results = [None if i in factors else next(inner) for i in range(len(full))]
        failed = b.status.value is not status
        flat = [b.add(values[0], b.constant(1, dtypes.uint64)), *[c.value for c in cells]]
        for layout, i in zip(layouts, varying):
            flat += layout.flatten(b, results[i])
        at, zero = b.convert(values[0], dtypes.int32), b.constant(0, dtypes.int32)
        pairs = [v for i in factors for v in b.watched[id(products[i].node)]]
        for stack, v in zip(values[plain:], pairs):
            row = b.reshape(as_value(b, v, stack.dtype), (1, *v.shape))
            flat.append(b.dynamic_update_slice(stack, row, [at, zero, zero]))
        for old, new in zip(values, flat):
            if old.shape != new.shape:
                raise b.cannot(
                    f"a loop variable changes its shape from {list(old.shape)} to {list(new.shape)}"
                )
        return flat

    out = iter(b.while_loop(state, test, step))
    b.iteration = outer
    next(out)
    for c, (value, written) in zip(cells, kept):
        after = next(out)
        c.value, c.written = (
            (after, True) if id(c) in changed or (c is b.status and failed) else (value, written)
        )
    results = list(args)
    for layout, i in zip(layouts, varying):
        results[i] = layout.rebuild(out)
        if isinstance(results[i], ListValue) and isinstance(args[i].length, int):
            results[i] = _known_length(body, i, results[i], args[i], trips if exact else None)
    for i in factors:
        node = products[i].node
        both = [b.reshape(stack, rows(stack.shape)) for stack in (next(out), next(out))]
        (total,) = lower_op(b, node.op_def, both, node.attrs, node)
        results[i] = b.add(as_value(b, args[i], total.dtype), total)
    return results + [None] * (n_all - len(results))


def _enter_list(b: Lowering, value: ListValue, trips: int | None) -> ListValue:
    """A list as a loop variable: every iteration of the loop may push once onto one of unknown capacity."""
    if type(value) is not ListValue:
        value = value.with_buffer(value.ready(b))
    if value.buffer is None and value.spec.capacity is None:
        if trips is None:
            raise b.cannot("a list grows in a loop whose number of iterations is not known before it runs")
        length = value.length if isinstance(value.length, int) else 0
        value = ListValue(None, value.length, value.dtype, value.spec.copy(trips + length))
    elif value.buffer is None:
        value = ListValue(None, value.length, value.dtype, value.spec.copy(value.spec.capacity))
    return value


def _probe(
    b: Lowering,
    body: FuncGraph,
    args: list[Any],
    varying: Sequence[int],
    cells: Sequence[Cell],
) -> None:
    """Lowers the body once for nothing but to learn the element shapes of lists that nothing was put into yet, and of what
    is `watched`."""
    saved = [(c.value, c.written) for c in cells]
    trial = list(args)
    with b.trial():
        for i in varying:
            if isinstance(args[i], Value):
                trial[i] = b.fresh(args[i].shape, args[i].dtype)
            elif isinstance(args[i], ListValue):
                trial[i] = ListValue(args[i].buffer, b.fresh((), dtypes.int32), args[i].dtype, args[i].spec)
        b.iteration = b.fresh((), dtypes.uint64)
        results = b.inline(body, trial)
    for i in varying:
        if isinstance(args[i], ListValue) and args[i].buffer is None and args[i].spec.shape is None:
            args[i].spec.shape, args[i].spec.inner = results[i].spec.shape, results[i].spec.inner
    for c, (value, written) in zip(cells, saved):
        c.value, c.written = value, written
    for i in varying:
        if isinstance(args[i], ListValue) and args[i].buffer is None and args[i].spec.shape is not None:
            args[i] = args[i].with_buffer(args[i].ready(b))


class _Layout:
    """How one loop or branch value is passed as plain Values: a tensor as itself, a list as buffer and length."""

    def __init__(self, value: Any, dtype: DType) -> None:
        self.value, self.dtype = value, dtype

    def flatten(self, b: Lowering, value: Any) -> list[Value]:
        model = self.value
        if isinstance(model, ListValue):
            if isinstance(value, Undefined) or (
                value.buffer is None and type(value) is ListValue and model.buffer is not None
            ):
                length = b.constant(0, dtypes.int32) if isinstance(value, Undefined) else value.size(b)
                return [b.zeros(model.buffer.shape, model.buffer.dtype), length]
            buffer = value.ready(b, model.spec.shape)
            if model.buffer is None:
                model.buffer = buffer
            return [buffer, value.size(b)]
        if isinstance(value, Undefined):
            return [b.zeros(model.shape, model.dtype)]
        if not isinstance(value, (np.ndarray, Value)):
            raise b.cannot(f"a {type(value).__name__} cannot pass through a compiled loop or branch")
        return [as_value(b, value, self.dtype)]

    def rebuild(self, values: Any) -> Any:
        model = self.value
        if isinstance(model, ListValue):
            return ListValue(next(values), next(values), model.dtype, model.spec)
        return next(values)


def _most_pops(body: FuncGraph, args: Sequence[Any], varying: Sequence[int]) -> int:
    """How often a loop can run that takes an element off a stack in every iteration; 0 if there is no such stack."""
    sizes = [
        args[i].buffer.shape[0]
        for i in varying
        if isinstance(args[i], ListValue)
        and args[i].buffer is not None
        and (t := body.outputs[i]).op.type == "TensorListPopBack"
        and t.op.inputs[0] is body.inputs[i]
    ]
    return min(sizes, default=0)


def _known_length(
    body: FuncGraph, i: int, result: ListValue, start: ListValue, trips: int | None
) -> ListValue:
    """After a loop, a list that is only written in place has a known length; one that is pushed onto once per iteration,
    if the trip count is known."""
    pushes = _pushes(body.outputs[i], body.inputs[i])
    if pushes is None:
        return result
    if pushes and trips is None:
        return result
    return ListValue(result.buffer, start.length + pushes * (trips or 0), result.dtype, result.spec)


def _pushes(t: Any, start: Any) -> int | None:
    """How many elements more than the list `start` the list `t` has; None where that cannot be told."""
    if t is start:
        return 0
    name = t.op.type
    if name in ("AddN", "AddV2"):  # gradients are sums of lists of one length
        return next((n for n in (_pushes(x, start) for x in t.op.inputs) if n is not None), None)
    more = {"TensorListPushBack": 1, "TensorListPopBack": -1, "TensorListSetItem": 0, "Identity": 0}.get(name)
    before = None if more is None else _pushes(t.op.inputs[0], start)
    return None if more is None or before is None else before + more
