"""The guide's blocks that must come first in a process run in one of their own; the rest, with all pages'."""

import re

import pytest
from runtime.programs import ROOT

PAGE = (ROOT / "docs" / "runtime.md").read_text()
BLOCKS = re.findall(r"^```python own-process\n(.*?)^```", PAGE, re.DOTALL | re.MULTILINE)


@pytest.mark.parametrize("block", BLOCKS, ids=range(len(BLOCKS)))
def test_block(block, python):
    python(block)


def test_there_is_one():
    assert len(BLOCKS) == 1
