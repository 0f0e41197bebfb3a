"""Values as pickles, which Python's C code reads and writes: see jsvm_value_pickle in jsvm.h for what they are."""

from __future__ import annotations

import io
import pickle
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from . import _convert, _names
from ._abi import SLOT, SLOT_SIZE
from ._convert import from_milliseconds, milliseconds
from ._values import BigInt, Map, RegExp, undefined
from .context import Context, Live
from .errors import JSError, JSWrongIsolateError

#: From 5 on it has an opcode for bytearray.
_PROTOCOL = 5

# Out: what the globals of a pickle are.


def _fill(made: Any, children: tuple[Any, ...]) -> Any:
    """Gives a Map, set or JSError its children."""
    if isinstance(made, JSError):
        fields = dict(zip(children[0::2], children[1::2]))
        made.name, made.message = str(fields.get("name", "")), str(fields.get("message", ""))
        made.stack = fields.get("stack")
        made.args = (made._title(),)
        if isinstance(fields.get("cause"), BaseException):
            made.__cause__ = fields["cause"]
        return made
    is_map = isinstance(made, Map)
    try:
        made.update(zip(children[0::2], children[1::2]) if is_map else children)
    except TypeError:
        what = "a key of a Map" if is_map else "a value of a Set"
        raise TypeError(f"{what} is an object, which Python cannot hash: read it live") from None
    return made


_OUT: dict[str, Any] = {
    "undefined": undefined,
    "bigint": BigInt,
    "date": from_milliseconds,
    "regexp": RegExp,
    "map": Map,
    "set": set,
    "error": JSError,
    "fill": _fill,
}


class _Unpickler(pickle.Unpickler):
    def __init__(self, home: Context, data: bytes, handles: bytes) -> None:
        super().__init__(io.BytesIO(data))

        # No method: Python 3.9's collector does not see that the memo would keep the unpickler, and with it the context.
        def handle(index: int) -> Any:
            return _convert.read(home, *SLOT.unpack_from(handles, index * SLOT_SIZE))

        self._handle = handle

    def find_class(self, _module: str, name: str, /) -> Any:
        return self._handle if name == "handle" else _OUT[name]


def load(home: Context, pickled: bytes, handles: bytes) -> Any:
    """The value of a pickle of jsvm_value_pickle, whose handles are in slots that are borrowed."""
    return _Unpickler(home, pickled, handles).load()


# In.


class _Pickler(pickle.Pickler):
    """Writes what is no plain builtin as calls of `_names`."""

    def __init__(self, home: Context, file: io.BytesIO) -> None:
        super().__init__(file, _PROTOCOL)
        self._home = home
        #: What `handle` names: live values, and objects that have a call of their own to make them.
        self.handles: list[Any] = []

    def reducer_override(self, value: Any, /) -> Any:
        if isinstance(value, _names.Name):
            return value.name
        if value is undefined:
            return "undefined"
        if isinstance(value, str):
            return _names.value, (str.__str__(value),)
        if isinstance(value, int):
            return _names.bigint if isinstance(value, BigInt) else _names.value, (int(value),)
        if isinstance(value, float):
            return _names.value, (float.__float__(value),)
        if isinstance(value, RegExp):
            return _names.regexp, tuple(value)
        if isinstance(value, (list, tuple)):
            return _names.value, (list(value),)
        if isinstance(value, Map):
            return _names.map, (tuple(flat(value)),)
        if isinstance(value, Live):
            same_isolate(self._home, value)
        elif isinstance(value, Mapping):
            return _names.value, ({key_of(key): child for key, child in value.items()},)
        elif isinstance(value, (set, frozenset)):
            return _names.set, (tuple(value),)
        elif isinstance(value, datetime):
            return _names.date, (milliseconds(value),)
        elif isinstance(value, (bytes, bytearray)) or isinstance(value, memoryview) and value.readonly:
            return _names.value, (bytes(value),)
        self.handles.append(value)
        return _names.handle, (len(self.handles) - 1,)


def dump(home: Context, value: Any) -> tuple[bytes, list[Any]]:
    """A pickle for jsvm_value_unpickle, and what its handles are of. RuntimeError: it is too deep for Python's pickler, or
    changed meanwhile."""
    file = io.BytesIO()
    pickler = _Pickler(home, file)
    pickler.dump(value)
    return file.getvalue(), pickler.handles


def flat(value: Mapping[Any, Any]) -> list[Any]:
    """Key, value, key, value. No pairs, which the collector would go through again and again."""
    children: list[Any] = [None] * (2 * len(value))
    children[0::2] = value
    children[1::2] = value.values()
    return children


def key_of(key: Any) -> str:
    """A key of a dict as JavaScript has it."""
    if isinstance(key, str):
        return str.__str__(key)
    if isinstance(key, int) and not isinstance(key, bool):
        return str(int(key))
    raise TypeError(f"a key of a JavaScript object is a str or an int, not {type(key).__name__}: a jsvm.Map has keys of any kind")


def same_isolate(home: Context, value: Any) -> None:
    if value._home._isolate is not home._isolate:
        raise JSWrongIsolateError("the value belongs to another isolate: structured_clone copies it")
