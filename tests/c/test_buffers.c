/* ArrayBuffers, views, and memory that the host and the guest share. */
#include "slots.h"

#include <pthread.h>

#define MB ((size_t)1 << 20)

static atomic_int finalized;

static void count_finalizer(void *userdata) {
  atomic_fetch_add(&finalized, 1);
  free(userdata);
}

/* What finalizers have run, once all that are due have. */
static int finalizers(void) {
  CHECK_EQ_INT(jsvm_flush_finalizers(10000), JSVM_STATUS_OK);
  return atomic_exchange(&finalized, 0);
}

static void collect(void) {
  for (int i = 0; i < 3; i++) {
    CHECK_OK(jsvm_isolate_low_memory_notification(isolate, &error), &error);
  }
}

static size_t length_of(jsvm_value *value) {
  size_t length = 12345;
  CHECK_OK(jsvm_buffer_length(value, &length, &error), &error);
  return length;
}

static void copies(void) {
  jsvm_value *buffer = NULL;
  unsigned char bytes[300], back[300];
  size_t copied = 9;
  for (size_t i = 0; i < sizeof bytes; i++) {
    bytes[i] = (unsigned char)(i * 7);
  }
  CHECK_OK(jsvm_array_buffer_new(context, bytes, sizeof bytes, &buffer, &error), &error);
  CHECK_EQ_INT(jsvm_value_flags(buffer), JSVM_FLAG_BUFFER);
  CHECK_EQ_INT(length_of(buffer), sizeof bytes);
  publish("b", buffer);
  CHECK_JS("b instanceof ArrayBuffer && new Uint8Array(b).every((v, i) => v === (i * 7) % 256)");
  bytes[0] = 99;
  CHECK_JS("new Uint8Array(b)[0] === 0");
  CHECK_OK(jsvm_buffer_copy_out(buffer, 0, back, sizeof back, &copied, &error), &error);
  CHECK_EQ_INT(copied, 300);
  CHECK(back[0] == 0 && memcmp(back + 1, bytes + 1, 299) == 0);
  /* From the middle, past the end, at the end, nothing. */
  memset(back, 0xee, sizeof back);
  CHECK_OK(jsvm_buffer_copy_out(buffer, 290, back, 100, &copied, &error), &error);
  CHECK_EQ_INT(copied, 10);
  CHECK(memcmp(back, bytes + 290, 10) == 0 && back[10] == 0xee);
  CHECK_OK(jsvm_buffer_copy_out(buffer, 300, back, 100, &copied, &error), &error);
  CHECK_EQ_INT(copied, 0);
  CHECK_OK(jsvm_buffer_copy_out(buffer, 5, NULL, 0, &copied, &error), &error);
  CHECK_EQ_INT(copied, 0);
  CHECK_OK(jsvm_buffer_copy_out(buffer, 0, back, 1, NULL, &error), &error);
  CHECK_INVALID(jsvm_buffer_copy_out(buffer, 301, back, 1, &copied, &error), "offset");
  CHECK_INVALID(jsvm_buffer_copy_out(buffer, SIZE_MAX, back, 1, &copied, &error), "offset");
  CHECK_INVALID(jsvm_buffer_copy_out(buffer, 0, NULL, 1, &copied, &error), "data");
  CHECK_INVALID(jsvm_buffer_copy_out(buffer, 0, back, SIZE_MAX, &copied, &error), "data");
  jsvm_value_free(buffer);
  CHECK_OK(jsvm_array_buffer_new(context, NULL, 0, &buffer, &error), &error);
  CHECK_EQ_INT(length_of(buffer), 0);
  jsvm_value_free(buffer);
  CHECK_INVALID(jsvm_array_buffer_new(context, NULL, 3, &buffer, &error), "data");
  CHECK(buffer == NULL);
  CHECK_INVALID(jsvm_array_buffer_new(context, bytes, SIZE_MAX, &buffer, &error), "data");
  CHECK_STATUS(jsvm_array_buffer_new(context, bytes, (size_t)1 << 45, &buffer, &error), JSVM_STATUS_OUT_OF_MEMORY, &error);
  CHECK_INVALID(jsvm_array_buffer_new(NULL, bytes, 3, &buffer, &error), "context");
  CHECK_INVALID(jsvm_array_buffer_new(context, bytes, 3, NULL, &error), "result");
}

static void views(void) {
  static const struct {
    jsvm_element_type type;
    size_t size;
    const char *name;
  } types[] = {{JSVM_ELEMENT_TYPE_INT8, 1, "Int8Array"},
               {JSVM_ELEMENT_TYPE_UINT8, 1, "Uint8Array"},
               {JSVM_ELEMENT_TYPE_UINT8_CLAMPED, 1, "Uint8ClampedArray"},
               {JSVM_ELEMENT_TYPE_INT16, 2, "Int16Array"},
               {JSVM_ELEMENT_TYPE_UINT16, 2, "Uint16Array"},
               {JSVM_ELEMENT_TYPE_INT32, 4, "Int32Array"},
               {JSVM_ELEMENT_TYPE_UINT32, 4, "Uint32Array"},
               {JSVM_ELEMENT_TYPE_FLOAT16, 2, "Float16Array"},
               {JSVM_ELEMENT_TYPE_FLOAT32, 4, "Float32Array"},
               {JSVM_ELEMENT_TYPE_FLOAT64, 8, "Float64Array"},
               {JSVM_ELEMENT_TYPE_BIGINT64, 8, "BigInt64Array"},
               {JSVM_ELEMENT_TYPE_BIGUINT64, 8, "BigUint64Array"},
               {JSVM_ELEMENT_TYPE_DATA_VIEW, 1, "DataView"}};
  static const char *const buffers[] = {"new ArrayBuffer(64)", "new SharedArrayBuffer(64)",
                                        "new ArrayBuffer(64, {maxByteLength: 128})",
                                        "new SharedArrayBuffer(64, {maxByteLength: 128})"};
  for (size_t b = 0; b < sizeof buffers / sizeof *buffers; b++) {
    jsvm_value *buffer = object_of(buffers[b]);
    publish("b", buffer);
    for (size_t i = 0; i < sizeof types / sizeof *types; i++) {
      size_t size = types[i].size;
      jsvm_value *view = NULL;
      jsvm_element_type type = JSVM_ELEMENT_TYPE_INT8;
      char source[300];
      CHECK_OK(jsvm_typed_array_new(buffer, types[i].type, 8, 48 / size, &view, &error), &error);
      CHECK_EQ_INT(jsvm_value_flags(view), JSVM_FLAG_VIEW);
      CHECK_OK(jsvm_typed_array_type(view, &type, &error), &error);
      CHECK_EQ_INT(type, types[i].type);
      CHECK_EQ_INT(length_of(view), 48);
      publish("v", view);
      snprintf(source, sizeof source, "v instanceof %s && v.buffer === b && v.byteOffset === 8 && v.byteLength === 48", types[i].name);
      CHECK_JS(source);
      jsvm_value_free(view);
      /* To the last byte, and beyond it. */
      CHECK_OK(jsvm_typed_array_new(buffer, types[i].type, 64, 0, &view, &error), &error);
      CHECK_EQ_INT(length_of(view), 0);
      jsvm_value_free(view);
      CHECK_OK(jsvm_typed_array_new(buffer, types[i].type, 0, 64 / size, &view, &error), &error);
      jsvm_value_free(view);
      CHECK_INVALID(jsvm_typed_array_new(buffer, types[i].type, 0, 64 / size + 1, &view, &error), "length");
      CHECK(view == NULL);
      CHECK_INVALID(jsvm_typed_array_new(buffer, types[i].type, 0, SIZE_MAX, &view, &error), "length");
      CHECK_INVALID(jsvm_typed_array_new(buffer, types[i].type, 72, 0, &view, &error), "byte_offset");
      CHECK_INVALID(jsvm_typed_array_new(buffer, types[i].type, SIZE_MAX - 7, 1, &view, &error), "byte_offset");
      if (size > 1) {
        CHECK_INVALID(jsvm_typed_array_new(buffer, types[i].type, 0, SIZE_MAX / size + 1, &view, &error), "length");
        CHECK_INVALID(jsvm_typed_array_new(buffer, types[i].type, 1, 1, &view, &error), "byte_offset");
      }
    }
    jsvm_value_free(buffer);
  }
  jsvm_value *buffer = object_of("new ArrayBuffer(8)"), *view = freed, *array = object_of("new Int8Array(3)");
  jsvm_element_type type;
  CHECK_INVALID(jsvm_typed_array_new(buffer, 13, 0, 1, &view, &error), "element_type");
  CHECK_INVALID(jsvm_typed_array_new(buffer, 0, 0, 1, NULL, &error), "result");
  CHECK_INVALID(jsvm_typed_array_new(NULL, 0, 0, 1, &view, &error), "buffer");
  CHECK_INVALID(jsvm_typed_array_new(freed, 0, 0, 1, &view, &error), "buffer");
  CHECK_INVALID(jsvm_typed_array_new(array, 0, 0, 1, &view, &error), "buffer");
  CHECK_INVALID(jsvm_typed_array_new(primitive, 0, 0, 1, &view, &error), "buffer");
  CHECK_INVALID(jsvm_typed_array_type(buffer, &type, &error), "view");
  CHECK_INVALID(jsvm_typed_array_type(NULL, &type, &error), "view");
  CHECK_INVALID(jsvm_typed_array_type(array, NULL, &error), "result");
  jsvm_value_free(buffer);
  jsvm_value_free(array);
}

static void host_memory(void) {
  unsigned char *memory = malloc(1000);
  jsvm_value *buffer = NULL;
  memset(memory, 5, 1000);
  CHECK_OK(jsvm_array_buffer_new_external(context, memory, 1000, count_finalizer, memory, &buffer, &error), &error);
  publish("b", buffer);
  CHECK_JS("var u = new Uint8Array(b); u.length === 1000 && u[999] === 5");
  memory[7] = 77;
  CHECK_JS("u[7] === 77");
  CHECK_JS("u[8] = 88, true");
  CHECK_EQ_INT(memory[8], 88);
  jsvm_value_free(buffer);
  collect();
  CHECK_EQ_INT(finalizers(), 0);
  CHECK_JS("u[8] === 88");
  /* The last one lets go. */
  CHECK_JS("u = b = null, true");
  collect();
  CHECK_EQ_INT(finalizers(), 1);

  /* No bytes, with and without an address; no finalizer. */
  CHECK_OK(jsvm_array_buffer_new_external(context, NULL, 0, count_finalizer, NULL, &buffer, &error), &error);
  CHECK_EQ_INT(length_of(buffer), 0);
  jsvm_value_free(buffer);
  memory = malloc(1);
  CHECK_OK(jsvm_array_buffer_new_external(context, memory, 0, count_finalizer, memory, &buffer, &error), &error);
  jsvm_value_free(buffer);
  CHECK_EQ_INT(finalizers(), 2);
  static unsigned char forever[16];
  CHECK_OK(jsvm_array_buffer_new_external(context, forever, 16, NULL, NULL, &buffer, &error), &error);
  jsvm_value_free(buffer);
  collect();

  /* A call that fails has its finalizer too. */
  CHECK_INVALID(jsvm_array_buffer_new_external(NULL, forever, 16, count_finalizer, NULL, &buffer, &error), "context");
  CHECK(buffer == NULL);
  CHECK_INVALID(jsvm_array_buffer_new_external((jsvm_context *)primitive, forever, 16, count_finalizer, NULL, &buffer, &error), "context");
  CHECK_INVALID(jsvm_array_buffer_new_external(context, NULL, 16, count_finalizer, NULL, &buffer, &error), "data");
  CHECK_INVALID(jsvm_array_buffer_new_external(context, forever, SIZE_MAX, count_finalizer, NULL, &buffer, &error), "data");
  CHECK_INVALID(jsvm_array_buffer_new_external(context, forever, (size_t)1 << 60, count_finalizer, NULL, &buffer, &error), "len");
  CHECK_INVALID(jsvm_array_buffer_new_external(context, forever, 16, count_finalizer, NULL, NULL, &error), "result");
  jsvm_isolate *gone = NULL;
  jsvm_context *left = NULL;
  CHECK_OK(jsvm_isolate_new(NULL, &gone, &error), &error);
  CHECK_OK(jsvm_isolate_main_context(gone, &left, &error), &error);
  jsvm_isolate_free(gone);
  CHECK_STATUS(jsvm_array_buffer_new_external(left, forever, 16, count_finalizer, NULL, &buffer, &error), JSVM_STATUS_DISPOSED, &error);
  CHECK_STATUS(jsvm_array_buffer_new_external(left, NULL, 0, count_finalizer, NULL, &buffer, &error), JSVM_STATUS_DISPOSED, &error);
  jsvm_context_free(left);
  CHECK_EQ_INT(finalizers(), 8);
}

/* Many of them, that only the collector frees, on whatever thread it likes. */
static void host_memory_is_let_go(void) {
  enum { COUNT = 2000 };
  for (int i = 0; i < COUNT; i++) {
    void *memory = malloc(10000);
    jsvm_value *buffer = NULL;
    CHECK_OK(jsvm_array_buffer_new_external(context, memory, 10000, count_finalizer, memory, &buffer, &error), &error);
    jsvm_value_free(buffer);
  }
  collect();
  CHECK_EQ_INT(finalizers(), COUNT);
  /* And with the isolate: those that are alive, those that are garbage, those that are borrowed. */
  jsvm_isolate *gone = NULL;
  jsvm_context *main_context = NULL;
  jsvm_borrow *borrow = NULL;
  void *data = NULL;
  size_t len = 0;
  CHECK_OK(jsvm_isolate_new(NULL, &gone, &error), &error);
  CHECK_OK(jsvm_isolate_main_context(gone, &main_context, &error), &error);
  for (int i = 0; i < 10; i++) {
    unsigned char *memory = malloc(100);
    jsvm_value *buffer = NULL;
    memory[99] = 42;
    CHECK_OK(jsvm_array_buffer_new_external(main_context, memory, 100, count_finalizer, memory, &buffer, &error), &error);
    if (i == 0) {
      CHECK_OK(jsvm_buffer_borrow(buffer, &data, &len, &borrow, &error), &error);
    }
    jsvm_value_free(buffer);
  }
  jsvm_isolate_free(gone);
  CHECK_EQ_INT(finalizers(), 9);
  CHECK_EQ_INT(len, 100);
  CHECK_EQ_INT(((unsigned char *)data)[99], 42);
  jsvm_borrow_free(borrow);
  CHECK_EQ_INT(finalizers(), 1);
  jsvm_context_free(main_context);
}

static void borrows(void) {
  static const struct {
    const char *source;
    size_t len;
    unsigned char first;
  } cases[] = {{"new Uint8Array([1, 2, 3]).buffer", 3, 1},
               {"new Uint8Array([1, 2, 3])", 3, 1},
               {"new Uint8Array([1, 2, 3, 4, 5]).subarray(3)", 2, 4},
               {"new Int16Array(Array(1000).fill(515)).subarray(10, 20)", 20, 3},
               {"new DataView(new Uint8Array([9, 8, 7]).buffer, 1)", 2, 8},
               {"var s = new SharedArrayBuffer(4); new Uint8Array(s)[0] = 6; s", 4, 6},
               {"new Uint8Array(s)", 4, 123},
               {"var g = new SharedArrayBuffer(4, {maxByteLength: 8}); g.grow(6); new Uint8Array(g)[0] = 6; g", 6, 6},
               {"new WebAssembly.Memory({initial: 1}).buffer", 65536, 0}};
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    jsvm_value *value = object_of(cases[i].source);
    jsvm_borrow *borrow = NULL;
    void *data = NULL;
    size_t len = 0;
    unsigned char copy = 99;
    CHECK_OK(jsvm_buffer_borrow(value, &data, &len, &borrow, &error), &error);
    CHECK_EQ_INT(len, cases[i].len);
    CHECK_EQ_INT(length_of(value), cases[i].len);
    if (CHECK(data != NULL)) {
      CHECK_EQ_INT(*(unsigned char *)data, cases[i].first);
      CHECK_OK(jsvm_buffer_copy_out(value, 0, &copy, 1, NULL, &error), &error);
      CHECK_EQ_INT(copy, cases[i].first);
      *(unsigned char *)data = 123;
      CHECK_OK(jsvm_buffer_copy_out(value, 0, &copy, 1, NULL, &error), &error);
      CHECK_EQ_INT(copy, 123);
    }
    jsvm_value_free(value);
    collect();
    CHECK_EQ_INT(*(unsigned char *)data, 123);
    jsvm_borrow_free(borrow);
  }
  /* No bytes. */
  static const char *const empty[] = {"new ArrayBuffer(0)", "new Uint8Array(0)", "new SharedArrayBuffer(0)",
                                      "new DataView(new ArrayBuffer(8), 8)", "new ArrayBuffer(8).transfer(0)",
                                      "var t = new ArrayBuffer(8); t.transfer(); t",
                                      "var t = new Uint8Array(8); t.buffer.transfer(); t"};
  for (size_t i = 0; i < sizeof empty / sizeof *empty; i++) {
    jsvm_value *value = object_of(empty[i]);
    jsvm_borrow *borrow = NULL;
    void *data = &finalized;
    size_t len = 1;
    CHECK_OK(jsvm_buffer_borrow(value, &data, &len, &borrow, &error), &error);
    CHECK(data == NULL && len == 0 && borrow != NULL);
    CHECK_EQ_INT(length_of(value), 0);
    jsvm_borrow_free(borrow);
    jsvm_value_free(value);
  }
  jsvm_value *value = object_of("new Uint8Array(4)"), *map = object_of("new Map");
  jsvm_borrow *borrow = NULL;
  void *data = &borrow;
  size_t len = 1;
  jsvm_value *none[] = {NULL, freed, primitive, foreign, map, (jsvm_value *)context};
  for (size_t i = 0; i < sizeof none / sizeof *none; i++) {
    CHECK_INVALID(jsvm_buffer_borrow(none[i], &data, &len, &borrow, &error), "value");
    CHECK(data == NULL && len == 0 && borrow == NULL);
    CHECK_INVALID(jsvm_buffer_length(none[i], &len, &error), "value");
    CHECK_INVALID(jsvm_buffer_copy_out(none[i], 0, &data, 1, &len, &error), "value");
    CHECK_INVALID(jsvm_buffer_detach(none[i], &error), "value");
  }
  CHECK_INVALID(jsvm_buffer_borrow(value, NULL, &len, &borrow, &error), "data");
  CHECK_INVALID(jsvm_buffer_borrow(value, &data, NULL, &borrow, &error), "len");
  CHECK_INVALID(jsvm_buffer_borrow(value, &data, &len, NULL, &error), "result");
  CHECK_INVALID(jsvm_buffer_length(value, NULL, &error), "result");
  jsvm_borrow_free(NULL);
  CHECK_OK(jsvm_buffer_borrow(value, &data, &len, &borrow, &error), &error);
  jsvm_borrow_free((jsvm_borrow *)value);
  jsvm_value_free((jsvm_value *)borrow);
  jsvm_borrow_free(borrow);
  jsvm_borrow_free(borrow);
  jsvm_value_free(value);
  jsvm_value_free(map);
}

/* The guest's own memory outlives the guest. */
static void a_borrow_outlives_the_isolate(void) {
  jsvm_isolate *gone = NULL;
  jsvm_context *main_context = NULL;
  jsvm_borrow *borrows[3];
  void *data[3];
  size_t len[3];
  static const char *const sources[] = {"new Uint8Array([4, 5, 6])", "new ArrayBuffer(5000000)", "new SharedArrayBuffer(100)"};
  CHECK_OK(jsvm_isolate_new(NULL, &gone, &error), &error);
  CHECK_OK(jsvm_isolate_main_context(gone, &main_context, &error), &error);
  for (int i = 0; i < 3; i++) {
    jsvm_slot slot = eval_in(main_context, sources[i]);
    CHECK_OK(jsvm_buffer_borrow(slot.handle, &data[i], &len[i], &borrows[i], &error), &error);
    jsvm_slot_clear(&slot);
  }
  jsvm_context_free(main_context);
  jsvm_isolate_free(gone);
  CHECK_EQ_INT(((unsigned char *)data[0])[2], 6);
  for (int i = 0; i < 3; i++) {
    memset(data[i], 1, len[i]);
    jsvm_borrow_free(borrows[i]);
  }
}

static void detaching(void) {
  unsigned char *memory = malloc(64);
  jsvm_value *buffer = NULL, *view = NULL;
  jsvm_borrow *borrow = NULL;
  void *data = NULL;
  size_t len = 0;
  CHECK_OK(jsvm_array_buffer_new_external(context, memory, 64, count_finalizer, memory, &buffer, &error), &error);
  CHECK_OK(jsvm_typed_array_new(buffer, JSVM_ELEMENT_TYPE_UINT32, 8, 4, &view, &error), &error);
  CHECK_OK(jsvm_buffer_borrow(view, &data, &len, &borrow, &error), &error);
  CHECK(data == memory + 8 && len == 16);
  CHECK_OK(jsvm_buffer_detach(buffer, &error), &error);
  CHECK_EQ_INT(length_of(buffer), 0);
  CHECK_EQ_INT(length_of(view), 0);
  publish("v", view);
  CHECK_JS("v.length === 0 && v.buffer.detached && v[0] === undefined");
  CHECK_EQ_INT(finalizers(), 0);
  memset(data, 3, len);
  jsvm_borrow_free(borrow);
  CHECK_EQ_INT(finalizers(), 1);
  /* Again, and by a view; a view of it is refused. */
  CHECK_OK(jsvm_buffer_detach(buffer, &error), &error);
  CHECK_OK(jsvm_buffer_detach(view, &error), &error);
  jsvm_value *second = freed;
  CHECK_ERROR(jsvm_typed_array_new(buffer, 0, 0, 0, &second, &error), JSVM_STATUS_WRONG_STATE, &error, "buffer: ");
  CHECK(second == NULL);
  jsvm_value_free(buffer);
  jsvm_value_free(view);

  view = object_of("var small = new Uint8Array([1, 2]); small");
  CHECK_OK(jsvm_buffer_detach(view, &error), &error);
  CHECK_JS("small.length === 0 && small.buffer.detached");
  jsvm_value_free(view);
  jsvm_value *shared = object_of("new SharedArrayBuffer(4)"), *wasm = object_of("new WebAssembly.Memory({initial: 1}).buffer");
  jsvm_value *shared_view = object_of("new Int8Array(new SharedArrayBuffer(4))");
  CHECK_INVALID(jsvm_buffer_detach(shared, &error), "value");
  CHECK_INVALID(jsvm_buffer_detach(shared_view, &error), "value");
  CHECK_STATUS(jsvm_buffer_detach(wasm, &error), JSVM_STATUS_WRONG_STATE, &error);
  CHECK_EQ_INT(length_of(wasm), 65536);
  jsvm_value_free(shared);
  jsvm_value_free(shared_view);
  jsvm_value_free(wasm);
}

/* Lengths that the guest changes under the host's handles. */
static void resizable(void) {
  jsvm_value *buffer = object_of("var r = new ArrayBuffer(16, {maxByteLength: 100000}); new Uint8Array(r).fill(7); r");
  jsvm_value *tracking = object_of("new Uint8Array(r)"), *fixed = object_of("new Uint8Array(r, 4, 8)"), *part = object_of("new Int16Array(r, 6)");
  jsvm_value *data_view = object_of("new DataView(r, 2)");
  unsigned char bytes[100];
  size_t copied = 0;
  jsvm_borrow *borrow = NULL;
  void *data = NULL;
  size_t len = 0;
  CHECK_EQ_INT(length_of(buffer), 16);
  CHECK_EQ_INT(length_of(tracking), 16);
  CHECK_EQ_INT(length_of(fixed), 8);
  CHECK_EQ_INT(length_of(part), 10);
  CHECK_EQ_INT(length_of(data_view), 14);
  CHECK_JS("r.resize(90000), true");
  CHECK_EQ_INT(length_of(tracking), 90000);
  CHECK_EQ_INT(length_of(part), 89994);
  CHECK_EQ_INT(length_of(data_view), 89998);
  CHECK_JS("r.resize(10), true");
  CHECK_EQ_INT(length_of(buffer), 10);
  CHECK_EQ_INT(length_of(tracking), 10);
  CHECK_EQ_INT(length_of(fixed), 0);
  CHECK_EQ_INT(length_of(part), 4);
  CHECK_EQ_INT(length_of(data_view), 8);
  CHECK_OK(jsvm_buffer_copy_out(tracking, 0, bytes, 100, &copied, &error), &error);
  CHECK(copied == 10 && bytes[9] == 7);
  CHECK_OK(jsvm_buffer_copy_out(part, 0, bytes, 100, &copied, &error), &error);
  CHECK_EQ_INT(copied, 4);
  CHECK_OK(jsvm_buffer_copy_out(fixed, 0, bytes, 100, &copied, &error), &error);
  CHECK_EQ_INT(copied, 0);
  CHECK_JS("r.resize(0), true");
  CHECK_OK(jsvm_buffer_copy_out(data_view, 0, bytes, 100, &copied, &error), &error);
  CHECK_EQ_INT(copied, 0);
  CHECK_EQ_INT(length_of(buffer), 0);
  jsvm_value *all[] = {buffer, tracking, fixed, part, data_view};
  for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
    CHECK_ERROR(jsvm_buffer_borrow(all[i], &data, &len, &borrow, &error), JSVM_STATUS_WRONG_STATE, &error, "value: ");
    CHECK(borrow == NULL);
  }
  CHECK_OK(jsvm_buffer_detach(tracking, &error), &error);
  for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
    CHECK_EQ_INT(length_of(all[i]), 0);
    jsvm_value_free(all[i]);
  }
}

static void limits(void) {
  jsvm_isolate_options options = {.struct_size = sizeof options, .buffer_limit = 4 * MB};
  jsvm_heap_statistics memory;
  jsvm_isolate *small = NULL;
  jsvm_context *main_context = NULL;
  jsvm_value *buffer = NULL, *second = NULL;
  char *bytes = calloc(5 * MB, 1);
  CHECK_OK(jsvm_isolate_new(&options, &small, &error), &error);
  CHECK_OK(jsvm_isolate_main_context(small, &main_context, &error), &error);
  CHECK_ERROR(jsvm_array_buffer_new(main_context, bytes, 5 * MB, &buffer, &error), JSVM_STATUS_OUT_OF_MEMORY, &error, "len: ");
  CHECK(buffer == NULL);
  CHECK_OK(jsvm_array_buffer_new(main_context, bytes, 4 * MB, &buffer, &error), &error);
  CHECK_OK(jsvm_isolate_heap_statistics(small, &memory, &error), &error);
  CHECK_EQ_INT(memory.buffer_memory, 4 * MB);
  CHECK_STATUS(jsvm_array_buffer_new(main_context, bytes, 1000, &second, &error), JSVM_STATUS_OUT_OF_MEMORY, &error);
  jsvm_slot slot;
  CHECK_ERROR(jsvm_context_evaluate(main_context, "new ArrayBuffer(1000)", JSVM_AUTO_LENGTH, NULL, NULL, &slot, &error),
              JSVM_STATUS_EXCEPTION, &error, "allocation failed");
  /* Small arrays count too; no bytes are no reason to refuse. */
  CHECK_ERROR(jsvm_context_evaluate(main_context, "new Uint8Array([5])", JSVM_AUTO_LENGTH, NULL, NULL, &slot, &error),
              JSVM_STATUS_EXCEPTION, &error, "allocation failed");
  CHECK_OK(jsvm_array_buffer_new(main_context, NULL, 0, &second, &error), &error);
  jsvm_value_free(second);
  /* The host's own memory does not count. */
  CHECK_OK(jsvm_array_buffer_new_external(main_context, bytes, 5 * MB, NULL, NULL, &second, &error), &error);
  jsvm_value_free(second);
  /* What is let go can be had again. */
  jsvm_value_free(buffer);
  for (int i = 0; i < 10; i++) {
    CHECK_OK(jsvm_array_buffer_new(main_context, bytes, 3 * MB, &buffer, &error), &error);
    jsvm_value_free(buffer);
  }
  jsvm_context_free(main_context);
  jsvm_isolate_free(small);
  free(bytes);
}

/* Threads that share an isolate make, fill and let go; each gives its borrow to the next one to free. */
static jsvm_borrow *_Atomic handed_over;

static void *make_and_borrow(void *unused) {
  (void)unused;
  for (int i = 0; i < 200; i++) {
    unsigned char *memory = calloc(1, 512);
    jsvm_error *mine = NULL;
    jsvm_value *buffer = NULL;
    jsvm_borrow *borrow = NULL;
    void *data = NULL;
    size_t len = 0;
    CHECK_OK(jsvm_array_buffer_new_external(context, memory, 512, count_finalizer, memory, &buffer, &mine), &mine);
    CHECK_OK(jsvm_buffer_borrow(buffer, &data, &len, &borrow, &mine), &mine);
    memset(data, i, len);
    CHECK_OK(jsvm_buffer_detach(buffer, &mine), &mine);
    jsvm_value_free(buffer);
    jsvm_borrow_free(atomic_exchange(&handed_over, borrow));
  }
  return NULL;
}

static void threads(void) {
  pthread_t threads[4];
  for (int i = 0; i < 4; i++) {
    CHECK_EQ_INT(pthread_create(&threads[i], NULL, make_and_borrow, NULL), 0);
  }
  for (int i = 0; i < 4; i++) {
    pthread_join(threads[i], NULL);
  }
  jsvm_borrow_free(atomic_exchange(&handed_over, NULL));
  collect();
  CHECK_EQ_INT(finalizers(), 800);
}

int main(void) {
  set_up();
  RUN(copies);
  RUN(views);
  RUN(host_memory);
  RUN(host_memory_is_let_go);
  RUN(borrows);
  RUN(a_borrow_outlives_the_isolate);
  RUN(detaching);
  RUN(resizable);
  RUN(limits);
  RUN(threads);
  tear_down();
  return FINISH();
}
