package jsvm

import (
	"bytes"
	"context"
	"errors"
	"os"
	"strings"
	"syscall"
	"testing"
	"time"
)

func TestScripts(t *testing.T) {
	c := open(t)
	iso := c.Isolate()
	code := "globalThis.n = (globalThis.n ?? 0) + 1;\n//# sourceMappingURL=x.map\n//# sourceURL=y.js"
	script, err := iso.NewScript(code, &ScriptOptions{Filename: "s.js"})
	ok(t, err)
	for want := 1.0; want < 4; want++ {
		if v, err := script.RunInThisContext(bg); v.Float64() != want || err != nil {
			t.Error(v, err)
		}
	}
	other, err := iso.NewContext(&ContextOptions{Name: "other", Origin: "https://x.example"})
	ok(t, err)
	if v, err := script.RunInContext(bg, other); v.Float64() != 1 || err != nil {
		t.Error(v, err)
	}
	if other.Name() != "other" || other.Origin() != "https://x.example" {
		t.Error(other.Name(), other.Origin())
	}
	v, made, err := script.RunInNewContext(bg, nil)
	if v.Float64() != 1 || err != nil || made == nil {
		t.Error(v, err)
	}
	if script.SourceMapURL() != "x.map" || script.SourceURL() != "y.js" {
		t.Error(script.SourceMapURL(), script.SourceURL())
	}
	data, err := script.CreateCachedData()
	ok(t, err)
	cached, err := iso.NewScript(code, &ScriptOptions{CachedData: data})
	ok(t, err)
	if cached.CachedDataRejected() {
		t.Error("the cached data was refused")
	}
	bad, err := iso.NewScript(code, &ScriptOptions{CachedData: []byte("nonsense, and more of it")})
	ok(t, err)
	if !bad.CachedDataRejected() {
		t.Error("nonsense was taken")
	}
	clone, err := script.Clone()
	ok(t, err)
	script.Close()
	script.Close()
	_, err = script.RunInThisContext(bg)
	has(t, err, "closed")
	if _, err := clone.RunInThisContext(bg); err != nil {
		t.Error(err)
	}
	_, err = iso.NewScript("let let", nil)
	has(t, err, "SyntaxError")
	if v, made, err := iso.RunInNewContext(bg, "throw 1", nil, nil); err == nil || made == nil {
		t.Error(v, made, err)
	}
	if v, err := iso.RunInThisContext(bg, "2", nil); v.Float64() != 2 || err != nil {
		t.Error(v, err)
	}
	if v, err := RunInContext(bg, "3", other, nil); v.Float64() != 3 || err != nil {
		t.Error(v, err)
	}
}

func TestCompileFunction(t *testing.T) {
	c := open(t)
	f, err := c.CompileFunction("return a + b + x", &CompileFunctionOptions{
		Params: []string{"a", "b"}, ContextExtensions: []*Object{eval(t, c, "({ x: 100 })").Object()}, ProduceCachedData: true,
		Filename: "f.js",
	})
	ok(t, err)
	if v, err := f.Call(bg, Undefined, 1, 2); v.Float64() != 103 || err != nil {
		t.Error(v, err)
	}
	plain, err := c.CompileFunction("return 1", &CompileFunctionOptions{ProduceCachedData: true})
	ok(t, err)
	again, err := c.CompileFunction("return 1", &CompileFunctionOptions{CachedData: plain.CachedData})
	ok(t, err)
	if len(plain.CachedData) == 0 || again.CachedDataRejected {
		t.Error(len(plain.CachedData), again.CachedDataRejected)
	}
	_, err = c.CompileFunction("return", &CompileFunctionOptions{Params: []string{"a b"}})
	has(t, err, "SyntaxError")
	if _, err := c.CompileFunction("return 1", nil); err != nil {
		t.Error(err)
	}
}

func TestContextify(t *testing.T) {
	c := open(t)
	o := eval(t, c, "({ x: 1 })").Object()
	made, err := c.Isolate().CreateContext(o, nil)
	ok(t, err)
	if v, err := made.Eval(bg, "var y = x + 1; y"); v.Float64() != 2 || err != nil {
		t.Error(v, err)
	}
	if v, err := o.Get(bg, "y"); v.Float64() != 2 || err != nil {
		t.Error(v, err)
	}
	is, found, err := IsContext(o)
	if !is || found == nil || err != nil {
		t.Error(is, err)
	}
	if v, err := found.Get(bg, "y"); v.Float64() != 2 || err != nil {
		t.Error(v, err)
	}
	if is, found, err := IsContext(eval(t, c, "({})").Object()); is || found != nil || err != nil {
		t.Error(is, err)
	}
	object, err := made.ContextifiedObject()
	ok(t, err)
	if same, err := object.Value().Equal(o.Value()); !same || err != nil {
		t.Error(same, err)
	}
	strict, err := c.Isolate().NewContext(&ContextOptions{DisallowStrings: true, DisallowWasm: true, MicrotaskMode: MicrotasksAfterEvaluate})
	ok(t, err)
	_, err = strict.Eval(bg, "eval('1')")
	has(t, err, "EvalError")
	clone, err := strict.Clone()
	ok(t, err)
	strict.Close()
	if _, err := clone.Eval(bg, "1"); err != nil {
		t.Error(err)
	}
	vm, err := c.VMModule(0)
	ok(t, err)
	if v, err := vm.CallMethod(bg, "runInNewContext", "a * 2", map[string]int{"a": 21}); v.Float64() != 42 || err != nil {
		t.Error(v, err)
	}
}

func TestInstall(t *testing.T) {
	c := open(t)
	var out, errs bytes.Buffer
	ok(t, c.Install(PartConsole|PartProcess|PartBuffer|PartURL|PartStructuredClone|PartRequire, &InstallOptions{
		Stdout: &out, Stderr: &errs, Argv: []string{"prog", "x y"}, Env: []string{"A=b"}, RequireFrom: t.TempDir() + "/",
	}))
	eval(t, c, "console.log('hi', { a: 1 }); console.error('oh')")
	if out.String() != "hi { a: 1 }\n" || errs.String() != "oh\n" {
		t.Errorf("%q %q", out.String(), errs.String())
	}
	if v := eval(t, c, "process.argv[1] + process.env.A + Buffer.from('x').toString('hex')"); v.String() != "x yb78" {
		t.Error(v)
	}
	ok(t, c.ProvideModule("shop", map[string]any{"price": func(n int) int { return n * 12 }}))
	if v := eval(t, c, "require('shop').price(2)"); v.Float64() != 24 {
		t.Error(v)
	}
	_, err := c.Eval(bg, "process.exit(3)")
	code, exiting, err2 := c.ExitCode()
	if !errors.Is(err, ErrTerminated) || code != 3 || !exiting || err2 != nil {
		t.Error(err, code, exiting, err2)
	}
	ok(t, c.Install(PartConsole, &InstallOptions{Stdout: panicking{}}))
	func() {
		defer func() {
			if recover() != "no ink" {
				t.Error("no panic")
			}
		}()
		_, _ = c.Eval(bg, "console.log(1)")
	}()
	if err := c.Install(1<<30, nil); !errors.Is(err, ErrInvalidArgument) {
		t.Error(err)
	}
}

type panicking struct{}

func (panicking) Write([]byte) (int, error) { panic("no ink") }

func TestData(t *testing.T) {
	c := open(t)
	v, err := c.ParseJSON(bg, `{"a":[1,2,{"b":null}]}`)
	ok(t, err)
	text, err := c.StringifyJSON(bg, v, 0)
	if string(text) != `{"a":[1,2,{"b":null}]}` || err != nil {
		t.Error(string(text), err)
	}
	if text, err := c.StringifyJSON(bg, map[string]int{"a": 1}, 2); string(text) != "{\n  \"a\": 1\n}" || err != nil {
		t.Error(string(text), err)
	}
	if text, err := c.StringifyJSON(bg, Undefined, 0); text != nil || err != nil {
		t.Error(text, err)
	}
	_, err = c.ParseJSON(bg, "{")
	has(t, err, "SyntaxError")
	iso, err := NewIsolate(nil)
	ok(t, err)
	defer iso.Close()
	other, err := iso.Main()
	ok(t, err)
	copied, err := eval(t, c, "{ const o = { m: new Map([[1, 2]]) }; o.o = o; o }").CloneTo(bg, other)
	ok(t, err)
	ok(t, other.Set(bg, "o", copied))
	if !eval(t, other, "o.o === o && o.m.get(1) === 2").Bool() {
		t.Error("another graph")
	}
	_, err = eval(t, c, "() => {}").CloneTo(bg, other)
	has(t, err, "DataCloneError")
	_, err = other.Deserialize(bg, []byte("nonsense"))
	has(t, err, "bytes")
}

func TestMemory(t *testing.T) {
	c := open(t)
	stats, err := c.Isolate().HeapStatistics()
	if err != nil || stats.UsedHeapSize == 0 || stats.NativeContexts < 1 {
		t.Error(stats, err)
	}
	ok(t, c.Isolate().LowMemoryNotification())
	m, err := c.Isolate().MeasureMemory(bg, &MeasureMemoryOptions{Mode: MemoryDetailed, Execution: MemoryEager})
	if err != nil || m.Total.Estimate == 0 || len(m.Contexts) == 0 {
		t.Error(m, err)
	}
	promise, err := c.MeasureMemory(&MeasureMemoryOptions{Execution: MemoryEager})
	ok(t, err)
	v, err := promise.Await(bg)
	ok(t, err)
	total, err := v.Object().Get(bg, "total")
	if err != nil || total.Object() == nil {
		t.Error(total, err)
	}
	if Version() == "" || !strings.Contains(V8Version(), ".") {
		t.Error(Version(), V8Version())
	}
	if err := SetV8Flags("--expose-gc"); !errors.Is(err, ErrWrongState) {
		t.Error(err)
	}
}

func TestSigint(t *testing.T) {
	c := open(t)
	time.AfterFunc(50*time.Millisecond, func() { _ = syscall.Kill(os.Getpid(), syscall.SIGINT) })
	ctx, cancel := context.WithTimeout(bg, 10*time.Second)
	defer cancel()
	_, err := c.Eval(WithLimits(ctx, Limits{BreakOnSigint: true}), "for(;;){}")
	if !errors.Is(err, ErrInterrupted) {
		t.Error(err)
	}
}
