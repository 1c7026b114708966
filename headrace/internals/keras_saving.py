"""Keras's files appear whole or not at all.

Keras writes a model over the file that is there: a save that fails half-way (a layer whose configuration cannot be had, a full
disk, an interruption) leaves a fragment in the place of the last good model. Here its three functions that write a file are
given a name beside the final one, which takes its place when all is written."""

from __future__ import annotations

import functools
import os
import shutil
import tempfile
from collections.abc import Callable
from types import ModuleType
from typing import Any

# Modules of Keras -> their functions `save(model, filepath, …)` that write a file with one of these endings, or its parts.
SAVING: dict[str, dict[str, tuple[str, ...]]] = {
    "keras.src.saving.saving_lib": {
        "save_model": (".keras",),
        "save_weights_only": ("weights.h5", "weights.json"),
    },
    "keras.src.legacy.saving.legacy_h5_format": {"save_model_to_hdf5": (".h5", ".hdf5")},
}


def amend(module: ModuleType) -> None:
    """Wraps the functions of one of these modules, as it is imported."""
    for name, endings in SAVING[module.__name__].items():
        setattr(module, name, _whole(getattr(module, name), endings))


def _whole(save: Callable[..., Any], endings: tuple[str, ...]) -> Callable[..., Any]:
    @functools.wraps(save)
    def saving(model: Any, filepath: Any, *args: Any, **kwargs: Any) -> Any:
        final = _final(filepath, endings)
        if final is None:
            return save(model, filepath, *args, **kwargs)
        with tempfile.TemporaryDirectory(prefix=".saving_", dir=os.path.dirname(final)) as folder:
            result = save(model, os.path.join(folder, os.path.basename(final)), *args, **kwargs)
            for name in sorted(
                os.listdir(folder), key=lambda name: name.endswith(".json")
            ):  # what lists the others: last
                written, there = os.path.join(folder, name), os.path.join(os.path.dirname(final), name)
                if os.path.exists(there):
                    shutil.copymode(there, written)
                os.replace(written, there)
        return result

    return saving


def _final(filepath: Any, endings: tuple[str, ...]) -> str | None:
    """The file to write; None where Keras should do as it does: what is no path, of another ending, on another machine, a
    device, or in a folder that is not there or not ours."""
    path = str(filepath)
    if not isinstance(filepath, (str, os.PathLike)) or not path.endswith(endings) or "://" in path:
        return None
    final = os.path.realpath(filepath)
    folder = os.path.dirname(final)
    ordinary = os.path.isfile(final) or not os.path.lexists(final)
    return final if ordinary and os.path.isdir(folder) and os.access(folder, os.W_OK) else None
