"""Cases of what programs seldom use of `tf.contrib.framework`, `training` and `integrate`."""

import numpy as np


def _x(*shape, seed=7):
    return np.random.RandomState(seed).uniform(-1, 1, shape).astype("float32")


def _and(fetches, *plain):
    return lambda sess: [sess.run(fetches), [str(p) for p in plain]]


def _fails(function, *args, **kwargs):
    try:
        function(*args, **kwargs)
    except (ValueError, TypeError) as error:
        return type(error).__name__
    return "none"


def shapes(tf):
    f = tf.contrib.framework
    x = tf.placeholder_with_default(_x(2, 1), [None, None])
    y = tf.constant(_x(2))
    one = tf.placeholder_with_default(_x(1), [None])
    open_x, open_y = tf.placeholder_with_default(_x(2, 1), None), tf.placeholder_with_default(_x(2), None)
    found = [
        f.with_shape([2, 1], x),
        f.with_shape([], tf.constant([3.0])),
        f.with_shape([], one),
        f.with_shape(tf.constant([2]), y),
        f.with_same_shape(y, tf.placeholder_with_default(_x(2, seed=3), [None])),
        f.with_same_shape(one, tf.constant([5.0])),
        f.remove_squeezable_dimensions(tf.constant(_x(2, 1)), y),
        f.remove_squeezable_dimensions(y, tf.constant(_x(2, 1))),
        f.remove_squeezable_dimensions(open_x, open_y),
        f.remove_squeezable_dimensions(open_y, open_x),
        f.reduce_sum_n([x, y]),
        f.reduce_sum_n([y]),
        f.assert_scalar_int(tf.constant(3)),
    ]
    errors = [
        _fails(f.with_shape, [3], y),
        _fails(f.with_shape, [2, 2], y),
        _fails(f.assert_scalar_int, tf.constant(3.0)),
        _fails(f.assert_scalar_int, tf.constant([3])),
        _fails(f.reduce_sum_n, []),
    ]
    return _and(found, found[0].shape, *errors)


def functions(tf):
    f = tf.contrib.framework

    def both(a, factor, more):
        return {"sum": a + more["b"], "product": a * factor}

    found = f.py_func(
        both,
        args=(tf.constant(_x(3)), 2.0),
        kwargs={"more": {"b": tf.constant(_x(3, seed=1))}},
        output_types={"sum": tf.float32, "product": tf.float32},
        output_shapes={"sum": [3], "product": [3]},
    )
    single = f.py_func(
        lambda a: np.int32(a + 1), args=[tf.constant(1)], output_types=tf.int32, output_shapes=[]
    )
    pred = tf.placeholder_with_default(True, [])
    cases = [
        f.smart_case([(True, lambda: tf.constant(1)), (pred, lambda: tf.constant(2))]),
        f.smart_case(
            [(False, lambda: tf.constant(1)), (True, lambda: tf.constant(2))], lambda: tf.constant(3)
        ),
        f.smart_case([(False, lambda: tf.constant(1))], lambda: tf.constant(3)),
    ]
    names = [
        f.strip_name_scope("net/layer/w", "net"),
        f.strip_name_scope("^net/layer/w", "net/"),
        f.strip_name_scope("loc:@net/w", "net"),
        f.strip_name_scope("other/net/w", "net"),
        f.prepend_name_scope("w", "net"),
        f.prepend_name_scope("^w", "net/"),
        f.prepend_name_scope("loc:@w", "net"),
    ]
    placeholders = f.get_placeholders(tf.get_default_graph())
    chooser = f.VariableDeviceChooser(num_tasks=2, device_type="GPU", device_index=1)
    local = f.VariableDeviceChooser()
    devices = [chooser(None), chooser(None), chooser(None), local(None)]
    return _and([found, single, cases], single.shape, *names, *placeholders, *devices)


def zeros(tf):
    f = tf.contrib.framework
    v = tf.Variable(tf.ones([2, 3]), name="v", collections=[])
    start = f.zero_initializer(v)

    def run(sess):
        sess.run(start)
        again = "works"
        try:
            sess.run(start)
        except tf.errors.OpError:
            again = "fails"
        return [sess.run(v), again]

    return run


def placement(tf):
    t = tf.contrib.training
    random, greedy = t.RandomStrategy(3, seed=5), t.GreedyLoadBalancingStrategy(2, t.byte_size_load_fn)
    ops = [tf.Variable(tf.zeros([n]), name=f"v{n}").op for n in (9, 2, 3, 4, 1)]
    hparams = [
        sorted(t.parse_values("a=1,b=[2.5,3],d=true", {"a": int, "b": float, "d": bool}).items()),
        t.parse_values("c[1]=7,c[0]=8", {"c": int})["c"] == {0: 8, 1: 7},
        t.parse_values("a=1,other=2", {"a": int}, ignore_unknown=True),
        _fails(t.parse_values, "a=1,a=2", {"a": int}),
        _fails(t.parse_values, "z=2", {"a": int}),
        _fails(t.parse_values, "a=x", {"a": int}),
    ]
    where = [[random(op), int(greedy(op)), int(t.byte_size_load_fn(op))] for op in ops]
    return _and([], *where, *hparams)


def equations(tf):
    integrate = tf.contrib.integrate
    a = tf.constant([[-0.5, 1.0], [-1.0, -0.2]])
    y0, t = tf.constant([1.0, 0.5]), np.linspace(0.0, 4.0, 6)

    def field(y, t):
        return tf.squeeze(tf.matmul(a, tf.expand_dims(y, 1)), 1) + 0.1 * tf.cast(tf.sin(t), tf.float32)

    y, info = integrate.odeint(field, y0, t, rtol=1e-4, atol=1e-6, full_output=True)
    options = {"first_step": 0.1, "max_num_steps": 500, "safety": 0.8}
    z = integrate.odeint(field, y0, t, rtol=1e-3, atol=1e-5, method="dopri5", options=options)
    spiral = integrate.odeint(lambda y, t: 1j * y, tf.constant(1.0 + 0.0j), [0.0, 1.0, 2.0], rtol=1e-5)
    fixed = integrate.odeint_fixed(field, y0, t)
    steps = integrate.odeint_fixed(field, y0, t, dt=[0.3, 0.5, 0.2, 0.8, 0.4], method="midpoint")
    plain = [y.shape, fixed.shape, _fails(integrate.odeint, field, y0, t, method="euler")]
    plain += [
        _fails(integrate.odeint_fixed, field, y0, t, method="euler"),
        _fails(integrate.odeint, field, [1, 2], t),
    ]
    gradient = tf.gradients(tf.reduce_sum(tf.square(fixed)), [y0, a])
    found = [
        y,
        info["num_func_evals"],
        info["integrate_points"],
        z,
        tf.real(spiral),
        tf.imag(spiral),
        fixed,
        steps,
    ]
    return _and([*found, gradient], *plain)


def sampled(tf):
    t = tf.contrib.training
    i = tf.train.range_input_producer(1000, shuffle=True, seed=1).dequeue()
    values, labels = t.stratified_sample([i], i % 2, [0.2, 0.8], 50, init_probs=[0.5, 0.5])
    many = tf.train.range_input_producer(1000, shuffle=True, seed=2).dequeue_many(10)
    counted, _ = t.stratified_sample([many], many % 2, [0.2, 0.8], 50, enqueue_many=True)
    kept = t.rejection_sample(
        [i], lambda x: tf.cast(tf.equal(x[0] % 5, 0), tf.float32), 20, runtime_checks=True
    )
    rows, rates = t.weighted_resample(
        [tf.range(4), tf.constant(_x(4))], tf.constant([0.0, 1.0, 3.0, 1.0]), 100.0
    )
    never = t.resample_at_rate([tf.range(3)], [0.0, 0.0, 0.0])

    def run(sess):
        coord = tf.train.Coordinator()
        threads = tf.train.start_queue_runners(sess, coord)
        got, label, more, some = sess.run([values[0], labels, counted[0], kept[0]])
        again = [sess.run([rows, rates, never]) for _ in range(2)][1]
        coord.request_stop()
        coord.join(threads, stop_grace_period_secs=5, ignore_live_threads=True)
        count = np.bincount(again[0][0], minlength=4)
        return [
            [int(v) for v in (len(got), len(more), len(some), len(again[2][0]))],
            str(
                [bool((got % 2 == label).all()), bool(0.5 < label.mean() <= 1), bool((more % 2).mean() > 0.4)]
            ),
            str([bool((some % 5 == 0).all()), bool(count[0] == 0), bool(count[2] > 1.5 * count[1])]),
            str([len(rows), bool(len(again[0][1]) == count.sum() == len(again[1]))]),
        ]

    return run
