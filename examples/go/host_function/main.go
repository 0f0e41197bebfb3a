// Go funcs that JavaScript calls: one that returns a value or an error, and one that works in a goroutine of its own
// while JavaScript goes on, and gives its result through a promise.
package main

import (
	"context"
	"errors"
	"fmt"
	"log"
	"strings"
	"time"

	"jsvm"
)

// ErrNothing comes back out of JavaScript as itself.
var ErrNothing = errors.New("nothing to shout")

// shout takes its time. Its arguments are copies: it runs when the call is long over.
func shout(_ context.Context, args []jsvm.Value) (any, error) {
	if len(args) != 1 || args[0].Kind() != jsvm.KindString {
		return nil, jsvm.TypeError("shout() takes a string")
	}
	time.Sleep(20 * time.Millisecond)
	if args[0].String() == "" {
		return nil, ErrNothing
	}
	return strings.ToUpper(args[0].String()), nil
}

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

	// Any Go func will do: arguments become its parameters, or a TypeError. No lock: one goroutine runs in an isolate at a time.
	calls := 0
	if err := js.Set(ctx, "hypotSquared", func(x, y float64) float64 {
		calls++
		return x*x + y*y
	}); err != nil {
		return err
	}
	// A Func sees the call itself, and costs no reflection.
	if err := js.Set(ctx, "count", jsvm.Func(func(call *jsvm.Call) (any, error) {
		return call.Len(), nil
	})); err != nil {
		return err
	}
	if err := js.Set(ctx, "shout", jsvm.Async(shout)); err != nil {
		return err
	}

	evaluate(ctx, js, "hypotSquared(3, 4)")
	evaluate(ctx, js, "[1, 2, 3].map((x) => hypotSquared(x, 0)).join()")
	evaluate(ctx, js, "hypotSquared('3', 4)")
	evaluate(ctx, js, "try { hypotSquared({}, 4) } catch (error) { `caught a ${error.name}` }")
	fmt.Println("hypotSquared was called", calls, "times")
	evaluate(ctx, js, "count('a', undefined, {})")

	evaluate(ctx, js, "shout(42)")
	evaluate(ctx, js, "shout('hello')")
	evaluate(ctx, js, "Promise.all(['one', 'two', 'three'].map((word) => shout(word))).then((all) => all.join())")
	evaluate(ctx, js, "shout('')")
	evaluate(ctx, js, "shout('').catch((reason) => `caught: ${reason}`)")
	return nil
}

func evaluate(ctx context.Context, js *jsvm.Context, source string) {
	fmt.Println(source)
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	value, err := js.Eval(ctx, source)
	if err == nil {
		// Runs what JavaScript has to do until a promise settles, and sleeps in between. Other values are the result.
		value, err = value.Await(ctx)
	}
	switch {
	case errors.Is(err, ErrNothing):
		fmt.Println("  Go's own error:", err)
	case err != nil:
		fmt.Println(" ", err)
	default:
		fmt.Println(" ", value)
	}
}
