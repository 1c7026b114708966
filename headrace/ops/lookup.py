"""Ops on lookup tables: a handle tensor holds a table (`tables.py`), which they fill, ask, change and copy out. All of them
run on the host."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Any

import numpy as np

from headrace.core import dtypes, errors
from headrace.core.dtypes import DType
from headrace.core.errors import ShapeError, invalid
from headrace.core.op import REQUIRED, OpDef, ShapeContext
from headrace.core.shapes import Raw
from headrace.core.tape import not_differentiable
from headrace.core.tensor import boxed

from .strings import parse_number
from .tables import NUMBERS, DenseTable, MutableTable, StaticTable, Table, show

# ------------------------------------------------------------------------------------------------------------ handles
_SHARED: dict[tuple[str, str], Table] = {}  # tables that graphs refer to by name, over many runs


def _shared(make: Any, container: Any, shared_name: Any) -> np.ndarray:
    """The table of that name, made if there is none; a new one where no name is given."""
    table = make()
    if shared_name:
        found = _SHARED.setdefault((str(container), str(shared_name)), table)
        same = (found.key_dtype, found.value_dtype, found.value_shape, type(found))
        if same != (table.key_dtype, table.value_dtype, table.value_shape, type(table)):
            raise invalid(
                f"Conflicting key/value dtypes {table.key_dtype.name}->{table.value_dtype.name} with "
                f"{found.key_dtype.name}->{found.value_dtype.name} for table {shared_name}"
            )
        table = found
    return boxed(table)


def table_of(handle: np.ndarray) -> Table:
    """The table a handle refers to.

    Raises:
      InvalidArgumentError: it refers to something else.
      NotFoundError: the table was destroyed.
    """
    table = handle.item()
    if not isinstance(table, Table):
        raise invalid(
            f"Trying to access a handle's resource using the wrong type: {table!r} is no lookup table."
        )
    if table.destroyed:
        raise errors.NotFoundError(None, None, f"{table!r} does not exist any more: it was destroyed.")
    return table


_NAMED: dict[str, Any] = {"container": "", "shared_name": "", "use_node_name_sharing": False}
_TYPES: dict[str, Any] = {"key_dtype": REQUIRED, "value_dtype": REQUIRED}
_DENSE: dict[str, Any] = {
    "value_dtype": REQUIRED,
    "value_shape": (),
    "initial_num_buckets": 131072,
    "max_load_factor": 0.8,
}


def _maker(name: str, signature: str, attrs: dict[str, Any], make: Any, named: bool) -> OpDef:
    def kernel(
        *inputs: np.ndarray, container: Any = "", shared_name: Any = "", use_node_name_sharing: bool = False, **given: Any
    ) -> np.ndarray:  # fmt: skip
        return _shared(lambda: make(*inputs, **given), container, shared_name)

    return OpDef(
        name,
        signature,
        attrs={**(_NAMED if named else {}), **attrs},
        shape=lambda c: (),
        kernel=kernel,
        stateful=True,
        host=True,
        grad=not_differentiable,
    )


def _makers(name: str, anonymous: str, attrs: dict[str, Any], make: Any, inputs: str = "") -> list[OpDef]:
    signature = f"{inputs}-> table_handle: resource"
    return [_maker(name, signature, attrs, make, True), _maker(anonymous, signature, attrs, make, False)]


def _make_dense(
    empty: np.ndarray, deleted: np.ndarray, value_dtype: DType, value_shape: Any, initial_num_buckets: int,
    max_load_factor: float,
) -> DenseTable:  # fmt: skip
    return DenseTable(
        dtypes.from_numpy(empty.dtype), value_dtype, tuple(value_shape), empty, deleted, initial_num_buckets,
        max_load_factor,
    )  # fmt: skip


HASH_TABLE, ANONYMOUS_HASH_TABLE = _makers("HashTableV2", "AnonymousHashTable", _TYPES, StaticTable)
MUTABLE, ANONYMOUS_MUTABLE = _makers("MutableHashTableV2", "AnonymousMutableHashTable", _TYPES, MutableTable)
OF_TENSORS, ANONYMOUS_OF_TENSORS = _makers(
    "MutableHashTableOfTensorsV2",
    "AnonymousMutableHashTableOfTensors",
    {**_TYPES, "value_shape": ()},
    lambda key_dtype, value_dtype, value_shape: MutableTable(key_dtype, value_dtype, tuple(value_shape)),
)
DENSE, ANONYMOUS_DENSE = _makers(
    "MutableDenseHashTableV2",
    "AnonymousMutableDenseHashTable",
    _DENSE,
    _make_dense,
    "empty_key: key_dtype, deleted_key: key_dtype ",
)


# ---------------------------------------------------------------------------------------------------------------- ops
def _shapes(c: ShapeContext) -> tuple[Raw, int] | None:
    """(shape of a value, rank of a key) of the table behind the handle, if they are known."""
    data = c.inputs[0].__dict__.get("_handle_data")
    return None if data is None or len(data) < 3 else (data[1], data[2])


def _find_shape(c: ShapeContext) -> Raw:
    known = _shapes(c)
    if known is None or c[1] is None or known[0] is None:
        return None
    if len(c[1]) < known[1]:
        raise ShapeError(f"Keys of shape {list(c[1])} are fewer than of the table's key rank {known[1]}")
    return c[1][: len(c[1]) - known[1]] + known[0]


def _run_find(table_handle: np.ndarray, keys: np.ndarray, default_value: np.ndarray) -> np.ndarray:
    table = table_of(table_handle)
    table.check_types(keys, default_value)
    return table.lookup(keys, default_value)


FIND = OpDef(
    "LookupTableFindV2", "table_handle: resource, keys: Tin, default_value: Tout -> values: Tout",
    shape=_find_shape, kernel=_run_find, stateful=True, host=True, checked=True, grad=not_differentiable,
)  # fmt: skip


def _changer(name: str, signature: str, change: Any, **options: Any) -> OpDef:
    def kernel(table_handle: np.ndarray, *args: Any, **attrs: Any) -> list[Any]:
        change(table_of(table_handle), *args, **attrs)
        return []

    return OpDef(
        name, signature, shape=lambda c: [], kernel=kernel, stateful=True, host=True, checked=True,
        grad=not_differentiable, **options,
    )  # fmt: skip


def _insert(table: Table, keys: np.ndarray, values: np.ndarray) -> None:
    table.check_values(keys, values)
    table.insert(keys, values)


def _remove(table: Table, keys: np.ndarray) -> None:
    table.check_types(keys)
    table.outer(keys)
    table.remove(keys)


def _import(table: Table, keys: np.ndarray, values: np.ndarray) -> None:
    if isinstance(table, DenseTable):
        table.check_types(keys, values)
    else:
        table.check_values(keys, values)
    table.fill(keys, values)


def _initialize(table: Table, keys: np.ndarray, values: np.ndarray) -> None:
    static = _initializable(table)
    if keys.ndim != 1:
        raise invalid(f"Keys must be a vector, but received shape {list(keys.shape)}")
    static.check_values(keys, values)
    static.fill(keys, values)


def _initializable(table: Table) -> StaticTable:
    if not isinstance(table, StaticTable):
        raise invalid(f"{table!r} is not initializable: insert into it instead.")
    return table


INSERT = _changer("LookupTableInsertV2", "table_handle: resource, keys: Tin, values: Tout ->", _insert)
REMOVE = _changer("LookupTableRemoveV2", "table_handle: resource, keys: Tin ->", _remove)
IMPORT = _changer("LookupTableImportV2", "table_handle: resource, keys: Tin, values: Tout ->", _import)
INITIALIZE = _changer("InitializeTableV2", "table_handle: resource, keys: Tkey, values: Tval ->", _initialize)

SIZE = OpDef(
    "LookupTableSizeV2", "table_handle: resource -> size: int64", shape=lambda c: (),
    kernel=lambda table_handle: np.asarray(table_of(table_handle).size(), np.int64),
    stateful=True, host=True, checked=True, grad=not_differentiable,
)  # fmt: skip


def _run_export(table_handle: np.ndarray, Tkeys: DType, Tvalues: DType) -> tuple[np.ndarray, np.ndarray]:
    table = table_of(table_handle)
    if (Tkeys, Tvalues) != (table.key_dtype, table.value_dtype):
        raise invalid(f"Signature mismatch: {table!r} does not export {Tkeys.name} and {Tvalues.name}")
    return table.export()


EXPORT = OpDef(
    "LookupTableExportV2", "table_handle: resource -> keys: Tkeys, values: Tvalues",
    attrs={"Tkeys": REQUIRED, "Tvalues": REQUIRED}, shape=lambda c: [None, None], kernel=_run_export,
    stateful=True, host=True, checked=True, grad=not_differentiable,
)  # fmt: skip


# --------------------------------------------------------------------------------------------------------- text files
WHOLE_LINE, LINE_NUMBER = -2, -1


def _lines(path: str, vocab_size: int) -> list[bytes]:
    """The lines of a file, without their ends (of either kind)."""
    try:
        with open(path, "rb") as file:
            data = file.read()
    except FileNotFoundError:
        raise errors.NotFoundError(None, None, f"{path}; No such file or directory") from None
    except IsADirectoryError:
        raise errors.FailedPreconditionError(None, None, f"{path}; Is a directory") from None
    except PermissionError:
        raise errors.PermissionDeniedError(None, None, f"{path}; Permission denied") from None
    if not data:
        raise errors.OutOfRangeError(None, None, f"{path} is empty: a table needs a line at least.")
    lines = data.split(b"\n")
    if not lines[-1]:
        lines.pop()
    if b"\r" in data:
        lines = [line[:-1] if line.endswith(b"\r") else line for line in lines]
    if vocab_size >= 0:
        if len(lines) < vocab_size:
            raise invalid(f"Invalid vocab_size in {path}: expected {vocab_size} but got {len(lines)}")
        lines = lines[:vocab_size]
    if b"" in lines:
        raise invalid(f"Invalid content in {path}: line {lines.index(b'')} is empty.")
    return lines


def _column(fields: Sequence[bytes], dtype: DType) -> np.ndarray:
    if dtype is dtypes.string:
        column = np.empty(len(fields), object)
        column[:] = fields
        return column
    if dtype not in NUMBERS:
        raise invalid(f"Data type {dtype.name} not supported.")
    numbers = [parse_number(field, dtype) for field in fields]
    if None in numbers:
        i = numbers.index(None)
        raise invalid(f"Field {show(fields[i])} in line {i} is not a valid {dtype.name}.")
    return np.array(numbers, dtype._np)


def _initialize_from_file(
    table: Table, filename: np.ndarray, key_index: int, value_index: int, vocab_size: int, delimiter: Any, offset: int
) -> None:  # fmt: skip
    static = _initializable(table)
    if filename.ndim:
        raise invalid(f"filename should be a single string, but got shape {list(filename.shape)}")
    path = os.fsdecode(filename.item())
    delimiter = delimiter.encode() if isinstance(delimiter, str) else delimiter
    if len(delimiter) != 1:
        raise invalid("delimiter should be only 1 char")
    lines = _lines(path, vocab_size)
    split: list[list[bytes]] = []
    wanted = max(key_index, value_index) + 1
    if wanted > 0:
        split = [line.split(delimiter) for line in lines]
        for i, fields in enumerate(split):
            if len(fields) < wanted:
                raise invalid(
                    f"Invalid number of columns in {path} line {i} ({show(lines[i])}) : expected at least {wanted} got "
                    f"{len(fields)}"
                )

    def column(index: int, dtype: DType) -> np.ndarray:
        if index == LINE_NUMBER:
            if dtype is not dtypes.int64:
                raise invalid(f"Line numbers are int64, the table's type is {dtype.name}.")
            return np.arange(offset, offset + len(lines), dtype=np.int64)
        return _column(lines if index == WHOLE_LINE else [fields[index] for fields in split], dtype)

    static.fill(column(key_index, static.key_dtype), column(value_index, static.value_dtype))


INITIALIZE_FROM_FILE = _changer(
    "InitializeTableFromTextFileV2",
    "table_handle: resource, filename: string ->",
    _initialize_from_file,
    attrs={
        "key_index": REQUIRED, "value_index": REQUIRED, "vocab_size": -1, "delimiter": "\t", "offset": 0,
    },
)  # fmt: skip


# ----------------------------------------------------------------------------------------------------------- datasets
def _initialize_from_dataset(table: Table, dataset: np.ndarray) -> None:
    static = _initializable(table)
    elements = [(key._host()[()], value._host()[()]) for key, value in dataset.item().start()]
    if not elements:
        raise errors.OutOfRangeError(None, None, "The dataset has no elements: a table needs one at least.")
    keys = np.empty(len(elements), static.key_dtype._np)
    values = np.empty(len(elements), static.value_dtype._np)
    keys[:], values[:] = zip(*elements)
    static.fill(keys, values)


INITIALIZE_FROM_DATASET = _changer(
    "InitializeTableFromDataset",
    "table_handle: resource, dataset: variant ->",
    _initialize_from_dataset,
    reenters=True,
)
