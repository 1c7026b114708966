"""`tf.saved_model`: the names that programs look up. Saving and loading themselves are not there yet, and say so."""

from __future__ import annotations

from typing import Any, NoReturn

from headrace.saved_model.assets import Asset
from headrace.saved_model.constants import (
    ASSETS_DIRECTORY,
    ASSETS_KEY,
    CLASSIFY_INPUTS,
    CLASSIFY_METHOD_NAME,
    CLASSIFY_OUTPUT_CLASSES,
    CLASSIFY_OUTPUT_SCORES,
    DEBUG_DIRECTORY,
    DEBUG_INFO_FILENAME_PB,
    DEFAULT_SERVING_SIGNATURE_DEF_KEY,
    GPU,
    PREDICT_INPUTS,
    PREDICT_METHOD_NAME,
    PREDICT_OUTPUTS,
    REGRESS_INPUTS,
    REGRESS_METHOD_NAME,
    REGRESS_OUTPUTS,
    SAVED_MODEL_FILENAME_PB,
    SAVED_MODEL_FILENAME_PBTXT,
    SAVED_MODEL_SCHEMA_VERSION,
    SERVING,
    TPU,
    TRAINING,
    VARIABLES_DIRECTORY,
    VARIABLES_FILENAME,
)
from headrace.saved_model.files import contains_saved_model
from headrace.saved_model.options import LoadOptions, SaveOptions

from . import saved_model_experimental as experimental

ROOT: list[str] = []
__all__ = [
    "ASSETS_DIRECTORY", "ASSETS_KEY", "Asset", "CLASSIFY_INPUTS", "CLASSIFY_METHOD_NAME", "CLASSIFY_OUTPUT_CLASSES",
    "CLASSIFY_OUTPUT_SCORES", "DEBUG_DIRECTORY", "DEBUG_INFO_FILENAME_PB", "DEFAULT_SERVING_SIGNATURE_DEF_KEY", "GPU",
    "LoadOptions", "PREDICT_INPUTS", "PREDICT_METHOD_NAME", "PREDICT_OUTPUTS", "REGRESS_INPUTS", "REGRESS_METHOD_NAME",
    "REGRESS_OUTPUTS", "SAVED_MODEL_FILENAME_PB", "SAVED_MODEL_FILENAME_PBTXT", "SAVED_MODEL_SCHEMA_VERSION", "SERVING",
    "SaveOptions", "TPU", "TRAINING", "VARIABLES_DIRECTORY", "VARIABLES_FILENAME", "contains_saved_model", "experimental",
    "load", "save",
]  # fmt: skip


def _missing(what: str) -> NoReturn:
    raise NotImplementedError(
        f"{what}: SavedModels of objects are not supported yet; those of graphs are saved and loaded by "
        "tf.compat.v1.saved_model. Keras models are kept with model.save('name.keras') and keras.models.load_model; weights "
        "alone with model.save_weights('name.weights.h5')."
    )


def save(obj: Any, export_dir: Any, signatures: Any = None, options: SaveOptions | None = None) -> NoReturn:
    """Not there yet: raises NotImplementedError, which names what does save models."""
    _missing(f"tf.saved_model.save({export_dir!r})")


def load(export_dir: Any, tags: Any = None, options: LoadOptions | None = None) -> NoReturn:
    """Not there yet: raises NotImplementedError, which names what does save models."""
    _missing(f"tf.saved_model.load({export_dir!r})")
