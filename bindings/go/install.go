package jsvm

/*
#include "shim.h"
*/
import "C"

import (
	"context"
	"io"
	"runtime"
	"runtime/cgo"
	"unsafe"
	"weak"
)

// Part is what [Context.Install] can put into a context.
type Part uint32

// The parts. jsvm.h says what each has; PartRequire is not for guests that the host does not trust: it reads files.
const (
	PartConsole         Part = C.JSVM_PART_CONSOLE
	PartTimers          Part = C.JSVM_PART_TIMERS
	PartQueueMicrotask  Part = C.JSVM_PART_QUEUE_MICROTASK
	PartStructuredClone Part = C.JSVM_PART_STRUCTURED_CLONE
	PartURL             Part = C.JSVM_PART_URL
	PartBuffer          Part = C.JSVM_PART_BUFFER
	PartRequire         Part = C.JSVM_PART_REQUIRE
	PartProcess         Part = C.JSVM_PART_PROCESS
)

// InstallOptions of [Context.Install]. Zero is the default of every field.
type InstallOptions struct {
	// Stdout and Stderr take what the parts write; nil is the process's own. If one is set, nil discards for the other.
	Stdout, Stderr io.Writer
	// Argv, ExecArgv and Env (NAME=value) are process.argv, process.execArgv and process.env.
	Argv, ExecArgv, Env []string
	// RequireFrom is the file, or with a slash at its end the folder, from which require resolves.
	RequireFrom string
}

type writers struct {
	to  [2]io.Writer
	iso weak.Pointer[Isolate]
}

// Install gives a context what scripts expect around them. Install before guest code runs.
func (c *Context) Install(parts Part, options *InstallOptions) error {
	if options == nil {
		options = &InstallOptions{}
	}
	f := newFrame()
	defer f.release()
	o := C.jsvm_install_options{
		struct_size: C.sizeof_jsvm_install_options,
		argv:        f.strs(options.Argv), argv_count: C.size_t(len(options.Argv)),
		exec_argv: f.strs(options.ExecArgv), exec_argv_count: C.size_t(len(options.ExecArgv)),
		env: f.strs(options.Env), env_count: C.size_t(len(options.Env)),
		require_from: f.str(options.RequireFrom),
	}
	var handle cgo.Handle
	if options.Stdout != nil || options.Stderr != nil {
		handle = cgo.NewHandle(&writers{[2]io.Writer{options.Stdout, options.Stderr}, weak.Make(c.iso)})
	}
	status := C.jsvm_go_context_install(f.c, c.ptr(), C.uint32_t(parts), &o, C.uintptr_t(handle))
	runtime.KeepAlive(c)
	return f.check(status, c)
}

//export jsvmGoWrite
func jsvmGoWrite(userdata C.uintptr_t, frame *C.jsvm_go_frame, stream C.uint32_t, data *C.char, n C.size_t) {
	w := cgo.Handle(userdata).Value().(*writers)
	if stream < 1 || stream > 2 || w.to[stream-1] == nil {
		return
	}
	bytes := append([]byte(nil), unsafe.Slice((*byte)(unsafe.Pointer(data)), int(n))...)
	guardedIn(w.iso, frame, func() {
		// What cannot be written is lost, as on a console.
		_, _ = w.to[stream-1].Write(bytes)
	})
}

// ProvideModule gives the context's scripts a module of the host's: require(name) returns the value, and a file loader's
// import finds it.
func (c *Context) ProvideModule(name string, value any) error {
	f := newFrame()
	defer f.release()
	at, err := f.put(c, value)
	if err != nil {
		return err
	}
	text, n := source(name)
	status := C.jsvm_context_provide_module(c.ptr(), text, n, f.slots[at].c(), &f.c.error)
	runtime.KeepAlive(c)
	return f.check(status, c)
}

// ExitCode is process.exitCode, and whether process.exit was called, in a context with PartProcess.
func (c *Context) ExitCode() (code int, exiting bool, err error) {
	f := newFrame()
	defer f.release()
	status := C.jsvm_context_exit_code(c.ptr(), (*C.int32_t)(unsafe.Pointer(&f.c.word)), &f.c.flag, &f.c.error)
	runtime.KeepAlive(c)
	if err := f.check(status, c); err != nil {
		return 0, false, err
	}
	return int(int32(f.c.word)), bool(f.c.flag), nil
}

// FileLoaderOptions of [Context.NewFileLoader]. Zero is the default of every field but Root.
type FileLoaderOptions struct {
	// Root is the folder that the loader never leaves.
	Root string
	// ImportMap is JSON text, as browsers have it.
	ImportMap string
	// Builtins: the library's own modules can be imported.
	Builtins bool
	// MaxFileSize is the largest file that is read; 0 is 64 MB.
	MaxFileSize int64
}

// FileLoader is a loader of the ES modules below one folder.
type FileLoader struct {
	owner
	p   *C.jsvm_file_loader
	ctx *Context
}

// NewFileLoader makes a loader of files, and has it answer import() of the context's code.
func (c *Context) NewFileLoader(options FileLoaderOptions) (*FileLoader, error) {
	f := newFrame()
	defer f.release()
	o := C.jsvm_file_loader_options{
		struct_size: C.sizeof_jsvm_file_loader_options, root: f.name(options.Root), import_map: f.str(options.ImportMap),
		builtins: C.bool(options.Builtins), max_file_size: C.uint64_t(max(options.MaxFileSize, 0)),
	}
	status := C.jsvm_file_loader_new(c.ptr(), &o, (**C.jsvm_file_loader)(unsafe.Pointer(&f.c.handle)), &f.c.error)
	runtime.KeepAlive(c)
	if err := f.check(status, c); err != nil {
		return nil, err
	}
	return newFileLoader(c, (*C.jsvm_file_loader)(f.c.handle)), nil
}

func newFileLoader(c *Context, p *C.jsvm_file_loader) *FileLoader {
	l := &FileLoader{p: p, ctx: c}
	l.cleanup = runtime.AddCleanup(l, func(p *C.jsvm_file_loader) { C.jsvm_file_loader_free(p) }, p)
	return l
}

func (l *FileLoader) ptr() *C.jsvm_file_loader {
	if l == nil || l.closed.Load() {
		return nil
	}
	return l.p
}

// Close gives the loader up. The context goes on importing by it.
func (l *FileLoader) Close() {
	if l.close() {
		C.jsvm_file_loader_free(l.p)
	}
}

// Clone is a second owner of the same loader.
func (l *FileLoader) Clone() (*FileLoader, error) {
	p := C.jsvm_file_loader_clone(l.ptr())
	runtime.KeepAlive(l)
	if p == nil {
		return nil, l.ctx.iso.ended(misuse("loader: it is closed"))
	}
	return newFileLoader(l.ctx, p), nil
}

// Import loads a module and all that it imports, and evaluates them. It gives a promise of the namespace: await it.
func (l *FileLoader) Import(ctx context.Context, specifier string) (*Object, error) {
	f := newFrame()
	defer f.release()
	if err := f.begin(ctx); err != nil {
		return nil, err
	}
	text, n := source(specifier)
	status := C.jsvm_go_file_loader_import(f.c, l.ptr(), text, n)
	runtime.KeepAlive(l)
	if err := f.check(status, l.ctx); err != nil {
		return nil, err
	}
	return f.object(l.ctx), nil
}
