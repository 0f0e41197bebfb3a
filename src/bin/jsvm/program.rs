//! The isolate of the command line, and what runs in it.

use crate::options::{Options, Task};
use crate::report;
use jsvm::engine::enter::{self, Outcome, Scope};
use jsvm::engine::error::{Error, Status};
use jsvm::engine::heap::MAX_HEAP_LIMIT;
use jsvm::engine::isolate::{self, DEFAULT_STACK_SIZE, Isolate};
use jsvm::engine::limits::Limits;
use jsvm::engine::value::{In, Out};
use jsvm::node_vm::{self, Generation};
use jsvm::runtime::{self, Parts, event_loop, inspect, output, process, require};
use jsvm::vm::context::{self, Context};
use std::ffi::{OsStr, OsString};
use std::io::{self, Read};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

/// All of them.
const PARTS: u32 = runtime::CONSOLE
    | runtime::TIMERS
    | runtime::QUEUE_MICROTASK
    | runtime::STRUCTURED_CLONE
    | runtime::URL
    | runtime::BUFFER
    | runtime::REQUIRE
    | runtime::PROCESS;

/// What an error is shown within: its getters are the program's.
const REPORT_LIMITS: Limits<'static> = Limits { timeout: Some(Duration::from_secs(5)), ..Limits::NONE };

pub struct Program {
    pub isolate: Arc<Isolate>,
    pub context: Context,
    /// Of the whole run; at the prompt of each input.
    pub limits: Limits<'static>,
    /// Whether text is an ES module, if an option says it.
    is_module: Option<bool>,
}

impl Program {
    /// `before` is called in the new context, before it has anything of the runtime.
    pub fn new<R>(
        options: &Options,
        before: impl for<'s, 'i> FnOnce(&mut Scope<'s, 'i>) -> R,
    ) -> Result<(Program, R), Error> {
        let memory_limit = options.memory_limit.map(|mb| (mb as usize) << 20);
        let isolate = context::new_isolate(isolate::Options {
            heap_limit: memory_limit.unwrap_or(MAX_HEAP_LIMIT),
            buffer_limit: memory_limit.unwrap_or(usize::MAX),
            stack_size: DEFAULT_STACK_SIZE,
            host_drains: false,
        })?;
        let context = context::main(&isolate)?;
        let early = enter::touch(&isolate, None, |scope| Ok(before(scope)))?;
        runtime::install(
            &context,
            Parts(PARTS),
            runtime::Options {
                argv: argv(options),
                exec_argv: options.exec_arguments.iter().map(|text| lossy(text)).collect(),
                env: environment(),
                ..runtime::Options::default()
            },
        )?;
        if options.vm_generation != Generation::Newest {
            let module = node_vm::module(&context, options.vm_generation)?;
            require::provide_module(&context, "vm", In::Value(&module))?;
        }
        let limits = Limits { timeout: options.timeout, cpu_time: options.cpu_time, ..Limits::NONE };
        Ok((Program { isolate, context, limits, is_module: options.is_module }, early))
    }

    /// Has `import` go by a file's import map.
    pub fn set_import_map(&self, name: &OsStr) -> Result<(), String> {
        let shown = name.display();
        let map = std::fs::read(name).map_err(|error| format!("{shown} cannot be read: {error}"))?;
        let map = String::from_utf8(map).map_err(|_| format!("{shown} is not UTF-8"))?;
        require::set_import_map(&self.context, &map, Path::new(name))
            .map_err(|error| format!("{shown} is no import map: {}", error.message))
    }

    /// Runs a task to its end and gives the exit code. An error is one that comes before the program.
    pub fn run(&self, task: &Task) -> Result<i32, String> {
        let source = Source::of(task)?;
        let code = match event_loop::run(&self.context, &self.limits, || self.start(&source)) {
            Ok(code) => code,
            Err(error) => {
                if let Source::File(name) = source
                    && is_missing(&error)
                {
                    return Err(missing(name));
                }
                report::uncaught(self, &error);
                match report::exit_code(error.status) {
                    // 'exit' listeners may still change it.
                    1 => process::fail(&self.context, &REPORT_LIMITS).unwrap_or(1),
                    code => code,
                }
            }
        };
        match output::stdout_error() {
            Some(error) => Err(report::output_error(&error)),
            None => Ok(code),
        }
    }

    fn start(&self, source: &Source) -> Result<(), Error> {
        match source {
            Source::File(name) => require::run_main(&self.context, Path::new(name), &Limits::NONE).map(drop),
            Source::Text { code, .. } if self.is_module == Some(true) => {
                require::run_module_text(&self.context, code, &Limits::NONE)
            }
            Source::Text { code, name, print } => {
                let detect = self.is_module.is_none();
                let value = require::run_text(&self.context, code, name, detect, &Limits::NONE)?;
                if *print { self.print(&value) } else { Ok(()) }
            }
        }
    }

    /// As console.log does.
    fn print(&self, value: &Out) -> Result<(), Error> {
        let colors = output::colors(1);
        let text = self.inside(&Limits::NONE, |scope| match value {
            Out::String(text) => {
                Ok(String::from_utf8_lossy(text.utf8.as_deref().unwrap_or_default()).into_owned())
            }
            value => {
                let value = value.as_in().local(scope)?;
                inspect::inspect(scope, value, colors)
            }
        })?;
        report::print(&format!("{text}\n")).map_err(|message| Error::new(Status::WrongState, message))
    }

    /// Does something in the program's context.
    pub fn inside<R>(
        &self,
        limits: &Limits,
        body: impl for<'s, 'i> FnOnce(&mut Scope<'s, 'i>) -> Outcome<R>,
    ) -> Result<R, Error> {
        enter::run(&self.isolate, Some(&self.context.global), limits, body)
    }

    /// A value as it is shown of an error. None: that ended in an error, too.
    pub fn show(&self, value: &Out, colors: bool) -> Option<String> {
        self.inside(&REPORT_LIMITS, |scope| {
            let value = value.as_in().local(scope)?;
            inspect::inspect(scope, value, colors)
        })
        .ok()
    }
}

/// What is to run.
enum Source<'a> {
    File(&'a OsStr),
    Text { code: String, name: &'static str, print: bool },
}

impl Source<'_> {
    fn of(task: &Task) -> Result<Source<'_>, String> {
        Ok(match task {
            Task::File(name) => {
                check(name)?;
                Source::File(name)
            }
            Task::Eval { code, print } => Source::Text { code: code.clone(), name: "[eval]", print: *print },
            _ => Source::Text { code: read_stdin()?, name: "[stdin]", print: false },
        })
    }
}

/// What cannot be read is told in a line. A name without a file may still be a module's: `require` looks.
fn check(name: &OsStr) -> Result<(), String> {
    // A pipe is opened once: its writer would not come back.
    if std::fs::metadata(name).is_ok_and(|found| !found.is_file()) {
        return Ok(());
    }
    match std::fs::File::open(name) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => {
            Err(format!("{} cannot be read: {error}", name.display()))
        }
        _ => Ok(()),
    }
}

/// Whether it is the main module that was not found: every other one is missed by some module.
fn is_missing(error: &Error) -> bool {
    error.code.as_deref() == Some("MODULE_NOT_FOUND") && !error.message.contains("\nRequire stack:")
}

fn missing(name: &OsStr) -> String {
    let name = name.display();
    match Path::new(&name.to_string()).is_dir() {
        true => format!("{name} is a directory without an index.js"),
        false => format!("{name} cannot be read: there is no such file"),
    }
}

/// As in files, bytes that are no UTF-8 become U+FFFD.
fn read_stdin() -> Result<String, String> {
    let mut bytes = Vec::new();
    match io::stdin().read_to_end(&mut bytes) {
        Ok(_) => Ok(String::from_utf8_lossy(&bytes).into_owned()),
        Err(error) => Err(format!("standard input cannot be read: {error}")),
    }
}

fn lossy(text: &OsStr) -> String {
    text.to_string_lossy().into_owned()
}

fn environment() -> Vec<String> {
    let variables = std::env::vars_os().filter(|(name, _)| !name.is_empty());
    variables.map(|(name, value)| format!("{}={}", lossy(&name), lossy(&value))).collect()
}

/// The path of this program, the absolute one of FILE, the arguments.
fn argv(options: &Options) -> Vec<String> {
    let program = std::env::current_exe().map_or_else(|_| "jsvm".into(), OsString::from);
    let file = match &options.task {
        Task::File(name) => std::path::absolute(name).ok().map(OsString::from),
        Task::Stdin if !options.arguments.is_empty() => Some("-".into()),
        _ => None,
    };
    [program].iter().chain(&file).chain(&options.arguments).map(|text| lossy(text)).collect()
}
