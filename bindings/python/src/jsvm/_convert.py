"""Values into slots and out of slots, one at a time. What contains other values goes by _graph."""

from __future__ import annotations

import ctypes
import math
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any, Callable

from . import _abi
from ._abi import SLOT, SLOT_SIZE, Slot, lib
from ._values import BigInt, undefined
from .errors import call

if TYPE_CHECKING:
    from .context import Context

#: The greatest integer up to which every integer is a number of its own: 2**53 - 1.
MAX_SAFE = 9007199254740991
MIN_SAFE = -MAX_SAFE
LIMIT = float(MAX_SAFE)
EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)
_MILLISECOND = timedelta(milliseconds=1)


class Owned:
    """A value's handle, for as long as a call needs it."""

    __slots__ = ("handle",)

    def __init__(self, handle: int) -> None:
        self.handle = handle

    def __del__(self, _free: Any = lib.value_free) -> None:
        _free(self.handle)


def number(value: float) -> Any:
    """A JavaScript number: an int if it is one exactly, and is not -0."""
    if value.is_integer() and -LIMIT <= value <= LIMIT and (value or math.copysign(1.0, value) > 0):
        return int(value)
    return value


def bigint_bytes(value: int) -> bytes:
    return value.to_bytes(value.bit_length() // 8 + 1, "little", signed=True)


def milliseconds(value: datetime) -> float:
    """A datetime as JavaScript's time. One without a time zone is local time, as in JavaScript."""
    return (value.astimezone(timezone.utc) - EPOCH) / _MILLISECOND


def from_milliseconds(value: float) -> Any:
    """A datetime in UTC; None if it is invalid or Python cannot say it."""
    try:
        return EPOCH + timedelta(milliseconds=value)
    except (OverflowError, ValueError):
        return None


def utf16_value(home: Context, text: str) -> Owned:
    """A string that UTF-8 cannot say: with lone surrogates."""
    data = text.encode("utf-16-le", "surrogatepass")
    result = ctypes.c_void_p()
    call(lib.string_new_utf16, home._isolate._open(), data, len(data) // 2, ctypes.byref(result))
    return Owned(result.value or 0)


def utf16_text(handle: int) -> str:
    """A string with lone surrogates."""
    length = ctypes.c_size_t()
    call(lib.string_utf16, handle, None, 0, ctypes.byref(length))
    buffer = ctypes.create_string_buffer(2 * length.value)
    call(lib.string_utf16, handle, buffer, length.value, ctypes.byref(length))
    return buffer.raw.decode("utf-16-le", "surrogatepass")


def encode(text: str, what: str) -> bytes:
    """The UTF-8 of a text that has to be well-formed: source, names."""
    try:
        return text.encode()
    except UnicodeEncodeError as error:
        raise ValueError(f"{what} has a lone surrogate at {error.start}") from None
    except AttributeError:
        raise TypeError(f"{what} must be a str, not {type(text).__name__}") from None


def write(home: Context, buffer: Any, offset: int, value: Any, keep: list[Any]) -> None:
    """Writes a slot for a call. `keep` gets what must live until the call is over."""
    kind = type(value)
    if kind is int and MIN_SAFE <= value <= MAX_SAFE or kind is float:
        SLOT.pack_into(buffer, offset, _abi.NUMBER, 0, value, 0, 0, 0)
    elif kind is str:
        try:
            data = value.encode()
        except UnicodeEncodeError:
            owned = utf16_value(home, value)
            keep.append(owned)
            SLOT.pack_into(buffer, offset, _abi.STRING, 0, 0.0, 0, 0, owned.handle)
            return
        keep.append(data)
        SLOT.pack_into(buffer, offset, _abi.STRING, 0, 0.0, _abi.address_of(data), len(data), 0)
    elif value is None:
        SLOT.pack_into(buffer, offset, _abi.NULL, 0, 0.0, 0, 0, 0)
    elif value is undefined:
        SLOT.pack_into(buffer, offset, _abi.UNDEFINED, 0, 0.0, 0, 0, 0)
    elif kind is bool:
        SLOT.pack_into(buffer, offset, _abi.BOOLEAN, 0, value, 0, 0, 0)
    elif isinstance(value, int):
        if kind is not BigInt and MIN_SAFE <= value <= MAX_SAFE:
            SLOT.pack_into(buffer, offset, _abi.NUMBER, 0, value, 0, 0, 0)
            return
        data = bigint_bytes(value)
        keep.append(data)
        SLOT.pack_into(buffer, offset, _abi.BIGINT, 0, 0.0, _abi.address_of(data), len(data), 0)
    elif isinstance(value, float):
        SLOT.pack_into(buffer, offset, _abi.NUMBER, 0, value, 0, 0, 0)
    elif isinstance(value, str):
        write(home, buffer, offset, str.__str__(value), keep)
    else:
        owned = to_handle(home, value)
        keep.append(owned)
        SLOT.pack_into(buffer, offset, _abi.OBJECT, 0, 0.0, 0, 0, owned.handle)


#: Makes a handle of a value that is no primitive: set by _graph and object, which come later.
to_handle: Callable[[Context, Any], Any]


#: Buffers of a few slots.
_BUFFERS = [ctypes.c_char * (SLOT_SIZE * (count or 1)) for count in range(9)]


def slots(home: Context, values: Any) -> tuple[Any, list[Any]]:
    """Slots for some values: a buffer, and what must live as long as it is used."""
    keep: list[Any] = []
    buffer = (_BUFFERS[len(values)] if len(values) < 9 else ctypes.c_char * (SLOT_SIZE * len(values)))()
    offset = 0
    for value in values:
        write(home, buffer, offset, value, keep)
        offset += SLOT_SIZE
    return buffer, keep


def read(home: Context, kind: int, flags: int, value: float, data: int, length: int, handle: int) -> Any:
    """A value out of an output slot that is borrowed. What becomes an object gets a handle of its own."""
    if kind == _abi.NUMBER:
        return number(value)
    if kind == _abi.STRING:
        return utf16_text(handle) if flags & _abi.FLAG_LOSSY else _abi.text_at(data, length)
    if kind == _abi.UNDEFINED:
        return undefined
    if kind == _abi.NULL:
        return None
    if kind == _abi.BOOLEAN:
        return value != 0
    if kind == _abi.BIGINT:
        return BigInt.from_bytes(_abi.bytes_at(data, length), "little", signed=True)
    return home._wrap(kind, flags, lib.value_clone(handle))


def take(home: Context, slot: Slot) -> Any:
    """A value out of an output slot, which is released."""
    kind = slot.kind
    if kind == _abi.NUMBER:
        return number(slot.number)
    if kind >= _abi.OBJECT or kind == _abi.SYMBOL:
        return home._wrap(kind, slot.flags, slot.handle)
    try:
        return read(home, *SLOT.unpack_from(slot))
    finally:
        _abi.slot_clear(ctypes.byref(slot))
