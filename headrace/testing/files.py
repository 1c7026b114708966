"""Files and directories of one test."""

from __future__ import annotations

import contextlib
import enum
import os
import re
import shutil
import tempfile
import unittest
from collections.abc import Iterator
from typing import Any


class TempFileCleanup(enum.Enum):
    """When a test's files vanish."""

    ALWAYS = "always"
    SUCCESS = "success"
    OFF = "off"


class TempFile:
    """A file of a test; `os.fspath` gives its path."""

    def __init__(self, path: str) -> None:
        self._path = path

    @property
    def full_path(self) -> str:
        return self._path

    def __fspath__(self) -> str:
        return self._path

    def read_text(self, encoding: str = "utf8", errors: str = "strict") -> str:
        with open(self._path, encoding=encoding, errors=errors) as f:
            return f.read()

    def read_bytes(self) -> bytes:
        with open(self._path, "rb") as f:
            return f.read()

    def write_text(self, text: str, mode: str = "w", encoding: str = "utf8", errors: str = "strict") -> None:
        with open(self._path, mode, encoding=encoding, errors=errors) as f:
            f.write(text)

    def write_bytes(self, data: bytes, mode: str = "wb") -> None:
        with open(self._path, mode) as f:
            f.write(data)

    @contextlib.contextmanager
    def open(self, mode: str = "rt", encoding: str = "utf8", errors: str = "strict") -> Iterator[Any]:
        binary = "b" in mode
        with open(
            self._path, mode, encoding=None if binary else encoding, errors=None if binary else errors
        ) as f:
            yield f


class TempDir:
    """A directory of a test; `os.fspath` gives its path."""

    def __init__(self, path: str) -> None:
        self._path = path

    @property
    def full_path(self) -> str:
        return self._path

    def __fspath__(self) -> str:
        return self._path

    def create_file(
        self,
        file_path: str | None = None,
        content: Any = None,
        mode: str = "w",
        encoding: str = "utf8",
        errors: str = "strict",
    ) -> TempFile:
        """A file below this directory, with `content` if any is given."""
        if file_path is None:
            handle, path = tempfile.mkstemp(dir=self._path)
            os.close(handle)
        else:
            path = os.path.join(self._path, file_path)
            os.makedirs(os.path.dirname(path), exist_ok=True)
        file = TempFile(path)
        if isinstance(content, bytes):
            file.write_bytes(content, mode if "b" in mode else mode + "b")
        else:
            file.write_text(content or "", mode.replace("b", ""), encoding, errors)
        return file

    def mkdir(self, dir_path: str | None = None) -> TempDir:
        """A directory below this one."""
        if dir_path is None:
            return TempDir(tempfile.mkdtemp(dir=self._path))
        path = os.path.join(self._path, dir_path)
        os.makedirs(path)
        return TempDir(path)


class Files(unittest.TestCase):
    """A test case whose files vanish with it."""

    tempfile_cleanup = TempFileCleanup.ALWAYS

    def _own_dir(self) -> TempDir:
        found = self.__dict__.get("_directory")
        if found is None:
            name = re.sub(r"\W+", "_", self.id())[-80:]
            found = self._directory = TempDir(tempfile.mkdtemp(prefix=name + "_"))
        return found

    def _vanish(self, path: str, cleanup: TempFileCleanup | None) -> None:
        when = cleanup or self.tempfile_cleanup

        def remove() -> None:
            if when is TempFileCleanup.SUCCESS and not self._passed():
                return
            if os.path.isdir(path):
                shutil.rmtree(path, ignore_errors=True)
            elif os.path.exists(path):
                os.remove(path)

        if when is not TempFileCleanup.OFF:
            self.addCleanup(remove)

    def _passed(self) -> bool:
        outcome = getattr(self, "_outcome", None)
        return bool(outcome is not None and outcome.success)

    def create_tempdir(self, name: str | None = None, cleanup: TempFileCleanup | None = None) -> TempDir:
        """A directory of this test: one of its own, or `name` in that of the test."""
        made = self._own_dir().mkdir(name)
        self._vanish(made.full_path, cleanup)
        return made

    def create_tempfile(
        self,
        file_path: str | None = None,
        content: Any = None,
        mode: str = "w",
        encoding: str = "utf8",
        errors: str = "strict",
        cleanup: TempFileCleanup | None = None,
    ) -> TempFile:
        """A file of this test, with `content` if any is given."""
        made = self._own_dir().create_file(file_path, content, mode, encoding, errors)
        self._vanish(made.full_path, cleanup)
        return made

    def get_temp_dir(self) -> str:
        """A directory of this test, the same at every call."""
        found = self.__dict__.get("_temp_dir")
        if found is None:
            found = self._temp_dir = self._own_dir().mkdir().full_path
            self._vanish(found, None)
        return found

    @contextlib.contextmanager
    def captureWritesToStream(self, stream: Any) -> Iterator[Any]:
        """What is written to the stream's file, by C code too: `captured.contents()` in the block."""
        stream.flush()
        number = stream.fileno()
        kept = os.dup(number)
        with tempfile.TemporaryFile() as target:
            captured = _Captured(stream, target)
            os.dup2(target.fileno(), number)
            try:
                yield captured
            finally:
                stream.flush()
                os.dup2(kept, number)
                os.close(kept)


class _Captured:
    def __init__(self, stream: Any, target: Any) -> None:
        self._stream, self._target = stream, target

    def contents(self) -> str:
        """What was written so far."""
        self._stream.flush()
        at = self._target.tell()
        self._target.seek(0)
        text = self._target.read().decode()
        self._target.seek(at)
        return text
