"""The same seeds give the same numbers: bit for bit when eager, but for the last bit of normal numbers."""

from conformance.harness import snippet

EAGER = {
    "uniform": lambda tf: tf.random.uniform([1001]),
    "uniform_range": lambda tf: tf.random.uniform([7, 3], -2.0, 5.0),
    "uniform_double": lambda tf: tf.random.uniform([33], dtype=tf.float64),
    "uniform_half": lambda tf: tf.random.uniform([33], dtype=tf.float16),
    "uniform_bfloat16": lambda tf: tf.random.uniform([33], dtype=tf.bfloat16),
    "uniform_int": lambda tf: tf.random.uniform([33], -50, 1000, tf.int32),
    "uniform_long": lambda tf: tf.random.uniform([33], -5, 2**40, tf.int64),
    "uniform_seeded": lambda tf: [tf.random.uniform([3], seed=k % 2) for k in range(4)],
    "normal": lambda tf: tf.random.normal([1001]),
    "normal_double": lambda tf: tf.random.normal([33], 1.0, 2.0, dtype=tf.float64),
    "truncated_normal": lambda tf: tf.random.truncated_normal([1001]),
    "truncated_normal_double": lambda tf: tf.random.truncated_normal([33], dtype=tf.float64),
    "gamma": lambda tf: tf.random.gamma([50], [0.1, 0.5, 1.0, 4.0, 100.0]),
    "gamma_rate": lambda tf: tf.random.gamma([5, 2], [[1.0], [3.0]], [3.0, 4.0]),
    "poisson": lambda tf: tf.random.poisson([50], [0.1, 0.5, 7.0, 12.0, 600.0]),
    "poisson_int": lambda tf: tf.random.poisson([50], [3.0], tf.int32),
    "categorical": lambda tf: tf.random.categorical([[0.0, 1.0, 2.0], [3.0, 0.0, 0.0]], 60),
    "shuffle": lambda tf: tf.random.shuffle(tf.reshape(tf.range(60), [20, 3])),
    "several": lambda tf: [
        tf.random.uniform([2]),
        tf.random.normal([2]),
        tf.random.shuffle([1, 2, 3]),
        tf.random.uniform([2]),
    ],
}
STATELESS = {
    "uniform": lambda tf, s: tf.random.stateless_uniform([101], s),
    "uniform_int": lambda tf, s: tf.random.stateless_uniform([33], s, 2, 11, tf.int32),
    "full_int": lambda tf, s: [
        tf.random.stateless_uniform([9], s, None, None, t) for t in (tf.int32, tf.int64, tf.uint32, tf.uint64)
    ],
    "normal": lambda tf, s: tf.random.stateless_normal([101], s, 1.0, 3.0),
    "truncated": lambda tf, s: tf.random.stateless_truncated_normal([101], s),
    "gamma": lambda tf, s: tf.random.stateless_gamma([20, 3], s, [0.5, 1.0, 5.0], [1.0, 2.0, 3.0]),
    "poisson": lambda tf, s: tf.random.stateless_poisson([20, 3], s, [0.5, 5.0, 50.0]),
    "binomial": lambda tf, s: tf.random.stateless_binomial(
        [20, 4], s, [10.0, 100.0, 7.0, 500.0], [0.2, 0.7, 0.9, 0.01]
    ),
    "categorical": lambda tf, s: tf.random.stateless_categorical([[0.0, 1.0, 2.0]], 60, s),
    "split": lambda tf, s: (tf.random.split(s, 5), tf.random.fold_in(s, 7)),
    "shuffle": lambda tf, s: tf.random.experimental.stateless_shuffle(tf.range(30), s),
    "index": lambda tf, s: [
        tf.random.experimental.index_shuffle(tf.range(5), s, m) for m in (4, 300, 100000)
    ],
    "philox": lambda tf, s: tf.random.stateless_uniform([5], s, alg="philox"),
}
GENERATOR = {
    "normal": lambda tf, g: [g.normal([5], 1.0, 2.0) for _ in range(2)],
    "uniform": lambda tf, g: (
        g.uniform([5]),
        g.uniform([5], 3, 90, tf.int32),
        g.uniform([2], None, None, tf.int64),
    ),
    "truncated": lambda tf, g: g.truncated_normal([50]),
    "full": lambda tf, g: g.uniform_full_int([5]),
    "binomial": lambda tf, g: [g.binomial([4, 2], [20.0, 300.0], 0.4) for _ in range(2)],
    "seeds": lambda tf, g: (g.make_seeds(3), [h.normal([2]) for h in g.split(2)]),
    "skip": lambda tf, g: (g.skip(3), g.normal([2])),
}


@snippet(name=list(EAGER), rtol=3e-7, atol=1e-9)
def eager(tf, name):
    tf.random.set_seed(1234)
    return EAGER[name](tf)


@snippet(name=list(STATELESS), rtol=3e-7, atol=1e-9)
def stateless(tf, name):
    return STATELESS[name](tf, [3, -1234567])


@snippet(name=list(GENERATOR), rtol=3e-7, atol=1e-9)
def generator(tf, name):
    g = tf.random.Generator.from_seed(99)
    return GENERATOR[name](tf, g), g.state.numpy()


@snippet(
    name=[
        "uniform",
        "uniform_range",
        "uniform_int",
        "uniform_seeded",
        "normal",
        "categorical",
        "several",
        "shuffle",
    ],
    rtol=1e-4,
    atol=1e-5,
)
def in_a_function(tf, name):
    f = tf.function(lambda: EAGER[name](tf), autograph=False)
    tf.random.set_seed(1234)
    return [f() for _ in range(3)]
