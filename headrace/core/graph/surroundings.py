"""What operations take from where they are made: dependencies, a device, other gradients, a container."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from headrace.core.device_spec import merged
from headrace.core.tensor import EagerTensor

from .operation import Operation


class Surroundings:
    """What a graph gives to operations that are added to it now; each `with` block puts back what it changed."""

    building_function = False

    def __init__(self) -> None:
        self._control: tuple[Operation, ...] = ()
        self._device: Any = None
        self._gradient_names: Mapping[str, str] = {}  # see gradient_override_map
        self._container = ""

    @contextmanager
    def control_dependencies(self, control_inputs: Any) -> Iterator[None]:
        """Ops made inside run after `control_inputs` (operations or tensors; None clears the surrounding dependencies)."""
        saved = self._control
        if control_inputs is None:
            self._control = ()
        else:
            nodes = []
            for item in control_inputs:
                item = getattr(item, "op", item) if not isinstance(item, EagerTensor) else None
                if not isinstance(item, Operation):
                    continue
                if item.graph is self:
                    nodes.append(item)
                elif not self.building_function:  # functions run after what is outside of them anyway
                    raise ValueError(
                        f"{item!r} (created at {item.site}) is not an element of this graph: operations can wait for "
                        "those of their own graph only."
                    )
            self._control = saved + tuple(nodes)
        try:
            yield
        finally:
            self._control = saved

    @contextmanager
    def device(self, device_name_or_function: Any) -> Iterator[None]:
        """Ops made inside have this device: a name, something whose text is one, or a function of the operation that
        gives one."""
        saved, name = self._device, device_name_or_function
        if name is None or self.building_function:
            self._device = name if name is None or isinstance(name, str) else str(name)
        else:
            self._device = _device_of(saved, name if callable(name) else str(name))
        try:
            yield
        finally:
            self._device = saved

    @contextmanager
    def colocate_with(self, op: Any, ignore_existing: bool = False) -> Iterator[None]:
        """Ops made inside have the device of `op` (an operation, a tensor or a variable; None: that of the scope around).
        Scopes do not add up: the innermost decides, with `ignore_existing` and without."""
        op = getattr(op, "op", op)
        if op is not None and not isinstance(op, Operation):
            raise TypeError(f"colocate_with takes an operation or a tensor, received {op!r}.")
        with self.device(self._device if op is None else op._device):
            yield

    @contextmanager
    def gradient_override_map(self, op_type_map: Mapping[str, str]) -> Iterator[None]:
        """Ops made inside have the gradient of another op type, or one registered with `tf.RegisterGradient`:
        `{"Sign": "Identity"}` lets gradients pass through signs. The innermost map decides about a type.

        Raises:
          TypeError: the map is not a dict of strings.
        """
        if not isinstance(op_type_map, dict) or not all(
            isinstance(text, str) for pair in op_type_map.items() for text in pair
        ):
            raise TypeError(
                f"op_type_map must be a dictionary from strings to strings, received {op_type_map!r}."
            )
        saved = self._gradient_names
        self._gradient_names = {**saved, **op_type_map}
        try:
            yield
        finally:
            self._gradient_names = saved

    @contextmanager
    def container(self, container_name: str) -> Iterator[str]:
        """Variables and other resources made inside belong to that container."""
        saved, self._container = self._container, container_name
        try:
            yield container_name
        finally:
            self._container = saved


def _device_of(outer: Any, inner: Any) -> Any:
    """The device in two scopes; a function of the operation where one of them is."""
    if not callable(outer) and not callable(inner):
        return merged(outer, inner)

    def place(op: Operation) -> str | None:
        op._device = str(inner(op) or "") if callable(inner) else inner  # what the outer function sees
        return merged(outer(op) if callable(outer) else outer, op._device)

    return place
