"""Random numbers: documented generators give TensorFlow's own numbers, the rest is compared by statistics."""

from conformance.harness import raises, snippet

FLOATS = ["float32", "float64", "float16", "bfloat16"]


@snippet(dtype=FLOATS, seed=[[0, 0], [1, 2], [123456789, -5]])
def stateless_uniform(tf, dtype, seed):
    return tf.random.stateless_uniform([7], seed, dtype=dtype), tf.random.stateless_uniform(
        [2, 3], seed, -2.0, 5.0, dtype
    )


@snippet(dtype=["int32", "int64", "uint32", "uint64"])
def stateless_uniform_integers(tf, dtype):
    if dtype.startswith("u"):
        return tf.random.stateless_uniform([5], [1, 2], None, None, dtype)
    return tf.random.stateless_uniform([5], [1, 2], -10, 1000, dtype), tf.random.stateless_uniform(
        [5], [3, 4], None, None, dtype
    )


@snippet(dtype=FLOATS, seed=[[0, 0], [1, 2]], rtol=1e-3, atol=1e-3)
def stateless_normal(tf, dtype, seed):
    return tf.random.stateless_normal([9], seed, dtype=dtype), tf.random.stateless_normal(
        [2, 2], seed, 5.0, 2.0, dtype
    )


@snippet(dtype=["float32", "float64"], rtol=1e-4, atol=1e-5)
def stateless_truncated_normal(tf, dtype):
    return tf.random.stateless_truncated_normal([50], [1, 2], dtype=dtype)


@snippet(n=[1, 3, 4, 5, 255, 256, 257, 1030])
def stateless_sizes(tf, n):
    return (
        tf.random.stateless_uniform([n], [7, 8]),
        tf.random.stateless_uniform([n], [7, 8], None, None, tf.int64),
        tf.random.stateless_normal([n], [7, 8]),
    )


@snippet(alg=["philox", "auto_select"])
def stateless_algorithms(tf, alg):
    return tf.random.stateless_uniform([6], [1, 2], alg=alg), tf.random.stateless_uniform(
        [6], [1, 2], 0, 100, tf.int32, alg=alg
    )


@snippet
def split_and_fold(tf):
    return (
        tf.random.split([1, 2], 3),
        tf.random.fold_in([1, 2], 7),
        tf.random.split(tf.constant([5, 6], tf.int64), 2),
    )


@snippet
def stateless_empty_and_scalar(tf):
    return (
        tf.random.stateless_uniform([0, 3], [1, 2]),
        tf.random.stateless_uniform([], [1, 2]),
        tf.random.stateless_normal(tf.constant([2, 2]), tf.constant([1, 2], tf.int64)),
    )


@snippet
def stateless_statistics(tf):
    poisson = tf.cast(tf.random.stateless_poisson([4000], [1, 2], 3.0), tf.float32)
    gamma = tf.random.stateless_gamma([4000], [1, 2], 2.5)
    binomial = tf.cast(tf.random.stateless_binomial([4000], [1, 2], 10.0, 0.3), tf.float32)
    category = tf.random.stateless_categorical(tf.math.log([[0.2, 0.5, 0.3]]), 4000, [1, 2])
    share = tf.reduce_mean(tf.cast(category == 1, tf.float32))
    near = [
        abs(tf.reduce_mean(poisson) - 3) < 0.15,
        abs(tf.reduce_mean(gamma) - 2.5) < 0.15,
        abs(tf.reduce_mean(binomial) - 3) < 0.15,
        abs(share - 0.5) < 0.05,
    ]
    return near, poisson.shape, gamma.dtype, category.dtype, category.shape, binomial.shape


@raises(case=["seed shape", "missing max", "float range", "dtype", "negative shape"])
def stateless_misuse(tf, case):
    u = tf.random.stateless_uniform
    return {
        "seed shape": lambda: u([2], [1, 2, 3]),
        "missing max": lambda: u([2], [1, 2], dtype=tf.int32),
        "float range": lambda: u([2], [1, 2], 5, 5, tf.int32),
        "dtype": lambda: u([2], [1, 2], dtype=tf.bool),
        "negative shape": lambda: u([-2], [1, 2]),
    }[case]()


# --- the stateful Generator: its algorithm and state are documented


@snippet(alg=["philox", "threefry"])
def generator_state(tf, alg):
    g = tf.random.Generator.from_seed(1234, alg=alg)
    return g.state, g.algorithm, g.key


@snippet
def generator_numbers(tf):
    g = tf.random.Generator.from_seed(42)
    return (
        g.uniform([5]),
        g.normal([3]),
        g.uniform([4], 0, 10, tf.int32),
        g.uniform_full_int([2], tf.int64),
        g.state,
    )


@snippet
def generator_normal_and_truncated(tf):
    g = tf.random.Generator.from_seed(7)
    return g.normal([4], 1.0, 3.0), g.truncated_normal([3]), g.make_seeds(2), g.state


@snippet
def generator_split_skip_reset(tf):
    g = tf.random.Generator.from_seed(3)
    children = g.split(2)
    g.skip(5)
    after = g.uniform([2])
    g.reset_from_seed(3)
    return [c.state for c in children], after, g.state, g.uniform([2])


@snippet
def generator_from_key_counter_and_state(tf):
    a = tf.random.Generator.from_key_counter(8, [1, 2], "philox")
    b = tf.random.Generator.from_state([1, 2, 3], "philox")
    return a.state, a.normal([2]), b.uniform([2]), tf.random.create_rng_state(5, "philox")


@snippet
def generator_in_functions(tf):
    g = tf.random.Generator.from_seed(11)

    @tf.function
    def f():
        return g.uniform([2])

    return f(), f(), g.uniform([2]), g.state


@snippet
def generator_binomial_statistics(tf):
    g = tf.random.Generator.from_seed(1)
    x = g.binomial([2000], 20.0, 0.25)
    return abs(tf.reduce_mean(tf.cast(x, tf.float32)) - 5) < 0.3, x.dtype, x.shape


@raises(case=["seed", "alg", "dtype"])
def generator_misuse(tf, case):
    return {
        "seed": lambda: tf.random.Generator.from_seed("x"),
        "alg": lambda: tf.random.Generator.from_seed(1, alg="none"),
        "dtype": lambda: tf.random.Generator.from_seed(1).uniform([2], dtype=tf.bool),
    }[case]()


@snippet
def global_generator(tf):
    tf.random.set_global_generator(tf.random.Generator.from_seed(2))
    return tf.random.get_global_generator().uniform([2])


# --- stateful functions with seeds: the same seeds, the same numbers


@snippet(seed=[0, 1, 12345])
def global_seed(tf, seed):
    tf.random.set_seed(seed)
    return (
        tf.random.uniform([4]),
        tf.random.uniform([4]),
        tf.random.normal([3]),
        tf.random.uniform([3], 0, 100, tf.int32),
    )


@snippet
def global_and_op_seed(tf):
    tf.random.set_seed(5)
    return (
        tf.random.uniform([3], seed=1),
        tf.random.uniform([3], seed=1),
        tf.random.normal([3], seed=2),
        tf.random.uniform([2], seed=1),
    )


@snippet
def seeded_functions_start_over(tf):
    tf.random.set_seed(5)

    @tf.function
    def f():
        return tf.random.uniform([2], seed=3), tf.random.normal([2], seed=3)

    return f(), f()


@snippet(dtype=["float32", "float64", "float16"])
def seeded_dtypes(tf, dtype):
    tf.random.set_seed(9)
    return (
        tf.random.uniform([3], dtype=dtype),
        tf.random.normal([3], 1.0, 2.0, dtype),
        tf.random.truncated_normal([3], dtype=dtype),
    )


@snippet
def statistics_of_stateful_functions(tf):
    tf.random.set_seed(3)
    u, n, t = (
        tf.random.uniform([5000], -1, 3),
        tf.random.normal([5000], 2.0, 0.5),
        tf.random.truncated_normal([5000]),
    )
    p, g = tf.random.poisson([5000], [4.0]), tf.random.gamma([5000], [2.0], [4.0])
    return [
        abs(tf.reduce_mean(u) - 1) < 0.08,
        tf.reduce_max(u) < 3,
        abs(tf.math.reduce_std(n) - 0.5) < 0.03,
        tf.reduce_max(tf.abs(t)) <= 2,
        abs(tf.reduce_mean(p) - 4) < 0.15,
        abs(tf.reduce_mean(g) - 0.5) < 0.05,
        p.shape,
        g.shape,
    ]


@snippet
def shuffle_is_a_permutation(tf):
    x = tf.random.shuffle(tf.range(100), seed=1)
    return (
        tf.sort(x),
        tf.reduce_any(x != tf.range(100)),
        tf.sort(tf.random.experimental.stateless_shuffle(tf.range(20), [1, 2])),
    )


@snippet
def categorical(tf):
    x = tf.random.categorical(tf.math.log([[0.1, 0.9], [0.5, 0.5]]), 3000, seed=1)
    return (
        x.shape,
        x.dtype,
        abs(tf.reduce_mean(tf.cast(x, tf.float32), 1) - [0.9, 0.5]) < 0.05,
        tf.random.categorical([[0.0, 1.0]], 2, tf.int32).dtype,
    )


@raises(case=["int without max", "empty range", "dtype", "shape"])
def stateful_misuse(tf, case):
    u = tf.random.uniform
    return {
        "int without max": lambda: u([2], dtype=tf.int32),
        "empty range": lambda: u([2], 5, 5, tf.int32),
        "dtype": lambda: u([2], dtype=tf.string),
        "shape": lambda: u([-1]),
    }[case]()


@snippet
def different_calls_differ(tf):
    a, b = tf.random.uniform([100]), tf.random.uniform([100])
    return tf.reduce_any(a != b)


@snippet
def seed_in_a_function_without_op_seed(tf):
    f = tf.function(lambda: tf.random.uniform([50]))
    return tf.reduce_any(f() != f())


@snippet
def random_index_shuffle(tf):
    return tf.sort(tf.random_index_shuffle(tf.range(10), [1, 2, 3], 9))
