"""`for x in dataset` and `for x in iterator` in functions: loops of graphs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from headrace.compiler.autograph.branches import scalar
from headrace.compiler.autograph.loops import Body, Getter, Setter, Test, _staged_while, register_for
from headrace.core.op import lookup
from headrace.core.state import state
from headrace.ops.functional import inner_graphs

from .iterator import Iterator
from .optional import Optional


def for_stmt(
    iterated: Any,
    extra_test: Test | None,
    body: Body,
    get_state: Getter,
    set_state: Setter,
    names: tuple[str, ...],
    opts: Mapping[str, Any],
) -> None:
    """Takes elements as Optionals: the loop goes on while there is one."""
    iterator = iterated if isinstance(iterated, Iterator) else Iterator(iterated)
    spec = iterator.element_spec
    upcoming = iterator.get_next_as_optional()._variant_tensor

    def get() -> tuple[Any, ...]:
        return upcoming, *get_state()

    def set_(values: Any) -> None:
        nonlocal upcoming
        upcoming = values[0]
        set_state(tuple(values[1:]))

    def test() -> Any:
        more = Optional(upcoming, spec).has_value()
        return more if extra_test is None else lookup("LogicalAnd")(more, scalar(extra_test(), "for loop"))

    def run() -> None:
        nonlocal upcoming
        graph = state.graph
        assert graph is not None
        before = len(graph.operations)
        body(Optional(upcoming, spec).get_value())
        # The next element may depend on what the body did, or fail: it is taken after that.
        effects = [n for n in graph.operations[before:] if n.op_def.stateful or inner_graphs(n)]
        if extra_test is None:
            with graph.control_dependencies(effects):
                upcoming = iterator.get_next_as_optional()._variant_tensor
            return
        from headrace.api import control

        going_on = scalar(extra_test(), "for loop")
        with graph.control_dependencies(effects):
            upcoming = control.cond(  # what comes after a `break` stays in the iterator
                going_on,
                lambda: iterator.get_next_as_optional()._variant_tensor,
                lambda: Optional.empty(spec)._variant_tensor,
            )

    _staged_while(test, run, get, set_, ("<next element>", *names), opts)


def register() -> None:
    from .dataset import Dataset

    register_for(Iterator, for_stmt)
    register_for(Dataset, for_stmt)


__all__ = ["register"]
