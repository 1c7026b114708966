"""`tf.strings`: results known from the published definitions (hash vectors, RE2's and C's syntax, Unicode),
and misuse."""

from __future__ import annotations

import numpy as np
import pytest

import headrace as tf
from headrace.core.op import lookup
from headrace.ops import hashing, regex, unicode_scripts

INVALID = tf.errors.InvalidArgumentError


def values(x):
    """A tensor's or ragged tensor's content as Python lists."""
    return x.to_list() if hasattr(x, "to_list") else np.asarray(x.numpy()).tolist()


# ---------------------------------------------------------------------------------------------------- numbers
AS_STRING = [
    (1, {}, "1"),
    (-5, {"width": 6, "fill": "0"}, "-00005"),
    (7, {"width": 4, "fill": "-"}, "7   "),
    (7, {"width": 4, "fill": "+"}, "  +7"),
    (7, {"fill": "0"}, "7"),
    (3.14159265, {}, "3.141593"),
    (3.14159265, {"precision": 2}, "3.14"),
    (3.14159265, {"scientific": True}, "3.141593e+00"),
    (1e10, {"shortest": True}, "1e+10"),
    (0.1, {"shortest": True, "precision": 3}, "0.1"),
    (-0.0, {}, "-0.000000"),
    (2.5, {"width": 9, "fill": "0"}, "02.500000"),
    (np.nan, {"width": 6, "fill": "0"}, "   nan"),
    (-np.inf, {"width": 6, "fill": "0"}, "  -inf"),
    (np.nan, {"precision": 2}, "nan"),
    (True, {}, "true"),
    (False, {"width": 9}, "false"),
    (1 + 2j, {"precision": 1}, "(1.0,2.0)"),
    ("ab", {"width": 4}, "  ab"),
    ("ab", {"width": 4, "fill": "-"}, "ab  "),
]


@pytest.mark.parametrize(("value", "options", "expected"), AS_STRING)
def test_as_string(value, options, expected):
    assert tf.strings.as_string(value, **options).numpy() == expected.encode()


@pytest.mark.parametrize("dtype", ["float16", "bfloat16", "float64", "uint8", "int64", "uint64"])
def test_as_string_of_every_type(dtype):
    assert values(tf.as_string(tf.constant([[1, 2]], dtype))) == [
        [b"1.000000", b"2.000000"] if "float" in dtype else [b"1", b"2"]
    ]


@pytest.mark.parametrize(
    ("value", "options"),
    [
        (1, {"precision": 2}),
        (1, {"shortest": True}),
        (True, {"scientific": True}),
        (1.0, {"scientific": True, "shortest": True}),
        (1, {"width": 3, "fill": "ab"}),
        (1, {"width": 3, "fill": "x"}),
    ],
)
def test_as_string_misuse(value, options):
    with pytest.raises(INVALID):
        tf.strings.as_string(value, **options)


NUMBERS = {
    "1": 1,
    " 2 ": 2,
    "\t3\n": 3,
    "+5": 5,
    "-1": -1,
    "-0": 0,
    "2147483647": 2**31 - 1,
    "2147483648": 2**31,
    "9223372036854775807": 2**63 - 1,
    "18446744073709551615": 2**64 - 1,
    "1.5": 1.5,
    "1e5": 1e5,
    "5.": 5.0,
    ".5": 0.5,
    "1.e3": 1e3,
    "inf": np.inf,
    "-INF": -np.inf,
    "Infinity": np.inf,
    "0x10": 16.0,
    "-0x1.8p3": -12.0,
    "1e400": np.inf,
    "1e-400": 0.0,
    "": None,
    "abc": None,
    "1_0": None,
    "1 2": None,
    "1f": None,
    ".": None,
    "e5": None,
    "- 1": None,
    "0x": None,
}


@pytest.mark.parametrize("dtype", ["float32", "float64", "int32", "int64", "uint32", "uint64"])
@pytest.mark.parametrize("text", NUMBERS)
def test_to_number(text, dtype):
    dtype, value = tf.dtypes.as_dtype(dtype), NUMBERS[text]
    if dtype.is_integer and (
        not isinstance(value, int)
        or not dtype.min <= value <= dtype.max
        or (dtype.is_unsigned and "-" in text)
    ):
        value = None
    if value is None:
        with pytest.raises(INVALID, match="could not correctly convert"):
            tf.strings.to_number(text, dtype)
    else:
        result = tf.strings.to_number([text], dtype)
        assert result.dtype == dtype
        assert result.numpy()[0] == dtype.as_numpy_dtype(value)


def test_nan_and_bad_types():
    assert np.isnan(tf.strings.to_number(["nan", "NaN(1)"]).numpy()).all()
    with pytest.raises(INVALID, match="out_type"):
        tf.strings.to_number("1", tf.int8)


# ------------------------------------------------------------------------------------------------- one by one
def test_length_case_strip():
    assert values(tf.strings.length(["héllo", ""])) == [6, 0]
    assert values(tf.strings.length([b"h\xc3\xa9llo", b"\xff\x80a"], unit="UTF8_CHAR")) == [5, 2]
    assert values(tf.strings.lower(["ÀBC"])) == ["Àbc".encode()]
    assert values(tf.strings.lower(["ÀΣ"], encoding="utf-8")) == ["àς".encode()]
    assert values(tf.strings.upper(["straße"], encoding="utf-8")) == [b"STRASSE"]
    assert values(tf.strings.strip([" a b\n", "\x0b\x0cx\x00"])) == [b"a b", b"x\x00"]
    for fn in (lambda: tf.strings.length("a", unit="X"), lambda: tf.strings.upper("a", encoding="latin-1")):
        with pytest.raises(INVALID):
            fn()


@pytest.mark.parametrize(
    ("pos", "length", "expected"), [(0, 2, "hé"), (-2, 2, "lo"), (5, 2, ""), (1, 100, "éllo"), (2, 0, "")]
)
def test_substr_of_characters(pos, length, expected):
    assert tf.strings.substr("héllo", pos, length, unit="UTF8_CHAR").numpy() == expected.encode()


def test_substr():
    assert values(tf.strings.substr(["hello", "world"], [[1], [2]], [[2], [3]])) == [
        [b"el", b"or"],
        [b"llo", b"rld"],
    ]
    assert tf.strings.substr("hello", tf.constant(1, tf.int64), tf.constant(3, tf.int64)).numpy() == b"ell"
    assert tf.strings.substr("hello", 2, -1).numpy() == b"llo"
    for pos in (6, -6):
        with pytest.raises(INVALID, match="out of range"):
            tf.strings.substr("hello", pos, 1)
    with pytest.raises(INVALID, match="same shape"):
        tf.strings.substr("hello", [1, 2], [1])


# ---------------------------------------------------------------------------------------- regular expressions
MATCHES = [
    (r"h.*o", "hello", True),
    (r"hello", "hello world", False),
    (r"(?i)HELLO", "hello", True),
    (r"h(?i)ELLO", "hello", True),
    (r"(?i:H)ello", "hello", True),
    (r"a.b", "a\nb", False),
    (r"(?s)a.b", "a\nb", True),
    (r"a$", "a\n", False),
    (r"a\z", "a", True),
    (r"[[:alpha:]]+", "abC", True),
    (r"[[:^digit:]]+", "ab1", False),
    (r"\pL+", "é漢a", True),
    (r"\p{Greek}+", "αβ", True),
    (r"\p{^Greek}+", "αβ", False),
    (r"\PL+", "12", True),
    (r"\p{Lu}", "a", False),
    (r"\pN", "٣", True),
    (r"\d", "٣", False),
    (r"\w+", "é", False),
    (r"[\w.-]+", "a.b-c", True),
    (r"[\W]", "é", True),
    (r"[^\D]+", "12", True),
    (r"\x61\x{e9}", "aé", True),
    (r"\101", "A", True),
    (r"\Qa.b\E+", "a.bbb", True),
    (r"\Qa.b\E", "aXb", False),
    (r"(?U)a+", "aaa", True),
    (r"a{2,3}", "aaa", True),
    (r"a{,2}", "a{,2}", True),
    (r"[]]", "]", True),
    (r"[^]]", "]", False),
    (r"(?P<n>a)b", "ab", True),
    (r"a|(?i)B|C", "c", True),
    (r"x*", "", True),
    (r"", "", True),
    (r"\.", ".", True),
    (r"日本.", "日本語", True),
    (r"\bfoo\b", "foo", True),
    (r"(?m)^a$\n^b$", "a\nb", True),
    (r"[a\-z]", "-", True),
    (r"[[:word:]-]+", "a-b_1", True),
]


@pytest.mark.parametrize(("pattern", "text", "expected"), MATCHES)
def test_regex_full_match(pattern, text, expected):
    assert bool(tf.strings.regex_full_match(text, pattern)) is expected
    assert bool(tf.strings.regex_full_match([text], tf.constant(pattern))[0]) is expected


@pytest.mark.parametrize(
    "pattern",
    [
        "(",
        "a)",
        "[",
        "[a",
        "*a",
        "a**",
        "a++",
        "a{1001}",
        "a{2,1}",
        "{1}",
        "(?=a)",
        "(?!a)",
        "(?<n>a)",
        r"\1",
        r"\8",
        r"\y",
        "(?z)a",
        "[z-a]",
        r"\p{Nope}",
        "[[:nope:]]",
        r"\x{110000}",
        "\\",
    ],
)
def test_patterns_that_re2_rejects(pattern):
    with pytest.raises(INVALID, match="Invalid pattern"):
        tf.strings.regex_full_match("a", pattern)


REPLACEMENTS = [
    ("a1b22", r"\d+", "_", True, "a_b_"),
    ("a1b22", r"\d+", "_", False, "a_b22"),
    ("hello world", r"(\w+) (\w+)", r"\2 \1", True, "world hello"),
    ("a", "a", r"\\", True, "\\"),
    ("ab", "(a)|(b)", r"<\1\2>", True, "<a><b>"),
    ("abc", "b*", "x", True, "xaxcx"),
    ("aaa", "a", r"[\0]", True, "[a][a][a]"),
    ("é", ".", "x", True, "x"),
    ("", "^", "a", True, "a"),
]


@pytest.mark.parametrize(("text", "pattern", "rewrite", "everywhere", "expected"), REPLACEMENTS)
def test_regex_replace(text, pattern, rewrite, everywhere, expected):
    assert tf.strings.regex_replace(text, pattern, rewrite, everywhere).numpy() == expected.encode()
    assert (
        tf.strings.regex_replace(text, tf.constant(pattern), tf.constant(rewrite), everywhere).numpy()
        == expected.encode()
    )


@pytest.mark.parametrize("rewrite", [r"\1", r"\x", "\\"])
def test_bad_rewrites(rewrite):
    with pytest.raises(INVALID, match="rewrite"):
        tf.strings.regex_replace("a", "a", rewrite)


def test_regex_keeps_bytes_that_are_not_text():
    assert tf.strings.regex_replace(b"\xffa\xfe", "a", "b").numpy() == b"\xffb\xfe"
    assert regex.compile_pattern(b"a") is regex.compile_pattern(b"a")


# ---------------------------------------------------------------------------------------------------- joining
def test_join():
    assert values(tf.strings.join(["a", ["b", "c"]], separator="-")) == [b"a-b", b"a-c"]
    assert tf.strings.join(["a", "b"], " ").numpy() == b"a b"
    with pytest.raises(INVALID, match="do not match"):
        tf.strings.join([["a", "b"], ["c", "d", "e"]])


@pytest.mark.parametrize(
    ("axis", "keep", "expected"),
    [
        (None, False, b"a-b-c-d"),
        (0, False, [b"a-c", b"b-d"]),
        (-1, False, [b"a-b", b"c-d"]),
        ([0, 1], False, b"a-c-b-d"),
        ([1, 0], False, b"a-b-c-d"),
        (1, True, [[b"a-b"], [b"c-d"]]),
        (None, True, [[b"a-b-c-d"]]),
        ([], False, [[b"a", b"b"], [b"c", b"d"]]),
    ],
)
def test_reduce_join(axis, keep, expected):
    assert values(tf.strings.reduce_join([["a", "b"], ["c", "d"]], axis, keep, "-")) == expected


def test_reduce_join_edges():
    assert tf.strings.reduce_join("a").numpy() == b"a"
    assert tf.strings.reduce_join(tf.constant([], tf.string)).numpy() == b""
    with pytest.raises(tf.errors.OutOfRangeError):
        tf.strings.reduce_join(["a"], axis=1)
    with pytest.raises(INVALID, match="Duplicate"):
        tf.strings.reduce_join(["a"], axis=[0, 0])


def test_unsorted_segment_join():
    assert values(tf.strings.unsorted_segment_join(["a", "b", "c"], [0, 2, 0], 3, ",")) == [b"a,c", b"", b"b"]
    assert values(tf.strings.unsorted_segment_join([["a", "b"], ["c", "d"], ["e", "f"]], [0, 1, 0], 2)) == [
        [b"ae", b"bf"],
        [b"c", b"d"],
    ]
    for ids, n in (([0, 5], 2), ([-1, 0], 2), ([0], 2), ([0, 1], -1)):
        with pytest.raises(INVALID):
            tf.strings.unsorted_segment_join(["a", "b"], ids, n)


# -------------------------------------------------------------------------------------------------- splitting
SPLITS = [
    (" a  b c ", None, -1, "a b c"),
    (" a  b c ", None, 1, "a|b c "),
    ("a,b,,c", ",", -1, "a|b||c"),
    ("a,b,,c", ",", 1, "a|b,,c"),
    ("", ",", -1, ""),
    ("a--b-c", "--", -1, "a|b-c"),
    ("aXbX", "X", 0, "aXbX"),
    (" a b", None, 0, " a b"),
    ("a b", None, 2, "a|b|"),
    ("a\x0bb", None, -1, "a b"),
]


@pytest.mark.parametrize(("text", "sep", "limit", "expected"), SPLITS)
def test_split(text, sep, limit, expected):
    expected = [
        s.encode() for s in (expected.split(" ") if sep is None and limit < 0 else expected.split("|"))
    ]
    assert values(tf.strings.split(text, sep, limit)) == expected
    assert values(tf.strings.split([text, text], sep, limit)) == [expected, expected]


def test_split_of_higher_ranks():
    assert values(tf.strings.split([["a b", "c"], ["", "d"]])) == [[[b"a", b"b"], [b"c"]], [[], [b"d"]]]
    assert values(tf.strings.split(tf.strings.split(["a-b c", "d"]), "-")) == [
        [[b"a", b"b"], [b"c"]],
        [[b"d"]],
    ]
    assert values(tf.strings.bytes_split(["ab", ""])) == [[b"a", b"b"], []]
    assert values(tf.strings.bytes_split("é")) == [b"\xc3", b"\xa9"]
    assert values(lookup("StringSplit")(["a,b;;c"], ",;", skip_empty=False)[1]) == [b"a", b"b", b"", b"c"]


def test_ngrams():
    assert values(tf.strings.ngrams(["a", "b", "c"], 2)) == [b"a b", b"b c"]
    assert values(tf.strings.ngrams(["a", "b"], [1, 2], pad_values=("L", "R"))) == [
        b"a",
        b"b",
        b"L a",
        b"a b",
        b"b R",
    ]
    assert values(tf.strings.ngrams(["a"], 3, preserve_short_sequences=True)) == [b"a"]
    assert values(tf.strings.ngrams([["a", "b"], ["c", "d"]], 2, separator="")) == [[b"ab"], [b"cd"]]
    assert values(tf.strings.ngrams(tf.strings.split(["a b c", "d"]), 2)) == [[b"a b", b"b c"], []]
    for bad, error in (
        ({"ngram_width": 0}, ValueError),
        ({"ngram_width": 1, "pad_values": 1}, TypeError),
        ({"ngram_width": 1, "padding_width": 1}, ValueError),
    ):
        with pytest.raises(error):
            tf.strings.ngrams(["a"], **bad)


# ---------------------------------------------------------------------------------------------------- hashing
# FarmHash and SipHash-2-4 values as TensorFlow gives them, for strings in every length class of the
# algorithms.
FAST = [
    1936946117179621453,
    3694432073954588129,
    1897425971756105985,
    4533385575889643782,
    2082709914559524771,
    3046993373088323125,
    323337772074164024,
    103930210689786812,
]
STRONG = [
    1315545615887763259,
    1004874263156222446,
    1852507812071269336,
    1080262189859283577,
    2840515539303501613,
    739647097869735989,
    4361220755719116922,
    3883546680957391205,
]
PLAIN = [
    105434511174508089,
    2996632905371535868,
    404301170780174466,
    3429851175771700306,
    4161156153655800115,
    3465179299843832913,
    387508316990748746,
    1680667619926591871,
]


def test_hash_buckets():
    texts = ["", "a", "abcd", "abcdefgh", "x" * 17, "x" * 33, "x" * 65, "x" * 200]
    n = 2**62 + 1
    assert values(tf.strings.to_hash_bucket_fast(["Hello", "TensorFlow", "2.x"], 3)) == [0, 2, 2]
    assert values(tf.strings.to_hash_bucket_strong(["Hello", "TF"], 3, [1, 2])) == [2, 0]
    assert values(tf.strings.to_hash_bucket_fast(texts, n)) == FAST
    assert values(tf.strings.to_hash_bucket_strong(texts, n, [7, 9])) == STRONG
    assert values(tf.strings.to_hash_bucket(texts, n)) == PLAIN
    assert tf.strings.to_hash_bucket_fast(tf.constant([[]], tf.string), 5).shape == (1, 0)
    for fn in (
        lambda: tf.strings.to_hash_bucket_fast(["a"], 0),
        lambda: tf.strings.to_hash_bucket_strong(["a"], 2, [1]),
    ):
        with pytest.raises(INVALID):
            fn()


def test_siphash_vectors():
    """The first of the reference implementation's test vectors: key 00 01 … 0f, messages 00, 00 01, …"""
    expected = [
        0x726FDB47DD0E0E31,
        0x74F839C593DC67FD,
        0x0D6C8009D9A94F5A,
        0x85676696D7FB7E2D,
        0xCF2794E0277187B7,
        0x18765564CD99A68D,
        0xCBC9466E58FEE3CE,
        0xAB0200F58B01D137,
    ]
    key = [0x0706050403020100, 0x0F0E0D0C0B0A0908]
    assert hashing.by_length([bytes(range(i)) for i in range(8)], hashing.siphash(key)).tolist() == expected


# ---------------------------------------------------------------------------------------------------- Unicode
DECODED = [
    (b"", [], []),
    (b"abc", [97, 98, 99], [0, 1, 2]),
    ("é漢😀".encode(), [233, 28450, 128512], [0, 2, 5]),
    (b"a\xffb", [97, -1, 98], [0, 1, 2]),
    (b"\xed\xa0\x80x", [-1, -1, -1, 120], [0, 1, 2, 3]),
    (b"\xf0\x9f\x98", [-1], [0]),
    (b"\xe2\x28", [-1, 40], [0, 1]),
]


@pytest.mark.parametrize(("text", "codes", "starts"), DECODED)
def test_unicode_decode(text, codes, starts):
    replaced = [0xFFFD if c < 0 else c for c in codes]
    got = tf.strings.unicode_decode_with_offsets([text, b"z"], "UTF-8")
    assert [values(t) for t in got] == [[replaced, [122]], [starts, [0]]]
    assert values(tf.strings.unicode_decode(text, "UTF-8")) == replaced
    kept = [(c, s) for c, s in zip(codes, starts, strict=True) if c >= 0]
    ignored = tf.strings.unicode_decode_with_offsets(text, "UTF-8", errors="ignore")
    assert [values(t) for t in ignored] == [[c for c, _ in kept], [s for _, s in kept]]
    assert values(tf.strings.unicode_split(text, "UTF-8")) == [chr(c).encode() for c in replaced]
    if -1 in codes:
        with pytest.raises(INVALID, match="Invalid formatting"):
            tf.strings.unicode_decode(text, "UTF-8", errors="strict")
    else:
        assert values(tf.strings.unicode_decode(text, "UTF-8", errors="strict")) == codes
        assert tf.strings.unicode_encode(np.asarray(codes, np.int32), "UTF-8").numpy() == text


@pytest.mark.parametrize("codec", ["utf-16-be", "utf-16-le", "utf-32-be", "shift-jis", "euc-jp", "gb18030"])
def test_unicode_encodings(codec):
    text = "日本a"
    raw = text.encode(codec)
    assert values(tf.strings.unicode_decode(raw, codec.upper())) == [ord(c) for c in text]
    assert tf.strings.unicode_transcode(raw, codec.upper(), "UTF-8").numpy() == text.encode()
    with pytest.raises(INVALID, match="converter"):
        tf.strings.unicode_transcode("a", "no-such-encoding", "UTF-8")


def test_unicode_transcode():
    assert tf.strings.unicode_transcode("é😀", "UTF-8", "UTF-16-BE").numpy() == "é😀".encode("utf-16-be")
    assert (
        tf.strings.unicode_transcode(b"a\xff\x01", "UTF-8", "UTF-8", replacement_char=63).numpy() == b"a?\x01"
    )
    assert (
        tf.strings.unicode_transcode(
            b"a\x01", "UTF-8", "UTF-8", replacement_char=63, replace_control_characters=True
        ).numpy()
        == b"a?"
    )
    with pytest.raises(INVALID, match="output_encoding"):
        tf.strings.unicode_transcode("a", "UTF-8", "UTF-16-LE")


def test_unicode_encode():
    assert values(tf.strings.unicode_encode([[97, 98], [99, 100]], "UTF-8")) == [b"ab", b"cd"]
    assert values(tf.strings.unicode_encode(tf.strings.unicode_decode(["ab", "é"], "UTF-8"), "UTF-8")) == [
        b"ab",
        "é".encode(),
    ]
    assert (
        tf.strings.unicode_encode([97, 0xD800, 0x110000, -1], "UTF-8", replacement_char=63).numpy() == b"a???"
    )
    assert tf.strings.unicode_encode([97, 0xD800], "UTF-8", errors="ignore").numpy() == b"a"
    with pytest.raises(INVALID, match="out of range"):
        tf.strings.unicode_encode([0xD800], "UTF-8", errors="strict")
    with pytest.raises(ValueError, match="at least 1"):
        tf.strings.unicode_encode(97, "UTF-8")


def test_unicode_script():
    codes = [ord(c) for c in "aαя漢あ1"]
    assert values(tf.strings.unicode_script([*codes, -1, 0x110000])) == [25, 14, 8, 17, 20, 0, -1, -1]
    assert len(unicode_scripts.table()) == 0x110000


# --------------------------------------------------------------------------------------------- bytes, base 64
def test_base64():
    decode_base64, encode_base64 = tf.io.decode_base64, tf.io.encode_base64
    raw = [bytes(range(n)) + b"\xff\xfe" for n in range(6)]
    assert values(decode_base64(encode_base64(raw))) == raw
    assert values(decode_base64(encode_base64(raw, pad=True))) == raw
    for bad in ("a", "a+b/", "YQ=", "Y=Q=", "é"):
        with pytest.raises(INVALID, match="base64"):
            decode_base64(bad)


def test_decode_raw():
    decode_raw = tf.io.decode_raw
    assert values(decode_raw([b"\x01\x00\x02\x00"], tf.int16)) == [[1, 2]]
    assert values(decode_raw([b"\x01\x00\x02\x00"], tf.int16, little_endian=False)) == [[256, 512]]
    z = np.array([1 + 2j], ">c8")
    assert values(decode_raw(z.tobytes(), tf.complex64, little_endian=False)) == [1 + 2j]
    assert values(decode_raw([b"\x01", b"\x01\x02\x03\x04\x05"], tf.uint8, fixed_length=4)) == [
        [1, 0, 0, 0],
        [1, 2, 3, 4],
    ]
    assert decode_raw(tf.constant([], tf.string), tf.float32).shape == (0, 0)
    for fn in (
        lambda: decode_raw([b"a", b"ab"], tf.uint8),
        lambda: decode_raw([b"abc"], tf.int16),
        lambda: decode_raw([b"a"], tf.int16, fixed_length=3),
    ):
        with pytest.raises(INVALID):
            fn()


# -------------------------------------------------------------------------------------------- in the platform
def test_strings_in_functions():
    @tf.function
    def run(x):
        words = tf.strings.split(x)
        return (
            tf.strings.length(words.flat_values) * 2,
            tf.strings.join([x, "!"]),
            tf.strings.to_number(tf.strings.regex_replace(x, "[^0-9]", "")) + 1,
        )

    lengths, shouted, numbers = run(tf.constant(["a 12", "bcd 3"]))
    assert values(lengths) == [2, 4, 6, 2]
    assert values(shouted) == [b"a 12!", b"bcd 3!"]
    assert values(numbers) == [13.0, 4.0]


def test_comparison_and_format():
    x = tf.constant(["a", "b"])
    assert values(x == tf.constant(["a", "c"])) == [True, False]
    assert values(tf.not_equal(x, "a")) == [False, True]
    assert tf.strings.format("{} {}", [tf.range(8), "s"]).numpy() == b'[0 1 2 ... 5 6 7] "s"'
    with pytest.raises(ValueError, match="expects 2"):
        tf.strings.format("{} {}", [1])


def test_trailing_zero_bytes_survive():
    x = tf.constant([b"a\x00", b"\x00\x00"])
    assert values(tf.strings.join([x, ""])) == [b"a\x00", b"\x00\x00"]
    assert values(tf.strings.length(x)) == [2, 2]
