"""node:vm's functions, with its names in snake_case, for one isolate of the process.

`this context` is the main context of `this_isolate()`. Options are those of Context.eval; where node:vm takes an object as a
context, these take a JSObject that create_context gave, or a dict, which becomes one.
"""

from __future__ import annotations

import threading
from typing import Any, Iterable, Optional, Union

from .context import Context
from .errors import JSUsageError, call
from .isolate import Isolate
from .module import Module, SyntheticModule
from .object import JSFunction, JSObject
from .promise import JSPromise
from .script import Script as _Script

SourceTextModule = Module

__all__ = [
    "Script",
    "SourceTextModule",
    "SyntheticModule",
    "compile_function",
    "constants",
    "context_of",
    "create_context",
    "is_context",
    "measure_memory",
    "run_in_context",
    "run_in_new_context",
    "run_in_this_context",
    "this_isolate",
]

_lock = threading.Lock()
_isolate: Optional[Isolate] = None


def this_isolate() -> Isolate:
    """The isolate of this module's functions: made when it is first asked for, and anew when it was closed."""
    global _isolate
    with _lock:
        if _isolate is None or _isolate.closed:
            _isolate = Isolate()
        return _isolate


class constants:
    """node:vm: vm.constants."""

    #: For create_context: an ordinary context, whose global object is given.
    DONT_CONTEXTIFY = object()


Contextified = Union[JSObject, dict[str, Any]]


def create_context(context_object: Any = None, **options: Any) -> JSObject:
    """Contextifies an object (a new one if none is given), and gives it. Options: those of Isolate.context."""
    isolate = this_isolate()
    if context_object is constants.DONT_CONTEXTIFY:
        return isolate.context(**options).globals
    if isinstance(context_object, JSObject):
        isolate = context_object._home._isolate
    context = isolate.context(contextify=True if context_object is None else context_object, **options)
    return context.contextified_object


def context_of(contextified: JSObject) -> Context:
    """The context of an object that is contextified."""
    import ctypes

    from ._abi import lib

    if not isinstance(contextified, JSObject):
        raise TypeError(f"a contextified object is a JSObject, not {type(contextified).__name__}")
    found = ctypes.c_void_p()
    call(lib.is_context, contextified._handle, None, ctypes.byref(found))
    if not found.value:
        raise JSUsageError("the object is not contextified")
    return Context(contextified._home._isolate, found.value)


def is_context(value: Any) -> bool:
    """Whether a value is an object that was contextified."""
    import ctypes

    from ._abi import lib

    if not isinstance(value, JSObject):
        return False
    found = ctypes.c_bool()
    call(lib.is_context, value._handle, ctypes.byref(found), None)
    return found.value


def run_in_context(code: str, contextified: JSObject, **options: Any) -> Any:
    """Runs code in the context of an object."""
    return context_of(contextified).eval(code, **options)


def run_in_new_context(code: str, context_object: Any = None, **options: Any) -> Any:
    """Contextifies an object and runs code in its context."""
    return run_in_context(code, create_context(context_object), **options)


def run_in_this_context(code: str, **options: Any) -> Any:
    """Runs code in this context."""
    return this_isolate().main_context.eval(code, **options)


def compile_function(
    code: str, params: Iterable[str] = (), *, parsing_context: Optional[JSObject] = None, **options: Any
) -> JSFunction:
    """Compiles a function, in this context or in that of an object. Options: those of Context.compile_function."""
    context = this_isolate().main_context if parsing_context is None else context_of(parsing_context)
    return context.compile_function(code, params, **options)


def measure_memory(mode: str = "summary", execution: str = "default") -> JSPromise:
    """A promise of what the contexts keep alive."""
    return this_isolate().main_context.measure_memory(mode, execution)


class Script(_Script):
    """A compiled script of this isolate. Options: those of jsvm.Script."""

    __slots__ = ()

    def __init__(self, code: str, **options: Any) -> None:
        super().__init__(options.pop("isolate", None) or this_isolate(), code, **options)

    def run_in_context(self, contextified: JSObject, **options: Any) -> Any:
        """Runs it in the context of an object."""
        return self.run(context_of(contextified), **options)

    def run_in_new_context(self, context_object: Any = None, **options: Any) -> Any:
        """Contextifies an object and runs it in its context."""
        return self.run_in_context(create_context(context_object), **options)

    def run_in_this_context(self, **options: Any) -> Any:
        """Runs it in this context."""
        return self.run(None, **options)
