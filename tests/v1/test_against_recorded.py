"""Layers, recurrent nets and `tf.contrib` against what TensorFlow 1.15 gave for the same cases (`oracle.py`)."""

import functools
import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

HERE = Path(__file__).resolve().parent
RECORDED = {p.stem: json.loads(p.read_text()) for p in sorted((HERE / "recorded").glob("*.json"))}


@functools.cache
def ours(family):
    done = subprocess.run(
        [sys.executable, "-m", "headrace", "run", "--v1", str(HERE / "oracle.py"), str(HERE / "cases" / f"{family}.py")],
        capture_output=True, text=True, check=False, env={**os.environ, "PYTHONPATH": str(HERE.parents[1])},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def same(got, want, where):
    if isinstance(want, dict) and "values" in want and "dtype" in want:
        assert got["shape"] == want["shape"], where
        assert got["dtype"] == want["dtype"] or "object" in (got["dtype"], want["dtype"]), where
        if want["dtype"].startswith("float"):
            tolerance = 5e-3 if want["dtype"] == "float16" else 3e-5
            np.testing.assert_allclose(
                got["values"], want["values"], rtol=tolerance, atol=tolerance, err_msg=where
            )
        else:
            assert got["values"] == want["values"], where
    elif isinstance(want, dict):
        assert sorted(got) == sorted(want), where
        for key in want:
            same(got[key], want[key], f"{where}[{key!r}]")
    elif isinstance(want, list):
        assert len(got) == len(want), where
        for i, (a, b) in enumerate(zip(got, want)):
            same(a, b, f"{where}[{i}]")
    else:
        assert got == want, where


@pytest.mark.parametrize(
    ("family", "name"), [(family, name) for family, cases in RECORDED.items() for name in cases]
)
def test_case(family, name):
    got, want = ours(family)[name], RECORDED[family][name]
    assert "error" not in want and "error" not in got, got.get("error") or want["error"]
    assert [v[0] for v in got["variables"]] == [v[0] for v in want["variables"]]
    assert got["variables"] == want["variables"] and got["trainable"] == want["trainable"]
    assert got["regularization_losses"] == want["regularization_losses"]
    same(got["values"], want["values"], "values")
