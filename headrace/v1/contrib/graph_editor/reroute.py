"""Connections of a graph changed in place."""

from __future__ import annotations

from typing import Any

from . import select
from .subgraph import SubGraphView, make_view
from .transform import make_placeholder_from_tensor


def _put(new: Any, old: Any, can_modify: Any, cannot_modify: Any) -> int:
    """Puts `new` in the place of `old` with those that take it; how many inputs changed."""
    allowed = None if can_modify is None else {id(op) for op in select.make_list_of_op(can_modify)}
    kept = {id(op) for op in select.make_list_of_op(cannot_modify or [])}
    count = 0
    for op in list(old.consumers()):
        if id(op) in kept or (allowed is not None and id(op) not in allowed):
            continue
        for i, t in enumerate(op.inputs):
            if t is old:
                op._update_input(i, new)
                count += 1
    return count


def reroute_ts(ts0: Any, ts1: Any, can_modify: Any = None, cannot_modify: Any = None) -> int:
    """What takes the second tensors takes the first ones instead.

    Args:
      can_modify: the operations that may be changed; all by default.
      cannot_modify: those that may not.

    Returns: how many inputs changed.

    Raises:
      ValueError: there are not as many tensors on both sides, or types differ."""
    return sum(_put(a, b, can_modify, cannot_modify) for a, b in _pairs(ts0, ts1))


def swap_ts(ts0: Any, ts1: Any, can_modify: Any = None, cannot_modify: Any = None) -> int:
    """What takes the first tensors takes the second, and the other way round; see `reroute_ts`."""
    count = 0
    for a, b in _pairs(ts0, ts1):
        takers = list(a.consumers())
        count += _put(a, b, can_modify, [*(cannot_modify or []), *takers])
        wanted = (
            takers
            if can_modify is None
            else [op for op in takers if op in select.make_list_of_op(can_modify)]
        )
        count += _put(b, a, wanted, cannot_modify)
    return count


def _pairs(ts0: Any, ts1: Any) -> list[tuple[Any, Any]]:
    first, second = (select.make_list_of_t(ts) for ts in (ts0, ts1))
    if len(first) != len(second):
        raise ValueError(f"Cannot connect {len(first)} tensors with {len(second)}.")
    for a, b in zip(first, second, strict=True):
        if a.dtype != b.dtype:
            raise ValueError(f"{a.name} of {a.dtype.name} cannot stand for {b.name} of {b.dtype.name}.")
    return list(zip(first, second, strict=True))


def reroute_inputs(sgv0: Any, sgv1: Any) -> tuple[SubGraphView, SubGraphView]:
    """The second part takes what the first takes."""
    a, b = make_view(sgv0), make_view(sgv1)
    reroute_ts(a.inputs, b.inputs, can_modify=b.ops)
    return a, SubGraphView(b.ops)


def reroute_outputs(sgv0: Any, sgv1: Any) -> tuple[SubGraphView, SubGraphView]:
    """What takes the second part's outputs takes those of the first."""
    a, b = make_view(sgv0), make_view(sgv1)
    reroute_ts(a.outputs, b.outputs, cannot_modify=[*a.ops, *b.ops])
    return a, b


def reroute_ios(sgv0: Any, sgv1: Any) -> tuple[SubGraphView, SubGraphView]:
    """The first part takes the place of the second: its inputs, and its outputs."""
    a, b = make_view(sgv0), make_view(sgv1)
    reroute_ts(b.inputs, a.inputs, can_modify=a.ops)
    reroute_ts(a.outputs, b.outputs, cannot_modify=[*a.ops, *b.ops])
    return SubGraphView(a.ops), SubGraphView(b.ops)


def swap_inputs(sgv0: Any, sgv1: Any) -> tuple[SubGraphView, SubGraphView]:
    """Each part takes what the other takes."""
    a, b = make_view(sgv0), make_view(sgv1)
    swap_ts(a.inputs, b.inputs, can_modify=[*a.ops, *b.ops])
    return SubGraphView(a.ops), SubGraphView(b.ops)


def swap_outputs(sgv0: Any, sgv1: Any) -> tuple[SubGraphView, SubGraphView]:
    """What takes one part's outputs takes the other's."""
    a, b = make_view(sgv0), make_view(sgv1)
    swap_ts(a.outputs, b.outputs, cannot_modify=[*a.ops, *b.ops])
    return a, b


def swap_ios(sgv0: Any, sgv1: Any) -> tuple[SubGraphView, SubGraphView]:
    """Two parts change places."""
    swap_outputs(sgv0, sgv1)
    return swap_inputs(sgv0, sgv1)


def connect(sgv0: Any, sgv1: Any, disconnect_first: bool = False) -> tuple[SubGraphView, SubGraphView]:
    """The second part takes the outputs of the first as its inputs, in their order.

    Args:
      disconnect_first: whether what took the first part's outputs before gets placeholders.

    Raises:
      ValueError: there are not as many inputs as outputs."""
    a, b = make_view(sgv0), make_view(sgv1)
    outputs, inputs = a.outputs, b.inputs
    if disconnect_first:
        detach_outputs(a)
    reroute_ts(outputs, inputs, can_modify=b.ops)
    return SubGraphView(a.ops), SubGraphView(b.ops)


def detach_inputs(sgv: Any) -> tuple[SubGraphView, list[Any]]:
    """Placeholders in the place of a part's inputs.

    Returns: the part, and the placeholders."""
    view = make_view(sgv)
    with view.graph.as_default():
        made = [make_placeholder_from_tensor(t) for t in view.inputs]
    reroute_ts(made, view.inputs, can_modify=view.ops)
    return SubGraphView(view.ops), made


def detach_outputs(sgv: Any) -> tuple[SubGraphView, list[Any]]:
    """Placeholders in the place of a part's outputs, for what takes them outside.

    Returns: the part, and the placeholders."""
    view = make_view(sgv)
    used = [t for t in view.outputs if any(op not in view.ops for op in t.consumers())]
    with view.graph.as_default():
        made = [make_placeholder_from_tensor(t) for t in used]
    reroute_ts(made, used, cannot_modify=view.ops)
    return view, made


def detach(sgv: Any) -> tuple[SubGraphView, list[Any], list[Any]]:
    """`detach_inputs` and `detach_outputs`."""
    view, inputs = detach_inputs(sgv)
    view, outputs = detach_outputs(view)
    return view, inputs, outputs


def bypass(sgv: Any) -> tuple[SubGraphView, list[Any]]:
    """What takes a part's outputs takes its inputs instead; the part itself gets placeholders.

    Returns: the part, and the placeholders.

    Raises:
      ValueError: there are not as many inputs as outputs."""
    view = make_view(sgv)
    inputs = view.inputs
    view, made = detach_inputs(view)
    reroute_ts(inputs, view.outputs, cannot_modify=view.ops)
    return view, made


def add_control_inputs(op: Any, cops: Any) -> None:
    """Makes an operation wait for others.

    Raises:
      ValueError: it waits for one already."""
    for other in select.make_list_of_op(cops, allow_graph=False):
        if any(other is c for c in op.control_inputs):
            raise ValueError(f"{other.name} is already a control_input of {op.name}")
        op._add_control_input(other)


def remove_control_inputs(op: Any, cops: Any) -> None:
    """Makes an operation wait for others no more.

    Raises:
      ValueError: it does not wait for one."""
    for other in select.make_list_of_op(cops, allow_graph=False):
        if all(other is not c for c in op.control_inputs):
            raise ValueError(f"{other.name} is not a control_input of {op.name}")
        op.control_inputs = tuple(c for c in op.control_inputs if c is not other)
        op.graph.changed()
