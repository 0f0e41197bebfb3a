"""What Python keeps for C: objects by number, until libjsvm says that it needs them no more."""

from __future__ import annotations

import ctypes
import itertools
from typing import Any

from ._abi import USERDATA_CALLBACK

table: dict[int, Any] = {}
_numbers = itertools.count(1)


def _finalize(number: int) -> None:
    table.pop(number, None)


_finalizer = USERDATA_CALLBACK(_finalize)


def address(callback: Any) -> int:
    """The address of a callback's C function. The callback must live as long as it is used: keep it in a module."""
    return ctypes.cast(callback, ctypes.c_void_p).value or 0


#: A jsvm_finalizer: it lets go of the object.
FINALIZER = address(_finalizer)


def keep(value: Any) -> int:
    """The number under which the object is kept: a userdata for C."""
    number = next(_numbers)
    table[number] = value
    return number
