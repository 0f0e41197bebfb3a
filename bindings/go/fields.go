package jsvm

import (
	"reflect"
	"sort"
	"strings"
	"sync"
)

// field is a field of a struct that JavaScript has as a property.
type field struct {
	name      string
	index     []int
	omitEmpty bool
	omitZero  bool
	tagged    bool
}

type fields struct {
	list   []field
	byName map[string]int
}

var fieldCache sync.Map // reflect.Type: *fields

func fieldsOf(t reflect.Type) *fields {
	if found, ok := fieldCache.Load(t); ok {
		return found.(*fields)
	}
	made, _ := fieldCache.LoadOrStore(t, makeFields(t))
	return made.(*fields)
}

// makeFields has the rules of encoding/json: of fields with one name the shallowest counts, then the tagged one; more
// than one left is none.
func makeFields(t reflect.Type) *fields {
	var all []field
	collect(t, nil, map[reflect.Type]bool{}, &all)
	byName := map[string][]field{}
	for _, f := range all {
		byName[f.name] = append(byName[f.name], f)
	}
	result := &fields{byName: map[string]int{}}
	for _, f := range all {
		same := byName[f.name]
		if len(same) > 1 {
			sort.SliceStable(same, func(i, j int) bool {
				a, b := same[i], same[j]
				if len(a.index) != len(b.index) {
					return len(a.index) < len(b.index)
				}
				return a.tagged && !b.tagged
			})
			a, b := same[0], same[1]
			ambiguous := len(a.index) == len(b.index) && a.tagged == b.tagged
			if ambiguous || !reflect.DeepEqual(a.index, f.index) {
				continue
			}
		}
		result.byName[f.name] = len(result.list)
		result.list = append(result.list, f)
	}
	return result
}

func collect(t reflect.Type, path []int, within map[reflect.Type]bool, all *[]field) {
	if within[t] {
		return
	}
	within[t] = true
	defer delete(within, t)
	for i := range t.NumField() {
		f := t.Field(i)
		tag, found := f.Tag.Lookup("js")
		if !found {
			tag = f.Tag.Get("json")
		}
		if tag == "-" {
			continue
		}
		name, options, _ := strings.Cut(tag, ",")
		index := append(append([]int(nil), path...), i)
		embedded := f.Type
		if embedded.Kind() == reflect.Pointer {
			embedded = embedded.Elem()
		}
		if f.Anonymous && name == "" && embedded.Kind() == reflect.Struct {
			if f.IsExported() || f.Type.Kind() != reflect.Pointer {
				collect(embedded, index, within, all)
			}
			continue
		}
		if !f.IsExported() {
			continue
		}
		made := field{name: name, index: index, tagged: name != ""}
		if name == "" {
			made.name = f.Name
		}
		for _, option := range strings.Split(options, ",") {
			made.omitEmpty = made.omitEmpty || option == "omitempty"
			made.omitZero = made.omitZero || option == "omitzero"
		}
		*all = append(*all, made)
	}
}

// of is the field's value; false if an embedded pointer on the way is nil.
func (f *field) of(v reflect.Value) (reflect.Value, bool) {
	for _, i := range f.index {
		if v.Kind() == reflect.Pointer {
			if v.IsNil() {
				return v, false
			}
			v = v.Elem()
		}
		v = v.Field(i)
	}
	return v, true
}

// in is the field to write, with the embedded pointers on the way.
func (f *field) in(v reflect.Value) reflect.Value {
	for _, i := range f.index {
		if v.Kind() == reflect.Pointer {
			if v.IsNil() {
				v.Set(reflect.New(v.Type().Elem()))
			}
			v = v.Elem()
		}
		v = v.Field(i)
	}
	return v
}

func isEmpty(v reflect.Value) bool {
	switch v.Kind() {
	case reflect.Array, reflect.Map, reflect.Slice, reflect.String:
		return v.Len() == 0
	case reflect.Struct:
		return false
	}
	return v.IsZero()
}
