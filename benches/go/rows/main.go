package rows

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
)

// Answer is what an engine's program prints.
type Answer struct {
	// Value is what a turn of the row takes; nil where the engine cannot do it. Empty is what an empty cgo call takes.
	Value *float64 `json:"value"`
	Empty float64  `json:"empty"`
}

// Main is an engine's program: it measures the row that is its argument.
func Main(open Opener) {
	if len(os.Args) != 2 {
		fail(errors.New("one argument: the row's name"))
	}
	for _, row := range List {
		if row.Name != os.Args[1] {
			continue
		}
		var answer Answer
		value, err := row.measure(open)
		if err == nil {
			answer.Value = &value
			answer.Empty, err = emptyCall()
		} else if errors.Is(err, errUnsupported) {
			err = nil
		}
		if err != nil {
			fail(err)
		}
		if err := json.NewEncoder(os.Stdout).Encode(answer); err != nil {
			fail(err)
		}
		return
	}
	fail(fmt.Errorf("there is no row %q", os.Args[1]))
}

func fail(err error) {
	fmt.Fprintln(os.Stderr, err)
	os.Exit(1)
}
