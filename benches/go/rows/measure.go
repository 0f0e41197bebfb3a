package rows

// static void empty(void) {}
import "C"

import (
	"os"
	"runtime"
	"runtime/debug"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"
	"unsafe"
)

// cpu is the time that all threads of the process have worked: other programs run on the machine, and what V8's and Go's
// own threads do counts.
func cpu() time.Duration {
	const processCPUTime = 2
	var now syscall.Timespec
	syscall.Syscall(syscall.SYS_CLOCK_GETTIME, processCPUTime, uintptr(unsafe.Pointer(&now)), 0)
	return time.Duration(now.Nano())
}

func wall() time.Duration { return time.Since(started) }

var started = time.Now()

const (
	// batch is how long a piece of work is repeated between two looks at the clock.
	batch = 5 * time.Millisecond
	// long is how long a row is measured.
	long = 250 * time.Millisecond
)

// each is what one turn of the work takes, in nanoseconds: the median of the batches. work does n turns.
func each(clock func() time.Duration, work func(n int) error) (float64, error) {
	n := 1
	for {
		start := clock()
		if err := work(n); err != nil {
			return 0, err
		}
		if clock()-start >= batch {
			break
		}
		n *= 2
	}
	var times []float64
	for begin := time.Now(); len(times) < 5 || time.Since(begin) < long; {
		start := clock()
		if err := work(n); err != nil {
			return 0, err
		}
		times = append(times, float64(clock()-start)/float64(n))
	}
	return median(times), nil
}

// repeat makes the work of one turn the work of n.
func repeat(turn func() error) func(n int) error {
	return func(n int) error {
		for range n {
			if err := turn(); err != nil {
				return err
			}
		}
		return nil
	}
}

// emptyCall is what a call of a C function that does nothing takes.
func emptyCall() (float64, error) {
	return each(cpu, repeat(func() error { C.empty(); return nil }))
}

func median(values []float64) float64 {
	slices.Sort(values)
	return values[len(values)/2]
}

// resident is the process's memory in bytes.
func resident() (float64, error) {
	runtime.GC()
	debug.FreeOSMemory()
	statm, err := os.ReadFile("/proc/self/statm")
	if err != nil {
		return 0, err
	}
	pages, err := strconv.Atoi(strings.Fields(string(statm))[1])
	return float64(pages * os.Getpagesize()), err
}
