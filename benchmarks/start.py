"""`python -m benchmarks.start FRAMEWORK`: a small program from its import to its first training step.

`processes.py` runs it twice: the second time, a compile cache on disk has what the first one compiled. Prints
one JSON object: the seconds since the import began, and how many programs were compiled (null if unknown).
"""

import json
import sys
import time

from benchmarks import workloads
from benchmarks.frameworks import FRAMEWORKS


def _count_compiles(framework: str):
    """A function that tells how many programs this process has compiled, not counting cache hits."""
    if framework == "jax":
        import jax

        counts = {"/jax/compilation_cache/cache_misses": 0}

        def listener(event: str, **_: object) -> None:
            if event in counts:
                counts[event] += 1

        jax.monitoring.register_event_listener(listener)
        return lambda: sum(counts.values())
    if framework == "headrace":
        from headrace.runtime import cache

        return lambda: cache.stats().misses
    return lambda: None  # TensorFlow and PyTorch compile no programs here


def main() -> None:
    """Import, build the MLP, train one step, report."""
    framework = FRAMEWORKS[sys.argv[1]]
    started = time.perf_counter()
    module = framework.load()
    compiled = _count_compiles(framework.name)
    step = workloads.load()["mlp-train"].build(framework.dialect, module)
    framework.wait(step())
    print(json.dumps({"seconds": time.perf_counter() - started, "compiled": compiled()}))


if __name__ == "__main__":
    main()
