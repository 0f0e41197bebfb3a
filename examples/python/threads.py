"""Threads: several that share one isolate, and several with an isolate each.

Any thread may call into any isolate. In one isolate only one thread runs at a time: the others wait their turn, first come,
first served. Python's lock is free while JavaScript runs, so that several isolates use several cores.
"""

import asyncio
from concurrent.futures import ThreadPoolExecutor

import jsvm

THREADS = 4
ROUNDS = 500
FIB = "(function fib(n) { return n < 2 ? n : fib(n - 1) + fib(n - 2); })"


def compute(n: int) -> int:
    """In an isolate of its own: in parallel with the others."""
    with jsvm.Isolate() as isolate:
        fib = isolate.context().eval(FIB)
        result: int = fib(n)
        return result


with ThreadPoolExecutor(THREADS) as pool:
    with jsvm.Isolate() as isolate:
        context = isolate.context()
        context.eval("let total = 0")

        def count(_: int) -> None:
            for _ in range(ROUNDS):
                # One call is one turn: no other thread comes between the read and the write.
                context.eval("total += 1")

        list(pool.map(count, range(THREADS)))
        print(f"{THREADS} threads counted to {context.eval('total')} in one isolate")

    for n, result in zip(range(20, 24), pool.map(compute, range(20, 24))):
        print(f"thread {n - 20}, isolate of its own: fib({n}) = {result}")


async def beside_a_loop() -> None:
    """JavaScript that computes long would block asyncio's loop: an executor's thread runs it."""
    ticks = 0
    running = asyncio.get_running_loop().run_in_executor(None, compute, 30)
    while not running.done():
        await asyncio.sleep(0.001)
        ticks += 1
    print(f"executor: fib(30) = {await running}, the loop", "went on" if ticks > 1 else "stood still")


asyncio.run(beside_a_loop())
