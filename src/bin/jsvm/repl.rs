//! The prompt: reads, evaluates, prints.

mod background;
mod evaluator;
mod input;

use crate::options::Options;
use crate::program::Program;
use crate::report::{self, without_brackets};
use background::Unhandled;
use evaluator::{Evaluated, Evaluator, Mode};
use input::{Compiled, Input, compiles};
use jsvm::engine::enter::{self, Outcome, Scope};
use jsvm::engine::error::{Error, Status, data_property};
use jsvm::engine::limits::Limits;
use jsvm::engine::pump;
use jsvm::engine::value::{self, Value};
use jsvm::runtime::{inspect, output, process, require};
use rustyline::error::ReadlineError;
use rustyline::history::FileHistory;
use rustyline::{CompletionType, Config, Editor};
use std::cell::RefCell;
use std::collections::HashMap;
use std::io::{self, IsTerminal};
use std::path::PathBuf;

const HELP: &str = "\
.exit       end, as Ctrl-D does
.help       this text
.load FILE  evaluate a file
.save FILE  write what was evaluated so far to a file
Input that is incomplete goes on in the next line; Ctrl-C forgets it, and stops what runs.
_ is the last value, _error the last error.
";

struct Repl<'a> {
    program: &'a Program,
    evaluator: &'a Evaluator,
    /// What was evaluated, for .save.
    evaluated: Vec<String>,
    /// What `_` and `_error` were made.
    kept: RefCell<HashMap<&'static str, Value>>,
    history: Option<PathBuf>,
    unhandled: Unhandled,
}

/// What the loop does after an input.
enum Next {
    Read,
    /// With the exit code of process.exit, if it was that.
    End(Option<i32>),
}

/// Runs the prompt until it is left, and gives the exit code.
pub fn run(options: &Options) -> Result<i32, String> {
    // Before the runtime has its console: the inspector adds to what is there.
    let (program, evaluator) =
        Program::new(options, Evaluator::new).map_err(|error| error.into_details().message)?;
    require::prepare_for_text(&program.context, "[repl]").map_err(|error| error.into_details().message)?;
    // Between two inputs there is nothing that Ctrl-C could end.
    // SAFETY: no handler of ours is there yet.
    unsafe { libc::signal(libc::SIGINT, libc::SIG_IGN) };
    let config = Config::builder().completion_type(CompletionType::List).auto_add_history(true).build();
    let mut editor = Editor::<Input, FileHistory>::with_config(config).map_err(|error| error.to_string())?;
    editor.set_helper(Some(Input { program: &program, evaluator: &evaluator }));
    let history = history_file();
    if let Some(path) = &history {
        // There is none the first time.
        let _ = editor.load_history(path);
    }
    if io::stdin().is_terminal() {
        report::print(&format!("{}\nType .help for help.\n", report::version()))?;
    }
    let unhandled = Unhandled::listen(&program);
    let mut repl = Repl {
        program: &program,
        evaluator: &evaluator,
        evaluated: Vec::new(),
        kept: RefCell::default(),
        history,
        unhandled: unhandled.clone(),
    };
    match background::during(&program, &unhandled, || repl.read(&mut editor))? {
        Some(code) => Ok(code),
        None => Ok(process::end(&program.context).unwrap_or_else(|error| {
            report::uncaught(&program, &error);
            report::exit_code(error.status)
        })),
    }
}

/// Where the history is kept, if the user has a place for it.
fn history_file() -> Option<PathBuf> {
    match std::env::var_os("JSVM_REPL_HISTORY") {
        Some(path) => Some(path).filter(|path| !path.is_empty()).map(PathBuf::from),
        None => std::env::home_dir().filter(|home| home.is_dir()).map(|home| home.join(".jsvm_repl_history")),
    }
}

impl Repl<'_> {
    fn read(&mut self, editor: &mut Editor<Input, FileHistory>) -> Result<Option<i32>, String> {
        let mut interrupted = false;
        loop {
            let line = editor.readline("> ");
            let again = std::mem::take(&mut interrupted);
            let next = match line {
                Ok(line) => {
                    self.write_history(editor);
                    self.input(&line)?
                }
                Err(ReadlineError::Interrupted) if again => Next::End(None),
                Err(ReadlineError::Interrupted) => {
                    interrupted = true;
                    // It may be a timer that does not come to its end.
                    self.program.isolate.terminate();
                    report::print("(To exit, press Ctrl+C again or Ctrl+D or type .exit)\n")?;
                    Next::Read
                }
                Err(ReadlineError::Eof) => Next::End(None),
                Err(error) => return Err(format!("standard input cannot be read: {error}")),
            };
            if let Next::End(code) = next {
                return Ok(code);
            }
        }
    }

    /// After each input: the program may end in many ways.
    fn write_history(&mut self, editor: &mut Editor<Input, FileHistory>) {
        if let Some(path) = &self.history
            && let Err(error) = editor.append_history(path)
        {
            crate::complain(&format!("the history cannot be written to {}: {error}", path.display()));
            self.history = None;
        }
    }

    fn input(&mut self, line: &str) -> Result<Next, String> {
        let (command, argument) = line.trim().split_once(' ').unwrap_or((line.trim(), ""));
        let argument = argument.trim();
        match command {
            "" => Ok(Next::Read),
            ".exit" => Ok(Next::End(None)),
            ".help" => report::print(HELP).map(|()| Next::Read),
            ".load" => match std::fs::read(argument) {
                Ok(bytes) => self.evaluate(&String::from_utf8_lossy(&bytes)),
                Err(error) => say(&format!("{argument:?} cannot be read: {error}")),
            },
            ".save" => match std::fs::write(argument, self.evaluated.join("\n") + "\n") {
                Ok(()) => say(&format!("Saved to {argument:?}")),
                Err(error) => say(&format!("{argument:?} cannot be written: {error}")),
            },
            // `.5` is a number.
            _ if command.starts_with('.') && !command[1..].starts_with(|c: char| c.is_ascii_digit()) => {
                say(&format!("There is no command {command}: .help lists them"))
            }
            _ => self.evaluate(line),
        }
    }

    fn evaluate(&mut self, text: &str) -> Result<Next, String> {
        self.evaluated.push(text.into());
        let outcome = self.outcome(text);
        self.unhandled.tell(self.program);
        match outcome {
            Ok(shown) => say(&shown),
            Err(error) => {
                let exit = process::exit_code(&self.program.context).ok();
                match exit.filter(|exit| exit.ended(&error)) {
                    Some(exit) => Ok(Next::End(Some(exit.code))),
                    None => say(&failed(self.program, &error)),
                }
            }
        }
    }

    /// What an input comes to, as text.
    fn outcome(&self, text: &str) -> Result<String, Error> {
        let limits = Limits { break_on_sigint: true, ..self.program.limits };
        enter::span(&self.program.isolate, &limits, |_| {
            self.program.inside(&Limits::NONE, |scope| {
                let code = as_expression(scope, text)?;
                self.evaluator.start(scope, &format!("{code}\n//# sourceURL=REPL"), Mode::Repl)
            })?;
            // Asked inside the isolate: the other thread may be there with the last task, which gives the answer.
            let isolate = &self.program.isolate;
            pump::run_until(isolate, || enter::touch(isolate, None, |_| Ok(self.evaluator.has_answer())))?;
            let colors = output::colors(1);
            self.program.inside(&Limits::NONE, |scope| match self.evaluator.finish(scope)? {
                Some(Evaluated::Value(value)) => {
                    self.keep(scope, "_", value)?;
                    inspect::inspect(scope, value, colors)
                }
                Some(Evaluated::Thrown(value, place)) => {
                    self.keep(scope, "_error", value)?;
                    let shown = inspect::inspect(scope, value, colors)?;
                    let arrow = place.map_or_else(String::new, |place| arrow(text, place));
                    let shown = if value.is_native_error() { without_brackets(&shown) } else { &shown };
                    Ok(format!("{arrow}Uncaught {shown}"))
                }
                None => Err(Error::new(Status::WrongState, "V8 gave no answer").into()),
            })
        })
    }

    /// Gives a value a global name, unless the user has made that name something else.
    fn keep<'s>(
        &self,
        scope: &mut Scope<'s, '_>,
        name: &'static str,
        value: v8::Local<'s, v8::Value>,
    ) -> Outcome<()> {
        let global = scope.get_current_context().global(scope);
        let mut kept = self.kept.borrow_mut();
        let before = match kept.get(name) {
            Some(before) => Some(before.local(scope)?),
            None => None,
        };
        let ours = match (data_property(scope, global, name), before) {
            (Some(now), Some(before)) => now.same_value(before),
            (now, before) => now.is_none() && before.is_none(),
        };
        if ours {
            let key = value::string(scope, name)?;
            global.define_own_property(scope, key.into(), value, v8::PropertyAttribute::DONT_ENUM);
            kept.insert(name, Value::new(scope, value));
        }
        Ok(())
    }
}

fn say(message: &str) -> Result<Next, String> {
    report::print(&format!("{message}\n")).map(|()| Next::Read)
}

/// `{ a: 1 }` is an object here, as long as it can be one.
fn as_expression(scope: &mut Scope<'_, '_>, text: &str) -> Outcome<String> {
    let inner = text.trim();
    if inner.starts_with('{') && !inner.ends_with(';') {
        let wrapped = format!("({inner}\n)");
        if compiles(scope, &wrapped, true)? == Compiled::Fully {
            return Ok(wrapped);
        }
    }
    Ok(text.into())
}

/// The line of a SyntaxError, and a caret under the place.
fn arrow(text: &str, (line, column): (usize, usize)) -> String {
    // The end of the input has no line.
    let Some(source) = text.lines().nth(line) else { return String::new() };
    format!("{source}\n{}^\n\n", " ".repeat(column.min(source.len())))
}

/// What ended a run from outside, or was thrown where nobody waits for it.
fn failed(program: &Program, error: &Error) -> String {
    match error.status {
        Status::Exception => {
            let shown = report::thrown(program, error, output::colors(1));
            format!("Uncaught {}", shown.trim_start_matches("Uncaught "))
        }
        _ => report::stopped(program, error).trim_end().into(),
    }
}
