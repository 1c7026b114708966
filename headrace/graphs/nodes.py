"""Nodes of messages before they are operations: what they refer to, and an order in which they can be made."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Any

from headrace.core.errors import NotFoundError
from headrace.core.op import Arg, Signature, lookup

from .attributes import Malformed

_NAME = re.compile(r"^[A-Za-z0-9_.][A-Za-z0-9_.\\/>-]*$")

# Signatures of the ops that importing a graph replaces by others.
_REF_UPDATE = "ref: T, value: T -> output_ref: T"
_SCATTER = "ref: T, indices: Tindices, updates: T -> output_ref: T"
REPLACED = {
    name: Signature(text)
    for name, text in {
        "Switch": "data: T, pred: bool -> output_false: T, output_true: T",
        "Merge": "inputs: N*T -> output: T, value_index: int32",
        "Enter": "data: T -> output: T",
        "Exit": "data: T -> output: T",
        "NextIteration": "data: T -> output: T",
        "LoopCond": "input: bool -> output: bool",
        "Variable": "-> ref: dtype",
        "VariableV2": "-> ref: dtype",
        "TemporaryVariable": "-> ref: dtype",
    }.items()
}
for _name in ("Switch", "Merge", "Enter", "Exit", "NextIteration"):
    REPLACED[f"Ref{_name}"] = REPLACED[_name]


class Node:
    """A node's message, with its inputs as (name of a node, index of its output) and the names of its control inputs."""

    __slots__ = ("controls", "inputs", "message", "name", "op")

    def __init__(self, message: Any) -> None:
        self.message, self.name, self.op = message, message.name, message.op
        self.inputs: list[tuple[str, Any]] = []
        self.controls: list[str] = []

    @property
    def sources(self) -> Iterable[str]:
        """The names of the nodes that must be made first."""
        return [name for name, _ in self.inputs] + self.controls

    def __repr__(self) -> str:
        return f"<node {self.name!r} ({self.op})>"


def graph_nodes(messages: Iterable[Any], mapped: Iterable[Any] = ()) -> dict[str, Node]:
    """The nodes of a graph by name, with inputs written `node:1`.

    Args:
      mapped: inputs that need not be there, as (name, index), since something else takes their place.

    Raises:
      Malformed: a name is no name, or not unique; an input is not there.
    """
    nodes: dict[str, Node] = {}
    others = {(name, str(index)) for name, index in mapped}
    for message in messages:
        name = message.name
        if not _NAME.match(name):
            raise Malformed(f"Node '{name}': Node name contains invalid characters")
        if name in nodes:
            raise Malformed(f"Node '{name}' is not unique")
        if not message.op:
            raise Malformed(f"Node '{name}' does not specify an operation")
        nodes[name] = Node(message)
    for node in nodes.values():
        inputs, controls = node.inputs, node.controls
        for text in node.message.input:
            if text[:1] == "^":
                controls.append(text[1:])
                if text[1:] not in nodes and (text[1:], None) not in mapped:
                    raise Malformed(f"Node '{node.name}': Unknown input node '{text}'")
                continue
            if controls:
                raise Malformed(
                    f"Node '{node.name}': Control dependencies must come after regular dependencies"
                )
            if text in nodes:
                inputs.append((text, 0))
                continue
            source, _, index = text.rpartition(":")
            if (text, 0) in mapped or ((source, index) in others):
                inputs.append((text, 0) if (text, 0) in mapped else (source, int(index)))
                continue
            if source not in nodes or not index.isdecimal() or (len(index) > 1 and index[0] == "0"):
                raise Malformed(f"Node '{node.name}': Unknown input node '{text}'")
            inputs.append((source, int(index)))
    return nodes


def function_nodes(definition: Any) -> tuple[dict[str, Node], Any]:
    """The nodes of a function by name, with inputs written `node:output:1` or `argument`; and a function that gives
    (node, index) for such a text."""
    arguments = {a.name for a in definition.signature.input_arg}
    nodes: dict[str, Node] = {}
    for message in definition.node_def:
        if message.name in nodes or message.name in arguments:
            raise Malformed(f"Node '{message.name}' is not unique in function {definition.signature.name!r}")
        nodes[message.name] = Node(message)

    def refer(text: str, user: str) -> tuple[str, int]:
        if text in arguments:
            return text, 0
        source, _, rest = text.partition(":")
        if source not in nodes:
            raise Malformed(
                f"Node '{user}': Unknown input node '{text}' in function {definition.signature.name!r}"
            )
        argument, _, index = rest.partition(":")
        return source, output_index(nodes[source].message, argument, int(index) if index.isdecimal() else 0)

    for node in nodes.values():
        for text in node.message.input:
            if text[:1] != "^":
                node.inputs.append(refer(text, node.name))
            elif text[1:] in nodes:
                node.controls.append(text[1:])
            elif text[1:] not in arguments:
                raise Malformed(f"Node '{node.name}': Unknown input node '{text}'")
    return nodes, refer


def signature_of(op: str) -> Signature | None:
    """The signature of an op type, ours or replaced; None where it is none that we know."""
    found = REPLACED.get(op)
    if found is not None:
        return found
    try:
        return lookup(op).signature
    except NotFoundError:
        return None


def output_index(message: Any, argument: str, index: int) -> int:
    """The place among all outputs of the i-th tensor of one output argument."""
    signature = signature_of(message.op)
    if signature is None or not argument:
        return index
    offset = 0
    for arg in signature.outputs:
        if arg.name == argument:
            return offset + index
        offset += _size(message, arg)
    raise Malformed(f"Node '{message.name}' ({message.op}) has no output {argument!r}")


def _size(message: Any, arg: Arg) -> int:
    if arg.type_list_attr:
        return len(message.attr[arg.type_list_attr].list.type)
    return message.attr[arg.number_attr].i if arg.number_attr else 1


def ordered(items: Sequence[Any], given: Iterable[str] = ()) -> list[Any]:
    """Items with a `name` and `sources` in an order in which they can be made, as near to the given one as it can be.

    Args:
      given: names that are there already.
    """
    made = set(given)
    for item in items:
        if any(s not in made for s in item.sources):
            break
        made.add(item.name)
    else:
        return list(items)
    by_name = {item.name: item for item in items}
    out: list[Any] = []
    done: dict[str, bool] = {}  # False: its sources are being made
    for root in items:
        stack = [(root, False)]
        while stack:
            item, ready = stack.pop()
            if ready:
                done[item.name] = True
                out.append(item)
            elif item.name not in done:
                done[item.name] = False
                stack.append((item, True))
                for source in item.sources:
                    other = by_name.get(source)
                    if other is None or done.get(source):
                        continue
                    if source in done:
                        raise Malformed(
                            f"{len(by_name) - len(out)} nodes in a cycle, {item.name!r} among them"
                        )
                    stack.append((other, False))
    return out


__all__ = ["REPLACED", "Node", "function_nodes", "graph_nodes", "ordered", "output_index", "signature_of"]
