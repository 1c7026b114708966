"""`tf.saved_model`: loading models of graphs as functions. Objects are not saved and loaded yet, and that is said."""

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


_INSTEAD = (
    "SavedModels of objects are not supported yet; those of graphs are saved and loaded by tf.compat.v1.saved_model. Keras models "
    "are kept with model.save('name.keras') and keras.models.load_model; weights alone with model.save_weights('name.weights.h5')."
)


def save(obj: Any, export_dir: Any, signatures: Any = None, options: SaveOptions | None = None) -> NoReturn:
    """Not there yet: raises NotImplementedError, which names what does save models."""
    raise NotImplementedError(f"tf.saved_model.save({export_dir!r}): {_INSTEAD}")


def load(export_dir: Any, tags: Any = None, options: LoadOptions | None = None) -> Any:
    """Loads a SavedModel of graphs, as programs of TensorFlow 1.x (or `tf.compat.v1.saved_model`) save them.

    Args:
      export_dir: the SavedModel's folder.
      tags: a tag, or several: those of the graph that is wanted. Not needed where there is only one graph.
      options: `LoadOptions`. `experimental_skip_checkpoint` leaves variables without values.

    Returns:
      An object with `signatures`: functions by name, that take tensors by name and return a dict of them; with `variables`,
      `graph`, `asset_paths`, and `prune(feeds, fetches)`, which makes functions of other tensors of the graph.

    Raises:
      OSError: there is no SavedModel, or it cannot be read.
      ValueError: there are several graphs, and no tags.
      RuntimeError: no graph has these tags.
      NotImplementedError: the SavedModel holds objects (`tf.saved_model.save` of TensorFlow 2 wrote it).
    """
    from headrace.core import nest
    from headrace.saved_model.files import read_saved_model, with_tags
    from headrace.saved_model.functions import load_graph

    if options is not None and not isinstance(options, LoadOptions):
        raise TypeError(f"`options` must be tf.saved_model.LoadOptions, received {options!r}.")
    message = read_saved_model(export_dir)
    if tags is None and len(message.meta_graphs) != 1:
        raise ValueError(
            "Importing a SavedModel with `tf.saved_model.load` requires a `tags=` argument if there is more than one MetaGraph. "
            f"Got `tags=None`, but there are {len(message.meta_graphs)} MetaGraphs in the SavedModel with tag sets: "
            f"{[list(m.meta_info_def.tags) for m in message.meta_graphs]}."
        )
    wanted = nest.flatten(sorted(tags) if isinstance(tags, (set, frozenset)) else tags)
    meta_graph = message.meta_graphs[0] if tags is None else with_tags(message, wanted)
    if meta_graph.object_graph_def:
        raise NotImplementedError(
            f"tf.saved_model.load({export_dir!r}): {_INSTEAD} A session loads this model's graph: tf.compat.v1.saved_model.load."
        )
    return load_graph(export_dir, meta_graph, options is not None and options.experimental_skip_checkpoint)
