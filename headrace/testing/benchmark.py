"""`tf.test.Benchmark`: measurements that are reported as text protobufs."""

from __future__ import annotations

import inspect
import json
import os
import re
import sys
import time
from typing import Any

import numpy as np

_CLASSES: list[type[Benchmark]] = []


class Benchmark:
    """A class of benchmarks: its methods named `benchmark…` are run by `tf.test.main()` with `--benchmarks=<regex>`.

    What a benchmark reports is printed; where the environment has TEST_REPORT_FILE_PREFIX it is written to a file of that
    prefix, too."""

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        _CLASSES.append(cls)

    @classmethod
    def is_abstract(cls) -> bool:
        """Whether the class has no benchmark of its own."""
        return not cls._methods()

    @classmethod
    def _methods(cls) -> list[str]:
        return [name for name, value in inspect.getmembers(cls, callable) if name.startswith("benchmark")]

    def evaluate(self, tensors: Any) -> Any:
        """The values of a nest of tensors as NumPy arrays."""
        from .case import TestCase

        return TestCase().evaluate(tensors)

    def _name(self, given: str | None) -> str:
        if given is not None:
            return f"{type(self).__name__}.{given}" if "." not in given else given
        calling = next((f.function for f in inspect.stack() if f.function.startswith("benchmark")), None)
        if calling is None:
            raise ValueError("Unable to determine calling Benchmark function. Pass `name`.")
        return f"{type(self).__name__}.{calling}"

    def report_benchmark(
        self,
        iters: int | None = None,
        cpu_time: float | None = None,
        wall_time: float | None = None,
        throughput: float | None = None,
        extras: dict[str, Any] | None = None,
        name: str | None = None,
        metrics: list[dict[str, Any]] | None = None,
    ) -> None:
        """Reports a measurement.

        Args:
          iters: how often it was repeated.
          cpu_time, wall_time: seconds of all.
          throughput: MB per second.
          extras: more numbers or texts by name.
          name: by default the calling method's.
          metrics: dicts with "name", "value", and maybe "min_value", "max_value".
        """
        fields = [f"name: {json.dumps(self._name(name))}"]
        for key, value in (
            ("iters", iters),
            ("cpu_time", cpu_time),
            ("wall_time", wall_time),
            ("throughput", throughput),
        ):
            if value is not None:
                fields.append(f"{key}: {value}")
        for key, value in (extras or {}).items():
            number = isinstance(value, (int, float, np.number)) and not isinstance(value, bool)
            shown = f"double_value: {float(value)}" if number else f"string_value: {json.dumps(str(value))}"
            fields.append(f"extras {{ key: {json.dumps(key)} value {{ {shown} }} }}")
        for metric in metrics or []:
            parts = [f"name: {json.dumps(metric['name'])}", f"value: {float(metric['value'])}"]
            for bound in ("min_value", "max_value"):
                if metric.get(bound) is not None:
                    parts.append(f"{bound} {{ value: {float(metric[bound])} }}")
            fields.append(f"metrics {{ {' '.join(parts)} }}")
        entry = f"entry {{ {' '.join(fields)} }}\n"
        prefix = os.environ.get("TEST_REPORT_FILE_PREFIX")
        if prefix:
            with open(prefix + self._name(name).replace("/", "__"), "w", encoding="utf8") as file:
                file.write(entry)
        sys.stdout.write(entry)

    def run_op_benchmark(
        self,
        sess: Any,
        op_or_tensor: Any,
        feed_dict: Any = None,
        burn_iters: int = 2,
        min_iters: int = 10,
        store_trace: bool = False,
        store_memory_usage: bool = True,
        name: str | None = None,
        extras: dict[str, Any] | None = None,
        mbs: float = 0,
    ) -> dict[str, Any]:
        """Runs a part of a session's graph again and again, and reports the median time of a run.

        Args:
          burn_iters: runs that do not count.
          store_trace: unsupported; `store_memory_usage` reports the process's peak memory in bytes.
          mbs: megabytes that one run handles, for the throughput.

        Returns:
          What was reported, by name.

        Raises:
          ValueError: `store_trace=True`.
        """
        if store_trace:
            raise ValueError(
                "store_trace=True is not supported: benchmarks report times. Use tf.summary.trace_on for a trace."
            )
        target = getattr(op_or_tensor, "op", op_or_tensor)  # the value itself is not fetched
        for _ in range(burn_iters):
            sess.run(target, feed_dict=feed_dict)
        times = []
        for _ in range(min_iters):
            start = time.perf_counter()
            sess.run(target, feed_dict=feed_dict)
            times.append(time.perf_counter() - start)
        median = float(np.median(times)) if times else -1.0
        more = dict(extras or {})
        if store_memory_usage:
            more["peak_memory_bytes"] = _peak_memory()
        result: dict[str, Any] = {
            "iters": min_iters, "wall_time": median, "extras": more, "throughput": mbs / median if median > 0 else 0.0,
            "name": self._name(name),
        }  # fmt: skip
        self.report_benchmark(**result)
        return result


def _peak_memory() -> int:
    import resource

    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024


def run(pattern: str) -> None:
    """Runs the benchmarks whose name `Class.method` the regular expression finds; "all" means all."""
    matches = re.compile("" if pattern == "all" else pattern)
    for cls in _CLASSES:
        for method in cls._methods():
            if matches.search(f"{cls.__name__}.{method}"):
                getattr(cls(), method)()
