package jsvm

import (
	"context"
	"errors"
	"sync"
	"testing"
	"time"
)

func TestPromises(t *testing.T) {
	c := open(t)
	if v, err := eval(t, c, "(async () => { await null; return 5 })()").Await(bg); v.Float64() != 5 || err != nil {
		t.Error(v, err)
	}
	if v, err := eval(t, c, "7").Await(bg); v.Float64() != 7 || err != nil {
		t.Error(v, err)
	}
	_, err := eval(t, c, "Promise.reject(new TypeError('no'))").Await(bg)
	has(t, err, "TypeError: no")
	promise, resolver, err := c.NewPromise()
	ok(t, err)
	if state, v, err := promise.State(); state != Pending || !v.IsUndefined() || err != nil {
		t.Error(state, v, err)
	}
	time.AfterFunc(10*time.Millisecond, func() { ok(t, resolver.Resolve(map[string]int{"n": 5})) })
	v, err := promise.Await(bg)
	ok(t, err)
	if n, err := As[map[string]int](v, nil); n["n"] != 5 || err != nil {
		t.Error(n, err)
	}
	if err := resolver.Resolve(1); !errors.Is(err, ErrWrongState) {
		t.Error(err)
	}
	if state, _, _ := promise.State(); state != Fulfilled {
		t.Error(state)
	}
	pending, second, err := c.NewPromise()
	ok(t, err)
	ctx, cancel := context.WithTimeout(bg, 20*time.Millisecond)
	defer cancel()
	if _, err := pending.Await(ctx); !errors.Is(err, context.DeadlineExceeded) {
		t.Error(err)
	}
	cause := errors.New("gone")
	ok(t, second.Reject(cause))
	if _, err := pending.Await(bg); !errors.Is(err, cause) {
		t.Error(err)
	}
	abandoned, third, err := c.NewPromise()
	ok(t, err)
	fourth, err := third.Clone()
	ok(t, err)
	third.Close()
	third.Close()
	if err := third.Resolve(1); err == nil {
		t.Error("a closed resolver resolves")
	}
	fourth.Close()
	if _, err := abandoned.Await(bg); err == nil {
		t.Error("nobody settled it")
	}
	if _, err := eval(t, c, "new Promise(() => {})").Await(bg); !errors.Is(err, ErrWrongState) {
		t.Error(err)
	}
	then, err := eval(t, c, "Promise.resolve(20)").Object().Then(bg, func(n int) int { return n + 1 }, nil)
	ok(t, err)
	if result := <-then.Done(bg); result.Err != nil || result.Value.Float64() != 21 {
		t.Error(result)
	}
}

func TestAsync(t *testing.T) {
	c := open(t)
	ok(t, c.Set(bg, "later", Async(func(_ context.Context, args []Value) (any, error) {
		time.Sleep(time.Millisecond)
		if args[0].Float64() < 0 {
			return nil, context.Canceled
		}
		return []float64{args[0].Float64() * 2}, nil
	})))
	v, err := eval(t, c, "(async () => (await Promise.all([1, 2, 3].map(later))).flat().join())()").Await(bg)
	if err != nil || v.String() != "2,4,6" {
		t.Error(v, err)
	}
	if _, err := eval(t, c, "later(-1)").Await(bg); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
	var group sync.WaitGroup
	for range 8 {
		group.Add(1)
		go func() {
			defer group.Done()
			v, err := c.Eval(bg, "later(4)")
			if err == nil {
				v, err = v.Await(bg)
			}
			if err != nil {
				t.Error(err)
			}
			v.Object().Close()
		}()
	}
	group.Wait()
}

func TestTasks(t *testing.T) {
	c := open(t)
	ok(t, c.Install(PartTimers|PartQueueMicrotask, nil))
	woken := make(chan bool, 1)
	ok(t, c.Isolate().SetWakeup(func() {
		select {
		case woken <- true:
		default:
		}
	}))
	eval(t, c, "globalThis.n = 0; setTimeout(() => n++, 5); setTimeout(() => n++, 10)")
	<-woken
	ok(t, c.Isolate().RunLoop(bg))
	if eval(t, c, "n").Float64() != 2 {
		t.Error("the timers have not run")
	}
	ok(t, c.Isolate().SetWakeup(nil))
	rejected := make(chan string, 1)
	ok(t, c.Isolate().SetUnhandledRejection(func(promise *Object, reason Value) { rejected <- reason.String() }))
	eval(t, c, "Promise.reject('why'); 0")
	if why := <-rejected; why != "why" {
		t.Error(why)
	}
	ok(t, c.Isolate().SetUnhandledRejection(nil))
}

func TestHostDrainsMicrotasks(t *testing.T) {
	c := openWith(t, &IsolateOptions{HostDrainsMicrotasks: true})
	eval(t, c, "Promise.resolve().then(() => globalThis.ran = true)")
	if !eval(t, c, "globalThis.ran").IsUndefined() {
		t.Error("they ran by themselves")
	}
	ok(t, c.Isolate().PerformMicrotaskCheckpoint(bg))
	if !eval(t, c, "ran").Bool() {
		t.Error("they have not run")
	}
}
