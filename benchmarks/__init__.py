"""The same workloads on Headrace, TensorFlow, JAX and PyTorch, measured side by side in one run.

Reading order: `workloads/` (what is measured; each file has the frameworks' variants side by side),
`frameworks.py` (who is measured), `worker.py` (one process per framework: builds a workload, times
rounds of it), `harness.py` (starts the workers, asks them in turn, takes medians), `processes.py`
(what needs a fresh process: import time, start-up, install size), `peers.py` (the peers' virtual
environments), `report.py` (tables and JSON) and `__main__.py` (the command line).
"""
