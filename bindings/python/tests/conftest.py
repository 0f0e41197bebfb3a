"""Every test leaves no handle of libjsvm behind."""

from __future__ import annotations

import gc
from typing import Any, Iterator

import pytest

import jsvm
from jsvm import _userdata


@pytest.fixture
def isolate() -> Iterator[jsvm.Isolate]:
    with jsvm.Isolate() as made:
        yield made


@pytest.fixture
def context(isolate: jsvm.Isolate) -> jsvm.Context:
    return isolate.context()


@pytest.fixture(autouse=True)
def nothing_is_left(request: Any) -> Iterator[None]:
    # The fixtures of the test are taken down before this one, which is asked for first.
    yield
    vm = jsvm.vm._isolate
    if vm is not None:
        vm.close()
    request.node.funcargs.clear()
    for _ in range(3):
        gc.collect()
        jsvm.flush_finalizers()
    left = {kind: count for kind, count in jsvm.live_handles().items() if count}
    assert not left
    assert not _userdata.table
