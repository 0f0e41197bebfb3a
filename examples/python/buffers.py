"""Bytes that Python and JavaScript share, without a copy, in both directions: Python's memory as an ArrayBuffer, and the
memory of a typed array as a memoryview.

Both sides see what the other one writes, at any time. While another thread may run the guest, expect that the bytes change
under your eyes: check what was copied out, not what is still shared.
"""

from array import array

import jsvm

with jsvm.Isolate() as isolate:
    context = isolate.context()

    # From Python to JavaScript: anything with a writable buffer, such as bytearray, array, or a NumPy array.
    samples = array("d", range(8))
    context.globals["shared"] = memoryview(samples)
    context.eval("for (let i = 0; i < shared.length; i++) shared[i] *= shared[i]")
    print("JavaScript squared the samples; their sum is", context.eval("shared.reduce((a, b) => a + b)"))
    print("Python sees:", *samples)
    print("what JavaScript made of it:", context.globals["shared"].element_type)

    # The same as an ArrayBuffer, for JavaScript to lay views over.
    data = bytearray(4)
    context.globals["buffer"] = context.share(data)
    context.eval("new DataView(buffer).setUint32(0, 0xCAFEF00D)")
    print("Python sees:", data.hex())

    # From JavaScript to Python: what the view covers, here without its first two elements.
    view = context.eval("const made = Float64Array.of(1, 2, 3, 4, 5); made.subarray(2)").memoryview()
    print("Python borrowed:", *view)
    for i, value in enumerate(view):
        view[i] = -value
    print("JavaScript sees:", context.eval("made.join(' ')"))

    # Copies, where sharing is not wanted: bytes(value) out of JavaScript; bytes go in as a Uint8Array of their own.
    copied = bytes(context.eval("Uint8Array.of(1, 2, 3)"))
    print("copied:", copied, context.eval("(bytes) => bytes.constructor.name + ' ' + bytes")(b"\x04\x05"))

# What was borrowed outlives its isolate.
print("Python still has:", *view)
