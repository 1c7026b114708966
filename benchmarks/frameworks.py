"""Who is measured: a name, the source dialect it runs, how it is imported, how long work is waited for."""

import importlib
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import ModuleType
from typing import Any

Value = Any


def last(value: Value) -> Value:
    """The last tensor in a possibly nested result; when it is ready, so is what was computed before it."""
    while isinstance(value, (list, tuple, dict)) and value:
        value = list(value.values())[-1] if isinstance(value, dict) else value[-1]
    return value


def _wait_by_reading(value: Value) -> None:
    value = last(value)
    if hasattr(value, "numpy"):
        value.numpy()


def _wait_jax(value: Value) -> None:
    import jax

    jax.block_until_ready(value)


@dataclass(frozen=True)
class Framework:
    """One competitor. `dialect` names the variant of each workload that it runs."""

    name: str
    dialect: str
    module: str
    distribution: str
    wait: Callable[[Value], None] = field(default=_wait_by_reading, repr=False)
    environment: Mapping[str, str] = field(default_factory=dict)

    def load(self) -> ModuleType:
        """Import the framework; called in its own process only."""
        return importlib.import_module(self.module)


# Headrace and TensorFlow run the very same source: only the module that the workload is given differs.
FRAMEWORKS = {
    framework.name: framework
    for framework in (
        Framework("headrace", "tf", "headrace", "headrace"),
        Framework(
            "tensorflow", "tf", "tensorflow", "tensorflow-cpu", environment={"TF_CPP_MIN_LOG_LEVEL": "3"}
        ),
        Framework("jax", "jax", "jax", "jax", wait=_wait_jax, environment={"JAX_PLATFORMS": "cpu"}),
        Framework("torch", "torch", "torch", "torch"),
    )
}


def worker_environment(framework: Framework, root: str, scratch: str) -> dict[str, str]:
    """The environment of a framework's processes: this repository importable, no GPU, empty caches.

    `scratch` is a folder private to this run, so that no compile cache from an earlier run helps.
    """
    return {
        **os.environ,
        "PYTHONPATH": root,
        "CUDA_VISIBLE_DEVICES": "-1",
        "HEADRACE_CACHE_DIR": os.path.join(scratch, "headrace"),
        **framework.environment,
    }
