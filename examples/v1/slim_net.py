"""A convolutional network in the manner of `slim`: arguments in scopes, a layer a line, variables and losses found again.

It needs `tf.contrib`, and so a TensorFlow of its time.
"""

import argparse
from types import SimpleNamespace

import numpy as np
import tensorflow as tf
from sklearn.datasets import load_digits

slim = tf.contrib.slim


def digits():
    data = load_digits()
    images = (data.images / 16.0).astype(np.float32)[..., None]
    return (images[:-360], data.target[:-360]), (images[-360:], data.target[-360:])


def arg_scope(weight_decay=5e-4):
    regularizer = slim.l2_regularizer(weight_decay)
    with (
        slim.arg_scope(
            [slim.conv2d, slim.fully_connected], activation_fn=tf.nn.relu, weights_regularizer=regularizer
        ),
        slim.arg_scope([slim.conv2d], padding="SAME", normalizer_fn=slim.batch_norm) as scope,
    ):
        return scope


def network(images, is_training, scope="net"):
    """Logits, and what each layer gives by name."""
    with tf.variable_scope(scope, "net", [images]) as sc:
        collection = sc.original_name_scope + "_end_points"
        with (
            slim.arg_scope(
                [slim.conv2d, slim.fully_connected, slim.max_pool2d], outputs_collections=collection
            ),
            slim.arg_scope([slim.batch_norm, slim.dropout], is_training=is_training),
            slim.arg_scope([slim.batch_norm], decay=0.9, scale=True),
        ):
            h = slim.repeat(images, 2, slim.conv2d, 32, [3, 3], scope="conv1")
            h = slim.max_pool2d(h, [2, 2], scope="pool1")
            h = slim.conv2d(h, 64, [3, 3], scope="conv2")
            h = slim.max_pool2d(h, [2, 2], scope="pool2")
            h = slim.flatten(h)
            h = slim.fully_connected(h, 64, scope="fc1")
            h = slim.dropout(h, 0.7, scope="dropout")
            logits = slim.fully_connected(h, 10, activation_fn=None, scope="logits")
        return logits, slim.utils.convert_collection_to_dict(collection)


def build():
    x = tf.placeholder(tf.float32, [None, 8, 8, 1], name="x")
    y = tf.placeholder(tf.int64, [None], name="y")
    is_training = tf.placeholder_with_default(False, [], name="is_training")
    with slim.arg_scope(arg_scope()):
        logits, end_points = network(x, is_training)
    slim.losses.softmax_cross_entropy(logits, slim.one_hot_encoding(y, 10))
    loss = slim.losses.get_total_loss()
    train = slim.learning.create_train_op(loss, tf.train.AdamOptimizer(2e-3), clip_gradient_norm=5.0)
    accuracy = slim.metrics.accuracy(tf.argmax(logits, 1), y)
    return SimpleNamespace(
        x=x, y=y, is_training=is_training, loss=loss, train=train, accuracy=accuracy, end_points=end_points
    )


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--steps", type=int, default=500)
    parser.add_argument("--quick", action="store_true", help="a few seconds, for tests")
    args = parser.parse_args()

    tf.set_random_seed(0)
    net, rng = build(), np.random.RandomState(0)
    for name, layer in net.end_points.items():
        print(f"{name:24} {layer.shape}")
    print(
        len(slim.get_model_variables()),
        "model variables,",
        len(slim.get_variables_by_name("weights")),
        "weights",
    )
    (images, labels), (test_images, test_labels) = digits()
    with tf.Session() as sess:
        sess.run(tf.global_variables_initializer())
        for step in range(1, (120 if args.quick else args.steps) + 1):
            chosen = rng.randint(len(images), size=64)
            loss = sess.run(net.train, {net.x: images[chosen], net.y: labels[chosen], net.is_training: True})
            if step % 40 == 0:
                print(f"step {step}: loss {loss:.4f}")
        accuracy = sess.run(net.accuracy, {net.x: test_images, net.y: test_labels})
    print(f"accuracy {accuracy:.3f} (chance 0.100)")


if __name__ == "__main__":
    main()
