package jsvm

import (
	"context"
	"reflect"
	"sync"
)

var liveCache sync.Map // reflect.Type: bool

// isLive says whether a Go type has live values in it, so that an object cannot be read as a copy.
func isLive(t reflect.Type) bool {
	if found, ok := liveCache.Load(t); ok {
		return found.(bool)
	}
	live := findLive(t, map[reflect.Type]bool{})
	liveCache.Store(t, live)
	return live
}

func findLive(t reflect.Type, seen map[reflect.Type]bool) bool {
	if t == typeValue || t == typeObject || t.Kind() == reflect.Func || reflect.PointerTo(t).Implements(typeUnmarshaler) {
		return true
	}
	if seen[t] || t == typeTime || t == typeBigInt || t == typeSymbol {
		return false
	}
	seen[t] = true
	switch t.Kind() {
	case reflect.Pointer, reflect.Slice, reflect.Array, reflect.Map:
		return findLive(t.Elem(), seen)
	case reflect.Struct:
		for _, f := range fieldsOf(t).list {
			if findLive(t.FieldByIndex(f.index).Type, seen) {
				return true
			}
		}
	}
	return false
}

// An unmarshaling reads a value whose parts stay live. Its options are what is left of the limits.
type unmarshaling struct {
	ctx     context.Context
	options UnmarshalOptions
	// The objects that are being read, outermost first.
	within []*Object
}

// value reads one value: of an object a copy, or its parts.
func (u *unmarshaling) value(v Value, to reflect.Value) error {
	switch {
	case v.obj == nil || v.kind == KindString:
		return unmarshalSimple(v, to)
	case isLive(to.Type()):
		return u.live(v.obj, to)
	case v.kind != KindObject:
		return unmarshalHandle(v.obj, to)
	}
	return flatten(u.ctx, v.obj.ctx, v.obj.ptr(), v.obj, to, &u.options)
}

// part reads a value that came out of an object.
func (u *unmarshaling) part(v Value, to reflect.Value) error {
	err := u.value(v, to)
	if v.kind == KindObject && !isLive(to.Type()) {
		v.obj.Close() // there is a copy; functions and symbols are kept
	}
	return err
}

// enter notes that an object is read; leave is for its end.
func (u *unmarshaling) enter(o *Object) error {
	if len(u.within) < u.options.MaxDepth {
		u.within = append(u.within, o)
		return nil
	}
	// To ask it of each object would take a call for each that it stands in: an endless one gets here, too.
	for _, outer := range u.within {
		if same, err := outer.Value().Equal(o.Value()); same && err == nil {
			return misuse("value: the object contains itself")
		}
	}
	return misuse("value: deeper than %d (max_depth)", u.options.MaxDepth)
}

func (u *unmarshaling) leave() { u.within = u.within[:len(u.within)-1] }

// properties are the values of so many properties, in two calls. They count before there is room for them.
func (u *unmarshaling) properties(o *Object, n int, key func(i int) any) ([]Value, error) {
	if u.options.MaxSize -= n; u.options.MaxSize < 0 {
		return nil, misuse("value: too many parts (max_size)")
	}
	if n == 0 {
		return nil, nil
	}
	keys := make([]any, n)
	for i := range keys {
		keys[i] = key(i)
	}
	reader, err := o.ctx.iso.propertyReader(u.ctx)
	if err != nil {
		return nil, err
	}
	read, err := reader.Call(u.ctx, Undefined, o, keys, u.options.CallGetters, u.options.MaxBytes)
	if err != nil {
		return nil, err
	}
	if read.obj == nil {
		return nil, misuse("value: too many bytes (max_bytes)")
	}
	defer read.obj.Close()
	read.obj.ctx = o.ctx // what Go makes for these values later is not made in the reader's context
	for i := range keys {
		keys[i] = i
	}
	values, err := read.obj.GetMany(u.ctx, keys...)
	for _, v := range values {
		u.options.MaxBytes -= len(v.text)
	}
	if u.options.MaxBytes < 0 {
		return nil, misuse("value: too many bytes (max_bytes)")
	}
	return values, err
}

// live reads an object into a type with live values in it: by its properties.
func (u *unmarshaling) live(o *Object, to reflect.Value) error {
	t := to.Type()
	if t == typeValue || t == typeObject || t.Kind() == reflect.Func || reflect.PointerTo(t).Implements(typeUnmarshaler) {
		return unmarshalHandle(o, to)
	}
	if t.Kind() == reflect.Pointer {
		if to.IsNil() {
			to.Set(reflect.New(t.Elem()))
		}
		return u.live(o, to.Elem())
	}
	mismatch := misuse("value: a JavaScript %s does not go into a Go %s", o.kind, t)
	if o.Is(FlagProxy) && !u.options.CallGetters {
		return mismatch // its traps would run
	}
	if err := u.enter(o); err != nil {
		return err
	}
	defer u.leave()
	switch t.Kind() {
	case reflect.Struct:
		known := fieldsOf(t).list
		values, err := u.properties(o, len(known), func(i int) any { return known[i].name })
		if err != nil {
			return err
		}
		for i, v := range values {
			if v.kind == KindUndefined {
				continue
			}
			if err := u.part(v, known[i].in(to)); err != nil {
				return err
			}
		}
		return nil
	case reflect.Slice, reflect.Array:
		if !o.Is(FlagArray) {
			break
		}
		n, err := o.Len()
		if err != nil {
			return err
		}
		if t.Kind() == reflect.Array && n > t.Len() {
			return misuse("value: an array of %d does not go into a Go %s", n, t)
		}
		values, err := u.properties(o, n, func(i int) any { return i })
		if err != nil {
			return err
		}
		if t.Kind() == reflect.Slice {
			to.Set(reflect.MakeSlice(t, n, n))
		}
		for i, v := range values {
			if err := u.part(v, to.Index(i)); err != nil {
				return err
			}
		}
		return nil
	case reflect.Map:
		if t.Key().Kind() != reflect.String || o.kind == KindFunction {
			break
		}
		names, err := o.Keys(u.ctx)
		if err != nil {
			return err
		}
		values, err := u.properties(o, len(names), func(i int) any { return names[i] })
		if err != nil {
			return err
		}
		if to.IsNil() {
			to.Set(reflect.MakeMap(t))
		}
		for i, v := range values {
			value := reflect.New(t.Elem()).Elem()
			if err := u.part(v, value); err != nil {
				return err
			}
			to.SetMapIndex(reflect.ValueOf(names[i]).Convert(t.Key()), value)
		}
		return nil
	}
	return mismatch
}

// In a context of its own, which the guest cannot reach to change what these functions are. It sums the bytes up before
// they are copied.
const propertyReaderSource = `'use strict';
const own = Object.getOwnPropertyDescriptor;
(object, keys, getters, bytes) => {
  for (let i = 0; i < keys.length; i++) {
    const value = getters ? object[keys[i]] : own(object, keys[i])?.value;
    const text = typeof value === 'bigint' ? value.toString(16) : value;
    if (typeof text === 'string' && (bytes -= text.length) < 0) return;
    keys[i] = value;
  }
  return keys;
}`

// propertyReader is the function that reads properties without their getters.
func (i *Isolate) propertyReader(ctx context.Context) (*Object, error) {
	i.mutex.Lock()
	reader := i.reader
	i.mutex.Unlock()
	if reader != nil {
		return reader, nil
	}
	apart, err := i.NewContext(nil)
	if err != nil {
		return nil, err
	}
	v, err := apart.Eval(ctx, propertyReaderSource)
	if err != nil {
		return nil, err
	}
	i.mutex.Lock()
	defer i.mutex.Unlock()
	if i.reader == nil {
		i.reader = v.obj
	}
	return i.reader, nil
}
