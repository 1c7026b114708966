"""`Scaffold`: the operations a monitored session needs around a model; those not given are made."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from headrace.core.graph import get_default_graph

from . import logs
from .keys import GraphKeys


def _group(*operations: Any) -> Any:
    from headrace.api.script import group

    return group(*operations)


class Scaffold:
    """What a model needs to be trained: initialisers, a saver, a summary.

    Args:
      init_op: initialises global variables; the initialisers of all of them by default.
      init_feed_dict: what it is fed.
      init_fn: a function of the scaffold and the session that is called after it.
      ready_op: gives the names of variables without a value.
      ready_for_local_init_op: the same for global variables only.
      local_init_op: run in each new session; the initialisers of local variables and tables by default.
      summary_op: all summaries merged, by default.
      saver: a `Saver` of all variables by default.
      copy_from_scaffold: another scaffold whose arguments are the defaults here.
      local_init_feed_dict: what `local_init_op` is fed.

    Raises:
      TypeError: `copy_from_scaffold` is no scaffold.
    """

    def __init__(
        self, init_op: Any = None, init_feed_dict: Any = None, init_fn: Callable[..., Any] | None = None,
        ready_op: Any = None, ready_for_local_init_op: Any = None, local_init_op: Any = None, summary_op: Any = None,
        saver: Any = None, copy_from_scaffold: Any = None, local_init_feed_dict: Any = None,
    ) -> None:  # fmt: skip
        given: dict[str, Any] = {
            "init_op": init_op, "init_feed_dict": init_feed_dict, "_user_init_fn": init_fn, "ready_op": ready_op,
            "ready_for_local_init_op": ready_for_local_init_op, "local_init_op": local_init_op,
            "summary_op": summary_op, "saver": saver, "local_init_feed_dict": local_init_feed_dict,
        }  # fmt: skip
        if copy_from_scaffold is not None:
            if not isinstance(copy_from_scaffold, Scaffold):
                raise TypeError("copy_from_scaffold is not a Scaffold instance.")
            given = {k: getattr(copy_from_scaffold, k) if v is None else v for k, v in given.items()}
        self.init_op = self.ready_op = self.ready_for_local_init_op = self.local_init_op = None
        self.summary_op = self.saver = None
        self.__dict__.update(given)

    @property
    def init_fn(self) -> Callable[[Any], Any] | None:
        """A function of the session."""
        user: Any = self.__dict__["_user_init_fn"]
        return None if user is None else lambda sess: user(self, sess)

    def finalize(self) -> Scaffold:
        """Makes what is missing, and finalises the graph."""
        from headrace.api import compat_v1_variables as variables
        from headrace.api.compat_v1_summary import merge_all
        from headrace.checkpoint.saver import Saver

        def ready() -> Any:
            return variables.report_uninitialized_variables()

        def global_ready() -> Any:
            return variables.report_uninitialized_variables(variables.global_variables())

        if self.init_op is None:
            self.init_op = Scaffold.get_or_default(
                "init_op",
                GraphKeys.INIT_OP,
                lambda: _group(variables.global_variables_initializer(), *_resources("resources")),
            )
        if self.ready_op is None:
            self.ready_op = Scaffold.get_or_default("ready_op", GraphKeys.READY_OP, ready)
        if self.ready_for_local_init_op is None:
            self.ready_for_local_init_op = Scaffold.get_or_default(
                "ready_for_local_init_op", GraphKeys.READY_FOR_LOCAL_INIT_OP, global_ready
            )
        if self.local_init_op is None:
            self.local_init_op = Scaffold.get_or_default(
                "local_init_op", GraphKeys.LOCAL_INIT_OP, Scaffold.default_local_init_op
            )
        if self.summary_op is None:
            self.summary_op = Scaffold.get_or_default("summary_op", GraphKeys.SUMMARY_OP, merge_all)
        if self.saver is None:
            self.saver = Scaffold.get_or_default(
                "saver", GraphKeys.SAVERS, lambda: Saver(sharded=True, allow_empty=True)
            )
        else:
            self.saver.build()
        get_default_graph().finalize()
        logs.info("Graph was finalized.")
        return self

    @staticmethod
    def get_or_default(arg_name: str, collection_key: str, default_constructor: Callable[[], Any]) -> Any:
        """What is in a collection; or what the function makes, which is added to it.

        Raises:
          RuntimeError: the collection has several.
        """
        found = get_default_graph().get_collection(collection_key)
        if len(found) > 1:
            raise RuntimeError(
                f'More than one item in the collection "{collection_key}". Please indicate which one to use by passing it to '
                f"the tf.Scaffold constructor as:  tf.Scaffold({arg_name}=item to use)"
            )
        if found:
            return found[0]
        made = default_constructor()
        if made is not None:
            get_default_graph().add_to_collection(collection_key, made)
        return made

    @staticmethod
    def default_local_init_op() -> Any:
        """An operation that initialises local variables and tables."""
        from headrace.api import compat_v1_variables as variables

        return _group(
            variables.local_variables_initializer(),
            variables.tables_initializer(),
            *_resources("local_resources"),
        )


def _resources(collection: str) -> list[Any]:
    """The operations that make the resources of a collection."""
    return [r.create for r in get_default_graph().get_collection(collection) if r.create is not None]
