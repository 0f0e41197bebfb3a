package jsvm

/*
#include "shim.h"
*/
import "C"

import (
	"context"
	"fmt"
	"math"
	"math/big"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"unsafe"
)

// Kind is what kind of JavaScript value it is: typeof, with null told apart.
type Kind uint8

// The kinds.
const (
	KindUndefined Kind = C.JSVM_KIND_UNDEFINED
	KindNull      Kind = C.JSVM_KIND_NULL
	KindBoolean   Kind = C.JSVM_KIND_BOOLEAN
	KindNumber    Kind = C.JSVM_KIND_NUMBER
	KindString    Kind = C.JSVM_KIND_STRING
	KindSymbol    Kind = C.JSVM_KIND_SYMBOL
	KindBigInt    Kind = C.JSVM_KIND_BIGINT
	KindObject    Kind = C.JSVM_KIND_OBJECT
	KindFunction  Kind = C.JSVM_KIND_FUNCTION
)

var kindNames = [...]string{"undefined", "null", "boolean", "number", "string", "symbol", "bigint", "object", "function"}

func (k Kind) String() string {
	if int(k) < len(kindNames) {
		return kindNames[k]
	}
	return "Kind(" + strconv.Itoa(int(k)) + ")"
}

// Value is a JavaScript value as Go holds it: primitives are in it, objects, functions and symbols are live handles. The
// zero Value is undefined. It can be given wherever a value is taken.
type Value struct {
	kind Kind
	num  float64
	// A string's UTF-8, or a bigint's little-endian two's complement.
	text string
	// Objects, functions, symbols; strings with lone surrogates.
	obj *Object
}

// UndefinedType is the type of [Undefined].
type UndefinedType struct{}

// Undefined is JavaScript's undefined, wherever a Go value is taken; nil is null. A [Value] tells by IsUndefined.
var Undefined UndefinedType

// Kind is what kind of value it is.
func (v Value) Kind() Kind { return v.kind }

// IsUndefined says whether it is undefined.
func (v Value) IsUndefined() bool { return v.kind == KindUndefined }

// IsNull says whether it is null.
func (v Value) IsNull() bool { return v.kind == KindNull }

// Bool is a boolean's value; false for other kinds.
func (v Value) Bool() bool { return v.kind == KindBoolean && v.num != 0 }

// Float64 is a number's value; NaN for other kinds.
func (v Value) Float64() float64 {
	if v.kind == KindNumber {
		return v.num
	}
	return math.NaN()
}

// Int64 is the value of a number or bigint that is an integer in int64's range, and whether it is.
func (v Value) Int64() (int64, bool) {
	switch v.kind {
	case KindNumber:
		n := int64(v.num)
		return n, float64(n) == v.num && v.num < 1<<63
	case KindBigInt:
		b := v.BigInt()
		return b.Int64(), b.IsInt64()
	}
	return 0, false
}

// BigInt is a bigint's value; nil for other kinds.
func (v Value) BigInt() *big.Int {
	if v.kind != KindBigInt {
		return nil
	}
	return bigOf(v.text)
}

// Object is the live object or function; nil for other kinds.
func (v Value) Object() *Object {
	if v.kind == KindObject || v.kind == KindFunction {
		return v.obj
	}
	return nil
}

// Symbol is the symbol; nil for other kinds.
func (v Value) Symbol() *Symbol {
	if v.kind == KindSymbol {
		return &Symbol{v.obj}
	}
	return nil
}

// IsLossy says whether it is a string with lone surrogates: String has U+FFFD in their place, UTF16 is exact.
func (v Value) IsLossy() bool { return v.kind == KindString && v.obj != nil }

// UTF16 are a string's code units, exactly; nil for other kinds.
func (v Value) UTF16() ([]uint16, error) {
	if v.kind != KindString {
		return nil, nil
	}
	if v.obj == nil {
		return utf16Of(v.text), nil
	}
	return v.obj.utf16()
}

// String is a string's text. Other kinds are described: numbers and bigints as JavaScript writes them, objects as
// "[object]". For JavaScript's own String(value), see [Value.ToString].
func (v Value) String() string {
	switch v.kind {
	case KindString:
		return v.text
	case KindBoolean:
		return strconv.FormatBool(v.num != 0)
	case KindNumber:
		return numberText(v.num)
	case KindBigInt:
		return v.BigInt().String()
	case KindUndefined, KindNull:
		return v.kind.String()
	}
	return "[" + v.kind.String() + "]"
}

// numberText is Number.prototype.toString.
func numberText(n float64) string {
	switch {
	case n == 0:
		return "0"
	case math.IsInf(n, 0):
		return map[bool]string{true: "Infinity", false: "-Infinity"}[n > 0]
	case math.Abs(n) >= 1e21 || math.Abs(n) < 1e-6:
		text := strconv.FormatFloat(n, 'e', -1, 64)
		// Go writes at least two digits of exponent.
		text = strings.Replace(text, "e+0", "e+", 1)
		text = strings.Replace(text, "e-0", "e-", 1)
		return text
	}
	return strconv.FormatFloat(n, 'f', -1, 64)
}

// Any is the value as a plain Go value: nil for null, [Undefined] for undefined, bool, float64, string, *big.Int,
// *Object for objects and functions, *Symbol. For deep copies see [Value.Unmarshal].
func (v Value) Any() any {
	switch v.kind {
	case KindNull:
		return nil
	case KindBoolean:
		return v.num != 0
	case KindNumber:
		return v.num
	case KindString:
		if v.obj != nil {
			return v // text would lose the lone surrogates
		}
		return v.text
	case KindBigInt:
		return v.BigInt()
	case KindSymbol:
		return v.Symbol()
	case KindObject, KindFunction:
		return v.obj
	}
	return Undefined
}

// ToString is JavaScript's String(value): toString and valueOf of an object run.
func (v Value) ToString(ctx context.Context) (string, error) {
	if v.kind == KindString {
		return v.text, nil
	}
	if v.obj == nil {
		return v.String(), nil
	}
	f := newFrame()
	defer f.release()
	if err := f.begin(ctx); err != nil {
		return "", err
	}
	status := C.jsvm_go_value_to_string(f.c, v.obj.ptr())
	runtime.KeepAlive(v.obj)
	if err := f.check(status, v.obj.ctx); err != nil {
		return "", err
	}
	return f.take(v.obj.ctx).text, nil
}

// ToNumber is JavaScript's +value: valueOf and toString of an object run.
func (v Value) ToNumber(ctx context.Context) (float64, error) {
	switch {
	case v.kind == KindNumber || v.kind == KindBoolean || v.kind == KindNull:
		return v.num, nil
	case v.kind == KindUndefined:
		return math.NaN(), nil
	case v.kind == KindBigInt:
		return 0, TypeError("Cannot convert a BigInt value to a number")
	case v.obj == nil:
		return stringToNumber(v.text), nil
	}
	f := newFrame()
	defer f.release()
	if err := f.begin(ctx); err != nil {
		return 0, err
	}
	status := C.jsvm_go_value_to_number(f.c, v.obj.ptr())
	runtime.KeepAlive(v.obj)
	if err := f.check(status, v.obj.ctx); err != nil {
		return 0, err
	}
	return float64(f.c.number), nil
}

// take makes a Value of an output slot, whose parts it takes: the slot owns nothing afterwards.
func take(s *slot, ctx *Context) Value {
	v := Value{kind: Kind(s.kind), num: s.number}
	switch v.kind {
	case KindString, KindBigInt:
		v.text = s.text()
		if s.flags&C.JSVM_FLAG_LOSSY != 0 {
			v.obj = newObject(ctx, C.jsvm_value_clone(s.value()), KindString, 0)
		}
		if s.flags&C.JSVM_FLAG_OWNED != 0 {
			C.jsvm_slot_clear(s.c())
		}
	case KindSymbol, KindObject, KindFunction:
		v.obj = newObject(ctx, s.value(), v.kind, s.flags)
	}
	*s = slot{}
	return v
}

// take is the result of the frame's call.
func (f *frame) take(ctx *Context) Value { return take(slotOf(&f.c.result), ctx) }

// borrow makes a Value of a slot that stays somebody else's.
func borrow(s *slot, ctx *Context) Value {
	v := Value{kind: Kind(s.kind), num: s.number}
	switch v.kind {
	case KindString, KindBigInt:
		v.text = s.text()
	}
	if s.handle != 0 {
		v.obj = newObject(ctx, C.jsvm_value_clone(s.value()), v.kind, s.flags)
	}
	return v
}

// bigOf reads little-endian two's complement.
func bigOf(text string) *big.Int {
	n := new(big.Int)
	if len(text) == 0 {
		return n
	}
	bytes := []byte(text)
	slices.Reverse(bytes)
	n.SetBytes(bytes)
	if bytes[0]&0x80 != 0 {
		n.Sub(n, new(big.Int).Lsh(big.NewInt(1), uint(8*len(bytes))))
	}
	return n
}

// bigBytes writes little-endian two's complement.
func bigBytes(n *big.Int) []byte {
	if n.Sign() == 0 {
		return nil
	}
	size := n.BitLen()/8 + 1
	bytes := make([]byte, size)
	if n.Sign() > 0 {
		n.FillBytes(bytes)
	} else {
		new(big.Int).Add(n, new(big.Int).Lsh(big.NewInt(1), uint(8*size))).FillBytes(bytes)
	}
	slices.Reverse(bytes)
	return bytes
}

// As is the value of a call as a Go type: n, err := jsvm.As[int](ctx.Eval(goctx, "6 * 7")). See [Value.Unmarshal].
func As[T any](v Value, err error) (T, error) {
	var result T
	if err == nil {
		err = v.Unmarshal(background, &result)
	}
	return result, err
}

// Equal is JavaScript's ===.
func (v Value) Equal(other Value) (bool, error) {
	if v.kind != other.kind {
		return false, nil
	}
	if v.obj == nil || other.obj == nil {
		// A string with lone surrogates equals none without.
		return v.obj == nil && other.obj == nil && v.num == other.num && v.text == other.text, nil
	}
	f := newFrame()
	defer f.release()
	status := C.jsvm_value_strict_equals(v.obj.ptr(), other.obj.ptr(), &f.c.flag, &f.c.error)
	runtime.KeepAlive(v.obj)
	runtime.KeepAlive(other.obj)
	if err := f.check(status, v.obj.ctx); err != nil {
		return false, err
	}
	return bool(f.c.flag), nil
}

// Symbol is a JavaScript symbol.
type Symbol struct{ h *Object }

// Description is the symbol's description; undefined if it has none.
func (s *Symbol) Description() (Value, error) {
	f := newFrame()
	defer f.release()
	status := C.jsvm_symbol_description(s.h.ptr(), &f.c.result, &f.c.error)
	runtime.KeepAlive(s)
	if err := f.check(status, s.h.ctx); err != nil {
		return Value{}, err
	}
	return f.take(s.h.ctx), nil
}

// Close gives the symbol's handle up.
func (s *Symbol) Close() { s.h.Close() }

// NewSymbol makes a symbol. JavaScript: Symbol(description).
func (c *Context) NewSymbol(description string) (*Symbol, error) {
	f := newFrame()
	defer f.release()
	text, n := source(description)
	status := C.jsvm_symbol_new(c.iso.ptr(), text, n, f.valueOut(), &f.c.error)
	return f.symbol(status, c)
}

// SymbolFor is the symbol that all contexts of the isolate share under a key. JavaScript: Symbol.for(key).
func (c *Context) SymbolFor(key string) (*Symbol, error) {
	f := newFrame()
	defer f.release()
	text, n := source(key)
	status := C.jsvm_symbol_for(c.iso.ptr(), text, n, f.valueOut(), &f.c.error)
	return f.symbol(status, c)
}

func (f *frame) symbol(status C.jsvm_status, c *Context) (*Symbol, error) {
	runtime.KeepAlive(c)
	if err := f.check(status, c); err != nil {
		return nil, err
	}
	return &Symbol{newObject(c, (*C.jsvm_value)(f.c.handle), KindSymbol, 0)}, nil
}

// StringUTF16 makes a string of code units, exactly: lone surrogates stay.
func (c *Context) StringUTF16(units []uint16) (Value, error) {
	f := newFrame()
	defer f.release()
	var data *C.uint16_t
	if len(units) > 0 {
		data = (*C.uint16_t)(unsafe.Pointer(&units[0]))
	}
	status := C.jsvm_string_new_utf16(c.iso.ptr(), data, C.size_t(len(units)), f.valueOut(), &f.c.error)
	runtime.KeepAlive(c)
	if err := f.check(status, c); err != nil {
		return Value{}, err
	}
	value := (*C.jsvm_value)(f.c.handle)
	f.owned = append(f.owned, value)
	if err := f.check(C.jsvm_value_to_slot(value, &f.c.result, &f.c.error), c); err != nil {
		return Value{}, err
	}
	return f.take(c), nil
}

// Handle makes a live handle of any value, so that a primitive can be kept as an object is. See [Value.Object] for what
// has one already.
func (c *Context) Handle(v any) (*Object, error) {
	f := newFrame()
	defer f.release()
	s, err := f.put(c, v)
	if err != nil {
		return nil, err
	}
	status := C.jsvm_value_new(c.iso.ptr(), f.slots[s].c(), f.valueOut(), &f.c.error)
	runtime.KeepAlive(c)
	if err := f.check(status, c); err != nil {
		return nil, err
	}
	p := (*C.jsvm_value)(f.c.handle)
	return newObject(c, p, Kind(C.jsvm_value_kind(p)), uint32(C.jsvm_value_flags(p))), nil
}

func (f *frame) valueOut() **C.jsvm_value { return (**C.jsvm_value)(unsafe.Pointer(&f.c.handle)) }

var _ fmt.Stringer = Value{}
