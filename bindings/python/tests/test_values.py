"""Values both ways."""

from __future__ import annotations

import array
import enum
import math
from collections import OrderedDict, namedtuple
from datetime import datetime, timedelta, timezone
from decimal import Decimal
from typing import Any

import pytest

import jsvm
from jsvm import undefined


@pytest.mark.parametrize(
    "code, value",
    [
        ("undefined", undefined),
        ("null", None),
        ("true", True),
        ("0", 0),
        ("1.5", 1.5),
        ("-7", -7),
        ("2**53 - 1", 2**53 - 1),
        ("2**53", float(2**53)),
        ("1e300", 1e300),
        ("Infinity", math.inf),
        ("''", ""),
        ("'a\\0b'", "a\0b"),
        ("'\\u{1f600}é'", "\U0001f600é"),
        ("'\\ud800x'", "\ud800x"),
        ("0n", 0),
        ("-1n", -1),
        ("2n**200n", 2**200),
        ("-(2n**64n)", -(2**64)),
    ],
)
def test_a_value_comes_out_and_goes_in_again(context: jsvm.Context, code: str, value: Any) -> None:
    found = context.eval(code)
    assert found == value and (found is value or type(found) in (type(value), jsvm.BigInt))
    same = context.eval("Object.is")
    assert same(found, context.eval(code)) is True
    assert same(context.eval(code), value) is (not code.endswith("n") or abs(value) > 2**53)


def test_numbers(context: jsvm.Context) -> None:
    assert type(context.eval("3.0")) is int
    assert math.copysign(1, context.eval("-0")) == -1
    assert math.isnan(context.eval("NaN"))
    kind = context.eval("(x) => typeof x")
    assert [kind(2**53 - 1), kind(2**53), kind(-(2**53)), kind(True), kind(jsvm.BigInt(1))] == [
        "number", "bigint", "bigint", "boolean", "bigint",
    ]  # fmt: skip
    assert context.eval("(x) => x === 2n ** 70n")(2**70)
    assert context.eval("(x) => Object.is(x, -0)")(-0.0)
    assert type(context.eval("5n")) is jsvm.BigInt

    class Colour(enum.IntEnum):
        RED = 3

    class Name(str, enum.Enum):
        A = "a"

    class Real(float):
        pass

    assert context.eval("(x) => x + 1")(Colour.RED) == 4
    same = context.eval("(x) => x")
    assert same(Name.A) == "a" and same(Real(1.5)) == 1.5
    assert same([Name.A, Real(1.5), Colour.RED, {Name.A: 1}]).copy() == ["a", 1.5, 3, {"a": 1}]


def test_undefined_is_one_false_object() -> None:
    assert not undefined and jsvm.UndefinedType() is undefined and repr(undefined) == "undefined"
    import pickle

    assert pickle.loads(pickle.dumps(undefined)) is undefined


def test_strings(context: jsvm.Context) -> None:
    same = context.eval("(x) => x")
    for text in ("", "a" * 100_000, "é" * 1000, "\ud800", "a\udfff\0b", "\U0001f600" * 10):
        assert same(text) == text
        assert same([text, {text: text}]).copy() == [text, {text: text}]


def test_dates(context: jsvm.Context) -> None:
    assert context.eval("new Date(0)") == datetime(1970, 1, 1, tzinfo=timezone.utc)
    moment = datetime(2026, 2, 3, 4, 5, 6, 789000, timezone(timedelta(hours=2)))
    assert context.eval("(d) => d.toISOString()")(moment) == "2026-02-03T02:05:06.789Z"
    assert context.eval("(d) => [d]")(moment).copy() == [moment]
    assert context.eval("(d) => d.getTime()")(datetime(2026, 1, 1)) == datetime(2026, 1, 1).timestamp() * 1000
    invalid = context.eval("new Date(NaN)")
    assert isinstance(invalid, jsvm.JSObject) and str(invalid) == "Invalid Date"
    assert isinstance(context.eval("new Date(8.64e15)"), jsvm.JSObject)
    assert context.eval("[new Date(NaN)]", copy=True) == [None]


def test_containers_go_in_deep(context: jsvm.Context) -> None:
    Point = namedtuple("Point", "x y")
    value = {"list": [1, (2, [3])], "set": {1}, "none": None, "u": undefined, 5: "five", "p": Point(1, 2), "b": b"\0\1"}
    text = context.eval("(v) => JSON.stringify(v, (k, x) => x instanceof Set ? [...x] : x instanceof Uint8Array ? [...x] : x)")
    assert text(value) == '{"5":"five","list":[1,[2,[3]]],"set":[1],"none":null,"p":[1,2],"b":[0,1]}'
    assert text(OrderedDict(b=1, a=2)) == '{"b":1,"a":2}'
    assert context.eval("(m) => m instanceof Map && m.get(1.5)")(jsvm.Map({1.5: "x"})) == "x"
    assert context.eval("(r) => 'xAy'.match(r)[0]")(jsvm.RegExp("a", "i")) == "A"


def test_a_copy_has_pythons_types(context: jsvm.Context) -> None:
    found = context.eval(
        "({a: [1, , 'x'], m: new Map([[1, {}]]), s: new Set([1, 'é']), d: new Date(0), r: /a\\/b/gi, b: new Uint8Array([1, 2]), "
        "e: new RangeError('no', {cause: new Error('why')}), n: null, u: undefined, big: 2n**70n, t: true, z: -0, f() {}, "
        "get g() { return 1 }})",
        copy=True,
    )
    assert found["a"] == [1, undefined, "x"]
    assert found["m"] == {1: {}} and type(found["m"]) is jsvm.Map
    assert found["s"] == {1, "é"} and found["d"].year == 1970 and found["r"] == jsvm.RegExp("a\\/b", "gi")
    assert found["b"] == b"\1\2" and found["n"] is None and found["u"] is undefined and found["big"] == 2**70
    error = found["e"]
    assert isinstance(error, jsvm.JSError) and str(error) == "RangeError: no" and str(error.cause) == "why"
    assert isinstance(found["f"], jsvm.JSFunction) and found["g"] is undefined
    assert context.eval("({get g() { return 1 }})").copy(getters=True) == {"g": 1}


def test_cycles_and_sharing(context: jsvm.Context) -> None:
    value: Any = {"list": []}
    value["self"] = value
    value["list"].append(value)
    live = context.object(value)
    assert context.eval("(v) => v.self === v && v.list[0] === v")(live)
    copy = live.copy()
    assert copy["self"] is copy and copy["list"][0] is copy
    shared: list[int] = []
    assert context.eval("(v) => v[0] === v[1]")([shared, shared])
    found = context.eval("const m = new Map(); m.set('m', m); const s = {m}; [s, s]", copy=True)
    assert found[0] is found[1] and found[0]["m"]["m"] is found[0]["m"]


def test_deep_nesting(context: jsvm.Context) -> None:
    deep: Any = []
    for _ in range(100_000):
        deep = [deep]
    live = context.object(deep)
    with pytest.raises(jsvm.JSUsageError, match="max_depth"):
        live.copy()
    found, depth = live.copy(max_depth=200_000), 0
    while found:
        found, depth = found[0], depth + 1
    assert depth == 100_000
    while deep:
        deep = deep.pop()


def test_what_cannot_be_converted(context: jsvm.Context) -> None:
    f = context.eval("(x) => x")
    for wrong in (Decimal(1), object(), 1j, {1.5: 2}, {None: 1}, {(1, 2): 3}, range(3), [1, {"a": Decimal(1)}]):
        with pytest.raises(TypeError):
            f(wrong)
        with pytest.raises(TypeError):
            context.globals["x"] = wrong
    for code in ("new Map([[{}, 1]])", "new Set([[1]])"):
        with pytest.raises(TypeError, match="hash"):
            context.eval(code, copy=True)
    assert f(1) == 1


def test_bytes_and_memory(context: jsvm.Context) -> None:
    context.globals["b"] = b"abc"
    assert context.eval("b instanceof Uint8Array && b.length") == 3
    live = context.eval("b")
    assert isinstance(live, jsvm.JSBuffer) and bytes(live) == b"abc" and len(live) == 3 and live[1] == 98
    view = live.memoryview()
    view[0] = 65
    assert context.eval("b[0]") == 65
    context.eval("b[1] = 66")
    assert bytes(view) == b"ABc"
    memory = bytearray(16)
    context.globals["shared"] = memoryview(memory)
    context.eval("shared[3] = 7")
    assert memory[3] == 7
    numbers = array.array("d", [1.5, 2.5])
    assert context.eval("(a) => a instanceof Float64Array && (a[0] += 1, a[0] + a[1])")(numbers) == 5
    assert numbers[0] == 2.5
    with pytest.raises(TypeError):
        context.share(b"readonly")
    with pytest.raises(BufferError):
        memory.append(1)


def test_memory_outlives_the_isolate() -> None:
    with jsvm.Isolate() as isolate:
        view = isolate.eval("new Uint8Array([1, 2, 3])").memoryview()
    assert bytes(view) == b"\1\2\3"
    del isolate


def test_buffers(context: jsvm.Context) -> None:
    buffer = context.eval("new ArrayBuffer(16)")
    assert buffer.element_type == "ArrayBuffer" and buffer.byte_length == 16
    view = buffer.view("Int32Array", 4)
    assert len(view) == 3 and view.element_type == "Int32Array" and view.memoryview().format == "i"
    view[0] = -5
    assert context.eval("(b) => new Int32Array(b)[1]")(buffer) == -5
    with pytest.raises(jsvm.JSUsageError):
        buffer.view("Int32Array", 3)
    with pytest.raises(ValueError):
        buffer.view("Nothing")
    buffer.detach()
    assert buffer.byte_length == 0 and bytes(view) == b""
    with pytest.raises(jsvm.JSStateError):
        context.eval("new ArrayBuffer(8, {maxByteLength: 16})").memoryview()


def test_iterators(context: jsvm.Context) -> None:
    assert list(context.eval("(function* () { yield 1; yield 'a' })()")) == [1, "a"]
    assert context.eval("(it) => [...it].join()")(n * n for n in range(4)) == "0,1,4,9"
    taken = []

    def numbers() -> Any:
        for n in range(100):
            taken.append(n)
            yield n

    assert context.eval("(it) => { for (const n of it) if (n == 2) return n }")(numbers()) == 2
    assert taken == [0, 1, 2]

    def failing() -> Any:
        yield 1
        raise LookupError("in the middle")

    with pytest.raises(LookupError, match="in the middle"):
        context.eval("(it) => [...it]")(failing())


def test_symbols(isolate: jsvm.Isolate, context: jsvm.Context) -> None:
    one = isolate.symbol("x")
    assert one.description == "x" and repr(one) == "Symbol(x)" and isolate.symbol().description is None
    assert one == one and one != isolate.symbol("x") and isolate.symbol_for("k") == context.eval("Symbol.for('k')")
    live = context.object({})
    live[one] = 1
    assert live[one] == 1 and one in live and live.own_keys(symbols=True) == [one]
    assert context.eval("(s) => typeof s")(one) == "symbol"


def test_json(context: jsvm.Context) -> None:
    assert context.parse_json('{"a": [1, null]}', copy=True) == {"a": [1, None]}
    assert context.to_json({"a": (1, undefined), "d": datetime(2026, 1, 1, tzinfo=timezone.utc)}) == (
        '{"a":[1,null],"d":"2026-01-01T00:00:00.000Z"}'
    )
    assert context.to_json([1], indent=1) == "[\n 1\n]" and context.to_json(undefined) is None
    with pytest.raises(jsvm.JSSyntaxError):
        context.parse_json("{")
    with pytest.raises(jsvm.JSError, match="circular"):
        context.to_json(context.eval("const o = {}; o.o = o"))


def test_structured_clone_between_isolates(context: jsvm.Context) -> None:
    with jsvm.Isolate() as other:
        live = context.eval("({a: [1, new Map([[1, 2]])]})")
        there = other.main_context
        with pytest.raises(jsvm.JSWrongIsolateError):
            there.globals["x"] = live
        there.globals["x"] = there.structured_clone(live)
        assert there.eval("x.a[1].get(1)") == 2
        with pytest.raises(jsvm.JSError) as caught:
            there.structured_clone(context.eval("() => 1"))
        assert caught.value.name == "DataCloneError"
        with pytest.raises(jsvm.JSUsageError):
            there.deserialize(b"nonsense")
        del there, caught, live
