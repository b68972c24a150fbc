//! What the C ABI costs: `check` through the shared library, an empty call through the same boundary, and the same check in pure
//! Rust, in one process and in turns, so that what disturbs one disturbs all.
//!
//! `make bench-c` builds the shared library as it is installed and runs this: `boundary LIBRARY`. All answers are compared with those
//! of pure Rust first, for every user.

#![expect(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::unwrap_used,
    reason = "a bench that fails must stop"
)]

use std::ffi::{CString, c_char, c_int, c_void};
use std::hint::black_box;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Instant;

use tidegate::{AttributeKey, Context, Engine, Gate, Reader};
use tidegate_c::context::{tg_attribute, tg_context};
use tidegate_c::engine::{tg_engine, tg_engine_options, tg_feature};
use tidegate_c::reader::tg_reader;
use tidegate_c::status::tg_status;

const USERS: usize = 1_024;
/// Short, so that most runs are not interrupted.
const CHECKS: usize = 1 << 14;
const ROUNDS: usize = 501;
const ATTRIBUTES: [&str; 6] = ["id", "email", "country", "plan", "app_version", "region"];

unsafe extern "C" {
    fn dlopen(path: *const c_char, flags: c_int) -> *mut c_void;
    fn dlsym(library: *mut c_void, name: *const c_char) -> *mut c_void;
}
const RTLD_NOW: c_int = 2;

/// The functions of the shared library.
struct Library {
    engine_new: unsafe extern "C" fn(*const tg_engine_options, *mut *mut tg_engine) -> tg_status,
    engine_load: unsafe extern "C" fn(*const tg_engine, *const c_char, usize) -> tg_status,
    engine_feature:
        unsafe extern "C" fn(*const tg_engine, *const c_char, usize, *mut tg_feature) -> tg_status,
    engine_attribute:
        unsafe extern "C" fn(*const tg_engine, *const c_char, usize, *mut tg_attribute) -> tg_status,
    engine_check:
        unsafe extern "C" fn(*const tg_engine, tg_feature, *const tg_context, *mut bool) -> tg_status,
    context_new: unsafe extern "C" fn(*const tg_engine, *mut *mut tg_context) -> tg_status,
    context_clear: unsafe extern "C" fn(*mut tg_context) -> tg_status,
    context_set_str: unsafe extern "C" fn(*mut tg_context, tg_attribute, *const c_char, usize) -> tg_status,
    reader_new: unsafe extern "C" fn(*const tg_engine, *mut *mut tg_reader) -> tg_status,
    reader_check: unsafe extern "C" fn(*mut tg_reader, tg_feature, *const tg_context, *mut bool) -> tg_status,
    reader_check_name:
        unsafe extern "C" fn(*mut tg_reader, *const c_char, usize, *const tg_context, *mut bool) -> tg_status,
    version: unsafe extern "C" fn() -> u32,
}

impl Library {
    fn open(path: &Path) -> Self {
        let name = CString::new(path.to_str().expect("a path in UTF-8")).unwrap();
        // SAFETY: a path that ends with zero.
        let library = unsafe { dlopen(name.as_ptr(), RTLD_NOW) };
        assert!(!library.is_null(), "{} cannot be loaded", path.display());
        macro_rules! function {
            ($name:literal) => {{
                // SAFETY: a library that is open, and a name that ends with zero.
                let found = unsafe { dlsym(library, $name.as_ptr()) };
                assert!(!found.is_null(), "no {:?}", $name);
                // SAFETY: the function of that name has the type of the field, which the header says too.
                unsafe { std::mem::transmute_copy(&found) }
            }};
        }
        Self {
            engine_new: function!(c"tg_engine_new"),
            engine_load: function!(c"tg_engine_load"),
            engine_feature: function!(c"tg_engine_feature"),
            engine_attribute: function!(c"tg_engine_attribute"),
            engine_check: function!(c"tg_engine_check"),
            context_new: function!(c"tg_context_new"),
            context_clear: function!(c"tg_context_clear"),
            context_set_str: function!(c"tg_context_set_str"),
            reader_new: function!(c"tg_reader_new"),
            reader_check: function!(c"tg_reader_check"),
            reader_check_name: function!(c"tg_reader_check_name"),
            version: function!(c"tg_version"),
        }
    }
}

fn ok(status: tg_status) {
    assert_eq!(status, tg_status::Ok);
}

/// The workload of testdata/bench, made by its script where it is not there yet.
fn workload() -> PathBuf {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../testdata/bench/workload.py");
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).with_file_name("bench-data");
    if !folder.join("stamp").exists() {
        assert!(
            Command::new("python3").arg(script).arg(&folder).status().is_ok_and(|status| status.success())
        );
    }
    folder
}

/// The attributes of users, in the order of [`ATTRIBUTES`].
fn users(folder: &Path, file: &str) -> Vec<[String; 6]> {
    let text = std::fs::read(folder.join(file)).unwrap();
    let users: Vec<serde_json::Value> = serde_json::from_slice(&text).unwrap();
    assert_eq!(users.len(), USERS);
    users.iter().map(|user| ATTRIBUTES.map(|name| user[name].as_str().unwrap().to_owned())).collect()
}

/// One gate, in Rust and in C.
#[expect(clippy::vec_box, reason = "contexts of C are allocations of their own, so those of Rust are, too")]
struct Work {
    name: &'static str,
    gate_name: String,
    gate: Gate,
    rust: Vec<Box<Context<'static>>>,
    feature: tg_feature,
    c: Vec<*const tg_context>,
}

fn median(mut times: Vec<f64>) -> f64 {
    times.sort_by(f64::total_cmp);
    times[times.len() / 2]
}

/// The users in turns. The branch predictor learns much of their order, and which of the loops it learns better depends on where
/// their code lies.
fn rotated(i: usize) -> usize {
    i % USERS
}

/// The users in an order that is too long to be learnt (xorshift64).
fn random() -> Vec<usize> {
    let mut state = 88_172_645_463_325_252_u64;
    (0..CHECKS)
        .map(|_| {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            (state % USERS as u64) as usize
        })
        .collect()
}

/// Nanoseconds a call, of one run.
fn time(pick: impl Fn(usize) -> usize, mut call: impl FnMut(usize) -> bool) -> f64 {
    let start = Instant::now();
    let mut on = 0_usize;
    for i in 0..CHECKS {
        on += usize::from(call(pick(i)));
    }
    let elapsed = start.elapsed();
    black_box(on);
    elapsed.as_nanos() as f64 / CHECKS as f64
}

/// Times one gate through all ways, and prints it.
fn measure(
    library: &Library,
    (reader, c_engine, c_reader): (&mut Reader, *const tg_engine, *mut tg_reader),
    work: &Work,
    how: &str,
    pick: impl Fn(usize) -> usize + Copy,
) {
    let (mut rust, mut read, mut plain, mut named) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    let gate = &*work.gate_name;
    for _ in 0..ROUNDS {
        rust.push(time(pick, |i| reader.check(work.gate, &*work.rust[i])));
        // SAFETY: handles that are alive, and out-parameters.
        unsafe {
            read.push(time(pick, |i| {
                let mut on = false;
                (library.reader_check)(c_reader, work.feature, work.c[i], &mut on) == tg_status::Ok && on
            }));
            plain.push(time(pick, |i| {
                let mut on = false;
                (library.engine_check)(c_engine, work.feature, work.c[i], &mut on) == tg_status::Ok && on
            }));
            named.push(time(pick, |i| {
                let mut on = false;
                (library.reader_check_name)(c_reader, gate.as_ptr().cast(), gate.len(), work.c[i], &mut on)
                    == tg_status::Ok
                    && on
            }));
        }
    }
    let (rust, read, plain, named) = (median(rust), median(read), median(plain), median(named));
    let name = format!("{}{how}", work.name);
    println!("{name} in Rust, by reader {rust:>14.2}");
    println!("{name} in C, by reader {read:>17.2}   {:+.2}", read - rust);
    println!("{name} in C, without a reader {plain:>10.2}   {:+.2}", plain - rust);
    println!("{name} in C, by reader and name {named:>8.2}   {:+.2}", named - rust);
}

fn main() {
    let Some(path) = std::env::args().skip(1).find(|argument| !argument.starts_with('-')) else {
        println!("skipped: expected the path of the shared library (make bench-c)");
        return;
    };
    let library = Library::open(Path::new(&path));
    let folder = workload();
    let document = std::fs::read(folder.join("small.json")).unwrap();
    let names: Vec<String> = {
        let gates: serde_json::Value =
            serde_json::from_slice(&std::fs::read(folder.join("gates.json")).unwrap()).unwrap();
        gates["small"]
            .as_array()
            .unwrap()
            .iter()
            .map(|gate| gate["name"].as_str().unwrap().to_owned())
            .collect()
    };

    let engine = Engine::new();
    let keys: [AttributeKey; 6] = ATTRIBUTES.map(|name| engine.attribute(name).unwrap());
    engine.load(&document).unwrap();
    let mut reader = engine.reader();

    let mut c_engine = std::ptr::null_mut();
    let mut c_reader = std::ptr::null_mut();
    let attribute = |engine: *const tg_engine, name: &str| {
        let mut attribute = tg_attribute { engine: 0, index: 0 };
        // SAFETY: an engine that is alive, a text and an out-parameter.
        ok(unsafe { (library.engine_attribute)(engine, name.as_ptr().cast(), name.len(), &mut attribute) });
        attribute
    };
    // SAFETY: an out-parameter; then an engine that is alive, and bytes.
    unsafe {
        ok((library.engine_new)(std::ptr::null(), &mut c_engine));
    }
    let c_keys = ATTRIBUTES.map(|name| attribute(c_engine, name));
    // SAFETY: as above.
    unsafe {
        ok((library.engine_load)(c_engine, document.as_ptr().cast(), document.len()));
        ok((library.reader_new)(c_engine, &mut c_reader));
    }

    let set = |context: *mut tg_context, user: &[String; 6]| {
        for (key, value) in c_keys.iter().zip(user) {
            // SAFETY: a context that is alive, and a text.
            ok(unsafe { (library.context_set_str)(context, *key, value.as_ptr().cast(), value.len()) });
        }
    };
    let mut works = Vec::new();
    for (name, gate) in ["w1", "w2", "w3", "w4"].into_iter().zip(&names) {
        let users = users(&folder, if name == "w2" { "match_users.json" } else { "users.json" });
        let rust = users.iter().map(|user| {
            let mut context = Context::with_capacity(6);
            for (key, value) in keys.into_iter().zip(user) {
                context.set_owned(key, value.as_str());
            }
            Box::new(context)
        });
        let rust: Vec<_> = rust.collect();
        let c = users.iter().map(|user| {
            let mut context = std::ptr::null_mut();
            // SAFETY: an engine that is alive, and an out-parameter.
            ok(unsafe { (library.context_new)(c_engine, &mut context) });
            set(context, user);
            context.cast_const()
        });
        let c: Vec<_> = c.collect();
        let mut feature = tg_feature { engine: 0, number: 0 };
        // SAFETY: an engine that is alive, a text and an out-parameter.
        ok(unsafe { (library.engine_feature)(c_engine, gate.as_ptr().cast(), gate.len(), &mut feature) });
        let work = Work { name, gate_name: gate.clone(), gate: engine.gate(gate), rust, feature, c };
        let mut served = 0;
        for (rust, c) in work.rust.iter().zip(&work.c) {
            let wanted = reader.check(work.gate, &**rust);
            let (mut read, mut plain, mut named) = (!wanted, !wanted, !wanted);
            // SAFETY: handles that are alive, and out-parameters.
            unsafe {
                ok((library.reader_check)(c_reader, feature, *c, &mut read));
                ok((library.engine_check)(c_engine, feature, *c, &mut plain));
                ok((library.reader_check_name)(c_reader, gate.as_ptr().cast(), gate.len(), *c, &mut named));
            }
            assert!([read, plain, named] == [wanted; 3], "{name}");
            served += usize::from(wanted);
        }
        assert!(served > 0, "{name} is on for nobody");
        works.push(work);
    }

    println!("{USERS} users, rotated, median of {ROUNDS} rounds of {CHECKS} calls, in turns; nanoseconds");
    let mut empty = Vec::new();
    for _ in 0..ROUNDS {
        // SAFETY: it has no argument.
        empty.push(time(rotated, |_| unsafe { black_box(library.version)() } != 0));
    }
    let empty = median(empty);
    println!("{:<28} {empty:>8.2}", "an empty call (tg_version)");
    for work in &works {
        measure(&library, (&mut reader, c_engine, c_reader), work, "", rotated);
    }
    let order = random();
    measure(&library, (&mut reader, c_engine, c_reader), works.last().unwrap(), ", random", |i| order[i]);

    let everyone = users(&folder, "users.json");
    let mut context = std::ptr::null_mut();
    // SAFETY: an engine that is alive, and an out-parameter.
    ok(unsafe { (library.context_new)(c_engine, &mut context) });
    let mut built = Vec::new();
    for _ in 0..ROUNDS {
        built.push(time(rotated, |i| {
            // SAFETY: a context that is alive.
            ok(unsafe { (library.context_clear)(context) });
            set(context, &everyone[i]);
            true
        }));
    }
    println!("{:<28} {:>8.2}", "context of 6, cleared, by key", median(built));

    // Loading 1,000 gates of 10-id lists, which is compiled for size in C.
    let document = std::fs::read(folder.join("bigs.json")).unwrap();
    let (mut rust, mut c) = (Vec::new(), Vec::new());
    for _ in 0..21 {
        let fresh = Engine::new();
        let start = Instant::now();
        fresh.load(&document).unwrap();
        rust.push(start.elapsed().as_nanos() as f64 / 1e6);
        let mut fresh = std::ptr::null_mut();
        // SAFETY: an out-parameter.
        ok(unsafe { (library.engine_new)(std::ptr::null(), &mut fresh) });
        let start = Instant::now();
        // SAFETY: an engine that is alive, and bytes.
        ok(unsafe { (library.engine_load)(fresh, document.as_ptr().cast(), document.len()) });
        c.push(start.elapsed().as_nanos() as f64 / 1e6);
    }
    println!("1,000 gates loaded, ms: in Rust {:.2}, in C {:.2}", median(rust), median(c));
}
