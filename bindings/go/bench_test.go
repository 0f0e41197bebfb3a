package jsvm

import (
	"bytes"
	"context"
	"strconv"
	"testing"
)

// What one call of cgo costs, in which the others can be counted.
func BenchmarkEmptyCgoCall(b *testing.B) {
	for b.Loop() {
		abiVersion()
	}
}

func BenchmarkIsolate(b *testing.B) {
	for b.Loop() {
		iso, err := NewIsolate(nil)
		if err != nil {
			b.Fatal(err)
		}
		iso.Close()
	}
}

func BenchmarkEval(b *testing.B) {
	c := open(b)
	for b.Loop() {
		if _, err := c.Eval(bg, "1+1"); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkCall(b *testing.B) {
	c := open(b)
	f := eval(b, c, "(a, b) => a + b").Object()
	for b.Loop() {
		if _, err := f.Call(bg, Undefined, 1, 2); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkCallInDo(b *testing.B) {
	c := open(b)
	f := eval(b, c, "(a, b) => a + b").Object()
	ok(b, c.Isolate().Do(bg, func() error {
		for b.Loop() {
			if _, err := f.Call(bg, Undefined, 1, 2); err != nil {
				return err
			}
		}
		return nil
	}))
}

func BenchmarkCallWithDeadline(b *testing.B) {
	c := open(b)
	f := eval(b, c, "(a, b) => a + b").Object()
	ctx, cancel := context.WithTimeout(bg, 1<<40)
	defer cancel()
	for b.Loop() {
		if _, err := f.Call(ctx, Undefined, 1, 2); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkCallWithStrings(b *testing.B) {
	c := open(b)
	f := eval(b, c, "(a, b) => a + b").Object()
	for b.Loop() {
		if _, err := f.Call(bg, Undefined, "a text", "and another"); err != nil {
			b.Fatal(err)
		}
	}
}

// A loop of JavaScript that calls Go: each round is a callback.
func callbacks(b *testing.B, fn any) {
	c := open(b)
	ok(b, c.Set(bg, "f", fn))
	loop := eval(b, c, "(n) => { for (let i = 0; i < n; i++) f(i, 2) }").Object()
	b.ResetTimer()
	if _, err := loop.Call(bg, Undefined, b.N); err != nil {
		b.Fatal(err)
	}
	b.StopTimer()
}

func BenchmarkCallback(b *testing.B) {
	callbacks(b, Func(func(call *Call) (any, error) {
		return call.Arg(1), nil
	}))
}

func BenchmarkCallbackReflected(b *testing.B) {
	callbacks(b, func(x, y float64) float64 { return x + y })
}

func BenchmarkGet(b *testing.B) {
	c := open(b)
	o := eval(b, c, "({ x: 1 })").Object()
	for b.Loop() {
		if _, err := o.Get(bg, "x"); err != nil {
			b.Fatal(err)
		}
	}
}

type order struct {
	ID    int      `js:"id"`
	Name  string   `js:"name"`
	Price float64  `js:"price"`
	Tags  []string `js:"tags"`
}

func orders() []order {
	list := make([]order, 10_000)
	for i := range list {
		list[i] = order{i, "order " + strconv.Itoa(i), float64(i) * 1.25, []string{"new", "paid"}}
	}
	return list
}

func BenchmarkMarshalOrders(b *testing.B) {
	c := open(b)
	list := orders()
	for b.Loop() {
		v, err := c.Marshal(list)
		if err != nil {
			b.Fatal(err)
		}
		v.Object().Close()
	}
}

func BenchmarkUnmarshalOrders(b *testing.B) {
	c := open(b)
	v, err := c.Marshal(orders())
	ok(b, err)
	for b.Loop() {
		var list []order
		if err := v.Unmarshal(bg, &list); err != nil {
			b.Fatal(err)
		}
	}
}

func thousand() map[string]any {
	m := make(map[string]any, 1000)
	for i := range 1000 {
		m["key"+strconv.Itoa(i)] = float64(i)
	}
	return m
}

func BenchmarkMarshal1000Keys(b *testing.B) {
	c := open(b)
	m := thousand()
	for b.Loop() {
		v, err := c.Marshal(m)
		if err != nil {
			b.Fatal(err)
		}
		v.Object().Close()
	}
}

func BenchmarkUnmarshal1000Keys(b *testing.B) {
	c := open(b)
	v, err := c.Marshal(thousand())
	ok(b, err)
	for b.Loop() {
		var m map[string]any
		if err := v.Unmarshal(bg, &m); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkBytes16MB(b *testing.B) {
	c := open(b)
	data := bytes.Repeat([]byte("0123456789abcdef"), 1<<20)
	for b.Loop() {
		o, err := c.ShareBytes(data)
		if err != nil {
			b.Fatal(err)
		}
		borrow, err := o.Borrow()
		if err != nil {
			b.Fatal(err)
		}
		borrow.Close()
		o.Close()
	}
}

func BenchmarkBytes16MBCopied(b *testing.B) {
	c := open(b)
	data := bytes.Repeat([]byte("0123456789abcdef"), 1<<20)
	for b.Loop() {
		o, err := c.NewArrayBuffer(data)
		if err != nil {
			b.Fatal(err)
		}
		if _, err := o.Bytes(); err != nil {
			b.Fatal(err)
		}
		ok(b, o.Detach())
		o.Close()
	}
}
