package jsvm

/*
#include "shim.h"
*/
import "C"

import "runtime/cgo"

//export jsvmGoRejection
func jsvmGoRejection(userdata C.uintptr_t, promise *C.jsvm_value, reason *C.jsvm_slot) {
	handler := cgo.Handle(userdata).Value().(*rejectionHandler)
	ctx := handler.home.get(func() *C.jsvm_context { return nil })
	if ctx == nil {
		return // the isolate was let go of, or is closed
	}
	handler.callback(newObject(ctx, C.jsvm_value_clone(promise), KindObject, C.JSVM_FLAG_PROMISE), borrow(slotOf(reason), ctx))
}
