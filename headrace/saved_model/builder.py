"""Saving graphs and the variables of a session: `tf.compat.v1.saved_model.Builder`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from headrace.checkpoint.saver import Saver
from headrace.core.graph import get_default_graph
from headrace.io import files
from headrace.io.text_messages import pack
from headrace.proto.meta_graph_pb2 import SignatureDef
from headrace.proto.saved_model_pb2 import SavedModel
from headrace.session import logs
from headrace.session.keys import GraphKeys

from .assets import Assets
from .constants import ASSETS_KEY, DEFAULT_SERVING_SIGNATURE_DEF_KEY, SERVING
from .files import variables_path, write_saved_model
from .main_op import add_main_op
from .signatures import predict_signature_def, validate


class SavedModelBuilder:
    """Writes a SavedModel: one graph or several, which share the values of variables and the assets.

    The first graph comes with `add_meta_graph_and_variables`, which saves the session's values; others with `add_meta_graph`.
    Each is found by its tags.

    Args:
      export_dir: the folder, which must be empty if it is there.

    Raises:
      AssertionError: the folder is not empty.

    >>> import headrace as tf, os, tempfile
    >>> v1 = tf.compat.v1
    >>> folder = os.path.join(tempfile.mkdtemp(), "model")
    >>> with tf.Graph().as_default(), v1.Session() as sess:
    ...     x = v1.placeholder(tf.float32, [None], name="x")
    ...     w = v1.get_variable("w", initializer=2.0)
    ...     sess.run(w.initializer)
    ...     builder = v1.saved_model.Builder(folder)
    ...     signature = v1.saved_model.predict_signature_def({"x": x}, {"y": x * w})
    ...     builder.add_meta_graph_and_variables(sess, ["serve"], {"serving_default": signature})
    ...     _ = builder.save()
    >>> with tf.Graph().as_default(), v1.Session() as sess:
    ...     model = v1.saved_model.load(sess, ["serve"], folder)
    ...     y = model.signature_def["serving_default"].outputs["y"].name
    ...     sess.run(y, {"x:0": [1.0, 4.0]}).tolist()
    [2.0, 8.0]
    """

    def __init__(self, export_dir: Any) -> None:
        self._export_dir = files.path_text(export_dir)
        if files.exists(self._export_dir):
            if files.list_directory(self._export_dir):
                raise AssertionError(
                    f"Export directory {self._export_dir} already exists, and isn't empty. Please choose a different export "
                    "directory, or delete all the contents of the specified directory."
                )
        else:
            files.make_directories(self._export_dir)
        self._saved_model = SavedModel()
        self._assets = Assets(self._export_dir)
        self._has_saved_variables = False

    def add_meta_graph_and_variables(
        self, sess: Any, tags: Iterable[str], signature_def_map: Mapping[str, Any] | None = None,
        assets_collection: Iterable[Any] | None = None, legacy_init_op: Any = None, clear_devices: bool = False,
        main_op: Any = None, strip_default_attrs: bool = False, saver: Saver | None = None,
    ) -> None:  # fmt: skip
        """Adds the default graph, and saves the values that its variables have in a session.

        Args:
          sess: the session.
          tags: what the graph is found by.
          signature_def_map: `SignatureDef`s by name.
          assets_collection: constants of the graph that hold paths of files, which are copied.
          legacy_init_op: an older name of `main_op`.
          clear_devices: leaves out the devices of operations.
          main_op: an operation that is run on loading, after variables were restored.
          strip_default_attrs: leaves out attributes that have their default values.
          saver: saves the variables; one of all variables is made if not given.

        Raises:
          AssertionError: a graph was added already; or a signature names a tensor without type or name.
          KeyError: a signature has a reserved name.
          TypeError, ValueError: `main_op` or an asset is none, or there is a main op already.
          FailedPreconditionError: a variable has no value.
        """
        if self._has_saved_variables:
            raise AssertionError(
                "Graph state including variables and assets has already been saved. Please invoke `add_meta_graph()` instead."
            )
        saver = self._prepare(signature_def_map, assets_collection, main_op, legacy_init_op, saver)
        path = variables_path(self._export_dir)
        files.make_directories(path.rpartition("/")[0])
        saver.save(sess, path, write_meta_graph=False, write_state=False)
        self._add(saver, tags, signature_def_map, clear_devices, strip_default_attrs)
        self._has_saved_variables = True

    def add_meta_graph(
        self, tags: Iterable[str], signature_def_map: Mapping[str, Any] | None = None,
        assets_collection: Iterable[Any] | None = None, legacy_init_op: Any = None, clear_devices: bool = False,
        main_op: Any = None, strip_default_attrs: bool = False, saver: Saver | None = None,
    ) -> None:  # fmt: skip
        """Adds the default graph; its variables are among those that were saved. Arguments as above.

        Raises:
          AssertionError: no graph was added with variables before.
        """
        if not self._has_saved_variables:
            raise AssertionError(
                "Graph state including variables and assets has not been saved yet. Please invoke "
                "`add_meta_graph_and_variables()` first."
            )
        saver = self._prepare(signature_def_map, assets_collection, main_op, legacy_init_op, saver)
        self._add(saver, tags, signature_def_map, clear_devices, strip_default_attrs)

    def save(self, as_text: bool = False, experimental_image_format: bool = False,
             experimental_image_writer_options: Any = None) -> bytes:  # fmt: skip
        """Writes the message of all graphs; returns its path.

        Args:
          as_text: in protobuf's text format: `saved_model.pbtxt`.

        Raises:
          RuntimeError: `experimental_image_format` is asked for: the format in parts is not part of the open source.
        """
        if experimental_image_format or experimental_image_writer_options is not None:
            raise RuntimeError(
                "No proto_splitter is provided, cannot use experimental_image_format. Leave it out."
            )
        path = write_saved_model(self._export_dir, self._saved_model, as_text)
        logs.info("SavedModel written to: %s", path)
        return path.encode()

    def _prepare(
        self, signatures: Mapping[str, Any] | None, assets: Iterable[Any] | None, main_op: Any, legacy_init_op: Any,
        saver: Saver | None,
    ) -> Saver:  # fmt: skip
        """Notes in the graph what belongs to it; returns what saves its variables."""
        validate(signatures or {})
        graph = get_default_graph()
        for asset in self._assets.add(assets or ()):
            graph.add_to_collection(ASSETS_KEY, pack(asset))
        add_main_op(legacy_init_op if main_op is None else main_op)
        if saver is not None:
            return saver
        everything = graph.get_collection(GraphKeys.GLOBAL_VARIABLES) + graph.get_collection(
            GraphKeys.SAVEABLE_OBJECTS
        )
        return Saver(everything, sharded=True, allow_empty=True)

    def _add(
        self, saver: Saver, tags: Iterable[str], signatures: Mapping[str, Any] | None, clear_devices: bool, strip: bool
    ) -> None:  # fmt: skip
        message = saver.export_meta_graph(clear_devices=clear_devices, strip_default_attrs=strip)
        message.meta_info_def.tags.extend(tags)
        for key, signature in (signatures or {}).items():
            message.signature_def[key].CopyFrom(_own(signature))
        self._saved_model.meta_graphs.add().CopyFrom(message)


def _own(signature: Any) -> SignatureDef:
    """A `SignatureDef` of our own class, of whatever class it is."""
    if isinstance(signature, SignatureDef):
        return signature
    return SignatureDef.FromString(signature.SerializeToString())


def simple_save(
    session: Any, export_dir: Any, inputs: Mapping[str, Any], outputs: Mapping[str, Any], legacy_init_op: Any = None
) -> None:  # fmt: skip
    """Saves a session's graph for serving: one signature, `serving_default`, under the tag `serve`.

    Args:
      session: has the variables' values; its graph must be the default graph.
      export_dir: the folder, which must be empty if it is there.
      inputs, outputs: tensors by name.
      legacy_init_op: an operation that is run on loading.

    Raises:
      AssertionError: the folder is not empty.
      ValueError: there are no inputs or no outputs.
    """
    signatures = {DEFAULT_SERVING_SIGNATURE_DEF_KEY: predict_signature_def(inputs, outputs)}
    builder = SavedModelBuilder(export_dir)
    builder.add_meta_graph_and_variables(
        session, [SERVING], signatures, get_default_graph().get_collection(GraphKeys.ASSET_FILEPATHS),
        main_op=legacy_init_op, clear_devices=True,
    )  # fmt: skip
    builder.save()


__all__ = ["SavedModelBuilder", "simple_save"]
