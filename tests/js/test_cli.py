"""Options, exit codes, bad input: what the command line answers. python3 test_cli.py JSVM"""

import os
import re
import signal
import subprocess
import sys
import tempfile
import time
import unittest

JSVM = os.path.abspath(sys.argv.pop(1))
LIMIT = 60


def jsvm(*arguments, stdin=b"", env=None, **more):
    more.setdefault("stdout", subprocess.PIPE)
    done = subprocess.run(
        [JSVM, *arguments], input=stdin, stderr=subprocess.PIPE, timeout=LIMIT,
        env=dict(os.environ, **(env or {})), **more,
    )
    return done.returncode, (done.stdout or b"").decode(errors="replace"), done.stderr.decode(errors="replace")


class Case(unittest.TestCase):
    maxDiff = None

    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.addCleanup(self.folder.cleanup)

    def file(self, name, content):
        path = os.path.join(self.folder.name, name)
        with open(path, "wb") as file:
            file.write(content if isinstance(content, bytes) else content.encode())
        return path

    def prints(self, expected, *arguments, code=0, **more):
        self.assertEqual(jsvm(*arguments, **more), (code, expected, ""))

    def complains(self, code, pattern, *arguments, **more):
        """Ends with the code, prints nothing, and says something on standard error."""
        seen, out, err = jsvm(*arguments, **more)
        self.assertRegex(err, pattern)
        self.assertEqual((seen, out), (code, ""))
        return err

    def one_line(self, code, pattern, *arguments, **more):
        err = self.complains(code, "^jsvm: " + pattern, *arguments, **more)
        lines = [line for line in err.splitlines() if line != "Try 'jsvm --help'."]
        self.assertEqual(len(lines), 1, err)


class Options(Case):
    def test_version_and_help(self):
        for option in ("-v", "--version"):
            code, out, err = jsvm(option)
            self.assertRegex(out, r"^jsvm \d+\.\d+\.\d+ \(V8 \d+\.\d+\.\d+\.\d+\)\n$")
            self.assertEqual((code, err), (0, ""))
        for option in ("-h", "--help"):
            code, out, err = jsvm(option, "--nonsense")
            self.assertIn("--memory-limit MB", out)
            self.assertIn("124", out)
            self.assertLessEqual(max(map(len, out.splitlines())), 100)
            self.assertEqual((code, err), (0, ""))
        self.assertIn("--expose-gc", jsvm("--v8-options")[1])

    def test_eval_and_print(self):
        self.prints("3\n", "-e", "console.log(1 + 2)")
        self.prints("3\n", "--eval", "console.log(1 + 2)")
        self.prints("3\n", "--eval=console.log(1 + 2)")
        self.prints("", "-e", "")
        self.prints("3\n", "-p", "1 + 2")
        self.prints("3\n", "-pe", "1 + 2")
        self.prints("3\n", "--print", "1 + 2")
        self.prints("text\n", "-p", "'text'")
        self.prints("{ a: [ 1, 'b' ] }\n", "-p", "({ a: [1, 'b'] })")
        self.prints("undefined\n", "-p", "")
        self.prints("[eval] function object\n", "-p", "[__filename, typeof require, typeof module].join(' ')")

    def test_arguments(self):
        show = "console.log(JSON.stringify([process.argv.slice(1), process.execArgv]))"
        path = self.file("argv.js", show)
        self.prints(f'[["{path}","a","--b","-c"],["--stack-size=800"]]\n', "--stack-size=800", path, "a", "--b", "-c")
        self.prints('["a","--b"]\n', "-p", "JSON.stringify(process.argv.slice(1))", "a", "--b")
        self.prints(f'[["{path}","--x"],[]]\n', "--", path, "--x")
        self.prints('[["-","a"],[]]\n', "-", "a", stdin=show.encode())
        self.prints(f'[["{path}"],[]]\n', "argv.js", cwd=self.folder.name)
        self.assertEqual(jsvm("-p", "process.argv[0]")[1].strip(), os.path.realpath(JSVM))

    def test_standard_input(self):
        self.prints("1\n", stdin=b"console.log(1)")
        self.prints("[stdin]\n", stdin=b"console.log(__filename)")
        self.prints("", stdin=b"")
        self.prints("\ufeff1\n".lstrip("\ufeff"), stdin=b"\xef\xbb\xbfconsole.log(1)")
        self.prints("\ufffd\n", stdin=b"console.log('\xff')")
        self.prints("1\n", stdin=b"#!/usr/bin/env jsvm\nconsole.log(1)")

    def test_v8_flags(self):
        self.prints("function\n", "--expose-gc", "-p", "typeof gc")
        self.prints("function\n", "--expose_gc", "-p", "typeof gc")
        self.prints("undefined\n", "--no-expose-gc", "-p", "typeof gc")
        self.prints("1\n", "--max-old-space-size=100", "--js-source-phase-imports", "-p", "1")
        self.prints("1\n", "--experimental-vm-modules", "--no-warnings", "--no-deprecation", "-p", "1")

    def test_wrong_options(self):
        self.one_line(9, "V8 does not know '--nonsense'", "--nonsense", "-e", "0")
        self.one_line(9, "V8 does not know '--nonsense=1'", "--nonsense=1", "-e", "0")
        self.one_line(9, "there is no option -x", "-x")
        self.one_line(9, "there is no option", "--stack size=1", "-e", "0")
        self.one_line(9, "--eval requires an argument", "-e")
        self.one_line(9, "-i runs no FILE and no CODE", "-i", "file.js")
        self.one_line(9, "-i runs no FILE and no CODE", "-i", "-e", "0")
        self.one_line(9, "-p requires an argument", "-p")
        self.one_line(9, "--timeout requires an argument", "--timeout")
        self.one_line(9, "--eval: the code is not UTF-8", "-e", b"\xff")
        for option in ("--timeout", "--cpu-time"):
            for wrong in ("0", "-1", "1.5", "1e3", "abc", "", " 1", "18446744073709551616", b"\xff"):
                self.one_line(9, f"{option}: .* is not a whole number of milliseconds", option, wrong, "-e", "0")
            self.prints("1\n", option, "18446744073709551615", "-p", "1")
        for wrong in ("0", "7", "1401", "-1", "abc", "99999999999999999999"):
            self.one_line(9, "--memory-limit: .* is not a whole number of MB", "--memory-limit", wrong, "-e", "0")


class Files(Case):
    def test_missing(self):
        self.one_line(1, "nothing.js cannot be read: there is no such file", "nothing.js", cwd=self.folder.name)
        self.one_line(1, ".* is a directory without an index.js", self.folder.name)
        self.one_line(1, "a+ cannot be read: File name too long", "a" * 300, cwd=self.folder.name)
        path = self.file("plain", "1")
        self.one_line(1, ".*cannot be read: Not a directory", path + "/below.js")

    def test_unreadable(self):
        path = self.file("secret.js", "1")
        os.chmod(path, 0)
        os.chmod(self.folder.name, 0o755)
        # Root may read everything.
        somebody = {"user": 65534, "group": 65534} if os.getuid() == 0 else {}
        try:
            jsvm("-v", **somebody)
        except PermissionError:
            self.skipTest("only root can reach the program")
        self.one_line(1, ".*secret.js cannot be read: Permission denied", path, **somebody)
        self.complains(1, "Error: EIO", "/proc/self/mem")

    def test_odd_content(self):
        self.prints("", self.file("empty.js", ""))
        self.prints("1\n", self.file("mark.js", b"\xef\xbb\xbfconsole.log(1)"))
        self.prints("1\n", self.file("shebang.js", "#!/usr/bin/env jsvm\nconsole.log(1)"))
        self.prints("\ufffd\n", self.file("latin1.js", b"console.log('\xe4')"))
        self.prints("3\n", self.file("nul.js", b"console.log('a\0b'.length)"))
        self.complains(1, "SyntaxError: Invalid or unexpected token", self.file("bytes.js", b"\0\1\2"))
        self.prints("1\n", self.file("without-extension", "console.log(1)"))

    def test_a_folder_and_a_name_without_extension(self):
        self.file("index.js", "console.log(require('./data').a, __filename === require.main.filename)")
        self.file("data.json", '{"a": 1}')
        self.prints("1 true\n", self.folder.name)
        self.prints("1 true\n", "index", cwd=self.folder.name)

    def test_a_working_directory_that_is_gone(self):
        code = "try { process.cwd() } catch (error) { console.log(error.code, error.syscall) }"
        with tempfile.TemporaryDirectory() as gone:
            inside = lambda: (os.chdir(gone), os.rmdir(gone))
            self.prints("ENOENT cwd\n", "-e", code, preexec_fn=inside)
            os.mkdir(gone)

    def test_global(self):
        self.prints("true false\n", "-p", "`${global === globalThis} ${Object.keys(globalThis).includes('global')}`")

    def test_inspecting_what_is_deeper_than_the_stack(self):
        for shift in range(8):
            self.prints("true\n", "-p", f"let a = {{}}; for (let i = 0; i < 1e5; i++) a = {{ a }};"
                        f"const f = (n) => n ? f(n - 1) : require('util').inspect(a, {{ depth: Infinity }});"
                        f"/interrupted prematurely/.test(f({shift}))")

    def test_a_missing_module_is_an_uncaught_error(self):
        path = self.file("main.js", "require('./nothing')")
        self.complains(1, "Error: Cannot find module './nothing'\nRequire stack:\n- ", path)


class Errors(Case):
    def shown(self, source, *options, name="t.js"):
        path = self.file(name, source)
        return self.complains(1, ".", *options, path).replace(self.folder.name, "")

    def test_place_line_caret_stack(self):
        err = self.shown("function f() {\n\tthrow new TypeError('boom')\n}\nf()")
        self.assertRegex(err, r"^/t\.js:2\n\tthrow new TypeError\('boom'\)\n\t\^\n\nTypeError: boom\n    at f \(/t\.js:2:8\)\n")
        self.assertRegex(err, r"\n\njsvm \d.*\n$")

    def test_cause_and_properties(self):
        err = self.shown("throw Object.assign(new Error('a', { cause: new RangeError('b') }), { code: 'E' })")
        self.assertIn("[cause]: RangeError: b\n", err)
        self.assertIn("code: 'E'", err)

    def test_what_is_no_error(self):
        for value, shown in (("'x'", "Uncaught 'x'"), ("null", "Uncaught null"), ("undefined", "Uncaught undefined"),
                             ("{ a: 1 }", "Uncaught { a: 1 }"), ("Symbol('s')", r"Uncaught Symbol\(s\)")):
            self.assertRegex(self.shown(f"throw {value}"), rf"^/t\.js:1\nthrow .*\n\^\n\n{shown}\n\njsvm ")

    def test_syntax_error(self):
        err = self.shown("let a = 1;\nlet b = ;")
        self.assertRegex(err, r"^/t\.js:2\nlet b = ;\n        \^\n\nSyntaxError: Unexpected token ';'\n")
        self.assertEqual(err.count("let b = ;"), 1)
        err = self.complains(1, ".", "-e", "let b = ;")
        self.assertRegex(err, r"^\[eval\]:1\nlet b = ;\n        \^\n\nSyntaxError: Unexpected token ';'\n")
        err = self.complains(1, ".", stdin=b"\nlet b = ;")
        self.assertRegex(err, r"^\[stdin\]:2\nlet b = ;\n")

    def test_unhandled_rejections(self):
        err = self.shown("async function f() {\n  throw new Error('late')\n}\nf()")
        self.assertRegex(err, r"^/t\.js:2\n  throw new Error\('late'\)\n        \^\n\nError: late\n    at f ")
        err = self.shown("Promise.reject({ a: 1 })")
        self.assertIn("ERR_UNHANDLED_REJECTION", err)
        self.prints("caught\n", "-e", "Promise.reject(1).catch(() => console.log('caught'))")
        self.prints("seen 1\n", "-e", "process.on('unhandledRejection', (e) => console.log('seen', e)); Promise.reject(1)")

    def test_errors_that_do_not_want_to_be_shown(self):
        for source in (
            "const e = new Error('x'); Object.defineProperty(e, 'stack', { get() { throw 1 } }); throw e",
            "throw Object.defineProperty(new Error('x'), 'message', { get() { throw 1 } })",
            "throw new (class extends Error { get name() { throw 1 } })('x')",
            "throw { [Symbol.for('nodejs.util.inspect.custom')]() { throw 1 } }",
            "throw new Proxy({}, { get() { throw 1 }, ownKeys() { throw 2 }, getPrototypeOf() { throw 3 } })",
            "Error.prepareStackTrace = () => { throw 1 }; throw new Error('x')",
            "throw { toString() { for (;;) ; } }",
            "const e = new Error('x'); e.cause = e; throw e",
            "throw Object.create(null)",
        ):
            with self.subTest(source):
                self.assertRegex(self.shown(source), r"^/t\.js:1\n.*\n *\^+\n\n(.|\n)+\n\njsvm \d")

    def test_long_lines_are_not_shown(self):
        err = self.shown("/*" + "x" * 5000 + "*/ throw new Error('x')")
        self.assertRegex(err, r"^/t\.js:1\n\nError: x\n")

    def test_colors(self):
        self.assertNotIn("\x1b", self.shown("throw new Error('x', { cause: 'y' })"))
        self.assertNotIn("\x1b", jsvm("-p", "[1]")[1])

    def test_after_an_error(self):
        code = "process.on('exit', (code) => console.log('exit', code)); throw 1"
        seen, out, _ = jsvm("-e", code)
        self.assertEqual((seen, out), (1, "exit 1\n"))
        seen, out, _ = jsvm("-e", "process.on('exit', () => { process.exitCode = 7 }); throw 1")
        self.assertEqual((seen, out), (7, ""))
        self.assertEqual(jsvm("-e", "process.exitCode = 3; throw 1")[0], 1)
        self.assertEqual(jsvm("-e", "process.on('exit', () => { throw 1 }); process.exit(5)")[0], 5)
        self.prints("caught 1\n", "-e", "process.on('uncaughtException', (e) => console.log('caught', e)); throw 1")


class Ends(Case):
    def test_exit_codes(self):
        self.prints("", "-e", "process.exit(5)", code=5)
        self.prints("", "-e", "process.exitCode = 6", code=6)
        self.prints("", "-e", "setTimeout(() => process.exit(7), 1); setInterval(() => {}, 1000)", code=7)
        self.prints("exit 8\n", "-e", "process.on('exit', (c) => console.log('exit', c)); process.exit(8)", code=8)
        self.prints("", "-e", "try { process.exit(3) } finally { for (;;) ; }", code=3)
        self.prints("before\n", "-e", "process.once('beforeExit', () => setTimeout(() => console.log('before'), 1))")

    def test_the_event_loop(self):
        self.prints("0\n1\n2\n3\n", "-e",
                    "setTimeout(() => console.log(3), 5); Promise.resolve().then(() => console.log(2));"
                    "process.nextTick(() => console.log(1)); console.log(0)")

    def test_timeout(self):
        for code in ("for (;;) ;", "setInterval(() => {}, 10)", "(async () => { for (;;) await 1 })()",
                     "process.on('exit', () => { for (;;) ; })", "require('fs-nothing' + (() => { for (;;) ; })())"):
            with self.subTest(code):
                self.complains(124, r"^jsvm: timeout after 200 ms\n", "--timeout", "200", "-e", code)
        err = self.complains(124, ".", "--timeout", "100", "-e", "function spin() { for (;;) ; } spin()")
        self.assertRegex(err, r"^jsvm: timeout after 100 ms\n    at spin \(\[eval\]:1:\d+\)\n    at \[eval\]:1:\d+\n$")

    def test_cpu_time(self):
        self.complains(152, r"^jsvm: out of CPU time after 50 ms\n    at ", "--cpu-time", "50", "-e", "for (;;) ;")
        self.prints("done\n", "--cpu-time", "5000", "-e", "setTimeout(() => console.log('done'), 50)")

    def test_memory(self):
        grow = "const a = []; for (;;) a.push(new Array(100).fill(a.length))"
        self.complains(134, r"^jsvm: out of memory: the heap passed 32 MB\n    at ", "--memory-limit", "32", "-e", grow)
        self.complains(134, r"^jsvm: out of memory\n    at ", "--max-old-space-size=30", "-e", grow)
        code = "try { const a = []; for (;;) a.push(new Uint8Array(1e6)) } catch (e) { console.log(e.name) }"
        self.prints("RangeError\n", "--memory-limit", "32", "-e", code)

    def test_signals(self):
        for number in (signal.SIGINT, signal.SIGTERM):
            running = subprocess.Popen([JSVM, "-e", "console.log(1); for (;;) ;"], stdout=subprocess.PIPE)
            running.stdout.readline()
            running.send_signal(number)
            self.assertEqual(running.wait(LIMIT), -number)
            running.stdout.close()


class Streams(Case):
    def test_a_broken_pipe_is_quiet(self):
        running = subprocess.Popen(
            [JSVM, "-e", "for (let i = 0; ; i++) console.log(i)"], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        self.assertEqual(running.stdout.readline(), b"0\n")
        running.stdout.close()
        self.assertEqual(running.wait(LIMIT), -signal.SIGPIPE)
        self.assertEqual(running.stderr.read(), b"")
        running.stderr.close()

    def test_a_pipe_as_the_file(self):
        self.prints("piped true\n", "/dev/stdin", stdin=b"console.log('piped', require.main === module)")
        name = self.file("named", "")
        os.unlink(name)
        os.mkfifo(name)
        running = subprocess.Popen([JSVM, name], stdout=subprocess.PIPE)
        with open(name, "w") as pipe:
            pipe.write("console.log('named')")
        self.assertEqual(running.communicate(timeout=LIMIT)[0], b"named\n")

    def test_closed_streams(self):
        def shell(command, stdin=subprocess.DEVNULL):
            done = subprocess.run(["sh", "-c", command, JSVM], capture_output=True, stdin=stdin, timeout=LIMIT)
            return done.returncode, done.stdout.decode(), done.stderr.decode()

        self.assertEqual(shell('"$0" -e "console.log(1)" >&-'), (0, "", ""))
        self.assertEqual(shell('"$0" -e "throw 1" 2>&-'), (1, "", ""))
        self.assertEqual(shell('"$0" <&-'), (0, "", ""))
        self.assertEqual(shell('"$0" - <&-'), (0, "", ""))

    def test_a_full_disk(self):
        with open("/dev/full", "wb") as full:
            for arguments in (("-p", "1"), ("-e", "console.log(1)"), ("--version",), ("--help",)):
                code, _, err = jsvm(*arguments, stdout=full)
                self.assertEqual(code, 1)
                self.assertRegex(err, r"^jsvm: standard output cannot be written: No space left on device.*\n$")

    def test_much_output_to_a_slow_reader(self):
        running = subprocess.Popen([JSVM, "-e", "console.log('x'.repeat(1 << 20))"], stdout=subprocess.PIPE)
        time.sleep(0.2)
        self.assertEqual(len(running.stdout.read()), (1 << 20) + 1)
        self.assertEqual(running.wait(LIMIT), 0)
        running.stdout.close()


class EsModules(Case):
    def test_input_type(self):
        code = "import { join } from 'node:path'; console.log(join('a', 'b'), typeof require, import.meta.url)"
        url = "file://%s/[eval1]" % os.getcwd()
        self.prints("a/b undefined %s\n" % url, "--input-type=module", "-e", code)
        self.prints("a/b undefined %s\n" % url, "--input-type=module", "-", stdin=code.encode())
        # By the syntax.
        self.prints("a/b\n", "-e", "import { join } from 'path'; console.log(join('a', 'b'))")
        self.prints("2\n", "-e", "const two = await 2; console.log(two)")
        self.complains(1, "SyntaxError: Cannot use import", "--input-type=commonjs", "-e", code)
        self.one_line(9, "--input-type: 'x' is neither|--input-type: \"x\" is neither", "--input-type", "x", "-e", "1")
        self.one_line(9, "--input-type is for CODE and standard input", "--input-type=commonjs", "app.mjs")
        self.one_line(9, "--print cannot be used with ESM input", "--input-type=module", "-p", "1")

    def test_import_map(self):
        self.file("lib.mjs", "export default 'lib'")
        scoped = self.file("scoped.mjs", "export { default } from 'name'")
        plain = self.file("map.json", '{"imports": {"name": "./lib.mjs", "path": "./lib.mjs", "no": null}}')
        show = "console.log((await import('%s')).default)"
        for name in ("name", "path", scoped):
            self.prints("lib\n", "--import-map", plain, "-e", show % name)
        self.prints("function\n", "--import-map", plain, "-e", "import('node:path').then((n) => console.log(typeof n.join))")
        self.complains(1, "TypeError: The import map blocks the module specifier \"no\"", "--import-map", plain, "-e",
                       show % "no")
        self.one_line(1, ".*nowhere.json cannot be read: ", "--import-map", "nowhere.json", "-e", "1")
        for wrong in ("{", "[]", '{"imports": []}', b"\xff"):
            self.one_line(1, ".*wrong.json is ", "--import-map", self.file("wrong.json", wrong), "-e", "1")

    def test_uncaught(self):
        """The place, the line, the error."""
        syntax = self.file("syntax.mjs", "let fine;\nlet x = ;")
        err = self.complains(1, r"SyntaxError: Unexpected token ';'", syntax)
        self.assertTrue(err.startswith("file://%s:2\nlet x = ;\n        ^\n\n" % syntax), err)
        missing = self.file("missing.mjs", "import { x } from './missing.mjs'")
        err = self.complains(1, "does not provide an export named 'x'", missing)
        self.assertTrue(err.startswith("file://%s:1\nimport { x }" % missing), err)
        err = self.complains(1, "ERR_MODULE_NOT_FOUND", self.file("asks.mjs", "import './nowhere.mjs'"))

    def test_limits(self):
        loop = self.file("loop.mjs", "for (;;);")
        self.complains(124, "timeout after 100 ms\n    at file:", "--timeout", "100", loop)
        self.complains(124, "timeout after 100 ms", "--timeout", "100", "-e", "import('%s')" % loop)
        self.prints("", self.file("exit.mjs", "await 1; process.exit(5)"), code=5)

    def test_a_pipe(self):
        path = os.path.join(self.folder.name, "pipe.mjs")
        os.mkfifo(path)
        with subprocess.Popen(["sh", "-c", "echo 'import.meta.url; console.log(1)' > %s" % path]):
            self.prints("1\n", path)

    def test_the_prompt(self):
        asked = b"(await import('node:path')).join('a', 'b')\nawait import('nowhere').catch((e) => e.code)\n"
        code, out, _ = jsvm("-i", stdin=asked)
        self.assertEqual((code, out.replace("> ", "")), (0, "'a/b'\n'ERR_MODULE_NOT_FOUND'\n"))


if __name__ == "__main__":
    unittest.main()
