"""Ops that write and read checkpoints. Their work is in `headrace/checkpoint/`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from headrace.core.dtypes import DType
from headrace.core.errors import ShapeError, invalid
from headrace.core.op import REQUIRED, OpDef, ShapeContext
from headrace.core.shapes import Raw
from headrace.core.tape import not_differentiable
from headrace.core.tensor import EagerTensor, wrap


def _text(t: EagerTensor) -> str:
    return t._host().item().decode()


def _texts(t: EagerTensor) -> list[str]:
    return [v.decode() for v in t._host().reshape(-1)]


def _named(
    names: EagerTensor, specs: EagerTensor | None, tensors: Sequence[EagerTensor]
) -> list[tuple[str, str, EagerTensor]]:
    """Name, spec of the part and tensor of each that is to be saved."""
    all_names = _texts(names)
    all_specs = [""] * len(all_names) if specs is None else _texts(specs)
    if len(all_names) != len(tensors):
        raise invalid(f"Got {len(all_names)} tensor names but {len(tensors)} tensors.")
    if len(all_specs) != len(tensors):
        raise invalid(f"Got {len(all_specs)} shapes and slices but {len(tensors)} tensors.")
    return list(zip(all_names, all_specs, tensors))


def _part(spec: str, tensor: EagerTensor) -> Any:
    """The whole's shape and the tensor's place in it; None if it is all there is."""
    from headrace.checkpoint.slicing import parse_spec

    part = parse_spec(spec)
    if part is not None and part[1].shape_in(part[0]) != tensor._raw_shape:
        raise invalid(
            f"Slice in shape_and_slice specification does not match the shape of the tensor to save: {spec}, tensor: "
            f"{list(tensor._raw_shape)}"
        )
    return part


def _save_v2(
    prefix: EagerTensor, names: EagerTensor, specs: EagerTensor, tensors: Sequence[EagerTensor]
) -> list[Any]:
    from headrace.checkpoint.bundle import BundleWriter

    # Specs are looked at first: what they say wrong is said before a file is begun.
    items = [(name, _part(spec, t), t) for name, spec, t in _named(names, specs, tensors)]
    with BundleWriter(_text(prefix)) as writer:
        for name, part, t in items:
            if part is None:
                writer.add(name, t._host(), t._dtype)
            else:
                writer.add_part(name, part[0], part[1], t._host(), t._dtype)
    return []


def _save_slices(
    filename: EagerTensor, names: EagerTensor, specs: EagerTensor | None, data: Sequence[EagerTensor]
) -> list[Any]:
    from headrace.checkpoint.slices_v1 import SliceWriter

    items = [(name, _part(spec, t), t) for name, spec, t in _named(names, specs, data)]
    with SliceWriter(_text(filename)) as writer:
        for name, part, t in items:
            writer.add(name, t._host(), t._dtype, *(part or ()))
    return []


def _restore_v2(
    prefix: EagerTensor, names: EagerTensor, specs: EagerTensor, dtypes: Sequence[DType]
) -> list[EagerTensor]:
    from headrace.checkpoint.reader import open_checkpoint, read_tensor

    wanted, parts = _texts(names), _texts(specs)
    if len(wanted) != len(parts):
        raise invalid(
            f"tensor_names and shape_and_slices have different number of elements: {len(wanted)} vs. {len(parts)}"
        )
    if len(wanted) != len(dtypes):
        raise invalid(f"Got {len(wanted)} tensor names, but {len(dtypes)} expected dtypes.")
    with open_checkpoint(_text(prefix)) as reader:
        return [wrap(read_tensor(reader, *item), item[2]) for item in zip(wanted, parts, dtypes)]


def _restore(pattern: EagerTensor, name: EagerTensor, spec: EagerTensor | None, dt: DType) -> EagerTensor:
    from headrace.checkpoint.reader import read_tensor
    from headrace.checkpoint.slices_v1 import SliceReader

    with SliceReader(_text(pattern)) as reader:
        return wrap(read_tensor(reader, _text(name), "" if spec is None else _text(spec), dt), dt)


def _merge(
    prefixes: EagerTensor, target: EagerTensor, delete_old_dirs: bool, allow_missing_files: bool
) -> list[Any]:
    from headrace.checkpoint.bundle import merge

    merge(_texts(prefixes), _text(target), delete_old_dirs, allow_missing_files)
    return []


# ------------------------------------------------------------------------------------------------------------- shapes
def _saved_shapes(c: ShapeContext) -> list[Raw]:
    if c[0]:
        raise ShapeError(f"The file's name must be a scalar, but has shape {list(c[0] or ())}")
    for i in range(1, len(c)):
        if c.op.signature.inputs[min(i, len(c.op.signature.inputs) - 1)].is_list:
            break
        c.same_rank(i, 1)
    return []


def _shape_of_spec(spec: Any) -> Raw:
    from headrace.checkpoint.slicing import parse_spec

    part = parse_spec(spec.decode())
    return None if part is None else part[1].shape_in(part[0])


def _restored_shapes(c: ShapeContext) -> list[Raw]:
    if c[0]:
        raise ShapeError(f"The prefix must be a scalar, but has shape {list(c[0] or ())}")
    c.same_rank(1, 1), c.same_rank(2, 1)
    n = len(c.attrs["dtypes"])
    specs = c.value(2)
    return [None] * n if specs is None or specs.size != n else [_shape_of_spec(s) for s in specs]


def _restored_shape(c: ShapeContext) -> Raw:
    spec = c.value(2) if len(c) > 2 else None
    return None if spec is None else _shape_of_spec(spec.item())


_COMMON: dict[str, Any] = {"host": True, "stateful": True, "grad": not_differentiable}
SAVE_V2 = OpDef(
    "SaveV2", "prefix: string, tensor_names: string, shape_and_slices: string, tensors: [dtypes] ->",
    shape=_saved_shapes, run=_save_v2, **_COMMON,
)  # fmt: skip
RESTORE_V2 = OpDef(
    "RestoreV2", "prefix: string, tensor_names: string, shape_and_slices: string -> tensors: [dtypes]",
    attrs={"dtypes": REQUIRED}, shape=_restored_shapes, run=_restore_v2, **_COMMON,
)  # fmt: skip
MERGE_V2_CHECKPOINTS = OpDef(
    "MergeV2Checkpoints", "checkpoint_prefixes: string, destination_prefix: string ->",
    attrs={"delete_old_dirs": True, "allow_missing_files": False}, shape=lambda c: [], run=_merge, **_COMMON,
)  # fmt: skip
SAVE = OpDef(
    "Save", "filename: string, tensor_names: string, data: [T] ->",
    shape=_saved_shapes, run=lambda filename, names, data: _save_slices(filename, names, None, data), **_COMMON,
)  # fmt: skip
SAVE_SLICES = OpDef(
    "SaveSlices", "filename: string, tensor_names: string, shapes_and_slices: string, data: [T] ->",
    shape=_saved_shapes, run=_save_slices, **_COMMON,
)  # fmt: skip
# Which of the files is tried first makes no difference to what is read: all of them are looked at.
RESTORE = OpDef(
    "Restore", "file_pattern: string, tensor_name: string -> tensor: dt",
    attrs={"dt": REQUIRED, "preferred_shard": -1}, shape=_restored_shape,
    run=lambda pattern, name, dt, preferred_shard: _restore(pattern, name, None, dt), **_COMMON,
)  # fmt: skip
RESTORE_SLICE = OpDef(
    "RestoreSlice", "file_pattern: string, tensor_name: string, shape_and_slice: string -> tensor: dt",
    attrs={"dt": REQUIRED, "preferred_shard": -1}, shape=_restored_shape,
    run=lambda pattern, name, spec, dt, preferred_shard: _restore(pattern, name, spec, dt), **_COMMON,
)  # fmt: skip


def _filespec(basename: np.ndarray, num_shards: np.ndarray) -> np.ndarray:
    out = np.empty((), object)
    out[()] = b"%s-?????-of-%05d" % (basename.item(), num_shards)
    return out


SHARDED_FILESPEC = OpDef(
    "ShardedFilespec", "basename: string, num_shards: int32 -> filename: string",
    shape=lambda c: (), kernel=_filespec, host=True, grad=not_differentiable,
)  # fmt: skip
# TensorFlow's savers say so to its variables. A variable here is read without a copy in any case.
DISABLE_COPY_ON_READ = OpDef(
    "DisableCopyOnRead", "resource: resource ->", shape=lambda c: [], run=lambda resource: [], **_COMMON
)
