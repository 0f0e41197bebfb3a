"""libjsvm's Python package beside others, as a table: see docs/BENCHMARKS.md. Called by benches/python/run.

Each package has a process of its own, which waits while another one works. They take turns, round by round, since the
machine's speed changes from one second to the next; a ratio is the median of the ratios of the same round, with its
quartiles. Each answer is looked at.
"""

from __future__ import annotations

import argparse
import ctypes
import gc
import importlib.util
import json
import os
import select
import signal
import statistics
import subprocess
import sys
import threading
import time
from typing import Any, Callable, Iterator, NamedTuple, Optional

from peers import MODULES, PEERS

RECORDS = [
    {"id": i, "name": f"name {i}", "tags": ["a", "b", i], "nested": {"x": i + 0.5, "ok": True, "none": None}}
    for i in range(10_500)
]
TEXT = json.dumps(RECORDS, separators=(",", ":"))
KEYS = {f"key{i}": i for i in range(1000)}
MEGABYTES = 16
BYTES = bytes([7]) * (MEGABYTES << 20)
#: Asked for on a busy machine: the CPU time of all threads. It leaves out what waiting for another thread takes.
CPU = ["--cpu"] if "--cpu" in sys.argv else []
#: Seconds that a batch of short work lasts. A measurement has ten.
BATCH = 0.002
ISOLATES = 50
#: Seconds that a measurement may take, with its preparation.
LIMIT = 120
LENGTH = "(value) => Object.keys(value).length"
LAST = "(value) => value.length + value[value.length - 1]"
FIB = "(function fib(n) { return n < 2 ? n : fib(n - 1) + fib(n - 2); })"


def check(found: Any, expected: Any) -> None:
    if found != expected:
        raise ValueError(f"the answer is {str(found)[:100]}, and not {str(expected)[:100]}")


def seconds(work: Callable[[], Any]) -> float:
    """What one call takes: the median of some batches, so that a pause of the machine's does not count."""
    clock = time.process_time if CPU else time.perf_counter
    started = time.perf_counter()
    work()
    count = max(1, int(BATCH / (time.perf_counter() - started)))
    found: list[float] = []
    end = started + 10 * BATCH
    while not found or time.perf_counter() < end:
        begun = clock()
        for _ in range(count):
            work()
        found.append((clock() - begun) / count)
    return statistics.median(found)


# The rows. Each is given a package's class once, and then measures whenever it is asked: seconds, or what its unit says.
Measure = Callable[[], float]


#: Some packages close an engine when its last reference goes, whatever of its own is still in use.
_open: list[Any] = []


def opened(peer: Any) -> Any:
    engine = peer()
    _open.append(engine)
    return engine


def timed(work: Callable[[], Any], expected: Any) -> Measure:
    def measure() -> float:
        check(work(), expected)
        return seconds(work)

    return measure


def start_up(peer: Any) -> Measure:
    def work() -> Any:
        engine = peer()
        result = engine.eval("1+1")
        engine.close()
        return result

    return timed(work, 2)


def evaluate(peer: Any) -> Measure:
    eval_ = opened(peer).eval
    return timed(lambda: eval_("1+1"), 2)


def call(peer: Any) -> Measure:
    function = opened(peer).function("(a, b) => a + b")
    return timed(lambda: function(1, 2), 3)


def callback(peer: Any) -> Measure:
    count = opened(peer).counter()
    measure = timed(lambda: count(1000), 501_500)
    return lambda: measure() / 1000


def records_out(peer: Any) -> Measure:
    engine = opened(peer)
    engine.eval(f"var records = {TEXT}; 0")
    return timed(lambda: engine.copy_out("records"), RECORDS)


def records_in(peer: Any) -> Measure:
    engine = opened(peer)
    check(engine.taker(f"(value) => JSON.stringify(value) === {json.dumps(TEXT)} ? 1 : 0")(RECORDS), 1)
    take = engine.taker(LENGTH)
    return timed(lambda: take(RECORDS), len(RECORDS))


def keys_out(peer: Any) -> Measure:
    engine = opened(peer)
    engine.eval(f"var keys = {json.dumps(KEYS)}; 0")
    return timed(lambda: engine.copy_out("keys"), KEYS)


def keys_in(peer: Any) -> Measure:
    take = opened(peer).taker(LENGTH)
    return timed(lambda: take(KEYS), len(KEYS))


def with_bytes(peer: Any) -> Any:
    engine = opened(peer)
    engine.eval(f"var bytes = new Uint8Array({len(BYTES)}).fill(7); 0")
    return engine


def bytes_out(peer: Any) -> Measure:
    copy = with_bytes(peer).bytes_out
    return timed(lambda: copy("bytes"), BYTES)


def view_out(peer: Any) -> Measure:
    share = with_bytes(peer).view_out
    check(memoryview(share("bytes")), BYTES)

    def work() -> Any:
        view = share("bytes")
        return view.nbytes, view[-1]

    return timed(work, (len(BYTES), 7))


def bytes_in(peer: Any) -> Measure:
    take = opened(peer).bytes_taker(LAST)
    return timed(lambda: take(BYTES), len(BYTES) + 7)


def view_in(peer: Any) -> Measure:
    take = opened(peer).view_taker(LAST)
    data = bytearray(BYTES)
    view = memoryview(data)
    return timed(lambda: take(view), len(BYTES) + 7)


def kill(peer: Any) -> Measure:
    engine = opened(peer)

    def measure() -> float:
        started = time.perf_counter()
        try:
            engine.kill(0.1)
            raise ValueError("an endless loop has ended")
        except engine.Killed:
            over = time.perf_counter() - started - 0.1
        check(engine.eval("1+1"), 2)
        return over

    return measure


def parallel(peer: Any) -> Measure:
    def together(threads: int) -> float:
        """Seconds for fib(30), three times in each of some threads, with an isolate each, once all are warm."""
        barrier = threading.Barrier(threads + 1)
        failed = []

        def body() -> None:
            try:
                engine = peer()
                fib = engine.function(FIB)
                check(fib(25), 75_025)
                barrier.wait()
                for _ in range(3):
                    check(fib(30), 832_040)
                barrier.wait()
                del fib
                engine.close()
            except Exception as error:
                failed.append(error)
                barrier.abort()

        running = [threading.Thread(target=body) for _ in range(threads)]
        for thread in running:
            thread.start()
        try:
            barrier.wait()
            started = time.perf_counter()
            barrier.wait()
            took = time.perf_counter() - started
        finally:
            for thread in running:
                thread.join()
            if failed:
                raise failed[0]
        return took

    return lambda: together(2) / together(1)


def resident() -> int:
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1]) * os.sysconf("SC_PAGESIZE")


def memory(peer: Any) -> Measure:
    """In a process that does nothing else."""
    peer().eval("1+1")
    before = resident()
    engines = [peer() for _ in range(ISOLATES)]
    for engine in engines:
        check(engine.eval("1+1"), 2)
    after = resident()
    return lambda: (after - before) / ISOLATES


class Row(NamedTuple):
    name: str
    prepare: Callable[[Any], Measure]
    #: What a ratio may be at most.
    target: float = 1.0
    #: QuickJS has no engine to start and its calls are an extension's: it counts where there is work in a row.
    quickjs: bool = False
    #: Empty ctypes calls that it may take at most.
    calls: Optional[int] = None
    unit: str = "s"


ROWS = [
    Row("start-up: new, `1+1`, closed", start_up),
    Row("eval of `1+1`", evaluate, calls=18),
    Row("call with two numbers", call, calls=9),
    Row("each of 1,000 callbacks in one call", callback, calls=12),
    Row(f"{len(TEXT) / 1e6:.1f} MB of records out", records_out, target=1 / 3, quickjs=True),
    Row(f"{len(TEXT) / 1e6:.1f} MB of records in", records_in, quickjs=True),
    Row("a dict of 1,000 keys out", keys_out, quickjs=True),
    Row("a dict of 1,000 keys in", keys_in, quickjs=True),
    Row(f"{MEGABYTES} MB of bytes out, copied", bytes_out),
    Row(f"{MEGABYTES} MB of bytes out, shared", view_out),
    Row(f"{MEGABYTES} MB of bytes in, copied", bytes_in),
    Row(f"{MEGABYTES} MB of bytes in, shared", view_in),
    Row("`for (;;) {}`: ends after its 100 ms", kill),
    Row("two threads with an isolate each, beside one", parallel, unit="x"),
    Row("memory of an isolate", memory, unit="B"),
]
ROW = {row.name: row for row in ROWS}


def worker(peer: str) -> None:
    """Measures the rows that it is asked for, line by line. A row that a package does not offer is null."""
    measures: dict[str, Optional[Measure]] = {}
    for line in sys.stdin:
        name = json.loads(line)
        try:
            if name not in measures:
                try:
                    measures[name] = ROW[name].prepare(PEERS[peer])
                except AttributeError as error:
                    if not isinstance(error.obj, PEERS[peer]):
                        raise
                    measures[name] = None
            measure = measures[name]
            gc.collect()
            answer: Any = {"value": None if measure is None else measure()}
        except Exception as error:
            answer = {"error": f"{type(error).__name__}: {error}"}
        print(json.dumps(answer), flush=True)


class Process:
    """A package's worker. It is stopped while others work: some packages' threads never sleep."""

    def __init__(self, peer: str) -> None:
        self.peer = peer
        command = [sys.executable, os.path.abspath(__file__), "--worker", peer, *CPU]
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def measure(self, name: str) -> Optional[float]:
        assert self.process.stdin is not None and self.process.stdout is not None
        self.process.send_signal(signal.SIGCONT)
        print(json.dumps(name), file=self.process.stdin, flush=True)
        ready, _, _ = select.select([self.process.stdout], [], [], LIMIT)
        line = self.process.stdout.readline() if ready else None
        if line is None:
            self.process.kill()
        answer = json.loads(line) if line else {"error": f"no answer in {LIMIT} s, or its process ended"}
        if "error" in answer:
            sys.exit(f"benches/python: {self.peer}: {name}: {answer['error']}")
        self.process.send_signal(signal.SIGSTOP)
        value: Optional[float] = answer["value"]
        return value

    def close(self) -> None:
        self.process.kill()
        self.process.wait()


def measure(row: Row, processes: dict[str, Process], rounds: int) -> Iterator[dict[str, Optional[float]]]:
    """The values of each round. Nobody is always the first."""
    names = list(processes)
    # What a process of its own has is nearly the same each time.
    for number in range(rounds if row.unit != "B" else min(rounds, 3)):
        values = {}
        for name in names[number % len(names) :] + names[: number % len(names)]:
            process = processes[name] if row.unit != "B" else Process(name)
            try:
                values[name] = process.measure(row.name)
            finally:
                if row.unit == "B":
                    process.close()
        yield values


def quartiles(numbers: list[float]) -> list[float]:
    return statistics.quantiles(numbers, n=4, method="inclusive") if len(numbers) > 1 else numbers * 3


def show(values: list[Optional[float]], unit: str) -> str:
    numbers = [value for value in values if value is not None]
    if not numbers:
        return "-"
    value = statistics.median(numbers)
    if unit != "s":
        return f"{value:.2f}" if unit == "x" else f"{value / 1024:.0f} KB"
    for size, name in ((1.0, "s"), (1e-3, "ms"), (1e-6, "us")):
        if abs(value) >= size:
            break
    return f"{value / size:.2f} {name}"


def cells(row: Row, rounds: list[dict[str, Optional[float]]], empty: float, peers: list[str]) -> list[str]:
    shown = [show([values[peer] for values in rounds], row.unit) for peer in peers]
    rivals = [peer for peer in peers[1:] if rounds[0][peer] is not None and (PEERS[peer].v8 or row.quickjs)]
    ours = statistics.median(values["jsvm"] or 0.0 for values in rounds)
    targets, words = [], []
    ratio = in_calls = ""
    if rivals:
        best = min(rivals, key=lambda peer: statistics.median(values[peer] or 0.0 for values in rounds))
        low, middle, high = quartiles([(values["jsvm"] or 0.0) / (values[best] or 1e-9) for values in rounds])
        ratio = f"{middle:.2f} ({low:.2f}-{high:.2f}) {best}"
        targets.append(f"{row.target:.2g}")
        words.append(middle <= row.target)
    if row.unit == "s":
        in_calls = f"{ours / empty:.1f}" if ours < 1e4 * empty else f"{ours / empty:,.0f}"
    if row.calls is not None:
        targets.append(f"{row.calls} calls")
        words.append(ours / empty <= row.calls)
    word = ", ".join("met" if word else "missed" for word in words)
    return [row.name, *shown, in_calls, ratio, ", ".join(targets), word]


def empty_call() -> float:
    """Of a function that every process has, and that is no system call."""
    return seconds(ctypes.CDLL(None).getpagesize)


def main() -> None:
    parser = argparse.ArgumentParser(prog="benches/python/run")
    parser.add_argument("names", nargs="*", metavar="NAME", help="rows that have one of these in their name")
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--cpu", action="store_true", help="CPU time of all threads, and not the clock's")
    parser.add_argument("--worker", choices=PEERS, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.worker:
        return worker(options.worker)
    if options.rounds < 1:
        parser.error("at least one round")
    chosen = [row for row in ROWS if not options.names or any(name in row.name for name in options.names)]
    if not chosen:
        sys.exit(f"benches/python: no row has {' or '.join(options.names)} in its name")
    peers = [peer for peer, module in MODULES.items() if importlib.util.find_spec(module)]
    # The stopped ones are ended, however this ends.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    processes = {peer: Process(peer) for peer in peers}
    try:
        table(chosen, processes, options.rounds)
    finally:
        for process in processes.values():
            process.close()


def table(rows: list[Row], processes: dict[str, Process], number: int) -> None:
    """Prints the rows as they come."""
    peers = list(processes)
    empties: list[float] = []
    print(f"| work | {' | '.join(peers)} | jsvm, in empty calls | ratio to the best (quartiles) | target | |")
    print("|---" * (len(peers) + 5) + "|", flush=True)
    for row in rows:
        empties.append(empty_call())
        rounds = list(measure(row, processes, number))
        empties.append(empty_call())
        print("|", " | ".join(cells(row, rounds, statistics.median(empties[-2:]), peers)), "|", flush=True)
    print(f"\nAn empty ctypes call took {statistics.median(empties) * 1e6:.3f} us.")


main()
