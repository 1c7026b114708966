"""`tf.compat.v1.saved_model`: models of graphs, for serving and for other programs."""

from __future__ import annotations

from headrace.saved_model.builder import SavedModelBuilder, simple_save
from headrace.saved_model.constants import *  # noqa: F403 - a list of names
from headrace.saved_model.files import contains_saved_model
from headrace.saved_model.loader import load
from headrace.saved_model.main_op import main_op, main_op_with_restore
from headrace.saved_model.methods import MethodNameUpdater
from headrace.saved_model.signatures import (
    build_signature_def,
    build_tensor_info,
    classification_signature_def,
    get_tensor_from_tensor_info,
    is_valid_signature,
    predict_signature_def,
    regression_signature_def,
)

Builder = SavedModelBuilder
maybe_saved_model_directory = contains_saved_model

_FORMAT = [
    "ASSETS_DIRECTORY", "ASSETS_KEY", "DEBUG_DIRECTORY", "DEBUG_INFO_FILENAME_PB", "LEGACY_INIT_OP_KEY", "MAIN_OP_KEY",
    "SAVED_MODEL_FILENAME_PB", "SAVED_MODEL_FILENAME_PBTXT", "SAVED_MODEL_SCHEMA_VERSION", "VARIABLES_DIRECTORY",
    "VARIABLES_FILENAME",
]  # fmt: skip
_SIGNATURES = [
    "CLASSIFY_INPUTS", "CLASSIFY_METHOD_NAME", "CLASSIFY_OUTPUT_CLASSES", "CLASSIFY_OUTPUT_SCORES",
    "DEFAULT_SERVING_SIGNATURE_DEF_KEY", "PREDICT_INPUTS", "PREDICT_METHOD_NAME", "PREDICT_OUTPUTS", "REGRESS_INPUTS",
    "REGRESS_METHOD_NAME", "REGRESS_OUTPUTS",
]  # fmt: skip
_TAGS = ["GPU", "SERVING", "TPU", "TRAINING"]
_SIGNATURE_UTILITIES = [
    "build_signature_def", "classification_signature_def", "is_valid_signature", "predict_signature_def",
    "regression_signature_def",
]  # fmt: skip
_TENSORS = ["build_tensor_info", "get_tensor_from_tensor_info"]

ROOT: list[str] = []
NAMES = {
    # The others are those of `tf.saved_model`.
    "saved_model": [
        "Builder", "LEGACY_INIT_OP_KEY", "MAIN_OP_KEY", "contains_saved_model", "load", "main_op_with_restore",
        "maybe_saved_model_directory", "simple_save", *_SIGNATURE_UTILITIES, *_TENSORS,
    ],
    "saved_model.builder": ["SavedModelBuilder"],
    "saved_model.constants": _FORMAT,
    "saved_model.loader": ["load", "maybe_saved_model_directory"],
    "saved_model.main_op": ["main_op", "main_op_with_restore"],
    "saved_model.signature_constants": _SIGNATURES,
    "saved_model.signature_def_utils": ["MethodNameUpdater", *_SIGNATURE_UTILITIES],
    "saved_model.tag_constants": _TAGS,
    "saved_model.utils": _TENSORS,
}  # fmt: skip
__all__ = sorted({n for names in NAMES.values() for n in names})  # noqa: PLE0605 - a list of names
