"""`tf.io.gfile`: files on any file system. Local paths need nothing; `gs://`, `s3://` … go through the fsspec package
(`pip install 'headrace[remote]'`)."""

from __future__ import annotations

from headrace.io.files import (
    GFile,
    copy,
    exists,
    glob,
    join,
    remove,
    rename,
    stat,
    walk,
)
from headrace.io.files import is_directory as isdir
from headrace.io.files import list_directory as listdir
from headrace.io.files import make_directories as makedirs
from headrace.io.files import make_directory as mkdir
from headrace.io.files import registered_schemes as get_registered_schemes
from headrace.io.files import remove_tree as rmtree

__all__ = [
    "GFile", "copy", "exists", "get_registered_schemes", "glob", "isdir", "join", "listdir", "makedirs",
    "mkdir", "remove", "rename", "rmtree", "stat", "walk",
]  # fmt: skip
ROOT: list[str] = []
