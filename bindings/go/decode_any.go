package jsvm

/*
#include "shim.h"
*/
import "C"

// any reads the slot before d.at, which has the index, into the Go type that is nearest to it.
func (d *decoder) any(s *slot, index int) (any, error) {
	switch s.kind {
	case C.JSVM_KIND_UNDEFINED, C.JSVM_KIND_NULL, C.JSVM_GRAPH_KIND_HOLE:
		return nil, nil
	case C.JSVM_KIND_BOOLEAN:
		return s.number != 0, nil
	case C.JSVM_KIND_NUMBER:
		return s.number, nil
	case C.JSVM_KIND_STRING:
		return s.text(), nil
	case C.JSVM_KIND_BIGINT:
		return bigOf(s.text()), nil
	case C.JSVM_KIND_SYMBOL:
		return &Symbol{d.handle(s)}, nil
	case C.JSVM_KIND_OBJECT, C.JSVM_KIND_FUNCTION:
		return d.handle(s), nil
	case C.JSVM_GRAPH_KIND_DATE:
		return timeOf(s.number)
	case C.JSVM_GRAPH_KIND_BYTES:
		return ElementType(s.number).slice(s.bytes()), nil
	}
	if err := d.enter(index); err != nil {
		return nil, err
	}
	defer d.leave(index)
	n := int(s.len)
	switch s.kind {
	case C.JSVM_GRAPH_KIND_ARRAY, C.JSVM_GRAPH_KIND_SET:
		list := make([]any, n)
		for i := range list {
			v, err := d.anyNext()
			if err != nil {
				return nil, err
			}
			list[i] = v
		}
		return list, nil
	case C.JSVM_GRAPH_KIND_MAP:
		m := make(map[any]any, n/2)
		for range n / 2 {
			key, err := d.anyNext()
			if err != nil {
				return nil, err
			}
			value, err := d.anyNext()
			if err != nil {
				return nil, err
			}
			if !hashable(key) {
				return nil, misuse("value: a key of the Map is an object, which cannot be a key of a Go map")
			}
			m[key] = value
		}
		return m, nil
	case C.JSVM_GRAPH_KIND_REGEXP:
		source, err := d.anyNext()
		if err != nil {
			return nil, err
		}
		flags, err := d.anyNext()
		if err != nil {
			return nil, err
		}
		return RegExp{source.(string), flags.(string)}, nil
	}
	m := make(map[string]any, n/2)
	if err := d.record(m, n/2); err != nil {
		return nil, err
	}
	if s.kind == C.JSVM_GRAPH_KIND_ERROR {
		return errorOf(m), nil
	}
	return m, nil
}

// record reads so many properties.
func (d *decoder) record(m map[string]any, n int) error {
	for range n {
		key := d.key(&d.slots[d.at])
		d.at++
		value, err := d.anyNext()
		if err != nil {
			return at(err, key)
		}
		m[key] = value
	}
	return nil
}

func (d *decoder) anyNext() (any, error) {
	s, index, err := d.next()
	if err != nil {
		return nil, err
	}
	if s.kind == C.JSVM_GRAPH_KIND_REFERENCE {
		defer d.jump(s)()
		return d.anyNext()
	}
	d.at++
	return d.any(s, index)
}

func hashable(key any) bool {
	switch key.(type) {
	case []any, map[string]any, map[any]any, []byte:
		return false
	}
	return true
}

// errorOf is an Error that is data.
func errorOf(m map[string]any) *Exception {
	e := &Exception{}
	e.Name, _ = m["name"].(string)
	e.Message, _ = m["message"].(string)
	e.Code, _ = m["code"].(string)
	e.Stack, _ = m["stack"].(string)
	if cause, ok := m["cause"].(error); ok {
		e.Cause = cause
	}
	return e
}
