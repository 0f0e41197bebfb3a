//! `URL` and `URLSearchParams`, over the `url` crate.

use crate::engine::enter::{Outcome, Scope, Thrown};
use crate::engine::value;
use crate::realm::Source;
use crate::realm::native::Natives;
use url::{Url, form_urlencoded, quirks};
use v8::{FunctionCallbackArguments, Local};

pub const SOURCE: Source = Source { name: "url", text: include_str!("url.js"), natives };

fn natives(native: &mut Natives<'_, '_, '_>) -> Outcome<()> {
    // parse(input, base): the parts as `parts` orders them, or undefined. Without a base it is undefined.
    native.function("parse", |scope, arguments, result| {
        let base = match arguments.get(1).is_undefined() {
            true => None,
            false => match Url::parse(&text(scope, arguments, 1)?) {
                Ok(base) => Some(base),
                Err(_) => return Ok(()),
            },
        };
        if let Ok(url) = Url::options().base_url(base.as_ref()).parse(&text(scope, arguments, 0)?) {
            result.set(parts(scope, &url)?);
        }
        Ok(())
    })?;
    // set(href, part, value): the parts afterwards. What a part cannot be changes nothing.
    native.function("set", |scope, arguments, result| {
        let Ok(mut url) = Url::parse(&text(scope, arguments, 0)?) else { return Ok(()) };
        let value = text(scope, arguments, 2)?;
        match text(scope, arguments, 1)?.as_str() {
            "pathname" => quirks::set_pathname(&mut url, &value),
            "search" => quirks::set_search(&mut url, &value),
            "hash" => quirks::set_hash(&mut url, &value),
            part => {
                let set = match part {
                    "protocol" => quirks::set_protocol,
                    "username" => quirks::set_username,
                    "password" => quirks::set_password,
                    "host" => quirks::set_host,
                    "hostname" => quirks::set_hostname,
                    _ => quirks::set_port,
                };
                let _refused = set(&mut url, &value);
            }
        }
        result.set(parts(scope, &url)?);
        Ok(())
    })?;
    // parseQuery(text): names and values by turns.
    native.function("parseQuery", |scope, arguments, result| {
        let query = text(scope, arguments, 0)?;
        let mut list = Vec::new();
        for (name, value) in form_urlencoded::parse(query.as_bytes()) {
            list.push(value::string(scope, &name)?.into());
            list.push(value::string(scope, &value)?.into());
        }
        result.set(v8::Array::new_with_elements(scope, &list).into());
        Ok(())
    })?;
    // encodeQuery(text): one name or value, encoded.
    native.function("encodeQuery", |scope, arguments, result| {
        let encoded: String =
            form_urlencoded::byte_serialize(text(scope, arguments, 0)?.as_bytes()).collect();
        result.set(value::string(scope, &encoded)?.into());
        Ok(())
    })
}

/// A string, with U+FFFD for lone surrogates.
fn text(scope: &mut Scope<'_, '_>, arguments: &FunctionCallbackArguments<'_>, index: i32) -> Outcome<String> {
    Ok(arguments.get(index).to_string(scope).thrown()?.to_rust_string_lossy(scope))
}

fn parts<'s>(scope: &mut Scope<'s, '_>, url: &Url) -> Outcome<Local<'s, v8::Value>> {
    let origin = quirks::origin(url);
    let parts = [
        quirks::href(url),
        &origin,
        quirks::protocol(url),
        quirks::username(url),
        quirks::password(url),
        quirks::host(url),
        quirks::hostname(url),
        quirks::port(url),
        quirks::pathname(url),
        quirks::search(url),
        quirks::hash(url),
    ];
    let parts = parts
        .into_iter()
        .map(|part| Ok(value::string(scope, part)?.into()))
        .collect::<Outcome<Vec<Local<v8::Value>>>>()?;
    Ok(v8::Array::new_with_elements(scope, &parts).into())
}
