/*
 * typescript TYPESCRIPT.JS FILE.TS: loads the TypeScript compiler into a context and transpiles a file with it;
 * twice, the second time in a fresh isolate with the code that the first one compiled.
 *
 * typescript.js is 9 MB of ordinary JavaScript. Run as a script it needs no module system: it puts its API
 * into a global variable `ts`.
 */
#include "example.h"

#include <time.h>

static double now_ms(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return (double)time.tv_sec * 1e3 + (double)time.tv_nsec / 1e6;
}

/* A whole file; the caller frees it. */
static char *read_file(const char *path, size_t *len) {
  FILE *file = fopen(path, "rb");
  long size = -1;
  if (file != NULL && fseek(file, 0, SEEK_END) == 0) {
    size = ftell(file);
  }
  char *text = size >= 0 ? malloc((size_t)size + 1) : NULL;
  if (text == NULL || fseek(file, 0, SEEK_SET) != 0 ||
      fread(text, 1, (size_t)size, file) != (size_t)size) {
    perror(path);
    exit(EXIT_FAILURE);
  }
  fclose(file);
  text[size] = '\0';
  *len = (size_t)size;
  return text;
}

static void print_lines(const char *text, int count) {
  for (; count > 0 && *text != '\0'; count--) {
    int len = (int)strcspn(text, "\n");
    printf("  | %.*s\n", len, text);
    text += len + (text[len] == '\n');
  }
}

/* What a run is given: the sources, and cached data if there is any. */
typedef struct input {
  const char *compiler;
  size_t compiler_len;
  const char *file;
  size_t file_len;
  jsvm_bytes cache;
} input;

/* Prints the times. Gives out the transpiled text, and cached data if `cache` is not NULL. */
static void run(const char *title, const input *input, jsvm_slot *output, jsvm_bytes *cache) {
  jsvm_error *error;
  jsvm_isolate *isolate;
  jsvm_context *context;
  CHECK(jsvm_isolate_new(NULL, &isolate, &error));
  CHECK(jsvm_isolate_main_context(isolate, &context, &error));

  double begin = now_ms();
  jsvm_script_options options = {.struct_size = sizeof options};
  options.filename = (jsvm_str){"typescript.js", JSVM_AUTO_LENGTH};
  options.cached_data = (const uint8_t *)input->cache.data;
  options.cached_data_len = input->cache.len;
  jsvm_script *script;
  CHECK(jsvm_script_new(isolate, input->compiler, input->compiler_len, &options, &script, &error));
  double compiled = now_ms();
  CHECK(jsvm_script_run_in_context(script, context, NULL, NULL, &error));
  double loaded = now_ms();

  jsvm_slot transpile;
  CHECK(jsvm_context_evaluate(context,
                              "(text) => ts.transpileModule(text, {\n"
                              "  compilerOptions: {\n"
                              "    target: ts.ScriptTarget.ES2022,\n"
                              "    module: ts.ModuleKind.CommonJS,\n"
                              "  },\n"
                              "}).outputText",
                              JSVM_AUTO_LENGTH, NULL, NULL, &transpile, &error));
  jsvm_slot text = {.kind = JSVM_KIND_STRING, .data = input->file, .len = input->file_len};
  double begin_transpile = now_ms();
  CHECK(jsvm_function_call(transpile.handle, NULL, &text, 1, NULL, output, &error));
  double end = now_ms();
  jsvm_slot_clear(&transpile);

  printf("%-20s %6.0f ms %6.0f ms %6.0f ms %6.0f ms%s\n", title, compiled - begin, loaded - compiled,
         end - begin_transpile, end - begin,
         jsvm_script_cached_data_rejected(script) ? "  (the cached data was rejected)" : "");

  if (cache != NULL) {
    /* Now, and not before: it holds the functions that were compiled so far, and V8 compiles a function when it is
     * first called. */
    CHECK(jsvm_script_create_cached_data(script, cache, &error));
  }
  jsvm_script_free(script);
  jsvm_context_free(context);
  jsvm_isolate_free(isolate);
}

int main(int argc, char **argv) {
  if (argc != 3) {
    fprintf(stderr, "usage: %s TYPESCRIPT.JS FILE.TS\n", argv[0]);
    return EXIT_FAILURE;
  }
  input input = {0};
  char *compiler = read_file(argv[1], &input.compiler_len);
  char *file = read_file(argv[2], &input.file_len);
  input.compiler = compiler;
  input.file = file;

  printf("%-20s %9s %9s %9s %9s\n", "", "compile", "load", "transpile", "all");
  jsvm_slot output;
  jsvm_bytes cache;
  run("without code cache", &input, &output, &cache);

  input.cache = cache;
  jsvm_slot again;
  run("with code cache", &input, &again, NULL);
  printf("cached data: %.1f MB; V8 %s\n\n", (double)cache.len / 1e6, jsvm_v8_version());

  if (output.kind != JSVM_KIND_STRING || output.len != again.len ||
      memcmp(output.data, again.data, output.len) != 0) {
    fprintf(stderr, "the two runs do not give the same text\n");
    return EXIT_FAILURE;
  }
  printf("%s, %zu bytes, became %zu bytes of JavaScript:\n", argv[2], input.file_len, output.len);
  print_lines(output.data, 24);

  jsvm_slot_clear(&output);
  jsvm_slot_clear(&again);
  jsvm_bytes_clear(&cache);
  free(compiler);
  free(file);
  return 0;
}
