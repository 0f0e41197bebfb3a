package jsvm

/*
#include "shim.h"
*/
import "C"

import (
	"fmt"
	"reflect"
	"strconv"
)

// list reads an Array, a Set or a buffer into a slice or an array.
func (d *decoder) list(s *slot, to reflect.Value, t reflect.Type) error {
	switch s.kind {
	case C.JSVM_GRAPH_KIND_BYTES:
		return d.buffer(s, to, t)
	case C.JSVM_GRAPH_KIND_ARRAY, C.JSVM_GRAPH_KIND_SET:
	default:
		return d.mismatch(s, t)
	}
	index, n := d.at-1, int(s.len)
	if err := d.enter(index); err != nil {
		return err
	}
	defer d.leave(index)
	if t.Kind() == reflect.Slice {
		to.Set(reflect.MakeSlice(t, n, n))
	} else if n > t.Len() {
		return d.mismatch(s, t)
	}
	for i := range n {
		if err := d.decode(to.Index(i)); err != nil {
			return at(err, strconv.Itoa(i))
		}
	}
	return nil
}

// buffer reads bytes into a []byte, or a view of numbers into a slice of such numbers.
func (d *decoder) buffer(s *slot, to reflect.Value, t reflect.Type) error {
	kind := ElementType(s.number)
	if t.Elem().Kind() == reflect.Uint8 && kind.size() == 1 && t.Kind() == reflect.Slice {
		to.SetBytes(append(make([]byte, 0, s.len), s.bytes()...))
		return nil
	}
	numbers := reflect.ValueOf(kind.slice(s.bytes()))
	if t.Kind() == reflect.Slice && numbers.Type().Elem().Kind() == t.Elem().Kind() {
		to.Set(numbers.Convert(t))
		return nil
	}
	return d.mismatch(s, t)
}

// dictionary reads an object or a Map into a map.
func (d *decoder) dictionary(s *slot, index int, to reflect.Value, t reflect.Type) error {
	if s.kind != C.JSVM_GRAPH_KIND_RECORD && s.kind != C.JSVM_GRAPH_KIND_MAP && s.kind != C.JSVM_GRAPH_KIND_ERROR {
		return d.mismatch(s, t)
	}
	if err := d.enter(index); err != nil {
		return err
	}
	defer d.leave(index)
	n := int(s.len) / 2
	if to.IsNil() {
		to.Set(reflect.MakeMapWithSize(t, n))
	}
	if m, ok := to.Interface().(map[string]any); ok && s.kind != C.JSVM_GRAPH_KIND_MAP {
		return d.record(m, n)
	}
	for range n {
		keySlot := d.slots[d.at]
		key := reflect.New(t.Key()).Elem()
		if err := d.mapKey(&keySlot, key); err != nil {
			return err
		}
		value := reflect.New(t.Elem()).Elem()
		if err := d.decode(value); err != nil {
			return at(err, fmt.Sprint(key))
		}
		to.SetMapIndex(key, value)
	}
	return nil
}

// mapKey reads a key; names of properties that are numbers go into numbers.
func (d *decoder) mapKey(s *slot, key reflect.Value) error {
	if s.kind == C.JSVM_KIND_STRING {
		switch key.Kind() {
		case reflect.String:
			d.at++
			key.SetString(d.key(s))
			return nil
		case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
			if n, err := strconv.ParseInt(s.text(), 10, key.Type().Bits()); err == nil {
				d.at++
				key.SetInt(n)
				return nil
			}
		case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64, reflect.Uintptr:
			if n, err := strconv.ParseUint(s.text(), 10, key.Type().Bits()); err == nil {
				d.at++
				key.SetUint(n)
				return nil
			}
		}
	}
	if err := d.decode(key); err != nil {
		return err
	}
	if !key.Comparable() {
		return misuse("value: a key of the Map cannot be a key of a Go map")
	}
	return nil
}

// structure reads an object into a struct; properties without a field are left out.
func (d *decoder) structure(s *slot, index int, to reflect.Value, t reflect.Type) error {
	if s.kind != C.JSVM_GRAPH_KIND_RECORD && s.kind != C.JSVM_GRAPH_KIND_ERROR && s.kind != C.JSVM_GRAPH_KIND_MAP {
		return d.mismatch(s, t)
	}
	if err := d.enter(index); err != nil {
		return err
	}
	defer d.leave(index)
	known := fieldsOf(t)
	for range int(s.len) / 2 {
		keySlot := &d.slots[d.at]
		if keySlot.kind != C.JSVM_KIND_STRING {
			d.skip()
			d.skip()
			continue
		}
		d.at++
		name := d.key(keySlot)
		i, ok := known.byName[name]
		if !ok {
			d.skip()
			continue
		}
		if err := d.decode(known.list[i].in(to)); err != nil {
			return at(err, name)
		}
	}
	return nil
}

// skip goes behind a value.
func (d *decoder) skip() {
	for left := 1; left > 0; left-- {
		s := &d.slots[d.at]
		d.at++
		if s.kind >= C.JSVM_GRAPH_KIND_ARRAY {
			left += int(s.len)
		}
	}
}
