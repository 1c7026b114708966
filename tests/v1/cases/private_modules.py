"""Cases of modules that programs import privately."""

import numpy as np


def moving_averages(tf):
    from tensorflow.python.training import moving_averages as m

    x = tf.placeholder_with_default(2.0, [])
    a = tf.get_variable("a", initializer=0.0, trainable=False, use_resource=True)
    with tf.variable_scope("s"):
        b = tf.get_variable("b", [2], initializer=tf.zeros_initializer(), trainable=False, use_resource=True)
    plain = m.assign_moving_average(a, x, 0.9, zero_debias=False)
    corrected = m.assign_moving_average(b, [x, 1.0], 0.9)
    zero = tf.variables_initializer([a, b])
    rest = tf.variables_initializer(
        [v for v in tf.global_variables() if "biased" in v.name or "local" in v.name]
    )

    def run(sess):
        sess.run([zero, rest])
        return [sess.run([plain, corrected], {x: v}) for v in (2.0, 4.0, -1.0)]

    return run


def ops_by_name(tf):
    from tensorflow.python.framework import ops
    from tensorflow.python.ops import gen_array_ops, gen_math_ops, gen_nn_ops

    @ops.RegisterGradient("Guided")
    def _guided(op, grad):
        return tf.where(grad > 0.0, gen_nn_ops.relu_grad(grad, op.outputs[0]), tf.zeros_like(grad))

    x = tf.constant([[-1.0, 2.0], [3.0, -4.0]])
    with tf.get_default_graph().gradient_override_map({"Relu": "Guided"}):
        y = tf.nn.relu(x) * [[1.0, -1.0], [2.0, 3.0]]
    return [
        tf.gradients(y, x)[0], gen_math_ops.mat_mul(x, x, transpose_b=True), gen_array_ops.reshape(x, [4]),
        gen_nn_ops.softmax(x, name="soft"),
    ]  # fmt: skip


def modules(tf):
    import tempfile

    from tensorflow.contrib.data.python.ops.interleave_ops import parallel_interleave
    from tensorflow.contrib.framework.python.ops import add_arg_scope, variables
    from tensorflow.contrib.layers.python.layers import initializers, layers, utils
    from tensorflow.contrib.opt.python.training import lazy_adam_optimizer
    from tensorflow.contrib.slim.python.slim.data import tfexample_decoder
    from tensorflow.contrib.training.python.training.hparam import HParams
    from tensorflow.python.lib.io import file_io
    from tensorflow.python.ops.distributions.normal import Normal
    from tensorflow.python.ops.losses.losses_impl import compute_weighted_loss
    from tensorflow.python.saved_model.signature_def_utils_impl import predict_signature_def
    from tensorflow.python.util import deprecation, tf_inspect
    from tensorflow.python.util.tf_export import tf_export

    path = tempfile.mkdtemp() + "/a/b.txt"
    file_io.recursive_create_dir(path[:-6])
    file_io.write_string_to_file(path, "text")

    @deprecation.deprecated(None, "Use another.")
    @tf_export("doubled")
    def doubled(x):
        return 2 * x

    told = [
        parallel_interleave is tf.contrib.data.parallel_interleave, layers.conv2d is tf.contrib.layers.conv2d,
        lazy_adam_optimizer.LazyAdamOptimizer is tf.contrib.opt.LazyAdamOptimizer, HParams is tf.contrib.training.HParams,
        tfexample_decoder.Image is tf.contrib.slim.tfexample_decoder.Image, Normal is tf.distributions.Normal,
        compute_weighted_loss is tf.losses.compute_weighted_loss, callable(predict_signature_def), callable(add_arg_scope),
        callable(initializers.xavier_initializer), callable(variables.model_variable), callable(utils.last_dimension),
        file_io.read_file_to_string(path), file_io.file_exists(path), file_io.file_exists(path + "x"), doubled(3),
        tf_inspect.isfunction(doubled),
    ]  # fmt: skip
    return lambda sess: [np.asarray(t) if not isinstance(t, str) else t for t in told]
