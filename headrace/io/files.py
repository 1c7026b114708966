"""Files on any file system: local paths through `os`, other schemes (`gs://`, `s3://` …) through `fsspec`.

Failures are the documented `tf.errors`, not `OSError`s."""

from __future__ import annotations

import errno
import os
import posixpath
import re
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple

from headrace.core import errors
from headrace.core.errors import invalid

_SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.\-]*)://")
_REMOTE_NAMES = {"ram": "memory"}  # fsspec's names for schemes it calls differently
COPY_BYTES = 1 << 20

_ERRNO: dict[int | None, type[errors.OpError]] = {
    errno.ENOENT: errors.NotFoundError,
    errno.EEXIST: errors.AlreadyExistsError,
    errno.EACCES: errors.PermissionDeniedError,
    errno.EPERM: errors.PermissionDeniedError,
    errno.EROFS: errors.PermissionDeniedError,
    errno.EISDIR: errors.FailedPreconditionError,
    errno.ENOTDIR: errors.FailedPreconditionError,
    errno.ENOTEMPTY: errors.FailedPreconditionError,
    errno.ENOSPC: errors.ResourceExhaustedError,
    errno.EDQUOT: errors.ResourceExhaustedError,
    errno.EMFILE: errors.ResourceExhaustedError,
    errno.EINVAL: errors.InvalidArgumentError,
    errno.ENAMETOOLONG: errors.InvalidArgumentError,
    errno.ETIMEDOUT: errors.DeadlineExceededError,
}


class FileStatistics(NamedTuple):
    """What `stat` tells: size in bytes, time of the last change in nanoseconds, whether it is a directory."""

    length: int
    mtime_nsec: int
    is_directory: bool


@contextmanager
def documented_errors(path: str) -> Iterator[None]:
    """Turns `OSError`s into the documented classes, with the path in the message."""
    try:
        yield
    except OSError as error:
        kind = _ERRNO.get(error.errno)
        if kind is None:  # fsspec raises subclasses without a number
            numbers = {FileNotFoundError: errno.ENOENT, FileExistsError: errno.EEXIST,
                       PermissionError: errno.EACCES, IsADirectoryError: errno.EISDIR,
                       NotADirectoryError: errno.ENOTDIR}  # fmt: skip
            kind = _ERRNO.get(next((n for c, n in numbers.items() if isinstance(error, c)), None))
        raise (kind or errors.UnknownError)(None, None, f"{path}; {error.strerror or error}") from error


def path_text(path: Any) -> str:
    """A path given as text, bytes or a path object, as text."""
    if hasattr(path, "__fspath__"):
        path = os.fspath(path)
    if isinstance(path, bytes):
        return path.decode()
    if not isinstance(path, str):
        raise TypeError(f"Expected a path as str, bytes or os.PathLike, got {path!r}")
    return path


class LocalFiles:
    """The machine's own file system."""

    def open(self, path: str, mode: str) -> Any:
        return open(path, mode)  # the caller closes it

    def stat(self, path: str) -> FileStatistics:
        found = os.stat(path)
        return FileStatistics(found.st_size, found.st_mtime_ns, os.path.isdir(path))

    def exists(self, path: str) -> bool:
        return os.path.exists(path)

    def is_directory(self, path: str) -> bool:
        return os.path.isdir(path)

    def names(self, path: str) -> list[str]:
        return sorted(os.listdir(path))

    def mkdir(self, path: str) -> None:
        os.mkdir(path)

    def makedirs(self, path: str) -> None:
        os.makedirs(path, exist_ok=True)

    def remove(self, path: str) -> None:
        os.remove(path)

    def remove_tree(self, path: str) -> None:
        shutil.rmtree(path)

    def move(self, source: str, target: str) -> None:
        os.replace(source, target)


class RemoteFiles:
    """A file system of another scheme, through the fsspec package."""

    def __init__(self, scheme: str, path: str) -> None:
        try:
            import fsspec
        except ImportError:
            raise errors.UnimplementedError(
                None,
                None,
                f"File system scheme '{scheme}' not implemented (file: '{path}'): local paths work as they are; other "
                "schemes need the fsspec package. Install it with: pip install 'headrace[remote]'",
            ) from None
        try:
            self.fs = fsspec.filesystem(_REMOTE_NAMES.get(scheme, scheme))
        except (ImportError, ValueError) as error:
            raise errors.UnimplementedError(
                None,
                None,
                f"File system scheme '{scheme}' not implemented (file: '{path}'): {error}",
            ) from error

    def open(self, path: str, mode: str) -> Any:
        return self.fs.open(path, mode)

    def stat(self, path: str) -> FileStatistics:
        info = self.fs.info(path)
        changed = info.get("mtime") or info.get("LastModified") or info.get("updated") or info.get("created")
        seconds = changed.timestamp() if hasattr(changed, "timestamp") else changed
        when = int(seconds * 1e9) if isinstance(seconds, (int, float)) else 0
        return FileStatistics(int(info.get("size") or 0), when, info["type"] == "directory")

    def exists(self, path: str) -> bool:
        return self.fs.exists(path)

    def is_directory(self, path: str) -> bool:
        return self.fs.isdir(path)

    def names(self, path: str) -> list[str]:
        found = [posixpath.basename(p.rstrip("/")) for p in self.fs.ls(path, detail=False)]
        return sorted(name for name in found if name)

    def mkdir(self, path: str) -> None:
        self.fs.mkdir(path, create_parents=False)

    def makedirs(self, path: str) -> None:
        self.fs.makedirs(path, exist_ok=True)

    def remove(self, path: str) -> None:
        self.fs.rm_file(path)

    def remove_tree(self, path: str) -> None:
        self.fs.rm(path, recursive=True)

    def move(self, source: str, target: str) -> None:
        if self.fs.exists(target):
            self.fs.rm(target, recursive=True)
        self.fs.mv(source, target, recursive=self.fs.isdir(source))


_LOCAL = LocalFiles()
_remote: dict[str, RemoteFiles] = {}


def locate(path: Any) -> tuple[Any, str]:
    """The file system of a path, and the path as that file system spells it."""
    text = path_text(path)
    match = _SCHEME.match(text)
    if match is None:
        return _LOCAL, text
    scheme = match.group(1)
    if scheme == "file":
        return _LOCAL, text[match.end() :] or "/"
    if scheme not in _remote:
        _remote[scheme] = RemoteFiles(scheme, text)
    return _remote[scheme], text if scheme not in _REMOTE_NAMES else text[match.end() :]


def registered_schemes() -> list[str]:
    """The schemes whose files can be opened here: local ones, and those fsspec knows if it is installed."""
    try:
        from fsspec.registry import known_implementations
    except ImportError:
        return ["", "file"]
    return ["", "file", *sorted({*known_implementations, *_REMOTE_NAMES} - {"file"})]


# ------------------------------------------------------------------------------------------------------------ functions
def exists(path: Any) -> bool:
    """Whether there is a file or directory of that path."""
    fs, name = locate(path)
    with documented_errors(name):
        return fs.exists(name)


def is_directory(path: Any) -> bool:
    """Whether the path is an existing directory."""
    fs, name = locate(path)
    with documented_errors(name):
        return fs.is_directory(name)


def list_directory(path: Any) -> list[str]:
    """The names in a directory, sorted, without `.` and `..`."""
    fs, name = locate(path)
    with documented_errors(name):
        if not fs.is_directory(name):
            raise errors.NotFoundError(None, None, f"Could not find directory {name}")
        return fs.names(name)


def make_directory(path: Any) -> None:
    """Makes one directory, whose parent must exist; it is no error if it is there already."""
    fs, name = locate(path)
    with documented_errors(name):
        if not fs.is_directory(name):
            fs.mkdir(name)


def make_directories(path: Any) -> None:
    """Makes a directory and its parents as far as they are missing."""
    fs, name = locate(path)
    parent = name
    while parent and not fs.exists(parent) and os.path.dirname(parent) != parent:
        parent = os.path.dirname(parent)
    if parent and fs.exists(parent) and not fs.is_directory(parent):
        raise errors.FailedPreconditionError(None, None, f"{parent} is not a directory")
    with documented_errors(name):
        fs.makedirs(name)


def remove(path: Any) -> None:
    """Removes a file."""
    fs, name = locate(path)
    with documented_errors(name):
        if fs.is_directory(name):
            raise errors.FailedPreconditionError(
                None, None, f"{name}; Is a directory (rmtree removes directories)"
            )
        fs.remove(name)


def remove_tree(path: Any) -> None:
    """Removes a directory with everything in it."""
    fs, name = locate(path)
    with documented_errors(name):
        if not fs.exists(name):
            raise errors.NotFoundError(None, None, f"{name} not found")
        (fs.remove_tree if fs.is_directory(name) else fs.remove)(name)


def _check_free(fs: Any, name: str, overwrite: bool) -> None:
    if not overwrite and fs.exists(name):
        raise errors.AlreadyExistsError(
            None, None, f"file already exists: {name} (overwrite=True replaces it)"
        )


def copy(src: Any, dst: Any, overwrite: bool = False) -> None:
    """Copies the contents of a file, also between file systems."""
    (from_fs, from_name), (to_fs, to_name) = locate(src), locate(dst)
    if from_fs.is_directory(from_name):
        raise invalid(f"{from_name} is a directory; copy takes a file.")
    with documented_errors(from_name):
        reader = from_fs.open(from_name, "rb")
    with reader, documented_errors(to_name):
        _check_free(to_fs, to_name, overwrite)
        with to_fs.open(to_name, "wb") as writer:
            shutil.copyfileobj(reader, writer, COPY_BYTES)


def rename(src: Any, dst: Any, overwrite: bool = False) -> None:
    """Moves a file or directory within its file system, or a file to another one."""
    (from_fs, from_name), (to_fs, to_name) = locate(src), locate(dst)
    if from_fs is not to_fs:
        copy(src, dst, overwrite)
        return remove(src)
    with documented_errors(from_name):
        if not from_fs.exists(from_name):
            raise errors.NotFoundError(None, None, f"{from_name}; No such file or directory")
        _check_free(to_fs, to_name, overwrite)
        from_fs.move(from_name, to_name)
    return None


def stat(path: Any) -> FileStatistics:
    """Size, time and kind of a file or directory."""
    fs, name = locate(path)
    with documented_errors(name):
        return fs.stat(name)


def walk(
    top: Any, topdown: bool = True, onerror: Callable[[Exception], Any] | None = None
) -> Iterator[tuple[str, list[str], list[str]]]:
    """`(directory, its directories, its files)` for a directory and all below it."""
    top = path_text(top)
    try:
        names = list_directory(top)
    except errors.OpError as error:
        if onerror is not None:
            onerror(error)
        return
    folders = [name for name in names if is_directory(posixpath.join(top, name))]
    entry = (top, folders, [name for name in names if name not in folders])
    if topdown:
        yield entry
    for name in folders:  # the caller may have removed some
        yield from walk(posixpath.join(top, name), topdown, onerror)
    if not topdown:
        yield entry


# ----------------------------------------------------------------------------------------------------------------- glob
_MAGIC = re.compile(r"[*?\[\\]")


def _component(pattern: str) -> re.Pattern[str] | None:
    """One part of a path pattern as a regular expression; None if it matches nothing (an open bracket)."""
    out, i = "", 0
    while i < len(pattern):
        c = pattern[i]
        i += 1
        if c == "*":
            out += ".*"
        elif c == "?":
            out += "."
        elif c == "\\" and i < len(pattern):
            out += re.escape(pattern[i])
            i += 1
        elif c == "[":
            end = pattern.find("]", i + 2 if pattern[i : i + 1] in "^!" else i + 1)
            if end < 0:
                return None
            inside = pattern[i:end].replace("\\", "\\\\")
            out += "[^" + inside[1:] + "]" if inside[0] in "^!" else "[" + inside + "]"
            i = end + 1
        else:
            out += re.escape(c)
    try:
        return re.compile(out, re.DOTALL)
    except re.error:  # a range that runs backwards
        return None


def glob(pattern: Any) -> list[str]:
    """The paths that match a pattern, sorted. `*` and `?` match within one directory level, `[ab]`, `[a-z]` and `[^a]`
    one character, `\\` takes the next character as it is. A list of patterns gives the matches of each."""
    if not isinstance(pattern, (str, bytes, os.PathLike)):
        return [path for p in pattern for path in glob(p)]
    text = path_text(pattern)
    match = _SCHEME.match(text)
    scheme = match.group(0) if match else ""
    parts = text[len(scheme) :].split("/")
    first = next((i for i, part in enumerate(parts) if _MAGIC.search(part)), len(parts))
    if first == len(parts):
        return [text] if exists(text) else []
    start = "/".join(parts[:first])
    if scheme or text.startswith("/"):
        found = [scheme + (start or ("/" if not scheme or scheme == "file://" else ""))]
    else:
        found = [start or "."]
    for i in range(first, len(parts)):
        expression = _component(parts[i])
        if expression is None:
            return []
        last = i == len(parts) - 1
        found = [
            _below(folder, name)
            for folder in found
            if folder.endswith("://") or is_directory(folder)
            for name in list_directory(folder)
            if expression.fullmatch(name) and (last or is_directory(_below(folder, name)))
        ]
    return sorted(found)


def _below(folder: str, name: str) -> str:
    return folder + name if folder.endswith("/") else f"{folder}/{name}"


def join(path: Any, *paths: Any) -> Any:
    """Puts parts of a path together; an absolute part starts over."""
    parts = [os.fspath(p) if hasattr(p, "__fspath__") else p for p in (path, *paths)]
    return posixpath.join(*parts)


# ------------------------------------------------------------------------------------------------------------ whole files
def read_bytes(path: Any) -> bytes:
    """The contents of a file."""
    fs, name = locate(path)
    with documented_errors(name), fs.open(name, "rb") as file:
        return file.read()


def write_bytes(path: Any, data: bytes) -> None:
    """Makes a file of these contents, and the directories it is in."""
    fs, name = locate(path)
    folder = os.path.dirname(name)
    with documented_errors(name):
        if folder and not fs.exists(folder):
            fs.makedirs(folder)
        with fs.open(name, "wb") as file:
            file.write(data)


_MODES = ("r", "w", "a", "r+", "w+", "a+")


class GFile:
    """A file, opened when it is first read or written.

    Args:
      name: its path: `str`, `bytes` or a path object; local, `file://…`, or of a scheme that fsspec opens.
      mode: `r`, `w`, `a`, `r+`, `w+` or `a+`; with `b`, reads give `bytes` instead of `str` (UTF-8).

    Raises:
      tf.errors.InvalidArgumentError: the mode is not one of these.
      tf.errors.NotFoundError, tf.errors.PermissionDeniedError, …: on first use.

    >>> import headrace as tf, os, tempfile
    >>> path = os.path.join(tempfile.mkdtemp(), "a.txt")
    >>> with tf.io.gfile.GFile(path, "w") as f:
    ...     f.write("one\\ntwo\\n")
    >>> list(tf.io.gfile.GFile(path))
    ['one\\n', 'two\\n']
    """

    def __init__(self, name: Any, mode: str = "r") -> None:
        self._name, self._mode = name, mode
        plain = mode.replace("b", "")
        if plain not in _MODES:
            raise invalid(f"mode {mode!r} is not 'r' or 'w' or 'a' or 'r+' or 'w+' or 'a+' (and 'b').")
        self._plain = plain
        self._binary = "b" in mode
        self._file: Any = None

    @property
    def name(self) -> Any:
        """The path as it was given."""
        return self._name

    @property
    def mode(self) -> str:
        return self._mode

    def _opened(self, to: str) -> Any:
        if to == "read" and "r" not in self._plain and "+" not in self._plain:
            raise errors.PermissionDeniedError(None, None, f"File isn't open for reading: {self._name}")
        if to == "write" and self._plain == "r":
            raise errors.PermissionDeniedError(None, None, f"File isn't open for writing: {self._name}")
        if self._file is None:
            fs, name = locate(self._name)
            with documented_errors(name):
                self._file = fs.open(name, self._plain[0] + "b" + self._plain[1:])
        return self._file

    def _out(self, data: bytes) -> Any:
        return data if self._binary else data.decode()

    def size(self) -> int:
        """The size of the file in bytes."""
        if self._file is not None and self._plain != "r":
            self._file.flush()
        return stat(self._name).length

    def read(self, n: int = -1) -> Any:
        """`n` bytes, or all that is left."""
        file = self._opened("read")
        with documented_errors(str(self._name)):
            return self._out(file.read(n))

    def readline(self) -> Any:
        """The next line with its newline; empty at the end."""
        file = self._opened("read")
        with documented_errors(str(self._name)):
            return self._out(file.readline())

    def readlines(self) -> list[Any]:
        """All lines that are left."""
        return list(self)

    def write(self, file_content: Any) -> None:
        """Writes text (as UTF-8) or bytes."""
        if isinstance(file_content, str):
            file_content = file_content.encode()
        if not isinstance(file_content, (bytes, bytearray, memoryview)):
            raise TypeError(f"Expected binary or unicode string, got {file_content!r}")
        file = self._opened("write")
        with documented_errors(str(self._name)):
            file.write(file_content)

    def seek(self, offset: int | None = None, whence: int = 0, position: int | None = None) -> None:
        """Moves to `offset` from the start (`whence` 0), the present place (1) or the end (2). (`position` is an older
        name of an offset from the start.)"""
        if position is not None:
            offset, whence = position, 0
        if offset is None:
            raise TypeError("seek(): offset must be given")
        if whence not in (os.SEEK_SET, os.SEEK_CUR, os.SEEK_END):
            raise invalid(f"Invalid whence argument: {whence}. Valid values are 0, 1, or 2.")
        with documented_errors(str(self._name)):
            self._opened("seek").seek(offset, whence)

    def tell(self) -> int:
        """The present place in bytes."""
        return self._opened("tell").tell()

    def seekable(self) -> bool:
        return True

    def flush(self) -> None:
        """Hands what was written to the operating system."""
        if self._file is not None and self._plain != "r":
            with documented_errors(str(self._name)):
                self._file.flush()

    def close(self) -> None:
        """Closes the file. Using it again opens it anew."""
        if self._file is not None:
            with documented_errors(str(self._name)):
                self._file.close()
            self._file = None

    def next(self) -> Any:
        line = self.readline()
        if not line:
            raise StopIteration
        return line

    __next__ = next

    def __iter__(self) -> GFile:
        return self

    def __enter__(self) -> GFile:
        return self

    def __exit__(self, *unused: Any) -> None:
        self.close()

    def __del__(self) -> None:
        file = getattr(self, "_file", None)
        if file is not None:
            file.close()

    def __repr__(self) -> str:
        return f"<tf.io.gfile.GFile {self._name!r} mode={self._mode!r}>"
