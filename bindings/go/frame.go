package jsvm

/*
#include "shim.h"
*/
import "C"

import (
	"context"
	"runtime"
	"runtime/cgo"
	"sync"
	"unsafe"
)

// slot is jsvm_slot with addresses as numbers: it lies in C memory, where the collector must see no pointers.
type slot struct {
	kind, flags uint32
	number      float64
	data        uintptr
	len         uintptr
	handle      uintptr
}

// address is where a slot's field points.
func address(field *uintptr) unsafe.Pointer { return *(*unsafe.Pointer)(unsafe.Pointer(field)) }

// text is a copy of a slot's bytes.
func (s *slot) text() string {
	if s.len == 0 {
		return ""
	}
	return string(unsafe.Slice((*byte)(address(&s.data)), s.len))
}

func (s *slot) bytes() []byte {
	if s.len == 0 {
		return nil
	}
	return unsafe.Slice((*byte)(address(&s.data)), s.len)
}

func (s *slot) value() *C.jsvm_value { return (*C.jsvm_value)(address(&s.handle)) }

func (s *slot) c() *C.jsvm_slot { return (*C.jsvm_slot)(unsafe.Pointer(s)) }

func slotOf(c *C.jsvm_slot) *slot { return (*slot)(unsafe.Pointer(c)) }

const (
	// Longer strings and bytes are not copied for a call but pinned.
	pinFrom = 16 << 10
	// Bytes of the chunks that short ones are copied to, after the first.
	chunkSize = 64 << 10
)

// frame is what one call of libjsvm needs besides its arguments: its C memory, which is taken from a pool.
type frame struct {
	c *C.jsvm_go_frame
	// The slots in use; they may move when there are more.
	slots []slot
	// Where the next short string goes, and the chunks that were allocated.
	room   []byte
	chunks []unsafe.Pointer
	// What the call borrows: Go memory, and handles that it keeps alive or clears.
	pins     runtime.Pinner
	pinned   bool
	keep     []any
	owned    []*C.jsvm_value
	slotsOut unsafe.Pointer

	ctx    context.Context
	cancel *cancelToken
	stop   func() bool
}

var frames = sync.Pool{New: func() any {
	f := &frame{c: (*C.jsvm_go_frame)(C.calloc(1, C.sizeof_jsvm_go_frame))}
	f.c.options.struct_size = C.sizeof_jsvm_run_options
	f.reset()
	runtime.AddCleanup(f, func(c *C.jsvm_go_frame) { C.free(unsafe.Pointer(c)) }, f.c)
	return f
}}

func (f *frame) reset() {
	f.slots = unsafe.Slice((*slot)(unsafe.Pointer(&f.c.slots[0])), len(f.c.slots))[:0]
	f.room = unsafe.Slice((*byte)(unsafe.Pointer(&f.c.text[0])), len(f.c.text))[:0]
}

// newFrame is a frame for a call that runs no guest code, or whose limits are those of begin.
func newFrame() *frame {
	if debugCollect {
		runtime.GC()
	}
	return frames.Get().(*frame)
}

// release ends a call: what it borrowed is given back.
func (f *frame) release() {
	f.end()
	if f.c.result.flags&C.JSVM_FLAG_OWNED != 0 {
		C.jsvm_slot_clear(&f.c.result)
	}
	f.c.result = C.jsvm_slot{}
	f.c.handle, f.c.handle2 = nil, nil
	if f.owned != nil {
		for _, v := range f.owned {
			C.jsvm_value_free(v)
		}
		f.owned = nil
	}
	if f.pinned {
		f.pins.Unpin()
		f.pinned = false
	}
	clear(f.keep)
	f.keep = f.keep[:0]
	if f.chunks != nil || f.slotsOut != nil {
		for _, chunk := range f.chunks {
			C.free(chunk)
		}
		f.chunks = nil
		C.free(f.slotsOut)
		f.slotsOut = nil
	}
	f.reset()
	frames.Put(f)
}

// reserve makes n slots more, which are undefined.
func (f *frame) reserve(n int) int {
	at := len(f.slots)
	if at+n > cap(f.slots) {
		f.grow(at + n)
	}
	f.slots = f.slots[:at+n]
	clear(f.slots[at:])
	return at
}

// next is one slot more. It stays where it is until the next one.
func (f *frame) next() *slot {
	at := f.reserve(1)
	return &f.slots[at]
}

func (f *frame) grow(need int) {
	size := max(2*cap(f.slots), need)
	// Nothing but numbers is in a slot for Go, so that memory which is not zero does no harm.
	p := C.realloc(f.slotsOut, C.size_t(size)*C.sizeof_jsvm_slot)
	if p == nil {
		panic("jsvm: out of memory")
	}
	slots := unsafe.Slice((*slot)(p), size)[:len(f.slots)]
	if f.slotsOut == nil {
		copy(slots, f.slots)
	}
	f.slotsOut, f.slots = p, slots
}

// data is the address of bytes for the call: of a copy, or of the pinned bytes.
func (f *frame) data(p *byte, n int) uintptr {
	if n == 0 {
		return uintptr(unsafe.Pointer(&f.c.text[0]))
	}
	if n >= pinFrom {
		f.pins.Pin(p)
		f.pinned = true
		return uintptr(unsafe.Pointer(p))
	}
	at := len(f.room)
	if at+n > cap(f.room) {
		size := max(4<<10, n)
		if len(f.chunks) > 0 {
			size = chunkSize
		}
		// Chunks do not move: slots have addresses in them.
		chunk := C.malloc(C.size_t(size))
		f.chunks = append(f.chunks, chunk)
		f.room = unsafe.Slice((*byte)(chunk), size)[:0]
		at = 0
	}
	f.room = f.room[:at+n]
	copy(f.room[at:], unsafe.Slice(p, n))
	return uintptr(unsafe.Pointer(&f.room[at]))
}

func (f *frame) string(s string) uintptr { return f.data(unsafe.StringData(s), len(s)) }

// str is a string of an options struct: "" is absent.
func (f *frame) str(s string) C.jsvm_str {
	if s == "" {
		return C.jsvm_str{}
	}
	return f.name(s)
}

// name is a string that may be empty.
func (f *frame) name(s string) C.jsvm_str {
	data := f.string(s)
	return C.jsvm_str{data: (*C.char)(address(&data)), len: C.size_t(len(s))}
}

// strs are the strings of an options struct, in C memory.
func (f *frame) strs(list []string) *C.jsvm_str {
	if len(list) == 0 {
		return nil
	}
	p := C.calloc(C.size_t(len(list)), C.sizeof_jsvm_str)
	f.chunks = append(f.chunks, p)
	out := unsafe.Slice((*C.jsvm_str)(p), len(list))
	for i, s := range list {
		out[i] = f.name(s)
	}
	return (*C.jsvm_str)(p)
}

// source is a Go string as an argument of C: borrowed for the call.
func source(s string) (*C.char, C.size_t) {
	if s == "" {
		return (*C.char)(unsafe.Pointer(&empty)), 0
	}
	return (*C.char)(unsafe.Pointer(unsafe.StringData(s))), C.size_t(len(s))
}

var empty byte

// begin puts the limits of a call into its frame: those of WithLimits, and the end of the context.
func (f *frame) begin(ctx context.Context) error {
	if ctx == nil || ctx == background {
		return nil
	}
	if ctx.Err() != nil {
		return cancelled(ctx)
	}
	limits, _ := ctx.Value(limitsKey{}).(Limits)
	switch {
	case limits.Timeout < 0:
		return &Error{Status: ErrTimeout, Message: "the timeout was over before the call"}
	case limits.CPUTime < 0:
		return &Error{Status: ErrCPUTime, Message: "the CPU time was used up before the call"}
	}
	f.ctx = ctx
	limits.put(&f.c.options)
	if ctx.Done() != nil {
		token, err := newCancelToken()
		if err != nil {
			return err
		}
		f.cancel = token
		f.c.options.cancel = token.p
		f.stop = context.AfterFunc(ctx, token.trigger)
	}
	f.c.context = C.uintptr_t(cgo.NewHandle(ctx))
	return nil
}

func (f *frame) end() {
	if f.ctx == nil {
		return
	}
	if f.c.context != 0 {
		cgo.Handle(f.c.context).Delete()
		f.c.context = 0
	}
	if f.cancel != nil {
		if f.stop() {
			cancelTokens.Put(f.cancel)
		} // else it is triggered, now or soon: its cleanup frees it
		f.cancel, f.stop = nil, nil
	}
	f.c.options = C.jsvm_run_options{struct_size: C.sizeof_jsvm_run_options}
	f.ctx = nil
}

// check is what a call came to: nil, an error, or the panic of a host function that it called.
func (f *frame) check(status C.jsvm_status, ctx *Context) error {
	if f.c.panic != 0 {
		handle := cgo.Handle(f.c.panic)
		f.c.panic = 0
		value := handle.Value()
		handle.Delete()
		if f.c.error != nil {
			C.jsvm_error_free(f.c.error)
			f.c.error = nil
		}
		panic(value)
	}
	if status == C.JSVM_STATUS_OK {
		return nil
	}
	err := f.failed(status, ctx)
	if ctx != nil {
		err = ctx.iso.ended(err)
	}
	return err
}

// check is frame.check for a call of the isolate's own.
func (i *Isolate) check(f *frame, status C.jsvm_status) error { return i.ended(f.check(status, nil)) }

// ended is an error of a call in the isolate: with the isolate all handles are closed, and libjsvm says no more of one.
func (i *Isolate) ended(err error) error {
	if e, ok := err.(*Error); ok && e.Status == ErrInvalidArgument && i != nil && i.closed.Load() {
		return &Error{Status: ErrDisposed, Message: "the isolate is closed"}
	}
	return err
}

// A cancelToken ends calls. Tokens that were not triggered are used again.
type cancelToken struct {
	p *C.jsvm_cancel
	// Go puts small objects without Go pointers together, and then cleans up none of them before all are garbage.
	_ [16]byte
}

var cancelTokens sync.Pool

func newCancelToken() (*cancelToken, error) {
	if t, ok := cancelTokens.Get().(*cancelToken); ok {
		return t, nil
	}
	f := newFrame()
	defer f.release()
	if err := f.check(C.jsvm_cancel_new((**C.jsvm_cancel)(unsafe.Pointer(&f.c.handle)), &f.c.error), nil); err != nil {
		return nil, err
	}
	t := &cancelToken{p: (*C.jsvm_cancel)(f.c.handle)}
	runtime.AddCleanup(t, func(p *C.jsvm_cancel) { C.jsvm_cancel_free(p) }, t.p)
	return t, nil
}

func (t *cancelToken) trigger() {
	// It fails for a token that is gone or in a fork: then there is nothing to end.
	C.jsvm_cancel_trigger(t.p, nil)
	runtime.KeepAlive(t)
}
