"""A graph's ops, shapes, FLOPs and memory, and the plan of running it, as numbers and as text."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from headrace.core.graph import Graph

MOST = 20  # reasons of a step that are printed


class Report:
    """What `inspect` found.

    Attributes:
      name: the graph's, or the file's.
      types: `(op type, how many, FLOPs)`, the most frequent first.
      needed: how many of these ops the outputs need.
      inputs, outputs, variables: `(name, dtype, shape)`, of what is needed; of an operation the type stands for the dtype.
      parameters, parameter_bytes: of the variables; `slots`, `slot_bytes`: of what optimizers keep beside them;
        `constant_bytes`: of the constants.
      flops: of computing the outputs, and all they need, once. A loop counts as often as it runs, if that can be told (`endless`:
        how many loops there are whose bodies count once), of conditionals the costliest branch.
      activation_bytes: of all results on the way, each iteration of a loop in the memory of the one before; `peak_bytes`: of
        those that are needed at the same time, op by op. What XLA fuses has no memory at all: these are upper bounds.
      steps: the plan: `(kind, op names, reasons)` with kind "compiled" or "host"; reasons says why of each on the host.
      unknown: how many shapes had dims that are not known. Those of inputs count as `dim`, others as what follows from them.
      assumed: whether `dim` was needed. `unranked`: how many results count nothing, since nothing is known of their shapes.
      missing: op types that are not known here: these, and what needs them, count in `types` only.
    """

    def __init__(self, name: str, dim: int) -> None:
        self.name, self.dim = name, dim
        self.types: list[tuple[str, int, int]] = []
        self.inputs: list[tuple[str, str, Any]] = []
        self.outputs: list[tuple[str, str, Any]] = []
        self.variables: list[tuple[str, str, Any]] = []
        self.needed = self.parameters = self.parameter_bytes = self.slots = self.slot_bytes = 0
        self.flops = self.activation_bytes = self.peak_bytes = self.constant_bytes = 0
        self.unknown = self.unranked = self.endless = 0
        self.assumed = False
        self.steps: list[tuple[str, list[str], dict[str, str]]] = []
        self.missing: list[str] = []
        self.graph: Graph | None = None

    def as_dict(self) -> dict[str, Any]:
        """Everything as lists, dictionaries, strings and numbers, for `json.dumps`."""
        tensors = {
            key: [{"name": n, "dtype": d, "shape": s} for n, d, s in getattr(self, key)]
            for key in ("inputs", "outputs", "variables")
        }
        return {
            "name": self.name,
            "ops": [{"type": t, "count": n, "flops": f} for t, n, f in self.types],
            **tensors,
            "parameters": self.parameters,
            "parameter_bytes": self.parameter_bytes,
            "slots": self.slots,
            "slot_bytes": self.slot_bytes,
            "constant_bytes": self.constant_bytes,
            "flops": self.flops,
            "activation_bytes": self.activation_bytes,
            "peak_bytes": self.peak_bytes,
            "needed_ops": self.needed,
            "unknown_shapes": self.unknown,
            "unknown_ranks": self.unranked,
            "loops_of_unknown_length": self.endless,
            "unknown_dim_counts_as": self.dim if self.assumed else None,
            "steps": [{"kind": k, "ops": names, "reasons": reasons} for k, names, reasons in self.steps],
            "missing_ops": self.missing,
        }

    def __str__(self) -> str:
        return "\n".join(self._lines())

    def _lines(self) -> Iterable[str]:
        n = sum(count for _, count, _ in self.types)
        part = f", the outputs need {self.needed}" if self.graph is not None and self.needed < n else ""
        yield f"{self.name}: {n} ops of {len(self.types)} types{part}"
        for label in ("inputs", "outputs", "variables"):
            yield from _tensors(label, getattr(self, label))
        yield ""
        width = max([4, *[len(t) for t, _, _ in self.types]])
        yield f"  {'type':<{width}}  count  FLOPs"
        for kind, count, cost in self.types:
            yield f"  {kind:<{width}}  {count:>5}  {_number(cost) if cost else '-':>6}"
        yield ""
        if self.missing:
            yield f"  not known here: {', '.join(self.missing)}; what needs them is left out of what follows"
        if self.graph is None:
            return
        yield f"  FLOPs        {_number(self.flops)}{self._notes()}"
        kept = (
            f", and {_number(self.slots)} ({_bytes(self.slot_bytes)}) of an optimizer" if self.slots else ""
        )
        yield f"  parameters   {_number(self.parameters)} ({_bytes(self.parameter_bytes)}){kept}"
        yield f"  constants    {_bytes(self.constant_bytes)}"
        yield f"  activations  {_bytes(self.activation_bytes)}, {_bytes(self.peak_bytes)} at a time"
        yield ""
        hosted = any(kind == "host" for kind, _, _ in self.steps)
        yield f"  plan: {len(self.steps)} step(s){'' if hosted else ', all compiled'}"
        for i, (kind, names, reasons) in enumerate(self.steps):
            yield f"  {i}. {kind}: {len(names)} op(s)"
            for name, why in list(reasons.items())[:MOST]:
                yield f"       {name}: {why}"
            if len(reasons) > MOST:
                yield f"       and {len(reasons) - MOST} more (--json lists them)"

    def _notes(self) -> str:
        """What the numbers are based on."""
        notes = [f"{self.dim} for each dim that is not known"] if self.assumed else []
        if self.endless:
            notes.append(f"{self.endless} loop(s) of unknown length counted once")
        if self.unranked:
            notes.append(f"{self.unranked} result(s) of unknown rank not counted")
        return f", with {'; '.join(notes)}" if notes else ""

    def __repr__(self) -> str:
        return f"<Report {self.name}: {sum(n for _, n, _ in self.types)} ops, {self.flops} FLOPs>"

    def html(self) -> str:
        """A page with the numbers and a picture of the graph, scope by scope."""
        from .drawing import page

        return page(self)

    def svg(self, depth: int = 1) -> str:
        """A picture of the graph, with scopes opened down to `depth`."""
        from .drawing import picture

        if self.graph is None:
            raise ValueError(f"There is no graph to draw: nothing does without {', '.join(self.missing)}.")
        return picture(self.graph, depth)


def _tensors(label: str, rows: Sequence[tuple[str, str, Any]], most: int = 12) -> Iterable[str]:
    for i, (name, dtype, shape) in enumerate(rows[:most]):
        dims = (
            ""
            if dtype == "operation"
            else "?"
            if shape is None
            else f"[{', '.join(['?' if d is None else str(d) for d in shape])}]"
        )
        yield f"  {label if not i else '':<10} {name}  {dtype} {dims}".rstrip()
    if len(rows) > most:
        yield f"  {'':<10} and {len(rows) - most} more"


def _number(n: float) -> str:
    """1234567 as 1.23M."""
    for size, unit in ((1e12, "T"), (1e9, "G"), (1e6, "M"), (1e3, "k")):
        if n >= size:
            return f"{n / size:.3g}{unit}"
    return str(int(n))


def _bytes(n: float) -> str:
    for size, unit in ((1 << 40, "TiB"), (1 << 30, "GiB"), (1 << 20, "MiB"), (1 << 10, "KiB")):
        if n >= size:
            return f"{n / size:.3g} {unit}"
    return f"{int(n)} B"
