"""Variables without a value: reading, changing and taking rows of them, as resources and as references."""

from conformance.harness import raises

CHANGES = [
    "assign_add",
    "assign_sub",
    "no_value",
    "scatter_add",
    "scatter_update",
    "slice",
    "gather",
    "read",
    "add",
    "assign",
    "count",
]


def run(tf, change, resource, started):
    v1 = tf.compat.v1
    with tf.Graph().as_default(), v1.Session() as sess:
        v = v1.Variable([1.0, 2.0], name="v", use_resource=resource)
        w = v1.Variable([1.0, 2.0], name="w", use_resource=resource)
        if started:
            sess.run(w.initializer)
        fetch = {
            "assign_add": lambda: v1.assign_add(v, [1.0, 1.0]),
            "assign_sub": lambda: v1.assign_sub(v, [1.0, 1.0]),
            "no_value": lambda: v.assign_add([1.0, 1.0], read_value=False),
            "scatter_add": lambda: v1.scatter_add(v, [0], [1.0]),
            "scatter_update": lambda: v1.scatter_update(v, [0], [1.0]),
            "slice": lambda: v[0:1].assign([3.0]),
            "gather": lambda: tf.gather(v, [0]),
            "read": v.read_value,
            "add": lambda: v + w,
            "assign": lambda: v1.assign(w, v),
            "count": lambda: v1.count_up_to(v1.Variable(0, name="c", use_resource=resource), 3),
        }[change]()
        sess.run(fetch)


@raises(change=CHANGES, resource=[True, False], started=[True, False])
def uninitialized(tf, change, resource, started):
    run(tf, change, resource, started)


@raises(change=["assign_add", "gather", "read"])
def in_a_branch(tf, change):
    v1 = tf.compat.v1
    with tf.Graph().as_default(), v1.Session() as sess:
        v = v1.Variable([1.0, 2.0], name="v", use_resource=True)
        take = {
            "assign_add": lambda: v.assign_add([1.0, 1.0]) + 0.0,
            "gather": lambda: tf.gather(v, [0, 0]),
            "read": lambda: v + 1.0,
        }[change]
        sess.run(v1.cond(tf.constant(True), take, lambda: tf.zeros([2])))
