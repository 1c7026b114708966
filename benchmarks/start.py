"""`python -m benchmarks.start FRAMEWORK WORKLOAD`: a program from its import to the end of its first step.

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
    """Import, build the model, do one step, report."""
    framework, workload = FRAMEWORKS[sys.argv[1]], workloads.load()[sys.argv[2]]
    started = time.perf_counter()
    module = framework.load()
    compiled = _count_compiles(framework.name)
    sizes = dict(workload.sizes) | ({"steps": 1} if "steps" in workload.sizes else {})
    made = workload.variants[framework.dialect](module, **sizes)
    step = made if workload.part is None else made[workload.part]
    framework.wait(step())
    print(json.dumps({"seconds": time.perf_counter() - started, "compiled": compiled()}))


if __name__ == "__main__":
    main()
