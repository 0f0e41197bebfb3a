package jsvm

import "testing"

// What Go has let go of without Close does not fill the isolate.
func TestForgottenObjects(t *testing.T) {
	c := openWith(t, &IsolateOptions{HeapLimit: 192 << 20, BufferLimit: 192 << 20})
	for i := range 400 {
		if _, err := c.Eval(bg, "new Array(1e5).fill(1.5)"); err != nil {
			t.Fatal("array", i, err)
		}
	}
	for i := range 400 {
		if _, err := c.Eval(bg, "(() => new Uint8Array(1 << 20).fill(1))()"); err != nil {
			t.Fatal("buffer", i, err)
		}
	}
}
