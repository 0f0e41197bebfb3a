"""The examples of the README print what they say."""

from __future__ import annotations

import doctest
from pathlib import Path

import pytest

import jsvm

README = Path(__file__).resolve().parents[1] / "README.md"


def test_the_readme() -> None:
    text = README.read_text()
    test = doctest.DocTestParser().get_doctest(text, {}, "README", str(README), 0)
    assert len(test.examples) > 30
    report: list[str] = []
    runner = doctest.DocTestRunner(optionflags=doctest.ELLIPSIS)
    found = runner.run(test, out=report.append, clear_globs=False)
    for value in test.globs.values():
        if isinstance(value, jsvm.Context):
            value.isolate.close()
    test.globs.clear()
    if found.failed:
        pytest.fail("".join(report))


def test_the_package() -> None:
    assert doctest.testmod(jsvm).failed == 0
