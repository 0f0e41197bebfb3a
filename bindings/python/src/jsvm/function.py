"""Python functions that JavaScript calls, and exceptions on their way through JavaScript.

raised in the function            what JavaScript sees            what leaves the call around it
TypeError                         a TypeError                     that exception, with its traceback
another Exception                 an Error, "Name: message"       that exception, with its traceback
JSError of a nested call          the value that was thrown       a JSError of that value
JSStopped                         nothing: it is stopped too      the same class
KeyboardInterrupt, SystemExit     nothing: it is stopped          that exception
"""

from __future__ import annotations

import ctypes
import sys
import threading
import weakref
from struct import Struct
from typing import TYPE_CHECKING, Any, Callable, Optional

from . import _abi, _sigint
from ._abi import NUMBER_SLOT, SLOT, SLOT_SIZE, lib
from ._convert import LIMIT, MAX_SAFE, MIN_SAFE, encode, number, read, write
from ._userdata import FINALIZER, address, keep, table
from ._values import undefined
from .errors import STOPS, JSError, JSInterrupted, JSStopped, call, make
from .limits import integer

if TYPE_CHECKING:
    from .context import Context

_CALL = Struct("=8xQQ?7x")
_NUMBER = _abi.NUMBER
# Of up to four arguments: kind and number of each; and the kinds if all are numbers.
_NUMBERS = [Struct("=" + "I4xd24x" * count) for count in range(5)]
_ALL_NUMBERS = [(_NUMBER,) * count for count in range(5)]

# Memory that C gave, by its address and size. It is only looked at while C's call lasts; the same stack frames come again.
_views: dict[int, Any] = {}
_CALL_SIZE = 32 << 48
_RESULT_SIZE = SLOT_SIZE << 48


def _view(at: int, size: int) -> Any:
    if len(_views) >= 4096:
        _views.clear()
    found = _views[at | size << 48] = (ctypes.c_char * size).from_address(at)
    return found


class Call:
    """A call of a host function that asked for it (`pass_call`). It must not be used after the call."""

    __slots__ = ("_call", "_home", "is_construct_call")

    def __init__(self, call: int, home: Context, is_construct_call: bool) -> None:
        self._call = call
        self._home = home
        #: Called by `new`: `this` is the new object.
        self.is_construct_call = is_construct_call

    def _value(self, function: Any) -> Any:
        slot = _abi.Slot()
        call(function, self._call, ctypes.byref(slot))
        return self._home._take(slot)

    @property
    def this(self) -> Any:
        """The `this` of the call."""
        return self._value(lib.call_this)

    @property
    def new_target(self) -> Any:
        """The `new.target`: undefined unless it was called by `new`."""
        return self._value(lib.call_new_target)


class Host:
    """What JavaScript owns of a Python function. It does not keep the context, which would keep it."""

    __slots__ = ("function", "home", "pass_call")

    def __init__(self, function: Callable[..., Any], home: Context, pass_call: bool) -> None:
        self.function = function
        self.home = weakref.ref(home)
        self.pass_call = pass_call


def home_of(found: Optional[Context], handle_of: Callable[[], Optional[int]]) -> Context:
    """A callback's context: the object that Python has, or a new one of a handle that the callback can ask for."""
    if found is not None:
        return found
    from .context import Context
    from .isolate import _isolates

    handle = handle_of()
    isolate = _isolates.get(lib.context_isolate(handle) or 0) if handle else None
    if isolate is None:
        raise JSStopped("the isolate is closed")
    return Context(isolate, handle or 0)


def _context_of_call(at: int) -> Optional[int]:
    result = ctypes.c_void_p()
    call(lib.call_context, at, ctypes.byref(result))
    return result.value


def _on_call(userdata: int, call: int, result: int) -> int:
    home = None
    try:
        host = table[userdata]
        args, count, construct = _CALL.unpack_from(_views.get(call | _CALL_SIZE) or _view(call, 32))
        handles: Any = ()
        values: Any = ()
        if count:
            size = count * SLOT_SIZE
            view = _views.get(args | size << 48) or _view(args, size)
            if count < 5:
                fields = _NUMBERS[count].unpack_from(view)
                if fields[::2] == _ALL_NUMBERS[count]:
                    values = [int(x) if x.is_integer() and 0.0 < x < LIMIT else number(x) for x in fields[1::2]]
            if not values:
                home = _home(host, call)
                given = list(SLOT.iter_unpack(view))
                values = [read(home, *slot) for slot in given]
                handles = [slot[5] for slot in given]
        if host.pass_call:
            returned = host.function(Call(call, _home(host, call), construct), *values)
        else:
            returned = host.function(*values)
        kind = type(returned)
        if kind is int and MIN_SAFE <= returned <= MAX_SAFE or kind is float:
            NUMBER_SLOT.pack_into(_views.get(result | _RESULT_SIZE) or _view(result, 40), 0, _NUMBER, 0, returned)
        elif returned is not undefined:
            deliver(home or _home(host, call), returned, result, handles)
        return 0
    except BaseException as error:
        return deliver_exception(home or _home_or_none(userdata, call), error, result)


def _home(host: Host, call: int) -> Context:
    return host.home() or home_of(None, lambda: _context_of_call(call))


def _home_or_none(userdata: int, call: int) -> Optional[Context]:
    try:
        return _home(table[userdata], call)
    except BaseException:
        return None


def deliver(home: Context, value: Any, result: int, arguments: Any = ()) -> None:
    """Writes the result of a callback. libjsvm takes its handle, unless it is one of the arguments'."""
    kind = type(value)
    if kind is str and value.isascii():
        data = value.encode()
        call(lambda *them: lib.slot_set_string(*them[:-1]), result, data, len(data))
        return
    slot = ctypes.create_string_buffer(SLOT_SIZE)
    kept: list[Any] = []
    write(home, slot, 0, value, kept)
    kind, flags, number, data, length, handle = SLOT.unpack(slot)
    if handle:
        if handle not in arguments:
            lib.value_clone(handle)
    elif kind in (_abi.STRING, _abi.BIGINT):
        made = ctypes.c_void_p()
        call(lib.value_new, home._isolate._open(), slot, ctypes.byref(made))
        handle = made.value or 0
    SLOT.pack_into(_view(result, SLOT_SIZE), 0, kind, flags, number, 0, 0, handle)


#: What stops a run and is no Exception, by the thread that it is to leave by.
leaving: dict[int, BaseException] = {}


def _leave(error: BaseException, frame: Any) -> None:
    """Ends the run of the call that a frame makes, which raises the error."""
    leaving[threading.get_ident()] = error
    isolate = _sigint.isolate_of(frame)
    if isolate is not None:
        lib.isolate_terminate(isolate._handle, None)


def raise_leaving() -> None:
    """After a call: raises what is to leave by this thread, if the run was over before it could be ended."""
    error = leaving.pop(threading.get_ident(), None)
    if error is not None:
        raise error


def notice(callback: Callable[..., None]) -> Callable[..., None]:
    """A callback that tells C no status, and is called in a run.

    What is no Exception ends the run, as in a host function. An Exception is reported by sys.unraisablehook.
    """

    def _on_notice(*given: Any) -> None:
        try:
            callback(*given)
        except Exception:
            raise
        except BaseException as error:
            _leave(error, sys._getframe(1))

    _NOTICES.add(repr(_on_notice))
    return _on_notice


#: Tells Python's exceptions from what others tie to errors.
_KEY = address(_abi.USERDATA_CALLBACK(lambda number: None)) | 1


def deliver_exception(home: Optional[Context], error: BaseException, result: int) -> int:
    """Ends a callback with what it raised: writes what JavaScript catches, and gives the status."""
    try:
        # By the type: isinstance asks the exception for its __class__, which may raise.
        kind = type(error)
        if issubclass(kind, (JSStopped, JSInterrupted)):
            assert isinstance(error, (JSStopped, JSInterrupted))
            status = lib.error_status(error._error) if error._error else _abi.TERMINATED
            return status if status in STOPS else _abi.TERMINATED
        if not issubclass(kind, Exception) or home is None:
            leaving[threading.get_ident()] = error
            return _abi.TERMINATED
        if issubclass(kind, JSError) and isinstance(error, JSError) and error._error and error._home is not None:
            if error._home._isolate is home._isolate and lib.error_exception(error._error, result) == _abi.OK:
                return _abi.EXCEPTION
        owned = error_value(home, error)
        lib.value_clone(owned.handle)
        SLOT.pack_into(_view(result, SLOT_SIZE), 0, _abi.OBJECT, 0, 0.0, 0, 0, owned.handle)
        return _abi.EXCEPTION
    except BaseException:  # The error cannot be made: the isolate is closed, or full.
        return _abi.DISPOSED


def error_value(home: Context, error: BaseException) -> Any:
    """A JavaScript error that carries a Python exception, which comes out of the call around it."""
    from ._convert import Owned

    kind = 1 if issubclass(type(error), TypeError) else 0
    data = _message(error).encode("utf-8", "replace")
    made = ctypes.c_void_p()
    call(lib.exception_new, home._handle, kind, data, len(data), None, 0, ctypes.byref(made))
    owned = Owned(made.value or 0)
    call(lib.exception_set_userdata, owned.handle, _KEY, keep(error), FINALIZER)
    return owned


#: type.__name__, whatever a metaclass makes of it.
_name_of: Callable[[type], str] = type.__dict__["__name__"].__get__


def _message(error: BaseException) -> str:
    """What JavaScript sees of an exception. Its class may be anybody's, so that asking for the text may raise."""
    try:
        text = f"{error!s}"
    except Exception:
        text = ""
    if issubclass(type(error), (JSError, TypeError)):
        return text
    name = _name_of(type(error))
    return f"{name}: {text}" if text else name


def exception_of(status: int, error: Optional[int]) -> Optional[BaseException]:
    """The Python exception that a failed call is to end with, if there is one."""
    left = leaving.pop(threading.get_ident(), None) if leaving else None
    if left is not None:
        return left
    if status in STOPS:
        if status == _abi.TERMINATED and _sigint.was_interrupted():
            return make(_abi.INTERRUPTED, None, None)
    elif error and status == _abi.EXCEPTION:
        userdata = lib.error_userdata(error, _KEY)
        if userdata:
            # Taken out: its traceback keeps frames, and with them perhaps the isolate whose collector would let go of it.
            found: Optional[BaseException] = table.pop(userdata, None)
            return found
    return None


def _on_unraisable(given: Any) -> None:
    """What is raised as a callback of this package begins: Ctrl-C, or RecursionError.

    That is before its first line, so that it cannot catch it, and ctypes only reports it and gives C a status that nobody has
    set. So the run is stopped, and the exception raised by the call around it.
    """
    frame = sys._getframe().f_back
    error = given.exc_value or given.exc_type()
    ours = _CALLBACKS if isinstance(error, Exception) else _CALLBACKS | _NOTICES
    where = f"{given.err_msg} {given.object!r}"  # Some versions of Python say it in the one, some in the other.
    if _sigint.isolate_of(frame) is not None and any(one in where for one in ours):
        _leave(error, frame)
    else:
        _others(given)


#: The callbacks that return a status, and those that do not, as messages show them.
_CALLBACKS = {repr(_on_call)}
_NOTICES: set[str] = set()
_others = sys.unraisablehook
sys.unraisablehook = _on_unraisable

_call_callback = _abi.FUNCTION_CALLBACK(_on_call)
_CALLBACK = address(_call_callback)


def new_function(
    home: Context, function: Callable[..., Any], name: Optional[str], length: int, constructor: bool, pass_call: bool
) -> int:
    """A handle of a JavaScript function that calls a Python one."""
    if not callable(function):
        raise TypeError(f"a callable is needed, not {type(function).__name__}")
    called = getattr(function, "__name__", "") if name is None else name
    data = encode(called, "a function's name")
    options = _abi.FunctionOptions(
        ctypes.sizeof(_abi.FunctionOptions), _abi.Str(data, len(data)), integer(length, "length", 32), constructor
    )
    made = ctypes.c_void_p()
    userdata = keep(Host(function, home, pass_call))
    call(lib.function_new, home._handle, ctypes.byref(options), _CALLBACK, userdata, FINALIZER, ctypes.byref(made))
    return made.value or 0
