"""Ctrl-C while the main thread runs JavaScript.

Python notes a signal and handles it in the main thread's next step of Python, which JavaScript may never let come. So a
thread waits for signals on Python's own wakeup descriptor, if nobody else has set one, and terminates the isolate in which the
main thread is. Python's handler then raises what it always does. It costs calls nothing: where the main thread is, its stack
tells.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
import time
from typing import Any

from ._abi import lib

MAIN = threading.main_thread().ident or 0

_started = False
# When a run was last terminated for a SIGINT.
_terminated = 0.0


def watch() -> None:
    """Begins, once. Only the main thread can; elsewhere it does nothing."""
    global _started
    if _started or threading.get_ident() != MAIN:
        return
    _started = True
    read_end, write_end = os.pipe()
    os.set_blocking(write_end, False)
    others = signal.set_wakeup_fd(write_end, warn_on_full_buffer=False)
    if others != -1:
        signal.set_wakeup_fd(others)
        os.close(read_end)
        os.close(write_end)
        return
    threading.Thread(target=_watch, args=(read_end,), name="jsvm-sigint", daemon=True).start()


def _watch(read_end: int) -> None:
    global _terminated
    while True:
        if signal.SIGINT in os.read(read_end, 64):
            frame = sys._current_frames().get(MAIN)
            isolate = isolate_of(frame)
            if isolate is not None:
                _terminated = time.monotonic()
                lib.isolate_terminate(isolate._handle, None)


def was_interrupted() -> bool:
    """Whether it was for a SIGINT that a run of this thread was terminated just now. Says so once."""
    global _terminated
    if threading.get_ident() != MAIN or time.monotonic() - _terminated > 1:
        return False
    _terminated = 0.0
    return True


def isolate_of(frame: Any) -> Any:
    """The isolate that a frame waits for, if it is one of this package's that called the library."""
    if frame is None or not frame.f_globals.get("__name__", "").startswith("jsvm."):
        return None
    for name in ("home", "self"):
        found = frame.f_locals.get(name)
        if found is not None:
            found = getattr(found, "_home", found) if name == "self" else found
            return getattr(found, "_isolate", found)
    return None
