package jsvm

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/big"
	"reflect"
	"strings"
	"testing"
	"time"
)

func TestHostFunctions(t *testing.T) {
	c := open(t)
	for name, fn := range map[string]any{
		"raw": Func(func(call *Call) (any, error) {
			return fmt.Sprint(call.Len(), call.Arg(0), call.Arg(1).Kind(), call.Arg(99).Kind(), call.IsConstruct()), nil
		}),
		"add":     func(a, b float64) float64 { return a + b },
		"divide":  func(a, b int) (int, error) { return a / max(b, 1), nil },
		"join":    func(sep string, parts ...string) string { return strings.Join(parts, sep) },
		"person":  func(p struct{ Name string }) map[string]any { return map[string]any{"hello": p.Name} },
		"nothing": func() {},
		"pair":    func() (int, string) { return 1, "x" },
		"apply":   func(f func(int) (int, error), n int) (int, error) { return f(n) },
		"live":    func(o *Object) (*Object, error) { return o, o.Set(bg, "seen", true) },
		"big":     func(n *big.Int) *big.Int { return n.Add(n, big.NewInt(1)) },
		"when":    func(t time.Time) time.Time { return t.Add(time.Second) },
		"bytes":   func(b []byte) []byte { return append(b, 9) },
		"has":     func(ctx context.Context) bool { _, ok := ctx.Deadline(); return ok },
		"this":    Func(func(call *Call) (any, error) { return call.This().Object().Get(bg, "name") }),
	} {
		ok(t, c.Set(bg, name, fn))
	}
	for code, want := range map[string]string{
		"raw('x', 1)": "2 x number undefined false", "raw()": "0 undefined undefined undefined false", "add(1, 2.5)": "3.5",
		"divide(7, 2)": "3", "join('-', 'a', 'b', 'c')": "a-b-c", "join('-')": "", "person({ Name: 'Ada' }).hello": "Ada",
		"nothing()": "undefined", "pair().join()": "1,x", "apply(n => n * 2, 21)": "42",
		"{ const o = {}; live(o) === o && o.seen }": "true", "big(2n ** 64n)": "18446744073709551617",
		"when(new Date(1000)).getTime()": "2000", "bytes(new Uint8Array([1])).join()": "1,9", "add.length": "2", "has()": "false",
		"this.call({ name: 'me' })": "me", "(0, { name: 'you', f: globalThis['this'] }).f()": "you",
	} {
		code = strings.Replace(code, "this.call(", "globalThis['this'].call(", 1)
		if v := eval(t, c, code); v.String() != want {
			t.Errorf("%s is %q, not %q", code, v, want)
		}
	}
	_, err := c.Eval(bg, "add('x')")
	has(t, err, "TypeError: argument 1: value: a JavaScript string does not go into a Go float64")
	_, err = c.Eval(bg, "big('x')")
	has(t, err, "argument 1")
	_, err = c.NewFunction(5)
	has(t, err, "func")
	_, err = c.NewFunction((func())(nil))
	has(t, err, "func")
	class, err := c.NewFunctionWith(Func(func(call *Call) (any, error) {
		if call.NewTarget().Kind() != KindFunction {
			return nil, TypeError("no new")
		}
		return Undefined, call.This().Object().Set(call.Context(), "x", call.Arg(0))
	}), &FunctionOptions{Name: "Point", Length: 1, IsConstructor: true})
	ok(t, err)
	point, err := class.New(bg, 5)
	ok(t, err)
	if n, err := As[int](point.Get(bg, "x")); n != 5 || err != nil {
		t.Error(n, err)
	}
	if is, err := point.InstanceOf(bg, class); !is || err != nil {
		t.Error(is, err)
	}
	_, err = class.Call(bg, Undefined)
	has(t, err, "TypeError: no new")
	var late *Call
	ok(t, c.Set(bg, "late", Func(func(call *Call) (any, error) { late = call; return nil, nil })))
	eval(t, c, "late(1)")
	func() {
		defer func() { has(t, fmt.Errorf("%v", recover()), "after its host function") }()
		late.Arg(0)
	}()
}

func TestErrorsCross(t *testing.T) {
	c := open(t)
	failed := fmt.Errorf("reading: %w", io.ErrUnexpectedEOF)
	ok(t, c.Set(bg, "fail", func() error { return failed }))
	ok(t, c.Set(bg, "type", func() error { return TypeError("bad %d", 5) }))
	_, err := c.Eval(bg, "function f() { fail() }\nf()")
	var e *Exception
	if !errors.Is(err, failed) || !errors.Is(err, io.ErrUnexpectedEOF) || !errors.As(err, &e) || e.Message != "reading: unexpected EOF" ||
		!strings.Contains(e.Stack, "at f ") {
		t.Error(err)
	}
	if v := eval(t, c, "try { type() } catch (e) { `${e instanceof TypeError} ${e.message}` }"); v.String() != "true bad 5" {
		t.Error(v)
	}
	_, err = c.Eval(bg, "try { fail() } catch (e) { throw new Error('outer', { cause: e }) }")
	if !errors.Is(err, failed) {
		t.Error(err)
	}
	// What a nested call threw is thrown on, as it is.
	ok(t, c.Set(bg, "run", func(ctx context.Context, code string) (Value, error) { return c.Eval(ctx, code) }))
	if v := eval(t, c, "const it = new Error('it'); try { run('throw it') } catch (e) { e === it }"); !v.Bool() {
		t.Error("another error")
	}
	if v := eval(t, c, "try { run('throw 5') } catch (e) { e === 5 }"); !v.Bool() {
		t.Error("another value")
	}
	if v := eval(t, c, "try { run('throw `text`') } catch (e) { e === 'text' }"); !v.Bool() {
		t.Error("another text")
	}
	// An error as a value, and back.
	v, err := c.Marshal(map[string]any{"e": failed})
	ok(t, err)
	ok(t, c.Set(bg, "o", v))
	_, err = c.Eval(bg, "throw o.e")
	if !errors.Is(err, failed) {
		t.Error(err)
	}
	ok(t, c.Set(bg, "notText", func() (string, error) { return "\xff", nil }))
	_, err = c.Eval(bg, "notText()")
	has(t, err, "UTF-8")
	ok(t, c.Set(bg, "badError", func() error { return errors.New("\xff") }))
	_, err = c.Eval(bg, "badError()")
	has(t, err, "\uFFFD")
	ok(t, c.Set(bg, "chan", func() any { return make(chan int) }))
	_, err = c.Eval(bg, "chan()")
	has(t, err, "chan int")
}

func TestPanicsCross(t *testing.T) {
	c := open(t)
	type custom struct{ n int }
	ok(t, c.Set(bg, "panics", func() { panic(custom{5}) }))
	ok(t, c.Set(bg, "run", func(code string) (Value, error) { return c.Eval(bg, code) }))
	for _, code := range []string{
		"panics()", "try { panics() } catch { } finally { globalThis.went = 'on' }", "run('run(\"panics()\")')", "[1].map(panics)",
		"new Promise(() => panics())", "Promise.resolve().then(panics)", "({ get x() { panics() } }).x", "`${{ toString: panics }}`",
	} {
		func() {
			defer func() {
				if v := recover(); v != (custom{5}) {
					t.Errorf("%s: %v", code, v)
				}
			}()
			_, err := c.Eval(bg, code)
			t.Errorf("%s returned %v", code, err)
		}()
	}
	if !eval(t, c, "globalThis.went").IsUndefined() {
		t.Error("the guest went on")
	}
	func() {
		defer func() {
			if recover() != (custom{5}) {
				t.Error("no panic out of a getter")
			}
		}()
		o := eval(t, c, "({ get x() { return panics() } })").Object()
		_, err := o.Get(bg, "x")
		t.Error(err)
	}()
	if v := eval(t, c, "1 + 1"); v.Float64() != 2 {
		t.Error(v)
	}
}

func TestLimitsHoldInside(t *testing.T) {
	c := open(t)
	type key struct{}
	ok(t, c.Set(bg, "run", func(code string) (Value, error) { return c.Eval(bg, code) }))
	ok(t, c.Set(bg, "value", func(ctx context.Context) any { return ctx.Value(key{}) }))
	ctx, cancel := context.WithTimeout(bg, 40*time.Millisecond)
	defer cancel()
	if _, err := c.Eval(ctx, "try { run('for(;;){}') } catch { } for(;;){}"); !errors.Is(err, context.DeadlineExceeded) {
		t.Error(err)
	}
	if v, err := c.Eval(context.WithValue(bg, key{}, "mine"), "value()"); err != nil || v.String() != "mine" {
		t.Error(v, err)
	}
	ok(t, c.Set(bg, "limited", func() (Value, error) {
		return c.Eval(WithLimits(bg, Limits{Timeout: 10 * time.Millisecond}), "for(;;){}")
	}))
	v := eval(t, c, "try { limited() } catch (e) { e.code }")
	if v.String() != "ERR_SCRIPT_EXECUTION_TIMEOUT" {
		t.Error(v)
	}
	_, err := c.Eval(bg, "limited()")
	if !errors.Is(err, ErrTimeout) {
		t.Error(err)
	}
}

func TestObjects(t *testing.T) {
	c := open(t)
	o := eval(t, c, "({ a: 1, b: 'two', [Symbol('s')]: 3, 7: 'seven' })").Object()
	keys, err := o.Keys(bg)
	ok(t, err)
	if !reflect.DeepEqual(keys, []string{"7", "a", "b"}) {
		t.Error(keys)
	}
	own, err := o.OwnKeys(bg)
	ok(t, err)
	if len(own) != 4 || own[3].Kind() != KindSymbol {
		t.Error(own)
	}
	if d, err := own[3].Symbol().Description(); d.String() != "s" || err != nil {
		t.Error(d, err)
	}
	if n, err := As[int](o.Get(bg, own[3])); n != 3 || err != nil {
		t.Error(n, err)
	}
	all, err := o.All(bg)
	ok(t, err)
	text := ""
	for key, v := range all {
		text += key + "=" + v.String() + ";"
		if key == "a" {
			break
		}
	}
	if text != "7=seven;a=1;" {
		t.Error(text)
	}
	ok(t, o.SetMany(bg, "x", 1, "y", []int{2}))
	values, err := o.GetMany(bg, "x", "y", 7, "no")
	ok(t, err)
	if values[0].Float64() != 1 || !values[1].Object().Is(FlagArray) || values[2].String() != "seven" || !values[3].IsUndefined() {
		t.Error(values)
	}
	for key, want := range map[string][2]bool{"a": {true, true}, "toString": {true, false}, "no": {false, false}} {
		in, err := o.Has(bg, key)
		ok(t, err)
		own, err := o.HasOwn(bg, key)
		ok(t, err)
		if in != want[0] || own != want[1] {
			t.Error(key, in, own)
		}
	}
	if gone, err := o.Delete(bg, "a"); !gone || err != nil {
		t.Error(gone, err)
	}
	ok(t, o.Define(bg, "fixed", 5, ReadOnly|DontEnum|DontDelete))
	if gone, err := o.Delete(bg, "fixed"); gone || err != nil {
		t.Error(gone, err)
	}
	if err := o.Define(bg, "fixed", 6, 0); !errors.Is(err, ErrWrongState) {
		t.Error(err)
	}
	stored := 0
	ok(t, o.DefineAccessor(bg, "live", func() int { return stored }, func(n int) { stored = n }, 0))
	ok(t, o.Set(bg, "live", 8))
	if n, err := As[int](o.Get(bg, "live")); n != 8 || stored != 8 || err != nil {
		t.Error(n, stored, err)
	}
	prototype, err := o.Prototype()
	ok(t, err)
	if name, err := prototype.Object().ConstructorName(); name != "Object" || err != nil {
		t.Error(name, err)
	}
	if v, err := eval(t, c, "[3, 1, 2]").Object().CallMethod(bg, "sort"); err != nil || v.Object() == nil {
		t.Error(v, err)
	}
	_, err = o.CallMethod(bg, "no")
	has(t, err, "no function")
	if v, err := eval(t, c, "({ toString() { return 'text' }, valueOf() { return 5 } })").ToString(bg); v != "text" || err != nil {
		t.Error(v, err)
	}
	if v, err := eval(t, c, "({ valueOf() { return 5 } })").ToNumber(bg); v != 5 || err != nil {
		t.Error(v, err)
	}
	kept, err := c.Handle("a primitive")
	ok(t, err)
	if kept.Kind() != KindString || kept.Value().String() != "a primitive" {
		t.Error(kept.Value())
	}
	clone, err := o.Clone()
	ok(t, err)
	o.Close()
	if same, err := clone.Value().Equal(clone.Value()); !same || err != nil {
		t.Error(same, err)
	}
	if !strings.Contains(clone.String(), "Object") {
		t.Error(clone.String())
	}
	s1, err := c.SymbolFor("k")
	ok(t, err)
	s2, err := c.NewSymbol("k")
	ok(t, err)
	ok(t, c.Set(bg, "s", []any{s1, s2}))
	if !eval(t, c, "s[0] === Symbol.for('k') && s[1] !== s[0] && s[1].description === 'k'").Bool() {
		t.Error("symbols")
	}
}

func TestCollections(t *testing.T) {
	c := open(t)
	m, err := c.NewMap()
	ok(t, err)
	ok(t, m.Put("k", []int{1}))
	ok(t, m.Put(2, "two"))
	if v, err := m.Get(2); v.String() != "two" || err != nil {
		t.Error(v, err)
	}
	if in, err := m.Contains("k"); !in || err != nil {
		t.Error(in, err)
	}
	if was, err := m.Remove("k"); !was || err != nil {
		t.Error(was, err)
	}
	entries, err := m.Entries()
	ok(t, err)
	if n, _ := m.Len(); n != 1 || len(entries) != 2 || entries[1].String() != "two" {
		t.Error(entries)
	}
	s, err := c.NewSet()
	ok(t, err)
	ok(t, s.Add("a"))
	if in, err := s.Contains("a"); !in || err != nil {
		t.Error(in, err)
	}
	values, err := s.Values()
	ok(t, err)
	if n, _ := s.Len(); n != 1 || len(values) != 1 {
		t.Error(values)
	}
	if was, err := s.Remove("b"); was || err != nil {
		t.Error(was, err)
	}
	if _, is := eval(t, c, "new Set()").Object().AsSet(); !is {
		t.Error("no set")
	}
	if _, is := eval(t, c, "new Set()").Object().AsMap(); is {
		t.Error("a map")
	}
	list, err := c.NewArray(1, "two", nil)
	ok(t, err)
	if n, err := list.Len(); n != 3 || err != nil {
		t.Error(n, err)
	}
	_, err = c.NewArray()
	ok(t, err)
	o, err := c.NewObject()
	ok(t, err)
	_, err = o.Len()
	has(t, err, "array")
	date, err := c.NewDate(time.UnixMilli(5))
	ok(t, err)
	if when, err := date.Time(); when.UnixMilli() != 5 || err != nil {
		t.Error(when, err)
	}
	r, err := c.NewRegExp("a/b", "gi")
	ok(t, err)
	if got, err := r.RegExp(); got.String() != "/a\\/b/gi" || err != nil {
		t.Error(got, err)
	}
	_, err = c.NewRegExp("(", "")
	has(t, err, "SyntaxError")
	_, err = c.NewRegExp("a", "z")
	if err == nil {
		t.Error("a flag z")
	}
	ok(t, c.Set(bg, "r", []any{RegExp{"x+", "y"}}))
	if !eval(t, c, "r[0] instanceof RegExp && r[0].sticky").Bool() {
		t.Error("no RegExp")
	}
}
