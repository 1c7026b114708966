"""Variables that are references: their tensors, types and operations; what runs give; what of their order is certain."""

from conformance.harness import raises, snippet


@snippet
def tensors_of_a_variable(tf):
    v1 = tf.compat.v1
    with tf.Graph().as_default() as g:
        w = v1.Variable([1.0, 2.0], name="w", use_resource=False)
        named, read = g.get_tensor_by_name("w:0"), g.get_tensor_by_name("w/read:0")
        return [
            [(o.name, o.type, [t.name for t in o.inputs], [t.dtype.name for t in o.outputs]) for o in g.get_operations()],
            w.value() is read, w._ref() is named, w.value().name, w.read_value().op.type, w.op.type, w.op.name, w.name,
            w.initializer.name, w.initializer.type, w.initial_value.name, w.initialized_value().dtype.name,
            v1.convert_to_tensor(w).name, v1.convert_to_tensor(named).name,
            v1.add(named, 1.0).dtype.name, [t.name for t in tf.identity(w).op.inputs], [t.name for t in (-w).op.inputs],
            tf.gather(w, [0]).op.inputs[0].name, w[0].op.inputs[0].name, named.shape.as_list(), bool(w), str(w), repr(named),
        ]  # fmt: skip


@snippet
def types_of_references(tf):
    v1 = tf.compat.v1
    with tf.Graph().as_default():
        d = v1.Variable([1.0, 2.0], use_resource=False).dtype
    return [
        d.name, repr(d), str(d), d.base_dtype, d.base_dtype.name, d._is_ref_dtype, d.as_datatype_enum, d.size, d.is_floating,
        d == tf.float32, tf.float32 == d, d != tf.float32, d == "float32_ref", d == "float32", d == d, hash(d) == hash(tf.float32),
        d.is_compatible_with(tf.float32), tf.float32.is_compatible_with(d), d.is_compatible_with(d),
        tf.as_dtype("float32_ref") is d, tf.as_dtype(101) is d, tf.as_dtype(d) is d, tf.float32._as_ref is d, tf.float32._is_ref_dtype,
        [tf.as_dtype(f"{n}_ref").as_datatype_enum for n in ("int32", "string", "bool", "complex64", "half", "double", "float", "uint8")],
        tf.as_dtype("half_ref").name, tf.as_dtype("complex64_ref").real_dtype.name, d.as_numpy_dtype.__name__,
    ]  # fmt: skip


@snippet
def types_of_references_make_values(tf):
    v1 = tf.compat.v1
    with tf.Graph().as_default():
        w = v1.Variable([1.0, 2.0], use_resource=False)
        made = [
            tf.zeros([2], w.dtype), tf.constant(1.0, w.dtype), v1.placeholder(w.dtype), tf.cast([1, 2], w.dtype), tf.ones_like(w),
            v1.get_variable("g", [2], w.dtype, use_resource=True), tf.zeros_like(w), tf.cast(w, w.dtype),
        ]  # fmt: skip
        return [t.dtype.name for t in made]


@snippet(resource=[False, True])
def kinds(tf, resource):
    v1 = tf.compat.v1
    with tf.Graph().as_default(), v1.variable_scope("s", use_resource=resource):
        a = v1.get_variable("a", [2])
        parts = v1.get_variable("p", [4, 2], partitioner=v1.fixed_size_partitioner(2))
        b = v1.get_variable("b", [2], use_resource=not resource)
        c = v1.Variable(1.0)
        loss = tf.reduce_sum(a * a)
        adam, momentum = v1.train.AdamOptimizer(), v1.train.MomentumOptimizer(0.1, 0.9)
        adam.minimize(loss), momentum.minimize(loss)
        average = v1.train.ExponentialMovingAverage(0.9)
        average.apply([a])
        found = [a, *parts, b, c, adam.get_slot(a, "m"), *adam._get_beta_accumulators(), momentum.get_slot(a, "momentum"), average.average(a)]  # fmt: skip
        return [v.dtype.name for v in found]


@snippet
def updates(tf):
    v1 = tf.compat.v1
    with tf.Graph().as_default():
        w = v1.Variable([1.0, 2.0], name="w", use_resource=False)
        c = v1.Variable(0, use_resource=False)
        slices = tf.IndexedSlices(tf.constant([5.0]), tf.constant([0]))
        made = [
            w.assign([3.0, 4.0]), v1.assign(w, [1.0, 1.0]), w.assign_add([1.0, 1.0]), v1.assign_sub(w, [1.0, 1.0]),
            v1.assign(w, [1.0, 2.0, 3.0], validate_shape=False), v1.scatter_update(w, [0], [5.0]), v1.scatter_add(w, [0], [5.0]),
            v1.scatter_nd_update(w, [[0]], [5.0]), v1.scatter_nd_add(w, [[0]], [5.0]), w.scatter_sub(slices),
            w.scatter_nd_update([[0]], [5.0]), w[0].assign(3.0), w.assign(w.assign([1.0, 1.0])), v1.assign(w._ref(), [1.0, 2.0]),
        ]  # fmt: skip
        return [
            [(t.op.type, t.dtype.name, t.shape.as_list()) for t in made],
            w.assign([1.0, 1.0], read_value=False).type, c.count_up_to(3).op.type, v1.count_up_to(c, 3).op.type,
            v1.is_variable_initialized(w).op.type, w.shape.as_list(),
        ]  # fmt: skip


@snippet
def values_of_updates(tf):
    v1 = tf.compat.v1
    with tf.Graph().as_default(), v1.Session() as sess:
        w = v1.Variable([1.0, 2.0], name="w", use_resource=False)
        n = v1.Variable(0, use_resource=False)
        init = v1.global_variables_initializer()
        out = []
        for t in [
            w.assign([3.0, 4.0]), w.assign_add([3.0, 4.0]), v1.scatter_add(w, [0, 0], [3.0, 4.0]), v1.scatter_mul(w, [1], [3.0]),
            v1.scatter_nd_update(w, [[1]], [7.0]), v1.scatter_nd_sub(w, [[1]], [7.0]), w[1:].assign([8.0]), v1.scatter_max(w, [0, 1], [9.0, 0.0]),
            v1.assign_add(v1.assign(w, [5.0, 5.0]), [1.0, 2.0]), w.assign([3.0, 4.0]).op, v1.assign(w, w[::-1]), w.assign(w * 2.0),
        ]:  # fmt: skip
            sess.run(init)
            out.append((sess.run(t), sess.run(w), sess.run("w:0"), sess.run("w/read:0"), sess.run(w + 0.0)))
        sess.run(init)
        counted = [sess.run(n.count_up_to(2)), sess.run(v1.count_up_to(n, 2))]
        return out, counted, sess.run([v1.is_variable_initialized(w), v1.report_uninitialized_variables()])


@snippet
def what_is_fetched_with_an_update(tf):
    """References are the memory itself: what only names it has the value at the end of the run."""
    v1 = tf.compat.v1
    with tf.Graph().as_default(), v1.Session() as sess:
        w = v1.Variable([1.0, 2.0], name="w", use_resource=False)
        step = v1.Variable(0, trainable=False, use_resource=False)
        loss = tf.reduce_sum(tf.square(w))
        train = v1.train.GradientDescentOptimizer(0.25).minimize(loss, global_step=step)
        one, two = v1.assign_add(step, 1), v1.assign_add(step, 1)
        early, product = tf.identity(w), w * 1.0
        with tf.control_dependencies([early]):
            late = v1.assign(w, [9.0, 9.0])
        with tf.control_dependencies([product]):
            later = v1.assign(w, [8.0, 8.0])
        with tf.control_dependencies([train]):
            after = [w.read_value(), tf.identity(w), w + 0.0, w * 1.0]
        init = v1.global_variables_initializer()
        out = []
        for f in [
            [train, step], [train, w], [train, "w:0"], [train, w.value()], one, [one, step], [one, two, step], *after,
            [early, late], [product, later], [after[0], w], [after[2], w],
        ]:  # fmt: skip
            sess.run(init)
            out.append(sess.run(f))
        return out


@snippet(resource=[False, True])
def reads_after_updates(tf, resource):
    """What control dependencies ask for holds for both kinds."""
    v1 = tf.compat.v1
    with tf.Graph().as_default(), v1.Session() as sess:
        w = v1.Variable([1.0, 2.0], use_resource=resource)
        before = w * 1.0
        with tf.control_dependencies([before]):
            assign = v1.assign(w, [5.0, 6.0])
        with tf.control_dependencies([assign]):
            after = [w.read_value(), w + 0.0, tf.identity(w)]
            with tf.control_dependencies(after[:2]):
                again = w.assign_add([1.0, 1.0])
        init = v1.global_variables_initializer()
        out = []
        for f in [[before, after[1]], after[0], after[2], again, [before, again]]:
            sess.run(init)
            out.append(sess.run(f))
        return out


@snippet
def feeds(tf):
    v1 = tf.compat.v1
    with tf.Graph().as_default(), v1.Session() as sess:
        w = v1.Variable([1.0, 2.0], name="w", use_resource=False)
        other = v1.assign(w, [7.0, 7.0])
        sess.run(w.initializer)
        y = w + 1.0
        return [
            sess.run([w, y, w.value()], {w: [5.0, 5.0]}), sess.run([w, y], {"w:0": [4.0, 4.0]}),
            sess.run([w, y, w.value()], {w.value(): [5.0, 5.0]}), sess.run([w, y], {"w/read:0": [5.0, 5.0]}),
            sess.run([w, other, y], {w.value(): [5.0, 5.0]}), sess.run([w, y]), w.load([3.0, 3.0], sess), sess.run(w),
        ]  # fmt: skip


@snippet
def shapes_that_change(tf):
    v1 = tf.compat.v1
    with tf.Graph().as_default(), v1.Session() as sess:
        x = v1.placeholder_with_default([1.0, 2.0], None)
        v = v1.Variable(x, validate_shape=False, use_resource=False)
        w = v1.Variable([1.0, 2.0], use_resource=False)
        sess.run(v1.global_variables_initializer())
        out = [
            v.shape.rank,
            sess.run(v),
            sess.run(v1.assign(v, [[1.0]], validate_shape=False)),
            sess.run(v * 2.0),
            sess.run(tf.shape(v)),
        ]
        out += [
            sess.run(w * 2.0),
            sess.run(v1.assign(w, [3.0, 4.0, 5.0], validate_shape=False)),
            sess.run(w),
            sess.run(w + 1.0),
            w.shape.as_list(),
        ]
        sess.run(v1.assign(w, [1.0, 2.0], validate_shape=False))
        return [*out, sess.run(w.assign_add([1.0, 1.0])), sess.run(w)]  # fmt: skip


@snippet(resource=[False, True])
def inside_of_conditionals_and_loops(tf, resource):
    v1 = tf.compat.v1
    v1.disable_control_flow_v2()
    try:
        with tf.Graph().as_default(), v1.Session() as sess:
            w = v1.Variable([1.0, 2.0], use_resource=resource)
            u = v1.Variable([3.0], use_resource=False)
            p = v1.placeholder(tf.bool, [])
            chosen = v1.cond(p, lambda: v1.assign(w, [7.0, 7.0]) + 0.0, lambda: w.read_value())
            plain = v1.cond(p, lambda: w * 2.0, lambda: w - 1.0)
            first = u.initialized_value()
            gradient = v1.gradients(v1.cond(p, lambda: w * w, lambda: w * 3.0), w)
            looped = v1.while_loop(lambda i, a: i < 3, lambda i, a: (i + 1, a * w), [0, tf.ones([2])])[1]
            slope = v1.gradients(looped, w)
            out = [sess.run(first)]
            init = v1.global_variables_initializer()
            for value in (True, False):
                for f in (chosen, plain, gradient, looped, slope, first):
                    sess.run(init)
                    out.append((sess.run(f, {p: value}), sess.run(w)))
            return out
    finally:
        v1.enable_control_flow_v2()


@snippet
def definitions(tf):
    v1 = tf.compat.v1
    with tf.Graph().as_default() as g, v1.Session() as sess:
        w = v1.Variable([1.0, 2.0], name="w", use_resource=False)
        sess.run(w.initializer)
        d = w.to_proto()
        again = v1.Variable.from_proto(d)
        nodes = {n.name: (n.op, list(n.input)) for n in g.as_graph_def().node}
        return [
            d.variable_name, d.initializer_name, d.snapshot_name, d.initial_value_name, d.is_resource, d.trainable, nodes,
            again.dtype.name, again.value().name, again.op.type, sess.run(again.assign_add([1.0, 1.0])), sess.run(w),
        ]  # fmt: skip


@snippet
def a_graph_read_again(tf):
    v1 = tf.compat.v1
    with tf.Graph().as_default() as g:
        w = v1.Variable([1.0, 2.0], name="w", use_resource=False)
        v1.train.MomentumOptimizer(0.5, 0.9, name="m").minimize(tf.reduce_sum(w * w), name="train")
        v1.assign_add(w, [1.0, 1.0], name="add")
        init = v1.global_variables_initializer().name
        definition = g.as_graph_def()
    with tf.Graph().as_default() as g, v1.Session() as sess:
        tf.import_graph_def(definition, name="in")
        sess.run(f"in/{init}")
        sess.run("in/train")
        read = g.get_tensor_by_name("in/w:0")
        return [
            read.dtype.name, read.op.type, sess.run(["in/w:0", "in/w/read:0"]), sess.run("in/add:0"), sess.run(read + 1.0),
            sess.run("in/w/read:0", {"in/w:0": [0.0, 0.0]}), sess.run(v1.assign(read, [0.0, 1.0])), sess.run(read),
        ]  # fmt: skip


@raises
def another_shape(tf):
    w = tf.compat.v1.Variable([1.0, 2.0], use_resource=False)
    return w.assign([1.0, 2.0, 3.0])


@raises
def another_shape_when_run(tf):
    v1 = tf.compat.v1
    with tf.Graph().as_default(), v1.Session() as sess:
        w = v1.Variable([1.0, 2.0], use_resource=False)
        sess.run(w.initializer)
        sess.run(v1.assign(w, [1.0, 2.0, 3.0], validate_shape=False))
        return sess.run(w.initializer)


@raises
def changed_while_fed(tf):
    v1 = tf.compat.v1
    with tf.Graph().as_default(), v1.Session() as sess:
        w = v1.Variable([1.0, 2.0], use_resource=False)
        sess.run(w.initializer)
        return sess.run([w, v1.assign(w, [1.0, 1.0])], {w: [5.0, 5.0]})


@raises
def without_a_value(tf):
    v1 = tf.compat.v1
    with tf.Graph().as_default(), v1.Session() as sess:
        return sess.run(v1.Variable([1.0, 2.0], use_resource=False) + 1.0)


@raises
def updated_without_a_value(tf):
    v1 = tf.compat.v1
    with tf.Graph().as_default(), v1.Session() as sess:
        return sess.run(v1.assign_add(v1.Variable([1.0, 2.0], use_resource=False), [1.0, 1.0]))


@raises
def counted_too_far(tf):
    v1 = tf.compat.v1
    with tf.Graph().as_default(), v1.Session() as sess:
        n = v1.Variable(2, use_resource=False)
        sess.run(n.initializer)
        return sess.run(n.count_up_to(2))


@raises
def converted_to_another_type(tf):
    v1 = tf.compat.v1
    with tf.Graph().as_default():
        return v1.convert_to_tensor(v1.Variable([1.0, 2.0], use_resource=False), tf.float64)
