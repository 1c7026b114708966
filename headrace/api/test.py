"""`tf.test`: test cases, numeric gradients, and what this build and machine have."""

from __future__ import annotations

import functools
import platform
import sys
import unittest
from collections.abc import Callable
from typing import Any

from headrace import runtime
from headrace.core import errors
from headrace.testing.benchmark import Benchmark
from headrace.testing.case import TestCase
from headrace.testing.gradients import compute_gradient

from . import test_experimental as experimental

ROOT: list[str] = []
__all__ = [
    "Benchmark", "TestCase", "assert_equal_graph_def", "benchmark_config", "compute_gradient", "create_local_cluster",
    "disable_with_predicate", "experimental", "gpu_device_name", "is_built_with_cuda", "is_built_with_gpu_support",
    "is_built_with_rocm", "is_built_with_xla", "is_cpu_target_available", "is_gpu_available", "main", "with_eager_op_as_function",
]  # fmt: skip


# --------------------------------------------------------------------------------------------------- build and machine
def _has_plugin(package: str) -> bool:
    import importlib.metadata

    names = {d.metadata["Name"] or "" for d in importlib.metadata.distributions()}
    return any(n.startswith("jax") and package in n for n in names)


def is_built_with_cuda() -> bool:
    """Whether the plug-in for NVIDIA's GPUs is installed."""
    return _has_plugin("-cuda")


def is_built_with_rocm() -> bool:
    """Whether the plug-in for AMD's GPUs is installed."""
    return _has_plugin("-rocm")


def is_built_with_gpu_support() -> bool:
    """Whether a plug-in for GPUs is installed."""
    return is_built_with_cuda() or is_built_with_rocm()


def is_built_with_xla() -> bool:
    """Whether programs are compiled by XLA: always."""
    return True


def gpu_device_name() -> str:
    """The name of the first GPU, or "" if there is none."""
    return "/device:GPU:0" if runtime.list_physical_devices("GPU") else ""


def is_gpu_available(
    cuda_only: bool = False, min_cuda_compute_capability: tuple[int, int] | None = None
) -> bool:
    """Whether there is a GPU. (Prefer `tf.config.list_physical_devices("GPU")`.)

    Args:
      cuda_only: whether it must be NVIDIA's.
      min_cuda_compute_capability: not known here.

    Raises:
      ValueError: a compute capability is asked for.

    >>> import headrace as tf
    >>> tf.test.is_gpu_available() == bool(tf.config.list_physical_devices("GPU"))
    True
    """
    if min_cuda_compute_capability is not None:
        raise ValueError(
            "min_cuda_compute_capability is not supported: compute capabilities are not known here."
        )
    return bool(runtime.list_physical_devices("GPU")) and (not cuda_only or is_built_with_cuda())


_TARGETS = {
    "x86_64": "x86",
    "amd64": "x86",
    "aarch64": "aarch64",
    "arm64": "aarch64",
    "ppc64le": "ppc",
    "s390x": "systemz",
}


def is_cpu_target_available(target: str) -> bool:
    """Whether programs can be compiled for a kind of processor ("x86", "aarch64", "arm", "ppc", "systemz"): this machine's."""
    return _TARGETS.get(platform.machine().lower()) == target.lower()


# -------------------------------------------------------------------------------------------------------------- running
def main(argv: list[str] | None = None) -> None:
    """Runs the tests of the calling program, or with `--benchmarks=<regex>` its benchmarks, and exits.

    A program that uses absl's flags gets them parsed, and absl's test runner."""
    argv = list(sys.argv if argv is None else argv)
    chosen = [a.partition("=")[2] for a in argv if a.startswith("--benchmarks=")]
    if chosen:
        from headrace.testing import benchmark

        benchmark.run(chosen[0])
        return
    if "absl.flags" in sys.modules:
        from absl.testing import absltest

        absltest.main(argv=argv)
    else:
        unittest.main(module="__main__", argv=argv)


def disable_with_predicate(pred: Callable[[Any], bool], skip_message: str) -> Callable[[Any], Any]:
    """Decorates a test that is skipped where `pred(test case)` is true."""

    def decorate(function: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(function)
        def run(self: Any, *args: Any, **kwargs: Any) -> Any:
            if pred(self):
                self.skipTest(skip_message)
            return function(self, *args, **kwargs)

        return run

    return decorate


def with_eager_op_as_function(cls: Any = None, only_as_function: bool = False) -> Any:
    """Decorates a test case that TensorFlow once ran a second time, with eager ops as functions. Eager ops have one way to
    run, so the class stays as it is, whatever `only_as_function` says."""
    return (lambda decorated: decorated) if cls is None else cls


def benchmark_config() -> Any:
    """The configuration for sessions of benchmarks: the graph runs as it was built."""
    from headrace.proto.config_pb2 import ConfigProto

    return ConfigProto()


def create_local_cluster(
    num_workers: int, num_ps: int, protocol: str = "grpc", worker_config: Any = None, ps_config: Any = None
) -> Any:
    """Would start servers of a cluster in this process.

    Raises:
      UnimplementedError: always; Headrace has no servers of TensorFlow's distributed runtime.
    """
    raise errors.UnimplementedError(
        None,
        None,
        f"create_local_cluster({num_workers}, {num_ps}): there are no tf.distribute.Server processes here. "
        "Test with the devices of one process: tf.config.set_logical_device_configuration makes several of one CPU.",
    )


# ---------------------------------------------------------------------------------------------------------------- graphs
def assert_equal_graph_def(expected: Any, actual: Any) -> None:
    """Fails unless two GraphDefs have the same nodes and functions, in whatever order. Versions are not compared.

    Raises:
      TypeError: an argument is no GraphDef.
      AssertionError: they differ; the message says where.
    """
    for what, graph in (("expected", expected), ("actual", actual)):
        if getattr(getattr(graph, "DESCRIPTOR", None), "name", None) != "GraphDef":
            raise TypeError(f"Expected tf.GraphDef for {what}, got {type(graph).__name__}.")
    _same_nodes(expected.node, actual.node, "")
    one, two = ({f.signature.name: f for f in g.library.function} for g in (expected, actual))
    if one.keys() != two.keys():
        raise AssertionError(
            f"The functions differ: {sorted(one.keys() ^ two.keys())} are in one of the graphs only."
        )
    for name, f in one.items():
        _same_nodes(f.node_def, two[name].node_def, f" of function {name!r}")


def _same_nodes(expected: Any, actual: Any, where: str) -> None:
    one, two = ({n.name: n for n in nodes} for nodes in (expected, actual))
    missing, odd = sorted(one.keys() - two.keys()), sorted(two.keys() - one.keys())
    if missing or odd:
        raise AssertionError(
            f"The nodes{where} differ: {missing} are expected but not there, {odd} are there unexpectedly."
        )
    for name, a in one.items():
        b = two[name]
        for part in ("op", "device"):
            if getattr(a, part) != getattr(b, part):
                raise AssertionError(
                    f"Node {name!r}{where}: expected {part} {getattr(a, part)!r}, got {getattr(b, part)!r}."
                )
        if _inputs(a) != _inputs(b):
            raise AssertionError(
                f"Node {name!r}{where}: expected inputs {list(a.input)}, got {list(b.input)}."
            )
        for key in sorted({*a.attr, *b.attr}):
            if not key.startswith("_") and (
                key not in a.attr or key not in b.attr or a.attr[key] != b.attr[key]
            ):
                raise AssertionError(
                    f"Node {name!r}{where}: attribute {key!r} differs: expected {a.attr.get(key)}, "
                    f"got {b.attr.get(key)}."
                )


def _inputs(node: Any) -> tuple[list[str], list[str]]:
    """The inputs in order, `x` for `x:0`, and the control inputs, which have no order."""
    data = [i.removesuffix(":0") for i in node.input if not i.startswith("^")]
    return data, sorted(i for i in node.input if i.startswith("^"))
