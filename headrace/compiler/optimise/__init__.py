"""Graphs made smaller before they are planned and compiled.

`optimised(graph)` walks a graph once, in program order, and builds another from what is left. Each rule is a function of
one node (its inputs already replaced) that gives the tensors to take in the place of its outputs, or None:

| file | rule | what it is for |
|---|---|---|
| `inline.py` | conditionals whose predicate is known, calls of functions with host ops | host ops inside of a call no longer force all of it onto the host |
| `fold.py` | ops on known values, shapes that are known | host ops on constants (strings, tables of indices …) run once, and no longer cut programs in two |
| `simplify.py` | ops that do nothing: `x * 1`, a cast there and back, two transposes that cancel … | fewer ops to trace and compile, fewer steps on the host |
| `merge.py` | the same op on the same inputs | gradients ask for the same shapes and reshapes again and again |
| `rows.py` | updates of rows that were made unique before | training steps stay whole: how many rows there are, the host alone knows |
| `dead.py` | what nobody needs any more | |

Graphs that compile whole are left as they are. XLA does all of this in the programs that it compiles, and lowering folds
what is known: on a training step of 400 ops the walk cost 5 ms and saved 1 ms of lowering and none of compiling. Where ops
run on the host (strings, data-dependent shapes, prints …) XLA sees only the pieces between them, and the rules pay.

Left out for good, because it is XLA's and nothing was gained by repeating it: fusion, the order of dimensions in memory
(layouts; convolutions choose theirs in `ops/`), elementwise code between two transposes, strength reduction, chains of
reshapes. Anything that would change a result's last bit is left out, too.

Results, effects and their order, and the names and lines that errors show stay what they were: ops with state, with control
inputs and with random numbers are never folded or merged, and an op whose inputs were replaced keeps its name and line."""

from __future__ import annotations

from headrace.core.graph import FuncGraph

from .inline import has_host_ops
from .options import DEFAULT, NOTHING, Passes, passes, set_passes
from .rewriter import Rewriter

__all__ = ["DEFAULT", "NOTHING", "Passes", "optimised", "passes", "set_passes"]


def optimised(graph: FuncGraph) -> FuncGraph:
    """The graph to plan and run in the place of `graph`: it has the same inputs, and as many outputs of the same types.
    Which rules are used is `graph.memo["passes"]`, or what `set_passes` says."""
    chosen = graph.memo.get("passes") or passes()
    return graph if chosen.none or not has_host_ops(graph) else Rewriter(graph, chosen).result()
