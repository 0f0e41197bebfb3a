"""ArrayBuffers and their views: bytes that Python and JavaScript share."""

from __future__ import annotations

import ctypes
from ctypes import byref
from typing import TYPE_CHECKING, Any

from . import _abi
from . import object as _object
from ._abi import lib
from ._convert import Owned
from ._userdata import FINALIZER, keep
from .errors import JSStateError, call
from .limits import integer
from .object import JSObject

if TYPE_CHECKING:
    from .context import Context

#: Names of views by jsvm_element_type, and the formats of memoryviews that are the same.
ELEMENT_TYPES = (
    "Int8Array", "Uint8Array", "Uint8ClampedArray", "Int16Array", "Uint16Array", "Int32Array", "Uint32Array",
    "Float16Array", "Float32Array", "Float64Array", "BigInt64Array", "BigUint64Array", "DataView", "ArrayBuffer",
)  # fmt: skip
_FORMATS = ("b", "B", "B", "h", "H", "i", "I", "e", "f", "d", "q", "Q", "B", "B")
_SIZES = (1, 1, 1, 2, 2, 4, 4, 2, 4, 8, 8, 8, 1, 1)
_TYPE_OF_FORMAT = {"b": 0, "B": 1, "c": 1, "h": 3, "H": 4, "i": 5, "I": 6, "e": 7, "f": 8, "d": 9, "q": 10, "Q": 11}
_TYPE_OF_FORMAT.update({"l": 10, "L": 11})


class _Borrow:
    """Memory of a buffer's, as long as somebody looks at it."""

    __slots__ = ("handle",)

    def __init__(self, handle: int) -> None:
        self.handle = handle

    def __del__(self, _free: Any = lib.borrow_free) -> None:
        _free(self.handle)


class JSBuffer(JSObject):
    """A live ArrayBuffer, SharedArrayBuffer, typed array or DataView. bytes(value) copies it; its elements are value[index]."""

    __slots__ = ()

    def __len__(self) -> int:
        return self.byte_length // _SIZES[self._element_type()]

    def __bytes__(self) -> bytes:
        data, length, borrow = ctypes.c_void_p(), ctypes.c_size_t(), ctypes.c_void_p()
        try:
            call(lib.buffer_borrow, self._handle, byref(data), byref(length), byref(borrow))
        except JSStateError:
            return self._copied()
        holder = _Borrow(borrow.value or 0)
        copy = ctypes.string_at(data.value or 0, length.value) if length.value else b""
        del holder
        return copy

    def _copied(self) -> bytes:
        """Of a resizable ArrayBuffer, which nobody can borrow."""
        size = self.byte_length
        buffer = ctypes.create_string_buffer(size or 1)
        copied = ctypes.c_size_t()
        call(lib.buffer_copy_out, self._handle, 0, buffer, size, byref(copied))
        return buffer.raw[: copied.value]

    def copy(self, **options: Any) -> Any:
        """A copy of the bytes."""
        return bytes(self)

    def __buffer__(self, flags: int) -> memoryview:
        """memoryview(value), in Python 3.12 and newer."""
        return self.memoryview()

    @property
    def byte_length(self) -> int:
        """How many bytes it has now: 0 if it is detached."""
        result = ctypes.c_size_t()
        call(lib.buffer_length, self._handle, byref(result))
        return result.value

    @property
    def element_type(self) -> str:
        """ "Uint8Array" and so on, "DataView" or "ArrayBuffer"."""
        return ELEMENT_TYPES[self._element_type()]

    def _element_type(self) -> int:
        if not lib.value_flags(self._handle) & _abi.FLAG_VIEW:
            return 13
        result = ctypes.c_uint32()
        call(lib.typed_array_type, self._handle, byref(result))
        return result.value

    def memoryview(self) -> memoryview:
        """The memory itself, without a copy, with the elements' format: valid as long as it is kept, also after the isolate.

        JavaScript can write to it whenever it runs. Raises JSStateError for a resizable ArrayBuffer.
        """
        data, size, borrow = ctypes.c_void_p(), ctypes.c_size_t(), ctypes.c_void_p()
        call(lib.buffer_borrow, self._handle, byref(data), byref(size), byref(borrow))
        holder = _Borrow(borrow.value or 0)
        if not size.value:
            return memoryview(bytearray())
        array: Any = (ctypes.c_ubyte * size.value).from_address(data.value or 0)
        array.borrow = holder
        view = memoryview(array).cast("B")
        kind = self._element_type()
        return view if _FORMATS[kind] == "B" else view.cast(_FORMATS[kind])  # type: ignore[call-overload]

    def view(self, element_type: str = "Uint8Array", byte_offset: int = 0, length: int = -1) -> JSBuffer:
        """A typed array or DataView of an ArrayBuffer. length: elements (bytes of a DataView); default all that there are."""
        if element_type not in ELEMENT_TYPES[:13]:
            raise ValueError(f"element_type is one of {ELEMENT_TYPES[:13]}, not {element_type!r}")
        kind = ELEMENT_TYPES.index(element_type)
        offset = integer(byte_offset, "byte_offset", 64)
        count = max(0, self.byte_length - offset) // _SIZES[kind] if length == -1 else integer(length, "length", 64)
        made = ctypes.c_void_p()
        call(lib.typed_array_new, self._handle, kind, offset, count, byref(made))
        return self._home._wrap(_abi.OBJECT, _abi.FLAG_VIEW, made.value or 0)  # type: ignore[no-any-return]

    def detach(self) -> None:
        """Takes the memory away from the ArrayBuffer. Memoryviews keep theirs."""
        call(lib.buffer_detach, self._handle)


_object._CLASSES.append((_abi.FLAG_BUFFER, JSBuffer))
_object._CLASSES.append((_abi.FLAG_VIEW, JSBuffer))


def share(home: Context, buffer: Any) -> JSBuffer:
    view = memoryview(buffer)
    if view.readonly:
        raise TypeError("only writable memory can be shared: JavaScript can write to it")
    if not view.c_contiguous:
        raise TypeError("only contiguous memory can be shared")
    flat = view.cast("B") if view.nbytes else view
    # The array holds the view, which holds the memory, until JavaScript uses it no more.
    array = (ctypes.c_ubyte * view.nbytes).from_buffer(flat) if view.nbytes else None
    address = ctypes.addressof(array) if array is not None else None
    userdata = keep((array, flat))
    return home._object(lib.array_buffer_new_external, address, view.nbytes, FINALIZER, userdata)  # type: ignore[no-any-return]


def shared_view(home: Context, view: memoryview) -> Owned:
    """A typed array over a memoryview, as a value."""
    kind = _TYPE_OF_FORMAT.get(view.format)
    if kind is None:
        raise TypeError(f"no typed array has elements of the format {view.format!r}: use view.cast('B')")
    made = share(home, view).view(ELEMENT_TYPES[kind])
    return Owned(lib.value_clone(made._handle))
