"""Promises: awaited in asyncio, waited for without it, and made out of coroutines.

The first `await` of a promise in a loop, and the first coroutine that JavaScript starts there, tie the isolate to that loop:
whenever JavaScript has something to run, the library tells the loop, which then runs it. Nothing polls.
"""

from __future__ import annotations

import asyncio
import ctypes
import weakref
from collections.abc import Generator
from ctypes import byref
from typing import TYPE_CHECKING, Any, Awaitable, Callable, Optional

from . import _abi
from . import object as _object
from ._abi import lib
from ._convert import Owned, slots, to_handle
from .errors import JSClosedError, call
from .isolate import Isolate, _limits
from .object import JSObject

if TYPE_CHECKING:
    from .context import Context

_STATES = ("pending", "fulfilled", "rejected")


class JSPromise(JSObject):
    """A live promise. `await` it in asyncio; elsewhere `result()` waits for it.

    Two are equal if they are the same Python object, as asyncio needs it; `strict_equals` says whether the promise is the same.
    """

    __slots__ = ()
    __eq__ = object.__eq__
    __hash__ = object.__hash__  # type: ignore[assignment]

    @property
    def state(self) -> str:
        """ "pending", "fulfilled" or "rejected"."""
        state = ctypes.c_uint32()
        call(lib.promise_result, self._handle, byref(state), None)
        return _STATES[state.value]

    def result(self, **limits: Any) -> Any:
        """Runs tasks and waits until it settles; raises what it was rejected with. The limits are those of Context.eval.

        Raises JSStateError if nothing is left to run that could settle it. In a loop's thread, use `await`.
        """
        slot = _abi.Slot()
        call(lib.promise_await, self._handle, _limits(limits), byref(slot), home=self._home)
        return self._home._take(slot)

    def then(
        self, on_fulfilled: Optional[Callable[[Any], Any]] = None, on_rejected: Optional[Callable[[Any], Any]] = None
    ) -> JSPromise:
        """Has functions called when it settles. JavaScript: promise.then."""
        functions = [None if one is None else to_handle(self._home, one) for one in (on_fulfilled, on_rejected)]
        made = ctypes.c_void_p()
        handles = [one and one.handle for one in functions]
        call(lib.promise_then, self._handle, *handles, None, byref(made), home=self._home)
        return self._home._wrap(_abi.OBJECT, _abi.FLAG_PROMISE, made.value or 0)  # type: ignore[no-any-return]

    def __await__(self) -> Generator[Any, None, Any]:
        return self._settled().__await__()

    async def _settled(self) -> Any:
        if self.state == "pending":
            loop = asyncio.get_running_loop()
            isolate = self._home._isolate
            attach(isolate, loop)
            done: asyncio.Future[None] = loop.create_future()

            def finish() -> None:
                if not done.done():
                    done.set_result(None)

            def settled(_: Any = None) -> None:
                # On whatever thread runs, or closes, the isolate.
                try:
                    loop.call_soon_threadsafe(finish)
                except RuntimeError:
                    pass  # The loop is closed.

            isolate._awaited.add(settled)
            try:
                self.then(settled, settled)
                await done
            finally:
                isolate._awaited.discard(settled)
        return self.result()


_object._CLASSES.append((_abi.FLAG_PROMISE, JSPromise))


class Resolver:
    """The host's end of a promise. Any thread settles it once, without waiting for the isolate."""

    __slots__ = ("_home", "_handle", "__weakref__")

    def __init__(self, home: Context, handle: int) -> None:
        self._home = home
        self._handle = handle

    def __del__(self, _free: Any = lib.resolver_free) -> None:
        _free(getattr(self, "_handle", 0))

    def resolve(self, value: Any = None) -> None:
        """Fulfils the promise, or has it follow another one."""
        buffer, kept = slots(self._home, (value,))
        call(lib.resolver_resolve, self._handle, buffer)

    def reject(self, reason: Any) -> None:
        """Rejects the promise: with an exception, or with any value."""
        buffer, kept = slots(self._home, (reason,))
        call(lib.resolver_reject, self._handle, buffer)


def new_promise(home: Context) -> tuple[JSPromise, Resolver]:
    promise, resolver = ctypes.c_void_p(), ctypes.c_void_p()
    call(lib.promise_new, home._handle, byref(promise), byref(resolver), home=home)
    made: JSPromise = home._wrap(_abi.OBJECT, _abi.FLAG_PROMISE, promise.value or 0)
    return made, Resolver(home, resolver.value or 0)


def of_awaitable(home: Context, awaitable: Awaitable[Any]) -> Owned:
    """A promise that a coroutine, task or future of Python settles."""
    loop: Any
    try:
        loop = here = asyncio.get_running_loop()
    except RuntimeError:
        here = None
        loop = home._isolate._loop and home._isolate._loop()
    if loop is None or loop.is_closed():
        if asyncio.iscoroutine(awaitable):
            awaitable.close()
        raise RuntimeError("an async function needs a running asyncio loop: await something of JavaScript's there first")
    attach(home._isolate, loop)
    promise, resolver = new_promise(home)

    async def settle() -> None:
        try:
            value = await awaitable
        except asyncio.CancelledError:
            _settle(home, resolver.reject, asyncio.CancelledError("the task was cancelled"))
            raise
        except Exception as error:
            _settle(home, resolver.reject, error)
        else:
            try:
                _settle(home, resolver.resolve, value)
            except Exception as error:  # It cannot become a JavaScript value.
                _settle(home, resolver.reject, error)

    if here is not None:
        _tasks.add(task := loop.create_task(settle()))
        task.add_done_callback(_tasks.discard)
    else:
        asyncio.run_coroutine_threadsafe(settle(), loop)
    return Owned(lib.value_clone(promise._handle))


#: Tasks that nobody else keeps.
_tasks: set[Any] = set()


def _settle(home: Context, how: Callable[[Any], None], value: Any) -> None:
    try:
        how(value)
    except JSClosedError:
        pass  # Nobody is left to be told.


def attach(isolate: Isolate, loop: asyncio.AbstractEventLoop) -> None:
    """Has a loop run what the isolate has to run."""
    current = isolate._loop and isolate._loop()
    if current is loop:
        return
    isolate._loop = weakref.ref(loop)
    alive = weakref.ref(isolate)
    its_loop = isolate._loop

    def pump() -> None:
        here = alive()
        if here is None or here.closed:
            return
        try:
            here.run_tasks()
        except JSClosedError:
            pass
        except Exception as error:
            loop.call_exception_handler({"message": "a JavaScript task failed", "exception": error})

    def wake() -> None:
        found = its_loop()
        if found is not None and not found.is_closed():
            try:
                found.call_soon_threadsafe(pump)
            except RuntimeError:
                pass  # It was closed in between.

    isolate.on_wakeup(wake)
    loop.call_soon(pump)
