"""Byte strings: making, comparing, joining, splitting, converting."""

from conformance.harness import raises, snippet

WORDS = ["", "a", "Hello World", "  pad ", "ÄÖ", "x,y,,z"]


@snippet
def constants(tf):
    return (
        tf.constant(WORDS),
        tf.constant("abc") == b"abc",
        tf.constant(["a", "b"]) + tf.constant("c"),
        tf.constant(b"\xff\x00"),
    )


@snippet(fn=["lower", "upper", "strip", "length"])
def simple(tf, fn):
    return getattr(tf.strings, fn)(WORDS)


@snippet
def length_in_characters(tf):
    return (
        tf.strings.length("ÄÖx", unit="UTF8_CHAR"),
        tf.strings.length("ÄÖx"),
        tf.strings.upper("äb", encoding="utf-8"),
        tf.strings.substr("ÄÖx", 1, 2, unit="UTF8_CHAR"),
    )


@snippet
def join(tf):
    return (
        tf.strings.join([["a", "b"], ["c", "d"]], "-"),
        tf.strings.join(["x", ["y", "z"]]),
        tf.strings.reduce_join([["a", "b"], ["c", "d"]], 1, separator=","),
        tf.strings.reduce_join(["a", "b"]),
        tf.strings.reduce_join([["a", "b"], ["c", "d"]], [0, 1], keepdims=True),
    )


@snippet
def substr(tf):
    return tf.strings.substr(["hello", "world"], 1, 3), tf.strings.substr(["hello", "world"], [0, -2], [2, 2])


@raises
def substr_out_of_range(tf):
    return tf.strings.substr("abc", 7, 1)


@snippet
def split(tf):
    return (
        tf.strings.split(["a b  c", "", "d"]),
        tf.strings.split("x,y,,z", ","),
        tf.strings.split(["a,b,c"], ",", maxsplit=1),
        tf.strings.bytes_split(["ab", ""]),
    )


@snippet
def regex(tf):
    return (
        tf.strings.regex_replace(["a1b22", "c"], "[0-9]+", "#"),
        tf.strings.regex_replace("aaa", "a", "b", replace_global=False),
        tf.strings.regex_full_match(["ab", "abc"], "a."),
    )


@raises
def bad_regex(tf):
    return tf.strings.regex_full_match("a", "(")


@snippet
def numbers(tf):
    return (
        tf.strings.to_number(["1.5", "-2", "3e2"]),
        tf.strings.to_number(["7"], tf.int64),
        tf.as_string([1, 20]),
        tf.as_string([1.5, -2.25]),
        tf.as_string([True, False]),
        tf.as_string(3.14159, precision=2),
        tf.as_string(5, width=4, fill="0"),
        tf.as_string(1.5, scientific=True),
        tf.as_string(2 + 1j),
    )


@raises(value=["x", "", "1.5 2"])
def bad_number(tf, value):
    return tf.strings.to_number(value)


@snippet
def hashes(tf):
    words = tf.constant(["a", "hello", "", "Ä"])
    return (
        tf.strings.to_hash_bucket_fast(words, 1000),
        tf.strings.to_hash_bucket_strong(words, 1000, [1, 2]),
        tf.strings.to_hash_bucket(words, 1000),
    )


@snippet
def unicode(tf):
    return (
        tf.strings.unicode_decode("ÄÖ€", "UTF-8"),
        tf.strings.unicode_encode([196, 8364], "UTF-8"),
        tf.strings.unicode_split(["Äb", "c"], "UTF-8"),
        tf.strings.unicode_transcode("Ä", "UTF-8", "UTF-16-BE"),
        tf.strings.unicode_script([65, 0x0410]),
        tf.strings.unicode_decode_with_offsets("aÄ", "UTF-8"),
    )


@snippet
def format_and_ngrams(tf):
    return (
        tf.strings.format("x is {} and {}", (tf.constant([1, 2]), tf.constant("s"))),
        tf.strings.ngrams(["a", "b", "c"], 2),
        tf.strings.format("{}", tf.range(10), summarize=2),
    )


@snippet
def array_ops_on_strings(tf):
    x = tf.constant([["a", "b"], ["c", "d"]])
    return [
        tf.reshape(x, [4]),
        tf.transpose(x),
        tf.concat([x, x], 0),
        tf.gather(x, [1]),
        x[0],
        tf.where([[True, False]] * 2, x, "z"),
        tf.tile(x, [1, 2]),
        tf.stack([x, x]),
        tf.expand_dims(x, 0),
        tf.squeeze(x[None]),
        tf.reverse(x, [0]),
        tf.pad(x, [[0, 1], [0, 0]]),
        tf.unique(["a", "b", "a"]),
        tf.equal(x, "a"),
        tf.boolean_mask(x, [True, False]),
        tf.split(x, 2),
        tf.unstack(x),
        tf.fill([2], "q"),
        tf.zeros_like(x),
        tf.broadcast_to("k", [2]),
        tf.identity(x),
        tf.shape(x),
        tf.gather_nd(x, [[0, 1]]),
    ]


@snippet
def through_a_function(tf):
    @tf.function
    def f(s):
        return tf.strings.join([s, tf.strings.upper(s)], " "), tf.strings.length(s) + 1

    return f(tf.constant(["ab", "c"]))


@snippet
def mixed_with_numbers_in_a_function(tf):
    @tf.function
    def f(s, x):
        n = tf.strings.to_number(s)
        return tf.as_string(tf.reduce_sum(n * x)), n * 2

    return f(tf.constant(["1", "2.5"]), tf.constant([2.0, 4.0]))


@raises(fn=["add", "reduce_sum", "cast", "compare"])
def strings_are_not_numbers(tf, fn):
    s = tf.constant(["a"])
    return {
        "add": lambda: s * s,
        "reduce_sum": lambda: tf.reduce_sum(s),
        "cast": lambda: tf.cast(s, tf.float32),
        "compare": lambda: s + 1,
    }[fn]()
