"""Finds libjsvm.so: the one that JSVM_LIBRARY names, or the one inside this package."""

from __future__ import annotations

import ctypes
import os

ABI_VERSION = 1


def path() -> str:
    """The library's path. Raises ImportError if there is none."""
    named = os.environ.get("JSVM_LIBRARY")
    if named:
        if not os.path.isfile(named):
            raise ImportError(f"JSVM_LIBRARY is {named!r}, and that is no file")
        return os.path.abspath(named)
    own = os.path.join(os.path.dirname(os.path.abspath(__file__)), "libjsvm.so")
    if not os.path.isfile(own):
        raise ImportError(f"{own} is missing: install the package, or name the library in JSVM_LIBRARY")
    return own


def load() -> tuple[ctypes.CDLL, ctypes.PyDLL]:
    """The library twice: calls of the first give the GIL back while they run, calls of the second keep it."""
    file = path()
    try:
        waiting = ctypes.CDLL(file)
        version = waiting.jsvm_abi_version()
    except (OSError, AttributeError) as error:
        raise ImportError(f"{file} cannot be loaded as libjsvm: {error}") from None
    if version != ABI_VERSION:
        raise ImportError(f"{file} has the ABI {version}, and this package needs {ABI_VERSION}")
    return waiting, ctypes.PyDLL(file)
