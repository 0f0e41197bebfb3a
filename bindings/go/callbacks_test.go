package jsvm

import (
	"os"
	"os/exec"
	"runtime"
	"strings"
	"testing"
	"time"
)

// caught is what work panics with.
func caught(work func()) (value any) {
	defer func() { value = recover() }()
	work()
	return nil
}

func TestCallbackPanics(t *testing.T) {
	c := open(t)
	iso := c.Isolate()
	has(t, iso.RequestInterrupt(nil), "not nil")
	alive := func(what string, value any) {
		t.Helper()
		if value != what {
			t.Errorf("%v, not %s", value, what)
		}
		if v, err := c.Eval(bg, "1 + 1"); err != nil || v.Float64() != 2 {
			t.Error(v, err)
		}
		done := make(chan error)
		go func() { _, err := c.Eval(bg, "2"); done <- err }()
		select {
		case err := <-done:
			ok(t, err)
		case <-time.After(10 * time.Second):
			t.Fatal("another goroutine cannot enter the isolate")
		}
	}
	ok(t, iso.RequestInterrupt(func() { panic("interrupt") }))
	alive("interrupt", caught(func() { _, _ = c.Eval(bg, "for (;;);") }))

	ok(t, iso.SetUnhandledRejection(func(*Object, Value) { panic("rejection") }))
	alive("rejection", caught(func() { _, _ = c.Eval(bg, "Promise.reject(1)") }))
	ok(t, iso.SetUnhandledRejection(nil))

	ok(t, c.Install(PartConsole, &InstallOptions{Stdout: panicking{}}))
	alive("no ink", caught(func() { _, _ = c.Eval(bg, "console.log(1); for (;;);") }))
}

// A panic that no call of Go's can go on with ends the process, also where somebody would recover from it.
func TestCallbackCrash(t *testing.T) {
	if what := os.Getenv("JSVM_TEST_CRASH"); what != "" {
		c := open(t)
		_ = caught(func() {
			if what == "wakeup" {
				_ = c.Isolate().SetWakeup(func() { panic("ouch") })
				_, r, _ := c.NewPromise()
				_ = r.Resolve(1)
			} else {
				_ = c.Set(bg, "f", func() { runtime.Goexit() })
				_, _ = c.Eval(bg, "f()")
			}
		})
		os.Exit(0)
	}
	for what, message := range map[string]string{"wakeup": "a callback panicked, and no call of Go's is there to go on with it: ouch",
		"goexit": "runtime.Goexit (as of testing.T.FailNow) in a host function"} {
		command := exec.Command(os.Args[0], "-test.run=^TestCallbackCrash$")
		command.Env = append(os.Environ(), "JSVM_TEST_CRASH="+what)
		out, err := command.CombinedOutput()
		if err == nil || !strings.Contains(string(out), "panic: jsvm: "+message) {
			t.Errorf("%s: %v\n%s", what, err, out)
		}
	}
}
