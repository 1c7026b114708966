"""The public functions that take more than tensors. Ragged tensors and classes of the user's own
(`tf.experimental.dispatch_for_unary_elementwise_apis` …) take part in all that work element by element, listed here by
the number of their tensor arguments; ragged and sparse tensors in some others."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from headrace.core import overrides

UNARY = {
    "": (
        "abs acos acosh as_string asin asinh atan atanh bitcast cast cos cosh exp floor grad_pass_through "
        "identity logical_not negative ones_like round saturate_cast sigmoid sign sin sinh sqrt square "
        "stop_gradient tan tanh zeros_like"
    ),
    "math": (
        "angle bessel_i0 bessel_i0e bessel_i1 bessel_i1e ceil conj digamma erf erfc erfcinv erfinv expm1 imag "
        "is_finite is_inf is_nan lgamma log log1p log_sigmoid ndtri real reciprocal reciprocal_no_nan rint "
        "rsqrt softplus softsign"
    ),
    "math.special": (
        "bessel_j0 bessel_j1 bessel_k0 bessel_k0e bessel_k1 bessel_k1e bessel_y0 bessel_y1 dawsn expint "
        "fresnel_cos fresnel_sin spence"
    ),
    "nn": "dropout elu gelu leaky_relu relu relu6 selu silu swish",
    "bitwise": "invert",
    "debugging": "check_numerics",
    "strings": (
        "length lower regex_full_match regex_replace strip to_hash_bucket to_hash_bucket_fast "
        "to_hash_bucket_strong to_number unicode_script unicode_transcode upper"
    ),
    "io": "decode_base64 decode_compressed encode_base64",
    "image": "adjust_brightness adjust_gamma convert_image_dtype random_brightness stateless_random_brightness",
}
BINARY = {
    "": (
        "add atan2 complex divide equal greater greater_equal less less_equal logical_and logical_or maximum "
        "minimum multiply not_equal pow realdiv subtract truediv truncatediv truncatemod"
    ),
    "math": (
        "divide_no_nan floordiv floormod igamma igammac logical_xor mod multiply_no_nan nextafter polygamma "
        "squared_difference xdivy xlog1py xlogy zeta"
    ),
    "nn": "sigmoid_cross_entropy_with_logits",
    "bitwise": "bitwise_and bitwise_or bitwise_xor left_shift right_shift",
}
OTHER = {"": "clip_by_value", "strings": "join substr"}


def find(path: str, name: str) -> Any:
    """`tf.<path>.<name>`, or None."""
    import headrace

    module: Any = headrace
    for part in path.split(".") if path else ():
        module = getattr(module, part, None)
    return getattr(module, name, None)


def functions(table: dict[str, str]) -> Iterator[Callable[..., Any]]:
    """Those of the table that exist."""
    for path, names in table.items():
        for name in names.split():
            function = find(path, name)
            if callable(function):
                yield function


_OTHERS = (
    "add_n bincount boolean_mask concat dynamic_partition embedding_lookup expand_dims gather gather_nd matmul one_hot "
    "rank resize reduce_all reduce_any reduce_join reduce_logsumexp reduce_max reduce_mean reduce_min reduce_prod reduce_std "
    "reduce_sum reduce_variance reverse segment_max segment_mean segment_min segment_prod segment_sum shape size softmax "
    "split squeeze stack tile unsorted_segment_max unsorted_segment_mean unsorted_segment_min unsorted_segment_prod "
    "unsorted_segment_sqrt_n unsorted_segment_sum where"
)
_NAMES = frozenset(
    [
        *_OTHERS.split(),
        *[name for table in (UNARY, BINARY, OTHER) for names in table.values() for name in names.split()],
    ]
)


def prepare() -> None:
    """Makes these functions, as far as their namespaces have been imported, ask for rules (`headrace.core.overrides`)."""
    overrides.prepare(_NAMES)
