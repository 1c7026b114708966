"""Rows of variables that optimizers update more than once, and names of Python's numbers in graphs."""

import numpy as np
from conformance.harness import snippet

STEPS = {
    "Momentum": (1, {"lr": 0.1}, {"momentum": 0.9}, {"use_nesterov": True}),
    "KerasMomentum": (1, {"lr": 0.1}, {"momentum": 0.9}, {}),
    "Adagrad": (1, {"lr": 0.1}, {}, {}),
    "AdagradV2": (1, {"lr": 0.1, "epsilon": 0.01}, {}, {}),
    "ProximalAdagrad": (1, {"lr": 0.1, "l1": 0.01, "l2": 0.02}, {}, {}),
    "ProximalGradientDescent": (0, {"alpha": 0.1, "l1": 0.01, "l2": 0.02}, {}, {}),
    "RMSProp": (2, {"lr": 0.1, "rho": 0.9, "momentum": 0.5, "epsilon": 0.01}, {}, {}),
    "CenteredRMSProp": (3, {"lr": 0.1, "rho": 0.9, "momentum": 0.5, "epsilon": 1.0}, {}, {}),
    "Adadelta": (2, {"lr": 0.1, "rho": 0.9, "epsilon": 0.01}, {}, {}),
    "Ftrl": (2, {}, {"lr": 0.1, "l1": 0.01, "l2": 0.02, "lr_power": -0.5}, {}),
    "FtrlV2": (2, {}, {"lr": 0.1, "l1": 0.01, "l2": 0.02, "l2_shrinkage": 0.1, "lr_power": -0.5}, {}),
    "AdagradDA": (2, {}, {"lr": 0.1, "l1": 0.01, "l2": 0.02}, {}),
}
SLOTS = {
    "Momentum": ["accum"], "KerasMomentum": ["accum"], "Adagrad": ["accum"], "AdagradV2": ["accum"],
    "ProximalAdagrad": ["accum"], "ProximalGradientDescent": [], "RMSProp": ["ms", "mom"],
    "CenteredRMSProp": ["mg", "ms", "mom"], "Adadelta": ["accum", "accum_update"], "Ftrl": ["accum", "linear"],
    "FtrlV2": ["accum", "linear"], "AdagradDA": ["gradient_accumulator", "gradient_squared_accumulator"],
}  # fmt: skip


@snippet(which=list(STEPS), rank=[1, 2], how=["eager", "graph", "function"], rtol=2e-5, atol=1e-6)
def repeated_rows(tf, which, rank, how):
    v1 = tf.compat.v1
    _, before, after, attrs = STEPS[which]
    shape = [4, 2][:rank]
    grad = (np.arange(12, dtype=np.float32).reshape(6, 2) / 3 - 1)[:, 0 if rank == 1 else slice(None)]
    indices = [1, 3, 1, 0, 1, 3]

    def make():
        start = np.arange(np.prod(shape), dtype=np.float32).reshape(shape) / 4 - 1
        names = ["var", *SLOTS[which]]
        variables = [tf.Variable(start if n == "var" else np.full(shape, 0.2, np.float32)) for n in names]
        return dict(zip(names, variables))

    def step(variables):
        rest = {k: tf.constant(v) for k, v in {**before, **after}.items()}
        if which == "AdagradDA":
            rest["global_step"] = tf.constant(3, tf.int64)
        handles = {k: v.handle for k, v in variables.items()}
        op = getattr(tf.raw_ops, f"ResourceSparseApply{which}")
        return op(**handles, **rest, grad=tf.constant(grad), indices=tf.constant(indices), **attrs)

    if how == "graph":
        with tf.Graph().as_default(), v1.Session() as sess:
            v1.enable_resource_variables()
            variables = make()
            done = step(variables)
            sess.run(v1.global_variables_initializer())
            sess.run(done)
            return sess.run(list(variables.values()))
    variables = make()
    if how == "function":

        @tf.function
        def f():
            step(variables)

        f()
    else:
        step(variables)
    return list(variables.values())


@snippet(
    which=[
        "Momentum",
        "Adagrad",
        "Adam",
        "RMSProp",
        "Adadelta",
        "Ftrl",
        "GradientDescent",
        "ProximalAdagrad",
    ],
    resource=[True, False],
)
def updates_of_rows(tf, which, resource):
    """The ops that an optimizer adds for the rows."""
    v1 = tf.compat.v1
    with tf.Graph().as_default() as graph:
        w = v1.get_variable("w", [4, 2], use_resource=resource)
        t = v1.train
        opt = {
            "GradientDescent": lambda: t.GradientDescentOptimizer(0.1),
            "Momentum": lambda: t.MomentumOptimizer(0.1, 0.9),
            "Adagrad": lambda: t.AdagradOptimizer(0.1),
            "Adam": lambda: t.AdamOptimizer(0.1),
            "RMSProp": lambda: t.RMSPropOptimizer(0.01, momentum=0.5),
            "Adadelta": lambda: t.AdadeltaOptimizer(1.0),
            "Ftrl": lambda: t.FtrlOptimizer(0.1),
            "ProximalAdagrad": lambda: t.ProximalAdagradOptimizer(0.1, 0.1, 0.01, 0.02),
        }[which]()
        opt.minimize(tf.reduce_sum((tf.gather(w, [1, 3, 1]) - 0.5) ** 2))
        of_interest = "Unique", "UnsortedSegmentSum", "SparseApply", "ScatterSub", "ScatterAdd"
        if which in ("Adam", "GradientDescent"):
            return None
        return sorted({n.type for n in graph.get_operations() if any(k in n.type for k in of_interest)})
