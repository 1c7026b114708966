"""CTC against the sum over all alignments, decoders against enumeration, samplers against their
distributions, isotonic regression against SciPy, embeddings against NumPy."""

from __future__ import annotations

import itertools
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import scipy.optimize
import scipy.special as special

import headrace as tf
from headrace.core.op import lookup
from headrace.ops import ctc, isotonic, sampling
from tests.ops.harness import check, check_gradients, close, compiled


def ints(*values: int) -> np.ndarray:
    return np.array(values, np.int32)


def collapse(path: tuple[int, ...], blank: int) -> tuple[int, ...]:
    return tuple(k for k, _ in itertools.groupby(path) if k != blank)


def by_enumeration(logits: np.ndarray, blank: int) -> dict[tuple[int, ...], float]:
    """The probability of every labelling of `[time, classes]`."""
    p = special.softmax(logits.astype(np.float64), -1)
    out: dict[tuple[int, ...], float] = {}
    for path in itertools.product(range(p.shape[1]), repeat=len(p)):
        key = collapse(path, blank)
        out[key] = out.get(key, 0) + float(np.prod(p[np.arange(len(p)), path]))
    return out


LOGITS = np.random.default_rng(0).normal(size=(5, 2, 3)).astype(np.float32) * 2


@pytest.mark.parametrize("blank", [0, pytest.param(1, marks=pytest.mark.slow), 2])
def test_ctc_loss(blank: int) -> None:
    others = [k for k in range(3) if k != blank]
    labels = np.array([[others[0], others[1], 0], [others[1], others[1], others[0]]], np.int32)
    lengths, steps = ints(2, 3), ints(5, 4)
    want = [
        -np.log(by_enumeration(LOGITS[:n, i], blank)[tuple(row[:m])])
        for i, (row, m, n) in enumerate(zip(labels.tolist(), lengths, steps))
    ]
    fn = lambda x, y, m, n: ctc.CTC_LOSS_DENSE(x, y, m, n, blank_index=blank)
    loss, _ = check(fn, [LOGITS, labels, lengths, steps], rtol=1e-4, atol=1e-4)
    close(loss, np.array(want), 1e-5)
    check_gradients(lambda x: tf.nn.ctc_loss(labels, x, lengths, steps, blank_index=blank), [LOGITS], order=1)


def test_ctc_loss_of_impossible_and_empty_labels() -> None:
    labels = np.array([[1, 1, 2], [1, 1, 1]], np.int32)
    loss, gradient = ctc.CTC_LOSS_DENSE(LOGITS, labels, ints(3, 0), ints(3, 5))
    assert loss.numpy()[0] > 700
    assert np.isfinite(gradient.numpy()).all()
    close(loss[1], -np.log(by_enumeration(LOGITS[:, 1], 0)[()]), 1e-5)
    other = compiled(
        lambda x, y, m, n: ctc.CTC_LOSS_DENSE(x, y, m, n), [LOGITS, labels, ints(3, 0), ints(3, 5)]
    )
    close(other[0], loss, 1e-5)
    close(other[1], gradient, 1e-4, 1e-4)


def test_ctc_loss_of_sparse_labels() -> None:
    indices = np.array([[0, 0], [0, 1], [1, 0]])
    want = [-np.log(by_enumeration(LOGITS[:, 0], 2)[0, 1]), -np.log(by_enumeration(LOGITS[:4, 1], 2)[1,])]
    loss, _ = ctc.CTC_LOSS(LOGITS, indices, ints(0, 1, 1), ints(5, 4))
    close(loss, np.array(want), 1e-5)
    shifted, _ = ctc.CTC_LOSS_V2(np.roll(LOGITS, 1, 2), indices, ints(1, 2, 2), ints(5, 4))
    close(shifted, loss, 1e-5)
    with pytest.raises(tf.errors.InvalidArgumentError, match="Not enough time"):
        ctc.CTC_LOSS(LOGITS, indices, ints(0, 1, 1), ints(1, 4))
    with pytest.raises(tf.errors.InvalidArgumentError, match="Label values"):
        ctc.CTC_LOSS(LOGITS, indices, ints(0, 2, 1), ints(5, 4))
    close(
        ctc.CTC_LOSS(LOGITS, indices, ints(0, 1, 1), ints(1, 4), ignore_longer_outputs_than_inputs=True)[0][
            0
        ],
        0.0,
    )
    collapsed, _ = ctc.CTC_LOSS(
        LOGITS,
        np.array([[0, 0], [0, 1], [1, 0]]),
        ints(1, 1, 1),
        ints(5, 4),
        preprocess_collapse_repeated=True,
    )
    close(collapsed[0], -np.log(by_enumeration(LOGITS[:, 0], 2)[1,]), 1e-5)


def test_the_second_derivative_of_ctc_is_refused() -> None:
    x = tf.constant(LOGITS)
    with tf.GradientTape() as outer:
        outer.watch(x)
        with tf.GradientTape() as inner:
            inner.watch(x)
            loss = tf.nn.ctc_loss([[1], [2]], x, [1, 1], [5, 5])
        g = inner.gradient(loss, x)
    with pytest.raises(LookupError, match="second derivative of CTCLossDense"):
        outer.gradient(g, x)


def test_decoders() -> None:
    for i in range(2):
        best = sorted(by_enumeration(LOGITS[:, i], 2).items(), key=lambda item: -item[1])[:3]
        found = ctc.prefix_beam_search(special.log_softmax(LOGITS[:, i], -1), 50, 2)[:3]
        assert [f[0] for f in found] == [b[0] for b in best]
        np.testing.assert_allclose([f[1] for f in found], np.log([b[1] for b in best]), rtol=1e-5)
    _, values, shape, score = ctc.CTC_GREEDY_DECODER(LOGITS, ints(5, 3), merge_repeated=True)
    want = [collapse(tuple(LOGITS[:n, i].argmax(-1)), 2) for i, n in enumerate((5, 3))]
    assert values.numpy().tolist() == [k for row in want for k in row]
    assert shape.numpy().tolist() == [2, max(map(len, want))]
    np.testing.assert_allclose(score.numpy()[1, 0], -LOGITS[:3, 1].max(-1).sum(), rtol=1e-5)
    with pytest.raises(tf.errors.InvalidArgumentError):
        ctc.CTC_GREEDY_DECODER(LOGITS, ints(6, 3))


def test_label_tools() -> None:
    unique, place = tf.nn.ctc_unique_labels([[5, 2, 5, 0], [3, 3, 0, 0]])
    assert (unique.numpy().tolist(), place.numpy().tolist()) == (
        [[5, 2, 0, 0], [3, 0, 0, 0]],
        [[0, 1, 0, 2], [0, 0, 1, 1]],
    )
    labels, lengths = tf.nn.collapse_repeated([[1, 1, 2, 2, 1], [3, 3, 3, 0, 0]], [5, 3])
    assert (labels.numpy().tolist(), lengths.numpy().tolist()) == ([[1, 2, 1], [3, 0, 0]], [3, 1])


# --------------------------------------------------------------------------------------------------- sampling
DISTRIBUTIONS: dict[str, Any] = {
    "UniformCandidateSampler": lambda k: np.full(len(k), 0.1),
    "LogUniformCandidateSampler": lambda k: np.log((k + 2) / (k + 1)) / np.log(11),
    "LearnedUnigramCandidateSampler": lambda k: np.full(len(k), 0.1),
}


@pytest.mark.parametrize("name", DISTRIBUTIONS)
def test_samplers(name: str) -> None:
    op, p = lookup(name), DISTRIBUTIONS[name]
    true = np.array([[1, 2], [3, 9]])
    sampled, true_count, sampled_count = op(
        true, num_true=2, num_sampled=4000, unique=False, range_max=10, seed=5, seed2=6
    )
    frequency = np.bincount(sampled.numpy(), minlength=10) / 4000
    np.testing.assert_allclose(frequency, p(np.arange(10)), atol=0.04)
    np.testing.assert_allclose(true_count.numpy(), 4000 * p(true.reshape(-1)).reshape(2, 2), rtol=1e-4)
    sampled, _, sampled_count = op(true, num_true=2, num_sampled=7, unique=True, range_max=10)
    assert len(set(sampled.numpy().tolist())) == 7
    assert ((sampled_count.numpy() > 0) & (sampled_count.numpy() <= 1)).all()
    with pytest.raises(tf.errors.InvalidArgumentError, match="too small"):
        op(true, num_true=2, num_sampled=11, unique=True, range_max=10)
    with pytest.raises(tf.errors.InvalidArgumentError, match="true_classes must be in"):
        op(true, num_true=2, num_sampled=2, unique=True, range_max=5)


WEIGHTS = tuple(np.arange(300.0).tolist())


@pytest.mark.parametrize("unique", [True, False])
@pytest.mark.parametrize(
    ("name", "classes", "n"),
    [
        ("log_uniform", 5000, 64),  # so many draws that n are different
        ("log_uniform", 20, 7),  # a race
        ("uniform", 100, 60),
        ("fixed_unigram", 300, 10),
        ("all", 9, 9),
    ],
)
def test_compiled_samplers_draw_the_same(name: str, classes: int, n: int, unique: bool) -> None:
    args: tuple[Any, ...] = (1, n, unique) if name == "all" else (1, n, unique, classes)
    rest: dict[str, Any] = {"unigrams": WEIGHTS} if name == "fixed_unigram" else {}
    module = tf.nn if name in ("fixed_unigram", "all") else tf.random
    draw = lambda true: getattr(module, f"{name}_candidate_sampler")(true, *args, seed=4, **rest)
    true = tf.constant([[1], [5]], tf.int64)
    tf.random.set_seed(3)
    eager = [draw(true) for _ in range(3)]
    tf.random.set_seed(3)
    compiled = tf.function(draw, jit_compile=True)
    for want in eager:
        got = compiled(true)
        assert want.sampled_candidates.numpy().tolist() == got.sampled_candidates.numpy().tolist()
        for a, b in zip(want[1:], got[1:]):
            np.testing.assert_allclose(a.numpy(), b.numpy(), rtol=1e-5)
        assert not unique or len(set(got.sampled_candidates.numpy().tolist())) == n


@pytest.mark.parametrize(("classes", "n"), [(3000, 40), (12, 6)])
def test_expected_counts_are_how_often_a_class_is_drawn(classes: int, n: int) -> None:
    runs, true = 1500, tf.constant([[0], [1], [4], [11]], tf.int64)
    tf.random.set_seed(1)
    draw = tf.function(
        lambda: tf.random.log_uniform_candidate_sampler(true, 1, n, True, classes), jit_compile=True
    )
    found, expected = np.zeros(classes), np.zeros(4)
    for _ in range(runs):
        sampled, counts, _ = draw()
        found[sampled.numpy()] += 1 / runs
        expected += counts.numpy()[:, 0] / runs
    np.testing.assert_allclose(found[[0, 1, 4, 11]], expected, atol=0.06)


def test_impossible_samples_are_refused() -> None:
    for jit in (False, True):
        draw = lambda: tf.nn.fixed_unigram_candidate_sampler(
            [[1]], 1, 3, True, 4, unigrams=(1.0, 0.0, 2.0, 0.0)
        )
        with pytest.raises(tf.errors.InvalidArgumentError, match="only 2 of 4"):
            (tf.function(draw, jit_compile=True) if jit else draw)()


def test_a_step_with_sampled_classes_is_one_program() -> None:
    weights, biases, x = tf.Variable(tf.ones([50, 3])), tf.Variable(tf.zeros([50])), tf.ones([4, 3])

    @tf.function(jit_compile=True)
    def step(labels: Any) -> Any:
        with tf.GradientTape() as tape:
            losses = [
                f(weights, biases, labels, x, 5, 50) for f in (tf.nn.nce_loss, tf.nn.sampled_softmax_loss)
            ]
            loss = tf.reduce_sum(losses)
        for v, g in zip((weights, biases), tape.gradient(loss, (weights, biases))):
            v.assign_sub(0.1 * tf.convert_to_tensor(g))
        return loss

    labels = tf.constant([[1], [2], [3], [4]], tf.int64)
    found = [step(labels).numpy() for _ in range(40)]  # other classes are drawn each time
    assert np.mean(found[20:]) < np.mean(found[:20])
    loss = tf.function(lambda labels: tf.nn.nce_loss(weights, biases, labels, x, 5, 50))
    with pytest.raises(tf.errors.InvalidArgumentError, match="out of range"):
        loss(labels + 60)


def test_learned_unigram_learns() -> None:
    args: dict[str, Any] = {
        "num_true": 1,
        "num_sampled": 2,
        "unique": False,
        "range_max": 4,
        "seed": 77,
        "seed2": 1,
    }
    true = np.array([[2]] * 96)
    first = sampling.LEARNED_UNIGRAM(true, **args)[1].numpy()[0, 0]
    second = sampling.LEARNED_UNIGRAM(true, **args)[1].numpy()[0, 0]
    np.testing.assert_allclose([first, second], [2 / 4, 2 * 97 / 100], rtol=1e-5)


def test_fixed_unigram(tmp_path: Any) -> None:
    file = tmp_path / "vocabulary.txt"
    file.write_text("a,1\nb,2\nc,5\n")
    args: dict[str, Any] = {
        "num_true": 1,
        "num_sampled": 4000,
        "unique": False,
        "range_max": 4,
        "num_reserved_ids": 1,
        "seed": 3,
    }
    for given in ({"vocab_file": str(file)}, {"unigrams": (1.0, 2.0, 5.0)}):
        sampled = sampling.FIXED_UNIGRAM(np.array([[1]]), **args, **given)[0].numpy()
        np.testing.assert_allclose(
            np.bincount(sampled, minlength=4) / 4000, np.array([0, 1, 2, 5]) / 8, atol=0.04
        )
    with pytest.raises(tf.errors.InvalidArgumentError, match="Exactly one"):
        sampling.FIXED_UNIGRAM(np.array([[1]]), **args)


def test_losses_over_all_classes_are_the_exact_ones() -> None:
    rng = np.random.default_rng(0)
    weights, biases, x = (
        rng.normal(size=(5, 3)).astype(np.float32),
        rng.normal(size=5).astype(np.float32),
        rng.normal(size=(2, 3)).astype(np.float32),
    )
    labels = np.array([[1], [4]])
    everything = tf.nn.all_candidate_sampler(labels, 1, 5, True)
    loss = tf.nn.sampled_softmax_loss(weights, biases, labels, x, 5, 5, sampled_values=everything)
    logits = x @ weights.T + biases
    close(loss, -special.log_softmax(logits, -1)[[0, 1], [1, 4]], 1e-4, 1e-5)


# ---------------------------------------------------------------------------------------- isotonic regression
def test_isotonic_regression() -> None:
    x = np.random.default_rng(0).normal(size=(3, 9)).astype(np.float32)
    y, segments = isotonic.ISOTONIC_REGRESSION(x)
    want = [scipy.optimize.isotonic_regression(row, increasing=False) for row in x]
    close(y, np.array([w.x for w in want]), 1e-5, 1e-6)
    blocks = np.array([np.repeat(np.arange(len(w.blocks) - 1), np.diff(w.blocks)) for w in want])
    np.testing.assert_array_equal(segments.numpy(), blocks)
    check_gradients(lambda x: tf.nn.isotonic_regression(x, axis=0)[0], [x.T[:5, :2]], trace=False, order=1)
    assert isotonic.ISOTONIC_REGRESSION(np.zeros((2, 0), np.float32))[0].shape == (2, 0)


# ------------------------------------------------------------------------------------------------- embeddings
TABLE = np.random.default_rng(0).normal(size=(7, 3)).astype(np.float32)


@pytest.mark.parametrize("parts", [2, 3, 4])
def test_a_table_in_pieces(parts: int) -> None:
    pieces = np.array_split(TABLE, parts)
    ids = np.array([[0, 6, 3], [5, 5, 1]])
    check(
        lambda i, *p: tf.nn.embedding_lookup(list(p), i),
        [ids, *pieces],
        lambda i, *_: TABLE[i],
        unknown=("none",),
    )
    check_gradients(lambda *p: tf.nn.embedding_lookup(list(p), ids), list(pieces), order=1)


def test_norms_are_clipped() -> None:
    norm = np.linalg.norm(TABLE, axis=1, keepdims=True)
    check(
        lambda t: tf.nn.embedding_lookup(t, [1, 2, 2], max_norm=1.0),
        [TABLE],
        lambda t: (t / np.maximum(norm, 1))[[1, 2, 2]],
    )
    check_gradients(lambda t: tf.nn.embedding_lookup(t, [1, 2, 2], max_norm=1.0), [TABLE[:3]], order=1)


def sparse(indices: Any, values: Any, shape: Any) -> Any:
    return SimpleNamespace(
        indices=tf.constant(indices, tf.int64),
        values=tf.constant(values),
        dense_shape=tf.constant(shape, tf.int64),
    )


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("combiner", ["sum", "mean", "sqrtn"])
def test_sparse_embeddings(combiner: str, weighted: bool) -> None:
    ids = sparse([[0, 0], [0, 1], [2, 0], [3, 0]], [1, 3, 0, -1], [5, 2])
    values = [2.0, 0.5, 1.0, 1.0] if weighted else [1.0] * 4
    weights = sparse(ids.indices.numpy(), values, [5, 2]) if weighted else None
    want = np.zeros((5, 3))
    for row, members in ((0, [(1, values[0]), (3, values[1])]), (2, [(0, values[2])])):
        total = sum(w * TABLE[k] for k, w in members)
        norm = {
            "sum": 1,
            "mean": sum(w for _, w in members),
            "sqrtn": np.sqrt(sum(w * w for _, w in members)),
        }[combiner]
        want[row] = total / norm
    close(tf.nn.safe_embedding_lookup_sparse(TABLE, ids, weights, combiner), want, 1e-5, 1e-6)
    filled = np.array(want)
    filled[[1, 3, 4]] = TABLE[2]
    close(tf.nn.safe_embedding_lookup_sparse(TABLE, ids, weights, combiner, default_id=2), filled, 1e-5, 1e-6)
    some = sparse(ids.indices.numpy()[:3], ids.values.numpy()[:3], [5, 2])
    some_weights = sparse(some.indices.numpy(), values[:3], [5, 2]) if weighted else None
    close(tf.nn.embedding_lookup_sparse(TABLE, some, some_weights, combiner), want[:3], 1e-5, 1e-6)


# ------------------------------------------------------------------------------------------- dropout, moments
def test_dropout() -> None:
    x = np.ones((50, 40), np.float32)
    y = tf.nn.dropout(x, 0.25, seed=1).numpy()
    assert set(np.unique(y)) == {np.float32(0), np.float32(1 / 0.75)}
    assert abs((y > 0).mean() - 0.75) < 0.05
    rows = tf.nn.dropout(x, 0.5, noise_shape=[None, 1], seed=1).numpy()
    assert (rows == rows[:, :1]).all()
    graph = tf.function(
        lambda x, rate: tf.nn.dropout(x, rate),
        input_signature=[tf.TensorSpec([None, None]), tf.TensorSpec([])],
    )
    z = graph(x, 0.5).numpy()
    assert set(np.unique(z)) == {np.float32(0), np.float32(2)}
    for bad in (1.0, -0.1):
        with pytest.raises(ValueError, match="range"):
            tf.nn.dropout(x, bad)
    with pytest.raises(ValueError, match="floating"):
        tf.nn.dropout([1, 2], 0.5)


@pytest.mark.parametrize("keep", [False, True])
@pytest.mark.parametrize("axes", [[0], [1, 2], [0, 1, 2]])
def test_moments(axes: list[int], keep: bool) -> None:
    x = np.random.default_rng(0).normal(size=(3, 4, 5)).astype(np.float32)
    check(
        lambda x: tf.nn.moments(x, axes, keepdims=keep),
        [x],
        lambda x: (x.mean(tuple(axes), keepdims=keep), x.var(tuple(axes), keepdims=keep)),
        rtol=1e-4,
        atol=1e-5,
    )
    weights = np.broadcast_to(np.float32(2), x.shape).copy()
    check(
        lambda x, w: tf.nn.weighted_moments(x, axes, w, keepdims=keep),
        [x, weights],
        lambda x, w: (x.mean(tuple(axes), keepdims=keep), x.var(tuple(axes), keepdims=keep)),
        rtol=1e-4,
        atol=1e-5,
    )
    check_gradients(lambda x: tf.nn.moments(x, axes)[1], [x[:2, :2, :2]])
    count, total, squares, _ = tf.nn.sufficient_statistics(x, axes)
    for a, e in zip(
        tf.nn.normalize_moments(count, total, squares, None), (x.mean(tuple(axes)), x.var(tuple(axes)))
    ):
        close(a, e, 1e-4, 1e-5)


def test_layer_norm_and_its_gradients() -> None:
    def layer_norm(x: Any, gamma: Any, beta: Any) -> Any:
        mean, variance = tf.nn.moments(x, [-1], keepdims=True)
        return tf.nn.batch_normalization(x, mean, variance, beta, gamma, 1e-3)

    rng = np.random.default_rng(0)
    check_gradients(layer_norm, [rng.normal(size=(2, 3)), rng.normal(size=3), rng.normal(size=3)])


def test_losses_against_their_formulas() -> None:
    rng = np.random.default_rng(0)
    x, z = (rng.normal(size=(2, 3)) * 3).astype(np.float32), rng.uniform(size=(2, 3)).astype(np.float32)
    sigmoid = special.expit(x.astype(np.float64))
    check(
        tf.nn.sigmoid_cross_entropy_with_logits,
        [z, x],
        lambda z, x: -z * np.log(sigmoid) - (1 - z) * np.log(1 - sigmoid),
        rtol=1e-4,
        atol=1e-5,
    )
    check(
        lambda z, x: tf.nn.weighted_cross_entropy_with_logits(z, x, 3.0),
        [z, x],
        lambda z, x: -3 * z * np.log(sigmoid) - (1 - z) * np.log(1 - sigmoid),
        rtol=1e-4,
        atol=1e-5,
    )
    check_gradients(tf.nn.sigmoid_cross_entropy_with_logits, [z, x])
    check_gradients(lambda z, x: tf.nn.weighted_cross_entropy_with_logits(z, x, 3.0), [z, x])
    check(tf.nn.log_poisson_loss, [z, x], lambda z, x: np.exp(x) - z * x, rtol=1e-4)
    check(
        lambda x: tf.nn.gelu(x),
        [x],
        lambda x: x * (1 + special.erf(x / np.sqrt(2))) / 2,
        rtol=1e-4,
        atol=1e-5,
    )
    check_gradients(tf.nn.gelu, [x[:1]])
    check_gradients(lambda x: tf.nn.gelu(x, approximate=True), [x[:1]])


@pytest.mark.parametrize("axis", [0, 1, -1])
def test_cross_entropy_along_any_axis(axis: int) -> None:
    rng = np.random.default_rng(0)
    y = special.softmax(rng.normal(size=(2, 3, 4)), axis).astype(np.float32)
    logits = rng.normal(size=(2, 3, 4)).astype(np.float32)
    check(
        lambda y, x: tf.nn.softmax_cross_entropy_with_logits(y, x, axis=axis),
        [y, logits],
        lambda y, x: -(y * special.log_softmax(x, axis)).sum(axis),
        rtol=1e-4,
        atol=1e-5,
    )
