// Bytes that Go and JavaScript share, without a copy, in both directions: memory of Go's as an ArrayBuffer, and the memory of
// a typed array in Go's hands.
//
// Both sides see what the other one writes, at any time. While another goroutine may run the guest, Go has to expect that
// the bytes change under its eyes: check what was copied out, not what is still shared.
package main

import (
	"context"
	"encoding/binary"
	"fmt"
	"log"
	"math"

	"jsvm"
)

func main() {
	log.SetFlags(0)
	if err := run(context.Background()); err != nil {
		log.Fatal(err)
	}
}

func run(ctx context.Context) error {
	iso, err := jsvm.NewIsolate(nil)
	if err != nil {
		return err
	}
	defer iso.Close()
	js, err := iso.Main()
	if err != nil {
		return err
	}

	// From Go to JavaScript: Shared is not copied, an ordinary []byte is.
	shared, copied := make([]byte, 8), make([]byte, 8)
	if err := js.Set(ctx, "shared", jsvm.Shared(shared)); err != nil {
		return err
	}
	if err := js.Set(ctx, "copied", copied); err != nil {
		return err
	}
	sum, err := js.Eval(ctx, `
		for (let i = 0; i < shared.length; i++) shared[i] = copied[i] = i * i;
		shared.reduce((a, b) => a + b)`)
	if err != nil {
		return err
	}
	fmt.Println("JavaScript wrote squares; their sum is", sum)
	fmt.Println("Go sees:", shared, "and its own", copied)

	// From JavaScript to Go: what the view covers, here without its first two elements.
	value, err := js.Eval(ctx, "const made = Float64Array.of(1, 2, 3, 4, 5); made.subarray(2)")
	if err != nil {
		return err
	}
	borrow, err := value.Object().Borrow()
	// The borrow holds the memory; the value is not needed for it.
	value.Object().Close()
	if err != nil {
		return err
	}
	defer borrow.Close()
	fmt.Println("Go borrowed:", floats(borrow.Bytes()))
	for element := range chunks(borrow.Bytes()) {
		element[7] ^= 0x80 // the sign
	}
	text, err := js.Eval(ctx, "made.join(' ')")
	if err != nil {
		return err
	}
	fmt.Println("JavaScript sees:", text)

	// Copies, as Go's own slices.
	numbers, err := jsvm.As[[]float64](js.Eval(ctx, "made"))
	if err != nil {
		return err
	}
	fmt.Println("Go copied:", numbers)

	iso.Close()
	// A borrow outlives its isolate.
	fmt.Println("Go still has:", floats(borrow.Bytes()))
	return nil
}

// chunks are the bytes of each float64.
func chunks(bytes []byte) func(yield func([]byte) bool) {
	return func(yield func([]byte) bool) {
		for ; len(bytes) >= 8; bytes = bytes[8:] {
			if !yield(bytes[:8]) {
				return
			}
		}
	}
}

func floats(bytes []byte) (list []float64) {
	for element := range chunks(bytes) {
		list = append(list, math.Float64frombits(binary.LittleEndian.Uint64(element)))
	}
	return list
}
