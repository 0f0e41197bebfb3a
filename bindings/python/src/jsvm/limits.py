"""Limits of a call: time, CPU time, cancel tokens, Ctrl-C."""

from __future__ import annotations

import ctypes
import math
from operator import index
from typing import Any, Optional

from . import _abi
from ._abi import lib
from .errors import call


class CancelToken:
    """Ends calls that carry it (`cancel=token`) with JSCancelledError, from any thread, while they run and later ones at once."""

    __slots__ = ("_handle", "__weakref__")

    def __init__(self) -> None:
        result = ctypes.c_void_p()
        call(lib.cancel_new, ctypes.byref(result))
        self._handle = result.value or 0

    def cancel(self) -> None:
        """Triggers it. It cannot be undone."""
        call(lib.cancel_trigger, self._handle)

    def __del__(self, _free: Any = lib.cancel_free) -> None:
        _free(getattr(self, "_handle", 0))


def integer(value: Any, what: str, bits: int, signed: bool = False) -> int:
    """An integer that C takes. ctypes would cut off what is too much of it."""
    if isinstance(value, bool) or not hasattr(value, "__index__"):
        raise TypeError(f"{what} must be an int, not {type(value).__name__}")
    found = index(value)
    low, high = (-1 << bits - 1, (1 << bits - 1) - 1) if signed else (0, (1 << bits) - 1)
    if not low <= found <= high:
        raise ValueError(f"{what} must be from {low} to {high}, not {found}")
    return found


def wait_milliseconds(seconds: float, what: str) -> int:
    """How long to wait: 0 is not at all. What is longer than people live is as long as that."""
    if isinstance(seconds, bool) or not isinstance(seconds, (int, float)):
        raise TypeError(f"{what} must be a number of seconds, not {type(seconds).__name__}")
    if not seconds >= 0:
        raise ValueError(f"{what} must be 0 seconds or more, not {seconds}")
    return int(min(seconds, 1e10) * 1000)


# Options without a token, by what they say: the library only reads them.
_known: dict[tuple[Optional[float], Optional[float], bool], tuple[Any, Any]] = {}


def _milliseconds(seconds: Optional[float], what: str) -> int:
    if seconds is None:
        return 0
    if isinstance(seconds, bool) or not isinstance(seconds, (int, float)):
        raise TypeError(f"{what} must be a number of seconds, not {type(seconds).__name__}")
    if not seconds > 0:
        raise ValueError(f"{what} must be more than 0 seconds, not {seconds}")
    return 0 if seconds > 1e15 else max(1, math.ceil(seconds * 1000))


def run_options(timeout: Optional[float], cpu_time: Optional[float], cancel: Optional[CancelToken], break_on_sigint: bool) -> Any:
    """A jsvm_run_options to be passed on. Seconds in, None is no limit."""
    if cancel is None:
        key = (timeout, cpu_time, break_on_sigint)
        known = _known.get(key)
        if known is not None:
            return known[1]
    elif not isinstance(cancel, CancelToken):
        raise TypeError(f"cancel must be a CancelToken, not {type(cancel).__name__}")
    options = _abi.RunOptions(
        struct_size=ctypes.sizeof(_abi.RunOptions),
        timeout_ms=_milliseconds(timeout, "timeout"),
        cpu_time_ms=_milliseconds(cpu_time, "cpu_time"),
        break_on_sigint=bool(break_on_sigint),
        cancel=None if cancel is None else cancel._handle,
    )
    made = ctypes.byref(options)
    if cancel is None:
        if len(_known) >= 256:
            _known.clear()
        _known[key] = (options, made)
    return made
