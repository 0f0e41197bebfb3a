package jsvm

/*
#include "shim.h"
*/
import "C"

import (
	"context"
	"math/big"
	"reflect"
	"runtime"
	"time"
	"unsafe"
)

// Marshaler is a type that says which value it is in JavaScript: anything that can be marshalled.
type Marshaler interface {
	MarshalJS(ctx *Context) (any, error)
}

// Shared are bytes that JavaScript gets without a copy, as a Uint8Array over the same memory. It is kept until JavaScript
// lets go of it. The guest may read and write it whenever it runs.
type Shared []byte

// Marshal makes a JavaScript value of a Go value, in one call for the whole of it:
//
//   - nil, nil pointers, slices, maps and interfaces: null. [Undefined]: undefined.
//   - bool, string, float32, float64: boolean, string, number. A string has to be UTF-8.
//   - integers: a number; a bigint past 2^53, so that it is exact. *big.Int: a bigint.
//   - []byte: a Uint8Array with a copy; other slices of integers and floats: arrays. [Shared]: a Uint8Array without a copy.
//   - time.Time: a Date, to the millisecond.
//   - slices and arrays: an Array. Maps with keys of strings, integers or encoding.TextMarshaler: an object.
//   - structs: an object; fields by the tag `js:"name,omitempty"`, or else by `json`, as encoding/json has it.
//   - funcs: a function, see [Context.NewFunction]. Errors: an Error, which comes out of JavaScript again as the same error.
//   - [Value], *[Object], *[Symbol]: what they are. [Marshaler] and encoding.TextMarshaler are asked.
//
// A value in which a pointer, map or slice contains itself is an error, as is one deeper than 100,000.
func (c *Context) Marshal(v any) (Value, error) { return c.MarshalContext(background, v) }

// MarshalContext is Marshal with limits.
func (c *Context) MarshalContext(ctx context.Context, v any) (Value, error) {
	f := newFrame()
	defer f.release()
	if err := f.begin(ctx); err != nil {
		return Value{}, err
	}
	at, err := f.put(c, v)
	if err != nil {
		return Value{}, err
	}
	return borrow(&f.slots[at], c), nil
}

// put adds a slot for a value.
func (f *frame) put(c *Context, v any) (int, error) {
	at := f.reserve(1)
	return at, f.set(at, c, v)
}

func (f *frame) putAll(c *Context, values []any) error {
	at := f.reserve(len(values))
	for i, v := range values {
		if err := f.set(at+i, c, v); err != nil {
			return err
		}
	}
	return nil
}

const maxSafe = 1 << 53

// set makes a slot a value. What is more than a slot is built, with a call.
func (f *frame) set(at int, c *Context, v any) error {
	s := &f.slots[at]
	switch v := v.(type) {
	case nil:
		s.kind = C.JSVM_KIND_NULL
	case UndefinedType:
	case bool:
		s.setBool(v)
	case int:
		f.setInt(s, int64(v))
	case int32:
		s.setNumber(float64(v))
	case int64:
		f.setInt(s, v)
	case float64:
		s.setNumber(v)
	case string:
		f.setString(s, v)
	case Value:
		return f.setValue(s, v)
	case *Object:
		return f.setObject(s, v)
	case *Symbol:
		if v == nil {
			s.kind = C.JSVM_KIND_NULL
			return nil
		}
		return f.setObject(s, v.h)
	case *big.Int:
		f.setBig(s, v)
	default:
		base := len(f.slots)
		e := encoder{frame: f, ctx: c}
		if err := e.encode(reflect.ValueOf(v)); err != nil {
			return err
		}
		defer runtime.KeepAlive(v)
		if built := f.slots[base]; built.kind < C.JSVM_GRAPH_KIND_REFERENCE {
			f.slots[at] = built
			f.slots = f.slots[:base]
			return nil
		}
		count := len(f.slots) - base
		if err := f.check(C.jsvm_go_value_build(f.c, c.ptr(), f.slots[base].c(), C.size_t(count)), c); err != nil {
			return err
		}
		f.slots = f.slots[:base]
		result := slotOf(&f.c.result)
		f.owned = append(f.owned, result.value())
		f.slots[at] = slot{kind: result.kind, flags: result.flags &^ C.JSVM_FLAG_OWNED, handle: result.handle}
		*result = slot{}
	}
	return nil
}

func (s *slot) setBool(v bool) {
	s.kind = C.JSVM_KIND_BOOLEAN
	if v {
		s.number = 1
	}
}

func (s *slot) setNumber(v float64) { s.kind, s.number = C.JSVM_KIND_NUMBER, v }

func (f *frame) setInt(s *slot, v int64) {
	if -maxSafe <= v && v <= maxSafe {
		s.setNumber(float64(v))
		return
	}
	f.setBig(s, big.NewInt(v))
}

func (f *frame) setUint(s *slot, v uint64) {
	if v <= maxSafe {
		s.setNumber(float64(v))
		return
	}
	f.setBig(s, new(big.Int).SetUint64(v))
}

func (f *frame) setString(s *slot, v string) {
	s.kind, s.data, s.len = C.JSVM_KIND_STRING, f.string(v), uintptr(len(v))
}

func (f *frame) setBig(s *slot, v *big.Int) {
	if v == nil {
		s.kind = C.JSVM_KIND_NULL
		return
	}
	bytes := bigBytes(v)
	s.kind, s.data, s.len = C.JSVM_KIND_BIGINT, f.data(unsafe.SliceData(bytes), len(bytes)), uintptr(len(bytes))
}

func (f *frame) setObject(s *slot, o *Object) error {
	if o == nil {
		s.kind = C.JSVM_KIND_NULL
		return nil
	}
	if o.closed.Load() {
		return o.ctx.iso.ended(misuse("value: an object that is closed"))
	}
	f.keep = append(f.keep, o)
	s.kind, s.handle = uint32(o.kind), uintptr(unsafe.Pointer(o.p))
	return nil
}

func (f *frame) setValue(s *slot, v Value) error {
	if v.obj != nil {
		return f.setObject(s, v.obj)
	}
	s.kind, s.number = uint32(v.kind), v.num
	if v.kind == KindString || v.kind == KindBigInt {
		s.data, s.len = f.string(v.text), uintptr(len(v.text))
	}
	return nil
}

// setOwned makes a slot a handle that the frame releases.
func (f *frame) setOwned(s *slot, kind Kind, p *C.jsvm_value) {
	f.owned = append(f.owned, p)
	s.kind, s.handle = uint32(kind), uintptr(unsafe.Pointer(p))
}

func (s *slot) setTime(t time.Time) {
	s.kind, s.number = C.JSVM_GRAPH_KIND_DATE, float64(t.UnixMilli())
}
