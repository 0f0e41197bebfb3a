package rows

import (
	"fmt"
	"sync"
	"time"
)

// Row is a piece of work.
type Row struct {
	Name string
	// Bytes: it measures memory, and not nanoseconds.
	Bytes bool
	// Peers is the most that libjsvm may take, as a part of what the peers on V8 take; Goja the same for goja, Empty in empty cgo
	// calls. 0 is no target.
	Peers, Goja, Empty float64

	// measure gives what a turn takes; errUnsupported where the engine cannot do it.
	measure func(open Opener) (float64, error)
}

var errUnsupported = fmt.Errorf("unsupported")

const (
	loopCalls   = 1000
	bufferBytes = 16 << 20
	deadline    = 20 * time.Millisecond
	isolates    = 50
)

// List is all rows.
var List = []Row{
	{Name: "start: isolate, context, 1+1, close", Peers: 1, measure: start},
	{Name: "eval of 1+1", Peers: 1, measure: in(evalSum)},
	{Name: "call with two numbers", Peers: 1, Empty: 12, measure: in(call)},
	{Name: "call with two numbers, isolate held", Peers: 1, measure: in(heldCall)},
	{Name: "a callback", Peers: 1, Empty: 12, measure: in(callback)},
	{Name: "a callback of any Go func", measure: in(anyCallback)},
	{Name: "1 MB of data out, to maps and slices", Peers: 1. / 3, Goja: 1, measure: in(out(new(any), records()))},
	{Name: "1 MB of data out, to structs", Peers: 1. / 3, Goja: 1, measure: in(out(new([]Record), records()))},
	{Name: "1 MB of data in, of maps and slices", Peers: 1, Goja: 1, measure: in(into(plain(records())))},
	{Name: "1 MB of data in, of structs", Peers: 1, Goja: 1, measure: in(into(records()))},
	{Name: "1 MB of JSON text out", Peers: 1, Goja: 1, measure: in(jsonOut)},
	{Name: "1 MB of JSON text in", Peers: 1, Goja: 1, measure: in(jsonIn)},
	{Name: "a map of 1,000 keys out", Peers: 1, Goja: 1, measure: in(out(new(map[string]int), keys()))},
	{Name: "a map of 1,000 keys in", Peers: 1, Goja: 1, measure: in(into(keys()))},
	{Name: "16 MB of bytes out, copied", Peers: 1, measure: in(bytesOut)},
	{Name: "16 MB of bytes in, copied", Peers: 1, measure: in(bytesIn)},
	{Name: "16 MB of bytes out, not copied", Peers: 1, measure: in(borrow)},
	{Name: "16 MB of bytes in, not copied", Peers: 1, measure: in(share)},
	{Name: "a loop is killed: time after the deadline", Peers: 1, measure: in(kill)},
	{Name: "fib(25) in two isolates at once", Peers: 1, Goja: 1, measure: parallel(fib)},
	{Name: "a call in each of two isolates at once", Peers: 1, measure: parallel(addition)},
	{Name: "memory of an isolate", Bytes: true, Peers: 1, measure: memory},
}

// in is a row whose work is done in one isolate.
func in(measure func(iso Isolate) (float64, error)) func(open Opener) (float64, error) {
	return func(open Opener) (float64, error) {
		iso, err := open()
		if err != nil {
			return 0, err
		}
		defer iso.Close()
		return measure(iso)
	}
}

// is checks a number that came out.
func is(want float64, got float64, err error) error {
	if err == nil && got != want {
		err = fmt.Errorf("%v came out, and not %v", got, want)
	}
	return err
}

func start(open Opener) (float64, error) {
	return each(cpu, repeat(func() error {
		iso, err := open()
		if err != nil {
			return err
		}
		defer iso.Close()
		sum, err := iso.Eval("1+1")
		return is(2, sum, err)
	}))
}

func evalSum(iso Isolate) (float64, error) {
	return each(cpu, repeat(func() error {
		sum, err := iso.Eval("1+1")
		return is(2, sum, err)
	}))
}

func call(iso Isolate) (float64, error) {
	turn, err := addition(iso)
	if err != nil {
		return 0, err
	}
	return each(cpu, repeat(turn))
}

// heldCall is the same many times: those that cannot hold an isolate have no better way than call.
func heldCall(iso Isolate) (float64, error) {
	turn, err := addition(iso)
	if err != nil {
		return 0, err
	}
	work := repeat(turn)
	if holder, able := iso.(Holder); able {
		work = func(n int) error { return holder.Hold(func() error { return repeat(turn)(n) }) }
	}
	return each(cpu, work)
}

func addition(iso Isolate) (func() error, error) {
	f, err := iso.Function("(a, b) => a + b")
	return func() error {
		sum, err := f(1.5, 2)
		return is(3.5, sum, err)
	}, err
}

func callback(iso Isolate) (float64, error) {
	if err := iso.Host("host", func(x float64) float64 { return x + 1 }); err != nil {
		return 0, err
	}
	return callbacks(iso)
}

func anyCallback(iso Isolate) (float64, error) {
	host, able := iso.(AnyHost)
	if !able {
		return 0, errUnsupported
	}
	if err := host.HostAny("host", func(x int) int { return x + 1 }); err != nil {
		return 0, err
	}
	return callbacks(iso)
}

func callbacks(iso Isolate) (float64, error) {
	f, err := iso.Function("(n, sum) => { for (let i = 0; i < n; i++) sum += host(i); return sum; }")
	if err != nil {
		return 0, err
	}
	ns, err := each(cpu, repeat(func() error {
		sum, err := f(loopCalls, 0)
		return is(loopCalls*(loopCalls+1)/2, sum, err)
	}))
	return ns / loopCalls, err
}

func out(target, value any) func(iso Isolate) (float64, error) {
	return func(iso Isolate) (float64, error) {
		copyOut, err := iso.Out("(" + text(value) + ")")
		if err != nil {
			return 0, err
		}
		ns, err := each(cpu, repeat(func() error { return copyOut(target) }))
		if err != nil {
			return 0, err
		}
		return ns, sameData(target, value)
	}
}

func into(value any) func(iso Isolate) (float64, error) {
	return func(iso Isolate) (float64, error) {
		ns, err := each(cpu, repeat(func() error { return iso.In(value) }))
		if err != nil {
			return 0, err
		}
		return ns, sameGiven(iso, value)
	}
}

func jsonOut(iso Isolate) (float64, error) {
	data := text(records())
	stringify, err := iso.JSONOut("(" + data + ")")
	if err != nil {
		return 0, err
	}
	return each(cpu, repeat(func() error {
		got, err := stringify()
		if err == nil && got != data {
			err = fmt.Errorf("other JSON came out")
		}
		return err
	}))
}

func jsonIn(iso Isolate) (float64, error) {
	value := records()
	data := text(value)
	ns, err := each(cpu, repeat(func() error { return iso.JSONIn(data) }))
	if err != nil {
		return 0, err
	}
	return ns, sameGiven(iso, value)
}

// guestBytes makes the Uint8Array that goes out.
var guestBytes = fmt.Sprintf("const made = new Uint8Array(new (globalThis.SharedArrayBuffer ?? ArrayBuffer)(%d)); made[7] = 7; made[made.length - 1] = 9; made", bufferBytes)

func checkBytes(got []byte) error {
	if len(got) != bufferBytes || got[7] != 7 || got[bufferBytes-1] != 9 {
		return fmt.Errorf("other bytes came out")
	}
	return nil
}

func hostBytes() []byte {
	made := make([]byte, bufferBytes)
	made[7], made[bufferBytes-1] = 7, 9
	return made
}

func checkGivenBytes(iso Isolate) error {
	got, err := iso.Eval("given.length + given[7] + given[given.length - 1]")
	return is(bufferBytes+16, got, err)
}

func bytesOut(iso Isolate) (float64, error) {
	buffers, able := iso.(Buffers)
	if !able {
		return 0, errUnsupported
	}
	copyOut, err := buffers.BytesOut(guestBytes)
	if err != nil {
		return 0, err
	}
	return each(cpu, repeat(func() error {
		got, err := copyOut()
		if err != nil {
			return err
		}
		return checkBytes(got)
	}))
}

func borrow(iso Isolate) (float64, error) {
	buffers, able := iso.(Buffers)
	if !able {
		return 0, errUnsupported
	}
	use, err := buffers.Borrow(guestBytes)
	if err != nil {
		return 0, err
	}
	return each(cpu, repeat(func() (err error) {
		if failed := use(func(got []byte) { err = checkBytes(got) }); failed != nil {
			return failed
		}
		return err
	}))
}

func bytesIn(iso Isolate) (float64, error) {
	buffers, able := iso.(Buffers)
	if !able {
		return 0, errUnsupported
	}
	host := hostBytes()
	ns, err := each(cpu, repeat(func() error { return buffers.BytesIn(host) }))
	if err != nil {
		return 0, err
	}
	return ns, checkGivenBytes(iso)
}

func share(iso Isolate) (float64, error) {
	sharer, able := iso.(Sharer)
	if !able {
		return 0, errUnsupported
	}
	host := hostBytes()
	ns, err := each(cpu, repeat(func() error { return sharer.Share(host) }))
	if err != nil {
		return 0, err
	}
	return ns, checkGivenBytes(iso)
}

func kill(iso Isolate) (float64, error) {
	var times []float64
	for range 9 {
		start := wall()
		if err := iso.Kill("for (;;);", deadline); err != nil {
			return 0, err
		}
		times = append(times, float64(wall()-start-deadline))
	}
	sum, err := iso.Eval("1+1")
	return median(times), is(2, sum, err)
}

func fib(iso Isolate) (func() error, error) {
	f, err := iso.Function("function fib(n) { return n < 2 ? n : fib(n - 1) + fib(n - 2); } fib")
	return func() error {
		got, err := f(25, 0)
		return is(75025, got, err)
	}, err
}

// parallel is a row in which two goroutines do the work, each in an isolate of its own. By the clock: it is how long both take.
func parallel(prepare func(iso Isolate) (func() error, error)) func(open Opener) (float64, error) {
	return func(open Opener) (float64, error) {
		var turns [2]func() error
		for i := range turns {
			iso, err := open()
			if err != nil {
				return 0, err
			}
			defer iso.Close()
			if turns[i], err = prepare(iso); err != nil {
				return 0, err
			}
		}
		return each(wall, func(n int) error {
			var group sync.WaitGroup
			var errs [len(turns)]error
			for i, turn := range turns {
				group.Add(1)
				go func() {
					defer group.Done()
					errs[i] = repeat(turn)(n)
				}()
			}
			group.Wait()
			if errs[0] != nil {
				return errs[0]
			}
			return errs[1]
		})
	}
}

func memory(open Opener) (float64, error) {
	first, err := open() // what the process needs once does not count
	if err != nil {
		return 0, err
	}
	defer first.Close()
	before, err := resident()
	if err != nil {
		return 0, err
	}
	for range isolates {
		iso, err := open()
		if err != nil {
			return 0, err
		}
		defer iso.Close()
		sum, err := iso.Eval("1+1")
		if err := is(2, sum, err); err != nil {
			return 0, err
		}
	}
	after, err := resident()
	return (after - before) / isolates, err
}
