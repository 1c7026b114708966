"""Random numbers: the published generator, TensorFlow's numbers for the same seeds, compiled against eager,
distributions."""

from __future__ import annotations

import numpy as np
import pytest

import headrace as tf
from headrace.ops import formula, philox
from tests.ops.harness import check, compiled

U64 = np.uint64


# ---------------------------------------------------------------------------------------------- the generator
@pytest.mark.parametrize(
    ("counter", "key", "words"),
    [
        ([0] * 4, [0] * 2, [0x6627E8D5, 0xE169C58D, 0xBC57AC4C, 0x9B00DBD8]),
        ([0xFFFFFFFF] * 4, [0xFFFFFFFF] * 2, [0x408F276D, 0x41C83B0E, 0xA20BC7C6, 0x6D5451FD]),
        (
            [0x243F6A88, 0x85A308D3, 0x13198A2E, 0x03707344],
            [0xA4093822, 0x299F31D0],
            [0xD16CFE09, 0x94FDCCEB, 0x5001E420, 0x24126EA1],
        ),
    ],
)
def test_philox_known_answers(counter, key, words):
    """The vectors that Salmon et al. publish with Random123."""
    assert [int(w) for w in philox.rounds(*[U64(c) for c in counter], *[U64(k) for k in key])] == words


def test_counter_carries_into_its_high_half():
    state = (U64(1), U64(2**64 - 1), U64(7))
    positions = np.arange(2, dtype=U64)
    after = philox.block(formula.HOST, (U64(1), U64(0), U64(8)), np.zeros(1, U64))
    assert [int(w[1]) for w in philox.block(formula.HOST, state, positions)] == [int(w[0]) for w in after]


# ----------------------------------------------------------------- TensorFlow 2.21's numbers for set_seed(42)
GOLDEN = [
    (
        "tf.random.uniform([5])",
        [
            0.6645621061325073,
            0.44100677967071533,
            0.3528825044631958,
            0.46448254585266113,
            0.0336604118347168,
        ],
    ),
    ("tf.random.uniform([3], -2.0, 5.0)", [2.6519346237182617, 1.0870475769042969, 0.47017765045166016]),
    (
        "tf.random.uniform([3], dtype=tf.float64)",
        [0.3164974682796873, 0.8230606475183415, 0.26928379327929086],
    ),
    ("tf.random.uniform([3], dtype=tf.float16)", [0.0927734375, 0.7275390625, 0.8134765625]),
    ("tf.random.uniform([3], maxval=1000, dtype=tf.int32)", [687, 289, 761]),
    ("tf.random.uniform([3], -5, 2**40, dtype=tf.int64)", [1003547391520, 184498520568, 379725486280]),
    ("tf.random.uniform([3], seed=7)", [0.8627676963806152, 0.6567625999450684, 0.9905458688735962]),
    (
        "tf.random.normal([5])",
        [
            0.32746851444244385,
            -0.8426257967948914,
            0.31943368911743164,
            -1.407551884651184,
            -2.3880598545074463,
        ],
    ),
    (
        "tf.random.normal([3], dtype=tf.float64)",
        [-1.3598275767565153, 0.6721227823730763, -0.7719790981854914],
    ),
    ("tf.random.normal([3], 1.0, 3.0, dtype=tf.float16)", [1.982421875, -1.52734375, 1.9580078125]),
    (
        "tf.random.truncated_normal([7])",
        [
            0.32746851444244385,
            -0.8426257967948914,
            0.31943368911743164,
            -1.407551884651184,
            -0.5677412152290344,
            0.06361792981624603,
            0.8765010237693787,
        ],
    ),
    (
        "tf.random.truncated_normal([3], dtype=tf.float64)",
        [-1.3598275767565153, 0.6721227823730763, 0.3117719410137968],
    ),
    (
        "tf.random.gamma([2], [0.5, 1.0, 4.0])",
        [
            [0.14891691505908966, 0.6861412525177002, 3.0655930042266846],
            [0.003076391527429223, 0.9450670480728149, 1.8195741176605225],
        ],
    ),
    (
        "tf.random.gamma([2], [2.0], [3.0, 4.0], dtype=tf.float64)",
        [[0.8978890841512341, 0.24535512958336222], [0.6980029195526175, 0.06862452266869681]],
    ),
    ("tf.random.poisson([3], [0.5, 7.0, 60.0])", [[1.0, 5.0, 58.0], [2.0, 5.0, 45.0], [0.0, 6.0, 45.0]]),
    (
        "tf.random.categorical([[0.0, 1.0, 2.0], [3.0, 0.0, 0.0]], 6)",
        [[1, 2, 1, 2, 2, 2], [0, 0, 0, 0, 0, 0]],
    ),
    ("tf.random.shuffle(tf.range(10))", [7, 6, 3, 0, 8, 9, 5, 4, 1, 2]),
    (
        "tf.random.stateless_uniform([5], [7, 8])",
        [0.04152262210845947, 0.28272271156311035, 0.41700708866119385, 0.3062390089035034, 0.99616539478302],
    ),
    ("tf.random.stateless_uniform([3], [7, -8], 2, 11, tf.int32)", [4, 10, 6]),
    (
        "tf.random.stateless_uniform([2], [7, 8], None, None, tf.int64)",
        [6351254438543708317, -1249974470052585347],
    ),
    ("tf.random.stateless_uniform([2], [7, 8], None, None, tf.uint32)", [4018491549, 1478766658]),
    (
        "tf.random.stateless_normal([5], [7, 8])",
        [
            2.469376802444458,
            -0.5149879455566406,
            1.240895390510559,
            -0.45769309997558594,
            -0.05810646340250969,
        ],
    ),
    (
        "tf.random.stateless_truncated_normal([5], [7, 8])",
        [
            -0.5149879455566406,
            1.240895390510559,
            -0.45769309997558594,
            -0.05810646340250969,
            -0.7452731132507324,
        ],
    ),
    (
        "tf.random.stateless_gamma([2, 2], [7, 8], [0.5, 5.0])",
        [[0.4891396462917328, 3.6073851585388184], [0.00010309098433936015, 7.71532678604126]],
    ),
    ("tf.random.stateless_poisson([3, 2], [7, 8], [0.5, 50.0])", [[0, 59], [0, 49], [0, 46]]),
    (
        "tf.random.stateless_binomial([4, 3], [7, 8], [10.0, 100.0, 7.0], [0.2, 0.7, 0.9])",
        [[2, 71, 6], [0, 72, 7], [2, 74, 6], [1, 71, 7]],
    ),
    ("tf.random.stateless_categorical([[0.0, 1.0, 2.0]], 6, [7, 8])", [[1, 2, 2, 1, 1, 0]]),
    (
        "tf.random.split([1, 2], 3)",
        [[1105988140, 1738052849], [-335576002, 370444179], [10670227, -246211131]],
    ),
    ("tf.random.fold_in([1, 2], 3)", [1105988140, 3]),
    ("tf.random.experimental.stateless_shuffle(tf.range(8), [7, 8])", [5, 6, 3, 2, 0, 1, 7, 4]),
    ("tf.random.experimental.index_shuffle(tf.range(9), [5, 8], 8)", [3, 8, 0, 1, 2, 7, 6, 5, 4]),
    ("tf.random.experimental.index_shuffle(tf.range(3), [5, 8], 100000)", [27922, 73877, 46507]),
    (
        "tf.random.Generator.from_seed(3).normal([4])",
        [-0.43640923500061035, -1.9633986949920654, -0.0645248293876648, -1.0568410158157349],
    ),
    ("tf.random.Generator.from_seed(3).uniform([3], 0, 100, tf.int32)", [25, 6, 43]),
    ("tf.random.Generator.from_seed(3).binomial([4], 20.0, 0.4)", [8, 8, 7, 10]),
    ("tf.random.Generator.from_seed(3).make_seeds(2)", [[7657373526131797801, 7872641813117997903], [0, 0]]),
    (
        'tf.random.Generator.from_key_counter(5, [1, 2], "philox").truncated_normal([3])',
        [1.3698596954345703, -0.8846967816352844, 0.4770944118499756],
    ),
    (
        "tf.random.Generator.from_seed(3).split(2)[1].uniform_full_int([2])",
        [14641210334482126375, 3493268800933096961],
    ),
]


@pytest.mark.parametrize(("expression", "expected"), GOLDEN, ids=[e for e, _ in GOLDEN])
def test_same_numbers_as_tensorflow(expression, expected):
    tf.random.set_seed(42)
    value = eval(expression, {"tf": tf}).numpy()
    exact = np.array_equal(value, np.asarray(expected, value.dtype))
    assert exact or np.allclose(value, expected, rtol=2e-7, atol=0), (
        value.tolist()
    )  # one unit in the last place, where the C library differs


@pytest.mark.parametrize(
    "expression",
    [
        e
        for e, _ in GOLDEN
        if not any(
            k in e
            for k in (
                "Generator",
                "shuffle(tf.range(3",
                "index",
                "stateless",
                "gamma",
                "poisson",
                "truncated",
            )
        )
    ],
)
def test_compiled_gives_the_eager_numbers(expression):
    f = tf.function(lambda: eval(expression, {"tf": tf}), autograph=False)
    stateless = "fold" in expression or "split" in expression
    tf.random.set_seed(42)
    concrete = f()
    tf.random.set_seed(42)
    if stateless:
        expected = eval(expression, {"tf": tf}).numpy()
    else:  # a function's op has seeds of its own: the graph's, and its number in the graph
        expected = eval(
            expression[:-1] + ("" if "seed=" in expression else ", seed=0") + ")", {"tf": tf}
        ).numpy()
    got = concrete.numpy()
    assert got.dtype == expected.dtype
    if got.dtype.kind in "iu":
        np.testing.assert_array_equal(got, expected)
    else:
        np.testing.assert_allclose(
            got.astype(np.float64),
            expected.astype(np.float64),
            rtol=5e-3 if got.dtype == np.float16 else 3e-5,
            atol=2e-6,
        )


# ---------------------------------------------------------------------------------------- seeds and sequences
def test_sequences_of_eager_ops_follow_the_seed():
    tf.random.set_seed(42)
    first = [tf.random.uniform([2]).numpy().tolist() for _ in range(2)]
    own = [tf.random.uniform([2], seed=1).numpy().tolist() for _ in range(2)]
    assert first == [[0.6645621061325073, 0.44100677967071533], [0.6878912448883057, 0.48447883129119873]]
    assert own == [[0.15012848377227783, 0.6399253606796265], [0.3665804862976074, 0.8912454843521118]]
    tf.random.set_seed(42)
    assert [tf.random.uniform([2]).numpy().tolist() for _ in range(2)] == first


def test_functions_start_their_sequence_anew_and_advance_without_compiling():
    def body():
        return tf.random.uniform([2]), tf.random.normal([2], seed=3)

    f, g = tf.function(body, autograph=False), tf.function(body, autograph=False)
    tf.random.set_seed(42)
    runs = [[t.numpy().tolist() for t in f()] for _ in range(2)]
    np.testing.assert_allclose(
        runs[0],
        [[0.8354591131210327, 0.9162973165512085], [0.8021454811096191, 0.5056790113449097]],
        rtol=1e-5,
    )
    np.testing.assert_allclose(
        runs[1],
        [[0.9527033567428589, 0.23137903213500977], [0.5065540671348572, 0.3115288019180298]],
        rtol=1e-5,
    )
    assert f.experimental_get_tracing_count() == 1
    assert [t.numpy().tolist() for t in g()] == runs[0]
    tf.random.set_seed(42)
    assert [t.numpy().tolist() for t in f()] == runs[0]


def test_unseeded_ops_differ_from_run_to_run():
    f = tf.function(lambda: tf.random.uniform([4]), autograph=False)
    draws = [tf.random.uniform([4]), tf.random.uniform([4]), f(), f()]
    assert len({tuple(d.numpy().tolist()) for d in draws}) == 4


def test_iterations_of_a_compiled_loop_draw_different_numbers():
    @tf.function(autograph=False)
    def f():
        def body(i, acc):
            return i + 1, tf.tensor_scatter_nd_update(acc, [[i]], [tf.random.uniform([], seed=5)])

        return tf.while_loop(lambda i, _: i < 6, body, [0, tf.zeros([6])])[1]

    first, second = f().numpy(), f().numpy()
    assert len(set(first.tolist()) | set(second.tolist())) == 12


def test_set_seed_in_a_function_seeds_that_function():
    def body():
        tf.random.set_seed(3)
        return tf.random.uniform([3])

    a, b = (tf.function(body, autograph=False)().numpy() for _ in range(2))
    np.testing.assert_array_equal(a, b)


# --------------------------------------------------------------------------------------- compiled and unknown
SEED = np.array([3, -9], np.int64)


@pytest.mark.parametrize(
    ("name", "dtype"),
    [
        *[("stateless_uniform", dtype) for dtype in ("float16", "bfloat16", "float32", "float64")],
        ("stateless_normal", "float32"),
        *[
            pytest.param("stateless_normal", dtype, marks=pytest.mark.slow)
            for dtype in ("float16", "bfloat16", "float64")
        ],
        # The short floats' numbers are those of float32, rounded.
        ("stateless_truncated_normal", "float32"),
        pytest.param("stateless_truncated_normal", "float64", marks=pytest.mark.slow),
    ],
)
def test_stateless_floats(name, dtype):
    shapes = [[], [0], [7], [3, 5]] if name != "stateless_truncated_normal" else [[7]]
    fn = lambda seed: [getattr(tf.random, name)(shape, seed, dtype=dtype) for shape in shapes]
    tolerance = {"float16": 5e-3, "bfloat16": 3e-2, "float32": 3e-5, "float64": 1e-12}[dtype]
    for shape, out in zip(shapes, check(fn, [SEED], rtol=tolerance, atol=tolerance / 10, unknown=["none"])):
        assert out.shape == shape and out.dtype == tf.as_dtype(dtype)


@pytest.mark.parametrize(
    "dtype", ["int32", pytest.param("int64", marks=pytest.mark.slow), "uint32", "uint64"]
)
def test_stateless_integers(dtype):
    shapes = [[], [0], [5], [2, 3]]
    check(
        lambda seed: [tf.random.stateless_uniform(s, seed, None, None, dtype) for s in shapes],
        [SEED],
        unknown=["none"],
    )
    if dtype in ("int32", "int64"):
        for out in check(
            lambda seed: [tf.random.stateless_uniform(s, seed, -7, 100, dtype) for s in shapes],
            [SEED],
            unknown=["none"],
        ):
            assert np.all((out.numpy() >= -7) & (out.numpy() < 100))


def test_compiled_counter_carries_too():
    key, counter = np.array([9], U64), np.array([2**64 - 1, 3], U64)
    check(
        lambda k, c: tf.raw_ops.StatelessRandomUniformV2(
            shape=[12], key=k, counter=c, alg=1, dtype=tf.float32
        ),
        [key, counter],
        unknown=["none"],
    )


SAMPLERS = {
    "gamma": lambda seed: tf.random.stateless_gamma([40, 6], seed, [0.0, 0.3, 1.0, 8.0, -1.0, np.nan]),
    "poisson": lambda seed: tf.random.stateless_poisson(
        [40, 8], seed, [0.0, 0.5, 9.5, 10.5, 1000.0, -1.0, np.nan, np.inf]
    ),
    "binomial": lambda seed: tf.random.stateless_binomial(
        [40, 5], seed, [0.0, 5.0, 50.0, 1000.0, 30.0], [0.5, 0.1, 0.9, 0.3, 1.0]
    ),
    "bounded": lambda seed: tf.random.stateless_parameterized_truncated_normal(
        [40, 5],
        seed,
        [0.0, 5.0, 0.0, 1.0, 0.0],
        2.0,
        [-1.0, -np.inf, 3.0, 0.9, 9.0],
        [1.0, 0.0, np.inf, 1.1, 11.0],
    ),
    "categorical": lambda seed: tf.random.stateless_categorical(
        [[0.0, 1.0, -np.inf], [np.nan, 3.0, 1.0]], 50, seed
    ),
    "shuffle": lambda seed: tf.random.experimental.stateless_shuffle(tf.reshape(tf.range(30), [10, 3]), seed),
    "split": lambda seed: tf.random.split(seed, 5),
    "fold_in": lambda seed: tf.random.fold_in(seed, 11),
}


SLOW_TO_COMPILE = ("binomial", "bounded", "poisson")


@pytest.mark.parametrize(
    "name", [pytest.param(n, marks=pytest.mark.slow if n in SLOW_TO_COMPILE else ()) for n in SAMPLERS]
)
def test_samplers_compiled(name):
    check(SAMPLERS[name], [SEED], rtol=1e-6, atol=1e-6, unknown=["none"])


def test_shuffle_of_an_argument_and_of_strings():
    value = np.arange(12.0).reshape(6, 2)
    out = check(lambda x: tf.random.experimental.stateless_shuffle(x, [1, 2]), [value])
    assert sorted(out.numpy()[:, 0].tolist()) == value[:, 0].tolist()
    assert sorted(tf.random.shuffle(["a", "b", "c"]).numpy().tolist()) == [b"a", b"b", b"c"]


@pytest.mark.parametrize(
    "largest",
    [
        pytest.param(0, marks=pytest.mark.slow),
        1,
        9,
        pytest.param(255, marks=pytest.mark.slow),
        70000,
        2**31 - 2,
    ],
)
def test_index_shuffle_is_a_permutation(largest):
    index = np.arange(min(largest + 1, 300), dtype=np.int64)
    out = check(lambda i: tf.random.experimental.index_shuffle(i, [5, 8], largest), [index]).numpy()
    assert len(set(out.tolist())) == len(index) and out.min() >= 0 and out.max() <= largest
    if largest < 300:
        assert sorted(out.tolist()) == index.tolist()


def test_index_shuffle_with_one_seed_per_index():
    seeds = np.array([[1, 2], [3, 4], [5, 6]], np.int32)
    limits = np.array([7, 70000, 10**9], np.int64)
    together = tf.random.experimental.index_shuffle(np.array([3, 4, 5]), seeds, limits).numpy()
    alone = [
        int(tf.random.experimental.index_shuffle(np.int64(i), s, m))
        for i, s, m in zip((3, 4, 5), seeds, limits)
    ]
    assert together.tolist() == alone


# ---------------------------------------------------------------------------------------------- distributions
N = 20000


@pytest.mark.parametrize(
    ("draw", "mean", "variance"),
    [
        (lambda: tf.random.uniform([N]), 0.5, 1 / 12),
        (lambda: tf.random.normal([N], 2.0, 3.0), 2.0, 9.0),
        (lambda: tf.random.truncated_normal([N]), 0.0, 0.7737),
        (lambda: tf.random.gamma([N], 0.3), 0.3, 0.3),
        (lambda: tf.random.gamma([N], 6.0, 2.0), 3.0, 1.5),
        (lambda: tf.random.poisson([N], 3.0), 3.0, 3.0),
        (lambda: tf.random.poisson([N], 40.0), 40.0, 40.0),
        (lambda: tf.random.stateless_binomial([N], SEED, 20.0, 0.3, tf.float32), 6.0, 4.2),
        (lambda: tf.random.stateless_binomial([N], SEED, 200.0, 0.7, tf.float32), 140.0, 42.0),
        (
            lambda: tf.random.stateless_parameterized_truncated_normal([N], SEED, 0.0, 1.0, 1.0, 2.0),
            1.3828,
            0.0761,
        ),
    ],
)
def test_moments(draw, mean, variance):
    tf.random.set_seed(1)
    x = draw().numpy().astype(np.float64)
    assert abs(x.mean() - mean) < 5 * np.sqrt(variance / N)
    assert abs(x.var() - variance) < 0.06 * variance


def test_gamma_is_differentiable_in_its_parameters():
    alpha, beta = tf.constant([0.7, 3.0], tf.float64), tf.constant(2.0, tf.float64)
    with tf.GradientTape() as tape:
        tape.watch([alpha, beta])
        x = tf.random.stateless_gamma([4000, 2], SEED, alpha, beta, tf.float64)
        mean = tf.reduce_sum(tf.reduce_mean(x, 0))
    d_alpha, d_beta = tape.gradient(mean, [alpha, beta])
    np.testing.assert_allclose(d_alpha, [0.5, 0.5], rtol=0.1)  # E[x] = alpha / beta
    np.testing.assert_allclose(d_beta, -3.7 / 4, rtol=0.1)


# ------------------------------------------------------------------------------------------------- generators
def test_generator_in_a_function_continues_where_eager_left_off():
    g, h = tf.random.Generator.from_seed(7), tf.random.Generator.from_seed(7)
    f = tf.function(
        lambda: (h.normal([3]), h.uniform([2], 0, 10, tf.int32), h.binomial([2], 50.0, 0.5)), autograph=False
    )
    for _ in range(2):
        eager = g.normal([3]), g.uniform([2], 0, 10, tf.int32), g.binomial([2], 50.0, 0.5)
        for a, b in zip(eager, f()):
            np.testing.assert_allclose(a, b, rtol=1e-5)
        np.testing.assert_array_equal(g.state.numpy(), h.state.numpy())


def test_generator_states():
    g = tf.random.Generator.from_seed(5)
    assert g.algorithm == 1 and g.state.numpy().tolist() == [5, 0, 0] and int(g.key) == 0
    assert g.skip(2).numpy().tolist() == [5, 0, 0] and g.state.numpy().tolist() == [5 + 512, 0, 0]
    g.reset_from_key_counter(3, [1, 2])
    assert g.state.numpy().tolist() == [1, 2, 3]
    copy = tf.random.Generator(copy_from=g)
    assert copy.normal([2]).numpy().tolist() == g.normal([2]).numpy().tolist()
    g.reset([-1, 0, 9])
    g.skip(1)
    assert g.state.numpy().tolist() == [255, 1, 9]  # the low half overflowed
    g.reset_from_seed(5)
    assert g.state.numpy().tolist() == [5, 0, 0]
    assert len({int(s.key) for s in g.split(3)}) == 3


def test_global_generator_is_one_and_can_be_replaced():
    assert tf.random.get_global_generator() is tf.random.get_global_generator()
    own = tf.random.Generator.from_seed(1)
    tf.random.set_global_generator(own)
    assert tf.random.get_global_generator() is own


def test_raw_stateful_ops_of_generators():
    v = tf.random.Generator.from_seed(2).state
    out = tf.raw_ops.StatefulStandardNormalV2(
        resource=v.handle, algorithm=tf.constant(1, tf.int64), shape=[3]
    )
    np.testing.assert_array_equal(out, tf.random.Generator.from_seed(2).normal([3]))
    assert v.numpy()[0] == 2 + 3 * 256


# ----------------------------------------------------------------------------------------------------- errors
@pytest.mark.parametrize(
    ("call", "error", "text"),
    [
        (lambda: tf.random.uniform([2], dtype=tf.int32), ValueError, "Must specify maxval for integer dtype"),
        (lambda: tf.random.uniform([2], dtype=tf.string), ValueError, "Accepted dtypes are"),
        (
            lambda: tf.random.uniform([2], 5, 3, tf.int32),
            tf.errors.InvalidArgumentError,
            "Need minval < maxval, got 5 >= 3",
        ),
        (lambda: tf.random.uniform([-1]), tf.errors.InvalidArgumentError, "Dimension -1 must be >= 0"),
        (lambda: tf.random.uniform(3), tf.errors.InvalidArgumentError, "shape must be a vector"),
        (lambda: tf.random.uniform([None, 2]), ValueError, "tf.shape"),
        (lambda: tf.random.normal([2], dtype=tf.int32), TypeError, "dtype int32"),
        (
            lambda: tf.random.stateless_uniform([2], [1]),
            tf.errors.InvalidArgumentError,
            r"seed must have shape \[2\]",
        ),
        (
            lambda: tf.random.stateless_uniform([2], [1, 2], alg="threefry"),
            ValueError,
            "ThreeFry has no implementation",
        ),
        (lambda: tf.random.stateless_uniform([2], [1, 2], alg="md5"), ValueError, "unsupported value md5"),
        (
            lambda: tf.random.stateless_uniform([2], [1, 2], alg=1.5),
            TypeError,
            "Can't convert argument `alg`",
        ),
        (
            lambda: tf.random.stateless_uniform([2], [1, 2], 0, 5, tf.uint32),
            ValueError,
            "don't use unsigned integers",
        ),
        (
            lambda: tf.random.stateless_uniform([2], [1, 2], 0, None, tf.int32),
            ValueError,
            "must be both None or not None",
        ),
        (lambda: tf.random.categorical([1.0], 2), tf.errors.InvalidArgumentError, "rank 2"),
        (lambda: tf.random.categorical([[1.0]], -1), tf.errors.InvalidArgumentError, "nonnegative"),
        (
            lambda: tf.random.stateless_poisson([3], [1, 2], [1.0, 2.0]),
            tf.errors.InvalidArgumentError,
            "must end with broadcasted shape",
        ),
        (
            lambda: tf.random.stateless_parameterized_truncated_normal([2], [1, 2], 0.0, -1.0),
            tf.errors.InvalidArgumentError,
            "Invalid parameters",
        ),
        (
            lambda: tf.random.experimental.index_shuffle(5, [1, 2], 3),
            tf.errors.InvalidArgumentError,
            "max_index",
        ),
        (lambda: tf.random.Generator(state=[1, 2], alg=1), ValueError, "vector of 3 int64 numbers"),
        (lambda: tf.random.Generator(), ValueError, "from_seed"),
    ],
)
def test_errors(call, error, text):
    with pytest.raises(error, match=text):
        call()


def test_shape_is_known_while_tracing():
    shapes = []

    @tf.function(input_signature=[tf.TensorSpec([None, 3])], autograph=False)
    def f(x):
        shapes.append(
            (tf.random.uniform(tf.shape(x)).shape.as_list(), tf.random.normal([4, 2]).shape.as_list())
        )
        return tf.random.stateless_uniform(tf.shape(x), [1, 2])

    assert f(tf.zeros([5, 3])).shape == [5, 3] and f(tf.zeros([2, 3])).shape == [2, 3]
    assert shapes == [([None, 3], [4, 2])]


def test_harness_runs_stateful_ops_too():
    assert compiled(
        lambda x: x + tf.random.stateless_uniform([2], [1, 2]), [np.zeros(2, np.float32)]
    ).shape == [2]
