"""Both ways of graphs, by pickles and by slots, give the same."""

from __future__ import annotations

import enum
import math
import random
import types
from datetime import datetime, timedelta, timezone
from typing import Any

import jsvm
import pytest
import slots
from jsvm import _graph


class Word(str):
    __slots__ = ()


class Number(enum.IntEnum):
    ONE = 1


class Real(float):
    def __float__(self) -> float:
        return 0.0


class Row(list):  # type: ignore[type-arg]
    pass


def same(a: Any, b: Any) -> None:
    """Checks that two values are equal, with the types and with what is shared in them."""
    pairs: dict[int, int] = {}
    todo = [(a, b)]
    while todo:
        a, b = todo.pop()
        assert type(a) is type(b), (a, b)
        if isinstance(a, (list, dict, set, jsvm.JSError, datetime, bytes)):
            # Of small bytes there may be only one.
            if not isinstance(a, bytes) and (id(a) in pairs or id(b) in pairs.values()):
                assert pairs.get(id(a)) == id(b)
                continue
            pairs[id(a)] = id(b)
        if isinstance(a, list):
            assert len(a) == len(b)
            todo += zip(a, b)
        elif isinstance(a, dict):
            assert len(a) == len(b)
            todo += zip(a, b)
            todo += zip(a.values(), b.values())
        elif isinstance(a, jsvm.JSError):
            todo.append(([a.name, a.message, a.stack, a.args, a.__cause__], [b.name, b.message, b.stack, b.args, b.__cause__]))
        elif isinstance(a, float):
            assert a == b and math.copysign(1, a) == math.copysign(1, b) or a != a and b != b
        elif isinstance(a, set):
            assert sorted(map(repr, a)) == sorted(map(repr, b))
        elif isinstance(a, jsvm.JSPromise):
            assert a.strict_equals(b)
        else:
            assert a == b


def primitive(pick: random.Random) -> Any:
    return pick.choice(
        [
            lambda: None,
            lambda: pick.random() < 0.5,
            lambda: jsvm.undefined,
            lambda: pick.randrange(-(2 ** pick.randrange(1, 70)), 2 ** pick.randrange(1, 70)),
            lambda: jsvm.BigInt(pick.randrange(-300, 300)),
            lambda: pick.choice([0.0, -0.0, math.nan, math.inf, -math.inf, 1e300, 2.0**53, 2.0**53 - 1, 0.5, -3.0, 5e-324]),
            lambda: pick.choice(["", "a", "id", "\0", "ü", "\U0001f600", "\ud800", "x\udfffy", "long" * 100, Word("word")]),
            lambda: Number.ONE,
            lambda: Real(pick.random()),
        ]
    )()


def value(pick: random.Random, before: list[Any], depth: int) -> Any:
    if depth == 0 or pick.random() < 0.4:
        return primitive(pick)
    if before and pick.random() < 0.15:
        return pick.choice(before)

    def children() -> list[Any]:
        return [value(pick, before, depth - 1) for _ in range(pick.choice([0, 1, 2, 3, 5]))]

    def key() -> Any:
        return pick.choice(["a", "b", "\ud800", "__proto__", Word("w"), 5, -1, 2**60, Number.ONE, f"k{pick.randrange(1000)}"])

    def hashable() -> list[Any]:
        return [primitive(pick) for _ in range(3)]

    made: Any
    kind = pick.randrange(11)
    if kind < 2:
        made = []
        before.append(made)
        made += children()
        return made
    if kind < 4:
        made = {}
        before.append(made)
        made.update((key(), child) for child in children())
        return made
    made = [
        lambda: tuple(children() + [0]),
        lambda: set(hashable()),
        lambda: jsvm.Map((primitive(pick), child) for child in children()),
        lambda: datetime.fromtimestamp(0, timezone.utc) + timedelta(milliseconds=pick.randrange(-(10**13), 10**13)),
        lambda: pick.choice([bytes, bytearray, lambda data: memoryview(bytes(data))])(pick.randbytes(pick.randrange(300))),
        lambda: pick.choice([Row, frozenset, types.MappingProxyType])([]),  # type: ignore[operator, arg-type]
        lambda: jsvm.RegExp("a" * pick.randrange(1, 5), "g"),
    ][kind - 4]() if kind != 9 else pick.choice([lambda: Row(children()), lambda: types.MappingProxyType({key(): 1}), lambda: frozenset(hashable())])()
    before.append(made)
    return made


@pytest.mark.parametrize("seed", range(40))
def test_pickles_and_slots_say_the_same(context: jsvm.Context, seed: int) -> None:
    pick = random.Random(seed)
    for _ in range(25):
        before: list[Any] = []
        given = [value(pick, before, pick.randrange(1, 6)) for _ in range(3)]
        by_pickle = context.value(given)
        owned = _graph._Builder(context, {}).build(given)
        by_slots = context._wrap(jsvm._abi.OBJECT, jsvm._abi.FLAG_ARRAY, jsvm._abi.lib.value_clone(owned.handle))
        same(slots.copy(by_pickle), slots.copy(by_slots))
        same(by_pickle.copy(), slots.copy(by_slots))


@pytest.mark.parametrize(
    "code",
    [
        "({f() {}, s: Symbol.iterator, p: Promise.resolve(), n: [1n, -5n, 2n ** 70n], x: new Proxy({}, {})})",
        "var e = new TypeError('boo', {cause: new RangeError('')}); e.self = e; [e, e, new AggregateError([e], 'all')]",
        "[1, , 3, undefined, {get g() { return 1 }}, -0, NaN, 2 ** 53, 2 ** 53 - 1, 1e300, new Date(NaN), new Date(8.64e15)]",
        "var r = /a/gi, d = new Date(5), b = new Uint16Array([1, 2]); [r, d, b, b.buffer, r, d, b, new Uint8Array()]",
        "var m = new Map([[1, {}], ['m', [[]]]]); m.set('self', m); var s = new Set([1, 'x', m.size]); ({m, s, again: [m, s]})",
        "var l = ['\\ud800', 'x\\udc00\\ud800y', '\\u{1f600}\\ud83d', '\\ufffd', 'a'.repeat(300)]; ({[l[0]]: l, k: {[l[0]]: 1}})",
        "Array.from({length: 300}, (_, i) => ({k: 'v' + i, ['k' + i]: i}))",
    ],
)
def test_what_only_javascript_has(context: jsvm.Context, code: str) -> None:
    live = context.eval(code)
    same(live.copy(), slots.copy(live))


def test_what_the_pickler_refuses(context: jsvm.Context) -> None:
    deep: list[Any] = []
    for _ in range(50_000):
        deep = [deep, 1]
    made = context.value(deep)
    assert context.eval("(d) => { let n = 0; for (; d.length; d = d[0]) n++; return n; }")(made) == 50_000
    del made
    while deep:
        deep = deep[0]
    for key in (None, True, 1.5, (1,)):
        with pytest.raises(TypeError, match="a key of a JavaScript object is a str or an int"):
            context.value([{"a": print}, {key: 1}])
    assert context.value({2**70: 1, -1: 2, Word("w"): 3}).copy() == {str(2**70): 1, "-1": 2, "w": 3}
    with pytest.raises(TypeError, match="complex cannot become"):
        context.value([1j])
    for code, what in (("new Map([[{}, 1]])", "a key of a Map"), ("new Set([[]])", "a value of a Set")):
        with pytest.raises(TypeError, match=what):
            context.eval(code).copy()


def test_nothing_is_made_twice(context: jsvm.Context) -> None:
    asked = []

    class Odd(dict):  # type: ignore[type-arg]
        pass

    def numbers() -> Any:
        asked.append(1)
        yield 1

    # The bigint as a key is one that the library leaves to Python.
    made = context.value({"all": numbers(), "d": Odd({2**70: 1}), 2**70: 2})
    assert list(made["all"]) == [1] and asked == [1]
