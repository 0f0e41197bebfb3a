"""The packages that compare.py measures, each with the same methods. What a package does not offer is not defined.

    eval(code)          the value of code: a number
    function(code)      a JavaScript function as a callable of numbers
    counter()           calls `host(i, 2)` in a loop of n turns, and gives the sum of what the Python function `host` returns
    copy_out(name)      a global variable as Python's own objects
    taker(code)         a JavaScript function as a callable of Python's own objects
    bytes_out(name)     a global Uint8Array as bytes of Python's own
    view_out(name)      a global Uint8Array without a copy
    bytes_taker(code)   a JavaScript function as a callable of bytes
    view_taker(code)    a JavaScript function as a callable of a bytearray that it is to share
    kill(seconds)       runs an endless loop with this timeout, and raises `Killed`
"""

from __future__ import annotations

import asyncio
import json
from typing import Any, Callable

LOOP = "(n) => { let sum = 0; for (let i = 0; i < n; i++) sum += host(i, 2); return sum; }"
ASYNC_LOOP = f"async {LOOP.replace('host(', 'await host(').replace('(n)', '(host, n)')}"
ENDLESS = "for (;;) {}"


def host(a: int, b: int) -> int:
    return a + b


class Jsvm:
    v8 = True

    def __init__(self) -> None:
        import jsvm

        self.isolate = jsvm.Isolate()
        self.context = self.isolate.main_context
        self.eval = self.function = self.taker = self.bytes_taker = self.view_taker = self.context.eval
        self.Killed = jsvm.JSTimeoutError

    def close(self) -> None:
        self.isolate.close()

    def counter(self) -> Callable[[int], Any]:
        self.context.globals["host"] = host
        return self.function(LOOP)  # type: ignore[no-any-return]

    def copy_out(self, name: str) -> Any:
        return self.context.eval(name, copy=True)

    def bytes_out(self, name: str) -> bytes:
        return bytes(self.context.eval(name))

    def view_out(self, name: str) -> Any:
        return self.context.eval(name).memoryview()

    def kill(self, seconds: float) -> None:
        self.context.eval(ENDLESS, timeout=seconds)


class MiniRacer:
    v8 = True

    def __init__(self) -> None:
        import py_mini_racer

        self.racer = py_mini_racer.MiniRacer()
        self.eval = self.function = self.racer.eval
        self.Killed = py_mini_racer.JSTimeoutException

    def close(self) -> None:
        self.racer.close()

    def counter(self) -> Callable[[int], Any]:
        """Host functions are async, and belong to a loop: a racer and a loop of their own."""
        import py_mini_racer

        async def async_host(*numbers: int) -> int:
            return host(*numbers)

        async def open_racer() -> Any:
            # Left open, and kept: they close what they gave when they are collected.
            opening = py_mini_racer.mini_racer()
            racer = opening.__enter__()
            wrapping = racer.wrap_py_function(async_host)
            function = await wrapping.__aenter__()
            self.kept = opening, wrapping
            count = racer.eval(ASYNC_LOOP).cancelable()

            async def call(n: int) -> Any:
                return await (await count(function, n))

            return call

        loop = asyncio.new_event_loop()
        call = loop.run_until_complete(open_racer())
        return lambda n: loop.run_until_complete(call(n))

    def copy_out(self, name: str) -> Any:
        return self.racer.execute(name)

    def taker(self, code: str) -> Callable[[Any], Any]:
        return lambda value: self.racer.call(f"({code})", value)

    def bytes_out(self, name: str) -> bytes:
        return bytes(self.racer.eval(name))

    def view_out(self, name: str) -> Any:
        return self.racer.eval(name)

    def kill(self, seconds: float) -> None:
        self.racer.eval(ENDLESS, timeout_sec=seconds)


class Jsrun:
    v8 = True
    # What it raises when the time is over.
    Killed = RuntimeError

    def __init__(self) -> None:
        import jsrun

        # Its own limit is 10 MB, less than the rows of bytes have.
        self.runtime = jsrun.Runtime(jsrun.RuntimeConfig(max_serialization_bytes=64 << 20))
        self.eval = self.function = self.taker = self.bytes_taker = self.runtime.eval
        self.copy_out = self.bytes_out = self.runtime.eval

    def close(self) -> None:
        self.runtime.close()

    def counter(self) -> Callable[[int], Any]:
        self.runtime.bind_function("host", host)
        self.eval(f"const count = {LOOP}; 0")
        # A function that is called as one hangs when it calls back.
        return lambda n: self.eval(f"count({n})")

    def kill(self, seconds: float) -> None:
        async def run() -> None:
            await self.runtime.eval_async(ENDLESS, timeout=seconds)

        asyncio.run(run())


class Quickjs:
    v8 = False

    def __init__(self) -> None:
        import quickjs

        self.context = quickjs.Context()
        self.eval = self.function = self.context.eval
        self.Killed = quickjs.JSException

    def close(self) -> None:
        """It ends with its last reference."""
        del self.eval, self.function, self.context

    def counter(self) -> Callable[[int], Any]:
        self.context.add_callable("host", host)
        return self.function(LOOP)  # type: ignore[no-any-return]

    def copy_out(self, name: str) -> Any:
        return json.loads(self.context.eval(name).json())

    def taker(self, code: str) -> Callable[[Any], Any]:
        function = self.context.eval(code)
        return lambda value: function(self.context.parse_json(json.dumps(value)))

    def kill(self, seconds: float) -> None:
        """Its limit is CPU time of the process."""
        self.context.set_time_limit(seconds)
        try:
            self.context.eval(ENDLESS)
        finally:
            self.context.set_time_limit(-1)


PEERS: dict[str, Any] = {"jsvm": Jsvm, "mini-racer": MiniRacer, "jsrun": Jsrun, "quickjs": Quickjs}
MODULES = {"jsvm": "jsvm", "mini-racer": "py_mini_racer", "jsrun": "jsrun", "quickjs": "quickjs"}
