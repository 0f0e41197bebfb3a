// The rows by libjsvm.
package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"jsvm"
	"jsvm/benches/rows"
)

var bg = context.Background()

type isolate struct {
	iso *jsvm.Isolate
	js  *jsvm.Context
}

func open() (rows.Isolate, error) {
	iso, err := jsvm.NewIsolate(nil)
	if err != nil {
		return nil, err
	}
	js, err := iso.Main()
	return &isolate{iso, js}, err
}

func (i *isolate) Close() { i.iso.Close() }

func (i *isolate) Eval(code string) (float64, error) {
	value, err := i.js.Eval(bg, code)
	return value.Float64(), err
}

func (i *isolate) Function(code string) (func(a, b float64) (float64, error), error) {
	value, err := i.js.Eval(bg, code)
	f := value.Object()
	return func(a, b float64) (float64, error) {
		value, err := f.Call(bg, jsvm.Undefined, a, b)
		return value.Float64(), err
	}, err
}

func (i *isolate) Hold(work func() error) error { return i.iso.Do(bg, work) }

func (i *isolate) Host(name string, f func(x float64) float64) error {
	return i.js.Set(bg, name, jsvm.Func(func(call *jsvm.Call) (any, error) {
		return f(call.Arg(0).Float64()), nil
	}))
}

func (i *isolate) HostAny(name string, f any) error { return i.js.Set(bg, name, f) }

func (i *isolate) Out(code string) (func(target any) error, error) {
	value, err := i.js.Eval(bg, code)
	return func(target any) error { return value.Unmarshal(bg, target) }, err
}

func (i *isolate) In(value any) error { return i.js.Set(bg, "given", value) }

func (i *isolate) JSONOut(code string) (func() (string, error), error) {
	value, err := i.js.Eval(bg, code)
	return func() (string, error) {
		text, err := i.js.StringifyJSON(bg, value, 0)
		return string(text), err
	}, err
}

func (i *isolate) JSONIn(text string) error {
	value, err := i.js.ParseJSON(bg, text)
	if err != nil {
		return err
	}
	defer value.Object().Close()
	return i.js.Set(bg, "given", value)
}

func (i *isolate) BytesIn(bytes []byte) error { return i.js.Set(bg, "given", bytes) }

func (i *isolate) Share(bytes []byte) error { return i.js.Set(bg, "given", jsvm.Shared(bytes)) }

func (i *isolate) BytesOut(code string) (func() ([]byte, error), error) {
	value, err := i.js.Eval(bg, code)
	return value.Object().Bytes, err
}

func (i *isolate) Borrow(code string) (func(use func([]byte)) error, error) {
	value, err := i.js.Eval(bg, code)
	return func(use func([]byte)) error {
		borrow, err := value.Object().Borrow()
		if err != nil {
			return err
		}
		defer borrow.Close()
		use(borrow.Bytes())
		return nil
	}, err
}

func (i *isolate) Kill(code string, after time.Duration) error {
	ctx, cancel := context.WithTimeout(bg, after)
	defer cancel()
	_, err := i.js.Eval(ctx, code)
	if !errors.Is(err, context.DeadlineExceeded) {
		return fmt.Errorf("the loop ended with %v", err)
	}
	return nil
}

func main() { rows.Main(open) }
