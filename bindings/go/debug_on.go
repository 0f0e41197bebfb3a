//go:build jsvmdebug

package jsvm

const debugCollect = true
