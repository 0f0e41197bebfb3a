"""What libjsvm's calls raise. Every class is a JSError, but for JSInterrupted, which is a KeyboardInterrupt."""

from __future__ import annotations

import ctypes
from typing import TYPE_CHECKING, Any, NamedTuple, NoReturn, Optional

from . import _abi
from ._abi import lib

if TYPE_CHECKING:
    from .context import Context

__all__ = [
    "Frame",
    "JSBusyError",
    "JSCancelledError",
    "JSClosedError",
    "JSCPUTimeError",
    "JSError",
    "JSForkedError",
    "JSInternalError",
    "JSInterrupted",
    "JSMemoryError",
    "JSStateError",
    "JSStopped",
    "JSSyntaxError",
    "JSTerminatedError",
    "JSTimeoutError",
    "JSUnsupportedError",
    "JSUsageError",
    "JSWrongIsolateError",
]


class Frame(NamedTuple):
    """A frame of a JavaScript stack."""

    function: str
    """The function's name, "" for top-level code."""
    filename: str
    line: int
    """From 1; 0 if unknown."""
    column: int
    """From 1; 0 if unknown."""
    is_eval: bool
    is_constructor: bool
    is_wasm: bool


def _text(data: Optional[bytes]) -> Optional[str]:
    return None if data is None else data.decode("utf-8", "replace")


class _Details:
    """What an error of libjsvm's tells. It holds the library's error until it goes."""

    _error: int = 0
    _home: Optional[Context] = None
    #: The error's name in JavaScript, such as "TypeError"; "" for a thrown value that is no error.
    name: str = "Error"
    #: The message, without the name.
    message: str = ""
    #: Node's code, such as "ERR_SCRIPT_EXECUTION_TIMEOUT", or the error's own `code`; None if there is none.
    code: Optional[str] = None
    #: The JavaScript stack, "Name: message" and a line for each frame; None if it has no place in JavaScript.
    stack: Optional[str] = None

    def _read(self, error: int) -> None:
        self.name = _text(lib.error_name(error)) or ""
        self.message = _text(lib.error_message(error)) or ""
        self.code = _text(lib.error_code(error))
        self.stack = _text(lib.error_stack(error))

    def _fill(self, error: int, home: Optional[Context]) -> None:
        """Takes the library's error. Its causes become `__cause__`, so that a traceback shows them."""
        self._error = error
        self._home = home
        self._read(error)
        effect: BaseException = self  # type: ignore[assignment]
        while True:
            error = lib.error_cause(error)
            if not error:
                return
            cause = JSError()
            cause._read(error)
            cause.args = (cause._title(),)
            effect.__cause__ = cause
            effect = cause

    def _title(self) -> str:
        return f"{self.name}: {self.message}" if self.name not in ("", "Error") else self.message

    def __del__(self, _free: Any = lib.error_free) -> None:
        if self._error:
            _free(self._error)

    def __str__(self) -> str:
        return self._title() if self._error else super().__str__()

    def __reduce__(self) -> Any:
        """Pickled and copied, it keeps its texts, and not what belongs to the isolate."""
        texts = {key: getattr(self, key) for key in ("name", "message", "code", "stack")}
        return type(self), (str(self),), texts

    @property
    def status(self) -> str:
        """The library's status as a word, such as "TIMEOUT"; "" if the error was not made by libjsvm."""
        if not self._error:
            return ""
        return _text(lib.status_name(lib.error_status(self._error))) or ""

    @property
    def filename(self) -> Optional[str]:
        """The script in which it happened."""
        return _text(lib.error_filename(self._error)) if self._error else None

    @property
    def line(self) -> int:
        """The line, from 1; 0 if unknown."""
        return int(lib.error_line(self._error)) if self._error else 0

    @property
    def column(self) -> int:
        """The column, from 1; 0 if unknown."""
        return int(lib.error_column(self._error)) if self._error else 0

    @property
    def source_line(self) -> Optional[str]:
        """The source line in which it happened."""
        return _text(lib.error_source_line(self._error)) if self._error else None

    @property
    def arrow(self) -> Optional[str]:
        """ "file:line", the source line, and carets under the place, each with its newline."""
        return _text(lib.error_arrow(self._error)) if self._error else None

    @property
    def frames(self) -> list[Frame]:
        """The stack, innermost frame first."""
        found = []
        frame = _abi.Frame()
        for index in range(lib.error_frame_count(self._error) if self._error else 0):
            if lib.error_frame(self._error, index, ctypes.byref(frame)) != _abi.OK:
                break
            found.append(
                Frame(
                    _text(frame.function) or "",
                    _text(frame.filename) or "",
                    frame.line,
                    frame.column,
                    frame.is_eval,
                    frame.is_constructor,
                    frame.is_wasm,
                )
            )
        return found

    @property
    def value(self) -> Any:
        """The value that JavaScript threw, live. None if it threw nothing."""
        slot = _abi.Slot()
        if not self._error or lib.error_exception(self._error, ctypes.byref(slot)) != _abi.OK or self._home is None:
            return None
        return self._home._take(slot)

    @property
    def cause(self) -> Optional[JSError]:
        """The error's `cause`, if it has one that is an error: its texts. The live one is `error.value["cause"]`."""
        cause = getattr(self, "__cause__", None)
        return cause if isinstance(cause, JSError) else None


class JSError(_Details, Exception):
    """JavaScript threw a value that nobody caught, or a call of libjsvm failed (its subclasses)."""


class JSSyntaxError(JSError):
    """The source does not compile, or JavaScript threw a SyntaxError."""


class JSStopped(JSError):
    """The run was stopped. JavaScript could not catch it; the isolate can be used again."""


class JSTimeoutError(JSStopped, TimeoutError):
    """The call's `timeout` was over."""


class JSCPUTimeError(JSStopped, TimeoutError):
    """The call's `cpu_time` was used up."""


class JSCancelledError(JSStopped):
    """The call's cancel token was triggered."""


class JSTerminatedError(JSStopped):
    """Isolate.terminate() or process.exit() stopped the run."""


class JSMemoryError(JSStopped, MemoryError):
    """The isolate's memory limit was reached."""


class JSInterrupted(_Details, KeyboardInterrupt):
    """Ctrl-C (SIGINT) stopped the run."""


class JSUsageError(JSError, ValueError):
    """An argument is not what the library takes."""


class JSWrongIsolateError(JSUsageError):
    """A value belongs to another isolate. `structured_clone` takes values from one to another."""


class JSStateError(JSError, RuntimeError):
    """The object is not in a state in which this can be done."""


class JSBusyError(JSError, RuntimeError):
    """Waiting for the isolate would never end: who holds it waits for this thread."""


class JSClosedError(JSError, RuntimeError):
    """The isolate, or what was used, is closed."""


class JSUnsupportedError(JSError, RuntimeError):
    """This build, machine or process cannot do it."""


class JSForkedError(JSError, RuntimeError):
    """This process is a fork of one in which V8 had started: use jsvm in one of the two."""


class JSInternalError(JSError, RuntimeError):
    """A bug of libjsvm."""


_CLASSES: dict[int, type[BaseException]] = {
    _abi.EXCEPTION: JSError,
    _abi.TIMEOUT: JSTimeoutError,
    _abi.CPU_TIME: JSCPUTimeError,
    _abi.INTERRUPTED: JSInterrupted,
    _abi.CANCELLED: JSCancelledError,
    _abi.TERMINATED: JSTerminatedError,
    _abi.OUT_OF_MEMORY: JSMemoryError,
    _abi.INVALID_ARGUMENT: JSUsageError,
    _abi.WRONG_ISOLATE: JSWrongIsolateError,
    _abi.WRONG_STATE: JSStateError,
    _abi.BUSY: JSBusyError,
    _abi.DISPOSED: JSClosedError,
    _abi.UNSUPPORTED: JSUnsupportedError,
    _abi.FORKED: JSForkedError,
    _abi.PANIC: JSInternalError,
}

#: The numbers of the statuses that stop a run, as a host function returns them to go on stopping it.
STOPS = {_abi.TIMEOUT, _abi.CPU_TIME, _abi.INTERRUPTED, _abi.CANCELLED, _abi.TERMINATED, _abi.OUT_OF_MEMORY}


def make(status: int, error: Optional[int], home: Optional[Context]) -> BaseException:
    """The exception for a call that failed. It owns `error`."""
    if not error:
        name = _text(lib.status_name(status))
        kind = _CLASSES.get(status, JSInternalError)
        return kind("this process is a fork of one in which V8 had started" if status == _abi.FORKED else f"{name}")
    kind = _CLASSES.get(status, JSInternalError)
    if status == _abi.EXCEPTION and lib.error_name(error) == b"SyntaxError":
        kind = JSSyntaxError
    elif status == _abi.INVALID_ARGUMENT and (lib.error_message(error) or b"").endswith(b"is NULL"):
        kind = JSClosedError
    made = kind()
    assert isinstance(made, _Details)
    made._fill(error, home)
    if kind is JSClosedError:
        made.message = "it is closed" if status == _abi.INVALID_ARGUMENT else "the isolate is closed"
    made.args = (str(made),)
    return made


def call(function: Any, *arguments: Any, home: Optional[Context] = None) -> None:
    """Calls a function of the library whose last argument is the error; raises what went wrong."""
    error = ctypes.c_void_p()
    status = function(*arguments, ctypes.byref(error))
    if status:
        raise_failure(status, error.value, home)


def raise_failure(status: int, error: Optional[int], home: Optional[Context]) -> NoReturn:
    """Raises the exception of a call that failed: the Python exception that went through JavaScript, if it was one."""
    from . import function

    through = function.exception_of(status, error)
    if through is not None:
        if error:
            lib.error_free(error)
        raise through
    raise make(status, error, home)
