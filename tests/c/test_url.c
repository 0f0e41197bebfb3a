/* URL and URLSearchParams. */
#include "cases.h"

static void cases(void) {
  static const js_case cases[] = {
    {"new URL('HTTP://User:Pa%20ss@EXAMPLE.com:80/a/../b/./c?x=1 2#fr ag').href",
     "http://User:Pa%20ss@example.com/b/c?x=1%202#fr%20ag"},
    {"new URL('https://m\\u00fcnchen.de/\\u00e4').href", "https://xn--mnchen-3ya.de/%C3%A4"},
    {"new URL('http://[::1]:8080/').host", "[::1]:8080"},
    {"new URL('http://0x7f.1/').hostname", "127.0.0.1"},
    {"new URL('mailto:a@b.c').pathname", "a@b.c"},
    {"new URL('../x?q', 'http://h/a/b/c').href", "http://h/a/x?q"},
    {"new URL('blob:https://a.b/c').origin", "https://a.b"},
    {"new URL('file:///x').origin", "null"},
    {"new URL('http://a b/')", "TypeError ERR_INVALID_URL: Invalid URL"},
    {"new URL('')", "TypeError ERR_INVALID_URL: Invalid URL"},
    {"new URL()", "TypeError ERR_MISSING_ARGS: The \"url\" argument must be specified"},
    {"URL.canParse('x') + ',' + URL.canParse('x', 'http://h')", "false,true"},
    {"JSON.stringify({ u: new URL('http://h') })", "{\"u\":\"http://h/\"}"},
    {"Object.prototype.toString.call(new URL('http://h'))", "[object URL]"},
    {"(() => { const u = new URL('http://u:p@h:90/p?q#f'); u.protocol = 'https'; u.host = 'x.y:81'; u.pathname = "
     "'a b'; u.hash = ''; u.username = '\\u00e9'; return u.href })()",
     "https://%C3%A9:p@x.y:81/a%20b?q"},
    {"(() => { const u = new URL('http://h/'); u.port = 'x'; u.host = 'a b'; u.protocol = 'mailto'; return u.href"
     " })()",
     "http://h/"},
    {"(() => { const u = new URL('http://h/'); u.href = 'bad' })()", "TypeError ERR_INVALID_URL: Invalid URL"},
    {"(() => { const u = new URL('http://h/?a=1'); const p = u.searchParams; p.append('c', '\\u00e9 &'); const on"
     "e = u.href; u.search = '?z=9'; return one + ' ' + p + ' ' + (p === u.searchParams) })()",
     "http://h/?a=1&c=%C3%A9+%26 z=9 true"},
    {"(() => { const u = new URL('http://h/?a=1'); u.searchParams.delete('a'); return u.href })()", "http://h/"},
    {"new URLSearchParams('?a=1&a=2&b=%20+&c&=d&%zz=%e9') + ''", "a=1&a=2&b=++&c=&=d&%25zz=%EF%BF%BD"},
    {"new URLSearchParams({ a: 1, b: [1, 2] }) + ''", "a=1&b=1%2C2"},
    {"new URLSearchParams(new Map([['x', 'y']])).get('x')", "y"},
    {"new URLSearchParams([['a']])",
     "TypeError ERR_INVALID_TUPLE: Each query pair must be an iterable [name, value] tuple"},
    {"new URLSearchParams([1])",
     "TypeError ERR_INVALID_TUPLE: Each query pair must be an iterable [name, value] tuple"},
    {"new URLSearchParams().append('a')",
     "TypeError ERR_MISSING_ARGS: The \"name\" and \"value\" arguments must be specified"},
    {"(() => { const p = new URLSearchParams('c=1&b=2&a=3&b=1'); p.sort(); p.set('b', 5); p.delete('c', '2'); ret"
     "urn p + ' ' + p.size })()",
     "a=3&b=5&c=1 3"},
    {"[...new URLSearchParams('a=1&b=2')]", "[[\"a\",\"1\"],[\"b\",\"2\"]]"},
    {"new URLSearchParams('a=1&a=2').getAll('a')", "[\"1\",\"2\"]"},
    {"new URLSearchParams('a=1').has('a', '2')", "false"},
    /* A list that changes while it is gone through. */
    {"(() => { const p = new URLSearchParams('a=1&b=2'), r = []; for (const [k] of p) { r.push(k); if (k === 'a')"
     " p.append('c', '3') } return r.join() })()", "a,b,c"},
    {"(() => { const { get } = Object.getOwnPropertyDescriptor(URL.prototype, 'href'); try { return get.call({}) }"
     " catch (e) { return e.name } })()", "TypeError"},
    {"(() => { try { new URL('x', 'bad') } catch (e) { return [e.code, e.input, e.base].join() } })()",
     "ERR_INVALID_URL,x,bad"},
    {"require('url').fileURLToPath('file:///a%20b/c') + require('url').pathToFileURL('/a b/%?#').href",
     "/a b/cfile:///a%20b/%25%3F%23"},
    {"require('util').inspect(new URL('http://h/?a=1')).replace(/\\s+/g, ' ')",
     "URL { href: 'http://h/?a=1', origin: 'http://h', protocol: 'http:', username: '', password: '', host: 'h',"
     " hostname: 'h', port: '', pathname: '/', search: '?a=1', searchParams: URLSearchParams { 'a' => '1' }, hash: '' }"},
  };
  jsvm_isolate *isolate = new_isolate(NULL);
  jsvm_context *context = main_context(isolate);
  jsvm_error *error = NULL;
  JS_STR(context, "typeof URL + typeof URLSearchParams", "undefinedundefined");
  CHECK_OK(jsvm_context_install(context, JSVM_PART_URL | JSVM_PART_REQUIRE, NULL, &error), &error);
  RUN_CASES(context, cases);
  jsvm_context_free(context);
  jsvm_isolate_free(isolate);
}

int main(void) {
  RUN(cases);
  return FINISH();
}
