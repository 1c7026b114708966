"""Training that is watched, saved, interrupted and taken up again: `MonitoredTrainingSession` with hooks.

A small network fits a surface. Hooks count the steps, write checkpoints and summaries, stop at the last step, or at the first
NaN, and (one of our own) keep the losses. The first training ends half way; the second finds the checkpoint and goes on from
there; a `Saver` reads what it left.
"""

import os
import tempfile

import numpy as np
import tensorflow.compat.v1 as tf

flags = tf.app.flags
flags.DEFINE_integer("steps", 3000, "how many batches to train on in all")
flags.DEFINE_string("train_dir", "", "where checkpoints are kept; a folder that is removed if empty")
flags.DEFINE_boolean("quick", False, "a few seconds, for tests")
FLAGS = flags.FLAGS


def surface(points):
    return np.sin(3 * points[:, :1]) * np.cos(2 * points[:, 1:])


class LossHook(tf.train.SessionRunHook):
    """Keeps the loss of every step, and where it began."""

    def __init__(self, loss):
        self.loss, self.losses, self.first_step = loss, [], None

    def after_create_session(self, session, coord):
        self.first_step = session.run(tf.train.get_global_step())

    def before_run(self, run_context):
        return tf.train.SessionRunArgs(self.loss)

    def after_run(self, run_context, run_values):
        self.losses.append(run_values.results)


def model():
    points = tf.placeholder(tf.float32, [None, 2], name="points")
    values = tf.placeholder(tf.float32, [None, 1], name="values")
    h = points
    for i, units in enumerate([32, 32, 1]):
        with tf.variable_scope(f"layer{i}", initializer=tf.variance_scaling_initializer(2.0)):
            W = tf.get_variable("W", [h.shape[1], units])
            h = tf.matmul(h, W) + tf.get_variable("b", [units], initializer=tf.zeros_initializer())
            h = tf.nn.tanh(h) if units > 1 else h
    loss = tf.losses.mean_squared_error(values, h)
    tf.summary.scalar("loss", loss)
    global_step = tf.train.get_or_create_global_step()
    rate = tf.train.exponential_decay(1e-2, global_step, 500, 0.7)
    train = tf.train.AdamOptimizer(rate).minimize(loss, global_step)
    return points, values, loss, train


def train_until(last_step, folder):
    """Trains up to a step, from the latest checkpoint in `folder` if there is one; the hook with the losses."""
    with tf.Graph().as_default():
        tf.set_random_seed(0)
        points, values, loss, train = model()
        kept = LossHook(loss)
        hooks = [
            tf.train.StopAtStepHook(last_step=last_step),
            tf.train.NanTensorHook(loss),
            tf.train.LoggingTensorHook({"loss": loss}, every_n_iter=200),
            kept,
        ]
        rng = np.random.RandomState(last_step)
        with tf.train.MonitoredTrainingSession(
            checkpoint_dir=folder,
            hooks=hooks,
            save_checkpoint_steps=200,
            save_summaries_steps=100,
            log_step_count_steps=500,
        ) as sess:
            while not sess.should_stop():
                batch = rng.uniform(-1, 1, (64, 2))
                sess.run(train, feed_dict={points: batch, values: surface(batch)})
    return kept


def evaluate(folder):
    """The error of what the latest checkpoint holds."""
    with tf.Graph().as_default(), tf.Session() as sess:
        points, values, loss, _ = model()
        checkpoint = tf.train.get_checkpoint_state(folder)
        tf.train.Saver().restore(sess, checkpoint.model_checkpoint_path)
        print("restored", os.path.basename(checkpoint.model_checkpoint_path))
        grid = np.stack(np.meshgrid(*[np.linspace(-1, 1, 20)] * 2), -1).reshape(-1, 2)
        return sess.run(loss, {points: grid, values: surface(grid)}), float(np.var(surface(grid)))


def main(_):
    steps = 600 if FLAGS.quick else FLAGS.steps
    with tempfile.TemporaryDirectory() as scratch:
        folder = FLAGS.train_dir or scratch
        first = train_until(steps // 2, folder)
        print(f"first: from step {first.first_step}, loss {first.losses[0]:.4f} to {first.losses[-1]:.4f}")
        second = train_until(steps, folder)
        print(f"then: from step {second.first_step}, loss {second.losses[0]:.4f} to {second.losses[-1]:.4f}")
        error, variance = evaluate(folder)
    print(f"error {error:.4f} (baseline {variance:.4f})")


if __name__ == "__main__":
    tf.disable_v2_behavior()
    tf.app.run()
