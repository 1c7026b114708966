"""The lists: `names.txt` and `names_v1.txt` hold TensorFlow's public names, `missing.txt` and `missing_v1.txt` those that are not
here yet, and why. `parameters.txt` holds the parameters of its functions, `different.txt` those that are others here, and why."""

from __future__ import annotations

import fnmatch
import inspect
import textwrap
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
V1 = "compat.v1"  # the root of the second interface; that of the first is ""

Names = dict[str, list[str]]


def _file(kind: str, root: str) -> Path:
    return HERE / (f"{kind}_v1.txt" if root else f"{kind}.txt")


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


# ----------------------------------------------------------------------------------------------------------------- names
def names(root: str = "") -> Names:
    """TensorFlow's public names by namespace; that of `tf` itself is ""."""
    return {
        "" if head == "tf" else head.removeprefix("tf."): rest for head, rest in _read(_file("names", root))
    }


def write_names(root: str, found: Names, version: str) -> None:
    rows = [(f"tf.{space}" if space else "tf", own) for space, own in sorted(found.items()) if own]
    what = f"TensorFlow {version}" + (f"'s tf.{root}" if root else "")
    _write(
        _file("names", root),
        f"The public names of {what} (facts; written by `python -m tests.surface`).",
        rows,
    )


def reasons(root: str = "") -> dict[tuple[str, str], str]:
    """Why a name is missing, as `missing.txt` has it: (namespace, name) -> the part of the platform it comes with."""
    out = {}
    for head, own in _read(_file("missing", root)):
        space, _, reason = head.partition("|")
        for name in own:
            out["" if space.strip() == "tf" else space.strip().removeprefix("tf."), name] = reason.strip()
    return out


def find(root: str, dotted: str) -> Any:
    """What has a name here; AttributeError if nothing does."""
    import headrace

    at: Any = headrace
    for part in f"{root}.{dotted}".strip(".").split("."):
        at = getattr(at, part)
    return at


def missing_now(root: str = "") -> Names:
    """What Headrace lacks at the moment."""
    out = {}
    for space, own in names(root).items():
        lack = []
        for name in own:
            try:
                find(root, f"{space}.{name}".strip("."))
            except AttributeError:
                lack.append(name)
        if lack:
            out[space] = lack
    return out


def write_missing(root: str, missing: Names, known: dict[tuple[str, str], str]) -> None:
    """`missing.txt` of these names, with the reasons that are known."""
    by_reason: dict[tuple[str, str], list[str]] = {}
    for space, own in missing.items():
        for name in own:
            by_reason.setdefault((space, known.get((space, name), "")), []).append(name)
    rows = [
        (f"{'tf.' + space if space else 'tf'} | {reason}", own)
        for (space, reason), own in sorted(by_reason.items())
    ]
    note = "What is not here yet: namespace | what it comes with: names.\nKept up to date by `python -m tests.surface`."
    _write(_file("missing", root), note, rows)


# ------------------------------------------------------------------------------------------------------------ parameters
def parameters() -> dict[tuple[str, str], str]:
    """TensorFlow's: (root, name) -> `"a b *c d= **e"`. Those of `tf.compat.v1` are listed where `tf` has others."""
    found: dict[tuple[str, str], str] = {}
    for line in (HERE / "parameters.txt").read_text().splitlines():
        if line and not line.startswith("#"):
            name, _, words = line.partition(":")
            older = name.startswith(f"{V1}.")
            found[V1 if older else "", name.removeprefix(f"{V1}.")] = words.strip()
    return found


def write_parameters(found: dict[str, str], older: dict[str, str], version: str) -> None:
    lines = [f"{name}: {words}" for name, words in sorted(found.items())]
    lines += [f"{V1}.{name}: {words}" for name, words in sorted(older.items())]
    note = f"# The parameters of TensorFlow {version}'s public functions (facts; written by `python -m tests.surface`)."
    (HERE / "parameters.txt").write_text("\n".join([note, *(line.rstrip() for line in lines)]) + "\n")


def _ours(function: Any) -> str | None:
    try:
        function = function.__init__ if inspect.isclass(function) else function
        found = inspect.signature(function).parameters.values()
    except (TypeError, ValueError):  # written in C
        return None
    words, by_keyword = [], []
    for p in found:
        if p.kind == p.VAR_POSITIONAL:
            words.append("*" + p.name)
        elif p.kind == p.VAR_KEYWORD:
            by_keyword.append("**" + p.name)
        elif p.kind == p.KEYWORD_ONLY:
            by_keyword.insert(0, p.name + "=")
        else:
            words.append(p.name + ("/" if p.kind == p.POSITIONAL_ONLY else ""))
    words += sorted(by_keyword)
    return " ".join(words[1:] if words[:1] in (["self"], ["cls"]) else words)


def _takes(ours: str, theirs: str) -> bool:
    """Whether every call that fits TensorFlow's parameters fits ours: the same, or more of them at the end."""
    here, there = ours.split(), theirs.split()
    plain = [w for w in there if w[0] != "*" and w[-1] != "="]
    extra = {w for w in there if w not in plain}
    rest = here[len(plain) :]
    return here[: len(plain)] == plain and all(
        w in rest or (w[0] == "*" and any(r[:2].count("*") == w[:2].count("*") and r[0] == "*" for r in rest))
        for w in extra
    )


def different_now() -> dict[str, tuple[str, str]]:
    """Functions that do not take what TensorFlow's take: name -> (TensorFlow's parameters, ours)."""
    out = {}
    for (root, name), theirs in parameters().items():
        try:
            value = find(root, name)
        except AttributeError:
            continue
        ours = _ours(value)
        if ours is not None and not _takes(ours, theirs):
            out[f"{root}.{name}".strip(".")] = (theirs, ours)
    return out


def allowed_differences() -> dict[str, str]:
    """`different.txt`: pattern of names -> why (`*` stands for anything)."""
    found = {}
    for line in (HERE / "different.txt").read_text().splitlines():
        if line and not line.startswith("#"):
            name, _, reason = line.partition(":")
            found[name.strip()] = reason.strip()
    return found


def unlisted_differences() -> dict[str, tuple[str, str]]:
    """Those of `different_now` that no pattern of `different.txt` covers."""
    allowed = allowed_differences()
    return {n: d for n, d in different_now().items() if not any(fnmatch.fnmatchcase(n, a) for a in allowed)}
