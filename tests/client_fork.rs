//! A child of `fork`: decides on with its snapshot, says that it was forked, and connects anew as an instance of its own.
//!
//! Without the test harness, whose threads would be forked as well. The child tells by its exit code.

#![cfg_attr(
    unix,
    expect(
        clippy::expect_used,
        clippy::indexing_slicing,
        clippy::unwrap_used,
        reason = "a helper of a test that panics fails the test"
    )
)]

#[cfg(unix)]
#[path = "client/server.rs"]
#[expect(dead_code, reason = "the faults are for the other tests")]
mod server;

#[cfg(not(unix))]
fn main() {}

#[cfg(unix)]
fn main() {
    forked::main();
}

#[cfg(unix)]
mod forked {
    use std::collections::BTreeSet;
    use std::panic::AssertUnwindSafe;
    use std::process::exit;
    use std::time::{Duration, Instant};

    use fork::Fork;
    use tidegate::Engine;
    use tidegate::client::{Client, ConnectOptions, Life, Proxy};
    use tidegate::error::Code;

    use crate::server::Server;

    const COUNTED: u64 = 1_000;
    const LONG: Duration = Duration::from_secs(20);

    fn until(what: &str, condition: impl Fn() -> bool) {
        let began = Instant::now();
        while !condition() {
            assert!(began.elapsed() < LONG, "waited in vain: {what}");
            std::thread::sleep(Duration::from_millis(2));
        }
    }

    fn is_on(client: &Client) -> bool {
        client.engine().check("a", &client.engine().context().build())
    }

    pub(super) fn main() {
        let server = Server::start();
        server.publish(1, &[("a", true)]);
        let options = ConnectOptions::from_connection(&server.connection())
            .unwrap()
            .proxy(Proxy::Direct)
            .report_interval(Duration::from_millis(50));
        let client = Engine::connect(options).unwrap();
        client.wait_ready(LONG).unwrap();

        let mut children = Vec::new();
        for _ in 0..3 {
            let quiet = client.quiesce();
            // Nobody can report these before the child has a copy of them.
            (0..COUNTED).for_each(|_| assert!(is_on(&client)));
            match fork::fork().expect("a child") {
                Fork::Child => {
                    drop(quiet);
                    // A panic would end the process with the code of a failed test, without the parent's destructors.
                    let outcome = std::panic::catch_unwind(AssertUnwindSafe(|| child(&client)));
                    exit(i32::from(outcome.is_err()));
                }
                Fork::Parent(child) => children.push(child),
            }
            drop(quiet);
        }
        // The parent goes on as if nothing had happened.
        until("an instance of each", || {
            let state = server.state();
            state.reports.iter().map(|report| &report.instance).collect::<BTreeSet<_>>().len() == 4
        });
        server.publish(2, &[("a", false)]);
        until("the parent has it", || client.engine().version() == 2);
        assert_eq!(client.status().life, Life::Running);
        client.resume().unwrap();
        for child in children {
            let status = fork::waitpid(child).expect("its end");
            assert_eq!(status, 0, "a child failed");
        }
        client.close();
        assert_eq!(total(&server), 3 * COUNTED + 3, "what the parent counted once, and one of each child");
        println!("fork: ok");
    }

    fn child(client: &Client) {
        let before = client.status();
        assert_eq!((before.life, before.version), (Life::Forked, 1));
        assert!(is_on(client), "it decides on");
        assert_eq!(client.wait_ready(Duration::ZERO).unwrap_err().code(), Code::Forked);
        client.resume().unwrap();
        let after = client.status();
        assert_eq!(after.life, Life::Running);
        assert_ne!(after.instance, before.instance);
        until("the child has the next version", || client.engine().version() == 2);
        assert!(!is_on(client));
        client.close();
    }

    /// How many exposures were reported, each batch once.
    fn total(server: &Server) -> u64 {
        let state = server.state();
        let mut batches = std::collections::BTreeMap::new();
        for report in &state.reports {
            if let Some(batch) = &report.exposures {
                let sum: u64 = batch.counts.iter().map(|count| count.count).sum();
                batches.insert((report.instance.clone(), batch.batch), sum);
            }
        }
        batches.values().sum()
    }
}
