package jsvm

/*
#include "shim.h"
*/
import "C"

import (
	"context"
	"runtime"
	"sync"
	"unsafe"
	"weak"
)

// MicrotaskMode is when a context's microtasks run.
type MicrotaskMode uint32

const (
	// MicrotasksShared: the isolate's queue, when the outermost call ends.
	MicrotasksShared MicrotaskMode = C.JSVM_MICROTASK_MODE_SHARED
	// MicrotasksAfterEvaluate: the context's own queue, after each script. node:vm: microtaskMode 'afterEvaluate'.
	MicrotasksAfterEvaluate MicrotaskMode = C.JSVM_MICROTASK_MODE_AFTER_EVALUATE
)

// ContextOptions of [Isolate.NewContext]. Zero is the default of every field.
type ContextOptions struct {
	// Name is for people, Origin like a URL's.
	Name, Origin string
	// DisallowStrings has eval and new Function throw, DisallowWasm compiling WebAssembly. node:vm: codeGeneration.
	DisallowStrings, DisallowWasm bool
	// MicrotaskMode is when microtasks run.
	MicrotaskMode MicrotaskMode
	// Contextify makes the global variables the properties of an object: of ContextifiedObject, or of a new one.
	Contextify bool
	// ContextifiedObject is the object; it implies Contextify.
	ContextifiedObject *Object
}

func (o *ContextOptions) put(f *frame) *C.jsvm_context_options {
	if o == nil {
		return nil
	}
	c := &C.jsvm_context_options{
		struct_size:                      C.sizeof_jsvm_context_options,
		name:                             f.str(o.Name),
		origin:                           f.str(o.Origin),
		disallow_code_generation_strings: C.bool(o.DisallowStrings),
		disallow_code_generation_wasm:    C.bool(o.DisallowWasm),
		microtask_mode:                   C.uint32_t(o.MicrotaskMode),
		contextify:                       C.bool(o.Contextify || o.ContextifiedObject != nil),
	}
	if o.ContextifiedObject != nil {
		c.contextified_object = o.ContextifiedObject.ptr()
		f.keep = append(f.keep, o.ContextifiedObject)
	}
	return c
}

// Context is a global object with its builtins, in which scripts run. node:vm: a context.
type Context struct {
	owner
	p      *C.jsvm_context
	iso    *Isolate
	mutex  sync.Mutex
	global *Object
}

func newContext(i *Isolate, p *C.jsvm_context) *Context {
	c := &Context{p: p, iso: i}
	c.cleanup = runtime.AddCleanup(c, func(p *C.jsvm_context) { C.jsvm_context_free(p) }, p)
	return c
}

func (f *frame) contextOut() **C.jsvm_context { return (**C.jsvm_context)(unsafe.Pointer(&f.c.handle)) }

// context takes the context that a call gave.
func (f *frame) context(i *Isolate) *Context { return newContext(i, (*C.jsvm_context)(f.c.handle)) }

// NewContext makes a context. options may be nil. node:vm: createContext.
func (i *Isolate) NewContext(options *ContextOptions) (*Context, error) {
	f := newFrame()
	defer f.release()
	status := C.jsvm_context_new(i.ptr(), options.put(f), f.contextOut(), &f.c.error)
	runtime.KeepAlive(i)
	if err := i.check(f, status); err != nil {
		return nil, err
	}
	return f.context(i), nil
}

// Close gives the context up. It is collected when no JavaScript reaches it any more.
func (c *Context) Close() {
	if !c.close() {
		return
	}
	C.jsvm_context_free(c.p)
	c.mutex.Lock()
	defer c.mutex.Unlock()
	if c.global != nil {
		c.global.Close()
	}
}

func (c *Context) ptr() *C.jsvm_context {
	if c == nil || c.closed.Load() {
		return nil
	}
	return c.p
}

// Isolate is the context's isolate.
func (c *Context) Isolate() *Isolate { return c.iso }

// Name is the context's name; "" once it is closed.
func (c *Context) Name() string {
	defer runtime.KeepAlive(c)
	return optional(C.jsvm_context_name(c.ptr()))
}

// Origin is the context's origin, or "".
func (c *Context) Origin() string {
	defer runtime.KeepAlive(c)
	return optional(C.jsvm_context_origin(c.ptr()))
}

// Clone is a second owner of the same context.
func (c *Context) Clone() (*Context, error) {
	p := C.jsvm_context_clone(c.ptr())
	runtime.KeepAlive(c)
	if p == nil {
		return nil, c.iso.ended(misuse("context: it is closed"))
	}
	return newContext(c.iso, p), nil
}

// Eval compiles and runs source. The end of ctx ends it, with ErrTimeout or ErrCancelled and the context's error; for
// more limits see [WithLimits]. node:vm: runInContext.
func (c *Context) Eval(ctx context.Context, source string) (Value, error) {
	return c.EvalWith(ctx, source, nil)
}

// EvalWith is Eval with options of compiling.
func (c *Context) EvalWith(ctx context.Context, code string, options *ScriptOptions) (Value, error) {
	f := newFrame()
	defer f.release()
	if err := f.begin(ctx); err != nil {
		return Value{}, err
	}
	text, n := source(code)
	status := C.jsvm_go_context_evaluate(f.c, c.ptr(), text, n, options.put(f))
	if err := f.check(status, c); err != nil {
		return Value{}, err
	}
	v := f.take(c)
	runtime.KeepAlive(c)
	return v, nil
}

// Global is the global object, globalThis. It is the context's: do not close it.
func (c *Context) Global() (*Object, error) {
	c.mutex.Lock()
	global := c.global
	c.mutex.Unlock()
	if global != nil {
		return global, nil
	}
	// The call may wait for the isolate: who is in it must not wait for the mutex meanwhile.
	f := newFrame()
	defer f.release()
	if err := f.check(C.jsvm_context_global(c.ptr(), f.valueOut(), &f.c.error), c); err != nil {
		return nil, err
	}
	made := f.object(c)
	c.mutex.Lock()
	defer c.mutex.Unlock()
	if c.global == nil {
		// The handle keeps the context alive, which has the handle: Go's collector has no trouble with the circle.
		c.global = made
	} else {
		made.Close()
	}
	return c.global, nil
}

// Set sets a global variable: globalThis[name] = value.
func (c *Context) Set(ctx context.Context, name string, value any) error {
	global, err := c.Global()
	if err != nil {
		return err
	}
	return global.Set(ctx, name, value)
}

// Get reads a property of the global object.
func (c *Context) Get(ctx context.Context, name string) (Value, error) {
	global, err := c.Global()
	if err != nil {
		return Value{}, err
	}
	return global.Get(ctx, name)
}

// ContextifiedObject is the object that the context was made of; of one without Contextify its global object.
func (c *Context) ContextifiedObject() (*Object, error) {
	f := newFrame()
	defer f.release()
	status := C.jsvm_context_contextified_object(c.ptr(), f.valueOut(), &f.c.error)
	runtime.KeepAlive(c)
	if err := f.check(status, c); err != nil {
		return nil, err
	}
	return f.object(c), nil
}

// IsContext says whether an object is a contextified one, and gives its context if it has one. node:vm: isContext.
func IsContext(object *Object) (bool, *Context, error) {
	if object == nil {
		return false, nil, errNotObject
	}
	f := newFrame()
	defer f.release()
	status := C.jsvm_is_context(object.ptr(), &f.c.flag, f.contextOut(), &f.c.error)
	runtime.KeepAlive(object)
	if err := f.check(status, object.ctx); err != nil {
		return false, nil, err
	}
	if f.c.handle == nil {
		return bool(f.c.flag), nil, nil
	}
	return bool(f.c.flag), f.context(object.ctx.iso), nil
}

// VMModule is the module node:vm for scripts of the context. generation is 0, or 10 for modules as in Node 10's manual.
func (c *Context) VMModule(generation int) (*Object, error) {
	f := newFrame()
	defer f.release()
	options := C.jsvm_vm_module_options{struct_size: C.sizeof_jsvm_vm_module_options, generation: C.uint32_t(generation)}
	status := C.jsvm_context_vm_module(c.ptr(), &options, f.valueOut(), &f.c.error)
	runtime.KeepAlive(c)
	if err := f.check(status, c); err != nil {
		return nil, err
	}
	return f.object(c), nil
}

// home is a context to which callbacks belong. They must not keep it alive: they live as long as JavaScript's side of it
// does, which a handle keeps alive.
type home struct {
	iso     weak.Pointer[Isolate]
	mutex   sync.Mutex
	context weak.Pointer[Context]
}

func weakly(c *Context) *home {
	return &home{iso: weak.Make(c.iso), context: weak.Make(c)}
}

// get is the context, or a new owner of it, which p names; nil once the isolate was let go of.
func (h *home) get(clone func() *C.jsvm_context) *Context {
	h.mutex.Lock()
	defer h.mutex.Unlock()
	if c := h.context.Value(); c != nil && C.jsvm_context_name(c.ptr()) != nil {
		return c
	}
	iso := h.iso.Value()
	if iso == nil {
		return nil
	}
	p := clone()
	if p == nil {
		return nil
	}
	c := newContext(iso, p)
	h.context = weak.Make(c)
	return c
}
