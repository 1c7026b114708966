"""Cases of `slim.data`."""

import os
import tempfile

import numpy as np


def _example(tf, **features):
    def feature(v):
        v = v if isinstance(v, list) else [v]
        if isinstance(v[0], bytes):
            return tf.train.Feature(bytes_list=tf.train.BytesList(value=v))
        if isinstance(v[0], float):
            return tf.train.Feature(float_list=tf.train.FloatList(value=v))
        return tf.train.Feature(int64_list=tf.train.Int64List(value=v))

    named = {k.replace("_", "/"): feature(v) for k, v in features.items()}
    return tf.train.Example(features=tf.train.Features(feature=named)).SerializeToString()


def _png(tf, seed):
    pixels = np.random.RandomState(seed).randint(0, 255, (4, 5, 3)).astype("uint8")
    with tf.Session() as sess:
        return sess.run(tf.image.encode_png(pixels)), pixels


def decoding(tf):
    d = tf.contrib.slim.tfexample_decoder
    png, pixels = _png(tf, 1)
    raw = pixels.astype("float32").tobytes()
    text = _example(
        tf, image_encoded=png, image_format=b"png", raw_encoded=raw, raw_format=b"RAW", image_class_label=3,
        box_ymin=[0.0, 0.25], box_xmin=[0.5, 0.0], box_ymax=[1.0, 0.5], box_xmax=[0.75, 1.0], depth=[1.5, 2.5, 3.5, 4.5, 5.5, 6.5],
        height=[2], width=[3], ids=[0, 2], values=[7.0, 8.0], size=[5], word=[b"lake"],
    )  # fmt: skip
    f, v = tf.FixedLenFeature, tf.VarLenFeature
    features = {
        "image/encoded": f([], tf.string, default_value=""), "image/format": f([], tf.string, default_value="jpeg"),
        "raw/encoded": f([], tf.string), "raw/format": f([], tf.string),
        "image/class/label": f([1], tf.int64), "box/ymin": v(tf.float32), "box/xmin": v(tf.float32), "box/ymax": v(tf.float32),
        "box/xmax": v(tf.float32), "depth": v(tf.float32), "height": v(tf.int64), "width": f([1], tf.int64),
        "ids": v(tf.int64), "values": v(tf.float32), "size": f([1], tf.int64), "word": f([], tf.string), "missing": v(tf.float32),
    }  # fmt: skip
    table = tf.contrib.lookup.index_table_from_tensor(["emerson", "lake"])
    handlers = {
        "image": d.Image(), "shaped": d.Image(shape=[4, 5, 3], channels=3, dtype=tf.float32),
        "raw": d.Image("raw/encoded", "raw/format", shape=[4, 5, 3], dtype=tf.float32),
        "label": d.Tensor("image/class/label", shape=[]), "boxes": d.BoundingBox(prefix="box/"),
        "depth": d.Tensor("depth", shape_keys=["height", "width"]), "flat": d.Tensor("depth", shape=[3, 2]),
        "sparse": d.SparseTensor("ids", "values", shape=[4], densify=True, default_value=-1.0),
        "sized": d.SparseTensor("ids", "values", shape_key="size"),
        "word": d.LookupTensor("word", table), "backup": d.BackupHandler(d.Tensor("missing"), d.Tensor("depth")),
        "sum": d.ItemHandlerCallback(["height", "width"], lambda t: tf.sparse_tensor_to_dense(t["height"]) + t["width"]),
    }  # fmt: skip
    decoder = d.TFExampleDecoder(features, handlers)
    items = sorted(decoder.list_items())
    tensors = decoder.decode(tf.constant(text), items)
    two = d.TFExampleDecoder(
        {"images": f([2], tf.string), "format": f([], tf.string)}, {"images": d.Image("images", "format", repeated=True)}
    )  # fmt: skip
    both = two.decode(tf.constant(_example(tf, images=[png, png], format=b"png")))
    tensors = [t.values if isinstance(t, tf.SparseTensor) else t for t in tensors]
    return lambda sess: [
        items,
        sess.run(tensors),
        sess.run(both),
        (sess.run(tensors[items.index("image")]) == pixels).all(),
    ]


def providing(tf):
    slim = tf.contrib.slim
    directory = tempfile.mkdtemp()
    for i in range(2):
        with tf.python_io.TFRecordWriter(os.path.join(directory, f"part-{i}")) as writer:
            for n in range(3):
                writer.write(_example(tf, n=3 * i + n, x=[float(n), 1.0]))
    d = slim.tfexample_decoder
    decoder = d.TFExampleDecoder(
        {"n": tf.FixedLenFeature([], tf.int64), "x": tf.FixedLenFeature([2], tf.float32)},
        {"number": d.Tensor("n"), "x": d.Tensor("x")},
    )
    data = slim.dataset.Dataset(
        os.path.join(directory, "part-*"), tf.TFRecordReader, decoder, 6, {"number": "a number", "x": "two"}, num_classes=7
    )  # fmt: skip
    ordered = slim.dataset_data_provider.DatasetDataProvider(data, shuffle=False, num_epochs=1)
    shuffled = slim.dataset_data_provider.DatasetDataProvider(
        data, num_readers=2, shuffle=True, num_epochs=2, common_queue_capacity=8, common_queue_min=2
    )
    number, x = ordered.get(["number", "x"])
    other, _ = shuffled.get(["number", "record_key"])
    batch = tf.train.batch([number, x], 3)
    queue = slim.prefetch_queue.prefetch_queue(batch, capacity=2)
    named = slim.prefetch_queue.prefetch_queue({"a": tf.constant(1.0), "b": tf.constant([2, 3])})
    ahead, by_name = queue.dequeue(), named.dequeue()

    def run(sess):
        sess.run(tf.local_variables_initializer())
        found = [sorted(ordered.list_items()), ordered.num_samples(), data.num_classes]
        with slim.queues.QueueRunners(sess):
            found.append([sess.run(ahead) for _ in range(2)])
            found.append(sorted(int(sess.run(other)) for _ in range(12)))
            found.append(sess.run(by_name))
        return found

    return run
