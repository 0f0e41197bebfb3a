"""Contexts: a global object with its builtins, in which scripts run."""

from __future__ import annotations

import builtins
import ctypes
from ctypes import byref
from types import TracebackType
from typing import TYPE_CHECKING, Any, Callable, Iterable, Optional, Sequence, Union

from . import _abi, _convert
from ._abi import NUMBER, evaluate, lib, run_in_context
from ._convert import LIMIT, encode, number
from .errors import call, raise_failure
from .function import leaving, new_function, raise_leaving
from .isolate import Isolate, _limits, memory_options
from .limits import CancelToken, integer, run_options

if TYPE_CHECKING:
    from .buffer import JSBuffer
    from .containers import JSMap, JSSet
    from .module import FileLoader, Importer
    from .object import JSFunction, JSObject
    from .promise import JSPromise, Resolver

MICROTASK_MODES = ("shared", "after_evaluate")
PARTS = {
    name: 1 << bit
    for bit, name in enumerate(
        ("console", "timers", "queue_microtask", "structured_clone", "url", "buffer", "require", "process")
    )
}


class CallFrame:
    """Memory for one call: an output slot, an error, and room for a few arguments that are numbers."""

    __slots__ = ("slot", "slot_ref", "kind", "number", "error", "error_ref", "numbers", "args_ref")

    def __init__(self) -> None:
        self.slot = _abi.Slot()
        self.slot_ref = byref(self.slot)
        # The slot's first two fields, which are faster to read so.
        self.kind = memoryview(self.slot).cast("B").cast("I")
        self.number = memoryview(self.slot).cast("B").cast("d")
        self.error = ctypes.c_void_p()
        self.error_ref = byref(self.error)
        # Slots whose kind is NUMBER: the numbers are at 1, 6, 11 and so on.
        args = ctypes.create_string_buffer(_abi.SLOT_SIZE * 8)
        for at in range(0, _abi.SLOT_SIZE * 8, _abi.SLOT_SIZE):
            _abi.NUMBER_SLOT.pack_into(args, at, NUMBER, 0, 0.0)
        self.numbers = memoryview(args).cast("B").cast("d")
        self.args_ref = byref(args)

    def fail(self, status: int, home: Context) -> None:
        """Raises what went wrong."""
        error, self.error.value = self.error.value, None
        raise_failure(status, error, home)

    def __del__(self, _free: Any = lib.error_free) -> None:
        # Ctrl-C can come between a call and the reading of its error.
        _free(self.error.value)


#: Frames that no call uses. Taking one out and putting it back are single steps for all threads.
frames: list[CallFrame] = []


class Context:
    """A global object with its builtins. Made by Isolate.context; `with` closes it."""

    __slots__ = ("_isolate", "_handle", "_arg", "__weakref__")

    def __init__(self, isolate: Isolate, handle: int) -> None:
        self._isolate = isolate
        self._handle = handle
        self._arg = _abi.pointer(handle)

    def close(self) -> None:
        """Gives the context up. It is collected when no JavaScript reaches it any more."""
        handle, self._handle, self._arg = self._handle, 0, None
        lib.context_free(handle)

    def __del__(self, _free: Any = lib.context_free) -> None:
        _free(getattr(self, "_handle", 0))

    def __enter__(self) -> Context:
        return self

    def __exit__(
        self, kind: Optional[type[BaseException]], error: Optional[BaseException], trace: Optional[TracebackType]
    ) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"<jsvm.Context {self.name!r}>"

    # Running code.

    def eval(
        self,
        code: str,
        *,
        timeout: Optional[float] = None,
        cpu_time: Optional[float] = None,
        cancel: Optional[CancelToken] = None,
        break_on_sigint: bool = False,
        copy: bool = False,
        filename: Optional[str] = None,
        line_offset: int = 0,
        column_offset: int = 0,
        display_errors: bool = True,
        importer: Optional[Importer] = None,
    ) -> Any:
        """Compiles and runs code, and gives what its last statement came to. node:vm: runInContext.

        timeout: seconds of time; then it ends with JSTimeoutError. cpu_time: seconds of this thread's CPU time, JSCPUTimeError.
        cancel: a token that ends it with JSCancelledError. break_on_sigint: SIGINT is the library's meanwhile, and ends it with
        JSInterrupted; Ctrl-C ends a run of the main thread without it, too.
        copy: objects come as Python's own, and not as live ones: see JSObject.copy.
        filename, line_offset, column_offset: where errors and stacks say that the code stands.
        display_errors: errors have an `arrow`. importer: answers `import()`: see Importer.

        Raises JSError (JSSyntaxError, ...) for what JavaScript throws, or the Python exception that a host function raised.
        """
        if not isinstance(code, str):
            raise TypeError(f"code must be a str, not {type(code).__name__}")
        if timeout is None and cpu_time is None and cancel is None and not break_on_sigint:
            options = None
        else:
            options = run_options(timeout, cpu_time, cancel, break_on_sigint)
        frame = frames.pop() if frames else CallFrame()
        if filename is None and importer is None and display_errors and not line_offset and not column_offset:
            script = self._isolate._scripts.get(code) or self._isolate._script(code)
            if script is not True:
                status = run_in_context(script.arg, self._arg, options, frame.slot_ref, frame.error_ref)
            else:
                data = encode(code, "code")
                status = evaluate(self._arg, data, _abi.length(len(data)), None, options, frame.slot_ref, frame.error_ref)
        else:
            how = script_options_of(filename, line_offset, column_offset, None, display_errors, importer)
            data = encode(code, "code")
            status = evaluate(self._arg, data, _abi.length(len(data)), byref(how), options, frame.slot_ref, frame.error_ref)
        if status:
            frame.fail(status, self)
        if frame.kind[0] == NUMBER:
            value = frame.number[1]
            result: Any = int(value) if value.is_integer() and 0.0 < value < LIMIT else number(value)
        else:
            result = _convert.take(self, frame.slot)
            if copy and isinstance(result, Live):
                result = result.copy(timeout=timeout, cpu_time=cpu_time, cancel=cancel)
        frames.append(frame)
        if leaving:
            raise_leaving()
        return result

    def compile_function(
        self,
        body: str,
        params: Iterable[str] = (),
        *,
        filename: Optional[str] = None,
        line_offset: int = 0,
        column_offset: int = 0,
        cached_data: Optional[bytes] = None,
        produce_cached_data: bool = False,
        context_extensions: Sequence[JSObject] = (),
        importer: Optional[Importer] = None,
    ) -> JSFunction:
        """Compiles a function out of its body. node:vm: compileFunction.

        The function has `cached_data` (bytes that make the next compilation fast, if asked for by produce_cached_data; None if
        V8 cannot say them) and `cached_data_rejected`. context_extensions: objects whose properties are variables.
        """
        from .script import compile_function

        return compile_function(
            self,
            body,
            params,
            filename,
            line_offset,
            column_offset,
            cached_data,
            produce_cached_data,
            context_extensions,
            importer,
        )

    # What belongs to it.

    @property
    def isolate(self) -> Isolate:
        """The isolate that it is of."""
        return self._isolate

    @property
    def name(self) -> str:
        """Its name, "" once it is closed."""
        return (lib.context_name(self._handle) or b"").decode("utf-8", "replace")

    @property
    def origin(self) -> Optional[str]:
        """Its origin, if it has one."""
        data: Optional[bytes] = lib.context_origin(self._handle)
        return None if data is None else data.decode("utf-8", "replace")

    @property
    def globals(self) -> JSObject:
        """The global object, `globalThis`: `context.globals["x"] = 1`."""
        return self._object(lib.context_global)  # type: ignore[no-any-return]

    @property
    def contextified_object(self) -> JSObject:
        """The object whose properties the global variables are; of an ordinary context the global object."""
        return self._object(lib.context_contextified_object)  # type: ignore[no-any-return]

    def _object(self, function: Any, *arguments: Any) -> Any:
        """What a function makes whose arguments are the context, others, and a handle to fill."""
        result = ctypes.c_void_p()
        call(function, self._handle, *arguments, byref(result), home=self)
        handle = result.value or 0
        return self._wrap(lib.value_kind(handle), lib.value_flags(handle), handle)

    # Values.

    def object(self, value: Any = None) -> JSObject:
        """A live JavaScript object: empty, or what a Python value becomes."""
        if value is None:
            return self._object(lib.object_new)  # type: ignore[no-any-return]
        made = self.value(value)
        if not isinstance(made, Live):
            raise TypeError(f"{type(value).__name__} becomes no object")
        return made  # type: ignore[return-value]

    def value(self, value: Any) -> Any:
        """What a Python value becomes in JavaScript: live, if it is an object there."""
        slot = _abi.Slot()
        owned = ctypes.c_void_p()
        buffer, kept = _convert.slots(self, (value,))
        call(lib.value_new, self._isolate._open(), buffer, byref(owned), home=self)
        holder = _convert.Owned(owned.value or 0)
        call(lib.value_to_slot, holder.handle, byref(slot), home=self)
        return self._take(slot)

    def map(self) -> JSMap:
        """An empty Map."""
        return self._object(lib.map_new)  # type: ignore[no-any-return]

    def set(self) -> JSSet:
        """An empty Set."""
        return self._object(lib.set_new)  # type: ignore[no-any-return]

    def date(self, milliseconds: float) -> JSObject:
        """A Date, live: also one that datetime cannot say."""
        if not isinstance(milliseconds, (int, float)):
            raise TypeError(f"milliseconds must be a number, not {type(milliseconds).__name__}")
        made = ctypes.c_void_p()
        call(lib.date_new, self._handle, milliseconds, byref(made), home=self)
        return wrap(self, _abi.OBJECT, 0, made.value or 0)  # type: ignore[no-any-return]

    def array_buffer(self, data: Any) -> JSBuffer:
        """An ArrayBuffer with a copy of bytes."""
        copy = bytes(data)
        return self._object(lib.array_buffer_new, copy, len(copy))  # type: ignore[no-any-return]

    def function(
        self,
        function: Callable[..., Any],
        *,
        name: Optional[str] = None,
        length: int = 0,
        constructor: bool = False,
        pass_call: bool = False,
    ) -> JSFunction:
        """A JavaScript function that calls a Python one; a callable that is passed as a value becomes one by itself.

        constructor: `new` may call it. pass_call: its first argument is a Call, which has `this` and `new_target`.
        """
        handle = new_function(self, function, name, length, constructor, pass_call)
        return self._wrap(_abi.FUNCTION, 0, handle)  # type: ignore[no-any-return]

    def error(self, message: str, kind: str = "Error", code: Optional[str] = None) -> JSObject:
        """A JavaScript error: kind is Error, TypeError, RangeError, ReferenceError or SyntaxError."""
        kinds = ("Error", "TypeError", "RangeError", "ReferenceError", "SyntaxError")
        if kind not in kinds:
            raise ValueError(f"kind is one of {kinds}, not {kind!r}")
        text, tag = encode(message, "message"), None if code is None else encode(code, "code")
        return self._object(lib.exception_new, kinds.index(kind), text, len(text), tag, len(tag or b""))  # type: ignore[no-any-return]

    def regexp(self, pattern: str, flags: str = "") -> JSObject:
        """A RegExp. Raises JSSyntaxError for a pattern that is none."""
        data = encode(pattern, "pattern")
        return self._object(lib.regexp_new, data, len(data), encode(flags, "flags"))  # type: ignore[no-any-return]

    def promise(self) -> tuple[JSPromise, Resolver]:
        """A pending promise and its Resolver: the host's end, which any thread settles."""
        from .promise import new_promise

        return new_promise(self)

    def parse_json(self, text: Union[str, bytes], *, copy: bool = False, **limits: Any) -> Any:
        """JSON.parse, without running JavaScript of the guest's. The limits are those of eval."""
        data = text if isinstance(text, bytes) else encode(text, "text")
        slot = _abi.Slot()
        call(lib.json_parse, self._handle, data, len(data), _limits(limits), byref(slot), home=self)
        value = self._take(slot)
        return value.copy() if copy and isinstance(value, Live) else value

    def to_json(self, value: Any, indent: int = 0, **limits: Any) -> Optional[str]:
        """JSON.stringify; None where that gives undefined. The limits are those of eval."""
        spaces = integer(indent, "indent", 32)
        buffer, kept = _convert.slots(self, (value,))
        found = _abi.List()
        call(lib.json_stringify, self._handle, buffer, spaces, _limits(limits), byref(found), home=self)
        data = _bytes(found)
        return None if data is None else data.decode()

    def serialize(self, value: Any, **limits: Any) -> bytes:
        """A structured clone as bytes, for `deserialize` of any isolate. What cannot be cloned is a JSError "DataCloneError"."""
        buffer, kept = _convert.slots(self, (value,))
        found = _abi.List()
        call(lib.value_serialize, self._handle, buffer, _limits(limits), byref(found), home=self)
        return _bytes(found) or b""

    def deserialize(self, data: bytes, **limits: Any) -> Any:
        """The value of `serialize`'s bytes. Take them from jsvm only."""
        slot = _abi.Slot()
        copy = bytes(builtins.memoryview(data))
        call(lib.value_deserialize, self._handle, copy, len(copy), _limits(limits), byref(slot), home=self)
        return self._take(slot)

    def structured_clone(self, value: Any, **limits: Any) -> Any:
        """A copy in this context of a value of any isolate."""
        home = value._home if isinstance(value, Live) else self
        return self.deserialize(home.serialize(value, **limits), **limits)

    def share(self, buffer: Any) -> Any:
        """An ArrayBuffer over a writable Python buffer (bytearray, memoryview, array), without a copy."""
        from .buffer import share

        return share(self, buffer)

    # What scripts expect around them.

    def install(
        self,
        *parts: str,
        write: Optional[Callable[[int, bytes], builtins.object]] = None,
        argv: Sequence[str] = (),
        exec_argv: Sequence[str] = (),
        env: Optional[dict[str, str]] = None,
        require_from: Optional[str] = None,
    ) -> None:
        """Installs parts: "console", "timers", "queue_microtask", "structured_clone", "url", "buffer", "require", "process".

        write: takes what they print: 1 (output) or 2 (errors), and bytes. argv, exec_argv, env: what `process` shows.
        require_from: the file, or folder with a slash at its end, from which `require` resolves. `require` reads and runs
        every file that the process may read: it is not for guests that you do not trust.
        """
        from .runtime import install

        install(self, parts, write, argv, exec_argv, env, require_from)

    def provide_module(self, name: str, value: Any) -> None:
        """`require(name)`, and imports of a file loader, give this value."""
        data = encode(name, "name")
        buffer, kept = _convert.slots(self, (value,))
        call(lib.context_provide_module, self._handle, data, len(data), buffer, home=self)

    def exit_code(self) -> tuple[int, bool]:
        """process.exitCode, and whether process.exit was called, in a context with "process"."""
        code, exiting = ctypes.c_int32(), ctypes.c_bool()
        call(lib.context_exit_code, self._handle, byref(code), byref(exiting))
        return code.value, exiting.value

    def file_loader(
        self, root: str, *, import_map: Optional[str] = None, builtins: bool = False, max_file_size: int = 0
    ) -> FileLoader:
        """A loader of the ES modules below a folder, which answers import() too. See jsvm.h: jsvm_file_loader_new."""
        from .module import FileLoader

        return FileLoader(self, root, import_map, builtins, max_file_size)

    def set_importer(self, importer: Optional[Importer]) -> None:
        """Says who answers the `import()` of code that was compiled without an importer; None is nobody."""
        from .module import hooks_of

        hooks = hooks_of(importer, None)
        call(lib.context_set_import_hooks, self._handle, hooks.handle if hooks else None, home=self)

    def vm_module(self, generation: int = 0) -> JSObject:
        """The module `node:vm`, for scripts. generation: 10 is Node 10's, 0 the newest."""
        options = _abi.VmModuleOptions(ctypes.sizeof(_abi.VmModuleOptions), integer(generation, "generation", 32))
        return self._object(lib.context_vm_module, byref(options))  # type: ignore[no-any-return]

    def measure_memory(self, mode: str = "summary", execution: str = "default") -> JSPromise:
        """A promise of what the contexts keep alive. node:vm: measureMemory."""
        options = memory_options(mode, execution)
        return self._object(lib.context_measure_memory, byref(options))  # type: ignore[no-any-return]

    # For the other modules of this package.

    def _wrap(self, kind: int, flags: int, handle: int) -> Any:
        """A live value that owns the handle."""
        return wrap(self, kind, flags, handle)

    def _take(self, slot: _abi.Slot) -> Any:
        value = _convert.take(self, slot)
        if leaving:
            raise_leaving()
        return value

    def _read(self, *slot: Any) -> Any:
        return _convert.read(self, *slot)


class Live:
    """What holds a JavaScript value: the base of JSObject and JSSymbol."""

    __slots__ = ("_home", "_handle", "__weakref__")

    _home: Context
    _handle: int

    def copy(self, **options: Any) -> Any:
        """A copy in Python's own types: this itself, where there is none."""
        return self


#: Makes a live value: set by object.
wrap: Callable[[Context, int, int, int], Any]


def _bytes(found: _abi.List) -> Optional[bytes]:
    """The bytes that a call gave out, which are released."""
    if not found.data:
        return None
    try:
        return _abi.bytes_at(found.data, found.len)
    finally:
        lib.bytes_clear(byref(found))


def optional_str(text: Optional[str], what: str) -> _abi.Str:
    if text is None:
        return _abi.Str(None, 0)
    data = encode(text, what)
    return _abi.Str(data, len(data))


def source_options(line_offset: int, column_offset: int, cached_data: Optional[bytes]) -> tuple[int, int, Optional[bytes], int]:
    """The fields line_offset to cached_data_len of the options of all that is compiled."""
    data = None if cached_data is None else bytes(builtins.memoryview(cached_data))
    offsets = integer(line_offset, "line_offset", 32, True), integer(column_offset, "column_offset", 32, True)
    return (*offsets, data, len(data or b""))


def script_options_of(
    filename: Optional[str],
    line_offset: int,
    column_offset: int,
    cached_data: Optional[bytes],
    display_errors: bool,
    importer: Optional[Importer],
) -> _abi.ScriptOptions:
    from .module import hooks_of

    hooks = hooks_of(importer, None)
    options = _abi.ScriptOptions(
        ctypes.sizeof(_abi.ScriptOptions),
        optional_str(filename, "filename"),
        *source_options(line_offset, column_offset, cached_data),
        not display_errors,
        hooks.handle if hooks else None,
    )
    options.hooks = hooks
    return options


def new_context(
    isolate: Isolate,
    name: Optional[str],
    origin: Optional[str],
    strings: bool,
    wasm: bool,
    microtask_mode: str,
    contextify: Any,
) -> Context:
    if microtask_mode not in MICROTASK_MODES:
        raise ValueError(f"microtask_mode is one of {MICROTASK_MODES}, not {microtask_mode!r}")
    if isinstance(contextify, dict):
        contextify = isolate.main_context.object(contextify)
    if not isinstance(contextify, (bool, Live)):
        raise TypeError(f"contextify must be a bool, a JSObject or a dict, not {type(contextify).__name__}")
    options = _abi.ContextOptions(
        ctypes.sizeof(_abi.ContextOptions),
        optional_str(name, "name"),
        optional_str(origin, "origin"),
        not strings,
        not wasm,
        MICROTASK_MODES.index(microtask_mode),
        contextify is not False,
        contextify._handle if isinstance(contextify, Live) else None,
    )
    result = ctypes.c_void_p()
    call(lib.context_new, isolate._open(), byref(options), byref(result))
    return Context(isolate, result.value or 0)


__all__ = ["Context"]
