"""Arguments that are not what they should be: a clear TypeError or ValueError, and nothing left behind."""

from __future__ import annotations

import sys
from typing import Any, Callable

import pytest

import jsvm

INTEGERS: dict[str, Callable[[jsvm.Context, Any], Any]] = {
    "length": lambda context, n: context.function(print, length=n),
    "max_depth": lambda context, n: context.eval("[1]").copy(max_depth=n),
    "max_size": lambda context, n: context.eval("[1]").copy(max_size=n),
    "max_bytes": lambda context, n: context.eval("[1]").copy(max_bytes=n),
    "generation": lambda context, n: context.vm_module(n),
    "indent": lambda context, n: context.to_json([1], n),
    "line_offset": lambda context, n: context.eval("1", line_offset=n),
    "column_offset": lambda context, n: context.compile_function("1", column_offset=n),
    "line_offset of a script": lambda context, n: jsvm.Script(context.isolate, "1", line_offset=n),
    "line_offset of a module": lambda context, n: jsvm.Module(context, "1", line_offset=n),
    "max_file_size": lambda context, n: context.file_loader("/tmp", max_file_size=n),
    "byte_offset": lambda context, n: context.array_buffer(b"1").view(byte_offset=n),
    "length of a view": lambda context, n: context.array_buffer(b"1").view(length=n),
    "wait": lambda context, n: context.isolate.run_tasks(n),
    "timeout": lambda _, n: jsvm.flush_finalizers(n),
}


@pytest.mark.parametrize("what", INTEGERS)
def test_integers(context: jsvm.Context, what: str) -> None:
    word, take = what.split()[0], INTEGERS[what]
    take(context, 0)
    with pytest.raises(TypeError, match=f"^{word} must be "):
        take(context, "x")
    with pytest.raises(TypeError, match=f"^{word} must be "):
        take(context, True)
    if what not in ("wait", "timeout"):
        for wrong in (2**64 + 2, -(2**31) - 1):
            with pytest.raises(ValueError, match=f"^{word} must be from "):
                take(context, wrong)
    if "offset" not in what or what == "byte_offset":
        with pytest.raises(ValueError, match=f"^{word} must be "):
            take(context, -2)


def test_waits(isolate: jsvm.Isolate) -> None:
    for wrong in (-1, -0.001, float("nan")):
        with pytest.raises(ValueError, match="wait must be 0 seconds or more"):
            isolate.run_tasks(wrong)
    isolate.eval("done = 0")
    promise, resolver = isolate.main_context.promise()
    resolver.resolve()
    isolate.run_tasks(float("inf"))
    assert promise.state == "fulfilled"


def test_offsets_may_be_negative(context: jsvm.Context) -> None:
    with pytest.raises(jsvm.JSError) as caught:
        context.eval("\n\nthrow new Error('no')", line_offset=-1)
    assert caught.value.line == 2
    del caught


def test_types(context: jsvm.Context) -> None:
    value: Any = context.eval("({})")
    with pytest.raises(TypeError, match="milliseconds must be a number, not str"):
        context.date("x")  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="a constructor is a JSObject, not int"):
        value.instance_of(5)
    with pytest.raises(TypeError, match="code must be a str, not list"):
        context.eval([])  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="bytes-like"):
        context.deserialize("x")  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="bytes-like"):
        jsvm.Script(context.isolate, "1", cached_data="x")  # type: ignore[arg-type]
    assert not value.strict_equals(5) and value.strict_equals(value)


def test_cached_data_is_any_bytes(context: jsvm.Context) -> None:
    data = jsvm.Script(context.isolate, "1 + 1").create_cached_data()
    for same in (bytearray(data), memoryview(data)):
        script = jsvm.Script(context.isolate, "1 + 1", cached_data=same)
        assert script.run() == 2 and not script.cached_data_rejected
    module = jsvm.Module(context, "1").create_cached_data()
    assert jsvm.Module(context, "1", cached_data=bytearray(module)).status == "unlinked"
    assert context.compile_function("return 3", cached_data=bytearray(b"x")).cached_data_rejected


@pytest.mark.parametrize(
    "make",
    [
        jsvm.CancelToken,
        jsvm.Context,
        jsvm.Script,
        jsvm.vm.Script,
        jsvm.Module,
        jsvm.SyntheticModule,
        jsvm.FileLoader,
        jsvm.Resolver,
        jsvm.JSSymbol,
        jsvm.Isolate,
    ],
)
def test_constructors_that_raise(make: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[Any] = []
    monkeypatch.setattr(sys, "unraisablehook", lambda given: seen.append(str(given.exc_value)))
    for wrong in ((), (1,), (1, 2, 3, 4, 5)):
        try:
            make(*wrong)
        except TypeError:
            pass
    assert not seen
