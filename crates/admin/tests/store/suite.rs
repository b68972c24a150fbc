//! What every store must do.

use std::collections::BTreeMap;

use serde_json::json;
use tidegate_admin::domain::entity::Environment;
use tidegate_admin::domain::{Code, Problem, Tx};
use tidegate_admin::store::{DeliveryFilter, DeliveryStatus, GENESIS, LogFilter, Store, StoreError};
use tidegate_admin::writer::{DAY, Options, Writer};

use crate::both::both;
use crate::toy::{self, by, key, request};

/// The description of a toy's environment.
fn description(writer: &Writer, name: &str) -> Option<String> {
    writer.world().environments.get(name).and_then(|row| row.body.description.clone())
}

both! {
    async fn what_was_answered_is_there_after_a_restart(place) {
        let clock = toy::clock();
        let writer = toy::writer(place.store().await, clock.clone()).await;
        let answer = writer.run(request(toy::set("dev", "one"))).await.unwrap();
        assert_eq!((answer.status, answer.seq, answer.replayed), (200, 1, false));
        writer.run(request(toy::set("dev", "two"))).await.unwrap();
        writer.run(request(toy::set("prod", "three"))).await.unwrap();
        writer.run(request(toy::remove("prod"))).await.unwrap();
        let world = writer.world();
        writer.close().await;

        let store = place.store().await;
        let again = toy::writer(store.clone(), clock).await;
        assert_eq!(*again.world(), *world);
        assert_eq!(description(&again, "dev").as_deref(), Some("two"));
        assert_eq!(description(&again, "prod"), None);
        let (rebuilt, head) = store.rebuild().await.unwrap();
        assert_eq!(rebuilt, *world);
        assert_eq!(head.seq, 4);
        assert_eq!(store.verify(None).await.unwrap().events, 4);
        assert_eq!(again.run(request(toy::set("dev", "four"))).await.unwrap().seq, 5);
        again.close().await;
    }

    async fn a_refused_or_panicking_command_leaves_nothing(place) {
        let writer = toy::writer(place.store().await, toy::clock()).await;
        writer.run(request(toy::set("dev", "one"))).await.unwrap();
        let before = writer.world();
        let refused = request(Box::new(|tx: &mut Tx| {
            toy::set("dev", "half")(tx)?;
            Err(Problem::new(Code::Frozen, "no"))
        }));
        assert_eq!(writer.run(refused).await.unwrap_err().code, Code::Frozen);
        let panics = request(Box::new(|tx: &mut Tx| {
            toy::set("dev", "half")(tx)?;
            panic!("on purpose")
        }));
        assert_eq!(writer.run(panics).await.unwrap_err().code, Code::Internal);
        let unsealable = writer.run(request(toy::set("dev", "unsealable"))).await;
        assert_eq!(unsealable.unwrap_err().code, Code::Invalid);
        assert_eq!(*writer.world(), *before);
        // A command that changes nothing and tells nothing leaves no event.
        let nothing = writer.run(request(toy::remove("nowhere"))).await.unwrap();
        assert_eq!(nothing.seq, 1);
        assert_eq!(writer.run(request(toy::set("dev", "two"))).await.unwrap().seq, 2);
        assert_eq!(writer.store().verify(None).await.unwrap().events, 2);
        writer.close().await;
    }

    async fn many_at_once_are_each_done_once_and_in_order(place) {
        let writer = toy::writer(place.store().await, toy::clock()).await;
        let mut events = writer.events();
        let tasks: Vec<_> = (0..200)
            .map(|n| {
                let writer = writer.clone();
                tokio::spawn(async move { writer.run(request(toy::count(["a", "b", "c"][n % 3]))).await.unwrap() })
            })
            .collect();
        let mut seqs = Vec::new();
        for task in tasks {
            seqs.push(task.await.unwrap().seq);
        }
        seqs.sort_unstable();
        assert!(seqs.iter().copied().eq(1..=200), "each has its own event");
        let sum: u64 = ["a", "b", "c"].iter().map(|n| description(&writer, n).unwrap().parse::<u64>().unwrap()).sum();
        assert_eq!(sum, 200);
        for seq in 1..=200 {
            assert_eq!(events.recv().await.unwrap().seq, seq);
        }
        let (rebuilt, _) = writer.store().rebuild().await.unwrap();
        assert_eq!(rebuilt, *writer.world());
        writer.store().verify(None).await.unwrap();
        writer.close().await;
    }

    async fn an_idempotency_key_gets_its_first_answer_for_a_day(place) {
        let clock = toy::clock();
        let writer = toy::writer(place.store().await, clock.clone()).await;
        writer.run(request(toy::person("ann"))).await.unwrap();
        writer.run(request(toy::person("bob"))).await.unwrap();
        let first = writer.run(by("ann", Some(("k", "f")), toy::count("n"))).await.unwrap();
        let again = writer.run(by("ann", Some(("k", "f")), toy::count("n"))).await.unwrap();
        assert_eq!((again.status, &again.body, again.replayed), (first.status, &first.body, true));
        assert_eq!(description(&writer, "n").as_deref(), Some("1"));
        let other = writer.run(by("ann", Some(("k", "other")), toy::count("n"))).await.unwrap_err();
        assert_eq!(other.code, Code::IdempotencyReused);
        // Keys are each principal's own.
        assert_eq!(writer.run(by("bob", Some(("k", "f")), toy::count("n"))).await.unwrap().body, json!(2));
        // Within one batch, too: all of these are queued before the first is done.
        let racing = (0..30).map(|_| writer.run(by("ann", Some(("race", "f")), toy::count("n"))));
        let answers = futures_util::future::join_all(racing).await;
        assert!(answers.iter().all(|a| a.as_ref().unwrap().body == json!(3)));
        assert_eq!(answers.iter().filter(|a| !a.as_ref().unwrap().replayed).count(), 1);
        writer.close().await;

        let store = place.store().await;
        let writer = toy::writer(store.clone(), clock.clone()).await;
        assert!(writer.run(by("ann", Some(("k", "f")), toy::count("n"))).await.unwrap().replayed);
        clock.advance(u64::try_from(DAY).unwrap() + 1);
        assert_eq!(writer.run(by("ann", Some(("k", "other")), toy::count("n"))).await.unwrap().body, json!(4));
        assert_eq!(store.prune_answers(writer.now().wall - DAY).await.unwrap(), 2);
        assert!(writer.run(by("ann", Some(("k", "other")), toy::count("n"))).await.unwrap().replayed);
        writer.close().await;
    }

    async fn who_is_unknown_or_disabled_can_do_nothing(place) {
        let writer = toy::writer(place.store().await, toy::clock()).await;
        let unknown = writer.run(by("eve", None, toy::count("n"))).await.unwrap_err();
        assert_eq!(unknown.code, Code::Unauthenticated);
        assert_eq!(writer.world().seq, 0);
        writer.close().await;
    }

    async fn rows_carry_the_version_of_their_environment(place) {
        let clock = toy::clock();
        let writer = toy::writer(place.store().await, clock.clone()).await;
        writer.run(request(toy::set("dev", "one"))).await.unwrap();
        let rows = writer.store().snapshot_rows("dev", 0).await.unwrap();
        assert_eq!(rows.len(), 1);
        let version = rows[0].version;
        assert_eq!(version, u64::try_from(toy::START).unwrap());
        let shown: Environment = serde_json::from_str(rows[0].body.as_deref().unwrap()).unwrap();
        assert_eq!(shown.description.as_deref(), Some("one"));
        // The wall clock is set back; versions grow all the same.
        clock.set_wall(toy::START - 1_000_000);
        writer.run(request(toy::remove("dev"))).await.unwrap();
        let rows = writer.store().snapshot_rows("dev", version).await.unwrap();
        assert_eq!((rows.len(), rows[0].version, &rows[0].body), (1, version + 1, &None));
        assert_eq!(writer.store().snapshot_rows("dev", version + 1).await.unwrap(), []);
        let store = writer.store();
        assert_eq!(store.snapshot_versions("dev", 9).await.unwrap(), [version, version + 1]);
        assert_eq!(store.snapshot_versions("dev", 1).await.unwrap(), [version + 1]);
        store.forget_versions("dev", version + 1).await.unwrap();
        assert_eq!(store.snapshot_versions("dev", 9).await.unwrap(), [version + 1]);
        writer.close().await;
    }

    async fn a_webhook_gets_what_it_wants_once_under_one_id(place) {
        let writer = toy::writer(place.store().await, toy::clock()).await;
        writer.run(request(toy::webhook("all", &[]))).await.unwrap();
        writer.run(request(toy::webhook("some", &["toy.counted"]))).await.unwrap();
        writer.run(request(toy::set("dev", "0"))).await.unwrap();
        writer.run(request(toy::count("dev"))).await.unwrap();
        let store = writer.store().clone();
        let due = store.due_deliveries(toy::START, 10).await.unwrap();
        let ids: Vec<_> = due.iter().map(|d| d.id.as_str()).collect();
        assert_eq!(ids, ["msg_3_0_all", "msg_4_0_all", "msg_4_0_some"]);
        assert!(store.due_deliveries(toy::START - 1, 10).await.unwrap().is_empty());
        assert_eq!(store.next_delivery().await.unwrap(), Some(toy::START));

        store.delivered("msg_3_0_all").await.unwrap();
        store.not_delivered("msg_4_0_all", "500\0", Some(toy::START + 5)).await.unwrap();
        store.not_delivered("msg_4_0_some", "gone", None).await.unwrap();
        assert!(store.due_deliveries(toy::START, 10).await.unwrap().is_empty());
        assert_eq!(store.next_delivery().await.unwrap(), Some(toy::START + 5));
        let dead = DeliveryFilter { status: Some(DeliveryStatus::Dead), ..DeliveryFilter::default() };
        let dead = store.deliveries(&dead).await.unwrap();
        assert_eq!((dead.len(), dead[0].attempts, dead[0].last_error.as_deref()), (1, 1, Some("gone")));
        assert!(store.resend("msg_4_0_some", toy::START + 1).await.unwrap());
        assert!(!store.resend("msg_9_0_none", toy::START).await.unwrap());
        let again = store.delivery("msg_4_0_some").await.unwrap().unwrap();
        assert_eq!((again.status, again.next_at, again.attempts), (DeliveryStatus::Pending, toy::START + 1, 0));
        let all = DeliveryFilter { webhook: Some("all".to_owned()), before: Some(4), ..DeliveryFilter::default() };
        assert_eq!(store.deliveries(&all).await.unwrap().len(), 1);
        // What is delivered is the fact in the event, which never changes.
        let event = store.entry(4).await.unwrap().unwrap().event().unwrap();
        assert_eq!(event.facts[again.fact].name, "toy.counted");
        writer.close().await;
    }

    async fn the_log_is_found_by_what_one_asks(place) {
        let clock = toy::clock();
        let writer = toy::writer(place.store().await, clock.clone()).await;
        writer.run(request(toy::person("ann"))).await.unwrap();
        for name in ["a", "b", "a"] {
            clock.advance(1_000);
            writer.run(by("ann", None, toy::count(name))).await.unwrap();
        }
        let find = async |filter: LogFilter| -> Vec<u64> {
            writer.store().log(&filter).await.unwrap().iter().map(|entry| entry.seq).collect()
        };
        let some = |text: &str| Some(text.to_owned());
        assert_eq!(find(LogFilter::default()).await, [1, 2, 3, 4]);
        assert_eq!(find(LogFilter { newest_first: true, limit: 2, ..Default::default() }).await, [4, 3]);
        assert_eq!(find(LogFilter { after: Some(1), before: Some(4), ..Default::default() }).await, [2, 3]);
        assert_eq!(find(LogFilter { actor: some("system"), ..Default::default() }).await, [1]);
        assert_eq!(find(LogFilter { action: some("toy.counted"), ..Default::default() }).await, [2, 3, 4]);
        assert_eq!(find(LogFilter { action: some("toy.*"), ..Default::default() }).await, [1, 2, 3, 4]);
        assert_eq!(find(LogFilter { action: some("t%"), ..Default::default() }).await, [0; 0]);
        let a = LogFilter { subject_kind: some("environment"), subject_key: some("a"), ..Default::default() };
        assert_eq!(find(a).await, [2, 4]);
        let (from, until) = (Some(toy::START + 2_000), Some(toy::START + 3_000));
        assert_eq!(find(LogFilter { from, until, ..Default::default() }).await, [3]);
        writer.close().await;
    }

    async fn tokens_remember_their_last_use(place) {
        let store = place.store().await;
        let touch = |pairs: &[(&str, i64)]| pairs.iter().map(|(t, at)| ((*t).to_owned(), *at)).collect::<BTreeMap<_, _>>();
        store.touch_tokens(&touch(&[("a", 5), ("b", 7)])).await.unwrap();
        store.touch_tokens(&touch(&[("a", 9), ("b", 6)])).await.unwrap();
        assert_eq!(store.token_use().await.unwrap(), touch(&[("a", 9), ("b", 7)]));
        assert_eq!(store.meta_or("instance", "x").await.unwrap(), "x");
        assert_eq!(store.meta_or("instance", "y").await.unwrap(), "x");
        assert_eq!(store.meta("instance").await.unwrap().as_deref(), Some("x"));
        store.close().await;
    }

    async fn uptime_is_persisted_and_never_goes_back(place) {
        let store = place.store().await;
        let mut lease = store.campaign("one").await.unwrap();
        assert_eq!((lease.fence, lease.uptime), (1, 0));
        lease.beat(5_000).await.unwrap();
        lease.beat(4_000).await.unwrap();
        assert_eq!(store.head().await.unwrap().0.uptime, 5_000);
        drop(lease);
        let lease = store.campaign("two").await.unwrap();
        assert_eq!((lease.fence, lease.uptime), (2, 5_000));
        drop(lease);
        store.close().await;
    }

    async fn a_lease_that_was_taken_over_is_worth_nothing(place) {
        let writer = toy::writer(place.store().await, toy::clock()).await;
        let mut leading = writer.leading();
        let ours = leading.wait_for(Option::is_some).await.unwrap().unwrap();
        writer.run_as_leader(request(toy::count("n"))).await.unwrap();
        // Somebody else takes over behind this server's back.
        steal(place, &writer).await;
        let fenced = writer.run_as_leader(request(toy::count("n"))).await.unwrap_err();
        assert_eq!(fenced.code, Code::Unavailable, "{fenced:?}");
        assert_eq!(description(&writer, "n").as_deref(), Some("1"));
        // Everybody else's commands go on; and it finds out by its next beat, and campaigns again.
        writer.run(request(toy::count("n"))).await.unwrap();
        leading.wait_for(|lease| lease.is_some_and(|fence| fence > ours + 1)).await.unwrap();
        writer.run_as_leader(request(toy::count("n"))).await.unwrap();
        writer.close().await;
    }

    async fn a_log_that_was_tampered_with_is_told(place) {
        let writer = toy::writer(place.store().await, toy::clock()).await;
        for n in 0..5 {
            writer.run(request(toy::set("dev", &n.to_string()))).await.unwrap();
        }
        let noted = writer.store().verify(None).await.unwrap().head;
        writer.run(request(toy::set("dev", "last"))).await.unwrap();
        assert!(writer.store().verify(Some(&noted)).await.is_ok());
        assert!(writer.store().verify(Some(GENESIS)).await.is_ok());
        let unknown = "ab".repeat(32);
        assert!(matches!(writer.store().verify(Some(&unknown)).await, Err(StoreError::Damaged(_))));
        writer.close().await;

        for (harm, word) in [
            ("UPDATE entities SET body = replace(body, 'last', 'lost') WHERE kind = 'environment'", "does not lead"),
            ("UPDATE events SET body = replace(body, 'toy.set', 'toy.get') WHERE seq = 3", "was changed"),
            ("DELETE FROM events WHERE seq = 2", "missing"),
            ("DELETE FROM events WHERE seq = 6", "ends with event 5"),
        ] {
            tamper(place, harm).await;
            let store = Store::open(&place.address).await.unwrap();
            let error = store.verify(None).await.unwrap_err().to_string();
            assert!(error.contains(word) || error.contains("missing"), "{harm}: {error}");
            store.close().await;
        }
    }

    async fn a_schema_of_another_program_is_refused(place) {
        let store = place.store().await;
        store.close().await;
        tamper(place, "UPDATE meta SET value = '999' WHERE key = 'schema'").await;
        let error = Store::open(&place.address).await.unwrap_err();
        assert!(matches!(error, StoreError::Schema { found: 999, .. }), "{error}");
        assert!(error.to_string().contains("newer program"), "{error}");
        tamper(place, "UPDATE meta SET value = '0' WHERE key = 'schema'").await;
        let error = Store::open_as_is(&place.address).await.unwrap_err();
        assert!(matches!(error, StoreError::Schema { found: 0, .. }), "{error}");
    }

    async fn more_commands_than_may_wait_are_refused(place) {
        let options = Options { queue: 2, batch: 1, ..toy::options() };
        let writer = Writer::open(place.store().await, toy::clock(), options).await.unwrap();
        let answers = futures_util::future::join_all((0..50).map(|_| writer.run(request(toy::count("n"))))).await;
        let done = answers.iter().filter(|answer| answer.is_ok()).count();
        assert!((2..50).contains(&done), "{done}");
        assert_eq!(description(&writer, "n").unwrap(), done.to_string());
        let full = answers.into_iter().find_map(Result::err).unwrap();
        assert_eq!(full.code, Code::Unavailable);
        writer.close().await;
        assert_eq!(writer.run(request(toy::count("n"))).await.unwrap_err().code, Code::Unavailable);
    }
}

/// Runs a statement on a store that nobody has open.
async fn tamper(place: &crate::places::Place, sql: &'static str) {
    use sqlx::Connection as _;
    match &place.file {
        Some(file) => {
            let options = sqlx::sqlite::SqliteConnectOptions::new().filename(file);
            let mut connection = sqlx::SqliteConnection::connect_with(&options).await.unwrap();
            sqlx::raw_sql(sql).execute(&mut connection).await.unwrap();
            connection.close().await.unwrap();
        }
        None => {
            let mut connection = sqlx::PgConnection::connect(&place.address).await.unwrap();
            sqlx::raw_sql(sql).execute(&mut connection).await.unwrap();
            connection.close().await.unwrap();
        }
    }
}

/// Takes the lease away from a running server.
async fn steal(place: &crate::places::Place, writer: &Writer) {
    match place.file {
        // Through the server's own store: nobody else can open the file.
        Some(_) => drop(writer.store().campaign("thief").await.unwrap()),
        None => tamper(place, "UPDATE head SET fence = fence + 1").await,
    }
}

#[tokio::test]
async fn a_second_server_on_a_file_is_refused_and_told_why() {
    let place = crate::places::sqlite().await.unwrap();
    let store = place.store().await;
    let error = Store::open(&place.address).await.unwrap_err();
    assert!(matches!(error, StoreError::Locked(_)), "{error}");
    let text = error.to_string();
    assert!(text.contains("tidegate.db") && text.contains("another process"), "{text}");
    // The lock is the kernel's: another process is refused as well.
    let other = || {
        std::process::Command::new(std::env::current_exe().unwrap())
            .args(["suite::second", "--exact", "--ignored", "--test-threads=1"])
            .env("TIDEGATE_SECOND_STORE", &place.address)
            .output()
            .unwrap()
            .status
            .success()
    };
    assert!(!other());
    store.close().await;
    assert!(other());
    Store::open(&place.address).await.unwrap().close().await;
}

#[tokio::test]
#[ignore = "is run by the test above, as a process of its own"]
async fn second() {
    if let Ok(address) = std::env::var("TIDEGATE_SECOND_STORE") {
        Store::open(&address).await.unwrap();
    }
}

#[tokio::test]
async fn an_address_of_no_store_is_told() {
    for address in ["", "mysql://root@localhost/x", "sqlite:"] {
        let error = Store::open(address).await.unwrap_err();
        assert!(matches!(error, StoreError::Address(_)), "{address}: {error}");
    }
    let missing = Store::open_as_is("/nowhere/at/all.db").await.unwrap_err();
    assert!(missing.to_string().contains("no such file"), "{missing}");
}

#[tokio::test]
async fn in_memory_is_a_store_like_others() {
    let writer = Writer::in_memory(toy::clock());
    writer.run(request(toy::count("n"))).await.unwrap();
    assert_eq!(writer.world().environments.get(&key("n")).unwrap().revision, 1);
    assert_eq!(writer.store().verify(None).await.unwrap().events, 1);
}
