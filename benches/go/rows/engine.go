// Package rows is the work that each engine's program does, and how it is measured.
package rows

import "time"

// Isolate is an engine's: a heap of its own with one context. In Go's words, so that each engine does a piece of work in
// the way that is its best.
type Isolate interface {
	// Eval evaluates code whose value is a number.
	Eval(code string) (float64, error)
	// Function is the function that code evaluates to, ready to be called.
	Function(code string) (func(a, b float64) (float64, error), error)
	// Host defines a global function of Go's.
	Host(name string, f func(x float64) float64) error
	// Out evaluates code once; the func copies its value into what target points to: an any, structs or a map.
	Out(code string) (func(target any) error, error)
	// In gives the global variable `given` a copy of a Go value.
	In(value any) error
	// JSONOut evaluates code once; the func gives the JSON text of its value.
	JSONOut(code string) (func() (string, error), error)
	// JSONIn gives the global variable `given` the value of JSON text.
	JSONIn(text string) error
	// Kill runs code that does not end, until the time is over. It is an error if it ended otherwise.
	Kill(code string, after time.Duration) error
	Close()
}

// Holder is an Isolate that one goroutine can hold for many calls.
type Holder interface {
	Hold(work func() error) error
}

// AnyHost is an Isolate that takes any Go func as a host function.
type AnyHost interface {
	HostAny(name string, f any) error
}

// Buffers is an Isolate that knows Go's bytes.
type Buffers interface {
	// BytesIn gives the global variable `given` a Uint8Array with a copy of Go's bytes.
	BytesIn(bytes []byte) error
	// BytesOut evaluates code to a Uint8Array once; the func gives a copy of its bytes.
	BytesOut(code string) (func() ([]byte, error), error)
	// Borrow evaluates code to a Uint8Array once; the func has its memory used, without a copy.
	Borrow(code string) (func(use func([]byte)) error, error)
}

// Sharer is an Isolate that gives JavaScript Go's own memory.
type Sharer interface {
	// Share gives the global variable `given` a Uint8Array over Go's bytes.
	Share(bytes []byte) error
}

// Opener makes an isolate. It stays the same in all rounds.
type Opener func() (Isolate, error)
