"""Which rewrites are made: `tf.config.optimizer.set_experimental_options`, and `ConfigProto.graph_options` of sessions."""

from __future__ import annotations

import dataclasses
import logging
from collections.abc import Collection, Iterator, Mapping
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
# Always done.
COMPILER = frozenset({"layout_optimizer", "remapping", "loop_optimization", "pin_to_host_optimization"})
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


_BY_XLA = "XLA does this in every program it compiles; it cannot be switched off"
_OFF, _ON, _AGGRESSIVE = 2, 1, 3  # of RewriterConfig's toggles
# What a `ConfigProto` may ask for in vain: the field of `graph_options`, which of its values (None: all but the default,
# or of numbers those above 0), and why. None of it changes what a program computes, so these are warnings: programs of 1.x
# set such options against troubles of a runtime that is not there.
_UNMET: dict[str, tuple[Collection[int] | None, str]] = {
    "optimizer_options.global_jit_level": ((-1,), "every program is compiled by XLA"),
    "optimizer_options.max_folded_constant_in_bytes": (None, "the sizes of folded constants are limited by themselves"),
    **{f"rewrite_options.{name}": ((_OFF,), _BY_XLA) for name in sorted(COMPILER)},
    **{
        f"rewrite_options.{name}": ((_ON, _AGGRESSIVE), "there is no such rewrite here")
        for name in ("implementation_selector", "scoped_allocator_optimization", "use_plugin_optimizers")
    },
    "rewrite_options.min_graph_nodes": (
        None, "graphs of every size are optimised; disable_meta_optimizer switches it off",
    ),
    "rewrite_options.memory_optimization": (
        None, "XLA plans memory in every program it compiles; tf.recompute_grad saves more of it",
    ),
    "rewrite_options.meta_optimizer_iterations": (None, "how often rewrites are made is not a choice here"),
    "rewrite_options.meta_optimizer_timeout_ms": (None, "rewrites have no time limit"),
    "rewrite_options.cpu_layout_conversion": (None, "XLA chooses the layouts of arrays"),
    "build_cost_model": (None, "there are no cost models; RunOptions.trace_level and tf.compat.v1.profiler measure runs"),
    "timeline_step": (None, "use RunOptions.trace_level"),
    "enable_bfloat16_sendrecv": (None, "nothing is sent between processes"),
}  # fmt: skip
_warned: set[str] = set()


def _unmet(graph_options: Any) -> Iterator[tuple[str, str]]:
    """What is asked for in vain, as `option=value`, and why."""
    for path, (values, why) in _UNMET.items():
        *folder, name = path.split(".")
        message = getattr(graph_options, folder[0]) if folder else graph_options
        value = getattr(message, name)
        if value in values if values is not None else value > 0:
            kind = message.DESCRIPTOR.fields_by_name[name].enum_type
            yield f"{path}={kind.values_by_number[value].name if kind else value}", why


def from_config(config: Any) -> Passes | None:
    """The rewrites that a `ConfigProto` asks for; None when it leaves them as they are.

    A warning is logged, once, of each option that cannot be had and does not change what is computed.

    Raises:
      NotImplementedError: it asks for rewrites that do not exist here and that would change what is computed.
    """
    if config is None or not config.HasField("graph_options"):
        return None
    graph_options, chosen = config.graph_options, passes()
    for option, why in _unmet(graph_options):
        if option not in _warned:
            _warned.add(option)
            logging.getLogger("headrace").warning(
                "ConfigProto.graph_options.%s has no effect: %s.", option, why
            )
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
