"""Datasets with seeds: the orders of shuffles, and the numbers that functions of elements draw."""

from conformance.harness import snippet


def _ints(dataset):
    return [int(x) for x in dataset]


@snippet
def orders_of_shuffles(tf):
    D = tf.data.Dataset
    out = []
    for n, size in ((10, 10), (10, 4), (10, 1), (7, 20), (100, 13), (0, 3)):
        for anew in (True, False):
            ds = D.range(n).shuffle(size, seed=3, reshuffle_each_iteration=anew)
            out.append([_ints(ds) for _ in range(3)])
    tf.random.set_seed(11)
    for ds in (D.range(10).shuffle(10), D.range(10).shuffle(10, seed=4), D.range(10).repeat(2).shuffle(30)):
        out.append([_ints(ds) for _ in range(2)])
    return out


@snippet
def shuffles_among_others(tf):
    D = tf.data.Dataset
    mixed = lambda: D.range(10).shuffle(4, seed=4)
    a, b = iter(mixed()), iter(mixed())
    return (
        [_ints(ds) for ds in [mixed().repeat(3)] * 2],
        [_ints(ds) for ds in [mixed().repeat().take(25)] * 2],
        [_ints(ds) for ds in [D.range(20).filter(lambda x: x % 2 == 0).shuffle(4, seed=4)] * 2],
        [_ints(ds) for ds in [mixed().shuffle(5, seed=5)] * 2],
        [_ints(ds) for ds in [mixed().cache()] * 2],
        [list(ds) for ds in [D.zip(mixed(), mixed())] * 2],
        [list(ds) for ds in [mixed().batch(3)] * 2],
        [int(next(i)) for i in (a, b, a, b, a)],
    )


@snippet
def random_datasets(tf):
    D = tf.data.Dataset
    once, anew = D.random(seed=4).take(5), D.random(seed=4, rerandomize_each_iteration=True).take(5)
    return [_ints(once) for _ in range(2)], [_ints(anew) for _ in range(2)]


@snippet
def functions_draw_the_same_in_every_iteration(tf):
    tf.random.set_seed(3)
    D, draw = tf.data.Dataset, lambda *_: tf.random.uniform([], 0, 100, tf.int32)
    ds = D.range(3).map(draw)
    a, b = iter(ds), iter(ds)
    nested = D.range(3).flat_map(lambda i: D.range(2).map(draw))
    function = tf.function(draw)
    return (
        [_ints(ds) for _ in range(3)],
        _ints(ds.repeat(3)),
        [_ints(ds) for ds in [D.range(3).map(draw, num_parallel_calls=1).prefetch(1)] * 3],
        [int(next(i)) for i in (a, b, a, b)],
        [_ints(nested) for _ in range(2)],
        [_ints(ds) for ds in [D.range(9).filter(lambda i: tf.random.uniform([]) < 0.5)] * 3],
        [_ints(ds) for ds in [D.range(3).scan(0, lambda s, i: (s, draw()))] * 2],
        [_ints(ds) for ds in [D.range(3).map(lambda i: function())] * 2],
        [_ints(ds) for ds in [D.range(3).map(lambda i: tf.random.uniform([], 0, 9, tf.int32, seed=5))] * 2],
        [int(function()) for _ in range(3)],
        [int(ds.reduce(0, lambda s, v: s * 100 + v)) for _ in range(2)],
    )


@snippet
def iterators_draw_when_they_are_made(tf):
    out = []
    for finish in (
        lambda ds: ds.batch(4), lambda ds: ds.map(lambda x: x + 1).batch(4), lambda ds: ds.batch(4).prefetch(2),
        lambda ds: ds.filter(lambda x: x > 2), lambda ds: ds.repeat(2).batch(4), lambda ds: ds.repeat().batch(4).take(3),
        lambda ds: ds.take(5).batch(2), lambda ds: ds.shuffle(3, seed=1),
    ):  # fmt: skip
        ds = finish(tf.data.Dataset.range(9).shuffle(9, seed=5))
        iter(ds)  # never used
        out.append([list(ds) for _ in range(2)])
    return out
