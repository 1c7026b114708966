"""Loading a SavedModel into a session: `tf.compat.v1.saved_model.load`."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from headrace.graphs.meta import import_scoped, saver_of
from headrace.io import files

from .assets import asset_feeds
from .files import contains_saved_model, read_saved_model, variables_path, with_tags
from .main_op import find_main_op


def load(
    sess: Any, tags: Iterable[str], export_dir: Any, import_scope: str | None = None, **saver_kwargs: Any
) -> Any:
    """Loads a SavedModel into a session: adds its graph to the session's, restores the variables, runs what the model wants to
    be run first (with the paths of its assets).

    Args:
      sess: the session.
      tags: those of the graph that is wanted, all of them.
      export_dir: the SavedModel's folder.
      import_scope: is put before all names in the graph; the message that is returned keeps its names.
      **saver_kwargs: `input_map`, `clear_devices` … of `import_meta_graph`.

    Returns:
      The `MetaGraphDef`: its `signature_def` says which tensors to feed and fetch.

    Raises:
      OSError: there is no SavedModel, or it cannot be read.
      RuntimeError: no graph in it has these tags.
      ValueError: the graph contradicts itself, or its checkpoint is not there.
      KeyError: the message names operations that its graph does not have.
    """
    folder = files.path_text(export_dir)
    meta_graph = with_tags(read_saved_model(folder), tags)
    with sess.graph.as_default():
        message, scope, _ = import_scoped(meta_graph, import_scope=import_scope, **saver_kwargs)
        saver = saver_of(message, scope)
        if saver is not None:
            saver.restore(sess, variables_path(folder))
        main_op = find_main_op(meta_graph, scope)
        if main_op is not None:
            assets = {t.name: path for t, path in asset_feeds(folder, meta_graph, scope)}
            sess.run([main_op], assets)
    return meta_graph


maybe_saved_model_directory, parse_saved_model = contains_saved_model, read_saved_model  # names of 1.x

__all__ = ["load", "maybe_saved_model_directory", "parse_saved_model"]
