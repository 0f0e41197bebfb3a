"""Containers, both ways, each in one call: as pickles, or in as slots, for which see jsvm_graph_kind in jsvm.h."""

from __future__ import annotations

import array
import ctypes
import inspect
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any, Optional

from . import _abi, _convert, _pickle
from ._abi import ARRAY, BYTES, DATE, MAP, NUMBER, RECORD, REFERENCE, REGEXP, SET, SLOT, SLOT_SIZE, STRING, lib
from ._convert import MAX_SAFE, MIN_SAFE, Owned, bigint_bytes, milliseconds
from ._pickle import flat, key_of, same_isolate
from ._values import BigInt, Map, RegExp, undefined
from .context import Context, Live
from .errors import JSError, JSUsageError, call
from .limits import integer

_STRINGS = {str}
_CONTAINERS = {list, dict, tuple}
_UINT8 = 1


class _Builder:
    """Slots, as columns: one list for each field, which become one buffer at the end."""

    def __init__(self, home: Context, made: dict[int, Owned]) -> None:
        self.home = home
        #: What was made of objects before, by their id: there may be only one of a promise or an iterator.
        self.made = made
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
            same_isolate(self.home, value)
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
            children = flat(value)
            self.add(RECORD, 0.0, 0, len(children))
            return iter(children)
        if isinstance(value, (list, tuple)):
            children = list(value)
            self.add(ARRAY, 0.0, 0, len(children))
            return iter(children)
        if isinstance(value, Map):
            children = flat(value)
            self.add(MAP, 0.0, 0, len(children))
            return iter(children)
        if isinstance(value, Mapping):
            children = flat({key_of(key): child for key, child in value.items()})
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
        owned = self.made.get(id(value)) or _one(self.home, value)
        self.keep.append(owned)
        self.add_handle(owned.handle)
        return None

    def build(self, value: Any) -> Owned:
        self.add_all(value)
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


def to_handle(home: Context, value: Any) -> Owned:
    """A handle of what an object becomes in JavaScript."""
    if isinstance(value, Live):
        same_isolate(home, value)
        return Owned(lib.value_clone(value._handle) or value._handle)
    if isinstance(value, (list, tuple, Mapping, set, frozenset, datetime, bytes, bytearray)) or (
        isinstance(value, memoryview) and value.readonly
    ):
        return _container(home, value)
    if isinstance(value, (str, int, float)) or value is None or value is undefined:
        made = ctypes.c_void_p()
        buffer, kept = _convert.slots(home, (value,))
        call(lib.value_new, home._isolate._open(), buffer, ctypes.byref(made))
        return Owned(made.value or 0)
    return _one(home, value)


def _container(home: Context, value: Any) -> Owned:
    """By a pickle, which Python's C code writes. What it cannot say goes by slots, which also say what is wrong."""
    try:
        pickled, objects = _pickle.dump(home, value)
    except RuntimeError:
        return _Builder(home, {}).build(value)
    made = {id(one): _one(home, one) for one in objects if not isinstance(one, Live)}
    handles = [one._handle if isinstance(one, Live) else made[id(one)].handle for one in objects]
    slots = b"".join([SLOT.pack(_abi.OBJECT, 0, 0.0, 0, 0, handle) for handle in handles])
    slot = _abi.Slot()
    try:
        call(
            lib.value_unpickle,
            home._handle, pickled, len(pickled), slots or None, len(handles), None, ctypes.byref(slot),
            home=home,
        )  # fmt: skip
    except JSUsageError:
        return _Builder(home, made).build(value)
    return Owned(slot.handle)


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


def copy(home: Context, handle: int, max_depth: int, max_size: int, max_bytes: int, getters: bool, run_options: Any) -> Any:
    """A copy of a JavaScript value in Python's own types."""
    sizes = [
        integer(size, what, 64)
        for what, size in (("max_depth", max_depth), ("max_size", max_size), ("max_bytes", max_bytes))
    ]
    options = _abi.FlattenOptions(ctypes.sizeof(_abi.FlattenOptions), *sizes, getters)
    found, slots = _abi.List(), _abi.List()
    call(
        lib.value_pickle, handle, ctypes.byref(options), run_options, ctypes.byref(found), ctypes.byref(slots), home=home
    )  # fmt: skip
    try:
        pickled = _abi.bytes_at(found.data, found.len)
        handles = _abi.bytes_at(slots.data, SLOT_SIZE * slots.len) if slots.len else b""
        return _pickle.load(home, pickled, handles)
    finally:
        lib.bytes_clear(ctypes.byref(found))
        lib.slot_list_clear(ctypes.byref(slots))
