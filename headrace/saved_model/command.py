"""`headrace saved_model show DIR`: what a SavedModel holds."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from typing import Any

from headrace.core import errors
from headrace.core.dtypes import as_dtype
from headrace.io.tensor_proto import raw_shape

from .assets import stored_assets
from .constants import INIT_OP_SIGNATURE_KEY, TRAIN_OP_SIGNATURE_KEY
from .files import read_saved_model, with_tags
from .main_op import main_op_name
from .signatures import is_valid_signature


def saved_model_command(argv: Sequence[str]) -> int:
    """Runs `headrace saved_model ARGV`; returns the exit status."""
    parser = argparse.ArgumentParser("headrace saved_model", description="SavedModels: models in folders.")
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", required=True)
    show = commands.add_parser("show", help="list graphs, signatures, their tensors, assets")
    show.add_argument("path", help="the SavedModel's folder")
    show.add_argument("--tags", help="only the graph with these tags, separated by commas")
    show.add_argument("--signature", metavar="NAME", help="only the signature of that name")
    options = parser.parse_args(argv)
    try:
        lines = described(options.path, options.tags, options.signature)
    except (errors.OpError, OSError, RuntimeError, LookupError) as error:
        sys.stderr.write(f"headrace saved_model: {error.args[0] if error.args else error}\n")
        return 1
    sys.stdout.write("\n".join(lines) + "\n")
    return 0


def described(path: str, tags: str | None = None, signature: str | None = None) -> list[str]:
    """What a SavedModel holds, line by line.

    Args:
      path: its folder.
      tags: those of the one graph that is wanted, separated by commas.
      signature: the name of the one signature that is wanted.

    Raises:
      OSError: there is no SavedModel, or it cannot be read.
      RuntimeError: no graph has these tags.
      LookupError: no graph has such a signature.
    """
    message = read_saved_model(path)
    graphs = message.meta_graphs if tags is None else [with_tags(message, tags.split(","))]
    if signature is not None:
        graphs = [g for g in graphs if signature in g.signature_def]
        if not graphs:
            raise LookupError(f"{path} has no signature {signature!r}.")
    out: list[str] = []
    for graph in graphs:
        out += _graph(graph, signature)
    return out or [f"{path} holds no graphs"]


def _graph(graph: Any, wanted: str | None) -> list[str]:
    info = graph.meta_info_def
    made_by = f"  (TensorFlow {info.tensorflow_version})" if info.tensorflow_version else ""
    out = [f"tags: {', '.join(info.tags) or 'none'}{made_by}"]
    for key in sorted(graph.signature_def):
        signature = graph.signature_def[key]
        if key in (INIT_OP_SIGNATURE_KEY, TRAIN_OP_SIGNATURE_KEY) or wanted not in (None, key):
            continue
        served = "" if is_valid_signature(signature) else ", which servers do not know"
        out.append(f"  {key}: {signature.method_name or 'no method'}{served}")
        rows = [
            (kind, name, *_tensor(infos[name]))
            for kind, infos in (("takes", signature.inputs), ("gives", signature.outputs))
            for name in sorted(infos)
        ]
        widths = [max([len(row[i]) for row in rows], default=0) for i in range(4)]
        out += [
            "    " + "  ".join(f"{cell:<{width}}" for cell, width in zip(row, [*widths, 0])).rstrip()
            for row in rows
        ]
    if wanted is not None:
        return out
    out += [f"  asset {a.filename}: {a.tensor_info.name}" for a in stored_assets(graph)]
    first = main_op_name(graph)
    return out + ([f"  runs on loading: {first}"] if first else [])


def _tensor(info: Any) -> tuple[str, str, str]:
    """Type, shape, and name or names, of a tensor of a signature."""
    encoding = info.WhichOneof("encoding")
    if encoding == "composite_tensor":
        parts = [_tensor(c) for c in info.composite_tensor.components]
        names = ", ".join(name for _, _, name in parts)
        return info.composite_tensor.type_spec.type_spec_class_name, "", names
    raw = raw_shape(info.tensor_shape)
    shape = "of any rank" if raw is None else f"[{', '.join('?' if d is None else str(d) for d in raw)}]"
    dtype = as_dtype(info.dtype).name if info.dtype else "of no type"
    if encoding == "coo_sparse":
        sparse = info.coo_sparse
        names = f"{sparse.indices_tensor_name}, {sparse.values_tensor_name}, {sparse.dense_shape_tensor_name}"
        return f"sparse {dtype}", shape, names
    return dtype, shape, info.name


__all__ = ["described", "saved_model_command"]
