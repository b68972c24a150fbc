"""`tidegate.Code` is the catalogue; ``UPDATE_CODES=1`` writes it."""

import os
import pathlib

import tidegate
from tidegate import _tidegate

SOURCE = pathlib.Path(__file__).parent.parent / "python" / "tidegate" / "_codes.py"

HEAD = '''"""The catalogue of codes; written by ``UPDATE_CODES=1 pytest tests/test_codes.py``."""

from __future__ import annotations

from enum import Enum

__all__ = ["Code"]


class Code(str, Enum):
    """A stable code, ``TG`` and four digits; the first digit is the family.

    >>> import tidegate
    >>> tidegate.Code.UNKNOWN_VARIANT.value
    'TG2003'
    >>> tidegate.Code("TG2003").meaning
    "a variant is not one of the feature's"
    """

    @property
    def meaning(self) -> str:
        """What it means, in one line."""
        return _MEANINGS[self.value]

'''


def constant(name: str) -> str:
    return "".join("_" + letter if letter.isupper() and at else letter for at, letter in enumerate(name)).upper()


def quoted(text: str) -> str:
    return f'"{text}"' if '"' not in text else repr(text)


def test_codes_are_those_of_the_catalogue() -> None:
    rows = _tidegate._codes()
    text = HEAD + "".join(f'    {constant(name)} = "{code}"\n' for code, name, _ in rows)
    meanings = "".join(f'    "{code}": {quoted(meaning)},\n' for code, _, meaning in rows)
    text += "\n\n_MEANINGS = {\n" + meanings + "}\n"
    if os.environ.get("UPDATE_CODES"):
        SOURCE.write_text(text, encoding="utf-8")
    assert SOURCE.read_text(encoding="utf-8") == text
    assert [code.value for code in tidegate.Code] == [code for code, _, _ in rows]
