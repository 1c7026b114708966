"""The two lists: `names.txt` holds TensorFlow's public names, `missing.txt` those that are not here yet, and why."""

from __future__ import annotations

import textwrap
from pathlib import Path

NAMES = Path(__file__).with_name("names.txt")
MISSING = Path(__file__).with_name("missing.txt")

Names = dict[str, list[str]]


def _read(path: Path) -> list[tuple[str, list[str]]]:
    """The paragraphs `head: name name …` of a file; lines that begin with a blank go on."""
    found: list[tuple[str, list[str]]] = []
    for line in path.read_text().splitlines() if path.exists() else ():
        if not line.strip() or line.startswith("#"):
            continue
        if line.startswith(" "):
            found[-1][1].extend(line.split())
        else:
            head, _, rest = line.partition(":")
            found.append((head.strip(), rest.split()))
    return found


def _write(path: Path, note: str, rows: list[tuple[str, list[str]]]) -> None:
    text = "".join(f"# {line}\n" for line in note.splitlines())
    for head, names in rows:
        body = textwrap.fill(
            " ".join(names),
            110,
            initial_indent="  ",
            subsequent_indent="  ",
            break_long_words=False,
            break_on_hyphens=False,
        )
        text += f"{head}:\n{body}\n"
    path.write_text(text)


def names() -> Names:
    """TensorFlow's public names by namespace; that of `tf` itself is ""."""
    return {"" if head == "tf" else head.removeprefix("tf."): rest for head, rest in _read(NAMES)}


def write_names(found: Names, version: str) -> None:
    rows = [(f"tf.{space}" if space else "tf", own) for space, own in sorted(found.items()) if own]
    _write(
        NAMES,
        f"The public names of TensorFlow {version} (facts; written by `python -m tests.surface`).",
        rows,
    )


def reasons() -> dict[tuple[str, str], str]:
    """Why a name is missing, as `missing.txt` has it: (namespace, name) -> the part of the platform it comes with."""
    out = {}
    for head, own in _read(MISSING):
        space, _, reason = head.partition("|")
        for name in own:
            out["" if space.strip() == "tf" else space.strip().removeprefix("tf."), name] = reason.strip()
    return out


def missing_now() -> Names:
    """What Headrace lacks at the moment."""
    import headrace

    out = {}
    for space, own in names().items():
        at = headrace
        for part in space.split(".") if space else ():
            at = getattr(at, part, None)
        lack = [n for n in own if not hasattr(at, n)] if at is not None else own
        if lack:
            out[space] = lack
    return out


def write_missing(missing: Names, known: dict[tuple[str, str], str]) -> None:
    """`missing.txt` of these names, with the reasons that are known."""
    by_reason: dict[tuple[str, str], list[str]] = {}
    for space, own in missing.items():
        for name in own:
            by_reason.setdefault((space, known.get((space, name), "")), []).append(name)
    rows = [
        (f"{'tf.' + space if space else 'tf'} | {reason}", own)
        for (space, reason), own in sorted(by_reason.items())
    ]
    _write(
        MISSING,
        "What is not here yet: namespace | what it comes with: names.\nKept up to date by `python -m tests.surface`.",
        rows,
    )
