"""The example programs do what they promise: each runs through `headrace run`, and what it learns beats chance."""

import os
import re
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

for package in ("keras", "sklearn"):
    if find_spec(package) is None:
        pytest.skip(f"{package} is not installed", allow_module_level=True)

EXAMPLES = Path(__file__).resolve().parents[1] / "examples"
SCRIPTS = sorted(EXAMPLES.glob("keras/*.py"))
METRIC = re.compile(
    r"^(\w+) (-?[\d.]+) \((?:chance|baseline) (-?[\d.]+)\)$"
)  # the last line of every example


def test_there_are_examples():
    assert len(SCRIPTS) >= 22


@pytest.mark.slow
@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: path.stem)
def test_example(script, tmp_path):
    done = subprocess.run(
        [sys.executable, "-m", "headrace", "run", str(script), "--quick"],
        capture_output=True,
        text=True,
        cwd=tmp_path,
        env=os.environ | {"PYTHONPATH": str(EXAMPLES.parent), "KERAS_HOME": str(tmp_path)},
        timeout=280,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-4000:]
    assert "Traceback" not in done.stderr, done.stderr
    found = METRIC.match(done.stdout.splitlines()[-1])
    assert found, f"The last line is no metric:\n{done.stdout[-1000:]}"
    name, reached, other = found[1], float(found[2]), float(found[3])
    assert reached < other if name == "error" else reached > other, found[0]
    assert list(tmp_path.glob("*")) in ([], [tmp_path / "keras.json"]), "An example left files behind."


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: path.stem)
def test_examples_are_programs_for_tensorflow(script):
    """They run unchanged on either: nothing in them says Headrace."""
    source = script.read_text()
    assert "headrace" not in source.lower()
    assert source.startswith('"""') and '"--quick"' in source
    assert 40 <= len(source.splitlines()) <= 125
