"""Promises: waited for, awaited, and made of coroutines."""

from __future__ import annotations

import asyncio
import threading
from typing import Any

import pytest

import jsvm
from jsvm import undefined


def test_waiting(context: jsvm.Context) -> None:
    promise = context.eval("Promise.resolve(42)")
    assert isinstance(promise, jsvm.JSPromise) and promise.state == "fulfilled" and promise.result() == 42
    rejected = context.eval("p = Promise.reject(new RangeError('no')); p.catch(() => {}); p")
    assert rejected.state == "rejected"
    with pytest.raises(jsvm.JSError, match="RangeError: no"):
        rejected.result()
    with pytest.raises(jsvm.JSStateError):
        context.eval("new Promise(() => {})").result()


def test_a_resolver_settles_from_any_thread(context: jsvm.Context) -> None:
    promise, resolver = context.promise()
    assert promise.state == "pending"
    threading.Timer(0.03, resolver.resolve, [{"a": 1}]).start()
    assert (
        promise.result(
            timeout=10,
        )["a"]
        == 1
    )
    with pytest.raises(jsvm.JSStateError):
        resolver.resolve(2)
    other, resolver = context.promise()
    resolver.reject(LookupError("mine"))
    with pytest.raises(LookupError, match="mine"):
        other.result()
    never, kept = context.promise()
    with pytest.raises(jsvm.JSTimeoutError):
        never.result(timeout=0.02)


def test_then(context: jsvm.Context) -> None:
    seen: list[Any] = []
    context.eval("Promise.resolve(1)").then(seen.append).result()
    context.eval("Promise.reject(2)").then(None, seen.append).result()
    assert seen == [1, 2]
    seen.clear()


def test_await(context: jsvm.Context) -> None:
    async def main() -> None:
        assert await context.eval("Promise.resolve(1)") == 1
        with pytest.raises(jsvm.JSError, match="no"):
            await context.eval("Promise.reject(new Error('no'))")
        promise, resolver = context.promise()
        asyncio.get_running_loop().call_later(0.02, resolver.resolve, "late")
        assert await promise == "late"
        threaded, resolver = context.promise()
        threading.Timer(0.02, resolver.resolve, ["thread"]).start()
        assert await threaded == "thread"

    asyncio.run(main())


def test_async_host_functions(context: jsvm.Context) -> None:
    order: list[str] = []

    async def fetch(name: str, seconds: float) -> str:
        await asyncio.sleep(seconds)
        order.append(name)
        return name.upper()

    async def fail() -> None:
        await asyncio.sleep(0)
        raise LookupError("in a coroutine")

    async def bad() -> Any:
        return object()

    async def main() -> None:
        context.globals["fetch"] = fetch
        found = await context.eval("Promise.all([fetch('slow', 0.05), fetch('fast', 0.01)])")
        assert found.copy() == ["SLOW", "FAST"] and order == ["fast", "slow"]
        context.globals["fail"] = fail
        with pytest.raises(LookupError, match="in a coroutine"):
            await context.eval("(async () => { await fail() })()")
        context.globals["bad"] = bad
        with pytest.raises(TypeError):
            await context.eval("bad()")
        inside = await asyncio.get_running_loop().run_in_executor(None, context.eval, "fetch('x', 0)")
        assert await inside == "X"

    asyncio.run(main())
    with pytest.raises(RuntimeError, match="loop"):
        context.eval("fetch('x', 0)")
    asyncio.run(main_again(context))
    context.globals.update(fetch=None, fail=None, bad=None)
    order.clear()


async def main_again(context: jsvm.Context) -> None:
    """Another loop, with the same isolate."""
    assert await context.eval("fetch('again', 0)") == "AGAIN"


def test_timers_run_in_the_loop(isolate: jsvm.Isolate, context: jsvm.Context) -> None:
    context.install("timers")

    async def main() -> None:
        assert await context.eval("new Promise((done) => setTimeout(done, 30, 'rang'))") == "rang"
        with pytest.raises(asyncio.TimeoutError):
            await asyncio.wait_for(settled(context.eval("new Promise(() => {})")), 0.02)

    async def settled(promise: Any) -> Any:
        return await promise

    asyncio.run(main())
    context.eval("rang = 0; setTimeout(() => rang++, 10)")
    while isolate.run_tasks(wait=1):
        pass
    assert context.eval("rang") == 1


def test_unhandled_rejections(isolate: jsvm.Isolate, context: jsvm.Context) -> None:
    seen: list[Any] = []
    isolate.on_unhandled_rejection(lambda promise, reason: seen.append((promise.state, reason)))
    context.eval("Promise.reject(5); 1")
    assert seen == [("rejected", 5)]
    isolate.on_unhandled_rejection(None)


def test_wakeups(isolate: jsvm.Isolate, context: jsvm.Context) -> None:
    woken = threading.Event()
    isolate.on_wakeup(woken.set)
    promise, resolver = context.promise()
    resolver.resolve()
    assert woken.wait(10)
    isolate.run_tasks()
    assert promise.state == "fulfilled"
    isolate.on_wakeup(None)


def test_the_host_may_drain_microtasks() -> None:
    with jsvm.Isolate(host_drains_microtasks=True) as isolate:
        isolate.eval("n = 0; Promise.resolve().then(() => n = 1)")
        assert isolate.eval("n") == 0
        isolate.run_microtasks(timeout=1)
        assert isolate.eval("n") == 1
        assert isolate.eval("undefined") is undefined


def test_gather(context: jsvm.Context) -> None:
    async def main() -> None:
        first, second = context.eval("p = Promise.resolve(1)"), context.eval("Promise.resolve(2)")
        assert await asyncio.gather(first, second, first) == [1, 2, 1]
        again = context.eval("p")
        assert first != again and first == first and first.strict_equals(again) and {first: 1}[first] == 1

    asyncio.run(main())


def test_close_ends_what_is_awaited() -> None:
    async def main() -> None:
        isolate = jsvm.Isolate()
        both = asyncio.gather(*[isolate.eval("new Promise(() => {})") for _ in range(2)], return_exceptions=True)
        await asyncio.sleep(0.01)
        threading.Thread(target=isolate.close).start()
        assert [type(error) for error in await asyncio.wait_for(both, 10)] == [jsvm.JSClosedError] * 2

    asyncio.run(main())


def test_cancelled_after_close() -> None:
    async def main() -> None:
        isolate = jsvm.Isolate()
        context = isolate.context()
        before = asyncio.all_tasks()
        context.globals["sleep"] = lambda: asyncio.sleep(60)
        context.eval("sleep()")
        (task,) = asyncio.all_tasks() - before
        await asyncio.sleep(0)
        isolate.close()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(main())


def test_a_closed_loop_does_not_hinder_close() -> None:
    with jsvm.Isolate() as isolate:
        loop = asyncio.new_event_loop()
        waiting = isolate.eval("new Promise(() => {})").__await__()

        async def begin() -> None:
            waiting.send(None)

        loop.run_until_complete(begin())
        loop.close()
