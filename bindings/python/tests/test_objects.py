"""Live objects."""

from __future__ import annotations

from typing import Any

import pytest

import jsvm
from jsvm import undefined


def test_an_object_is_a_mapping(context: jsvm.Context) -> None:
    o = context.eval("o = {a: 1, b: {c: undefined}}")
    assert o["a"] == 1 and o["b"]["c"] is undefined and o.get("x") is None and "a" in o and "x" not in o
    with pytest.raises(KeyError):
        o["x"]
    o["n"] = [1, 2]
    assert context.eval("o.n.length") == 2
    del o["n"]
    with pytest.raises(KeyError):
        del o["n"]
    assert list(o) == ["a", "b"] and len(o) == 2 and list(o.keys()) == ["a", "b"] and dict(o.items())["a"] == 1
    assert o and context.object()
    o.update(x=1, y=2)
    assert o.pop("x") == 1 and o.get_many(["y", "nope"]) == [2, undefined]
    o.set_many({"p": 1, "q": "x"})
    assert context.eval("o.p + o.q") == "1x"
    for wrong in (None, 1.5, b"a", (1,), True):
        with pytest.raises(TypeError):
            o[wrong]


def test_properties_are_attributes(context: jsvm.Context) -> None:
    o = context.eval("({n: 1, inc(by) { return this.n += by }, get boom() { throw new TypeError('boom') }})")
    assert o.n == 1 and o.inc(2) == 3 and o.n == 3
    o.n = 10
    assert o["n"] == 10
    del o.n
    with pytest.raises(AttributeError):
        o.n
    with pytest.raises(AttributeError):
        o.keys = 1
    with pytest.raises(jsvm.JSError, match="boom"):
        o.boom
    assert not hasattr(o, "nothing")


def test_equality_is_identity(context: jsvm.Context) -> None:
    o = context.eval("x = {}")
    assert o == context.eval("x") and o != context.eval("({})") and o != {} and o.strict_equals(o)
    with pytest.raises(TypeError):
        hash(o)
    with jsvm.Isolate() as other:
        assert o != other.eval("({})")


def test_definitions_and_prototypes(context: jsvm.Context) -> None:
    o = context.object()
    o.define("fixed", 1, writable=False, enumerable=False, configurable=False)
    assert o.own_keys() == [] and o.own_keys(enumerable=False) == ["fixed"] and o.has_own("fixed")
    with pytest.raises(jsvm.JSStateError):
        o.define("fixed", 2)
    with pytest.raises(jsvm.JSStateError):
        del o["fixed"]
    seen: list[Any] = []
    o.define_accessor("a", lambda: 42, seen.append)
    assert o.a == 42
    o.a = 7
    assert seen == [7]
    array = context.eval("[]")
    assert array.instance_of(context.eval("Array")) and array.constructor_name == "Array"
    assert array.prototype_of == context.eval("Array.prototype")
    assert context.eval("Object.create(null)").prototype_of is None
    assert context.eval("new Proxy({}, {})").is_proxy and context.error("x").is_error
    assert context.regexp("a", "g").regexp() == ("a", "g")
    assert str(context.eval("({toString: () => 'me'})")) == "me" and float(context.eval("({valueOf: () => 2})")) == 2


def test_an_array_is_a_sequence(context: jsvm.Context) -> None:
    a = context.eval("[1, 2, 3]")
    assert isinstance(a, jsvm.JSArray) and len(a) == 3 and a[0] == 1 and a[-1] == 3 and a[1:] == [2, 3] and list(a) == [1, 2, 3]
    a.append(4)
    a.insert(0, 0)
    a[1] = "one"
    assert a.copy() == [0, "one", 2, 3, 4] and 2 in a and a.index(2) == 2
    assert a.pop() == 4 and a.pop(0) == 0
    del a[0]
    assert a.copy() == [2, 3] and list(reversed(a)) == [3, 2] and a.length == 2
    a.extend([5, 6])
    a.remove(5)
    for wrong in (3, -4):
        with pytest.raises(IndexError):
            a[wrong]
    with pytest.raises(TypeError):
        a[0:1] = [1]
    a.clear()
    assert not a


def test_maps_and_sets(context: jsvm.Context) -> None:
    m = context.eval("m = new Map([['a', 1], [m0 = {}, 2]])")
    assert isinstance(m, jsvm.JSMap) and m["a"] == 1 and m[context.eval("m0")] == 2 and len(m) == 2
    m["b"] = 3
    del m["a"]
    with pytest.raises(KeyError):
        m["a"]
    assert list(m)[1] == "b" and m.values() == [2, 3] and m.items()[1] == ("b", 3) and m.size == 2 and "b" in m
    s = context.eval("new Set([1, 'x'])")
    assert isinstance(s, jsvm.JSSet) and 1 in s and "y" not in s and len(s) == 2 and set(s) == {1, "x"}
    s.add(2)
    s.discard(1)
    s.remove("x")
    with pytest.raises(KeyError):
        s.remove("x")
    assert s.copy() == {2} and s.pop() == 2 and not s


def test_functions(context: jsvm.Context) -> None:
    f = context.eval("(function (...a) { return [this === globalThis ? 'global' : this, ...a] })")
    assert f.call("me", 1, "b", None).copy()[1:] == [1, "b", None]
    assert list(f(*range(100)))[1:] == list(range(100))
    assert f(1, copy=True)[1:] == [1]
    Point = context.eval("class Point { constructor(x) { this.x = x } }; Point")
    p = Point.new(3)
    assert p.x == 3 and p.instance_of(Point)
    with pytest.raises(jsvm.JSError, match="without 'new'"):
        Point(1)
    with pytest.raises(jsvm.JSError):
        context.eval("() => 1").new()
    with pytest.raises(jsvm.JSTimeoutError):
        context.eval("() => { for (;;); }")(timeout=0.02)
    with pytest.raises(TypeError):
        f(wrong=1)
    with pytest.raises(TypeError):
        jsvm.JSObject()
    with pytest.raises(TypeError):
        context.eval("({})")()


def test_closed_things(isolate: jsvm.Isolate) -> None:
    context = isolate.context()
    o, f = context.object(), context.eval("() => 1")
    context.close()
    with pytest.raises(jsvm.JSClosedError):
        context.eval("1")
    with pytest.raises(jsvm.JSClosedError):
        context.globals
    assert f() == 1
    isolate.close()
    isolate.close()
    for use in (lambda: o["x"], f, lambda: o.copy(), isolate.context, lambda: isolate.eval("1"), isolate.heap_statistics):
        with pytest.raises(jsvm.JSClosedError):
            use()
    assert repr(o).startswith("<jsvm") and isolate.closed


def test_what_a_context_makes(context: jsvm.Context) -> None:
    assert isinstance(context.map(), jsvm.JSMap) and isinstance(context.set(), jsvm.JSSet)
    assert context.date(8.64e15).toISOString() == "+275760-09-13T00:00:00.000Z"
    assert bytes(context.array_buffer(b"abc")) == b"abc" and context.array_buffer(b"").byte_length == 0
    assert context.value(5) == 5 and context.value([1]).length == 1
    with pytest.raises(TypeError, match="no object"):
        context.object(5)


def test_done_is_what_javascript_takes_for_true(context: jsvm.Context) -> None:
    make = context.eval(
        "(done) => ({ i: 0, [Symbol.iterator]() { return this }, next() { return { done: this.i++ == 2 || done, value: 7 } } })"
    )
    for goes_on in ("0", "null", "''", "NaN", "0n", "false", "undefined"):
        assert list(make(context.eval(goes_on))) == [7, 7], goes_on
    for ends in ("1", "'x'", "[]", "({})", "new Map()", "Symbol()", "() => 1"):
        assert list(make(context.eval(ends))) == [], ends


def test_an_iterator_gives_objects(context: jsvm.Context) -> None:
    for step in ("5", "null", "undefined", "'text'"):
        with pytest.raises(TypeError, match="next.. gives no object"):
            list(context.eval(f"({{ [Symbol.iterator]() {{ return {{ next() {{ return {step} }} }} }} }})"))
    with pytest.raises(TypeError, match="no function next"):
        iter(context.eval("({ [Symbol.iterator]() { return {} } })"))
    with pytest.raises(TypeError, match="no iterator"):
        iter(context.eval("({ [Symbol.iterator]() { return 1 } })"))


def test_leaving_a_loop_ends_the_iterator(context: jsvm.Context) -> None:
    numbers = context.eval("ended = 0; (function* () { try { for (let i = 0; ; i++) yield i } finally { ended++ } })")
    for number in numbers():
        if number == 3:
            break
    assert context.eval("ended") == 1
    left = iter(numbers())
    assert next(left) == 0
    left.close()  # type: ignore[attr-defined]
    assert context.eval("ended") == 2
    assert list(context.eval("(function* () { try { yield 1 } finally { ended++ } })()")) == [1]
    assert context.eval("ended") == 3
    with pytest.raises(jsvm.JSError, match="no"):
        list(context.eval("({ [Symbol.iterator]() { return this }, next() { throw new Error('no') }, return() { ended++ } })"))
    assert context.eval("ended") == 3


def test_a_loop_may_outlive_its_isolate() -> None:
    isolate = jsvm.Isolate()
    left = iter(isolate.eval("(function* () { yield 1 })()"))
    assert next(left) == 1
    isolate.close()
    left.close()  # type: ignore[attr-defined]
