"""The peers' virtual environments: where they are, and how `--peers` makes them."""

import os
import subprocess
import sys
import venv
from pathlib import Path

_TORCH = "torch==2.13.0"
_KERAS = "keras==3.15.*"  # the same on every backend; TensorFlow brings it

# framework -> its folder, and what pip is told, call by call. The wheels are those without GPU libraries: the
# benchmarks run on the CPU. PyTorch keeps its own in an index that is asked for nothing else.
PEERS: dict[str, tuple[str, list[list[str]]]] = {
    "tensorflow": ("tf", [["tensorflow-cpu==2.21.0", "tf_keras==2.21.*", "scikit-learn>=1.5", _KERAS]]),
    "jax": ("jax", [["jax==0.10.2", _KERAS]]),
    "torch": (
        "torch",
        [
            ["--no-deps", _TORCH, "--extra-index-url", "https://download.pytorch.org/whl/cpu"],
            [_TORCH, "numpy", _KERAS],
        ],
    ),
}


def folder(framework: str) -> Path:
    """A peer's virtual environment: in `HEADRACE_PEERS_DIR`, by default `~/.cache/headrace/peers`."""
    cache = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    base = os.environ.get("HEADRACE_PEERS_DIR") or Path(cache) / "headrace" / "peers"
    return Path(base) / PEERS[framework][0]


def python_of(framework: str) -> str | None:
    """The interpreter that has the framework, or None when there is no working one."""
    if framework == "headrace":
        return sys.executable
    python = folder(framework) / "bin" / "python"
    if not python.exists():
        return None
    # Asking for the distribution is enough, and takes a fraction of an import.
    code = f"import importlib.util, sys; sys.exit(importlib.util.find_spec({framework!r}) is None)"
    return str(python) if subprocess.run([python, "-c", code], check=False).returncode == 0 else None


def install(framework: str) -> str:
    """Make a peer's virtual environment unless a working one is there; its interpreter.

    Raises `subprocess.CalledProcessError` when pip fails; pip's own messages are on the terminal.
    """
    found = python_of(framework)
    if found is not None:
        return found
    where, (_, calls) = folder(framework), PEERS[framework]
    print(f"Installing {framework} into {where} …", flush=True)
    venv.create(where, with_pip=True, clear=True)
    python = str(where / "bin" / "python")
    for arguments in calls:
        subprocess.run([python, "-m", "pip", "install", "--quiet", *arguments], check=True)
    return python
