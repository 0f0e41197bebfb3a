"""What scripts expect around them: Context.install."""

from __future__ import annotations

import ctypes
from typing import TYPE_CHECKING, Any, Callable, Optional, Sequence

from . import _abi
from ._abi import lib
from ._convert import encode
from ._userdata import FINALIZER, keep, table
from .errors import call
from .function import notice

if TYPE_CHECKING:
    from .context import Context


@notice
def _on_write(userdata: int, stream: int, data: Optional[int], length: int) -> None:
    write = table.get(userdata)
    if write is not None:
        write(stream, _abi.bytes_at(data, length) if data else b"")


_write_callback = _abi.WRITE_CALLBACK(_on_write)
_finalizer = ctypes.cast(FINALIZER, _abi.USERDATA_CALLBACK)


def _strings(texts: Sequence[str], what: str) -> Any:
    if isinstance(texts, str):
        raise TypeError(f"{what} must be a sequence of str, not a str")
    return _abi.strings([encode(text, what) for text in texts])


def install(
    context: Context,
    parts: Sequence[str],
    write: Optional[Callable[[int, bytes], object]],
    argv: Sequence[str],
    exec_argv: Sequence[str],
    env: Optional[dict[str, str]],
    require_from: Optional[str],
) -> None:
    from .context import PARTS, optional_str

    bits = 0
    for part in parts:
        if part not in PARTS:
            raise ValueError(f"a part is one of {tuple(PARTS)}, not {part!r}")
        bits |= PARTS[part]
    if write is not None and not callable(write):
        raise TypeError(f"write must be callable, not {type(write).__name__}")
    arguments = _strings(argv, "argv")
    exec_arguments = _strings(exec_argv, "exec_argv")
    environment = _strings([f"{name}={value}" for name, value in (env or {}).items()], "env")
    options = _abi.InstallOptions(
        struct_size=ctypes.sizeof(_abi.InstallOptions),
        argv=ctypes.addressof(arguments) if argv else None,
        argv_count=len(argv),
        exec_argv=ctypes.addressof(exec_arguments) if exec_argv else None,
        exec_argv_count=len(exec_argv),
        env=ctypes.addressof(environment) if env else None,
        env_count=len(env or ()),
        require_from=optional_str(require_from, "require_from"),
    )
    if write is not None:
        options.write = _write_callback
        options.userdata = keep(write)
        options.finalizer = _finalizer
    call(lib.context_install, context._handle, bits, ctypes.byref(options), home=context)
