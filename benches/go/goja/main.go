// The rows by goja, an interpreter in Go: nothing crosses into C, and a runtime is a Go object.
package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"jsvm/benches/rows"

	"github.com/dop251/goja"
)

type isolate struct{ vm *goja.Runtime }

func open() (rows.Isolate, error) {
	vm := goja.New()
	vm.SetFieldNameMapper(goja.TagFieldNameMapper("json", true))
	return &isolate{vm}, nil
}

func (i *isolate) Close() {}

func (i *isolate) Eval(code string) (float64, error) {
	value, err := i.vm.RunString(code)
	if err != nil {
		return 0, err
	}
	return value.ToFloat(), nil
}

func (i *isolate) Function(code string) (func(a, b float64) (float64, error), error) {
	value, err := i.vm.RunString(code)
	if err != nil {
		return nil, err
	}
	f, callable := goja.AssertFunction(value)
	if !callable {
		return nil, errors.New("it is no function")
	}
	return func(a, b float64) (float64, error) {
		value, err := f(goja.Undefined(), i.vm.ToValue(a), i.vm.ToValue(b))
		if err != nil {
			return 0, err
		}
		return value.ToFloat(), nil
	}, nil
}

func (i *isolate) Host(name string, f func(x float64) float64) error {
	return i.vm.Set(name, func(call goja.FunctionCall) goja.Value {
		return i.vm.ToValue(f(call.Argument(0).ToFloat()))
	})
}

func (i *isolate) HostAny(name string, f any) error { return i.vm.Set(name, f) }

func (i *isolate) Out(code string) (func(target any) error, error) {
	value, err := i.vm.RunString(code)
	return func(target any) error { return i.vm.ExportTo(value, target) }, err
}

// In copies, as the others do: vm.ToValue would wrap the Go value, and convert each part whenever it is read.
func (i *isolate) In(value any) error {
	made, err := i.make(value)
	if err != nil {
		return err
	}
	return i.vm.Set("given", made)
}

func (i *isolate) make(value any) (any, error) {
	switch value := value.(type) {
	case map[string]int:
		return object(i, value)
	case map[string]any:
		return object(i, value)
	case []any:
		list := make([]any, len(value))
		for at, element := range value {
			var err error
			if list[at], err = i.make(element); err != nil {
				return nil, err
			}
		}
		return i.vm.NewArray(list...), nil
	case []rows.Record:
		text, err := json.Marshal(value)
		if err != nil {
			return nil, err
		}
		return i.parse(string(text))
	}
	return value, nil
}

func object[T any](i *isolate, m map[string]T) (any, error) {
	made := i.vm.NewObject()
	for key, value := range m {
		element, err := i.make(value)
		if err == nil {
			err = made.Set(key, element)
		}
		if err != nil {
			return nil, err
		}
	}
	return made, nil
}

// json is a function of JavaScript's JSON.
func (i *isolate) json(name string, argument any) (goja.Value, error) {
	f, _ := goja.AssertFunction(i.vm.Get("JSON").ToObject(i.vm).Get(name))
	return f(goja.Undefined(), i.vm.ToValue(argument))
}

func (i *isolate) parse(text string) (goja.Value, error) { return i.json("parse", text) }

func (i *isolate) JSONOut(code string) (func() (string, error), error) {
	value, err := i.vm.RunString(code)
	return func() (string, error) {
		text, err := i.json("stringify", value)
		if err != nil {
			return "", err
		}
		return text.String(), nil
	}, err
}

func (i *isolate) JSONIn(text string) error {
	value, err := i.parse(text)
	if err != nil {
		return err
	}
	return i.vm.Set("given", value)
}

func (i *isolate) Kill(code string, after time.Duration) error {
	timer := time.AfterFunc(after, func() { i.vm.Interrupt("over") })
	defer timer.Stop()
	_, err := i.vm.RunString(code)
	i.vm.ClearInterrupt()
	if _, interrupted := err.(*goja.InterruptedError); !interrupted {
		return fmt.Errorf("the loop ended with %v", err)
	}
	return nil
}

func (i *isolate) BytesIn(host []byte) error { return i.Share(bytes.Clone(host)) }

func (i *isolate) Share(host []byte) error {
	view, err := i.vm.New(i.vm.Get("Uint8Array"), i.vm.ToValue(i.vm.NewArrayBuffer(host)))
	if err != nil {
		return err
	}
	return i.vm.Set("given", view)
}

func (i *isolate) BytesOut(code string) (func() ([]byte, error), error) {
	borrow, err := i.Borrow(code)
	return func() (out []byte, err error) {
		err = borrow(func(memory []byte) { out = bytes.Clone(memory) })
		return out, err
	}, err
}

func (i *isolate) Borrow(code string) (func(use func([]byte)) error, error) {
	value, err := i.vm.RunString(code)
	if err != nil {
		return nil, err
	}
	return func(use func([]byte)) error {
		buffer, is := value.ToObject(i.vm).Get("buffer").Export().(goja.ArrayBuffer)
		if !is {
			return errors.New("it has no buffer")
		}
		use(buffer.Bytes())
		return nil
	}, nil
}

func main() { rows.Main(open) }
