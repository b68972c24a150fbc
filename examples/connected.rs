//! A service whose engine a server keeps current: prints what arrives, and decides a gate each second.
//!
//!     TIDEGATE_CONNECTION='tidegate+https://tgs_…@flags.example?environment=prod&key=…' \
//!       cargo run --features http --example connected -- checkout

use std::process::ExitCode;
use std::time::Duration;

use tidegate::client::{Client, ConnectOptions, Event};
use tidegate::{Engine, Error};

fn main() -> ExitCode {
    let gate = std::env::args().nth(1).unwrap_or_else(|| "checkout".to_owned());
    let Ok(connection) = std::env::var("TIDEGATE_CONNECTION") else {
        eprintln!("set TIDEGATE_CONNECTION to what `tidegate sdk-key new` printed");
        return ExitCode::FAILURE;
    };
    match connect(&connection) {
        Ok(client) => serve(&client, &gate),
        Err(error) => eprintln!("{error}"),
    }
    ExitCode::FAILURE
}

fn connect(connection: &str) -> Result<Client, Error> {
    let options = ConnectOptions::from_connection(connection)?
        .process("service", "shop")
        .process("region", "eu")
        .cache(std::env::temp_dir().join("tidegate-shop"))
        .on_event(|event| match event {
            Event::Changed { version, features, lag, .. } => {
                let names: Vec<&str> = features.iter().map(AsRef::as_ref).collect();
                println!("version {version}, {lag:?} after its arrival: {}", names.join(", "));
            }
            Event::Stale { .. } => println!("stale: what is served may no longer be what there is"),
            Event::Fresh => println!("fresh again"),
            Event::Error(error) => println!("{error}"),
            _ => {}
        });
    Engine::connect(options)
}

fn serve(client: &Client, gate: &str) {
    // Defaults are served until then, and after: a service need not wait.
    match client.wait_ready(Duration::from_secs(3)) {
        Ok(source) => println!("ready: {source:?}"),
        Err(error) => println!("serving defaults: {error}"),
    }
    let checkout = client.engine().gate(gate);
    let mut reader = client.engine().reader();
    let ann = client.engine().context().with("user_id", "u-1").with("country", "DE").build();
    loop {
        let decision = reader.decide(checkout, &ann);
        println!(
            "{gate}: {:?} ({:?}, version {})",
            decision.variant(),
            decision.reason(),
            decision.version()
        );
        std::thread::sleep(Duration::from_secs(1));
    }
}
