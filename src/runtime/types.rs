//! What kind of object a value is, by V8's brand: `util.types`.

use crate::engine::enter::Outcome;
use crate::realm::Source;
use crate::realm::native::Natives;
use v8::Value;

pub const SOURCE: Source = Source { name: "types", text: "return native;", natives };

/// A native for each: V8's callbacks are functions of their own, which a table of pointers cannot make.
macro_rules! brands {
    ($native:ident, $($name:literal: $is:expr,)*) => {
        $($native.function($name, |_, arguments, result| {
            let is: fn(&Value) -> bool = $is;
            result.set_bool(is(&arguments.get(0)));
            Ok(())
        })?;)*
    };
}

fn natives(native: &mut Natives<'_, '_, '_>) -> Outcome<()> {
    brands! {
        native,
        "isExternal": Value::is_external,
        "isDate": Value::is_date,
        "isArgumentsObject": Value::is_arguments_object,
        "isBigIntObject": Value::is_big_int_object,
        "isBooleanObject": Value::is_boolean_object,
        "isNumberObject": Value::is_number_object,
        "isStringObject": Value::is_string_object,
        "isSymbolObject": Value::is_symbol_object,
        "isBoxedPrimitive": |value| {
        value.is_number_object()
            || value.is_string_object()
            || value.is_boolean_object()
            || value.is_big_int_object()
            || value.is_symbol_object()
    },
        "isNativeError": Value::is_native_error,
        "isRegExp": Value::is_reg_exp,
        "isAsyncFunction": Value::is_async_function,
        "isGeneratorFunction": Value::is_generator_function,
        "isGeneratorObject": Value::is_generator_object,
        "isPromise": Value::is_promise,
        "isMap": Value::is_map,
        "isSet": Value::is_set,
        "isMapIterator": Value::is_map_iterator,
        "isSetIterator": Value::is_set_iterator,
        "isWeakMap": Value::is_weak_map,
        "isWeakSet": Value::is_weak_set,
        "isArrayBuffer": Value::is_array_buffer,
        "isSharedArrayBuffer": Value::is_shared_array_buffer,
        "isAnyArrayBuffer": |value| value.is_array_buffer() || value.is_shared_array_buffer(),
        "isDataView": Value::is_data_view,
        "isArrayBufferView": Value::is_array_buffer_view,
        "isTypedArray": Value::is_typed_array,
        "isUint8Array": Value::is_uint8_array,
        "isUint8ClampedArray": Value::is_uint8_clamped_array,
        "isUint16Array": Value::is_uint16_array,
        "isUint32Array": Value::is_uint32_array,
        "isInt8Array": Value::is_int8_array,
        "isInt16Array": Value::is_int16_array,
        "isInt32Array": Value::is_int32_array,
        "isFloat16Array": Value::is_float16_array,
        "isFloat32Array": Value::is_float32_array,
        "isFloat64Array": Value::is_float64_array,
        "isBigInt64Array": Value::is_big_int64_array,
        "isBigUint64Array": Value::is_big_uint64_array,
        "isProxy": Value::is_proxy,
        "isModuleNamespaceObject": Value::is_module_namespace_object,
    }
    Ok(())
}
