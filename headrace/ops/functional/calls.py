"""Ops that run graphs: calls, conditionals and loops, in their functional form, and their gradients.

Lowering inlines calls; conditionals and loops become StableHLO regions. Where a region cannot be compiled (it prints, its
shapes change from one iteration to the next …) the op runs on the host and its graphs are compiled one by one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from headrace.core import dispatch, dtypes, shapes
from headrace.core.derivative import (
    Derivative,
    augmented,
    derivative,
    gradients_of_call,
    origin,
    primal,
    unpack,
    with_outputs,
    zeros_or,
)
from headrace.core.errors import ShapeError
from headrace.core.graph import FuncGraph
from headrace.core.op import REQUIRED, OpDef, ShapeContext
from headrace.core.shapes import Raw
from headrace.core.state import building, no_recording, state
from headrace.core.tensor import EagerTensor

from .state import READ


def is_stateful(graph: FuncGraph) -> bool:
    return any(n.op_def.stateful and n.op_def.name != "Placeholder" for n in graph.operations)


# ------------------------------------------------------------------------------------------------------------------ call
def _call_shape(c: ShapeContext) -> list[Raw]:
    return [t._raw_shape for t in c.attrs["f"].outputs]


def _run_call(args: Sequence[EagerTensor], f: FuncGraph, Tout: Any) -> list[EagerTensor]:
    return dispatch.run_graph(f, args)


def _lower_call(b: Any, args: Sequence[Any], f: FuncGraph, Tout: Any) -> list[Any]:
    return b.inline(f, args)


def _call_grad(op: Any, *received: Any) -> list[Any]:
    _sync(op)
    graph = _differentiated(op.attrs["f"], received)
    d = derivative(graph)
    outputs = op.outputs
    if len(outputs) < len(graph.outputs) + len(d.residuals):
        forward = augmented(graph)
        if not outputs[0]._is_eager:
            _extend(op, {"f": forward, "Tout": [t._dtype for t in forward.outputs]}, d.residuals)
            outputs = op.outputs
        elif not is_stateful(graph):
            outputs = call(forward, op.inputs)  # it ran without what this gradient needs: once more
        else:
            raise LookupError(
                f"The gradient of {graph.name}, which has side effects or reads variables, is of a higher order than the "
                "tapes that recorded its call. Use one tape per order."
            )
    return gradients_of_call(d, op.inputs, outputs, received, call)


_call_grad.accepts_none = True  # type: ignore[attr-defined]


def _differentiated(graph: FuncGraph, received: Sequence[Any]) -> FuncGraph:
    """The function to differentiate: without the outputs that an earlier gradient added, unless gradients arrive there (they
    do for higher orders)."""
    while (plain := primal(graph)) is not graph and all(g is None for g in received[len(plain.outputs) :]):
        graph = plain
    return graph


def _sync(op: Any) -> None:
    """A tape's record of a node that another gradient has extended since: what was added is part of it."""
    node = None if not op.outputs or op.outputs[0]._is_eager else op.outputs[0].op
    if node is not None and node is not op:
        op.attrs, op.outputs = node.attrs, node.outputs
        op.inputs = (*op.inputs, *node.inputs[len(op.inputs) :])


def _extend(op: Any, attrs: dict[str, Any], extra: Sequence[Any]) -> None:
    """Gives a call that is already in a graph more outputs: those its gradient needs."""
    from headrace.core.tensor import SymbolicTensor

    node = op.outputs[0].op
    node.attrs = {**node.attrs, **attrs}
    for t in extra:
        node.outputs.append(SymbolicTensor(node, len(node.outputs), t._dtype, t._raw_shape))
    node.graph.changed()
    _sync(op)


def _call_def(name: str, stateful: bool) -> OpDef:
    return OpDef(
        name,
        "args: [Tin] -> output: [Tout]",
        attrs={"f": REQUIRED, "Tout": REQUIRED},
        shape=_call_shape,
        run=_run_call,
        lower=_lower_call,
        grad=_call_grad,
        stateful=stateful,
        hints=("args",),
    )


CALL = _call_def("PartitionedCall", False)
STATEFUL_CALL = _call_def("StatefulPartitionedCall", True)


def call(graph: FuncGraph, inputs: Sequence[Any], name: str | None = None) -> list[Any]:
    """Calls a function's graph with its arguments and captures; returns its flat outputs."""
    if state.graph is None and state.tapes:
        return _recorded_call(graph, inputs)
    op = STATEFUL_CALL if is_stateful(graph) else CALL
    result = dispatch.execute(op, list(inputs), {"f": graph, "Tout": [t._dtype for t in graph.outputs]}, name)
    return result if isinstance(result, list) else []


def _recorded_call(graph: FuncGraph, inputs: Sequence[Any]) -> list[Any]:
    """An eager call while tapes listen: if any will, the program also returns what the gradient needs."""
    tapes = state.tapes
    listening = [t for t in tapes if not hasattr(t, "_watched") or any(id(x) in t._watched for x in inputs)]
    if not listening or not any(t._dtype.is_trainable for t in graph.outputs):
        with no_recording():
            return dispatch.run_graph(graph, inputs)
    forward = graph
    for tape in (
        listening
    ):  # each may differentiate the gradient that the ones inside of it take; a persistent one its own
        forward = augmented(augmented(forward) if getattr(tape, "_persistent", False) else forward)
    with no_recording():
        outputs = dispatch.run_graph(forward, inputs)
    attrs = {"f": forward, "Tout": [t._dtype for t in forward.outputs]}
    for tape in tapes:
        tape.record(CALL, inputs, attrs, outputs)
    return outputs[: len(graph.outputs)]


def inner_graphs(node: Any) -> list[FuncGraph]:
    """The graphs among a node's attributes: what it calls, its branches, its body."""
    return [
        g
        for value in node.attrs.values()
        for g in (value if isinstance(value, (list, tuple)) else (value,))
        if isinstance(g, FuncGraph)
    ]


def writes(graph: FuncGraph) -> set[int]:
    """Ids of the handles inside `graph` that are written, or passed to something that may write."""
    found: set[int] = set()
    for node in graph.operations:
        if not any(t._dtype.kind == "r" for t in node.inputs) or node.type in READS:
            continue
        inner = inner_graphs(node)
        offset = 1 if node.op_def in (IF, STATELESS_IF, CASE, STATELESS_CASE) else 0
        written = {i for g in inner for w in [writes(g)] for i, t in enumerate(g.inputs) if id(t) in w}
        for i, t in enumerate(node.inputs):
            if t._dtype.kind == "r" and (not inner or i - offset in written):
                found.add(id(t))
    return found


READS = frozenset({"ReadVariableOp", "ResourceGather", "VariableShape", "VarIsInitializedOp"})


def hoist_reads(graphs: Sequence[FuncGraph], every: bool = True) -> None:
    """Reads of variables that a loop does not write move in front of it: their values are invariants of the loop, which its
    gradient then need not keep once per iteration.

    Args:
      every: False for branches: of these, only reads that may happen in any case (`unconditional`) move."""
    by_inner = [{id(inner): outer for outer, inner in g.captures.values()} for g in graphs]
    written = {id(outers[h]) for g, outers in zip(graphs, by_inner) for h in writes(g) if h in outers}
    read: dict[tuple[int, Any], Any] = {}
    for g, outers in zip(graphs, by_inner):
        replaced: dict[int, Any] = {}
        for node in g.operations:
            if node.type != "ReadVariableOp" or id(node.inputs[0]) not in outers:
                continue
            handle, dtype = outers[id(node.inputs[0])], node.attrs["dtype"]
            if id(handle) in written or not (every or node.unconditional):
                continue
            key = id(handle), dtype
            if key not in read:
                read[key] = _read(handle, dtype)
            replaced[id(node.outputs[0])] = g.capture(read[key])
        if replaced:
            g.operations[:] = [n for n in g.operations if not (n.outputs and id(n.outputs[0]) in replaced)]
            for n in g.operations:
                n.inputs = tuple([replaced.get(id(t), t) for t in n.inputs])
            g.outputs = [replaced.get(id(t), t) for t in g.outputs]
            _forget_references(g)


def _read(handle: Any, dtype: dtypes.DType) -> Any:
    """A read in front of a loop or a conditional; of a variable that is a reference, by that."""
    if not handle._is_eager and handle.op.type == "VariableHandle" and handle.graph is state.graph:
        return READ(handle.op.inputs[0], dtype=dtype)
    value = READ(handle, dtype=dtype)
    if not value._is_eager:
        value.op.unconditional = True
    return value


def _forget_references(graph: FuncGraph) -> None:
    """Drops the handles of references that a function does not use any more: who reads its graph elsewhere knows none."""
    used = {id(t) for n in graph.operations for t in n.inputs} | {id(t) for t in graph.outputs}
    unused: set[int] = set()
    for key, (outer, inner) in list(graph.captures.items()):
        if (
            id(inner) not in used
            and not outer._is_eager
            and outer._dtype.kind == "r"
            and _of_reference(outer)
        ):
            del graph.captures[key]
            unused.add(id(inner))
    if unused:
        graph.inputs = [t for t in graph.inputs if id(t) not in unused]
        graph.operations[:] = [n for n in graph.operations if not n.outputs or id(n.outputs[0]) not in unused]


def _of_reference(handle: Any) -> bool:
    """Whether a handle, or what it was captured from, stands for a reference."""
    while handle.op.type == "Placeholder" and handle.graph.building_function:
        found = [o for o, inner in handle.graph.captures.values() if inner is handle]
        if not found or found[0]._is_eager:
            return False
        handle = found[0]
    return bool(handle.op.type == "VariableHandle")


# ---------------------------------------------------------------------------------------------------------- conditionals
class Undefined:
    """A value that no branch reads: the counterpart, in one branch, of what only the other branch computes."""

    shape: Raw = None

    def __init__(self, dtype: dtypes.DType) -> None:
        self.dtype = dtype


FAKE_PARAM = OpDef(
    "FakeParam",
    "-> output: dtype",
    attrs={"dtype": REQUIRED, "shape": None},
    shape=lambda c: c.attrs["shape"],
    stateful=False,
    run=lambda dtype, shape: _fake(dtype, shape),
    lower=lambda b, dtype, shape: Undefined(dtype),
)


def _fake(dtype: dtypes.DType, shape: Raw) -> EagerTensor:
    from headrace.core.tensor import wrap

    return wrap(np.zeros([0 if d is None else d for d in shape or ()], dtype._np), dtype)


def unify_inputs(graphs: Sequence[FuncGraph], n_arguments: int) -> list[Any]:
    """Gives branch graphs one common list of captures, and returns it."""
    common: dict[int, Any] = {}
    for g in graphs:
        for outer in g.external_captures:
            common.setdefault(id(outer), outer)
    for g in graphs:
        arguments = g.inputs[:n_arguments]
        inner = {id(o): i for o, i in g.captures.values() if i.op.op_def.name == "Placeholder"}
        g.inputs = arguments + [
            inner[key] if key in inner else g.placeholder(t._dtype, t._raw_shape, "unused")
            for key, t in common.items()
        ]
    return list(common.values())


def _branch_shapes(branches: Sequence[FuncGraph]) -> list[Raw]:
    out = []
    for parts in zip(*[g.outputs for g in branches]):
        real = [t._raw_shape for t in parts if t.op.op_def is not FAKE_PARAM]
        shape = real[0] if real else parts[0]._raw_shape
        for other in real[1:]:
            shape = shapes.generalise(shape, other)
        out.append(shape)
    return out


def _branches(attrs: Any) -> list[FuncGraph]:
    return list(attrs["branches"]) if "branches" in attrs else [attrs["then_branch"], attrs["else_branch"]]


def _choose(index: EagerTensor, branches: Sequence[FuncGraph]) -> FuncGraph:
    value = index._host()
    if value.dtype == np.bool_:
        return branches[0] if value.reshape(()) else branches[1]
    i = int(value)
    return branches[i if 0 <= i < len(branches) else len(branches) - 1]


def _lower_branches(b: Any, index: Any, inputs: Sequence[Any], branches: Sequence[FuncGraph]) -> list[Any]:
    if type(index) is np.ndarray:
        i = (0 if index.reshape(()) else 1) if index.dtype == np.bool_ else int(index)
        return b.inline(branches[i if 0 <= i < len(branches) else len(branches) - 1], inputs)
    if index.dtype is dtypes.bool_:
        index = b.select(index, b.constant(0, dtypes.int32), b.constant(1, dtypes.int32))
    return b.branch(index, branches, inputs)


def _conditional_grad(op: Any, *received: Any) -> list[Any]:
    _sync(op)
    branches = [_differentiated(g, received) for g in _branches(op.attrs)]
    ds = [derivative(g) for g in branches]
    n = len(branches[0].outputs)
    if len(op.outputs) == n and any(d.residuals for d in ds):
        _augment_branches(op, branches, ds)
    # One backward graph per branch, over one list of inputs: the gradients received, the op's inputs, its outputs.
    targets = [i for i, y in enumerate(branches[0].outputs) if y._dtype.is_trainable]
    arguments = [*[zeros_or(received[i], op.outputs[i]) for i in targets], *op.inputs[1:], *op.outputs]
    reached = [i for i in range(len(op.inputs) - 1) if any(d.layout[i] is not None for d in ds)]
    backward = []
    offset = n
    for branch, d in zip(branches, ds):
        graph = FuncGraph(f"{branch.name}_gradient")
        with building(graph, tapes=()):
            inner = [graph.argument_like(t) for t in arguments]
            inputs, outputs = (
                inner[len(targets) : len(targets) + len(op.inputs) - 1],
                inner[len(targets) + len(op.inputs) - 1 :],
            )
            values = {id(t): v for t, v in zip(branch.inputs, inputs)}
            values.update({id(t): v for t, v in zip(branch.outputs, outputs)})
            values.update({id(t): v for t, v in zip(d.residuals, outputs[offset:])})
            grads = unpack(
                d, call(d.backward, [*inner[: len(targets)], *[values.get(id(t), t) for t in d.needs]])
            )
            graph.outputs = [zeros_or(grads[i], inputs[i]) for i in reached]
        offset += len(d.residuals)
        backward.append(graph)
    if not reached:
        return [None] * len(op.inputs)
    results = conditional(op.inputs[0], backward, arguments)
    out: list[Any] = [None] * len(op.inputs)
    for i, g in zip(reached, results):
        out[i + 1] = g
    return out


_conditional_grad.accepts_none = True  # type: ignore[attr-defined]


def _augment_branches(op: Any, branches: Sequence[FuncGraph], ds: Sequence[Derivative]) -> None:
    forward, extra = [], []
    for k, branch in enumerate(branches):
        other = augmented(branch)
        with building(origin(branch), tapes=()):
            own = []
            for j, d in enumerate(ds):
                own += (
                    d.residuals
                    if j == k
                    else [FAKE_PARAM(dtype=t._dtype, shape=t._raw_shape) for t in d.residuals]
                )
        other.outputs = [*branch.outputs, *own]
        forward.append(other)
    for d in ds:
        extra += d.residuals
    key = (
        {"branches": tuple(forward)}
        if "branches" in op.attrs
        else {"then_branch": forward[0], "else_branch": forward[1]}
    )
    _extend(op, {**key, "Tout": [t._dtype for t in forward[0].outputs]}, extra)


def _if_def(name: str, stateful: bool) -> OpDef:
    return OpDef(
        name,
        "cond: Tcond, input: [Tin] -> output: [Tout]",
        attrs={"then_branch": REQUIRED, "else_branch": REQUIRED, "Tout": REQUIRED},
        shape=lambda c: _branch_shapes([c.attrs["then_branch"], c.attrs["else_branch"]]),
        stateful=stateful,
        grad=_conditional_grad,
        hints=("cond", "branch_index", "input"),
        run=lambda cond, input, then_branch, else_branch, Tout: dispatch.run_graph(
            _choose(cond, [then_branch, else_branch]), input
        ),
        lower=lambda b, cond, input, then_branch, else_branch, Tout: _lower_branches(
            b, cond, input, [then_branch, else_branch]
        ),
    )


def _case_def(name: str, stateful: bool) -> OpDef:
    return OpDef(
        name,
        "branch_index: int32, input: [Tin] -> output: [Tout]",
        attrs={"branches": REQUIRED, "Tout": REQUIRED},
        shape=lambda c: _branch_shapes(c.attrs["branches"]),
        stateful=stateful,
        grad=_conditional_grad,
        hints=("cond", "branch_index", "input"),
        run=lambda index, input, branches, Tout: dispatch.run_graph(_choose(index, branches), input),
        lower=lambda b, index, input, branches, Tout: _lower_branches(b, index, input, branches),
    )


IF, STATELESS_IF = _if_def("If", True), _if_def("StatelessIf", False)
CASE, STATELESS_CASE = _case_def("Case", True), _case_def("StatelessCase", False)


def conditional(
    index: Any, branches: Sequence[FuncGraph], inputs: Sequence[Any], name: str | None = None
) -> list[Any]:
    """Adds an If (bool `index`, two branches: true, false) or Case over branch graphs that take the same inputs."""
    stateful = any(is_stateful(g) for g in branches)
    out = [t._dtype for t in branches[0].outputs]
    if index._dtype is dtypes.bool_:
        op, attrs = (
            (IF if stateful else STATELESS_IF),
            {"then_branch": branches[0], "else_branch": branches[1], "Tout": out},
        )
    else:
        op, attrs = (CASE if stateful else STATELESS_CASE), {"branches": tuple(branches), "Tout": out}
    result = dispatch.execute(op, [index, *inputs], attrs, name)
    return result if isinstance(result, list) else []


# ----------------------------------------------------------------------------------------------------------------- loops
def _while_shape(c: ShapeContext) -> list[Raw]:
    out = []
    for i, (x, y) in enumerate(zip(c.attrs["body"].inputs, c.attrs["body"].outputs)):
        if not shapes.compatible(x._raw_shape, y._raw_shape):
            raise ShapeError(
                f"Loop variable {i} enters the loop with shape {shapes.text(x._raw_shape)} but has shape {shapes.text(y._raw_shape)} after one iteration"
            )
        out.append(x._raw_shape)
    return out


def _run_while(
    input: Sequence[EagerTensor], cond: FuncGraph, body: FuncGraph, **attrs: Any
) -> list[EagerTensor]:
    return dispatch.run_loop(cond, body, list(input))


def _while_def(name: str, stateful: bool) -> OpDef:
    return OpDef(
        name,
        "input: [T] -> output: [T]",
        attrs={"cond": REQUIRED, "body": REQUIRED, "parallel_iterations": 10, "output_shapes": ()},
        stateful=stateful,
        hints=("input",),
        shape=_while_shape,
        run=_run_while,
        lower=lambda b, input, cond, body, **attrs: b.loop(cond, body, input),
        grad=_while_grad,
    )


def loop(cond: FuncGraph, body: FuncGraph, inputs: Sequence[Any], name: str | None = None) -> list[Any]:
    """Adds a While; `cond` and `body` take all of `inputs`, `body` returns as many values."""
    op = WHILE if is_stateful(cond) or is_stateful(body) else STATELESS_WHILE
    return dispatch.execute(
        op, list(inputs), {"cond": cond, "body": body, "parallel_iterations": 10, "output_shapes": ()}, name
    )


def invariant(body: FuncGraph, i: int) -> bool:
    """Whether loop variable i never changes: captures, and variables the body returns as they came."""
    return body.outputs[i] is body.inputs[i]


def _while_grad(op: Any, *received: Any) -> list[Any]:
    """The backward loop runs as often as the forward one and takes, from the last iteration to the first, what each kept
    on a stack. (Following Yu et al. 2018, "Dynamic control flow in large-scale machine learning".)"""
    from headrace.core.op import lookup

    _sync(op)
    body = op.attrs["body"]
    before = body.memo.get("before_stacks")
    if before is not None and all(g is None for g in received[len(before.inputs) :]):
        body = before  # its stacks are there already; otherwise gradients arrive at them, and they are loop variables like others
    n = len(body.inputs)
    varying = [i for i in range(n) if not invariant(body, i)]
    fixed = [i for i in range(n) if invariant(body, i)]
    d = _loop_derivative(body, varying)
    at_fixed = {id(body.inputs[i]): k for k, i in enumerate(fixed)}
    stacked = [t for t in d.needs if id(t) not in at_fixed and not t._is_eager]
    if body is op.attrs["body"]:
        _add_stacks(op, body, stacked)
    counter, stacks = op.outputs[n], op.outputs[n + 1 :]
    flowing = [varying[k] for k in d.targets]
    summed = [i for i in fixed if d.layout[i] is not None]
    # Loop state: iterations left, gradients of the varying variables, sums for the invariant ones, stacks, invariants.
    parts = [
        [counter],
        [zeros_or(received[i], op.outputs[i]) for i in flowing],
        [zeros_or(None, op.inputs[i]) for i in summed],
        stacks,
        [op.inputs[i] for i in fixed],
    ]
    state = [t for part in parts for t in part]

    condition = FuncGraph(f"{body.name}_gradient_cond")
    with building(condition, tapes=()):
        inner = [condition.argument_like(t) for t in state]
        condition.outputs = [lookup("Greater")(inner[0], 0)]
    backward = FuncGraph(f"{body.name}_gradient_body")
    with building(backward, tapes=()):
        it = iter([backward.argument_like(t) for t in state])
        (left,), gradients, sums, handles, invariants = ([next(it) for _ in part] for part in parts)
        values = {id(body.inputs[i]): t for i, t in zip(fixed, invariants)}
        popped = []
        for t, handle in zip(stacked, handles):
            handle, value = lookup("TensorListPopBack")(handle, _shape_tensor(t), element_dtype=t._dtype)
            value.set_shape(t._raw_shape)
            popped.append(handle)
            values[id(t)] = value
        found = unpack(d, call(d.backward, [*gradients, *[values.get(id(t), t) for t in d.needs]]))
        add = lookup("AddN")
        outputs = [lookup("Sub")(left, 1)]
        outputs += [
            lookup("ZerosLike")(g) if found[i] is None else zeros_or(found[i], g)
            for i, g in zip(flowing, gradients)
        ]
        outputs += [add([total, zeros_or(found[i], total)]) for i, total in zip(summed, sums)]
        backward.outputs = [_own(backward, t) for t in (*outputs, *popped, *invariants)]
    for g in (condition, backward):
        assert not g.external_captures, g.external_captures
    it = iter(loop(condition, backward, state))
    _, flows, totals, _, _ = ([next(it) for _ in part] for part in parts)
    out: list[Any] = [None] * len(op.inputs)
    for i, gradient in (*zip(flowing, flows), *zip(summed, totals)):
        out[i] = gradient
    # An invariant leaves the loop as it came: the gradient of that output passes straight through.
    for i in fixed:
        if received[i] is not None:
            out[i] = received[i] if out[i] is None else add([out[i], received[i]])
    return out


_while_grad.accepts_none = True  # type: ignore[attr-defined]


def _loop_derivative(body: FuncGraph, varying: Sequence[int]) -> Derivative:
    """The derivative of one iteration's changes."""
    found = body.memo.get("loop_derivative")
    if found is None:
        found = body.memo["loop_derivative"] = Derivative(
            with_outputs(body, [body.outputs[i] for i in varying])
        )
    return found


def _own(graph: FuncGraph, tensor: Any) -> Any:
    return tensor if not tensor._is_eager and tensor.op.graph is graph else graph.capture(tensor)


def _shape_tensor(t: Any) -> Any:
    """The element shape of a stack, as list ops take it: -1 for what is not known."""
    from headrace.core.convert import to_tensor

    shape = t._raw_shape
    return to_tensor(np.asarray(-1 if shape is None else [-1 if d is None else d for d in shape], np.int32))


def _add_stacks(op: Any, body: FuncGraph, stacked: Sequence[Any]) -> None:
    """Turns the loop into one that also counts its iterations and pushes `stacked` in each."""
    from headrace.core.op import lookup

    node = op.outputs[0].op
    graph, condition = node.graph, node.attrs["cond"]
    with building(graph, tapes=()), graph.before(node):
        extra = [graph.constant(np.asarray(0, np.int32), dtypes.int32)]
        extra += [
            lookup("EmptyTensorList")(_shape_tensor(t), np.asarray(-1, np.int32), element_dtype=t._dtype)
            for t in stacked
        ]
    with building(origin(body), tapes=()):
        inner = [origin(body).placeholder(t._dtype, (), "stack") for t in extra]
        pushed = [
            lookup("AddV2")(inner[0], 1),
            *[lookup("TensorListPushBack")(handle, t) for handle, t in zip(inner[1:], stacked)],
        ]
    new_body = with_outputs(body, [*body.outputs, *pushed])
    new_body.inputs = [*body.inputs, *inner]
    new_body.memo["before_stacks"] = body
    with building(origin(condition), tapes=()):
        unused = [origin(condition).placeholder(t._dtype, (), "stack") for t in extra]
    new_condition = with_outputs(condition, condition.outputs)
    new_condition.inputs = [*condition.inputs, *unused]
    new_condition.memo["before_stacks"] = condition
    node.inputs = (*node.inputs, *extra)
    _extend(op, {"cond": new_condition, "body": new_body}, extra)


WHILE, STATELESS_WHILE = _while_def("While", True), _while_def("StatelessWhile", False)
