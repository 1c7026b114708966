"""Variables as graphs of TensorFlow 1.x have them: `VariableV2` gives a reference, which ops take that change the variable.

These rows say what such graphs look like. None has rules for running: before a graph runs, each op becomes the one that
does the same to the variable's handle (`OpDef.on_handle`), and whatever else takes a reference takes a read at that place
(`session/dereference.py`). The other way round, an op on handles that is given a reference adds its form for references
(`OpDef.by_reference`): code that changes variables is written once."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from headrace.core import dtypes, errors
from headrace.core.errors import ShapeError
from headrace.core.op import REQUIRED, OpDef, ShapeContext, lookup
from headrace.core.shapes import Raw, compatible, merge, text
from headrace.core.tape import not_differentiable

from . import state, training, variable_parts  # noqa: F401 - their rows are looked up below
from .array import IDENTITY


def _in_graphs_only(name: str) -> Any:
    def run(*_: Any, **__: Any) -> None:
        raise errors.UnimplementedError(
            None,
            None,
            f"{name} changes a variable by reference, which only graphs of 1.x have: use {name}'s form for resources.",
        )

    return run


def _row(
    name: str, signature: str, on_handle: str, attrs: Mapping[str, Any] | None = None, *, refers: bool = True,
    shape: Any = lambda c: c[0], types: Mapping[str, Any] | None = None,
) -> OpDef:  # fmt: skip
    """An op on references, and the op on handles that takes its place; given a reference, that one becomes this."""
    op = OpDef(
        name, signature, attrs=attrs, types=types, shape=shape, run=_in_graphs_only(name), stateful=True, grad=not_differentiable
    )  # fmt: skip
    op.refers, op.on_handle = refers, lookup(on_handle)
    if op.signature.inputs and op.on_handle.by_reference is None:
        op.on_handle.by_reference = op
    return op


_VARIABLE = {"shape": REQUIRED, "dtype": REQUIRED, "container": "", "shared_name": ""}
VARIABLE = _row("VariableV2", "-> ref: dtype", "VarHandleOp", _VARIABLE, shape=lambda c: c.attrs["shape"])
_row("Variable", "-> ref: dtype", "VarHandleOp", _VARIABLE, shape=lambda c: c.attrs["shape"])


def _assigned_shape(c: ShapeContext) -> Raw:
    if not c.attrs.get("validate_shape", True):
        return c[1]
    if not compatible(c[0], c[1]):
        raise ShapeError(f"A variable of shape {text(c[0])} cannot be assigned a value of shape {text(c[1])}")
    return merge(c[0], c[1])


_UPDATE = "ref: T, value: T -> output_ref: T"
ASSIGN = _row(
    "Assign",
    _UPDATE,
    "AssignVariableOp",
    {"validate_shape": True, "use_locking": True},
    shape=_assigned_shape,
)
_row("AssignAdd", _UPDATE, "AssignAddVariableOp", {"use_locking": False}, shape=_assigned_shape)
_row("AssignSub", _UPDATE, "AssignSubVariableOp", {"use_locking": False}, shape=_assigned_shape)
_row("IsVariableInitialized", "ref: dtype -> is_initialized: bool", "VarIsInitializedOp", refers=False, shape=lambda c: ())  # fmt: skip
COUNT_UP_TO = _row("CountUpTo", "ref: T -> output: T", "ResourceCountUpTo", {"limit": REQUIRED}, refers=False)

_SCATTER = "ref: T, indices: Tindices, updates: T -> output_ref: T"


def _scattered_shape(c: ShapeContext) -> Raw:
    state.check_scattered(c[0], c[1], c[2])
    return c[0]


for _kind in ("Add", "Sub", "Mul", "Div", "Min", "Max", "Update"):
    _row(f"Scatter{_kind}", _SCATTER, f"ResourceScatter{_kind}", {"use_locking": _kind == "Update"},
         types={"Tindices": dtypes.INDEX}, shape=_scattered_shape)  # fmt: skip
for _kind in ("Update", "Add", "Sub", "Min", "Max"):
    _row(f"ScatterNd{_kind}", _SCATTER, f"ResourceScatterNd{_kind}",
         {"use_locking": _kind == "Update", "bad_indices_policy": ""}, types={"Tindices": dtypes.INDEX})  # fmt: skip
_row(
    "StridedSliceAssign", "ref: T, begin: Index, end: Index, strides: Index, value: T -> output_ref: T",
    "ResourceStridedSliceAssign", lookup("ResourceStridedSliceAssign").attrs, types={"Index": dtypes.INDEX},
)  # fmt: skip


def _training_rows() -> None:
    """`ApplyAdam` and the like, of `ResourceApplyAdam`: the variables are references, and the first one is what comes out."""
    from headrace.core.op import TABLE

    for name, op in list(TABLE.items()):
        if re.match(r"Resource(Sparse)?Apply(?!Keras|AdamWithAms)", name):
            signature = op._text.replace(": resource", ": T").replace("->", "-> out: T")
            _row(name.removeprefix("Resource"), signature, name, op.attrs, types=op.types)


_training_rows()


# ------------------------------------------------------------------------------- what asks something of a variable's value
def _by_reference(name: str) -> Any:
    def attach(rule: Any) -> Any:
        lookup(name).by_reference = rule
        return rule

    return attach


@_by_reference("ReadVariableOp")
def _read(resource: Any, dtype: Any = None, name: str | None = None) -> Any:
    return IDENTITY(resource, name=name)


@_by_reference("VariableShape")
def _shape(input: Any, out_type: Any = dtypes.int32, name: str | None = None) -> Any:
    return lookup("Shape")(input, out_type=out_type, name=name)


@_by_reference("ResourceGather")
def _gather(
    resource: Any, indices: Any, dtype: Any = None, batch_dims: int = 0, validate_indices: bool = True,
    name: str | None = None,
) -> Any:  # fmt: skip
    return lookup("GatherV2")(resource, indices, 0, batch_dims=batch_dims, name=name)


@_by_reference("ResourceCountUpTo")
def _count_up_to(resource: Any, limit: int, T: Any = None, name: str | None = None) -> Any:
    return COUNT_UP_TO(resource, limit=limit, name=name)


REF_IDENTITY = OpDef(
    "RefIdentity",
    "input: T -> output: T",
    shape=lambda c: c[0],
    run=_in_graphs_only("RefIdentity"),
    stateful=True,
)
REF_IDENTITY.refers = True

# The handle of a variable that the graph has a reference to: what functions, branches and loops take. It is known here only.
HANDLE = OpDef(
    "VariableHandle", "ref: T -> handle: resource", shape=lambda c: (), run=_in_graphs_only("VariableHandle"), stateful=True,
    grad=lambda op, g: [g],
)  # fmt: skip

__all__ = ["ASSIGN", "HANDLE", "REF_IDENTITY", "VARIABLE"]
