package jsvm

import (
	"context"
	"errors"
	"testing"
	"time"
)

func TestEval(t *testing.T) {
	c := open(t)
	if v := eval(t, c, "1 + 1"); v.Float64() != 2 {
		t.Fatal(v)
	}
	if v := eval(t, c, "'a' + 'b'.repeat(3000)"); len(v.String()) != 3001 {
		t.Fatal(v)
	}
	_, err := c.Eval(bg, "null.x")
	var e *Exception
	if !errors.As(err, &e) || e.Name != "TypeError" {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(bg, 50*time.Millisecond)
	defer cancel()
	_, err = c.Eval(ctx, "for(;;){}")
	if !errors.Is(err, context.DeadlineExceeded) || !errors.Is(err, ErrTimeout) {
		t.Fatal(err)
	}
}
