//! A program from its start to its end, as Node runs one.

use crate::engine::enter;
use crate::engine::error::Error;
use crate::engine::isolate::Rejection;
use crate::engine::limits::Limits;
use crate::engine::pump;
use crate::runtime::process;
use crate::vm::context::Context;
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// Runs `main`, then tasks until no work is left, then 'beforeExit', which may give more, then 'exit': the exit code.
/// process.exit ends it at once. The context has the PROCESS part; the limits are for all of it, the listener of the
/// isolate's rejections is its own meanwhile.
///
/// What is thrown, and the reason of a rejection that nobody handles, goes to the listeners of 'uncaughtException'.
/// Without any the program ends with that error, before 'exit': whoever has shown it calls `process::fail`, which gives the exit code.
/// A program that a limit stops ends with an error of another status, and without 'exit'.
pub fn run(
    context: &Context,
    limits: &Limits,
    main: impl FnOnce() -> Result<(), Error>,
) -> Result<i32, Error> {
    let isolate = &context.isolate;
    let unhandled: Arc<Mutex<Option<Rejection>>> = Arc::default();
    let first = unhandled.clone();
    isolate.set_listener(Some(Arc::new(move |rejection| {
        first.lock().unwrap_or_else(|e| e.into_inner()).get_or_insert(rejection);
    })));
    let check = || match unhandled.lock().unwrap_or_else(|e| e.into_inner()).take() {
        Some(rejection) => Err(process::rejection_error(context, &rejection.reason)),
        None => Ok(()),
    };
    let ended = enter::span(isolate, limits, |_| {
        main().or_else(|error| process::uncaught(context, error))?;
        check()?;
        loop {
            while isolate.tasks.work_left() {
                pump::run_tasks(isolate, Duration::MAX, &Limits::NONE)?;
                check()?;
            }
            process::before_exit(context)?;
            check()?;
            if !isolate.tasks.work_left() {
                return process::end(context);
            }
        }
    });
    isolate.set_listener(None);
    match ended {
        Err(error) if process::exit_code(context).is_ok_and(|exit| exit.ended(&error)) => {
            process::exit_code(context).map(|exit| exit.code)
        }
        ended => ended,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::error::Status;
    use crate::engine::isolate::{DEFAULT_STACK_SIZE, Isolate, Options};
    use crate::runtime::{self, Parts};
    use crate::vm::{self, script};

    struct Program {
        isolate: Arc<Isolate>,
        context: Context,
        output: Arc<Mutex<String>>,
    }

    impl Program {
        fn new() -> Program {
            let options = Options {
                heap_limit: 64 << 20,
                buffer_limit: 64 << 20,
                stack_size: DEFAULT_STACK_SIZE,
                host_drains: false,
            };
            let isolate = vm::context::new_isolate(options).expect("an isolate");
            let context = vm::context::main(&isolate).expect("its main context");
            let output = Arc::new(Mutex::new(String::new()));
            let written = output.clone();
            let write: runtime::output::Write = Box::new(move |_, bytes| {
                written.lock().expect("no panic").push_str(&String::from_utf8_lossy(bytes));
            });
            let options = runtime::Options { write: Some(write), ..Default::default() };
            runtime::install(&context, Parts(runtime::PROCESS | runtime::TIMERS), options).expect("parts");
            Program { isolate, context, output }
        }

        fn run(&self, source: &str) -> Result<i32, Error> {
            let limits = Limits { timeout: Some(Duration::from_secs(2)), ..Limits::NONE };
            run(&self.context, &limits, || {
                let source = format!("const say = (text) => process.stdout.write(`${{text}} `); {source}");
                script::evaluate(&self.context, &source, &script::Options::default(), &Limits::NONE, |_| {
                    Ok(())
                })
            })
        }

        fn output(&self) -> String {
            self.output.lock().expect("no panic").clone()
        }
    }

    impl Drop for Program {
        fn drop(&mut self) {
            self.isolate.close();
        }
    }

    /// What a source prints, and the exit code it ends with.
    fn program(source: &str) -> (String, i32) {
        let program = Program::new();
        let code = program.run(source).expect("the program ends by itself");
        (program.output(), code)
    }

    /// What a source prints, the error that it ends with, and the exit code after that.
    fn failing(source: &str) -> (String, Error, i32) {
        let program = Program::new();
        let error = program.run(source).expect_err("the program fails");
        let code = process::fail(&program.context, &Limits::NONE).expect("'exit' is emitted");
        (program.output(), error, code)
    }

    const EVENTS: &str = "process.on('exit', (code) => say(`exit ${code}`)); \
                          process.on('beforeExit', (code) => say(`beforeExit ${code}`));";

    #[test]
    fn to_the_end() {
        let source = "setTimeout(() => say('timer'), 5); setTimeout(() => {}, 1e6).unref(); process.exitCode = 3;\
                      process.once('beforeExit', () => setTimeout(() => say('more'), 1))";
        let (output, code) = program(&format!("{EVENTS} {source}"));
        assert_eq!(output, "timer beforeExit 3 more beforeExit 3 exit 3 ");
        assert_eq!(code, 3);
        assert_eq!(program(&format!("{EVENTS} process.on('exit', () => {{ process.exitCode = '4' }})")).1, 4);
    }

    #[test]
    fn exit() {
        for source in
            ["process.exit(5)", "setTimeout(() => process.exit(5), 1); setTimeout(() => say('never'), 2)"]
        {
            assert_eq!(program(&format!("{EVENTS} {source}")), ("exit 5 ".into(), 5));
        }
        let (output, code) = program("process.on('beforeExit', () => process.exit(6))");
        assert_eq!((output.as_str(), code), ("", 6));
    }

    #[test]
    fn uncaught() {
        for source in [
            "throw new Error('gone')",
            "setTimeout(() => { throw new Error('gone') }, 1); setTimeout(() => say('never'), 5)",
            "Promise.reject(new Error('gone')); setTimeout(() => say('never'), 5)",
            "process.once('beforeExit', () => { throw new Error('gone') })",
        ] {
            let (output, error, code) = failing(&format!("{EVENTS} {source}"));
            assert_eq!((error.status, error.message.as_str()), (Status::Exception, "gone"));
            assert!(output.ends_with("exit 1 ") && !output.contains("never"), "{output}");
            assert_eq!(code, 1);
        }
        let (_, error, code) = failing("process.exitCode = 8; Promise.reject({ a: 1 })");
        assert_eq!(error.code.as_deref(), Some("ERR_UNHANDLED_REJECTION"));
        assert_eq!(code, 1, "as in Node, whatever exitCode said");
        let source =
            "process.on('uncaughtException', (e) => say(e)); setTimeout(() => say('on'), 1); throw 'main'";
        assert_eq!(program(source), ("main on ".into(), 0));
    }

    #[test]
    fn limits() {
        let program = Program::new();
        let start = std::time::Instant::now();
        let error =
            program.run(&format!("{EVENTS} setTimeout(() => {{}}, 1e6)")).expect_err("it has a timeout");
        assert_eq!(error.status, Status::Timeout);
        assert!(start.elapsed() >= Duration::from_secs(2));
        assert_eq!(program.output(), "");
    }
}
