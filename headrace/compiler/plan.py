"""Which nodes of a graph are compiled together, and which run on the host."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, NamedTuple

from headrace.core.graph import CONST, Operation
from headrace.core.shapes import count
from headrace.ops.functional import inner_graphs

CONTRACTIONS = frozenset(
    {"BatchMatMul", "BatchMatMulV2", "BatchMatMulV3", "Einsum", "MatMul", "SparseMatMul"}
)


class Group(NamedTuple):
    """Nodes that make one step of a program.

    `must` says that some of them cannot be compiled (and do not merely bring big constants)."""

    nodes: list[Operation]
    on_host: bool
    must: bool


def cut(nodes: Sequence[Operation], hosted: set[Operation], cuts: set[int]) -> list[Group]:
    """Assigns every node a stage: even stages are clusters, odd ones run on the host. Constants are in every group that uses
    them, so that none is handed from one to the other, and what later clusters compile knows their values."""
    constants = {id(n.outputs[0]): n for n in nodes if n.op_def is CONST and n not in hosted}
    others = [n for n in nodes if n.op_def is not CONST or n in hosted]
    when = _earliest(others, hosted, cuts)
    _postpone(others, when, cuts)
    groups: dict[int, list[Operation]] = {}
    for node in others:
        groups.setdefault(when[id(node)], []).append(node)
    unused = dict(constants)  # by nodes: they are outputs
    for s, group in groups.items():
        own = {id(t): constants[id(t)] for n in group for t in n.inputs if id(t) in constants}
        groups[s] = [*own.values(), *group]
        for key in own:
            unused.pop(key, None)
    if unused:
        groups[0] = [*unused.values(), *groups.get(0, ())]
    return [
        Group(groups[s], bool(s % 2), bool(s % 2) and any(n.op_def is not CONST for n in groups[s]))
        for s in sorted(groups)
    ]


def _earliest(nodes: Sequence[Operation], hosted: set[Operation], cuts: set[int]) -> dict[int, int]:
    """The earliest stage that each node (id) can be in. Effects on one variable keep their order, and so do all effects outside
    of the program."""
    stage: dict[int, int] = {}  # of tensors
    when: dict[int, int] = {}
    last_effect = 0
    variables: dict[int, tuple[int, int]] = {}  # handle -> stages of its last read and last write
    for node in nodes:
        on_host = runs_on_host(node) or node in hosted or _passes_on(node, stage)
        at = 1 if on_host else 0
        for t in node.inputs:
            s = stage.get(id(t), 0)
            if s % 2 == 0:
                at = max(at, s + 1 if on_host else s)
            else:
                at = max(at, s if on_host else s + 1)
        for c in node.control_inputs:
            s = when.get(id(c), 0)
            at = max(at, s if s % 2 == at % 2 else s + 1)
        if node.op_def.stateful:
            handles = [t for t in node.inputs if t._dtype.kind == "r"]
            reads_only = node.type in READS
            for t in handles:
                read, write = variables.get(id(t), (0, 0))
                at = max(at, _after(write if reads_only else max(read, write), at))
            if on_host:
                at = last_effect = max(at, _after(last_effect, at))
            for t in handles:
                read, write = variables.get(id(t), (0, 0))
                variables[id(t)] = (max(read, at), write) if reads_only else (read, max(write, at))
        for t in node.outputs:
            stage[id(t)] = at + 1 if id(t) in cuts and at % 2 == 0 else at
        when[id(node)] = at
    return when


def _passes_on(node: Operation, stage: dict[int, int]) -> bool:
    """Whether the node only names what the host made and a program may be unable to hold: an optional, say."""
    return (
        node.type == "Identity"
        and node.inputs[0]._dtype.kind == "v"
        and stage.get(id(node.inputs[0]), 0) % 2 == 1
    )


def _postpone(nodes: Sequence[Operation], when: dict[int, int], cuts: set[int]) -> None:
    """Moves what is compiled, and has no effects, to the last cluster that it can be in: the fewer clusters there are, and the
    less they hand to each other, the better."""
    last = max((s for s in when.values() if s % 2 == 0), default=0)
    if not last:
        return
    limits: dict[int, int] = {}  # of nodes: the stage before which, or in which, its results are needed
    writes: dict[int, int] = {}  # handle -> stage of the first write after
    for node in reversed(nodes):
        at = when[id(node)]
        handles = [t for t in node.inputs if t._dtype.kind == "r"]
        if at % 2 == 0 and _postponable(node, handles):
            limit = min([last, limits.get(id(node), last), *[writes.get(id(t), last) for t in handles]])
            at = when[id(node)] = max(at, limit - limit % 2)
        for t in node.inputs:
            if not t._is_eager:
                needed = at - 2 if id(t) in cuts and at % 2 == 0 else at
                limits[id(t.op)] = min(limits.get(id(t.op), needed), needed)
        for c in node.control_inputs:
            limits[id(c)] = min(limits.get(id(c), at), at)
        if node.op_def.stateful and node.type not in READS:
            writes.update({id(t): at for t in handles})


def _postponable(node: Operation, handles: Sequence[object]) -> bool:
    """Whether it is the same when an op runs: it has no effects, or merely takes numbers from a random stream of its own."""
    return not node.op_def.stateful or node.type in READS or ("seed2" in node.attrs and not handles)


READS = frozenset({"ReadVariableOp", "ResourceGather", "VariableShape"})
TINY_NODES, TINY_SIZE = (
    8,
    1024,
)  # a cluster of so few nodes, on so few elements in all, is sooner done by NumPy
PLAIN_SIZE = 8192  # the same where every node is one call of a NumPy function
# Look at little of their input.
PICKS = frozenset({"GatherV2", "Gather", "Slice", "StridedSlice", "Shape", "Size", "Rank"})
PLAIN = PICKS | {"Cast", "ExpandDims", "Reshape", "Squeeze", "Transpose", "Pack", "Identity"}


def lightened(groups: list[Group]) -> list[Group]:
    """Where some groups run on the host anyway, those of a few scalars do so, too, and become one with the groups next to
    them: handing their values to a program and back would take longer than computing them."""
    if not any(group.must for group in groups):
        return groups
    out: list[Group] = []
    for group in groups:
        working = [n for n in group.nodes if n.op_def is not CONST]
        plain = all(n.op_def.elementwise or n.type in PLAIN for n in working)
        limit = PLAIN_SIZE if plain else TINY_SIZE
        tiny = len(working) <= TINY_NODES and sum([_work(n) for n in working]) <= limit
        if not group.on_host and not tiny:
            out.append(group)
        elif out and out[-1].on_host:
            out[-1] = Group(out[-1].nodes + group.nodes, True, out[-1].must or group.must)
        else:
            out.append(Group(group.nodes, True, group.must))
    return out


def _work(node: Operation) -> float:
    """How many elements a node's kernel looks at and makes; infinitely many if it has none, or nobody knows."""
    op = node.op_def
    if op.kernel is None or op.stateful or op.reenters:
        return math.inf
    tensors = (*(() if node.type in PICKS else node.inputs), *node.outputs)
    if any(t._dtype.kind in "rv" for t in (*node.inputs, *node.outputs)):
        return math.inf
    return sum([math.inf if (n := count(t._raw_shape)) is None else n for t in tensors])


def _after(s: int, at: int) -> int:
    """The first stage of `at`'s kind that is not before stage s."""
    return s if s % 2 == at % 2 else s + 1


def runs_on_host(node: Operation) -> bool:
    """Whether XLA cannot hold the op, whatever its inputs."""
    op = node.op_def
    if op is CONST:
        return False
    if op.host or (op.lower is None and op.body is None):
        return True
    return any(
        t._dtype.kind == "s"
        or (t._dtype.kind == "r" and t._raw_shape != ())  # several handles: one will be chosen
        for t in (*node.inputs, *node.outputs)
    )


def closure(nodes: list[Operation], env: dict[int, Any], every: Sequence[Operation]) -> list[Operation]:
    """The nodes, and cheap ones (of `every` one of the program) that ran before but whose results were not kept."""
    makers = {id(t): n for n in every for t in n.outputs}
    wanted = {id(n) for n in nodes}
    stack = list(nodes)
    while stack:
        for t in stack.pop().inputs:
            if id(t) not in env and id(maker := makers[id(t)]) not in wanted:
                wanted.add(id(maker))
                stack.append(maker)
    return [n for n in every if id(n) in wanted]


def movable(nodes: Sequence[Operation], unsteady: set[int]) -> set[Operation]:
    """The nodes that are better done on the host because of tensors (ids) whose shapes keep changing, and light ones between
    them, so that not every other step is a compiled one."""
    heavy: set[int] = set()  # heavy nodes of unsteady shapes, and all that follows from them
    moved: set[Operation] = set()
    after: set[int] = set()
    for n in nodes:
        sources = {id(t.op) for t in n.inputs}
        touched = any(id(t) in unsteady for t in (*n.inputs, *n.outputs))
        if sources & heavy or (touched and not _light(n)):
            heavy.add(id(n))
        elif touched:
            moved.add(n)
        if n in moved or sources & after:
            after.add(id(n))
    before: set[int] = set()
    for n in reversed(nodes):
        if id(n) in before and id(n) in after and id(n) not in heavy and _light(n):
            moved.add(n)
        if n in moved or id(n) in before:
            before.update([id(t.op) for t in n.inputs])
    return moved


def _light(node: Operation) -> bool:
    op = node.op_def
    return (
        not op.stateful
        and not inner_graphs(node)
        and (op.kernel is not None or op.body is not None)
        and op.name not in CONTRACTIONS
    )
