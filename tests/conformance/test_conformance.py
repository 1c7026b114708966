"""Every snippet under snippets/, on Headrace here and on real TensorFlow in another process."""

from __future__ import annotations

import fcntl
import functools
import hashlib
import os
import subprocess
from pathlib import Path

import pytest
from conformance import harness

HERE = Path(__file__).resolve().parent
FILES = sorted((HERE / "snippets").glob("*.py"))
SETTING = "HEADRACE_TF_PYTHON"
TF_ENVIRONMENT = {
    "TF_CPP_MIN_LOG_LEVEL": "3",
    "CUDA_VISIBLE_DEVICES": "-1",
    "TF_ENABLE_ONEDNN_OPTS": "0",  # the oracle's own kernels, which do not reorder sums
    "PYTHONPATH": str(HERE.parent),
}

pytestmark = pytest.mark.conformance


def tensorflow_python() -> str:
    if given := os.environ.get(SETTING):
        assert Path(given).exists(), f"{SETTING} is {given!r}, which does not exist"
        return given
    if (made := _home() / "tensorflow" / "bin" / "python").exists():
        return str(made)
    pytest.skip(f"real TensorFlow is not installed: run ./dev test, or set {SETTING} to a Python that has it")


def _home() -> Path:
    return Path(os.environ.get("HEADRACE_DEV_DIR", HERE.parents[1] / ".dev"))


@functools.cache
def tensorflow_version(python: str) -> str:
    query = """
import importlib.metadata as metadata, numpy, sys
installed = {d.metadata["Name"].lower().replace("-", "_"): d.version for d in metadata.distributions()}
print(installed.get("tensorflow_cpu") or installed["tensorflow"], numpy.__version__, sys.version_info[:2])
"""
    return subprocess.run([python, "-c", query], check=True, capture_output=True, text=True).stdout.strip()


@functools.cache
def expected(source: Path) -> dict[str, harness.Recording]:
    """TensorFlow's results for one file of snippets, made once for each content of the file."""
    python = tensorflow_python()
    content = (source.read_bytes(), (HERE / "harness.py").read_bytes(), tensorflow_version(python).encode())
    key = hashlib.sha256(b"\0".join(content)).hexdigest()[:20]
    folder = _home() / "oracle"
    folder.mkdir(parents=True, exist_ok=True)
    stem = folder / f"{source.stem}-{key}"
    with open(folder / f"{source.stem}.lock", "w") as lock:  # another worker may be making the same file
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not stem.with_suffix(".json").exists():
            for old in folder.glob(f"{source.stem}-*"):
                old.unlink()
            command = [python, "-m", "conformance.harness", str(source), str(stem)]
            environment = {**os.environ, **TF_ENVIRONMENT}
            done = subprocess.run(command, env=environment, cwd=HERE.parent, capture_output=True, text=True)
            assert done.returncode == 0, f"TensorFlow's side of {source.name} failed:\n{done.stderr[-4000:]}"
    return harness.restore(stem)


def cases():
    for source in FILES:
        for name, snippet in harness.load(source).items():
            # One worker per file, so that each recording is read by one process only.
            group = pytest.mark.xdist_group(f"conformance-{source.stem}")
            yield pytest.param(source, snippet, id=f"{source.stem}:{name}", marks=group)


@pytest.fixture
def headrace():
    import headrace

    return headrace


@pytest.mark.parametrize(("source", "snippet"), list(cases()))
def test_agrees_with_tensorflow(source, snippet, headrace):
    want = expected(source)[snippet.name]
    found = harness.differences(snippet, want, harness.record(snippet, headrace))
    assert not found, "\n".join(found)
