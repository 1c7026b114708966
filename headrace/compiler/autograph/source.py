"""From a Python function to its converted twin: source → AST → malt's passes → code.

The new code carries the file name and line numbers of the old one, so that tracebacks, warnings, debuggers
and the `site` of operations show what the user wrote."""

from __future__ import annotations
import __future__

import ast
import copy
import functools
import inspect
import linecache
from collections.abc import Iterator, Mapping
from types import CodeType, FunctionType
from typing import Any

from malt.converters import (
    break_statements,
    call_trees,
    conditional_expressions,
    continue_statements,
    control_flow,
    functions,
    lists,
    logical_expressions,
    return_statements,
    slices,
    variables,
)
from malt.converters import directives as directives_pass
from malt.core import converter, unsupported_features_checker
from malt.lang import directives
from malt.pyct import anno, cfg, errors, inspect_utils, naming, parser, qual_names, templates, transformer
from malt.pyct.static_analysis import activity, reaching_definitions

from .options import Options, set_loop_options
from .twins import Unconvertible

_FUTURE = functools.reduce(
    int.__or__, [getattr(__future__, name).compiler_flag for name in __future__.all_feature_names]
)
STATEMENT = ".<statement>"  # ends the qualified name of the code a statement's block was moved to
ORIGIN = anno.Basic.ORIGIN
Position = tuple[int, int, int, int]  # line, end line, column, end column


# ----------------------------------------------------------------------------------------- finding the source
class _PrivateNames(ast.NodeVisitor):
    """Writes names such as `__x` out as the compiler does inside a class: `_Class__x`."""

    prefix = ""

    def visit_ClassDef(self, node: ast.ClassDef) -> None:
        outer, self.prefix = self.prefix, ("_" + node.name.lstrip("_")).rstrip("_")
        self.generic_visit(node)
        self.prefix = outer

    def generic_visit(self, node: ast.AST) -> None:
        if self.prefix:
            for field in ("id", "attr", "arg", "name", "asname", "names"):
                value = getattr(node, field, None)
                if isinstance(value, str):
                    node.__dict__.setdefault("written", value)
                    setattr(node, field, self._mangled(value))
                elif isinstance(node, (ast.Global, ast.Nonlocal)) and isinstance(value, list):
                    node.names = [self._mangled(v) for v in value]
        super().generic_visit(node)

    def _mangled(self, name: str) -> str:
        return (
            self.prefix + name
            if name.startswith("__") and not name.endswith("__") and "." not in name
            else name
        )


@functools.lru_cache(maxsize=8)
def _definitions(filename: str, text: str) -> Mapping[int, list[Any]]:
    """The functions and lambdas of a file, by their first line."""
    found: dict[int, list[Any]] = {}
    tree = ast.parse(text, filename)
    _PrivateNames().visit(tree)
    for node in ast.walk(tree):
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            found.setdefault(min([node.lineno, *(d.lineno for d in node.decorator_list)]), []).append(node)
        elif isinstance(node, ast.Lambda):
            found.setdefault(node.lineno, []).append(node)
    return found


def _definition(function: FunctionType) -> Any:
    """The AST node a function was made from."""
    code = function.__code__
    linecache.checkcache(code.co_filename)
    lines = linecache.getlines(code.co_filename, function.__globals__)
    if not lines:
        raise Unconvertible(
            f"its source code is not accessible ({code.co_filename}). Define it in a file.",
            quiet=code.co_filename == "<string>",
        )
    try:
        nodes = _definitions(code.co_filename, "".join(lines)).get(code.co_firstlineno, [])
    except SyntaxError as error:
        raise Unconvertible(f"its source file cannot be parsed: {error}") from error
    names = code.co_varnames[: code.co_argcount + code.co_kwonlyargcount]
    nodes = [n for n in nodes if _name(n) == code.co_name and _parameters(n) == names]
    if len(nodes) > 1 and code.co_name == "<lambda>":
        nodes = _covering(nodes, code)
    if len(nodes) != 1:
        raise Unconvertible(
            f"{'several definitions' if nodes else 'no definition'} at line {code.co_firstlineno} "
            f"of {code.co_filename} "
            "could be its source (was the file changed?)"
        )
    return nodes[0]


def _name(node: Any) -> str:
    return "<lambda>" if isinstance(node, ast.Lambda) else node.__dict__.get("written", node.name)


def _parameters(node: Any) -> tuple[str, ...]:
    return tuple(a.arg for a in (*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs))


def _covering(nodes: list[Any], code: CodeType) -> list[Any]:
    """Of several lambdas on one line, the one whose body is where the code's instructions are."""
    places = {
        (a, c, b, d) for a, b, c, d in code.co_positions() if None not in (a, b, c, d) and (a, c) != (b, d)
    }
    if not places:
        return nodes

    def covers(body: Any) -> bool:
        begin, end = (body.lineno, body.col_offset), (body.end_lineno, body.end_col_offset)
        return all(begin <= (a, c) and (b, d) <= end for a, c, b, d in places)

    fitting = [n for n in nodes if covers(n.body)]
    inner = [n for n in fitting if not any(m is not n and m in list(ast.walk(n.body)) for m in fitting)]
    return inner


# ------------------------------------------------------------------------------------------------- the passes
class _Directives(directives_pass.DirectivesTransformer):
    """Recognises our `set_loop_options` where malt looks for its own."""

    def visit_Name(self, node: Any) -> Any:
        return self._ours(super().visit_Name(node))

    def visit_Attribute(self, node: Any) -> Any:
        return self._ours(super().visit_Attribute(node))

    def _ours(self, node: Any) -> Any:
        if anno.getanno(node, directives_pass.STATIC_VALUE, default=None) is set_loop_options:
            anno.setanno(node, directives_pass.STATIC_VALUE, directives.set_loop_options)
        return node


class _Asserts(converter.Base):
    def visit_Assert(self, node: Any) -> Any:
        self.generic_visit(node)
        return templates.replace(
            "ag__.assert_stmt(test, lambda: msg)", test=node.test, msg=node.msg or ast.Constant(None)
        )


_BRANCHING = frozenset({ast.If, ast.IfExp, ast.For, ast.While, ast.BoolOp, ast.Not, ast.Assert})


def _chains(node: Any) -> bool:
    return any(isinstance(n, ast.Compare) and len(n.ops) > 1 for n in ast.walk(node))


def _returns_early(node: Any) -> bool:
    """Whether a function in the tree returns anywhere but in its last line."""
    returns = {id(n) for n in ast.walk(node) if isinstance(n, ast.Return)}
    last = {id(n.body[-1]) for n in ast.walk(node) if isinstance(n, ast.FunctionDef)}
    return bool(returns - last)


class _ConditionalExpressions(conditional_expressions.ConditionalExpressionTransformer):
    """Those inside others, too."""

    def visit_IfExp(self, node: Any) -> Any:
        return super().visit_IfExp(self.generic_visit(node))


def _transform(node: Any, context: Any) -> Any:
    """malt's passes over a function; those left out would find nothing to do, each takes milliseconds."""
    uses = context.user.options.uses
    kinds = {type(n) for n in ast.walk(node)}
    unsupported_features_checker.verify(node)
    if ast.Match in kinds:
        raise Unconvertible("match statements are not supported")
    if not kinds & _BRANCHING and not _chains(node) and not context.user.options.features:
        return call_trees.transform(functions.transform(node, context), context)
    if ast.NamedExpr in kinds:
        raise Unconvertible("assignment expressions (:=) are not supported next to branches and loops")
    returns_early = _returns_early(node)
    graphs = cfg.build(node)
    node = qual_names.resolve(node)
    node = activity.resolve(node, context, None)
    node = reaching_definitions.resolve(node, context, graphs)
    anno.dup(node, {anno.Static.DEFINITIONS: anno.Static.ORIG_DEFINITIONS})
    node = functions.transform(node, context)
    node = _Directives(context).visit(node)
    if ast.Break in kinds:
        node = break_statements.transform(node, context)
    if ast.Assert in kinds:
        node = _Asserts(context).visit(node)
    if kinds & {ast.Break, ast.Continue}:  # what follows a break is skipped by a continue
        node = continue_statements.transform(node, context)
    if returns_early:
        node = return_statements.transform(node, context)
    if uses(converter.Feature.LISTS):
        node = lists.transform(node, context)
        node = slices.transform(node, context)
    node = call_trees.transform(node, context)
    node = control_flow.transform(node, context)
    if ast.IfExp in kinds:
        node = _ConditionalExpressions(context).visit(node)
    node = logical_expressions.transform(node, context)
    return variables.transform(node, context)


def _prepared(function: FunctionType) -> Any:
    """A copy of the function's node without what was evaluated when it was defined, each node knowing its
    position."""
    node = copy.deepcopy(_definition(function))
    if isinstance(node, ast.AsyncFunctionDef):
        raise Unconvertible("async functions are not supported")
    arguments = node.args
    arguments.defaults = [ast.Constant(None) for _ in arguments.defaults]
    arguments.kw_defaults = [None if d is None else ast.Constant(None) for d in arguments.kw_defaults]
    for a in (
        *arguments.posonlyargs,
        *arguments.args,
        *arguments.kwonlyargs,
        arguments.vararg,
        arguments.kwarg,
    ):
        if a is not None:
            a.annotation = None
    if isinstance(node, ast.FunctionDef):
        node.decorator_list, node.returns = [], None
        if hasattr(node, "type_params"):
            node.type_params = []
    for n in ast.walk(node):
        if hasattr(n, "lineno"):
            anno.setanno(n, ORIGIN, _header(n) if hasattr(n, "body") else _position(n))
    return node


def _position(node: Any) -> Position:
    return node.lineno, node.end_lineno, node.col_offset, node.end_col_offset


def _header(node: Any) -> Position:
    """Where a compound statement says what it is: not all of it, what goes wrong in its blocks has a place of
    its own."""
    last = getattr(node, "test", None) or getattr(node, "iter", None)
    if last is not None and last.end_lineno == node.lineno:
        return node.lineno, node.lineno, node.col_offset, last.end_col_offset
    return node.lineno, node.lineno, node.col_offset, node.col_offset + 1


def convert(function: FunctionType, options: Options) -> tuple[CodeType, str]:
    """The code of a factory of the function's twin (see `Twin.bind`), and the twin's source text.

    Raises: Unconvertible."""
    try:
        return _converted(function, options)
    except (
        errors.PyCTError,
        NotImplementedError,
        ValueError,
        AssertionError,
        AttributeError,
        KeyError,
        TypeError,
        SyntaxError,
    ) as error:
        if isinstance(error, Unconvertible):
            raise
        raise Unconvertible(str(error) or type(error).__name__) from error


def _converted(function: FunctionType, options: Options) -> tuple[CodeType, str]:
    code = function.__code__
    node = _prepared(function)
    namespace = inspect_utils.getnamespace(function)
    namer = naming.Namer(namespace)
    name = namer.new_symbol("tf__" + ("lam" if isinstance(node, ast.Lambda) else node.name), ())
    info = transformer.EntityInfo(
        name=name, source_code="", source_file=code.co_filename, future_features=(), namespace=namespace
    )
    context = transformer.Context(info, namer, converter.ProgramContext(options))
    node = _transform(node, context)
    if isinstance(node, ast.Lambda):
        node = ast.Assign(targets=[ast.Name(name, ctx=ast.Store())], value=node)
    else:
        node.name = name
    text = parser.unparse(node, include_encoding_marker=False)
    (body,) = ast.parse(text).body
    _place(node, body, (code.co_firstlineno,) * 2 + (0, 0))
    # Names that no program has: those of its own globals must not be found here.
    module = ast.parse("def ag__outer():\n  def ag__inner(ag__):\n    return None")
    outer: Any = module.body[0]
    (inner,) = outer.body
    outer.body = [*(ast.parse(f"{v} = None").body[0] for v in code.co_freevars), inner]
    inner.body = [body, ast.Return(ast.Name(name, ctx=ast.Load()))]
    ast.fix_missing_locations(module)
    compiled = compile(module, code.co_filename, "exec", flags=code.co_flags & _FUTURE, dont_inherit=True)
    factory = _child(_child(compiled, "ag__outer"), "ag__inner")
    return _renamed(factory, code, name, frozenset(namer.generated_names)), text


def _place(before: Any, after: Any, position: Position) -> None:
    """Gives the nodes of `after` the positions that the like nodes of `before` came from."""
    position = anno.getanno(before, ORIGIN, default=None) or position
    if isinstance(after, ast.Attribute) and isinstance(after.value, ast.Name) and after.value.id == "ag__":
        line, _, column, _ = position  # Python blames a call of a method on the last line of `object.method`
        position = line, line, column, column + 1
    if "lineno" in after._attributes:
        after.lineno, after.end_lineno, after.col_offset, after.end_col_offset = position
    for x, y in zip(_children(before), _children(after)):
        if type(x) is type(y):
            _place(x, y, position)
        else:
            _cover(y, position)


def _children(node: Any) -> Iterator[Any]:
    for name in type(node)._fields:
        value = getattr(node, name, None)
        yield from (
            v for v in (value if isinstance(value, (list, tuple)) else [value]) if isinstance(v, ast.AST)
        )


def _cover(node: Any, position: Position) -> None:
    line, _, column, _ = position
    for n in ast.walk(node):
        if "lineno" in n._attributes:
            n.lineno, n.end_lineno, n.col_offset, n.end_col_offset = line, line, column, column + 1  # type: ignore[attr-defined]


def _child(code: CodeType, name: str) -> CodeType:
    return next(c for c in code.co_consts if isinstance(c, CodeType) and c.co_name == name)


def _renamed(factory: CodeType, original: CodeType, name: str, generated: frozenset[str]) -> CodeType:
    """The user's names instead of the generated ones: blocks are called like the function they are part
    of."""

    def rename(code: CodeType, own: str, qualified: str) -> CodeType:
        constants: list[Any] = []
        for c in code.co_consts:
            if isinstance(c, CodeType):
                if c.co_name in generated or (c.co_name == "<lambda>" and _is_block(c)):
                    c = rename(c, own, qualified.removesuffix(STATEMENT) + STATEMENT)
                else:
                    c = rename(c, c.co_name, f"{qualified.removesuffix(STATEMENT)}.<locals>.{c.co_name}")
            constants.append(c)
        return code.replace(co_consts=tuple(constants), co_name=own, co_qualname=qualified)

    constants = [
        rename(c, original.co_name, original.co_qualname)
        if isinstance(c, CodeType) and c.co_name in (name, "<lambda>")
        else c
        for c in factory.co_consts
    ]
    return factory.replace(co_consts=tuple(constants))


def _is_block(code: CodeType) -> bool:
    """Lambdas that malt makes of operands take nothing, or the function's scope."""
    arguments = code.co_varnames[: code.co_argcount]
    return (not arguments and not code.co_flags & (inspect.CO_VARARGS | inspect.CO_VARKEYWORDS)) or arguments[
        :1
    ] == ("lscope",)
