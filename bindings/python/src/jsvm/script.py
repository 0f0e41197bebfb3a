"""Scripts: compiled once, run many times."""

from __future__ import annotations

import ctypes
from ctypes import byref
from typing import TYPE_CHECKING, Any, Iterable, Optional, Sequence

from . import _abi
from ._abi import lib
from ._convert import encode
from .context import Context, Live, _bytes, optional_str, script_options_of, source_options
from .errors import call, raise_failure
from .isolate import Isolate, _limits
from .object import JSFunction, JSObject, _make

if TYPE_CHECKING:
    from .module import Importer


class Script:
    """A compiled script, for any context of its isolate. node:vm: vm.Script.

    cached_data: bytes of create_cached_data, to compile fast; what does not fit is refused (`cached_data_rejected`). Take them
    from your own disk only. The other options are those of Context.eval. Raises JSSyntaxError.
    """

    __slots__ = ("_isolate", "_handle", "__weakref__")

    def __init__(
        self,
        isolate: Isolate,
        code: str,
        *,
        filename: Optional[str] = None,
        line_offset: int = 0,
        column_offset: int = 0,
        cached_data: Optional[bytes] = None,
        display_errors: bool = True,
        importer: Optional[Importer] = None,
    ) -> None:
        if not isinstance(isolate, Isolate):
            raise TypeError(f"a script is compiled in an Isolate, not {type(isolate).__name__}")
        self._isolate = isolate
        data = encode(code, "code")
        options = script_options_of(filename, line_offset, column_offset, cached_data, display_errors, importer)
        result = ctypes.c_void_p()
        main = isolate.main_context
        call(lib.script_new, isolate._open(), data, len(data), byref(options), byref(result), home=main)
        self._handle = result.value or 0

    def __del__(self, _free: Any = lib.script_free) -> None:
        _free(getattr(self, "_handle", 0))

    def run(self, context: Optional[Context] = None, *, copy: bool = False, **limits: Any) -> Any:
        """Runs it in a context, or in the isolate's main one. The limits and `copy` are those of Context.eval.

        node:vm: script.runInContext, script.runInThisContext.
        """
        if context is None:
            function, home, where = lib.script_run_in_this_context, self._isolate.main_context, ()
        elif isinstance(context, Context):
            function, home, where = lib.script_run_in_context, context, (context._handle,)  # type: ignore[assignment]
        else:
            raise TypeError(f"a script runs in a Context, not {type(context).__name__}")
        slot = _abi.Slot()
        call(function, self._handle, *where, _limits(limits), byref(slot), home=home)
        value = home._take(slot)
        return value.copy() if copy and isinstance(value, Live) else value

    def run_in_new_context(self, *, copy: bool = False, **limits: Any) -> tuple[Any, Context]:
        """Makes an ordinary context and runs it there: the value and the context. node:vm: script.runInNewContext."""
        slot, error, made = _abi.Slot(), ctypes.c_void_p(), ctypes.c_void_p()
        status = lib.script_run_in_new_context(self._handle, None, _limits(limits), byref(slot), byref(made), byref(error))
        context = Context(self._isolate, made.value or 0)
        if status:
            raise_failure(status, error.value, context)
        value = context._take(slot)
        return (value.copy() if copy and isinstance(value, Live) else value), context

    def create_cached_data(self) -> bytes:
        """Bytes that make the next compilation of the same source fast; after runs with what was compiled on the way."""
        found = _abi.List()
        call(lib.script_create_cached_data, self._handle, byref(found))
        return _bytes(found) or b""

    @property
    def cached_data_rejected(self) -> bool:
        """Whether the cached data was refused."""
        return bool(lib.script_cached_data_rejected(self._handle))

    @property
    def source_map_url(self) -> Optional[str]:
        """The URL of the source's sourceMappingURL comment."""
        data: Optional[bytes] = lib.script_source_map_url(self._handle)
        return None if data is None else data.decode("utf-8", "replace")

    @property
    def source_url(self) -> Optional[str]:
        """The URL of the source's sourceURL comment."""
        data: Optional[bytes] = lib.script_source_url(self._handle)
        return None if data is None else data.decode("utf-8", "replace")


def compile_function(
    context: Context,
    body: str,
    params: Iterable[str],
    filename: Optional[str],
    line_offset: int,
    column_offset: int,
    cached_data: Optional[bytes],
    produce_cached_data: bool,
    context_extensions: Sequence[JSObject],
    importer: Optional[Importer],
) -> JSFunction:
    from .module import hooks_of

    if isinstance(params, str):
        raise TypeError("params must be an iterable of names, not a str")
    names = _abi.strings([encode(name, "a parameter") for name in params])
    for extension in context_extensions:
        if not isinstance(extension, JSObject):
            raise TypeError(f"a context extension is a JSObject, not {type(extension).__name__}")
    extensions = (ctypes.c_void_p * len(context_extensions))(*[one._handle for one in context_extensions])
    data = encode(body, "body")
    hooks = hooks_of(importer, None)
    options = _abi.CompileFunctionOptions(
        ctypes.sizeof(_abi.CompileFunctionOptions),
        optional_str(filename, "filename"),
        *source_options(line_offset, column_offset, cached_data),
        ctypes.addressof(extensions) if context_extensions else None,
        len(context_extensions),
        hooks.handle if hooks else None,
    )
    result, rejected, produced = ctypes.c_void_p(), ctypes.c_bool(), _abi.List()
    call(
        lib.context_compile_function,
        context._handle,
        data,
        len(data),
        names,
        len(names),
        byref(options),
        byref(result),
        byref(rejected),
        byref(produced) if produce_cached_data else None,
        home=context,
    )
    made: JSFunction = _make(JSFunction, context, result.value or 0)
    JSFunction.__dict__["cached_data"].__set__(made, _bytes(produced))
    JSFunction.__dict__["cached_data_rejected"].__set__(made, rejected.value)
    return made
