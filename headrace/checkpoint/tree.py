"""The tree of trackable objects, as checkpoints see it: objects by the names of attributes, lists by position, dicts by key."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from typing import Any

from headrace.core.trackable import AutoTrackable, ListWrapper, Trackable, _DictWrapper

Path = tuple[str, ...]


def is_container(value: Any) -> bool:
    """Whether a value is a list, tuple or dict, whose members a checkpoint can hold."""
    return isinstance(value, (list, tuple, dict)) and not isinstance(value, (defaultdict, Trackable))


def _members(value: Any) -> Iterable[tuple[Any, Any]]:
    return value.items() if isinstance(value, dict) else enumerate(value)


def holds_state(value: Any, depth: int = 0) -> bool:
    """Whether a trackable object is in a container, however deep."""
    if depth > 32:  # or a container that contains itself
        return False
    return any(
        isinstance(v, Trackable) or (is_container(v) and holds_state(v, depth + 1))
        for _, v in _members(value)
    )


def children_of(obj: Any) -> dict[str, Any]:
    """The children of a trackable object or container, by name.

    Raises:
      ValueError: a dict with variables has a key that is no string: nothing says what its name would be.
    """
    if is_container(obj):
        found = {
            k: v for k, v in _members(obj) if isinstance(v, Trackable) or (is_container(v) and holds_state(v))
        }
        if isinstance(obj, dict) and not all(isinstance(k, str) for k in found):
            raise ValueError(
                f"Unable to save a dict with a non-string key: {next(k for k in found if not isinstance(k, str))!r}. The keys "
                "of dicts of variables are the names they are saved under; make them strings."
            )
        return {str(k): v for k, v in found.items()}
    out: dict[str, Any] = {}
    if isinstance(obj, AutoTrackable):
        hidden = obj._self_untracked
        for name, value in vars(obj).items():
            if (
                name not in hidden
                and not name.startswith("_self_")
                and is_container(value)
                and (isinstance(value, (ListWrapper, _DictWrapper)) or holds_state(value))
            ):
                out[name] = value
    for name, value in obj._trackable_children("checkpoint").items():
        if isinstance(value, Trackable) or (is_container(value) and holds_state(value)):
            out.setdefault(name, value)
    return out


class Tree:
    """All objects below `root`, breadth first: `objects`, the first path to each, and the children of each by index.

    Args:
      root: a trackable object.
      attached: children of the root that are not its attributes (those of `Checkpoint(root, **attached)`).
    """

    def __init__(self, root: Any, attached: dict[str, Any]) -> None:
        self.objects: list[Any] = [root]
        self.paths: list[Path] = [()]
        self.children: list[dict[str, int]] = []
        self.index = {id(root): 0}
        for i, obj in enumerate(self.objects):  # which grows meanwhile
            below = children_of(obj)
            if i == 0:
                below |= attached
            links: dict[str, int] = {}
            for name, child in below.items():
                if id(child) not in self.index:
                    self.index[id(child)] = len(self.objects)
                    self.objects.append(child)
                    self.paths.append((*self.paths[i], name))
                links[name] = self.index[id(child)]
            self.children.append(links)


def escaped(name: str) -> str:
    """A name as a part of a key: "/" separates parts, "." begins what is no name."""
    return name.replace(".", "..").replace("/", ".S")


def object_key(path: Path) -> str:
    """What the keys of an object's values begin with."""
    return "/".join([*map(escaped, path), ".ATTRIBUTES"])


def values_of(obj: Any) -> dict[str, Any]:
    """The tensors that are an object's state, by name; none for one that only has children."""
    if is_container(obj) or not getattr(obj, "_checkpoint", True):
        return {}
    try:
        return dict(obj._serialize_to_tensors())
    except NotImplementedError:
        return {}


def attribute_of(obj: Any, name: str) -> tuple[str, str]:
    """The attribute that a tensor belongs to and what is added to its key: those of a table are all of one, "table"."""
    group = getattr(obj, "_checkpoint_attribute", None)
    return (name, "") if group is None else (group, name)


def full_name(obj: Any) -> str:
    """A variable's own name, which name-based checkpoints know it by."""
    name = getattr(obj, "_shared_name", None)
    return name if isinstance(name, str) else ""
