"""Files of elements: caches, `save` and `load`; opening files that may be compressed.

Elements are kept in NumPy's `.npy` format, without pickled objects: an array per component where all elements have one shape,
and lengths beside it where they do not."""

from __future__ import annotations

import gzip
import io
import os
import zlib
from typing import Any

from headrace.core import errors


def open_file(path: str, compression: str) -> Any:
    """A binary file to read, decompressed. NotFoundError if there is none."""
    try:
        if compression == "GZIP":
            return gzip.open(path, "rb")
        if compression == "ZLIB":
            with open(path, "rb") as file:
                return io.BytesIO(zlib.decompress(file.read()))
        return open(path, "rb")
    except FileNotFoundError:
        raise errors.NotFoundError(None, None, f"{path}; No such file or directory") from None
    except zlib.error as error:
        raise errors.DataLossError(None, None, f"{path} is not ZLIB-compressed: {error}") from error


def claim(path: str) -> Any:
    raise errors.UnimplementedError(
        None, None, f"Dataset.cache({path!r}): caching in files is not there yet; cache in memory: cache()."
    )


def load_cache(path: str, specs: Any) -> Any:
    return None if not os.path.exists(path) else claim(path)


def save_cache(path: str, elements: Any, specs: Any) -> None:
    claim(path)
