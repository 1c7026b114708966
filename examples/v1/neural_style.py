"""Neural style: a photograph painted in the manner of another.

The network that looks at them has fixed random weights, which is enough for colours and textures; what is trained is the
picture. `--save FILE` writes it as PNG.
"""

import argparse
import os
from types import SimpleNamespace

import numpy as np
import sklearn.datasets
import tensorflow.compat.v1 as tf

HEIGHT, WIDTH, CHANNELS = 96, 144, (24, 32, 48)
FOLDER = os.path.join(os.path.dirname(sklearn.datasets.__file__), "images")


def photograph(name):
    contents = tf.read_file(os.path.join(FOLDER, name))
    picture = tf.image.resize_images(tf.image.decode_jpeg(contents, channels=3), [HEIGHT, WIDTH])
    return tf.expand_dims(picture, 0) / 127.5 - 1.0


def vision(picture):
    """What three layers of random filters see."""
    rng, seen, h = np.random.RandomState(0), [], picture
    for layer, units in enumerate(CHANNELS):
        filters = rng.normal(size=(5, 5, int(h.shape[-1]), units)).astype(np.float32)
        filters -= filters.mean((0, 1, 2)) * (layer == 0)
        filters /= np.sqrt(np.sum(np.square(filters), (0, 1, 2)))
        h = tf.nn.relu(tf.nn.conv2d(h, filters, strides=[1, 1, 1, 1], padding="SAME"))
        seen.append(h)
        h = tf.nn.avg_pool(h, [1, 2, 2, 1], [1, 2, 2, 1], "SAME")
    return seen


def gram(features):
    """How often two filters answer at the same place: what is left of a picture without its places."""
    flat = tf.reshape(features, [-1, int(features.shape[-1])])
    return tf.matmul(flat, flat, transpose_a=True) / tf.cast(tf.shape(flat)[0], tf.float32)


def build():
    # What the photographs give is computed once; it is constants of the graph that is trained.
    with tf.Graph().as_default(), tf.Session() as sess:
        content, style = photograph("china.jpg"), photograph("flower.jpg")
        start, places, grams = sess.run([content, vision(content)[-1], [gram(f) for f in vision(style)]])

    image = tf.Variable(start, name="image")
    seen = vision(image)
    content_loss = tf.reduce_mean(tf.square(seen[-1] - places)) / np.mean(np.square(places))
    style_losses = [tf.reduce_mean(tf.square(gram(f) - g)) / np.mean(g * g) for f, g in zip(seen, grams)]
    style_loss = tf.add_n(style_losses) / len(style_losses)
    smooth = tf.reduce_mean(tf.image.total_variation(image)) / (HEIGHT * WIDTH)
    loss = 0.1 * content_loss + style_loss + 0.01 * smooth
    global_step = tf.train.get_or_create_global_step()
    rate = tf.train.exponential_decay(0.03, global_step, 100, 0.8, staircase=True)
    train = tf.train.AdamOptimizer(rate).minimize(loss, global_step, var_list=[image])
    with tf.control_dependencies([train]):
        train = tf.assign(image, tf.clip_by_value(image, -1.0, 1.0)).op
    png = tf.image.encode_png(tf.cast((image[0] + 1.0) * 127.5, tf.uint8))
    return SimpleNamespace(loss=loss, style_loss=style_loss, train=train, png=png)


def feeds(net, rng):
    """Nothing is fed: the picture itself is the variable."""
    while True:
        yield {}


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--steps", type=int, default=500)
    parser.add_argument("--save", metavar="FILE")
    parser.add_argument("--quick", action="store_true", help="a few seconds, for tests")
    args = parser.parse_args()

    net = build()
    with tf.Session() as sess:
        sess.run(tf.global_variables_initializer())
        before = sess.run(net.style_loss)
        for step in range(1, (60 if args.quick else args.steps) + 1):
            loss, _ = sess.run([net.loss, net.train])
            if step % 20 == 0:
                print(f"step {step}: loss {loss:.4f}")
        after, png = sess.run([net.style_loss, net.png])
    if args.save:
        with tf.gfile.GFile(args.save, "wb") as file:
            file.write(png)
    print(f"error {after:.4f} (baseline {before:.4f})")


if __name__ == "__main__":
    tf.disable_v2_behavior()
    main()
