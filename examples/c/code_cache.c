/*
 * Compiles a script with the code that an earlier run compiled. Useful for large sources: the bytes
 * would be kept on disk beside the source.
 *
 * Bytes that are damaged, or of another source or version, are refused, and the script is compiled from its source
 * as if there were none. That protects from accidents. It does not protect from an attacker who can write
 * the file: keep it where only you can.
 */
#include "example.h"

static const char SOURCE[] =
    "function isPrime(n) {\n"
    "  for (let i = 2; i * i <= n; i++) if (n % i === 0) return false;\n"
    "  return n > 1;\n"
    "}\n"
    "let count = 0;\n"
    "for (let n = 0; n < 10000; n++) if (isPrime(n)) count++;\n"
    "`${count} primes below 10000`;\n";

static const char OTHER_SOURCE[] = "'another source';\n";

/* Compiles and runs in a fresh isolate, with cached data if there is any; gives cached data back if asked. */
static void run(const char *title, const char *source, const char *cache, size_t cache_len,
                jsvm_bytes *new_cache) {
  jsvm_error *error;
  jsvm_isolate *isolate;
  CHECK(jsvm_isolate_new(NULL, &isolate, &error));

  jsvm_script_options options = {.struct_size = sizeof options};
  options.cached_data = (const uint8_t *)cache;
  options.cached_data_len = cache_len;
  jsvm_script *script;
  CHECK(jsvm_script_new(isolate, source, JSVM_AUTO_LENGTH, &options, &script, &error));
  const char *what = cache == NULL                                 ? "not given"
                     : jsvm_script_cached_data_rejected(script) ? "rejected"
                                                                   : "used";

  jsvm_slot value;
  CHECK(jsvm_script_run_in_this_context(script, NULL, &value, &error));
  printf("%-16s cached data %s: %s\n", title, what, value.data);
  jsvm_slot_clear(&value);

  if (new_cache != NULL) {
    /* After the run, because V8 compiles functions when they are first called. */
    CHECK(jsvm_script_create_cached_data(script, new_cache, &error));
  }
  jsvm_script_free(script);
  jsvm_isolate_free(isolate);
}

int main(void) {
  jsvm_bytes cache;
  run("first run", SOURCE, NULL, 0, &cache);
  run("second run", SOURCE, cache.data, cache.len, NULL);
  run("other source", OTHER_SOURCE, cache.data, cache.len, NULL);
  run("truncated", SOURCE, cache.data, cache.len / 2, NULL);

  char *damaged = malloc(cache.len);
  if (damaged == NULL) {
    return EXIT_FAILURE;
  }
  memcpy(damaged, cache.data, cache.len);
  damaged[cache.len / 2] ^= 1;
  run("one bit flipped", SOURCE, damaged, cache.len, NULL);
  free(damaged);

  jsvm_bytes_clear(&cache);
  return 0;
}
