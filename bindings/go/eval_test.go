package jsvm

import (
	"context"
	"errors"
	"math"
	"strings"
	"sync"
	"testing"
	"time"
)

func TestEvalValues(t *testing.T) {
	c := open(t)
	for code, want := range map[string]string{
		"1 + 1": "2", "'a'": "a", "true": "true", "null": "null", "undefined": "undefined", "2n ** 70n": "1180591620717411303424",
		"-(2n ** 63n)": "-9223372036854775808", "-1n": "-1", "0n": "0", "255n": "255", "1e21": "1e+21", "1e-7": "1e-7", "-0": "0",
		"'x'.repeat(2000).length": "2000", "''": "", "0/0": "NaN", "-1/0": "-Infinity", "({})": "[object]", "(x => x)": "[function]",
		"'\\u20ac'": "€", "128n": "128", "-129n": "-129",
	} {
		if v := eval(t, c, code); v.String() != want {
			t.Errorf("%s is %q, not %q", code, v.String(), want)
		}
	}
	if v := eval(t, c, "'x'.repeat(5000)"); len(v.String()) != 5000 {
		t.Error("a long string")
	}
	lossy := eval(t, c, "'a\\ud800b'")
	units, err := lossy.UTF16()
	ok(t, err)
	if !lossy.IsLossy() || lossy.String() != "a\uFFFDb" || len(units) != 3 || units[1] != 0xD800 {
		t.Error("a lone surrogate:", lossy, units)
	}
	back, err := c.StringUTF16(units)
	ok(t, err)
	if same, err := back.Equal(lossy); err != nil || !same {
		t.Error("the same string again:", same, err)
	}
	ok(t, c.Set(bg, "s", back))
	if !eval(t, c, "s === 'a\\ud800b'").Bool() {
		t.Error("a lone surrogate back in JavaScript")
	}
}

func TestExceptions(t *testing.T) {
	c := open(t)
	_, err := c.EvalWith(bg, "let x = 1;\nfunction f() { throw new RangeError('no', { cause: new Error('why') }) }\nf()",
		&ScriptOptions{Filename: "f.js"})
	var e *Exception
	if !errors.As(err, &e) || !errors.Is(err, ErrException) {
		t.Fatal(err)
	}
	if e.Name != "RangeError" || e.Message != "no" || e.Filename != "f.js" || e.Line != 2 || len(e.Frames) != 2 ||
		e.Frames[0].Function != "f" || e.Frames[0].Line != 2 || !strings.Contains(e.Stack, "RangeError: no\n    at f (f.js:2") ||
		!strings.Contains(e.Arrow, "^") || !strings.Contains(e.SourceLine, "throw") {
		t.Errorf("%+v", e)
	}
	has(t, e.Cause, "Error: why")
	if e.Value().Object() == nil || !e.Value().Object().Is(FlagError) {
		t.Error("the thrown value:", e.Value())
	}
	_, err = c.Eval(bg, "throw 42")
	if !errors.As(err, &e) || e.Value().Float64() != 42 || e.Name != "" || err.Error() != "42" {
		t.Error(err)
	}
	_, err = c.Eval(bg, "(")
	if !errors.As(err, &e) || e.Name != "SyntaxError" {
		t.Error(err)
	}
	_, err = c.Eval(bg, "throw Object.assign(new Error('x'), { code: 'E_X' })")
	if !errors.As(err, &e) || e.Code != "E_X" {
		t.Error(err)
	}
}

func TestLimits(t *testing.T) {
	c := open(t)
	deadline, cancel := context.WithTimeout(bg, 30*time.Millisecond)
	defer cancel()
	_, err := c.Eval(deadline, "for(;;){}")
	if !errors.Is(err, context.DeadlineExceeded) || !errors.Is(err, ErrTimeout) || errors.Is(err, context.Canceled) {
		t.Error(err)
	}
	// It is over now, so that nothing runs.
	if _, err := c.Eval(deadline, "globalThis.ran = true"); !errors.Is(err, ErrTimeout) || !eval(t, c, "globalThis.ran").IsUndefined() {
		t.Error(err)
	}
	cause := errors.New("no longer wanted")
	cancelled, stop := context.WithCancelCause(bg)
	time.AfterFunc(30*time.Millisecond, func() { stop(cause) })
	_, err = c.Eval(cancelled, "for(;;){}")
	if !errors.Is(err, context.Canceled) || !errors.Is(err, ErrCancelled) || !errors.Is(err, cause) || errors.Is(err, ErrTimeout) {
		t.Error(err)
	}
	_, err = c.Eval(WithLimits(bg, Limits{Timeout: 20 * time.Millisecond}), "for(;;){}")
	var e *Error
	if !errors.Is(err, ErrTimeout) || !errors.As(err, &e) || e.Code != "ERR_SCRIPT_EXECUTION_TIMEOUT" {
		t.Error(err)
	}
	_, err = c.Eval(WithLimits(bg, Limits{CPUTime: 20 * time.Millisecond}), "for(;;){}")
	if !errors.Is(err, ErrCPUTime) {
		t.Error(err)
	}
	// A context that can be cancelled and is not leaves a token that is used again.
	for range 1000 {
		ctx, cancel := context.WithCancel(bg)
		if _, err := c.Eval(ctx, "1"); err != nil {
			t.Fatal(err)
		}
		cancel()
	}
	if v := eval(t, c, "6 * 7"); v.Float64() != 42 {
		t.Error(v)
	}
}

func TestKilledByOthers(t *testing.T) {
	c := open(t)
	time.AfterFunc(30*time.Millisecond, func() { ok(t, c.Isolate().Terminate()) })
	if _, err := c.Eval(bg, "for(;;){}"); !errors.Is(err, ErrTerminated) {
		t.Error(err)
	}
	called := make(chan bool, 1)
	ok(t, c.Isolate().RequestInterrupt(func() { called <- true }))
	eval(t, c, "for (let i = 0; i < 1e6; i++) {}")
	select {
	case <-called:
	case <-time.After(5 * time.Second):
		t.Error("no interrupt")
	}
	time.AfterFunc(30*time.Millisecond, c.Isolate().Close)
	if _, err := c.Eval(bg, "for(;;){}"); !errors.Is(err, ErrDisposed) {
		t.Error(err)
	}
	if _, err := c.Eval(bg, "1"); err == nil {
		t.Error("a closed isolate runs")
	}
	c.Isolate().Close()
}

func TestAllIsDisposed(t *testing.T) {
	c := open(t)
	iso := c.Isolate()
	o := eval(t, c, "({})").Object()
	p, r, err := c.NewPromise()
	ok(t, err)
	m, err := c.NewModule("1", nil)
	ok(t, err)
	s, err := iso.NewScript("1", nil)
	ok(t, err)
	iso.Close()
	var v any
	for what, call := range map[string]func() error{
		"main":      func() error { _, err := iso.Main(); return err },
		"eval":      func() error { _, err := c.Eval(bg, "1"); return err },
		"set":       func() error { return c.Set(bg, "x", 1) },
		"context":   func() error { _, err := iso.NewContext(nil); return err },
		"new":       func() error { _, err := c.NewObject(); return err },
		"get":       func() error { _, err := o.Get(bg, "a"); return err },
		"argument":  func() error { return o.Set(bg, "a", o) },
		"clone":     func() error { _, err := c.Clone(); return err },
		"unmarshal": func() error { return o.Unmarshal(bg, &v) },
		"marshal":   func() error { _, err := c.Marshal([]int{1}); return err },
		"await":     func() error { _, err := p.Await(bg); return err },
		"resolve":   func() error { return r.Resolve(1) },
		"module":    func() error { _, err := m.Status(); return err },
		"script":    func() error { _, err := s.RunInContext(bg, c); return err },
		"data":      func() error { _, err := s.CreateCachedData(); return err },
		"do":        func() error { return iso.Do(bg, func() error { return nil }) },
		"loop":      func() error { return iso.RunLoop(bg) },
		"interrupt": func() error { return iso.RequestInterrupt(func() {}) },
		"heap":      func() error { _, err := iso.HeapStatistics(); return err },
	} {
		if err := call(); !errors.Is(err, ErrDisposed) {
			t.Errorf("%s: %v", what, err)
		}
	}
}

func TestPastLimits(t *testing.T) {
	c := open(t)
	if _, err := c.Eval(WithLimits(bg, Limits{Timeout: -time.Second}), "for (;;);"); !errors.Is(err, ErrTimeout) {
		t.Error(err)
	}
	if _, err := c.Eval(WithLimits(bg, Limits{CPUTime: -1}), "for (;;);"); !errors.Is(err, ErrCPUTime) {
		t.Error(err)
	}
}

func TestOutOfMemory(t *testing.T) {
	c := openWith(t, &IsolateOptions{HeapLimit: 32 << 20})
	other, err := c.Isolate().NewContext(nil)
	ok(t, err)
	_, err = other.Eval(bg, "const a = []; for(;;) a.push(new Array(1000).fill(1.5))")
	if !errors.Is(err, ErrOutOfMemory) {
		t.Fatal(err)
	}
	other.Close()
	if v := eval(t, c, "1 + 1"); v.Float64() != 2 {
		t.Error(v)
	}
	if _, err := NewIsolate(&IsolateOptions{HeapLimit: 1}); !errors.Is(err, ErrInvalidArgument) {
		t.Error(err)
	}
	if _, err := NewIsolate(&IsolateOptions{HeapLimit: -1}); !errors.Is(err, ErrInvalidArgument) {
		t.Error(err)
	}
}

func TestMisuse(t *testing.T) {
	c := open(t)
	another, err := NewIsolate(nil)
	ok(t, err)
	defer another.Close()
	other, err := another.Main()
	ok(t, err)
	o := eval(t, c, "({})").Object()
	_, err = other.Eval(bg, "\xff\xfe")
	has(t, err, "UTF-8")
	has(t, other.Set(bg, "x", o), "isolate")
	if err := other.Set(bg, "x", map[string]any{"deep": o}); !errors.Is(err, ErrWrongIsolate) {
		t.Error(err)
	}
	has(t, c.Set(bg, "x", "\xff"), "UTF-8")
	has(t, c.Set(bg, "x", map[string]string{"\xff": "x"}), "UTF-8")
	has(t, c.Set(bg, "x", make(chan int)), "chan int")
	has(t, c.Set(bg, "x", []any{complex(1, 2)}), "complex128")
	o.Close()
	o.Close()
	_, err = o.Get(bg, "x")
	has(t, err, "closed")
	has(t, c.Set(bg, "x", o), "closed")
	if _, err := o.Get(bg, map[string]any{}); err == nil {
		t.Error("an object as a key")
	}
	f := eval(t, c, "(1, {})").Object()
	if _, err := f.Call(bg, Undefined); err == nil {
		t.Error("an object is called")
	}
	context2, err := c.Isolate().NewContext(nil)
	ok(t, err)
	context2.Close()
	context2.Close()
	_, err = context2.Eval(bg, "1")
	has(t, err, "closed")
	if context2.Name() != "" {
		t.Error("a closed context has a name")
	}
}

func TestGoroutines(t *testing.T) {
	c := open(t)
	f := eval(t, c, "(a, b) => a + b").Object()
	count := 0
	ok(t, c.Set(bg, "count", Func(func(*Call) (any, error) { count++; return nil, nil })))
	counting := eval(t, c, "() => count()").Object()
	rounds := 200
	if debugCollect {
		rounds = 5
	}
	var group sync.WaitGroup
	for n := range 16 {
		group.Add(1)
		go func() {
			defer group.Done()
			for i := range rounds {
				v, err := f.Call(bg, Undefined, n, i)
				if err != nil || v.Float64() != float64(n+i) {
					t.Error(v, err)
				}
				if _, err := counting.Call(bg, Undefined); err != nil {
					t.Error(err)
				}
				o, err := c.Marshal(map[string]any{"n": []int{n, i}})
				if err != nil {
					t.Error(err)
				}
				var back struct{ N []int }
				if err := o.Unmarshal(bg, &struct {
					N *[]int `js:"n"`
				}{&back.N}); err != nil || back.N[1] != i {
					t.Error(back, err)
				}
				if i%2 == 0 {
					o.Object().Close()
				}
			}
		}()
	}
	group.Wait()
	// In JavaScript one runs at a time, so that the counter needs no lock; the group orders the reading.
	if count != 16*rounds {
		t.Error(count)
	}
}

func TestIsolatesInParallel(t *testing.T) {
	var group sync.WaitGroup
	for range 8 {
		group.Add(1)
		go func() {
			defer group.Done()
			iso, err := NewIsolate(nil)
			if err != nil {
				t.Error(err)
				return
			}
			defer iso.Close()
			c, err := iso.Main()
			if err != nil {
				t.Error(err)
				return
			}
			if v, err := c.Eval(bg, "let s = 0; for (let i = 0; i < 1e6; i++) s += i; s"); err != nil || v.Float64() != 499999500000 {
				t.Error(v, err)
			}
		}()
	}
	group.Wait()
	if left := leftAlive(); left != "" {
		t.Error(left)
	}
}

func TestDo(t *testing.T) {
	c := open(t)
	err := c.Isolate().Do(bg, func() error {
		for range 100 {
			if _, err := c.Eval(bg, "1"); err != nil {
				return err
			}
		}
		return nil
	})
	ok(t, err)
	inside, waited := make(chan bool), make(chan bool)
	go func() {
		<-inside
		ctx, cancel := context.WithTimeout(bg, 20*time.Millisecond)
		defer cancel()
		err := c.Isolate().Do(ctx, func() error { return nil })
		if !errors.Is(err, context.DeadlineExceeded) {
			t.Error(err)
		}
		close(waited)
	}()
	ok(t, c.Isolate().Do(bg, func() error { close(inside); <-waited; return nil }))
	failed := errors.New("failed")
	if err := c.Isolate().Do(bg, func() error { return failed }); err != failed {
		t.Error(err)
	}
}

// V8 has started, and Go's handler of SIGSEGV still makes a panic of a nil pointer.
func TestNilPointerIsRecovered(t *testing.T) {
	c := open(t)
	eval(t, c, "new WebAssembly.Memory({ initial: 1 })")
	crash := func() (value any) {
		defer func() { value = recover() }()
		var p *Place
		return p.Line
	}
	if crash() == nil {
		t.Error("no panic")
	}
	ok(t, c.Set(bg, "crash", Func(func(*Call) (any, error) {
		var p *Place
		return p.Line, nil
	})))
	func() {
		defer func() {
			if e, is := recover().(error); !is || !strings.Contains(e.Error(), "nil pointer") {
				t.Error(e)
			}
		}()
		_, err := c.Eval(bg, "crash()")
		t.Error("it returned:", err)
	}()
	if v := eval(t, c, "1"); v.Float64() != 1 {
		t.Error(v)
	}
}

func TestNumbers(t *testing.T) {
	c := open(t)
	ok(t, c.Set(bg, "n", int64(math.MaxInt64)))
	if v := eval(t, c, "n === 9223372036854775807n"); !v.Bool() {
		t.Error("int64 is not exact")
	}
	ok(t, c.Set(bg, "n", uint64(math.MaxUint64)))
	if v := eval(t, c, "n === 18446744073709551615n"); !v.Bool() {
		t.Error("uint64 is not exact")
	}
	if n, err := As[int64](c.Eval(bg, "-9223372036854775808n")); err != nil || n != math.MinInt64 {
		t.Error(n, err)
	}
	if n, exact := eval(t, c, "9223372036854775808").Int64(); exact {
		t.Error(n)
	}
	if n, exact := eval(t, c, "2 ** 53").Int64(); !exact || n != 1<<53 {
		t.Error(n)
	}
	if _, err := As[int](c.Eval(bg, "1.5")); err == nil {
		t.Error("1.5 is an int")
	}
	if _, err := As[uint8](c.Eval(bg, "256")); err == nil {
		t.Error("256 is a uint8")
	}
	if _, err := As[int](c.Eval(bg, "NaN")); err == nil {
		t.Error("NaN is an int")
	}
	for _, text := range []string{"", " 12 ", "0x1F", "0b11", "0o17", "1e3", ".5", "5.", "1_000", "Infinity", "-Infinity", "inf", "nan",
		"0x", "1e400", "-0x1", "+5", "\ufeff7", "0x1_0", "1e"} {
		ok(t, c.Set(bg, "text", text))
		want := eval(t, c, "+text").Float64()
		got, err := eval(t, c, "text").ToNumber(bg)
		if err != nil || got != want && !(math.IsNaN(got) && math.IsNaN(want)) {
			t.Errorf("+%q is %v, not %v", text, got, want)
		}
	}
	for _, code := range []string{"1e21", "123456789012345680000", "1e-7", "0.000001", "-1.5e300", "5e-324", "1e100", "0.1"} {
		want, err := eval(t, c, "String("+code+")").ToString(bg)
		ok(t, err)
		if got := eval(t, c, code).String(); got != want {
			t.Errorf("%s is %q, not %q", code, got, want)
		}
	}
}
