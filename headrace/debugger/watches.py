"""Which tensors of a run are kept: watches in `RunOptions.debug_options`."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Any

from headrace.core import errors

from .dumps import IDENTITY


class WatchOptions:
    """What a `watch_fn` of a wrapper says: regular expressions for what is watched; everything, if not given."""

    def __init__(
        self,
        debug_ops: Any = None,
        node_name_regex_allowlist: str | None = None,
        op_type_regex_allowlist: str | None = None,
        tensor_dtype_regex_allowlist: str | None = None,
        tolerate_debug_op_creation_failures: bool = False,
        **older: str | None,
    ) -> None:
        _kept(debug_ops, tolerate_debug_op_creation_failures)
        self.debug_ops = debug_ops or [IDENTITY]

        def pattern(name: str, given: str | None) -> str | None:
            earlier = older.pop(f"{name}_regex_whitelist", None)  # as TensorFlow 1.x called it
            return earlier if given is None else given

        self.node_name_regex_allowlist = pattern("node_name", node_name_regex_allowlist)
        self.op_type_regex_allowlist = pattern("op_type", op_type_regex_allowlist)
        self.tensor_dtype_regex_allowlist = pattern("tensor_dtype", tensor_dtype_regex_allowlist)
        if older:
            raise TypeError(f"WatchOptions has no {sorted(older)}.")
        self.tolerate_debug_op_creation_failures = tolerate_debug_op_creation_failures

    def __repr__(self) -> str:
        return (
            f"WatchOptions(debug_ops={self.debug_ops}, node_name_regex_allowlist={self.node_name_regex_allowlist}, "
            f"op_type_regex_allowlist={self.op_type_regex_allowlist}, "
            f"tensor_dtype_regex_allowlist={self.tensor_dtype_regex_allowlist})"
        )


def _kept(debug_ops: Any, tolerate: bool) -> list[str]:
    """The debug ops that there are, of those given. Others are left out, or an error, as `tolerate` says."""
    ops = [debug_ops] if isinstance(debug_ops, str) else list(debug_ops or [IDENTITY])
    kept = [op for op in ops if op == IDENTITY]
    if len(kept) < len(ops) and not tolerate:
        raise errors.UnimplementedError(
            None,
            None,
            f"debug_ops={debug_ops!r}: whole tensors are kept ({IDENTITY!r}); summaries of them are not. "
            "tolerate_debug_op_creation_failures=True leaves out what is not.",
        )
    return kept


def add_debug_tensor_watch(
    run_options: Any, node_name: str, output_slot: int = 0, debug_ops: Any = IDENTITY, debug_urls: Any = None,
    tolerate_debug_op_creation_failures: bool = False, global_step: int = -1,
) -> None:  # fmt: skip
    """Adds a watch of one tensor to `RunOptions`.

    Args:
      run_options: the options to add to.
      node_name: the op's name; `*` for all.
      output_slot: which output; -1 for all.
      debug_ops: only "DebugIdentity": the tensor itself.
      debug_urls: `file://DIRECTORY`, or several.
      tolerate_debug_op_creation_failures: whether other debug ops are left out, instead of being an error.
      global_step: kept with the options.

    Raises:
      UnimplementedError: other debug ops, or a URL of another kind.
    """
    kept = _kept(debug_ops, tolerate_debug_op_creation_failures)
    urls = [debug_urls] if isinstance(debug_urls, str) else list(debug_urls or [])
    if any(not u.startswith("file://") for u in urls):
        raise errors.UnimplementedError(
            None, None, f"debug_urls={debug_urls!r}: tensors go into directories: file://…"
        )
    if not kept:
        return
    options = run_options.debug_options
    options.global_step = global_step
    watch = options.debug_tensor_watch_opts.add(node_name=node_name, output_slot=output_slot)
    watch.tolerate_debug_op_creation_failures = tolerate_debug_op_creation_failures
    watch.debug_ops.extend(kept)
    watch.debug_urls.extend(urls)


def watch_graph(
    run_options: Any, graph: Any, debug_ops: Any = IDENTITY, debug_urls: Any = None,
    node_name_regex_allowlist: str | None = None, op_type_regex_allowlist: str | None = None,
    tensor_dtype_regex_allowlist: str | None = None, tolerate_debug_op_creation_failures: bool = False,
    global_step: int = -1, reset_disk_byte_usage: bool = False,
) -> None:  # fmt: skip
    """Adds watches of all tensors of a graph, or of those that match all of the regular expressions given.

    What runs inside of a loop or a branch is watched with the loop or branch.
    """
    _watch(run_options, graph, (node_name_regex_allowlist, op_type_regex_allowlist, tensor_dtype_regex_allowlist),
           True, debug_ops, debug_urls, tolerate_debug_op_creation_failures, global_step, reset_disk_byte_usage)  # fmt: skip


def watch_graph_with_denylists(
    run_options: Any, graph: Any, debug_ops: Any = IDENTITY, debug_urls: Any = None,
    node_name_regex_denylist: str | None = None, op_type_regex_denylist: str | None = None,
    tensor_dtype_regex_denylist: str | None = None, tolerate_debug_op_creation_failures: bool = False,
    global_step: int = -1, reset_disk_byte_usage: bool = False,
) -> None:  # fmt: skip
    """Adds watches of the tensors of a graph that match none of the regular expressions given."""
    _watch(run_options, graph, (node_name_regex_denylist, op_type_regex_denylist, tensor_dtype_regex_denylist),
           False, debug_ops, debug_urls, tolerate_debug_op_creation_failures, global_step, reset_disk_byte_usage)  # fmt: skip


def _watch(
    run_options: Any, graph: Any, patterns: Sequence[str | None], allow: bool, debug_ops: Any, debug_urls: Any,
    tolerate: bool, global_step: int, reset: bool,
) -> None:  # fmt: skip
    run_options.debug_options.reset_disk_byte_usage = reset
    for node in graph.get_operations():
        for t in node.outputs:
            hits = [
                re.match(p, text) is not None
                for p, text in zip(patterns, (node.name, node.type, t._dtype.name))
                if p
            ]
            if all(hits) if allow else not any(hits):
                add_debug_tensor_watch(
                    run_options, node.name, t.value_index, debug_ops, debug_urls, tolerate, global_step
                )


class Watched:
    """The tensors that watches ask for, and where they go."""

    def __init__(self, watches: Iterable[Any]) -> None:
        self.urls: list[str] = []
        self.names: set[tuple[str, int]] = set()
        for watch in watches:
            self.names.add((watch.node_name, watch.output_slot))
            self.urls += [u for u in watch.debug_urls if u not in self.urls]

    def __call__(self, name: str, outer: str, slot: int) -> bool:
        """Whether output `slot` of the op is kept. Ops inside of others (`outer`) are if these are."""
        own = ((name, slot), (name, -1), ("*", slot), ("*", -1))
        if any(key in self.names for key in own):
            return True
        return bool(outer) and any(n == outer for n, _ in self.names)
