"""The Python side of JavaScript values that Python has no type for."""

from __future__ import annotations

from typing import Any, NamedTuple


class UndefinedType:
    """The type of `undefined`. There is one object of it; it is false."""

    __slots__ = ()
    _only: Any = None

    def __new__(cls) -> UndefinedType:
        if cls._only is None:
            cls._only = super().__new__(cls)
        only: UndefinedType = cls._only
        return only

    def __repr__(self) -> str:
        return "undefined"

    def __bool__(self) -> bool:
        return False

    def __reduce__(self) -> Any:
        return UndefinedType, ()


#: JavaScript's undefined. None is null.
undefined = UndefinedType()


class BigInt(int):
    """An int that is a bigint in JavaScript, however small it is. Bigints come out as this."""

    __slots__ = ()


class Map(dict[Any, Any]):
    """A dict that is a Map in JavaScript. Maps come out of copies as this."""


class RegExp(NamedTuple):
    """A JavaScript regular expression in a copy."""

    source: str
    flags: str
