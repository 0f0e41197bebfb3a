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
	"strings"
	"unsafe"
)

// Status is what a call that failed came to. It is an error: errors.Is finds it in an [Error] and an [Exception].
type Status uint32

// What errors.Is can be asked for. The texts are jsvm.h's.
const (
	// ErrException: the guest threw, or its source does not compile.
	ErrException Status = C.JSVM_STATUS_EXCEPTION
	// ErrTimeout: the time was over, that of Limits or that of the context.Context.
	ErrTimeout Status = C.JSVM_STATUS_TIMEOUT
	// ErrCPUTime: the CPU time of Limits was used up.
	ErrCPUTime Status = C.JSVM_STATUS_CPU_TIME
	// ErrInterrupted: a SIGINT arrived and Limits had BreakOnSigint.
	ErrInterrupted Status = C.JSVM_STATUS_INTERRUPTED
	// ErrCancelled: the context.Context was cancelled.
	ErrCancelled Status = C.JSVM_STATUS_CANCELLED
	// ErrTerminated: Isolate.Terminate, or process.exit.
	ErrTerminated Status = C.JSVM_STATUS_TERMINATED
	// ErrOutOfMemory: the heap limit was reached. The isolate can be used again.
	ErrOutOfMemory Status = C.JSVM_STATUS_OUT_OF_MEMORY
	// ErrInvalidArgument: an argument is wrong, or was closed.
	ErrInvalidArgument Status = C.JSVM_STATUS_INVALID_ARGUMENT
	// ErrWrongIsolate: a value belongs to another isolate.
	ErrWrongIsolate Status = C.JSVM_STATUS_WRONG_ISOLATE
	// ErrWrongState: the object is not in a state in which this can be done.
	ErrWrongState Status = C.JSVM_STATUS_WRONG_STATE
	// ErrBusy: waiting would never end.
	ErrBusy Status = C.JSVM_STATUS_BUSY
	// ErrDisposed: the isolate was closed.
	ErrDisposed Status = C.JSVM_STATUS_DISPOSED
	// ErrUnsupported: this build, machine or process cannot do it.
	ErrUnsupported Status = C.JSVM_STATUS_UNSUPPORTED
	// ErrForked: this process is a fork of one in which V8 had started.
	ErrForked Status = C.JSVM_STATUS_FORKED
	// ErrPanic: a bug of libjsvm.
	ErrPanic Status = C.JSVM_STATUS_PANIC
)

// Error is the status as a word.
func (s Status) Error() string {
	return "jsvm: " + strings.ToLower(strings.ReplaceAll(C.GoString(C.jsvm_status_name(C.uint32_t(s))), "_", " "))
}

// Frame is a frame of a JavaScript stack.
type Frame struct {
	// Function is "" for top-level code and functions without a name.
	Function string
	// Filename is the script's name.
	Filename string
	// Line and Column count from 1; 0 is unknown.
	Line, Column int
	// IsEval: code of eval. IsConstructor: called by new. IsWasm: WebAssembly.
	IsEval, IsConstructor, IsWasm bool
}

// Place is where in JavaScript something happened. What is unknown is "" or 0.
type Place struct {
	// Stack is "Name: message" and a line for each frame, as JavaScript's stack.
	Stack string
	// Frames is the stack, innermost first.
	Frames []Frame
	// Filename is the script, Line and Column (from 1) the place in it, SourceLine the text of the line.
	Filename     string
	Line, Column int
	SourceLine   string
	// Arrow is "file:line", the line and carets under the place: what Node prints above a stack.
	Arrow string
}

// Exception is what the guest threw. errors.Is and errors.As go on to the error of the host function that it
// came from, and to its cause.
type Exception struct {
	// Name is "TypeError" and so on; "" for a thrown value that is no error.
	Name string
	// Message is the error's message, or the thrown value as text.
	Message string
	// Code is Node's code, or the error's own; "" if there is none.
	Code string
	// Cause is the error's cause, or nil.
	Cause error
	Place
	thrown Value
	guest  bool
	host   error
}

// Error is "Name: message".
func (e *Exception) Error() string {
	switch {
	case e.Name == "":
		return e.Message
	case e.Message == "":
		return e.Name
	}
	return e.Name + ": " + e.Message
}

// Value is what was thrown; undefined for an Exception that Go made.
func (e *Exception) Value() Value { return e.thrown }

// Unwrap gives ErrException, the host function's error and the cause.
func (e *Exception) Unwrap() []error {
	list := []error{ErrException}
	if e.host != nil {
		list = append(list, e.host)
	}
	if e.Cause != nil {
		list = append(list, e.Cause)
	}
	return list
}

// TypeError is an error that a host function returns to throw a TypeError.
func TypeError(format string, args ...any) error {
	return &Exception{Name: "TypeError", Message: fmt.Sprintf(format, args...)}
}

// RangeError is an error that a host function returns to throw a RangeError.
func RangeError(format string, args ...any) error {
	return &Exception{Name: "RangeError", Message: fmt.Sprintf(format, args...)}
}

// Error is a call that was stopped or could not be made. errors.Is finds its status, and the context's error if
// that is why.
type Error struct {
	// Status is what it came to.
	Status Status
	// Message says what went wrong; for misuse it begins with the argument's name.
	Message string
	// Code is Node's code, such as "ERR_SCRIPT_EXECUTION_TIMEOUT", or "".
	Code string
	Place
	cause error
}

// Error is the message.
func (e *Error) Error() string {
	if e.Message == "" {
		return e.Status.Error()
	}
	return "jsvm: " + e.Message
}

// Unwrap gives the status, and the error of the context.Context that ended the call.
func (e *Error) Unwrap() []error {
	if e.cause != nil {
		return []error{e.Status, e.cause}
	}
	return []error{e.Status}
}

func misuse(format string, args ...any) error {
	return &Error{Status: ErrInvalidArgument, Message: fmt.Sprintf(format, args...)}
}

// cancelled is the error of a call that its context.Context ended.
func cancelled(ctx context.Context) error {
	e := &Error{Status: ErrCancelled, cause: ctx.Err(), Message: "the call was cancelled: " + ctx.Err().Error()}
	if cause := context.Cause(ctx); cause != nil && !errors.Is(cause, e.cause) {
		e.cause = fmt.Errorf("%w: %w", e.cause, cause)
	}
	if errors.Is(e.cause, context.DeadlineExceeded) {
		e.Status = ErrTimeout
	}
	return e
}

// failed makes the error of a call out of its status and what libjsvm said, which it releases.
func (f *frame) failed(status C.jsvm_status, ctx *Context) error {
	c := f.c.error
	f.c.error = nil
	if c == nil {
		return &Error{Status: Status(status)}
	}
	defer C.jsvm_error_free(c)
	if status == C.JSVM_STATUS_OUT_OF_MEMORY {
		runtime.GC() // it may be full of what Go has let go of
	}
	if status == C.JSVM_STATUS_EXCEPTION {
		return exception(c, ctx)
	}
	var read C.jsvm_go_error
	C.jsvm_go_error_read(c, &read)
	e := &Error{Status: Status(status), Message: optional(read.message), Code: optional(read.code), Place: place(c, &read)}
	if e.Status == ErrInvalidArgument && strings.HasSuffix(e.Message, "NULL") {
		// That is what Go's nil is for C, and what was closed.
		e.Message = strings.TrimSuffix(e.Message, "NULL") + "nil or closed"
	}
	if status == C.JSVM_STATUS_CANCELLED && f.ctx != nil && f.ctx.Err() != nil {
		why := cancelled(f.ctx).(*Error)
		e.Status, e.cause, e.Message = why.Status, why.cause, why.Message
	}
	return e
}

func exception(c *C.jsvm_error, ctx *Context) error {
	var read C.jsvm_go_error
	C.jsvm_go_error_read(c, &read)
	e := &Exception{Name: optional(read.name), Message: optional(read.message), Code: optional(read.code), Place: place(c, &read)}
	if read.host_error != 0 {
		e.host, _ = cgo.Handle(read.host_error).Value().(error)
	}
	if read.cause != nil {
		e.Cause = exception(read.cause, ctx)
	}
	var thrown C.jsvm_slot
	if ctx != nil && C.jsvm_error_exception(c, &thrown) == C.JSVM_STATUS_OK {
		e.thrown, e.guest = take(slotOf(&thrown), ctx), true
	}
	return e
}

func place(c *C.jsvm_error, read *C.jsvm_go_error) Place {
	p := Place{
		Stack:      optional(read.stack),
		Filename:   optional(read.filename),
		Line:       int(read.line),
		Column:     int(read.column),
		SourceLine: optional(read.source_line),
		Arrow:      optional(read.arrow),
	}
	if read.frame_count > 0 {
		p.Frames = make([]Frame, read.frame_count)
	}
	for i := range p.Frames {
		var frame C.jsvm_frame
		if C.jsvm_error_frame(c, C.size_t(i), &frame) == C.JSVM_STATUS_OK {
			p.Frames[i] = Frame{optional(frame.function), optional(frame.filename), int(frame.line), int(frame.column),
				bool(frame.is_eval), bool(frame.is_constructor), bool(frame.is_wasm)}
		}
	}
	return p
}

// optional is C's string; "" for NULL.
func optional(s *C.char) string {
	if s == nil {
		return ""
	}
	return C.GoString(s)
}

// throw writes what a host function throws into its result: the JavaScript error that an error is, or one that is
// made for it and knows it.
func throw(result *C.jsvm_slot, ctx *Context, err error) C.uint32_t {
	// What a nested call threw is thrown on, and not an error about it.
	if e, ok := err.(*Exception); ok && e.guest && (e.thrown.obj == nil || e.thrown.obj.ctx.iso == ctx.iso) &&
		setResult(result, e.thrown) {
		return C.JSVM_STATUS_EXCEPTION
	}
	value, failed := ctx.newError(err)
	if failed != nil {
		var e *Error
		if errors.Is(failed, ErrDisposed) {
			return C.JSVM_STATUS_TERMINATED // the guest is stopped, and is to catch nothing
		}
		if errors.As(failed, &e) {
			return C.uint32_t(e.Status)
		}
		return C.JSVM_STATUS_WRONG_STATE
	}
	*slotOf(result) = slot{kind: C.JSVM_KIND_OBJECT, handle: uintptr(unsafe.Pointer(value))}
	return C.JSVM_STATUS_EXCEPTION
}

// newError makes a JavaScript error that knows the Go error it stands for.
func (c *Context) newError(err error) (*C.jsvm_value, error) {
	class, message, code := C.uint32_t(C.JSVM_EXCEPTION_CLASS_ERROR), err.Error(), ""
	var e *Exception
	var own *Error
	switch {
	case errors.As(err, &e):
		if err == error(e) {
			message = e.Message
		}
		code = e.Code
		switch e.Name {
		case "TypeError":
			class = C.JSVM_EXCEPTION_CLASS_TYPE_ERROR
		case "RangeError":
			class = C.JSVM_EXCEPTION_CLASS_RANGE_ERROR
		case "ReferenceError":
			class = C.JSVM_EXCEPTION_CLASS_REFERENCE_ERROR
		case "SyntaxError":
			class = C.JSVM_EXCEPTION_CLASS_SYNTAX_ERROR
		}
	case errors.As(err, &own):
		code = own.Code
	}
	f := newFrame()
	defer f.release()
	text, textLen := source(strings.ToValidUTF8(message, "\uFFFD"))
	var codeText *C.char
	var codeLen C.size_t
	if code != "" {
		codeText, codeLen = source(strings.ToValidUTF8(code, "\uFFFD"))
	}
	if failed := f.check(C.jsvm_exception_new(c.ptr(), class, text, textLen, codeText, codeLen,
		(**C.jsvm_value)(unsafe.Pointer(&f.c.handle)), &f.c.error), c); failed != nil {
		return nil, failed
	}
	value := (*C.jsvm_value)(f.c.handle)
	handle := cgo.NewHandle(err)
	if failed := f.check(C.jsvm_go_exception_set_userdata(f.c, value, C.uintptr_t(handle)), c); failed != nil {
		C.jsvm_value_free(value)
		return nil, failed
	}
	return value, nil
}
