"""Live arrays, Maps and Sets."""

from __future__ import annotations

import ctypes
from collections.abc import Iterator, MutableSequence, MutableSet
from ctypes import byref
from typing import Any, Iterable

from . import _abi
from . import object as _object
from ._abi import lib
from ._convert import slots
from ._values import undefined
from .context import Live
from .errors import call
from .object import JSObject, _number, _result, _slot_list


class JSArray(JSObject, MutableSequence[Any]):
    """A live array: a sequence. Slices are lists."""

    __slots__ = ()

    def __len__(self) -> int:
        return int(_number(lib.array_length, self, ctypes.c_uint32))

    def __bool__(self) -> bool:
        return len(self) > 0

    def _index(self, index: int) -> int:
        length = len(self)
        place = index + length if index < 0 else index
        if not 0 <= place < length:
            raise IndexError(f"the array has {length} elements, and no {index}")
        return place

    def __getitem__(self, key: Any) -> Any:
        if isinstance(key, slice):
            return self.get_many(range(*key.indices(len(self))))
        if isinstance(key, int) and not isinstance(key, bool):
            value = self._get(key) if key >= 0 else undefined
            return self._get(self._index(key)) if value is undefined else value
        return super().__getitem__(key)

    def __setitem__(self, key: Any, value: Any) -> None:
        if isinstance(key, slice):
            raise TypeError("slices of a JavaScript array cannot be assigned")
        super().__setitem__(self._index(key) if isinstance(key, int) else key, value)

    def __delitem__(self, key: Any) -> None:
        if isinstance(key, int):
            self._get("splice").call(self, self._index(key), 1)
        else:
            super().__delitem__(key)

    def __iter__(self) -> Iterator[Any]:
        index = 0
        while index < len(self):
            yield self._get(index)
            index += 1

    def __contains__(self, value: object) -> bool:
        return any(value == one for one in self)

    def __reversed__(self) -> Iterator[Any]:
        return iter(self[::-1])

    def insert(self, index: int, value: Any) -> None:
        """Puts a value before an index."""
        self._get("splice").call(self, index, 0, value)

    def append(self, value: Any) -> None:
        """Puts a value at the end."""
        JSObject.__setitem__(self, len(self), value)

    def clear(self) -> None:
        """Takes all elements out."""
        JSObject.__setitem__(self, "length", 0)

    def pop(self, index: int = -1) -> Any:  # type: ignore[override]
        """Takes an element out and gives it."""
        value = self[index]
        del self[index]
        return value


class JSMap(JSObject):
    """A live Map: a mapping of its entries. Its properties are attributes."""

    __slots__ = ()

    def __getitem__(self, key: Any) -> Any:
        buffer, kept = slots(self._home, (key,))
        value = self._home._take(_result(lib.map_get, self, buffer))
        if value is undefined and key not in self:
            raise KeyError(key)
        return value

    def __setitem__(self, key: Any, value: Any) -> None:
        buffer, kept = slots(self._home, (key,))
        given, kept_too = slots(self._home, (value,))
        call(lib.map_set, self._handle, buffer, given, home=self._home)

    def __delitem__(self, key: Any) -> None:
        if not _ask(lib.map_delete, self, key):
            raise KeyError(key)

    def __contains__(self, key: object) -> bool:
        return _ask(lib.map_has, self, key)

    def __iter__(self) -> Iterator[Any]:
        return iter(self._entries()[0::2])

    def __len__(self) -> int:
        return int(_number(lib.map_size, self, ctypes.c_size_t))

    def __bool__(self) -> bool:
        return len(self) > 0

    def _entries(self) -> list[Any]:
        found = _abi.List()
        call(lib.map_entries, self._handle, byref(found), home=self._home)
        return _slot_list(self._home, found)

    def keys(self) -> Any:
        """The keys, a list: objects cannot be hashed."""
        return self._entries()[0::2]

    def values(self) -> Any:
        """The values, a list."""
        return self._entries()[1::2]

    def items(self) -> Any:
        """The entries, a list."""
        entries = self._entries()
        return list(zip(entries[0::2], entries[1::2]))


class JSSet(JSObject, MutableSet[Any]):
    """A live Set. Its properties are attributes."""

    __slots__ = ()

    def __contains__(self, value: object) -> bool:
        return _ask(lib.set_has, self, value)

    def __iter__(self) -> Iterator[Any]:
        found = _abi.List()
        call(lib.set_values, self._handle, byref(found), home=self._home)
        return iter(_slot_list(self._home, found))

    def __len__(self) -> int:
        return int(_number(lib.set_size, self, ctypes.c_size_t))

    def __bool__(self) -> bool:
        return len(self) > 0

    def __eq__(self, other: object) -> bool:
        return JSObject.__eq__(self, other)

    __hash__ = None  # type: ignore[assignment]

    def add(self, value: Any) -> None:
        """Adds a value."""
        buffer, kept = slots(self._home, (value,))
        call(lib.set_add, self._handle, buffer, home=self._home)

    def discard(self, value: Any) -> None:
        """Deletes a value if it is there."""
        _ask(lib.set_delete, self, value)

    def pop(self) -> Any:  # type: ignore[override]
        """Takes the oldest value out and gives it."""
        for value in self:
            self.discard(value)
            return value
        raise KeyError("the set is empty")

    def clear(self) -> None:
        """Takes all values out."""
        for value in self:
            self.discard(value)

    @classmethod
    def _from_iterable(cls, it: Iterable[Any]) -> Any:
        return set(it)


def _ask(function: Any, value: Live, key: Any) -> bool:
    buffer, kept = slots(value._home, (key,))
    result = ctypes.c_bool()
    call(function, value._handle, buffer, byref(result), home=value._home)
    return result.value


_object._CLASSES += [(_abi.FLAG_ARRAY, JSArray), (_abi.FLAG_MAP, JSMap), (_abi.FLAG_SET, JSSet)]
