//go:build !jsvmdebug

package jsvm

// debugCollect has Go's collector run before each call: with the tag jsvmdebug, to find what is let go too early.
const debugCollect = false
