package jsvm

/*
#include "shim.h"
*/
import "C"

import (
	"context"
	"reflect"
	"strconv"
	"unsafe"
)

var (
	typeCall    = reflect.TypeFor[*Call]()
	typeContext = reflect.TypeFor[context.Context]()
)

// rawFunc makes a Func of any Go func, and says how many parameters JavaScript sees.
func rawFunc(fn any) (Func, int, error) {
	if raw, ok := fn.(Func); ok && raw != nil {
		return raw, 0, nil
	}
	v := reflect.ValueOf(fn)
	if !v.IsValid() || v.Kind() != reflect.Func || v.IsNil() {
		return nil, 0, misuse("fn: a func is needed, not a %T", fn)
	}
	t := v.Type()
	first := 0
	if t.NumIn() > 0 && (t.In(0) == typeCall || t.In(0) == typeContext) {
		first = 1
	}
	results := t.NumOut()
	failing := results > 0 && t.Out(results-1) == typeError
	if failing {
		results--
	}
	fixed := t.NumIn()
	if t.IsVariadic() {
		fixed--
	}
	return func(call *Call) (any, error) {
		n := call.Len()
		in := make([]reflect.Value, fixed, fixed+max(0, n-fixed+first))
		if first == 1 && t.In(0) == typeCall {
			in[0] = reflect.ValueOf(call)
		} else if first == 1 {
			in[0] = reflect.ValueOf(call.Context())
		}
		for i := first; i < fixed; i++ {
			in[i] = reflect.New(t.In(i)).Elem()
			if err := call.argument(i-first, in[i]); err != nil {
				return nil, err
			}
		}
		for i := fixed - first; t.IsVariadic() && i < n; i++ {
			arg := reflect.New(t.In(fixed).Elem()).Elem()
			if err := call.argument(i, arg); err != nil {
				return nil, err
			}
			in = append(in, arg)
		}
		out := v.Call(in)
		if failing {
			if err, _ := out[results].Interface().(error); err != nil {
				return nil, err
			}
		}
		switch results {
		case 0:
			return Undefined, nil
		case 1:
			return out[0].Interface(), nil
		}
		list := make([]any, results)
		for i := range list {
			list[i] = out[i].Interface()
		}
		return list, nil
	}, fixed - first, nil
}

// argument reads an argument into a Go variable.
func (c *Call) argument(i int, to reflect.Value) error {
	s := c.slot(i)
	if s == nil {
		return nil
	}
	var err error
	u := unmarshaling{ctx: c.Context()}
	_ = u.options.fill() // none is set
	if s.kind == C.JSVM_KIND_OBJECT && !isLive(to.Type()) {
		err = flatten(u.ctx, c.ctx, s.value(), c, to, &u.options)
	} else if s.kind == C.JSVM_KIND_OBJECT && to.Type() != typeObject && to.Type() != typeValue {
		err = u.live(c.Arg(i).obj, to)
	} else {
		d := decoder{ctx: c.ctx, slots: unsafe.Slice(s, 1)}
		err = d.read(to)
	}
	if e, ok := err.(*Error); ok && e.Status == ErrInvalidArgument {
		return TypeError("argument %s: %s", strconv.Itoa(i+1), e.Message)
	}
	return err
}

// Func is the function as a Go func, into which target points: func(args...) (result, error). Its arguments are
// marshalled, its result is unmarshalled. A context.Context as first parameter limits the call. Without an error as last
// result it panics where JavaScript throws.
func (o *Object) Func(target any) error {
	to := reflect.ValueOf(target)
	if to.Kind() != reflect.Pointer || to.IsNil() || to.Elem().Kind() != reflect.Func {
		return misuse("target: a pointer to a func is needed, not a %T", target)
	}
	fn, err := o.funcOf(to.Elem().Type())
	if err == nil {
		to.Elem().Set(fn)
	}
	return err
}

func (o *Object) funcOf(t reflect.Type) (reflect.Value, error) {
	if o.kind != KindFunction {
		return reflect.Value{}, misuse("value: a JavaScript %s is no function", o.kind)
	}
	results := t.NumOut()
	failing := results > 0 && t.Out(results-1) == typeError
	if failing {
		results--
	}
	if results > 1 {
		return reflect.Value{}, misuse("target: a JavaScript function has one result, not %d", results)
	}
	return reflect.MakeFunc(t, func(in []reflect.Value) []reflect.Value {
		ctx := background
		if len(in) > 0 && t.In(0) == typeContext {
			ctx, _ = in[0].Interface().(context.Context)
			in = in[1:]
		}
		if t.IsVariadic() {
			last := in[len(in)-1]
			in = in[:len(in)-1]
			for i := range last.Len() {
				in = append(in, last.Index(i))
			}
		}
		args := make([]any, len(in))
		for i, arg := range in {
			args[i] = arg.Interface()
		}
		out := make([]reflect.Value, t.NumOut())
		for i := range out {
			out[i] = reflect.New(t.Out(i)).Elem()
		}
		v, err := o.Call(ctx, Undefined, args...)
		if err == nil && results == 1 {
			err = v.Unmarshal(ctx, out[0].Addr().Interface())
		}
		if err != nil && !failing {
			panic(err)
		}
		if err != nil {
			out[results].Set(reflect.ValueOf(&err).Elem())
		}
		return out
	}), nil
}
