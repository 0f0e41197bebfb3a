//! Evaluates what is typed, by V8's own mode for prompts, which its inspector offers: `let` and `const` may come
//! again, `await` may stand anywhere. Nothing of it listens to a network.

use jsvm::engine::enter::{Outcome, Scope, Thrown};
use jsvm::engine::error::Error;
use jsvm::engine::value;
use std::sync::{Arc, Mutex, MutexGuard};
use v8::inspector::{
    Channel, ChannelImpl, StringBuffer, StringView, V8Inspector, V8InspectorClient, V8InspectorClientImpl,
    V8InspectorClientTrustLevel, V8InspectorSession,
};

/// The numbers by which the inspector knows the context: the group's is ours, its own is the first.
const GROUP: i32 = 1;
const CONTEXT: i32 = 1;

pub struct Evaluator {
    session: V8InspectorSession,
    answer: Arc<Mutex<Answer>>,
    _inspector: V8Inspector,
}

/// The answer to the last request, once it is there: V8 gives it on whatever thread the promise is settled.
#[derive(Default)]
struct Answer {
    request: i32,
    text: Option<Vec<u16>>,
}

fn lock(answer: &Mutex<Answer>) -> MutexGuard<'_, Answer> {
    answer.lock().unwrap_or_else(|e| e.into_inner())
}

/// How an evaluation ended.
pub enum Evaluated<'s> {
    Value(v8::Local<'s, v8::Value>),
    /// What was thrown; of a SyntaxError its line and column, from 0.
    Thrown(v8::Local<'s, v8::Value>, Option<(usize, usize)>),
}

/// What an evaluation may do.
#[derive(Clone, Copy, PartialEq)]
pub enum Mode {
    /// Everything.
    Repl,
    /// Nothing that could be noticed.
    Peek,
}

struct Client;
impl V8InspectorClientImpl for Client {}

struct Answers(Arc<Mutex<Answer>>);

impl ChannelImpl for Answers {
    fn send_response(&self, request: i32, message: v8::UniquePtr<StringBuffer>) {
        let mut answer = lock(&self.0);
        // Nobody waits any more for the end of what was interrupted.
        if request == answer.request {
            answer.text = message.as_ref().map(|message| message.string().into_iter().collect());
        }
    }

    fn send_notification(&self, _: v8::UniquePtr<StringBuffer>) {}

    fn flush_protocol_notifications(&self) {}
}

impl Evaluator {
    /// For the scope's context.
    pub fn new(scope: &mut Scope<'_, '_>) -> Evaluator {
        let inspector = V8Inspector::create(scope, V8InspectorClient::new(Box::new(Client)));
        let context = scope.get_current_context();
        inspector.context_created(context, GROUP, StringView::empty(), StringView::empty());
        let answer = Arc::<Mutex<Answer>>::default();
        let channel = Channel::new(Box::new(Answers(answer.clone())));
        let trust = V8InspectorClientTrustLevel::FullyTrusted;
        let session = inspector.connect(GROUP, channel, StringView::empty(), trust);
        Evaluator { session, answer, _inspector: inspector }
    }

    /// Begins an evaluation. The answer may need tasks and microtasks to run.
    pub fn start(&self, scope: &mut Scope<'_, '_>, code: &str, mode: Mode) -> Outcome<()> {
        let code = value::string(scope, code)?;
        let code = v8::json::stringify(scope, code.into()).thrown()?.to_rust_string_lossy(scope);
        let how = match mode {
            Mode::Repl => "\"replMode\":true",
            Mode::Peek => "\"throwOnSideEffect\":true",
        };
        let parameters =
            format!("{{\"expression\":{code},{how},\"contextId\":{CONTEXT},\"objectGroup\":\"repl\"}}");
        self.request("Runtime.evaluate", &parameters);
        Ok(())
    }

    /// The names that `let`, `const` and `class` have made.
    pub fn lexical_names(&self, scope: &mut Scope<'_, '_>) -> Outcome<Vec<String>> {
        let parameters = format!("{{\"executionContextId\":{CONTEXT}}}");
        self.request("Runtime.globalLexicalScopeNames", &parameters);
        let Some(answer) = self.take(scope)? else { return Ok(Vec::new()) };
        let names = v8::Local::<v8::Array>::try_from(field(scope, answer, "names")).ok();
        let names = names.into_iter().flat_map(|names| (0..names.length()).map(move |i| (names, i)));
        Ok(names
            .filter_map(|(names, i)| names.get_index(scope, i))
            .map(|name| name.to_rust_string_lossy(scope))
            .collect())
    }

    fn request(&self, method: &str, parameters: &str) {
        let id = {
            let mut answer = lock(&self.answer);
            *answer = Answer { request: answer.request + 1, text: None };
            answer.request
        };
        let message = format!("{{\"id\":{id},\"method\":\"{method}\",\"params\":{parameters}}}");
        let message: Vec<u16> = message.encode_utf16().collect();
        self.session.dispatch_protocol_message(StringView::from(&message[..]));
    }

    pub fn has_answer(&self) -> bool {
        lock(&self.answer).text.is_some()
    }

    /// The `result` of the answer that is there.
    fn take<'s>(&self, scope: &mut Scope<'s, '_>) -> Outcome<Option<v8::Local<'s, v8::Value>>> {
        let Some(text) = lock(&self.answer).text.take() else { return Ok(None) };
        let text = v8::String::new_from_two_byte(scope, &text, v8::NewStringType::Normal).thrown()?;
        let answer = v8::json::parse(scope, text).thrown()?;
        let error = field(scope, answer, "error");
        if error.is_object() {
            let message = field(scope, error, "message").to_rust_string_lossy(scope);
            return Err(Error::invalid(message).into());
        }
        Ok(Some(field(scope, answer, "result")))
    }

    /// How the evaluation that was started ended. None: it has no answer yet.
    pub fn finish<'s>(&self, scope: &mut Scope<'s, '_>) -> Outcome<Option<Evaluated<'s>>> {
        let Some(answer) = self.take(scope)? else { return Ok(None) };
        let details = field(scope, answer, "exceptionDetails");
        let evaluated = if details.is_object() {
            let remote = field(scope, details, "exception");
            let thrown = self.local(scope, remote)?;
            // What does not compile has no stack.
            let is_syntax = field(scope, remote, "className").to_rust_string_lossy(scope) == "SyntaxError"
                && !field(scope, details, "stackTrace").is_object();
            let mut number = |key| field(scope, details, key).uint32_value(scope).unwrap_or(0) as usize;
            let place = (number("lineNumber"), number("columnNumber"));
            Evaluated::Thrown(thrown, is_syntax.then_some(place))
        } else {
            let remote = field(scope, answer, "result");
            Evaluated::Value(self.local(scope, remote)?)
        };
        self.session.release_object_group(StringView::from(&b"repl"[..]));
        Ok(Some(evaluated))
    }

    /// The value of a RemoteObject.
    fn local<'s>(
        &self,
        scope: &mut Scope<'s, '_>,
        remote: v8::Local<'s, v8::Value>,
    ) -> Outcome<v8::Local<'s, v8::Value>> {
        let id = field(scope, remote, "objectId");
        if id.is_string() {
            let id = id.to_rust_string_lossy(scope);
            let unwrapped = self.session.unwrap_object(scope, StringView::from(id.as_bytes()));
            return match unwrapped {
                Ok((value, ..)) => Ok(value),
                Err(_) => Err(Error::invalid("the prompt's value is gone").into()),
            };
        }
        // What JSON cannot say is given as a literal: -0, NaN, 1n.
        let literal = field(scope, remote, "unserializableValue");
        if let Ok(literal) = v8::Local::<v8::String>::try_from(literal) {
            return v8::Script::compile(scope, literal, None).thrown()?.run(scope).thrown();
        }
        Ok(field(scope, remote, "value"))
    }
}

/// A property of what JSON.parse made. The guest may have changed Object.prototype, which is not asked.
fn field<'s>(
    scope: &mut Scope<'s, '_>,
    object: v8::Local<'s, v8::Value>,
    key: &str,
) -> v8::Local<'s, v8::Value> {
    let find = || {
        let object = v8::Local::<v8::Object>::try_from(object).ok()?;
        let key = v8::String::new(scope, key)?;
        object.has_own_property(scope, key.into())?.then(|| object.get(scope, key.into()))?
    };
    find().unwrap_or_else(|| v8::undefined(scope).into())
}
