//! How fast the writer is by itself; run by hand: `cargo test -p tidegate-admin --test store -- --ignored --nocapture speed`.

use std::sync::Arc;
use std::time::{Duration, Instant};

use tidegate_admin::clock::SystemClock;
use tidegate_admin::clockwork;

use crate::both::both;
use crate::toy::{self, Timers, request};

both! {
    #[ignore = "a measurement"]
    async fn fifty_writers(place) {
        let writer = toy::writer(place.store().await, Arc::new(SystemClock::new())).await;
        writer.run(request(toy::webhook("hook", &[]))).await.unwrap();
        let begun = Instant::now();
        let clients: Vec<_> = (0..50)
            .map(|client| {
                let writer = writer.clone();
                tokio::spawn(async move {
                    let (name, mut took) = (format!("c{client}"), Vec::new());
                    while begun.elapsed() < Duration::from_secs(5) {
                        let asked = Instant::now();
                        writer.run(request(toy::count(&name))).await.unwrap();
                        took.push(asked.elapsed());
                    }
                    took
                })
            })
            .collect();
        let mut took = Vec::new();
        for client in clients {
            took.extend(client.await.unwrap());
        }
        took.sort_unstable();
        let rate = took.len() as f64 / begun.elapsed().as_secs_f64();
        let p99 = took[took.len() * 99 / 100];
        eprintln!("{:?}: {rate:.0} actions/s, p50 {:?}, p99 {p99:?}", writer.store().dialect(), took[took.len() / 2]);
        writer.close().await;
    }

    #[ignore = "a measurement"]
    async fn a_thousand_waiting_timers(place) {
        let writer = toy::writer(place.store().await, Arc::new(SystemClock::new())).await;
        tokio::spawn(clockwork::run(writer.clone(), Arc::new(Timers)));
        for n in 0..1_000 {
            writer.run(request(toy::wind_for(&format!("t{n}"), 3_600_000 + n))).await.unwrap();
        }
        writer.run(request(toy::wind("wall-x", i64::MAX))).await.unwrap();
        // In hundredths of a second: user and system time of the process.
        let cpu = || {
            let stat = std::fs::read_to_string("/proc/self/stat").unwrap();
            let fields: Vec<_> = stat.rsplit_once(')').unwrap().1.split_whitespace().collect();
            fields[11].parse::<f64>().unwrap() + fields[12].parse::<f64>().unwrap()
        };
        tokio::time::sleep(Duration::from_secs(1)).await;
        let before = cpu();
        tokio::time::sleep(Duration::from_secs(10)).await;
        let used = (cpu() - before) / 10.0;
        eprintln!("{:?}: idle with 1 000 timers: {used:.1} % of a core", writer.store().dialect());
        writer.close().await;
    }
}
