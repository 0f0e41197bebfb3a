//! What the line editor asks while the user types: whether the input is complete, and what Tab may add.

use crate::program::Program;
use crate::repl::evaluator::{Evaluated, Evaluator, Mode};
use jsvm::engine::enter::{Outcome, Scope, Thrown};
use jsvm::engine::limits::Limits;
use jsvm::engine::value;
use rustyline::completion::Completer;
use rustyline::highlight::Highlighter;
use rustyline::hint::Hinter;
use rustyline::validate::{ValidationContext, ValidationResult, Validator};
use rustyline::{Context, Helper};
use std::time::Duration;

/// More time than this nobody waits for after a Tab.
const PEEK_LIMITS: Limits<'static> = Limits { timeout: Some(Duration::from_millis(250)), ..Limits::NONE };

pub struct Input<'a> {
    pub program: &'a Program,
    pub evaluator: &'a Evaluator,
}

impl Helper for Input<'_> {}
impl Highlighter for Input<'_> {}

impl Hinter for Input<'_> {
    type Hint = String;
}

impl Validator for Input<'_> {
    fn validate(&self, context: &mut ValidationContext) -> rustyline::Result<ValidationResult> {
        let text = context.input();
        Ok(match text.starts_with('.') || !is_incomplete(self.program, text) {
            true => ValidationResult::Valid(None),
            false => ValidationResult::Incomplete,
        })
    }
}

/// Whether more could still make a program of it: it ends where V8 did not expect it to.
fn is_incomplete(program: &Program, text: &str) -> bool {
    let compiled = program.inside(&PEEK_LIMITS, |scope| match compiles(scope, text, false)? {
        // Where `await` may stand anywhere.
        Compiled::Not => compiles(scope, text, true),
        compiled => Ok(compiled),
    });
    matches!(compiled, Ok(Compiled::ToTheEnd))
}

#[derive(PartialEq)]
pub enum Compiled {
    Fully,
    /// What is wrong is that it ends.
    ToTheEnd,
    Not,
}

/// How far a text compiles.
pub fn compiles(scope: &mut Scope<'_, '_>, text: &str, as_module: bool) -> Outcome<Compiled> {
    use v8::script_compiler::{CompileOptions, NoCacheReason, Source};
    v8::tc_scope!(let caught, scope);
    let code = value::string(caught, text)?;
    let name = value::string(caught, "REPL")?.into();
    let origin = v8::ScriptOrigin::new(caught, name, 0, 0, false, -1, None, false, false, as_module, None);
    let mut source = Source::new(code, Some(&origin));
    let compiled = if as_module {
        v8::script_compiler::compile_module(caught, &mut source).is_some()
    } else {
        let (how, why) = (CompileOptions::NoCompileOptions, NoCacheReason::NoReason);
        v8::script_compiler::compile_unbound_script(caught, &mut source, how, why).is_some()
    };
    if compiled {
        return Ok(Compiled::Fully);
    }
    let Some(message) = caught.message() else { return Ok(Compiled::Not) };
    let units: Vec<u16> = text.trim_end().encode_utf16().collect();
    let at = usize::try_from(message.get_start_position()).unwrap_or(0);
    let what = message.get(caught).to_rust_string_lossy(caught);
    // Of a comment and a template V8 tells where they begin.
    let open = at >= units.len()
        || units[at..].starts_with(&[u16::from(b'/'), u16::from(b'*')])
        || what.contains("Unterminated template");
    Ok(if open { Compiled::ToTheEnd } else { Compiled::Not })
}

impl Completer for Input<'_> {
    type Candidate = String;

    fn complete(&self, line: &str, at: usize, _: &Context<'_>) -> rustyline::Result<(usize, Vec<String>)> {
        let (start, object, prefix) = split(&line[..at]);
        let names = self.program.inside(&PEEK_LIMITS, |scope| match object {
            Some(object) => self.properties(scope, object),
            None => self.globals(scope),
        });
        // Whatever went wrong, there is nothing to add then.
        let mut names = names.unwrap_or_default();
        names.retain(|name| name.starts_with(prefix) && is_identifier(name));
        names.sort();
        names.dedup();
        Ok((start, names))
    }
}

/// Where the word before the cursor begins, the object that it is a property of, and the word.
fn split(line: &str) -> (usize, Option<&str>, &str) {
    let chain = line.rfind(|c: char| !is_part(c) && !matches!(c, '.' | '[' | ']' | '\'' | '"'));
    let chain = &line[chain.map_or(0, |at| at + line[at..].chars().next().map_or(1, char::len_utf8))..];
    let start = chain.rfind(|c| !is_part(c)).map_or(0, |at| at + 1);
    let word = &chain[start..];
    let object = chain[..start].strip_suffix('.').map(|object| object.strip_suffix('?').unwrap_or(object));
    (line.len() - word.len(), object, word)
}

fn is_part(c: char) -> bool {
    c.is_alphanumeric() || matches!(c, '_' | '$')
}

fn is_identifier(name: &str) -> bool {
    name.chars().all(is_part) && !name.starts_with(|c: char| c.is_numeric())
}

impl Input<'_> {
    /// Evaluated only as far as nothing can be noticed of it: a getter that does something is not called.
    fn properties(&self, scope: &mut Scope<'_, '_>, object: &str) -> Outcome<Vec<String>> {
        self.evaluator.start(scope, object, Mode::Peek)?;
        match self.evaluator.finish(scope)? {
            Some(Evaluated::Value(value)) if !value.is_null_or_undefined() => {
                let object = value.to_object(scope).thrown()?;
                names(scope, object)
            }
            _ => Ok(Vec::new()),
        }
    }

    fn globals(&self, scope: &mut Scope<'_, '_>) -> Outcome<Vec<String>> {
        const WORDS: &[&str] = &[
            "async",
            "await",
            "break",
            "case",
            "catch",
            "class",
            "const",
            "continue",
            "debugger",
            "default",
            "delete",
            "do",
            "else",
            "export",
            "extends",
            "false",
            "finally",
            "for",
            "function",
            "if",
            "import",
            "in",
            "instanceof",
            "let",
            "new",
            "null",
            "return",
            "static",
            "super",
            "switch",
            "this",
            "throw",
            "true",
            "try",
            "typeof",
            "undefined",
            "var",
            "void",
            "while",
            "with",
            "yield",
        ];
        let global = scope.get_current_context().global(scope);
        let mut all = names(scope, global)?;
        all.extend(self.evaluator.lexical_names(scope)?);
        all.extend(WORDS.iter().map(|word| word.to_string()));
        Ok(all)
    }
}

/// The names of an object's properties and of its prototypes'. A Proxy is not asked.
fn names(scope: &mut Scope<'_, '_>, object: v8::Local<v8::Object>) -> Outcome<Vec<String>> {
    let mut found = Vec::new();
    let mut at = Some(object);
    while let Some(object) = at.filter(|object| !object.is_proxy()) {
        let keys = v8::GetPropertyNamesArgs {
            mode: v8::KeyCollectionMode::OwnOnly,
            property_filter: v8::PropertyFilter::SKIP_SYMBOLS,
            index_filter: v8::IndexFilter::SkipIndices,
            key_conversion: v8::KeyConversionMode::ConvertToString,
        };
        let keys = object.get_property_names(scope, keys).thrown()?;
        for i in 0..keys.length() {
            let key = keys.get_index(scope, i).thrown()?;
            found.push(key.to_rust_string_lossy(scope));
        }
        at = object.get_prototype(scope).and_then(|prototype| prototype.try_into().ok());
    }
    Ok(found)
}
