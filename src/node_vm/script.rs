//! The class that vm.Script extends.

use crate::engine::enter::{Fail, Outcome, Scope, Thrown};
use crate::engine::error::{Error, throw};
use crate::engine::{raw, value};
use crate::node_vm::{
    bytes, context_of, define, import_answer, int32, limits, options_of, run_within, string, uint8_array,
};
use crate::realm::native::{self, Natives};
use crate::vm::decorate::decorating;
use crate::vm::script::{self, Compiled};
use crate::vm::source::Origin;
use v8::{FunctionCallbackArguments, Local, ReturnValue};

/// What an instance holds.
const FIELD_SCRIPT: usize = 0;
const FIELD_CODE: usize = 1;
const FIELDS: usize = 2;
/// Properties of each instance, undefined without such a comment: the template has them, since most scripts have none.
const SOURCE_URL: &str = "sourceURL";
const SOURCE_MAP_URL: &str = "sourceMapURL";

pub fn natives(native: &mut Natives<'_, '_, '_>) -> Outcome<()> {
    let scope = &mut *native.scope;
    let class = v8::FunctionTemplate::builder(native::bounded(construct)).build(scope);
    let name = value::string(scope, "ContextifyScript")?;
    class.set_class_name(name);
    let instance = class.instance_template(scope);
    instance.set_internal_field_count(FIELDS);
    let undefined: Local<v8::Value> = v8::undefined(scope).into();
    for url in [SOURCE_URL, SOURCE_MAP_URL] {
        instance.set(value::string(scope, url)?.into(), undefined.into());
    }
    let signature = v8::Signature::new(scope, class);
    let prototype = class.prototype_template(scope);
    let create = v8::FunctionTemplate::builder(native::bounded(create_cached_data));
    let create = create.signature(signature).build(scope);
    prototype.set(value::string(scope, "createCachedData")?.into(), create.into());
    let run = v8::FunctionTemplate::builder(native::bounded(run_in_context));
    let run = run.signature(signature).build(scope);
    prototype.set(value::string(scope, "runInContext")?.into(), run.into());
    let class = class.get_function(scope).thrown()?;
    define(scope, native.object, "ContextifyScript", class.into())
}

/// new ContextifyScript(code, filename, lineOffset, columnOffset, cachedData, produceCachedData, parsingContext, import).
fn construct<'s>(
    scope: &mut Scope<'s, '_>,
    arguments: &FunctionCallbackArguments<'s>,
    _: &mut ReturnValue<'s, v8::Value>,
) -> Outcome<()> {
    if !arguments.is_construct_call() {
        throw(
            scope,
            v8::Exception::type_error,
            "Class constructor ContextifyScript cannot be invoked without 'new'",
        );
        return Err(Fail::Thrown);
    }
    let this = arguments.this();
    let code = string(arguments.get(0))?;
    let cached_data = bytes(scope, arguments.get(4));
    let context = context_of(scope, arguments.get(6))?;
    let import = import_answer(scope, arguments.get(7), this.into())?;
    let origin = Origin {
        line_offset: int32(arguments.get(2)),
        column_offset: int32(arguments.get(3)),
        host_defined_options: Some(options_of(scope, import)?),
        ..Origin::new(string(arguments.get(1))?)
    };
    let Compiled { unbound, cached_data_rejected } = {
        let scope = &mut v8::ContextScope::new(scope, context);
        decorating(scope, |scope| script::compile(scope, code, &origin, cached_data.as_deref()))?
    };
    this.set_internal_field(FIELD_SCRIPT, unbound.into());
    this.set_internal_field(FIELD_CODE, code.into());
    let produce = arguments.get(5).is_true();
    // In Node the URLs come after what there is of cached data.
    let again = cached_data_rejected.is_some() || produce;
    if again {
        for name in [SOURCE_URL, SOURCE_MAP_URL] {
            this.delete(scope, value::string(scope, name)?.into()).thrown()?;
        }
    }
    if let Some(rejected) = cached_data_rejected {
        let rejected = v8::Boolean::new(scope, rejected);
        define(scope, this, "cachedDataRejected", rejected.into())?;
    }
    if produce {
        let data = script::create_cached_data(scope, unbound, code)?;
        let data = uint8_array(scope, data)?;
        define(scope, this, "cachedData", data)?;
        let produced = v8::Boolean::new(scope, true);
        define(scope, this, "cachedDataProduced", produced.into())?;
    }
    let urls = [
        (SOURCE_URL, script::source_url(scope, unbound)),
        (SOURCE_MAP_URL, script::source_map_url(scope, unbound)),
    ];
    let undefined: Local<v8::Value> = v8::undefined(scope).into();
    for (name, url) in urls {
        if again || url.is_some() {
            define(scope, this, name, url.map_or(undefined, Into::into))?;
        }
    }
    Ok(())
}

/// What an instance holds. The signature lets only instances through, but not only complete ones.
fn field<'s, T>(scope: &Scope<'s, '_>, this: Local<'s, v8::Object>, field: usize) -> Outcome<Local<'s, T>> {
    let held = this.get_internal_field(scope, field).filter(|held| !held.is_value() || field == FIELD_CODE);
    // SAFETY: `construct` has put it there.
    let held = held.and_then(|held| unsafe { raw::local(scope, raw::ptr(held).cast()) });
    held.ok_or_else(|| Error::invalid("the script is not compiled").into())
}

fn create_cached_data<'s>(
    scope: &mut Scope<'s, '_>,
    arguments: &FunctionCallbackArguments<'s>,
    result: &mut ReturnValue<'s, v8::Value>,
) -> Outcome<()> {
    let unbound = field(scope, arguments.this(), FIELD_SCRIPT)?;
    let code = field(scope, arguments.this(), FIELD_CODE)?;
    let data = script::create_cached_data(scope, unbound, code)?;
    result.set(uint8_array(scope, data)?);
    Ok(())
}

/// script.runInContext(contextifiedObject, timeout, displayErrors, breakOnSigint).
fn run_in_context<'s>(
    scope: &mut Scope<'s, '_>,
    arguments: &FunctionCallbackArguments<'s>,
    result: &mut ReturnValue<'s, v8::Value>,
) -> Outcome<()> {
    let unbound = field(scope, arguments.this(), FIELD_SCRIPT)?;
    let context = context_of(scope, arguments.get(0))?;
    let display_errors = arguments.get(2).is_true();
    let limits = limits(arguments.get(1), arguments.get(3));
    let scope = &mut v8::ContextScope::new(scope, context);
    let run = |scope: &mut Scope<'s, '_>| match display_errors {
        true => decorating(scope, |scope| script::run(scope, unbound)),
        false => script::run(scope, unbound),
    };
    result.set(run_within(scope, &limits, run)?);
    Ok(())
}
