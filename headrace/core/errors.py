"""The documented error classes of `tf.errors`. Codes are those of google/rpc (absl status codes)."""

from __future__ import annotations

from typing import Any, TypeVar

E = TypeVar("E", bound=Exception)


class OpError(Exception):
    """An operation failed: `.message` says why, `.op` the operation (if known), `.error_code` the canonical code."""

    code = 2

    def __init__(
        self, node_def: Any, op: Any, message: str, error_code: int | None = None, *args: Any
    ) -> None:
        super().__init__(node_def, op, message)
        self._node_def, self._op, self._message = node_def, op, message
        self._error_code = self.code if error_code is None else error_code
        self._payloads: dict[str, bytes] = {}

    @property
    def message(self) -> str:
        return self._message

    @property
    def op(self) -> Any:
        return self._op

    @property
    def node_def(self) -> Any:
        """The operation as a `NodeDef` message, if it is known."""
        return getattr(self._op, "node_def", None) if self._node_def is None else self._node_def

    @property
    def error_code(self) -> int:
        return self._error_code

    @property
    def experimental_payloads(self) -> dict[str, bytes]:
        return self._payloads

    def __str__(self) -> str:
        return str(self._message)

    def __reduce__(self) -> Any:
        return type(self), (None, None, self._message)


def located(error: E, node: Any) -> E:
    """The error, which an operation of a graph failed with, made to say which one (`error.op`), and where the user made it.
    The innermost operation is the first to be named; it stays."""
    site = getattr(node, "site", None)  # what runs eagerly is in no graph
    if isinstance(error, OpError) and error._op is None and site is not None:
        error._op = node
        error._message = f"{error._message} [[node {node.name} defined at {site}]]"
    return error


def _error(name: str, code: int, doc: str) -> Any:
    def __init__(self: OpError, node_def: Any, op: Any, message: str, *args: Any) -> None:
        OpError.__init__(self, node_def, op, message, code)

    return type(
        name, (OpError,), {"code": code, "__doc__": doc, "__module__": __name__, "__init__": __init__}
    )


CancelledError = _error("CancelledError", 1, "The operation was cancelled.")
InvalidArgumentError = _error("InvalidArgumentError", 3, "An argument has a wrong value, shape or type.")
DeadlineExceededError = _error(
    "DeadlineExceededError", 4, "A deadline expired before the operation could complete."
)
NotFoundError = _error("NotFoundError", 5, "A requested entity (file, device, table …) does not exist.")
AlreadyExistsError = _error("AlreadyExistsError", 6, "An entity that was to be made exists already.")
PermissionDeniedError = _error("PermissionDeniedError", 7, "The caller may not do this.")
ResourceExhaustedError = _error("ResourceExhaustedError", 8, "A resource (memory, disk …) ran out.")
FailedPreconditionError = _error(
    "FailedPreconditionError", 9, "The system is not in a state the operation needs."
)
AbortedError = _error("AbortedError", 10, "The operation was aborted.")
OutOfRangeError = _error("OutOfRangeError", 11, "Iteration went past the valid range.")
UnimplementedError = _error("UnimplementedError", 12, "The operation is not implemented.")
InternalError = _error("InternalError", 13, "An invariant inside the system is broken.")
UnavailableError = _error("UnavailableError", 14, "The runtime is currently unavailable.")
DataLossError = _error("DataLossError", 15, "Unrecoverable data loss or corruption.")
UnauthenticatedError = _error("UnauthenticatedError", 16, "The request is not authenticated.")


def invalid(message: str) -> OpError:
    """The InvalidArgumentError of an op's kernel: a value that it was given does not fit."""
    return InvalidArgumentError(None, None, message)


class UnknownError(OpError):
    """An error of no other class."""

    code = 2

    def __init__(self, node_def: Any, op: Any, message: str, error_code: int = 2, *args: Any) -> None:
        super().__init__(node_def, op, message, error_code)


class OperatorNotAllowedInGraphError(TypeError):
    """A symbolic tensor was used where Python needs a concrete value."""


class InaccessibleTensorError(TypeError, ValueError):
    """A tensor of one function's graph was used outside of it (a TypeError eagerly, a ValueError in another graph)."""


class ShapeError(ValueError):
    """Raised by shape rules. Dispatch turns it into InvalidArgumentError (eager) or ValueError with the op (graph)."""


OK, CANCELLED, UNKNOWN, INVALID_ARGUMENT, DEADLINE_EXCEEDED, NOT_FOUND, ALREADY_EXISTS, PERMISSION_DENIED = (
    range(8)
)
(
    RESOURCE_EXHAUSTED,
    FAILED_PRECONDITION,
    ABORTED,
    OUT_OF_RANGE,
    UNIMPLEMENTED,
    INTERNAL,
    UNAVAILABLE,
    DATA_LOSS,
) = range(8, 16)
UNAUTHENTICATED = 16

_BY_CODE = {
    c.code: c
    for c in list(globals().values())
    if isinstance(c, type) and issubclass(c, OpError) and c is not OpError
}


def exception_type_from_error_code(error_code: int) -> type[OpError]:
    """The class of an error code: 3 → InvalidArgumentError."""
    return _BY_CODE[error_code]


def error_code_from_exception_type(cls: type[OpError]) -> int:
    return cls.code
