"""`headrace demo`: trains a small convolutional network on real images, eager and compiled, with timings.

The program below the line "The network" is what a user writes: it uses only public `tf.*` names, so that it
runs on TensorFlow as it is. The images are the handwritten digits that ship inside scikit-learn.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import numpy as np

BATCH = 64
GOAL = 0.98  # of the test images named right


# ----------------------------------------------------------------------------------------------------
# The data


@dataclass
class Digits:
    """Grey 8×8 images in [0, 1] as float32 [n, 8, 8, 1], and what they show as int32 [n]."""

    train_images: np.ndarray
    train_labels: np.ndarray
    test_images: np.ndarray
    test_labels: np.ndarray


def load_digits(seed: int, test_share: float = 0.2) -> Digits:
    """The 1,797 digits, shuffled by `seed` and split so that every digit has its share in the test images."""
    from sklearn.datasets import load_digits as bundled  # an import of a second, wanted by the demo alone

    data = bundled()
    images, labels = (data.images / 16.0).astype(np.float32)[..., None], data.target.astype(np.int32)
    order = np.random.default_rng(seed).permutation(len(labels))
    by_digit = [order[labels[order] == digit] for digit in range(10)]
    test = np.concatenate([indices[: round(len(indices) * test_share)] for indices in by_digit])
    train = np.setdiff1d(order, test)
    return Digits(images[train], labels[train], images[test], labels[test])


# ----------------------------------------------------------------------------------------------------
# The network


class Network:
    """Two convolutions, a max-pool and two dense layers; 0.15 M parameters, kept in `variables`."""

    shapes = ((3, 3, 1, 32), (32,), (3, 3, 32, 64), (64,), (1024, 128), (128,), (128, 10), (10,))

    def __init__(self, tf: Any, seed: int) -> None:
        self.tf = tf
        self.variables = [tf.Variable(self._initial(shape, [seed, i])) for i, shape in enumerate(self.shapes)]

    def _initial(self, shape: Sequence[int], seed: Sequence[int]) -> Any:
        if len(shape) == 1:
            return self.tf.zeros(shape)
        return self.tf.random.stateless_normal(shape, seed) * float(np.sqrt(2.0 / np.prod(shape[:-1])))

    def __call__(self, images: Any, training: bool = False) -> Any:
        """Logits [n, 10] of images [n, 8, 8, 1]."""
        tf = self.tf
        conv1, bias1, conv2, bias2, dense1, bias3, dense2, bias4 = self.variables
        x = tf.nn.relu(tf.nn.conv2d(images, conv1, 1, "SAME") + bias1)
        x = tf.nn.relu(tf.nn.conv2d(x, conv2, 1, "SAME") + bias2)
        x = tf.reshape(tf.nn.max_pool2d(x, 2, 2, "SAME"), [-1, 1024])
        x = tf.nn.dropout(x, 0.25) if training else x
        x = tf.nn.relu(x @ dense1 + bias3)
        x = tf.nn.dropout(x, 0.5) if training else x
        return x @ dense2 + bias4


class Adam:
    """Adam (Kingma & Ba, 2015) with a learning rate that falls to zero along a cosine."""

    def __init__(self, tf: Any, variables: Sequence[Any], rate: float, total_steps: int) -> None:
        self.tf, self.variables, self.rate, self.total_steps = tf, variables, rate, total_steps
        self.means = [tf.Variable(tf.zeros_like(v)) for v in variables]
        self.squares = [tf.Variable(tf.zeros_like(v)) for v in variables]
        self.step = tf.Variable(0.0)

    def apply(self, gradients: Sequence[Any]) -> None:
        tf = self.tf
        t = self.step.assign_add(1.0)
        progress = tf.minimum(t / self.total_steps, 1.0)
        rate = self.rate * 0.5 * (1.0 + tf.cos(np.pi * progress)) * tf.sqrt(1.0 - 0.999**t) / (1.0 - 0.9**t)
        slots = zip(self.variables, self.means, self.squares, gradients, strict=True)
        for variable, mean, square, gradient in slots:
            mean.assign(0.9 * mean + 0.1 * gradient)
            square.assign(0.999 * square + 0.001 * gradient * gradient)
            variable.assign_sub(rate * mean / (tf.sqrt(square) + 1e-7))


def make_step(tf: Any, network: Network, optimizer: Adam) -> Callable[[Any, Any], Any]:
    """One training step `(images, labels) -> loss`, eager as it is and compiled by `tf.function`."""

    def step(images: Any, labels: Any) -> Any:
        with tf.GradientTape() as tape:
            logits = network(images, training=True)
            losses = tf.nn.sparse_softmax_cross_entropy_with_logits(labels, logits)
            loss = tf.reduce_mean(losses)
        optimizer.apply(tape.gradient(loss, network.variables))
        return loss

    return step


def batches(tf: Any, digits: Digits, seed: int) -> Iterator[tuple[Any, Any]]:
    """One epoch of full batches in an order decided by `seed`."""
    order = np.random.default_rng(seed).permutation(len(digits.train_labels))
    for start in range(0, len(order) - BATCH + 1, BATCH):
        chosen = order[start : start + BATCH]
        yield tf.constant(digits.train_images[chosen]), tf.constant(digits.train_labels[chosen])


# ----------------------------------------------------------------------------------------------------
# Training, timed


@dataclass
class Report:
    """What happened: seconds and steps by phase, and the test images' labels and predictions."""

    seconds: dict[str, float] = field(default_factory=dict)
    steps: dict[str, int] = field(default_factory=dict)
    labels: np.ndarray = field(default_factory=lambda: np.zeros(0, np.int32))
    predictions: np.ndarray = field(default_factory=lambda: np.zeros(0, np.int32))

    @contextmanager
    def timed(self, phase: str) -> Iterator[None]:
        start = time.perf_counter()
        yield
        self.seconds[phase] = self.seconds.get(phase, 0.0) + time.perf_counter() - start

    @property
    def accuracy(self) -> float:
        return float(np.mean(self.labels == self.predictions))

    def per_step(self, phase: str) -> float:
        return self.seconds[phase] / self.steps[phase]


Progress = Callable[[str, int, int, float], None]  # phase, steps done, steps in all, loss


def train(tf: Any, epochs: int, seed: int, progress: Progress, report: Report) -> Report:
    """One eager epoch, then `epochs` compiled ones on the same network, then the test. Fills in `report`.

    `tf` is the module: Headrace here, but anything with TensorFlow's interface does.
    """
    with report.timed("data"):
        digits = load_digits(seed)
    per_epoch = len(digits.train_labels) // BATCH
    total = epochs * per_epoch

    with report.timed("first ops, weights"):  # ops are imported when first used
        tf.random.set_seed(seed)
        network = Network(tf, seed)
        optimizer = Adam(tf, network.variables, rate=2e-3, total_steps=per_epoch + total)
        step = make_step(tf, network, optimizer)

    with report.timed("eager first step"):  # heavy eager ops are compiled one by one when first met
        images, labels = next(batches(tf, digits, seed))
        loss = float(step(images, labels))
    report.steps["eager"] = per_epoch
    for done, (images, labels) in enumerate(batches(tf, digits, seed), 1):
        with report.timed("eager"):
            loss = float(step(images, labels))
        progress("eager", done, per_epoch, loss)

    compiled = tf.function(step)
    with report.timed("tracing"):
        compiled.get_concrete_function(images, labels)
    with report.timed("compiling"):
        loss = float(compiled(images, labels))
    report.steps["compiled"] = total
    for epoch in range(epochs):
        epoch_batches = batches(tf, digits, seed + 1 + epoch)
        for done, (images, labels) in enumerate(epoch_batches, 1 + epoch * per_epoch):
            with report.timed("compiled"):
                loss = float(compiled(images, labels))
            progress("compiled", done, total, loss)

    with report.timed("test"):
        predict = tf.function(lambda images: tf.argmax(network(images), axis=1, output_type=tf.int32))
        report.predictions = predict(tf.constant(digits.test_images)).numpy()
        report.labels = digits.test_labels
    return report


# ----------------------------------------------------------------------------------------------------
# What the user sees


def show(console: Any, report: Report, cache_line: str | None) -> None:
    """Prints the speed, the confusion table, where the time went and the accuracy."""
    from rich.table import Table

    speed = Table(title="speed", title_justify="left")
    for column in ("", "per step", "images/s"):
        speed.add_column(column, justify="right")
    for phase in ("eager", "compiled"):
        seconds = report.per_step(phase)
        speed.add_row(phase, f"{1e3 * seconds:.2f} ms", f"{BATCH / seconds:,.0f}")
    console.print(speed)
    ratio = report.per_step("eager") / report.per_step("compiled")
    console.print(f"compiled steps are {ratio:.1f} times as fast\n")

    confusion = Table(title="test digits (rows), taken for (columns)", title_justify="left")
    for column in ("", *map(str, range(10))):
        confusion.add_column(column, justify="right")
    counts = np.zeros((10, 10), int)
    np.add.at(counts, (report.labels, report.predictions), 1)
    for digit, row in enumerate(counts):
        colours = ("green" if digit == taken else "red" for taken in range(10))
        cells = (f"[{colour}]{n}[/]" if n else "·" for colour, n in zip(colours, row, strict=True))
        confusion.add_row(str(digit), *cells)
    console.print(confusion)

    whole = sum(report.seconds.values())
    spent = Table(title="where the time went", title_justify="left")
    for column in ("", "seconds", "share"):
        spent.add_column(column, justify="right")
    for phase, seconds in report.seconds.items():
        spent.add_row(phase, f"{seconds:.2f}", f"{100 * seconds / whole:.0f} %")
    spent.add_row("in all", f"{whole:.2f}", "")
    console.print(spent)
    if cache_line:
        console.print(cache_line)

    wrong = int(np.sum(report.labels != report.predictions))
    colour = "green" if report.accuracy >= GOAL else "red"
    accuracy = f"[bold {colour}]test accuracy {100 * report.accuracy:.2f} %[/]"
    console.print(f"\n{accuracy} ({wrong} of {len(report.labels)} wrong)")


def import_seconds() -> float:
    """What `import headrace` takes, in a Python of its own (this one has it already)."""
    code = "import time; start = time.perf_counter(); import headrace; print(time.perf_counter() - start)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return float(done.stdout)


def main(argv: Sequence[str] | None = None) -> int:
    """The command `headrace demo`. Returns 0, or 1 when the network stays below 98 % on the test images."""
    parser = argparse.ArgumentParser("headrace demo", description="Train a small network on digits.")
    parser.add_argument("--epochs", type=int, default=20, help="compiled epochs after the eager one (20)")
    parser.add_argument("--seed", type=int, default=0, help="decides split, order and weights (0)")
    options = parser.parse_args(argv)
    if options.epochs < 1:
        parser.error(f"--epochs must be at least 1, not {options.epochs}")
    try:
        import sklearn  # noqa: F401
        from rich.console import Console
        from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
    except ModuleNotFoundError as missing:
        print(f"headrace demo needs {missing.name}: pip install 'headrace[demo]'", file=sys.stderr)
        return 1

    import headrace as tf
    from headrace.runtime import cache

    console = Console()
    console.print("[bold]Handwritten digits[/]: a convolutional network, one epoch eager, the rest compiled")
    report = Report()
    report.seconds["import headrace"] = import_seconds()
    before = cache.stats()
    columns = TextColumn("{task.description:>8}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn()
    with Progress(*columns, TextColumn("loss {task.fields[loss]:.4f}"), console=console) as bars:
        tasks: dict[str, Any] = {}

        def progress(phase: str, done: int, total: int, loss: float) -> None:
            if phase not in tasks:
                tasks[phase] = bars.add_task(phase, total=total, loss=loss)
            bars.update(tasks[phase], completed=done, loss=loss)

        train(tf, options.epochs, options.seed, progress, report)
    after = cache.stats()
    hits, misses = after.hits - before.hits, after.misses - before.misses
    line = f"programs compiled: {misses}; read from the compile cache instead: {hits}"
    show(console, report, line if cache.enabled() else "the compile cache is off")
    return 0 if report.accuracy >= GOAL else 1
