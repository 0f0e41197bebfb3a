"""Ctrl-C while the main thread runs JavaScript.

Python notes a signal and handles it in the main thread's next step of Python, which JavaScript may never let come. So a
thread waits for signals on Python's own wakeup descriptor, if nobody else has set one, and terminates the isolate in which the
main thread is. Python's handler then raises what it always does, and costs calls nothing.
"""

from __future__ import annotations

import os
import signal
import threading

from ._abi import lib

#: The isolates in which the main thread is, innermost last.
running: list[int] = []
MAIN = threading.main_thread().ident

_started = False
#: Set when the watcher has terminated a run.
interrupted = threading.Event()


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
    while True:
        numbers = os.read(read_end, 64)
        if signal.SIGINT in numbers and running:
            interrupted.set()
            for isolate in running[:]:
                lib.isolate_terminate(isolate, None)
