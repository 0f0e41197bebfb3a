//! What is compared.

use crate::bare::{self, Bare};
use crate::ours::{self, Ours};
use crate::pair::{Pair, Side};

fn pair(
    name: &'static str,
    target: impl Into<Option<f64>>,
    mut ours: impl FnMut() + 'static,
    mut bare: impl FnMut() + 'static,
) -> Pair {
    Pair {
        name,
        target: target.into(),
        each: 1.0,
        ours: Box::new(move |times| (0..times).for_each(|_| ours())),
        bare: Box::new(move |times| (0..times).for_each(|_| bare())),
    }
}

fn session(name: &'static str, target: impl Into<Option<f64>>, ours: Side, bare: Side) -> Pair {
    Pair { name, target: target.into(), each: 1.0, ours, bare }
}

/// Host functions called by one run of the loop.
const LOOP: f64 = 1000.0;
/// Variables read or written by one run of the loop.
const TURNS: f64 = 100_000.0;

pub fn all() -> Vec<Pair> {
    // The first of ours starts V8.
    let o = Ours::new();
    let b = Bare::leak();
    let mut pairs = Vec::new();

    let source = "40 + 2";
    let (script, bare_script) = (o.script(source), b.script(source));
    pairs.push(pair(
        "run a compiled script",
        1.1,
        move || o.run(script, None),
        move || b.inside(|scope| bare::run(scope, bare_script)),
    ));

    let source = "(a, b) => a + b";
    let (function, bare_function) = (o.value(source), b.value::<v8::Function>(source));
    pairs.push(pair(
        "call a function with two numbers",
        1.25,
        move || assert_eq!(ours::call(function, 1.5, 2.0), 3.5),
        move || b.inside(|scope| assert_eq!(bare::call(scope, bare_function, 1.5, 2.0), 3.5)),
    ));

    o.set_global("add", o.adder());
    b.set_global("add", b.adder());
    let source = "(a, b) => add(a, b)";
    let (back, bare_back) = (o.value(source), b.value::<v8::Function>(source));
    pairs.push(pair(
        "call a function that calls back",
        1.25,
        move || assert_eq!(ours::call(back, 1.5, 2.0), 3.5),
        move || b.inside(|scope| assert_eq!(bare::call(scope, bare_back, 1.5, 2.0), 3.5)),
    ));
    let source =
        "(times, n) => { let sum = 0; for (let i = 0; i < times; i++) sum = add(sum, n); return sum; }";
    let (many, bare_many) = (o.value(source), b.value::<v8::Function>(source));
    pairs.push(Pair {
        each: LOOP,
        ..pair(
            "each of 1000 callbacks in one call",
            None,
            move || assert_eq!(ours::call(many, LOOP, 1.0), LOOP),
            move || b.inside(|scope| assert_eq!(bare::call(scope, bare_many, LOOP, 1.0), LOOP)),
        )
    });

    let c = o.contextified();
    c.value("globalThis.foo = 1");
    for (name, statement, target) in [
        ("read a variable of a contextified object", "last = foo", Some(1.2)),
        ("write a variable of a contextified object", "foo = i", None),
    ] {
        let source = format!(
            "(times) => {{ let last = 0; for (let i = 0; i < times; i++) {statement}; return last; }}"
        );
        let (function, bare_function) = (c.value(&source), b.contextified(&source));
        pairs.push(Pair {
            each: TURNS,
            ..pair(
                name,
                target,
                move || assert!(ours::call(function, TURNS, 0.0) >= 0.0),
                move || b.inside(|scope| assert!(bare::call(scope, bare_function, TURNS, 0.0) >= 0.0)),
            )
        });
    }

    let source = "(text) => text";
    let (echo, bare_echo) = (o.value(source), b.value::<v8::Function>(source));
    let sizes = [
        ("a string in and out, 10 B", 10, 1.25),
        ("a string in and out, 1 KB", 1 << 10, 1.1),
        ("a string in and out, 1 MB", 1 << 20, 1.1),
    ];
    for (name, size, target) in sizes {
        let text: &'static str = "abcdefghij".repeat(size / 10 + 1)[..size].to_owned().leak();
        pairs.push(pair(
            name,
            target,
            move || ours::call_text(echo, text),
            move || b.inside(|scope| bare::call_text(scope, bare_echo, text)),
        ));
    }
    let text: &'static str = "žluťoučký kůň €".repeat(50).leak();
    pairs.push(pair(
        "a string in and out, 1 KB not ASCII",
        None,
        move || ours::call_text(echo, text),
        move || b.inside(|scope| bare::call_text(scope, bare_echo, text)),
    ));

    let source = "globalThis.object = { x: 1, y: 2 }";
    let (object, bare_object) = (o.value(source), b.value::<v8::Object>(source));
    pairs.push(pair(
        "get a property",
        None,
        move || o.get(object, "x"),
        move || b.inside(|scope| bare::get(scope, bare_object, "x")),
    ));
    pairs.push(pair(
        "set a property",
        None,
        move || o.set(object, "y", 2.5),
        move || b.inside(|scope| bare::set(scope, bare_object, "y", 2.5)),
    ));

    pairs.push(session(
        "in a session: run a compiled script",
        1.1,
        Box::new(move |times| o.session(|| (0..times).for_each(|_| o.run(script, None)))),
        Box::new(move |times| b.session(times, |scope| bare::run(scope, bare_script))),
    ));
    pairs.push(session(
        "in a session: call with two numbers",
        1.25,
        Box::new(move |times| {
            o.session(|| (0..times).for_each(|_| assert_eq!(ours::call(function, 1.5, 2.0), 3.5)))
        }),
        Box::new(move |times| {
            b.session(times, |scope| assert_eq!(bare::call(scope, bare_function, 1.5, 2.0), 3.5))
        }),
    ));

    pairs.push(pair("a new context", 1.05, move || o.new_context(), move || b.new_context()));
    pairs.push(pair("a new contextified object", 1.1, move || o.new_contextified(), move || b.new_context()));
    pairs.push(pair("a new isolate", 1.05, || ours::free_isolate(ours::new_isolate()), || drop(Bare::new())));

    // A name of its own each time: V8 keeps what it has compiled by source and name.
    let source: &'static str = (0..200)
        .map(|i| {
            format!("function f{i}(a, b) {{ const c = a * {i} + b; return [c, 'text {i}', {{ a, b }}]; }}\n")
        })
        .collect::<String>()
        .leak();
    let mut names = (0..).map(|i| format!("{i}.js"));
    let mut bare_names = names.clone();
    pairs.push(pair(
        "compile 16 KB",
        None,
        move || o.compile(source, &names.next().unwrap(), None),
        move || b.inside(|scope| bare::compile(scope, source, &bare_names.next().unwrap(), None)),
    ));
    let cache = o.cached_data(source);
    let script = b.script(source);
    let bare_cache = b.inside(|scope| bare::cached_data(scope, script));
    let mut names = (0..).map(|i| format!("cached{i}.js"));
    let mut bare_names = names.clone();
    pairs.push(pair(
        "compile 16 KB with its cache",
        None,
        move || o.compile(source, &names.next().unwrap(), Some(&cache)),
        move || {
            let name = bare_names.next().unwrap();
            b.inside(|scope| bare::compile(scope, source, &name, Some(&bare_cache)))
        },
    ));

    let source = "globalThis.list = Array.from({ length: 15000 }, (_, i) => ({ id: i, name: 'name ' + i, \
                  tags: ['a', 'b'], half: i / 2, ok: true }))";
    let (list, bare_list) = (o.value(source), b.value::<v8::Object>(source));
    let json: &'static str = b.inside(|scope| {
        let list: v8::Local<v8::Value> = v8::Local::new(scope, bare_list).into();
        v8::json::stringify(scope, list).unwrap().to_rust_string_lossy(scope).leak()
    });
    pairs.push(pair(
        "JSON of 1 MB in",
        None,
        move || o.parse(json),
        move || b.inside(|scope| bare::parse(scope, json)),
    ));
    pairs.push(pair(
        "JSON of 1 MB out",
        None,
        move || o.stringify(list),
        move || b.inside(|scope| bare::stringify(scope, bare_list)),
    ));
    pairs
}

/// A run with a timeout beside one without, both ours.
pub fn timeout() -> Pair {
    let o = Ours::new();
    let script = o.script("40 + 2");
    let limits = ours::limits(1000);
    pair("arm a timeout", None, move || o.run(script, Some(&limits)), move || o.run(script, None))
}
