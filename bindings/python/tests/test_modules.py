"""Modules, imports, scripts, functions, node:vm's names, what is installed."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest

import jsvm
from jsvm import vm

TABLE = {"a": "import { n } from 'b'; export const doubled = n * 2", "b": "export const n = 21"}


def test_linking_and_evaluating(context: jsvm.Context) -> None:
    asked: list[Any] = []
    made: dict[str, jsvm.Module] = {}

    def linker(request: jsvm.ModuleRequest) -> jsvm.Module:
        asked.append((request.specifier, request.attributes, request.phase, request.referrer_name))
        assert request.context is not None and isinstance(request.referrer, jsvm.Module)
        return made.setdefault(
            request.specifier, jsvm.Module(request.context, TABLE[request.specifier], identifier=request.specifier)
        )

    main = jsvm.Module(context, "export { doubled } from 'a' with { k: 'v' }", identifier="main")
    assert main.status == "unlinked" and [one.specifier for one in main.requests] == ["a"]
    main.link(linker, timeout=10)
    assert main.status == "linked" and not main.has_top_level_await and not main.has_async_graph
    assert main.evaluate().result() is jsvm.undefined and main.status == "evaluated"
    assert main.namespace.doubled == 42 and repr(main) == "<jsvm.Module 'main'>"
    assert asked == [("a", {"k": "v"}, "evaluation", "main"), ("b", {}, "evaluation", "a")]
    with pytest.raises(jsvm.JSStateError):
        main.link(linker)
    made.clear()


def test_async_linking(context: jsvm.Context) -> None:
    async def linker(request: jsvm.ModuleRequest) -> jsvm.Module:
        await asyncio.sleep(0)
        return jsvm.Module(context, TABLE[request.specifier])

    async def run() -> None:
        main = jsvm.Module(context, "import { doubled } from 'a'; export const x = await Promise.resolve(doubled + 1)")
        await main.link_async(linker)
        assert main.has_top_level_await
        await main.evaluate()
        assert main.namespace["x"] == 43

    asyncio.run(run())


def test_a_linker_fails(context: jsvm.Context) -> None:
    def refuse(request: jsvm.ModuleRequest) -> Any:
        raise LookupError(request.specifier)

    main = jsvm.Module(context, "import 'x'")
    with pytest.raises(LookupError, match="x"):
        main.link(refuse)
    with pytest.raises(TypeError, match="an importer gives"):
        main.link(lambda request: 5)
    with pytest.raises(TypeError):
        main.link("x")  # type: ignore[arg-type]
    with pytest.raises(TypeError):
        main.link_requests([5])  # type: ignore[list-item]
    with pytest.raises(jsvm.JSUsageError):
        main.link_requests([])
    with pytest.raises(jsvm.JSSyntaxError):
        jsvm.Module(context, "import {")
    with pytest.raises(TypeError):
        jsvm.Module("context", "1")  # type: ignore[arg-type]
    failing = jsvm.Module(context, "throw 5")
    failing.link(refuse)
    with pytest.raises(jsvm.JSError):
        failing.evaluate().result()
    assert failing.status == "errored" and failing.error == 5


def test_synthetic_json_and_wasm(context: jsvm.Context) -> None:
    def evaluate(module: jsvm.SyntheticModule) -> None:
        module.set_export("default", {"n": 1})

    host = jsvm.SyntheticModule(context, ["default", "later"], evaluate, identifier="host")
    json = jsvm.JSONModule(context, '{"a": [1]}')
    wasm = jsvm.WasmModule(context, b"\0asm\1\0\0\0")
    main = jsvm.Module(
        context, "import h, { later } from 'h'; import j from 'j'; import source w from 'w'; export { h, j, w, later }"
    )
    assert [request.phase for request in main.requests] == ["evaluation", "evaluation", "source"]
    main.link({"h": host, "j": json, "w": wasm}.__getitem__ and (lambda r: {"h": host, "j": json, "w": wasm}[r.specifier]))
    main.evaluate().result()
    found = main.namespace
    assert found.h.n == 1 and found.j.a.copy() == [1] and found.w.constructor_name == "Module"
    host.set_export("later", 5)
    assert found.later == 5
    with pytest.raises(jsvm.JSError):
        host.set_export("nope", 1)
    with pytest.raises(jsvm.JSSyntaxError):
        jsvm.JSONModule(context, "{")
    with pytest.raises(jsvm.JSError):
        jsvm.WasmModule(context, b"nonsense")

    def fail(module: jsvm.SyntheticModule) -> None:
        raise LookupError("in evaluate")

    broken = jsvm.SyntheticModule(context, [], fail)
    broken.link(lambda request: request)
    with pytest.raises(LookupError):
        broken.evaluate().result()


def test_dynamic_import_and_meta(context: jsvm.Context) -> None:
    ready = jsvm.SyntheticModule(context, ["x"], lambda module: module.set_export("x", 7))
    ready.link(lambda request: request)
    ready.evaluate().result()
    names: list[str] = []

    def importer(request: jsvm.ModuleRequest) -> Any:
        names.append(request.referrer_name)
        if request.specifier == "missing":
            raise LookupError("missing")
        return ready

    assert context.eval("import('x')", importer=importer, filename="file.js").result().x == 7
    assert context.compile_function("return import('x')", importer=importer)().result().x == 7
    with pytest.raises(LookupError):
        context.eval("import('missing')", importer=importer).result()
    with pytest.raises(jsvm.JSError, match="ERR_VM_DYNAMIC_IMPORT_CALLBACK_MISSING|callback"):
        context.eval("import('x')").result()
    context.set_importer(lambda request: ready.namespace)
    assert context.eval("import('x')").result().x == 7
    context.set_importer(None)

    def meta(found: jsvm.JSObject, module: jsvm.Module) -> None:
        found["url"] = "host:" + module.identifier

    module = jsvm.Module(
        context,
        "export const url = import.meta.url, x = (await import('x')).x",
        identifier="m",
        import_meta=meta,
        importer=importer,
    )
    module.link(importer)
    module.evaluate().result()
    assert module.namespace.url == "host:m" and module.namespace.x == 7 and names[0] == "file.js" and names[-1] == "m"

    async def later(request: jsvm.ModuleRequest) -> Any:
        await asyncio.sleep(0.01)
        return ready

    async def run() -> None:
        assert (await context.eval("import('x')", importer=later)).x == 7

    asyncio.run(run())


def test_files(context: jsvm.Context, tmp_path: Path) -> None:
    (tmp_path / "main.mjs").write_text(
        "import { n } from './lib/n.js'; import j from './d.json' with { type: 'json' }; export default n + j"
    )
    (tmp_path / "lib").mkdir()
    (tmp_path / "lib" / "n.js").write_text("export const n = 40")
    (tmp_path / "d.json").write_text("2")
    loader = context.file_loader(str(tmp_path))
    assert loader.import_module("./main.mjs", timeout=10).result().default == 42
    assert context.eval("import('./lib/n.js')").result().n == 40
    with pytest.raises(jsvm.JSError):
        loader.import_module("../outside.mjs").result()
    with pytest.raises(jsvm.JSUsageError):
        context.file_loader(str(tmp_path / "nothing"))


def test_scripts_and_the_code_cache(isolate: jsvm.Isolate) -> None:
    source = "function f(x) { return x + n }; f(1)\n//# sourceURL=u.js\n//# sourceMappingURL=u.map"
    one, two = isolate.context(), isolate.context()
    one.globals["n"], two.globals["n"], isolate.main_context.globals["n"] = 1, 2, 3
    script = jsvm.Script(isolate, source, filename="s.js")
    assert [script.run(one), script.run(two), script.run(timeout=1)] == [2, 3, 4]
    assert (script.source_url, script.source_map_url) == ("u.js", "u.map")
    data = script.create_cached_data()
    assert not jsvm.Script(isolate, source, cached_data=data).cached_data_rejected
    assert jsvm.Script(isolate, source, cached_data=b"x" * 100).cached_data_rejected
    value, context = jsvm.Script(isolate, "globalThis.k = [1]; k").run_in_new_context(copy=True)
    assert value == [1] and context.eval("k.length") == 1
    with pytest.raises(TypeError):
        script.run("context")  # type: ignore[arg-type]
    with pytest.raises(TypeError):
        jsvm.Script("1", "2")  # type: ignore[arg-type]
    f = one.compile_function(
        "return a + b + x", ["a", "b"], context_extensions=[one.object({"x": 100})], produce_cached_data=True
    )
    assert f(1, 2) == 103 and f.cached_data and f.cached_data_rejected is False
    again = one.compile_function("return a + b", ["a", "b"], cached_data=f.cached_data)
    assert again(1, 2) == 3
    with pytest.raises(TypeError):
        one.compile_function("", "ab")
    with pytest.raises(jsvm.JSSyntaxError):
        one.compile_function("", ["a b"])
    module = jsvm.Module(one, "export const x = 1")
    assert jsvm.Module(one, "export const x = 1", cached_data=module.create_cached_data()).status == "unlinked"


def test_eval_remembers_what_it_compiled(context: jsvm.Context) -> None:
    context.eval("n = 0")
    for turn in range(1, 5):
        assert context.eval("++n; n") == turn
    for _ in range(4):
        with pytest.raises(jsvm.JSSyntaxError):
            context.eval("1 +")
        with pytest.raises(jsvm.JSError) as caught:
            context.eval("null.x")
        assert caught.value.arrow
    del caught


def test_contexts(isolate: jsvm.Isolate) -> None:
    with isolate.context(name="n", origin="http://o", strings=False, wasm=False, microtask_mode="after_evaluate") as context:
        assert context.name == "n" and context.origin == "http://o" and context.isolate is isolate
        with pytest.raises(jsvm.JSError, match="EvalError"):
            context.eval("eval('1')")
    made = isolate.context(contextify={"x": 1})
    made.eval("y = x + 1")
    assert made.contextified_object["y"] == 2 and isolate.context(contextify=True).eval("typeof globalThis") == "object"
    for wrong in ({"microtask_mode": "?"}, {"contextify": 5}):
        with pytest.raises((ValueError, TypeError)):
            isolate.context(**wrong)  # type: ignore[arg-type]


def test_node_vms_names() -> None:
    sandbox = vm.create_context({"count": 2})
    assert vm.is_context(sandbox) and not vm.is_context({}) and not vm.is_context(vm.this_isolate().main_context.object())
    vm.Script("count += 40; name = 'kitty'").run_in_context(sandbox)
    assert dict(sandbox.items()) == {"count": 42, "name": "kitty"}
    assert vm.run_in_context("count", sandbox) == 42 and vm.run_in_new_context("x * 2", {"x": 4}) == 8
    assert vm.Script("typeof require").run_in_this_context() == "undefined" and vm.run_in_this_context("1 + 1") == 2
    assert vm.Script("x + 1").run_in_new_context({"x": 1}) == 2
    assert vm.compile_function("return a", ["a"])(5) == 5
    assert vm.compile_function("return count", parsing_context=sandbox)() == 42
    assert vm.create_context(vm.constants.DONT_CONTEXTIFY).constructor_name == "Object"
    assert vm.measure_memory(execution="eager").result(timeout=60)["total"]["jsMemoryEstimate"] > 0
    module = vm.SourceTextModule(vm.context_of(sandbox), "export default count")
    module.link(lambda request: request)
    module.evaluate().result()
    assert module.namespace.default == 42
    with pytest.raises(jsvm.JSUsageError):
        vm.run_in_context("1", vm.this_isolate().main_context.object())
    with pytest.raises(TypeError):
        vm.run_in_context("1", {})  # type: ignore[arg-type]


def test_parts(context: jsvm.Context) -> None:
    written: list[Any] = []
    context.install(
        "console",
        "process",
        "require",
        write=lambda stream, data: written.append((stream, data)),
        argv=["a", "b"],
        env={"K": "v"},
    )
    context.eval("console.log('é', {a: 1}); console.error('no')")
    assert written == [(1, "é { a: 1 }\n".encode()), (2, b"no\n")]
    assert context.eval("process.argv.join() + process.env.K") == "a,bv"
    context.provide_module("host", {"f": lambda: 42})
    assert context.eval("require('host').f()") == 42 and context.eval("require('node:path').join('a', 'b')") == "a/b"
    with pytest.raises(jsvm.JSTerminatedError):
        context.eval("process.exit(3)")
    assert context.exit_code() == (3, True)
    assert context.vm_module()["runInNewContext"]("1 + 1") == 2
    with pytest.raises(ValueError, match="a part is one of"):
        context.install("fs")
    with pytest.raises(TypeError):
        context.install("console", write=5)  # type: ignore[arg-type]
    written.clear()
