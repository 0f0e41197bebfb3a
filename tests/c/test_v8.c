/* The parts of V8 that a build can leave out without a word: ICU's data, the code and the time zones of
 * Temporal, WebAssembly. */
#include "guest.h"

static jsvm_isolate *isolate;
static jsvm_context *context;

static void icu(void) {
  JS_STR(context, "new Intl.NumberFormat('de').format(1234567.5)", "1.234.567,5");
  JS_STR(context,
         "new Intl.DateTimeFormat('fr', {dateStyle: 'full', timeZone: 'Asia/Tokyo'}).format(0)",
         "jeudi 1 janvier 1970");
  JS_STR(context, "['z', '\\u00e4', 'a'].sort(new Intl.Collator('sv').compare).join('')",
         "az\xc3\xa4");
  JS_STR(context, "new Intl.PluralRules('pl').select(3)", "few");
  /* Two words of Thai, which has no blanks: by a dictionary. */
  JS_NUM(context,
         "const thai = '\\u0e2a\\u0e27\\u0e31\\u0e2a\\u0e14\\u0e35\\u0e04\\u0e23\\u0e31\\u0e1a';"
         "[...new Intl.Segmenter('th', {granularity: 'word'}).segment(thai)].length",
         2);
  JS_STR(context, "'i'.toLocaleUpperCase('tr')", "\xc4\xb0");
  JS_STR(context, "'e\\u0301'.normalize('NFC')", "\xc3\xa9");
  JS_TRUE(context, "/^\\p{Script=Greek}$/u.test('\\u03b1')");
}

static void temporal(void) {
  JS_STR(context, "Temporal.PlainDate.from('2024-01-31').add({months: 1}).toString()", "2024-02-29");
  JS_STR(context, "Temporal.ZonedDateTime.from('2024-07-01T12:00[Europe/Berlin]').offset", "+02:00");
  JS_STR(context, "Temporal.PlainDate.from('2024-02-10').withCalendar('chinese').monthCode", "M01");
}

static void web_assembly(void) {
  /* (func (export "f") (param i32 i32) (result i32) local.get 0 local.get 1 i32.add) */
  JS_NUM(context,
         "new WebAssembly.Instance(new WebAssembly.Module(new Uint8Array(["
         "0, 97, 115, 109, 1, 0, 0, 0, 1, 7, 1, 96, 2, 127, 127, 1, 127, 3, 2, 1, 0, 7, 5, 1, 1, 102,"
         "0, 0, 10, 9, 1, 7, 0, 32, 0, 32, 1, 106, 11]))).exports.f(20, 22)",
         42);
}

int main(void) {
  isolate = new_isolate(NULL);
  context = new_context(isolate, NULL);
  RUN(icu);
  RUN(temporal);
  RUN(web_assembly);
  jsvm_context_free(context);
  jsvm_isolate_free(isolate);
  return FINISH();
}
