"""What a `Saver` saves: tensors by name, and how they go back where they came from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from headrace.api.variables import Variable
from headrace.core.op import lookup
from headrace.core.shapes import TensorShape
from headrace.core.tensor import Tensor
from headrace.session.partitions import PartitionedVariable


class SaveSpec:
    """A tensor to be saved under a name.

    Args:
      tensor: the tensor, or a function that gives it.
      slice_spec: where it is in a larger one, as checkpoints write it: `"4 8 0,2:-"`; "" if it is all.
      name: under which it is saved.
      dtype: its type, if `tensor` is a function.
    """

    def __init__(
        self, tensor: Any, slice_spec: str, name: str, dtype: Any = None, device: Any = None
    ) -> None:
        self._tensor, self.slice_spec, self.name = tensor, slice_spec, name
        if callable(tensor) and dtype is None:
            raise ValueError(f"A SaveSpec of a function needs a dtype: {name!r}.")
        self.dtype = tensor.dtype if dtype is None else dtype
        self.device = device if device is not None or callable(tensor) else tensor.device

    @property
    def tensor(self) -> Any:
        return self._tensor() if callable(self._tensor) else self._tensor


class SaveableObject:
    """Something with state that is saved as tensors: `specs` says which, `restore` puts them back."""

    def __init__(self, op: Any, specs: Sequence[SaveSpec], name: str) -> None:
        self.op, self.specs, self.name = op, list(specs), name

    @property
    def device(self) -> Any:
        return self.specs[0].device

    @property
    def optional_restore(self) -> bool:
        return False

    def restore(self, restored_tensors: Sequence[Any], restored_shapes: Any) -> Any:
        """The operation that puts the values back; `restored_shapes` are given where values are to be reshaped."""
        raise NotImplementedError(f"{type(self).__name__}.restore")


class VariableSaveable(SaveableObject):
    """A variable, or a part of one that was cut by a partitioner."""

    def __init__(self, variable: Variable, slice_spec: str, name: str) -> None:
        value = getattr(variable, "_ref", variable.read_value)
        spec = SaveSpec(value, slice_spec, name, variable.dtype.base_dtype, variable.device)
        super().__init__(variable, [spec], name)

    def restore(self, restored_tensors: Sequence[Any], restored_shapes: Any) -> Any:
        value = restored_tensors[0]
        if restored_shapes is not None:
            value = lookup("Reshape")(value, restored_shapes[0])
        fixed = restored_shapes is None and self.op.shape.is_fully_defined()
        return lookup("AssignVariableOp")(self.op.handle, value, validate_shape=fixed)


class TableSaveable(SaveableObject):
    """A table that changes: its keys and its values."""

    def __init__(self, table: Any, key_dtype: Any, value_dtype: Any) -> None:
        name = table.resource_handle.op.name.rpartition("/")[2]
        specs = [
            SaveSpec(
                lambda: self._exported()[0], "", f"{name}-keys", key_dtype, table.resource_handle.device
            ),
            SaveSpec(
                lambda: self._exported()[1], "", f"{name}-values", value_dtype, table.resource_handle.device
            ),
        ]
        super().__init__(table, specs, name)
        self._tensors: Any = None

    def _exported(self) -> Any:
        if self._tensors is None:  # by one operation: keys and values belong together
            self._tensors = self.op.export()
        return self._tensors

    def restore(self, restored_tensors: Sequence[Any], restored_shapes: Any) -> Any:
        return self.op._restore_from_tensors(dict(zip(("-keys", "-values"), restored_tensors)))


def name_of(variable: Any) -> str:
    """The name a variable is saved under when the user gives none."""
    slices = getattr(variable, "_save_slice_info", None)
    if slices is not None:
        return str(slices.full_name)
    return str(getattr(variable, "_shared_name", None) or variable.op.name)


def by_name(var_list: Any) -> dict[str, Any]:
    """What is to be saved, by name: of a mapping, or a list whose members have names. Parts of one variable share its name
    and become a list.

    Raises:
      TypeError: something cannot be saved.
      ValueError: two have the same name.
    """
    if isinstance(var_list, Mapping):
        for key, value in var_list.items():
            if not isinstance(key, str):
                raise TypeError(f"Variables are saved by names, received the key {key!r} for {value!r}.")
        return dict(var_list)
    if isinstance(var_list, (Variable, PartitionedVariable, SaveableObject)):
        var_list = [var_list]
    named: dict[str, Any] = {}
    for item in var_list:
        if isinstance(item, (SaveableObject, PartitionedVariable)):
            name = item.name
        elif isinstance(item, Variable):
            name = name_of(item)
            if getattr(item, "_save_slice_info", None) is not None:
                parts = named.setdefault(name, [])
                if not isinstance(parts, list):
                    raise ValueError(f"Mixing slices and non-slices with the same name: {name}")
                parts.append(item)
                continue
        elif hasattr(item, "_saveables"):
            for saveable in item._saveables():
                _put(named, saveable.name, saveable)
            continue
        else:
            raise TypeError(f"Variable to save is not a Variable: {item!r}")
        _put(named, name, item)
    return named


def _put(named: dict[str, Any], name: str, item: Any) -> None:
    if name in named:
        raise ValueError(f"At least two variables have the same name: {name}")
    named[name] = item


def saveables(named: Mapping[str, Any]) -> list[SaveableObject]:
    """The saveable objects of what `by_name` found, sorted by name.

    Raises:
      TypeError: something cannot be saved.
      ValueError: the same variable is to be saved twice.
    """
    out: list[SaveableObject] = []
    seen: set[int] = set()
    for name in sorted(named):
        for made in _made(name, named[name]):
            if id(made.op) in seen:
                raise ValueError(f"The same saveable will be restored with two names: {made.name}")
            seen.add(id(made.op))
            out.append(made)
    return out


def _made(name: str, item: Any) -> list[SaveableObject]:
    if isinstance(item, SaveableObject):
        return [item]
    if isinstance(item, (list, tuple, PartitionedVariable)):
        parts = list(item)
        for part in parts:
            info = getattr(part, "_save_slice_info", None)
            if info is None:
                raise ValueError(f"Slices must all be Slices: {part!r} of {name!r} is no part of a variable.")
            if info.full_name != parts[0]._save_slice_info.full_name:
                raise ValueError(
                    f"Slices must all be from the same tensor: {parts[0]._save_slice_info.full_name} != {info.full_name}"
                )
        return [VariableSaveable(part, part._save_slice_info.spec, name) for part in parts]
    if isinstance(item, Variable):
        info = getattr(item, "_save_slice_info", None)
        return [VariableSaveable(item, "" if info is None else info.spec, name)]
    if isinstance(item, Tensor):
        raise TypeError(
            f"names_to_saveables must be a dict mapping string names to Tensors/Variables. Not a variable: {item!r}"
        )
    raise TypeError(f"Cannot save {name!r}: {item!r} is neither a variable nor a SaveableObject.")


def known_shape(tensor: Any) -> Any:
    """The shape to bring a restored value to: the variable's where all of it is known, else as it is when it runs."""
    shape: TensorShape = tensor.shape
    return shape.as_list() if shape.is_fully_defined() else lookup("Shape")(tensor)
