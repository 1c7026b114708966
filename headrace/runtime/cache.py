"""The compile cache on disk: what XLA compiled once, no later process compiles again; nor what AutoGraph converted.

One file per program, named by a hash of everything that decides what XLA makes of it, and one per converted function
(see `compiler/autograph/twins.py`). A file carries a checksum, and is written under another name first, so that a torn, truncated or corrupted one is noticed,
thrown away and compiled anew. Processes share the folder without locks: names are content hashes, and
renaming is atomic.

Environment:
  HEADRACE_CACHE=0         neither read nor write the cache
  HEADRACE_CACHE_DIR       the folder; default $XDG_CACHE_HOME/headrace, which is ~/.cache/headrace
  HEADRACE_CACHE_SIZE      the most it may hold, such as 500M or 2G; default 1G. The longest unused go first.

The files hold machine code: give a shared folder only to users who may run code as each other.
"""

from __future__ import annotations

import atexit
import hashlib
import os
import struct
import threading
import time
import warnings
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from headrace.runtime import cpu

if TYPE_CHECKING:
    from headrace.runtime.xla import Placement

Program = TypeVar("Program")

# An entry: magic, SHA-256 of the rest, the rest. A program: seconds that compiling took, the executable as XLA serialises it.
_MAGIC = b"headrace executable 1\n"
_SECONDS = struct.Struct("<d")
_HEADER = len(_MAGIC) + hashlib.sha256().digest_size

_SUFFIX = ".xla"
CODE = ".code"  # a converted function
_KINDS = (_SUFFIX, CODE)
_UNFINISHED = ".new"
_USAGE = "usage.json"
_HOUR = 3600.0


@dataclass
class Stats:
    """What the cache did in this process, and what its folder holds."""

    hits: int = 0
    misses: int = 0
    seconds_saved: float = 0.0
    entries: int = 0
    bytes: int = 0


_process = Stats()  # `entries` and `bytes` stay zero here: they are looked up when asked for
_room: dict[Path, int] = {}  # by folder: how many bytes may be written before its size is looked at again
_unwritable: set[Path] = set()  # folders that a warning has been given about


def enabled() -> bool:
    """Whether the cache is used: yes, unless HEADRACE_CACHE says 0, false, no or off."""
    return os.environ.get("HEADRACE_CACHE", "1").strip().lower() not in ("0", "false", "no", "off")


def directory() -> Path:
    """The folder of the cache; it need not exist yet."""
    if chosen := os.environ.get("HEADRACE_CACHE_DIR"):
        return Path(chosen).expanduser()
    base = os.environ.get("XDG_CACHE_HOME")
    return (Path(base) if base else Path.home() / ".cache") / "headrace"


def limit() -> int:
    """The most bytes the cache may hold. Raises ValueError if HEADRACE_CACHE_SIZE is no size."""
    return parse_size(os.environ.get("HEADRACE_CACHE_SIZE", "1G"))


def parse_size(text: str) -> int:
    """Bytes of a size such as "500M".

    >>> parse_size("2K")
    2048
    """
    number = text.strip().upper().removesuffix("B").removesuffix("I")
    factor = 1 << 10 * (" KMGT".index(number[-1]) if number and number[-1] in "KMGT" else 0)
    try:
        size = float(number.rstrip("KMGT")) * factor
    except ValueError:
        size = -1.0
    if not 0 <= size < float("inf"):
        raise ValueError(f"Expected a cache size such as 500M, 2G or a number of bytes; received {text!r}.")
    return int(size)


def key(module: str, jaxlib_version: str, placement: Placement, flags: Mapping[str, Any]) -> str:
    """The name of a program's entry: a hash of all that decides what XLA makes of it."""
    client, device = placement.client, placement.device
    parts = (
        jaxlib_version,
        client.platform,
        client.platform_version,
        device.device_kind,
        str(device.id),
        " ".join(cpu.features()),
        repr(sorted(flags.items())),
        os.environ.get("XLA_FLAGS", ""),
        module,
    )
    digest = hashlib.sha256()
    for part in parts:
        data = part.encode()
        digest.update(len(data).to_bytes(8, "little"))
        digest.update(data)
    return digest.hexdigest()


def fetch(key: str, load: Callable[[bytes], Program]) -> Program | None:
    """`load(serialized executable)` of an entry; None if there is none, or none that is whole."""
    if not _process.hits and not _process.misses:
        atexit.register(_record_usage)
    began = time.perf_counter()
    name = key + _SUFFIX
    body = read(name)
    if body is not None and len(body) >= _SECONDS.size:
        try:
            program = load(body[_SECONDS.size :])
        except RuntimeError:  # whole, but not for this XLA: it is compiled again, and the entry replaced
            (directory() / name).unlink(missing_ok=True)
        else:
            _process.hits += 1
            seconds = _SECONDS.unpack_from(body)[0]
            _process.seconds_saved += max(0.0, seconds - (time.perf_counter() - began))
            return program
    _process.misses += 1
    return None


def store(key: str, serialize: Callable[[], bytes], seconds: float) -> None:
    """Write an entry for a program that took `seconds` to compile. Warns once if that is impossible."""
    if directory() in _unwritable:
        return
    try:
        body = _SECONDS.pack(seconds) + serialize()
    except RuntimeError:
        return  # a program that XLA cannot serialise is compiled by every process
    write(key + _SUFFIX, body)


def read(name: str) -> bytes | None:
    """What was written under a name; None if nothing was, or it is damaged (it is thrown away then)."""
    path = directory() / name
    try:
        with open(path, "rb") as file:
            data = file.read()
            unused_since = os.fstat(file.fileno()).st_mtime
    except FileNotFoundError:
        return None
    except OSError as error:
        _warn(path.parent, f"cannot be read ({error})")
        return None
    body = data[_HEADER:]
    if data[:_HEADER] != _MAGIC + hashlib.sha256(body).digest():
        path.unlink(missing_ok=True)
        return None
    if time.time() - unused_since > _HOUR:  # entries are thrown away in the order of this time
        try:
            os.utime(path)
        except OSError:
            pass  # removed meanwhile, or the folder is read-only: the order is only advice
    return body


def write(name: str, body: bytes) -> None:
    """Write an entry. Warns once if that is impossible."""
    folder = directory()
    data = _MAGIC + hashlib.sha256(body).digest() + body
    if folder in _unwritable or len(data) > limit():
        return
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        _write(folder / name, data)
        room = _room.get(folder, 0) - len(data)
        if room < 0:
            prune(limit())
        else:
            _room[folder] = room
    except OSError as error:
        _warn(folder, f"cannot be written ({error})")


def _write(path: Path, data: bytes) -> None:
    temporary = path.with_name(f"{path.name}-{os.getpid()}-{threading.get_ident()}{_UNFINISHED}")
    try:
        temporary.write_bytes(data)
        os.replace(temporary, path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise


def _warn(folder: Path, what: str) -> None:
    if folder not in _unwritable:
        _unwritable.add(folder)
        warnings.warn(
            f"The compile cache {folder} {what}, so programs are compiled again in every process. "
            "Free some space, set HEADRACE_CACHE_DIR to another folder, or HEADRACE_CACHE=0 to do without.",
            RuntimeWarning,
            stacklevel=3,
        )


def _files(*suffixes: str) -> Iterator[tuple[Path, os.stat_result]]:
    try:
        with os.scandir(directory()) as folder:
            for entry in folder:
                if entry.name.endswith(suffixes):
                    try:
                        yield Path(entry.path), entry.stat()
                    except FileNotFoundError:
                        continue  # another process was quicker
    except FileNotFoundError:
        return


def prune(size: int) -> int:
    """Throw the longest unused entries away until `size` bytes are not exceeded; returns how many went.

    It leaves a tenth free, so that it is not needed again at once. What a killed process left half-written
    goes too.
    """
    now = time.time()
    for path, stat in list(_files(_UNFINISHED)):
        if now - stat.st_mtime > _HOUR:
            path.unlink(missing_ok=True)
    entries = sorted(_files(*_KINDS), key=lambda entry: entry[1].st_mtime)
    total, removed = sum(stat.st_size for _, stat in entries), 0
    if total > size:
        for path, stat in entries:
            if total <= size * 9 // 10:
                break
            path.unlink(missing_ok=True)
            total -= stat.st_size
            removed += 1
    # Other processes write too: look again after a sixteenth of the limit at the latest.
    _room[directory()] = max(0, min(size - total, size // 16))
    return removed


def clear() -> int:
    """Throw all entries away; returns how many programs there were."""
    paths = [path for path, _ in _files(*_KINDS, _UNFINISHED, _USAGE)]
    for path in paths:
        path.unlink(missing_ok=True)
    _room.pop(directory(), None)
    return sum(path.name.endswith(_SUFFIX) for path in paths)


def stats() -> Stats:
    """Hits, misses and seconds saved in this process, programs in the folder; and the bytes of all that is there."""
    programs = sum(1 for _ in _files(_SUFFIX))
    size = sum(stat.st_size for _, stat in _files(*_KINDS))
    return Stats(_process.hits, _process.misses, _process.seconds_saved, programs, size)


def lifetime_stats() -> Stats:
    """As `stats`, with the hits, misses and seconds saved of all processes that ended."""
    now, past = stats(), _read_usage()
    return Stats(past.hits, past.misses, past.seconds_saved, now.entries, now.bytes)


def _read_usage() -> Stats:
    import json  # here, because most processes that import this module never need it

    try:
        read = json.loads((directory() / _USAGE).read_text(encoding="utf-8"))
        return Stats(int(read["hits"]), int(read["misses"]), float(read["seconds_saved"]))
    except (OSError, ValueError, KeyError, TypeError):
        return Stats()  # never written, or damaged: counting starts anew


def _record_usage() -> None:
    """Add this process to the usage file. Of two that end at the same moment, one may go uncounted."""
    import json

    past = _read_usage()
    total = Stats(
        past.hits + _process.hits, past.misses + _process.misses, past.seconds_saved + _process.seconds_saved
    )
    try:
        _write(directory() / _USAGE, json.dumps(asdict(total)).encode())
    except OSError:
        pass  # the folder is gone or read-only, which has been warned about if it matters
