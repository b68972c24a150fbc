"""The exceptions, one class for each family of the catalogue of codes."""

from __future__ import annotations

import math
from typing import Any

from ._records import Diagnostic

__all__ = [
    "ArgumentTypeError",
    "ArgumentValueError",
    "BrokenReferenceError",
    "ClosedError",
    "DefinitionError",
    "DeliveryError",
    "DocumentError",
    "NotReadyError",
    "PipelineError",
    "ReleaseError",
    "TidegateError",
    "UseError",
]


class TidegateError(Exception):
    """Something is wrong with a document, a definition, or a call.

    >>> import tidegate
    >>> try:
    ...     tidegate.Engine().load(b"[1, 2")
    ... except tidegate.TidegateError as error:
    ...     print(error.code, type(error).__name__, len(error.diagnostics))
    TG1001 DocumentError 1
    """

    def __init__(self, code: str, diagnostics: tuple[Diagnostic, ...] = ()) -> None:
        super().__init__(code, diagnostics)
        self.code = code
        """The stable code, such as ``TG2003`` (see `tidegate.Code`)."""
        self.diagnostics = diagnostics
        """All that is wrong, warnings included."""

    @property
    def _first(self) -> Diagnostic | None:
        return next((each for each in self.diagnostics if each.code == self.code), None)

    @property
    def message(self) -> str:
        """What was expected, and what was found."""
        return self._first.message if self._first else ""

    @property
    def pointer(self) -> str:
        """The JSON pointer (RFC 6901) of the place: of the document, or of the attribute of a context."""
        return self._first.pointer if self._first else ""

    @property
    def hint(self) -> str | None:
        """What may have been meant."""
        return self._first.hint if self._first else None

    def __str__(self) -> str:
        if self._first is None:
            return self.code
        more = len(self.diagnostics) - 1
        return str(self._first) + (f" (and {more} more)" if more else "")


class DocumentError(TidegateError):
    """A document as a whole is at fault (``TG1…``)."""


class DefinitionError(TidegateError):
    """A definition is at fault (``TG2…``)."""


class BrokenReferenceError(TidegateError):
    """A reference is at fault (``TG3…``)."""


class ReleaseError(TidegateError):
    """A release is at fault (``TG4…``)."""


class UseError(TidegateError):
    """The use of the engine is at fault, not a document (``TG5…``)."""


class ArgumentTypeError(UseError, TypeError):
    """A value has a type that is not for its place; `pointer` says which."""


class ArgumentValueError(UseError, ValueError):
    """A value has the right type and is not for its place; `pointer` says which."""


class ClosedError(UseError):
    """An engine, client or view was closed (``TG5011``)."""


class DeliveryError(TidegateError):
    """Signatures, the server or the cache are at fault (``TG6…``)."""


class NotReadyError(DeliveryError, TimeoutError):
    """No document came in time (``TG6112``)."""


class PipelineError(TidegateError):
    """A pipeline is at fault (``TG7…``)."""


_FAMILIES: dict[str, type[TidegateError]] = {
    "1": DocumentError,
    "2": DefinitionError,
    "3": BrokenReferenceError,
    "4": ReleaseError,
    "5": UseError,
    "6": DeliveryError,
    "7": PipelineError,
}
_SPECIAL: dict[str, type[TidegateError]] = {"TG5011": ClosedError, "TG6112": NotReadyError}
_KINDS: dict[str, type[TidegateError]] = {"type": ArgumentTypeError, "value": ArgumentValueError}


def _argument(pointer: str, message: str) -> ArgumentTypeError:
    return ArgumentTypeError("TG5010", (Diagnostic("TG5010", "error", pointer, message),))


def _wrong_type(pointer: str, expected: str, found: object) -> ArgumentTypeError:
    kind = type(found)
    name = kind.__qualname__ if kind.__module__ == "builtins" else f"{kind.__module__}.{kind.__qualname__}"
    return _argument(pointer, f"expected {expected}, found `{name}`")


def _wrong_value(pointer: str, message: str) -> ArgumentValueError:
    return ArgumentValueError("TG5010", (Diagnostic("TG5010", "error", pointer, message),))


def _text(pointer: str, what: str, given: object) -> str:
    if not isinstance(given, str):
        raise _wrong_type(pointer, what, given)
    return given


def _seconds(pointer: str, given: Any) -> float:
    if not (hasattr(type(given), "__float__") or hasattr(type(given), "__index__")):
        raise _wrong_type(pointer, "a number of seconds", given)
    try:
        seconds = float(given)
    except OverflowError as error:
        message = "expected a number of seconds, found a number beyond all that can be held"
        raise _wrong_value(pointer, message) from error
    if not 0 <= seconds < math.inf:
        raise _wrong_value(pointer, f"expected a number of seconds of at least 0, found {seconds}")
    return seconds


def _whole(pointer: str, what: str, given: object) -> int:
    if not isinstance(given, int):
        raise _wrong_type(pointer, what, given)
    if given < 0:
        raise _wrong_value(pointer, f"expected {what} of at least 0, found {given}")
    return given


def _make(code: str, diagnostics: tuple[Diagnostic, ...], kind: str | None) -> TidegateError:
    if kind is not None:
        return _KINDS[kind](code, diagnostics)
    made = _SPECIAL.get(code) or _FAMILIES.get(code[2:3], TidegateError)
    return made(code, diagnostics)
