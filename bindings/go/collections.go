package jsvm

/*
#include "shim.h"
*/
import "C"

import (
	"reflect"
	"runtime"
	"strings"
	"time"
)

// made is the object that a call made.
func (f *frame) made(status C.jsvm_status, c *Context) (*Object, error) {
	runtime.KeepAlive(c)
	if err := f.check(status, c); err != nil {
		return nil, err
	}
	return f.object(c), nil
}

// NewObject makes an empty object.
func (c *Context) NewObject() (*Object, error) {
	f := newFrame()
	defer f.release()
	return f.made(C.jsvm_object_new(c.ptr(), f.valueOut(), &f.c.error), c)
}

// NewArray makes an array of elements.
func (c *Context) NewArray(elements ...any) (*Object, error) {
	f := newFrame()
	defer f.release()
	if err := f.putAll(c, elements); err != nil {
		return nil, err
	}
	f.reserve(1)
	return f.made(C.jsvm_array_new(c.ptr(), f.slots[0].c(), C.size_t(len(elements)), f.valueOut(), &f.c.error), c)
}

// Len is an array's length, the size of a Map or Set, or the bytes of a buffer or view. It runs no JavaScript.
func (o *Object) Len() (int, error) {
	f := newFrame()
	defer f.release()
	var status C.jsvm_status
	switch {
	case o.Is(FlagMap):
		status = C.jsvm_map_size(o.ptr(), &f.c.size, &f.c.error)
	case o.Is(FlagSet):
		status = C.jsvm_set_size(o.ptr(), &f.c.size, &f.c.error)
	case o.flags&(FlagBuffer|FlagView) != 0:
		status = C.jsvm_buffer_length(o.ptr(), &f.c.size, &f.c.error)
	default:
		status = C.jsvm_array_length(o.ptr(), &f.c.word, &f.c.error)
		f.c.size = C.size_t(f.c.word)
	}
	runtime.KeepAlive(o)
	if err := f.check(status, o.ctx); err != nil {
		return 0, err
	}
	return int(f.c.size), nil
}

// NewDate makes a Date, to the millisecond.
func (c *Context) NewDate(t time.Time) (*Object, error) {
	f := newFrame()
	defer f.release()
	return f.made(C.jsvm_date_new(c.ptr(), C.double(t.UnixMilli()), f.valueOut(), &f.c.error), c)
}

// Time is a Date's time; an error if it is invalid.
func (o *Object) Time() (time.Time, error) {
	f := newFrame()
	defer f.release()
	status := C.jsvm_date_value(o.ptr(), &f.c.number, &f.c.error)
	runtime.KeepAlive(o)
	if err := f.check(status, o.ctx); err != nil {
		return time.Time{}, err
	}
	return timeOf(float64(f.c.number))
}

// RegExp is a regular expression of JavaScript as data: what a RegExp becomes in Go, and what makes one.
type RegExp struct{ Source, Flags string }

// String is the literal.
func (r RegExp) String() string { return "/" + r.Source + "/" + r.Flags }

var typeRegExp = reflect.TypeFor[RegExp]()

// NewRegExp makes a RegExp. A pattern that is none is a SyntaxError.
func (c *Context) NewRegExp(pattern, flags string) (*Object, error) {
	f := newFrame()
	defer f.release()
	if strings.ContainsRune(flags, 0) {
		return nil, misuse("flags: a NUL is no flag")
	}
	text, n := source(pattern)
	letters := f.name(flags + "\x00")
	return f.made(C.jsvm_regexp_new(c.ptr(), text, n, letters.data, f.valueOut(), &f.c.error), c)
}

// RegExp is a regular expression's pattern and flags.
func (o *Object) RegExp() (RegExp, error) {
	f := newFrame()
	defer f.release()
	defer runtime.KeepAlive(o)
	if err := f.check(C.jsvm_regexp_source(o.ptr(), &f.c.result, &f.c.error), o.ctx); err != nil {
		return RegExp{}, err
	}
	pattern := f.take(o.ctx).text
	if err := f.check(C.jsvm_regexp_flags(o.ptr(), &f.c.result, &f.c.error), o.ctx); err != nil {
		return RegExp{}, err
	}
	return RegExp{pattern, f.take(o.ctx).text}, nil
}

// Map is a live JavaScript Map.
type Map struct{ *Object }

// Set is a live JavaScript Set.
type Set struct{ *Object }

// NewMap makes an empty Map.
func (c *Context) NewMap() (Map, error) {
	f := newFrame()
	defer f.release()
	o, err := f.made(C.jsvm_map_new(c.ptr(), f.valueOut(), &f.c.error), c)
	return Map{o}, err
}

// NewSet makes an empty Set.
func (c *Context) NewSet() (Set, error) {
	f := newFrame()
	defer f.release()
	o, err := f.made(C.jsvm_set_new(c.ptr(), f.valueOut(), &f.c.error), c)
	return Set{o}, err
}

// AsMap is the object as a Map; false if it is none.
func (o *Object) AsMap() (Map, bool) { return Map{o}, o.Is(FlagMap) }

// AsSet is the object as a Set; false if it is none.
func (o *Object) AsSet() (Set, bool) { return Set{o}, o.Is(FlagSet) }

// Get is the value under a key, undefined if there is none. No JavaScript runs.
func (m Map) Get(key any) (Value, error) {
	f, err := m.use(background, key)
	if err != nil {
		return Value{}, err
	}
	defer f.release()
	status := C.jsvm_map_get(m.ptr(), f.slots[0].c(), &f.c.result, &f.c.error)
	runtime.KeepAlive(m.Object)
	if err := f.check(status, m.ctx); err != nil {
		return Value{}, err
	}
	return f.take(m.ctx), nil
}

// Put puts a value under a key.
func (m Map) Put(key, value any) error {
	f, err := m.use(background, key, value)
	if err != nil {
		return err
	}
	defer f.release()
	_, err = f.answer(m.Object, C.jsvm_map_set(m.ptr(), f.slots[0].c(), f.slots[1].c(), &f.c.error))
	return err
}

// Contains says whether there is a value under a key.
func (m Map) Contains(key any) (bool, error) {
	f, err := m.use(background, key)
	if err != nil {
		return false, err
	}
	defer f.release()
	return f.answer(m.Object, C.jsvm_map_has(m.ptr(), f.slots[0].c(), &f.c.flag, &f.c.error))
}

// Remove deletes a key, and says whether it was there.
func (m Map) Remove(key any) (bool, error) {
	f, err := m.use(background, key)
	if err != nil {
		return false, err
	}
	defer f.release()
	return f.answer(m.Object, C.jsvm_map_delete(m.ptr(), f.slots[0].c(), &f.c.flag, &f.c.error))
}

// Entries are the keys and values in their order: key, value, key, value.
func (m Map) Entries() ([]Value, error) {
	f := newFrame()
	defer f.release()
	status := C.jsvm_map_entries(m.ptr(), &f.c.list, &f.c.error)
	runtime.KeepAlive(m.Object)
	if err := f.check(status, m.ctx); err != nil {
		return nil, err
	}
	return f.takeList(m.ctx), nil
}

// Add adds a value.
func (s Set) Add(value any) error {
	f, err := s.use(background, value)
	if err != nil {
		return err
	}
	defer f.release()
	_, err = f.answer(s.Object, C.jsvm_set_add(s.ptr(), f.slots[0].c(), &f.c.error))
	return err
}

// Contains says whether the set has a value.
func (s Set) Contains(value any) (bool, error) {
	f, err := s.use(background, value)
	if err != nil {
		return false, err
	}
	defer f.release()
	return f.answer(s.Object, C.jsvm_set_has(s.ptr(), f.slots[0].c(), &f.c.flag, &f.c.error))
}

// Remove deletes a value, and says whether it was there.
func (s Set) Remove(value any) (bool, error) {
	f, err := s.use(background, value)
	if err != nil {
		return false, err
	}
	defer f.release()
	return f.answer(s.Object, C.jsvm_set_delete(s.ptr(), f.slots[0].c(), &f.c.flag, &f.c.error))
}

// Values are what is in the set, in its order.
func (s Set) Values() ([]Value, error) {
	f := newFrame()
	defer f.release()
	status := C.jsvm_set_values(s.ptr(), &f.c.list, &f.c.error)
	runtime.KeepAlive(s.Object)
	if err := f.check(status, s.ctx); err != nil {
		return nil, err
	}
	return f.takeList(s.ctx), nil
}
