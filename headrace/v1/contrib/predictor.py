"""`tf.contrib.predictor`: a saved model as a function of arrays."""

from __future__ import annotations

from typing import Any

from headrace.api.compat_v1_graph import Session
from headrace.api.compat_v1_names import find
from headrace.core.graph import Graph

_SERVING = "serving_default"


class SavedModelPredictor:
    """Feeds and fetches what a signature of a saved model names: `predictor({"x": array})` gives a dict of arrays.

    Args:
      export_dir: the model's directory.
      signature_def_key, signature_def: the signature: "serving_default" by default.
      input_names, output_names: instead of a signature, tensors' names by what they are to be called.
      tags: of the graph, joined by commas: "serve" by default.
      graph: to load the model into.
      config: of the session.

    Raises:
      ValueError: there is no such signature, or several ways to name tensors are given."""

    def __init__(
        self, export_dir: str, signature_def_key: str | None = None, signature_def: Any = None, input_names: Any = None,
        output_names: Any = None, tags: str | None = None, graph: Any = None, config: Any = None,
    ) -> None:  # fmt: skip
        if (input_names is None) != (output_names is None):
            raise ValueError("input_names and output_names must both be specified or both be unspecified.")
        if sum(x is not None for x in (signature_def_key, signature_def, input_names)) > 1:
            raise ValueError(
                "Give one of signature_def_key, signature_def, and input_names with output_names."
            )
        self._graph = graph if graph is not None else Graph()
        with self._graph.as_default():
            self._session = Session(config=config)
            meta = find("saved_model.loader.load")(self._session, (tags or "serve").split(","), export_dir)
        if input_names is None:
            key = signature_def_key or _SERVING
            if signature_def is None and key not in meta.signature_def:
                raise ValueError(f"There is no signature {key!r}: there are {sorted(meta.signature_def)}.")
            chosen = signature_def if signature_def is not None else meta.signature_def[key]
            input_names = {k: v.name for k, v in chosen.inputs.items()}
            output_names = {k: v.name for k, v in chosen.outputs.items()}
        tensor = self._graph.get_tensor_by_name
        self._feed_tensors = {k: tensor(v) for k, v in input_names.items()}
        self._fetch_tensors = {k: tensor(v) for k, v in output_names.items()}

    @property
    def graph(self) -> Any:
        """The model's graph."""
        return self._graph

    @property
    def session(self) -> Any:
        """The session that runs it."""
        return self._session

    @property
    def feed_tensors(self) -> dict[str, Any]:
        """The inputs by name."""
        return self._feed_tensors

    @property
    def fetch_tensors(self) -> dict[str, Any]:
        """The outputs by name."""
        return self._fetch_tensors

    def __call__(self, input_dict: dict[str, Any]) -> dict[str, Any]:
        """The outputs for some inputs.

        Raises:
          ValueError: there is no such input."""
        unknown = set(input_dict) - set(self._feed_tensors)
        if unknown:
            raise ValueError(
                f"Got unexpected keys in input_dict: {sorted(unknown)}, expected: {sorted(self._feed_tensors)}"
            )
        feeds = {self._feed_tensors[k]: v for k, v in input_dict.items() if v is not None}
        return self._session.run(self._fetch_tensors, feeds)  # type: ignore[no-any-return]


def from_saved_model(
    export_dir: str, signature_def_key: str | None = None, signature_def: Any = None, input_names: Any = None,
    output_names: Any = None, tags: str | None = None, graph: Any = None, config: Any = None,
) -> SavedModelPredictor:  # fmt: skip
    """The predictor of a saved model: see `SavedModelPredictor`."""
    return SavedModelPredictor(
        export_dir, signature_def_key, signature_def, input_names, output_names, tags, graph, config
    )


__all__ = ["SavedModelPredictor", "from_saved_model"]
