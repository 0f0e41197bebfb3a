"""node:vm for Python: JavaScript in isolates and contexts of V8, with limits.

>>> import jsvm
>>> with jsvm.Isolate() as isolate:
...     isolate.context().eval("[1, 2, 3].map((x) => x * x)", timeout=0.5, copy=True)
[1, 4, 9]
"""

from __future__ import annotations

from . import vm as vm
from ._abi import lib as _lib
from ._values import BigInt, Map, RegExp, UndefinedType, undefined
from .buffer import JSBuffer
from .containers import JSArray, JSMap, JSSet
from .context import Context
from .errors import *  # noqa: F403
from .errors import __all__ as _errors
from .function import Call
from .isolate import (
    ContextMemory,
    HeapStatistics,
    Isolate,
    MemoryMeasurement,
    flush_finalizers,
    live_handles,
    set_v8_flags,
)
from .limits import CancelToken
from .module import (
    FileLoader,
    Importer,
    ImportMeta,
    JSONModule,
    Module,
    ModuleRequest,
    SyntheticModule,
    WasmModule,
)
from .object import JSFunction, JSObject, JSSymbol
from .promise import JSPromise, Resolver
from .script import Script

for _name in _errors:
    globals()[_name].__module__ = "jsvm"  # as tracebacks are to say it

#: The library's version, and V8's.
__version__: str = _lib.version().decode()
v8_version: str = _lib.v8_version().decode()

__all__ = [
    "BigInt", "Call", "CancelToken", "Context", "ContextMemory", "FileLoader", "HeapStatistics", "ImportMeta", "Importer",
    "Isolate", "JSArray", "JSBuffer", "JSFunction", "JSMap", "JSONModule", "JSObject", "JSPromise", "JSSet", "JSSymbol", "Map",
    "MemoryMeasurement", "Module", "ModuleRequest", "RegExp", "Resolver", "Script", "SyntheticModule", "UndefinedType",
    "WasmModule", "flush_finalizers", "live_handles", "set_v8_flags", "undefined", "v8_version", "vm", *_errors,
]  # fmt: skip
