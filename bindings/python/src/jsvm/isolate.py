"""Isolates: a JavaScript heap each, with its contexts."""

from __future__ import annotations

import atexit
import ctypes
import sys
import threading
import time
import weakref
from contextlib import contextmanager
from types import TracebackType
from typing import TYPE_CHECKING, Any, Callable, Iterator, NamedTuple, Optional, Union

from . import _abi, _sigint
from ._abi import lib
from ._userdata import FINALIZER, address, keep, table
from .errors import JSClosedError, JSError, call
from .function import leaving, notice, raise_leaving
from .limits import CancelToken, run_options, wait_milliseconds

if TYPE_CHECKING:
    from .context import Context
    from .object import JSObject, JSSymbol
    from .promise import JSPromise


#: How many short sources eval remembers.
_REMEMBERED = 256
_REMEMBERED_LENGTH = 1024


class CompiledOnce:
    """A script of eval's."""

    __slots__ = ("handle", "arg")

    def __init__(self, isolate: Isolate, code: str) -> None:
        self.handle = 0
        data = code.encode()
        result = ctypes.c_void_p()
        call(lib.script_new, isolate._open(), data, len(data), None, ctypes.byref(result))
        self.handle = result.value or 0
        self.arg = _abi.pointer(self.handle)

    def __del__(self, _free: Any = lib.script_free) -> None:
        _free(self.handle)


class HeapStatistics(NamedTuple):
    """An isolate's memory, in bytes."""

    total_heap_size: int
    used_heap_size: int
    heap_size_limit: int
    total_physical_size: int
    malloced_memory: int
    external_memory: int
    buffer_memory: int
    number_of_native_contexts: int
    """Contexts there are: a number, not bytes."""
    number_of_detached_contexts: int


class ContextMemory(NamedTuple):
    """The memory that a context keeps alive, in bytes."""

    name: str
    estimate: int
    range: tuple[int, int]


class MemoryMeasurement(NamedTuple):
    """What Isolate.measure_memory found, in bytes."""

    total: ContextMemory
    contexts: list[ContextMemory]
    """Empty unless the mode is "detailed"."""
    wasm_code: int
    wasm_metadata: int


#: The isolates there are, by their handles.
_isolates: weakref.WeakValueDictionary[int, Isolate] = weakref.WeakValueDictionary()


class Isolate:
    """A JavaScript heap with its collector and its contexts.

    Any thread may use it, one at a time; the others wait without the GIL. `with` closes it at the end; so does the last
    reference to it and to all that belongs to it.

    memory_limit: bytes of its heap, 8 MB to 1400 MB; default 512 MB. A run that passes it ends with JSMemoryError.
    buffer_limit: bytes of ArrayBuffers; default 512 MB. Beyond it JavaScript gets a RangeError.
    stack_size: bytes of the calling thread's stack that JavaScript may use; default 984 KB.
    host_drains_microtasks: microtasks run in `run_microtasks` only, and not at the end of each call.

    Raises JSUsageError for a limit that is out of range, JSUnsupportedError where V8 cannot run, JSForkedError.
    """

    _handle: int = 0
    _main_handle: int = 0

    def __init__(
        self,
        *,
        memory_limit: Optional[int] = None,
        buffer_limit: Optional[int] = None,
        stack_size: Optional[int] = None,
        host_drains_microtasks: bool = False,
    ) -> None:
        _sigint.watch()
        limits = {"memory_limit": memory_limit, "buffer_limit": buffer_limit, "stack_size": stack_size}
        for name, value in limits.items():
            if value is not None and (isinstance(value, bool) or not isinstance(value, int)):
                raise TypeError(f"{name} must be a number of bytes, not {type(value).__name__}")
            if value is not None and not 0 < value < 1 << 63:
                raise ValueError(f"{name} is out of range: {value}")
        options = _abi.IsolateOptions(
            ctypes.sizeof(_abi.IsolateOptions), memory_limit or 0, buffer_limit or 0, stack_size or 0, host_drains_microtasks
        )
        result = ctypes.c_void_p()
        call(lib.isolate_new, ctypes.byref(options), ctypes.byref(result))
        self._handle = result.value or 0
        # Asked for once, because to ask is to wait for the isolate. Not as a Context, which would keep the isolate.
        call(lib.isolate_main_context, self._handle, ctypes.byref(result))
        self._main_handle = result.value or 0
        self._lock = threading.Lock()
        self._main: Optional[weakref.ref[Context]] = None
        self._iterator: Any = None
        # Source that eval has run once, and what it has compiled when it came again.
        self._once: set[str] = set()
        self._scripts: dict[str, CompiledOnce] = {}
        self._loop: Any = None
        #: What wakes those who await a promise of it.
        self._awaited: set[Callable[[], object]] = set()
        _isolates[self._handle] = self

    def close(self) -> None:
        """Closes it at once: what runs in it, or awaits its promises, ends with JSClosedError, and its values are inert."""
        with self._lock:
            handle, self._handle = self._handle, 0
            main, self._main_handle = self._main_handle, 0
        if handle:
            lib.context_free(main)
            _isolates.pop(handle, None)
            self._iterator = None
            self._scripts.clear()
            lib.isolate_free(handle)
            for wake in tuple(self._awaited):
                wake()

    def __del__(self, _free: Any = lib.isolate_free, _free_context: Any = lib.context_free) -> None:
        _free_context(self._main_handle)
        if self._handle:
            _free(self._handle)

    def __enter__(self) -> Isolate:
        self._open()
        return self

    def __exit__(
        self, kind: Optional[type[BaseException]], error: Optional[BaseException], trace: Optional[TracebackType]
    ) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"<jsvm.Isolate {'closed' if self.closed else hex(self._handle)}>"

    @property
    def closed(self) -> bool:
        """Whether it was closed."""
        return not self._handle

    def _open(self) -> int:
        if not self._handle:
            raise JSClosedError("the isolate is closed")
        return self._handle

    def context(
        self,
        *,
        name: Optional[str] = None,
        origin: Optional[str] = None,
        strings: bool = True,
        wasm: bool = True,
        microtask_mode: str = "shared",
        contextify: Union[bool, JSObject, dict[str, Any]] = False,
    ) -> Context:
        """Makes a context: a global object with its builtins. node:vm: createContext.

        name, origin: for people. strings, wasm: whether eval and new Function, and WebAssembly, may compile.
        microtask_mode: "shared", or "after_evaluate": a queue of its own that each script drains within its limits.
        contextify: its global variables are the properties of an object: of this one, of one made of this dict, or
        of a new one (True).
        """
        from .context import new_context

        return new_context(self, name, origin, strings, wasm, microtask_mode, contextify)

    @property
    def main_context(self) -> Context:
        """The context that the isolate was made with: `this context` of node:vm's functions."""
        from .context import Context

        main = None if self._main is None else self._main()
        if main is None:
            self._open()
            main = Context(self, lib.context_clone(self._main_handle))
            self._main = weakref.ref(main)
        return main

    def eval(self, code: str, **options: Any) -> Any:
        """Runs code in the main context: see Context.eval."""
        return self.main_context.eval(code, **options)

    def _script(self, code: str) -> Any:
        """What eval runs of code that comes again: a compiled script, or True if it is to be compiled for the one time."""
        if len(code) > _REMEMBERED_LENGTH:
            return True
        if code not in self._once:
            if len(self._once) >= _REMEMBERED:
                self._once.clear()
            self._once.add(code)
            return True
        try:
            made = CompiledOnce(self, code)
        except (JSError, ValueError):
            return True
        if len(self._scripts) >= _REMEMBERED:
            self._scripts.clear()
        self._scripts[code] = made
        return made

    def terminate(self) -> None:
        """Stops what runs in it now, with JSTerminatedError. Any thread, without waiting."""
        call(lib.isolate_terminate, self._open())

    def run_tasks(
        self,
        wait: float = 0.0,
        *,
        timeout: Optional[float] = None,
        cpu_time: Optional[float] = None,
        cancel: Optional[CancelToken] = None,
        break_on_sigint: bool = False,
    ) -> bool:
        """Runs what waits to run: settled promises, V8's tasks, timers that are due; one round of it.

        wait: seconds to wait at most for something to run. Says whether something may still come. What a task throws is raised.
        """
        left = ctypes.c_bool()
        options = run_options(timeout, cpu_time, cancel, break_on_sigint)
        self._run(lib.isolate_run_tasks, wait_milliseconds(wait, "wait"), options, ctypes.byref(left))
        return left.value

    def run_microtasks(self, **limits: Any) -> None:
        """Runs the microtasks, for an isolate with host_drains_microtasks. Takes the limits of Context.eval."""
        self._run(lib.isolate_perform_microtask_checkpoint, _limits(limits))

    def _run(self, function: Any, *arguments: Any) -> None:
        """A call that can run JavaScript, of this isolate and not of one context."""
        call(function, self._open(), *arguments, home=self.main_context)
        if leaving:
            raise_leaving()

    @contextmanager
    def session(self, *, timeout: Optional[float] = None, cancel: Optional[CancelToken] = None) -> Iterator[Isolate]:
        """Holds the isolate for this thread, so that the calls in between need no lock. The limits are those of the wait."""
        call(lib.isolate_enter, self._open(), run_options(timeout, None, cancel, False))
        handle = self._handle
        try:
            yield self
        finally:
            call(lib.isolate_exit, handle)

    def request_interrupt(self, function: Callable[[], object]) -> None:
        """Has a function called on the thread that runs the isolate, where JavaScript can stop; it must not enter an isolate."""
        number = keep(_callable(function))
        call(lib.isolate_request_interrupt, self._open(), _INTERRUPT, number, FINALIZER)

    def on_wakeup(self, function: Optional[Callable[[], object]]) -> None:
        """Has a function called, on any thread, when something comes in to run: it should only tell a loop of it.

        asyncio needs no such function: see JSPromise.
        """
        if function is None:
            call(lib.isolate_set_wakeup, self._open(), None, None, None)
        else:
            call(lib.isolate_set_wakeup, self._open(), _WAKEUP, keep(_callable(function)), FINALIZER)

    def on_unhandled_rejection(self, function: Optional[Callable[[JSPromise, Any], object]]) -> None:
        """Has a function called with each promise that is rejected without a handler, and its reason."""
        handle = self._open()
        if function is None:
            call(lib.isolate_set_unhandled_rejection_callback, handle, None, None, None)
        else:
            number = keep((_callable(function), weakref.ref(self)))
            call(lib.isolate_set_unhandled_rejection_callback, handle, _REJECTION, number, FINALIZER)

    def heap_statistics(self) -> HeapStatistics:
        """The isolate's memory."""
        found = _abi.HeapStatistics()
        call(lib.isolate_heap_statistics, self._open(), ctypes.byref(found))
        return HeapStatistics(*(getattr(found, name) for name in HeapStatistics._fields))

    def collect_garbage(self) -> None:
        """Collects all garbage now and gives memory back."""
        call(lib.isolate_low_memory_notification, self._open())

    def measure_memory(self, mode: str = "summary", execution: str = "eager", **limits: Any) -> MemoryMeasurement:
        """Measures what the contexts keep alive, and runs tasks until V8 has done it.

        mode: "summary" or "detailed". execution: "eager", or "default": V8's next collection, which may take 20 seconds.
        """
        options = memory_options(mode, execution)
        found = _abi.MemoryMeasurement()
        self._run(lib.isolate_measure_memory, ctypes.byref(options), _limits(limits), ctypes.byref(found))
        try:
            contexts = [
                ContextMemory(one.name.decode(), one.estimate, (one.range_low, one.range_high))
                for one in found.contexts[: found.len]
            ]
            total = ContextMemory("total", found.total_estimate, (found.total_range_low, found.total_range_high))
            return MemoryMeasurement(total, contexts, found.wasm_code, found.wasm_metadata)
        finally:
            lib.memory_measurement_clear(ctypes.byref(found))

    def symbol(self, description: Optional[str] = None) -> JSSymbol:
        """Makes a new symbol. JavaScript: Symbol(description)."""
        return self._symbol(lib.symbol_new, description)

    def symbol_for(self, key: str) -> JSSymbol:
        """The symbol that all contexts share under a key. JavaScript: Symbol.for(key)."""
        return self._symbol(lib.symbol_for, key)

    def _symbol(self, function: Any, text: Optional[str]) -> JSSymbol:
        from ._convert import encode
        from .object import JSSymbol

        data = None if text is None else encode(text, "a symbol's description")
        result = ctypes.c_void_p()
        call(function, self._open(), data, len(data or b""), ctypes.byref(result))
        return JSSymbol(self.main_context, result.value or 0)


def _limits(limits: dict[str, Any]) -> Any:
    """Run options out of keyword arguments."""
    unknown = limits.keys() - {"timeout", "cpu_time", "cancel", "break_on_sigint"}
    if unknown:
        raise TypeError(f"unknown option: {', '.join(sorted(unknown))}")
    if not limits:
        return None
    return run_options(limits.get("timeout"), limits.get("cpu_time"), limits.get("cancel"), limits.get("break_on_sigint", False))


def memory_options(mode: str, execution: str) -> _abi.MeasureMemoryOptions:
    modes, executions = ("summary", "detailed"), ("default", "eager")
    if mode not in modes or execution not in executions:
        raise ValueError(f"mode is one of {modes} and execution one of {executions}, not {mode!r} and {execution!r}")
    size = ctypes.sizeof(_abi.MeasureMemoryOptions)
    return _abi.MeasureMemoryOptions(size, modes.index(mode), executions.index(execution))


def _callable(function: Any) -> Any:
    if not callable(function):
        raise TypeError(f"a callable is needed, not {type(function).__name__}")
    return function


def _on_wakeup(number: int) -> None:
    function = table.get(number)
    if function is not None:
        function()


@notice
def _on_rejection(number: int, promise: int, reason: Any) -> None:
    function, isolate = table.get(number) or (None, None)
    alive = isolate and isolate()
    if function is not None and alive is not None and not alive.closed:
        home = alive.main_context
        slot = _abi.SLOT.unpack_from(reason.contents)
        found = home._wrap(_abi.OBJECT, lib.value_flags(promise), lib.value_clone(promise))
        function(found, home._read(*slot))


_wakeup_callback = _abi.USERDATA_CALLBACK(_on_wakeup)
_WAKEUP = address(_wakeup_callback)
_interrupt_callback = _abi.USERDATA_CALLBACK(notice(_on_wakeup))
_INTERRUPT = address(_interrupt_callback)
_rejection_callback = _abi.REJECTION_CALLBACK(_on_rejection)
_REJECTION = address(_rejection_callback)


@atexit.register
def _close_all() -> None:
    """Before Python ends: a callback that comes or returns afterwards could not take the GIL, which ends its thread amid C."""
    for isolate in list(_isolates.values()):
        isolate.close()
    lib.flush_finalizers(1000)
    # Threads that were in a callback, or before one, get the GIL while this one sleeps; what they run in is stopped.
    end, quiet = time.monotonic() + 1, 0
    while quiet < 3 and len(sys._current_frames()) > 1 and time.monotonic() < end:
        time.sleep(0.002)
        quiet = 0 if _callback_runs() else quiet + 1


def _callback_runs() -> bool:
    """Whether another thread is in a function that JavaScript has called."""
    for thread, frame in sys._current_frames().items():
        at: Any = frame if thread != threading.get_ident() else None
        while at is not None:
            if at.f_code.co_name.startswith("_on_") and at.f_globals.get("__name__", "").startswith("jsvm."):
                return True
            at = at.f_back
    return False


def live_handles() -> dict[str, int]:
    """How many handles of libjsvm there are, by kind: zero of all at the end of a program that frees what it has."""
    return {kind: lib.live_handles(number) for number, kind in enumerate(_abi.HANDLE_KINDS)}


def flush_finalizers(timeout: float = 1.0) -> bool:
    """Waits until what was let go is let go in Python too. Says whether it is so after `timeout` seconds."""
    return bool(lib.flush_finalizers(wait_milliseconds(timeout, "timeout")) == _abi.OK)


def set_v8_flags(flags: str) -> None:
    """Sets flags of V8 for the process, before the first isolate: they are V8's and not jsvm's."""
    data = flags.encode()
    call(lib.set_v8_flags, data, len(data))
