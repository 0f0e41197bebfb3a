"""Runs code that nobody has looked at, with limits. Each guest ends with an exception of its own, and the program goes on.

What this does not protect from: a fault of V8 itself, and the few operations to which V8 answers by ending the process.
docs/SECURITY.md lists them. For hostile code, put the process in a sandbox of the operating system too.
"""

import threading
from typing import Any, NamedTuple

import jsvm

SPIN = "function spin() { for (;;) {} } spin()"


class Guest(NamedTuple):
    title: str
    source: str
    limits: dict[str, Any] = {"timeout": 60}


GUESTS = [
    Guest("well behaved", "[3, 1, 2].sort().join()"),
    Guest("endless loop", SPIN, {"timeout": 0.1}),
    # Microtasks run within the call and its limits: a promise does not outlive them.
    Guest("endless promises", "(async () => { for (;;) await null; })()", {"timeout": 0.1}),
    Guest("endless getter", "JSON.stringify({ get trap() { for (;;) {} } })", {"timeout": 0.1}),
    # The clock of the thread: other work on a busy machine does not count.
    Guest("much CPU time", SPIN, {"cpu_time": 0.1}),
    # Another thread triggers the token. It stays triggered: later calls with it end at once.
    Guest("user went away", SPIN, {"cancel": jsvm.CancelToken()}),
    Guest("growing array", "function grow() { const all = []; for (;;) all.push({}); } grow()"),
    Guest("growing map", "function grow() { const all = new Map(); for (let i = 0;; i++) all.set(i, [i]); } grow()"),
    # These limits are ordinary JavaScript errors, which the guest may catch.
    Guest("growing string", "let text = 'x'; for (;;) text += text"),
    Guest("typed arrays", "const all = []; for (;;) all.push(new Uint8Array(1e6))"),
    Guest("deep recursion", "function deep() { deep(); } deep()"),
    Guest("code from a string", "eval('1 + 1')"),
]


def run(guest: Guest) -> str:
    # An isolate for each guest: guests in one isolate share its memory limit. It takes about a millisecond.
    with jsvm.Isolate(memory_limit=64 << 20, buffer_limit=64 << 20) as isolate:
        context = isolate.context(strings=False, wasm=False)
        if "cancel" in guest.limits:
            threading.Timer(0.05, guest.limits["cancel"].cancel).start()
        try:
            outcome = f"gave {context.eval(guest.source, **guest.limits)}"
        except jsvm.JSError as error:
            outcome = f"{type(error).__name__}: {error}"
            # A stopped guest leaves its stack: where it was at that moment.
            if isinstance(error, jsvm.JSStopped) and error.frames and error.frames[0].function:
                outcome += f" (in {error.frames[0].function})"
        # The isolate that the guest used up works on.
        return f"{outcome}; then 6 * 7 is {context.eval('6 * 7')}"


for guest in GUESTS:
    print(f"{guest.title:18}  {run(guest)}")
