// Goroutines: several that share one isolate, and several with an isolate each.
//
// Any goroutine may call into any isolate, without any preparation. In one isolate only one runs at a time: the others wait
// their turn, first come, first served. For JavaScript in parallel, take several isolates.
package main

import (
	"context"
	"errors"
	"fmt"
	"log"
	"sync"

	"jsvm"
)

const (
	goroutines = 4
	rounds     = 500
)

func main() {
	log.SetFlags(0)
	ctx := context.Background()
	if err := shared(ctx); err != nil {
		log.Fatal(err)
	}
	if err := parallel(ctx); err != nil {
		log.Fatal(err)
	}
}

// each runs work in goroutines, and waits for all of them.
func each(work func(n int) error) error {
	var group sync.WaitGroup
	errs := make([]error, goroutines)
	for n := range goroutines {
		group.Add(1)
		go func() {
			defer group.Done()
			errs[n] = work(n)
		}()
	}
	group.Wait()
	return errors.Join(errs...)
}

func shared(ctx context.Context) error {
	iso, err := jsvm.NewIsolate(nil)
	if err != nil {
		return err
	}
	defer iso.Close()
	js, err := iso.Main()
	if err != nil {
		return err
	}
	if _, err := js.Eval(ctx, "var total = 0"); err != nil {
		return err
	}
	if err := each(func(int) error {
		for range rounds {
			// One call is one turn: no other goroutine comes between the read and the write.
			if _, err := js.Eval(ctx, "total += 1"); err != nil {
				return err
			}
			// Do makes one turn of several calls.
			if err := iso.Do(ctx, func() error {
				total, err := jsvm.As[int](js.Get(ctx, "total"))
				if err != nil {
					return err
				}
				return js.Set(ctx, "total", total+1)
			}); err != nil {
				return err
			}
		}
		return nil
	}); err != nil {
		return err
	}
	total, err := js.Get(ctx, "total")
	fmt.Printf("%d goroutines counted to %v in one isolate\n", goroutines, total)
	return err
}

func parallel(ctx context.Context) error {
	results := make([]int, goroutines)
	if err := each(func(n int) error {
		iso, err := jsvm.NewIsolate(nil)
		if err != nil {
			return err
		}
		defer iso.Close()
		js, err := iso.Main()
		if err != nil {
			return err
		}
		results[n], err = jsvm.As[int](js.Eval(ctx,
			fmt.Sprintf("const fib = (n) => n < 2 ? n : fib(n - 1) + fib(n - 2); fib(%d)", 20+n)))
		return err
	}); err != nil {
		return err
	}
	for n, result := range results {
		fmt.Printf("goroutine %d, isolate of its own: fib(%d) = %d\n", n, 20+n, result)
	}
	return nil
}
