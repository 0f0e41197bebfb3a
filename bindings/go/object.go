package jsvm

/*
#include "shim.h"
*/
import "C"

import (
	"context"
	"iter"
	"runtime"
	"unsafe"
)

// Flags say what an object is, by V8's own brands and from whatever context.
type Flags uint32

// The flags.
const (
	FlagArray   Flags = C.JSVM_FLAG_ARRAY
	FlagError   Flags = C.JSVM_FLAG_ERROR
	FlagPromise Flags = C.JSVM_FLAG_PROMISE
	FlagDate    Flags = C.JSVM_FLAG_DATE
	FlagRegExp  Flags = C.JSVM_FLAG_REGEXP
	FlagMap     Flags = C.JSVM_FLAG_MAP
	FlagSet     Flags = C.JSVM_FLAG_SET
	// FlagBuffer: an ArrayBuffer or SharedArrayBuffer. FlagView: a typed array or DataView.
	FlagBuffer Flags = C.JSVM_FLAG_BUFFER
	FlagView   Flags = C.JSVM_FLAG_VIEW
	FlagProxy  Flags = C.JSVM_FLAG_PROXY
)

// Property says how a property is defined.
type Property uint32

const (
	// ReadOnly: it cannot be changed by assignment.
	ReadOnly Property = C.JSVM_PROPERTY_READ_ONLY
	// DontEnum: it is not enumerable.
	DontEnum Property = C.JSVM_PROPERTY_DONT_ENUM
	// DontDelete: it is not configurable.
	DontDelete Property = C.JSVM_PROPERTY_DONT_DELETE
)

// Object is a live JavaScript object or function. Any goroutine may use it. Close gives it up; so does Go's collector.
//
// Keys are strings, numbers, *Symbol or Value.
type Object struct {
	owner
	p     *C.jsvm_value
	ctx   *Context
	kind  Kind
	flags Flags
}

func newObject(ctx *Context, p *C.jsvm_value, kind Kind, flags uint32) *Object {
	o := &Object{p: p, ctx: ctx, kind: kind, flags: Flags(flags &^ C.JSVM_FLAG_OWNED)}
	o.cleanup = runtime.AddCleanup(o, func(p *C.jsvm_value) { C.jsvm_value_free(p) }, p)
	ctx.iso.keeps()
	return o
}

// object takes the object that a call gave.
func (f *frame) object(ctx *Context) *Object {
	p := (*C.jsvm_value)(f.c.handle)
	return newObject(ctx, p, Kind(C.jsvm_value_kind(p)), uint32(C.jsvm_value_flags(p)))
}

// Close gives the handle up. Later uses are errors.
func (o *Object) Close() {
	if o != nil && o.close() {
		C.jsvm_value_free(o.p)
	}
}

func (o *Object) ptr() *C.jsvm_value {
	if o == nil || o.closed.Load() {
		return nil
	}
	return o.p
}

// Clone is a second owner of the same object.
func (o *Object) Clone() (*Object, error) {
	p := C.jsvm_value_clone(o.ptr())
	runtime.KeepAlive(o)
	if p == nil {
		return nil, o.ctx.iso.ended(misuse("object: it is closed"))
	}
	return newObject(o.ctx, p, o.kind, uint32(o.flags)), nil
}

// Context is the context by which the object came to Go.
func (o *Object) Context() *Context { return o.ctx }

// Kind is KindObject or KindFunction, or that of the value which [Context.Handle] was given.
func (o *Object) Kind() Kind { return o.kind }

// Flags say what it is.
func (o *Object) Flags() Flags { return o.flags }

// IsFunction says whether it can be called.
func (o *Object) IsFunction() bool { return o.kind == KindFunction }

// Is says whether it has all of the flags.
func (o *Object) Is(flags Flags) bool { return o.flags&flags == flags }

// Value is the object as a Value.
func (o *Object) Value() Value {
	switch o.kind {
	case KindObject, KindFunction, KindSymbol:
		return Value{kind: o.kind, obj: o}
	}
	f := newFrame()
	defer f.release()
	status := C.jsvm_value_to_slot(o.ptr(), &f.c.result, &f.c.error)
	runtime.KeepAlive(o)
	if f.check(status, o.ctx) != nil {
		return Value{}
	}
	return f.take(o.ctx)
}

// String describes the object; it runs no JavaScript.
func (o *Object) String() string {
	name, err := o.ConstructorName()
	if err != nil || name == "" {
		return "[" + o.kind.String() + "]"
	}
	return "[" + o.kind.String() + " " + name + "]"
}

// use is a frame with limits and slots for a call with keys or values.
func (o *Object) use(ctx context.Context, values ...any) (f *frame, err error) {
	if o == nil {
		return nil, errNotObject
	}
	f = newFrame()
	ready := false
	defer func() {
		// Also when a Marshaler panics.
		if !ready {
			f.release()
			f = nil
		}
	}()
	if err := f.begin(ctx); err != nil {
		return f, err
	}
	if err := f.putAll(o.ctx, values); err != nil {
		return f, err
	}
	ready = true
	return f, nil
}

// What Value.Object gives for what is no object has methods that fail, and do not crash.
var errNotObject = misuse("object: the value is no object")

// Get reads a property, its own or inherited: object[key].
func (o *Object) Get(ctx context.Context, key any) (Value, error) {
	f, err := o.use(ctx, key)
	if err != nil {
		return Value{}, err
	}
	defer f.release()
	status := C.jsvm_go_object_get(f.c, o.ptr(), f.slots[0].c())
	runtime.KeepAlive(o)
	if err := f.check(status, o.ctx); err != nil {
		return Value{}, err
	}
	return f.take(o.ctx), nil
}

// Set sets a property: object[key] = value, in sloppy mode. For what values may be see [Context.Marshal].
func (o *Object) Set(ctx context.Context, key, value any) error {
	f, err := o.use(ctx, key, value)
	if err != nil {
		return err
	}
	defer f.release()
	status := C.jsvm_go_object_set(f.c, o.ptr(), f.slots[0].c())
	runtime.KeepAlive(o)
	return f.check(status, o.ctx)
}

// Has says: key in object.
func (o *Object) Has(ctx context.Context, key any) (bool, error) {
	f, err := o.use(ctx, key)
	if err != nil {
		return false, err
	}
	defer f.release()
	return f.answer(o, C.jsvm_go_object_has(f.c, o.ptr(), f.slots[0].c()))
}

// HasOwn says: Object.hasOwn(object, key).
func (o *Object) HasOwn(ctx context.Context, key any) (bool, error) {
	f, err := o.use(ctx, key)
	if err != nil {
		return false, err
	}
	defer f.release()
	return f.answer(o, C.jsvm_go_object_has_own(f.c, o.ptr(), f.slots[0].c()))
}

// Delete deletes an own property, and says whether it is gone or was never there.
func (o *Object) Delete(ctx context.Context, key any) (bool, error) {
	f, err := o.use(ctx, key)
	if err != nil {
		return false, err
	}
	defer f.release()
	return f.answer(o, C.jsvm_go_object_delete(f.c, o.ptr(), f.slots[0].c()))
}

// answer is the yes or no of a call.
func (f *frame) answer(o *Object, status C.jsvm_status) (bool, error) {
	runtime.KeepAlive(o)
	if err := f.check(status, o.ctx); err != nil {
		return false, err
	}
	return bool(f.c.flag), nil
}

// Define defines an own property, whatever the object inherits.
func (o *Object) Define(ctx context.Context, key, value any, attributes Property) error {
	f, err := o.use(ctx, key, value)
	if err != nil {
		return err
	}
	defer f.release()
	status := C.jsvm_go_object_define(f.c, o.ptr(), f.slots[0].c(), C.uint32_t(attributes))
	runtime.KeepAlive(o)
	return f.check(status, o.ctx)
}

// DefineAccessor defines an own property with a getter and a setter: functions, of Go or JavaScript, or nil.
func (o *Object) DefineAccessor(ctx context.Context, key, getter, setter any, attributes Property) error {
	f, err := o.use(ctx, key, getter, setter)
	if err != nil {
		return err
	}
	defer f.release()
	status := C.jsvm_go_object_define_accessor(f.c, o.ptr(), f.slots[0].c(), C.uint32_t(attributes))
	runtime.KeepAlive(o)
	return f.check(status, o.ctx)
}

// Prototype is the object's prototype: an object or null.
func (o *Object) Prototype() (Value, error) {
	f := newFrame()
	defer f.release()
	status := C.jsvm_object_get_prototype(o.ptr(), &f.c.result, &f.c.error)
	runtime.KeepAlive(o)
	if err := f.check(status, o.ctx); err != nil {
		return Value{}, err
	}
	return f.take(o.ctx), nil
}

// ConstructorName is the name of the function that made the object, such as "Map".
func (o *Object) ConstructorName() (string, error) {
	f := newFrame()
	defer f.release()
	status := C.jsvm_object_constructor_name(o.ptr(), &f.c.result, &f.c.error)
	runtime.KeepAlive(o)
	if err := f.check(status, o.ctx); err != nil {
		return "", err
	}
	return f.take(o.ctx).text, nil
}

// Keys are the names of the object's own enumerable properties: Object.keys(object).
func (o *Object) Keys(ctx context.Context) ([]string, error) {
	list, err := o.keys(ctx, C.JSVM_KEYS_ENUMERABLE|C.JSVM_KEYS_STRINGS)
	keys := make([]string, len(list))
	for i, key := range list {
		keys[i] = key.text
	}
	return keys, err
}

// OwnKeys are all own keys, strings and symbols: Reflect.ownKeys(object).
func (o *Object) OwnKeys(ctx context.Context) ([]Value, error) { return o.keys(ctx, 0) }

func (o *Object) keys(ctx context.Context, flags C.uint32_t) ([]Value, error) {
	f, err := o.use(ctx)
	if err != nil {
		return nil, err
	}
	defer f.release()
	status := C.jsvm_go_object_own_keys(f.c, o.ptr(), flags)
	runtime.KeepAlive(o)
	if err := f.check(status, o.ctx); err != nil {
		return nil, err
	}
	return f.takeList(o.ctx), nil
}

// takeList are the values of the frame's list, which it releases.
func (f *frame) takeList(ctx *Context) []Value {
	n := int(f.c.list.len)
	list := make([]Value, n)
	for i, s := range unsafe.Slice((*slot)(unsafe.Pointer(f.c.list.slots)), n) {
		list[i] = borrow(&s, ctx)
	}
	C.jsvm_slot_list_clear(&f.c.list)
	return list
}

// GetMany reads several properties in one call.
func (o *Object) GetMany(ctx context.Context, keys ...any) ([]Value, error) {
	f, err := o.use(ctx, keys...)
	if err != nil || len(keys) == 0 {
		if f != nil {
			f.release()
		}
		return nil, err
	}
	defer f.release()
	results := f.reserve(len(keys))
	status := C.jsvm_go_object_get_many(f.c, o.ptr(), f.slots[0].c(), C.size_t(len(keys)), f.slots[results].c())
	runtime.KeepAlive(o)
	if err := f.check(status, o.ctx); err != nil {
		return nil, err
	}
	list := make([]Value, len(keys))
	for i := range list {
		list[i] = take(&f.slots[results+i], o.ctx)
	}
	return list, nil
}

// SetMany sets several properties in one call, in the order given: key, value, key, value.
func (o *Object) SetMany(ctx context.Context, pairs ...any) error {
	if len(pairs)%2 != 0 {
		return misuse("pairs: a key has no value")
	}
	if len(pairs) == 0 {
		return nil
	}
	sorted := make([]any, 0, len(pairs))
	for i := 0; i < len(pairs); i += 2 {
		sorted = append(sorted, pairs[i])
	}
	for i := 1; i < len(pairs); i += 2 {
		sorted = append(sorted, pairs[i])
	}
	f, err := o.use(ctx, sorted...)
	if err != nil {
		return err
	}
	defer f.release()
	status := C.jsvm_go_object_set_many(f.c, o.ptr(), f.slots[0].c(), C.size_t(len(pairs)/2))
	runtime.KeepAlive(o)
	return f.check(status, o.ctx)
}

// All is an iterator over the object's own enumerable properties, as they are now: they are read in one call.
func (o *Object) All(ctx context.Context) (iter.Seq2[string, Value], error) {
	names, err := o.Keys(ctx)
	if err != nil {
		return nil, err
	}
	keys := make([]any, len(names))
	for i, name := range names {
		keys[i] = name
	}
	values, err := o.GetMany(ctx, keys...)
	if err != nil {
		return nil, err
	}
	return func(yield func(string, Value) bool) {
		for i, name := range names {
			if !yield(name, values[i]) {
				return
			}
		}
	}, nil
}

// Call calls a function: function.call(this, ...args). this may be Undefined.
func (o *Object) Call(ctx context.Context, this any, args ...any) (Value, error) {
	if o == nil {
		return Value{}, errNotObject
	}
	f := newFrame()
	defer f.release()
	if err := f.begin(ctx); err != nil {
		return Value{}, err
	}
	at := f.reserve(len(args) + 1)
	if err := f.set(at, o.ctx, this); err != nil {
		return Value{}, err
	}
	for i, arg := range args {
		if err := f.set(at+1+i, o.ctx, arg); err != nil {
			return Value{}, err
		}
	}
	status := C.jsvm_go_function_call(C.uintptr_t(uintptr(unsafe.Pointer(f.c))), o.ptr(),
		C.uintptr_t(uintptr(unsafe.Pointer(&f.slots[at]))), C.size_t(len(args)))
	runtime.KeepAlive(o)
	if err := f.check(status, o.ctx); err != nil {
		return Value{}, err
	}
	return f.take(o.ctx), nil
}

// CallMethod calls a function that is a property: object[key](...args).
func (o *Object) CallMethod(ctx context.Context, key any, args ...any) (Value, error) {
	v, err := o.Get(ctx, key)
	if err != nil {
		return Value{}, err
	}
	if v.kind != KindFunction {
		return Value{}, misuse("key: the property is no function")
	}
	defer v.obj.Close()
	return v.obj.Call(ctx, o, args...)
}

// New calls a function as a constructor: new function(...args).
func (o *Object) New(ctx context.Context, args ...any) (*Object, error) {
	f, err := o.use(ctx, args...)
	if err != nil {
		return nil, err
	}
	defer f.release()
	f.reserve(1) // so that there is an address without arguments, too
	status := C.jsvm_go_function_construct(f.c, o.ptr(), f.slots[0].c(), C.size_t(len(args)))
	runtime.KeepAlive(o)
	if err := f.check(status, o.ctx); err != nil {
		return nil, err
	}
	return f.take(o.ctx).obj, nil
}

// InstanceOf says: object instanceof constructor.
func (o *Object) InstanceOf(ctx context.Context, constructor *Object) (bool, error) {
	f, err := o.use(ctx)
	if err != nil {
		return false, err
	}
	defer f.release()
	defer runtime.KeepAlive(constructor)
	return f.answer(o, C.jsvm_go_value_instance_of(f.c, o.ptr(), constructor.ptr()))
}
