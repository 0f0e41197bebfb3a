"""ES modules: source text, synthetic, JSON and WebAssembly; who answers imports; files."""

from __future__ import annotations

import ctypes
import inspect
import weakref
from ctypes import byref
from typing import Any, Callable, Iterable, Optional, Sequence, Union

from . import _abi
from ._abi import lib
from ._convert import encode, slots
from ._userdata import FINALIZER, address, keep, table
from .context import Context, _bytes, optional_str, source_options
from .errors import call
from .function import _CALLBACKS, deliver, deliver_exception, home_of
from .isolate import _limits
from .limits import integer
from .object import JSObject
from .promise import JSPromise

STATUSES = ("unlinked", "linking", "linked", "evaluating", "evaluated", "errored")
PHASES = ("evaluation", "source")


class ModuleRequest:
    """What an import asks for."""

    __slots__ = ("specifier", "attributes", "phase", "referrer_name", "referrer", "context")

    def __init__(self, request: Any, context: Optional[Context]) -> None:
        #: The specifier, as it stands in the source.
        self.specifier: str = _text(request.specifier)
        pairs = request.attributes.contents if request.attribute_count else ()
        if request.attribute_count:
            pairs = ctypes.cast(request.attributes, ctypes.POINTER(_abi.Str * 2 * request.attribute_count)).contents
        #: The attributes: `with { type: 'json' }` is {"type": "json"}.
        self.attributes: dict[str, str] = {_text(key): _text(value) for key, value in pairs}
        #: "evaluation", or "source" for `import source`.
        self.phase: str = PHASES[request.phase]
        #: The file name, or the identifier, of the code that asks; "" if it is not known.
        self.referrer_name: str = ""
        #: The module or compiled function that asks, if it is one.
        self.referrer: Union[Module, JSObject, None] = None
        #: The context in which the code runs: where to make the module.
        self.context: Optional[Context] = context

    def __repr__(self) -> str:
        return f"<jsvm.ModuleRequest {self.specifier!r} {self.attributes}>"


#: Says what an import names. For Module.link it gives a Module, which may be unlinked. For `import()` it gives a Module that is
#: evaluated, a namespace, a promise of one, or it is async and gives one of these. What it raises, the import throws.
Importer = Callable[[ModuleRequest], Any]

#: Fills `import.meta`: called with the object and the module.
ImportMeta = Callable[[JSObject, "Module"], object]


def _text(given: Any) -> str:
    return ctypes.string_at(given.data, given.len).decode("utf-8", "replace") if given.data else ""


#: The modules that Python has, by their handles.
_modules: weakref.WeakValueDictionary[int, Module] = weakref.WeakValueDictionary()


class Module:
    """An ES module of source text. node:vm: vm.SourceTextModule.

    It is compiled here, linked by `link` (which asks for what it imports), and run by `evaluate`.

    identifier: its name in errors, and what those who import from it are told. importer: answers its `import()`.
    import_meta: fills its `import.meta`. cached_data: bytes of create_cached_data; what does not fit raises JSUsageError.
    Raises JSSyntaxError.
    """

    __slots__ = ("_home", "_handle", "__weakref__")

    def __init__(
        self,
        context: Context,
        source: str,
        *,
        identifier: Optional[str] = None,
        line_offset: int = 0,
        column_offset: int = 0,
        cached_data: Optional[bytes] = None,
        importer: Optional[Importer] = None,
        import_meta: Optional[ImportMeta] = None,
    ) -> None:
        data = encode(source, "source")
        hooks = hooks_of(importer, import_meta)
        options = _abi.ModuleOptions(
            ctypes.sizeof(_abi.ModuleOptions),
            optional_str(identifier, "identifier"),
            *source_options(line_offset, column_offset, cached_data),
            hooks.handle if hooks else None,
        )
        self._make(context, lib.module_new, data, len(data), byref(options))

    def _make(self, context: Context, function: Any, *arguments: Any) -> None:
        if not isinstance(context, Context):
            raise TypeError(f"a module is of a Context, not {type(context).__name__}")
        self._home = context
        result = ctypes.c_void_p()
        call(function, context._handle, *arguments, byref(result), home=context)
        self._handle = result.value or 0
        _modules[self._handle] = self

    def __del__(self, _free: Any = lib.module_free) -> None:
        _free(getattr(self, "_handle", 0))

    def __repr__(self) -> str:
        return f"<jsvm.{type(self).__name__} {self.identifier!r}>"

    def _ask(self, function: Any, kind: Any) -> Any:
        result = kind()
        call(function, self._handle, byref(result), home=self._home)
        return result

    @property
    def identifier(self) -> str:
        """Its identifier."""
        return (lib.module_identifier(self._handle) or b"").decode("utf-8", "replace")

    @property
    def context(self) -> Context:
        """The context that it is of."""
        return self._home

    @property
    def status(self) -> str:
        """ "unlinked", "linking", "linked", "evaluating", "evaluated" or "errored"."""
        return STATUSES[self._ask(lib.module_status, ctypes.c_uint32).value]

    @property
    def error(self) -> Any:
        """What it has thrown, if it is errored."""
        return self._home._take(self._ask(lib.module_error, _abi.Slot))

    @property
    def namespace(self) -> JSObject:
        """The object whose properties are its exports."""
        handle = self._ask(lib.module_namespace, ctypes.c_void_p).value
        return self._home._wrap(_abi.OBJECT, lib.value_flags(handle), handle)  # type: ignore[no-any-return]

    @property
    def requests(self) -> list[ModuleRequest]:
        """What it imports, in the order of the source."""
        found = self._ask(lib.module_requests, _abi.List)
        try:
            requests = ctypes.cast(found.data, ctypes.POINTER(_abi.ModuleRequest))
            made = [ModuleRequest(requests[index], self._home) for index in range(found.len)]
        finally:
            lib.module_request_list_clear(byref(found))
        for request in made:
            request.referrer, request.referrer_name = self, self.identifier
        return made

    @property
    def has_top_level_await(self) -> bool:
        """Whether it uses `await` outside of functions."""
        return bool(self._ask(lib.module_has_top_level_await, ctypes.c_bool).value)

    @property
    def has_async_graph(self) -> bool:
        """Whether it, or what it depends on, uses `await` outside of functions."""
        return bool(self._ask(lib.module_has_async_graph, ctypes.c_bool).value)

    def create_cached_data(self) -> bytes:
        """Bytes that make the next compilation of the same source fast."""
        return _bytes(self._ask(lib.module_create_cached_data, _abi.List)) or b""

    def link(self, linker: Importer, **limits: Any) -> None:
        """Links it and all that it depends on: the linker is asked for the module of each import. node:vm: module.link."""
        if not callable(linker):
            raise TypeError(f"a linker is callable, and not {type(linker).__name__}")
        userdata = keep(_Hooks(linker, None))
        try:
            call(lib.module_link, self._handle, _IMPORT, userdata, _limits(limits), home=self._home)
        finally:
            table.pop(userdata, None)

    async def link_async(self, linker: Importer) -> None:
        """Links it by a linker that may be async."""
        seen = {self._handle}
        queue: list[Module] = [self]
        for module in queue:
            if module.status != "unlinked":
                continue
            found = []
            for request in module.requests:
                given = linker(request)
                one = await given if inspect.isawaitable(given) else given
                found.append(_module(one))
            module.link_requests(found)
            for one in found:
                if one._handle not in seen:
                    seen.add(one._handle)
                    queue.append(one)
        if self.status == "unlinked":
            self.instantiate()

    def link_requests(self, modules: Sequence[Module]) -> None:
        """Says what modules its `requests` are for, in their order. node:vm: module.linkRequests."""
        handles = (ctypes.c_void_p * len(modules))(*[_module(one)._handle for one in modules])
        call(lib.module_link_requests, self._handle, handles, len(modules), home=self._home)

    def instantiate(self) -> None:
        """Binds imports to exports, after link_requests of all modules of the graph. node:vm: module.instantiate."""
        call(lib.module_instantiate, self._handle, home=self._home)

    def evaluate(self, **limits: Any) -> JSPromise:
        """Runs it and all that it depends on. `await` the promise, or ask it for its result(). The limits are Context.eval's."""
        made = ctypes.c_void_p()
        call(lib.module_evaluate, self._handle, _limits(limits), byref(made), home=self._home)
        return self._home._wrap(_abi.OBJECT, _abi.FLAG_PROMISE, made.value or 0)  # type: ignore[no-any-return]


class SyntheticModule(Module):
    """A module whose exports Python sets: by `set_export` at any time, or in `evaluate`, which is called with the module."""

    __slots__ = ()

    def __init__(
        self,
        context: Context,
        export_names: Iterable[str],
        evaluate: Optional[Callable[[SyntheticModule], object]] = None,
        *,
        identifier: Optional[str] = None,
    ) -> None:
        if isinstance(export_names, str):
            raise TypeError("export_names must be an iterable of names, not a str")
        names = _abi.strings([encode(name, "an export's name") for name in export_names])
        callback = userdata = finalizer = None
        if evaluate is not None:
            if not callable(evaluate):
                raise TypeError(f"evaluate must be callable, not {type(evaluate).__name__}")
            callback, userdata, finalizer = _EVALUATE, keep((evaluate, weakref.ref(context))), FINALIZER
        self._make(
            context,
            lib.synthetic_module_new,
            optional_str(identifier, "identifier"),
            names,
            len(names),
            callback,
            userdata,
            finalizer,
        )

    def set_export(self, name: str, value: Any) -> None:
        """Sets an export, at once also for who imports it. node:vm: module.setExport."""
        data = encode(name, "name")
        buffer, kept = slots(self._home, (value,))
        call(lib.module_set_export, self._handle, data, len(data), buffer, home=self._home)


class JSONModule(Module):
    """A module whose default export is the value of JSON text. Raises JSSyntaxError."""

    __slots__ = ()

    def __init__(self, context: Context, text: str, *, identifier: Optional[str] = None) -> None:
        data = encode(text, "text")
        self._make(context, lib.json_module_new, optional_str(identifier, "identifier"), data, len(data))


class WasmModule(Module):
    """A module whose default export, and source, is the WebAssembly.Module of a .wasm file's bytes."""

    __slots__ = ()

    def __init__(self, context: Context, data: bytes, *, identifier: Optional[str] = None) -> None:
        copy = bytes(memoryview(data))
        self._make(context, lib.wasm_module_new, optional_str(identifier, "identifier"), copy, len(copy))


class FileLoader:
    """The ES modules below one folder: made by Context.file_loader."""

    __slots__ = ("_home", "_handle", "__weakref__")

    def __init__(self, context: Context, root: str, import_map: Optional[str], builtins: bool, max_file_size: int) -> None:
        self._home = context
        options = _abi.FileLoaderOptions(
            ctypes.sizeof(_abi.FileLoaderOptions),
            optional_str(root, "root"),
            optional_str(import_map, "import_map"),
            builtins,
            integer(max_file_size, "max_file_size", 64),
        )
        result = ctypes.c_void_p()
        call(lib.file_loader_new, context._handle, byref(options), byref(result), home=context)
        self._handle = result.value or 0

    def __del__(self, _free: Any = lib.file_loader_free) -> None:
        _free(getattr(self, "_handle", 0))

    def import_module(self, specifier: str, **limits: Any) -> JSPromise:
        """A promise of the namespace of "./main.mjs" and the like, with all that it imports. The limits are Context.eval's."""
        data = encode(specifier, "specifier")
        made = ctypes.c_void_p()
        call(lib.file_loader_import, self._handle, data, len(data), _limits(limits), byref(made), home=self._home)
        return self._home._wrap(_abi.OBJECT, _abi.FLAG_PROMISE, made.value or 0)  # type: ignore[no-any-return]


def _module(given: Any) -> Module:
    if not isinstance(given, Module):
        raise TypeError(f"a Module is needed, not {type(given).__name__}")
    return given


class _Hooks:
    """What C keeps of an importer and an import_meta."""

    __slots__ = ("importer", "import_meta")

    def __init__(self, importer: Optional[Importer], import_meta: Optional[ImportMeta]) -> None:
        self.importer = importer
        self.import_meta = import_meta


class _HooksHandle:
    __slots__ = ("handle",)

    def __init__(self, handle: int) -> None:
        self.handle = handle

    def __del__(self, _free: Any = lib.import_hooks_free) -> None:
        _free(self.handle)


def hooks_of(importer: Optional[Importer], import_meta: Optional[ImportMeta]) -> Optional[_HooksHandle]:
    """Hooks for the code that is compiled now; None for none."""
    if importer is None and import_meta is None:
        return None
    for function in (importer, import_meta):
        if function is not None and not callable(function):
            raise TypeError(f"a callable is needed, not {type(function).__name__}")
    options = _abi.ImportHooksOptions(ctypes.sizeof(_abi.ImportHooksOptions))
    if importer is not None:
        options.import_module_dynamically = _import_callback
    if import_meta is not None:
        options.initialize_import_meta = _meta_callback
    result = ctypes.c_void_p()
    call(lib.import_hooks_new, byref(options), keep(_Hooks(importer, import_meta)), FINALIZER, byref(result))
    return _HooksHandle(result.value or 0)


def _known_module(home: Context, handle: int) -> Module:
    """A module that a callback is told of."""
    found = _modules.get(handle)
    if found is None:
        found = Module.__new__(Module)
        found._home = home
        found._handle = lib.module_clone(handle) or 0
    return found


def _on_import(userdata: int, request: Any, module: Any, result: int) -> int:
    home = None
    try:
        asked = request.contents
        home = home_of(None, lambda: lib.context_clone(asked.context))
        made = ModuleRequest(asked.request, home)
        made.referrer_name = _text(asked.referrer_name)
        if asked.referrer_module:
            made.referrer = _known_module(home, asked.referrer_module)
        elif asked.referrer_function:
            made.referrer = home._wrap(_abi.FUNCTION, 0, lib.value_clone(asked.referrer_function))
        given = table[userdata].importer(made)
        if isinstance(given, Module):
            module[0] = lib.module_clone(given._handle)
        elif isinstance(given, JSObject):
            deliver(home, given, result)
        elif inspect.isawaitable(given):
            deliver(home, _namespace(given), result)
        else:
            raise TypeError(f"an importer gives a Module, a namespace or a promise, not {type(given).__name__}")
        return 0
    except BaseException as error:
        return deliver_exception(home, error, result)


async def _namespace(awaitable: Any) -> Any:
    given = await awaitable
    return given.namespace if isinstance(given, Module) else given


def _on_meta(userdata: int, module: int, meta: int, exception: int) -> int:
    home = None
    try:
        home = _home_of_module(module)
        known = _known_module(home, module)
        table[userdata].import_meta(home._wrap(_abi.OBJECT, 0, lib.value_clone(meta)), known)
        return 0
    except BaseException as error:
        return deliver_exception(home, error, exception)


def _home_of_module(module: int) -> Context:
    found = _modules.get(module)
    return home_of(found._home if found is not None else None, lambda: _context_of(module))


def _context_of(module: int) -> Optional[int]:
    result = ctypes.c_void_p()
    call(lib.module_context, module, byref(result))
    return result.value


def _on_evaluate(userdata: int, module: int, exception: int) -> int:
    home = None
    try:
        evaluate, context = table[userdata]
        home = home_of(context(), lambda: _context_of(module))
        known = _modules.get(module)
        if known is None:
            known = SyntheticModule.__new__(SyntheticModule)
            known._home, known._handle = home, lib.module_clone(module) or 0
        evaluate(known)
        return 0
    except BaseException as error:
        return deliver_exception(home, error, exception)


_CALLBACKS.update(repr(one) for one in (_on_import, _on_meta, _on_evaluate))
_import_callback = _abi.IMPORT_CALLBACK(_on_import)
_IMPORT = address(_import_callback)
_meta_callback = _abi.IMPORT_META_CALLBACK(_on_meta)
_evaluate_callback = _abi.EVALUATE_CALLBACK(_on_evaluate)
_EVALUATE = address(_evaluate_callback)
