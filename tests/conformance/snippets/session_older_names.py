"""Names of 1.x that newer ones have replaced."""

from conformance.harness import raises, snippet


@snippet(kind=["NONE", "ZLIB", "GZIP"])
def records(tf, kind):
    import os
    import tempfile

    v1 = tf.compat.v1
    path = os.path.join(tempfile.mkdtemp(), "some.tfrecord")
    options = v1.io.TFRecordOptions(getattr(v1.io.TFRecordCompressionType, kind))
    with v1.io.TFRecordWriter(path, options) as writer:
        writer.write(b"a")
        writer.write(b"bb")
    return list(v1.io.tf_record_iterator(path, options)), list(
        v1.python_io.tf_record_iterator(path.encode(), options)
    )


@raises
def records_of_no_file(tf):
    tf.compat.v1.io.tf_record_iterator("/there/is/no/such.tfrecord")


@snippet
def structures(tf):
    e = tf.compat.v1.data.experimental
    return (
        e.Structure is tf.TypeSpec,
        e.TensorStructure(tf.int32, [2]),
        e.SparseTensorStructure(tf.int32, [2, None]).shape,
        e.RaggedTensorStructure(tf.int32, [2, None], 1).shape,
        str(e.TensorArrayStructure(tf.int32, [2], False, True).value_type.__name__),
        isinstance(e.OptionalStructure(tf.TensorSpec([2])), e.Structure),
    )


@snippet
def map_and_batch(tf):
    e = tf.compat.v1.data.experimental
    double = e.map_and_batch_with_legacy_function(lambda x: x * 2, 2, drop_remainder=True)
    with tf.Graph().as_default(), tf.compat.v1.Session() as session:
        data = tf.compat.v1.data.Dataset.range(5).apply(double)
        following = tf.compat.v1.data.make_one_shot_iterator(data).get_next()
        return session.run(following), session.run(following)


@snippet
def reductions_of_losses(tf):
    tf.compat.v1.experimental.output_all_intermediates(None)
    return tf.compat.v1.distribute.get_loss_reduction().name


def _flags(tf):
    flags = tf.compat.v1.flags
    values = flags.FlagValues()
    flags.DEFINE_integer(flag_name="steps", default_value=3, docstring="how many", flag_values=values)
    flags.DEFINE_boolean("fast", False, "whether", flag_values=values)
    flags.DEFINE_boolean("slow", False, "whether", flag_values=values)
    flags.DEFINE_list("layers", "a,b", "which", flag_values=values)
    flags.DEFINE_multi_float("rate", [0.5], "how fast", flag_values=values)
    flags.DEFINE_enum("mode", None, ["train", "test"], "which", flag_values=values)
    flags.DEFINE(flags.ListParser(), "names", ["x"], "of what", flag_values=values)
    flags.DEFINE_alias("n", "steps", flag_values=values)
    flags.mark_bool_flags_as_mutual_exclusive(["fast", "slow"], flag_values=values)
    return flags, values


@snippet(
    line=[
        "",
        "--steps=4 --fast rest",
        "--n=5 --layers= --rate=1 --rate 2 -- --steps=9",
        "--mode=test --names=p,q --nofast",
    ]
)
def command_lines(tf, line):
    _, values = _flags(tf)
    rest = values(["prog", *line.split()])
    return rest, sorted((k, str(v)) for k, v in values.flag_values_dict().items())


@snippet(line=["--steps=x", "--mode=other", "--fast --slow", "--other=1", "--steps"])
def wrong_command_lines(tf, line):
    flags, values = _flags(tf)
    try:
        values(["prog", *line.split()])
    except flags.Error as error:
        return type(error).__name__, str(error)
    return "none"
