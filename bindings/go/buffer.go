package jsvm

/*
#include "shim.h"
*/
import "C"

import (
	"encoding/binary"
	"math"
	"runtime"
	"runtime/cgo"
	"unsafe"
)

// ElementType is what the bytes of a buffer or view are.
type ElementType uint32

// The types.
const (
	Int8         ElementType = C.JSVM_ELEMENT_TYPE_INT8
	Uint8        ElementType = C.JSVM_ELEMENT_TYPE_UINT8
	Uint8Clamped ElementType = C.JSVM_ELEMENT_TYPE_UINT8_CLAMPED
	Int16        ElementType = C.JSVM_ELEMENT_TYPE_INT16
	Uint16       ElementType = C.JSVM_ELEMENT_TYPE_UINT16
	Int32        ElementType = C.JSVM_ELEMENT_TYPE_INT32
	Uint32       ElementType = C.JSVM_ELEMENT_TYPE_UINT32
	Float16      ElementType = C.JSVM_ELEMENT_TYPE_FLOAT16
	Float32      ElementType = C.JSVM_ELEMENT_TYPE_FLOAT32
	Float64      ElementType = C.JSVM_ELEMENT_TYPE_FLOAT64
	BigInt64     ElementType = C.JSVM_ELEMENT_TYPE_BIGINT64
	BigUint64    ElementType = C.JSVM_ELEMENT_TYPE_BIGUINT64
	DataView     ElementType = C.JSVM_ELEMENT_TYPE_DATA_VIEW
	ArrayBuffer  ElementType = C.JSVM_ELEMENT_TYPE_ARRAY_BUFFER
)

var elementSizes = [...]int{1, 1, 1, 2, 2, 4, 4, 2, 4, 8, 8, 8, 1, 1}

func (t ElementType) size() int { return elementSizes[t] }

// slice is a copy of bytes as the Go slice of such elements: []byte for bytes, buffers and DataViews, []uint16 for float16.
func (t ElementType) slice(bytes []byte) any {
	n := len(bytes) / t.size()
	switch t {
	case Int8:
		return convert(n, func(i int) int8 { return int8(bytes[i]) })
	case Int16:
		return convert(n, func(i int) int16 { return int16(binary.NativeEndian.Uint16(bytes[2*i:])) })
	case Uint16, Float16:
		return convert(n, func(i int) uint16 { return binary.NativeEndian.Uint16(bytes[2*i:]) })
	case Int32:
		return convert(n, func(i int) int32 { return int32(binary.NativeEndian.Uint32(bytes[4*i:])) })
	case Uint32:
		return convert(n, func(i int) uint32 { return binary.NativeEndian.Uint32(bytes[4*i:]) })
	case Float32:
		return convert(n, func(i int) float32 { return math.Float32frombits(binary.NativeEndian.Uint32(bytes[4*i:])) })
	case Float64:
		return convert(n, func(i int) float64 { return math.Float64frombits(binary.NativeEndian.Uint64(bytes[8*i:])) })
	case BigInt64:
		return convert(n, func(i int) int64 { return int64(binary.NativeEndian.Uint64(bytes[8*i:])) })
	case BigUint64:
		return convert(n, func(i int) uint64 { return binary.NativeEndian.Uint64(bytes[8*i:]) })
	}
	return append(make([]byte, 0, n), bytes...)
}

func convert[T any](n int, at func(int) T) []T {
	list := make([]T, n)
	for i := range list {
		list[i] = at(i)
	}
	return list
}

// NewArrayBuffer makes an ArrayBuffer with a copy of bytes.
func (c *Context) NewArrayBuffer(bytes []byte) (*Object, error) {
	f := newFrame()
	defer f.release()
	return f.made(C.jsvm_go_array_buffer_new(f.c, c.ptr(), charsOf(bytes), C.size_t(len(bytes))), c)
}

// pinned is Go memory that JavaScript uses.
type pinned struct {
	pins  runtime.Pinner
	bytes []byte
}

func (p *pinned) let() { p.pins.Unpin() }

// ShareArrayBuffer makes an ArrayBuffer over Go's memory, without a copy. The memory is kept until JavaScript lets go of it,
// and the guest may read and write it whenever it runs.
func (c *Context) ShareArrayBuffer(bytes []byte) (*Object, error) {
	held := &pinned{bytes: bytes}
	if len(bytes) > 0 {
		held.pins.Pin(&bytes[0])
	}
	f := newFrame()
	defer f.release()
	return f.made(C.jsvm_go_array_buffer_new_external(f.c, c.ptr(), charsOf(bytes), C.size_t(len(bytes)),
		C.uintptr_t(cgo.NewHandle(held))), c)
}

// ShareBytes makes a Uint8Array over Go's memory, without a copy: see [Context.ShareArrayBuffer].
func (c *Context) ShareBytes(bytes []byte) (*Object, error) {
	buffer, err := c.ShareArrayBuffer(bytes)
	if err != nil {
		return nil, err
	}
	defer buffer.Close()
	return buffer.View(Uint8, 0, len(bytes))
}

// View makes a typed array or DataView of an ArrayBuffer: length counts elements, of a DataView bytes.
func (o *Object) View(t ElementType, byteOffset, length int) (*Object, error) {
	if byteOffset < 0 || length < 0 {
		return nil, misuse("byteOffset, length: negative")
	}
	f := newFrame()
	defer f.release()
	defer runtime.KeepAlive(o)
	return f.made(C.jsvm_typed_array_new(o.ptr(), C.uint32_t(t), C.size_t(byteOffset), C.size_t(length), f.valueOut(), &f.c.error),
		o.ctx)
}

// ElementType is what a view's elements are.
func (o *Object) ElementType() (ElementType, error) {
	f := newFrame()
	defer f.release()
	status := C.jsvm_typed_array_type(o.ptr(), (*C.jsvm_element_type)(unsafe.Pointer(&f.c.word)), &f.c.error)
	runtime.KeepAlive(o)
	return ElementType(f.c.word), f.check(status, o.ctx)
}

// Bytes is a copy of a buffer's or view's bytes.
func (o *Object) Bytes() ([]byte, error) {
	n, err := o.Len()
	if err != nil {
		return nil, err
	}
	bytes := make([]byte, n)
	n, err = o.CopyOut(0, bytes)
	return bytes[:n], err
}

// CopyOut copies bytes from an offset on, and says how many.
func (o *Object) CopyOut(offset int, to []byte) (int, error) {
	if offset < 0 {
		return 0, misuse("offset: negative")
	}
	f := newFrame()
	defer f.release()
	status := C.jsvm_go_buffer_copy_out(f.c, o.ptr(), C.size_t(offset), charsOf(to), C.size_t(len(to)))
	runtime.KeepAlive(o)
	if err := f.check(status, o.ctx); err != nil {
		return 0, err
	}
	return int(f.c.size), nil
}

// Detach takes the memory away from an ArrayBuffer: it and its views have no bytes any more. Borrows keep theirs.
func (o *Object) Detach() error {
	f := newFrame()
	defer f.release()
	status := C.jsvm_buffer_detach(o.ptr(), &f.c.error)
	runtime.KeepAlive(o)
	return f.check(status, o.ctx)
}

// Borrow is a buffer's memory, without a copy.
type Borrow struct {
	owner
	p     *C.jsvm_borrow
	bytes []byte
}

// Bytes are the memory, until Close. The guest may write to it whenever it runs. Keep the Borrow as long as them: Go's
// collector closes it.
func (b *Borrow) Bytes() []byte {
	if b.closed.Load() {
		return nil
	}
	return b.bytes
}

// Close gives the memory back.
func (b *Borrow) Close() {
	if b.close() {
		C.jsvm_borrow_free(b.p)
	}
}

// Borrow lends Go the memory of a buffer or view. It stays where it is until Close, also when the isolate is closed.
func (o *Object) Borrow() (*Borrow, error) {
	f := newFrame()
	defer f.release()
	var data unsafe.Pointer
	status := C.jsvm_buffer_borrow(o.ptr(), &data, &f.c.size, (**C.jsvm_borrow)(unsafe.Pointer(&f.c.handle)), &f.c.error)
	runtime.KeepAlive(o)
	if err := f.check(status, o.ctx); err != nil {
		return nil, err
	}
	b := &Borrow{p: (*C.jsvm_borrow)(f.c.handle)}
	if data != nil {
		b.bytes = unsafe.Slice((*byte)(data), int(f.c.size))
	}
	b.cleanup = runtime.AddCleanup(b, func(p *C.jsvm_borrow) { C.jsvm_borrow_free(p) }, b.p)
	return b, nil
}

func charsOf(bytes []byte) *C.char { return (*C.char)(unsafe.Pointer(unsafe.SliceData(bytes))) }
