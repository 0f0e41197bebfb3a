package jsvm

/*
#include "shim.h"
*/
import "C"

import (
	"encoding"
	"math/big"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"
	"unsafe"
)

// An encoder writes a Go value as the slots of a graph.
type encoder struct {
	frame *frame
	ctx   *Context
	depth int
	// Pointers, maps and slices that contain what is written, from cycleFrom containers on.
	within map[visit]bool
}

type visit struct {
	p   unsafe.Pointer
	len int
	t   reflect.Type
}

const (
	maxDepth = 100_000
	// Up to here nobody asks whether a value contains itself.
	cycleFrom = 100
)

var (
	typeValue     = reflect.TypeFor[Value]()
	typeUndefined = reflect.TypeFor[UndefinedType]()
	typeObject    = reflect.TypeFor[*Object]()
	typeSymbol    = reflect.TypeFor[*Symbol]()
	typeTime      = reflect.TypeFor[time.Time]()
	typeBig       = reflect.TypeFor[*big.Int]()
	typeBigInt    = reflect.TypeFor[big.Int]()
	typeShared    = reflect.TypeFor[Shared]()
	typeError     = reflect.TypeFor[error]()
	typeOwner     = reflect.TypeFor[interface{ close() bool }]()
	typeMarshaler = reflect.TypeFor[Marshaler]()
	typeText      = reflect.TypeFor[encoding.TextMarshaler]()
)

func (e *encoder) encode(v reflect.Value) error {
	f := e.frame
	if !v.IsValid() {
		f.next().kind = C.JSVM_KIND_NULL
		return nil
	}
	t := v.Type()
	if special, err := e.encodeSpecial(v, t); special || err != nil {
		return err
	}
	switch v.Kind() {
	case reflect.Bool:
		f.next().setBool(v.Bool())
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		f.setInt(f.next(), v.Int())
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64, reflect.Uintptr:
		f.setUint(f.next(), v.Uint())
	case reflect.Float32, reflect.Float64:
		f.next().setNumber(v.Float())
	case reflect.String:
		f.setString(f.next(), v.String())
	case reflect.Func:
		if v.IsNil() {
			return e.encode(reflect.Value{})
		}
		p, err := e.ctx.newFunction(nil, v.Interface())
		if err != nil {
			return err
		}
		f.setOwned(f.next(), KindFunction, p)
	case reflect.Interface:
		return e.encode(v.Elem())
	case reflect.Pointer, reflect.Map, reflect.Slice, reflect.Array, reflect.Struct:
		return e.encodeContainer(v, t)
	default:
		return misuse("value: a Go value of type %s has no JavaScript value", t)
	}
	return nil
}

// encodeSpecial writes what is not written by its kind.
func (e *encoder) encodeSpecial(v reflect.Value, t reflect.Type) (bool, error) {
	if t.PkgPath() == "" && t.Kind() != reflect.Pointer {
		return false, nil // a type of Go's own
	}
	f := e.frame
	switch t {
	case typeValue:
		return true, f.setValue(f.next(), v.Interface().(Value))
	case typeUndefined:
		f.next()
		return true, nil
	case typeObject:
		return true, f.setObject(f.next(), v.Interface().(*Object))
	case typeSymbol:
		if !v.IsNil() {
			return true, f.setObject(f.next(), v.Interface().(*Symbol).h)
		}
	case typeTime:
		f.next().setTime(v.Interface().(time.Time))
		return true, nil
	case typeBig:
		f.setBig(f.next(), v.Interface().(*big.Int))
		return true, nil
	case typeBigInt:
		n := v.Interface().(big.Int)
		f.setBig(f.next(), &n)
		return true, nil
	case typeRegExp:
		r := v.Interface().(RegExp)
		s := f.next()
		s.kind, s.len = C.JSVM_GRAPH_KIND_REGEXP, 2
		f.setString(f.next(), r.Source)
		f.setString(f.next(), r.Flags)
		return true, nil
	case typeShared:
		o, err := e.ctx.ShareBytes(v.Bytes())
		if err != nil {
			return true, err
		}
		return true, f.setObject(f.next(), o)
	}
	if !v.CanInterface() || t.Kind() == reflect.Interface || t.Kind() == reflect.Pointer && v.IsNil() {
		return false, nil
	}
	switch {
	case t.Implements(typeMarshaler):
		value, err := v.Interface().(Marshaler).MarshalJS(e.ctx)
		if err != nil {
			return true, err
		}
		if e.depth++; e.depth > maxDepth {
			return true, misuse("value: deeper than %d", maxDepth)
		}
		defer func() { e.depth-- }()
		return true, e.encode(reflect.ValueOf(value))
	case t.Implements(typeError):
		p, err := e.ctx.newError(v.Interface().(error))
		if err != nil {
			return true, err
		}
		f.setOwned(f.next(), KindObject, p)
		return true, nil
	case t.Implements(typeText):
		text, err := v.Interface().(encoding.TextMarshaler).MarshalText()
		if err != nil {
			return true, err
		}
		f.setString(f.next(), string(text))
		return true, nil
	}
	return false, nil
}

func (e *encoder) encodeContainer(v reflect.Value, t reflect.Type) error {
	if e.depth++; e.depth > maxDepth {
		return misuse("value: deeper than %d", maxDepth)
	}
	defer func() { e.depth-- }()
	f := e.frame
	kind := v.Kind()
	if kind != reflect.Struct && kind != reflect.Array {
		if v.IsNil() {
			f.next().kind = C.JSVM_KIND_NULL
			return nil
		}
		if e.depth > cycleFrom {
			at := visit{p: v.UnsafePointer(), t: t}
			if kind == reflect.Slice {
				at.len = v.Len()
			}
			if e.within[at] {
				return misuse("value: a %s contains itself", t)
			}
			if e.within == nil {
				e.within = make(map[visit]bool)
			}
			e.within[at] = true
			defer delete(e.within, at)
		}
	}
	switch kind {
	case reflect.Pointer:
		return e.encode(v.Elem())
	case reflect.Map:
		return e.encodeMap(v, t)
	case reflect.Struct:
		return e.encodeStruct(v, t)
	}
	if t.Elem().Kind() == reflect.Uint8 && kind == reflect.Slice {
		bytes := v.Bytes()
		s := f.next()
		s.kind, s.number = C.JSVM_GRAPH_KIND_BYTES, float64(Uint8)
		s.data, s.len = f.data(unsafe.SliceData(bytes), len(bytes)), uintptr(len(bytes))
		return nil
	}
	n := v.Len()
	if n == 0 {
		f.next().kind = C.JSVM_GRAPH_KIND_ARRAY
		return nil
	}
	s := f.next()
	s.kind, s.len = C.JSVM_GRAPH_KIND_ARRAY, uintptr(n)
	for i := range n {
		if err := e.encode(v.Index(i)); err != nil {
			return err
		}
	}
	return nil
}

func (e *encoder) encodeMap(v reflect.Value, t reflect.Type) error {
	f := e.frame
	s := f.next()
	s.kind, s.len = C.JSVM_GRAPH_KIND_RECORD, uintptr(2*v.Len())
	if t.Key().Kind() == reflect.String && t.Elem().Kind() == reflect.Interface && t.Elem().NumMethod() == 0 {
		if m, ok := v.Interface().(map[string]any); ok {
			return e.encodeObject(m)
		}
	}
	type entry struct {
		key   string
		value reflect.Value
	}
	entries := make([]entry, 0, v.Len())
	for all := v.MapRange(); all.Next(); {
		key, err := keyText(all.Key())
		if err != nil {
			return err
		}
		entries = append(entries, entry{key, all.Value()})
	}
	// Go's order of a map is another one each time, JavaScript's is to be seen.
	slices.SortFunc(entries, func(a, b entry) int { return strings.Compare(a.key, b.key) })
	for _, entry := range entries {
		f.setString(f.next(), entry.key)
		if err := e.encode(entry.value); err != nil {
			return err
		}
	}
	return nil
}

// encodeObject is the commonest map, without reflection for its keys.
func (e *encoder) encodeObject(m map[string]any) error {
	f := e.frame
	keys := make([]string, 0, len(m))
	for key := range m {
		keys = append(keys, key)
	}
	slices.Sort(keys)
	for _, key := range keys {
		f.setString(f.next(), key)
		switch value := m[key].(type) {
		case string:
			f.setString(f.next(), value)
		case float64:
			f.next().setNumber(value)
		case int:
			f.setInt(f.next(), int64(value))
		default:
			if err := e.encode(reflect.ValueOf(value)); err != nil {
				return err
			}
		}
	}
	return nil
}

func keyText(key reflect.Value) (string, error) {
	if key.Kind() == reflect.String {
		return key.String(), nil
	}
	if text, ok := key.Interface().(encoding.TextMarshaler); ok {
		bytes, err := text.MarshalText()
		return string(bytes), err
	}
	switch key.Kind() {
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		return strconv.FormatInt(key.Int(), 10), nil
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64, reflect.Uintptr:
		return strconv.FormatUint(key.Uint(), 10), nil
	}
	return "", misuse("value: a map's key of type %s is no name of a property", key.Type())
}

// isHandle says whether a struct type is no data: a handle of this package, a lock.
func isHandle(t reflect.Type) bool {
	switch t.PkgPath() {
	case "sync", "sync/atomic":
		return true
	case typeObject.Elem().PkgPath():
		return reflect.PointerTo(t).Implements(typeOwner)
	}
	return false
}

func (e *encoder) encodeStruct(v reflect.Value, t reflect.Type) error {
	if isHandle(t) {
		return misuse("value: a Go value of type %s has no JavaScript value", t)
	}
	f := e.frame
	at := f.reserve(1)
	f.slots[at].kind = C.JSVM_GRAPH_KIND_RECORD
	n := 0
	for _, field := range fieldsOf(t).list {
		value, ok := field.of(v)
		if !ok || field.omitEmpty && isEmpty(value) || field.omitZero && value.IsZero() {
			continue
		}
		f.setString(f.next(), field.name)
		if err := e.encode(value); err != nil {
			return err
		}
		n += 2
	}
	f.slots[at].len = uintptr(n)
	return nil
}
