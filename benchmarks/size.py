"""`python -m benchmarks.size DISTRIBUTION [PYPROJECT]`: the bytes that installing a distribution takes.

Counts the files of the distribution and of everything it requires, as recorded at installation, without
byte-compiled copies. A distribution that is not installed but lives in a checkout is counted from its
`pyproject.toml`: the package's folder beside it, and the installed requirements.
"""

import json
import re
import sys
import tomllib
from importlib import metadata
from pathlib import Path


def _name(requirement: str) -> str:
    found = re.match(r"[A-Za-z0-9._-]+", requirement)
    if found is None:
        raise ValueError(f"Cannot read the requirement {requirement!r}: expected it to begin with a name.")
    return re.sub(r"[-_.]+", "-", found[0]).lower()


def _bytes(paths) -> int:
    return sum(path.stat().st_size for path in paths if "__pycache__" not in path.parts and path.is_file())


def closure(roots: list[str]) -> dict[str, int]:
    """Bytes per distribution of the roots and all they require (absent ones are for other platforms)."""
    sizes: dict[str, int] = {}
    pending = [_name(root) for root in roots]
    while pending:
        name = pending.pop()
        if name in sizes:
            continue
        try:
            distribution = metadata.distribution(name)
        except metadata.PackageNotFoundError:
            continue
        sizes[name] = _bytes(Path(str(file.locate())) for file in distribution.files or ())
        pending += [
            _name(line) for line in distribution.requires or () if not re.search(r";.*\bextra\b", line)
        ]
    return sizes


def size_of(distribution: str, pyproject: Path | None = None) -> dict[str, int]:
    """Bytes per distribution of an installed distribution, or of the checkout that `pyproject` describes."""
    if pyproject is None:
        sizes = closure([distribution])
        if not sizes:
            raise metadata.PackageNotFoundError(distribution)
        return sizes
    project = tomllib.loads(pyproject.read_text())["project"]
    own = _bytes((pyproject.parent / distribution).rglob("*"))
    return {distribution: own, **closure(project["dependencies"])}


if __name__ == "__main__":
    print(json.dumps(size_of(sys.argv[1], *map(Path, sys.argv[2:3]))))
