package jsvm

/*
#include "shim.h"
*/
import "C"

import (
	"cmp"
	"context"
	"encoding"
	"math"
	"math/big"
	"reflect"
	"runtime"
	"time"
	"unsafe"
)

// Unmarshaler is a type that reads itself out of a JavaScript value. Objects are live: it closes them, or keeps them.
type Unmarshaler interface {
	UnmarshalJS(v Value) error
}

// UnmarshalOptions of [Value.UnmarshalWith]. Zero is the default of every field.
type UnmarshalOptions struct {
	// CallGetters: properties that have a getter get what it returns. Otherwise they are undefined and no JavaScript runs.
	CallGetters bool
	// MaxDepth is how many containers may be within containers; default 1000, at most 100,000.
	MaxDepth int
	// MaxSize is how many parts the value may have; default 4 million.
	MaxSize int
	// MaxBytes is how many bytes of strings and buffers it may have; default 256 MB. What stands in it twice counts twice.
	MaxBytes int
}

// Unmarshal copies the value, with all that it holds, into what target points to; in one call for the whole of it.
//
//   - undefined and null make pointers, slices, maps, interfaces nil, and leave other targets as they are. (A [Value]
//     tells them apart.)
//   - Into any: nil, bool, float64, string, *big.Int, time.Time (Date), []byte (ArrayBuffer and views of bytes; views of
//     numbers become slices of them), []any (Array, Set), map[string]any (objects), map[any]any (Map), *Exception (Error),
//     *[Object] (functions, promises, proxies and what else is more than data), *[Symbol].
//   - Numbers and bigints go into every Go number that holds them exactly; a float64 takes every number, a float32 is rounded.
//   - Objects and Maps go into maps and structs: fields by the tag `js:"name"`, or else by `json`.
//   - [Value], *[Object] and [Unmarshaler] get live values. Functions go into *[Object], and into funcs: see [Object.Func].
//
// An object that stands in the value twice becomes two; one that contains itself is an error.
func (v Value) Unmarshal(ctx context.Context, target any) error {
	return v.UnmarshalWith(ctx, target, UnmarshalOptions{})
}

// Unmarshal copies the object: see [Value.Unmarshal].
func (o *Object) Unmarshal(ctx context.Context, target any) error {
	if o == nil {
		return errNotObject
	}
	return o.Value().Unmarshal(ctx, target)
}

// UnmarshalWith is Unmarshal with options.
func (v Value) UnmarshalWith(ctx context.Context, target any, options UnmarshalOptions) error {
	to := reflect.ValueOf(target)
	if to.Kind() != reflect.Pointer || to.IsNil() {
		return misuse("target: a pointer is needed, not a %T", target)
	}
	if err := options.fill(); err != nil {
		return err
	}
	u := unmarshaling{ctx: ctx, options: options}
	return u.value(v, to.Elem())
}

// fill makes the limits numbers.
func (o *UnmarshalOptions) fill() error {
	if o.MaxDepth < 0 || o.MaxSize < 0 || o.MaxBytes < 0 {
		return misuse("options: a limit is negative")
	}
	o.MaxDepth = min(cmp.Or(o.MaxDepth, 1000), maxDepth)
	o.MaxSize = cmp.Or(o.MaxSize, 4_000_000)
	o.MaxBytes = cmp.Or(o.MaxBytes, 256<<20)
	return nil
}

// unmarshalSimple reads what is no object.
func unmarshalSimple(v Value, to reflect.Value) error {
	f := newFrame()
	defer f.release()
	s := f.next()
	if err := f.setValue(s, v); err != nil {
		return err
	}
	var home *Context
	if v.obj != nil {
		home = v.obj.ctx
	}
	d := decoder{ctx: home, slots: f.slots[:1]}
	return d.read(to)
}

// unmarshalHandle reads an object that is not taken apart.
func unmarshalHandle(o *Object, to reflect.Value) error {
	f := newFrame()
	defer f.release()
	s := f.next()
	if err := f.setObject(s, o); err != nil {
		return err
	}
	s.flags = uint32(o.flags)
	d := decoder{ctx: o.ctx, slots: f.slots[:1], live: o}
	return d.read(to)
}

// flatten takes a handle apart into a Go value, and what it reads off the limits. owner is what keeps the handle.
func flatten(ctx context.Context, home *Context, p *C.jsvm_value, owner any, to reflect.Value, options *UnmarshalOptions) error {
	f := newFrame()
	defer f.release()
	if err := f.begin(ctx); err != nil {
		return err
	}
	c := C.jsvm_flatten_options{
		struct_size: C.sizeof_jsvm_flatten_options, max_depth: C.size_t(options.MaxDepth), call_getters: C.bool(options.CallGetters),
		// 0 would be the default.
		max_size: C.size_t(max(options.MaxSize, 1)), max_bytes: C.size_t(max(options.MaxBytes, 1)),
	}
	status := C.jsvm_go_value_flatten(f.c, p, &c)
	runtime.KeepAlive(owner)
	if err := f.check(status, home); err != nil {
		return err
	}
	defer C.jsvm_graph_clear(&f.c.graph)
	d := decoder{ctx: home, slots: unsafe.Slice((*slot)(unsafe.Pointer(f.c.graph.slots)), int(f.c.graph.count)), left: options}
	return d.read(to)
}

var (
	typeUnmarshaler = reflect.TypeFor[Unmarshaler]()
	typeTextReader  = reflect.TypeFor[encoding.TextUnmarshaler]()
	typeAny         = reflect.TypeFor[any]()
)

// A decoder reads a graph's slots into Go values.
type decoder struct {
	ctx   *Context
	slots []slot
	at    int
	live  *Object // the Go handle of slot 0, if the value is one
	// What is left of the limits; nil for a value that is one slot. What is named again is read again, so that a small graph
	// can stand for a huge value: what comes of it counts, too.
	left *UnmarshalOptions
	keys map[uintptr]string
	// How many references were followed to where it reads, and the containers entered since the first.
	jumps  int
	within map[int]bool
}

// decodeError is what does not fit, and where: the path grows while the readers return.
type decodeError struct{ path, text string }

func (e *decodeError) Error() string { return "value" + e.path + ": " + e.text }

// at is an error with a step of the path to it.
func at(err error, step string) error {
	if e, ok := err.(*decodeError); ok {
		e.path = "." + step + e.path
	}
	return err
}

// read decodes the graph's value, with errors of this package.
func (d *decoder) read(to reflect.Value) error {
	err := d.decode(to)
	if e, ok := err.(*decodeError); ok {
		return misuse("%s", e.Error())
	}
	return err
}

func (d *decoder) mismatch(s *slot, t reflect.Type) error {
	return &decodeError{text: kindText(s) + " does not go into a Go " + t.String()}
}

func kindText(s *slot) string {
	switch s.kind {
	case C.JSVM_KIND_NUMBER:
		return "the number " + numberText(s.number)
	case C.JSVM_KIND_BIGINT:
		return "the bigint " + bigOf(s.text()).String()
	case C.JSVM_GRAPH_KIND_DATE:
		return "a Date"
	case C.JSVM_GRAPH_KIND_BYTES:
		return "a buffer"
	case C.JSVM_GRAPH_KIND_ARRAY:
		return "an array"
	case C.JSVM_GRAPH_KIND_RECORD:
		return "an object"
	case C.JSVM_GRAPH_KIND_MAP:
		return "a Map"
	case C.JSVM_GRAPH_KIND_SET:
		return "a Set"
	case C.JSVM_GRAPH_KIND_ERROR:
		return "an Error"
	case C.JSVM_GRAPH_KIND_REGEXP:
		return "a RegExp"
	}
	return "a JavaScript " + Kind(s.kind).String()
}

// handle is a slot's handle as a Go object of its own.
func (d *decoder) handle(s *slot) *Object {
	if d.live != nil {
		return d.live
	}
	return newObject(d.ctx, C.jsvm_value_clone(s.value()), Kind(s.kind), s.flags)
}

// text is a slot's string. Keys come again and again at the same address.
func (d *decoder) key(s *slot) string {
	if text, ok := d.keys[s.data]; ok && uintptr(len(text)) == s.len {
		return text
	}
	text := s.text()
	if d.keys == nil {
		d.keys = make(map[uintptr]string)
	}
	d.keys[s.data] = text
	return text
}

// next is the slot to read, which a reference may put elsewhere; the returned function goes back.
func (d *decoder) next() (s *slot, index int, err error) {
	index = d.at
	s = &d.slots[index]
	return s, index, d.count(s)
}

// count takes a slot off the limits.
func (d *decoder) count(s *slot) error {
	if d.left == nil {
		return nil
	}
	if d.left.MaxSize--; d.left.MaxSize < 0 {
		return &decodeError{text: "too many parts (max_size)"}
	}
	switch s.kind {
	case C.JSVM_KIND_STRING, C.JSVM_KIND_BIGINT, C.JSVM_GRAPH_KIND_BYTES:
		if d.left.MaxBytes -= int(s.len); d.left.MaxBytes < 0 {
			return &decodeError{text: "too many bytes (max_bytes)"}
		}
	}
	return nil
}

// decode reads the value at d.at into a Go variable, and goes behind it.
func (d *decoder) decode(to reflect.Value) error {
	s, index, err := d.next()
	if err != nil {
		return err
	}
	if s.kind == C.JSVM_GRAPH_KIND_REFERENCE {
		defer d.jump(s)()
		return d.decode(to)
	}
	d.at++
	return d.decodeSlot(s, index, to)
}

// decodeSlot reads the slot before d.at, which has the index.
func (d *decoder) decodeSlot(s *slot, index int, to reflect.Value) error {
	t := to.Type()
	if t == typeAny {
		v, err := d.any(s, index)
		if err == nil && v != nil {
			to.Set(reflect.ValueOf(v))
		} else if err == nil {
			to.SetZero()
		}
		return err
	}
	if done, err := d.special(s, to, t); done || err != nil {
		return err
	}
	switch s.kind {
	case C.JSVM_KIND_UNDEFINED, C.JSVM_KIND_NULL, C.JSVM_GRAPH_KIND_HOLE:
		switch t.Kind() {
		case reflect.Pointer, reflect.Map, reflect.Slice, reflect.Interface, reflect.Func:
			to.SetZero()
		}
		return nil
	}
	switch t.Kind() {
	case reflect.Pointer:
		if to.IsNil() {
			to.Set(reflect.New(t.Elem()))
		}
		return d.decodeSlot(s, index, to.Elem())
	case reflect.Bool:
		if s.kind == C.JSVM_KIND_BOOLEAN {
			to.SetBool(s.number != 0)
			return nil
		}
	case reflect.String:
		if s.kind == C.JSVM_KIND_STRING {
			to.SetString(s.text())
			return nil
		}
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		if n, ok := s.int64(); ok && !to.OverflowInt(n) {
			to.SetInt(n)
			return nil
		}
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64, reflect.Uintptr:
		if n, ok := s.uint64(); ok && !to.OverflowUint(n) {
			to.SetUint(n)
			return nil
		}
	case reflect.Float32, reflect.Float64:
		if s.kind == C.JSVM_KIND_NUMBER {
			to.SetFloat(s.number)
			return nil
		}
		if n, ok := s.int64(); ok && int64(float64(n)) == n {
			to.SetFloat(float64(n))
			return nil
		}
	case reflect.Func:
		if s.kind == C.JSVM_KIND_FUNCTION {
			fn, err := d.handle(s).funcOf(t)
			if err == nil {
				to.Set(fn)
			}
			return err
		}
	case reflect.Slice, reflect.Array:
		return d.list(s, to, t)
	case reflect.Map:
		return d.dictionary(s, index, to, t)
	case reflect.Struct:
		return d.structure(s, index, to, t)
	case reflect.Interface:
		v, err := d.any(s, index)
		if err != nil {
			return err
		}
		if v != nil && reflect.TypeOf(v).AssignableTo(t) {
			to.Set(reflect.ValueOf(v))
			return nil
		}
	}
	return d.mismatch(s, t)
}

// special reads into types that are not told by their kind.
func (d *decoder) special(s *slot, to reflect.Value, t reflect.Type) (bool, error) {
	if t.PkgPath() == "" && t.Kind() != reflect.Pointer {
		return false, nil // a type of Go's own
	}
	simple := s.kind <= C.JSVM_KIND_FUNCTION
	switch t {
	case typeValue:
		if simple || s.kind == C.JSVM_GRAPH_KIND_HOLE {
			to.Set(reflect.ValueOf(d.value(s)))
			return true, nil
		}
		return true, d.mismatch(s, t)
	case typeObject:
		if s.kind == C.JSVM_KIND_OBJECT || s.kind == C.JSVM_KIND_FUNCTION {
			to.Set(reflect.ValueOf(d.handle(s)))
			return true, nil
		}
	case typeSymbol:
		if s.kind == C.JSVM_KIND_SYMBOL {
			to.Set(reflect.ValueOf(&Symbol{d.handle(s)}))
			return true, nil
		}
	case typeTime:
		if s.kind == C.JSVM_GRAPH_KIND_DATE {
			when, err := timeOf(s.number)
			if err == nil {
				to.Set(reflect.ValueOf(when))
			}
			return true, err
		}
		if simple && s.kind != C.JSVM_KIND_UNDEFINED && s.kind != C.JSVM_KIND_NULL {
			return true, d.mismatch(s, t)
		}
	case typeRegExp:
		if s.kind == C.JSVM_GRAPH_KIND_REGEXP {
			source, flags := &d.slots[d.at], &d.slots[d.at+1]
			d.at += 2
			to.Set(reflect.ValueOf(RegExp{source.text(), flags.text()}))
			return true, d.count(source)
		}
	case typeBigInt:
		switch {
		case s.kind == C.JSVM_KIND_BIGINT:
			to.Addr().Interface().(*big.Int).Set(bigOf(s.text()))
			return true, nil
		case s.kind == C.JSVM_KIND_NUMBER && s.number == math.Trunc(s.number) && !math.IsInf(s.number, 0):
			big.NewFloat(s.number).Int(to.Addr().Interface().(*big.Int))
			return true, nil
		case s.kind != C.JSVM_KIND_UNDEFINED && s.kind != C.JSVM_KIND_NULL:
			return true, d.mismatch(s, t)
		}
	}
	if t.Name() == "" || !to.CanAddr() {
		return false, nil
	}
	switch pointer := reflect.PointerTo(t); {
	case pointer.Implements(typeUnmarshaler):
		if !simple {
			return true, d.mismatch(s, t)
		}
		return true, to.Addr().Interface().(Unmarshaler).UnmarshalJS(d.value(s))
	case s.kind == C.JSVM_KIND_STRING && t != typeTime && pointer.Implements(typeTextReader):
		return true, to.Addr().Interface().(encoding.TextUnmarshaler).UnmarshalText([]byte(s.text()))
	}
	return false, nil
}

// value is a Value of a slot that is no container.
func (d *decoder) value(s *slot) Value {
	if s.kind == C.JSVM_GRAPH_KIND_HOLE {
		return Value{}
	}
	if s.handle == 0 || d.live == nil {
		return borrow(s, d.ctx)
	}
	return Value{kind: Kind(s.kind), num: s.number, text: s.textOf(), obj: d.live}
}

func (s *slot) textOf() string {
	if s.kind == C.JSVM_KIND_STRING {
		return s.text()
	}
	return ""
}

func (s *slot) int64() (int64, bool) {
	switch s.kind {
	case C.JSVM_KIND_NUMBER:
		n := int64(s.number)
		return n, float64(n) == s.number && s.number < 1<<63
	case C.JSVM_KIND_BIGINT:
		b := bigOf(s.text())
		return b.Int64(), b.IsInt64()
	}
	return 0, false
}

func (s *slot) uint64() (uint64, bool) {
	switch s.kind {
	case C.JSVM_KIND_NUMBER:
		n := uint64(s.number)
		return n, s.number >= 0 && s.number < 1<<64 && float64(n) == s.number
	case C.JSVM_KIND_BIGINT:
		b := bigOf(s.text())
		return b.Uint64(), b.IsUint64()
	}
	return 0, false
}

func timeOf(ms float64) (time.Time, error) {
	if math.IsNaN(ms) {
		return time.Time{}, misuse("value: an invalid Date has no time")
	}
	return time.UnixMilli(int64(ms)), nil
}

// jump goes to the slot that a reference names; the function that it returns goes behind the reference.
func (d *decoder) jump(s *slot) func() {
	back := d.at + 1
	d.at = int(s.len)
	d.jumps++
	return func() {
		d.at = back
		d.jumps--
	}
}

// enter notes that a container is being read: one in which itself stands has no end. Only references lead there.
func (d *decoder) enter(index int) error {
	if d.jumps == 0 {
		return nil
	}
	if d.within[index] {
		return &decodeError{text: "the object contains itself"}
	}
	if d.within == nil {
		d.within = make(map[int]bool)
	}
	d.within[index] = true
	return nil
}

func (d *decoder) leave(index int) { delete(d.within, index) }
