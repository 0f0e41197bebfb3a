package jsvm

/*
#include "shim.h"
*/
import "C"

import (
	"context"
	"runtime"
	"unsafe"
)

// ParseJSON makes a value of JSON text. JavaScript: JSON.parse(json).
func (c *Context) ParseJSON(ctx context.Context, json string) (Value, error) {
	f := newFrame()
	defer f.release()
	if err := f.begin(ctx); err != nil {
		return Value{}, err
	}
	text, n := source(json)
	status := C.jsvm_go_json_parse(f.c, c.ptr(), text, n)
	runtime.KeepAlive(c)
	if err := f.check(status, c); err != nil {
		return Value{}, err
	}
	return f.take(c), nil
}

// StringifyJSON makes JSON text of a value, with indent spaces for each level. It is nil where JavaScript gives undefined.
// JavaScript: JSON.stringify(value, undefined, indent).
func (c *Context) StringifyJSON(ctx context.Context, value any, indent int) ([]byte, error) {
	f := newFrame()
	defer f.release()
	if err := f.begin(ctx); err != nil {
		return nil, err
	}
	at, err := f.put(c, value)
	if err != nil {
		return nil, err
	}
	status := C.jsvm_go_json_stringify(f.c, c.ptr(), f.slots[at].c(), C.uint32_t(min(max(indent, 0), 10)))
	runtime.KeepAlive(c)
	if err := f.check(status, c); err != nil {
		return nil, err
	}
	if f.c.bytes.data == nil {
		return nil, nil
	}
	return f.takeBytes(), nil
}

// Serialize makes bytes of a value, for another isolate: all that structuredClone can copy.
func (c *Context) Serialize(ctx context.Context, value any) ([]byte, error) {
	f := newFrame()
	defer f.release()
	if err := f.begin(ctx); err != nil {
		return nil, err
	}
	at, err := f.put(c, value)
	if err != nil {
		return nil, err
	}
	status := C.jsvm_go_value_serialize(f.c, c.ptr(), f.slots[at].c())
	runtime.KeepAlive(c)
	if err := f.check(status, c); err != nil {
		return nil, err
	}
	return f.takeBytes(), nil
}

// Deserialize makes a value of bytes of Serialize. Take them from libjsvm only.
func (c *Context) Deserialize(ctx context.Context, bytes []byte) (Value, error) {
	f := newFrame()
	defer f.release()
	if err := f.begin(ctx); err != nil {
		return Value{}, err
	}
	status := C.jsvm_go_value_deserialize(f.c, c.ptr(), charsOf(bytes), C.size_t(len(bytes)))
	runtime.KeepAlive(c)
	if err := f.check(status, c); err != nil {
		return Value{}, err
	}
	return f.take(c), nil
}

// CloneTo copies a value into a context, of the same isolate or another: structuredClone.
func (v Value) CloneTo(ctx context.Context, to *Context) (Value, error) {
	if v.obj == nil {
		return v, nil
	}
	bytes, err := v.obj.ctx.Serialize(ctx, v)
	if err != nil {
		return Value{}, err
	}
	return to.Deserialize(ctx, bytes)
}

// utf16 are a string handle's code units.
func (o *Object) utf16() ([]uint16, error) {
	f := newFrame()
	defer f.release()
	defer runtime.KeepAlive(o)
	if err := f.check(C.jsvm_string_utf16(o.ptr(), nil, 0, &f.c.size, &f.c.error), o.ctx); err != nil {
		return nil, err
	}
	units := make([]uint16, int(f.c.size))
	if len(units) == 0 {
		return units, nil
	}
	status := C.jsvm_string_utf16(o.ptr(), (*C.uint16_t)(unsafe.Pointer(&units[0])), C.size_t(len(units)), &f.c.size, &f.c.error)
	return units, f.check(status, o.ctx)
}

// MemoryMode is what a measurement tells of, MemoryExecution when V8 measures. node:vm: mode, execution.
type (
	MemoryMode      uint32
	MemoryExecution uint32
)

const (
	// MemorySummary is all contexts together, MemoryDetailed each one, too.
	MemorySummary  MemoryMode = C.JSVM_MEASURE_MEMORY_MODE_SUMMARY
	MemoryDetailed MemoryMode = C.JSVM_MEASURE_MEMORY_MODE_DETAILED
	// MemoryDefault is in V8's next full collection, which may take 20 seconds to come, MemoryEager at once.
	MemoryDefault MemoryExecution = C.JSVM_MEASURE_MEMORY_EXECUTION_DEFAULT
	MemoryEager   MemoryExecution = C.JSVM_MEASURE_MEMORY_EXECUTION_EAGER
)

// MeasureMemoryOptions of the measurements. Zero is node:vm's default of every field.
type MeasureMemoryOptions struct {
	Mode      MemoryMode
	Execution MemoryExecution
}

func (o *MeasureMemoryOptions) put() *C.jsvm_measure_memory_options {
	if o == nil {
		return nil
	}
	return &C.jsvm_measure_memory_options{
		struct_size: C.sizeof_jsvm_measure_memory_options, mode: C.uint32_t(o.Mode), execution: C.uint32_t(o.Execution),
	}
}

// ContextMemory is the memory that a context keeps alive, in bytes.
type ContextMemory struct {
	Name string
	// Estimate is what V8 attributes to it; RangeHigh has all that V8 cannot attribute to one context, too.
	Estimate, RangeLow, RangeHigh int
}

// MemoryMeasurement is what was measured. Contexts is nil unless the mode is detailed.
type MemoryMeasurement struct {
	Total                  ContextMemory
	Contexts               []ContextMemory
	WasmCode, WasmMetadata int
}

// MeasureMemory measures what the isolate's contexts keep alive, and runs tasks until it is done. node:vm: measureMemory.
func (i *Isolate) MeasureMemory(ctx context.Context, options *MeasureMemoryOptions) (*MemoryMeasurement, error) {
	main, err := i.Main()
	if err != nil {
		return nil, err
	}
	f := newFrame()
	defer f.release()
	if err := f.begin(ctx); err != nil {
		return nil, err
	}
	m := (*C.jsvm_memory_measurement)(C.calloc(1, C.sizeof_jsvm_memory_measurement))
	defer C.free(unsafe.Pointer(m))
	status := C.jsvm_go_isolate_measure_memory(f.c, i.ptr(), options.put(), m)
	runtime.KeepAlive(i)
	if err := f.check(status, main); err != nil {
		return nil, err
	}
	defer C.jsvm_memory_measurement_clear(m)
	result := &MemoryMeasurement{
		Total:    ContextMemory{"", int(m.total_estimate), int(m.total_range_low), int(m.total_range_high)},
		WasmCode: int(m.wasm_code), WasmMetadata: int(m.wasm_metadata),
	}
	for _, c := range unsafe.Slice(m.contexts, int(m.len)) {
		result.Contexts = append(result.Contexts, ContextMemory{C.GoStringN(c.name, C.int(c.name_len)), int(c.estimate),
			int(c.range_low), int(c.range_high)})
	}
	return result, nil
}

// MeasureMemory is a promise of the measurement as node:vm gives it to scripts.
func (c *Context) MeasureMemory(options *MeasureMemoryOptions) (*Object, error) {
	f := newFrame()
	defer f.release()
	return f.made(C.jsvm_context_measure_memory(c.ptr(), options.put(), f.valueOut(), &f.c.error), c)
}
