package jsvm

import (
	"runtime"
	"sync/atomic"
)

// owner is what every handle has: it is released once, by Close or by Go's collector.
type owner struct {
	cleanup runtime.Cleanup
	closed  atomic.Bool
}

func (o *owner) close() bool {
	if o.closed.Swap(true) {
		return false
	}
	o.cleanup.Stop()
	return true
}
