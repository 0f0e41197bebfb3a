// Evaluates JavaScript; prints what comes out, or what went wrong and where. Then values between JavaScript and Go's types.
package main

import (
	"context"
	"errors"
	"fmt"
	"log"
	"time"

	"jsvm"
)

// A Shape is known to JavaScript by the names of its tags; those of encoding/json would do, too.
type Shape struct {
	Name   string    `js:"name"`
	Width  float64   `js:"width"`
	Height float64   `js:"height,omitempty"`
	Made   time.Time `js:"made"`
}

func main() {
	log.SetFlags(0)
	if err := run(context.Background()); err != nil {
		log.Fatal(err)
	}
}

func run(ctx context.Context) error {
	// The isolate is the heap, with the garbage collector; the context is a global object in it.
	iso, err := jsvm.NewIsolate(nil)
	if err != nil {
		return err
	}
	defer iso.Close()
	js, err := iso.Main()
	if err != nil {
		return err
	}

	for _, source := range []string{
		"6 * 7",
		"var greeting = 'Hello'",
		"`${greeting}, world: ${[1, 2, 3].map((x) => x * x)}`",
		"2n ** 64n",
		"[greeting]",
		"function area(shape) { return shape.width * shape.height; }",
		"area({width: 2, height: 3})",
		"area(null)",
		"let x = ;",
	} {
		evaluate(ctx, js, source)
	}
	return convert(ctx, js)
}

func evaluate(ctx context.Context, js *jsvm.Context, source string) {
	fmt.Println(">", source)
	value, err := js.EvalWith(ctx, source, &jsvm.ScriptOptions{Filename: "example.js"})
	var thrown *jsvm.Exception
	if errors.As(err, &thrown) {
		// The arrow is the source line with carets under the place.
		fmt.Printf("%s%s\n", thrown.Arrow, thrown.Stack)
		return
	}
	if err != nil {
		fmt.Println(err)
		return
	}
	switch v := value.Any().(type) {
	case string:
		fmt.Printf("%q\n", v)
	case *jsvm.Object:
		// Objects stay in JavaScript: this is a live one.
		if v.Is(jsvm.FlagArray) {
			fmt.Println("an array")
		} else {
			fmt.Println("an object")
		}
		v.Close()
	default:
		fmt.Println(value)
	}
}

func convert(ctx context.Context, js *jsvm.Context) error {
	sum, err := jsvm.As[int](js.Eval(ctx, "[1, 2, 3].reduce((a, b) => a + b)"))
	if err != nil {
		return err
	}
	fmt.Println("an int:", sum)

	// A whole value in one call, out ...
	shapes, err := jsvm.As[[]Shape](js.Eval(ctx, "[{name: 'door', width: 1, height: 2, made: new Date(0)}, {name: 'line', width: 3}]"))
	if err != nil {
		return err
	}
	for _, shape := range shapes {
		fmt.Printf("a struct: %+v\n", shape)
	}

	// ... and in.
	if err := js.Set(ctx, "shapes", map[string]Shape{"wall": {Name: "wall", Width: 4, Height: 2.5}}); err != nil {
		return err
	}
	evaluate(ctx, js, "area(shapes.wall)")

	// A function of JavaScript as a Go func.
	value, err := js.Eval(ctx, "area")
	if err != nil {
		return err
	}
	defer value.Object().Close()
	var area func(Shape) (float64, error)
	if err := value.Object().Func(&area); err != nil {
		return err
	}
	size, err := area(Shape{Width: 3, Height: 3})
	fmt.Println("a func:", size, err)
	return nil
}
