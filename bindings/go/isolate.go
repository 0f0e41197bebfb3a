package jsvm

/*
#include "shim.h"
*/
import "C"

import (
	"context"
	"fmt"
	"runtime"
	"runtime/cgo"
	"sync"
	"time"
	"unsafe"
	"weak"
)

// IsolateOptions of [NewIsolate]. Zero is the default of every field.
type IsolateOptions struct {
	// HeapLimit in bytes, 8 MB to 1400 MB; default 512 MB. A call that passes it ends with ErrOutOfMemory.
	HeapLimit int
	// BufferLimit is how many bytes ArrayBuffers may have; default 512 MB.
	BufferLimit int
	// StackSize is how many bytes of a thread's stack JavaScript may use; default 984 KB.
	StackSize int
	// HostDrainsMicrotasks: microtasks run in PerformMicrotaskCheckpoint only.
	HostDrainsMicrotasks bool
}

// Isolate is one JavaScript heap with its contexts. Any goroutine may use it; one at a time runs, the others wait. Close it
// when it is done: host functions that refer to it keep it alive.
type Isolate struct {
	owner
	p     *C.jsvm_isolate
	mutex sync.Mutex
	main  *Context
	// Of propertyReader, when it was needed.
	reader *Object
	pressure
}

// NewIsolate makes an isolate with its main context. The first one starts V8 for the process. options may be nil.
func NewIsolate(options *IsolateOptions) (*Isolate, error) {
	if version := abiVersion(); version != C.JSVM_ABI_VERSION {
		return nil, &Error{Status: ErrUnsupported, Message: fmt.Sprintf("libjsvm has ABI %d, and this package was built for %d", version,
			C.JSVM_ABI_VERSION)}
	}
	c := C.jsvm_isolate_options{struct_size: C.sizeof_jsvm_isolate_options}
	if options != nil {
		if options.HeapLimit < 0 || options.BufferLimit < 0 || options.StackSize < 0 {
			return nil, misuse("options: a limit is negative")
		}
		c.heap_limit = C.size_t(options.HeapLimit)
		c.buffer_limit = C.size_t(options.BufferLimit)
		c.stack_size = C.size_t(options.StackSize)
		c.host_drains_microtasks = C.bool(options.HostDrainsMicrotasks)
	}
	f := newFrame()
	defer f.release()
	if err := f.check(C.jsvm_isolate_new(&c, (**C.jsvm_isolate)(unsafe.Pointer(&f.c.handle)), &f.c.error), nil); err != nil {
		return nil, err
	}
	i := &Isolate{p: (*C.jsvm_isolate)(f.c.handle)}
	i.bufferLimit = 512 << 20
	if options != nil && options.BufferLimit != 0 {
		i.bufferLimit = options.BufferLimit
	}
	i.cleanup = runtime.AddCleanup(i, func(p *C.jsvm_isolate) { C.jsvm_isolate_free(p) }, i.p)
	return i, nil
}

// abiVersion is the cheapest call there is: the benchmarks count in it.
func abiVersion() uint32 { return uint32(C.jsvm_abi_version()) }

// Close ends the isolate at once: what runs in it ends with ErrDisposed, and so does every later call. Any
// goroutine may call it, also a host function, and twice.
func (i *Isolate) Close() {
	if !i.close() {
		return
	}
	C.jsvm_isolate_free(i.p)
	i.mutex.Lock()
	defer i.mutex.Unlock()
	if i.main != nil {
		i.main.Close()
	}
	if i.reader != nil {
		i.reader.Close()
		i.reader.ctx.Close()
	}
}

func (i *Isolate) ptr() *C.jsvm_isolate {
	if i == nil || i.closed.Load() {
		return nil
	}
	return i.p
}

// Main is the context that the isolate was made with. node:vm: the context of runInThisContext.
func (i *Isolate) Main() (*Context, error) {
	if i.closed.Load() {
		return nil, i.ended(misuse("isolate: it is closed"))
	}
	i.mutex.Lock()
	main := i.main
	i.mutex.Unlock()
	if main != nil {
		return main, nil
	}
	// The call may wait for the isolate: who is in it must not wait for the mutex meanwhile.
	f := newFrame()
	defer f.release()
	status := C.jsvm_isolate_main_context(i.ptr(), f.contextOut(), &f.c.error)
	runtime.KeepAlive(i)
	if err := i.check(f, status); err != nil {
		return nil, err
	}
	made := f.context(i)
	i.mutex.Lock()
	defer i.mutex.Unlock()
	if i.main == nil {
		i.main = made
	} else {
		made.Close()
	}
	return i.main, nil
}

// Do holds the isolate for this goroutine while work runs: other goroutines wait, and the calls in between need no
// lock. It also keeps the goroutine on its thread. ctx limits the wait only.
func (i *Isolate) Do(ctx context.Context, work func() error) error {
	if work == nil {
		return misuse("work: a func is needed, not nil")
	}
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	f := newFrame()
	defer f.release()
	if err := f.begin(ctx); err != nil {
		return err
	}
	if err := i.check(f, C.jsvm_isolate_enter(i.ptr(), &f.c.options, &f.c.error)); err != nil {
		return err
	}
	f.end()
	defer func() {
		// It fails only if work left what it did not enter, and no work can.
		C.jsvm_isolate_exit(i.ptr(), nil)
		runtime.KeepAlive(i)
	}()
	return work()
}

// Terminate stops what runs in the isolate now: the outermost call ends with ErrTerminated. Any goroutine, without waiting.
func (i *Isolate) Terminate() error {
	f := newFrame()
	defer f.release()
	status := C.jsvm_isolate_terminate(i.ptr(), &f.c.error)
	runtime.KeepAlive(i)
	return i.check(f, status)
}

// RequestInterrupt has a function called on the thread that runs the isolate, at the next point where the guest can stop.
// It must not call what enters an isolate. Any goroutine, without waiting. A panic in it ends what runs and goes on in
// the goroutine that called; in a call without a context.Context, it ends the process.
func (i *Isolate) RequestInterrupt(callback func()) error {
	if callback == nil {
		return misuse("callback: a func is needed, not nil")
	}
	f := newFrame()
	defer f.release()
	status := C.jsvm_go_isolate_request_interrupt(f.c, i.ptr(), C.uintptr_t(cgo.NewHandle(&notifier{callback, weak.Make(i)})))
	runtime.KeepAlive(i)
	return i.check(f, status)
}

// RunTasks runs what waits to run: promises that the host settled, timers that are due, V8's tasks. If there is nothing it
// waits at most that long for something. It says whether something may still come.
func (i *Isolate) RunTasks(ctx context.Context, wait time.Duration) (workLeft bool, err error) {
	main, err := i.Main()
	if err != nil {
		return false, err
	}
	f := newFrame()
	defer f.release()
	if err := f.begin(ctx); err != nil {
		return false, err
	}
	status := C.jsvm_go_isolate_run_tasks(f.c, i.ptr(), milliseconds(wait))
	runtime.KeepAlive(i)
	if err := f.check(status, main); err != nil {
		return false, err
	}
	return bool(f.c.flag), nil
}

// RunLoop runs tasks until none is left, as Node does before it ends.
func (i *Isolate) RunLoop(ctx context.Context) error {
	for {
		left, err := i.RunTasks(ctx, time.Second)
		if err != nil || !left {
			return err
		}
	}
}

// PerformMicrotaskCheckpoint runs the microtasks of an isolate with HostDrainsMicrotasks.
func (i *Isolate) PerformMicrotaskCheckpoint(ctx context.Context) error {
	main, err := i.Main()
	if err != nil {
		return err
	}
	f := newFrame()
	defer f.release()
	if err := f.begin(ctx); err != nil {
		return err
	}
	status := C.jsvm_go_isolate_microtasks(f.c, i.ptr())
	runtime.KeepAlive(i)
	return f.check(status, main)
}

// SetWakeup has a function called when there is something for RunTasks; nil for none. It comes on any thread, should only
// tell somebody (a send to a channel that does not block), and must not close the isolate. A panic in it ends the process, unless a call of Go's is on that thread to go on with it.
func (i *Isolate) SetWakeup(callback func()) error {
	f := newFrame()
	defer f.release()
	var handle cgo.Handle
	if callback != nil {
		handle = cgo.NewHandle(&notifier{callback: callback})
	}
	status := C.jsvm_go_isolate_set_wakeup(f.c, i.ptr(), C.uintptr_t(handle))
	runtime.KeepAlive(i)
	return i.check(f, status)
}

// SetUnhandledRejection has a function called for each promise that was rejected and has no handler when the
// microtasks are done; nil for none. A panic in it goes on in the call that ran them; if libjsvm's own thread is told, it
// ends the process.
func (i *Isolate) SetUnhandledRejection(callback func(promise *Object, reason Value)) error {
	main, err := i.Main()
	if err != nil {
		return err
	}
	f := newFrame()
	defer f.release()
	var handle cgo.Handle
	if callback != nil {
		handle = cgo.NewHandle(&rejectionHandler{weakly(main), callback})
	}
	status := C.jsvm_go_isolate_set_unhandled_rejection(f.c, i.ptr(), C.uintptr_t(handle))
	runtime.KeepAlive(i)
	return i.check(f, status)
}

// HeapStatistics are what V8 says of an isolate's memory, in bytes.
type HeapStatistics struct {
	TotalHeapSize, UsedHeapSize, HeapSizeLimit, TotalPhysicalSize int
	// MallocedMemory is V8's outside the heap; ExternalMemory is kept alive by the heap; BufferMemory counts against
	// BufferLimit.
	MallocedMemory, ExternalMemory, BufferMemory int
	NativeContexts, DetachedContexts             int
}

// HeapStatistics is the isolate's memory.
func (i *Isolate) HeapStatistics() (HeapStatistics, error) {
	f := newFrame()
	defer f.release()
	var s C.jsvm_heap_statistics
	status := C.jsvm_isolate_heap_statistics(i.ptr(), &s, &f.c.error)
	runtime.KeepAlive(i)
	if err := i.check(f, status); err != nil {
		return HeapStatistics{}, err
	}
	return HeapStatistics{
		TotalHeapSize: int(s.total_heap_size), UsedHeapSize: int(s.used_heap_size), HeapSizeLimit: int(s.heap_size_limit),
		TotalPhysicalSize: int(s.total_physical_size), MallocedMemory: int(s.malloced_memory),
		ExternalMemory: int(s.external_memory), BufferMemory: int(s.buffer_memory),
		NativeContexts: int(s.number_of_native_contexts), DetachedContexts: int(s.number_of_detached_contexts),
	}, nil
}

// LowMemoryNotification collects all garbage of the isolate, now.
func (i *Isolate) LowMemoryNotification() error {
	f := newFrame()
	defer f.release()
	status := C.jsvm_isolate_low_memory_notification(i.ptr(), &f.c.error)
	runtime.KeepAlive(i)
	return i.check(f, status)
}

// LiveHandles is how many handles of a kind have not been released in this process: "isolate", "context", "script", "value",
// "error", "cancel", "resolver", "borrow", "module", "import_hooks" or "file_loader". For leak tests.
func LiveHandles() map[string]int {
	names := [C.JSVM_HANDLE_KIND_COUNT]string{"isolate", "context", "script", "value", "error", "cancel", "resolver", "borrow",
		"module", "import_hooks", "file_loader"}
	live := make(map[string]int, len(names))
	for kind, name := range names {
		live[name] = int(C.jsvm_live_handles(C.uint32_t(kind)))
	}
	return live
}

// SetV8Flags sets flags of V8 for the process, before the first isolate is made.
func SetV8Flags(flags string) error {
	f := newFrame()
	defer f.release()
	text, n := source(flags)
	return f.check(C.jsvm_set_v8_flags(text, n, &f.c.error), nil)
}

// FlushFinalizers waits until what came due by frees was let go of. For tests.
func FlushFinalizers(wait time.Duration) error {
	if status := C.jsvm_flush_finalizers(milliseconds(wait)); status != C.JSVM_STATUS_OK {
		return &Error{Status: Status(status)}
	}
	return nil
}

// Version is libjsvm's version.
func Version() string { return C.GoString(C.jsvm_version()) }

// V8Version is V8's version.
func V8Version() string { return C.GoString(C.jsvm_v8_version()) }

//export jsvmGoRelease
func jsvmGoRelease(userdata C.uintptr_t) {
	handle := cgo.Handle(userdata)
	if held, ok := handle.Value().(interface{ let() }); ok {
		held.let()
	}
	handle.Delete()
}
