"""The names that converted code finds on `ag__`."""

from __future__ import annotations

from typing import Any

from .branches import and_, assert_stmt, eq, if_exp, if_stmt, not_, not_eq, or_
from .calls import FunctionScope, artifact, converted_call, with_function_scope
from .lists import (
    GetItemOpts,
    ListPopOpts,
    ListStackOpts,
    get_item,
    list_append,
    list_pop,
    list_stack,
    new_list,
    set_item,
)
from .loops import for_stmt, while_stmt
from .undefined import Undefined, UndefinedReturnValue, ld, ldu

NAMES: dict[str, Any] = {
    f.__name__: f
    for f in (
        FunctionScope, GetItemOpts, ListPopOpts, ListStackOpts, Undefined, UndefinedReturnValue, and_,
        assert_stmt, converted_call, eq, for_stmt, get_item, if_exp, if_stmt, ld, ldu, list_append, list_pop,
        list_stack, new_list, not_, not_eq, or_, set_item, while_stmt, with_function_scope,
    )
} | {"autograph_artifact": artifact}  # fmt: skip
