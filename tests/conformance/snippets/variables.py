"""Variables, modules, devices and configuration."""

from conformance.harness import raises, snippet


@snippet
def creation(tf):
    a = tf.Variable([1.0, 2.0], name="a")
    b = tf.Variable(lambda: tf.ones([2, 2]), dtype=tf.float32)
    c = tf.Variable(3, dtype=tf.float64, trainable=False, shape=tf.TensorShape(None))
    return [
        a,
        b,
        c,
        a.name,
        a.trainable,
        c.trainable,
        a.shape,
        c.shape,
        a.dtype,
        c.dtype,
        tf.is_tensor(a),
        a.handle.dtype,
    ]


@snippet
def assignment(tf):
    v = tf.Variable([1.0, 2.0])
    results = [
        v.assign([3.0, 4.0]).numpy(),
        v.assign_add([1.0, 1.0]).numpy(),
        v.assign_sub([0.5, 0.5]).numpy(),
        v.value(),
        v.read_value(),
    ]
    v.assign(v * 2)
    return results, v, v.numpy(), v.assign([1.0, 1.0], read_value=False) is None


@snippet
def operators(tf):
    v = tf.Variable([1.0, 2.0])
    m = tf.Variable([[1, 2], [3, 4]])
    return [
        v + 1,
        1 - v,
        v * v,
        v / 2,
        v**2,
        -v,
        v > 1,
        v[0],
        v[None, ::-1],
        m @ m,
        m // 2,
        m % 2,
        tf.reduce_sum(v),
        abs(v - 3),
        tf.constant(2.0) * v,
        v == v,
    ]


@snippet
def read_value_is_a_snapshot(tf):
    v = tf.Variable(1.0)
    before = v.read_value()
    plus = v + 0.0
    v.assign(5.0)
    return before, plus, v


@snippet
def shape_none_takes_any_value(tf):
    v = tf.Variable([1.0], shape=tf.TensorShape([None]))
    v.assign([1.0, 2.0, 3.0])
    return v, v.shape


@raises(case=["shape", "dtype", "item", "add shape", "bool"], also=("TypeError",))
def misuse(tf, case):
    v = tf.Variable([1.0, 2.0])
    if case == "item":
        v[0] = 3.0
    return {
        "shape": lambda: v.assign([1.0]),
        "dtype": lambda: v.assign(tf.constant([1, 2])),
        "add shape": lambda: v.assign_add([1.0, 2.0, 3.0]),
        "bool": lambda: bool(v),
    }[case]()


@raises(value=[None, object])
def creation_of_nonsense(tf, value):
    return tf.Variable(value)


@snippet(
    fn=[
        "scatter_add",
        "scatter_sub",
        "scatter_update",
        "scatter_max",
        "scatter_min",
        "scatter_mul",
        "scatter_div",
    ]
)
def scatter(tf, fn):
    v = tf.Variable([[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]])
    result = getattr(v, fn)(tf.IndexedSlices(tf.constant([[2.0, 3.0], [10.0, -1.0]]), tf.constant([0, 2])))
    return v, tf.convert_to_tensor(result)


@snippet(fn=["scatter_nd_add", "scatter_nd_sub", "scatter_nd_update"])
def scatter_nd(tf, fn):
    v = tf.Variable(tf.reshape(tf.range(6), [2, 3]))
    getattr(v, fn)([[0, 1], [1, 2]], [50, 60])
    return v


@snippet
def batch_scatter_and_gathers(tf):
    v = tf.Variable(tf.reshape(tf.range(6.0), [2, 3]))
    v.batch_scatter_update(tf.IndexedSlices(tf.constant([[9.0], [8.0]]), tf.constant([[0], [2]])))
    return v, v.sparse_read([1]), v.gather_nd([[0, 1]]), tf.gather(v, [1]), tf.nn.embedding_lookup(v, [0])


@snippet
def slice_assignment(tf):
    v = tf.Variable(tf.zeros([3, 4], tf.int32))
    v[0].assign([1, 2, 3, 4])
    v[1:, 1].assign([7, 8])
    v[2, ::2].assign([5, 6])
    v[..., -1:].assign([[9], [9], [9]])
    return v


@snippet
def conversions(tf):
    import copy

    import numpy as np

    v = tf.Variable([1.0, 2.0])
    d = copy.deepcopy(v)
    d.assign([0.0, 0.0])
    return (
        tf.convert_to_tensor(v),
        np.array(v),
        tf.cast(v, tf.int32),
        d,
        v,
        float(tf.Variable(2.5)),
        len(v.shape),
    )


@snippet
def count_up_and_equality(tf):
    a, b = tf.Variable(1.0), tf.Variable(1.0)
    return [
        a == b,
        a is not b,
        a.ref() == a.ref(),
        a.ref() == b.ref(),
        a.ref().deref() is a,
        len({a.ref(), b.ref()}),
    ]


@raises
def variables_are_not_hashable(tf):
    return {tf.Variable(1.0): 1}


@snippet
def variable_text(tf):
    return str(tf.Variable([1.0], name="x")), repr(tf.Variable(3, name="y"))


@snippet
def uninitialised_in_functions(tf):
    v = tf.Variable(2.0)

    @tf.function
    def f():
        return v.is_initialized()

    return f()


@snippet
def variable_string_and_bool(tf):
    s, b = tf.Variable("a"), tf.Variable([True, False])
    s.assign("bc")
    b.assign(tf.logical_not(b))
    return s, b


@snippet
def module_attributes(tf):
    class Layer(tf.Module):
        def __init__(self, n, name=None):
            super().__init__(name=name)
            with self.name_scope:
                self.b = tf.Variable(tf.zeros([n]), name="b")
                self.a = tf.Variable(tf.ones([n]), name="a")
            self.frozen = tf.Variable(1.0, trainable=False, name="frozen")

    class Net(tf.Module):
        def __init__(self):
            super().__init__()
            self.layers = [Layer(1), {"k": Layer(2, "second")}]
            self.own = tf.Variable(0.0, name="own")

        @tf.Module.with_name_scope
        def build(self):
            self.late = tf.Variable(1.0, name="late")
            return self.late

    n = Net()
    n.build()
    return [
        n.name,
        [v.name for v in n.variables],
        [v.name for v in n.trainable_variables],
        [m.name for m in n.submodules],
        n.name_scope.name,
        [v.name for v in n.non_trainable_variables],
        n.layers[1]["k"].name,
    ]


@raises
def module_with_a_bad_name(tf):
    return tf.Module(name="not a name")


@snippet
def name_scopes(tf):
    with tf.name_scope("outer"), tf.name_scope("inner") as scope:
        v = tf.Variable(1.0, name="v")
    return scope, v.name, tf.get_current_name_scope()


@snippet
def device_placement(tf):
    with tf.device("/CPU:0"):
        x = tf.constant([1.0])
        y = x + 1
    return (
        y,
        "CPU:0" in y.device,
        [d.device_type for d in tf.config.list_physical_devices("CPU")],
        tf.config.list_physical_devices("TPU"),
    )


@raises
def device_that_does_not_exist(tf):
    with tf.device("/nonsense:0"):
        return tf.constant([1.0]) + 1.0


@snippet
def cpu_copies(tf):
    x = tf.constant([1, 2])
    return x.cpu() if hasattr(x, "cpu") else x, tf.identity(x), x.device.endswith("CPU:0")


@snippet
def optimiser_step_by_hand(tf):
    w, m = tf.Variable([1.0, -2.0]), tf.Variable([0.0, 0.0])

    @tf.function
    def step(x, y):
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean((tf.linalg.matvec(x, w) - y) ** 2)
        g = tape.gradient(loss, w)
        m.assign(0.9 * m + g)
        w.assign_sub(0.1 * m)
        return loss

    x, y = tf.constant([[1.0, 2.0], [0.5, -1.0], [3.0, 0.0]]), tf.constant([1.0, 2.0, 3.0])
    return [step(x, y) for _ in range(5)], w, m


@snippet
def indexed_slices_object(tf):
    s = tf.IndexedSlices(tf.constant([[1.0, 2.0]]), tf.constant([2]), tf.constant([4, 2]))
    return s, tf.convert_to_tensor(s), s.shape, s.dtype, tf.math.scalar_mul(2.0, s)


@snippet
def initializers(tf):
    z = (
        tf.zeros_initializer()([2, 2]),
        tf.ones_initializer()([2]),
        tf.constant_initializer(3.5)([2, 1]),
        tf.constant_initializer([1.0, 2.0])([2]),
    )
    r = (
        tf.random_normal_initializer(1.0, 0.1, seed=1)([500]),
        tf.random_uniform_initializer(-1.0, 1.0, seed=1)([500]),
    )
    return z, r[0].shape, tf.abs(tf.reduce_mean(r[0]) - 1.0) < 0.05, tf.reduce_all(tf.abs(r[1]) <= 1.0)


@snippet
def critical_section_and_groups(tf):
    v = tf.Variable(0)
    cs = tf.CriticalSection()
    return cs.execute(lambda: v.assign_add(1)), v


@snippet(graph=[False, True], dtype=["int32", "int64"])
def counting_up(tf, graph, dtype):
    v = tf.Variable(3, dtype=dtype)
    count = tf.function(lambda: v.count_up_to(5)) if graph else lambda: v.count_up_to(5)
    return count(), count(), v


@raises(graph=[False, True])
def counting_past_the_limit(tf, graph):
    v = tf.Variable(3)
    count = tf.function(lambda: v.count_up_to(3)) if graph else lambda: v.count_up_to(3)
    return count()


@raises
def counting_with_floats(tf):
    return tf.Variable(1.0).count_up_to(3)


@snippet(graph=[False, True])
def locking_changes_nothing(tf, graph):
    v = tf.Variable([1.0, 2.0, 3.0])
    row = tf.IndexedSlices(tf.constant([5.0]), tf.constant([1]))

    def update():
        v.assign([2.0, 3.0, 4.0], use_locking=True)
        v.assign_add([1.0, 1.0, 1.0], use_locking=True)
        v.scatter_add(row, use_locking=False)
        return v.scatter_max(row, use_locking=True)

    return tf.function(update)() if graph else update(), v


@snippet
def graphs_keep_variables_alive(tf):
    def make():
        v = tf.Variable(2.0)
        return tf.function(lambda: v.assign_add(1.0)).get_concrete_function(), v.handle

    concrete, handle = make()
    return concrete(), concrete(), tf.raw_ops.ReadVariableOp(resource=handle, dtype=tf.float32)


@snippet
def sizes_of_types(tf):
    names = ["string", "resource", "variant", "bool", "bfloat16", "qint8", "complex128"]
    return [tf.as_dtype(n).size for n in names], tf.ones([2, 3])._shape_tuple()
