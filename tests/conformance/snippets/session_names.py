"""What the operations are called that functions return: their names are those of TensorFlow's, scopes included.

A row is an expression of the tensors below. Every one is evaluated four times in one graph: twice as it stands, with a name
given where a `{}` stands, and inside another scope; what is returned is where the results lie."""

from conformance.harness import snippet

# What expressions may be written with.
TENSORS = {
    "x": ("float32", [4, 3]), "y": ("float32", [4, 3]), "v": ("float32", [3]), "w": ("float32", [3, 5]),
    "u": ("float32", [5]), "f": ("float32", []), "i": ("int32", [4]), "j": ("int32", [4, 3]), "n": ("int32", []),
    "l": ("int64", [4]), "b": ("bool", [4, 3]), "m": ("float32", [2, 3, 3]), "t": ("float32", [2, 6, 4]),
    "c": ("complex64", [4, 3]), "im": ("float32", [2, 8, 8, 3]), "pic": ("float32", [8, 8, 3]),
    "u8": ("uint8", [8, 8, 3]), "s": ("string", [4]), "one": ("string", []), "vol": ("float32", [1, 4, 4, 4, 2]),
    "k": ("float32", [3, 3, 3, 2]), "k3": ("float32", [2, 2, 2, 2, 2]), "dk": ("float32", [3, 3, 3, 1]),
    "pk": ("float32", [1, 1, 3, 4]), "k1": ("float32", [3, 4, 5]), "q": ("float32", None), "d": ("float64", [4, 3]),
    "h": ("float16", [4, 3]), "part": ("float32", [None, 3]), "sizes": ("int32", [None]), "cw": ("float32", [6, 2, 5]),
}  # fmt: skip


def _names(tf, value):
    """Where results lie: the names of their operations."""
    if isinstance(value, (list, tuple)):
        return [_names(tf, v) for v in value]
    if isinstance(value, tf.SparseTensor):
        return value.values.op.name
    if isinstance(value, tf.RaggedTensor):
        return value.flat_values.op.name
    if isinstance(value, tf.IndexedSlices):
        return [value.values.op.name, value.indices.op.name]
    if hasattr(value, "op"):
        return value.op.name
    return getattr(value, "name", None) if not isinstance(value, (str, bytes, int, float)) else value


def _used(expression):
    """The tensors an expression is written with, by the words in it."""
    import re

    words = set(re.findall(r"(?<![.\w])[a-z]\w*(?![\w(=])", expression))
    return [name for name in TENSORS if name in words]


def evaluate(tf, expression, given='name="given"'):
    v1 = tf.compat.v1
    with tf.Graph().as_default():
        known = {name: v1.placeholder(TENSORS[name][0], TENSORS[name][1], name) for name in _used(expression)}
        known.update(tf=tf, v1=v1)

        def call(what):
            plain = what.replace(", {}", "").replace("{}", "")
            return _names(tf, eval(plain, dict(known)))

        found = [call(expression), call(expression)]
        if "{}" in expression:
            found.append(call(expression.replace("{}", given)))
        with tf.name_scope("outer"):
            found.append(call(expression))
    return found


MATH = """
x + y; x - y; x * y; x / y; x // y; x % y; x ** y; -x; x < y; x >= y; b & b; b | b; b ^ b; ~b; abs(x);
x @ tf.transpose(y); x[0]; x[:, 1:]; x[..., None]; x + 1.0; 2.0 * x; 1.0 - x; 1.0 / x; x > 0.0; i + 1;
i // 2; i / 2; n + 1; x == y; x != y; tf.abs(x, {}); tf.abs(c, {}); tf.add(x, y, {}); tf.subtract(x, y, {});
tf.multiply(x, y, {}); tf.divide(x, y, {}); tf.truediv(x, y, {}); tf.truediv(i, i, {}); v1.div(x, y, {});
v1.div(i, i, {}); tf.realdiv(x, y, {}); tf.truncatediv(i, i, {}); v1.floor_div(i, i, {});
tf.math.floordiv(x, y, {}); tf.math.floormod(x, y, {}); tf.math.mod(x, y, {}); tf.truncatemod(x, y, {});
tf.math.divide_no_nan(x, y, {}); tf.math.multiply_no_nan(x, y, {}); tf.math.xdivy(x, y, {});
tf.math.xlogy(x, y, {}); tf.math.xlog1py(x, y, {}); tf.pow(x, y, {}); tf.pow(x, 2.0, {}); tf.square(x, {});
tf.sqrt(x, {}); tf.math.rsqrt(x, {}); tf.exp(x, {}); tf.math.log(x, {}); tf.math.log1p(x, {});
tf.math.expm1(x, {}); tf.sign(x, {}); tf.round(x, {}); tf.round(i, {}); tf.floor(x, {});
tf.math.ceil(x, {}); tf.math.rint(x, {}); tf.negative(x, {}); tf.math.reciprocal(x, {});
tf.math.reciprocal_no_nan(x, {}); tf.sin(x, {}); tf.cos(x, {}); tf.tan(x, {}); tf.asin(x, {});
tf.acos(x, {}); tf.atan(x, {}); tf.atan2(x, y, {}); tf.sinh(x, {}); tf.cosh(x, {}); tf.tanh(x, {});
tf.asinh(x, {}); tf.acosh(x, {}); tf.atanh(x, {}); tf.sigmoid(x, {}); tf.math.softplus(x, {});
tf.math.softsign(x, {}); tf.math.log_sigmoid(x, {}); tf.math.erf(x, {}); tf.math.erfc(x, {});
tf.math.erfinv(x, {}); tf.math.erfcinv(x, {}); tf.math.ndtri(x, {}); tf.math.lgamma(x, {});
tf.math.digamma(x, {}); tf.math.polygamma(x, y, {}); tf.math.zeta(x, y, {}); tf.math.igamma(x, y, {});
tf.math.igammac(x, y, {}); tf.math.betainc(x, y, x, {}); tf.math.lbeta(x, {}); tf.math.bessel_i0(x, {});
tf.math.bessel_i1(x, {}); tf.math.bessel_i0e(x, {}); tf.math.bessel_i1e(x, {});
tf.math.special.dawsn(x, {}); tf.math.special.expint(x, {}); tf.math.special.spence(x, {});
tf.math.special.bessel_j0(x, {}); tf.maximum(x, y, {}); tf.minimum(x, y, {}); tf.maximum(x, 0.0, {});
tf.math.squared_difference(x, y, {}); tf.math.nextafter(d, d, {}); tf.equal(x, y, {});
tf.not_equal(x, y, {}); tf.less(x, y, {}); tf.less_equal(x, y, {}); tf.greater(x, y, {});
tf.greater_equal(x, y, {}); v1.equal(x, y, {}); tf.logical_and(b, b, {}); tf.logical_or(b, b, {});
tf.logical_not(b, {}); tf.math.logical_xor(b, b, {}); tf.math.is_nan(x, {}); tf.math.is_inf(x, {});
tf.math.is_finite(x, {}); tf.math.real(c, {}); tf.math.imag(c, {}); tf.math.conj(c, {});
tf.math.conj(x, {}); tf.math.angle(c, {}); tf.math.angle(x, {}); tf.complex(x, y, {});
tf.cast(x, tf.int32, {}); tf.cast(x, tf.float32, {}); v1.to_float(i, {}); v1.to_double(x, {});
v1.to_int32(x, {}); v1.to_int64(x, {}); v1.to_bfloat16(x, {}); tf.saturate_cast(x, tf.uint8, {});
tf.bitcast(x, tf.int32, {}); tf.reduce_sum(x, {}); tf.reduce_sum(x, 0, {});
tf.reduce_sum(x, axis=[0, 1], keepdims=True, {}); tf.reduce_mean(x, {}); tf.reduce_mean(x, 1, {});
tf.reduce_max(x, 1, {}); tf.reduce_min(x, {}); tf.reduce_prod(x, {}); tf.reduce_all(b, {});
tf.reduce_any(b, 1, {}); tf.reduce_logsumexp(x, {}); tf.reduce_logsumexp(x, 1, {});
tf.reduce_logsumexp(x, 1, keepdims=True, {}); tf.math.reduce_variance(x, {});
tf.math.reduce_variance(x, 1, {}); tf.math.reduce_std(x, {}); tf.math.reduce_std(x, 0, {});
tf.math.reduce_euclidean_norm(x, {}); tf.math.count_nonzero(x, {}); tf.math.count_nonzero(x, 0, {});
v1.count_nonzero(x, {}); v1.reduce_sum(x, 0, {}); v1.reduce_mean(x, {}); v1.reduce_logsumexp(x, {});
tf.argmax(x, 1, {}); tf.argmin(x, 1, {}); v1.argmax(x, 1, {}); tf.math.cumsum(x, {});
tf.math.cumsum(x, 1, True, True, {}); tf.math.cumprod(x, {}); tf.math.cumulative_logsumexp(x, {});
tf.add_n([x, y], {}); tf.add_n([x], {}); tf.math.accumulate_n([x, y], {}); tf.math.scalar_mul(2.0, x, {});
v1.scalar_mul(2.0, x); tf.matmul(x, w, {}); tf.matmul(m, m, {}); tf.matmul(m, m, transpose_b=True, {});
tf.matmul(tf.cast(c, tf.complex64), c, adjoint_b=True, {}); tf.linalg.matvec(x, v, {});
tf.tensordot(x, w, 1, {}); tf.tensordot(t, t, [[2], [2]], {}); tf.einsum("ij,jk->ik", x, w, {});
tf.einsum("bij,bjk->bik", m, m, {}); tf.math.segment_sum(x, i, {}); tf.math.segment_mean(x, i, {});
tf.math.segment_max(x, i, {}); tf.math.segment_prod(x, i, {}); tf.math.unsorted_segment_sum(x, i, 3, {});
tf.math.unsorted_segment_mean(x, i, 3, {}); tf.math.unsorted_segment_sqrt_n(x, i, 3, {});
tf.math.unsorted_segment_max(x, i, 3, {}); tf.sparse.segment_sum(x, i, i, {});
tf.sparse.segment_mean(x, i, i, {}); tf.sparse.segment_sqrt_n(x, i, i, {});
tf.sparse.segment_sum(x, i, i, num_segments=5, {}); tf.math.bincount(i, {}); v1.bincount(i);
tf.math.confusion_matrix(i, i, {}); tf.math.confusion_matrix(i, i, 5, weights=tf.cast(i, tf.float32), {});
tf.histogram_fixed_width(x, [0.0, 5.0], {}); tf.histogram_fixed_width_bins(x, [0.0, 5.0], {});
tf.math.top_k(x, 2, {}); tf.nn.top_k(x, 2, {}); tf.math.in_top_k(i, x, 2, {}); tf.nn.in_top_k(i, x, 2, {});
tf.math.approx_max_k(x, 2, {}); tf.sort(x, {}); tf.sort(x, direction="DESCENDING", {}); tf.argsort(x, {});
tf.argsort(x, direction="DESCENDING", {}); tf.searchsorted(x, y, {}); tf.math.invert_permutation(i, {});
tf.math.zero_fraction(x, {}); tf.math.polyval([x, y], x, {}); tf.math.l2_normalize(x, 1, {});
tf.math.sobol_sample(2, 3, {}); tf.bitwise.bitwise_and(i, i, {}); tf.bitwise.invert(i, {});
tf.bitwise.left_shift(i, i, {}); tf.math.reduce_sum(tf.constant([1.0]), {}); tf.constant(1.0, {});
tf.constant([1, 2], {}); tf.math.sigmoid(c, {}); tf.math.is_strictly_increasing(v, {});
tf.math.is_non_decreasing(v, {}); tf.clip_by_value(x, 0.0, 1.0, {});
tf.clip_by_value(tf.IndexedSlices(x, i), 0.0, 1.0, {}); tf.clip_by_norm(x, 1.0, {});
tf.clip_by_norm(tf.IndexedSlices(x, i), 1.0, {}); tf.clip_by_norm(x, 1.0, 1, {});
tf.clip_by_global_norm([x, y], 1.0, {}); tf.clip_by_global_norm([x], 1.0, f, {});
tf.linalg.global_norm([x, y], {}); v1.clip_by_average_norm(x, 1.0, {}); tf.math.argmax(x, {});
tf.math.reduce_max(x, {}); tf.math.ndtri(y, {}); tf.math.rsqrt(y, {}); tf.math.cumsum(i, {});
tf.math.floor(y, {}); tf.math.pow(x, 3.0, {})
"""
ARRAYS = """
tf.identity(x, {}); tf.identity_n([x, y], {}); tf.stop_gradient(x, {}); tf.reshape(x, [-1], {});
tf.reshape(x, [3, 4], {}); tf.expand_dims(x, 0, {}); v1.expand_dims(x, 0, {}); tf.squeeze(m[:1], [0], {});
v1.squeeze(x, {}); tf.transpose(x, {}); tf.transpose(m, [0, 2, 1], {}); tf.transpose(c, conjugate=True, {});
v1.transpose(x, {}); tf.shape(x, {}); tf.shape(part, {}); tf.shape(q, {}); tf.size(x, {}); tf.size(q, {});
tf.rank(x, {}); tf.rank(q, {}); tf.shape_n([x, part], {}); tf.broadcast_dynamic_shape(sizes, sizes);
tf.broadcast_to(v, [4, 3], {}); tf.fill([2, 3], 1.0, {}); tf.fill(sizes, f, {}); tf.zeros([2], {});
tf.zeros([2, 3], tf.int32, {}); tf.zeros(sizes, {}); tf.ones([2], {}); tf.ones(sizes, {});
tf.zeros([3000], {}); tf.ones([3000], {}); tf.zeros_like(x, {}); tf.zeros_like(part, {});
tf.ones_like(x, {}); tf.ones_like(part, {}); v1.zeros_like(x, {}); v1.ones_like(part, {});
v1.zeros_like(x, optimize=False, {}); tf.zeros_like(x, tf.int32, {}); tf.eye(3, {});
tf.eye(3, batch_shape=[2], {}); tf.eye(3, 2, {}); tf.concat([x, y], 0, {}); tf.concat([x], 0, {});
tf.stack([x, y], {}); tf.stack([1, 2], {}); tf.unstack(x, {}); tf.unstack(x, axis=1, {});
tf.split(x, 2, {}); tf.split(x, [1, 3], {}); tf.split(x, 3, 1, {}); tf.tile(x, [2, 1], {});
tf.pad(x, [[1, 1], [0, 0]], {}); tf.pad(x, [[1, 1], [0, 0]], "REFLECT", {});
tf.pad(x, [[1, 1], [0, 0]], constant_values=1.0, {}); tf.repeat(x, 2, 0, {}); tf.repeat(v, [1, 2, 3], {});
tf.roll(x, 1, 0, {}); tf.reverse(x, [0], {}); tf.reverse_sequence(x, i, seq_axis=1, {});
v1.reverse_sequence(x, i, seq_dim=1, {}); tf.gather(x, i, {}); tf.gather(x, i, axis=1, {});
tf.gather(t, j[:2], batch_dims=1, axis=1, {}); v1.gather(x, i, {}); v1.batch_gather(t, j[:2], {});
tf.gather_nd(x, j[:, :2], {}); tf.gather_nd(t, j[:2, :1], 1, {}); v1.gather_nd(x, j[:, :2], {});
tf.scatter_nd(j[:, :1], x, [4, 3], {}); tf.tensor_scatter_nd_update(x, j[:, :1], y, {});
tf.tensor_scatter_nd_add(x, j[:, :1], y, {}); tf.tensor_scatter_nd_max(x, j[:, :1], y, {});
tf.slice(x, [0, 0], [2, 2], {}); tf.strided_slice(x, [0], [2], {}); tf.boolean_mask(x, b, {});
tf.boolean_mask(x, b[:, 0], {}); v1.boolean_mask(x, b, {}); tf.where(b, {}); tf.where(b, x, y, {});
v1.where(b, x, y, {}); v1.where(b, {}); v1.where_v2(b, x, y, {}); tf.one_hot(i, 3, {});
tf.one_hot(i, 3, 1.0, 0.0, {}); tf.range(5, {}); tf.range(n, {}); tf.range(0.0, 1.0, 0.1, {});
tf.linspace(0.0, 1.0, 5, {}); v1.lin_space(0.0, 1.0, 5, {}); tf.meshgrid(v, u, {});
tf.meshgrid(v, v, indexing="ij", {}); tf.sequence_mask(i, {}); tf.sequence_mask(i, 5, {}); tf.unique(i, {});
tf.unique_with_counts(i, {}); tf.dynamic_partition(x, i, 2, {}); tf.dynamic_stitch([i, i], [x, y], {});
tf.parallel_stack([x, y], {});
tf.extract_volume_patches(vol, [1, 2, 2, 2, 1], [1, 1, 1, 1, 1], "VALID", {});
tf.space_to_batch(im, [2, 2], [[0, 0], [0, 0]], {}); tf.space_to_batch_nd(im, [2, 2], [[0, 0], [0, 0]], {});
tf.batch_to_space(im, [1, 1], [[0, 0], [0, 0]], {}); v1.batch_to_space(im, [[0, 0], [0, 0]], 1, {});
v1.space_to_batch(im, [[0, 0], [0, 0]], 2, {}); v1.batch_to_space_nd(im, [1, 1], [[0, 0], [0, 0]], {});
tf.nn.space_to_depth(im, 2, {}); tf.nn.depth_to_space(tf.tile(im, [1, 1, 1, 4]), 2, {});
v1.space_to_depth(im, 2, {}); tf.required_space_to_batch_paddings([4, 4], [2, 2], {});
tf.ensure_shape(x, [4, None], {}); tf.convert_to_tensor(x, {}); tf.convert_to_tensor([1.0, 2.0], {});
tf.guarantee_const(x, {}); tf.quantization.fake_quant_with_min_max_args(x, {});
tf.quantization.fake_quant_with_min_max_vars(x, 0.0, 1.0, {}); tf.no_op({}); tf.group(x, {});
tf.group(x, y, {}); tf.tuple([x, y], {}); v1.tuple([x, y], {}); v1.placeholder(tf.float32, [2], {});
v1.placeholder_with_default(1.0, [], {}); v1.sparse_placeholder(tf.float32, {});
v1.sparse_placeholder(tf.float32, [2, 2], {}); tf.bitcast(i, tf.float32, {});
tf.unravel_index(i, [3, 3], {}); tf.searchsorted(v, v, {}); tf.numpy_function(abs, [x], tf.float32, {});
tf.py_function(abs, [x], tf.float32, {}); v1.py_func(abs, [x], tf.float32, {});
v1.py_func(abs, [x], tf.float32, stateful=False, {}); tf.print(x, {}); v1.Print(x, [x], {});
v1.Assert(n > 0, [n], {}); tf.debugging.Assert(n > 0, [n], {}); tf.debugging.check_numerics(x, "no", {});
v1.check_numerics(x, "no", {}); v1.verify_tensor_all_finite(x, "no", {});
tf.debugging.assert_all_finite(x, "no", {}); v1.add_check_numerics_ops(); v1.assert_equal(x, y, {});
v1.assert_less(x, y, {}); v1.assert_positive(x, {}); v1.assert_non_negative(x, {});
v1.assert_rank(q, 2, {}); v1.assert_rank(x, 2, {}); v1.assert_none_equal(x, y, {});
v1.assert_greater_equal(x, y, {}); v1.assert_near(x, y, {}); v1.assert_rank_at_least(q, 1, {});
v1.assert_rank_in(q, [1, 2], {}); v1.assert_type(x, tf.float32, {}); v1.assert_integer(i, {});
tf.debugging.assert_equal(x, y, {}); tf.debugging.assert_near(x, y, {}); tf.debugging.assert_rank(q, 2, {});
v1.is_numeric_tensor(x); v1.is_strictly_increasing(v, {}); v1.is_non_decreasing(v, {});
tf.switch_case(n, [lambda: x, lambda: y], {}); tf.cond(n > 0, lambda: x, lambda: y, {});
tf.cond(n > 0, lambda: x + 1.0, lambda: [y + 1.0][0], {}); v1.cond(n > 0, lambda: x, lambda: y, {});
v1.cond(n > 0, lambda: (x, y), lambda: (y, x), {}); tf.case([(n > 0, lambda: x), (n > 1, lambda: y)], {});
v1.case([(n > 0, lambda: x)], lambda: y, {}); tf.while_loop(lambda e: e < 3, lambda e: e + 1, [n], {});
v1.while_loop(lambda e: e < 3, lambda e: e + 1, [n], {});
v1.while_loop(lambda e, z: e < 3, lambda e, z: (e + 1, z), [n, x], {}); tf.map_fn(lambda e: e * 2.0, x, {});
v1.map_fn(lambda e: e * 2.0, x, {}); tf.scan(lambda a, e: a + e, x, {});
v1.scan(lambda a, e: a + e, x, v, {}); tf.foldl(lambda a, e: a + e, x, {});
v1.foldl(lambda a, e: a + e, x, {}); tf.foldr(lambda a, e: a + e, x, {});
v1.foldr(lambda a, e: a + e, x, {}); tf.strings.join([s, s], {}); tf.strings.length(s, {});
tf.strings.substr(s, 0, 1, {}); tf.strings.split(s, {}); v1.string_split(s, {});
tf.strings.to_number(s, {}); v1.string_to_number(s, {}); tf.strings.as_string(i, {}); tf.as_string(x, {});
tf.strings.reduce_join(s, {}); tf.strings.reduce_join(s, 0, {}); v1.reduce_join(s, 0, {});
tf.strings.regex_replace(s, "a", "b", {}); tf.strings.regex_full_match(s, "a", {});
tf.strings.to_hash_bucket(s, 5, {}); tf.strings.to_hash_bucket_fast(s, 5, {});
v1.string_to_hash_bucket(s, 5, {}); tf.strings.lower(s, {}); tf.strings.upper(s, {});
tf.strings.strip(s, {}); tf.strings.bytes_split(s, {}); tf.strings.unicode_decode(s, "UTF-8", {});
tf.strings.unicode_split(s, "UTF-8", {}); tf.strings.ngrams(tf.strings.split(s), 2, {});
tf.strings.unicode_script(i, {}); tf.strings.unicode_transcode(s, "UTF-8", "UTF-8", {});
tf.strings.unicode_encode(j, "UTF-8", {}); tf.io.decode_raw(s, tf.uint8, {});
v1.decode_raw(s, tf.uint8, {}); tf.io.decode_base64(s, {}); tf.io.encode_base64(s, {});
v1.decode_csv(s, [[0.0], [0.0]], {}); tf.io.decode_csv(s, [[0.0], [0.0]], {}); tf.io.read_file(one, {});
tf.io.write_file(one, one, {}); tf.io.matching_files(one, {}); tf.io.parse_tensor(one, tf.float32, {});
tf.io.serialize_tensor(x, {}); tf.io.decode_json_example(s, {});
tf.io.parse_example(s, {"a": tf.io.FixedLenFeature([], tf.int64)}, {})["a"];
v1.parse_example(s, {"a": tf.io.FixedLenFeature([], tf.int64)}, {})["a"];
tf.io.parse_single_example(one, {"a": tf.io.FixedLenFeature([], tf.int64)}, {})["a"];
v1.parse_single_example(one, {"a": tf.io.VarLenFeature(tf.int64)}, {})["a"]; tf.io.decode_compressed(s, {})
"""
NN = """
tf.nn.relu(x, {}); tf.nn.relu6(x, {}); tf.nn.elu(x, {}); tf.nn.selu(x, {}); tf.nn.crelu(x, {});
v1.nn.crelu(x, {}); tf.nn.leaky_relu(x, {}); tf.nn.leaky_relu(i, {}); tf.nn.gelu(x, {});
tf.nn.gelu(x, True, {}); tf.nn.silu(x); tf.nn.swish(x); tf.nn.softplus(x, {}); tf.nn.softsign(x, {});
tf.nn.sigmoid(x, {}); tf.nn.tanh(x, {}); tf.nn.softmax(x, {}); tf.nn.softmax(x, 0, {});
tf.nn.softmax(t, {}); tf.nn.softmax(t, 1, {}); v1.nn.softmax(x, {}); tf.nn.log_softmax(x, {});
tf.nn.log_softmax(x, 0, {}); v1.nn.log_softmax(t, {}); tf.nn.bias_add(x, v, {}); v1.nn.bias_add(x, v, {});
tf.nn.bias_add(im, v, {}); tf.nn.dropout(x, 0.5, {}); tf.nn.dropout(x, f, {}); tf.nn.dropout(x, 0.0, {});
tf.nn.dropout(x, 0.5, noise_shape=[4, 1], {}); v1.nn.dropout(x, 0.5, {}); v1.nn.dropout(x, f, {});
v1.nn.dropout(x, rate=0.3, {}); v1.nn.dropout(x, 1.0, {}); tf.nn.dropout(part, 0.5, {});
tf.nn.experimental.stateless_dropout(x, 0.5, [1, 2], {});
tf.nn.experimental.general_dropout(x, 0.5, lambda shape, dtype: tf.random.uniform(shape, dtype=dtype), {});
tf.nn.moments(x, [0], {}); tf.nn.moments(x, [0], keepdims=True, {}); v1.nn.moments(x, [0], {});
v1.nn.moments(x, [0], keep_dims=True, {}); tf.nn.moments(h, [0], {}); tf.nn.weighted_moments(x, [0], y, {});
v1.nn.weighted_moments(x, [0], y, keep_dims=True, {}); v1.nn.weighted_moments(x, [0], 1.0, {});
tf.nn.sufficient_statistics(x, [0], {}); tf.nn.sufficient_statistics(x, [0], shift=f, {});
v1.nn.sufficient_statistics(part, [0], {}); tf.nn.normalize_moments(f, v, v, None, {});
tf.nn.normalize_moments(f, v, v, v, {}); tf.nn.batch_normalization(x, v, v, v, v, 0.1, {});
tf.nn.batch_normalization(x, v, v, None, None, 0.1, {});
tf.nn.batch_normalization(x, v, v, v, None, 0.1, {});
v1.nn.batch_norm_with_global_normalization(im, v, v, v, v, 0.1, True, {});
tf.nn.batch_norm_with_global_normalization(im, v, v, v, v, 0.1, False, {});
v1.nn.fused_batch_norm(im, v, v, {}); v1.nn.fused_batch_norm(im, v, v, v, v, is_training=False, {});
tf.nn.l2_normalize(x, 1, {}); v1.nn.l2_normalize(x, 1, {}); tf.nn.l2_normalize(c, 1, {});
tf.nn.local_response_normalization(im, {}); tf.nn.lrn(im, {}); tf.nn.l2_loss(x, {});
tf.nn.zero_fraction(x, {}); tf.nn.normalize_moments(f, v, v, None);
tf.nn.softmax_cross_entropy_with_logits(x, y, {}); tf.nn.softmax_cross_entropy_with_logits(x, y, 0, {});
tf.nn.softmax_cross_entropy_with_logits(t, t, {}); tf.nn.softmax_cross_entropy_with_logits(part, part, {});
v1.nn.softmax_cross_entropy_with_logits(labels=x, logits=y, {});
v1.nn.softmax_cross_entropy_with_logits_v2(x, y, {}); v1.nn.softmax_cross_entropy_with_logits_v2(h, h, {});
tf.nn.sparse_softmax_cross_entropy_with_logits(i, x, {});
tf.nn.sparse_softmax_cross_entropy_with_logits(j[:2, :], t[:, :3], {});
v1.nn.sparse_softmax_cross_entropy_with_logits(labels=i, logits=x, {});
v1.nn.sparse_softmax_cross_entropy_with_logits(labels=i, logits=h, {});
tf.nn.sigmoid_cross_entropy_with_logits(x, y, {});
v1.nn.sigmoid_cross_entropy_with_logits(labels=x, logits=y, {});
tf.nn.weighted_cross_entropy_with_logits(x, y, 2.0, {});
v1.nn.weighted_cross_entropy_with_logits(x, y, 2.0, {});
v1.nn.weighted_cross_entropy_with_logits(x, y, v, {}); tf.nn.log_poisson_loss(x, y, {});
tf.nn.log_poisson_loss(x, y, True, {}); tf.nn.compute_average_loss(v, global_batch_size=3);
tf.nn.scale_regularization_loss(v);
tf.nn.nce_loss(w, v, tf.cast(j[:, :1], tf.int64), tf.tile(x, [1, 2])[:, :5], 2, 3, {});
tf.nn.sampled_softmax_loss(w, v, tf.cast(j[:, :1], tf.int64), tf.tile(x, [1, 2])[:, :5], 2, 3, {});
v1.nn.nce_loss(w, v, tf.cast(j[:, :1], tf.int64), tf.tile(x, [1, 2])[:, :5], 2, 3, {});
v1.nn.sampled_softmax_loss(w, v, tf.cast(j[:, :1], tf.int64), tf.tile(x, [1, 2])[:, :5], 2, 3, {});
v1.nn.xw_plus_b(x, w, u, {}); v1.nn.relu_layer(x, w, u, {}); tf.nn.embedding_lookup(x, i, {});
v1.nn.embedding_lookup(x, i, {}); v1.nn.embedding_lookup([x, y], i, {});
v1.nn.embedding_lookup([x, y], i, partition_strategy="div", {}); tf.nn.embedding_lookup(x, i, 1.0, {});
tf.nn.embedding_lookup_sparse(x, tf.sparse.from_dense(tf.cast(j, tf.int64)), None, {});
tf.nn.embedding_lookup_sparse(x, tf.sparse.from_dense(tf.cast(j, tf.int64)), tf.sparse.from_dense(y), "sum", {});
v1.nn.embedding_lookup_sparse(x, tf.sparse.from_dense(tf.cast(j, tf.int64)), None, combiner="sqrtn", {});
v1.nn.embedding_lookup_sparse(x, tf.sparse.from_dense(tf.cast(j, tf.int64)), None, combiner="sum", {});
tf.nn.safe_embedding_lookup_sparse(x, tf.sparse.from_dense(tf.cast(j, tf.int64)), {});
v1.nn.safe_embedding_lookup_sparse([x], tf.sparse.from_dense(tf.cast(j, tf.int64)), {});
tf.nn.conv2d(im, k, 1, "SAME", {}); v1.nn.conv2d(im, k, [1, 1, 1, 1], "SAME", {});
tf.nn.conv2d(im, k, 1, "VALID", dilations=2, {}); v1.nn.conv1d(t, tf.zeros([2, 4, 5]), 1, "SAME", {});
tf.nn.conv3d(vol, k3, [1, 1, 1, 1, 1], "SAME", {}); tf.nn.convolution(im, k, {});
tf.nn.convolution(im, k, dilations=2, {}); v1.nn.convolution(im, k, "SAME", {});
tf.nn.atrous_conv2d(im, k, 2, "SAME", {});
tf.nn.atrous_conv2d_transpose(im, tf.zeros([3, 3, 2, 3]), [2, 8, 8, 2], 2, "SAME", {});
tf.nn.conv2d_transpose(im, tf.zeros([3, 3, 2, 3]), [2, 8, 8, 2], 1, {});
v1.nn.conv2d_transpose(im, tf.zeros([3, 3, 2, 3]), [2, 8, 8, 2], 1, {});
tf.nn.conv1d_transpose(t, tf.zeros([2, 3, 4]), [2, 6, 3], 1, {});
tf.nn.conv3d_transpose(vol, tf.zeros([2, 2, 2, 3, 2]), [1, 4, 4, 4, 3], 1, {});
tf.nn.conv_transpose(im, tf.zeros([3, 3, 2, 3]), [2, 8, 8, 2], 1, {});
tf.nn.depthwise_conv2d(im, dk, [1, 1, 1, 1], "SAME", {});
tf.nn.depthwise_conv2d(im, dk, [1, 1, 1, 1], "SAME", dilations=[2, 2], {});
v1.nn.depthwise_conv2d(im, dk, [1, 1, 1, 1], "SAME", {});
v1.nn.depthwise_conv2d_native(im, dk, [1, 1, 1, 1], "SAME", {});
tf.nn.separable_conv2d(im, dk, pk, [1, 1, 1, 1], "SAME", {});
v1.nn.separable_conv2d(im, dk, pk, [1, 1, 1, 1], "SAME", {});
tf.nn.dilation2d(im, tf.zeros([2, 2, 3]), [1, 1, 1, 1], "SAME", "NHWC", [1, 1, 1, 1], {});
tf.nn.erosion2d(im, tf.zeros([2, 2, 3]), [1, 1, 1, 1], "SAME", "NHWC", [1, 1, 1, 1], {});
v1.nn.dilation2d(im, tf.zeros([2, 2, 3]), [1, 1, 1, 1], [1, 1, 1, 1], "SAME", {});
v1.nn.erosion2d(im, tf.zeros([2, 2, 3]), [1, 1, 1, 1], [1, 1, 1, 1], "SAME", {});
v1.nn.conv2d_backprop_input([2, 8, 8, 3], k, tf.zeros([2, 8, 8, 2]), [1, 1, 1, 1], "SAME", {});
v1.nn.conv2d_backprop_filter(im, [3, 3, 3, 2], tf.zeros([2, 8, 8, 2]), [1, 1, 1, 1], "SAME", {});
v1.nn.conv3d_backprop_filter(vol, [2, 2, 2, 2, 2], vol, [1, 1, 1, 1, 1], "SAME", {});
v1.nn.depthwise_conv2d_native_backprop_input([2, 8, 8, 3], dk, im, [1, 1, 1, 1], "SAME", {});
v1.nn.with_space_to_batch(im, [1, 1], "SAME", lambda a, num_spatial_dims, padding: tf.identity(a, name="inside"));
tf.nn.max_pool(im, 2, 2, "SAME", {}); v1.nn.max_pool(im, [1, 2, 2, 1], [1, 2, 2, 1], "SAME", {});
tf.nn.max_pool1d(t, 2, 2, "SAME", {}); tf.nn.max_pool2d(im, 2, 2, "SAME", {});
tf.nn.max_pool3d(vol, 2, 2, "SAME", {}); tf.nn.avg_pool(im, 2, 2, "SAME", {});
v1.nn.avg_pool(im, [1, 2, 2, 1], [1, 2, 2, 1], "SAME", {}); tf.nn.avg_pool1d(t, 2, 2, "SAME", {});
tf.nn.avg_pool2d(im, 2, 2, "SAME", {}); v1.nn.avg_pool2d(im, 2, 2, "SAME", {});
tf.nn.avg_pool3d(vol, 2, 2, "SAME", {}); tf.nn.pool(im, [2, 2], "MAX", strides=[2, 2], {});
tf.nn.pool(im, [2, 2], "AVG", dilations=[2, 2], {}); v1.nn.pool(im, [2, 2], "MAX", "SAME", {});
tf.nn.max_pool_with_argmax(im, 2, 2, "SAME", {});
v1.nn.max_pool_with_argmax(im, [1, 2, 2, 1], [1, 2, 2, 1], "SAME", {});
tf.nn.fractional_max_pool(im, [1.0, 1.4, 1.4, 1.0], seed=1, {});
v1.nn.fractional_avg_pool(im, [1.0, 1.4, 1.4, 1.0], {}); tf.nn.isotonic_regression(x);
v1.nn.ctc_loss(tf.sparse.from_dense(j[:2]), tf.transpose(t, [1, 0, 2]), i[:2]);
tf.nn.ctc_greedy_decoder(tf.transpose(t, [1, 0, 2]), i[:2]);
v1.nn.ctc_beam_search_decoder(tf.transpose(t, [1, 0, 2]), i[:2]); tf.nn.collapse_repeated(j, i, {});
tf.nn.ctc_unique_labels(j, {});
tf.random.log_uniform_candidate_sampler(tf.cast(j, tf.int64), 3, 2, True, 10, {});
tf.random.uniform_candidate_sampler(tf.cast(j, tf.int64), 3, 2, True, 10, {});
tf.random.learned_unigram_candidate_sampler(tf.cast(j, tf.int64), 3, 2, True, 10, {});
tf.random.fixed_unigram_candidate_sampler(tf.cast(j, tf.int64), 3, 2, True, 3, unigrams=[0.1, 0.2, 0.7], {});
tf.random.all_candidate_sampler(tf.cast(j, tf.int64), 3, 3, True, {});
tf.nn.compute_accidental_hits(tf.cast(j, tf.int64), l, 3, {})
"""
RANDOM = """
tf.random.normal([2], {}); tf.random.normal(sizes, {}); v1.random_normal([2], {});
tf.random.uniform([2], {}); tf.random.uniform([2], 1.0, 2.0, {});
tf.random.uniform([2], maxval=5, dtype=tf.int32, {}); v1.random_uniform([2], {});
tf.random.truncated_normal([2], {}); v1.truncated_normal([2], {}); tf.random.shuffle(x, {});
v1.random_shuffle(x, {}); v1.multinomial(x, 2, {}); v1.random.multinomial(x, 2, {});
tf.random.categorical(x, 2, {}); tf.random.gamma([2], x, {}); tf.random.gamma([2], x, y, {});
v1.random_gamma([2], x, {}); tf.random.poisson([2], x, {}); v1.random_poisson(x, [2], {});
tf.random.stateless_normal([2], [1, 2], {}); tf.random.stateless_uniform([2], [1, 2], {});
tf.random.stateless_uniform([2], [1, 2], 0, 5, tf.int32, {});
tf.random.stateless_truncated_normal([2], [1, 2], {}); tf.random.stateless_categorical(x, 2, [1, 2], {});
tf.random.stateless_gamma([4, 3], [1, 2], x, {}); tf.random.stateless_poisson([4, 3], [1, 2], x, {});
tf.random.stateless_binomial([4, 3], [1, 2], x, 0.5, {});
tf.random.stateless_parameterized_truncated_normal([4, 3], [1, 2], x, {});
tf.random.experimental.stateless_shuffle(x, [1, 2], {}); tf.random.split([1, 2]);
v1.random_crop(x, [2, 2], {}); tf.image.random_crop(x, [2, 2], {});
tf.image.stateless_random_crop(x, [2, 2], [1, 2], {})
"""
LINALG = """
tf.linalg.inv(m, {}); tf.linalg.det(m, {}); tf.linalg.slogdet(m, {}); tf.linalg.logdet(m, {});
tf.linalg.cholesky(m, {}); tf.linalg.cholesky_solve(m, m, {}); tf.linalg.qr(m, {}); tf.linalg.svd(m, {});
tf.linalg.svd(m, compute_uv=False, {}); v1.svd(m, {}); tf.linalg.eigh(m, {}); tf.linalg.eigvalsh(m, {});
v1.self_adjoint_eig(m, {}); tf.linalg.eig(m, {}); tf.linalg.eigvals(m, {}); tf.linalg.solve(m, m, {});
tf.linalg.triangular_solve(m, m, {}); tf.linalg.lstsq(m, m, 0.1, {}); tf.linalg.lstsq(m, m, fast=False, {});
tf.linalg.lu(m, {}); tf.linalg.lu_reconstruct(m, j[:2], {}); tf.linalg.lu_matrix_inverse(m, j[:2], {});
tf.linalg.expm(m, {}); tf.linalg.logm(tf.complex(m, m), {}); tf.linalg.sqrtm(m, {}); tf.linalg.pinv(m, {});
tf.linalg.matrix_rank(m, {}); tf.linalg.trace(m, {}); tf.linalg.diag(x, {}); tf.linalg.diag(x, k=1, {});
v1.matrix_diag(x, {}); tf.linalg.diag_part(m, {}); v1.matrix_diag_part(m, {}); tf.linalg.tensor_diag(v, {});
v1.diag(v, {}); tf.linalg.tensor_diag_part(m[0], {}); v1.diag_part(m[0], {});
tf.linalg.set_diag(m, tf.zeros([2, 3]), {}); v1.matrix_set_diag(m, tf.zeros([2, 3]), {});
tf.linalg.band_part(m, 1, 1, {}); v1.matrix_band_part(m, 1, 1, {}); tf.linalg.adjoint(m, {});
tf.linalg.adjoint(c, {}); tf.linalg.matrix_transpose(m, {}); v1.matrix_transpose(m, {});
tf.linalg.cross(x, y, {}); tf.linalg.norm(x, {}); tf.norm(x, {}); tf.norm(x, 1, {}); tf.norm(x, 2, 1, {});
tf.norm(x, "fro", [0, 1], keepdims=True, {}); tf.norm(x, 3, {}); tf.norm(x, float("inf"), {});
v1.norm(x, {}); tf.linalg.normalize(x, {}); tf.linalg.tridiagonal_matmul(tf.zeros([2, 3, 3]), m, {});
tf.linalg.tridiagonal_solve(tf.zeros([2, 3, 3]), m, {}); tf.linalg.banded_triangular_solve(m, m, {});
tf.linalg.matmul(m, m, {}); tf.linalg.einsum("bij->bji", m, {}); tf.linalg.l2_normalize(x, 0, {});
v1.cholesky(m, {}); v1.matrix_inverse(m, {}); v1.matrix_determinant(m, {}); v1.matrix_solve(m, m, {});
v1.matrix_triangular_solve(m, m, {}); v1.matrix_solve_ls(m, m, {}); v1.qr(m, {}); v1.trace(m, {});
v1.global_norm([x], {}); tf.signal.fft(c, {}); tf.signal.ifft(c, {}); tf.signal.fft2d(c, {});
tf.signal.rfft(x, {}); tf.signal.rfft(x, [4], {}); tf.signal.irfft(c, {}); tf.signal.rfft2d(x, {});
tf.signal.fftshift(x, {}); tf.signal.fftshift(x, 0, {}); tf.signal.ifftshift(x, {}); tf.signal.dct(x, {});
tf.signal.idct(x, {}); tf.signal.dct(x, 1, {}); tf.signal.mdct(t, 4, {}); tf.signal.inverse_mdct(t, {});
tf.signal.stft(t, 3, 1, {}); tf.signal.inverse_stft(tf.complex(t[..., :3], t[..., :3]), 4, 2, {});
tf.signal.frame(t, 2, 1, {}); tf.signal.frame(t, 2, 1, True, {}); tf.signal.overlap_and_add(t, 2, {});
tf.signal.hann_window(5, {}); tf.signal.hamming_window(5, {}); tf.signal.kaiser_window(5, {});
tf.signal.vorbis_window(4, {}); tf.signal.kaiser_bessel_derived_window(4, {});
tf.signal.linear_to_mel_weight_matrix(5, {}); tf.signal.mfccs_from_log_mel_spectrograms(t, {})
"""
IMAGES = """
tf.image.resize(im, [4, 4], {}); v1.image.resize(im, [4, 4], {}); v1.image.resize_images(im, [4, 4]);
v1.image.resize_images(pic, [4, 4]); tf.image.resize(pic, [4, 4], "nearest", {});
tf.image.resize(pic, [4, 4], "bicubic", {}); tf.image.resize(im, [4, 4], "area", {});
tf.image.resize(im, [4, 4], antialias=True, {}); tf.image.resize(im, [4, 4], "lanczos3", {});
v1.image.resize_bilinear(im, [4, 4], {}); v1.image.resize_nearest_neighbor(im, [4, 4], {});
v1.image.resize_bicubic(im, [4, 4], {}); v1.image.resize_area(im, [4, 4], {});
tf.image.resize_with_pad(im, 4, 6); tf.image.resize_with_crop_or_pad(im, 4, 10);
tf.image.resize_with_crop_or_pad(pic, 4, 10); v1.image.resize_image_with_crop_or_pad(pic, 10, 10);
v1.image.resize_image_with_pad(pic, 10, 6); tf.image.pad_to_bounding_box(im, 1, 1, 10, 10);
tf.image.pad_to_bounding_box(pic, 1, 1, 10, 10); tf.image.crop_to_bounding_box(im, 1, 1, 4, 4);
tf.image.crop_to_bounding_box(pic, 1, 1, 4, 4); tf.image.central_crop(pic, 0.5);
tf.image.central_crop(im, 0.5); tf.image.flip_left_right(im); tf.image.flip_left_right(pic);
tf.image.flip_up_down(pic); tf.image.flip_up_down(im); tf.image.transpose(pic, {});
tf.image.transpose(im, {}); v1.image.transpose_image(pic); tf.image.rot90(pic, {});
tf.image.rot90(im, 2, {}); tf.image.rot90(im, n, {}); tf.image.random_flip_left_right(pic);
tf.image.random_flip_left_right(im); tf.image.random_flip_up_down(pic);
tf.image.stateless_random_flip_left_right(pic, [1, 2]); tf.image.adjust_brightness(pic, 0.1);
tf.image.adjust_brightness(u8, 0.1); tf.image.random_brightness(pic, 0.1);
tf.image.adjust_contrast(pic, 0.5); tf.image.adjust_contrast(u8, 0.5);
tf.image.random_contrast(pic, 0.1, 0.5); tf.image.adjust_gamma(pic, 0.5); tf.image.adjust_gamma(u8, 0.5);
tf.image.adjust_hue(pic, 0.1, {}); tf.image.adjust_hue(u8, 0.1, {}); tf.image.random_hue(pic, 0.1);
tf.image.adjust_saturation(pic, 0.5, {}); tf.image.random_saturation(pic, 0.1, 0.5);
tf.image.stateless_random_brightness(pic, 0.1, [1, 2]); tf.image.adjust_jpeg_quality(pic, 50, {});
tf.image.per_image_standardization(pic); tf.image.per_image_standardization(im);
tf.image.convert_image_dtype(u8, tf.float32, {}); tf.image.convert_image_dtype(pic, tf.uint8, {});
tf.image.convert_image_dtype(pic, tf.uint8, True, {}); tf.image.convert_image_dtype(pic, tf.float32, {});
tf.image.convert_image_dtype(u8, tf.uint16, {}); tf.image.rgb_to_grayscale(pic, {});
tf.image.rgb_to_grayscale(u8, {}); tf.image.grayscale_to_rgb(pic[:, :, :1], {});
tf.image.rgb_to_hsv(pic, {}); tf.image.hsv_to_rgb(pic, {}); tf.image.rgb_to_yiq(pic);
tf.image.yiq_to_rgb(pic); tf.image.rgb_to_yuv(pic); tf.image.yuv_to_rgb(pic);
tf.image.total_variation(im, {}); tf.image.psnr(im, im, 1.0, {});
tf.image.ssim(tf.zeros([1, 16, 16, 3]), tf.zeros([1, 16, 16, 3]), 1.0);
tf.image.ssim_multiscale(tf.zeros([1, 180, 180, 1]), tf.zeros([1, 180, 180, 1]), 1.0);
tf.image.sobel_edges(im); tf.image.image_gradients(im);
tf.image.extract_patches(im, [1, 2, 2, 1], [1, 2, 2, 1], [1, 1, 1, 1], "SAME", {});
v1.image.extract_image_patches(im, [1, 2, 2, 1], [1, 2, 2, 1], [1, 1, 1, 1], "SAME", {});
tf.image.extract_glimpse(im, [4, 4], x[:2, :2], {}); v1.image.extract_glimpse(im, [4, 4], x[:2, :2], {});
tf.image.crop_and_resize(im, tf.zeros([2, 4]), i[:2], [3, 3], {});
v1.image.crop_and_resize(im, tf.zeros([2, 4]), i[:2], [3, 3], {});
tf.image.draw_bounding_boxes(im, tf.zeros([2, 1, 4]), x, {});
v1.image.draw_bounding_boxes(im, tf.zeros([2, 1, 4]), {});
tf.image.non_max_suppression(tf.zeros([4, 4]), x[:, 0], 2, {});
tf.image.non_max_suppression_padded(tf.zeros([4, 4]), x[:, 0], 2, {});
tf.image.non_max_suppression_with_scores(tf.zeros([4, 4]), x[:, 0], 2, {});
tf.image.non_max_suppression_overlaps(tf.zeros([4, 4]), x[:, 0], 2, {});
tf.image.combined_non_max_suppression(tf.zeros([1, 4, 1, 4]), tf.zeros([1, 4, 2]), 2, 3, {});
tf.image.sample_distorted_bounding_box([8, 8, 3], tf.zeros([1, 1, 4]), min_object_covered=0.5, {});
v1.image.sample_distorted_bounding_box([8, 8, 3], tf.zeros([1, 1, 4]), min_object_covered=0.5, {});
tf.image.decode_jpeg(one, {}); tf.image.decode_png(one, {}); tf.io.decode_jpeg(one, 3, {});
tf.io.decode_image(one, {}); tf.io.decode_image(one, dtype=tf.float32, {}); tf.image.decode_gif(one, {});
tf.io.decode_bmp(one, {}); tf.io.encode_jpeg(u8, {}); tf.io.encode_png(u8, {}); tf.image.is_jpeg(one, {});
tf.io.extract_jpeg_shape(one, {}); tf.io.decode_and_crop_jpeg(one, [0, 0, 1, 1], {});
tf.audio.decode_wav(one, {}); tf.audio.encode_wav(x, 44100, {})
"""
SPARSE = """
tf.sparse.from_dense(x, {}); tf.sparse.to_dense(tf.sparse.from_dense(x), {});
v1.sparse_tensor_to_dense(tf.sparse.from_dense(x), {}); v1.sparse_to_dense(l, [4], 1.0, {});
tf.sparse.reorder(tf.sparse.from_dense(x), {}); tf.sparse.transpose(tf.sparse.from_dense(x), {});
tf.sparse.add(tf.sparse.from_dense(x), tf.sparse.from_dense(y)); tf.sparse.add(tf.sparse.from_dense(x), y);
v1.sparse_add(tf.sparse.from_dense(x), y);
tf.sparse.concat(0, [tf.sparse.from_dense(x), tf.sparse.from_dense(y)], {});
tf.sparse.slice(tf.sparse.from_dense(x), [0, 0], [2, 2], {});
tf.sparse.split(tf.sparse.from_dense(x), 2, 0, {});
tf.sparse.retain(tf.sparse.from_dense(v), [True, False, True]);
tf.sparse.fill_empty_rows(tf.sparse.from_dense(x), 0.0, {}); tf.sparse.softmax(tf.sparse.from_dense(x), {});
tf.sparse.sparse_dense_matmul(tf.sparse.from_dense(x), w, {});
v1.sparse_tensor_dense_matmul(tf.sparse.from_dense(x), w, {});
tf.sparse.reduce_sum(tf.sparse.from_dense(x), {}); tf.sparse.reduce_max(tf.sparse.from_dense(x), 1, {});
tf.sparse.mask(tf.IndexedSlices(x, i), [0], {});
tf.sparse.maximum(tf.sparse.from_dense(x), tf.sparse.from_dense(y), {});
tf.sparse.to_indicator(tf.sparse.from_dense(l[None]), 5, {});
tf.sparse.expand_dims(tf.sparse.from_dense(x), 0, {}); tf.sparse.eye(3, {});
tf.sparse.cross([s[:, None], s[:, None]], {}); tf.sparse.cross_hashed([s[:, None], s[:, None]], 5, {});
tf.sparse.bincount(i, {}); tf.sparse.map_values(tf.abs, tf.sparse.from_dense(x));
tf.sparse.from_dense(x) * y; tf.cast(tf.sparse.from_dense(x), tf.int32, {});
tf.RaggedTensor.from_row_splits(v, [0, 1, 3], {}); tf.RaggedTensor.from_row_lengths(v, [1, 2], {});
tf.RaggedTensor.from_value_rowids(v, [0, 1, 1], {});
tf.RaggedTensor.from_row_splits(v, [0, 1, 3]).to_tensor({});
tf.RaggedTensor.from_row_splits(v, [0, 1, 3]).row_lengths({}); tf.ragged.constant([[1.0], [2.0, 3.0]], {});
tf.ragged.range([1, 2], {}); tf.ragged.boolean_mask(x, b, {});
tf.reduce_sum(tf.RaggedTensor.from_row_splits(v, [0, 1, 3]), 1, {}); tf.sets.size(tf.sparse.from_dense(j));
tf.sets.intersection(j, j); tf.sets.union(j, j);
tf.RaggedTensor.from_tensor(x, {}); tf.RaggedTensor.from_tensor(x, i, {}); tf.ragged.stack([x, y], {})
"""
LOSSES = """
v1.losses.absolute_difference(x, y, {}); v1.losses.absolute_difference(x, y, 2.0, {});
v1.losses.absolute_difference(x, y, reduction="none", {});
v1.losses.absolute_difference(x, y, reduction="weighted_sum", {});
v1.losses.absolute_difference(x, y, reduction="weighted_mean", {});
v1.losses.absolute_difference(x, y, reduction="weighted_sum_over_batch_size", {});
v1.losses.cosine_distance(x, y, 1, {}); v1.losses.hinge_loss(x, y, {}); v1.losses.huber_loss(x, y, {});
v1.losses.log_loss(x, y, {}); v1.losses.mean_squared_error(x, y, {});
v1.losses.mean_squared_error(x, y, y, {}); v1.losses.mean_pairwise_squared_error(x, y, {});
v1.losses.sigmoid_cross_entropy(x, y, {}); v1.losses.sigmoid_cross_entropy(x, y, label_smoothing=0.1, {});
v1.losses.softmax_cross_entropy(x, y, {}); v1.losses.softmax_cross_entropy(x, y, label_smoothing=0.1, {});
v1.losses.sparse_softmax_cross_entropy(i, x, {});
v1.losses.sparse_softmax_cross_entropy(i, x, tf.cast(i, tf.float32), {});
v1.losses.compute_weighted_loss(x, {}); v1.losses.compute_weighted_loss(d, {})
"""
METRICS = """
v1.metrics.mean(x, {}); v1.metrics.mean(x, y, {}); v1.metrics.accuracy(i, i, {});
v1.metrics.accuracy(i, i, tf.cast(i, tf.float32), {}); v1.metrics.auc(b, x, {});
v1.metrics.auc(b, x, curve="PR", summation_method="careful_interpolation", {});
v1.metrics.precision(b, b, {}); v1.metrics.recall(b, b, {}); v1.metrics.true_positives(b, b, {});
v1.metrics.false_positives(b, b, {}); v1.metrics.false_negatives(b, b, {});
v1.metrics.true_negatives(b, b, {}); v1.metrics.mean_absolute_error(x, y, {});
v1.metrics.mean_squared_error(x, y, {}); v1.metrics.root_mean_squared_error(x, y, {});
v1.metrics.mean_relative_error(x, y, x, {}); v1.metrics.mean_cosine_distance(x, y, 1, {});
v1.metrics.mean_iou(i, i, 3, {}); v1.metrics.mean_per_class_accuracy(i, i, 3, {});
v1.metrics.mean_tensor(x, {}); v1.metrics.percentage_below(x, 0.5, {});
v1.metrics.precision_at_thresholds(b, x, [0.5], {}); v1.metrics.recall_at_thresholds(b, x, [0.5], {});
v1.metrics.precision_at_k(l, x, 2, {}); v1.metrics.recall_at_k(l, x, 2, {});
v1.metrics.average_precision_at_k(l, x, 2, {}); v1.metrics.sensitivity_at_specificity(b, x, 0.5, {});
v1.metrics.specificity_at_sensitivity(b, x, 0.5, {});
v1.metrics.true_positives_at_thresholds(b, x, [0.5], {});
v1.metrics.false_negatives_at_thresholds(b, x, [0.5], {})
"""
TRAINING = """
v1.train.exponential_decay(0.1, n, 10, 0.5, {}); v1.train.exponential_decay(0.1, n, 10, 0.5, True, {});
v1.train.piecewise_constant(n, [1, 2], [0.1, 0.2, 0.3], {}); v1.train.polynomial_decay(0.1, n, 10, {});
v1.train.polynomial_decay(0.1, n, 10, cycle=True, {}); v1.train.natural_exp_decay(0.1, n, 10, 0.5, {});
v1.train.inverse_time_decay(0.1, n, 10, 0.5, {}); v1.train.cosine_decay(0.1, n, 10, {});
v1.train.cosine_decay_restarts(0.1, n, 10, {}); v1.train.linear_cosine_decay(0.1, n, 10, {});
v1.train.noisy_linear_cosine_decay(0.1, n, 10, {}); v1.summary.scalar("loss", f);
v1.summary.scalar("a b", f); v1.summary.scalar("loss", f, family="fam"); v1.summary.histogram("loss", x);
v1.summary.image("pic", im); v1.summary.audio("sound", x, 44100); v1.summary.text("words", s);
v1.summary.tensor_summary("whole", x); v1.summary.merge([v1.summary.scalar("loss", f)], {});
v1.summary.merge_all(); tf.gradients(x * x, x); tf.gradients(x * x, x, {});
tf.gradients(tf.reduce_sum(tf.nn.relu(x)), [x]); tf.gradients(tf.matmul(x, w), [x, w]);
tf.gradients([x * y, x], [x, y], {}); tf.gradients(tf.sigmoid(x), x, grad_ys=y, {});
tf.gradients(tf.reduce_mean(tf.square(x)), x); v1.train.batch([x], 2, {}); v1.train.batch([x, y], 2, {});
v1.train.shuffle_batch([x], 2, 10, 5, {}); v1.train.batch_join([[x], [y]], 2, {});
v1.train.shuffle_batch_join([[x], [y]], 2, 10, 5, {}); v1.train.maybe_batch([x], True, 2, {});
v1.train.string_input_producer(["a"], {}); v1.train.slice_input_producer([x], {})[0];
v1.train.range_input_producer(3, {}); v1.train.input_producer(x, {}); v1.train.limit_epochs(x, 1, {});
v1.train.limit_epochs(x, {}); v1.train.match_filenames_once("a*", {});
v1.train.string_input_producer(["a"], {}).dequeue(); tf.queue.FIFOQueue(3, [tf.float32], {}).name;
tf.queue.FIFOQueue(3, [tf.float32]).enqueue(f, {}); tf.queue.FIFOQueue(3, [tf.float32]).dequeue({});
tf.queue.FIFOQueue(3, [tf.float32]).dequeue_many(2, {}); tf.queue.FIFOQueue(3, [tf.float32]).size({});
tf.queue.FIFOQueue(3, [tf.float32]).close({}); tf.queue.RandomShuffleQueue(3, 1, [tf.float32], {}).name;
tf.queue.PaddingFIFOQueue(3, [tf.float32], [[]], {}).name;
tf.queue.PriorityQueue(3, [tf.float32], [[]], {}).name; v1.FixedLengthRecordReader(3, {}).reader_ref;
v1.TextLineReader({}).reader_ref; v1.WholeFileReader({}).reader_ref;
v1.train.get_or_create_global_step().name; tf.Variable(1.0, {}).op; v1.Variable(1.0, {}).op;
v1.global_variables_initializer(); v1.local_variables_initializer(); v1.tables_initializer();
v1.tables_initializer({}); v1.variables_initializer([], {}); v1.report_uninitialized_variables();
v1.report_uninitialized_variables({}); v1.assign(v1.Variable(1.0), 2.0, {});
v1.Variable(1.0).assign(2.0, {}); v1.Variable(1.0) + 1.0; v1.Variable(1.0).read_value();
v1.is_variable_initialized(v1.Variable(1.0)); v1.scatter_add(v1.Variable([1.0, 2.0]), [0], [1.0], {});
v1.scatter_update(v1.Variable([1.0, 2.0]), [0], [1.0], {});
v1.data.make_one_shot_iterator(tf.data.Dataset.range(3)).get_next({});
v1.data.make_initializable_iterator(tf.data.Dataset.range(3)).get_next({});
v1.data.make_initializable_iterator(tf.data.Dataset.range(3)).initializer;
tf.TensorArray(tf.float32, 3).unstack(v).read(0, {});
tf.TensorArray(tf.float32, 3).unstack(v).gather([0], {}); v1.get_session_handle(x, {});
v1.make_template("tem", lambda: tf.identity(x))()
"""


def _rows(text):
    return [row.strip() for row in text.split(";")]


@snippet(expression=_rows(MATH))
def math(tf, expression):
    return evaluate(tf, expression)


@snippet(expression=_rows(ARRAYS))
def arrays(tf, expression):
    return evaluate(tf, expression)


@snippet(expression=_rows(NN))
def nn(tf, expression):
    return evaluate(tf, expression)


@snippet(expression=_rows(RANDOM))
def random(tf, expression):
    return evaluate(tf, expression)


@snippet(expression=_rows(LINALG))
def linalg(tf, expression):
    return evaluate(tf, expression)


@snippet(expression=_rows(IMAGES))
def images(tf, expression):
    return evaluate(tf, expression)


@snippet(expression=_rows(SPARSE))
def sparse(tf, expression):
    return evaluate(tf, expression)


@snippet(expression=_rows(LOSSES))
def losses(tf, expression):
    return evaluate(tf, expression, 'scope="given"')


@snippet(expression=_rows(METRICS))
def metrics(tf, expression):
    return evaluate(tf, expression)


@snippet(expression=_rows(TRAINING))
def training(tf, expression):
    return evaluate(tf, expression)


def _made(tf, build, wanted=lambda op: True):
    """The names of variables and of what `build` returns."""
    v1 = tf.compat.v1
    with tf.Graph().as_default():
        result = build(v1)
        return [v.name for v in v1.global_variables() + v1.local_variables()], _names(tf, result)


_OPTIMIZERS = {
    "GradientDescentOptimizer": "(0.1)", "MomentumOptimizer": "(0.1, 0.9)", "AdamOptimizer": "()", "AdagradOptimizer": "(0.1)",
    "RMSPropOptimizer": "(0.1)", "AdadeltaOptimizer": "()", "FtrlOptimizer": "(0.1)", "ProximalAdagradOptimizer": "(0.1)",
    "ProximalGradientDescentOptimizer": "(0.1)", "AdagradDAOptimizer": "(0.1, v1.train.get_or_create_global_step())",
}  # fmt: skip


@snippet(name=list(_OPTIMIZERS), step=[False, True])
def optimizers(tf, name, step):
    """What minimize() gives, and the slots."""

    def build(v1):
        with v1.variable_scope("model"):
            w = v1.get_variable("w", [2, 3], use_resource=True)
        b = tf.Variable(tf.zeros([3]), name="b")
        x = v1.placeholder(tf.float32, [4, 2])
        loss = tf.reduce_mean(tf.square(tf.matmul(x, w) + b))
        optimizer = eval(f"v1.train.{name}{_OPTIMIZERS[name]}", {"v1": v1})
        global_step = v1.train.get_or_create_global_step() if step else None
        first = optimizer.minimize(loss, global_step)
        second = optimizer.minimize(loss, global_step)
        third = optimizer.minimize(loss, global_step, name="third")
        return [first, second, third, [optimizer.get_slot(w, s).op for s in optimizer.get_slot_names()]]

    return _made(tf, build)


@snippet(debias=[False, True])
def moving_averages(tf, debias):
    def build(v1):
        x = v1.placeholder(tf.float32, [4, 2])
        with v1.variable_scope("model"):
            w = v1.get_variable("w", [2, 3], use_resource=True)
        mean, variance = tf.nn.moments(tf.matmul(x, w), [0])
        ema = v1.train.ExponentialMovingAverage(0.9, zero_debias=debias)
        first = ema.apply([w])
        second = ema.apply([mean, variance])
        with tf.name_scope("again"):
            other = v1.train.ExponentialMovingAverage(0.9, num_updates=3, name="slow")
            third = other.apply([w, mean])
        kept = [ema.average(w).op, ema.average(mean).op, ema.average_name(variance), other.average_name(w)]
        return [first, second, third, kept, sorted(ema.variables_to_restore())]

    return _made(tf, build)


@snippet
def saving(tf):
    def build(v1):
        tf.Variable(1.0, name="a")
        first, second = v1.train.Saver(), v1.train.Saver(name="other")
        return [first.saver_def.save_tensor_name, first.saver_def.restore_op_name,
                second.saver_def.filename_tensor_name, second.saver_def.save_tensor_name]  # fmt: skip

    return _made(tf, build)


@snippet
def tags(tf):
    """Tags of summaries are names, and what lies in scopes gets those of the scopes."""
    v1 = tf.compat.v1
    with tf.Graph().as_default(), v1.Session() as session:
        with tf.name_scope("tower"):
            x = v1.placeholder_with_default([1.0, 2.0], [2], "x")
            mean, _ = tf.nn.moments(x, [0])
            summaries = [
                v1.summary.scalar(mean.op.name, mean),
                v1.summary.scalar("loss", tf.reduce_mean(x)),
                v1.summary.scalar("loss", tf.reduce_mean(x)),
                v1.summary.histogram(tf.nn.relu(x).op.name, x, family="f"),
            ]
        found = v1.Summary.FromString(session.run(v1.summary.merge_all()))
        return [s.op.name for s in summaries], [v.tag for v in found.value]


@snippet
def functions(tf):
    """Names inside of functions, which `print` and errors show."""
    names = []

    @tf.function
    def f(x):
        for _ in range(2):
            names.append([t.op.name for t in tf.nn.moments(x, [0])])
            names.append(tf.nn.dropout(x, 0.5).op.name)
            names.append(tf.nn.softmax_cross_entropy_with_logits(x, x, name="mine").op.name)
            names.append(tf.math.reduce_std(x).op.name)
            names.append([(x * x).op.name, (x + x).op.name, tf.multiply(x, x).op.name, tf.add(x, x).op.name])
            with tf.name_scope("outer"):
                names.append(tf.linalg.norm(x).op.name)
        return x

    f(tf.ones([2, 3]))
    return names


@snippet
def operators_beside_functions(tf):
    v1 = tf.compat.v1
    with tf.Graph().as_default():
        x = v1.placeholder(tf.float32, [2], "x")
        made = [x + x, tf.add(x, x), x * x, tf.multiply(x, x), x - x, tf.subtract(x, x), x / x, tf.divide(x, x), x + x,
                tf.multiply(x, x), x**2.0, tf.pow(x, 2.0), tf.reduce_mean(x), tf.reduce_sum(x, 0), tf.transpose(x)]  # fmt: skip
        return [t.op.name for t in made]


@snippet(
    expression=[
        "i / 2", "2 / i", "i / i", "f / 2", "i / [1, 2, 3, 4]", "(i / 2, i / 3, i / i, 4 / l)", "tf.truediv(i, 2)",
        "tf.divide(i, 2)", "tf.truediv(i, 2, name='q')", "tf.divide(2, i)", "i / tf.constant(2)", "i / 2 + n / 3",
        "u8[0] / 2", "i // 2 / 3",
    ]
)  # fmt: skip
def names_inside_of_quotients(tf, expression):
    """Whole numbers become fractional first: the constants and casts lie in the quotient's scope."""
    with tf.Graph().as_default() as graph:
        known = {
            n: tf.compat.v1.placeholder(TENSORS[n][0], TENSORS[n][1], n) for n in ("i", "l", "f", "n", "u8")
        }
        eval(expression, {"tf": tf, **known})
        with tf.name_scope("outer"):
            eval(expression, {"tf": tf, **known})
        return [(op.name, op.type) for op in graph.get_operations()]
