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

// unmarshalLive reads an object whose parts stay live: by its properties, a call for each object.
func unmarshalLive(ctx context.Context, o *Object, to reflect.Value, options UnmarshalOptions) error {
	t := to.Type()
	if t == typeValue || t == typeObject || t.Kind() == reflect.Func || reflect.PointerTo(t).Implements(typeUnmarshaler) {
		return unmarshalHandle(o, to)
	}
	part := func(v Value, to reflect.Value) error {
		err := v.UnmarshalWith(ctx, to.Addr().Interface(), options)
		if v.obj != nil && !isLive(to.Type()) {
			v.obj.Close()
		}
		return err
	}
	switch t.Kind() {
	case reflect.Pointer:
		if to.IsNil() {
			to.Set(reflect.New(t.Elem()))
		}
		return unmarshalLive(ctx, o, to.Elem(), options)
	case reflect.Struct:
		known := fieldsOf(t).list
		keys := make([]any, len(known))
		for i, f := range known {
			keys[i] = f.name
		}
		values, err := o.GetMany(ctx, keys...)
		if err != nil {
			return err
		}
		for i := range known {
			if values[i].kind == KindUndefined {
				continue
			}
			if err := part(values[i], known[i].in(to)); err != nil {
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
		keys := make([]any, n)
		for i := range keys {
			keys[i] = i
		}
		values, err := o.GetMany(ctx, keys...)
		if err != nil {
			return err
		}
		if t.Kind() == reflect.Slice {
			to.Set(reflect.MakeSlice(t, n, n))
		}
		for i, v := range values {
			if err := part(v, to.Index(i)); err != nil {
				return err
			}
		}
		return nil
	case reflect.Map:
		if t.Key().Kind() != reflect.String || o.kind == KindFunction {
			break
		}
		all, err := o.All(ctx)
		if err != nil {
			return err
		}
		if to.IsNil() {
			to.Set(reflect.MakeMap(t))
		}
		for key, v := range all {
			value := reflect.New(t.Elem()).Elem()
			if err := part(v, value); err != nil {
				return err
			}
			to.SetMapIndex(reflect.ValueOf(key).Convert(t.Key()), value)
		}
		return nil
	}
	return misuse("value: a JavaScript %s does not go into a Go %s", o.kind, t)
}
