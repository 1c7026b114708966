"""Conditionals of TensorFlow 1.x: from Switch and Merge nodes to `If`. See `regions.py`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from headrace.core import dtypes
from headrace.core.graph import FuncGraph, graph_output
from headrace.core.op import TABLE, lookup
from headrace.core.state import building
from headrace.ops import functional
from headrace.ops.functional import READS

from .attributes import Malformed
from .nodes import Node, ordered
from .references import RENAMED, Reference, counterpart, refer, without

if TYPE_CHECKING:
    from .operations import Scope

SWITCH, MERGE = {"Switch", "RefSwitch"}, {"Merge", "RefMerge"}
Branches = Mapping[Any, int]  # by predicate: the branch that a node is in
Source = tuple[str, int]


class _Located:
    """An item with the branches it is in (`branches`, by predicate) and, for a Merge, the predicate it ends."""

    __slots__ = ("branches", "ends", "item", "levels")

    def __init__(self, item: Any) -> None:
        self.item = item
        self.branches: dict[Any, int] = {}
        self.ends: Any = None
        self.levels: dict[Any, int] = {}


def conditionals(items: Sequence[Any], provider: Mapping[str, str]) -> list[Any]:
    """The items with conditionals in the place of their Switches and Merges, and of what is between those."""
    if not any(type(i) is Node and i.op in SWITCH | MERGE for i in items):
        return [_Renamed.of(i, provider) for i in items]
    own = {i.name: i for i in items}
    found: dict[str, _Located] = {}
    for item in ordered([_Renamed.of(i, provider) for i in items]):
        found[item.name] = _locate(_Renamed.plain(item), own, provider, found)
    return _group(items, own, provider, found, {})


class _Renamed:
    """An item whose sources are the names of the items that provide them."""

    __slots__ = ("item", "name", "provides", "sources")

    def __init__(self, item: Any, sources: list[str]) -> None:
        self.item, self.name, self.sources = item, item.name, sources
        self.provides = getattr(item, "provides", (item.name,))

    @staticmethod
    def of(item: Any, provider: Mapping[str, str]) -> Any:
        if not provider or not any(s in provider for s in item.sources):
            return item
        return _Renamed(item, [provider.get(s, s) for s in item.sources])

    @staticmethod
    def plain(item: Any) -> Any:
        return item.item if isinstance(item, _Renamed) else item

    def make(self, scope: Scope) -> None:
        scope.make(self.item) if type(self.item) is Node else self.item.make(scope)


def behind(source: Source, own: Mapping[str, Any]) -> Source:
    """Where a value comes from, behind Identity nodes."""
    while True:
        node = own.get(source[0])
        if type(node) is not Node or node.op != "Identity":
            return source
        source = node.inputs[0]


def _locate(
    item: Any, own: Mapping[str, Any], provider: Mapping[str, str], found: Mapping[str, _Located]
) -> _Located:
    here = _Located(item)
    if type(item) is Node and item.op in MERGE:
        states = [_state(own, provider, found, s, k) for s, k in item.inputs]
        ends = [
            p for p in states[0] if all(p in s for s in states) and len({s[p] for s in states}) == len(states)
        ]
        if not ends:
            raise Malformed(
                f"Node '{item.name}' merges values that are not of the two branches of one Switch"
            )
        here.ends = ends[-1]
        here.branches = {
            p: b for p, b in states[0].items() if p != here.ends and all(s.get(p) == b for s in states)
        }
    else:
        for s, k in item.inputs:
            here.branches.update(_state(own, provider, found, s, k))
    if not _waits_only(item):
        for s in item.controls:  # of a Switch, too, whichever way the value goes
            before = found.get(provider.get(s, s))
            here.branches.update({} if before is None else before.branches)
    for s in item.sources:
        before = found.get(provider.get(s, s))
        if before is not None and before.levels:
            for p, level in before.levels.items():
                if here.levels.get(p, 0) < level:
                    here.levels = {**here.levels, p: level}
    if here.ends is not None:
        here.levels = {**here.levels, here.ends: here.levels.get(here.ends, 0) + 1}
    return here


def _waits_only(item: Any) -> bool:
    """Whether a node runs also where what it waits for does not: a ControlTrigger."""
    return type(item) is Node and item.op == "ControlTrigger"


def _state(
    own: Mapping[str, Any],
    provider: Mapping[str, str],
    found: Mapping[str, _Located],
    source: str,
    index: int,
) -> Branches:
    """The branches in which one output of an item has a value."""
    here = found.get(provider.get(source, source))
    if here is None:
        return {}
    if type(here.item) is Node and here.item.op in SWITCH:
        return {**here.branches, behind(here.item.inputs[1], own): index}
    return here.branches


def _group(
    items: Sequence[Any],
    own: Mapping[str, Any],
    provider: Mapping[str, str],
    found: Mapping[str, _Located],
    around: Branches,
) -> list[Any]:
    """The items whose branches are those `around`, with one conditional for each predicate that Merges end there."""
    groups: dict[Any, list[Node]] = {}
    effects: dict[Any, list[str]] = {}  # what runs in one branch, without a result that anybody takes
    out: list[Any] = []
    for item in items:
        here = found[item.name]
        if dict(here.branches) != dict(around) or (type(item) is Node and item.op in SWITCH):
            continue
        if here.ends is None:
            out.append(item)
            for s in item.controls if _waits_only(item) else ():
                other = found.get(s)
                for p in other.branches if other is not None else ():
                    if p not in around:
                        key = p, other.levels.get(p, 0) + 1  # type: ignore[union-attr]
                        groups.setdefault(key, [])
                        effects.setdefault(key, []).append(s)
                        break
        else:
            groups.setdefault((here.ends, here.levels[here.ends]), []).append(item)
    provides = dict(provider)
    made = [
        part
        for key, merges in groups.items()
        for part in Conditional(
            key[0], merges, items, own, provider, found, around, effects.get(key, [])
        ).parts(items)
    ]
    for c in made:
        provides.update(dict.fromkeys(c.provides, c.name))
    for c in made:  # what several conditionals need is computed in the first of them
        c.share(made)
    return [_Renamed.of(i, provides) for i in (*out, *made)]


class Conditional:
    """The Merges of one predicate, and all that only one of the two branches computes."""

    def __init__(
        self, predicate: Source, merges: list[Node], items: Sequence[Any], own: Mapping[str, Any],
        provider: Mapping[str, str], found: Mapping[str, _Located], around: Branches, effects: list[str],
    ) -> None:  # fmt: skip
        self.predicate, self.merges, self.effects = predicate, merges, effects
        self.provides = [*[m.name for m in merges], *effects]
        self.name = f"<conditional {self.provides[0]}>"
        self.shared: list[tuple[Source, int]] = []  # what other conditionals need of the branches
        self._own, self._provider, self._found, self._around = own, provider, found, around
        self.members: list[list[Any]] = []
        self._passed: set[str] = set()  # the Switches through which values come in
        for branch in (0, 1):
            inside = {**around, predicate: branch}
            candidates = [i for i in items if self._within(found[i.name].branches, inside)]
            ends = [
                s
                for m in merges
                for s, k in m.inputs
                if _state(own, provider, found, s, k).get(predicate) == branch
            ]
            ends += [s for s in effects if found[s].branches.get(predicate) == branch]
            members, reached = _needed(candidates, ends, provider)
            self.members.append(members)
            self._passed |= {s for s in reached if s in own and self._switches_here(own[s])}
        inside_names = {i.name for part in self.members for i in part} | self._passed
        self._switches = [own[name] for name in self._passed]
        self.sources = [predicate[0]]
        self.sources += [provider.get(s, s) for n in self._switches for s in (n.inputs[0][0], *n.controls)]
        self.sources += [provider.get(s, s) for part in self.members for item in part for s in item.sources]
        self.sources += [provider.get(s, s) for m in merges for s in m.sources]
        self.sources = [s for s in dict.fromkeys(self.sources) if s not in inside_names]

    @staticmethod
    def _within(branches: Branches, inside: Branches) -> bool:
        return all(branches.get(p) == b for p, b in inside.items())

    def _switches_here(self, node: Any) -> bool:
        if (
            type(node) is not Node
            or node.op not in SWITCH
            or behind(node.inputs[1], self._own) != self.predicate
        ):
            return False
        here = self._found.get(node.name)
        return here is not None and self._within(here.branches, self._around)

    def parts(self, items: Sequence[Any]) -> list[Conditional]:
        """Conditionals of the same predicate that have effects are each one of its own: whoever takes the result of one does
        not run the others."""
        if not any(_has_effects(i) for part in self.members for i in part):
            return [self]
        group: dict[str, str] = {}  # of nodes that belong together, towards the one that stands for them

        def of(name: str) -> str:
            while (up := group.setdefault(name, name)) != name:
                group[name] = name = group[up]
            return name

        for part in self.members:
            names = {i.name for i in part}
            for item in (*part, *self.merges):
                for s in item.sources:
                    if self._provider.get(s, s) in names:
                        group[of(self._provider.get(s, s))] = of(item.name)
        active = {of(i.name) for part in self.members for i in part if _has_effects(i)}
        parts: dict[str, tuple[list[Node], list[str]]] = {}
        for m in self.merges:
            parts.setdefault(of(m.name) if of(m.name) in active else "", ([], []))[0].append(m)
        for s in self.effects:
            name = of(self._provider.get(s, s))
            parts.setdefault(name if name in active else "", ([], []))[1].append(s)
        if len(parts) == 1:
            return [self]
        return [
            Conditional(
                self.predicate, m, items, self._own, self._provider, self._found, self._around, s
            ) for m, s in parts.values()
        ]  # fmt: skip

    def share(self, others: Sequence[Conditional]) -> None:
        """Leaves to an earlier conditional of the same predicate what it computes already."""
        for other in others:
            if other is self or other.predicate != self.predicate:
                continue
            if not (set(other.provides) & set(self._before())):
                continue
            for branch in (0, 1):
                theirs = {i.name for i in other.members[branch]}
                kept = [i for i in self.members[branch] if i.name not in theirs]
                taken = {i.name for i in self.members[branch]} & theirs
                self.members[branch] = kept
                for item in kept:
                    for s, k in item.inputs:
                        if s in taken and ((s, k), branch) not in other.shared:
                            other.shared.append(((s, k), branch))
                for m in self.merges:
                    for s, k in m.inputs:
                        if s in taken and ((s, k), branch) not in other.shared:
                            other.shared.append(((s, k), branch))

    def _before(self) -> list[str]:
        """The names of Merges that this one's values depend on."""
        return [
            name
            for name, here in self._found.items()
            if here.ends == self.predicate and here.levels[self.predicate] < self._level()
        ]

    def _level(self) -> int:
        if self.merges:
            return self._found[self.merges[0].name].levels[self.predicate]
        return 1 + max([self._found[s].levels.get(self.predicate, 0) for s in self.effects])

    def make(self, scope: Scope) -> None:
        """Adds the If, and an Identity for each of the Merges."""
        test = scope.output_value(*self.predicate)
        graphs, inner = [], []
        for n in self._switches:
            for name in n.controls:
                scope.wait(name)
        for branch in (1, 0):
            graph = FuncGraph(f"{self.provides[0]}_{'true' if branch else 'false'}", outer=scope.graph)
            inside = scope.within(graph)
            inside.operations.update({n.name: None for n in self._switches})
            for n in self._switches:
                inside.aliases[n.name] = scope, n.inputs[0]
            around = {**self._around, self.predicate: branch}
            inside.build_items(_group(self.members[branch], self._own, self._provider, self._found, around))
            graphs.append(graph)
            inner.append(inside)
        wants_index = {m.name for m in self.merges if (m.name, 1) in scope.asked}
        references = self._references(inner)
        for graph, inside, branch in zip(graphs, inner, (1, 0)):
            results: list[Any] = []
            with building(graph, tapes=()):
                for m in self.merges:
                    place, source = self._merged(m, branch)
                    if m.name not in references:
                        results.append(graph_output(graph, inside.output_value(*source)))
                    if m.name in wants_index:
                        results.append(graph.constant(np.asarray(place, np.int32), dtypes.int32))
                for source, of in self.shared:
                    results.append(
                        graph_output(graph, inside.output_value(*source)) if of == branch else None
                    )
            graph.outputs = results
        self._fill(graphs)
        functional.hoist_reads(graphs, every=False)
        captured = functional.unify_inputs(graphs, 0)
        with scope.graph.control_dependencies(scope.take_awaited()):
            results = functional.conditional(
                test, graphs, captured, f"{scope.prefix}{self.provides[0].rpartition('/')[0] or 'cond'}/If"
            )
        made = scope.graph.operations[-1]
        scope.operations.update(dict.fromkeys(self.effects, made))
        left = iter(results)
        for m in self.merges:
            if m.name in references:
                refer(scope, m, references[m.name], [made])
            else:
                scope.add_as(lookup("Identity"), m, [next(left)], ())
            if m.name in wants_index:
                scope.tensors[m.name] = [*scope.tensors[m.name], next(left)]
        for source, _ in self.shared:
            outputs = scope.tensors.setdefault(source[0], [])
            outputs.extend([None] * (source[1] + 1 - len(outputs)))
            outputs[source[1]] = next(left)

    def _merged(self, merge: Node, branch: int) -> tuple[int, Source]:
        """Which of a Merge's inputs comes from a branch."""
        return next(
            (i, s) for i, s in enumerate(merge.inputs)
            if _state(self._own, self._provider, self._found, *s).get(self.predicate) == branch
        )  # fmt: skip

    def _references(self, inner: Sequence[Scope]) -> dict[str, Reference]:
        """The Merges that give a reference: that to the variable which both branches give one to."""
        found: dict[str, Reference] = {}
        for m in self.merges:
            if m.op == "RefMerge":
                one, other = [
                    inside.output(*self._merged(m, b)[1]) for inside, b in zip(inner, (1, 0), strict=True)
                ]
                if isinstance(one, Reference) and isinstance(other, Reference):
                    if one.variable is not other.variable:
                        continue  # whose value it is
                    found[m.name] = without(inner[0].graph, one)
        return found

    def _fill(self, graphs: Sequence[FuncGraph]) -> None:
        """What only one branch computes has no value in the other."""
        for graph, other in (tuple(graphs), tuple(reversed(graphs))):
            with building(graph, tapes=()):
                graph.outputs = [
                    lookup("FakeParam")(dtype=other.outputs[i]._dtype, shape=other.outputs[i]._raw_shape)
                    if t is None
                    else t
                    for i, t in enumerate(graph.outputs)
                ]


def _has_effects(item: Any) -> bool:
    """Whether running a node, or a loop, does more than give results."""
    plain = _Renamed.plain(item)
    if type(plain) is not Node:
        return any(_has_effects(n) for n in plain.nodes.values())
    op = TABLE.get(RENAMED.get(plain.op, plain.op))
    return counterpart(plain.op) is not None or (op is not None and op.stateful and op.name not in READS)


def _needed(
    candidates: Sequence[Any], ends: Sequence[str], provider: Mapping[str, str]
) -> tuple[list[Any], set[str]]:
    """The candidates that `ends` need, and the names of all that was met on the way."""
    by_name = {i.name: i for i in candidates}
    met: set[str] = set()
    stack = [provider.get(s, s) for s in ends]
    while stack:
        name = stack.pop()
        if name not in met:
            met.add(name)
            if name in by_name:
                stack.extend([provider.get(s, s) for s in by_name[name].sources])
    return [i for i in candidates if i.name in met], met


__all__ = ["MERGE", "SWITCH", "Conditional", "behind", "conditionals"]
