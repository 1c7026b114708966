"""Changing the method names of a saved model's signatures."""

from __future__ import annotations

from typing import Any

from headrace.io import files
from headrace.session import logs

from .constants import SAVED_MODEL_FILENAME_PBTXT
from .files import read_saved_model, write_saved_model


class MethodNameUpdater:
    """Changes what kind of signature (`tensorflow/serving/predict` …) those of a SavedModel say they are.

    Args:
      export_dir: the SavedModel's folder.

    Raises:
      OSError: there is none, or it cannot be read.
    """

    def __init__(self, export_dir: Any) -> None:
        self._export_dir = files.path_text(export_dir)
        self._saved_model = read_saved_model(self._export_dir)

    def replace_method_name(self, signature_key: str, method_name: str, tags: Any = None) -> None:
        """Gives a signature another method name.

        Args:
          signature_key: the signature's name.
          method_name: the new method name.
          tags: a tag, or a list of them: those of the one graph that is meant; all graphs if not given.

        Raises:
          ValueError: a name is empty, no graph has these tags, or a graph has no such signature.
        """
        if not signature_key:
            raise ValueError("`signature_key` must be defined.")
        if not method_name:
            raise ValueError("`method_name` must be defined.")
        wanted = None if tags is None else {tags} if isinstance(tags, str) else set(tags)
        graphs = [m for m in self._saved_model.meta_graphs if wanted in (None, set(m.meta_info_def.tags))]
        if not graphs:
            raise ValueError(
                f"MetaGraphDef associated with tags {tags} could not be found in SavedModel. This means either you specified "
                "invalid tags or your SavedModel does not have a MetaGraphDef with the specified tags."
            )
        for meta_graph in graphs:
            if signature_key not in meta_graph.signature_def:
                raise ValueError(
                    f"MetaGraphDef associated with tags {sorted(meta_graph.meta_info_def.tags)} does not have a signature_def "
                    f"with key: '{signature_key}'. It has: {', '.join(sorted(meta_graph.signature_def)) or 'none'}."
                )
        for meta_graph in graphs:
            meta_graph.signature_def[signature_key].method_name = method_name

    def save(self, new_export_dir: Any = None) -> None:
        """Writes the message, in place or into another folder (variables and assets are not copied)."""
        as_text = files.exists(files.join(self._export_dir, SAVED_MODEL_FILENAME_PBTXT))
        path = write_saved_model(new_export_dir or self._export_dir, self._saved_model, as_text)
        logs.info("SavedModel written to: %s", path)


__all__ = ["MethodNameUpdater"]
