"""What jsvm_value_flatten says of a value, read slot by slot in Python: what pickles are compared with."""

from __future__ import annotations

import ctypes
from typing import Any, Iterator

import jsvm
from jsvm import _abi, _convert, _pickle


class _Graph(ctypes.Structure):
    _fields_ = [("slots", ctypes.c_void_p), ("count", ctypes.c_size_t), ("block", ctypes.c_void_p), ("block_len", ctypes.c_size_t)]


_flatten = _abi._waiting["jsvm_value_flatten"]
_flatten.argtypes = [ctypes.c_void_p] * 5
_clear = _abi._quick["jsvm_graph_clear"]
_clear.argtypes = [ctypes.c_void_p]


def copy(value: Any) -> Any:
    graph = _Graph()
    assert _flatten(value._handle, None, None, ctypes.byref(graph), None) == _abi.OK
    try:
        slots = ctypes.string_at(graph.slots, _abi.SLOT_SIZE * graph.count)
        return _read(value._home, enumerate(_abi.SLOT.iter_unpack(slots)), {})
    finally:
        _clear(ctypes.byref(graph))


def _read(home: jsvm.Context, slots: Iterator[Any], seen: dict[int, Any]) -> Any:
    index, (kind, flags, number, data, length, handle) = next(slots)
    if kind == _abi.REFERENCE:
        return seen[length]
    if kind == _abi.HOLE:
        return jsvm.undefined
    if kind == _abi.DATE:
        seen[index] = _convert.from_milliseconds(number)
    elif kind == _abi.BYTES:
        seen[index] = _abi.bytes_at(data, length)
    elif kind < _abi.ARRAY:
        return _convert.read(home, kind, flags, number, data, length, handle)
    else:
        made = seen[index] = {_abi.RECORD: dict, _abi.MAP: jsvm.Map, _abi.SET: set, _abi.ERROR: jsvm.JSError}.get(kind, list)()
        children = tuple(_read(home, slots, seen) for _ in range(length))
        if kind == _abi.ARRAY:
            made.extend(children)
        elif kind == _abi.RECORD:
            made.update(zip(children[0::2], children[1::2]))
        elif kind == _abi.REGEXP:
            seen[index] = jsvm.RegExp(*children)
        else:
            _pickle._fill(made, children)
    return seen[index]
