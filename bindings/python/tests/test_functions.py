"""Python functions that JavaScript calls, and exceptions both ways."""

from __future__ import annotations

import gc
import sys
import traceback
from typing import Any, Callable

import pytest

import jsvm
from jsvm import undefined


def test_arguments_and_results(context: jsvm.Context) -> None:
    seen: list[Any] = []

    def take(*args: Any) -> Any:
        seen.append(args)
        return args[-1] if args else undefined

    context.globals["take"] = take
    assert context.eval("take()") is undefined
    assert context.eval("take(1, 2.5)") == 2.5 and context.eval("take(-0, 1, 2, 3, 4, 5, 6)") == 6
    assert context.eval("take('é', null)") is None and context.eval("take(1, 'text é')") == "text é"
    assert context.eval("take(true)") is True and context.eval("take(2n ** 80n) === 2n ** 80n") is True
    assert context.eval("const o = {}; take(o) === o") is True and context.eval("take('\\ud800')") == "\ud800"
    assert seen[:4] == [(), (1, 2.5), (0, 1, 2, 3, 4, 5, 6), ("é", None)]
    assert context.eval("take.name") == "take"
    for given in ([1, {"a": "x"}], {"k": (1,)}, b"xyz", undefined, None, 1.5, 2**70, "x" * 5000):
        context.globals["give"] = lambda given=given: given
        assert context.eval("JSON.stringify(give(), (k, v) => typeof v === 'bigint' ? String(v) : v)") == context.eval(
            "(v) => JSON.stringify(v, (k, v) => typeof v === 'bigint' ? String(v) : v)"
        )(given)
    seen.clear()


def test_this_and_new(context: jsvm.Context) -> None:
    def make(call: jsvm.Call, x: int) -> Any:
        if call.is_construct_call:
            call.this["x"] = x
            return undefined
        assert call.new_target is undefined
        return call.this

    context.globals["Make"] = context.function(make, name="Make", length=1, constructor=True, pass_call=True)
    assert context.eval("new Make(5).x") == 5 and context.eval("Make.length") == 1
    assert context.eval("const o = {Make}; o.Make(1) === o")


def test_an_exception_comes_out_as_itself(context: jsvm.Context) -> None:
    class Mine(Exception):
        pass

    original = Mine("why")

    def fail(*_: Any) -> None:
        raise original

    context.globals["fail"] = fail
    with pytest.raises(Mine) as caught:
        context.eval("fail()")
    assert caught.value is original
    assert [frame.name for frame in traceback.extract_tb(original.__traceback__)][-1] == "fail"
    assert context.eval("try { fail() } catch (e) { e instanceof Error && e.message }") == "Mine: why"
    with pytest.raises(Mine):
        context.eval("Promise.resolve().then(fail)").result()
    context.globals["wrong"] = lambda: len(5)  # type: ignore[arg-type]
    assert context.eval("try { wrong() } catch (e) { e instanceof TypeError }") is True
    with pytest.raises(TypeError):
        context.eval("wrong()")
    with pytest.raises(jsvm.JSError, match="wrapped") as wrapped:
        context.eval("try { fail() } catch (e) { throw new Error('wrapped', {cause: e}) }")
    assert str(wrapped.value.cause) == "Mine: why"
    context.globals["bad"] = lambda: object()
    with pytest.raises(TypeError, match="object cannot become"):
        context.eval("bad()")
    del caught, wrapped
    original.__traceback__ = None


def test_a_nested_javascript_error_stays_itself(context: jsvm.Context) -> None:
    context.globals["run"] = context.eval
    assert context.eval("try { run('throw x = new RangeError(1)') } catch (e) { e === x }") is True
    with pytest.raises(jsvm.JSError) as caught:
        context.eval("run('throw {a: 1}')")
    assert caught.value.value["a"] == 1
    del caught


def test_a_stop_stops_all(context: jsvm.Context) -> None:
    context.globals["run"] = lambda code: context.eval(code, timeout=0.02)
    with pytest.raises(jsvm.JSTimeoutError):
        context.eval("try { run('for (;;);') } catch { 'caught' }")

    def leave() -> None:
        raise SystemExit(3)

    context.globals["leave"] = leave
    with pytest.raises(SystemExit) as left:
        context.eval("try { leave() } catch { 'caught' }")
    assert left.value.code == 3 and context.eval("1") == 1
    context.globals["run"] = context.globals["leave"] = None


def test_errors_have_all_that_there_is(context: jsvm.Context) -> None:
    with pytest.raises(jsvm.JSError) as caught:
        context.eval("\nfunction f() { throw new TypeError('no', {cause: new Error('c')}) }\nf()", filename="a.js")
    error = caught.value
    assert (error.name, error.message, str(error)) == ("TypeError", "no", "TypeError: no")
    assert (error.filename, error.line, error.column, error.status) == ("a.js", 2, 16, "EXCEPTION")
    assert error.frames[0].function == "f" and error.frames[1].line == 3 and "at f (a.js:2:22)" in (error.stack or "")
    assert (
        error.arrow
        and "^" in error.arrow
        and error.source_line == "function f() { throw new TypeError('no', {cause: new Error('c')}) }"
    )
    assert str(error.cause) == "c" and error.value.is_error and error.value["message"] == "no"
    with pytest.raises(jsvm.JSSyntaxError) as syntax:
        context.eval("1 +")
    assert syntax.value.line == 1 and isinstance(syntax.value, jsvm.JSError)
    for code, value in (("throw 5", 5), ("throw null", None), ("throw undefined", undefined), ("throw 'text'", "text")):
        with pytest.raises(jsvm.JSError) as thrown:
            context.eval(code)
        assert thrown.value.value is value or thrown.value.value == value and thrown.value.name == ""
    import pickle

    copy = pickle.loads(pickle.dumps(error))
    assert str(copy) == str(error) and copy.stack == error.stack and type(copy) is jsvm.JSError
    del caught, syntax, thrown, error


def test_reentrancy_and_recursion(context: jsvm.Context) -> None:
    context.globals["down"] = down = context.function(lambda n: 0 if n == 0 else 1 + context.eval(f"down({n - 1})"))
    assert context.eval("down(30)") == 30
    context.globals["forever"] = lambda: context.eval("forever()")
    for _ in range(20):
        with pytest.raises((RecursionError, jsvm.JSError), match="recursion|call stack"):
            context.eval("forever()")
    assert context.eval("1 + 1") == 2
    with pytest.raises(jsvm.JSError, match="call stack"):
        context.eval("(function f() { f() })()")
    context.globals["down"] = context.globals["forever"] = None
    del down


def test_a_callback_may_close_the_isolate() -> None:
    isolate = jsvm.Isolate()
    context = isolate.context()
    context.globals["close"] = lambda: isolate.close()
    with pytest.raises(jsvm.JSClosedError):
        context.eval("close(); for (;;);")
    assert isolate.closed


def test_functions_are_let_go(isolate: jsvm.Isolate) -> None:
    class Witness:
        def __call__(self) -> int:
            return 1

        def __del__(self) -> None:
            gone.append(1)

    gone: list[int] = []
    context = isolate.context()
    context.globals["f"] = Witness()
    assert context.eval("f()") == 1 and not gone
    context.globals["f"] = None
    isolate.collect_garbage()
    jsvm.flush_finalizers()
    gc.collect()
    assert gone


def test_values_of_another_isolate(context: jsvm.Context) -> None:
    with jsvm.Isolate() as other:
        theirs = other.eval("({})")
        with pytest.raises(jsvm.JSWrongIsolateError):
            context.eval("(x) => x")(theirs)
        context.globals["f"] = lambda: theirs
        with pytest.raises(jsvm.JSWrongIsolateError):
            context.eval("f()")
        context.globals["f"] = None


@pytest.mark.parametrize("wrong", [None, 5, b"1", ["1"]])
def test_code_is_a_str(context: jsvm.Context, wrong: Any) -> None:
    with pytest.raises(TypeError):
        context.eval(wrong)
    with pytest.raises(TypeError):
        context.compile_function(wrong)
    with pytest.raises(TypeError):
        context.eval("(x) => x").call()  # type: ignore[call-arg]
    with pytest.raises(TypeError):
        context.function(wrong)
    with pytest.raises(ValueError):
        context.eval("'\ud800'")
    assert context.eval("'a\0b'.length") == 3


@pytest.mark.parametrize("error", [SystemExit(3), KeyboardInterrupt(), GeneratorExit()])
def test_what_is_no_exception_leaves_by_any_callback(error: BaseException) -> None:
    def fail(*_: Any) -> None:
        raise error

    with jsvm.Isolate() as isolate:
        context = isolate.context()
        context.install("console", "timers", write=fail)
        isolate.on_unhandled_rejection(fail)

        def interrupted() -> None:
            isolate.request_interrupt(fail)
            context.eval("for (;;);")

        def timer() -> None:
            context.eval("setTimeout(() => console.log(1))")
            isolate.run_tasks(wait=10)

        runs: list[Callable[[], Any]] = [
            lambda: context.eval("try { console.log(1) } catch {}; for (;;);"),
            context.eval("() => console.log(1)"),
            lambda: context.eval("Promise.reject(1); 'text'"),
            context.eval("() => { Promise.reject(1); return {} }"),
            context.eval("new Promise((ok) => setTimeout(() => { Promise.reject(1); ok() }))").result,
            interrupted,
            timer,
        ]
        for run in runs:
            with pytest.raises(type(error)) as caught:
                run()
            assert caught.value is error
            assert context.eval("1") == 1 and not jsvm.function.leaving
        del caught
        error.__traceback__ = None


def test_an_exception_of_a_notice_is_reported(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: Any) -> None:
        raise LookupError("no")

    seen: list[Any] = []
    monkeypatch.setattr(sys, "unraisablehook", lambda given: seen.append(given.exc_type))
    with jsvm.Isolate() as isolate:
        context = isolate.context()
        context.install("console", write=fail)
        isolate.on_unhandled_rejection(fail)
        isolate.request_interrupt(fail)
        assert context.eval("console.log(1); Promise.reject(2); 3") == 3
    assert seen == [LookupError] * 3


class _Liar(type):
    @property
    def __name__(cls) -> str:  # type: ignore[override]
        raise LookupError("no name")


class _NoText(Exception):
    def __str__(self) -> str:
        raise LookupError("no text")


class _NoName(Exception, metaclass=_Liar):
    pass


class _NoAttributes(Exception):
    def __getattribute__(self, name: str) -> Any:
        raise LookupError("no attribute")


class _TypeErrorWithoutText(TypeError):
    __str__ = _NoText.__str__


@pytest.mark.parametrize(
    "kind", [_NoText, _NoName, _NoAttributes, _TypeErrorWithoutText], ids=["text", "name", "attributes", "TypeError"]
)
def test_exceptions_that_say_nothing_come_out_as_themselves(context: jsvm.Context, kind: type[Exception]) -> None:
    original = kind()

    def fail() -> None:
        raise original

    context.globals["fail"] = fail
    caught: Any = None
    try:
        context.eval("fail()")
    except Exception as error:
        caught = error
    assert caught is original
    assert context.eval("try { fail() } catch (e) { e.name }") == ("TypeError" if issubclass(kind, TypeError) else "Error")
    said = "" if issubclass(kind, TypeError) else type.__dict__["__name__"].__get__(kind)
    assert context.eval("try { fail() } catch (e) { e.message }") == said
    caught = None
    BaseException.with_traceback(original, None)
