"""Trains from files, through queues: threads read records and fill a queue, from which batches are drawn shuffled.

The program writes TFRecord files of handwritten digits, and then reads them the way that programs did before `tf.data`: a queue
of file names, a reader, a parser, `tf.train.shuffle_batch`. The queues end after so many epochs, and the training with them.
"""

import os
import tempfile

import numpy as np
import tensorflow.compat.v1 as tf
from sklearn.datasets import load_digits

flags = tf.app.flags
flags.DEFINE_integer("epochs", 30, "how often each record is read")
flags.DEFINE_integer("batch_size", 50, "how many images are in a batch")
flags.DEFINE_boolean("quick", False, "a few seconds, for tests")
FLAGS = flags.FLAGS


def write_records(folder):
    """Digits as files of `tf.train.Example`s: three to train on, one to test."""
    data = load_digits()
    names = []
    for part, chosen in enumerate(np.split(np.arange(1797), [500, 1000, 1437])):
        names.append(os.path.join(folder, f"digits-{part}.tfrecords"))
        with tf.python_io.TFRecordWriter(names[-1]) as writer:
            for image, label in zip(data.images[chosen], data.target[chosen]):
                feature = {
                    "image": tf.train.Feature(
                        bytes_list=tf.train.BytesList(value=[image.astype(np.uint8).tobytes()])
                    ),
                    "label": tf.train.Feature(int64_list=tf.train.Int64List(value=[int(label)])),
                }
                example = tf.train.Example(features=tf.train.Features(feature=feature))
                writer.write(example.SerializeToString())
    return names[:3], names[3:]


def read_and_decode(filename_queue):
    _, serialized = tf.TFRecordReader().read(filename_queue)
    features = tf.parse_single_example(
        serialized,
        features={"image": tf.FixedLenFeature([], tf.string), "label": tf.FixedLenFeature([], tf.int64)},
    )
    image = tf.decode_raw(features["image"], tf.uint8)
    image.set_shape([64])
    return tf.cast(image, tf.float32) / 16.0, tf.cast(features["label"], tf.int32)


def inputs(names, epochs, shuffle):
    with tf.name_scope("input"):
        queue = tf.train.string_input_producer(names, num_epochs=epochs, shuffle=shuffle)
        image, label = read_and_decode(queue)
        if shuffle:
            return tf.train.shuffle_batch(
                [image, label], FLAGS.batch_size, capacity=500, min_after_dequeue=200, num_threads=2
            )
        return tf.train.batch([image, label], FLAGS.batch_size, capacity=500, allow_smaller_final_batch=True)


def inference(images, reuse=None):
    with tf.variable_scope("net", reuse=reuse):
        h = images
        for name, units, activation in (("hidden", 64, tf.nn.relu), ("logits", 10, tf.identity)):
            with tf.variable_scope(name):
                W = tf.get_variable("W", [h.shape[1], units], initializer=tf.glorot_uniform_initializer())
                b = tf.get_variable("b", [units], initializer=tf.zeros_initializer())
                h = activation(tf.matmul(h, W) + b)
        return h


def main(_):
    with tempfile.TemporaryDirectory() as folder, tf.Graph().as_default():
        tf.set_random_seed(0)
        training, testing = write_records(folder)
        images, labels = inputs(training, 10 if FLAGS.quick else FLAGS.epochs, shuffle=True)
        losses = tf.nn.sparse_softmax_cross_entropy_with_logits(labels=labels, logits=inference(images))
        loss = tf.reduce_mean(losses)
        train = tf.train.AdamOptimizer(5e-3).minimize(loss)
        test_images, test_labels = inputs(testing, 1, shuffle=False)
        right = tf.nn.in_top_k(inference(test_images, reuse=True), test_labels, 1)

        with tf.Session() as sess:
            # Epochs are counted in local variables.
            sess.run(tf.group(tf.global_variables_initializer(), tf.local_variables_initializer()))
            coord = tf.train.Coordinator()
            threads = tf.train.start_queue_runners(sess=sess, coord=coord)
            step, results = 0, []
            try:
                while not coord.should_stop():
                    _, value = sess.run([train, loss])
                    step += 1
                    if step % 100 == 0:
                        print(f"step {step}: loss {value:.4f}")
            except tf.errors.OutOfRangeError:
                print(f"{step} steps: the last epoch is over")
            try:
                while True:
                    results.extend(sess.run(right))
            except tf.errors.OutOfRangeError:
                coord.request_stop()
            coord.join(threads)
    print(f"accuracy {np.mean(results):.3f} (chance 0.100)")


if __name__ == "__main__":
    tf.disable_v2_behavior()
    tf.app.run()
