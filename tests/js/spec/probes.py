"""Compares what probes.js printed with what Node prints for it: python3 probes.py OUTPUT

A line is `ID<tab>result`. Each has to be the one of probes.golden, but for where in the module's own file a stack passes,
and for those of probes.differences: lines as libjsvm prints them on purpose, under `# ` lines with the reason. That list is
exact: what is listed and not so is a failure, too.
"""

import pathlib
import re
import sys

HERE = pathlib.Path(__file__).parent


def results(text):
    text = re.sub(r"\(node:vm:\d+:\d+\)", "(node:vm)", text)
    found = dict(line.split("\t", 1) for line in text.splitlines() if "\t" in line)
    assert len(found) == text.count("\t"), "an ID is there twice"
    return found


def listed(name):
    """The lines of a list; each must have a reason above it."""
    lines, reason = [], ""
    for line in (HERE / name).read_text().splitlines():
        if line.startswith("#"):
            reason = line.strip("# ")
        elif line:
            assert reason, f"{name}: {line}: it has no reason"
            lines.append(line)
        else:
            reason = ""
    return lines


def main():
    golden = results((HERE / "probes.golden").read_text())
    seen = results(pathlib.Path(sys.argv[1]).read_text())
    differences = results("\n".join(listed("probes.differences")))
    failures = 0

    def fail(what, probe, expected=None):
        nonlocal failures
        failures += 1
        print(f"  {probe}: {what}")
        if expected is not None:
            print(f"      expected {expected}\n      seen     {seen.get(probe, '(no line)')}")

    for probe in sorted(golden.keys() | seen.keys() | differences.keys()):
        expected = golden.get(probe)
        ours = seen.get(probe)
        if expected is None:
            fail("probes.golden does not have it", probe)
        elif probe in differences:
            if ours == expected:
                fail("as in probes.golden now: take it out of probes.differences", probe)
            elif ours != differences[probe]:
                fail("not what probes.differences says", probe, differences[probe])
        elif ours != expected:
            fail("not what Node prints", probe, expected)
    same = len(golden) - len(differences)
    print(f"{failures} of {len(golden)} probes failed" if failures else
          f"{len(golden)} probes: {same} as Node, {len(differences)} different on purpose")
    return failures > 0


if __name__ == "__main__":
    sys.exit(main())
