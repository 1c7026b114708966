"""Loops and conditionals of TensorFlow 1.x: from Switch, Merge, Enter, Exit and NextIteration nodes to `While` and `If`.

A frame (what an Enter node begins) is a loop: its Merge nodes are the loop variables, what leads to its LoopCond node is the
condition, what leads to its NextIteration nodes the body. Outside of that, a Switch lets a value pass to one of two branches,
and a Merge takes the value of the branch that ran: every node is in the branches of the Switches that it depends on, and the
Merges of one predicate become the results of one conditional. Both nest: what is inside of a loop or a branch is structured
the same way."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from headrace.core import dtypes
from headrace.core.graph import FuncGraph, graph_output
from headrace.core.op import lookup
from headrace.core.shapes import generalise
from headrace.core.state import building
from headrace.ops import functional

from .attributes import Malformed
from .branches import MERGE, SWITCH, behind, conditionals
from .nodes import Node, ordered
from .references import Reference, refer, without

if TYPE_CHECKING:
    from .operations import Scope

ENTER, EXIT, NEXT = {"Enter", "RefEnter"}, {"Exit", "RefExit"}, {"NextIteration", "RefNextIteration"}
OLD = ENTER | EXIT | NEXT | SWITCH | MERGE | {"LoopCond"}
Frame = tuple[str, ...]  # the names of the loops around a node, outermost first


def structured(nodes: Mapping[str, Node]) -> list[Any]:
    """The nodes with loops and conditionals in the place of what they are made of."""
    if not any(n.op in OLD for n in nodes.values()):
        return list(nodes.values())
    for n in nodes.values():
        if n.op in OLD and (len(n.inputs) == 0 if n.op in MERGE else len(n.inputs) != 1 + (n.op in SWITCH)):
            raise Malformed(f"Node '{n.name}' ({n.op}) has {len(n.inputs)} inputs, which it cannot have")
    frames = _frames(nodes)
    return _Region(nodes, frames, ()).items()


def _frames(nodes: Mapping[str, Node]) -> dict[str, Frame]:
    """The frame that each node's outputs are in."""
    frames: dict[str, Frame] = {}
    for node in ordered([_Forward(n, nodes) for n in nodes.values()]):
        found: Frame = ()
        for source in node.sources:
            if len(frames[source]) > len(found):
                found = frames[source]
        if node.node.op in ENTER:
            found = (*found, node.node.message.attr["frame_name"].s.decode())
        elif node.node.op in EXIT:
            if not found:
                raise Malformed(f"Node '{node.name}' leaves a loop, but is in none")
            found = found[:-1]
        frames[node.name] = found
    return frames


class _Forward:
    """A node without the edges that lead back to the start of a loop."""

    __slots__ = ("name", "node", "sources")

    def __init__(self, node: Node, nodes: Mapping[str, Node]) -> None:
        self.node, self.name = node, node.name
        back = node.op in MERGE
        self.sources = [s for s in node.sources if s in nodes and not (back and nodes[s].op in NEXT)]


class _Region:
    """The nodes of one frame (or of none), and the frames in it."""

    def __init__(self, nodes: Mapping[str, Node], frames: Mapping[str, Frame], frame: Frame) -> None:
        self.nodes, self.frames, self.frame = nodes, frames, frame

    def items(self) -> list[Any]:
        """What is in this region: nodes, loops, and conditionals."""
        own: list[Any] = []
        inner: dict[Frame, list[Node]] = {}
        depth = len(self.frame)
        for node in self.nodes.values():
            at = self.frames[node.name]
            if node.op in EXIT and at[:depth] == self.frame and len(at) == depth:
                inner.setdefault(self._left(node), []).append(node)
            elif at == self.frame:
                own.append(node)
            elif at[:depth] == self.frame:
                inner.setdefault(at[: depth + 1], []).append(node)
        if self.frame:
            own = [n for n in own if not self._is_machinery(n)]
        provider: dict[str, str] = {}
        for frame, members in inner.items():
            loop = Loop(frame, {n.name: n for n in members}, self.frames)
            provider.update({n.name: loop.name for n in loop.exits})
            own.append(loop)
        return conditionals(own, provider)

    def _left(self, node: Node) -> Frame:
        return self.frames[node.inputs[0][0]]

    def _is_machinery(self, node: Node) -> bool:
        """Whether a node of a loop is what makes it a loop."""
        if node.op in ENTER | NEXT or node.op == "LoopCond":
            return True
        if node.op in MERGE:
            return any(self.nodes[s].op in NEXT for s, _ in node.inputs if s in self.nodes)
        return (
            node.op in SWITCH
            and node.inputs[1][0] in self.nodes
            and self.nodes[node.inputs[1][0]].op == "LoopCond"
        )


# ----------------------------------------------------------------------------------------------------------------- loops
class Loop:
    """A frame. `exits` are the nodes through which its results leave."""

    def __init__(self, frame: Frame, nodes: dict[str, Node], frames: Mapping[str, Frame]) -> None:
        self.frame, self.nodes, self.frames = frame, nodes, frames
        self.name = f"<loop {'/'.join(frame)}>"
        depth = len(frame)
        own = [n for n in nodes.values() if frames[n.name] == frame]
        self.exits = [n for n in nodes.values() if n.op in EXIT and len(frames[n.name]) == depth - 1]
        self.enters = {n.name: n for n in own if n.op in ENTER}
        self.variables: list[Node] = []  # the Merge node of each
        self.first: list[Node] = []  # the Enter node of each
        self.next: list[Node] = []  # the NextIteration node of each
        self.references: list[tuple[Node, Node, Node]] = []  # the same nodes of each reference to a variable
        for n in own:
            if n.op in MERGE and any(s in nodes and nodes[s].op in NEXT for s, _ in n.inputs):
                sources = [nodes[s] for s, _ in n.inputs if s in nodes]
                begins, goes_on = [s for s in sources if s.op in ENTER], [s for s in sources if s.op in NEXT]
                if len(n.inputs) != 2 or len(begins) != 1 or len(goes_on) != 1:
                    raise Malformed(
                        f"Node '{n.name}' must merge what enters the loop and the next iteration's value"
                    )
                if begins[0].op == "RefEnter" and goes_on[0].op == "RefNextIteration":
                    self.references.append((n, begins[0], goes_on[0]))
                    continue
                self.variables.append(n)
                self.first.append(begins[0])
                self.next.append(goes_on[0])
        conditions = [n for n in own if n.op == "LoopCond"]
        if len(conditions) != 1:
            raise Malformed(f"The loop {frame[-1]!r} has {len(conditions)} LoopCond nodes; it must have one")
        self.condition = conditions[0]
        self.index = {n.name: i for i, n in enumerate(self.variables)}
        self.switches = {n.name: n for n in own if n.op in SWITCH and n.inputs[1][0] == self.condition.name}
        self.inputs = [source for n in self.enters.values() for source in n.inputs]
        self.controls = [c for n in self.enters.values() for c in n.controls]
        self.sources = list(dict.fromkeys([*[s for s, _ in self.inputs], *self.controls]))
        self.provides = [n.name for n in self.exits]

    def make(self, scope: Scope) -> None:
        """Adds the While, and an Identity for each way out."""
        start = [scope.value(node, 0) for node in self.first]
        for name in self.controls:
            scope.wait(name)
        shapes = [t._raw_shape for t in start]
        while True:
            condition, body, results, references = self._graphs(scope, start, shapes)
            merged = [generalise(s, t._raw_shape) for s, t in zip(shapes, results)]
            if merged == shapes:
                break
            shapes = merged
        functional.hoist_reads([condition, body])
        captured = functional.unify_inputs([condition, body], len(start))
        body.outputs = [*body.outputs, *body.inputs[len(start) :]]
        with scope.graph.control_dependencies(scope.take_awaited()):
            after = functional.loop(
                condition,
                body,
                [*start, *captured],
                f"{scope.prefix}{self.frame[-1].rpartition('/')[0] or 'while'}/While",
            )
        made = scope.graph.operations[-1]
        for node in self.exits:
            source = behind(node.inputs[0], self.nodes)
            switch = self.switches.get(source[0])
            merge = None if switch is None or source[1] != 0 else switch.inputs[0][0]
            if merge in references:
                refer(scope, node, references[merge], [made])
            elif merge in self.index:
                scope.add_as(lookup("Identity"), node, [after[self.index[merge]]], ())
            else:
                raise Malformed(f"Node '{node.name}' must take the last value of a loop variable")

    def _graphs(
        self, scope: Scope, start: Sequence[Any], shapes: Sequence[Any]
    ) -> tuple[FuncGraph, FuncGraph, list[Any], dict[Any, Reference]]:
        items = _Region(self.nodes, self.frames, self.frame).items()
        name = self.frame[-1].rpartition("/")[0] or self.frame[-1]
        condition, inside = self._inside(scope, f"{name}_cond", start, shapes, False)
        inside.build_items(reached(items, [self.condition], self.nodes))
        test = inside.value(self.condition, 0)
        with building(condition, tapes=()):
            if test._raw_shape is None:
                test = lookup("Reshape")(test, [])
            condition.outputs = [graph_output(condition, test)]
        body, inside = self._inside(scope, f"{name}_body", start, shapes, True)
        inside.build_items(reached(items, [*self.next, *[n for _, _, n in self.references]], self.nodes))
        references = self._references(inside)
        results = [inside.value(n, 0) for n in self.next]
        with building(body, tapes=()):
            body.outputs = [
                lookup("Identity")(t) if t.op.type == "Placeholder" and t is not x else graph_output(body, t)
                for t, x in zip(results, body.inputs)
            ]
        for node, x, t in zip(self.next, start, body.outputs):
            if x._dtype is not t._dtype:
                raise Malformed(
                    f"Node '{node.name}' gives {t._dtype.name} to a loop variable of type {x._dtype.name}"
                )
        return condition, body, results, references

    def _references(self, body: Scope) -> dict[Any, Reference]:
        """What the loop variables that are references refer to, by their Merge nodes: the same in all iterations."""
        found: dict[Any, Reference] = {}
        for merge, _, node in self.references:
            one, other = body.output(merge.name, 0), body.raw(node, 0)
            if (
                not (isinstance(one, Reference) and isinstance(other, Reference))
                or one.variable is not other.variable
            ):
                raise Malformed(
                    f"Node '{node.name}': a loop variable that is a reference must refer to one variable all the time"
                )
            found[merge.name] = without(body.graph, one)
        return found

    def _inside(
        self, scope: Scope, name: str, start: Sequence[Any], shapes: Sequence[Any], of_body: bool
    ) -> tuple[FuncGraph, Scope]:
        """A graph with the loop variables as arguments, and the names of the loop's own nodes in it."""
        graph = FuncGraph(name, outer=scope.graph)
        inside = scope.within(graph)
        with building(graph, tapes=()):
            arguments = [
                graph.argument(t._dtype, s, n.name.rpartition("/")[2].lstrip("_->\\") or "x")
                for t, s, n in zip(start, shapes, self.variables)
            ]
            for x, t in zip(arguments, start):
                if "_handle_data" in t.__dict__:
                    x.__dict__["_handle_data"] = t.__dict__["_handle_data"]
        for node, x in zip(self.variables, arguments):
            inside.tensors[node.name] = [x, x]
        machinery: Iterable[str] = [*self.nodes]
        for node in self.enters.values():
            if node not in self.first:
                inside.aliases[node.name] = scope, node.inputs[0]
        for merge, enter, _ in self.references:
            inside.aliases[merge.name] = scope, enter.inputs[0]
        for node in self.switches.values():
            inside.aliases[node.name] = inside, node.inputs[0]
        if of_body:
            with building(graph, tapes=()):
                inside.tensors[self.condition.name] = [graph.constant(np.asarray(True), dtypes.bool_)]
        for n in machinery:
            if self.nodes[n].op in OLD:
                inside.operations[n] = None  # there is nothing to wait for
        return graph, inside


def reached(items: Sequence[Any], ends: Sequence[Node], nodes: Mapping[str, Node]) -> list[Any]:
    """The items that these nodes need."""
    by_name = {name: item for item in items for name in (item.name, *getattr(item, "provides", ()))}
    wanted: set[str] = set()
    stack = [s for n in ends for s in n.sources]
    while stack:
        item = by_name.get(name := stack.pop())
        if item is None:
            node = nodes.get(name)
            if node is not None and node.op in SWITCH | {"LoopCond"} and name not in wanted:
                wanted.add(name)  # machinery: what it passes on is needed
                stack.append(node.inputs[0][0])
        elif item.name not in wanted:
            wanted.add(item.name)
            stack.extend(item.sources)
    return [item for item in items if item.name in wanted]


__all__ = ["Loop", "structured"]
