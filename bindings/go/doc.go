// Package jsvm runs JavaScript: V8 with Node's node:vm, as Go has things.
//
//	iso, err := jsvm.NewIsolate(nil)
//	defer iso.Close()
//	js, err := iso.Main()
//	n, err := jsvm.As[int](js.Eval(ctx, "6 * 7"))
//
// An [Isolate] is one JavaScript heap with its limits; a [Context] in it is a global object with its builtins. What comes
// out of JavaScript is a [Value]: primitives are in it, objects and functions are live ([Object]), and Unmarshal copies
// them into Go values, as encoding/json would. What goes in is any Go value: see [Context.Marshal].
//
// # Limits
//
// Calls that can run JavaScript take a context.Context, whose deadline or cancellation ends them wherever they are. The
// error says why: errors.Is(err, context.DeadlineExceeded), context.Canceled, [ErrTimeout], [ErrCancelled]. [WithLimits] adds
// CPU time and SIGINT, [IsolateOptions] have the memory's. Afterwards the isolate can be used again. Without limits a guest may
// run for ever.
//
// # Errors and panics
//
// What the guest threw is an [Exception]; what stopped it, or could not be done, an [Error]. An error that a Go func returns
// is thrown in JavaScript, and where nobody catches it there errors.Is and errors.As find it again. A panic of a Go func
// stops the guest and goes on in the goroutine that called. runtime.Goexit, and so testing.T.FailNow, must not be called in one.
//
// # Goroutines
//
// Any goroutine may use anything at any time. In one isolate one runs, the others wait; for JavaScript in parallel
// take several isolates. In a Go func that JavaScript calls, the goroutine is in the isolate: it must not wait for another one that
// needs it. [Isolate.Do] holds the isolate for many small calls, which are then quicker.
//
// # Lifetimes
//
// Handles are released by Close, or else by Go's collector. A value that JavaScript holds and that refers back to its isolate or
// context, mostly a Go func, is a circle through two collectors: Isolate.Close opens it. So close isolates.
//
// # Linking
//
// The package links libjsvm: by pkg-config, or with the build tag jsvm_tree and CGO_LDFLAGS that say where
// it is. See the README.
package jsvm
