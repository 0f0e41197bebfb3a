// Compiles a script with the code that an earlier run compiled. Useful for large sources: the bytes would be kept on disk
// beside the source.
//
// Bytes that are damaged, or of another source or version, are refused, and the script is compiled from its source as if
// there were none. That protects from accidents. It does not protect from an attacker who can write the file: keep it where
// only you can.
package main

import (
	"context"
	"fmt"
	"log"
	"slices"

	"jsvm"
)

const source = `
function isPrime(n) {
  for (let i = 2; i * i <= n; i++) if (n % i === 0) return false;
  return n > 1;
}
let count = 0;
for (let n = 0; n < 10000; n++) if (isPrime(n)) count++;
count + " primes below 10000";
`

func main() {
	log.SetFlags(0)
	if err := runAll(context.Background()); err != nil {
		log.Fatal(err)
	}
}

func runAll(ctx context.Context) error {
	cache, err := run(ctx, "first run", source, nil)
	if err != nil {
		return err
	}
	damaged := slices.Clone(cache)
	damaged[len(damaged)/2] ^= 1
	for _, again := range []struct {
		title, source string
		cache         []byte
	}{
		{"second run", source, cache},
		{"other source", "'another source'", cache},
		{"truncated", source, cache[:len(cache)/2]},
		{"one bit flipped", source, damaged},
	} {
		if _, err := run(ctx, again.title, again.source, again.cache); err != nil {
			return err
		}
	}
	return nil
}

// run compiles and runs in a fresh isolate, with cached data if there is any, and gives new cached data.
func run(ctx context.Context, title, source string, cache []byte) ([]byte, error) {
	iso, err := jsvm.NewIsolate(nil)
	if err != nil {
		return nil, err
	}
	defer iso.Close()
	script, err := iso.NewScript(source, &jsvm.ScriptOptions{CachedData: cache})
	if err != nil {
		return nil, err
	}
	defer script.Close()
	what := "used"
	if cache == nil {
		what = "not given"
	} else if script.CachedDataRejected() {
		what = "rejected"
	}
	value, err := script.RunInThisContext(ctx)
	if err != nil {
		return nil, err
	}
	fmt.Printf("%-16s cached data %s: %s\n", title, what, value)
	// After the run, because V8 compiles functions when they are first called.
	return script.CreateCachedData()
}
