"""The TensorFlow 1.x programs do what they promise: each runs through `headrace run`, and what it learns beats chance."""

import os
import re
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

if find_spec("sklearn") is None:
    pytest.skip("sklearn is not installed", allow_module_level=True)

EXAMPLES = Path(__file__).resolve().parents[1] / "examples"
SCRIPTS = sorted(EXAMPLES.glob("v1/*.py"))
METRIC = re.compile(
    r"^(\w+) (-?[\d.]+) \((?:chance|baseline) (-?[\d.]+)\)$"
)  # the last line of every example
MORE = [("autoencoder", "--variational")]  # what the tests also ask for


def run(script, tmp_path, *arguments):
    """Runs a program, as 1.x if that is what its `import tensorflow` means; its last line's name and two numbers."""
    version = [] if "tensorflow.compat.v1" in script.read_text() else ["--v1"]
    done = subprocess.run(
        [sys.executable, "-m", "headrace", "run", *version, str(script), "--quick", *arguments],
        capture_output=True,
        text=True,
        cwd=tmp_path,
        env=os.environ | {"PYTHONPATH": str(EXAMPLES.parent)},
        timeout=280,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-4000:]
    assert "Traceback" not in done.stderr, done.stderr
    found = METRIC.match(done.stdout.splitlines()[-1])
    assert found, f"The last line is no metric:\n{done.stdout[-1000:]}"
    return found[1], float(found[2]), float(found[3])


@pytest.mark.slow
@pytest.mark.parametrize(
    ("script", "arguments"),
    [(s, ()) for s in SCRIPTS] + [(EXAMPLES / "v1" / f"{name}.py", rest) for name, *rest in MORE],
    ids=[s.stem for s in SCRIPTS] + ["-".join(more) for more in MORE],
)
def test_example(script, arguments, tmp_path):
    if "decode_jpeg" in script.read_text():
        pytest.importorskip("PIL")
    name, reached, other = run(script, tmp_path, *arguments)
    assert reached < other if name == "error" else reached > other, (name, reached, other)
    assert not list(tmp_path.glob("*")), "An example left files behind."


def test_there_are_examples():
    assert len(SCRIPTS) >= 17


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: path.stem)
def test_examples_are_programs_for_tensorflow(script):
    """They run unchanged on either: nothing in them says Headrace."""
    source = script.read_text()
    assert "headrace" not in source.lower()
    assert source.startswith('"""') and '"quick"' in source.replace("--", "")
    assert 40 <= len(source.splitlines()) <= 200
