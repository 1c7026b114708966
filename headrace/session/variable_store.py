"""The named variables of a graph, and the variable scope that new ones are made in."""

from __future__ import annotations

from typing import Any

from headrace.core import dtypes
from headrace.core.graph import get_default_graph
from headrace.core.state import state

from .keys import GraphKeys


class _AutoReuse:
    """`AUTO_REUSE`: variables are reused if they exist, and made if not."""

    def __bool__(self) -> bool:
        return True

    def __repr__(self) -> str:
        return "<_ReuseMode.AUTO_REUSE: 1>"


AUTO_REUSE: Any = _AutoReuse()


class VariableStore:
    """The named variables of a graph, and how often each scope was opened."""

    def __init__(self) -> None:
        self.variables: dict[str, Any] = {}
        self.counts: dict[str, int] = {}
        self.scope = VariableScope(False)
        self.keeps_eager = (
            False  # eager code makes new variables at each call, unless it brought a store of its own
        )

    def open(self, name: str) -> None:
        self.counts[name] = self.counts.get(name, 0) + 1

    def close_inside(self, name: str | None) -> None:
        for key in self.counts:
            if name is None or key.startswith(name + "/"):
                self.counts[key] = 0

    def unique(self, prefix: str) -> str:
        current = self.scope.name
        name = f"{current}/{prefix}" if current else prefix
        if not self.counts.get(name, 0):
            return prefix
        i = 1
        while self.counts.get(f"{name}_{i}", 0):
            i += 1
        return f"{prefix}_{i}"


def store() -> VariableStore:
    """The store of the current graph (of the one around, inside a function), or of eager code."""
    graph: Any = state.graph
    while graph is not None and graph.building_function and graph.outer is not None:
        graph = graph.outer
    holder: Any = get_default_graph() if graph is None else graph
    found = holder.__dict__.get("_variable_store")
    if found is None:
        found = holder.__dict__["_variable_store"] = VariableStore()
    return found


class VariableScope:
    """What `get_variable` uses where its caller says nothing: a name prefix, whether to reuse, initialiser, regulariser …"""

    def __init__(
        self, reuse: Any, name: str = "", initializer: Any = None, regularizer: Any = None, caching_device: Any = None,
        partitioner: Any = None, custom_getter: Any = None, name_scope: str = "", dtype: Any = dtypes.float32,
        use_resource: bool | None = None, constraint: Any = None,
    ) -> None:  # fmt: skip
        self._reuse, self._name, self._initializer, self._regularizer = reuse, name, initializer, regularizer
        self._caching_device, self._partitioner, self._custom_getter = (
            caching_device,
            partitioner,
            custom_getter,
        )
        self._name_scope, self._dtype, self._use_resource, self._constraint = (
            name_scope,
            dtype,
            use_resource,
            constraint,
        )

    @property
    def name(self) -> str:
        return self._name

    @property
    def original_name_scope(self) -> str:
        return self._name_scope

    @property
    def reuse(self) -> Any:
        return self._reuse

    @property
    def initializer(self) -> Any:
        return self._initializer

    @property
    def dtype(self) -> Any:
        return self._dtype

    @property
    def use_resource(self) -> bool | None:
        return self._use_resource

    @property
    def regularizer(self) -> Any:
        return self._regularizer

    @property
    def caching_device(self) -> Any:
        return self._caching_device

    @property
    def partitioner(self) -> Any:
        return self._partitioner

    @property
    def custom_getter(self) -> Any:
        return self._custom_getter

    @property
    def constraint(self) -> Any:
        return self._constraint

    def reuse_variables(self) -> None:
        """From here on variables must exist already."""
        self._reuse = True

    def set_initializer(self, initializer: Any) -> None:
        self._initializer = initializer

    def set_dtype(self, dtype: Any) -> None:
        self._dtype = dtype

    def set_use_resource(self, use_resource: bool) -> None:
        self._use_resource = use_resource

    def set_regularizer(self, regularizer: Any) -> None:
        self._regularizer = regularizer

    def set_caching_device(self, caching_device: Any) -> None:
        self._caching_device = caching_device

    def set_partitioner(self, partitioner: Any) -> None:
        self._partitioner = partitioner

    def set_custom_getter(self, custom_getter: Any) -> None:
        self._custom_getter = custom_getter

    def get_collection(self, name: Any) -> list[Any]:
        """The part of a collection whose names begin with this scope's."""
        return get_default_graph().get_collection(name, self._name + "/" if self._name else None)

    def trainable_variables(self) -> list[Any]:
        return self.get_collection(GraphKeys.TRAINABLE_VARIABLES)

    def global_variables(self) -> list[Any]:
        return self.get_collection(GraphKeys.GLOBAL_VARIABLES)

    def local_variables(self) -> list[Any]:
        return self.get_collection(GraphKeys.LOCAL_VARIABLES)

    def copy(self, **changes: Any) -> VariableScope:
        other = VariableScope.__new__(VariableScope)
        other.__dict__.update(self.__dict__)
        other.__dict__.update({f"_{k}": v for k, v in changes.items()})
        return other


def get_variable_scope() -> VariableScope:
    """The current variable scope."""
    return store().scope


__all__ = ["AUTO_REUSE", "VariableScope", "VariableStore", "get_variable_scope", "store"]
