"""What the pickles of values that go in call: names, which libjsvm knows. See jsvm_value_unpickle in jsvm.h."""

from __future__ import annotations

from typing import Any, NoReturn


class Name:
    """A name in this module."""

    def __init__(self, name: str) -> None:
        self.name = name

    def __call__(self, *arguments: Any) -> NoReturn:
        raise NotImplementedError("libjsvm calls it")


bigint = Name("bigint")
date = Name("date")
handle = Name("handle")
map = Name("map")
regexp = Name("regexp")
set = Name("set")
value = Name("value")
