"""What the documentation shows, runs: every ```python block of every page, every doctest of the package."""

from __future__ import annotations

import doctest
import importlib
import linecache
import pkgutil
import re
from pathlib import Path

import numpy as np
import pytest

import headrace

ROOT = Path(__file__).resolve().parents[1]
PAGES = [p for p in sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")]) if "```python" in p.read_text()]
BLOCK = re.compile(r"^```python\n(.*?)^```", re.MULTILINE | re.DOTALL)
SHOWN = re.compile(r"^>>> ", re.MULTILINE)


@pytest.mark.parametrize("page", PAGES, ids=lambda p: str(p.relative_to(ROOT)))
def test_page(page: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A page's blocks run in order, in one namespace; those with >>> are held to the output they show."""
    monkeypatch.chdir(tmp_path)
    text = page.read_text()
    namespace: dict[str, object] = {"__name__": f"docs_{page.stem}"}
    for block in BLOCK.finditer(text):
        line = text.count("\n", 0, block.start(1))
        code = block.group(1)
        if SHOWN.search(code):
            test = doctest.DocTestParser().get_doctest(code, namespace, page.name, str(page), line)
            _check(test)
            namespace.update(test.globs)
        else:
            # Padding makes tracebacks (and AutoGraph, which reads the source) point into the page itself.
            source = tmp_path / f"{page.stem}_{line}.py"
            source.write_text("\n" * line + code)
            exec(compile(source.read_text(), str(source), "exec"), namespace)


class Checker(doctest.OutputChecker):
    """As doctest's, but a float need only be near the one shown: 0.6931 will do for 0.6930999755859375."""

    number = re.compile(r"[-+]?\d+(?:\.\d*(?:e[-+]?\d+)?|e[-+]?\d+)")

    def check_output(self, want: str, got: str, optionflags: int) -> bool:
        if super().check_output(want, got, optionflags):
            return True
        shown, given = ([float(n) for n in self.number.findall(text)] for text in (want, got))
        return (
            len(shown) == len(given)
            and np.allclose(shown, given, rtol=1e-4, atol=1e-6)
            and (super().check_output(self.number.sub("#", want), self.number.sub("#", got), optionflags))
        )


def _check(test: doctest.DocTest) -> None:
    report: list[str] = []
    options = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE
    for number, example in enumerate(test.examples):  # AutoGraph reads the source of what examples define
        name = f"<doctest {test.name}[{number}]>"
        linecache.cache[name] = (len(example.source), None, example.source.splitlines(keepends=True), name)
    runner = doctest.DocTestRunner(Checker(), optionflags=options, verbose=False)
    runner.run(test, out=report.append, clear_globs=False)
    assert not runner.failures, "".join(report)


def _modules() -> list[str]:
    skipped = ("headrace.__main__",)
    found = pkgutil.walk_packages(headrace.__path__, "headrace.")
    return ["headrace", *(m.name for m in found if m.name not in skipped)]


@pytest.mark.parametrize("name", _modules())
def test_doctests(name: str) -> None:
    module = importlib.import_module(name)
    finder = doctest.DocTestFinder(exclude_empty=True)
    # Examples are the user's code: they do not belong to the module that shows them, nor do its `from __future__` imports
    # concern them (doctest looks for these by name).
    as_user = {"tf": headrace, "np": np, "__name__": "example", "annotations": None}
    for test in finder.find(module, extraglobs=as_user):
        _check(test)
