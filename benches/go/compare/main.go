// Compare has the engines' programs measure the rows, and prints them as a table. Called by benches/go/run.
//
// The engines take turns, each time in a process of its own, since the machine's speed changes from one second to the
// next. A ratio is the median of the ratios of neighbours, with its quartiles.
package main

import (
	"encoding/json"
	"flag"
	"fmt"
	"log"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"jsvm/benches/rows"
)

// limit is how long a program may take for one row.
const limit = 2 * time.Minute

// engine is a program, and what the table calls it.
type engine struct {
	program, title string
	v8             bool
}

var known = []engine{
	{"libjsvm", "libjsvm", true},
	{"tommie", "tommie/v8go 0.34", true},
	{"rogchap", "rogchap/v8go 0.9", true},
	{"goja", "goja", false},
}

func main() {
	log.SetFlags(0)
	log.SetPrefix("benches/go: ")
	rounds := flag.Int("rounds", 9, "how often each engine measures a row")
	folder := flag.String("programs", "", "where the engines' programs are")
	flag.Parse()
	if *rounds < 1 {
		log.Fatal("at least one round")
	}
	var engines []engine
	for _, engine := range known {
		if _, err := os.Stat(filepath.Join(*folder, engine.program)); err == nil {
			engine.program = filepath.Join(*folder, engine.program)
			engines = append(engines, engine)
		}
	}
	var chosen []rows.Row
	for _, row := range rows.List {
		if flag.NArg() == 0 || slices.ContainsFunc(flag.Args(), func(name string) bool { return strings.Contains(row.Name, name) }) {
			chosen = append(chosen, row)
		}
	}
	if len(chosen) == 0 {
		log.Fatalf("no row has %s in its name", strings.Join(flag.Args(), " or "))
	}

	head := "| work | libjsvm | empty calls |"
	for _, peer := range engines[1:] {
		head += fmt.Sprintf(" %s | ratio (quartiles) |", peer.title)
	}
	head += " targets |"
	fmt.Printf("%s\n%s|\n", head, strings.Repeat("|---", strings.Count(head, "|")-1))
	var empties []float64
	for _, row := range chosen {
		answers := make([][]rows.Answer, len(engines))
		for round := range *rounds {
			for at := range engines {
				// No engine is always the first.
				at = (at + round) % len(engines)
				answers[at] = append(answers[at], measure(engines[at], row))
			}
		}
		for _, answer := range answers[0] {
			empties = append(empties, answer.Empty)
		}
		fmt.Println(line(row, engines, answers))
	}
	fmt.Printf("\nAn empty cgo call takes %.0f ns.\n", quartiles(empties)[1])
}

func measure(engine engine, row rows.Row) (answer rows.Answer) {
	command := exec.Command(engine.program, row.Name)
	var errors strings.Builder
	command.Stderr = &errors
	timer := time.AfterFunc(limit, func() { _ = command.Process.Kill() })
	text, err := command.Output()
	timer.Stop()
	if err == nil {
		err = json.Unmarshal(text, &answer)
	}
	if err != nil {
		// The first line says what it is; after it Go prints its goroutines.
		said, _, _ := strings.Cut(strings.TrimSpace(errors.String()), "\n")
		log.Fatalf("%s: %s: %v: %s", engine.title, row.Name, err, said)
	}
	return answer
}

// line is a row of the table.
func line(row rows.Row, engines []engine, answers [][]rows.Answer) string {
	ours := answers[0]
	units := quartiles(each(ours, ours, func(a, _ rows.Answer) float64 { return *a.Value / a.Empty }))[1]
	empty := "-"
	if !row.Bytes && units < 1000 {
		empty = fmt.Sprintf("%.1f", units)
	}
	text := fmt.Sprintf("| %s | %s | %s |", row.Name, show(row, ours), empty)
	var verdicts []string
	verdict := func(what string, value, target float64) {
		if target == 0 {
			return
		}
		word := "met"
		if value > target {
			word = "missed"
		}
		verdicts = append(verdicts, fmt.Sprintf("%s %.2g: %s", what, target, word))
	}
	verdict("empty calls", units, row.Empty)
	worst := 0.
	for at, peer := range engines[1:] {
		theirs := answers[at+1]
		if theirs[0].Value == nil {
			text += " - | - |"
			continue
		}
		q := quartiles(each(ours, theirs, func(a, b rows.Answer) float64 { return *a.Value / *b.Value }))
		text += fmt.Sprintf(" %s | %.2f (%.2f-%.2f) |", show(row, theirs), q[1], q[0], q[2])
		if peer.v8 {
			worst = max(worst, q[1])
		} else {
			verdict("goja", q[1], row.Goja)
		}
	}
	if worst > 0 {
		verdict("V8", worst, row.Peers)
	}
	return text + " " + strings.Join(verdicts, ", ") + " |"
}

func each(a, b []rows.Answer, value func(a, b rows.Answer) float64) []float64 {
	values := make([]float64, len(a))
	for i := range a {
		values[i] = value(a[i], b[i])
	}
	return values
}

// show is the median of a row's values.
func show(row rows.Row, answers []rows.Answer) string {
	value := quartiles(each(answers, answers, func(a, _ rows.Answer) float64 { return *a.Value }))[1]
	switch {
	case row.Bytes:
		return fmt.Sprintf("%.0f KB", value/1024)
	case value >= 1e6:
		return fmt.Sprintf("%.2f ms", value/1e6)
	case value >= 1e3:
		return fmt.Sprintf("%.2f us", value/1e3)
	}
	return fmt.Sprintf("%.0f ns", value)
}

// quartiles are the first, the median and the third.
func quartiles(values []float64) (q [3]float64) {
	values = slices.Sorted(slices.Values(values))
	for i := range q {
		at := float64(len(values)-1) * float64(i+1) / 4
		low := int(at)
		high := min(low+1, len(values)-1)
		q[i] = values[low] + (values[high]-values[low])*(at-float64(low))
	}
	return q
}
