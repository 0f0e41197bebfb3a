/*
 * C functions that JavaScript calls: one that returns a value or throws, and one that works on a thread of its own
 * while JavaScript goes on, and gives its result through a promise.
 */
#include "example.h"

#include <pthread.h>
#include <time.h>

/* What hypotSquared() is made with: any state of the host's. */
typedef struct counter {
  int calls;
} counter;

static void free_counter(void *userdata) {
  /* It comes on any thread, once JavaScript can no longer call the function. */
  free(userdata);
}

/* hypotSquared(x, y): numbers in, a number out; anything else is a TypeError. */
static uint32_t hypot_squared(void *userdata, const jsvm_call *call, jsvm_slot *result) {
  counter *counter = userdata;
  counter->calls++;
  if (call->argc != 2 || call->args[0].kind != JSVM_KIND_NUMBER ||
      call->args[1].kind != JSVM_KIND_NUMBER) {
    jsvm_context *context;
    jsvm_status status = jsvm_call_context(call, &context, NULL);
    if (status == JSVM_STATUS_OK) {
      status = jsvm_exception_new(context, JSVM_EXCEPTION_CLASS_TYPE_ERROR,
                                  "hypotSquared() takes two numbers", JSVM_AUTO_LENGTH, NULL, 0,
                                  &result->handle, NULL);
      jsvm_context_free(context);
    }
    /* EXCEPTION throws what is in `result`. */
    return status == JSVM_STATUS_OK ? JSVM_STATUS_EXCEPTION : status;
  }
  double x = call->args[0].number;
  double y = call->args[1].number;
  result->kind = JSVM_KIND_NUMBER;
  result->number = x * x + y * y;
  return JSVM_STATUS_OK;
}

/* What the thread of shout() works on. */
typedef struct work {
  jsvm_resolver *resolver;
  size_t len;
  char text[];
} work;

static void *shout_slowly(void *data) {
  work *work = data;
  struct timespec pause = {.tv_nsec = 20 * 1000 * 1000};
  nanosleep(&pause, NULL);
  for (size_t i = 0; i < work->len; i++) {
    if (work->text[i] >= 'a' && work->text[i] <= 'z') {
      work->text[i] -= 'a' - 'A';
    }
  }
  /* From any thread, without waiting for the isolate: JavaScript learns of it when it next runs. */
  jsvm_slot value = {.kind = JSVM_KIND_STRING, .data = work->text, .len = work->len};
  if (work->len > 0) {
    (void)!jsvm_resolver_resolve(work->resolver, &value, NULL);
  } else {
    jsvm_slot reason = {.kind = JSVM_KIND_STRING, .data = "nothing to shout", .len = 16};
    (void)!jsvm_resolver_reject(work->resolver, &reason, NULL);
  }
  jsvm_resolver_free(work->resolver);
  free(work);
  return NULL;
}

/* shout(text): returns a promise at once. */
static uint32_t shout(void *userdata, const jsvm_call *call, jsvm_slot *result) {
  (void)userdata;
  if (call->argc != 1 || call->args[0].kind != JSVM_KIND_STRING) {
    /* The short way: a status that is not a way to stop becomes an Error that names it. */
    return JSVM_STATUS_INVALID_ARGUMENT;
  }
  /* The arguments die when this function returns: the thread gets a copy. */
  const jsvm_slot *text = &call->args[0];
  work *work = malloc(sizeof *work + text->len);
  if (work == NULL) {
    return JSVM_STATUS_UNSUPPORTED;
  }
  work->len = text->len;
  memcpy(work->text, text->data, text->len);

  jsvm_context *context;
  jsvm_value *promise = NULL;
  jsvm_status status = jsvm_call_context(call, &context, NULL);
  if (status == JSVM_STATUS_OK) {
    status = jsvm_promise_new(context, &promise, &work->resolver, NULL);
    jsvm_context_free(context);
  }
  if (status != JSVM_STATUS_OK) {
    free(work);
    return status;
  }
  pthread_t thread;
  if (pthread_create(&thread, NULL, shout_slowly, work) != 0) {
    /* A resolver that is freed unsettled rejects its promise. */
    jsvm_resolver_free(work->resolver);
    free(work);
  } else {
    pthread_detach(thread);
  }
  /* libjsvm takes the handle. */
  result->kind = JSVM_KIND_OBJECT;
  result->handle = promise;
  return JSVM_STATUS_OK;
}

/* globalThis[name] = the C function */
static void define(const jsvm_context *context, const char *name, jsvm_function_callback callback,
                   void *userdata, jsvm_finalizer finalizer) {
  jsvm_error *error;
  jsvm_function_options options = {.struct_size = sizeof options};
  options.name = (jsvm_str){name, JSVM_AUTO_LENGTH};
  jsvm_value *function;
  CHECK(jsvm_function_new(context, &options, callback, userdata, finalizer, &function, &error));
  jsvm_value *global;
  CHECK(jsvm_context_global(context, &global, &error));
  jsvm_slot key = {.kind = JSVM_KIND_STRING, .data = name, .len = JSVM_AUTO_LENGTH};
  jsvm_slot value = {.kind = JSVM_KIND_FUNCTION, .handle = function};
  CHECK(jsvm_object_set(global, &key, &value, NULL, &error));
  jsvm_value_free(global);
  /* JavaScript has the function now; the host needs it no more. */
  jsvm_value_free(function);
}

static void evaluate(const jsvm_context *context, const char *source) {
  jsvm_slot value;
  jsvm_error *error;
  jsvm_status status =
      jsvm_context_evaluate(context, source, JSVM_AUTO_LENGTH, NULL, NULL, &value, &error);
  if (status == JSVM_STATUS_OK && value.flags & JSVM_FLAG_PROMISE) {
    /* Runs what JavaScript has to do until the promise settles, and sleeps in between. */
    jsvm_run_options limits = {.struct_size = sizeof limits, .timeout_ms = 10000};
    jsvm_slot promise = value;
    status = jsvm_promise_await(promise.handle, &limits, &value, &error);
    jsvm_slot_clear(&promise);
  }
  printf("%s\n  ", source);
  if (status != JSVM_STATUS_OK) {
    const char *name = jsvm_error_name(error);
    printf("%s: %s%s%s\n", jsvm_status_name(status), name, *name != '\0' ? ": " : "",
           jsvm_error_message(error));
  } else if (value.kind == JSVM_KIND_NUMBER) {
    printf("%g\n", value.number);
  } else {
    printf("%.*s\n", (int)value.len, value.data);
  }
  jsvm_slot_clear(&value);
  jsvm_error_free(error);
}

int main(void) {
  jsvm_error *error;
  jsvm_isolate *isolate;
  jsvm_context *context;
  CHECK(jsvm_isolate_new(NULL, &isolate, &error));
  CHECK(jsvm_isolate_main_context(isolate, &context, &error));

  counter *counter = calloc(1, sizeof *counter);
  if (counter == NULL) {
    return EXIT_FAILURE;
  }
  define(context, "hypotSquared", hypot_squared, counter, free_counter);
  define(context, "shout", shout, NULL, NULL);

  evaluate(context, "hypotSquared(3, 4)");
  evaluate(context, "[1, 2, 3].map((x) => hypotSquared(x, 0)).join()");
  evaluate(context, "hypotSquared('3', 4)");
  evaluate(context, "try { hypotSquared() } catch (error) { `caught ${error}` }");
  printf("hypotSquared was called %d times\n", counter->calls);

  evaluate(context, "shout(42)");
  evaluate(context, "shout('hello')");
  evaluate(context, "Promise.all(['one', 'two', 'three'].map((word) => shout(word)))"
                    ".then((all) => all.join())");
  evaluate(context, "shout('')");
  evaluate(context, "shout('').catch((reason) => `caught: ${reason}`)");

  jsvm_context_free(context);
  jsvm_isolate_free(isolate);
  /* The isolate is gone, and free_counter has been called, or is being called by libjsvm's own thread. */
  return jsvm_flush_finalizers(10000) == JSVM_STATUS_OK ? 0 : EXIT_FAILURE;
}
