package jsvm

/*
#include "shim.h"
*/
import "C"

import (
	"context"
	"time"
)

var background = context.Background()

// Limits of calls that carry a context of [WithLimits], besides the context's own end. The clocks start at the call:
// a wait for a busy isolate counts, and so do host functions. 0 is no limit; a negative one is over before the call.
type Limits struct {
	// Timeout ends the call with ErrTimeout; rounded up to milliseconds.
	Timeout time.Duration
	// CPUTime of the thread ends the call with ErrCPUTime; rounded up to milliseconds.
	CPUTime time.Duration
	// BreakOnSigint has a SIGINT (Ctrl-C) end the call with ErrInterrupted. Go's own signal.Notify sees none meanwhile.
	BreakOnSigint bool
}

type limitsKey struct{}

// WithLimits is a context whose calls have limits.
func WithLimits(parent context.Context, limits Limits) context.Context {
	return context.WithValue(parent, limitsKey{}, limits)
}

func (l Limits) put(options *C.jsvm_run_options) {
	options.timeout_ms = milliseconds(l.Timeout)
	options.cpu_time_ms = milliseconds(l.CPUTime)
	options.break_on_sigint = C.bool(l.BreakOnSigint)
}

// milliseconds rounds up: what is not nothing is no "no limit".
func milliseconds(d time.Duration) C.uint64_t {
	if d <= 0 {
		return 0
	}
	return C.uint64_t((d + time.Millisecond - 1) / time.Millisecond)
}
