"""Python control flow on tensors inside tf.function, and what stays Python."""

from conformance.harness import raises, snippet


@snippet(value=[-2, 0, 3])
def autograph_if(tf, value):
    @tf.function
    def f(x):
        if x > 0:
            y = x * 2
        elif x == 0:
            y = x + 100
        else:
            y = -x
        return y

    return f(tf.constant(value))


@snippet
def autograph_loops(tf):
    @tf.function
    def f(n):
        total = tf.constant(0)
        i = tf.constant(0)
        while i < n:
            i += 1
            if i == 3:
                continue
            if i > 7:
                break
            total += i
        for j in tf.range(n):
            total += j * 100
        for row in tf.constant([[1, 2], [3, 4]]):
            total += tf.reduce_sum(row) * 10000
        return total

    return f(tf.constant(5)), f(tf.constant(20)), f(tf.constant(0))


@snippet(value=[-1, 5, 50])
def autograph_early_return(tf, value):
    @tf.function
    def f(x):
        if x < 0:
            return tf.constant(-1)
        found = tf.constant(-1)
        for i in tf.range(10):
            if i * x > 100:
                found = i
                break
        if found > 0:
            return found * 1000
        return x

    return f(tf.constant(value))


@snippet
def autograph_logic(tf):
    @tf.function
    def f(x):
        a = x > 0 and x < 10
        b = x < 0 or x == 5
        c = not a
        d = x if x > 3 else -x
        e = 0 < x < 5
        return a, b, c, d, e

    return f(tf.constant(5)), f(tf.constant(-2))


@snippet
def autograph_python_values_stay_python(tf):
    @tf.function
    def f(x, flag):
        if flag:
            x = x + 1
        for i in range(3):
            x = x * 2 + i
        items = []
        for i in [1, 2]:
            items.append(x + i)
        return items, {i: items[i] for i in range(2)}

    return f(tf.constant(1), True), f(tf.constant(1), False)


@snippet
def autograph_calls_other_functions(tf):
    def helper(x):
        if x > 2:
            return x * 100
        else:
            return x

    @tf.autograph.experimental.do_not_convert
    def plain(x):
        return x + 1

    @tf.function
    def f(x):
        return helper(x) + plain(x)

    return f(tf.constant(1)), f(tf.constant(3))


@snippet
def autograph_closures_and_nonlocal_state(tf):
    @tf.function
    def f(n):
        best = tf.constant(-1.0)
        where = tf.constant(-1)
        for i in tf.range(n):
            value = tf.sin(tf.cast(i, tf.float32))
            if value > best:
                best, where = value, i
        return best, where

    return f(tf.constant(8))


@snippet
def autograph_tensor_array(tf):
    @tf.function
    def f(n):
        array = tf.TensorArray(tf.int32, size=0, dynamic_size=True)
        for i in tf.range(n):
            array = array.write(i, i * i)
        return array.stack()

    return f(tf.constant(4)), f(tf.constant(1))


@raises(case=["one branch", "dtype", "shape", "none"])
def autograph_inconsistent_branches(tf, case):
    @tf.function
    def one(x):
        if x > 0:
            y = x
        return y

    @tf.function
    def dtype(x):
        if x > 0:
            y = tf.constant(1)
        else:
            y = tf.constant(1.0)
        return y

    @tf.function
    def shape(x):
        y = tf.ones([2])
        while x > 0:
            y = tf.concat([y, y], 0)
            x -= 1
        return y

    @tf.function
    def none(x):
        if x > 0:
            return x
        return None

    return {"one branch": one, "dtype": dtype, "shape": shape, "none": none}[case](tf.constant(2))


@snippet
def shape_invariants_in_loops(tf):
    @tf.function
    def f(n):
        y = tf.ones([1])
        for i in tf.range(n):
            tf.autograph.experimental.set_loop_options(shape_invariants=[(y, tf.TensorShape([None]))])
            y = tf.concat([y, [tf.cast(i, tf.float32)]], 0)
        return y

    return f(tf.constant(3))


@raises(case=["if", "bool", "iterate", "python while"])
def symbolic_values_without_autograph(tf, case):
    def use_if(x):
        if x > 0:
            return x
        return -x

    functions = {
        "if": use_if,
        "bool": lambda x: bool(x),
        "iterate": lambda x: list(x),
        "python while": lambda x: int(x),
    }
    argument = tf.constant([1, 2]) if case == "iterate" else tf.constant(1)
    return tf.function(functions[case], autograph=False)(argument)


@raises(case=["numpy", "array"])
def symbolic_values_are_not_numbers(tf, case):
    import numpy as np

    functions = {"numpy": lambda x: x.numpy(), "array": lambda x: np.asarray(x)}

    @tf.function(input_signature=[tf.TensorSpec([None])])
    def f(x):
        return functions[case](x)

    return f(tf.ones([2]))


@raises
def tensor_leaks_out_of_its_function(tf):
    leaked = []

    @tf.function
    def f(x):
        leaked.append(x + 1)
        return x

    f(tf.constant(1))
    return leaked[0] + 1
