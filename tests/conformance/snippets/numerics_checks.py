"""Checks for NaN and infinity: in eager code, functions, compiled functions, sessions."""

import numpy as np
from conformance.harness import raises, snippet


@snippet(jit_compile=[False, True])
def finite(tf, jit_compile):
    f = tf.function(lambda x: tf.debugging.check_numerics(tf.sqrt(x), "root") * 2.0, jit_compile=jit_compile)
    return f(tf.constant([1.0, 4.0]))


@snippet
def compiled_programs_check_nothing(tf):
    f = tf.function(lambda x: tf.debugging.check_numerics(tf.sqrt(x), "root"), jit_compile=True)
    return f(tf.constant([-1.0, 4.0]))


@raises(value=[np.nan, np.inf, -np.inf])
def in_a_function(tf, value):
    tf.function(lambda x: tf.debugging.check_numerics(x * 1.0, "x"))(tf.constant([1.0, value]))


@raises
def in_a_loop(tf):
    @tf.function
    def f(x):
        for _ in tf.range(3):
            x = tf.debugging.check_numerics(tf.sqrt(x - 1.0), "x")
        return x

    f(tf.constant([2.0]))


@raises
def in_a_session(tf):
    v1 = tf.compat.v1
    with tf.Graph().as_default(), v1.Session() as sess:
        x = v1.placeholder(tf.float32, [])
        sess.run(tf.debugging.check_numerics(tf.math.log(x), "log"), {x: -1.0})


@snippet
def all_of_a_graph(tf):
    v1 = tf.compat.v1
    out = []
    with tf.Graph().as_default(), v1.Session() as sess:
        x = v1.placeholder(tf.float32, [])
        tf.math.log(x, name="log")
        checks = v1.add_check_numerics_ops()
        for value in (1.0, 0.0, -1.0):
            try:
                sess.run(checks, {x: value})
                out.append("fine")
            except tf.errors.InvalidArgumentError as error:
                out.append("Inf" if "Inf" in error.message else "NaN")
    return out


@snippet
def every_op_of_a_function(tf):
    tf.debugging.enable_check_numerics()
    try:
        f = tf.function(lambda x: tf.reduce_sum(tf.math.log(x) * 2.0))
        fine = f(tf.constant([1.0, 2.0]))
        try:
            f(tf.constant([1.0, 0.0]))
        except tf.errors.InvalidArgumentError as error:
            return fine, '"Log"' in error.message, "-Inf" in error.message
    finally:
        tf.debugging.disable_check_numerics()
