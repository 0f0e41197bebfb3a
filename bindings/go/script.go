package jsvm

/*
#include "shim.h"
*/
import "C"

import (
	"context"
	"runtime"
	"unsafe"
)

// ScriptOptions of compiling. Zero is the default of every field.
type ScriptOptions struct {
	// Filename is the script's name in errors and stacks.
	Filename string
	// LineOffset and ColumnOffset stand before the source in its file.
	LineOffset, ColumnOffset int
	// CachedData are bytes of CreateCachedData. Take them from your own disk only.
	CachedData []byte
	// NoDisplayErrors: errors have no Arrow.
	NoDisplayErrors bool
	// ImportHooks answer its import(); nil: who answers for the context.
	ImportHooks *ImportHooks
}

func (o *ScriptOptions) put(f *frame) *C.jsvm_script_options {
	if o == nil {
		return nil
	}
	return &C.jsvm_script_options{
		struct_size:       C.sizeof_jsvm_script_options,
		filename:          f.str(o.Filename),
		line_offset:       C.int32_t(o.LineOffset),
		column_offset:     C.int32_t(o.ColumnOffset),
		cached_data:       f.cached(o.CachedData),
		cached_data_len:   C.size_t(len(o.CachedData)),
		no_display_errors: C.bool(o.NoDisplayErrors),
		import_hooks:      o.ImportHooks.put(f),
	}
}

func (f *frame) cached(bytes []byte) *C.uint8_t {
	if len(bytes) == 0 {
		return nil
	}
	data := f.data(unsafe.SliceData(bytes), len(bytes))
	return (*C.uint8_t)(address(&data))
}

// Script is compiled code: it runs many times, in any context of its isolate. node:vm: vm.Script.
type Script struct {
	owner
	p   *C.jsvm_script
	iso *Isolate
}

// NewScript compiles a script. options may be nil. node:vm: new vm.Script.
func (i *Isolate) NewScript(code string, options *ScriptOptions) (*Script, error) {
	main, err := i.Main()
	if err != nil {
		return nil, err
	}
	f := newFrame()
	defer f.release()
	text, n := source(code)
	status := C.jsvm_script_new(i.ptr(), text, n, options.put(f), (**C.jsvm_script)(unsafe.Pointer(&f.c.handle)), &f.c.error)
	runtime.KeepAlive(i)
	if err := f.check(status, main); err != nil {
		return nil, err
	}
	return newScript(i, (*C.jsvm_script)(f.c.handle)), nil
}

func newScript(i *Isolate, p *C.jsvm_script) *Script {
	s := &Script{p: p, iso: i}
	s.cleanup = runtime.AddCleanup(s, func(p *C.jsvm_script) { C.jsvm_script_free(p) }, p)
	return s
}

func (s *Script) ptr() *C.jsvm_script {
	if s == nil || s.closed.Load() {
		return nil
	}
	return s.p
}

// Close gives the script up.
func (s *Script) Close() {
	if s.close() {
		C.jsvm_script_free(s.p)
	}
}

// Clone is a second owner of the same script.
func (s *Script) Clone() (*Script, error) {
	p := C.jsvm_script_clone(s.ptr())
	runtime.KeepAlive(s)
	if p == nil {
		return nil, s.iso.ended(misuse("script: it is closed"))
	}
	return newScript(s.iso, p), nil
}

// RunInContext runs the script. node:vm: script.runInContext.
func (s *Script) RunInContext(ctx context.Context, c *Context) (Value, error) {
	f := newFrame()
	defer f.release()
	if err := f.begin(ctx); err != nil {
		return Value{}, err
	}
	status := C.jsvm_go_script_run_in_context(f.c, s.ptr(), c.ptr())
	runtime.KeepAlive(s)
	if err := f.check(status, c); err != nil {
		return Value{}, err
	}
	return f.take(c), nil
}

// RunInThisContext runs the script in the isolate's main context. node:vm: script.runInThisContext.
func (s *Script) RunInThisContext(ctx context.Context) (Value, error) {
	main, err := s.iso.Main()
	if err != nil {
		return Value{}, err
	}
	f := newFrame()
	defer f.release()
	if err := f.begin(ctx); err != nil {
		return Value{}, err
	}
	status := C.jsvm_go_script_run_in_this_context(f.c, s.ptr())
	runtime.KeepAlive(s)
	if err := f.check(status, main); err != nil {
		return Value{}, err
	}
	return f.take(main), nil
}

// RunInNewContext makes a context and runs the script in it. The context is there also when the run failed. node:vm:
// script.runInNewContext.
func (s *Script) RunInNewContext(ctx context.Context, options *ContextOptions) (Value, *Context, error) {
	main, err := s.iso.Main()
	if err != nil {
		return Value{}, nil, err
	}
	f := newFrame()
	defer f.release()
	if err := f.begin(ctx); err != nil {
		return Value{}, nil, err
	}
	status := C.jsvm_go_script_run_in_new_context(f.c, s.ptr(), options.put(f))
	runtime.KeepAlive(s)
	made, home := (*Context)(nil), main
	if f.c.handle != nil {
		made = f.context(s.iso)
		home = made
	}
	if err := f.check(status, home); err != nil {
		return Value{}, made, err
	}
	return f.take(made), made, nil
}

// CreateCachedData are bytes that make the next compilation of the same source fast. node:vm: script.createCachedData.
func (s *Script) CreateCachedData() ([]byte, error) {
	f := newFrame()
	defer f.release()
	status := C.jsvm_script_create_cached_data(s.ptr(), &f.c.bytes, &f.c.error)
	runtime.KeepAlive(s)
	if err := s.iso.check(f, status); err != nil {
		return nil, err
	}
	return f.takeBytes(), nil
}

// takeBytes is a copy of the frame's bytes, which it releases.
func (f *frame) takeBytes() []byte {
	bytes := C.GoBytes(unsafe.Pointer(f.c.bytes.data), C.int(f.c.bytes.len))
	C.jsvm_bytes_clear(&f.c.bytes)
	return bytes
}

// CachedDataRejected says whether the cached data was refused.
func (s *Script) CachedDataRejected() bool {
	defer runtime.KeepAlive(s)
	return bool(C.jsvm_script_cached_data_rejected(s.ptr()))
}

// SourceMapURL is the URL of the source's sourceMappingURL comment, or "".
func (s *Script) SourceMapURL() string {
	defer runtime.KeepAlive(s)
	return optional(C.jsvm_script_source_map_url(s.ptr()))
}

// SourceURL is the URL of the source's sourceURL comment, or "".
func (s *Script) SourceURL() string {
	defer runtime.KeepAlive(s)
	return optional(C.jsvm_script_source_url(s.ptr()))
}

// CompileFunctionOptions of [Context.CompileFunction]. Zero is the default of every field.
type CompileFunctionOptions struct {
	// Params are the names of the parameters.
	Params []string
	// Filename, LineOffset, ColumnOffset, CachedData and ImportHooks are as in ScriptOptions.
	Filename                 string
	LineOffset, ColumnOffset int
	CachedData               []byte
	ImportHooks              *ImportHooks
	// ContextExtensions are objects whose properties are variables of the function.
	ContextExtensions []*Object
	// ProduceCachedData has the function's cached data made.
	ProduceCachedData bool
}

// CompiledFunction is what CompileFunction made.
type CompiledFunction struct {
	*Object
	// CachedData makes the next compilation fast, if it was asked for and can be made.
	CachedData []byte
	// CachedDataRejected says whether the options' data was refused.
	CachedDataRejected bool
}

// CompileFunction compiles a function out of its body. node:vm: vm.compileFunction.
func (c *Context) CompileFunction(body string, options *CompileFunctionOptions) (*CompiledFunction, error) {
	if options == nil {
		options = &CompileFunctionOptions{}
	}
	f := newFrame()
	defer f.release()
	o := C.jsvm_compile_function_options{
		struct_size:     C.sizeof_jsvm_compile_function_options,
		filename:        f.str(options.Filename),
		line_offset:     C.int32_t(options.LineOffset),
		column_offset:   C.int32_t(options.ColumnOffset),
		cached_data:     f.cached(options.CachedData),
		cached_data_len: C.size_t(len(options.CachedData)),
		import_hooks:    options.ImportHooks.put(f),
	}
	if n := len(options.ContextExtensions); n > 0 {
		list := C.calloc(C.size_t(n), C.size_t(unsafe.Sizeof(uintptr(0))))
		f.chunks = append(f.chunks, list)
		for i, extension := range options.ContextExtensions {
			unsafe.Slice((**C.jsvm_value)(list), n)[i] = extension.ptr()
		}
		o.context_extensions = (**C.jsvm_value)(list)
		o.context_extension_count = C.size_t(n)
	}
	var produced *C.jsvm_bytes
	if options.ProduceCachedData {
		produced = &f.c.bytes
	}
	text, n := source(body)
	status := C.jsvm_context_compile_function(c.ptr(), text, n, f.strs(options.Params), C.size_t(len(options.Params)), &o,
		f.valueOut(), &f.c.flag, produced, &f.c.error)
	runtime.KeepAlive(options)
	runtime.KeepAlive(c)
	if err := f.check(status, c); err != nil {
		return nil, err
	}
	made := &CompiledFunction{Object: newObject(c, (*C.jsvm_value)(f.c.handle), KindFunction, 0), CachedDataRejected: bool(f.c.flag)}
	if produced != nil && produced.data != nil {
		made.CachedData = f.takeBytes()
	}
	return made, nil
}
