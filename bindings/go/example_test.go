package jsvm_test

import (
	"context"
	"errors"
	"fmt"
	"log"
	"testing/fstest"
	"time"

	"jsvm"
)

var ctx = context.Background()

func open() (*jsvm.Isolate, *jsvm.Context) {
	iso, err := jsvm.NewIsolate(nil)
	if err != nil {
		log.Fatal(err)
	}
	js, err := iso.Main()
	if err != nil {
		log.Fatal(err)
	}
	return iso, js
}

func Example() {
	iso, err := jsvm.NewIsolate(&jsvm.IsolateOptions{HeapLimit: 64 << 20})
	if err != nil {
		log.Fatal(err)
	}
	defer iso.Close()
	js, err := iso.Main()
	if err != nil {
		log.Fatal(err)
	}
	n, err := jsvm.As[int](js.Eval(ctx, "6 * 7"))
	fmt.Println(n, err)
	// Output: 42 <nil>
}

func ExampleContext_Eval_deadline() {
	iso, js := open()
	defer iso.Close()
	limited, cancel := context.WithTimeout(ctx, 20*time.Millisecond)
	defer cancel()
	_, err := js.Eval(limited, "for (;;) {}")
	fmt.Println(errors.Is(err, context.DeadlineExceeded), errors.Is(err, jsvm.ErrTimeout))
	// Output: true true
}

func ExampleContext_Marshal() {
	iso, js := open()
	defer iso.Close()
	type order struct {
		Article string `js:"article"`
		Count   int    `js:"count"`
	}
	_ = js.Set(ctx, "order", order{"teapot", 2})
	v, _ := js.Eval(ctx, "order.count++; ({ ...order, when: new Date(0) })")
	var back struct {
		order
		When time.Time `js:"when"`
	}
	err := v.Unmarshal(ctx, &back)
	fmt.Println(back.Article, back.Count, back.When.UTC().Year(), err)
	// Output: teapot 3 1970 <nil>
}

var errSoldOut = errors.New("sold out")

func ExampleContext_NewFunction() {
	iso, js := open()
	defer iso.Close()
	_ = js.Set(ctx, "stock", func(article string) (int, error) {
		if article == "cup" {
			return 0, errSoldOut
		}
		return 3, nil
	})
	v, _ := js.Eval(ctx, "stock('teapot')")
	_, err := js.Eval(ctx, "stock('cup')")
	fmt.Println(v, err, errors.Is(err, errSoldOut))
	// Output: 3 Error: sold out true
}

func ExampleException() {
	iso, js := open()
	defer iso.Close()
	_, err := js.EvalWith(ctx, "\nnull.x", &jsvm.ScriptOptions{Filename: "rules.js"})
	var thrown *jsvm.Exception
	if errors.As(err, &thrown) {
		fmt.Println(thrown.Name, thrown.Filename, thrown.Line)
	}
	// Output: TypeError rules.js 2
}

func ExampleObject_Await() {
	iso, js := open()
	defer iso.Close()
	_ = js.Set(ctx, "fetchPrice", jsvm.Async(func(ctx context.Context, args []jsvm.Value) (any, error) {
		time.Sleep(time.Millisecond)
		return 12, nil
	}))
	promise, _ := js.Eval(ctx, "(async () => 2 * await fetchPrice('teapot'))()")
	v, err := promise.Await(ctx)
	fmt.Println(v, err)
	// Output: 24 <nil>
}

func ExampleObject_Func() {
	iso, js := open()
	defer iso.Close()
	var add func(a, b int) (int, error)
	f, _ := js.Eval(ctx, "(a, b) => a + b")
	_ = f.Object().Func(&add)
	fmt.Println(add(1, 2))
	// Output: 3 <nil>
}

func ExampleObject_All() {
	iso, js := open()
	defer iso.Close()
	v, _ := js.Eval(ctx, "({ teapot: 12, cup: 3 })")
	all, _ := v.Object().All(ctx)
	for name, price := range all {
		fmt.Println(name, price)
	}
	// Output:
	// teapot 12
	// cup 3
}

func ExampleFSLoader() {
	iso, js := open()
	defer iso.Close()
	loader := jsvm.NewFSLoader(fstest.MapFS{
		"main.mjs":   {Data: []byte("import { price } from './tariff.mjs'; export const total = 2 * price")},
		"tariff.mjs": {Data: []byte("export const price = 12")},
	}, jsvm.ModuleOptions{})
	defer loader.Close()
	namespace, err := loader.Run(ctx, js, "main.mjs")
	if err != nil {
		log.Fatal(err)
	}
	total, err := namespace.Get(ctx, "total")
	fmt.Println(total, err)
	// Output: 24 <nil>
}
