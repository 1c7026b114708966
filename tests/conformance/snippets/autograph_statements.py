"""AutoGraph, statement by statement: what becomes part of the graph, what stays Python, and what is
refused."""

from conformance.harness import raises, snippet


# ----------------------------------------------------------------------------------------------- conditionals
@snippet(value=[-3, 0, 7])
def nested_ifs(tf, value):
    @tf.function
    def f(x):
        a, b = 0, x
        if x > 0:
            a = 1
            if x > 5:
                b = b * 2
                a += 1
            else:
                b = b - 1
        elif x < 0:
            if x < -2:
                a = -2
            b = tf.abs(b)
        return a, b

    return f(tf.constant(value))


@snippet(value=[1, -1])
def if_without_else_keeps_the_value(tf, value):
    @tf.function
    def f(x):
        y = {"a": x, "b": [x + 1, (x + 2, 3.0)]}
        if x > 0:
            y = {"a": -x, "b": [x * 10, (x * 20, 4.0)]}
        return y

    return f(tf.constant(value))


@snippet(value=[1, -1])
def if_sets_items_and_attributes(tf, value):
    class Box:
        pass

    @tf.function
    def f(x):
        d, box = {"a": x}, Box()
        box.v = x
        items = [x, x]
        if x > 0:
            d["a"] = x + 1
            box.v = x + 2
            items[1] = x + 3
        return d, box.v, items

    return f(tf.constant(value))


@snippet(value=[1, -1])
def if_assigns_variables(tf, value):
    v = tf.Variable(10)

    @tf.function
    def f(x):
        if x > 0:
            v.assign_add(x)
        else:
            v.assign(0)
        return v + 1

    return f(tf.constant(value)), v.read_value()


@snippet
def if_on_python_values_traces_one_branch(tf):
    seen = []

    @tf.function
    def f(x, flag, items):
        if flag:
            seen.append("then")
            x = x + 1
        else:
            seen.append("else")
            x = "not a tensor"
        if items:
            seen.append("items")
        if x is None:
            seen.append("none")
        return x

    return f(tf.constant(1), True, []), seen


@snippet(value=[-1, 0, 1])
def conditional_expressions(tf, value):
    @tf.function
    def f(x):
        y = x if x > 0 else -x
        return y, [1, 2] if x > 0 else [3, 4], "yes" if True else "no"

    y, pair, word = f(tf.constant(value))
    return y, pair, word


@snippet(value=[-1, 0, 5, 20])
def logic(tf, value):
    @tf.function
    def f(x):
        small = 0 < x < 10
        odd = x % 2 == 1
        return (
            small and odd,
            small or odd,
            not small,
            (small and not odd) or x == 20,
            (True and x > 1),
            (False or x > 1),
            0 <= x <= 5 < 6,
        )

    return f(tf.constant(value))


@snippet
def logic_is_lazy(tf):
    @tf.function
    def f(x, i):
        n = tf.size(x)
        return i < n and x[i] > 0, i >= n or x[i] > 0

    x = tf.constant([1, -2])
    return [f(x, tf.constant(i)) for i in range(3)]


@snippet
def logic_of_python_values(tf):
    @tf.function
    def f(x, a, b):
        return (a and b) is None, (a or b), not a, x

    return f(tf.constant(1), 0, None)[1:], f(tf.constant(1), [], 5)[:1]


@snippet(value=[1, -1])
def early_returns(tf, value):
    @tf.function
    def f(x):
        """The docstring stays."""
        if x > 0:
            if x > 10:
                return x, 0
            y = x * 2
            return y, 1
        return -x, 2

    return f(tf.constant(value))


@snippet
def returns_nothing(tf):
    v = tf.Variable(1)

    @tf.function
    def f(x):
        if x > 0:
            v.assign_add(x)

    return f(tf.constant(3)), v.read_value(), f(tf.constant(-3)), v.read_value()


# ------------------------------------------------------------------------------------------------------ loops
@snippet(n=[0, 1, 6])
def while_with_everything(tf, n):
    @tf.function
    def f(n):
        i, total, log = tf.constant(0), 0, 1.0
        while True if n is None else i < n:
            i += 1
            if i % 2 == 0:
                continue
            j = 0
            while j < i:
                j += 1
                if j == 4:
                    break
                total += j
            log *= 2.0
        else_ = total
        return i, total, log, else_

    return f(tf.constant(n))


@snippet(n=[0, 5])
def while_with_compound_condition(tf, n):
    @tf.function
    def f(n):
        i = tf.constant(0)
        found = tf.constant(False)
        while i < n and not found:
            found = i * i > 6
            i += 1
        return i, found

    return f(tf.constant(n))


@snippet
def while_true_with_break(tf):
    @tf.function
    def f(n):
        i = tf.constant(0)
        while tf.constant(True):
            i += 1
            if i > n:
                break
        return i

    return f(tf.constant(4))


@snippet(start=[0, 2], stop=[0, 7], step=[1, 3, -2])
def for_over_ranges(tf, start, stop, step):
    @tf.function
    def f(a, b, c):
        out = tf.constant(0)
        i = tf.constant(-1)
        for i in tf.range(a, b, c):
            out = out * 10 + i
        return out, i

    if (stop - start) * step < 0:
        start, stop = stop, start
    return f(tf.constant(start), tf.constant(stop), tf.constant(step))


@snippet(kind=["range", "range2", "range3", "static"])
def for_over_python_range_of_tensors(tf, kind):
    @tf.function
    def f(n):
        out = 0
        if kind == "range":
            for i in range(n):
                out += i
        elif kind == "range2":
            for i in range(1, n):
                out += i
        elif kind == "range3":
            for i in range(1, n, 2):
                out += i
        else:
            for i in range(4):
                out += i * n
        return out

    return f(tf.constant(5)), f(tf.constant(-1)) if kind != "range3" else 0


@snippet(dtype=["int64", "float32", "float64"])
def for_over_ranges_of_other_types(tf, dtype):
    @tf.function
    def f(n):
        out = tf.zeros([], dtype)
        for i in tf.range(n):
            out += i * i
        return out

    return f(tf.constant(4, dtype))


@snippet(shape=["known", "unknown rows", "unknown"])
def for_over_tensors(tf, shape):
    spec = {"known": [3, 2], "unknown rows": [None, 2], "unknown": None}[shape]

    @tf.function(input_signature=[tf.TensorSpec(spec)])
    def f(x):
        total, last = tf.constant(0.0), tf.zeros([2])
        for row in x:
            if tf.reduce_sum(row) < 0:
                continue
            total += tf.reduce_sum(row)
            last = tf.ensure_shape(row, [2])
        return total, last

    return f(tf.constant([[1.0, 2.0], [-3.0, 1.0], [4.0, 5.0]]))


@snippet
def for_over_strings(tf):
    @tf.function
    def f(x):
        out = tf.constant("")
        for word in x:
            out = tf.strings.join([out, word])
        return out

    return f(tf.constant(["a", "bc"]))


@snippet
def for_over_python_things(tf):
    @tf.function
    def f(x):
        out = []
        for i, (_, v) in enumerate({"a": 1, "b": 2}.items()):
            out.append(x + v * i)
        for a, b in zip([1, 2, 3], (x, x * 2)):
            out.append(a * b)
            if a == 2:
                break
        for c in "xy":
            out.append(c)
        return out[:-2], [t for t in out[:2] if t is not None], {i: x + i for i in range(2)}

    return f(tf.constant(5))


@snippet
def unpacking_in_loops(tf):
    @tf.function
    def f(n):
        a, b = tf.constant(0), tf.constant(1)
        (c, *rest), d = (1, 2, 3), 4
        for _ in tf.range(n):
            a, b = b, a + b
            d += c
        return a, b, rest, d

    return f(tf.constant(10))


@snippet
def variables_defined_in_loops(tf):
    @tf.function
    def f(n):
        for i in tf.range(n):
            y = i * 2
            z = [tf.cast(i, tf.float32), (y,)]
        return i, y, z

    return f(tf.constant(3))


@raises
def variables_defined_in_loops_that_do_not_run(tf):
    @tf.function
    def f(n):
        for i in tf.range(n):
            y = i * 2
        return y

    return f(tf.constant(0))


@snippet
def none_before_a_loop(tf):
    @tf.function
    def f(n):
        y = None
        while n > 0:
            y = n
            n -= 1
        return y

    return f(tf.constant(3))


@snippet
def loop_iterates_keep_the_last_value(tf):
    @tf.function
    def f(n):
        i = 100
        for i in tf.range(n):  # noqa: B007
            pass
        return i

    return f(tf.constant(3)), f(tf.constant(0))


@snippet
def nested_loops_and_breaks(tf):
    @tf.function
    def f(n):
        pairs = tf.TensorArray(tf.int32, size=0, dynamic_size=True)
        k = 0
        for i in tf.range(n):
            for j in tf.range(n):
                if j > i:
                    break
                if (i + j) % 2 == 1:
                    continue
                pairs = pairs.write(k, i * 10 + j)
                k += 1
            if i == 4:
                break
        return pairs.stack(), k

    return f(tf.constant(4)), f(tf.constant(9))


@snippet
def loops_change_items_and_attributes(tf):
    class Box:
        pass

    @tf.function
    def f(n):
        d, box = {"a": tf.constant(0)}, Box()
        box.v = tf.constant(1)
        for i in tf.range(n):
            d["a"] = d["a"] + i
            box.v *= 2
        return d, box.v

    return f(tf.constant(5))


@snippet
def loops_assign_variables(tf):
    v = tf.Variable([1.0, 2.0])

    @tf.function
    def f(n):
        for i in tf.range(n):
            v.assign_add([1.0, tf.cast(i, tf.float32)])
            if i == 2:
                v.assign(v * 10.0)
        return v.read_value()

    return f(tf.constant(5)), v


@snippet(limit=[0, 2, 100])
def maximum_iterations(tf, limit):
    @tf.function
    def f(n):
        i = tf.constant(0)
        while i < n:
            tf.autograph.experimental.set_loop_options(
                maximum_iterations=limit, parallel_iterations=1, swap_memory=False
            )
            i += 1
        return i

    return f(tf.constant(5))


@snippet
def invariants_of_structures(tf):
    @tf.function
    def f(n):
        y = tf.zeros([0, 2])
        i = 0
        while i < n:
            tf.autograph.experimental.set_loop_options(shape_invariants=[(y, tf.TensorShape([None, 2]))])
            y = tf.concat([y, tf.ones([1, 2]) * tf.cast(i, tf.float32)], 0)
            i += 1
        return y

    return f(tf.constant(3))


@snippet
def invariants_of_unknown_rank(tf):
    @tf.function
    def f(n):
        y = tf.ones([1])
        for _ in tf.range(n):
            tf.autograph.experimental.set_loop_options(shape_invariants=[(y, tf.TensorShape(None))])
            y = tf.expand_dims(y, 0)
        return y

    return f(tf.constant(2))


@snippet
def unknown_shapes_of_variables_defined_in_loops(tf):
    @tf.function
    def f(n):
        for i in tf.range(n):
            y = tf.range(i)
        return y

    return f(tf.constant(4))


@snippet
def loops_inside_conditionals_inside_loops(tf):
    @tf.function
    def f(n):
        total = tf.constant(0)
        for i in tf.range(n):
            if i % 3 == 0:
                for j in tf.range(i):
                    if j % 2 == 0:
                        total += j
            elif i % 3 == 1:
                k = i
                while k > 0:
                    k -= 2
                    total += 1
            else:
                continue
        return total

    return f(tf.constant(10))


# ------------------------------------------------------------------------------------------------------ calls
@snippet
def functions_of_all_kinds_are_converted(tf):
    import functools

    def positive(x, scale=1):
        if x > 0:
            return x * scale
        else:
            return -x * scale

    def decorated(function):
        @functools.wraps(function)
        def wrapper(*args, **kwargs):
            y = function(*args, **kwargs)
            if y > 10:
                y = y + 1000
            return y

        return wrapper

    @decorated
    def helper(x, *, by):
        while x < by:
            x = x * 2
        return x

    class Callable:
        def __init__(self, k):
            self.k = k

        def __call__(self, x):
            return self.method(x) if x > 0 else self.static(x)

        def method(self, x):
            if x > 1:
                x = x + self.k
            return x

        @staticmethod
        def static(x):
            if x < -1:
                x = x * 2
            return x

        @classmethod
        def make(cls, x):
            if x > 0:
                return cls(7)(x)
            return cls(8)(x)

    class Child(Callable):
        def method(self, x):
            y = super().method(x)
            if y > 5:
                y = y - 1
            return y

    @tf.function
    def f(x):
        def inner(y, z=3):
            if y > 2:
                return y + z
            return y

        args, kwargs = (x,), {"scale": 3}
        return (
            positive(x), functools.partial(positive, scale=2)(x), positive(*args, **kwargs), helper(x, by=12),
            Callable(5)(x), Child(5)(x), Child(1).method(x), Callable.static(x), Callable.make(x),
            inner(x), inner(x, z=4), (lambda v: v if v > 0 else v - 1)(x), list(map(inner, [x, x + 1])),
        )  # fmt: skip

    return [f(tf.constant(v)) for v in (-3, 1, 4)]


@snippet
def recursion_over_python_values(tf):
    def power(x, n):
        if n == 0:
            return tf.ones_like(x)
        y = power(x, n - 1)
        if y > 100:
            return y
        return y * x

    @tf.function
    def f(x):
        return power(x, 5)

    return f(tf.constant(2)), f(tf.constant(4))


@snippet
def closures_and_nonlocal(tf):
    @tf.function
    def f(x):
        total = tf.constant(0)

        def add(v):
            nonlocal total
            if v > 0:
                total = total + v

        add(x)
        add(-x)
        add(x * 2)
        return total

    return f(tf.constant(5))


@snippet
def generators_run_unconverted(tf):
    def numbers(x):
        for i in range(3):
            yield x + i

    @tf.function
    def f(x):
        return list(numbers(x)), sum(numbers(x))

    return f(tf.constant(1))


@snippet
def do_not_convert_forms(tf):
    @tf.autograph.experimental.do_not_convert
    def a(x):
        return x + 1

    @tf.autograph.experimental.do_not_convert()
    def b(x):
        return x + 2

    c = tf.autograph.experimental.do_not_convert(lambda x: x + 3)

    @tf.function
    def f(x):
        return a(x), b(x), c(x)

    return f(tf.constant(1))


@raises
def do_not_convert_means_it(tf):
    @tf.autograph.experimental.do_not_convert
    def a(x):
        if x > 0:
            return x
        return -x

    @tf.function
    def f(x):
        return a(x)

    return f(tf.constant(1))


@snippet
def nested_tf_functions(tf):
    @tf.function
    def inner(x):
        if x > 0:
            return x * 2
        return x

    @tf.function
    def outer(x):
        y = inner(x)
        for _ in tf.range(3):
            y = inner(y) + 1
        return y

    return outer(tf.constant(2)), outer(tf.constant(-20))


@snippet
def try_with_and_comprehensions(tf):
    @tf.function
    def f(x):
        with tf.name_scope("scope"):
            try:
                if x > 0:
                    y = x + 1
                else:
                    y = x - 1
            finally:
                z = x * 3
        rows = [y + i for i in range(3) if i != 1]
        del x
        return rows, z, dict(zip("ab", rows))

    return f(tf.constant(4)), f(tf.constant(-4))


@snippet
def exceptions_are_caught_while_tracing(tf):
    @tf.function
    def f(x):
        try:
            y = tf.ones([2]) + tf.ones([3])
        except ValueError:
            y = x * 2.0
        try:
            {}["missing"]
        except KeyError as e:
            name = e.args[0]
        return y, len(name)

    return f(tf.constant(1.5))


@snippet
def global_and_starred_assignment(tf):
    @tf.function
    def f(x):
        first, *rest = [x, x + 1, x + 2]
        a = b = x
        if x > 0:
            first, a = a + 10, first
            b += 5
        a, (b, c) = b, (a, first)
        return first, rest, a, b, c

    return f(tf.constant(3)), f(tf.constant(-3))


# --------------------------------------------------------------------------------------------------- builtins
@snippet
def builtins_on_tensors(tf):
    @tf.function(input_signature=[tf.TensorSpec([None], tf.float32)])
    def f(x):
        a = len(x)
        b = abs(x)
        c = float(a)
        d = int(x[0])
        e = float(tf.constant("2.5")) if True else 0
        g = int(tf.constant("7"))
        return (
            a,
            b,
            c,
            d,
            e,
            g,
            len([1, 2]),
            abs(-3),
            int("5"),
            float("1.5"),
            max(1, 2),
            sum([1, 2]),
            sorted([2, 1]),
            any([0, 1]),
            all([]),
        )

    return f(tf.constant([-1.5, 2.0, 3.0]))


@snippet
def builtin_len(tf):
    array = []

    @tf.function
    def f(x):
        a = tf.TensorArray(tf.float32, size=3)
        array.append(isinstance(len(x), int))
        return len(x), len(a)

    return f(tf.ones([2, 3])), array


# ----------------------------------------------------------------------------------------------------- errors
@raises(case=[
    "vector condition", "number condition", "while number", "else missing", "main missing", "return missing",
    "none in branch", "dtype", "structure", "python break", "for scalar", "loop dtype", "loop shape",
    "loop structure", "loop none", "return in loop", "undefined", "undefined in loop", "list leak",
    "expression dtype", "became a tensor", "bad invariant",
])  # fmt: skip
def errors(tf, case):
    @tf.function
    def vector_condition(x):
        if tf.stack([x, x]) > 0:
            x = x + 1
        return x

    @tf.function
    def number_condition(x):
        if x:
            x = x + 1
        return x

    @tf.function
    def while_number(x):
        while x:
            x -= 1
        return x

    @tf.function
    def else_missing(x):
        if x > 0:
            y = x
        return y

    @tf.function
    def main_missing(x):
        if x > 0:
            pass
        else:
            y = x
        return y

    @tf.function  # noqa: RET503
    def return_missing(x):
        if x > 0:
            return x

    @tf.function
    def none_in_branch(x):
        y = None
        if x > 0:
            y = x
        return y

    @tf.function
    def dtype(x):
        if x > 0:
            y = 1
        else:
            y = 1.0
        return y

    @tf.function
    def structure(x):
        if x > 0:
            y = (1, 2)
        else:
            y = (1, 2, 3)
        return y

    @tf.function
    def python_break(x):
        for i in range(4):
            if x > i:
                break
        return x

    @tf.function
    def for_scalar(x):
        for _ in x:
            pass
        return x

    @tf.function
    def loop_dtype(x):
        y = 0
        for _ in tf.range(x):
            y = 1.0
        return y

    @tf.function
    def loop_shape(x):
        y = tf.ones([1])
        for _ in tf.range(x):
            y = tf.concat([y, y], 0)
        return y

    @tf.function
    def loop_structure(x):
        y = x
        for _ in tf.range(x):
            y = [y]
        return y

    @tf.function
    def loop_none(x):
        y = x
        for _ in tf.range(x):
            y = None
        return y

    @tf.function
    def return_in_loop(x):
        for i in tf.range(x):
            if i > 2:
                return i
        return x

    @tf.function
    def undefined(x):
        if False:
            y = 1
        return x + y

    @tf.function
    def undefined_in_loop(x):
        for _ in tf.range(x):
            y = y + 1  # noqa: F821, F841
        return x

    @tf.function
    def list_leak(x):
        out = []
        for i in tf.range(x):
            out.append(i)
        return tf.stack(out)

    @tf.function
    def expression_dtype(x):
        return 1 if x > 0 else 2.0

    @tf.function
    def became_a_tensor(x):
        i = 0
        while i < 3:
            i = i + x
        return i

    @tf.function
    def bad_invariant(x):
        y = tf.ones([1])
        for _ in tf.range(x):
            tf.autograph.experimental.set_loop_options(shape_invariants=[(y, tf.TensorShape([None, 2]))])
            y = tf.concat([y, y], 0)
        return y

    return locals()[case.replace(" ", "_")](tf.constant(2))


@raises(
    case=[
        "ValueError",
        "KeyError",
        "ZeroDivisionError",
        "AttributeError",
        "NameError",
        "InvalidArgumentError",
        "NotImplementedError",
    ],
    also=("Exception",),
)
def errors_keep_their_type(tf, case):
    @tf.function
    def f(x):
        if case == "ValueError":
            raise ValueError("told")
        if case == "KeyError":
            return {}["key"]
        if case == "ZeroDivisionError":
            return 1 / 0
        if case == "AttributeError":
            return x.no_such_attribute
        if case == "NameError":
            return no_such_name  # noqa: F821
        if case == "InvalidArgumentError":
            raise tf.errors.InvalidArgumentError(None, None, "told")
        raise NotImplementedError

    return f(tf.constant(1))


# -------------------------------------------------------------------------------------------------- gradients
@snippet(x=[-2.0, 0.5, 3.0])
def gradients_through_branches(tf, x):
    @tf.function
    def f(x):
        if x > 1.0:
            y = x * x
        elif x < 0.0:
            y = tf.exp(x) if x > -1.0 else -3.0 * x
        else:
            y = x
        return y

    x = tf.constant(x)
    with tf.GradientTape() as outer:
        outer.watch(x)
        with tf.GradientTape() as tape:
            tape.watch(x)
            y = f(x)
        g = tape.gradient(y, x)
    return y, g, outer.gradient(g, x, unconnected_gradients="zero")


@snippet(n=[0, 1, 4])
def gradients_through_loops(tf, n):
    w = tf.Variable([[0.5, -0.2], [0.3, 0.8]])

    @tf.function
    def f(x, n):
        h = tf.zeros([2])
        for i in tf.range(n):
            h = tf.tanh(tf.reduce_sum(w * h, 1) + x[i])
            if tf.reduce_sum(h) > 1.0:
                h = h * 0.5
        return tf.reduce_sum(h * h)

    x = tf.constant([[1.0, 2.0], [-1.0, 0.5], [0.3, 0.1], [0.7, -0.4]])
    with tf.GradientTape() as tape:
        tape.watch(x)
        y = f(x, tf.constant(n))
    return y, *tape.gradient(y, [x, w])


@snippet
def gradients_through_rows_and_early_exit(tf):
    @tf.function
    def f(x):
        total = tf.constant(1.0)
        for row in x:
            if total > 30.0:
                break
            total = total * tf.reduce_sum(row)
        return total

    x = tf.constant([[1.0, 2.0], [3.0, 1.0], [2.0, 2.0], [5.0, 5.0]])
    with tf.GradientTape() as tape:
        tape.watch(x)
        y = f(x)
    return y, tape.gradient(y, x)


# ----------------------------------------------------------------------------------------------- tf.autograph
@snippet
def to_graph_and_to_code(tf):
    def f(x):
        if x > 0:
            y = x * x
        else:
            y = -x
        return y

    converted = tf.autograph.to_graph(f)

    @tf.function(autograph=False)
    def g(x):
        return converted(x)

    return (
        converted(tf.constant(3)),
        g(tf.constant(-3)),
        "def tf__f(x)" in tf.autograph.to_code(f),
        "if_stmt" in tf.autograph.to_code(f),
    )


@snippet
def features(tf):
    Feature = tf.autograph.experimental.Feature
    every = sorted(f.name for f in Feature.all())
    some = sorted(f.name for f in Feature.all_but([Feature.LISTS, Feature.NAME_SCOPES]))

    @tf.function(experimental_autograph_options=(Feature.EQUALITY_OPERATORS, Feature.BUILTIN_FUNCTIONS))
    def f(x):
        if x == 3:
            x = x + 1
        return x != 4, x

    return every, some, f(tf.constant(3))


@snippet
def lists_feature(tf):
    @tf.function(experimental_autograph_options=tf.autograph.experimental.Feature.LISTS)
    def f(x):
        l = [x, x + 1]
        l.append(x + 2)
        l[0] = x * 10
        y = l.pop()
        return l, y, l[1]

    return f(tf.constant(1))


@raises
def to_code_of_tf_function(tf):
    @tf.function
    def f(x):
        return x

    return tf.autograph.to_code(f)
