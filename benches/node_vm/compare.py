"""The rows of rows.js by jsvm and by Node, as a table: see docs/BENCHMARKS.md. Called by benches/node_vm/run.

The hosts take turns, each time in a process of its own, since the machine's speed changes from one second to the next.
A ratio is the median of the ratios of neighbours, with its quartiles.
"""

import argparse
import json
import os
import re
import statistics
import subprocess
import sys
import tempfile

ROWS = os.path.join(os.path.dirname(os.path.abspath(__file__)), "rows.js")
# Garbage is collected on the thread that made it: otherwise others would still be at the garbage of the work before.
FLAGS = ["--experimental-vm-modules", "--no-warnings", "--expose-gc", "--single-threaded-gc"]
# The same limit of the heap, in MB: under a smaller one V8 collects more often.
HEAP = 1400
# Seconds.
LIMIT = 300


def run(host, name, source):
    command = [*host, *FLAGS, ROWS, name, source]
    try:
        done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, timeout=LIMIT)
    except subprocess.TimeoutExpired:
        sys.exit(f"benches/node_vm: {os.path.basename(host[0])} takes more than {LIMIT} s: {name}")
    if done.returncode != 0:
        lines = done.stderr.decode(errors="replace").strip().splitlines() or ["it says nothing"]
        why = next((line for line in lines if re.match(r"\w*Error\b", line)), lines[-1])
        sys.exit(f"benches/node_vm: {os.path.basename(host[0])} ends with {done.returncode}: {name}: {why}")
    return json.loads(done.stdout)


def quartiles(numbers):
    return statistics.quantiles(numbers, n=4, method="inclusive") if len(numbers) > 1 else numbers * 3


def show(value, unit):
    if unit == "B":
        return f"{value / 1024:.0f} KB"
    for size, name in ((1e6, "ms"), (1e3, "us")):
        if value >= size:
            return f"{value / size:.2f} {name}"
    return f"{value:.1f} ns"


def met(value, target):
    return f"{target} | {'met' if value <= target else 'missed'}"


def compare(row, hosts, source, rounds):
    """The row's values in each round: one list for each host."""
    values = ([], [])
    for number in range(rounds):
        # Neither host is always the first.
        for which in (0, 1) if number % 2 == 0 else (1, 0):
            values[which].append(run(hosts[which], row["name"], source))
    return values


def main():
    parser = argparse.ArgumentParser(prog="benches/node_vm/run")
    parser.add_argument("names", nargs="*", help="rows that have one of these in their name")
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--jsvm", required=True)
    parser.add_argument("--node", required=True)
    parser.add_argument("--source", required=True, help="a big script")
    options = parser.parse_args()
    if options.rounds < 1:
        parser.error("at least one round")
    hosts = [[options.jsvm, f"--memory-limit={HEAP}"], [options.node, f"--max-old-space-size={HEAP}"]]
    rows = json.loads(subprocess.check_output([options.node, ROWS]))
    chosen = [row for row in rows if not options.names or any(name in row["name"] for name in options.names)]
    if not chosen:
        sys.exit(f"benches/node_vm: no row has {' or '.join(options.names)} in its name")
    with tempfile.TemporaryDirectory() as folder:
        source = os.path.join(folder, "source.json")
        with open(options.source, encoding="utf-8") as text, open(source, "w", encoding="utf-8") as file:
            json.dump(text.read(), file)
        measured = table(chosen, hosts, source, options.rounds)
    additions(chosen, measured)


def table(rows, hosts, source, rounds):
    """Prints the rows as they come. The values of each, by its name."""
    print("| work | jsvm | Node 26.10 | ratio (quartiles) | target | |\n|---|---|---|---|---|---|", flush=True)
    measured = {}
    for row in rows:
        ours, theirs = measured[row["name"]] = compare(row, hosts, source, rounds)
        low, ratio, high = quartiles([a / b for a, b in zip(ours, theirs)])
        shown = " | ".join(show(statistics.median(values), row["unit"]) for values in (ours, theirs))
        print(
            f"| {row['name']} | {shown} | {ratio:.2f} ({low:.2f}-{high:.2f}) | {met(ratio, row['target'])} |",
            flush=True,
        )
    return measured


def additions(rows, measured):
    """What an option adds to the row that does the same without it."""
    print()
    for row in rows:
        base, target = row.get("adds") or (None, None)
        if base in measured:
            ours, theirs = (
                statistics.median(a - b for a, b in zip(*pair)) / 1e3
                for pair in zip(measured[row["name"]], measured[base])
            )
            word = "met" if ours <= target else "missed"
            print(f"- {row['name']}: adds {ours:.2f} us, Node's {theirs:.2f} us: target {target}: {word}")


main()
