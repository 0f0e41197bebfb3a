//! What the command line says.

use jsvm::node_vm::Generation;
use lexopt::{Arg, Parser};
use std::ffi::OsString;
use std::time::Duration;

pub const HELP: &str = "\
Usage: jsvm [options] FILE [arguments]
       jsvm [options] -e CODE [arguments]
       jsvm [options] - [arguments]     the program comes from standard input
       jsvm [options]                   the same; on a terminal, the prompt

  -e, --eval CODE        run CODE
  -p, --print CODE       run CODE and print the value of its last statement
      --input-type TYPE  what CODE and standard input are: module or commonjs; by default what
                         their syntax says
      --import-map FILE  where `import` finds things: an import map, as browsers have them
  -i, --interactive      the prompt, also where standard input is no terminal
      --timeout MS       end after so many milliseconds; at the prompt, each input
      --cpu-time MS      end after so many milliseconds of CPU time; the same
      --memory-limit MB  end when the heap passes so many MB (8 to 1400, default 1400);
                         ArrayBuffers get as much again, by default without a limit
  -v, --version          the versions of jsvm and V8
  -h, --help             this text
      --vm-generation=10 node:vm has the names of Node 10's manual: docs/NODE-VM.md
      --v8-options       V8's options
      --                 what follows is no option

Every other option is V8's: --expose-gc, --stack-size=900. What V8 does not know is an error.
Of Node's, --no-warnings is there too; --experimental-vm-modules and --no-deprecation change
nothing.

Exit codes:
    0   the program came to its end, or what process.exitCode or process.exit(code) say
    1   an uncaught exception or an unhandled rejection; FILE cannot be read
    9   the options are wrong
   13   the main module's top-level await never came to its end
  124   --timeout is over
  134   out of memory: --memory-limit is reached
  152   --cpu-time is used up
  130, 133, 141, 143  in a shell: ended by SIGINT (Ctrl-C), SIGTRAP (V8 gave up: docs/SECURITY.md),
                      SIGPIPE (nobody reads its output), SIGTERM

Environment: NO_COLOR=1 means no colours. JSVM_REPL_HISTORY names the file of the prompt's
history, '' means none; by default it is ~/.jsvm_repl_history.
";

/// Node's options that are taken and change nothing here: process.execArgv has them, where --no-warnings is looked up.
const IGNORED: &[&str] = &["experimental-vm-modules", "no-deprecation", "no-warnings"];

#[derive(Debug, PartialEq)]
pub enum Task {
    File(OsString),
    Eval { code: String, print: bool },
    Stdin,
    Interactive,
    Version,
    Help,
}

#[derive(Debug)]
pub struct Options {
    pub task: Task,
    /// For the program.
    pub arguments: Vec<OsString>,
    /// What stood before the program.
    pub exec_arguments: Vec<OsString>,
    pub timeout: Option<Duration>,
    pub cpu_time: Option<Duration>,
    /// In MB.
    pub memory_limit: Option<u64>,
    pub vm_generation: Generation,
    pub v8_flags: Vec<String>,
    /// CODE and standard input: an ES module or not. None: their syntax says it.
    pub is_module: Option<bool>,
    pub import_map: Option<OsString>,
}

/// Reads the arguments, without the program's name. An error is one line for the user.
pub fn parse(arguments: Vec<OsString>, stdin_is_terminal: bool) -> Result<Options, String> {
    let mut parser = Parser::from_args(arguments.clone());
    let mut options = Options {
        task: Task::Stdin,
        arguments: Vec::new(),
        exec_arguments: Vec::new(),
        timeout: None,
        cpu_time: None,
        memory_limit: None,
        vm_generation: Generation::Newest,
        v8_flags: Vec::new(),
        is_module: None,
        import_map: None,
    };
    let mut code = None;
    let mut print = false;
    let mut interactive = false;
    let mut file = None;
    while file.is_none()
        && let Some(argument) = parser.next().map_err(|error| error.to_string())?
    {
        match argument {
            Arg::Short('h') | Arg::Long("help") => return Ok(Options { task: Task::Help, ..options }),
            Arg::Short('v') | Arg::Long("version") => return Ok(Options { task: Task::Version, ..options }),
            Arg::Short('i') | Arg::Long("interactive") => interactive = true,
            Arg::Short('p') => {
                print = true;
                let name = if skip(&mut parser, "e") { "-pe" } else { "-p" };
                code = Some(text(&mut parser, name)?);
            }
            Arg::Long("print") => {
                print = true;
                code = Some(text(&mut parser, "--print")?);
            }
            Arg::Short('e') | Arg::Long("eval") => code = Some(text(&mut parser, "--eval")?),
            Arg::Long("timeout") => options.timeout = Some(milliseconds(&mut parser, "--timeout")?),
            Arg::Long("cpu-time") => options.cpu_time = Some(milliseconds(&mut parser, "--cpu-time")?),
            Arg::Long("memory-limit") => options.memory_limit = Some(megabytes(&mut parser)?),
            Arg::Long("input-type") => options.is_module = Some(input_type(&mut parser)?),
            Arg::Long("import-map") => options.import_map = Some(value(&mut parser, "--import-map")?),
            Arg::Long("vm-generation") => options.vm_generation = generation(&mut parser)?,
            Arg::Long("v8-options") => options.v8_flags.push("--help".into()),
            Arg::Long(name) if IGNORED.contains(&name) => {}
            Arg::Long(name) => {
                let flag = format!("--{name}");
                let value = parser.optional_value();
                options.v8_flags.push(v8_flag(flag, value)?);
            }
            Arg::Short(letter) => return Err(format!("there is no option -{letter}")),
            Arg::Value(name) => file = Some(name),
        }
    }
    let rest: Vec<OsString> = parser.raw_args().map_err(|error| error.to_string())?.collect();
    let consumed = arguments.len() - rest.len() - file.is_some() as usize;
    options.exec_arguments = arguments[..consumed].to_vec();
    if options.exec_arguments.last().is_some_and(|last| last == "--") {
        options.exec_arguments.pop();
    }
    options.arguments = rest;
    if interactive && (code.is_some() || file.is_some()) {
        return Err("-i runs no FILE and no CODE".into());
    }
    if print && options.is_module == Some(true) {
        return Err("--print cannot be used with ESM input".into());
    }
    options.task = match (code, file) {
        (Some(code), file) => {
            // The program is there already.
            options.arguments.splice(0..0, file);
            Task::Eval { code, print }
        }
        (None, Some(file)) if file != "-" => {
            if options.is_module.is_some() {
                return Err("--input-type is for CODE and standard input, not for FILE".into());
            }
            Task::File(file)
        }
        (None, Some(_)) => Task::Stdin,
        (None, None) if interactive || stdin_is_terminal => Task::Interactive,
        (None, None) => Task::Stdin,
    };
    Ok(options)
}

/// Takes what follows in the same argument if it is this, as in `-pe CODE`.
fn skip(parser: &mut Parser, letter: &str) -> bool {
    let mut ahead = parser.clone();
    if ahead.optional_value().is_some_and(|value| value == letter) {
        *parser = ahead;
        return true;
    }
    false
}

fn value(parser: &mut Parser, name: &str) -> Result<OsString, String> {
    parser.value().map_err(|_| format!("{name} requires an argument"))
}

fn text(parser: &mut Parser, name: &str) -> Result<String, String> {
    value(parser, name)?.into_string().map_err(|_| format!("{name}: the code is not UTF-8"))
}

fn milliseconds(parser: &mut Parser, name: &str) -> Result<Duration, String> {
    let given = value(parser, name)?;
    match given.to_str().and_then(|text| text.parse().ok()) {
        Some(milliseconds) if milliseconds > 0 => Ok(Duration::from_millis(milliseconds)),
        _ => Err(format!("{name}: {given:?} is not a whole number of milliseconds from 1 to {}", u64::MAX)),
    }
}

fn megabytes(parser: &mut Parser) -> Result<u64, String> {
    let given = value(parser, "--memory-limit")?;
    match given.to_str().and_then(|text| text.parse().ok()) {
        Some(megabytes @ 8..=1400) => Ok(megabytes),
        _ => Err(format!("--memory-limit: {given:?} is not a whole number of MB from 8 to 1400")),
    }
}

fn input_type(parser: &mut Parser) -> Result<bool, String> {
    match text(parser, "--input-type")?.as_str() {
        "module" => Ok(true),
        "commonjs" => Ok(false),
        given => Err(format!("--input-type: {given:?} is neither module nor commonjs")),
    }
}

fn generation(parser: &mut Parser) -> Result<Generation, String> {
    let given = value(parser, "--vm-generation")?;
    let version = given.to_str().and_then(|text| text.parse().ok());
    version
        .and_then(Generation::of_version)
        .ok_or_else(|| format!("--vm-generation: {given:?} is not 10, or 0 for the newest"))
}

fn v8_flag(mut flag: String, value: Option<OsString>) -> Result<String, String> {
    if let Some(value) = value {
        let value = value.to_str().ok_or_else(|| format!("{flag}: {value:?} is not UTF-8"))?;
        flag = format!("{flag}={value}");
    }
    // V8's flags have no spaces, and a list of them is split at spaces.
    if flag.contains(|c: char| c.is_ascii_whitespace()) {
        return Err(format!("there is no option {flag:?}"));
    }
    Ok(flag)
}
