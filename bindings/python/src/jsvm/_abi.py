"""The C ABI: the numbers, structures, callbacks and functions of jsvm.h, and nothing else.

Functions that wait for an isolate or run code are called with the GIL released: whoever holds an isolate may want the
GIL (a host function), so nobody waits for an isolate with the GIL. Functions that take no lock keep it, which is faster.
"""

from __future__ import annotations

import ctypes
from collections.abc import Sequence
from ctypes import c_bool, c_char_p, c_double, c_int32, c_size_t, c_uint32, c_uint64, c_void_p
from struct import Struct
from typing import Any, Callable

from . import _library

_waiting, _quick = _library.load()

# jsvm_status
OK, EXCEPTION, TIMEOUT, CPU_TIME, INTERRUPTED, CANCELLED, TERMINATED, OUT_OF_MEMORY = range(8)
INVALID_ARGUMENT, WRONG_ISOLATE, WRONG_STATE, BUSY, DISPOSED, UNSUPPORTED, FORKED, PANIC = range(8, 16)

# jsvm_kind
UNDEFINED, NULL, BOOLEAN, NUMBER, STRING, SYMBOL, BIGINT, OBJECT, FUNCTION = range(9)

# jsvm_graph_kind
REFERENCE, HOLE, DATE, BYTES = range(16, 20)
ARRAY, RECORD, MAP, SET, ERROR, REGEXP = range(32, 38)

# JSVM_FLAG_
FLAG_ARRAY, FLAG_ERROR, FLAG_PROMISE, FLAG_DATE, FLAG_REGEXP, FLAG_MAP, FLAG_SET = (1 << bit for bit in range(7))
FLAG_BUFFER, FLAG_VIEW, FLAG_PROXY, FLAG_LOSSY, FLAG_ACCESSOR = (1 << bit for bit in range(7, 12))
FLAG_OWNED = 1 << 31

# JSVM_KEYS_
KEYS_ENUMERABLE, KEYS_STRINGS, KEYS_SYMBOLS = 1, 2, 4

HANDLE_KINDS = (
    "isolate", "context", "script", "value", "error", "cancel", "resolver", "borrow", "module", "import_hooks", "file_loader",
)  # fmt: skip

# Slots as bytes: kind, flags, number, data, len, handle.
SLOT = Struct("=IIdQQQ")
#: The part of a slot that a number needs. The rest is zero in a buffer that held numbers only.
NUMBER_SLOT = Struct("=IId")
SLOT_SIZE = SLOT.size


class Slot(ctypes.Structure):
    _fields_ = [
        ("kind", c_uint32),
        ("flags", c_uint32),
        ("number", c_double),
        ("data", c_void_p),
        ("len", c_size_t),
        ("handle", c_void_p),
    ]


class List(ctypes.Structure):
    """jsvm_slot_list, jsvm_module_request_list and jsvm_bytes: an address and a number."""

    _fields_ = [("data", c_void_p), ("len", c_size_t)]


class Str(ctypes.Structure):
    _fields_ = [("data", c_char_p), ("len", c_size_t)]


def strings(texts: Sequence[bytes]) -> ctypes.Array[Str]:
    """An array of jsvm_str. It must live as long as it is used."""
    array = (Str * len(texts))()
    for place, text in zip(array, texts):
        place.data, place.len = text, len(text)
    return array


class RunOptions(ctypes.Structure):
    _fields_ = [
        ("struct_size", c_size_t),
        ("timeout_ms", c_uint64),
        ("cpu_time_ms", c_uint64),
        ("break_on_sigint", c_bool),
        ("cancel", c_void_p),
    ]


class CompileFunctionOptions(ctypes.Structure):
    _fields_ = [
        ("struct_size", c_size_t),
        ("filename", Str),
        ("line_offset", c_int32),
        ("column_offset", c_int32),
        ("cached_data", c_char_p),
        ("cached_data_len", c_size_t),
        ("context_extensions", c_void_p),
        ("context_extension_count", c_size_t),
        ("import_hooks", c_void_p),
    ]


class ContextOptions(ctypes.Structure):
    _fields_ = [
        ("struct_size", c_size_t),
        ("name", Str),
        ("origin", Str),
        ("disallow_code_generation_strings", c_bool),
        ("disallow_code_generation_wasm", c_bool),
        ("microtask_mode", c_uint32),
        ("contextify", c_bool),
        ("contextified_object", c_void_p),
    ]


class ScriptOptions(ctypes.Structure):
    _fields_ = [
        ("struct_size", c_size_t),
        ("filename", Str),
        ("line_offset", c_int32),
        ("column_offset", c_int32),
        ("cached_data", c_char_p),
        ("cached_data_len", c_size_t),
        ("no_display_errors", c_bool),
        ("import_hooks", c_void_p),
    ]


class Frame(ctypes.Structure):
    _fields_ = [
        ("function", c_char_p),
        ("filename", c_char_p),
        ("line", c_uint32),
        ("column", c_uint32),
        ("is_eval", c_bool),
        ("is_constructor", c_bool),
        ("is_wasm", c_bool),
    ]


class FileLoaderOptions(ctypes.Structure):
    _fields_ = [
        ("struct_size", c_size_t),
        ("root", Str),
        ("import_map", Str),
        ("builtins", c_bool),
        ("max_file_size", c_uint64),
    ]


class FunctionOptions(ctypes.Structure):
    _fields_ = [("struct_size", c_size_t), ("name", Str), ("length", c_uint32), ("is_constructor", c_bool)]


class FlattenOptions(ctypes.Structure):
    _fields_ = [
        ("struct_size", c_size_t),
        ("max_depth", c_size_t),
        ("max_size", c_size_t),
        ("max_bytes", c_size_t),
        ("call_getters", c_bool),
    ]


class Graph(ctypes.Structure):
    _fields_ = [("slots", c_void_p), ("count", c_size_t), ("block", c_void_p), ("block_len", c_size_t)]


class ModuleRequest(ctypes.Structure):
    _fields_ = [
        ("specifier", Str),
        ("attributes", ctypes.POINTER(Str * 2)),
        ("attribute_count", c_size_t),
        ("phase", c_uint32),
    ]


class ImportRequest(ctypes.Structure):
    _fields_ = [
        ("struct_size", c_size_t),
        ("request", ModuleRequest),
        ("referrer_name", Str),
        ("referrer_module", c_void_p),
        ("referrer_function", c_void_p),
        ("context", c_void_p),
    ]


FUNCTION_CALLBACK = ctypes.CFUNCTYPE(c_uint32, c_void_p, c_void_p, c_void_p)
IMPORT_CALLBACK = ctypes.CFUNCTYPE(c_uint32, c_void_p, ctypes.POINTER(ImportRequest), ctypes.POINTER(c_void_p), c_void_p)
IMPORT_META_CALLBACK = ctypes.CFUNCTYPE(c_uint32, c_void_p, c_void_p, c_void_p, c_void_p)
EVALUATE_CALLBACK = ctypes.CFUNCTYPE(c_uint32, c_void_p, c_void_p, c_void_p)
WRITE_CALLBACK = ctypes.CFUNCTYPE(None, c_void_p, c_uint32, c_void_p, c_size_t)
REJECTION_CALLBACK = ctypes.CFUNCTYPE(None, c_void_p, c_void_p, ctypes.POINTER(Slot))
#: jsvm_finalizer, jsvm_interrupt_callback, jsvm_wakeup_callback
USERDATA_CALLBACK = ctypes.CFUNCTYPE(None, c_void_p)


class ImportHooksOptions(ctypes.Structure):
    _fields_ = [
        ("struct_size", c_size_t),
        ("import_module_dynamically", IMPORT_CALLBACK),
        ("initialize_import_meta", IMPORT_META_CALLBACK),
    ]


class InstallOptions(ctypes.Structure):
    _fields_ = [
        ("struct_size", c_size_t),
        ("write", WRITE_CALLBACK),
        ("userdata", c_void_p),
        ("finalizer", USERDATA_CALLBACK),
        ("argv", c_void_p),
        ("argv_count", c_size_t),
        ("exec_argv", c_void_p),
        ("exec_argv_count", c_size_t),
        ("env", c_void_p),
        ("env_count", c_size_t),
        ("require_from", Str),
    ]


class IsolateOptions(ctypes.Structure):
    _fields_ = [
        ("struct_size", c_size_t),
        ("heap_limit", c_size_t),
        ("buffer_limit", c_size_t),
        ("stack_size", c_size_t),
        ("host_drains_microtasks", c_bool),
    ]


class HeapStatistics(ctypes.Structure):
    _fields_ = [
        (name, c_size_t)
        for name in (
            "total_heap_size",
            "used_heap_size",
            "heap_size_limit",
            "total_physical_size",
            "malloced_memory",
            "external_memory",
            "buffer_memory",
            "number_of_native_contexts",
            "number_of_detached_contexts",
        )
    ]


class MeasureMemoryOptions(ctypes.Structure):
    _fields_ = [("struct_size", c_size_t), ("mode", c_uint32), ("execution", c_uint32)]


class ContextMemory(ctypes.Structure):
    _fields_ = [
        ("name", c_char_p),
        ("name_len", c_size_t),
        ("estimate", c_size_t),
        ("range_low", c_size_t),
        ("range_high", c_size_t),
    ]


class MemoryMeasurement(ctypes.Structure):
    _fields_ = [
        ("contexts", ctypes.POINTER(ContextMemory)),
        ("len", c_size_t),
        ("total_estimate", c_size_t),
        ("total_range_low", c_size_t),
        ("total_range_high", c_size_t),
        ("wasm_code", c_size_t),
        ("wasm_metadata", c_size_t),
    ]


class ModuleOptions(ctypes.Structure):
    _fields_ = [
        ("struct_size", c_size_t),
        ("identifier", Str),
        ("line_offset", c_int32),
        ("column_offset", c_int32),
        ("cached_data", c_char_p),
        ("cached_data_len", c_size_t),
        ("import_hooks", c_void_p),
    ]


class VmModuleOptions(ctypes.Structure):
    _fields_ = [("struct_size", c_size_t), ("generation", c_uint32)]


# What the letters of a signature are.
_TYPES: dict[str, Any] = {
    "p": c_void_p,
    "n": c_size_t,
    "u": c_uint32,
    "U": c_uint64,
    "d": c_double,
    "z": c_char_p,
    "S": Str,
    "b": c_bool,
    "-": None,
    "?": c_int32,
}

# Functions that wait for an isolate, or may take long: the GIL is released. They return a status, but for those with a
# letter before ">".
_WAITING = """
jsvm_array_buffer_new ppnpp
jsvm_array_buffer_new_external ppnpppp
jsvm_array_length ppp
jsvm_buffer_borrow ppppp
jsvm_buffer_copy_out pnpnpp
jsvm_buffer_detach pp
jsvm_buffer_length ppp
jsvm_call_context ppp
jsvm_call_new_target ppp
jsvm_call_this ppp
jsvm_context_compile_function pznpnppppp
jsvm_context_contextified_object ppp
jsvm_context_evaluate pznpppp
jsvm_context_exit_code pppp
jsvm_context_global ppp
jsvm_context_install pupp
jsvm_context_measure_memory pppp
jsvm_context_new pppp
jsvm_context_provide_module pznpp
jsvm_context_set_import_hooks ppp
jsvm_context_vm_module pppp
jsvm_date_new pdpp
jsvm_date_value ppp
jsvm_exception_new puznznpp
jsvm_exception_set_userdata ppppp
jsvm_file_loader_import pznppp
jsvm_file_loader_new pppp
jsvm_flush_finalizers U
jsvm_function_construct ppnppp
jsvm_function_new ppppppp
jsvm_is_context pppp
jsvm_isolate_enter ppp
jsvm_isolate_exit pp
jsvm_isolate_free -> p
jsvm_isolate_heap_statistics ppp
jsvm_isolate_low_memory_notification pp
jsvm_isolate_main_context ppp
jsvm_isolate_measure_memory ppppp
jsvm_isolate_new ppp
jsvm_isolate_perform_microtask_checkpoint ppp
jsvm_isolate_run_tasks pUppp
jsvm_json_module_new pSznpp
jsvm_json_parse pznppp
jsvm_json_stringify ppuppp
jsvm_map_delete pppp
jsvm_map_entries ppp
jsvm_map_get pppp
jsvm_map_has pppp
jsvm_map_new ppp
jsvm_map_set pppp
jsvm_map_size ppp
jsvm_module_context ppp
jsvm_module_create_cached_data ppp
jsvm_module_error ppp
jsvm_module_evaluate pppp
jsvm_module_has_async_graph ppp
jsvm_module_has_top_level_await ppp
jsvm_module_instantiate pp
jsvm_module_link ppppp
jsvm_module_link_requests ppnp
jsvm_module_namespace ppp
jsvm_module_new pznppp
jsvm_module_requests ppp
jsvm_module_set_export pznpp
jsvm_module_status ppp
jsvm_object_constructor_name ppp
jsvm_object_define pppupp
jsvm_object_define_accessor ppppupp
jsvm_object_delete ppppp
jsvm_object_get ppppp
jsvm_object_get_many ppnppp
jsvm_object_get_prototype ppp
jsvm_object_has ppppp
jsvm_object_has_own ppppp
jsvm_object_new ppp
jsvm_object_own_keys puppp
jsvm_object_set ppppp
jsvm_object_set_many pppnpp
jsvm_promise_await pppp
jsvm_promise_new pppp
jsvm_promise_result pppp
jsvm_promise_then pppppp
jsvm_regexp_flags ppp
jsvm_regexp_new pznzpp
jsvm_regexp_source ppp
jsvm_script_create_cached_data ppp
jsvm_script_new pznppp
jsvm_script_run_in_context ppppp
jsvm_script_run_in_new_context pppppp
jsvm_script_run_in_this_context pppp
jsvm_set_add ppp
jsvm_set_delete pppp
jsvm_set_has pppp
jsvm_set_new ppp
jsvm_set_size ppp
jsvm_set_v8_flags znp
jsvm_set_values ppp
jsvm_string_new_utf16 ppnpp
jsvm_string_utf16 ppnpp
jsvm_symbol_description ppp
jsvm_symbol_for pznpp
jsvm_symbol_new pznpp
jsvm_synthetic_module_new pSpnppppp
jsvm_typed_array_new punnpp
jsvm_typed_array_type ppp
jsvm_value_build ppnppp
jsvm_value_deserialize ppnppp
jsvm_value_instance_of ppppp
jsvm_value_new pppp
jsvm_value_pickle pppppp
jsvm_value_serialize ppppp
jsvm_value_strict_equals pppp
jsvm_value_to_number pppp
jsvm_value_to_string pppp
jsvm_value_to_slot ppp
jsvm_value_unpickle ppnpnppp
jsvm_wasm_module_new pSpnpp
"""

# Functions that take no lock and return at once: the GIL is kept.
_QUICK = """
jsvm_borrow_free -> p
jsvm_bytes_clear -> p
jsvm_cancel_free -> p
jsvm_cancel_new pp
jsvm_cancel_trigger pp
jsvm_context_clone p> p
jsvm_context_free -> p
jsvm_context_isolate p> p
jsvm_context_name z> p
jsvm_context_origin z> p
jsvm_error_cause p> p
jsvm_error_arrow z> p
jsvm_error_code z> p
jsvm_error_column u> p
jsvm_error_exception pp
jsvm_error_filename z> p
jsvm_error_frame pnp
jsvm_error_frame_count n> p
jsvm_error_free -> p
jsvm_error_line u> p
jsvm_error_message z> p
jsvm_error_name z> p
jsvm_error_source_line z> p
jsvm_error_stack z> p
jsvm_error_status u> p
jsvm_error_userdata p> pp
jsvm_file_loader_free -> p
jsvm_import_hooks_free -> p
jsvm_import_hooks_new ppppp
jsvm_isolate_request_interrupt ppppp
jsvm_isolate_set_unhandled_rejection_callback ppppp
jsvm_isolate_set_wakeup ppppp
jsvm_isolate_terminate pp
jsvm_live_handles n> u
jsvm_memory_measurement_clear -> p
jsvm_module_clone p> p
jsvm_module_free -> p
jsvm_module_identifier z> p
jsvm_module_request_list_clear -> p
jsvm_resolver_free -> p
jsvm_resolver_reject ppp
jsvm_resolver_resolve ppp
jsvm_script_cached_data_rejected b> p
jsvm_script_free -> p
jsvm_script_source_map_url z> p
jsvm_script_source_url z> p
jsvm_slot_clear -> p
jsvm_slot_list_clear -> p
jsvm_slot_set_string ppn
jsvm_status_name z> u
jsvm_v8_version z>
jsvm_value_clone p> p
jsvm_value_flags u> p
jsvm_value_free -> p
jsvm_value_kind u> p
jsvm_version z>
"""


class Functions:
    """The functions of the library by their names without the prefix: `lib.context_new`."""

    def __init__(self) -> None:
        for library, table in ((_waiting, _WAITING), (_quick, _QUICK)):
            for line in table.strip().splitlines():
                name, _, signature = line.partition(" ")
                result, arrow, arguments = signature.replace(" ", "").rpartition(">")
                function = library[name]
                function.argtypes = [_TYPES[letter] for letter in arguments]
                function.restype = _TYPES[result if arrow else "?"]
                setattr(self, name[len("jsvm_") :], function)

    def __getattr__(self, name: str) -> Callable[..., Any]:
        raise AttributeError(f"the table of _abi.py has no jsvm_{name}")


lib = Functions()

# The calls that are made most, without argtypes: their arguments are bytes, None, and what byref() and from_param() made
# before, which ctypes passes on as they are.
evaluate: Callable[..., int] = _waiting["jsvm_context_evaluate"]
function_call: Callable[..., int] = _waiting["jsvm_function_call"]
run_in_context: Callable[..., int] = _waiting["jsvm_script_run_in_context"]

slot_clear: Callable[..., int] = _quick["jsvm_slot_clear"]

#: Small lengths, ready to be passed to the functions above.
LENGTHS: list[Any] = [c_size_t.from_param(length) for length in range(17)]

pointer: Callable[[int], Any] = c_void_p.from_param

# Python's own C API, for bytes and text by address.
_python = ctypes.pythonapi
_decode = ctypes.PYFUNCTYPE(ctypes.py_object, c_void_p, ctypes.c_ssize_t)
text_at: Callable[[int, int], str] = _decode(("PyUnicode_FromStringAndSize", _python))
bytes_at: Callable[[int, int], bytes] = _decode(("PyBytes_FromStringAndSize", _python))
#: The address of a bytes object's bytes, which a NUL follows. They are there as long as the object is.
address_of: Callable[[bytes], int] = ctypes.PYFUNCTYPE(c_void_p, ctypes.py_object)(("PyBytes_AsString", _python))


def length(count: int) -> Any:
    """A length to be passed to the functions without argtypes."""
    return LENGTHS[count] if count < 17 else c_size_t.from_param(count)
