"""`tf.saved_model`: the names that programs look up. Saving and loading themselves are not there yet, and say so."""

from __future__ import annotations

import os
from typing import Any, NoReturn

from . import saved_model_experimental as experimental

ROOT: list[str] = []
__all__ = [
    "ASSETS_DIRECTORY", "ASSETS_KEY", "DEFAULT_SERVING_SIGNATURE_DEF_KEY", "GPU", "SAVED_MODEL_FILENAME_PB",
    "SAVED_MODEL_FILENAME_PBTXT", "SAVED_MODEL_SCHEMA_VERSION", "SERVING", "TPU", "TRAINING",
    "VARIABLES_DIRECTORY", "VARIABLES_FILENAME", "contains_saved_model", "experimental", "load", "save",
]  # fmt: skip

ASSETS_DIRECTORY = "assets"
ASSETS_KEY = "saved_model_assets"
DEFAULT_SERVING_SIGNATURE_DEF_KEY = "serving_default"
GPU, SERVING, TPU, TRAINING = "gpu", "serve", "tpu", "train"
SAVED_MODEL_FILENAME_PB = "saved_model.pb"
SAVED_MODEL_FILENAME_PBTXT = "saved_model.pbtxt"
SAVED_MODEL_SCHEMA_VERSION = 1
VARIABLES_DIRECTORY = VARIABLES_FILENAME = "variables"


def contains_saved_model(export_dir: str | os.PathLike[str]) -> bool:
    """Whether a folder holds a SavedModel.

    >>> contains_saved_model("/no/such/folder")
    False
    """
    folder = os.fspath(export_dir)
    return any(
        os.path.exists(os.path.join(folder, name))
        for name in (SAVED_MODEL_FILENAME_PB, SAVED_MODEL_FILENAME_PBTXT)
    )


def _missing(what: str) -> NoReturn:
    raise NotImplementedError(
        f"{what}: SavedModels are not supported yet. Keras models are kept with model.save('name.keras') and "
        "keras.models.load_model; weights alone with model.save_weights('name.weights.h5')."
    )


def save(obj: Any, export_dir: Any, signatures: Any = None, options: Any = None) -> NoReturn:
    """Not there yet: raises NotImplementedError, which names what does save models."""
    _missing(f"tf.saved_model.save({export_dir!r})")


def load(export_dir: Any, tags: Any = None, options: Any = None) -> NoReturn:
    """Not there yet: raises NotImplementedError, which names what does save models."""
    _missing(f"tf.saved_model.load({export_dir!r})")
