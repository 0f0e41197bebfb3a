"""Evaluates JavaScript; prints what comes out, or what went wrong and where."""

import jsvm


def evaluate(context: jsvm.Context, source: str) -> None:
    print(">", source)
    try:
        # Numbers, strings, booleans, bigints and dates come out as Python's own; an object is live: it stays in JavaScript.
        print(repr(context.eval(source, filename="example.js")))
    except jsvm.JSError as error:
        # The arrow is the source line with carets under the place. A timeout, for example, may have none.
        print(f"{type(error).__name__}\n{error.arrow or ''}{error.stack}")


# The isolate is the heap, with the garbage collector; the context is a global object in it.
with jsvm.Isolate() as isolate:
    context = isolate.context()
    evaluate(context, "6 * 7")
    evaluate(context, "var greeting = 'Hello'")
    evaluate(context, "`${greeting}, world: ${[1, 2, 3].map((x) => x * x)}`")
    evaluate(context, "2n ** 64n")
    evaluate(context, "new Date(0)")
    evaluate(context, "[greeting]")
    evaluate(context, "function area(shape) { return shape.width * shape.height; }")
    evaluate(context, "area({width: 2, height: 3})")
    evaluate(context, "area(null)")
    evaluate(context, "let x = ;")

    # Values go in by the global object, and as the arguments of functions: a dict becomes an object, at any depth.
    context.globals["shape"] = {"width": 4, "height": 5}
    print("area(shape) is", context.eval("area(shape)"))
    print("area({6, 7}) is", context.globals["area"]({"width": 6, "height": 7}))

    # A live object is a mapping, has its properties as attributes, and sees what JavaScript does to it.
    shape = context.globals["shape"]
    context.eval("shape.name = 'rectangle'")
    print("live:", shape["name"], shape.width, list(shape.keys()))
    # A copy is Python's own, made in one call.
    print("copied:", shape.copy(), context.eval("new Map([['sizes', [1, 2.5]]])", copy=True))
