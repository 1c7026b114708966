"""XLA's compile options: the ones we set by default, and why."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from headrace.runtime import cpu

# flag, value, whether it is wanted for a module on this machine. A flag that the installed jaxlib does not know is
# dropped at first use.
_CPU: tuple[tuple[str, Any, Callable[[str], bool]], ...] = (
    # YNNPACK's fusions win for reductions and dots, but its convolutions and their gradients take up to six times as
    # long as XLA's own (ResNet-50 step 1,987 → 1,434 ms; dots, too, for themselves: 552 → 514 ms, measured later).
    (
        "xla_cpu_experimental_ynn_fusion_type",
        "LIBRARY_FUSION_TYPE_REDUCE,LIBRARY_FUSION_TYPE_DOT",
        lambda module: "stablehlo.convolution" in module,
    ),
    # XLA emits 256-bit code even where AVX-512 is there.
    ("xla_cpu_prefer_vector_width", 512, lambda module: cpu.has("avx512f")),
)

_unknown: set[str] = set()


def flags(platform: str, extra: Mapping[str, Any], module: str) -> dict[str, Any]:
    """The flags for a program: our defaults, changed by `extra` (a value of None takes one out)."""
    defaults = {flag: value for flag, value, wanted in _CPU if wanted(module)} if platform == "cpu" else {}
    chosen = {flag: value for flag, value in defaults.items() if flag not in _unknown} | dict(extra)
    return {flag: value for flag, value in sorted(chosen.items()) if value is not None}


def drop_unknown(message: str, extra: Mapping[str, Any]) -> bool:
    """Whether XLA's error says that it does not know one of our own flags, which is then not set any more."""
    new = {f for f, _, _ in _CPU if f"'{f}'" in message and f not in extra and f not in _unknown}
    if "No such compile option" not in message or not new:
        return False
    _unknown.update(new)
    return True
