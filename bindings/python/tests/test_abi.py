"""The table of _abi.py says what jsvm.h says."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from jsvm import _abi

HEADER = Path(__file__).resolve().parents[3] / "include" / "jsvm.h"


def letters(parameters: str) -> str:
    """The parameters of a C function in the letters of the table."""
    found = ""
    for parameter in parameters.replace("\n", " ").split(","):
        kind = parameter.strip()
        if kind in ("", "void"):
            continue
        pointer = "*" in kind or re.match(r"jsvm_(finalizer|\w+_callback)\b", kind)
        plain = {"size_t": "n", "uint32_t": "u", "uint64_t": "U", "double": "d", "jsvm_str": "S"}
        found += "p" if pointer else plain[kind.split()[0]]
    return found


@pytest.mark.skipif(not HEADER.is_file(), reason="the header is not here")
def test_the_table_is_the_headers() -> None:
    header = re.sub(r"/\*.*?\*/", "", HEADER.read_text(), flags=re.DOTALL)
    declared = dict(re.findall(r"\b(jsvm_\w+)\(([^)]*)\);", header))
    assert len(declared) > 150
    for line in filter(None, (_abi._WAITING + _abi._QUICK).splitlines()):
        name, _, signature = line.partition(" ")
        ours = signature.replace(" ", "").rpartition(">")[2].replace("z", "p")
        assert ours == letters(declared[name]), name
