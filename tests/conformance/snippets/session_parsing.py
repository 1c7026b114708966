"""1.x's forms of what reads records: `parse_example`, `parse_single_example`, `decode_raw`, `decode_csv`."""

from conformance.harness import raises, snippet


def _example(tf, x, words):
    features = {
        "x": tf.train.Feature(float_list=tf.train.FloatList(value=x)),
        "words": tf.train.Feature(bytes_list=tf.train.BytesList(value=words)),
    }
    return tf.train.Example(features=tf.train.Features(feature=features)).SerializeToString()


def _run(tf, build):
    v1 = tf.compat.v1
    with tf.Graph().as_default(), v1.Session() as sess:
        return sess.run(build(v1))


@snippet(space=["", "io"])
def examples(tf, space):
    def build(v1):
        where = getattr(v1, space) if space else v1
        features = {"x": v1.FixedLenFeature([2], tf.float32), "words": v1.VarLenFeature(tf.string)}
        batch = [_example(tf, [1.0, 2.0], [b"a"]), _example(tf, [3.0, 4.0], [b"b", b"c"])]
        many = where.parse_example(batch, features, "many", ["first", "second"])
        one = where.parse_single_example(batch[1], features, name="one", example_names="second")
        return many["x"], many["words"], one["x"], one["words"]

    return _run(tf, build)


@snippet(space=["", "io"])
def numbers(tf, space):
    def build(v1):
        where = getattr(v1, space) if space else v1
        return (
            where.decode_raw(b"\x01\x02\x03\x04", tf.uint8),
            where.decode_raw([b"\x00\x01"], tf.int16, False, "big"),
            where.decode_raw(bytes=b"\x01\x00\x00\x00", out_type=tf.int32),
            where.decode_csv(["1,a", "2,-"], [[0], ["x"]], ",", True, "columns", "-"),
            where.decode_csv("1;2;3", [[0.0]], field_delim=";", select_cols=[1]),
        )

    return _run(tf, build)


@raises
def missing_feature(tf):
    def build(v1):
        return v1.parse_single_example(_example(tf, [1.0], [b"a"]), {"y": v1.FixedLenFeature([], tf.float32)})

    return _run(tf, build)


@raises
def both_names(tf):
    return tf.compat.v1.decode_raw(b"a", tf.uint8, bytes=b"b")
