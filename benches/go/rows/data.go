package rows

import (
	"encoding/json"
	"fmt"
	"reflect"
)

// Record is a part of the data of 1 MB. The fields are in the order that encoding/json gives the keys of a map.
type Record struct {
	Active bool     `json:"active"`
	ID     int      `json:"id"`
	Name   string   `json:"name"`
	Place  Place    `json:"place"`
	Score  float64  `json:"score"`
	Tags   []string `json:"tags"`
}

// Place is a struct within.
type Place struct {
	City string `json:"city"`
	Zip  int    `json:"zip"`
}

func records() []Record {
	list := make([]Record, 7000)
	for i := range list {
		list[i] = Record{i%3 == 0, i, fmt.Sprintf("the name of record %d", i), Place{fmt.Sprintf("city %d", i%100), 10000 + i%90000},
			float64(i) / 8, []string{"red", "green", fmt.Sprintf("tag %d", i%7)}}
	}
	return list
}

func keys() map[string]int {
	m := make(map[string]int, 1000)
	for i := range 1000 {
		m[fmt.Sprintf("key%d", i)] = i
	}
	return m
}

// text is a value as JSON text.
func text(value any) string {
	bytes, err := json.Marshal(value)
	if err != nil {
		panic(err)
	}
	return string(bytes)
}

// plain is a value as maps and slices of any.
func plain(value any) (result any) {
	if err := json.Unmarshal([]byte(text(value)), &result); err != nil {
		panic(err)
	}
	return result
}

// sameData says whether what came out of JavaScript is the value, in whatever Go types.
func sameData(target any, value any) error {
	if got := reflect.ValueOf(target).Elem().Interface(); text(got) != text(value) {
		return fmt.Errorf("other data came out: %.100s", text(got))
	}
	return nil
}

// sameGiven says whether `given` is the value, in JavaScript.
func sameGiven(iso Isolate, value any) error {
	same, err := iso.Eval(`(() => {
		const same = (a, b) => typeof a === 'object'
			? Object.keys(a).length === Object.keys(b).length && Object.keys(a).every((key) => same(a[key], b[key]))
			: a === b;
		return same(given, ` + text(value) + `) ? 1 : 0;
	})()`)
	if err == nil && same != 1 {
		err = fmt.Errorf("other data went in")
	}
	return err
}
