"""What needs a process of its own: Ctrl-C, fork, the end of Python."""

from __future__ import annotations

import signal
import subprocess
import sys
import time

import pytest


def run(code: str, expected: int = 0) -> str:
    done = subprocess.run([sys.executable, "-X", "faulthandler", "-c", code], capture_output=True, text=True, timeout=60)
    assert done.returncode == expected, done.stderr
    return done.stdout


def interrupt(code: str) -> subprocess.CompletedProcess[str]:
    """Runs code and sends SIGINT half a second after it has printed a line."""
    child = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert child.stdout is not None
    line = child.stdout.readline()
    time.sleep(0.3)
    child.send_signal(signal.SIGINT)
    out, err = child.communicate(timeout=30)
    return subprocess.CompletedProcess([], child.returncode, line + out, err)


LOOPS = {
    "eval": "context.eval('for (;;);')",
    "call": "context.eval('() => { for (;;); }')()",
    "await": "pair = context.promise(); pair[0].result()",
    "callbacks": "context.globals['f'] = lambda: 1; context.eval('for (;;) f();')",
    "write": "context.install('console', write=lambda *_: None); context.eval('for (;;) console.log(1)')",
    "explicit": "context.eval('for (;;);', break_on_sigint=True)",
    "asyncio": "asyncio.run(main(context))",
}


@pytest.mark.parametrize("loop", LOOPS)
def test_ctrl_c(loop: str) -> None:
    done = interrupt(
        "import jsvm, asyncio\n"
        "async def main(context): context.eval('for (;;);')\n"
        "context = jsvm.Isolate().context()\n"
        "print('begin', flush=True)\n"
        f"try: {LOOPS[loop]}\n"
        "except KeyboardInterrupt: print('interrupted', context.eval('1 + 1'))\n"
    )
    assert done.stdout == "begin\ninterrupted 2\n", done.stderr
    assert done.returncode == 0


def test_ctrl_c_ends_a_program() -> None:
    done = interrupt("import jsvm\nprint('begin', flush=True)\njsvm.Isolate().eval('for (;;);')")
    assert done.returncode == -signal.SIGINT and "KeyboardInterrupt" in done.stderr


def test_fork() -> None:
    assert (
        run(
            "import jsvm, os\n"
            "isolate = jsvm.Isolate()\n"
            "child = os.fork()\n"
            "if child == 0:\n"
            "    try: isolate.eval('1')\n"
            "    except jsvm.JSForkedError as error: print('forked', flush=True)\n"
            "    try: jsvm.Isolate()\n"
            "    except jsvm.JSForkedError as error: print('forked', flush=True)\n"
            "    raise SystemExit(0)\n"
            "assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0\n"
            "print(isolate.eval('1'))"
        )
        == "forked\nforked\n1\n"
    )


def test_the_end_with_all_alive() -> None:
    code = (
        "import jsvm, threading, time, asyncio\n"
        "isolate = jsvm.Isolate()\n"
        "context = isolate.context()\n"
        "context.globals['f'] = f = context.function(lambda: time.sleep(0.001))\n"
        "context.install('timers')\n"
        "context.eval('setInterval(f, 1)')\n"
        "promise, resolver = context.promise()\n"
        "memory = bytearray(8)\n"
        "shared = context.share(memory)\n"
        "other = jsvm.Isolate()\n"
        "other.main_context.globals['g'] = lambda: time.sleep(0.001)\n"
        "def forever():\n"
        "    try: other.eval('for (;;) g()')\n"
        "    except Exception: pass\n"
        "threading.Thread(target=forever, daemon=True).start()\n"
        "time.sleep(0.1)\n"
        "print('end')"
    )
    for _ in range(3):
        assert run(code) == "end\n"


def test_the_end_while_the_main_thread_fails() -> None:
    assert run("import jsvm\nc = jsvm.Isolate().context()\nprint(c.eval('1'), flush=True)\nraise SystemExit(5)", 5) == "1\n"


def test_no_library() -> None:
    done = subprocess.run(
        [sys.executable, "-c", "import jsvm"], capture_output=True, text=True, env={"JSVM_LIBRARY": "/nothing", "PATH": "/bin"}
    )
    assert done.returncode == 1 and "JSVM_LIBRARY" in done.stderr or "No module named" in done.stderr
