"""Bringing a tree of objects to the state of a checkpoint, now or as its objects come into being."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from typing import Any

from headrace.core import errors
from headrace.core.dtypes import as_dtype
from headrace.core.state import init_scope
from headrace.core.tensor import wrap
from headrace.session import logs
from headrace.session.stack import get_default_session

from .reader import open_checkpoint, read_tensor
from .tree import Tree, attribute_of, children_of, full_name, is_container, values_of


class Restoration:
    """Binds nodes of a checkpoint's object graph to objects, and gives these their values.

    A child that an object does not have yet is noted on the object; when it gets the child, that is restored there and
    then (`core/trackable.py` asks). A list or dict that is already there when it lacks members is not asked again: only
    those assigned later are."""

    def __init__(self, prefix: str, graph: Any) -> None:
        self.prefix, self.graph = prefix, graph
        self.bound: dict[int, Any] = {}
        self.by_id: dict[int, int] = {}
        self.unused: dict[int, list[str]] = {}  # attributes of a node that its object does not have
        # Variables of graphs and their values, until there is a session.
        self.waiting: list[tuple[Any, Any]] = []

    def bind(self, obj: Any, node_id: int, attached: dict[str, Any] | None = None) -> None:
        """Restores an object, and all below it that the checkpoint knows."""
        with init_scope(), open_checkpoint(self.prefix) as reader:
            queue = deque([(obj, node_id, attached or {})])
            while queue:
                obj, node_id, attached = queue.popleft()
                known = self.bound.get(node_id)
                if known is not None:
                    if known is not obj:
                        logs.warning(
                            "Inconsistent references when restoring %s: %r and %r are both to be object %d of the checkpoint. "
                            "The first is restored.",
                            self.prefix, known, obj, node_id,
                        )  # fmt: skip
                    continue
                self.bound[node_id], self.by_id[id(obj)] = obj, node_id
                self._values(reader, obj, node_id)
                below = children_of(obj) | attached
                for reference in self.graph.nodes[node_id].children:
                    child = below.get(reference.local_name)
                    if child is not None:
                        queue.append((child, reference.node_id, {}))
                    elif hasattr(obj, "_defer"):
                        obj._defer(reference.local_name, self, reference.node_id)

    def _values(self, reader: Any, obj: Any, node_id: int) -> None:
        saved = {a.name: a.checkpoint_key for a in self.graph.nodes[node_id].attributes}
        if not saved:
            return
        own = values_of(obj)
        restored: dict[str, Any] = {}
        used = set()
        for name, now in own.items():
            attribute, suffix = attribute_of(obj, name)
            if attribute in saved:
                used.add(attribute)
                dtype = as_dtype(now.dtype)
                restored[name] = wrap(read_tensor(reader, saved[attribute] + suffix, "", dtype), dtype)
        if restored and len(restored) == len(own):
            self.assign(obj, restored)
        missed = [name for name in saved if name not in used]
        if missed:
            self.unused[node_id] = missed

    def assign(self, obj: Any, restored: dict[str, Any]) -> None:
        variable = getattr(obj, "_graph", None)
        # Of a graph: sessions have its values.
        if variable is not None and list(restored) == ["VARIABLE_VALUE"]:
            check_shape(obj, restored["VARIABLE_VALUE"].shape)
            self.waiting.append((obj, restored["VARIABLE_VALUE"].numpy()))
            session = get_default_session()
            if session is not None:
                self.load(session)
            return
        obj._restore_from_tensors(restored)

    def load(self, session: Any) -> None:
        """Gives variables of graphs their values in a session."""
        if not self.waiting:
            return
        session = session or get_default_session()
        if session is None:
            raise ValueError("Variables of graphs are restored in a session: pass `session`, or enter one.")
        for variable, value in self.waiting:
            variable.load(value, session)

    # ------------------------------------------------------------------------------------------------------------ checks
    def names(self) -> dict[int, str]:
        """How each node is reached from the root."""
        names = {0: "(root)"}
        queue = deque([0])
        while queue:
            node = queue.popleft()
            for child in self.graph.nodes[node].children:
                if child.node_id not in names:
                    names[child.node_id] = f"{names[node]}.{child.local_name}"
                    queue.append(child.node_id)
        return names

    def unresolved(self) -> Iterator[str]:
        """What of the checkpoint has not been restored."""
        names = self.names()
        for i, node in enumerate(self.graph.nodes):
            if node.attributes and i not in self.bound:
                yield f"Unresolved object in checkpoint {names.get(i, f'#{i}')}: {node}"
        for i, missed in self.unused.items():
            yield (
                f"Unused attributes in these objects (the attributes exist in the checkpoint but were not restored): "
                f"{names.get(i, f'#{i}')}: {missed}"
            )


def check_shape(variable: Any, shape: Any) -> None:
    """ValueError unless a variable can have a value of that shape."""
    if not variable.shape.is_compatible_with(shape):
        raise ValueError(
            f"Received incompatible tensor with shape {shape} when attempting to restore variable with shape {variable.shape} "
            f"and name {variable.name}."
        )


class LoadStatus:
    """What came of a restore: how much of the checkpoint, and of the program, was matched.

    Its methods return it again."""

    def __init__(self, restoration: Restoration, root: Any, attached: dict[str, Any]) -> None:
        self._restoration, self._root, self._attached = restoration, root, attached

    def _stateful(self) -> list[Any]:
        return [o for o in Tree(self._root, self._attached).objects if not is_container(o) and values_of(o)]

    def _unmatched(self) -> list[Any]:
        return [o for o in self._stateful() if id(o) not in self._restoration.by_id]

    def assert_consumed(self) -> LoadStatus:
        """AssertionError unless all of the checkpoint has been restored, and all objects have values from it."""
        for problem in self._restoration.unresolved():
            raise AssertionError(problem)
        for obj in self._unmatched():
            raise AssertionError(f"Object not assigned a value from checkpoint: {obj!r}")
        return self

    def assert_existing_objects_matched(self) -> LoadStatus:
        """AssertionError unless all objects that exist by now have values from the checkpoint."""
        unmatched = self._unmatched()
        if unmatched:
            shown = unmatched[:10]
            raise AssertionError(
                f"Found {len(unmatched)} Python objects that were not bound to checkpointed values, likely due to changes in "
                f"the Python program. Showing {len(shown)} of {len(unmatched)} unmatched objects: {shown}"
            )
        return self

    def assert_nontrivial_match(self) -> LoadStatus:
        """AssertionError if nothing but the root object was matched."""
        if len(self._restoration.bound) <= 1 and len(self._restoration.graph.nodes) > 1:
            raise AssertionError("Nothing except the root object matched a checkpointed value.")
        return self

    def expect_partial(self) -> LoadStatus:
        """Says that not all of the checkpoint is wanted. (Nothing is warned of here in any case.)"""
        return self

    def run_restore_ops(self, session: Any = None) -> None:
        """Gives variables of graphs their values in a session; eagerly all have theirs already."""
        self._restoration.load(session)

    def initialize_or_restore(self, session: Any = None) -> None:
        """`run_restore_ops`, and the initialisers of variables of graphs that are not in the checkpoint."""
        _initialize([o for o in self._unmatched() if getattr(o, "_graph", None) is not None], session)
        self.run_restore_ops(session)


class InitializationOnlyStatus:
    """What came of restoring nothing: `restore(None)`."""

    def __init__(self, root: Any, attached: dict[str, Any]) -> None:
        self._root, self._attached = root, attached

    def _refuse(self) -> Any:
        raise AssertionError("No checkpoint specified (save_path=None); nothing is being restored.")

    assert_consumed = assert_existing_objects_matched = assert_nontrivial_match = _refuse

    def run_restore_ops(self, session: Any = None) -> None:
        self._refuse()

    def expect_partial(self) -> InitializationOnlyStatus:
        """There is nothing of which less could be restored."""
        return self

    def initialize_or_restore(self, session: Any = None) -> None:
        """Runs the initialisers of variables of graphs."""
        objects = Tree(self._root, self._attached).objects
        _initialize([o for o in objects if getattr(o, "_graph", None) is not None], session)


def _initialize(variables: list[Any], session: Any) -> None:
    if variables:
        (session or get_default_session()).run([v.initializer for v in variables])


class NamedStatus:
    """What came of restoring a checkpoint that a `Saver` wrote: variables were found by their names."""

    def __init__(self, prefix: str, root: Any, attached: dict[str, Any]) -> None:
        self._root, self._attached, self._restoration = root, attached, Restoration(prefix, None)
        self._matched: set[int] = set()
        self.optional: set[int] = set()
        with init_scope(), open_checkpoint(prefix) as reader:
            self._unused = set(reader.names())
            for obj in self._variables():
                name = full_name(obj)
                if reader.has(name):
                    dtype = as_dtype(obj.dtype)
                    self._restoration.assign(
                        obj, {"VARIABLE_VALUE": wrap(read_tensor(reader, name, "", dtype), dtype)}
                    )
                    self._matched.add(id(obj))
                    self._unused.discard(name)

    def _variables(self) -> list[Any]:
        return [o for o in Tree(self._root, self._attached).objects if "VARIABLE_VALUE" in values_of(o)]

    def assert_existing_objects_matched(self) -> NamedStatus:
        """AssertionError unless all variables that exist by now have values from the checkpoint."""
        for obj in self._variables():
            if id(obj) not in self._matched | self.optional:
                raise AssertionError(f"Object not assigned a value from checkpoint: {obj!r}")
        return self

    def assert_consumed(self) -> NamedStatus:
        """AssertionError unless all of the checkpoint has been restored, and all variables have values from it."""
        if self._unused:
            raise AssertionError(f"Some keys of the checkpoint were not restored: {sorted(self._unused)}")
        return self.assert_existing_objects_matched()

    def assert_nontrivial_match(self) -> NamedStatus:
        """AssertionError if no variable was found."""
        if not self._matched:
            raise AssertionError("No variable has a name that is in the checkpoint.")
        return self

    def expect_partial(self) -> NamedStatus:
        """Says that not all of the checkpoint is wanted. (Nothing is warned of here in any case.)"""
        return self

    def run_restore_ops(self, session: Any = None) -> None:
        """Gives variables of graphs their values in a session."""
        self._restoration.load(session)

    def initialize_or_restore(self, session: Any = None) -> None:
        """`run_restore_ops`: variables that are not in the checkpoint keep their values."""
        self.run_restore_ops(session)


def not_there(path: str, error: errors.NotFoundError) -> errors.NotFoundError:
    return errors.NotFoundError(
        None,
        None,
        f"Error when restoring from checkpoint or SavedModel at {path}: {error.message}\nPlease double-check that the path is "
        "correct. You may be missing the checkpoint suffix (e.g. the '-1' in 'path/to/ckpt-1').",
    )
