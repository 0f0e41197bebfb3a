package jsvm

import (
	"math"
	"math/big"
	"strconv"
	"strings"
	"unicode/utf16"
)

func utf16Of(text string) []uint16 { return utf16.Encode([]rune(text)) }

// stringToNumber is +text.
func stringToNumber(text string) float64 {
	text = strings.TrimFunc(text, func(r rune) bool {
		return r == '\uFEFF' || r == '\u2028' || r == '\u2029' || strings.ContainsRune("\t\n\v\f\r \u00A0\u1680\u202F\u205F\u3000", r) ||
			r >= '\u2000' && r <= '\u200A'
	})
	switch text {
	case "":
		return 0
	case "Infinity", "+Infinity":
		return math.Inf(1)
	case "-Infinity":
		return math.Inf(-1)
	}
	if len(text) > 2 && text[0] == '0' && strings.ContainsRune("xXoObB", rune(text[1])) && text[2] != '_' {
		// With base 0 an underscore would be let through.
		n, ok := new(big.Int).SetString(text, 0)
		if !ok || strings.Contains(text, "_") {
			return math.NaN()
		}
		value, _ := new(big.Float).SetInt(n).Float64()
		return value
	}
	if strings.Trim(text, "0123456789+-.eE") != "" {
		return math.NaN()
	}
	n, err := strconv.ParseFloat(text, 64)
	if err != nil && !math.IsInf(n, 0) {
		return math.NaN()
	}
	return n
}
