"""`tensorflow.python.lib.io.file_io`: files by the names that this module has for what `tf.gfile` does."""

from __future__ import annotations

from typing import Any

from headrace.api.io_gfile import GFile as FileIO
from headrace.api.io_gfile import (
    copy,
    exists,
    glob,
    isdir,
    listdir,
    makedirs,
    mkdir,
    remove,
    rename,
    rmtree,
    stat,
    walk,
)

create_dir, delete_file, delete_recursively = mkdir, remove, rmtree
file_exists, get_matching_files, is_directory = exists, glob, isdir
list_directory, recursive_create_dir = listdir, makedirs


def read_file_to_string(filename: Any, binary_mode: bool = False) -> Any:
    """What is in a file: str, or bytes in binary mode."""
    with FileIO(filename, "rb" if binary_mode else "r") as f:
        return f.read()


def write_string_to_file(filename: Any, file_content: Any) -> None:
    """Writes a file anew."""
    with FileIO(filename, "wb" if isinstance(file_content, bytes) else "w") as f:
        f.write(file_content)


__all__ = [
    "FileIO", "copy", "create_dir", "delete_file", "delete_recursively", "file_exists", "get_matching_files", "is_directory",
    "list_directory", "read_file_to_string", "recursive_create_dir", "rename", "stat", "walk", "write_string_to_file",
]  # fmt: skip
