package jsvm

import (
	"context"
	"errors"
	"math/rand/v2"
	"sync"
	"testing"
	"time"
)

// Goroutines that do all sorts of things with the same handles, while others close, cancel and terminate: each call works or
// is an error of the expected kind.
func TestStorm(t *testing.T) {
	rounds := 150
	if debugCollect {
		rounds = 10
	}
	for range 3 {
		storm(t, rounds)
	}
	if left := leftAlive(); left != "" {
		t.Error(left)
	}
}

func storm(t *testing.T, rounds int) {
	iso, err := NewIsolate(nil)
	ok(t, err)
	defer iso.Close()
	c, err := iso.Main()
	ok(t, err)
	ok(t, c.Set(bg, "again", func(ctx context.Context, depth int) (Value, error) {
		if depth == 0 {
			return c.Eval(ctx, "({ deep: [1, 2, 3] })")
		}
		return c.Eval(ctx, "again("+string(rune('0'+depth-1))+")")
	}))
	ok(t, c.Set(bg, "later", Async(func(context.Context, []Value) (any, error) { return map[string]int{"n": 1}, nil })))
	shared := eval(t, c, "({ x: 1, f(n) { return n + 1 } })").Object()
	script, err := iso.NewScript("{ let n = 0; while (n < 1000) n++; }", nil)
	ok(t, err)

	expected := func(err error) {
		if err == nil {
			return
		}
		for _, status := range []Status{ErrTimeout, ErrCancelled, ErrTerminated, ErrDisposed, ErrInvalidArgument} {
			if errors.Is(err, status) {
				return
			}
		}
		t.Error(err)
	}
	var group sync.WaitGroup
	for n := range 8 {
		group.Add(1)
		go func() {
			defer group.Done()
			random := rand.New(rand.NewPCG(uint64(n), 5))
			for range rounds {
				ctx, cancel := context.WithTimeout(bg, time.Duration(random.IntN(3000))*time.Microsecond)
				if random.IntN(3) == 0 {
					time.AfterFunc(time.Duration(random.IntN(500))*time.Microsecond, cancel)
				}
				var err error
				switch random.IntN(9) {
				case 0:
					_, err = c.Eval(ctx, "for (;;) {}")
				case 1:
					_, err = c.Eval(ctx, "again(3)")
				case 2:
					_, err = shared.CallMethod(ctx, "f", 1)
				case 3:
					var v Value
					if v, err = c.MarshalContext(ctx, map[string]any{"list": []any{1, "two", shared}}); err == nil {
						var back any
						err = v.Unmarshal(ctx, &back)
						v.Object().Close()
					}
				case 4:
					var v Value
					if v, err = c.Eval(ctx, "later()"); err == nil {
						_, err = v.Await(ctx)
					}
				case 5:
					_, err = script.RunInContext(ctx, c)
				case 6:
					err = iso.Do(ctx, func() error { _, err := shared.Get(ctx, "x"); return err })
				case 7:
					var clone *Object
					if clone, err = shared.Clone(); err == nil {
						go clone.Close()
						_, err = clone.Get(ctx, "x")
					}
				case 8:
					err = iso.Terminate()
				}
				expected(err)
				cancel()
			}
		}()
	}
	group.Add(1)
	go func() {
		defer group.Done()
		time.Sleep(time.Duration(rounds) * time.Millisecond)
		shared.Close()
		script.Close()
		time.Sleep(20 * time.Millisecond)
		iso.Close()
	}()
	group.Wait()
}

func TestNil(t *testing.T) {
	c := open(t)
	iso := c.Isolate()
	m, err := c.NewModule("import 'x'", nil)
	ok(t, err)
	has(t, m.Link(bg, nil), "Cannot find module 'x'")
	alone, err := c.NewSyntheticModule("alone", []string{"x"}, nil)
	ok(t, err)
	_, err = alone.Run(bg, nil)
	ok(t, err)
	has(t, m.LinkRequests([]*Module{nil}), "nil")
	hooks, err := c.NewImportHooks(nil, nil)
	ok(t, err)
	hooks.Close()
	has(t, iso.Do(bg, nil), "not nil")
	_, err = eval(t, c, "({})").Object().InstanceOf(bg, nil)
	has(t, err, "nil")
	_, _, err = IsContext(nil)
	has(t, err, "no object")
	_, err = RunInContext(bg, "1", nil, nil)
	has(t, err, "nil")
	script, err := iso.NewScript("1", nil)
	ok(t, err)
	_, err = script.RunInContext(bg, nil)
	has(t, err, "nil")
	_, err = eval(t, c, "({})").CloneTo(bg, nil)
	has(t, err, "nil")
	_, err = c.CompileFunction("", &CompileFunctionOptions{ContextExtensions: []*Object{nil}})
	has(t, err, "nil")
}

func TestNoData(t *testing.T) {
	c := open(t)
	type locked struct {
		Mutex sync.Mutex
		N     int
	}
	for _, v := range []any{c, c.Isolate(), make(chan int), &sync.WaitGroup{}, &locked{}, []any{&Script{}}} {
		_, err := c.Marshal(v)
		has(t, err, "has no JavaScript value")
	}
}

func TestNoObject(t *testing.T) {
	c := open(t)
	none := eval(t, c, "1").Object()
	_, err := none.Get(bg, "x")
	has(t, err, "no object")
	_, err = none.Call(bg, nil)
	has(t, err, "no object")
	has(t, none.Set(bg, "x", 1), "no object")
	var v any
	has(t, none.Unmarshal(bg, &v), "no object")
	none.Close()
}

// A Marshaler that panics leaves nothing behind.
type explosive struct{}

func (explosive) MarshalJS(*Context) (any, error) { panic("boom") }

func TestMarshalerPanics(t *testing.T) {
	c := open(t)
	ctx, cancel := context.WithCancel(bg)
	defer cancel()
	defer func() {
		if recover() != "boom" {
			t.Error("no panic")
		}
	}()
	_ = c.Set(ctx, "x", explosive{})
}
