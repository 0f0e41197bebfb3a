package jsvm

import (
	"context"
	"fmt"
	"os"
	"runtime"
	"strings"
	"testing"
	"time"
)

// bg is the context of calls without limits.
var bg = context.Background()

// TestMain checks at the end, too, that nothing is left alive.
func TestMain(m *testing.M) {
	os.Getenv("JSVM_LIBRARY_STAMP") // go test's cache sees that the result depends on it
	code := m.Run()
	if left := leftAlive(); left != "" && code == 0 {
		fmt.Fprintln(os.Stderr, "live handles at the end:", left)
		code = 1
	}
	os.Exit(code)
}

// leftAlive says which handles are alive after Go's collector has let go of what nobody uses; "" if there are none.
func leftAlive() string {
	left := ""
	for range 200 {
		runtime.GC()
		_ = FlushFinalizers(time.Second)
		left = ""
		for kind, n := range LiveHandles() {
			if n != 0 {
				left += fmt.Sprintf(" %s=%d", kind, n)
			}
		}
		if left == "" {
			return ""
		}
		time.Sleep(5 * time.Millisecond)
	}
	return strings.TrimSpace(left)
}

// open gives a context of a new isolate, and checks at the test's end that its handles are gone.
func open(t testing.TB) *Context {
	t.Helper()
	return openWith(t, nil)
}

func openWith(t testing.TB, options *IsolateOptions) *Context {
	t.Helper()
	t.Cleanup(func() {
		if left := leftAlive(); left != "" {
			t.Errorf("live handles: %s", left)
		}
	})
	iso, err := NewIsolate(options)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(iso.Close)
	ctx, err := iso.Main()
	if err != nil {
		t.Fatal(err)
	}
	return ctx
}

// must is the value of a call that cannot fail: must(t)(call()) reads badly in Go, so it is evaluated by eval and friends.
func eval(t testing.TB, c *Context, code string) Value {
	t.Helper()
	v, err := c.Eval(bg, code)
	if err != nil {
		t.Fatalf("%s: %v", code, err)
	}
	return v
}

func ok(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// has checks that an error is there and says something.
func has(t testing.TB, err error, what string) {
	t.Helper()
	if err == nil || !strings.Contains(err.Error(), what) {
		t.Fatalf("the error is %v, not one with %q", err, what)
	}
}
