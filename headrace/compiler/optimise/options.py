"""Which rewrites are made: `tf.config.optimizer.set_experimental_options`, and `ConfigProto.graph_options` of sessions."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Passes:
    """The rewrites that are made."""

    inline: bool = True
    fold: bool = True
    shapes: bool = True
    simplify: bool = True
    merge: bool = True
    dead: bool = True
    strip: bool = False  # assertions, checks of numerics and prints

    @property
    def none(self) -> bool:
        return self == NOTHING


DEFAULT = Passes()
NOTHING = Passes(False, False, False, False, False, False, False)

# TensorFlow's names for the options -> ours. XLA does what the others are about.
OPTIONS = {
    "function_optimization": ("inline",),
    "constant_folding": ("fold",),
    "shape_optimization": ("shapes",),
    "arithmetic_optimization": ("simplify", "merge"),
    "dependency_optimization": ("dead",),
    "debug_stripper": ("strip",),
}
COMPILER = frozenset(
    {"layout_optimizer", "remapping", "loop_optimization", "pin_to_host_optimization"}
)  # always done
ABSENT = frozenset(
    {
        "auto_mixed_precision", "auto_mixed_precision_cpu", "auto_mixed_precision_mkl", "auto_mixed_precision_onednn_bfloat16",
        "auto_parallel", "implementation_selector", "scoped_allocator_optimization", "use_plugin_optimizers",
    }
)  # fmt: skip
_INSTEAD = {
    "auto_mixed_precision": " Use tf.keras.mixed_precision.set_global_policy.",
    "auto_parallel": " Use tf.distribute.",
}

_chosen = DEFAULT
_options: dict[str, Any] = {}


def passes() -> Passes:
    """The rewrites of programs that are planned from now on."""
    return _chosen


def set_passes(chosen: Passes) -> None:
    """Sets the rewrites of programs that are planned from now on; those planned before are not affected."""
    global _chosen
    _chosen = chosen


def experimental_options() -> dict[str, Any]:
    """What `set_experimental_options` was given so far."""
    return dict(_options)


def set_experimental_options(options: Mapping[str, Any]) -> None:
    """Switches rewrites on or off by TensorFlow's names for them.

    Raises:
      ValueError: there is no such option.
      NotImplementedError: an option cannot be had (or cannot be switched off) here.
    """
    changed, chosen = dict(_options), _chosen
    for name, value in options.items():
        if name == "disable_meta_optimizer":
            chosen = NOTHING if value else DEFAULT
        elif name == "disable_model_pruning":
            chosen = dataclasses.replace(chosen, dead=not value)
        elif name == "min_graph_nodes":
            if value > 0:
                raise NotImplementedError(
                    f"min_graph_nodes={value}: graphs of every size are optimised. Use disable_meta_optimizer to switch it off."
                )
        elif name in OPTIONS:
            chosen = dataclasses.replace(chosen, **dict.fromkeys(OPTIONS[name], bool(value)))
        elif name in COMPILER:
            if not value:
                raise NotImplementedError(
                    f"{name}=False: XLA does this in every program it compiles; it cannot be switched off."
                )
        elif name in ABSENT:
            if value:
                raise NotImplementedError(
                    f"{name}=True: there is no such rewrite here.{_INSTEAD.get(name, '')}"
                )
        else:
            known = sorted({*OPTIONS, *COMPILER, *ABSENT, "disable_meta_optimizer", "disable_model_pruning"})
            raise ValueError(f"There is no optimizer option {name!r}; there are {known}.")
        changed[name] = value
    _options.clear()
    _options.update(changed)
    set_passes(chosen)


def from_config(config: Any) -> Passes | None:
    """The rewrites that a `ConfigProto` asks for; None when it leaves them as they are.

    Raises:
      NotImplementedError: it asks for rewrites that do not exist here.
    """
    if config is None or not config.HasField("graph_options"):
        return None
    graph_options, chosen = config.graph_options, passes()
    if graph_options.optimizer_options.opt_level < 0:  # L0
        chosen = NOTHING
    rewrite = graph_options.rewrite_options
    if rewrite.custom_optimizers or rewrite.optimizers:
        asked = [*[o.name for o in rewrite.custom_optimizers], *rewrite.optimizers]
        raise NotImplementedError(
            f"rewrite_options: there are no custom graph optimizers here. Received {asked}."
        )
    on, off = rewrite.ON, rewrite.OFF
    for name, ours in (*OPTIONS.items(), ("common_subgraph_elimination", ("merge",))):
        value = getattr(rewrite, name)
        if value != rewrite.DEFAULT:
            chosen = dataclasses.replace(chosen, **dict.fromkeys(ours, value != off))
    for name in sorted(ABSENT):
        if getattr(rewrite, name, 0) in (on, rewrite.AGGRESSIVE) and name.startswith("auto_mixed"):
            raise NotImplementedError(
                f"rewrite_options.{name}: there is no such rewrite here.{_INSTEAD['auto_mixed_precision']}"
            )
    if rewrite.disable_model_pruning:
        chosen = dataclasses.replace(chosen, dead=False)
    return NOTHING if rewrite.disable_meta_optimizer else chosen
