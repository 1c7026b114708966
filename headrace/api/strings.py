"""`tf.strings`: tensors of byte strings. All of it runs on the host; functions that give rows of different
lengths return a `tf.RaggedTensor`."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from headrace.core import dtypes
from headrace.core.convert import to_tensor
from headrace.core.errors import InvalidArgumentError, invalid
from headrace.core.op import lookup
from headrace.core.scoping import scoped
from headrace.core.tensor import Tensor
from headrace.ops import string_parts as parts
from headrace.ops import strings as ops
from headrace.ops import unicode as uni


# ----------------------------------------------------------------------------------------------------- ragged
def _ragged() -> Any:
    from headrace.composites.ragged.ragged_tensor import RaggedTensor

    return RaggedTensor


def _is_ragged(x: Any) -> bool:
    return hasattr(x, "flat_values") and hasattr(x, "row_splits")


def _per_row(x: Any, rows: Callable[[Any], Any]) -> Any:
    """Applies `rows`, which makes a ragged row of every string of a vector, to strings of any rank (or ragged
    ones). A scalar gives its row alone."""
    if _is_ragged(x):
        return x.with_flat_values(_per_row(x.flat_values, rows))
    x = to_tensor(x, dtypes.string)
    if x.ndim is None:
        raise ValueError(
            "The rank of the input must be known while building the graph. Use tf.ensure_shape to state it."
        )
    if x.ndim == 0:
        return rows(lookup("Reshape")(x, [1]))[0]
    if x.ndim == 1:
        return rows(x)
    return _per_row(_ragged().from_tensor(x, ragged_rank=x.ndim - 1), rows)


# ---------------------------------------------------------------------------------------- numbers, formatting
def as_string(
    input: Any,
    precision: int = -1,
    scientific: bool = False,
    shortest: bool = False,
    width: int = -1,
    fill: str = "",
    name: str | None = None,
) -> Any:
    """Numbers as text, in the notation of C's `printf`.

    Args:
      precision: digits after the point (significant digits with `shortest`); -1 for the default.
      scientific, shortest: `%e` or `%g` instead of `%f`, for floating-point types.
      width: the least number of characters; `fill` is the flag for it: "0", " ", "+" or "-" (to the left).

    Raises:
      InvalidArgumentError: an option that the type does not take.

    >>> tf.strings.as_string([3.14159, 2.0], precision=2).numpy().tolist()
    [b'3.14', b'2.00']
    """
    return ops.AS_STRING(
        input,
        precision=precision,
        scientific=scientific,
        shortest=shortest,
        width=width,
        fill=fill,
        name=name,
    )


def to_number(input: Any, out_type: Any = dtypes.float32, name: str | None = None) -> Any:
    """The numbers that strings spell, as float32, float64, int32, int64, uint32 or uint64.

    Raises:
      InvalidArgumentError: a string is not a number of that type.

    >>> tf.strings.to_number(["1.5", " 2 "]).numpy().tolist()
    [1.5, 2.0]
    """
    out_type = dtypes.as_dtype(out_type)
    allowed = (dtypes.float32, dtypes.float64, dtypes.int32, dtypes.int64, dtypes.uint32, dtypes.uint64)
    if out_type not in allowed:
        names = ", ".join([d.name for d in allowed])
        raise invalid(
            f"Value for attr 'out_type' of {out_type.name} is not in the list of allowed values: {names}"
        )
    return ops.TO_NUMBER(input, out_type=out_type, name=name)


def format(
    template: str, inputs: Any, placeholder: str = "{}", summarize: int = 3, name: str | None = None
) -> Any:
    """`template` with each placeholder replaced by a tensor's text, of which the first and last `summarize`
    entries per dimension are shown (-1: all).

    >>> tf.strings.format("x: {}", tf.range(10)).numpy()
    b'x: [0 1 2 ... 7 8 9]'
    """
    if not isinstance(inputs, (list, tuple)):
        inputs = [inputs]
    if template.count(placeholder) != len(inputs):
        raise ValueError(
            f"The template expects {template.count(placeholder)} tensors, but the inputs only has "
            f"{len(inputs)}. "
            "Please ensure the number of placeholders in template matches inputs length."
        )
    return lookup("StringFormat")(
        list(inputs), template=template, placeholder=placeholder, summarize=summarize, name=name
    )


# ------------------------------------------------------------------------------------------------- one by one
def length(input: Any, unit: str = "BYTE", name: str | None = None) -> Any:
    """The length of every string in bytes, or in characters (`unit="UTF8_CHAR"`): int32.

    >>> tf.strings.length("é", unit="UTF8_CHAR").numpy()
    np.int32(1)
    """
    return ops.LENGTH(input, unit=unit, name=name)


def lower(input: Any, encoding: str = "", name: str | None = None) -> Any:
    """Lower case: of ASCII letters only, or of all letters with `encoding="utf-8"`.

    >>> tf.strings.lower("ABC").numpy()
    b'abc'
    """
    return ops.LOWER(input, encoding=encoding, name=name)


def upper(input: Any, encoding: str = "", name: str | None = None) -> Any:
    """Upper case: of ASCII letters only, or of all letters with `encoding="utf-8"`.

    >>> tf.strings.upper("abc").numpy()
    b'ABC'
    """
    return ops.UPPER(input, encoding=encoding, name=name)


def strip(input: Any, name: str | None = None) -> Any:
    """Without ASCII white space at both ends.

    >>> tf.strings.strip(" a b ").numpy()
    b'a b'
    """
    return ops.STRIP(input, name=name)


def substr(input: Any, pos: Any, len: Any, unit: str = "BYTE", name: str | None = None) -> Any:
    """`len` bytes (or characters, `unit="UTF8_CHAR"`) from position `pos`, which counts from the end if
    negative. `pos` and `len` have one shape, which broadcasts against the strings.

    Raises:
      InvalidArgumentError: `pos` is outside of a string.

    >>> tf.strings.substr("hello", -3, 2).numpy()
    b'll'
    """
    return ops.SUBSTR(input, pos, len, unit=unit, name=name)


def regex_full_match(input: Any, pattern: Any, name: str | None = None) -> Any:
    """Whether the whole string matches an RE2 pattern.

    Raises:
      InvalidArgumentError: the pattern is malformed.

    >>> tf.strings.regex_full_match(["ab1", "x"], r"[a-z]+\\d").numpy().tolist()
    [True, False]
    """
    if isinstance(pattern, str):
        return ops.STATIC_REGEX_FULL_MATCH(input, pattern=pattern, name=name)
    return ops.REGEX_FULL_MATCH(input, pattern, name=name)


def regex_replace(
    input: Any, pattern: Any, rewrite: Any, replace_global: bool = True, name: str | None = None
) -> Any:
    """All matches (or the first) of an RE2 pattern replaced by `rewrite`, in which `\\\\1` … `\\\\9` are what
    groups matched and `\\\\0` is the whole match.

    >>> tf.strings.regex_replace("a1b22", r"(\\d+)", r"<\\1>").numpy()
    b'a<1>b<22>'
    """
    if isinstance(pattern, (str, bytes)) and isinstance(rewrite, (str, bytes)):
        pattern, rewrite = (s.decode() if isinstance(s, bytes) else s for s in (pattern, rewrite))
        return ops.STATIC_REGEX_REPLACE(
            input, pattern=pattern, rewrite=rewrite, replace_global=replace_global, name=name
        )
    return ops.REGEX_REPLACE(input, pattern, rewrite, replace_global=replace_global, name=name)


# ---------------------------------------------------------------------------------------------------- joining
def join(inputs: Any, separator: str = "", name: str | None = None) -> Any:
    """Joins a list of tensors of strings element by element; scalars go with every element.

    >>> tf.strings.join(["x", ["1", "2"]], separator="-").numpy().tolist()
    [b'x-1', b'x-2']
    """
    return parts.JOIN([to_tensor(x, dtypes.string) for x in inputs], separator=separator, name=name)


@scoped("ReduceJoin", None, argument="none")
def reduce_join(
    inputs: Any, axis: Any = None, keepdims: bool = False, separator: str = "", name: str | None = None
) -> Any:
    """Joins along dimensions, `axis` in the order in which they are joined; None joins all strings, the last
    dimension first.

    >>> tf.strings.reduce_join([["a", "b"], ["c", "d"]], axis=0).numpy().tolist()
    [b'ac', b'bd']
    """
    inputs = to_tensor(inputs, dtypes.string)
    if axis is None:
        rank = inputs.ndim
        axis = (
            list(range(rank))[::-1]
            if rank is not None
            else lookup("Range")(lookup("Sub")(lookup("Rank")(inputs), 1), -1, -1)
        )
    axis = (
        to_tensor(axis, hint=dtypes.int32)
        if not (isinstance(axis, (list, tuple)) and not axis)
        else np.zeros(0, np.int32)
    )
    return parts.REDUCE_JOIN(inputs, axis, keep_dims=keepdims, separator=separator, name=name)


def unsorted_segment_join(
    inputs: Any, segment_ids: Any, num_segments: Any, separator: str = "", name: str | None = None
) -> Any:
    """Joins the rows that have the same segment id: shape `[num_segments] + inputs.shape[segment_ids.ndim:]`.

    >>> tf.strings.unsorted_segment_join(["a", "b", "c"], [0, 1, 0], 2).numpy().tolist()
    [b'ac', b'b']
    """
    return parts.SEGMENT_JOIN(inputs, segment_ids, num_segments, separator=separator, name=name)


# -------------------------------------------------------------------------------------------------- splitting
def _rows_of_sparse(indices: Any, values: Any, shape: Any) -> Any:
    row = lookup("StridedSlice")(
        indices, [0, 0], [0, 1], [1, 1], begin_mask=1, end_mask=1, shrink_axis_mask=2
    )
    count = lookup("StridedSlice")(shape, [0], [1], [1], shrink_axis_mask=1)
    return _ragged().from_value_rowids(values, row, nrows=count, validate=False)


@scoped("StringSplit", None, "RaggedFromValueRowIds/RowPartitionFromValueRowIds/concat")
def split(input: Any, sep: Any = None, maxsplit: int = -1, name: str | None = None) -> Any:
    """Splits strings at `sep` (default: at runs of white space), at most `maxsplit` times.

    Returns:
      A vector for a scalar input, otherwise a RaggedTensor with one dimension more.

    >>> tf.strings.split(["a b", "c"]).to_list()
    [[b'a', b'b'], [b'c']]
    """
    separator = to_tensor("" if sep is None else sep, dtypes.string)
    return _per_row(
        input, lambda x: _rows_of_sparse(*parts.SPLIT(x, separator, maxsplit=maxsplit, name=name))
    )


@scoped("StringsByteSplit", None, "RaggedFromValueRowIds/RowPartitionFromValueRowIds/concat")
def bytes_split(input: Any, name: str | None = None) -> Any:
    """Splits strings into single bytes: a vector for a scalar, otherwise a RaggedTensor.

    >>> tf.strings.bytes_split("abc").numpy().tolist()
    [b'a', b'b', b'c']
    """
    return _per_row(
        input, lambda x: _rows_of_sparse(*lookup("StringSplit")(x, "", skip_empty=False, name=name))
    )


@scoped("StringNGrams", None)
def ngrams(
    data: Any,
    ngram_width: int | Sequence[int],
    separator: str = " ",
    pad_values: Any = None,
    padding_width: int | None = None,
    preserve_short_sequences: bool = False,
    name: str | None = None,
) -> Any:
    """All runs of `ngram_width` consecutive strings along the last dimension, joined.

    Args:
      data: strings, `[..., n]` or a RaggedTensor.
      ngram_width: one width, or several.
      pad_values: a string, or a pair, put before and after every sequence; `padding_width` times, by default
        as often as makes each string begin and end an n-gram.
      preserve_short_sequences: whether a sequence too short for an n-gram becomes one.

    >>> tf.strings.ngrams(["a", "b", "c"], 2).numpy().tolist()
    [b'a b', b'b c']
    """
    left: Any
    right: Any
    if pad_values is None:
        left = right = ""
    elif (
        isinstance(pad_values, (list, tuple))
        and len(pad_values) == 2
        and all(isinstance(p, (str, bytes)) for p in pad_values)
    ):
        left, right = pad_values
    elif isinstance(pad_values, (str, bytes)):
        left = right = pad_values
    else:
        raise TypeError(f"pad_values must be a string, tuple of strings, or None. Received {pad_values!r}.")
    if padding_width is not None and padding_width < 1:
        raise ValueError("padding_width must be greater than 0.")
    if padding_width is not None and pad_values is None:
        raise ValueError("pad_values must be provided if padding_width is set.")
    widths: list[Any] = list(ngram_width) if isinstance(ngram_width, (list, tuple)) else [ngram_width]
    for width in widths:
        if width < 1:
            raise ValueError(f"All ngram_widths must be greater than 0. Got {ngram_width}")
    ragged = _ragged()
    options = {
        "separator": separator,
        "ngram_widths": widths,
        "left_pad": left,
        "right_pad": right,
        "pad_width": 0 if pad_values is None else -1 if padding_width is None else padding_width,
        "preserve_short_sequences": preserve_short_sequences,
    }

    def run(x: Any) -> Any:
        if x.ragged_rank > 1:
            return x.with_values(run(x.values))
        values, splits = parts.NGRAMS(x.values, x.row_splits, name=name, **options)
        return ragged.from_row_splits(values, splits, validate=False)

    if _is_ragged(data):
        return run(data)
    data = to_tensor(data, dtypes.string)
    if data.ndim is None:
        raise ValueError("Rank of data must be known.")
    if data.ndim == 0:
        raise ValueError("Data must have rank>0")
    if data.ndim == 1:
        return run(ragged.from_row_starts(data, [0], validate=False))[0]
    result = run(ragged.from_tensor(data, ragged_rank=data.ndim - 1))
    outer = lookup("StridedSlice")(lookup("Shape")(data), [0], [-1], [1], begin_mask=1)
    return lookup("Reshape")(result.flat_values, lookup("ConcatV2")([outer, [-1]], 0))


# ---------------------------------------------------------------------------------------------------- hashing
def to_hash_bucket(input: Any, num_buckets: int, name: str | None = None) -> Any:
    """A bucket number in `[0, num_buckets)` for every string. Prefer `to_hash_bucket_fast`.

    >>> tf.strings.to_hash_bucket(["a", "b"], 1).numpy().tolist()
    [0, 0]
    """
    return ops.HASH_BUCKET(input, num_buckets=num_buckets, name=name)


def to_hash_bucket_fast(input: Any, num_buckets: int, name: str | None = None) -> Any:
    """A bucket number in `[0, num_buckets)` by FarmHash's 64-bit fingerprint, which never changes.

    >>> tf.strings.to_hash_bucket_fast(["Hello", "TensorFlow", "2.x"], 3).numpy().tolist()
    [0, 2, 2]
    """
    return ops.HASH_BUCKET_FAST(input, num_buckets=num_buckets, name=name)


def to_hash_bucket_strong(input: Any, num_buckets: int, key: Sequence[int], name: str | None = None) -> Any:
    """A bucket number in `[0, num_buckets)` by SipHash under a secret key of two 64-bit integers: nobody who
    does not know the key can make strings collide.

    >>> tf.strings.to_hash_bucket_strong(["Hello", "TF"], 3, [1, 2]).numpy().tolist()
    [2, 0]
    """
    return ops.HASH_BUCKET_STRONG(input, num_buckets=num_buckets, key=tuple(key), name=name)


# ---------------------------------------------------------------------------------------------------- Unicode
def unicode_transcode(
    input: Any,
    input_encoding: str,
    output_encoding: str,
    errors: str = "replace",
    replacement_char: int = 65533,
    replace_control_characters: bool = False,
    name: str | None = None,
) -> Any:
    """Strings from any encoding in "UTF-8", "UTF-16-BE" or "UTF-32-BE".

    Args:
      errors: what happens with malformed input: "strict" raises InvalidArgumentError, "replace" puts
        `replacement_char`, "ignore" drops it.
      replace_control_characters: whether U+0000 to U+001F count as malformed.

    >>> tf.strings.unicode_transcode("é", "UTF-8", "UTF-16-BE").numpy()
    b'\\x00\\xe9'
    """
    return uni.UNICODE_TRANSCODE(
        input,
        input_encoding=input_encoding,
        output_encoding=output_encoding,
        errors=errors,
        replacement_char=replacement_char,
        replace_control_characters=replace_control_characters,
        name=name,
    )


def unicode_script(input: Any, name: str | None = None) -> Any:
    """The script of every code point, by ICU's numbers (25 Latin, 17 Han …); -1 for what is no code point.

    >>> tf.strings.unicode_script([ord("a"), ord("α")]).numpy().tolist()
    [25, 14]
    """
    return uni.UNICODE_SCRIPT(input, name=name)


def _decoded(input: Any, options: dict[str, Any], offsets: bool, name: str | None) -> Any:
    ragged = _ragged()
    starts: list[Any] = []

    def rows(x: Any) -> Any:
        if not offsets:
            splits, codes = uni.UNICODE_DECODE(x, name=name, **options)
            return ragged.from_row_splits(codes, splits, validate=False)
        splits, codes, begins = uni.UNICODE_DECODE_WITH_OFFSETS(x, name=name, **options)
        starts.append(ragged.from_row_splits(begins, splits, validate=False))
        return ragged.from_row_splits(codes, splits, validate=False)

    codes = _per_row(input, rows)
    if not offsets:
        return codes
    if not _is_ragged(codes):  # one string
        return codes, starts[0][0]
    return codes, codes.with_flat_values(starts[0].flat_values)


def _options(
    input_encoding: str, errors: str, replacement_char: int, replace_control_characters: bool
) -> dict[str, Any]:
    return {
        "input_encoding": input_encoding,
        "errors": errors,
        "replacement_char": replacement_char,
        "replace_control_characters": replace_control_characters,
    }


@scoped("UnicodeDecode", None)
def unicode_decode(
    input: Any,
    input_encoding: str,
    errors: str = "replace",
    replacement_char: int = 65533,
    replace_control_characters: bool = False,
    name: str | None = None,
) -> Any:
    """The code points of every string: an int32 vector for a scalar, otherwise a RaggedTensor. Options as in
    `unicode_transcode`.

    >>> tf.strings.unicode_decode("aé", "UTF-8").numpy().tolist()
    [97, 233]
    """
    return _decoded(
        input, _options(input_encoding, errors, replacement_char, replace_control_characters), False, name
    )


def unicode_decode_with_offsets(
    input: Any,
    input_encoding: str,
    errors: str = "replace",
    replacement_char: int = 65533,
    replace_control_characters: bool = False,
    name: str | None = None,
) -> Any:
    """`(code points, the byte each of them begins at)`, see `unicode_decode`.

    >>> codes, starts = tf.strings.unicode_decode_with_offsets("éa", "UTF-8")
    >>> starts.numpy().tolist()
    [0, 2]
    """
    return _decoded(
        input, _options(input_encoding, errors, replacement_char, replace_control_characters), True, name
    )


@scoped("UnicodeSplit", "UnicodeEncode/UnicodeEncode/UnicodeEncode/UnicodeEncode", "UnicodeDecode")
def unicode_split(
    input: Any,
    input_encoding: str,
    errors: str = "replace",
    replacement_char: int = 65533,
    name: str | None = None,
) -> Any:
    """The characters of every string, each a string: a vector for a scalar, otherwise a RaggedTensor.

    >>> [s.decode() for s in tf.strings.unicode_split("aé", "UTF-8").numpy()]
    ['a', 'é']
    """
    codes = _decoded(input, _options(input_encoding, errors, replacement_char, False), False, name)
    return _characters(codes, input_encoding, errors, replacement_char)


def unicode_split_with_offsets(
    input: Any,
    input_encoding: str,
    errors: str = "replace",
    replacement_char: int = 65533,
    name: str | None = None,
) -> Any:
    """`(characters, the byte each of them begins at)`, see `unicode_split`.

    >>> characters, starts = tf.strings.unicode_split_with_offsets("éa", "UTF-8")
    >>> starts.numpy().tolist()
    [0, 2]
    """
    codes, starts = _decoded(input, _options(input_encoding, errors, replacement_char, False), True, name)
    return _characters(codes, input_encoding, errors, replacement_char), starts


def _characters(codes: Any, encoding: str, errors: str, replacement_char: int) -> Any:
    flat = codes.flat_values if _is_ragged(codes) else codes
    count = lookup("Size")(flat, out_type=dtypes.int64)
    splits = lookup("Range")(np.int64(0), lookup("AddV2")(count, np.int64(1)), np.int64(1))
    characters = uni.UNICODE_ENCODE(
        flat, splits, output_encoding=encoding, errors=errors, replacement_char=replacement_char
    )
    return codes.with_flat_values(characters) if _is_ragged(codes) else characters


@scoped("UnicodeEncode", "UnicodeEncode/UnicodeEncode")
def unicode_encode(
    input: Any,
    output_encoding: str,
    errors: str = "replace",
    replacement_char: int = 65533,
    name: str | None = None,
) -> Any:
    """Joins code points (the last dimension, or rows of a RaggedTensor) into strings in "UTF-8", "UTF-16-BE"
    or "UTF-32-BE".

    Args:
      errors: for values that are no characters, as in `unicode_transcode`.

    >>> tf.strings.unicode_encode([97, 98], "UTF-8").numpy()
    b'ab'
    """
    options: dict[str, Any] = {
        "output_encoding": output_encoding,
        "errors": errors,
        "replacement_char": replacement_char,
    }
    if _is_ragged(input):
        if input.ragged_rank > 1:
            return input.with_values(unicode_encode(input.values, name=name, **options))
        if input.flat_values.ndim is not None and input.flat_values.ndim > 1:
            return input.with_values(unicode_encode(input.values, name=name, **options))
        return uni.UNICODE_ENCODE(input.values, input.row_splits, name=name, **options)
    x = to_tensor(input, dtypes.int32) if not isinstance(input, Tensor) else input
    if x.ndim is None:
        raise ValueError("Rank of input_tensor must be statically known.")
    if x.ndim == 0:
        raise ValueError("input_tensor's rank must be at least 1.")
    shape = lookup("Shape")(x, out_type=dtypes.int64)
    outer = lookup("StridedSlice")(shape, [0], [-1], [1], begin_mask=1)
    width = lookup("StridedSlice")(shape, [-1], [0], [1], end_mask=1, shrink_axis_mask=1)
    count = lookup("Prod")(outer, [0], keep_dims=False)
    splits = lookup("Mul")(
        lookup("Range")(np.int64(0), lookup("AddV2")(count, np.int64(1)), np.int64(1)), width
    )
    return lookup("Reshape")(
        uni.UNICODE_ENCODE(lookup("Reshape")(x, [-1]), splits, name=name, **options), outer
    )


__all__ = [
    "as_string",
    "to_number",
    "format",
    "length",
    "lower",
    "upper",
    "strip",
    "substr",
    "regex_full_match",
    "regex_replace",
    "join",
    "reduce_join",
    "unsorted_segment_join",
    "split",
    "bytes_split",
    "ngrams",
    "to_hash_bucket",
    "to_hash_bucket_fast",
    "to_hash_bucket_strong",
    "unicode_transcode",
    "unicode_script",
    "unicode_decode",
    "unicode_decode_with_offsets",
    "unicode_split",
    "unicode_split_with_offsets",
    "unicode_encode",
]
ROOT = ["as_string"]
