//! ES modules by URL: `esm.js` is the graph, over the records of `vm::module`.

use crate::engine::enter::{Fail, Outcome, Thrown};
use crate::engine::error::Error;
use crate::engine::value;
use crate::node_vm;
use crate::realm::Source;
use crate::realm::native::Natives;
use crate::vm::decorate::decorating;
use crate::vm::{link, module};
use url::Url;
use v8::Local;

pub const SOURCES: [Source; 4] = [
    Source { name: "esm", text: include_str!("esm.js"), natives },
    Source { name: "import_map", text: include_str!("import_map.js"), natives: |_| Ok(()) },
    Source { name: "node_loader", text: include_str!("node_loader.js"), natives: |_| Ok(()) },
    Source { name: "cjs_names", text: include_str!("cjs_names.js"), natives: |_| Ok(()) },
];

fn natives(native: &mut Natives<'_, '_, '_>) -> Outcome<()> {
    node_vm::module::natives(native)?;
    // As Node does it, a missing export has its place at the head of the error's stack.
    native.function("instantiate", |scope, arguments, _| {
        let record = module::record_from(scope, arguments.get(0))?;
        decorating(scope, |scope| link::instantiate(scope, record))
    })?;
    // waitsFor(promise, record): the promise is settled when the evaluation ends.
    native.function("waitsFor", |scope, arguments, _| {
        let promise = arguments.get(0).try_cast().map_err(|_| Error::invalid("an argument is no promise"))?;
        let record = module::record_from(scope, arguments.get(1))?;
        link::waits_for(scope, promise, record)
    })?;
    // requireFulfilled(promise): throws its reason if it is rejected.
    native.function("requireFulfilled", |scope, arguments, _| {
        let promise: Local<v8::Promise> =
            arguments.get(0).try_cast().map_err(|_| Error::invalid("an argument is no promise"))?;
        match promise.state() {
            v8::PromiseState::Fulfilled => Ok(()),
            v8::PromiseState::Pending => Err(Error::invalid("module: it has not been evaluated yet").into()),
            v8::PromiseState::Rejected => {
                promise.mark_as_handled();
                let reason = promise.result(scope);
                scope.throw_exception(reason);
                Err(Fail::Thrown)
            }
        }
    })?;
    // stalled(record): the places at which its evaluation waits for ever, as text.
    native.function("stalled", |scope, arguments, result| {
        let record = module::record_from(scope, arguments.get(0))?;
        let places = module::stalled(scope, record);
        let places = places.iter().map(|place| value::string(scope, place).map(Into::into));
        let places = places.collect::<Outcome<Vec<Local<v8::Value>>>>()?;
        result.set(v8::Array::new_with_elements(scope, &places).into());
        Ok(())
    })?;
    urls(native)
}

fn urls(native: &mut Natives<'_, '_, '_>) -> Outcome<()> {
    // resolveUrl(specifier, base): undefined if that is no URL.
    native.function("resolveUrl", |scope, arguments, result| {
        let base = Url::parse(&arguments.get(1).to_rust_string_lossy(scope)).ok();
        let specifier = arguments.get(0).to_string(scope).thrown()?.to_rust_string_lossy(scope);
        if let Ok(url) = Url::options().base_url(base.as_ref()).parse(&specifier) {
            result.set(value::string(scope, url.as_str())?.into());
        }
        Ok(())
    })?;
    // pathOf(url): the path that a file URL names; undefined if it is none or the path is not UTF-8.
    native.function("pathOf", |scope, arguments, result| {
        let url = Url::parse(&arguments.get(0).to_rust_string_lossy(scope)).ok();
        let path = url.filter(|url| url.scheme() == "file").and_then(|url| url.to_file_path().ok());
        if let Some(path) = path.as_deref().and_then(|path| path.to_str()) {
            result.set(value::string(scope, path)?.into());
        }
        Ok(())
    })?;
    // urlOf(path): of an absolute one.
    native.function("urlOf", |scope, arguments, result| {
        let path = arguments.get(0).to_rust_string_lossy(scope);
        result.set(value::string(scope, &url_of(path.as_bytes()))?.into());
        Ok(())
    })
}

/// The URL of an absolute path, as Node writes it: escaped is what would mean something else, and what URLs never have.
pub fn url_of(path: &[u8]) -> String {
    let mut escaped = String::from("file://");
    for &byte in path {
        match byte {
            b'%' | b'\\' | b'\n' | b'\r' | b'\t' | b'?' | b'#' | 0x80.. => escaped += &format!("%{byte:02X}"),
            byte => escaped.push(byte.into()),
        }
    }
    Url::parse(&escaped).map_or(escaped, String::from)
}
