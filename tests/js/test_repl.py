"""The prompt, through a pseudo-terminal and through a pipe. python3 test_repl.py JSVM"""

import os
import pty
import re
import select
import subprocess
import sys
import tempfile
import time
import unittest

os.environ.pop("JSVM_REPL_HISTORY", None)
JSVM = os.path.abspath(sys.argv.pop(1))
LIMIT = 30
PROMPT = "> "


class Terminal:
    """A prompt that somebody types at."""

    def __init__(self, *options, home=None, more=None):
        self.text = ""
        self.pid, self.fd = pty.fork()
        if self.pid == 0:
            env = os.environ | {"TERM": "xterm", "NO_COLOR": "1", "HOME": home or "/nonexistent"} | (more or {})
            os.execve(JSVM, [JSVM, *options], env)
        self.expect(PROMPT)

    def expect(self, wanted):
        """Waits until this comes, and gives what came before it."""
        end = time.monotonic() + LIMIT
        while wanted not in self.text:
            ready = select.select([self.fd], [], [], max(0, end - time.monotonic()))[0]
            if not ready:
                raise AssertionError(f"{wanted!r} did not come: {self.text!r}")
            try:
                data = os.read(self.fd, 1 << 16)
            except OSError:
                data = b""
            if not data:
                raise AssertionError(f"the end came before {wanted!r}: {self.text!r}")
            # The line editor's own sequences are in the way.
            self.text = re.sub(r"\x1b\[[0-9;?]*[a-ln-zA-Z]|\r", "", self.text + data.decode())
        before, self.text = self.text.split(wanted, 1)
        return before

    def type(self, keys):
        os.write(self.fd, keys.encode())

    def start(self, line, wanted):
        """Enters a line that comes to no end."""
        self.type(line + "\r")
        self.expect(wanted)

    def enter(self, line, wanted):
        """Enters a line, and waits for the next prompt: what is typed before that may be lost."""
        self.start(line, wanted)
        self.expect(PROMPT)

    def end(self):
        """Waits for the end, and gives the exit code."""
        while True:
            try:
                if not os.read(self.fd, 1 << 16):
                    break
            except OSError:
                break
        os.close(self.fd)
        return os.waitstatus_to_exitcode(os.waitpid(self.pid, 0)[1])


class AtATerminal(unittest.TestCase):
    def test_lines(self):
        terminal = Terminal()
        terminal.enter("6 * 7", "\n42\n")
        terminal.start("function f() {", "f() {\n")
        terminal.enter("return 43 }", "\nundefined\n")
        terminal.enter("f()", "\n43\n")
        terminal.type("\x04")
        self.assertEqual(terminal.end(), 0)

    def test_it_is_the_default_on_a_terminal(self):
        terminal = Terminal()
        terminal.start(".exit", ".exit\n")
        self.assertEqual(terminal.end(), 0)

    def test_ctrl_c(self):
        terminal = Terminal()
        terminal.type("half a line")
        terminal.expect("half a line")
        terminal.type("\x03")
        terminal.expect("(To exit, press Ctrl+C again or Ctrl+D or type .exit)\n> ")
        terminal.start("console.log('running'); (function spin() { for (;;) ; })()", "\nrunning\n")
        terminal.type("\x03")
        terminal.expect("interrupted by `SIGINT`\n    at spin (REPL:1:")
        terminal.expect(PROMPT)
        terminal.enter("6 * 7", "\n42\n")
        terminal.start("await (console.log('waiting'), new Promise((r) => setTimeout(r, 1e6)))", "\nwaiting\n")
        terminal.type("\x03")
        terminal.expect("interrupted by `SIGINT`\n")
        terminal.expect(PROMPT)
        terminal.type("\x03")
        terminal.expect(".exit)\n> ")
        terminal.type("\x03")
        self.assertEqual(terminal.end(), 0)

    def test_timers_run_while_the_user_types(self):
        terminal = Terminal()
        terminal.enter("setTimeout(() => console.log('tick'), 10); 'set'", "\n'set'\n")
        terminal.expect("tick\n")
        terminal.enter("setTimeout(() => { throw new Error('late') }, 10); 'set'", "\n'set'\n")
        terminal.expect("Uncaught Error: late\n")
        terminal.enter("setTimeout(() => { console.log('loops'); for (;;) ; }, 10); 'set'", "\n'set'\n")
        terminal.expect("loops\n")
        terminal.type("\x03")
        terminal.expect("terminated\n    at REPL:1:")
        terminal.enter("6 * 7", "\n42\n")
        terminal.enter("setTimeout(() => process.exit(3), 10); 'set'", "\n'set'\n")
        self.assertEqual(terminal.end(), 3)

    def test_completion(self):
        terminal = Terminal()
        terminal.enter("let things = { first: 1, get second() { things.first = 9; return 2 } }", "\nundefined\n")
        terminal.enter("thin\t.fi\t", "\n1\n")
        terminal.type("things.second.\t\x15")
        terminal.enter("things.first", "\n1\n")
        terminal.enter("Math.ab\t(-5)", "\n5\n")
        terminal.enter("globalTh\t === this", "\ntrue\n")
        terminal.type("things.\t\t")
        terminal.expect("first")
        terminal.type("\x15.exit\r")
        self.assertEqual(terminal.end(), 0)

    def test_history(self):
        with tempfile.TemporaryDirectory() as home:
            terminal = Terminal(home=home)
            terminal.enter("6 * 7", "\n42\n")
            terminal.type("\x04")
            self.assertEqual(terminal.end(), 0)
            history = os.path.join(home, ".jsvm_repl_history")
            self.assertEqual(os.stat(history).st_mode & 0o077, 0)
            terminal = Terminal(home=home)
            terminal.enter("\x1b[A", "\n42\n")
            terminal.type("\x04")
            self.assertEqual(terminal.end(), 0)

    def test_a_history_that_cannot_be_written(self):
        terminal = Terminal(more={"JSVM_REPL_HISTORY": "/dev/null/history"})
        terminal.enter("6 * 7", "jsvm: the history cannot be written to /dev/null/history: ")
        terminal.enter("6 * 7 + 1", "\n43\n")
        terminal.type("\x04")
        self.assertEqual(terminal.end(), 0)

    def test_colors(self):
        terminal = Terminal(more={"NO_COLOR": ""})
        terminal.enter("6 * 7", "\x1b[33m42\x1b[39m\n")
        terminal.type("\x04")
        self.assertEqual(terminal.end(), 0)

    def test_limits_are_for_each_input(self):
        terminal = Terminal("--timeout", "200")
        terminal.enter("for (;;) ;", "timeout after 200 ms\n    at REPL:1:1\n")
        terminal.enter("6 * 7", "\n42\n")
        terminal.enter("for (;;) ;", "timeout after 200 ms\n    at REPL:1:1\n")
        terminal.type("\x04")
        self.assertEqual(terminal.end(), 0)


class ThroughAPipe(unittest.TestCase):
    maxDiff = None

    def talk(self, lines, *options):
        done = subprocess.run(
            [JSVM, *options, "-i"], input=lines.encode(), capture_output=True, timeout=LIMIT,
            env=dict(os.environ, JSVM_REPL_HISTORY=""))
        self.assertEqual(done.stderr.decode(), "")
        return done.returncode, done.stdout.decode()

    def says(self, lines, expected, code=0):
        self.assertEqual(self.talk(lines), (code, expected))

    def test_values(self):
        self.says("1 + 1\n'a'\nundefined\n-0\nNaN\n10n\nSymbol('s')\n[1, { a: 2 }]\n",
                  "2\n'a'\nundefined\n-0\nNaN\n10n\nSymbol(s)\n[ 1, { a: 2 } ]\n")
        self.says("{ a: 1 }\n{ a: 1 };\n{}\n{ let x = 1; x }\n", "{ a: 1 }\n1\n{}\n1\n")
        self.says("'\\ud800'\n'ä€😀'\n", "'\\ud800'\n'ä€😀'\n")

    def test_declarations_come_again(self):
        self.says("let a = 1\nlet a = 2\na\nconst b = 3\nconst b = 4; b\nclass C {}\nclass C { x = 1 }\nnew C\n",
                  "undefined\nundefined\n2\nundefined\n4\nundefined\nundefined\nC { x: 1 }\n")

    def test_await(self):
        self.says("await Promise.resolve(7)\nconst x = await new Promise((r) => setTimeout(r, 5, 'late')); x\n",
                  "7\n'late'\n")
        code, out = self.talk("await new Promise(() => {})\nawait Promise.reject(new TypeError('no'))\n6 * 7\n")
        self.assertRegex(out, r"nothing is left to run that could settle it\nUncaught TypeError: no\n(.*\n)*42\n$")

    def test_incomplete_input_goes_on(self):
        for lines in ("[1,\n2]", "(1 +\n2, [1, 2])", "[1, `\n`.length + 1]", "if (true) {\n[1, 2] }", "/*\n*/ [1, 2]",
                      "await (\n[1, 2])", "[1, 2].map(\n(x) => x)"):
            with self.subTest(lines):
                self.says(lines + "\n", "[ 1, 2 ]\n")

    def test_errors(self):
        code, out = self.talk("throw new Error('x')\nthrow 5\nlet y = ;\n6 * 7\n")
        self.assertEqual(out, "Uncaught Error: x\n    at REPL:1:7\nUncaught 5\nlet y = ;\n        ^\n\n"
                              "Uncaught SyntaxError: Unexpected token ';'\n42\n")
        code, out = self.talk("(" * 100000 + "\nawait\neval('let z = ;')\n")
        self.assertRegex(out, r"^Uncaught RangeError: Maximum call stack size exceeded\n"
                              r"Uncaught SyntaxError: Unexpected end of input\n"
                              r"Uncaught SyntaxError: Unexpected token ';'\n")
        code, out = self.talk("Promise.reject(new Error('nobody'))\n")
        self.assertIn("Uncaught Error: nobody\n    at REPL:1:16\n", out)

    def test_last_value_and_last_error(self):
        self.says("6 * 7\n_ + 1\nthrow 5\n_error\n_\n", "42\n43\nUncaught 5\n5\n5\n")
        self.says("4.5\n_ + 1\n0 / 0\n_\n6 * 7\n_\n", "4.5\n5.5\nNaN\nNaN\n42\n42\n")
        self.says("_ = 'mine'\n6 * 7\n_\n", "'mine'\n42\n'mine'\n")

    def test_commands(self):
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, "session.js")
            self.says(f"let a = 20\na += 1\n.save {path}\n", f"undefined\n21\nSaved to \"{path}\"\n")
            self.says(f".load {path}\na\n", "21\n21\n")
            code, out = self.talk(f".load {folder}/nothing\n.save {folder}\n.nothing\n.5\n")
            self.assertRegex(out, r'^".*/nothing" cannot be read: No such.*\n".*" cannot be written: Is a.*\n'
                                  r"There is no command .nothing: .help lists them\n0.5\n$")
        self.assertIn(".load FILE", self.talk(".help\n")[1])

    def test_ends(self):
        self.says("process.exit(4)\n1\n", "", code=4)
        self.says("process.exitCode = 5\n", "5\n", code=5)
        self.says("process.on('exit', () => console.log('bye')); 1\n", "1\nbye\n")
        self.says(".exit\n1\n", "")
        self.says("", "")

    def test_the_program_may_change_the_builtins(self):
        self.says("Object.prototype.exceptionDetails = {}; Object.prototype.error = {}; JSON.parse = null; 1\n2\n", "1\n2\n")


if __name__ == "__main__":
    unittest.main()
