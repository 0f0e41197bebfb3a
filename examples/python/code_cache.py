"""Compiles a script with the code that an earlier run compiled: useful for large sources, with the bytes in a file beside.

Bytes that are damaged, or of another source or version, are refused, and the script is compiled from its source as if there
were none. That protects from accidents. It does not protect from an attacker who can write the file: keep it where only you
can.
"""

from typing import Optional

import jsvm

SOURCE = """
function isPrime(n) {
  for (let i = 2; i * i <= n; i++) if (n % i === 0) return false;
  return n > 1;
}
let count = 0;
for (let n = 0; n < 10000; n++) if (isPrime(n)) count++;
`${count} primes below 10000`;
"""


def run(title: str, source: str, cache: Optional[bytes] = None) -> bytes:
    """Compiles and runs in a fresh isolate, with cached data if there is any; gives new cached data."""
    with jsvm.Isolate() as isolate:
        script = jsvm.Script(isolate, source, filename="primes.js", cached_data=cache)
        what = "not given" if cache is None else "rejected" if script.cached_data_rejected else "used"
        print(f"{title:16} cached data {what}: {script.run()}")
        # After the run, because V8 compiles functions when they are first called.
        return script.create_cached_data()


cache = run("first run", SOURCE)
run("second run", SOURCE, cache)
run("other source", "'another source';", cache)
run("truncated", SOURCE, cache[: len(cache) // 2])
damaged = bytearray(cache)
damaged[len(cache) // 2] ^= 1
run("one bit flipped", SOURCE, bytes(damaged))
