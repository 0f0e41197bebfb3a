// SPDX-License-Identifier: MIT
#include "shim.h"

// Exported by Go, with its types for theirs.
extern uint32_t jsvmGoFunction(uintptr_t userdata, jsvm_go_frame *frame, jsvm_call *call, jsvm_slot *result);
extern uint32_t jsvmGoImport(uintptr_t userdata, jsvm_go_frame *frame, jsvm_import_request *request, jsvm_module **module,
                         jsvm_slot *result);
extern uint32_t jsvmGoImportMeta(uintptr_t userdata, jsvm_go_frame *frame, jsvm_module *module, jsvm_value *meta,
                             jsvm_slot *exception);
extern uint32_t jsvmGoEvaluateSynthetic(uintptr_t userdata, jsvm_go_frame *frame, jsvm_module *module, jsvm_slot *exception);
extern void jsvmGoWrite(uintptr_t userdata, jsvm_go_frame *frame, uint32_t stream, char *data, size_t len);
extern void jsvmGoNotify(uintptr_t userdata, jsvm_go_frame *frame);
extern void jsvmGoRejection(uintptr_t userdata, jsvm_go_frame *frame, jsvm_value *promise, jsvm_slot *reason);
extern void jsvmGoRelease(uintptr_t userdata);

// The frame of the innermost call of this thread. A goroutine stays on its thread while C is on its stack.
static __thread jsvm_go_frame *top;

static uint32_t on_function(void *userdata, const jsvm_call *call, jsvm_slot *result) {
  return jsvmGoFunction((uintptr_t)userdata, top, (jsvm_call *)call, result);
}
static uint32_t on_import(void *userdata, const jsvm_import_request *request, jsvm_module **module, jsvm_slot *result) {
  return jsvmGoImport((uintptr_t)userdata, top, (jsvm_import_request *)request, module, result);
}
static uint32_t on_import_meta(void *userdata, const jsvm_module *module, const jsvm_value *meta, jsvm_slot *exception) {
  return jsvmGoImportMeta((uintptr_t)userdata, top, (jsvm_module *)module, (jsvm_value *)meta, exception);
}
static uint32_t on_evaluate(void *userdata, const jsvm_module *module, jsvm_slot *exception) {
  return jsvmGoEvaluateSynthetic((uintptr_t)userdata, top, (jsvm_module *)module, exception);
}
static void on_write(void *userdata, uint32_t stream, const char *data, size_t len) {
  jsvmGoWrite((uintptr_t)userdata, top, stream, (char *)data, len);
}
static void on_notify(void *userdata) { jsvmGoNotify((uintptr_t)userdata, top); }
static void on_rejection(void *userdata, const jsvm_value *promise, const jsvm_slot *reason) {
  jsvmGoRejection((uintptr_t)userdata, top, (jsvm_value *)promise, (jsvm_slot *)reason);
}
static void on_release(void *userdata) { jsvmGoRelease((uintptr_t)userdata); }

static jsvm_go_frame *enter(jsvm_go_frame *f) {
  jsvm_go_frame *outer = top;
  top = f;
  return outer;
}

// A short string is put where Go reads it without a second call to release it.
static jsvm_status leave(jsvm_go_frame *outer, jsvm_status status) {
  jsvm_go_frame *f = top;
  jsvm_slot *result = &f->result;
  if (result->kind == JSVM_KIND_STRING && result->len <= sizeof f->text && !(result->flags & JSVM_FLAG_LOSSY)) {
    size_t len = result->len;
    if (len > 0) {
      memcpy(f->text, result->data, len);
    }
    jsvm_slot_clear(result);
    *result = (jsvm_slot){.kind = JSVM_KIND_STRING, .data = f->text, .len = len};
  }
  top = outer;
  return status;
}

#define RUN(call)                    \
  jsvm_go_frame *outer = enter(f);   \
  return leave(outer, call)

jsvm_status jsvm_go_context_evaluate(jsvm_go_frame *f, const jsvm_context *context, const char *source, size_t len,
                                const jsvm_script_options *options) {
  RUN(jsvm_context_evaluate(context, source, len, options, &f->options, &f->result, &f->error));
}
jsvm_status jsvm_go_script_run_in_context(jsvm_go_frame *f, const jsvm_script *script, const jsvm_context *context) {
  RUN(jsvm_script_run_in_context(script, context, &f->options, &f->result, &f->error));
}
jsvm_status jsvm_go_script_run_in_this_context(jsvm_go_frame *f, const jsvm_script *script) {
  RUN(jsvm_script_run_in_this_context(script, &f->options, &f->result, &f->error));
}
jsvm_status jsvm_go_script_run_in_new_context(jsvm_go_frame *f, const jsvm_script *script, const jsvm_context_options *options) {
  RUN(jsvm_script_run_in_new_context(script, options, &f->options, &f->result, (jsvm_context **)&f->handle, &f->error));
}
// slots[0] is `this`; the arguments follow.
jsvm_status jsvm_go_function_call(uintptr_t frame, const jsvm_value *function, uintptr_t first, size_t argc) {
  jsvm_go_frame *f = (jsvm_go_frame *)frame;
  const jsvm_slot *slots = (const jsvm_slot *)first;
  RUN(jsvm_function_call(function, slots, slots + 1, argc, &f->options, &f->result, &f->error));
}
jsvm_status jsvm_go_function_construct(jsvm_go_frame *f, const jsvm_value *function, const jsvm_slot *slots, size_t argc) {
  RUN(jsvm_function_construct(function, slots, argc, &f->options, &f->result, &f->error));
}
jsvm_status jsvm_go_object_get(jsvm_go_frame *f, const jsvm_value *object, const jsvm_slot *slots) {
  RUN(jsvm_object_get(object, slots, &f->options, &f->result, &f->error));
}
jsvm_status jsvm_go_object_set(jsvm_go_frame *f, const jsvm_value *object, const jsvm_slot *slots) {
  RUN(jsvm_object_set(object, slots, slots + 1, &f->options, &f->error));
}
jsvm_status jsvm_go_object_has(jsvm_go_frame *f, const jsvm_value *object, const jsvm_slot *slots) {
  RUN(jsvm_object_has(object, slots, &f->options, &f->flag, &f->error));
}
jsvm_status jsvm_go_object_has_own(jsvm_go_frame *f, const jsvm_value *object, const jsvm_slot *slots) {
  RUN(jsvm_object_has_own(object, slots, &f->options, &f->flag, &f->error));
}
jsvm_status jsvm_go_object_delete(jsvm_go_frame *f, const jsvm_value *object, const jsvm_slot *slots) {
  RUN(jsvm_object_delete(object, slots, &f->options, &f->flag, &f->error));
}
jsvm_status jsvm_go_object_define(jsvm_go_frame *f, const jsvm_value *object, const jsvm_slot *slots, uint32_t attributes) {
  RUN(jsvm_object_define(object, slots, slots + 1, attributes, &f->options, &f->error));
}
jsvm_status jsvm_go_object_define_accessor(jsvm_go_frame *f, const jsvm_value *object, const jsvm_slot *slots,
                                      uint32_t attributes) {
  RUN(jsvm_object_define_accessor(object, slots, slots[1].handle, slots[2].handle, attributes, &f->options, &f->error));
}
jsvm_status jsvm_go_object_own_keys(jsvm_go_frame *f, const jsvm_value *object, uint32_t flags) {
  RUN(jsvm_object_own_keys(object, flags, &f->options, &f->list, &f->error));
}
jsvm_status jsvm_go_object_get_many(jsvm_go_frame *f, const jsvm_value *object, const jsvm_slot *slots, size_t count,
                               jsvm_slot *results) {
  RUN(jsvm_object_get_many(object, slots, count, &f->options, results, &f->error));
}
jsvm_status jsvm_go_object_set_many(jsvm_go_frame *f, const jsvm_value *object, const jsvm_slot *slots, size_t count) {
  RUN(jsvm_object_set_many(object, slots, slots + count, count, &f->options, &f->error));
}
jsvm_status jsvm_go_value_to_string(jsvm_go_frame *f, const jsvm_value *value) {
  RUN(jsvm_value_to_string(value, &f->options, &f->result, &f->error));
}
jsvm_status jsvm_go_value_to_number(jsvm_go_frame *f, const jsvm_value *value) {
  RUN(jsvm_value_to_number(value, &f->options, &f->number, &f->error));
}
jsvm_status jsvm_go_value_instance_of(jsvm_go_frame *f, const jsvm_value *value, const jsvm_value *constructor) {
  RUN(jsvm_value_instance_of(value, constructor, &f->options, &f->flag, &f->error));
}
jsvm_status jsvm_go_value_flatten(jsvm_go_frame *f, const jsvm_value *value, const jsvm_flatten_options *options) {
  RUN(jsvm_value_flatten(value, options, &f->options, &f->graph, &f->error));
}
jsvm_status jsvm_go_value_build(jsvm_go_frame *f, const jsvm_context *context, const jsvm_slot *slots, size_t count) {
  RUN(jsvm_value_build(context, slots, count, &f->options, &f->result, &f->error));
}
jsvm_status jsvm_go_value_serialize(jsvm_go_frame *f, const jsvm_context *context, const jsvm_slot *slots) {
  RUN(jsvm_value_serialize(context, slots, &f->options, &f->bytes, &f->error));
}
jsvm_status jsvm_go_value_deserialize(jsvm_go_frame *f, const jsvm_context *context, const char *bytes, size_t len) {
  RUN(jsvm_value_deserialize(context, bytes, len, &f->options, &f->result, &f->error));
}
jsvm_status jsvm_go_json_parse(jsvm_go_frame *f, const jsvm_context *context, const char *json, size_t len) {
  RUN(jsvm_json_parse(context, json, len, &f->options, &f->result, &f->error));
}
jsvm_status jsvm_go_json_stringify(jsvm_go_frame *f, const jsvm_context *context, const jsvm_slot *slots, uint32_t indent) {
  RUN(jsvm_json_stringify(context, slots, indent, &f->options, &f->bytes, &f->error));
}
jsvm_status jsvm_go_promise_await(jsvm_go_frame *f, const jsvm_value *promise) {
  RUN(jsvm_promise_await(promise, &f->options, &f->result, &f->error));
}
jsvm_status jsvm_go_promise_then(jsvm_go_frame *f, const jsvm_value *promise, const jsvm_value *fulfilled,
                            const jsvm_value *rejected) {
  RUN(jsvm_promise_then(promise, fulfilled, rejected, &f->options, (jsvm_value **)&f->handle, &f->error));
}
jsvm_status jsvm_go_isolate_run_tasks(jsvm_go_frame *f, const jsvm_isolate *isolate, uint64_t wait_ms) {
  RUN(jsvm_isolate_run_tasks(isolate, wait_ms, &f->options, &f->flag, &f->error));
}
jsvm_status jsvm_go_isolate_microtasks(jsvm_go_frame *f, const jsvm_isolate *isolate) {
  RUN(jsvm_isolate_perform_microtask_checkpoint(isolate, &f->options, &f->error));
}
jsvm_status jsvm_go_isolate_measure_memory(jsvm_go_frame *f, const jsvm_isolate *isolate, const jsvm_measure_memory_options *options,
                                      jsvm_memory_measurement *result) {
  RUN(jsvm_isolate_measure_memory(isolate, options, &f->options, result, &f->error));
}
jsvm_status jsvm_go_module_link(jsvm_go_frame *f, const jsvm_module *module, uintptr_t userdata) {
  RUN(jsvm_module_link(module, on_import, (void *)userdata, &f->options, &f->error));
}
jsvm_status jsvm_go_module_evaluate(jsvm_go_frame *f, const jsvm_module *module) {
  RUN(jsvm_module_evaluate(module, &f->options, (jsvm_value **)&f->handle, &f->error));
}
jsvm_status jsvm_go_file_loader_import(jsvm_go_frame *f, const jsvm_file_loader *loader, const char *specifier, size_t len) {
  RUN(jsvm_file_loader_import(loader, specifier, len, &f->options, (jsvm_value **)&f->handle, &f->error));
}

jsvm_status jsvm_go_function_new(jsvm_go_frame *f, const jsvm_context *context, const jsvm_function_options *options,
                            uintptr_t userdata) {
  return jsvm_function_new(context, options, on_function, (void *)userdata, on_release, (jsvm_value **)&f->handle, &f->error);
}
jsvm_status jsvm_go_array_buffer_new_external(jsvm_go_frame *f, const jsvm_context *context, char *data, size_t len,
                                         uintptr_t userdata) {
  return jsvm_array_buffer_new_external(context, data, len, on_release, (void *)userdata, (jsvm_value **)&f->handle, &f->error);
}
// Its address is the key under which Go's errors are tied to JavaScript's.
static const char host_error_key;

jsvm_status jsvm_go_exception_set_userdata(jsvm_go_frame *f, const jsvm_value *exception, uintptr_t userdata) {
  return jsvm_exception_set_userdata(exception, &host_error_key, (void *)userdata, on_release, &f->error);
}
jsvm_status jsvm_go_import_hooks_new(jsvm_go_frame *f, bool import, bool meta, uintptr_t userdata) {
  jsvm_import_hooks_options options = {.struct_size = sizeof options};
  options.import_module_dynamically = import ? on_import : NULL;
  options.initialize_import_meta = meta ? on_import_meta : NULL;
  return jsvm_import_hooks_new(&options, (void *)userdata, on_release, (jsvm_import_hooks **)&f->handle, &f->error);
}
jsvm_status jsvm_go_synthetic_module_new(jsvm_go_frame *f, const jsvm_context *context, jsvm_str identifier, const jsvm_str *names,
                                    size_t count, uintptr_t userdata) {
  return jsvm_synthetic_module_new(context, identifier, names, count, userdata ? on_evaluate : NULL, (void *)userdata,
                                   userdata ? on_release : NULL, (jsvm_module **)&f->handle, &f->error);
}
jsvm_status jsvm_go_context_install(jsvm_go_frame *f, const jsvm_context *context, uint32_t parts, jsvm_install_options *options,
                               uintptr_t userdata) {
  if (userdata) {
    options->write = on_write;
    options->userdata = (void *)userdata;
    options->finalizer = on_release;
  }
  RUN(jsvm_context_install(context, parts, options, &f->error));
}
jsvm_status jsvm_go_isolate_request_interrupt(jsvm_go_frame *f, const jsvm_isolate *isolate, uintptr_t userdata) {
  return jsvm_isolate_request_interrupt(isolate, on_notify, (void *)userdata, on_release, &f->error);
}
jsvm_status jsvm_go_isolate_set_wakeup(jsvm_go_frame *f, const jsvm_isolate *isolate, uintptr_t userdata) {
  return jsvm_isolate_set_wakeup(isolate, userdata ? on_notify : NULL, (void *)userdata, userdata ? on_release : NULL,
                                 &f->error);
}
jsvm_status jsvm_go_isolate_set_unhandled_rejection(jsvm_go_frame *f, const jsvm_isolate *isolate, uintptr_t userdata) {
  return jsvm_isolate_set_unhandled_rejection_callback(isolate, userdata ? on_rejection : NULL, (void *)userdata,
                                                       userdata ? on_release : NULL, &f->error);
}

jsvm_status jsvm_go_array_buffer_new(jsvm_go_frame *f, const jsvm_context *context, const char *data, size_t len) {
  return jsvm_array_buffer_new(context, data, len, (jsvm_value **)&f->handle, &f->error);
}
jsvm_status jsvm_go_buffer_copy_out(jsvm_go_frame *f, const jsvm_value *value, size_t offset, char *data, size_t len) {
  return jsvm_buffer_copy_out(value, offset, data, len, &f->size, &f->error);
}
jsvm_status jsvm_go_wasm_module_new(jsvm_go_frame *f, const jsvm_context *context, jsvm_str identifier, const char *data, size_t len) {
  return jsvm_wasm_module_new(context, identifier, data, len, (jsvm_module **)&f->handle, &f->error);
}

void jsvm_go_error_read(const jsvm_error *error, jsvm_go_error *result) {
  *result = (jsvm_go_error){
      .status = jsvm_error_status(error),
      .name = jsvm_error_name(error),
      .message = jsvm_error_message(error),
      .code = jsvm_error_code(error),
      .stack = jsvm_error_stack(error),
      .filename = jsvm_error_filename(error),
      .source_line = jsvm_error_source_line(error),
      .arrow = jsvm_error_arrow(error),
      .line = jsvm_error_line(error),
      .column = jsvm_error_column(error),
      .frame_count = jsvm_error_frame_count(error),
      .cause = jsvm_error_cause(error),
      .host_error = (uintptr_t)jsvm_error_userdata(error, &host_error_key),
  };
}
