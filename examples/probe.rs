use jsvm::engine::limits::Limits;
use jsvm::vm::context;
fn main() {
    let args: Vec<String> = std::env::args().collect();
    let isolate = context::new_isolate(jsvm::engine::isolate::Options {
        heap_limit: 512 << 20,
        buffer_limit: 1 << 30,
        stack_size: jsvm::engine::isolate::DEFAULT_STACK_SIZE,
        host_drains: false,
    })
    .unwrap();
    let context = context::main(&isolate).unwrap();
    let log = jsvm::vm::script::evaluate(
        &context,
        "var __log = []; var console = {log: (...a) => __log.push(a.map(x => typeof x === 'string' ? x : typeof x === 'object' || typeof x === 'function' ? (globalThis.__inspect ?? JSON.stringify)(x) : String(x)).join(' '))}; 0",
        &Default::default(),
        &Limits::NONE,
    );
    log.unwrap();
    let parts: u32 = std::env::var("PARTS").ok().and_then(|p| p.parse().ok()).unwrap_or(0);
    jsvm::runtime::install(&context, jsvm::runtime::Parts(parts), Default::default()).unwrap();
    let result = if args[1] == "-e" {
        jsvm::runtime::require::run_text(&context, &args[2], "[eval]", &Limits::NONE)
    } else {
        jsvm::runtime::require::run_main(&context, std::path::Path::new(&args[1]), &Limits::NONE)
    };
    let out = jsvm::vm::script::evaluate(&context, "__log.join('\\n')", &Default::default(), &Limits::NONE)
        .unwrap();
    if let jsvm::engine::value::Out::String(s) = out {
        println!("{}", String::from_utf8_lossy(&s.utf8));
    }
    match result {
        Ok(v) => {
            if std::env::var("SHOW").is_ok() {
                println!("{v:?}")
            }
        }
        Err(e) => {
            println!("ERR {:?} {} {}", e.status, e.name, e.message);
            if let Some(o) = e.origin {
                println!("{}{}", o.arrow.unwrap_or_default(), o.stack.unwrap_or_default())
            }
        }
    }
}
