package jsvm

/*
#include "shim.h"
*/
import "C"

import (
	"context"
	"fmt"
	"io/fs"
	"net/url"
	"path"
	"runtime"
	"runtime/cgo"
	"strings"
	"sync"
	"unsafe"
)

// ImportRequest is what a [Loader] is asked.
type ImportRequest struct {
	ModuleRequest
	// ReferrerName is the file name, or the identifier, of the code that asks.
	ReferrerName string
	// Referrer is the module that asks, Function the function of CompileFunction; nil if it is none.
	Referrer *Module
	Function *Object
	// JS is the context in which the code runs: where to make the module.
	JS *Context
	// FromCode: import() asks, and not an import statement. The module is then to be evaluated.
	FromCode bool
}

// Loader says what module an import names. The same answer to the same question is its duty. One loader serves both
// [Module.Link] and import().
type Loader interface {
	// Load gives the module, which may be unlinked. Its error is the importer's.
	Load(ctx context.Context, request *ImportRequest) (*Module, error)
}

// LoaderFunc is a func as a Loader.
type LoaderFunc func(ctx context.Context, request *ImportRequest) (*Module, error)

// Load calls the func.
func (l LoaderFunc) Load(ctx context.Context, request *ImportRequest) (*Module, error) {
	return l(ctx, request)
}

// ImportHooks are what the host does for the imports of some code.
type ImportHooks struct {
	owner
	p *C.jsvm_import_hooks
}

type importer struct {
	load func(ctx context.Context, request *ImportRequest) (*Module, error)
	meta func(m *Module, meta *Object) error
	// import() wants an evaluated module.
	evaluate bool
	home     *home
}

// NewImportHooks makes hooks: loader answers import() (what it gives is linked with it and evaluated, if it is not
// yet), meta fills import.meta. Either may be nil. node:vm: importModuleDynamically, initializeImportMeta.
func (c *Context) NewImportHooks(loader Loader, meta func(m *Module, meta *Object) error) (*ImportHooks, error) {
	hooks := &importer{meta: meta, evaluate: true, home: weakly(c)}
	if loader != nil {
		hooks.load = loader.Load
	}
	f := newFrame()
	defer f.release()
	status := C.jsvm_go_import_hooks_new(f.c, C.bool(loader != nil), C.bool(meta != nil), C.uintptr_t(cgo.NewHandle(hooks)))
	if err := f.check(status, c); err != nil {
		return nil, err
	}
	return newImportHooks((*C.jsvm_import_hooks)(f.c.handle)), nil
}

func newImportHooks(p *C.jsvm_import_hooks) *ImportHooks {
	h := &ImportHooks{p: p}
	h.cleanup = runtime.AddCleanup(h, func(p *C.jsvm_import_hooks) { C.jsvm_import_hooks_free(p) }, p)
	return h
}

func (h *ImportHooks) put(f *frame) *C.jsvm_import_hooks {
	if h == nil {
		return nil
	}
	f.keep = append(f.keep, h)
	return h.p
}

// Close gives the hooks up. Code that was compiled with them goes on to use them.
func (h *ImportHooks) Close() {
	if h.close() {
		C.jsvm_import_hooks_free(h.p)
	}
}

// Clone is a second owner of the same hooks.
func (h *ImportHooks) Clone() (*ImportHooks, error) {
	p := C.jsvm_import_hooks_clone(h.p)
	runtime.KeepAlive(h)
	if p == nil {
		return nil, misuse("hooks: they are closed")
	}
	return newImportHooks(p), nil
}

// SetImportHooks says who answers the import() of the context's code that has no hooks of its own; nil for nobody.
func (c *Context) SetImportHooks(hooks *ImportHooks) error {
	f := newFrame()
	defer f.release()
	status := C.jsvm_context_set_import_hooks(c.ptr(), hooks.put(f), &f.c.error)
	runtime.KeepAlive(c)
	return f.check(status, c)
}

//export jsvmGoImport
func jsvmGoImport(userdata C.uintptr_t, frame *C.jsvm_go_frame, c *C.jsvm_import_request, module **C.jsvm_module,
	result *C.jsvm_slot) C.uint32_t {
	im := cgo.Handle(userdata).Value().(*importer)
	iso := im.home.iso.Value()
	if iso == nil {
		return C.JSVM_STATUS_DISPOSED
	}
	p := C.jsvm_context_clone(c.context)
	if p == nil {
		return C.JSVM_STATUS_DISPOSED
	}
	ctx := newContext(iso, p)
	return guarded(frame, func() C.uint32_t {
		request := &ImportRequest{ModuleRequest: requestOf(&c.request), ReferrerName: text(c.referrer_name), JS: ctx,
			FromCode: im.evaluate}
		if c.referrer_module != nil {
			request.Referrer = newModule(ctx, C.jsvm_module_clone(c.referrer_module))
		}
		if c.referrer_function != nil {
			request.Function = newObject(ctx, C.jsvm_value_clone(c.referrer_function), KindFunction, 0)
		}
		goctx := contextOf(frame)
		found, err := im.load(goctx, request)
		if err == nil && found == nil {
			err = &Exception{Name: "Error", Code: "ERR_MODULE_NOT_FOUND",
				Message: fmt.Sprintf("Cannot find module '%s' imported from %s", request.Specifier, request.ReferrerName)}
		}
		if err == nil && im.evaluate {
			var promise *Object
			if promise, err = im.ready(goctx, found); err == nil && promise != nil {
				defer promise.Close()
				*slotOf(result) = slot{kind: C.JSVM_KIND_OBJECT, handle: uintptr(unsafe.Pointer(C.jsvm_value_clone(promise.p)))}
				return C.JSVM_STATUS_OK
			}
		}
		if err != nil {
			return throw(result, ctx, err)
		}
		*module = C.jsvm_module_clone(found.ptr())
		runtime.KeepAlive(found)
		return C.JSVM_STATUS_OK
	})
}

// ready links and evaluates a module for import(). It gives a promise of the namespace if that takes time.
func (im *importer) ready(ctx context.Context, m *Module) (*Object, error) {
	state, err := m.Status()
	if err != nil {
		return nil, err
	}
	if state == ModuleUnlinked {
		if err := m.Link(ctx, LoaderFunc(im.load)); err != nil {
			return nil, err
		}
	}
	if state == ModuleEvaluating || state == ModuleErrored || state == ModuleLinking {
		return nil, nil
	}
	promise, err := m.Evaluate(ctx)
	if err != nil {
		return nil, err
	}
	defer promise.Close()
	namespace, err := m.Namespace()
	if err != nil {
		return nil, err
	}
	return promise.Then(ctx, Func(func(*Call) (any, error) { return namespace, nil }), nil)
}

//export jsvmGoImportMeta
func jsvmGoImportMeta(userdata C.uintptr_t, frame *C.jsvm_go_frame, module *C.jsvm_module, meta *C.jsvm_value,
	exception *C.jsvm_slot) C.uint32_t {
	im := cgo.Handle(userdata).Value().(*importer)
	return inModule(im.home, frame, module, exception, func(m *Module) error {
		return im.meta(m, newObject(m.ctx, C.jsvm_value_clone(meta), KindObject, 0))
	})
}

//export jsvmGoEvaluateSynthetic
func jsvmGoEvaluateSynthetic(userdata C.uintptr_t, frame *C.jsvm_go_frame, module *C.jsvm_module, exception *C.jsvm_slot) C.uint32_t {
	s := cgo.Handle(userdata).Value().(*synthetic)
	return inModule(s.home, frame, module, exception, s.evaluate)
}

// inModule runs a callback with a module as Go has it.
func inModule(home *home, frame *C.jsvm_go_frame, module *C.jsvm_module, exception *C.jsvm_slot,
	work func(m *Module) error) C.uint32_t {
	iso := home.iso.Value()
	if iso == nil {
		return C.JSVM_STATUS_DISPOSED
	}
	if status := C.jsvm_module_context(module, (**C.jsvm_context)(unsafe.Pointer(&exception.handle)), nil); status != C.JSVM_STATUS_OK {
		return C.uint32_t(status)
	}
	ctx := newContext(iso, (*C.jsvm_context)(unsafe.Pointer(exception.handle)))
	exception.handle = nil
	return guarded(frame, func() C.uint32_t {
		m := newModule(ctx, C.jsvm_module_clone(module))
		defer m.Close()
		if err := work(m); err != nil {
			return throw(exception, ctx, err)
		}
		return C.JSVM_STATUS_OK
	})
}

// FSLoader loads ES modules out of a file system: "./x" and "../x" relative to the importing module, "/x" and other names
// from its top. .json files are imported with { type: 'json' }. The modules' identifiers are their paths, import.meta.url is
// that as file:///path, and their import() is answered as their imports are. It belongs to one context. Close it when its
// modules are not wanted any more: what keeps them stands in two collectors.
type FSLoader struct {
	files   fs.FS
	options ModuleOptions
	mutex   sync.Mutex
	modules map[string]*Module
}

// NewFSLoader is a loader of a file system's files. If the options have hooks, they are the modules' instead of its own.
func NewFSLoader(files fs.FS, options ModuleOptions) *FSLoader {
	return &FSLoader{files: files, options: options, modules: make(map[string]*Module)}
}

// Load gives the module of a file, compiled when it is first asked for.
func (l *FSLoader) Load(_ context.Context, request *ImportRequest) (*Module, error) {
	name := request.Specifier
	if rest, found := strings.CutPrefix(name, "file://"); found {
		decoded, err := url.PathUnescape(rest)
		if err != nil {
			return nil, TypeError("Invalid module \"%s\": %v", name, err)
		}
		name = decoded
	}
	if strings.HasPrefix(name, "./") || strings.HasPrefix(name, "../") {
		name = path.Join(path.Dir(request.ReferrerName), name)
	}
	return l.Module(request.JS, strings.TrimPrefix(path.Clean(name), "/"), request.Attributes["type"])
}

// Module is the module of a path of the file system; kind is "" or "json".
func (l *FSLoader) Module(c *Context, name, kind string) (*Module, error) {
	key := kind + ":" + name
	l.mutex.Lock()
	known := l.modules[key]
	l.mutex.Unlock()
	if known != nil {
		return known, nil
	}
	// Compiling waits for the isolate: who is in it must not wait for the mutex meanwhile.
	bytes, err := fs.ReadFile(l.files, name)
	if err != nil {
		return nil, err
	}
	var m *Module
	switch {
	case kind == "json":
		m, err = c.NewJSONModule(name, string(bytes))
	case kind != "":
		err = TypeError("Import attribute \"type\" with value \"%s\" is not supported", kind)
	case strings.HasSuffix(name, ".json"):
		err = TypeError("Module \"%s\" needs an import attribute of \"type: json\"", name)
	default:
		options := l.options
		options.Identifier = name
		if options.ImportHooks == nil {
			if options.ImportHooks, err = c.NewImportHooks(l, fileMeta); err != nil {
				return nil, err
			}
			// The module keeps them. For the loader to do so would be a circle that Isolate.Close does not open.
			defer options.ImportHooks.Close()
		}
		m, err = c.NewModule(string(bytes), &options)
	}
	if err != nil {
		return nil, err
	}
	l.mutex.Lock()
	defer l.mutex.Unlock()
	if known := l.modules[key]; known != nil {
		m.Close()
		return known, nil
	}
	l.modules[key] = m
	return m, nil
}

func fileMeta(m *Module, meta *Object) error {
	at := url.URL{Scheme: "file", Path: "/" + m.Identifier()}
	return meta.Set(background, "url", at.String())
}

// Run runs the module of a path and gives its namespace.
func (l *FSLoader) Run(ctx context.Context, c *Context, name string) (*Object, error) {
	m, err := l.Module(c, name, "")
	if err != nil {
		return nil, err
	}
	return m.Run(ctx, l)
}

// Close closes its modules.
func (l *FSLoader) Close() {
	l.mutex.Lock()
	defer l.mutex.Unlock()
	for _, m := range l.modules {
		m.Close()
	}
	clear(l.modules)
}
