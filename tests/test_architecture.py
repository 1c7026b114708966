"""The rules of the house that a program can check (ARCHITECTURE.md)."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

PACKAGE = Path(__file__).resolve().parents[1] / "headrace"
FILES = sorted(PACKAGE.rglob("*.py"))

# A folder's modules may import, when they are imported, only these other folders.
LAYERS = {
    "core": set(),
    "runtime": {"core"},
    "compiler": {"core", "runtime", "ops"},
    "ops": {"core", "runtime", "compiler"},
    "composites": {"core", "runtime", "compiler", "ops", "api"},
    "api": {"core", "runtime", "compiler", "ops", "composites"},
}


def folder(path: Path) -> str:
    return path.relative_to(PACKAGE).parts[0]


def imports(tree: ast.AST, path: Path, at_import_only: bool) -> Iterator[tuple[int, str]]:
    """`(line, absolute module name)` of each import; with `at_import_only`, not those inside functions."""
    package = ["headrace", *path.relative_to(PACKAGE).parts[:-1]]
    pending = [tree]
    while pending:
        node = pending.pop()
        if at_import_only and (isinstance(node, (ast.FunctionDef, ast.Lambda)) or _type_checking(node)):
            continue
        pending.extend(ast.iter_child_nodes(node))
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = package[: len(package) + 1 - node.level] if node.level else []
            module = ".".join([*base, *([node.module] if node.module else [])])
            yield node.lineno, module
            yield from ((node.lineno, f"{module}.{alias.name}") for alias in node.names)


def _type_checking(node: ast.AST) -> bool:
    return isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test)


@pytest.mark.parametrize("path", FILES, ids=lambda p: str(p.relative_to(PACKAGE)))
def test_imports(path: Path) -> None:
    tree = ast.parse(path.read_text())
    for line, module in imports(tree, path, at_import_only=False):
        top = module.split(".")[0]
        assert top not in ("jax", "tensorflow", "torch"), f"{path.name}:{line} imports {module}"
        # Files that users give must not be able to run code. The compile cache holds machine code anyway.
        cached = path.relative_to(PACKAGE) == Path("compiler/autograph/twins.py")
        assert cached or top not in ("pickle", "marshal", "shelve"), f"{path.name}:{line} imports {module}"
        assert top != "jaxlib" or folder(path) == "runtime", f"{path.name}:{line}: a runtime/ matter"
    allowed = LAYERS.get(folder(path))
    if allowed is not None:
        for line, module in imports(tree, path, at_import_only=True):
            parts = module.split(".")
            layer = parts[1] if parts[0] == "headrace" and len(parts) > 1 else ""
            if layer in LAYERS and layer != folder(path):
                assert layer in allowed, f"{path}:{line} imports {module}, a layer below its own"


@pytest.mark.parametrize("path", FILES, ids=lambda p: str(p.relative_to(PACKAGE)))
def test_no_code_is_made_from_text(path: Path) -> None:
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
            assert node.func.id not in ("eval", "exec"), f"{path}:{node.lineno}"


IMPORT = """
import sys, time
start = time.process_time()
import headrace
seconds = time.process_time() - start
heavy = [m for m in ("sklearn", "rich", "malt", "jax", "tensorflow") if m in sys.modules]
from headrace.runtime import client
print(seconds, *heavy, *["a device"] * client.started("CPU"))
"""


def test_import_is_light() -> None:
    """Nothing that one can do without is imported, and no device is started."""
    done = subprocess.run([sys.executable, "-c", IMPORT], capture_output=True, text=True, check=True)
    seconds, *heavy = done.stdout.split()
    assert not heavy, f"import headrace brings in {heavy}"
    assert float(seconds) < 3  # benchmarks/ measures it; this catches accidents, on a loaded machine too
