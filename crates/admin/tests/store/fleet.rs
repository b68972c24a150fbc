//! Reporters and counts in the store.

use std::collections::BTreeMap;

use tidegate_admin::store::{Counted, ExposedBatch, ExposureKey, Heard, MemberRow};

use crate::both::both;

fn key(phase: &str, variant: &str) -> ExposureKey {
    ExposureKey {
        release: "r-1".to_owned(),
        phase: phase.to_owned(),
        environment: "prod".to_owned(),
        feature: "checkout".to_owned(),
        variant: variant.to_owned(),
    }
}

fn batch(instance: &str, batch: u64, counts: &[(&str, &str, u64)]) -> ExposedBatch {
    let counts = counts.iter().map(|(phase, variant, count)| (key(phase, variant), *count));
    ExposedBatch {
        environment: "prod".to_owned(),
        instance: instance.to_owned(),
        batch,
        lost: batch,
        counts: counts.collect(),
    }
}

fn row(member: &str, seen: u64, body: &str) -> MemberRow {
    MemberRow {
        environment: "prod".to_owned(),
        member: member.to_owned(),
        seen,
        at: i64::try_from(seen).unwrap(),
        body: body.to_owned(),
    }
}

both! {
    async fn a_batch_is_counted_once_in_whatever_order_it_comes(place) {
        let store = place.store().await;
        let first = batch("a", 1, &[("canary", "on", 3), ("canary", "", 2)]);
        assert_eq!(store.add_exposures(&[first.clone(), batch("b", 1, &[("canary", "on", 10)])], 5).await.unwrap(), 2);
        // Again, with another that is new.
        let second = batch("a", 2, &[("canary", "on", 4), ("rest", "off", 0)]);
        assert_eq!(store.add_exposures(std::slice::from_ref(&first), 6).await.unwrap(), 0);
        assert_eq!(store.add_exposures(&[second.clone(), batch("b", 1, &[("canary", "on", 10)])], 6).await.unwrap(), 1);
        // Late.
        assert_eq!(store.add_exposures(&[first], 7).await.unwrap(), 0);
        let expected = [(key("canary", ""), 2), (key("canary", "on"), 17)];
        assert_eq!(store.exposures(Counted::Release("r-1")).await.unwrap(), expected);
        assert_eq!(store.exposures(Counted::Feature("checkout")).await.unwrap(), expected);
        assert!(store.exposures(Counted::Feature("other")).await.unwrap().is_empty());
        assert_eq!(store.exposure_losses().await.unwrap(), BTreeMap::from([("prod".to_owned(), 4)]));
        assert_eq!(store.last_batch("prod", "a").await.unwrap(), 2);
        assert_eq!(store.last_batch("dev", "a").await.unwrap(), 0);
        // It is known after a restart, too.
        store.close().await;
        drop(store);
        let store = place.store().await;
        assert_eq!(store.add_exposures(&[second], 8).await.unwrap(), 0);
        assert_eq!(store.exposures(Counted::Release("r-1")).await.unwrap(), expected);
        store.close().await;
    }

    async fn many_batches_are_one_write(place) {
        let store = place.store().await;
        let many: Vec<_> = (0..1_000).map(|n| batch(&format!("i-{n}"), 1, &[("canary", "on", n)])).collect();
        assert_eq!(store.add_exposures(&many, 1).await.unwrap(), 1_000);
        assert_eq!(store.add_exposures(&many, 1).await.unwrap(), 0);
        let found = store.exposures(Counted::Release("r-1")).await.unwrap();
        assert_eq!(found, [(key("canary", "on"), 999 * 1_000 / 2)]);
        store.close().await;
    }

    async fn the_same_batch_at_the_same_time_is_counted_once(place) {
        let store = place.store().await;
        let batches: Vec<_> = (0..50).map(|n| batch(&format!("i-{n}"), 1, &[("canary", "on", 2)])).collect();
        let mut turned = batches.clone();
        turned.reverse();
        let writes = (0..8).map(|n| {
            let (store, batches) = (store.clone(), if n % 2 == 0 { batches.clone() } else { turned.clone() });
            tokio::spawn(async move { store.add_exposures(&batches, 1).await.unwrap() })
        });
        let mut fresh = 0;
        for write in writes.collect::<Vec<_>>() {
            fresh += write.await.unwrap();
        }
        assert_eq!(fresh, 50);
        assert_eq!(store.exposures(Counted::Release("r-1")).await.unwrap(), [(key("canary", "on"), 100)]);
        store.close().await;
    }

    async fn what_is_too_much_is_bounded_and_does_not_block_the_others(place) {
        let store = place.store().await;
        let huge = batch("a", 1, &[("canary", "on", u64::MAX)]);
        let good = batch("b", 1, &[("rest", "on", 1)]);
        assert_eq!(store.add_exposures(&[huge, good], 1).await.unwrap(), 2);
        let found = store.exposures(Counted::Release("r-1")).await.unwrap();
        assert_eq!(found, [(key("canary", "on"), 1_000_000_000_000), (key("rest", "on"), 1)]);
        store.close().await;
    }

    async fn reporters_are_read_by_the_other_servers(place) {
        let store = place.store().await;
        let rows = [row("i:a", 10, "{}"), row("r:b", 20, "{\"x\":1}")];
        store.write_members("one", &rows, &[]).await.unwrap();
        assert_eq!(store.members_since(0, Some("two")).await.unwrap().len(), 2);
        assert_eq!(store.members_since(11, Some("two")).await.unwrap(), rows[1..]);
        assert!(store.members_since(0, Some("one")).await.unwrap().is_empty());
        assert_eq!(store.members_since(0, None).await.unwrap().len(), 2);
        let heard = |seen, member: &str| Heard {
            environment: "prod".to_owned(),
            member: member.to_owned(),
            seen,
            at: i64::try_from(seen).unwrap(),
        };
        // Only heard: the rest stays. What is older changes nothing; what is not there is not made.
        store.write_members("two", &[row("r:b", 19, "old")], &[heard(30, "i:a"), heard(31, "i:c")]).await.unwrap();
        let mut found = store.members_since(0, None).await.unwrap();
        found.sort_by(|a, b| a.member.cmp(&b.member));
        assert_eq!(found, [row("i:a", 30, "{}"), row("r:b", 20, "{\"x\":1}")]);
        assert_eq!(store.members_since(0, Some("one")).await.unwrap(), [row("i:a", 30, "{}")]);
        store.add_exposures(&[batch("a", 1, &[("canary", "on", 3)])], 25).await.unwrap();
        store.add_exposures(&[batch("b", 1, &[])], 15).await.unwrap();
        assert_eq!(store.prune_fleet(25, 20).await.unwrap(), 2);
        assert_eq!(store.members_since(0, None).await.unwrap(), [row("i:a", 30, "{}")]);
        assert_eq!(store.last_batch("prod", "a").await.unwrap(), 1);
        assert_eq!(store.last_batch("prod", "b").await.unwrap(), 0);
        assert_eq!(store.exposures(Counted::Release("r-1")).await.unwrap().len(), 1);
        store.close().await;
    }
}
