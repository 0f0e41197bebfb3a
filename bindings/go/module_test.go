package jsvm

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"testing"
	"testing/fstest"
)

var files = fstest.MapFS{
	"main.mjs": {Data: []byte("import { price } from './lib/tariff.mjs'; import data from '/data.json' with { type: 'json' };\n" +
		"await null; export const total = 2 * price + data.n; export const late = async () => (await import('./lib/late.mjs')).default;\n" +
		"export const where = import.meta.where")},
	"lib/tariff.mjs": {Data: []byte("import '../main.mjs'; export const price = 12")},
	"lib/late.mjs":   {Data: []byte("import { price } from './tariff.mjs'; export default await Promise.resolve(price)")},
	"lib/lost.mjs":   {Data: []byte("import './nowhere.mjs'")},
	"data.json":      {Data: []byte(`{"n":5}`)},
	"throws.mjs":     {Data: []byte("throw new RangeError('at once')")},
	"missing.mjs":    {Data: []byte("import { no } from './lib/tariff.mjs'")},
}

func TestFSLoader(t *testing.T) {
	c := open(t)
	var loader *FSLoader
	hooks, err := c.NewImportHooks(LoaderFunc(func(ctx context.Context, r *ImportRequest) (*Module, error) { return loader.Load(ctx, r) }),
		func(m *Module, meta *Object) error { return meta.Set(bg, "where", m.Identifier()) })
	ok(t, err)
	loader = NewFSLoader(files, ModuleOptions{ImportHooks: hooks})
	defer hooks.Close()
	defer loader.Close()
	namespace, err := loader.Run(bg, c, "main.mjs")
	ok(t, err)
	if v, err := namespace.Get(bg, "total"); v.Float64() != 29 || err != nil {
		t.Error(v, err)
	}
	if v, err := namespace.Get(bg, "where"); v.String() != "main.mjs" || err != nil {
		t.Error(v, err)
	}
	late, err := namespace.CallMethod(bg, "late")
	ok(t, err)
	if v, err := late.Await(bg); v.Float64() != 12 || err != nil {
		t.Error(v, err)
	}
	_, err = loader.Run(bg, c, "lib/lost.mjs")
	if !errors.Is(err, fs.ErrNotExist) {
		t.Error(err)
	}
	_, err = loader.Run(bg, c, "throws.mjs")
	has(t, err, "RangeError: at once")
	_, err = loader.Run(bg, c, "missing.mjs")
	has(t, err, "does not provide an export named 'no'")
	_, err = loader.Run(bg, c, "../x.mjs")
	if err == nil {
		t.Error("a path above the top")
	}
	// import() of a script, and its failures.
	ok(t, c.SetImportHooks(nil))
	_, err = eval(t, c, "import('/data.json')").Await(bg)
	has(t, err, "")
	own, err := c.NewImportHooks(loader, nil)
	ok(t, err)
	ok(t, c.SetImportHooks(own))
	v, err := eval(t, c, "import('/lib/late.mjs').then(m => m.default)").Await(bg)
	if v.Float64() != 12 || err != nil {
		t.Error(v, err)
	}
	_, err = eval(t, c, "import('/gone.mjs')").Await(bg)
	if !errors.Is(err, fs.ErrNotExist) {
		t.Error(err)
	}
	_, err = eval(t, c, "import('/throws.mjs')").Await(bg)
	has(t, err, "at once")
	ok(t, c.SetImportHooks(nil))
}

func TestModulesByStep(t *testing.T) {
	c := open(t)
	m, err := c.NewModule("import x from 'x' with { type: 'json' }; export default x; await 0", &ModuleOptions{Identifier: "m"})
	ok(t, err)
	data, err := m.CreateCachedData()
	ok(t, err)
	if len(data) == 0 {
		t.Error("no cached data")
	}
	requests, err := m.Requests()
	ok(t, err)
	if len(requests) != 1 || requests[0].Specifier != "x" || requests[0].Attributes["type"] != "json" || requests[0].Phase != PhaseEvaluation {
		t.Error(requests)
	}
	if state, err := m.Status(); state != ModuleUnlinked || state.String() != "unlinked" || err != nil {
		t.Error(state, err)
	}
	if is, err := m.HasTopLevelAwait(); !is || err != nil {
		t.Error(is, err)
	}
	_, err = m.Namespace()
	if !errors.Is(err, ErrWrongState) {
		t.Error(err)
	}
	ok(t, err2(c.NewJSONModule("x", "[1, 2]")))
	x, err := c.NewJSONModule("x", "[1, 2]")
	ok(t, err)
	has(t, m.LinkRequests(nil), "Expected 1 modules")
	ok(t, m.LinkRequests([]*Module{x}))
	ok(t, m.Instantiate())
	if is, err := m.HasAsyncGraph(); !is || err != nil {
		t.Error(is, err)
	}
	promise, err := m.Evaluate(bg)
	ok(t, err)
	if _, err := promise.Await(bg); err != nil {
		t.Error(err)
	}
	namespace, err := m.Namespace()
	ok(t, err)
	list, err := As[[]int](namespace.Get(bg, "default"))
	if len(list) != 2 || err != nil {
		t.Error(list, err)
	}
	owner, err := m.Context()
	ok(t, err)
	if owner.Name() != c.Name() || m.Identifier() != "m" {
		t.Error(owner.Name(), m.Identifier())
	}
	bad, err := c.NewModule("throw 5", nil)
	ok(t, err)
	if _, err := bad.Run(bg, nobody); err == nil {
		t.Error("it throws")
	}
	if v, err := bad.Thrown(); v.Float64() != 5 || err != nil {
		t.Error(v, err)
	}
	clone, err := bad.Clone()
	ok(t, err)
	bad.Close()
	bad.Close()
	if _, err := bad.Status(); err == nil {
		t.Error("a closed module has a status")
	}
	if state, _ := clone.Status(); state != ModuleErrored {
		t.Error(state)
	}
	_, err = c.NewModule("import", nil)
	has(t, err, "SyntaxError")
}

func TestFSLoaderImports(t *testing.T) {
	c := open(t)
	loader := NewFSLoader(fstest.MapFS{
		"main.mjs":    {Data: []byte("export const b = (await import('./lib/a b.mjs')).b; export const later = () => import('./lib/d.mjs')")},
		"lib/a b.mjs": {Data: []byte("export const b = (await import(new URL('../b.mjs', import.meta.url))).b + ' ' + import.meta.url")},
		"b.mjs":       {Data: []byte("export const b = 'b'")},
		"lib/d.mjs":   {Data: []byte("export { b as d } from '../b.mjs'")},
	}, ModuleOptions{})
	ok(t, c.Install(PartURL, nil))
	namespace, err := loader.Run(bg, c, "main.mjs")
	ok(t, err)
	if v, err := namespace.Get(bg, "b"); v.String() != "b file:///lib/a%20b.mjs" || err != nil {
		t.Error(v, err)
	}
	promise, err := namespace.CallMethod(bg, "later")
	ok(t, err)
	later, err := promise.Await(bg)
	ok(t, err)
	if v, err := later.Object().Get(bg, "d"); v.String() != "b" || err != nil {
		t.Error(v, err)
	}
	loader.Close()
}

func err2[T any](_ T, err error) error { return err }

var nobody = LoaderFunc(func(context.Context, *ImportRequest) (*Module, error) { return nil, nil })

func TestLoaderFailures(t *testing.T) {
	c := open(t)
	m, err := c.NewModule("import 'x'", &ModuleOptions{Identifier: "m"})
	ok(t, err)
	has(t, m.Link(bg, nobody), "Cannot find module 'x' imported from m")
	failed := errors.New("failed")
	err = m.Link(bg, LoaderFunc(func(context.Context, *ImportRequest) (*Module, error) { return nil, failed }))
	if !errors.Is(err, failed) {
		t.Error(err)
	}
	func() {
		defer func() {
			if recover() != "no disk" {
				t.Error("no panic")
			}
		}()
		_ = m.Link(bg, LoaderFunc(func(context.Context, *ImportRequest) (*Module, error) { panic("no disk") }))
	}()
	other, err := c.Isolate().NewContext(nil)
	ok(t, err)
	foreign, err := other.NewModule("", nil)
	ok(t, err)
	err = m.Link(bg, LoaderFunc(func(context.Context, *ImportRequest) (*Module, error) { return foreign, nil }))
	var e *Error
	if !errors.As(err, &e) || e.Code != "ERR_VM_MODULE_DIFFERENT_CONTEXT" {
		t.Error(err)
	}
}

func TestSyntheticModules(t *testing.T) {
	c := open(t)
	shop, err := c.NewSyntheticModule("shop", []string{"price", "default"}, func(m *Module) error {
		return m.SetExport("price", func(n int) int { return 12 * n })
	})
	ok(t, err)
	m, err := c.NewModule("import { price } from 'shop'; export const total = price(3)", nil)
	ok(t, err)
	namespace, err := m.Run(bg, LoaderFunc(func(context.Context, *ImportRequest) (*Module, error) { return shop, nil }))
	ok(t, err)
	if v, err := namespace.Get(bg, "total"); v.Float64() != 36 || err != nil {
		t.Error(v, err)
	}
	has(t, shop.SetExport("no", 1), "ReferenceError")
	failed := errors.New("failed")
	bad, err := c.NewSyntheticModule("", nil, func(*Module) error { return failed })
	ok(t, err)
	if _, err := bad.Run(bg, nobody); !errors.Is(err, failed) {
		t.Error(err)
	}
	// The smallest module: a header.
	wasm, err := c.NewWasmModule("empty.wasm", []byte("\x00asm\x01\x00\x00\x00"))
	ok(t, err)
	if _, err := wasm.Run(bg, nobody); err != nil {
		t.Error(err)
	}
	_, err = c.NewWasmModule("bad.wasm", []byte("no wasm"))
	has(t, err, "CompileError")
	_, err = c.NewJSONModule("bad.json", "{")
	has(t, err, "SyntaxError")
}

func TestFileLoader(t *testing.T) {
	root := t.TempDir()
	for name, file := range files {
		path := filepath.Join(root, name)
		ok(t, os.MkdirAll(filepath.Dir(path), 0o755))
		ok(t, os.WriteFile(path, []byte(replaceAbsolute(string(file.Data))), 0o644))
	}
	c := open(t)
	loader, err := c.NewFileLoader(FileLoaderOptions{Root: root, ImportMap: `{"imports":{"main":"./main.mjs"}}`})
	ok(t, err)
	promise, err := loader.Import(bg, "main")
	ok(t, err)
	namespace, err := promise.Await(bg)
	ok(t, err)
	if v, err := namespace.Object().Get(bg, "total"); v.Float64() != 29 || err != nil {
		t.Error(v, err)
	}
	clone, err := loader.Clone()
	ok(t, err)
	loader.Close()
	promise, err = clone.Import(bg, "./gone.mjs")
	ok(t, err)
	_, err = promise.Await(bg)
	has(t, err, "gone.mjs")
	_, err = c.NewFileLoader(FileLoaderOptions{Root: root + "/none"})
	has(t, err, "root")
	_, err = c.NewFileLoader(FileLoaderOptions{})
	has(t, err, "root")
}

// In a file system of its own "/data.json" is the top's.
func replaceAbsolute(text string) string {
	const from, to = "'/data.json'", "'./data.json'"
	for i := 0; i+len(from) <= len(text); i++ {
		if text[i:i+len(from)] == from {
			return text[:i] + to + text[i+len(from):]
		}
	}
	return text
}
