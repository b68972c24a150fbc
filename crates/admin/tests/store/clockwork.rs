//! Timers fire once, in time, and not before.

use std::sync::Arc;

use tidegate::release::{NextWake, Now};
use tidegate_admin::clock::SystemClock;
use tidegate_admin::clockwork::{self, Driver};
use tidegate_admin::domain::event::AuditEvent;
use tidegate_admin::domain::{Code, Problem, Tx, World};
use tidegate_admin::writer::{Request, Writer};
use tokio::sync::broadcast::Receiver;

use crate::both::both;
use crate::toy::{self, Timers, request};

/// The next timer that fires: its name, and the event.
async fn fired(events: &mut Receiver<Arc<AuditEvent>>) -> (String, Arc<AuditEvent>) {
    loop {
        let event = events.recv().await.unwrap();
        if event.action == "timer.fired" {
            return (event.subject.key.to_string(), event);
        }
    }
}

fn start(writer: &Writer, driver: impl Driver + 'static) {
    tokio::spawn(clockwork::run(writer.clone(), Arc::new(driver)));
}

both! {
    async fn a_timer_fires_when_its_uptime_comes(place) {
        let clock = toy::clock();
        let writer = toy::writer(place.store().await, clock.clone()).await;
        let mut events = writer.events();
        start(&writer, Timers);
        writer.run(request(toy::wind("late", 5_000))).await.unwrap();
        writer.run(request(toy::wind("early", 1_000))).await.unwrap();
        clock.advance(999);
        // One that is wound up later, and is due at once, comes first: so the others were not.
        writer.run(request(toy::wind("now", 0))).await.unwrap();
        assert_eq!(fired(&mut events).await.0, "now");
        clock.advance(1);
        let (name, event) = fired(&mut events).await;
        assert_eq!((&*name, event.uptime), ("early", 1_000));
        // The wall clock does not move it, neither way.
        clock.set_wall(toy::START + 1_000_000);
        writer.run(request(toy::wind("again", 0))).await.unwrap();
        assert_eq!(fired(&mut events).await.0, "again");
        clock.advance(4_000);
        assert_eq!(fired(&mut events).await.0, "late");
        writer.close().await;
    }

    async fn the_wall_clock_may_be_set(place) {
        let clock = toy::clock();
        let writer = toy::writer(place.store().await, clock.clone()).await;
        let mut events = writer.events();
        start(&writer, Timers);
        writer.run(request(toy::wind("wall-noon", toy::START + 3_600_000))).await.unwrap();
        clock.set_wall(toy::START + 3_600_000);
        let (name, event) = fired(&mut events).await;
        assert_eq!((&*name, event.uptime, event.at), ("wall-noon", 0, toy::START + 3_600_000));
        writer.close().await;
    }

    async fn what_is_wound_up_goes_on_after_a_restart(place) {
        let clock = toy::clock();
        let writer = toy::writer(place.store().await, clock.clone()).await;
        clock.advance(10_000);
        writer.run(request(toy::wind_for("bake", 1_000))).await.unwrap();
        writer.close().await;
        // A day of downtime does not count.
        let clock = Arc::new(tidegate_admin::clock::ManualClock::new(toy::START + 86_400_000));
        let writer = toy::writer(place.store().await, clock.clone()).await;
        assert_eq!(writer.now().uptime, 10_000);
        let mut events = writer.events();
        start(&writer, Timers);
        clock.advance(999);
        writer.run(request(toy::wind("now", 0))).await.unwrap();
        assert_eq!(fired(&mut events).await.0, "now");
        clock.advance(1);
        assert_eq!(fired(&mut events).await.0, "bake");
        writer.close().await;
    }

    async fn due_timers_fire_within_250_ms(place) {
        let writer = toy::writer(place.store().await, Arc::new(SystemClock::new())).await;
        let mut events = writer.events();
        start(&writer, Timers);
        let mut leading = writer.leading();
        leading.wait_for(Option::is_some).await.unwrap();
        for n in 0..40_u64 {
            writer.run(request(toy::wind_for(&format!("t{n}"), 20 * n))).await.unwrap();
        }
        let (mut names, mut all_late) = (std::collections::BTreeSet::new(), Vec::new());
        while names.len() < 40 {
            let (name, event) = fired(&mut events).await;
            let at = writer.world().schedules.get(&*name).unwrap().body.at;
            let late = i64::try_from(event.uptime).unwrap() - at;
            assert!(late >= 0, "`{name}` fired {late} ms before its time");
            all_late.push(late);
            assert!(names.insert(name), "fired twice");
        }
        // The median: a machine that is busy with other tests may hold up a few.
        all_late.sort_unstable();
        assert!(all_late[20] < 250, "fired {all_late:?} ms after their time");
        writer.close().await;
    }
}

/// Says that something is due for ever, and cannot be done.
struct Stuck(tokio::sync::mpsc::UnboundedSender<()>);

impl Driver for Stuck {
    fn due(&self, _: &World, _: Now) -> Vec<Request> {
        let _ = self.0.send(());
        vec![request(Box::new(|_: &mut Tx| Err(Problem::new(Code::Internal, "stuck"))))]
    }

    fn next(&self, _: &World) -> NextWake {
        NextWake { uptime: Some(0), wall: None }
    }
}

#[tokio::test]
async fn what_cannot_be_done_is_not_tried_at_full_speed() {
    let (told, mut tries) = tokio::sync::mpsc::unbounded_channel();
    let writer = Writer::in_memory(toy::clock());
    start(&writer, Stuck(told));
    tries.recv().await.unwrap();
    let begun = std::time::Instant::now();
    for _ in 0..4 {
        tries.recv().await.unwrap();
    }
    let took = begun.elapsed();
    assert!(took.as_millis() >= 400, "4 tries within {took:?}");
}
