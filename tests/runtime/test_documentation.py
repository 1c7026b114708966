"""The guide's code runs as it stands, each block in a process of its own."""

import re

import pytest
from runtime.programs import ROOT

BLOCKS = re.findall(
    r"^```python\n(.*?)^```", (ROOT / "docs" / "runtime.md").read_text(), re.DOTALL | re.MULTILINE
)


@pytest.mark.parametrize("block", BLOCKS, ids=range(len(BLOCKS)))
def test_block(block, python, cache_dir):
    python(block)


def test_there_are_blocks():
    assert len(BLOCKS) == 3
