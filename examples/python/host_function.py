"""Python functions that JavaScript calls: plain ones, ones that raise, and async ones on the running asyncio loop."""

import asyncio

import jsvm

calls = 0


def hypot_squared(*numbers: float) -> float:
    """Numbers in, a number out. What it raises, JavaScript can catch: a TypeError is a TypeError there too."""
    global calls
    calls += 1
    # JavaScript calls with anything, whatever the annotations say.
    if len(numbers) != 2 or not all(isinstance(number, (int, float)) for number in numbers):
        raise TypeError("hypotSquared() takes two numbers")
    x, y = numbers
    return x * x + y * y


async def shout(text: str) -> str:
    """For JavaScript it returns a promise; other code, JavaScript's and Python's, goes on meanwhile."""
    await asyncio.sleep(0.02)
    if not text:
        raise ValueError("nothing to shout")
    return text.upper()


async def evaluate(context: jsvm.Context, source: str) -> None:
    try:
        value = context.eval(source, timeout=10)
        if isinstance(value, jsvm.JSPromise):
            value = await asyncio.wait_for(value, 10)
    except Exception as error:
        # Not caught by JavaScript, it comes out as the object that was raised, with its traceback.
        value = f"raised {error!r}"
    print(f"{source}\n  {value}")


async def main() -> None:
    with jsvm.Isolate() as isolate:
        context = isolate.context()
        # A callable becomes a function by itself; context.function() can say more: a name, `new`, `this`.
        context.globals["hypotSquared"] = context.function(hypot_squared, name="hypotSquared")
        context.globals["shout"] = shout

        await evaluate(context, "hypotSquared(3, 4)")
        await evaluate(context, "[1, 2, 3].map((x) => hypotSquared(x, 0)).join()")
        await evaluate(context, "hypotSquared('3', 4)")
        await evaluate(context, "try { hypotSquared() } catch (error) { `caught ${error}` }")
        print(f"hypotSquared was called {calls} times")

        await evaluate(context, "shout('hello')")
        await evaluate(
            context, "Promise.all(['one', 'two', 'three'].map((word) => shout(word))).then((all) => all.join())"
        )
        await evaluate(context, "shout('')")
        await evaluate(context, "shout('').catch((reason) => `caught: ${reason}`)")

        # The other way round: a JavaScript function is a callable, a promise is awaitable.
        wait_for = context.eval("async (pending) => `JavaScript awaited ${await pending}`")
        print(await wait_for(shout("python")))
        print(sorted(["pear", "fig", "banana"], key=context.eval("(word) => word.length")))


asyncio.run(main())
