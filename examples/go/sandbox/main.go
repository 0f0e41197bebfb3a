// Runs code that nobody has looked at, with limits. Each guest ends in a way of its own, and the program goes on.
//
// What this does not protect from: a fault of V8 itself, and the few operations to which V8 answers by ending the
// process. docs/SECURITY.md lists them. For hostile code, put the process in a sandbox of the operating system too.
package main

import (
	"context"
	"errors"
	"fmt"
	"log"
	"time"

	"jsvm"
)

type guest struct {
	title, source string
	timeout       time.Duration
	cpuTime       time.Duration
	// cancelAfter is when the host no longer wants it.
	cancelAfter time.Duration
}

const spin = "function spin() { for (;;) {} } spin()"

var guests = []guest{
	{title: "well behaved", source: "[3, 1, 2].sort().join()", timeout: 10 * time.Second},
	{title: "endless loop", source: spin, timeout: 100 * time.Millisecond},
	// Microtasks run within the call and its limits: a promise does not outlive them.
	{title: "endless promises", source: "(async () => { for (;;) await null; })()", timeout: 100 * time.Millisecond},
	{title: "endless getter", source: "JSON.stringify({ get trap() { for (;;) {} } })", timeout: 100 * time.Millisecond},
	// The clock of the thread: other work on a busy machine does not count.
	{title: "much CPU time", source: spin, cpuTime: 100 * time.Millisecond},
	{title: "user went away", source: spin, cancelAfter: 50 * time.Millisecond},
	{title: "growing array", source: "function grow() { const all = []; for (;;) all.push({}); } grow()"},
	{title: "growing map",
		source: "function grow() { const all = new Map(); for (let i = 0;; i++) all.set(i, [i]); } grow()"},
	// These limits are ordinary JavaScript errors, which the guest may catch.
	{title: "growing string", source: "let text = 'x'; for (;;) text += text"},
	{title: "typed arrays", source: "const all = []; for (;;) all.push(new Uint8Array(1e6))"},
	{title: "deep recursion", source: "function deep() { deep(); } deep()"},
	{title: "code from a string", source: "eval('1 + 1')"},
}

func main() {
	log.SetFlags(0)
	for _, guest := range guests {
		if err := guest.run(context.Background()); err != nil {
			log.Fatal(err)
		}
	}
}

// outcome says how a call ended, as a program would ask.
func outcome(err error) string {
	var thrown *jsvm.Exception
	switch {
	case err == nil:
		return "OK"
	case errors.Is(err, context.DeadlineExceeded):
		return "DeadlineExceeded"
	case errors.Is(err, context.Canceled):
		return "Canceled"
	case errors.Is(err, jsvm.ErrCPUTime):
		return "ErrCPUTime"
	case errors.Is(err, jsvm.ErrOutOfMemory):
		return "ErrOutOfMemory"
	case errors.As(err, &thrown):
		return "Exception"
	}
	return "another error"
}

func (g *guest) run(ctx context.Context) error {
	// An isolate for each guest: guests in one isolate share its memory limit. It takes about a millisecond.
	iso, err := jsvm.NewIsolate(&jsvm.IsolateOptions{HeapLimit: 64 << 20, BufferLimit: 64 << 20})
	if err != nil {
		return err
	}
	defer iso.Close()
	js, err := iso.NewContext(&jsvm.ContextOptions{DisallowStrings: true, DisallowWasm: true})
	if err != nil {
		return err
	}

	limited, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	if g.timeout > 0 {
		limited, cancel = context.WithTimeout(limited, g.timeout)
		defer cancel()
	}
	if g.cpuTime > 0 {
		limited = jsvm.WithLimits(limited, jsvm.Limits{CPUTime: g.cpuTime})
	}
	if g.cancelAfter > 0 {
		// Any goroutine may cancel, at any time.
		time.AfterFunc(g.cancelAfter, cancel)
	}
	value, failed := js.Eval(limited, g.source)
	fmt.Printf("%-20s %-17s", g.title, outcome(failed))
	if failed != nil {
		fmt.Print(failed)
	} else {
		fmt.Print(value)
	}
	// A stopped guest leaves its stack: where it was at that moment.
	var stopped *jsvm.Error
	if errors.As(failed, &stopped) && len(stopped.Frames) > 0 && stopped.Frames[0].Function != "" {
		fmt.Printf(" (in %s)", stopped.Frames[0].Function)
	}

	// The isolate that the guest used up works on.
	if value, err = js.Eval(ctx, "6 * 7"); err != nil {
		return err
	}
	fmt.Printf("; then 6 * 7 is %v\n", value)
	return nil
}
