package jsvm

/*
#include "shim.h"
*/
import "C"

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"runtime/cgo"
	"unsafe"
)

// Func is a host function as it is: it gets the call, and what it returns is marshalled. Other Go funcs are called by
// reflection, which takes longer.
type Func = func(call *Call) (any, error)

// FunctionOptions of [Context.NewFunctionWith]. Zero is the default of every field.
type FunctionOptions struct {
	// Name and Length are the function's; a Go func's number of parameters is the default Length.
	Name   string
	Length int
	// IsConstructor: it may be called by new.
	IsConstructor bool
}

// Call is what a host function is given. It is of no use after the function has returned; what its methods gave is.
type Call struct {
	c     *C.jsvm_call
	frame *C.jsvm_go_frame
	ctx   *Context
}

// ended is said of a Call that is used too late.
func (c *Call) check() {
	if c.c == nil {
		panic("jsvm: a Call is used after its host function has returned")
	}
}

// Len is how many arguments there are.
func (c *Call) Len() int {
	c.check()
	return int(c.c.argc)
}

func (c *Call) slot(i int) *slot {
	c.check()
	if i < 0 || i >= int(c.c.argc) {
		return nil
	}
	return slotOf((*C.jsvm_slot)(unsafe.Add(unsafe.Pointer(c.c.args), uintptr(i)*C.sizeof_jsvm_slot)))
}

// Arg is an argument; undefined if there is none.
func (c *Call) Arg(i int) Value {
	if s := c.slot(i); s != nil {
		return borrow(s, c.ctx)
	}
	return Value{}
}

// Args are the arguments.
func (c *Call) Args() []Value {
	args := make([]Value, c.Len())
	for i := range args {
		args[i] = c.Arg(i)
	}
	return args
}

// This is the call's this.
func (c *Call) This() Value {
	c.check()
	var s C.jsvm_slot
	if C.jsvm_call_this(c.c, &s, nil) != C.JSVM_STATUS_OK {
		return Value{}
	}
	return take(slotOf(&s), c.ctx)
}

// NewTarget is the call's new.target: undefined unless it came by new.
func (c *Call) NewTarget() Value {
	c.check()
	var s C.jsvm_slot
	if C.jsvm_call_new_target(c.c, &s, nil) != C.JSVM_STATUS_OK {
		return Value{}
	}
	return take(slotOf(&s), c.ctx)
}

// IsConstruct says whether it was called by new: This is the new object, which an object that is returned replaces.
func (c *Call) IsConstruct() bool {
	c.check()
	return bool(c.c.is_construct_call)
}

// JS is the context of the function: where to make what it returns.
func (c *Call) JS() *Context { return c.ctx }

// Context is the context.Context of the call of Go that runs the guest.
func (c *Call) Context() context.Context {
	c.check()
	return contextOf(c.frame)
}

func contextOf(frame *C.jsvm_go_frame) context.Context {
	if frame != nil && frame.context != 0 {
		return cgo.Handle(frame.context).Value().(context.Context)
	}
	return background
}

// hostFunction is the Go side of a function.
type hostFunction struct {
	home *home
	raw  Func
}

// NewFunction makes a JavaScript function of a Go func: a [Func] as it is; any other func by reflection.
//
// The latter's parameters are made of the arguments as [Value.Unmarshal] does, missing ones are zero; a *[Call] or a
// context.Context may come first. Its result is marshalled; a last result of type error is thrown if it is not nil. With
// more results they become an array.
//
// An error that a host function returns is thrown as an Error, as a TypeError and so on if it is an [Exception] with
// such a name, and comes out of JavaScript as an Exception in which errors.Is finds it. A panic stops the guest and goes on
// in the goroutine that called.
func (c *Context) NewFunction(fn any) (*Object, error) { return c.NewFunctionWith(fn, nil) }

// NewFunctionWith is NewFunction with options.
func (c *Context) NewFunctionWith(fn any, options *FunctionOptions) (*Object, error) {
	p, err := c.newFunction(options, fn)
	if err != nil {
		return nil, err
	}
	return newObject(c, p, KindFunction, 0), nil
}

func (c *Context) newFunction(options *FunctionOptions, fn any) (*C.jsvm_value, error) {
	raw, length, err := rawFunc(fn)
	if err != nil {
		return nil, err
	}
	f := newFrame()
	defer f.release()
	o := C.jsvm_function_options{struct_size: C.sizeof_jsvm_function_options, length: C.uint32_t(length)}
	if options != nil {
		if options.Length < 0 {
			return nil, misuse("options: the length is negative")
		}
		o.name = f.str(options.Name)
		o.is_constructor = C.bool(options.IsConstructor)
		if options.Length != 0 {
			o.length = C.uint32_t(options.Length)
		}
	}
	handle := cgo.NewHandle(&hostFunction{weakly(c), raw})
	status := C.jsvm_go_function_new(f.c, c.ptr(), &o, C.uintptr_t(handle))
	runtime.KeepAlive(c)
	if err := f.check(status, c); err != nil {
		return nil, err
	}
	return (*C.jsvm_value)(f.c.handle), nil
}

//export jsvmGoFunction
func jsvmGoFunction(userdata C.uintptr_t, frame *C.jsvm_go_frame, c *C.jsvm_call, result *C.jsvm_slot) C.uint32_t {
	fn := cgo.Handle(userdata).Value().(*hostFunction)
	ctx := fn.home.get(func() *C.jsvm_context {
		if C.jsvm_call_context(c, (**C.jsvm_context)(unsafe.Pointer(&result.handle)), nil) != C.JSVM_STATUS_OK {
			return nil
		}
		p := (*C.jsvm_context)(unsafe.Pointer(result.handle))
		result.handle = nil
		return p
	})
	if ctx == nil {
		return C.JSVM_STATUS_TERMINATED // the isolate is closed
	}
	call := &Call{c, frame, ctx}
	defer func() { call.c, call.frame = nil, nil }()
	return guarded(frame, func() C.uint32_t {
		value, err := fn.raw(call)
		if err == nil {
			err = answer(result, ctx, value)
		}
		status := C.uint32_t(C.JSVM_STATUS_OK)
		if err != nil {
			status = throw(result, ctx, err)
		}
		call.own(slotOf(result))
		return status
	})
}

// own gives back what libjsvm would not take: the handle of an argument, which stays the call's.
func (c *Call) own(result *slot) {
	if result.handle == 0 {
		return
	}
	for i := range c.Len() {
		if c.slot(i).handle == result.handle {
			C.jsvm_value_free(result.value())
			return
		}
	}
}

// answer writes a Go value as a host function's result.
func answer(result *C.jsvm_slot, ctx *Context, v any) error {
	s := slotOf(result)
	switch v := v.(type) {
	case nil:
		s.kind = C.JSVM_KIND_NULL
		return nil
	case UndefinedType:
		return nil
	case bool:
		s.setBool(v)
		return nil
	case float64:
		s.setNumber(v)
		return nil
	case int:
		if -maxSafe <= v && v <= maxSafe {
			s.setNumber(float64(v))
			return nil
		}
	case string:
		return setText(result, v)
	case Value:
		if setResult(result, v) {
			return nil
		}
	case *Object:
		if v != nil && setResult(result, Value{kind: v.kind, obj: v}) {
			return nil
		}
	}
	made, err := ctx.Marshal(v)
	if err == nil && made.kind == KindBigInt {
		// A bigint's bytes would have to outlive the function: it goes as a handle.
		made.obj, err = ctx.Handle(made)
	}
	if err != nil {
		return err
	}
	if made.obj != nil {
		defer made.obj.Close()
	}
	if !setResult(result, made) {
		return misuse("value: it cannot be returned")
	}
	return nil
}

func setText(result *C.jsvm_slot, text string) error {
	data, n := source(text)
	if status := C.jsvm_slot_set_string(result, data, n); status != C.JSVM_STATUS_OK {
		return &Error{Status: Status(status), Message: "result: a string that is not UTF-8"}
	}
	return nil
}

// setResult writes a Value as a result; false if it cannot be.
func setResult(result *C.jsvm_slot, v Value) bool {
	s := slotOf(result)
	switch {
	case v.obj != nil:
		p := C.jsvm_value_clone(v.obj.ptr())
		runtime.KeepAlive(v.obj)
		if p == nil {
			return false
		}
		*s = slot{kind: uint32(v.kind), handle: uintptr(unsafe.Pointer(p))}
	case v.kind == KindString:
		return setText(result, v.text) == nil
	case v.kind == KindBigInt:
		return false
	default:
		*s = slot{kind: uint32(v.kind), number: v.num}
	}
	return true
}

// Async makes a host function of one that takes its time: JavaScript gets a promise, and the function runs in a goroutine
// of its own, with the arguments' copies. The promise is settled with what it returns, while somebody awaits it or
// runs tasks. The context.Context has the values of the caller's and not its end.
func Async(work func(ctx context.Context, args []Value) (any, error)) Func {
	return func(call *Call) (any, error) {
		promise, resolver, err := call.JS().NewPromise()
		if err != nil {
			return nil, err
		}
		ctx, args := context.WithoutCancel(call.Context()), call.Args()
		go func() {
			defer resolver.Close()
			value, err := work(ctx, args)
			if err == nil {
				err = resolver.Resolve(value)
			}
			if err != nil && !errors.Is(err, ErrDisposed) {
				// It fails only where nobody is left to hear of it.
				_ = resolver.Reject(err)
			}
		}()
		return promise, nil
	}
}

// String describes the call.
func (c *Call) String() string {
	if c.c == nil {
		return "call that has returned"
	}
	return fmt.Sprintf("call with %d arguments", c.Len())
}
