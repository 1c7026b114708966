"""What is measured. A workload is a title and one variant per dialect, side by side in one file.

    add = workload("eager-add-10", "a + b on 10 floats")

    @add.tf                       # Headrace and TensorFlow: `tf` is whichever module is being measured
    def _(tf):
        a, b = tf.ones(10), tf.ones(10)
        return lambda: a + b      # what is timed

A variant gets the framework's module and the workload's sizes, and returns the function to time. A
dialect without a variant is reported as "–". To add a family, write a file here and name it in `FAMILIES`.
"""

import importlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

Step = Callable[[], Any]
Variant = Callable[..., Any]

# In the order of the report: dispatch first, then models by size.
FAMILIES = (
    "eager",
    "tape",
    "functions",
    "sessions",
    "programs",
    "mlp",
    "cnn",
    "lstm",
    "transformer",
    "resnet",
    "data",
    "keras_models",
)


@dataclass
class Workload:
    """A measurement: `variants[dialect](module, **sizes)` builds the step that is timed."""

    name: str
    title: str
    per: int = 1
    """Operations in one step: times are divided by it."""
    wait_each: bool = False
    """Wait for the result of every step (milliseconds of work) or only for the last of a round (dispatch)."""
    compiles: bool = False
    """The first step's time is worth a line of its own."""
    tolerance: float | None = None
    """How closely (relatively) the second step's results must agree: the proof of equal work."""
    sizes: Mapping[str, Any] = field(default_factory=dict)
    tiny: Mapping[str, Any] = field(default_factory=dict)
    """Sizes for tests, which only ask that the step runs."""
    variants: dict[str, Variant] = field(default_factory=dict)
    part: int | None = None
    """Which of the steps that the variant returns is this workload's; None when it returns just one."""

    def _variant(self, dialect: str) -> Callable[[Variant], Variant]:
        def register(variant: Variant) -> Variant:
            self.variants[dialect] = variant
            return variant

        return register

    @property
    def tf(self) -> Callable[[Variant], Variant]:
        """Decorator: this is the variant of Headrace and TensorFlow."""
        return self._variant("tf")

    @property
    def jax(self) -> Callable[[Variant], Variant]:
        """Decorator: this is JAX's variant."""
        return self._variant("jax")

    @property
    def torch(self) -> Callable[[Variant], Variant]:
        """Decorator: this is PyTorch's variant."""
        return self._variant("torch")

    def build(self, dialect: str, module: Any, *, tiny: bool = False) -> Step:
        """Build the step for one framework, in the real sizes or in the tests' tiny ones."""
        steps = self.variants[dialect](module, **{**self.sizes, **(self.tiny if tiny else {})})
        return steps if self.part is None else steps[self.part]


WORKLOADS: dict[str, Workload] = {}


def workload(name: str, title: str, **options: Any) -> Workload:
    """Declare a workload; its variants follow as decorated functions."""
    WORKLOADS[name] = Workload(name, title, **options)
    return WORKLOADS[name]


def model(name: str, title: str, *, sizes: Mapping[str, Any], tiny: Mapping[str, Any]) -> Workload:
    """Declare a model, whose variants return `(train, infer)`: two workloads over the same variants.

    `train()` does one step and returns the loss; `infer()` returns the outputs.
    """
    variants: dict[str, Variant] = {}
    options = {
        "wait_each": True,
        "compiles": True,
        "tolerance": 1e-3,
        "sizes": sizes,
        "tiny": tiny,
        "variants": variants,
    }
    workload(f"{name}-train", f"{title}: training step", part=0, **options)
    return workload(f"{name}-infer", f"{title}: inference", part=1, **options)


def load() -> dict[str, Workload]:
    """Import every family and return all workloads by name, in the order of the report."""
    for family in FAMILIES:
        importlib.import_module(f"{__name__}.{family}")
    return WORKLOADS
