"""What short calls cost, in units of an empty ctypes call of the same run: JSVM_LIBRARY=... python micro.py"""

import ctypes
import json
import timeit

import jsvm
from jsvm import _library


def best(work, number):
    return min(timeit.repeat(work, number=number, repeat=7)) / number


empty = ctypes.CDLL(_library.path()).jsvm_abi_version
unit = best(empty, 200_000)
print(f"empty ctypes call  {unit * 1e6:7.3f} us")

isolate = jsvm.Isolate()
context = isolate.context()
add = context.eval("(a, b) => a + b")
context.globals["host"] = lambda a, b: a + b
loop = context.eval("(n) => { for (let i = 0; i < n; i++) host(i, 2); }")
text = context.eval("(text) => text")


def row(name, seconds):
    print(f"{name:18} {seconds * 1e6:7.3f} us {seconds / unit:7.1f} units")


row("eval 1+1", best(lambda: context.eval("1+1"), 50_000))
row("call f(1, 2)", best(lambda: add(1, 2), 50_000))
row("callback", best(lambda: loop(10_000), 1) / 10_000)
row("call f('text')", best(lambda: text("text"), 50_000))

rows = [
    {"id": i, "name": f"name {i}", "tags": ["a", "b", i], "nested": {"x": i * 1.5, "ok": True, "none": None}} for i in range(10_000)
]
data = json.dumps(rows)
context.globals["data"] = data
live = context.eval("JSON.parse(data)")
megabytes = len(data) / 1e6
print(f"{megabytes:.2f} MB of JSON, {len(rows)} records")
for name, work in (
    ("copy out", lambda: live.copy()),
    ("copy in", lambda: context.value(rows)),
    ("json.loads", lambda: json.loads(data)),
    ("to_json + loads", lambda: json.loads(context.to_json(live))),
    ("dumps + parse_json", lambda: context.parse_json(json.dumps(rows))),
):
    print(f"{name:18} {best(work, 1) * 1e3 / megabytes:7.2f} ms for 1 MB")
