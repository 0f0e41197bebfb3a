package jsvm

import (
	"errors"
	"math/big"
	"net/netip"
	"reflect"
	"strings"
	"testing"
	"time"
)

type inner struct {
	X int `js:"x"`
}

type everything struct {
	inner
	Name    string            `js:"name"`
	JSON    int               `json:"fromJSON,omitempty"`
	Skipped string            `js:"-"`
	Bytes   []byte            `js:"bytes"`
	When    time.Time         `js:"when"`
	Big     *big.Int          `js:"big"`
	List    []float64         `js:"list"`
	Map     map[string]inner  `js:"map"`
	ByInt   map[int]string    `js:"byInt"`
	Pointer *inner            `js:"pointer"`
	Nil     *inner            `js:"nil"`
	Any     any               `js:"any"`
	Bool    bool              `js:"bool"`
	Text    netip.Addr        `js:"text"`
	Array   [2]int8           `js:"array"`
	Huge    uint64            `js:"huge"`
	Strings map[string]string `js:"strings,omitempty"`
}

func TestRoundTrip(t *testing.T) {
	c := open(t)
	in := everything{
		inner: inner{7}, Name: "ä\x00b", Bytes: []byte{1, 2, 255}, When: time.UnixMilli(1700000000123),
		Big: new(big.Int).Lsh(big.NewInt(-3), 200), List: []float64{1.5, -2}, Map: map[string]inner{"a": {1}, "b": {2}},
		ByInt: map[int]string{3: "three", -1: "minus"}, Pointer: &inner{9}, Any: []any{nil, "x", 1.0, map[string]any{"k": true}},
		Bool: true, Text: netip.MustParseAddr("::1"), Array: [2]int8{-128, 127}, Huge: 1 << 60,
	}
	v, err := c.Marshal(&in)
	ok(t, err)
	ok(t, c.Set(bg, "v", v))
	want := `{"x":7,"name":"ä\u0000b","bytes":{"0":1,"1":2,"2":255},"when":"2023-11-14T22:13:20.123Z","big":"` + in.Big.String() +
		`","list":[1.5,-2],"map":{"a":{"x":1},"b":{"x":2}},"byInt":{"3":"three","-1":"minus"},"pointer":{"x":9},"nil":null,` +
		`"any":[null,"x",1,{"k":true}],"bool":true,"text":"::1","array":[-128,127],"huge":"1152921504606846976"}`
	got := eval(t, c, "JSON.stringify(v, (k, x) => typeof x === 'bigint' ? String(x) : x)").String()
	if got != want {
		t.Errorf("%s\nis not\n%s", got, want)
	}
	var out everything
	ok(t, v.Unmarshal(bg, &out))
	if !in.When.Equal(out.When) {
		t.Error(out.When)
	}
	out.When = in.When
	if !reflect.DeepEqual(in, out) {
		t.Errorf("%+v\nis not\n%+v", out, in)
	}
}

func TestUnmarshalAny(t *testing.T) {
	c := open(t)
	var v any
	ok(t, eval(t, c, `({ a: [1, , 'x'], m: new Map([[1, 'one'], ['k', null]]), s: new Set([1]), d: new Date(5), r: /a+/gi,
		b: new Uint8Array([1, 2]), f64: new Float64Array([1.5]), i: 2n ** 64n, u: undefined, e: new TypeError('bad'),
		buffer: new ArrayBuffer(2), get g() { return 1 } })`).Unmarshal(bg, &v))
	m := v.(map[string]any)
	e := m["e"].(*Exception)
	delete(m, "e")
	want := map[string]any{
		"a": []any{1.0, nil, "x"}, "m": map[any]any{1.0: "one", "k": nil}, "s": []any{1.0}, "d": time.UnixMilli(5), "r": RegExp{"a+", "gi"},
		"b": []byte{1, 2}, "f64": []float64{1.5}, "i": new(big.Int).Lsh(big.NewInt(1), 64), "u": nil, "buffer": []byte{0, 0}, "g": nil,
	}
	if !reflect.DeepEqual(m, want) {
		t.Errorf("%#v\nis not\n%#v", m, want)
	}
	if e.Name != "TypeError" || e.Message != "bad" {
		t.Error(e)
	}
	ok(t, eval(t, c, "({ get g() { return 1 } })").UnmarshalWith(bg, &v, UnmarshalOptions{CallGetters: true}))
	if v.(map[string]any)["g"] != 1.0 {
		t.Error(v)
	}
	ok(t, eval(t, c, "x => x").Unmarshal(bg, &v))
	if _, is := v.(*Object); !is {
		t.Errorf("%T", v)
	}
	v, _ = nil, v
	for code, want := range map[string]any{"1": 1.0, "'s'": "s", "null": nil, "undefined": nil, "5n": big.NewInt(5), "false": false} {
		ok(t, eval(t, c, code).Unmarshal(bg, &v))
		if !reflect.DeepEqual(v, want) {
			t.Errorf("%s: %#v", code, v)
		}
	}
}

func TestUndefinedAndNull(t *testing.T) {
	c := open(t)
	ok(t, c.Set(bg, "v", []any{nil, Undefined, (*int)(nil), map[string]any(nil), []byte(nil)}))
	if got := eval(t, c, "v.map(x => x === undefined ? 'u' : x === null ? 'n' : '?').join()").String(); got != "n,u,n,n,n" {
		t.Error(got)
	}
	var values []Value
	ok(t, eval(t, c, "v").Unmarshal(bg, &values))
	if !values[0].IsNull() || !values[1].IsUndefined() {
		t.Error(values)
	}
}

func TestLiveParts(t *testing.T) {
	c := open(t)
	var target struct {
		Name string
		F    func(a, b int) (int, error) `js:"f"`
		O    *Object                     `js:"o"`
		List []Value                     `js:"list"`
		By   map[string]*Object          `js:"by"`
	}
	o := eval(t, c, "globalThis.v = { Name: 'n', f: (a, b) => a * b, o: { x: 1 }, list: [1, 'a', undefined], by: { k: [5] } }")
	ok(t, o.Unmarshal(bg, &target))
	if n, err := target.F(6, 7); n != 42 || err != nil {
		t.Error(n, err)
	}
	ok(t, target.O.Set(bg, "x", 2))
	if eval(t, c, "v.o.x").Float64() != 2 {
		t.Error("it is a copy")
	}
	if target.Name != "n" || len(target.List) != 3 || !target.List[2].IsUndefined() || !target.By["k"].Is(FlagArray) {
		t.Errorf("%+v", target)
	}
}

// A type with live values in it is read by another way, with the same limits.
func TestLiveLimits(t *testing.T) {
	c := open(t)
	type node struct {
		Next, Other *node
		Live        Value
		Any         any
		Text        string
		Symbol      *Symbol
	}
	var n node
	err := eval(t, c, "const n = { Next: null }; n.Next = n.Other = { Next: n, Other: n }; n").Unmarshal(bg, &n)
	has(t, err, "contains itself")
	const chain = "let d = {}; for (let i = 0; i < 50; i++) d = { Next: d }; d"
	err = eval(t, c, chain).UnmarshalWith(bg, &n, UnmarshalOptions{MaxDepth: 40})
	has(t, err, "max_depth")
	err = eval(t, c, "d").UnmarshalWith(bg, &n, UnmarshalOptions{MaxSize: 100})
	has(t, err, "max_size")
	n = node{}
	ok(t, eval(t, c, "d").Unmarshal(bg, &n))
	// Twice is no cycle, functions and symbols stay alive, and copies count.
	n = node{}
	ok(t, eval(t, c, "const x = { Text: 'x' }; ({ Next: x, Other: x, Any: () => 1, Symbol: Symbol('s') })").Unmarshal(bg, &n))
	if v, err := n.Any.(*Object).Call(bg, Undefined); err != nil || v.Float64() != 1 || n.Other.Text != "x" {
		t.Error(v, err)
	}
	if v, err := n.Symbol.Description(); err != nil || v.String() != "s" {
		t.Error(v, err)
	}
	err = eval(t, c, "({ Any: Array(99).fill(1), Next: { Any: [] } })").UnmarshalWith(bg, &n, UnmarshalOptions{MaxSize: 105})
	has(t, err, "max_size")

	var list []Value
	for _, code := range []string{"{ const a = []; a.length = 2 ** 32 - 1; a }", "Array(4000001)"} {
		err = eval(t, c, code).Unmarshal(bg, &list)
		has(t, err, "max_size")
	}
	for _, code := range []string{"Array(100).fill('x'.repeat(1 << 22))", "Array(100).fill(1n << (1n << 25n))"} {
		err = eval(t, c, code).Unmarshal(bg, &list)
		has(t, err, "max_bytes")
	}
	var by map[string]Value
	err = eval(t, c, "Object.fromEntries(Array.from({ length: 20 }, (_, i) => ['k' + i, i]))").UnmarshalWith(bg, &by, UnmarshalOptions{MaxSize: 19})
	has(t, err, "max_size")
}

func TestLiveGetters(t *testing.T) {
	c := open(t)
	var o struct {
		A    Value `js:"a"`
		List []Value
	}
	const code = `globalThis.ran = 0; Object.getOwnPropertyDescriptor = () => ({ get value() { ran++ } });
		globalThis.g = { get a() { ran++; return { b: 1 } }, List: Object.defineProperty([1, 2], 0, { get() { ran++; return 3 } }) }`
	ok(t, eval(t, c, code).Unmarshal(bg, &o))
	if ran := eval(t, c, "ran").Float64(); ran != 0 || !o.A.IsUndefined() || !o.List[0].IsUndefined() || o.List[1].Float64() != 2 {
		t.Error(ran, o)
	}
	proxy := eval(t, c, "new Proxy({}, { get() { ran++ }, getOwnPropertyDescriptor() { ran++ } })")
	has(t, proxy.Unmarshal(bg, &o), "does not go")
	ok(t, eval(t, c, "g").UnmarshalWith(bg, &o, UnmarshalOptions{CallGetters: true}))
	if ran := eval(t, c, "ran").Float64(); ran != 2 || o.List[0].Float64() != 3 {
		t.Error(ran, o)
	}
	// What comes of it is the guest's own.
	made, err := o.A.Object().Context().NewObject()
	ok(t, err)
	ok(t, c.Set(bg, "made", made))
	if !eval(t, c, "made instanceof Object").Bool() {
		t.Error("made in another context")
	}
}

// What is named twice in a value is read twice, and counts twice.
func TestSharedBytesCount(t *testing.T) {
	c := open(t)
	var v any
	for _, code := range []string{"{ const o = { s: 'x'.repeat(1 << 20) }; Array(300).fill(o) }",
		"{ const b = new Uint8Array(1 << 20); Array(300).fill(b) }", "{ const r = RegExp('x'.repeat(1 << 20)); Array(300).fill(r) }"} {
		has(t, eval(t, c, code).Unmarshal(bg, &v), "max_bytes")
	}
	ok(t, eval(t, c, "Array.from({ length: 16 }, (_, i) => String(i).repeat(1 << 23))").Unmarshal(bg, &v))
	var list []*string // a pointer on the way counts once
	ok(t, eval(t, c, "['x'.repeat(100)]").UnmarshalWith(bg, &list, UnmarshalOptions{MaxBytes: 150}))
}

func TestCyclesAndDepth(t *testing.T) {
	c := open(t)
	list := []any{nil}
	list[0] = list
	_, err := c.Marshal(list)
	has(t, err, "contains itself")
	type node struct{ Next *node }
	loop := &node{}
	loop.Next = loop
	_, err = c.Marshal(loop)
	has(t, err, "contains itself")
	m := map[string]any{}
	m["m"] = []any{m}
	_, err = c.Marshal(m)
	has(t, err, "contains itself")

	var v any
	for _, code := range []string{"const a = []; a.push(a); a", "const o = { x: {} }; o.x.y = o; o", "const m = new Map(); m.set(1, m); m"} {
		err = eval(t, c, "{"+code+"}").Unmarshal(bg, &v)
		has(t, err, "contains itself")
	}
	// Twice is no cycle.
	ok(t, eval(t, c, "{ const x = { k: 1 }; ({ a: x, b: x, c: [x, x] }) }").Unmarshal(bg, &v))
	if !reflect.DeepEqual(v.(map[string]any)["c"], []any{map[string]any{"k": 1.0}, map[string]any{"k": 1.0}}) {
		t.Error(v)
	}
	// A small graph that would be huge.
	err = eval(t, c, "let h = []; for (let i = 0; i < 60; i++) h = [h, h]; h").Unmarshal(bg, &v)
	has(t, err, "too many")

	deep := any("x")
	for range 99_990 {
		deep = []any{deep}
	}
	made, err := c.Marshal(deep)
	ok(t, err)
	err = made.Unmarshal(bg, &v)
	has(t, err, "max_depth")
	ok(t, made.UnmarshalWith(bg, &v, UnmarshalOptions{MaxDepth: 200_000}))
	for range 99_990 {
		v = v.([]any)[0]
	}
	if v != "x" {
		t.Error(v)
	}
	for range 20 {
		deep = []any{deep}
	}
	_, err = c.Marshal(deep)
	has(t, err, "deeper")
}

func TestMismatches(t *testing.T) {
	c := open(t)
	var s struct {
		A struct {
			B []int `js:"b"`
		} `js:"a"`
	}
	has(t, eval(t, c, "({ a: { b: [1, 'x'] } })").Unmarshal(bg, &s), "value.a.b.1: a JavaScript string does not go into a Go int")
	has(t, eval(t, c, "({ a: 5 })").Unmarshal(bg, &s), "value.a: the number 5")
	has(t, eval(t, c, "1").Unmarshal(bg, s), "pointer")
	has(t, eval(t, c, "1").Unmarshal(bg, nil), "pointer")
	var when time.Time
	has(t, eval(t, c, "new Date(NaN)").Unmarshal(bg, &when), "invalid Date")
	has(t, eval(t, c, "'2020'").Unmarshal(bg, &when), "string")
	var n int
	has(t, eval(t, c, "({})").Unmarshal(bg, &n), "an object does not go into a Go int")
	has(t, eval(t, c, "2n ** 64n").Unmarshal(bg, &n), "bigint 18446744073709551616")
	var f float64
	ok(t, eval(t, c, "5n").Unmarshal(bg, &f))
	if f != 5 {
		t.Error(f)
	}
	has(t, eval(t, c, "2n ** 53n + 1n").Unmarshal(bg, &f), "bigint")
	var b big.Int
	ok(t, eval(t, c, "1e20").Unmarshal(bg, &b))
	if b.String() != "100000000000000000000" {
		t.Error(b.String())
	}
}

type celsius float64

func (v celsius) MarshalJS(*Context) (any, error) { return map[string]any{"celsius": float64(v)}, nil }
func (v *celsius) UnmarshalJS(from Value) error {
	o := from.Object()
	if o == nil {
		return errors.New("no temperature")
	}
	defer o.Close()
	n, err := o.Get(bg, "celsius")
	*v = celsius(n.Float64())
	return err
}

func TestMarshalers(t *testing.T) {
	c := open(t)
	in := map[string]celsius{"out": 12.5}
	v, err := c.Marshal(in)
	ok(t, err)
	var out map[string]celsius
	ok(t, v.Unmarshal(bg, &out))
	if !reflect.DeepEqual(in, out) {
		t.Error(out)
	}
	var one celsius
	has(t, eval(t, c, "1").Unmarshal(bg, &one), "no temperature")
}

func TestBytes(t *testing.T) {
	c := open(t)
	memory := []byte("shared memory")
	shared, err := c.ShareBytes(memory)
	ok(t, err)
	ok(t, c.Set(bg, "m", shared))
	eval(t, c, "m[0] = 83")
	if string(memory) != "Shared memory" {
		t.Error(string(memory))
	}
	ok(t, c.Set(bg, "pair", []any{Shared(memory), []byte("copied")}))
	eval(t, c, "pair[0][1] = pair[1][1] = 72")
	if string(memory) != "SHared memory" {
		t.Error(string(memory))
	}
	o := eval(t, c, "globalThis.u = new Uint8Array([1, 2, 3, 4])").Object()
	borrow, err := o.Borrow()
	ok(t, err)
	borrow.Bytes()[2] = 9
	if eval(t, c, "u[2]").Float64() != 9 {
		t.Error("it is a copy")
	}
	bytes, err := o.Bytes()
	ok(t, err)
	if string(bytes) != "\x01\x02\x09\x04" {
		t.Error(bytes)
	}
	if n, err := o.CopyOut(3, make([]byte, 10)); n != 1 || err != nil {
		t.Error(n, err)
	}
	_, err = o.CopyOut(5, nil)
	has(t, err, "offset")
	ok(t, o.Detach())
	if n, err := o.Len(); n != 0 || err != nil {
		t.Error(n, err)
	}
	if borrow.Bytes()[0] != 1 {
		t.Error("the borrow is gone")
	}
	borrow.Close()
	borrow.Close()
	if borrow.Bytes() != nil {
		t.Error("a closed borrow has bytes")
	}
	buffer, err := c.NewArrayBuffer(make([]byte, 16))
	ok(t, err)
	view, err := buffer.View(Float64, 8, 1)
	ok(t, err)
	if kind, err := view.ElementType(); kind != Float64 || err != nil {
		t.Error(kind, err)
	}
	_, err = buffer.View(Float64, 1, 1)
	has(t, err, "byte_offset")
	// Memory in the midst of a struct that has pointers.
	holder := &struct {
		p *int
		b [64]byte
	}{p: new(int)}
	_, err = c.NewArrayBuffer(holder.b[:])
	ok(t, err)
	_, err = c.ShareArrayBuffer(holder.b[8:])
	ok(t, err)
	large := make([]byte, 1<<20)
	large[1<<19] = 7
	ok(t, c.Set(bg, "large", map[string]any{"bytes": large, "text": strings.Repeat("ä", 1<<19)}))
	if !eval(t, c, "large.bytes[1 << 19] === 7 && large.text.length === 1 << 19 && large.text.endsWith('ä')").Bool() {
		t.Error("large data")
	}
}
