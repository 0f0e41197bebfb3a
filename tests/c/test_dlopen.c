// link: none
// flags: -ldl
/*
 * The library is loaded at run time, and used by threads that were there before it. It stays loaded.
 */
#include "check.h"

#include <dlfcn.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdlib.h>

/* The functions of the header, as found in the library. */
static struct {
  jsvm_status (*isolate_new)(const jsvm_isolate_options *, jsvm_isolate **, jsvm_error **);
  void (*isolate_free)(jsvm_isolate *);
  jsvm_status (*main_context)(const jsvm_isolate *, jsvm_context **, jsvm_error **);
  void (*context_free)(jsvm_context *);
  jsvm_status (*evaluate)(const jsvm_context *, const char *, size_t, const jsvm_script_options *,
                          const jsvm_run_options *, jsvm_slot *, jsvm_error **);
  size_t (*live_handles)(uint32_t);
} LIB;

static void *find(void *library, const char *name) {
  void *symbol = dlsym(library, name);
  if (symbol == NULL) {
    fprintf(stderr, "no %s\n", name);
    exit(1);
  }
  return symbol;
}

static sem_t loaded;
static jsvm_context *shared;

static void check_value(jsvm_context *context, const char *source, double expected) {
  jsvm_slot slot;
  if (LIB.evaluate(context, source, JSVM_AUTO_LENGTH, NULL, NULL, &slot, NULL) != JSVM_STATUS_OK ||
      slot.number != expected) {
    fprintf(stderr, "%s is not %g\n", source, expected);
    atomic_fetch_add(&check_failures, 1);
  }
}

static void *early_thread(void *unused) {
  jsvm_isolate *isolate = NULL;
  jsvm_context *context = NULL;
  (void)unused;
  sem_wait(&loaded);
  check_value(shared, "(function f(n){return n<2?n:f(n-1)+f(n-2)})(20)", 6765);
  if (LIB.isolate_new(NULL, &isolate, NULL) != JSVM_STATUS_OK ||
      LIB.main_context(isolate, &context, NULL) != JSVM_STATUS_OK) {
    atomic_fetch_add(&check_failures, 1);
    return NULL;
  }
  check_value(context, "var s=0;for(let i=0;i<1e6;i++)s+=i;s", 499999500000.0);
  LIB.context_free(context);
  LIB.isolate_free(isolate);
  return NULL;
}

int main(void) {
  enum { THREADS = 8 };
  pthread_t threads[THREADS];
  jsvm_isolate *isolate = NULL;
  sem_init(&loaded, 0, 0);
  for (int i = 0; i < THREADS; i++) {
    pthread_create(&threads[i], NULL, early_thread, NULL);
  }
  void *library = dlopen(JSVM_LIBRARY, RTLD_NOW | RTLD_LOCAL);
  if (library == NULL) {
    fprintf(stderr, "%s\n", dlerror());
    return 1;
  }
  *(void **)&LIB.isolate_new = find(library, "jsvm_isolate_new");
  *(void **)&LIB.isolate_free = find(library, "jsvm_isolate_free");
  *(void **)&LIB.main_context = find(library, "jsvm_isolate_main_context");
  *(void **)&LIB.context_free = find(library, "jsvm_context_free");
  *(void **)&LIB.evaluate = find(library, "jsvm_context_evaluate");
  *(void **)&LIB.live_handles = find(library, "jsvm_live_handles");
  if (LIB.isolate_new(NULL, &isolate, NULL) != JSVM_STATUS_OK ||
      LIB.main_context(isolate, &shared, NULL) != JSVM_STATUS_OK) {
    fprintf(stderr, "no isolate\n");
    return 1;
  }
  for (int i = 0; i < THREADS; i++) {
    sem_post(&loaded);
  }
  for (int i = 0; i < THREADS; i++) {
    pthread_join(threads[i], NULL);
  }
  LIB.context_free(shared);
  LIB.isolate_free(isolate);
  for (uint32_t kind = 0; kind < JSVM_HANDLE_KIND_COUNT; kind++) {
    if (LIB.live_handles(kind) != 0) {
      fprintf(stderr, "handles of kind %u are left\n", kind);
      atomic_fetch_add(&check_failures, 1);
    }
  }
  /* V8's threads run on: the library is not unloaded under them. */
  dlclose(library);
  dlclose(library);
  if (LIB.isolate_new(NULL, &isolate, NULL) != JSVM_STATUS_OK) {
    fprintf(stderr, "unloaded\n");
    return 1;
  }
  LIB.isolate_free(isolate);
  return atomic_load(&check_failures) != 0;
}
