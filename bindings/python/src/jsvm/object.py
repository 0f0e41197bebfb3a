"""Live JavaScript objects: what is done to them is done in JavaScript."""

from __future__ import annotations

import ctypes
from collections.abc import Iterator, MutableMapping
from ctypes import byref
from typing import Any, Callable, Iterable, Optional, Union

from . import _abi, _convert
from . import context as _context
from ._abi import LENGTHS, NUMBER, function_call, lib
from ._convert import LIMIT, MAX_SAFE, MIN_SAFE, Owned, number, slots
from ._graph import copy
from ._values import undefined
from .context import CallFrame, Context, Live, frames
from .errors import JSStateError, JSWrongIsolateError, call
from .function import leaving, raise_leaving
from .isolate import _limits
from .limits import CancelToken, run_options

_ENUMERABLE_STRINGS = _abi.KEYS_ENUMERABLE | _abi.KEYS_STRINGS


class JSSymbol(Live):
    """A symbol: a key of properties that no string equals."""

    __slots__ = ()

    def __init__(self, home: Context, handle: int) -> None:
        self._home = home
        self._handle = handle

    def __del__(self, _free: Any = lib.value_free) -> None:
        _free(getattr(self, "_handle", 0))

    def __eq__(self, other: object) -> bool:
        return isinstance(other, JSSymbol) and _same(self, other)

    def __hash__(self) -> int:
        return hash(self.description)

    def __repr__(self) -> str:
        description = self.description
        return "Symbol()" if description is None else f"Symbol({description})"

    @property
    def description(self) -> Optional[str]:
        """Its description, if it has one."""
        slot = _abi.Slot()
        call(lib.symbol_description, self._handle, byref(slot))
        text = self._home._take(slot)
        return None if text is undefined else text


Key = Union[str, int, JSSymbol]


def _same(one: Live, other: Live) -> bool:
    result = ctypes.c_bool()
    try:
        call(lib.value_strict_equals, one._handle, other._handle, byref(result))
    except JSWrongIsolateError:
        return False
    return result.value


class JSObject(Live, MutableMapping[Any, Any]):
    """A live object, as a mapping of its properties and with its properties as attributes.

    `object["key"]` reads any property, its own or inherited, and raises KeyError if there is none; iterating gives the values
    of what JavaScript can iterate, and otherwise the object's own enumerable keys, as do keys(), items() and len().
    `object.key` is the same for names that are no methods of this class; a function that is read so is called with the object
    as `this`. Getters, setters and Proxy traps run. Two are equal if they are the same object.
    """

    __slots__ = ()
    __hash__ = None  # type: ignore[assignment]

    def __new__(cls) -> JSObject:
        raise TypeError("objects are made by a context: context.object()")

    def __del__(self, _free: Any = lib.value_free) -> None:
        _free(self._handle)

    def _key(self, key: Any) -> tuple[Any, Any]:
        if isinstance(key, (str, JSSymbol)) or isinstance(key, int) and not isinstance(key, bool):
            return slots(self._home, (key,))
        raise TypeError(f"a key is a str, an int or a JSSymbol, not {type(key).__name__}")

    def _get(self, key: Any) -> Any:
        buffer, kept = self._key(key)
        slot = _abi.Slot()
        call(lib.object_get, self._handle, buffer, None, byref(slot), home=self._home)
        return self._home._take(slot)

    def _has(self, key: Any) -> bool:
        buffer, kept = self._key(key)
        result = ctypes.c_bool()
        call(lib.object_has, self._handle, buffer, None, byref(result), home=self._home)
        return result.value

    def __getitem__(self, key: Any) -> Any:
        value = self._get(key)
        if value is undefined and not self._has(key):
            raise KeyError(key)
        return value

    def __setitem__(self, key: Any, value: Any) -> None:
        buffer, kept = self._key(key)
        given, kept_too = slots(self._home, (value,))
        call(lib.object_set, self._handle, buffer, given, None, home=self._home)

    def __delitem__(self, key: Any) -> None:
        if not self._has(key):
            raise KeyError(key)
        buffer, kept = self._key(key)
        result = ctypes.c_bool()
        call(lib.object_delete, self._handle, buffer, None, byref(result), home=self._home)
        if not result.value:
            raise JSStateError(f"the property {key!r} cannot be deleted")

    def __contains__(self, key: object) -> bool:
        try:
            return self._has(key)
        except TypeError:
            return False

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__") and name.endswith("__"):
            raise AttributeError(name)
        value = self._get(name)
        if value is undefined and not self._has(name):
            raise AttributeError(f"the JavaScript object has no property {name!r}")
        if isinstance(value, JSFunction):
            _set_this(value, self)
        return value

    def __setattr__(self, name: str, value: Any) -> None:
        if hasattr(type(self), name):
            raise AttributeError(f"{name!r} is of {type(self).__name__}: the property is object[{name!r}]")
        self[name] = value

    def __delattr__(self, name: str) -> None:
        try:
            del self[name]
        except KeyError:
            raise AttributeError(name) from None

    def __iter__(self) -> Iterator[Any]:
        iterator = self._get(_well_known(self._home)[0])
        if not isinstance(iterator, JSFunction):
            return iter(self.own_keys())
        made = iterator.call(self)
        if not isinstance(made, JSObject):
            raise TypeError("the object's Symbol.iterator gives no iterator")
        following = made._get("next")
        if not isinstance(following, JSFunction):
            raise TypeError("the object's iterator has no function next")
        return _iterate(made, following)

    def __len__(self) -> int:
        return len(self.own_keys())

    def __bool__(self) -> bool:
        return True

    def __eq__(self, other: object) -> bool:
        return isinstance(other, JSObject) and _same(self, other)

    def __repr__(self) -> str:
        try:
            return f"<jsvm.{type(self).__name__} {self.constructor_name}>"
        except Exception:
            return f"<jsvm.{type(self).__name__}>"

    def __str__(self) -> str:
        """JavaScript: String(value)."""
        slot = _abi.Slot()
        call(lib.value_to_string, self._handle, None, byref(slot), home=self._home)
        return str(self._home._take(slot))

    def __float__(self) -> float:
        """JavaScript: +value."""
        result = ctypes.c_double()
        call(lib.value_to_number, self._handle, None, byref(result), home=self._home)
        return result.value

    def keys(self) -> Any:
        """The own enumerable keys that are strings. JavaScript: Object.keys."""
        return dict.fromkeys(self.own_keys()).keys()

    def items(self) -> Any:
        """Keys and values, read in two calls."""
        return self._snapshot().items()

    def values(self) -> Any:
        """The values, read in two calls."""
        return self._snapshot().values()

    def _snapshot(self) -> dict[Any, Any]:
        keys = self.own_keys()
        return dict(zip(keys, self.get_many(keys)))

    # What has no place in a mapping.

    def copy(
        self,
        *,
        getters: bool = False,
        max_depth: int = 0,
        max_size: int = 0,
        max_bytes: int = 0,
        **limits: Any,
    ) -> Any:
        """All of it as Python's own values, in one call: dict, list, set, jsvm.Map, datetime, bytes, JSError, RegExp.

        What has no such type (functions, symbols, promises, proxies) is live. No JavaScript runs, unless `getters` is true:
        then properties with a getter have the value that it returns; otherwise they are undefined. The limits are Context.eval's.
        max_depth: containers within containers; default 1000. max_size: values; default 4 million. max_bytes: of strings and
        buffers; default 256 MB. What is more raises JSUsageError.
        """
        return copy(self._home, self._handle, max_depth, max_size, max_bytes, getters, _limits(limits))

    def own_keys(self, *, enumerable: bool = True, strings: bool = True, symbols: bool = False) -> list[Any]:
        """Keys of its own properties. JavaScript: Object.keys; with enumerable=False, symbols=True Reflect.ownKeys."""
        flags = _abi.KEYS_ENUMERABLE * enumerable | _abi.KEYS_STRINGS * strings | _abi.KEYS_SYMBOLS * symbols
        found = _abi.List()
        call(lib.object_own_keys, self._handle, flags, None, byref(found), home=self._home)
        return _slot_list(self._home, found)

    def get_many(self, keys: Iterable[Key]) -> list[Any]:
        """Several properties in one call: undefined where there is none."""
        wanted = list(keys)
        for key in wanted:
            if not isinstance(key, (str, int, JSSymbol)):
                raise TypeError(f"a key is a str, an int or a JSSymbol, not {type(key).__name__}")
        buffer, kept = slots(self._home, wanted)
        results = (_abi.Slot * len(wanted))()
        call(lib.object_get_many, self._handle, buffer, len(wanted), None, results, home=self._home)
        return [self._home._take(slot) for slot in results]

    def set_many(self, values: Any) -> None:
        """Several properties in one call, of a dict."""
        given = dict(values)
        for key in given:
            if not isinstance(key, (str, int, JSSymbol)):
                raise TypeError(f"a key is a str, an int or a JSSymbol, not {type(key).__name__}")
        keys, kept = slots(self._home, list(given))
        buffer, kept_too = slots(self._home, list(given.values()))
        call(lib.object_set_many, self._handle, keys, buffer, len(given), None, home=self._home)

    def has_own(self, key: Key) -> bool:
        """Whether it has a property of its own. JavaScript: Object.hasOwn."""
        buffer, kept = self._key(key)
        result = ctypes.c_bool()
        call(lib.object_has_own, self._handle, buffer, None, byref(result), home=self._home)
        return result.value

    def define(self, key: Key, value: Any, *, writable: bool = True, enumerable: bool = True, configurable: bool = True) -> None:
        """Defines a property of its own. Raises JSStateError if the object does not let it."""
        buffer, kept = self._key(key)
        given, kept_too = slots(self._home, (value,))
        attributes = (not writable) | (not enumerable) << 1 | (not configurable) << 2
        call(lib.object_define, self._handle, buffer, given, attributes, None, home=self._home)

    def define_accessor(
        self,
        key: Key,
        getter: Optional[Callable[[], Any]] = None,
        setter: Optional[Callable[[Any], Any]] = None,
        *,
        enumerable: bool = True,
        configurable: bool = True,
    ) -> None:
        """Defines a property of its own with a getter and a setter."""
        buffer, kept = self._key(key)
        functions = [None if one is None else _convert.to_handle(self._home, one) for one in (getter, setter)]
        attributes = (not enumerable) << 1 | (not configurable) << 2
        handles = (one and one.handle for one in functions)
        call(lib.object_define_accessor, self._handle, buffer, *handles, attributes, None, home=self._home)

    def instance_of(self, constructor: JSObject) -> bool:
        """JavaScript: value instanceof constructor."""
        if not isinstance(constructor, JSObject):
            raise TypeError(f"a constructor is a JSObject, not {type(constructor).__name__}")
        result = ctypes.c_bool()
        call(lib.value_instance_of, self._handle, constructor._handle, None, byref(result), home=self._home)
        return result.value

    def strict_equals(self, other: Any) -> bool:
        """JavaScript: value === other."""
        return isinstance(other, Live) and _same(self, other)

    @property
    def prototype_of(self) -> Optional[JSObject]:
        """JavaScript: Object.getPrototypeOf(value)."""
        slot = _abi.Slot()
        call(lib.object_get_prototype, self._handle, byref(slot), home=self._home)
        return self._home._take(slot)  # type: ignore[no-any-return]

    @property
    def constructor_name(self) -> str:
        """The name of the function that made it, such as "Map"."""
        slot = _abi.Slot()
        call(lib.object_constructor_name, self._handle, byref(slot), home=self._home)
        return str(self._home._take(slot))

    @property
    def is_error(self) -> bool:
        """Whether it is an Error."""
        return bool(lib.value_flags(self._handle) & _abi.FLAG_ERROR)

    @property
    def is_proxy(self) -> bool:
        """Whether it is a Proxy: anything done to it can run JavaScript."""
        return bool(lib.value_flags(self._handle) & _abi.FLAG_PROXY)

    def regexp(self) -> tuple[str, str]:
        """The source and flags of a RegExp."""
        return tuple(self._home._take(_result(function, self)) for function in (lib.regexp_source, lib.regexp_flags))


def _result(function: Any, value: Live, *arguments: Any) -> _abi.Slot:
    slot = _abi.Slot()
    call(function, value._handle, *arguments, byref(slot), home=value._home)
    return slot


def _number(function: Any, value: Live, kind: Any) -> Any:
    result = kind()
    call(function, value._handle, byref(result), home=value._home)
    return result.value


def _slot_list(home: Context, found: _abi.List) -> list[Any]:
    """The values of a list that a call gave out, which is released."""
    if not found.data:
        return []
    try:
        data = (ctypes.c_char * (_abi.SLOT_SIZE * found.len)).from_address(found.data)
        return [home._read(*slot) for slot in _abi.SLOT.iter_unpack(data)]
    finally:
        lib.slot_list_clear(byref(found))


def _iterate(iterator: JSObject, following: JSFunction) -> Iterator[Any]:
    """A JavaScript iterator as Python's. Who leaves early has its return() called, as for-of has."""
    while True:
        step = following.call(iterator)
        if not isinstance(step, JSObject):
            raise TypeError("the iterator's next() gives no object")
        done, value = step.get_many(("done", "value"))
        if _is_true(done):
            return
        try:
            yield value
        except GeneratorExit:
            end = None if iterator._home._isolate.closed else iterator._get("return")
            if isinstance(end, JSFunction):
                end.call(iterator)
            raise


def _is_true(value: Any) -> bool:
    """JavaScript: Boolean(value). Objects are true there, also empty ones, and NaN is not."""
    return isinstance(value, Live) or value == value and bool(value)


class JSFunction(JSObject):
    """A live function. Calling it gives its arguments as they are; keyword arguments are the limits of Context.eval."""

    __slots__ = ("_arg", "_this", "cached_data", "cached_data_rejected")

    def __call__(
        self,
        *args: Any,
        timeout: Optional[float] = None,
        cpu_time: Optional[float] = None,
        cancel: Optional[CancelToken] = None,
        break_on_sigint: bool = False,
        copy: bool = False,
    ) -> Any:
        """Calls it. `this` is undefined, or the object of which it was read as an attribute."""
        if timeout is None and cpu_time is None and cancel is None and not break_on_sigint:
            options = None
        else:
            options = run_options(timeout, cpu_time, cancel, break_on_sigint)
        home = self._home
        frame = frames.pop() if frames else CallFrame()
        count = len(args)
        given: Any = None
        if count <= 8:
            at = 1
            numbers = frame.numbers
            for value in args:
                kind = type(value)
                if kind is int and MIN_SAFE <= value <= MAX_SAFE or kind is float:
                    numbers[at] = value
                    at += 5
                else:
                    break
            else:
                given = frame.args_ref
        if given is None:
            buffer, kept = slots(home, args)
            given = byref(buffer)
        length = LENGTHS[count] if count < 17 else _abi.length(count)
        this = self._this
        if this is not None:
            this, kept_too = slots(home, (this,))
        status = function_call(self._arg, this, given, length, options, frame.slot_ref, frame.error_ref)
        if status:
            frame.fail(status, home)
        if frame.kind[0] == NUMBER:
            number_ = frame.number[1]
            result: Any = int(number_) if number_.is_integer() and 0.0 < number_ < LIMIT else number(number_)
        else:
            result = _convert.take(home, frame.slot)
            if copy and isinstance(result, JSObject):
                result = result.copy(timeout=timeout, cpu_time=cpu_time, cancel=cancel)
        frames.append(frame)
        if leaving:
            raise_leaving()
        return result

    def call(self, this: Any, *args: Any, **options: Any) -> Any:
        """Calls it with a `this`. JavaScript: function.call(this, ...args)."""
        bound = self.bind(this)
        return bound(*args, **options)

    def bind(self, this: Any) -> JSFunction:
        """The same function, to be called with a `this`."""
        bound: JSFunction = _make(JSFunction, self._home, lib.value_clone(self._handle))
        _set_this(bound, this)
        return bound

    def new(self, *args: Any, **limits: Any) -> Any:
        """Calls it as a constructor. JavaScript: new function(...args)."""
        buffer, kept = slots(self._home, args)
        slot = _abi.Slot()
        call(lib.function_construct, self._handle, buffer, len(args), _limits(limits), byref(slot), home=self._home)
        return self._home._take(slot)


# Attributes of the classes above are JavaScript's properties, so that their own fields are set past them.
_new = object.__new__
_set_home = Live.__dict__["_home"].__set__
_set_handle = Live.__dict__["_handle"].__set__
_set_arg = JSFunction.__dict__["_arg"].__set__
_set_this = JSFunction.__dict__["_this"].__set__

#: The class of an object by its flags, the first that it has: the modules of the classes add them.
_CLASSES: list[tuple[int, Any]] = []
_by_flags: dict[int, Any] = {}


def _class_of(flags: int) -> Any:
    found = next((one for bit, one in _CLASSES if flags & bit and not flags & _abi.FLAG_PROXY), JSObject)
    _by_flags[flags] = found
    return found


def _make(kind: Any, home: Context, handle: int) -> Any:
    made = _new(kind)
    _set_home(made, home)
    _set_handle(made, handle)
    if kind is JSFunction:
        _set_arg(made, _abi.pointer(handle))
        _set_this(made, None)
    return made


def _wrap(home: Context, kind: int, flags: int, handle: int) -> Any:
    if kind == _abi.OBJECT:
        if flags & _abi.FLAG_DATE:
            owned = Owned(handle)
            value = ctypes.c_double()
            call(lib.date_value, handle, byref(value))
            date = _convert.from_milliseconds(value.value)
            if date is not None:
                return date
            handle = lib.value_clone(owned.handle)
        return _make(_by_flags.get(flags & ~_abi.FLAG_OWNED) or _class_of(flags & ~_abi.FLAG_OWNED), home, handle)
    if kind == _abi.FUNCTION:
        return _make(JSFunction, home, handle)
    if kind == _abi.SYMBOL:
        return JSSymbol(home, handle)
    holder = Owned(handle)
    slot = _abi.Slot()
    call(lib.value_to_slot, holder.handle, byref(slot), home=home)
    return _convert.take(home, slot)


_context.wrap = _wrap


def _well_known(home: Context) -> Any:
    """Symbol.iterator, and what makes an iterator of a function: kept by the isolate's own main context."""
    isolate = home._isolate
    if isolate._iterator is None:
        with isolate.context() as fresh:
            made = fresh.eval(_ITERATORS)
            symbol, make = made["symbol"], made["make"]
            isolate._iterator = Owned(lib.value_clone(symbol._handle)), Owned(lib.value_clone(make._handle))
    symbol, make = isolate._iterator
    return JSSymbol(home, lib.value_clone(symbol.handle)), _make(JSFunction, home, lib.value_clone(make.handle))


_ITERATORS = """({
  symbol: Symbol.iterator,
  make: ((create, prototype) => (next) => Object.assign(create(prototype), { next }))(
    Object.create, Object.getPrototypeOf(Object.getPrototypeOf([][Symbol.iterator]()))),
})"""


def iterator_of(home: Context, iterator: Iterator[Any]) -> Owned:
    """A JavaScript iterator that takes from a Python one."""

    def step() -> dict[str, Any]:
        for value in iterator:
            return {"done": False, "value": value}
        return {"done": True}

    made = _well_known(home)[1](step)
    return Owned(lib.value_clone(made._handle))
