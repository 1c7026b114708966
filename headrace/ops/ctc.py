"""Connectionist temporal classification (Graves et al., "Connectionist temporal classification: labelling
unsegmented sequence data with recurrent neural networks", ICML 2006): the loss, and decoders.

A labelling of length L becomes 2 L + 1 states: its labels with blanks before, between and after. An alignment
stays in a state, goes on to the next one, or skips a blank between two different labels. The loss is minus
the log of the sum over all alignments, by the forward-backward algorithm in logarithms."""

from __future__ import annotations

from typing import Any

import numpy as np

from headrace.compiler.hlo import Builder, Value
from headrace.core import dtypes
from headrace.core.errors import ShapeError, invalid
from headrace.core.op import REQUIRED, OpDef, ShapeContext, lookup
from headrace.core.shapes import Raw
from headrace.core.tape import not_differentiable

IMPOSSIBLE = -1e30  # the log of 0 where -inf would make differences NaN
# TensorFlow's log-probability to begin or end in a wrong state: losses stay finite.
UNLIKELY = float(np.log(1e-307))
_TYPES = {"T": frozenset({dtypes.float32, dtypes.float64})}


def _np_log_softmax(x: np.ndarray) -> np.ndarray:
    z = x - x.max(-1, keepdims=True)
    return z - np.log(np.exp(z).sum(-1, keepdims=True))


def _np_shift(a: np.ndarray, n: int) -> np.ndarray:
    """States moved up by n (down, if negative)."""
    out = np.full_like(a, IMPOSSIBLE)
    if n > 0:
        out[:, n:] = a[:, :-n]
    else:
        out[:, :n] = a[:, -n:]
    return out


def _np_states(labels: np.ndarray, blank: int, merge: bool) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The label of every state, and the log-probability (0 or IMPOSSIBLE) to stay in it and to skip into
    it."""
    batch, length = labels.shape
    states = np.full((batch, 2 * length + 1), blank)
    states[:, 1::2] = labels
    before = np.full_like(states, -1)
    before[:, 2:] = states[:, :-2]
    is_label = np.arange(states.shape[1]) % 2 == 1  # by its place: the blank may be given as a label, too
    may_skip = is_label & (before >= 0) & ((states != before) | (not merge))
    may_stay = ~is_label | merge
    return states, np.where(may_stay, 0.0, IMPOSSIBLE), np.where(may_skip, 0.0, IMPOSSIBLE)


def forward_backward(
    logits: np.ndarray,
    labels: np.ndarray,
    label_length: np.ndarray,
    logit_length: np.ndarray,
    blank: int,
    *,
    merge: bool = True,
    unlikely: float = UNLIKELY,
) -> tuple[np.ndarray, np.ndarray]:
    """Losses `[batch]` and their derivative by the logits `[time, batch, classes]`."""
    time, batch, classes = logits.shape
    logs = _np_log_softmax(logits.astype(np.float64)) if logits.size else np.zeros(logits.shape)
    states, stay, skip = _np_states(labels, blank, merge)
    n = states.shape[1]
    rows = np.arange(batch)[:, None]
    emitted = logs[:, rows, states]
    position = np.arange(n)[None]
    three = lambda a, c, d: np.logaddexp(np.logaddexp(a, c), d)
    alphas = np.full((time, batch, n), IMPOSSIBLE)
    alpha = np.broadcast_to(np.where(position < 2, 0.0, unlikely), (batch, n))
    for t in range(time):
        moved = alpha if t == 0 else three(alpha + stay, _np_shift(alpha, 1), _np_shift(alpha, 2) + skip)
        alpha = np.where((t < logit_length)[:, None], moved + emitted[t], alpha)
        alphas[t] = alpha
    ends = 2 * label_length[:, None]
    beta = np.where((position == ends) | (position == ends - 1), 0.0, unlikely)
    loss = -np.logaddexp.reduce(alpha + beta, 1)
    gradient = np.zeros(logits.shape)
    for t in reversed(range(time)):
        inside = (t < logit_length)[:, None]
        occupied = np.where(inside, np.exp(alphas[t] + beta + loss[:, None]), 0)
        expected = np.zeros((batch, classes))
        np.add.at(expected, (np.broadcast_to(rows, states.shape), states), occupied)
        gradient[t] = np.where(inside, np.exp(logs[t]) - expected, 0)
        ahead = beta + emitted[t]
        beta = np.where(inside, three(ahead + stay, _np_shift(ahead, -1), _np_shift(ahead + skip, -2)), beta)
    return loss, gradient


# ----------------------------------------------------------------------------------------------- dense labels
def _dense_shape(c: ShapeContext) -> list[Raw]:
    x, labels = c.same_rank(0, 3), c.same_rank(1, 2)
    assert x is not None and labels is not None
    batch = x[1]
    for size in (labels[0], *[None if c[i] is None else (c[i] or (None,))[0] for i in (2, 3)]):
        if size is not None and batch is not None and size != batch:
            raise ShapeError(
                f"labels, label_length and logit_length must have one row per logit sequence ({batch}), but "
                f"one has {size}"
            )
        batch = size if batch is None else batch
    return [(batch,), x]


def _dense_kernel(
    logits: np.ndarray,
    labels: np.ndarray,
    label_length: np.ndarray,
    logit_length: np.ndarray,
    blank_index: int,
) -> Any:
    if labels.size and (labels.min() < 0 or labels.max() >= logits.shape[2]):
        raise invalid(
            f"labels must be in [0, {logits.shape[2]}), but reach from {labels.min()} to {labels.max()}"
        )
    return forward_backward(logits, labels, label_length, logit_length, blank_index)


def _dense_lower(
    b: Builder, logits: Value, labels: Value, label_length: Value, logit_length: Value, blank_index: int
) -> list[Value]:
    from .nn import lower_log_softmax

    time, batch, classes = logits.shape
    dtype, n = logits.dtype, 2 * labels.shape[1] + 1
    row = (batch, n)
    full = lambda v: b.full(row, v, dtype)
    logs = lower_log_softmax(b, logits)
    if not time:
        return [b.zeros((batch,), dtype), b.zeros(logits.shape, dtype)]
    states = b.pad(labels, b.constant(blank_index, labels.dtype), (0, 1), (0, 1), (0, 1))
    emitted = b.gather(
        logs,
        b.reshape(states, (*row, 1)),
        (time, *row),
        offset_dims=(0,),
        collapsed=(2,),
        start_map=(2,),
        sizes=(time, 1, 1),
        index_dim=2,
        batch=((1,), (0,)),
    )
    # -2 and -1 are no labels: the first two states cannot be skipped into
    before = b.pad(states, b.constant(-1, states.dtype), (0, 2), (0, -2))
    is_label = b.constant(np.broadcast_to(np.arange(n) % 2 == 1, row))
    may_skip = b.binary(
        "and",
        is_label,
        b.binary("and", b.compare("NE", states, before), b.compare("GE", before, b.zeros(row, states.dtype))),
    )
    skip = b.select(may_skip, full(0), full(IMPOSSIBLE))
    none = b.constant(IMPOSSIBLE, dtype)
    shift = lambda a, k: b.pad(a, none, (0, k), (0, -k))

    def three(x: Value, y: Value, z: Value) -> Value:
        most = b.maximum(b.maximum(x, y), z)
        total = b.add(
            b.add(*[b.unary("exponential", b.sub(v, most)) for v in (x, y)]),
            b.unary("exponential", b.sub(z, most)),
        )
        return b.add(most, b.unary("log", total))

    lengths = b.broadcast_in_dim(b.convert(logit_length, dtypes.int32), row, (0,))
    zero, one = b.constant(0, dtypes.int32), b.constant(1, dtypes.int32)
    at = lambda v, t: b.reshape(b.dynamic_slice(v, [t, zero, zero], (1, *row)), row)
    put = lambda v, t, x: b.dynamic_update_slice(v, b.reshape(x, (1, *row)), [t, zero, zero])
    inside = lambda t: b.compare("LT", b.broadcast_in_dim(t, row, ()), lengths)

    position = b.iota(row, 1, dtypes.int32)
    start = b.select(b.compare("LT", position, b.full(row, 2, dtypes.int32)), full(0), full(UNLIKELY))
    alpha = b.select(inside(zero), b.add(start, at(emitted, zero)), start)
    alphas = put(b.zeros((time, *row), dtype), zero, alpha)

    def forward(t: Value, alpha: Value, alphas: Value) -> list[Value]:
        moved = b.add(three(alpha, shift(alpha, 1), b.add(shift(alpha, 2), skip)), at(emitted, t))
        alpha = b.select(inside(t), moved, alpha)
        return [b.add(t, one), alpha, put(alphas, t, alpha)]

    _, alpha, alphas = b.while_loop(
        [one, alpha, alphas], lambda t, *_: b.compare("LT", t, b.constant(time, dtypes.int32)), forward
    )
    ends = b.mul(
        b.broadcast_in_dim(b.convert(label_length, dtypes.int32), row, (0,)), b.full(row, 2, dtypes.int32)
    )
    last = b.binary(
        "or",
        b.compare("EQ", position, ends),
        b.compare("EQ", position, b.sub(ends, b.full(row, 1, dtypes.int32))),
    )
    beta = b.select(last, full(0), full(UNLIKELY))
    total = b.add(alpha, beta)
    most = b.reduce(total, [1], "maximum", -np.inf)
    loss = b.neg(
        b.add(
            most,
            b.unary(
                "log",
                b.reduce(
                    b.unary("exponential", b.sub(total, b.broadcast_in_dim(most, row, (0,)))), [1], "add", 0
                ),
            ),
        )
    )

    def backward(t: Value, beta: Value, betas: Value) -> list[Value]:
        betas = put(betas, t, beta)
        ahead = b.add(beta, at(emitted, t))
        moved = three(ahead, shift(ahead, -1), shift(b.add(ahead, skip), -2))
        return [b.sub(t, one), b.select(inside(t), moved, beta), betas]

    end = b.constant(time - 1, dtypes.int32)
    _, _, betas = b.while_loop(
        [end, beta, b.zeros((time, *row), dtype)], lambda t, *_: b.compare("GE", t, zero), backward
    )
    shape = (time, *row)
    occupied = b.unary("exponential", b.add(b.add(alphas, betas), b.broadcast_in_dim(loss, shape, (1,))))
    one_hot = b.convert(
        b.compare(
            "EQ",
            b.broadcast_in_dim(states, (*row, classes), (0, 1)),
            b.iota((*row, classes), 2, states.dtype),
        ),
        dtype,
    )
    expected = b.transpose(b.dot_general(occupied, one_hot, ((2,), (1,)), ((1,), (0,))), (1, 0, 2))
    active = b.compare(
        "LT",
        b.iota(logits.shape, 0, dtypes.int32),
        b.broadcast_in_dim(b.convert(logit_length, dtypes.int32), logits.shape, (1,)),
    )
    gradient = b.select(active, b.sub(b.unary("exponential", logs), expected), b.zeros(logits.shape, dtype))
    return [loss, gradient]


def _loss_gradient(op: Any, g_loss: Any, g_gradient: Any) -> list[Any]:
    if g_gradient is not None:
        raise LookupError(
            f"The second derivative of {op.type} is not available. Wrap the gradient in tf.stop_gradient if "
            "it is meant to be a constant."
        )
    expand = lookup("ExpandDims")
    scaled = None if g_loss is None else lookup("Mul")(expand(expand(g_loss, -1), 0), op.outputs[1])
    return [scaled, *[None] * (len(op.inputs) - 1)]


_loss_gradient.accepts_none = True  # type: ignore[attr-defined]
# TensorFlow has no such op: it composes the loss for dense labels from loops.
CTC_LOSS_DENSE = OpDef(
    "CTCLossDense",
    "inputs: T, labels: int32, label_length: int32, sequence_length: int32 -> loss: T, gradient: T",
    attrs={"blank_index": 0},
    types=_TYPES,
    shape=_dense_shape,
    kernel=_dense_kernel,
    lower=_dense_lower,
    grad=_loss_gradient,
)


# ---------------------------------------------------------------------------------------------- sparse labels
def _sparse_kernel(
    logits: np.ndarray,
    indices: np.ndarray,
    values: np.ndarray,
    sequence_length: np.ndarray,
    preprocess_collapse_repeated: bool,
    ctc_merge_repeated: bool,
    ignore_longer_outputs_than_inputs: bool,
) -> Any:
    time, batch, classes = logits.shape
    blank = classes - 1
    rows: list[list[int]] = [[] for _ in range(batch)]
    for (row, _), label in zip(indices.tolist(), values.tolist()):
        if not 0 <= row < batch:
            raise invalid(f"labels_indices names row {row} of a batch of {batch}")
        if not 0 <= label < blank:
            raise invalid(
                f"Label values must be in [0, {blank}) (the last class is the blank), but one is {label}"
            )
        if not (preprocess_collapse_repeated and rows[row] and rows[row][-1] == label):
            rows[row].append(label)
    if (sequence_length > time).any():
        raise invalid(f"sequence_length {sequence_length.max()} is longer than the {time} steps of the input")
    if any(not r for r in rows):
        raise invalid(f"Labels length is zero in batch {next(i for i, r in enumerate(rows) if not r)}")
    lengths = np.array([len(r) for r in rows])
    labels = np.zeros((batch, max(lengths, default=0)), np.int64)
    for i, r in enumerate(rows):
        labels[i, : len(r)] = r
    skipped = lengths > sequence_length
    if skipped.any() and not ignore_longer_outputs_than_inputs:
        i = int(np.argmax(skipped))
        raise invalid(
            f"Not enough time for target transition sequence (required: {lengths[i]}, available: "
            f"{sequence_length[i]}) in batch {i}"
        )
    loss, gradient = forward_backward(
        logits, labels, lengths, sequence_length, blank, merge=ctc_merge_repeated, unlikely=IMPOSSIBLE
    )
    impossible = skipped | (loss > -IMPOSSIBLE / 2)
    gradient[:, impossible] = 0
    return np.where(skipped, 0, np.where(impossible, np.inf, loss)), gradient


def _sparse_row(name: str, dtype: str, types: Any) -> OpDef:
    return OpDef(
        name,
        f"inputs: {dtype}, labels_indices: int64, labels_values: int32, sequence_length: int32 -> loss: "
        f"{dtype}, gradient: {dtype}",
        attrs={
            "preprocess_collapse_repeated": False,
            "ctc_merge_repeated": True,
            "ignore_longer_outputs_than_inputs": False,
        },
        types=types,
        shape=lambda c: [(c.same_rank(0, 3) or (None,) * 3)[1:2], c.same_rank(0, 3)],
        kernel=_sparse_kernel,
        host=True,
        grad=_loss_gradient,
    )


CTC_LOSS = _sparse_row("CTCLoss", "T", _TYPES)
# The V2 op differs by its blank being class 0 instead of the last one.
CTC_LOSS_V2 = OpDef(
    "CTCLossV2",
    "inputs: float32, labels_indices: int64, labels_values: int32, sequence_length: int32 -> loss: float32, "
    "gradient: float32",
    attrs=CTC_LOSS.attrs,
    shape=CTC_LOSS.shape,
    host=True,
    grad=_loss_gradient,
)


@CTC_LOSS_V2.kernel_rule
def _(
    logits: np.ndarray, indices: np.ndarray, values: np.ndarray, sequence_length: np.ndarray, **attrs: Any
) -> Any:
    loss, gradient = _sparse_kernel(np.roll(logits, -1, 2), indices, values - 1, sequence_length, **attrs)
    return loss, np.roll(gradient, 1, 2)


# --------------------------------------------------------------------------------------------------- decoders
def _check_lengths(x: np.ndarray, lengths: np.ndarray) -> None:
    if lengths.shape != (x.shape[1],) or (lengths > x.shape[0]).any():
        raise invalid(
            f"sequence_length must hold {x.shape[1]} lengths of at most {x.shape[0]}, but is "
            f"{lengths.tolist()}"
        )


def _as_sparse(rows: list[list[int]]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    indices = np.array([(i, j) for i, r in enumerate(rows) for j in range(len(r))], np.int64).reshape(-1, 2)
    values = np.array([v for r in rows for v in r], np.int64)
    return indices, values, np.array([len(rows), max((len(r) for r in rows), default=0)], np.int64)


def _greedy(x: np.ndarray, lengths: np.ndarray, merge_repeated: bool, blank_index: int) -> Any:
    _check_lengths(x, lengths)
    classes = x.shape[2]
    blank = blank_index + classes if blank_index < 0 else blank_index
    if not 0 <= blank < classes:
        raise invalid(f"blank_index must be in [-{classes}, {classes}), but is {blank_index}")
    best = x.argmax(-1)
    rows = []
    for i, length in enumerate(lengths):
        path, previous = [], -1
        for k in best[:length, i].tolist():
            if k != blank and not (merge_repeated and k == previous):
                path.append(k)
            previous = k
        rows.append(path)
    steps = np.arange(x.shape[0])[:, None] < lengths
    return *_as_sparse(rows), -np.where(steps, x.max(-1), 0).sum(0)[:, None]


CTC_GREEDY_DECODER = OpDef(
    "CTCGreedyDecoder",
    "inputs: T, sequence_length: int32 -> decoded_indices: int64, decoded_values: int64, decoded_shape: "
    "int64, log_probability: T",
    attrs={"merge_repeated": False, "blank_index": -1},
    types=_TYPES,
    shape=lambda c: [(None, 2), (None,), (2,), ((c.same_rank(0, 3) or (None,) * 3)[1], 1)],
    kernel=_greedy,
    host=True,
    grad=not_differentiable,
)


def prefix_beam_search(logs: np.ndarray, width: int, blank: int) -> list[tuple[tuple[int, ...], float]]:
    """The `width` most probable labellings of log-probabilities `[time, classes]`, best first, with their
    log-probabilities."""
    # Labelling -> log-probability ending in a blank, in its last label.
    beams: dict[tuple[int, ...], tuple[float, float]] = {(): (0.0, -np.inf)}
    labels = [k for k in range(logs.shape[1]) if k != blank]
    for step in logs.tolist():
        grown: dict[tuple[int, ...], tuple[float, float]] = {}

        def add(
            prefix: tuple[int, ...], with_blank: float, without: float, grown: dict[Any, Any] = grown
        ) -> None:
            p, q = grown.get(prefix, (-np.inf, -np.inf))
            grown[prefix] = float(np.logaddexp(p, with_blank)), float(np.logaddexp(q, without))

        for prefix, (p_blank, p_label) in beams.items():
            total = float(np.logaddexp(p_blank, p_label))
            last = prefix[-1] if prefix else None
            add(prefix, total + step[blank], p_label + step[last] if last is not None else -np.inf)
            for k in labels:
                add((*prefix, k), -np.inf, (p_blank if k == last else total) + step[k])
        beams = dict(sorted(grown.items(), key=lambda item: -np.logaddexp(*item[1]))[:width])
    return [(prefix, float(np.logaddexp(*p))) for prefix, p in beams.items()]


def _beam_search(
    x: np.ndarray, lengths: np.ndarray, beam_width: int, top_paths: int, merge_repeated: bool
) -> Any:
    _check_lengths(x, lengths)
    if top_paths > beam_width:
        raise invalid(f"requested more paths ({top_paths}) than the beam width ({beam_width})")
    logs = _np_log_softmax(x.astype(np.float64))
    found = [
        prefix_beam_search(logs[:length, i], beam_width, x.shape[2] - 1) for i, length in enumerate(lengths)
    ]
    scores = np.full((x.shape[1], top_paths), -np.inf)
    decoded = []
    for rank in range(top_paths):
        rows = []
        for i, paths in enumerate(found):
            path, scores[i, rank] = paths[rank] if rank < len(paths) else ((), -np.inf)
            rows.append([k for j, k in enumerate(path) if not (merge_repeated and j and path[j - 1] == k)])
        decoded.append(_as_sparse(rows))
    indices, values, shapes = zip(*decoded)
    return *indices, *values, *shapes, scores


CTC_BEAM_SEARCH_DECODER = OpDef(
    "CTCBeamSearchDecoder",
    "inputs: T, sequence_length: int32 -> decoded_indices: top_paths*int64, decoded_values: "
    "top_paths*int64, decoded_shape: top_paths*int64, log_probability: T",
    attrs={"beam_width": REQUIRED, "top_paths": REQUIRED, "merge_repeated": True},
    types=_TYPES,
    kernel=_beam_search,
    host=True,
    grad=not_differentiable,
    shape=lambda c: [
        *[(None, 2)] * c.attrs["top_paths"],
        *[(None,)] * c.attrs["top_paths"],
        *[(2,)] * c.attrs["top_paths"],
        (None, c.attrs["top_paths"]),
    ],
)
