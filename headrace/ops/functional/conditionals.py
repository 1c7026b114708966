"""Conditionals: they become regions of StableHLO, whose branches take the same inputs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from headrace.core import dispatch, dtypes, shapes
from headrace.core.derivative import Derivative, augmented, derivative, origin, unpack, zeros_or
from headrace.core.graph import FuncGraph
from headrace.core.op import REQUIRED, OpDef
from headrace.core.shapes import Raw
from headrace.core.state import building
from headrace.core.tensor import EagerTensor, wrap

from .calls import call, differentiated, extend, sync
from .inner import is_stateful


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
    return wrap(np.zeros([0 if d is None else d for d in shape or ()], dtype._np), dtype)


def _branch_shapes(branches: Sequence[FuncGraph]) -> list[Raw]:
    out = []
    for parts in zip(*[g.outputs for g in branches]):
        real = [t._raw_shape for t in parts if t.op.op_def is not FAKE_PARAM]
        shape = real[0] if real else parts[0]._raw_shape
        for other in real[1:]:
            shape = shapes.generalise(shape, other)
        out.append(shape)
    return out


def branches_of(attrs: Any) -> list[FuncGraph]:
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
    sync(op)
    branches = [differentiated(g, received) for g in branches_of(op.attrs)]
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
            inputs = inner[len(targets) : len(targets) + len(op.inputs) - 1]
            outputs = inner[len(targets) + len(op.inputs) - 1 :]
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
    extend(op, {**key, "Tout": [t._dtype for t in forward[0].outputs]}, extra)


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
        op = IF if stateful else STATELESS_IF
        attrs = {"then_branch": branches[0], "else_branch": branches[1], "Tout": out}
    else:
        op, attrs = (CASE if stateful else STATELESS_CASE), {"branches": tuple(branches), "Tout": out}
    result = dispatch.execute(op, [index, *inputs], attrs, name)
    return result if isinstance(result, list) else []
