package jsvm

/*
#include "shim.h"
*/
import "C"

import (
	"context"
	"runtime"
	"runtime/cgo"
	"unsafe"
)

// ModuleStatus is what a module has come to. node:vm: module.status.
type ModuleStatus uint32

// The states of a module.
const (
	ModuleUnlinked   ModuleStatus = C.JSVM_MODULE_STATE_UNLINKED
	ModuleLinking    ModuleStatus = C.JSVM_MODULE_STATE_LINKING
	ModuleLinked     ModuleStatus = C.JSVM_MODULE_STATE_LINKED
	ModuleEvaluating ModuleStatus = C.JSVM_MODULE_STATE_EVALUATING
	ModuleEvaluated  ModuleStatus = C.JSVM_MODULE_STATE_EVALUATED
	ModuleErrored    ModuleStatus = C.JSVM_MODULE_STATE_ERRORED
)

var moduleStates = [...]string{"unlinked", "linking", "linked", "evaluating", "evaluated", "errored"}

func (s ModuleStatus) String() string { return moduleStates[s] }

// Phase is how far an import goes.
type Phase uint32

// The phases: import x from, import source x from, import defer * as x from.
const (
	PhaseEvaluation Phase = C.JSVM_IMPORT_PHASE_EVALUATION
	PhaseSource     Phase = C.JSVM_IMPORT_PHASE_SOURCE
	PhaseDefer      Phase = C.JSVM_IMPORT_PHASE_DEFER
)

// ModuleRequest is what a module asks for. node:vm: an element of moduleRequests.
type ModuleRequest struct {
	Specifier  string
	Attributes map[string]string
	Phase      Phase
}

// ModuleOptions of [Context.NewModule]. Zero is the default of every field.
type ModuleOptions struct {
	// Identifier is the module's name in errors and stacks.
	Identifier string
	// LineOffset, ColumnOffset and CachedData are as in ScriptOptions.
	LineOffset, ColumnOffset int
	CachedData               []byte
	// ImportHooks answer its import() and fill its import.meta.
	ImportHooks *ImportHooks
}

// Module is an ES module. node:vm: vm.Module.
type Module struct {
	owner
	p   *C.jsvm_module
	ctx *Context
}

func newModule(c *Context, p *C.jsvm_module) *Module {
	m := &Module{p: p, ctx: c}
	m.cleanup = runtime.AddCleanup(m, func(p *C.jsvm_module) { C.jsvm_module_free(p) }, p)
	return m
}

func (f *frame) moduleOut() **C.jsvm_module { return (**C.jsvm_module)(unsafe.Pointer(&f.c.handle)) }

func (f *frame) module(status C.jsvm_status, c *Context) (*Module, error) {
	runtime.KeepAlive(c)
	if err := f.check(status, c); err != nil {
		return nil, err
	}
	return newModule(c, (*C.jsvm_module)(f.c.handle)), nil
}

// NewModule compiles a module. options may be nil. node:vm: new vm.SourceTextModule.
func (c *Context) NewModule(code string, options *ModuleOptions) (*Module, error) {
	if options == nil {
		options = &ModuleOptions{}
	}
	f := newFrame()
	defer f.release()
	o := C.jsvm_module_options{
		struct_size:     C.sizeof_jsvm_module_options,
		identifier:      f.str(options.Identifier),
		line_offset:     C.int32_t(options.LineOffset),
		column_offset:   C.int32_t(options.ColumnOffset),
		cached_data:     f.cached(options.CachedData),
		cached_data_len: C.size_t(len(options.CachedData)),
		import_hooks:    options.ImportHooks.put(f),
	}
	text, n := source(code)
	return f.module(C.jsvm_module_new(c.ptr(), text, n, &o, f.moduleOut(), &f.c.error), c)
}

type synthetic struct {
	home     *home
	evaluate func(m *Module) error
}

// NewSyntheticModule makes a module whose exports the host sets, by [Module.SetExport] at any time; evaluate, which may be
// nil, is called when it is evaluated. node:vm: new vm.SyntheticModule.
func (c *Context) NewSyntheticModule(identifier string, exports []string, evaluate func(m *Module) error) (*Module, error) {
	f := newFrame()
	defer f.release()
	var handle cgo.Handle
	if evaluate != nil {
		handle = cgo.NewHandle(&synthetic{weakly(c), evaluate})
	}
	return f.module(C.jsvm_go_synthetic_module_new(f.c, c.ptr(), f.str(identifier), f.strs(exports), C.size_t(len(exports)),
		C.uintptr_t(handle)), c)
}

// NewJSONModule makes a module whose default export is the value of JSON text.
func (c *Context) NewJSONModule(identifier, json string) (*Module, error) {
	f := newFrame()
	defer f.release()
	text, n := source(json)
	return f.module(C.jsvm_json_module_new(c.ptr(), f.str(identifier), text, n, f.moduleOut(), &f.c.error), c)
}

// NewWasmModule makes a module out of WebAssembly, as JavaScript imports it: link and evaluate it as one of source text. Call it
// before guest code runs in the context.
func (c *Context) NewWasmModule(identifier string, wasm []byte) (*Module, error) {
	f := newFrame()
	defer f.release()
	return f.module(C.jsvm_go_wasm_module_new(f.c, c.ptr(), f.str(identifier), charsOf(wasm), C.size_t(len(wasm))), c)
}

func (m *Module) ptr() *C.jsvm_module {
	if m == nil || m.closed.Load() {
		return nil
	}
	return m.p
}

// Close gives the module up. It lives on where JavaScript or another module uses it.
func (m *Module) Close() {
	if m.close() {
		C.jsvm_module_free(m.p)
	}
}

// Clone is a second owner of the same module.
func (m *Module) Clone() (*Module, error) {
	p := C.jsvm_module_clone(m.ptr())
	runtime.KeepAlive(m)
	if p == nil {
		return nil, m.ctx.iso.ended(misuse("module: it is closed"))
	}
	return newModule(m.ctx, p), nil
}

// Identifier is the module's name; "" once it is closed.
func (m *Module) Identifier() string {
	defer runtime.KeepAlive(m)
	return optional(C.jsvm_module_identifier(m.ptr()))
}

// Context is the context that the module is of.
func (m *Module) Context() (*Context, error) {
	f := newFrame()
	defer f.release()
	status := C.jsvm_module_context(m.ptr(), f.contextOut(), &f.c.error)
	runtime.KeepAlive(m)
	if err := f.check(status, m.ctx); err != nil {
		return nil, err
	}
	return f.context(m.ctx.iso), nil
}

// Status is what the module has come to.
func (m *Module) Status() (ModuleStatus, error) {
	f := newFrame()
	defer f.release()
	status := C.jsvm_module_status(m.ptr(), (*C.jsvm_module_state)(unsafe.Pointer(&f.c.word)), &f.c.error)
	runtime.KeepAlive(m)
	return ModuleStatus(f.c.word), f.check(status, m.ctx)
}

// Thrown is what an errored module has thrown. node:vm: module.error.
func (m *Module) Thrown() (Value, error) {
	f := newFrame()
	defer f.release()
	status := C.jsvm_module_error(m.ptr(), &f.c.result, &f.c.error)
	runtime.KeepAlive(m)
	if err := f.check(status, m.ctx); err != nil {
		return Value{}, err
	}
	return f.take(m.ctx), nil
}

// Namespace is the object whose properties are the exports of a module that is linked.
func (m *Module) Namespace() (*Object, error) {
	f := newFrame()
	defer f.release()
	defer runtime.KeepAlive(m)
	return f.made(C.jsvm_module_namespace(m.ptr(), f.valueOut(), &f.c.error), m.ctx)
}

func (m *Module) yes(f *frame, status C.jsvm_status) (bool, error) {
	runtime.KeepAlive(m)
	if err := f.check(status, m.ctx); err != nil {
		return false, err
	}
	return bool(f.c.flag), nil
}

// HasTopLevelAwait says whether the module uses await outside of functions.
func (m *Module) HasTopLevelAwait() (bool, error) {
	f := newFrame()
	defer f.release()
	return m.yes(f, C.jsvm_module_has_top_level_await(m.ptr(), &f.c.flag, &f.c.error))
}

// HasAsyncGraph says whether it, or what it depends on, does. It has to be linked.
func (m *Module) HasAsyncGraph() (bool, error) {
	f := newFrame()
	defer f.release()
	return m.yes(f, C.jsvm_module_has_async_graph(m.ptr(), &f.c.flag, &f.c.error))
}

// CreateCachedData are bytes that make the next compilation of the same source fast.
func (m *Module) CreateCachedData() ([]byte, error) {
	f := newFrame()
	defer f.release()
	status := C.jsvm_module_create_cached_data(m.ptr(), &f.c.bytes, &f.c.error)
	runtime.KeepAlive(m)
	if err := f.check(status, m.ctx); err != nil {
		return nil, err
	}
	return f.takeBytes(), nil
}

// SetExport sets an export of a synthetic module.
func (m *Module) SetExport(name string, value any) error {
	f := newFrame()
	defer f.release()
	at, err := f.put(m.ctx, value)
	if err != nil {
		return err
	}
	text, n := source(name)
	status := C.jsvm_module_set_export(m.ptr(), text, n, f.slots[at].c(), &f.c.error)
	runtime.KeepAlive(m)
	return f.check(status, m.ctx)
}

// Requests are what the module imports, in the order of its source.
func (m *Module) Requests() ([]ModuleRequest, error) {
	f := newFrame()
	defer f.release()
	list := (*C.jsvm_module_request_list)(C.calloc(1, C.sizeof_jsvm_module_request_list))
	defer C.free(unsafe.Pointer(list))
	status := C.jsvm_module_requests(m.ptr(), list, &f.c.error)
	runtime.KeepAlive(m)
	if err := f.check(status, m.ctx); err != nil {
		return nil, err
	}
	defer C.jsvm_module_request_list_clear(list)
	requests := make([]ModuleRequest, int(list.len))
	for i, request := range unsafe.Slice(list.requests, int(list.len)) {
		requests[i] = requestOf(&request)
	}
	return requests, nil
}

func requestOf(c *C.jsvm_module_request) ModuleRequest {
	r := ModuleRequest{Specifier: text(c.specifier), Phase: Phase(c.phase)}
	for _, attribute := range unsafe.Slice(c.attributes, int(c.attribute_count)) {
		if r.Attributes == nil {
			r.Attributes = make(map[string]string)
		}
		r.Attributes[text(attribute.key)] = text(attribute.value)
	}
	return r
}

func text(s C.jsvm_str) string { return C.GoStringN(s.data, C.int(s.len)) }

// Link links the module and all that it depends on: the loader is asked for each module that they import. node:vm:
// module.link. A module that imports nothing needs none: then it may be nil.
func (m *Module) Link(ctx context.Context, loader Loader) error {
	if loader == nil {
		loader = LoaderFunc(func(context.Context, *ImportRequest) (*Module, error) { return nil, nil })
	}
	f := newFrame()
	defer f.release()
	if err := f.begin(ctx); err != nil {
		return err
	}
	handle := cgo.NewHandle(&importer{load: loader.Load, home: weakly(m.ctx)})
	defer handle.Delete()
	status := C.jsvm_go_module_link(f.c, m.ptr(), C.uintptr_t(handle))
	runtime.KeepAlive(m)
	return f.check(status, m.ctx)
}

// LinkRequests says what modules the Requests are for, in their order. node:vm: module.linkRequests.
func (m *Module) LinkRequests(modules []*Module) error {
	f := newFrame()
	defer f.release()
	var list unsafe.Pointer
	if n := len(modules); n > 0 {
		list = C.calloc(C.size_t(n), C.size_t(unsafe.Sizeof(uintptr(0))))
		f.chunks = append(f.chunks, list)
		for i, module := range modules {
			unsafe.Slice((**C.jsvm_module)(list), n)[i] = module.ptr()
		}
	}
	status := C.jsvm_module_link_requests(m.ptr(), (**C.jsvm_module)(list), C.size_t(len(modules)), &f.c.error)
	runtime.KeepAlive(m)
	runtime.KeepAlive(modules)
	return f.check(status, m.ctx)
}

// Instantiate binds the imports of the module, and of all that it depends on. node:vm: module.instantiate.
func (m *Module) Instantiate() error {
	f := newFrame()
	defer f.release()
	status := C.jsvm_module_instantiate(m.ptr(), &f.c.error)
	runtime.KeepAlive(m)
	return f.check(status, m.ctx)
}

// Evaluate evaluates the module and all that it depends on, and gives the promise that tells how it ended: await it. node:vm:
// module.evaluate.
func (m *Module) Evaluate(ctx context.Context) (*Object, error) {
	f := newFrame()
	defer f.release()
	if err := f.begin(ctx); err != nil {
		return nil, err
	}
	status := C.jsvm_go_module_evaluate(f.c, m.ptr())
	runtime.KeepAlive(m)
	if err := f.check(status, m.ctx); err != nil {
		return nil, err
	}
	return f.object(m.ctx), nil
}

// Run links and evaluates the module, awaits it, and gives its namespace.
func (m *Module) Run(ctx context.Context, loader Loader) (*Object, error) {
	if err := m.Link(ctx, loader); err != nil {
		return nil, err
	}
	promise, err := m.Evaluate(ctx)
	if err != nil {
		return nil, err
	}
	defer promise.Close()
	if _, err := promise.Await(ctx); err != nil {
		return nil, err
	}
	return m.Namespace()
}
