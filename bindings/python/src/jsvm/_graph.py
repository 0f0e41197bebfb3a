"""Containers, both ways, each in one call: see jsvm_graph_kind in jsvm.h for what the slots of a graph are."""

from __future__ import annotations

import array
import ctypes
import inspect
from collections.abc import Iterator, Mapping
from datetime import datetime
from struct import Struct
from typing import TYPE_CHECKING, Any, Optional, cast

from . import _abi, _convert
from ._abi import ARRAY, BYTES, DATE, MAP, NUMBER, RECORD, REFERENCE, REGEXP, SET, SLOT, SLOT_SIZE, STRING, lib
from ._convert import LIMIT, MAX_SAFE, MIN_SAFE, Owned, bigint_bytes, from_milliseconds, milliseconds, number
from ._values import BigInt, Map, RegExp, undefined
from .errors import JSError, JSWrongIsolateError, call

if TYPE_CHECKING:
    from .context import Context

_STRINGS = {str}
_CONTAINERS = {list, dict, tuple}
_UINT8 = 1
# Kind, number, data, len: what most slots are read for.
_SHORT_SLOT = Struct("=I4xdQQ8x")


class _Builder:
    """Slots, as columns: one list for each field, which become one buffer at the end."""

    def __init__(self, home: Context) -> None:
        self.home = home
        self.kinds: list[int] = []
        self.numbers: list[float] = []
        self.offsets: list[int] = []
        self.lengths: list[int] = []
        self.handles: dict[int, int] = {}
        self.chunks: list[bytes] = []
        self.size = 0
        self.texts: dict[str, tuple[int, int]] = {}
        self.seen: dict[int, int] = {}
        self.keep: list[Any] = []

    def add(self, kind: int, value: float = 0.0, offset: int = 0, length: int = 0) -> None:
        self.kinds.append(kind)
        self.numbers.append(value)
        self.offsets.append(offset)
        self.lengths.append(length)

    def add_handle(self, handle: int) -> None:
        self.handles[len(self.kinds)] = handle
        self.add(_abi.OBJECT)

    def add_text(self, text: str) -> None:
        found = self.texts.get(text)
        if found is None:
            try:
                found = self.texts[text] = self.data(text.encode())
            except UnicodeEncodeError:
                owned = _convert.utf16_value(self.home, text)
                self.keep.append(owned)
                self.handles[len(self.kinds)] = owned.handle
                found = (1, 0)
        self.add(STRING, 0.0, *found)

    def data(self, data: bytes) -> tuple[int, int]:
        """Where the bytes are in the block, from 1."""
        place = self.size + 1, len(data)
        self.chunks.append(data)
        self.size += len(data)
        return place

    def add_all(self, value: Any) -> None:
        """Without recursion: Python's stack is short, and nesting may be deep."""
        open_: list[Iterator[Any]] = [iter((value,))]
        # The commonest kinds are added here, without a call for each.
        kinds, numbers, offsets, lengths = (
            self.kinds.append, self.numbers.append, self.offsets.append, self.lengths.append,
        )  # fmt: skip
        texts = self.texts
        while open_:
            for value in open_[-1]:
                kind = type(value)
                if kind is str:
                    found = texts.get(value)
                    if found is None:
                        self.add_text(value)
                    else:
                        kinds(STRING)
                        numbers(0.0)
                        offsets(found[0])
                        lengths(found[1])
                elif kind is int and MIN_SAFE <= value <= MAX_SAFE or kind is float:
                    kinds(NUMBER)
                    numbers(value)
                    offsets(0)
                    lengths(0)
                elif value is None or kind is bool:
                    kinds(_abi.NULL if value is None else _abi.BOOLEAN)
                    numbers(value or 0.0)
                    offsets(0)
                    lengths(0)
                else:
                    children = self.add_other(value)
                    if children is not None:
                        open_.append(children)
                        break
            else:
                open_.pop()

    def add_other(self, value: Any) -> Optional[Iterator[Any]]:
        """A value that is no common primitive. Gives the children that are to follow, if there are some."""
        from .context import Live

        if type(value) in _CONTAINERS:
            return self.add_container(value)
        if value is undefined:
            self.add(_abi.UNDEFINED)
            return None
        if isinstance(value, str):
            self.add_text(str.__str__(value))
            return None
        if isinstance(value, int):
            if not isinstance(value, BigInt) and MIN_SAFE <= value <= MAX_SAFE:
                self.add(NUMBER, int(value))
            else:
                self.add(_abi.BIGINT, 0.0, *self.data(bigint_bytes(value)))
            return None
        if isinstance(value, float):
            self.add(NUMBER, value)
            return None
        if isinstance(value, Live):
            _same_isolate(self.home, value)
            self.keep.append(value)
            self.add_handle(value._handle)
            return None
        return self.add_container(value)

    def add_container(self, value: Any) -> Optional[Iterator[Any]]:
        """A value that references can name. Containers are taken as they are now: others may change them meanwhile."""
        before = self.seen.get(id(value))
        if before is not None:
            self.add(REFERENCE, 0.0, 0, before)
            return None
        here = len(self.kinds)
        # Until the end: an id is an object's own only as long as the object is there.
        self.keep.append(value)
        self.seen[id(value)] = here
        if isinstance(value, RegExp):
            self.add(REGEXP, 0.0, 0, 2)
            return iter(value)
        kind = type(value)
        if kind is dict and _STRINGS.issuperset(map(type, value)):
            children = _flat(value)
            self.add(RECORD, 0.0, 0, len(children))
            return iter(children)
        if isinstance(value, (list, tuple)):
            children = list(value)
            self.add(ARRAY, 0.0, 0, len(children))
            return iter(children)
        if isinstance(value, Map):
            children = _flat(value)
            self.add(MAP, 0.0, 0, len(children))
            return iter(children)
        if isinstance(value, Mapping):
            children = _flat({_key(key): child for key, child in value.items()})
            self.add(RECORD, 0.0, 0, len(children))
            return iter(children)
        if isinstance(value, (set, frozenset)):
            self.add(SET, 0.0, 0, len(value))
            return iter(tuple(value))
        if isinstance(value, datetime):
            self.add(DATE, milliseconds(value))
            return None
        if isinstance(value, (bytes, bytearray)) or isinstance(value, memoryview) and value.readonly:
            # Buffers begin at a multiple of 8.
            self.data(bytes(-self.size % 8))
            self.add(BYTES, _UINT8, *self.data(bytes(value)))
            return None
        owned = _one(self.home, value)
        self.keep.append(owned)
        self.add_handle(owned.handle)
        return None

    def build(self) -> Owned:
        count = len(self.kinds)
        block = b"".join(self.chunks)
        base = _abi.address_of(block) - 1
        words = array.array("Q", bytes(SLOT_SIZE * count))
        words[0::5] = array.array("Q", self.kinds)
        words[1::5] = array.array("Q", array.array("d", self.numbers).tobytes())
        words[2::5] = array.array("Q", [offset and base + offset for offset in self.offsets])
        words[3::5] = array.array("Q", self.lengths)
        for index, handle in self.handles.items():
            words[5 * index + 4] = handle
        slot = _abi.Slot()
        address, _ = words.buffer_info()
        call(lib.value_build, self.home._handle, address, count, None, ctypes.byref(slot), home=self.home)
        return Owned(slot.handle)


def _flat(value: Mapping[Any, Any]) -> list[Any]:
    """Key, value, key, value. No pairs, which the collector would go through again and again."""
    children: list[Any] = [None] * (2 * len(value))
    children[0::2] = value
    children[1::2] = value.values()
    return children


def _key(key: Any) -> str:
    """A key of a dict as JavaScript has it."""
    if isinstance(key, str):
        return str.__str__(key)
    if isinstance(key, int) and not isinstance(key, bool):
        return str(int(key))
    raise TypeError(f"a key of a JavaScript object is a str or an int, not {type(key).__name__}: a jsvm.Map has keys of any kind")


def _same_isolate(home: Context, value: Any) -> None:
    if value._home._isolate is not home._isolate:
        raise JSWrongIsolateError("the value belongs to another isolate: structured_clone copies it")


def to_handle(home: Context, value: Any) -> Owned:
    """A handle of what an object becomes in JavaScript."""
    from .context import Live

    if isinstance(value, Live):
        _same_isolate(home, value)
        return Owned(lib.value_clone(value._handle) or value._handle)
    if isinstance(value, (list, tuple, Mapping, set, frozenset, datetime, bytes, bytearray)) or (
        isinstance(value, memoryview) and value.readonly
    ):
        builder = _Builder(home)
        builder.add_all(value)
        return builder.build()
    if isinstance(value, (str, int, float)) or value is None or value is undefined:
        made = ctypes.c_void_p()
        buffer, kept = _convert.slots(home, (value,))
        call(lib.value_new, home._isolate._open(), buffer, ctypes.byref(made))
        return Owned(made.value or 0)
    return _one(home, value)


def _one(home: Context, value: Any) -> Owned:
    """A handle of an object that has a call of its own to make it."""
    from . import buffer, function, object, promise

    if isinstance(value, BaseException):
        if isinstance(value, JSError) and value._home is not None and value._home._isolate is home._isolate:
            thrown = value.value
            if thrown is not None:
                return to_handle(home, thrown)
        owned: Owned = function.error_value(home, value)
        return owned
    if inspect.isawaitable(value):
        return promise.of_awaitable(home, value)
    if callable(value):
        return Owned(function.new_function(home, value, None, 0, False, False))
    if isinstance(value, (memoryview, array.array)):
        return buffer.shared_view(home, memoryview(value))
    if isinstance(value, Iterator):
        return object.iterator_of(home, value)
    raise TypeError(f"{type(value).__name__} cannot become a JavaScript value")


_convert.to_handle = to_handle


def flatten(home: Context, handle: int, max_depth: int, max_size: int, max_bytes: int, getters: bool, run_options: Any) -> Any:
    """A copy of a JavaScript value in Python's own types."""
    options = _abi.FlattenOptions(ctypes.sizeof(_abi.FlattenOptions), max_depth, max_size, max_bytes, getters)
    graph = _abi.Graph()
    call(lib.value_flatten, handle, ctypes.byref(options), run_options, ctypes.byref(graph), home=home)
    try:
        return _read(home, graph)
    finally:
        lib.graph_clear(ctypes.byref(graph))


def _read(home: Context, graph: Any) -> Any:
    slots = (ctypes.c_char * (SLOT_SIZE * graph.count)).from_address(graph.slots)
    base = graph.block or 0
    block = _abi.bytes_at(base, graph.block_len) if base else b""
    # Text that is ASCII is decoded once, and then only cut.
    text = block.decode("ascii") if block.isascii() else None
    # What was made of an address: each string has its own, and equal keys often share one.
    known: dict[int, str] = {}
    # What references may name, if there are some: the first byte of a slot is its kind.
    seen: Optional[dict[int, Any]] = {} if REFERENCE in slots.raw[::SLOT_SIZE] else None

    # The children of the container that is being read, and how many are missing. The containers around it wait.
    parts: list[Any] = []
    add = parts.append
    left = 1
    kind_of, made_of = ARRAY, cast(Any, parts)
    waiting: list[Any] = []
    for index, (kind, value, data, length) in enumerate(_SHORT_SLOT.iter_unpack(slots)):
        if kind == STRING:
            found = known.get(data)
            if found is None:
                start = data - base
                found = text[start : start + length] if text is not None else _text(slots, index, block, start, length)
                known[data] = found
            add(found)
        elif kind == NUMBER:
            add(int(value) if value.is_integer() and 0.0 < value < LIMIT else number(value))
        elif kind >= ARRAY:
            waiting.append((parts, add, left, kind_of, made_of))
            kind_of, left, parts = kind, length + 1, []
            add = parts.append
            made_of = parts if kind == ARRAY else _EMPTY[kind]()
            if seen is not None:
                seen[index] = made_of
        elif kind == _abi.NULL:
            add(None)
        elif kind == _abi.BOOLEAN:
            add(value != 0)
        elif kind == REFERENCE:
            assert seen is not None
            add(seen[length])
        elif kind == DATE or kind == BYTES:
            start = data - base
            made = from_milliseconds(value) if kind == DATE else block[start : start + length]
            if seen is not None:
                seen[index] = made
            add(made)
        elif kind == _abi.HOLE:
            add(undefined)
        else:
            add(_convert.read(home, *SLOT.unpack_from(slots, index * SLOT_SIZE)))
        left -= 1
        while not left:
            if kind_of == RECORD:
                made_of.update(zip(parts[0::2], parts[1::2]))
                made = made_of
            else:
                made = made_of if kind_of == ARRAY else _fill(kind_of, made_of, parts)
            if not waiting:
                break
            parts, add, left, kind_of, made_of = waiting.pop()
            add(made)
            left -= 1
    return parts[0]


def _text(slots: Any, index: int, block: bytes, start: int, length: int) -> str:
    """A string in a block that is not all ASCII."""
    _, flags, _, _, _, handle = SLOT.unpack_from(slots, index * SLOT_SIZE)
    return _convert.utf16_text(handle) if flags & _abi.FLAG_LOSSY else block[start : start + length].decode()


_EMPTY: dict[int, Any] = {RECORD: dict, MAP: Map, SET: set, _abi.ERROR: JSError, REGEXP: list}


def _fill(kind: int, made: Any, parts: list[Any]) -> Any:
    """Gives a container its children."""
    if kind == MAP or kind == SET:
        try:
            made.update(zip(parts[0::2], parts[1::2]) if kind == MAP else parts)
        except TypeError:
            what = "a key of a Map" if kind == MAP else "a value of a Set"
            raise TypeError(f"{what} is an object, which Python cannot hash: read it live") from None
    elif kind == REGEXP:
        return RegExp(*parts)
    else:
        fields = dict(zip(parts[0::2], parts[1::2]))
        made.name, made.message = str(fields.get("name", "")), str(fields.get("message", ""))
        made.stack = fields.get("stack")
        made.args = (made._title(),)
        if isinstance(fields.get("cause"), BaseException):
            made.__cause__ = fields["cause"]
    return made
