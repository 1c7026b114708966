"""`tf.compat.v1.nn.rnn_cell` and `tf.compat.v1.nn.dynamic_rnn` …: recurrent nets (`headrace/v1/recurrent/`)."""

from __future__ import annotations

from headrace.v1 import recurrent

FUNCTIONS = {
    **{f"nn.rnn_cell.{n}": getattr(recurrent, n) for n in recurrent.CELLS},
    **{f"nn.{n}": getattr(recurrent, n) for n in recurrent.LOOPS},
}
ROOT: list[str] = []
NAMES = {"nn": recurrent.LOOPS, "nn.rnn_cell": recurrent.CELLS}
__all__ = ["FUNCTIONS"]
