package jsvm

/*
#include "shim.h"
*/
import "C"

import (
	"fmt"
	"runtime/cgo"
	"runtime/debug"
	"weak"
)

// guarded runs a callback. A panic in it stops the guest; the call that came in by the frame goes on with it.
func guarded(frame *C.jsvm_go_frame, work func() C.uint32_t) (status C.uint32_t) {
	ended := false
	defer func() {
		if ended {
			return
		}
		value := recover()
		if value == nil {
			crash("runtime.Goexit (as of testing.T.FailNow) in a host function")
		}
		if frame == nil {
			crash(fmt.Sprintf("a callback panicked, and no call of Go's is there to go on with it: %v", value))
		}
		if frame.panic != 0 {
			cgo.Handle(frame.panic).Delete()
		}
		frame.panic = C.uintptr_t(cgo.NewHandle(value))
		status = C.JSVM_STATUS_TERMINATED
	}()
	status = work()
	ended = true
	return status
}

// crash ends the process. C's and JavaScript's frames cannot be left like Go's, and somebody might recover from a panic
// here: so it is in a goroutine of its own.
func crash(message string) {
	stack := debug.Stack()
	go panic(fmt.Sprintf("jsvm: %s\n\n%s", message, stack))
	select {}
}

// notifier is a callback without arguments. A panic in it ends what runs in the isolate, if there is one.
type notifier struct {
	callback func()
	iso      weak.Pointer[Isolate]
}

//export jsvmGoNotify
func jsvmGoNotify(userdata C.uintptr_t, frame *C.jsvm_go_frame) {
	n := cgo.Handle(userdata).Value().(*notifier)
	guardedIn(n.iso, frame, n.callback)
}

// guardedIn runs a callback that cannot say by its result that the run is to end.
func guardedIn(iso weak.Pointer[Isolate], frame *C.jsvm_go_frame, work func()) {
	status := guarded(frame, func() C.uint32_t {
		work()
		return C.JSVM_STATUS_OK
	})
	if i := iso.Value(); i != nil && status != C.JSVM_STATUS_OK {
		_ = i.Terminate()
	}
}

//export jsvmGoRejection
func jsvmGoRejection(userdata C.uintptr_t, frame *C.jsvm_go_frame, promise *C.jsvm_value, reason *C.jsvm_slot) {
	handler := cgo.Handle(userdata).Value().(*rejectionHandler)
	ctx := handler.home.get(func() *C.jsvm_context { return nil })
	if ctx == nil {
		return // the isolate was let go of, or is closed
	}
	// No run is there to end: the isolate was left.
	guardedIn(weak.Pointer[Isolate]{}, frame, func() {
		handler.callback(newObject(ctx, C.jsvm_value_clone(promise), KindObject, C.JSVM_FLAG_PROMISE), borrow(slotOf(reason), ctx))
	})
}
