"""Ops that run graphs, in their functional form, and their gradients.

    inner.py         the graphs that are run: what they read, write and capture
    calls.py         calls
    conditionals.py  If and Case
    loops.py         While

Lowering inlines calls; conditionals and loops become StableHLO regions. Where a region cannot be compiled (it prints, its
shapes change from one iteration to the next …) the op runs on the host and its graphs are compiled one by one."""

from .calls import CALL, STATEFUL_CALL, call
from .conditionals import Undefined, branches_of, conditional
from .inner import READS, hoist_reads, inner_graphs, is_stateful, unify_inputs, writes
from .loops import invariant, loop

__all__ = [
    "CALL",
    "READS",
    "STATEFUL_CALL",
    "Undefined",
    "branches_of",
    "call",
    "conditional",
    "hoist_reads",
    "inner_graphs",
    "invariant",
    "is_stateful",
    "loop",
    "unify_inputs",
    "writes",
]
