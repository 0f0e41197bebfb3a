package main

import "C" // for isoc23.c

import (
	"bytes"
	"fmt"

	"github.com/tommie/v8go"
)

// contents are the memory of a SharedArrayBuffer: the only bytes that v8go knows.
func (i *isolate) contents(code string) (*v8go.Value, error) {
	value, err := i.ctx.RunScript(code, "bytes.js")
	if err != nil {
		return nil, err
	}
	defer value.Release()
	return value.Object().Get("buffer")
}

func (i *isolate) BytesIn(bytes []byte) error {
	buffer, err := i.contents(fmt.Sprintf("given = new Uint8Array(new SharedArrayBuffer(%d))", len(bytes)))
	if err != nil {
		return err
	}
	defer buffer.Release()
	memory, release, err := buffer.SharedArrayBufferGetContents()
	if err != nil {
		return err
	}
	defer release()
	copy(memory, bytes)
	return nil
}

func (i *isolate) BytesOut(code string) (func() ([]byte, error), error) {
	borrow, err := i.Borrow(code)
	return func() (out []byte, err error) {
		err = borrow(func(memory []byte) { out = bytes.Clone(memory) })
		return out, err
	}, err
}

func (i *isolate) Borrow(code string) (func(use func([]byte)) error, error) {
	buffer, err := i.contents(code)
	return func(use func([]byte)) error {
		memory, release, err := buffer.SharedArrayBufferGetContents()
		if err != nil {
			return err
		}
		defer release()
		use(memory)
		return nil
	}, err
}
