// What cgo needs around jsvm.h: a frame of C memory for each call, so that arguments and results cross without Go
// pointers in C, and trampolines with the types of jsvm.h's callbacks.
//
// SPDX-License-Identifier: MIT
#ifndef JSVM_GO_SHIM_H
#define JSVM_GO_SHIM_H

#include <jsvm.h>
#include <stdlib.h>
#include <string.h>

enum { JSVM_GO_SLOTS = 16, JSVM_GO_TEXT = 1024 };

// What one call needs. Go fills and reads it; it is C memory, which Go keeps in a pool.
typedef struct jsvm_go_frame {
  jsvm_run_options options;
  jsvm_error *error;
  jsvm_slot result;
  jsvm_slot_list list;
  jsvm_graph graph;
  jsvm_bytes bytes;
  void *handle;
  void *handle2;
  double number;
  size_t size;
  uint32_t word;
  bool flag;
  // cgo.Handle of the context.Context of the call; 0 for none.
  uintptr_t context;
  // [out] cgo.Handle of what a host function panicked with; 0 for none.
  uintptr_t panic;
  jsvm_slot slots[JSVM_GO_SLOTS];
  char text[JSVM_GO_TEXT];
} jsvm_go_frame;

// All that jsvm_error has, in one call. The strings are the error's.
typedef struct jsvm_go_error {
  jsvm_status status;
  const char *name, *message, *code, *stack, *filename, *source_line, *arrow;
  uint32_t line, column;
  size_t frame_count;
  const jsvm_error *cause;
  uintptr_t host_error;
} jsvm_go_error;

// Each of these is the function of jsvm.h with the frame's options, result and error; host functions that come
// meanwhile find the frame.
jsvm_status jsvm_go_context_evaluate(jsvm_go_frame *f, const jsvm_context *context, const char *source, size_t len,
                                const jsvm_script_options *options);
jsvm_status jsvm_go_script_run_in_context(jsvm_go_frame *f, const jsvm_script *script, const jsvm_context *context);
jsvm_status jsvm_go_script_run_in_this_context(jsvm_go_frame *f, const jsvm_script *script);
jsvm_status jsvm_go_script_run_in_new_context(jsvm_go_frame *f, const jsvm_script *script, const jsvm_context_options *options);
// The commonest call takes its addresses as numbers, which cgo does not look at.
jsvm_status jsvm_go_function_call(uintptr_t frame, const jsvm_value *function, uintptr_t slots, size_t argc);
jsvm_status jsvm_go_function_construct(jsvm_go_frame *f, const jsvm_value *function, const jsvm_slot *slots, size_t argc);
jsvm_status jsvm_go_object_get(jsvm_go_frame *f, const jsvm_value *object, const jsvm_slot *slots);
jsvm_status jsvm_go_object_set(jsvm_go_frame *f, const jsvm_value *object, const jsvm_slot *slots);
jsvm_status jsvm_go_object_has(jsvm_go_frame *f, const jsvm_value *object, const jsvm_slot *slots);
jsvm_status jsvm_go_object_has_own(jsvm_go_frame *f, const jsvm_value *object, const jsvm_slot *slots);
jsvm_status jsvm_go_object_delete(jsvm_go_frame *f, const jsvm_value *object, const jsvm_slot *slots);
jsvm_status jsvm_go_object_define(jsvm_go_frame *f, const jsvm_value *object, const jsvm_slot *slots, uint32_t attributes);
jsvm_status jsvm_go_object_define_accessor(jsvm_go_frame *f, const jsvm_value *object, const jsvm_slot *slots, uint32_t attributes);
jsvm_status jsvm_go_object_own_keys(jsvm_go_frame *f, const jsvm_value *object, uint32_t flags);
jsvm_status jsvm_go_object_get_many(jsvm_go_frame *f, const jsvm_value *object, const jsvm_slot *slots, size_t count,
                               jsvm_slot *results);
jsvm_status jsvm_go_object_set_many(jsvm_go_frame *f, const jsvm_value *object, const jsvm_slot *slots, size_t count);
jsvm_status jsvm_go_value_to_string(jsvm_go_frame *f, const jsvm_value *value);
jsvm_status jsvm_go_value_to_number(jsvm_go_frame *f, const jsvm_value *value);
jsvm_status jsvm_go_value_instance_of(jsvm_go_frame *f, const jsvm_value *value, const jsvm_value *constructor);
jsvm_status jsvm_go_value_flatten(jsvm_go_frame *f, const jsvm_value *value, const jsvm_flatten_options *options);
jsvm_status jsvm_go_value_build(jsvm_go_frame *f, const jsvm_context *context, const jsvm_slot *slots, size_t count);
jsvm_status jsvm_go_value_serialize(jsvm_go_frame *f, const jsvm_context *context, const jsvm_slot *slots);
jsvm_status jsvm_go_value_deserialize(jsvm_go_frame *f, const jsvm_context *context, const char *bytes, size_t len);
jsvm_status jsvm_go_json_parse(jsvm_go_frame *f, const jsvm_context *context, const char *json, size_t len);
jsvm_status jsvm_go_json_stringify(jsvm_go_frame *f, const jsvm_context *context, const jsvm_slot *slots, uint32_t indent);
jsvm_status jsvm_go_promise_await(jsvm_go_frame *f, const jsvm_value *promise);
jsvm_status jsvm_go_promise_then(jsvm_go_frame *f, const jsvm_value *promise, const jsvm_value *fulfilled, const jsvm_value *rejected);
jsvm_status jsvm_go_isolate_run_tasks(jsvm_go_frame *f, const jsvm_isolate *isolate, uint64_t wait_ms);
jsvm_status jsvm_go_isolate_microtasks(jsvm_go_frame *f, const jsvm_isolate *isolate);
jsvm_status jsvm_go_isolate_measure_memory(jsvm_go_frame *f, const jsvm_isolate *isolate, const jsvm_measure_memory_options *options,
                                      jsvm_memory_measurement *result);
jsvm_status jsvm_go_module_link(jsvm_go_frame *f, const jsvm_module *module, uintptr_t userdata);
jsvm_status jsvm_go_module_evaluate(jsvm_go_frame *f, const jsvm_module *module);
jsvm_status jsvm_go_file_loader_import(jsvm_go_frame *f, const jsvm_file_loader *loader, const char *specifier, size_t len);

// What takes callbacks and userdata: userdata is a cgo.Handle, which the finalizer deletes.
jsvm_status jsvm_go_function_new(jsvm_go_frame *f, const jsvm_context *context, const jsvm_function_options *options,
                            uintptr_t userdata);
jsvm_status jsvm_go_array_buffer_new_external(jsvm_go_frame *f, const jsvm_context *context, char *data, size_t len,
                                         uintptr_t userdata);
jsvm_status jsvm_go_exception_set_userdata(jsvm_go_frame *f, const jsvm_value *exception, uintptr_t userdata);
jsvm_status jsvm_go_import_hooks_new(jsvm_go_frame *f, bool import, bool meta, uintptr_t userdata);
jsvm_status jsvm_go_synthetic_module_new(jsvm_go_frame *f, const jsvm_context *context, jsvm_str identifier, const jsvm_str *names,
                                    size_t count, uintptr_t userdata);
jsvm_status jsvm_go_context_install(jsvm_go_frame *f, const jsvm_context *context, uint32_t parts, jsvm_install_options *options,
                               uintptr_t userdata);
jsvm_status jsvm_go_isolate_request_interrupt(jsvm_go_frame *f, const jsvm_isolate *isolate, uintptr_t userdata);
jsvm_status jsvm_go_isolate_set_wakeup(jsvm_go_frame *f, const jsvm_isolate *isolate, uintptr_t userdata);
jsvm_status jsvm_go_isolate_set_unhandled_rejection(jsvm_go_frame *f, const jsvm_isolate *isolate, uintptr_t userdata);

// With bytes for void, which cgo would search for pointers.
jsvm_status jsvm_go_array_buffer_new(jsvm_go_frame *f, const jsvm_context *context, const char *data, size_t len);
jsvm_status jsvm_go_buffer_copy_out(jsvm_go_frame *f, const jsvm_value *value, size_t offset, char *data, size_t len);
jsvm_status jsvm_go_wasm_module_new(jsvm_go_frame *f, const jsvm_context *context, jsvm_str identifier, const char *data, size_t len);

void jsvm_go_error_read(const jsvm_error *error, jsvm_go_error *result);

#endif
