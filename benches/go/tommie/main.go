// The rows by v8go. Data crosses as JSON text, which is its fastest way.
package main

import (
	"encoding/json"
	"fmt"
	"time"

	"jsvm/benches/rows"

	"github.com/tommie/v8go"
)

type isolate struct {
	iso *v8go.Isolate
	ctx *v8go.Context
}

func open() (rows.Isolate, error) {
	iso := v8go.NewIsolate()
	return &isolate{iso, v8go.NewContext(iso)}, nil
}

func (i *isolate) Close() {
	i.ctx.Close()
	i.iso.Dispose()
}

// number takes a value, which would otherwise be kept until the context is closed.
func number(value *v8go.Value, err error) (float64, error) {
	if err != nil {
		return 0, err
	}
	defer value.Release()
	return value.Number(), nil
}

func (i *isolate) Eval(code string) (float64, error) { return number(i.ctx.RunScript(code, "eval.js")) }

func (i *isolate) Function(code string) (func(a, b float64) (float64, error), error) {
	value, err := i.ctx.RunScript(code, "function.js")
	if err != nil {
		return nil, err
	}
	f, err := value.AsFunction()
	undefined := v8go.Undefined(i.iso)
	return func(a, b float64) (float64, error) {
		first, err := v8go.NewValue(i.iso, a)
		if err != nil {
			return 0, err
		}
		defer first.Release()
		second, err := v8go.NewValue(i.iso, b)
		if err != nil {
			return 0, err
		}
		defer second.Release()
		return number(f.Call(undefined, first, second))
	}, err
}

func (i *isolate) Host(name string, f func(x float64) float64) error {
	template := v8go.NewFunctionTemplate(i.iso, func(info *v8go.FunctionCallbackInfo) *v8go.Value {
		defer info.Release()
		result, err := v8go.NewValue(i.iso, f(info.Args()[0].Number()))
		if err != nil {
			panic(err)
		}
		return result
	})
	return i.ctx.Global().Set(name, template.GetFunction(i.ctx))
}

func (i *isolate) Out(code string) (func(target any) error, error) {
	text, err := i.JSONOut(code)
	return func(target any) error {
		data, err := text()
		if err != nil {
			return err
		}
		return json.Unmarshal([]byte(data), target)
	}, err
}

func (i *isolate) In(value any) error {
	text, err := json.Marshal(value)
	if err != nil {
		return err
	}
	return i.JSONIn(string(text))
}

func (i *isolate) JSONOut(code string) (func() (string, error), error) {
	value, err := i.ctx.RunScript(code, "out.js")
	return func() (string, error) { return v8go.JSONStringify(i.ctx, value) }, err
}

func (i *isolate) JSONIn(text string) error {
	value, err := v8go.JSONParse(i.ctx, text)
	if err != nil {
		return err
	}
	defer value.Release()
	return i.ctx.Global().Set("given", value)
}

func (i *isolate) Kill(code string, after time.Duration) error {
	timer := time.AfterFunc(after, i.iso.TerminateExecution)
	defer timer.Stop()
	if value, err := i.ctx.RunScript(code, "loop.js"); err == nil {
		return fmt.Errorf("the loop ended with %v", value)
	}
	return nil
}

func main() { rows.Main(open) }
