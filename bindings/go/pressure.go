package jsvm

import (
	"runtime"
	"sync/atomic"
	"time"
)

// Go's collector knows the size of a handle, and not that of what it keeps in JavaScript: left alone it would let a heap fill
// with arrays that no Go code can reach any more. So it is started when an isolate is half full.
type pressure struct {
	bufferLimit int
	// When to look again, in nanoseconds of started; and whether somebody looks.
	next    atomic.Int64
	looking atomic.Bool
}

var started = time.Now()

const (
	lookEach = time.Millisecond
	// Of the time at most a fifth goes into collections of this kind.
	rest = 4
)

// keeps is told of each new handle of an object.
func (i *Isolate) keeps() {
	if now := int64(time.Since(started)); now > i.next.Load() && i.looking.CompareAndSwap(false, true) {
		// Who made the object need not wait for the isolate, in which others may be.
		go i.look()
	}
}

func (i *Isolate) look() {
	defer i.looking.Store(false)
	pause := lookEach
	_ = i.Do(WithLimits(background, Limits{Timeout: time.Second}), func() error {
		stats, err := i.HeapStatistics()
		if err == nil && (stats.UsedHeapSize > stats.HeapSizeLimit/2 || stats.BufferMemory > i.bufferLimit/2) {
			begin := time.Now()
			runtime.GC()
			pause = max(pause, rest*time.Since(begin))
		}
		return err
	})
	i.next.Store(int64(time.Since(started) + pause))
}
