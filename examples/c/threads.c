/*
 * Threads: several that share one isolate, and several with an isolate each.
 *
 * Any thread may call into any isolate, without any preparation. In one isolate only one thread runs at
 * a time: the others wait their turn, first come, first served. For JavaScript in parallel, take several isolates.
 */
#include "example.h"

#include <pthread.h>

enum { THREADS = 4, ROUNDS = 500 };

/* What a thread is given, and what it found out. */
typedef struct job {
  const jsvm_context *context;
  int number;
  double result;
} job;

static void *count_in_shared_isolate(void *data) {
  const job *job = data;
  jsvm_error *error;
  for (int i = 0; i < ROUNDS; i++) {
    /* One call is one turn: no other thread comes between the read and the write. */
    CHECK(jsvm_context_evaluate(job->context, "total += 1", JSVM_AUTO_LENGTH, NULL, NULL, NULL, &error));
  }
  return NULL;
}

static void *compute_in_own_isolate(void *data) {
  job *job = data;
  jsvm_error *error;
  jsvm_isolate *isolate;
  jsvm_context *context;
  CHECK(jsvm_isolate_new(NULL, &isolate, &error));
  CHECK(jsvm_isolate_main_context(isolate, &context, &error));

  char source[200];
  snprintf(source, sizeof source,
           "const fib = (n) => n < 2 ? n : fib(n - 1) + fib(n - 2); fib(%d)", 20 + job->number);
  jsvm_slot value;
  CHECK(jsvm_context_evaluate(context, source, JSVM_AUTO_LENGTH, NULL, NULL, &value, &error));
  job->result = value.number;

  jsvm_slot_clear(&value);
  jsvm_context_free(context);
  jsvm_isolate_free(isolate);
  return NULL;
}

static void run_all(void *(*body)(void *), job jobs[THREADS]) {
  pthread_t threads[THREADS];
  for (int i = 0; i < THREADS; i++) {
    if (pthread_create(&threads[i], NULL, body, &jobs[i]) != 0) {
      perror("pthread_create");
      exit(EXIT_FAILURE);
    }
  }
  for (int i = 0; i < THREADS; i++) {
    pthread_join(threads[i], NULL);
  }
}

int main(void) {
  jsvm_error *error;
  jsvm_isolate *isolate;
  jsvm_context *context;
  CHECK(jsvm_isolate_new(NULL, &isolate, &error));
  CHECK(jsvm_isolate_main_context(isolate, &context, &error));
  CHECK(jsvm_context_evaluate(context, "let total = 0", JSVM_AUTO_LENGTH, NULL, NULL, NULL, &error));

  job jobs[THREADS];
  for (int i = 0; i < THREADS; i++) {
    jobs[i] = (job){.context = context, .number = i};
  }

  run_all(count_in_shared_isolate, jobs);
  jsvm_slot total;
  CHECK(jsvm_context_evaluate(context, "total", JSVM_AUTO_LENGTH, NULL, NULL, &total, &error));
  printf("%d threads counted to %g in one isolate\n", THREADS, total.number);
  jsvm_slot_clear(&total);

  run_all(compute_in_own_isolate, jobs);
  for (int i = 0; i < THREADS; i++) {
    printf("thread %d, isolate of its own: fib(%d) = %g\n", i, 20 + i, jobs[i].result);
  }

  jsvm_context_free(context);
  jsvm_isolate_free(isolate);
  return 0;
}
