"""Limits, tokens, memory, threads."""

from __future__ import annotations

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

import jsvm


def test_time(context: jsvm.Context) -> None:
    begin = time.monotonic()
    with pytest.raises(TimeoutError) as caught:
        context.eval("for (;;);", timeout=0.05)
    assert 0.04 < time.monotonic() - begin < 5
    assert isinstance(caught.value, jsvm.JSTimeoutError) and isinstance(caught.value, jsvm.JSStopped)
    assert caught.value.code == "ERR_SCRIPT_EXECUTION_TIMEOUT" and caught.value.status == "TIMEOUT"
    with pytest.raises(jsvm.JSCPUTimeError):
        context.eval("for (;;);", cpu_time=0.02)
    assert context.eval("1", timeout=10) == 1
    del caught


@pytest.mark.parametrize(
    "wrong, error", [(0, ValueError), (-1, ValueError), (float("nan"), ValueError), ("1", TypeError), (True, TypeError)]
)
def test_wrong_times(context: jsvm.Context, wrong: Any, error: Any) -> None:
    with pytest.raises(error):
        context.eval("1", timeout=wrong)
    with pytest.raises(error):
        context.eval("1", cpu_time=wrong)


def test_tokens(context: jsvm.Context) -> None:
    token = jsvm.CancelToken()
    threading.Timer(0.05, token.cancel).start()
    with pytest.raises(jsvm.JSCancelledError):
        context.eval("for (;;);", cancel=token)
    with pytest.raises(jsvm.JSCancelledError):
        context.eval("1", cancel=token)
    with pytest.raises(TypeError):
        context.eval("1", cancel="token")  # type: ignore[arg-type]


def test_terminate_and_interrupt(isolate: jsvm.Isolate, context: jsvm.Context) -> None:
    threading.Timer(0.05, isolate.terminate).start()
    with pytest.raises(jsvm.JSTerminatedError):
        context.eval("for (;;);")
    seen: list[int] = []
    isolate.request_interrupt(lambda: (seen.append(threading.get_ident()), isolate.terminate()))
    with pytest.raises(jsvm.JSTerminatedError):
        context.eval("for (;;);")
    assert seen == [threading.get_ident()]
    with pytest.raises(TypeError):
        isolate.request_interrupt(5)  # type: ignore[arg-type]


def test_memory() -> None:
    with jsvm.Isolate(memory_limit=16 << 20, buffer_limit=1 << 20) as isolate:
        with pytest.raises(MemoryError):
            isolate.eval("(() => { const a = []; for (;;) a.push([1, 2, 3]) })()")
        assert isolate.eval("1") == 1
        with pytest.raises(jsvm.JSError, match="allocation"):
            isolate.eval("new ArrayBuffer(2 << 20)")
        statistics = isolate.heap_statistics()
        assert 0 < statistics.used_heap_size <= statistics.total_heap_size
    for wrong in (1, -1, 1 << 70):
        with pytest.raises(ValueError):
            jsvm.Isolate(memory_limit=wrong)
    for kind in ("8", 1.5, True):
        with pytest.raises(TypeError):
            jsvm.Isolate(memory_limit=kind)  # type: ignore[arg-type]


def test_measure_memory(isolate: jsvm.Isolate) -> None:
    context = isolate.context(name="mine")
    context.eval("kept = new Array(1e5).fill(1)")
    found = isolate.measure_memory("detailed", timeout=60)
    mine = next(one for one in found.contexts if one.name == "mine")
    assert 400_000 < mine.estimate <= found.total.estimate and mine.range[0] <= mine.range[1]
    with pytest.raises(ValueError):
        isolate.measure_memory("other")
    with pytest.raises(TypeError, match="unknown option"):
        isolate.measure_memory(wrong=1)


def test_threads_share_an_isolate(isolate: jsvm.Isolate) -> None:
    context = isolate.context()
    context.eval("n = 0")
    inc = context.eval("() => ++n")

    def work() -> None:
        for _ in range(500):
            inc()

    with ThreadPoolExecutor(8) as pool:
        for done in [pool.submit(work) for _ in range(8)]:
            done.result()
    assert context.eval("n") == 4000


def test_callbacks_from_many_threads(isolate: jsvm.Isolate) -> None:
    context = isolate.context()
    context.globals["here"] = threading.get_ident
    here = context.eval("() => here()")

    def work() -> bool:
        return all(here() == threading.get_ident() for _ in range(200))

    with ThreadPoolExecutor(4) as pool:
        assert all(pool.map(lambda _: work(), range(4)))


def test_the_gil_is_free_while_javascript_runs(context: jsvm.Context) -> None:
    ticks: list[float] = []
    stop = threading.Event()

    def tick() -> None:
        while not stop.is_set():
            ticks.append(time.monotonic())
            time.sleep(0.001)

    thread = threading.Thread(target=tick)
    thread.start()
    with pytest.raises(jsvm.JSTimeoutError):
        context.eval("for (;;);", timeout=0.2)
    stop.set()
    thread.join()
    assert len(ticks) > 20


def test_sessions(isolate: jsvm.Isolate) -> None:
    with isolate.session():
        entered = threading.Event()

        def other() -> None:
            entered.set()
            with pytest.raises(jsvm.JSTimeoutError):
                isolate.eval("1", timeout=0.05)

        thread = threading.Thread(target=other)
        thread.start()
        entered.wait()
        thread.join()
        assert isolate.eval("2") == 2


def test_two_isolates_that_want_each_other_are_busy() -> None:
    with jsvm.Isolate() as one, jsvm.Isolate() as two:
        barrier = threading.Barrier(2)
        found: list[Any] = []

        def work(mine: jsvm.Isolate, theirs: jsvm.Isolate) -> None:
            with mine.session():
                barrier.wait()
                try:
                    found.append(theirs.eval("1"))
                except jsvm.JSBusyError as error:
                    found.append(error.status)

        threads = [threading.Thread(target=work, args=pair) for pair in ((one, two), (two, one))]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert "BUSY" in found
