/* Buffer, TextEncoder, TextDecoder, atob and btoa. */
#include "cases.h"

static void cases(void) {
  static const js_case cases[] = {
    {"Buffer.from('YQ==YQ==', 'base64')", "<61>"},
    {"Buffer.from('YW J\\nj*ZA', 'base64')", "<61 62 63 64>"},
    {"Buffer.from('-_-_Y', 'base64')", "<fb ff bf>"},
    {"Buffer.from('6161zz61', 'hex')", "<61 61>"},
    {"Buffer.from('616', 'hex')", "<61>"},
    {"Buffer.from('a\\u00e9\\u20ac\\u{1f600}')", "<61 c3 a9 e2 82 ac f0 9f 98 80>"},
    {"Buffer.from('\\ud800x')", "<ef bf bd 78>"},
    {"Buffer.from('a\\u20ac', 'utf16le')", "<61 0 ac 20>"},
    {"Buffer.from('a\\u20ac', 'latin1')", "<61 ac>"},
    {"Buffer.from('x', 'nope')", "TypeError ERR_UNKNOWN_ENCODING: Unknown encoding: nope"},
    {"Buffer.from()",
     "TypeError ERR_INVALID_ARG_TYPE: The first argument must be of type string or an instance of Buffer, ArrayBu"
     "ffer, or Array or an Array-like Object. Received undefined"},
    {"Buffer.from(5)",
     "TypeError ERR_INVALID_ARG_TYPE: The first argument must be of type string or an instance of Buffer, ArrayBu"
     "ffer, or Array or an Array-like Object. Received type number (5)"},
    {"Buffer.from([1, 300, -1, '7', NaN, 1.9])", "<1 2c ff 7 0 1>"},
    {"Buffer.from({ length: 2, 0: 5, 1: 6 })", "<5 6>"},
    {"Buffer.from(new String('hi'))", "<68 69>"},
    {"Buffer.from({ [Symbol.toPrimitive]() { return 'p' } })", "<70>"},
    {"Buffer.from(JSON.parse(JSON.stringify(Buffer.from('xy'))))", "<78 79>"},
    {"Buffer.from(new Uint8Array([1, 2, 3]).buffer, 1, 1)", "<2>"},
    {"Buffer.from(new ArrayBuffer(3), 4)",
     "RangeError ERR_BUFFER_OUT_OF_BOUNDS: \"offset\" is outside of buffer bounds"},
    {"Buffer.from(new ArrayBuffer(3), 1, 4)",
     "RangeError ERR_BUFFER_OUT_OF_BOUNDS: \"length\" is outside of buffer bounds"},
    {"Buffer.alloc(5, 'ab')", "<61 62 61 62 61>"},
    {"Buffer.alloc(5, 'YWI=', 'base64')", "<61 62 61 62 61>"},
    {"Buffer.alloc('5')",
     "TypeError ERR_INVALID_ARG_TYPE: The \"size\" argument must be of type number. Received type string ('5')"},
    {"Buffer.allocUnsafe(3)", "<0 0 0>"},
    {"Buffer.concat([Buffer.from('ab'), new Uint8Array([1])], 5)", "<61 62 1 0 0>"},
    {"Buffer.concat([1])",
     "TypeError ERR_INVALID_ARG_TYPE: The \"list[0]\" argument must be an instance of Buffer or Uint8Array. Recei"
     "ved type number (1)"},
    {"Buffer.byteLength('\\u00e9')", "2"},
    {"Buffer.compare(Buffer.from('a'), Buffer.from('b'))", "-1"},
    {"Buffer.isEncoding('UTF-8') && !Buffer.isEncoding('x')", "true"},
    {"Buffer.from('hello').toString('utf8', 1, 3)", "el"},
    {"Buffer.from('hello').toString('hex', -1, 99)", "68656c6c6f"},
    {"Buffer.from([251, 255, 191, 1]).toString('base64url')", "-_-_AQ"},
    {"Buffer.from([255, 233]).toString('latin1')", "\303\277\303\251"},
    {"Buffer.from([255, 233]).toString('ascii')", "\177i"},
    {"Buffer.from([0xf0, 0x9f, 0x98]).toString()", "\357\277\275"},
    {"Buffer.from([0xef, 0xbb, 0xbf, 0x41]).toString().length", "2"},
    {"Buffer.from('x').toString('nope')", "TypeError ERR_UNKNOWN_ENCODING: Unknown encoding: nope"},
    {"Buffer.from('hello').slice(1, -1)", "<65 6c 6c>"},
    {"Buffer.from('hello').subarray(-3).toString()", "llo"},
    {"Buffer.from('abcabc').indexOf('bc', 2)", "4"},
    {"Buffer.from('abcabc').lastIndexOf('bc', 3)", "1"},
    {"Buffer.from('abcabc').lastIndexOf(98, -6)", "-1"},
    {"Buffer.from('abcabc').includes('6263', 'hex')", "true"},
    {"Buffer.from([0, 97, 0, 97, 0]).indexOf('a', 'ucs2')", "-1"},
    {"Buffer.from('abcabc').indexOf({})",
     "TypeError ERR_INVALID_ARG_TYPE: The \"value\" argument must be one of type number or string or an instance "
     "of Buffer or Uint8Array. Received an instance of Object"},
    {"Buffer.alloc(3).write('\\u20ac\\u20ac')", "3"},
    {"Buffer.alloc(3).write('abc', 'q')", "TypeError ERR_UNKNOWN_ENCODING: Unknown encoding: q"},
    {"Buffer.alloc(3).write('a', 4)",
     "RangeError ERR_OUT_OF_RANGE: The value of \"offset\" is out of range. It must be >= 0 && <= 3. Received 4"},
    {"Buffer.alloc(11).fill('abc', 1, 9)", "<0 61 62 63 61 62 63 61 62 0 0>"},
    {"Buffer.alloc(3).fill('zz', 'hex')",
     "TypeError ERR_INVALID_ARG_VALUE: The argument 'value' is invalid. Received 'zz'"},
    {"Buffer.from('abc').compare(Buffer.from('xabcx'), 1, 4)", "0"},
    {"Buffer.from('hello').copy(Buffer.alloc(3), 1)", "2"},
    {"Buffer.from('hello').copy(Buffer.alloc(3), -1)",
     "RangeError ERR_OUT_OF_RANGE: The value of \"targetStart\" is out of range. It must be >= 0. Received -1"},
    {"Buffer.from([1, 2, 3, 4]).swap32()", "<4 3 2 1>"},
    {"Buffer.alloc(3).swap16()", "RangeError ERR_INVALID_BUFFER_SIZE: Buffer size must be a multiple of 16-bits"},
    {"Buffer.from('ab').toJSON()", "{\"type\":\"Buffer\",\"data\":[97,98]}"},
    {"Buffer.from('abc').map((b) => b + 1).toString()", "bcd"},
    {"Buffer.from('80ff7f01c00000fffe', 'hex').readInt16BE(0)", "-32513"},
    {"Buffer.from('80ff7f01c00000fffe', 'hex').readUInt32LE(1)", "3221323775"},
    {"Buffer.from('80ff7f01c00000fffe', 'hex').readIntBE(0, 6)", "-139640140873728"},
    {"Buffer.from('80ff7f01c00000fffe', 'hex').readBigInt64LE(1)", "-72339065793314817n"},
    {"Buffer.from('80ff7f01c00000fffe', 'hex').readDoubleBE()", "-7.176314292643964e-304"},
    {"Buffer.alloc(3).readInt8(3)",
     "RangeError ERR_OUT_OF_RANGE: The value of \"offset\" is out of range. It must be >= 0 and <= 2. Received 3"},
    {"Buffer.alloc(3).readInt8(1.5)",
     "RangeError ERR_OUT_OF_RANGE: The value of \"offset\" is out of range. It must be an integer. Received 1.5"},
    {"Buffer.alloc(3).readInt32LE()",
     "RangeError ERR_BUFFER_OUT_OF_BOUNDS: Attempt to access memory outside buffer bounds"},
    {"Buffer.alloc(3).writeUInt8(256)",
     "RangeError ERR_OUT_OF_RANGE: The value of \"value\" is out of range. It must be >= 0 and <= 255. Received 2"
     "56"},
    {"Buffer.alloc(9).writeIntBE(2 ** 48, 0, 6)",
     "RangeError ERR_OUT_OF_RANGE: The value of \"value\" is out of range. It must be >= -(2 ** 47) and < 2 ** 47"
     ". Received 281_474_976_710_656"},
    {"Buffer.alloc(9).writeBigUInt64LE(-1n)",
     "RangeError ERR_OUT_OF_RANGE: The value of \"value\" is out of range. It must be >= 0n and < 2n ** 64n. Rece"
     "ived -1n"},
    {"Buffer.alloc(60)[Symbol.for('nodejs.util.inspect.custom')]()",
     "<Buffer 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 "
     "00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 ... 10 more bytes>"},
    {"atob(' Y Q ') + btoa('\\u00e9')", "a6Q=="},
    {"atob('Y')", "InvalidCharacterError 5: The string to be decoded is not correctly encoded."},
    {"btoa('\\u0100')", "InvalidCharacterError 5: Invalid character"},
    {"new TextEncoder().encode('\\u00e9\\ud800')", "<c3 a9 ef bf bd>"},
    {"new TextEncoder().encodeInto('a\\u20acb', new Uint8Array(3))", "{\"read\":1,\"written\":1}"},
    {"new TextDecoder().decode(new Uint8Array([0xef, 0xbb, 0xbf, 65]))", "A"},
    {"new TextDecoder('utf-16').decode(new Uint8Array([65, 0, 0x3d, 0xd8]))", "A\357\277\275"},
    {"new TextDecoder('utf-8', { fatal: true }).decode(new Uint8Array([255]))",
     "TypeError ERR_ENCODING_INVALID_ENCODED_DATA: The encoded data was not valid for encoding utf-8"},
    {"new TextDecoder('x')", "RangeError ERR_ENCODING_NOT_SUPPORTED: The \"x\" encoding is not supported"},
  };
  jsvm_isolate *isolate = new_isolate(NULL);
  jsvm_context *context = with_parts(isolate, JSVM_PART_BUFFER);
  RUN_CASES(context, cases);
  jsvm_context_free(context);
  jsvm_isolate_free(isolate);
}

static void numbers(void) {
  /* What each of the writers writes, its reader reads. */
  static const js_case cases[] = {
    {"Object.getOwnPropertyNames(Buffer.prototype).filter((name) => /^write./.test(name)).filter((name) => {"
     " const size = /Int[LB]E$/i.test(name) ? [3] : [], value = name.includes('Big') ? 77n : 77;"
     " const bytes = Buffer.alloc(9, 255), end = bytes[name](value, 1, ...size);"
     " return bytes[0] !== 255 || bytes[end] !== undefined && bytes[end] !== 255 ||"
     " bytes[name.replace('write', 'read')](1, ...size) !== value }).join()", ""},
    {"Object.getOwnPropertyNames(Buffer.prototype).filter((name) => /^(read|write)./.test(name)).length", "62"},
  };
  jsvm_isolate *isolate = new_isolate(NULL);
  jsvm_context *context = with_parts(isolate, JSVM_PART_BUFFER);
  RUN_CASES(context, cases);
  jsvm_context_free(context);
  jsvm_isolate_free(isolate);
}

static void shared(void) {
  static const js_case cases[] = {
    {"(() => { const b = Buffer.from('hello'); b.slice(1, 3)[0] = 97; b.subarray(4).fill('!'); return b.toString() })()",
     "hall!"},
    {"(() => { const a = new Uint8Array([1, 2]); const b = Buffer.from(a.buffer); a[0] = 9;"
     " return [b[0], Buffer.from(a)[0], b.buffer === a.buffer].join() })()", "9,9,true"},
    {"(() => { const a = Buffer.from('ab'), b = Buffer.from(a); a[0] = 0; return b.toString() })()", "ab"},
    {"(() => { const b = Buffer.from(new SharedArrayBuffer(4)); b.write('hi'); return b.toString('latin1', 0, 2) })()", "hi"},
    /* Streams of bytes that end within a character. */
    {"(() => { const d = new TextDecoder(), o = { stream: true }; return [d.decode(new Uint8Array([0xe2, 0x82]), o),"
     " d.decode(new Uint8Array([0xac]), o), d.decode(new Uint8Array([0xf0]), o), d.decode()].join('|') })()",
     "|\342\202\254||\357\277\275"},
    {"(() => { const d = new TextDecoder('utf-16le'), o = { stream: true }; return [d.decode(new Uint8Array([0x3d]), o),"
     " d.decode(new Uint8Array([0xd8, 0]), o), d.decode(new Uint8Array([0xde, 65]), o), d.decode()].join('|') })()",
     "||\360\237\230\200|\357\277\275"},
    {"new TextDecoder('latin1').decode(new Uint8Array([0x80, 0xe9]))", "\342\202\254\303\251"},
  };
  jsvm_isolate *isolate = new_isolate(NULL);
  jsvm_context *context = with_parts(isolate, JSVM_PART_BUFFER);
  RUN_CASES(context, cases);
  jsvm_context_free(context);
  jsvm_isolate_free(isolate);
}

/* Nothing that a guest does to its buffers reaches memory that is not theirs. */
static void hostile(void) {
  static const js_case cases[] = {
    {"(() => { const b = Buffer.alloc(64); structuredClone(0, { transfer: [b.buffer] });"
     " return [b.length, b.toString(), b.write('abc'), b.indexOf('a'), b.equals(Buffer.alloc(0))].join() })()", "0,,0,-1,true"},
    {"(() => { const b = Buffer.alloc(8); Object.defineProperty(b, 'length', { value: 1e6 });"
     " return [b.toString('latin1').length, b.write('abc', 1e5), b.toString('hex')].join() })()", "8,0,0000000000000000"},
    {"(() => { const r = new ArrayBuffer(8, { maxByteLength: 8 }), b = Buffer.from(r);"
     " b.write({ toString() { return 'x' } }) })()", "TypeError ERR_INVALID_ARG_TYPE: argument must be a string"},
    {"(() => { const r = new ArrayBuffer(8, { maxByteLength: 8 }), b = Buffer.from(r, 4); r.resize(2);"
     " return [b.length, b.toString(), b.write('abc')].join() })()", "0,,0"},
    /* The length is asked for twice in JavaScript, and then in Rust. */
    {"(() => { const b = Buffer.alloc(4096, 'ab'); let asked = 0; Object.defineProperty(b, 'length', { value: { valueOf() {"
     " if (asked++ === 2) structuredClone(0, { transfer: [b.buffer] }); return 4096 } } });"
     " return [b.lastIndexOf('b'), asked].join() })()", "-1,3"},
    {"Buffer.prototype.toString.call({ length: 5 }, 'latin1')", ""},
    {"Buffer.prototype.write.call([], 'abc')", "0"},
    {"(() => { const { from } = Buffer; Uint8Array.fromBase64 = Uint8Array.prototype.set = () => { throw 1 };"
     " return from('YWJj', 'base64').toString() })()", "abc"},
    {"Buffer.alloc(2 ** 40).length", "RangeError undefined: Array buffer allocation failed"},
    {"Buffer.alloc(300e6).toString('hex')", "Error ERR_STRING_TOO_LONG: Cannot create a string longer than 0x1fffffe8 characters"},
  };
  jsvm_isolate *isolate = new_isolate(NULL);
  jsvm_context *context = with_parts(isolate, JSVM_PART_BUFFER | JSVM_PART_STRUCTURED_CLONE);
  RUN_CASES(context, cases);
  jsvm_context_free(context);
  jsvm_isolate_free(isolate);
}

/* A search that finds something at every odd place, where UTF-16 has none. */
static void limits(void) {
  jsvm_isolate *isolate = new_isolate(NULL);
  jsvm_context *context = with_parts(isolate, JSVM_PART_BUFFER);
  jsvm_error *error = NULL;
  CHECK_STATUS(js_ms(context, "const hay = Buffer.alloc(64e6, 'ab'); hay.indexOf(Buffer.alloc(32e6, 'ba'), 0, 'ucs2')",
                     300, NULL, &error), JSVM_STATUS_TIMEOUT, &error);
  JS_STR(context, "Buffer.from('still').toString()", "still");
  jsvm_context_free(context);
  jsvm_isolate_free(isolate);
}

static void parts(void) {
  jsvm_isolate *isolate = new_isolate(NULL);
  jsvm_context *context = main_context(isolate);
  jsvm_error *error = NULL;
  JS_STR(context, "typeof Buffer + typeof TextDecoder + typeof atob", "undefinedundefinedundefined");
  CHECK_OK(jsvm_context_install(context, JSVM_PART_BUFFER, NULL, &error), &error);
  JS_STR(context, "globalThis.kept = Buffer; Object.keys(globalThis).join()", "kept");
  CHECK_OK(jsvm_context_install(context, JSVM_PART_BUFFER | JSVM_PART_REQUIRE, NULL, &error), &error);
  JS_TRUE(context, "kept === Buffer && kept === require('node:buffer').Buffer");
  jsvm_context_free(context);
  jsvm_isolate_free(isolate);
}

int main(void) {
  RUN(parts);
  RUN(cases);
  RUN(numbers);
  RUN(shared);
  RUN(hostile);
  RUN(limits);
  return FINISH();
}
