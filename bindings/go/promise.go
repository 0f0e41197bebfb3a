package jsvm

/*
#include "shim.h"
*/
import "C"

import (
	"context"
	"runtime"
	"unsafe"
)

// PromiseState is a promise's state.
type PromiseState uint32

// The states.
const (
	Pending   PromiseState = C.JSVM_PROMISE_STATE_PENDING
	Fulfilled PromiseState = C.JSVM_PROMISE_STATE_FULFILLED
	Rejected  PromiseState = C.JSVM_PROMISE_STATE_REJECTED
)

// Resolver is the host's end of a promise. Any goroutine settles it, once.
type Resolver struct {
	owner
	p   *C.jsvm_resolver
	ctx *Context
}

// NewPromise makes a pending promise and the host's end of it.
func (c *Context) NewPromise() (*Object, *Resolver, error) {
	f := newFrame()
	defer f.release()
	status := C.jsvm_promise_new(c.ptr(), f.valueOut(), (**C.jsvm_resolver)(unsafe.Pointer(&f.c.handle2)), &f.c.error)
	runtime.KeepAlive(c)
	if err := f.check(status, c); err != nil {
		return nil, nil, err
	}
	r := &Resolver{p: (*C.jsvm_resolver)(f.c.handle2), ctx: c}
	r.cleanup = runtime.AddCleanup(r, func(p *C.jsvm_resolver) { C.jsvm_resolver_free(p) }, r.p)
	return f.object(c), r, nil
}

func (r *Resolver) ptr() *C.jsvm_resolver {
	if r == nil || r.closed.Load() {
		return nil
	}
	return r.p
}

// Resolve fulfils the promise with a value, or has it follow another promise. It does not wait for the isolate, unless
// the value has to be made there: objects, slices, funcs. JavaScript learns of it in the next call that runs it.
func (r *Resolver) Resolve(value any) error {
	f := newFrame()
	defer f.release()
	at, err := f.put(r.ctx, value)
	if err != nil {
		return err
	}
	status := C.jsvm_resolver_resolve(r.ptr(), f.slots[at].c(), &f.c.error)
	runtime.KeepAlive(r)
	return f.check(status, r.ctx)
}

// Reject rejects the promise: an error becomes an Error, other values are the reason.
func (r *Resolver) Reject(reason any) error {
	f := newFrame()
	defer f.release()
	at, err := f.put(r.ctx, reason)
	if err != nil {
		return err
	}
	status := C.jsvm_resolver_reject(r.ptr(), f.slots[at].c(), &f.c.error)
	runtime.KeepAlive(r)
	return f.check(status, r.ctx)
}

// Clone is a second owner of the same resolver.
func (r *Resolver) Clone() (*Resolver, error) {
	p := C.jsvm_resolver_clone(r.ptr())
	runtime.KeepAlive(r)
	if p == nil {
		return nil, r.ctx.iso.ended(misuse("resolver: it is closed"))
	}
	clone := &Resolver{p: p, ctx: r.ctx}
	clone.cleanup = runtime.AddCleanup(clone, func(p *C.jsvm_resolver) { C.jsvm_resolver_free(p) }, p)
	return clone, nil
}

// Close gives the resolver up. A promise that was not settled is rejected with an Error.
func (r *Resolver) Close() {
	if r.close() {
		C.jsvm_resolver_free(r.p)
	}
}

// Await runs tasks and waits until the promise settles: its value is the result, what it was rejected with an
// Exception. A value that is no promise is the result itself. JavaScript: await.
func (v Value) Await(ctx context.Context) (Value, error) {
	if v.obj == nil || !v.obj.Is(FlagPromise) {
		return v, nil
	}
	return v.obj.Await(ctx)
}

// Await is [Value.Await] of a promise.
func (o *Object) Await(ctx context.Context) (Value, error) {
	if o == nil {
		return Value{}, errNotObject
	}
	f := newFrame()
	defer f.release()
	if err := f.begin(ctx); err != nil {
		return Value{}, err
	}
	status := C.jsvm_go_promise_await(f.c, o.ptr())
	runtime.KeepAlive(o)
	if err := f.check(status, o.ctx); err != nil {
		return Value{}, err
	}
	return f.take(o.ctx), nil
}

// Result is what a promise came to.
type Result struct {
	Value Value
	Err   error
}

// Done awaits the promise in a goroutine of its own, and sends what it came to. The channel has room for it: nobody has
// to receive.
func (o *Object) Done(ctx context.Context) <-chan Result {
	done := make(chan Result, 1)
	go func() {
		v, err := o.Await(ctx)
		done <- Result{v, err}
	}()
	return done
}

// State is a promise's state, with its value or reason. No JavaScript runs.
func (o *Object) State() (PromiseState, Value, error) {
	f := newFrame()
	defer f.release()
	status := C.jsvm_promise_result(o.ptr(), (*C.jsvm_promise_state)(unsafe.Pointer(&f.c.word)), &f.c.result, &f.c.error)
	runtime.KeepAlive(o)
	if err := f.check(status, o.ctx); err != nil {
		return 0, Value{}, err
	}
	return PromiseState(f.c.word), f.take(o.ctx), nil
}

// Then has functions called when the promise settles, Go funcs or functions; one may be nil. It gives the promise of what
// they return.
func (o *Object) Then(ctx context.Context, onFulfilled, onRejected any) (*Object, error) {
	f, err := o.use(ctx, onFulfilled, onRejected)
	if err != nil {
		return nil, err
	}
	defer f.release()
	status := C.jsvm_go_promise_then(f.c, o.ptr(), f.slots[0].value(), f.slots[1].value())
	runtime.KeepAlive(o)
	if err := f.check(status, o.ctx); err != nil {
		return nil, err
	}
	return f.object(o.ctx), nil
}

type rejectionHandler struct {
	home     *home
	callback func(promise *Object, reason Value)
}
