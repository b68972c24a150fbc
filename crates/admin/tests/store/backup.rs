//! Backups: taken while the server runs, restored, and gone on with.

use std::process::Command;
use std::sync::Arc;

use tidegate_admin::clock::ManualClock;
use tidegate_admin::store::Store;

use crate::places;
use crate::toy::{self, request};

/// Goes on from a backup that was taken after event 2, while the old server had published further versions.
async fn goes_on(address: &str, published: u64) {
    // Some time has passed.
    let clock = Arc::new(ManualClock::new(toy::START + 60_000));
    let store = Arc::new(Store::open(address).await.unwrap());
    assert_eq!(store.verify(None).await.unwrap().events, 2);
    let writer = toy::writer(store.clone(), clock).await;
    assert_eq!(writer.world().environments["dev"].body.description.as_deref(), Some("two"));
    assert_eq!(writer.run(request(toy::set("dev", "restored"))).await.unwrap().seq, 3);
    // Engines take what the restored server publishes: its versions are ahead of all that was seen before.
    let rows = store.snapshot_rows("dev", published).await.unwrap();
    assert_eq!(rows.len(), 1);
    assert_eq!(store.verify(None).await.unwrap().events, 3);
    writer.close().await;
}

#[tokio::test]
async fn sqlite() {
    let place = places::sqlite().await.unwrap();
    let clock = toy::clock();
    let writer = toy::writer(place.store().await, clock.clone()).await;
    writer.run(request(toy::set("dev", "one"))).await.unwrap();
    writer.run(request(toy::set("dev", "two"))).await.unwrap();
    let copy = place.file.as_ref().unwrap().with_file_name("backup.db");
    writer.store().backup(&copy).await.unwrap();
    writer.run(request(toy::set("dev", "three"))).await.unwrap();
    let error = writer.store().backup(&copy).await.unwrap_err().to_string();
    assert!(error.contains("exists"), "{error}");
    let published = writer.store().snapshot_rows("dev", 0).await.unwrap()[0].version;
    // The server goes on while the copy is looked at.
    goes_on(copy.to_str().unwrap(), published).await;
    writer.close().await;
}

#[tokio::test]
async fn postgres() {
    let (Some(place), Some(bin)) = (places::postgres().await, places::programs()) else {
        eprintln!("SKIPPED: backup of PostgreSQL");
        return;
    };
    let other = places::postgres().await.unwrap();
    let writer = toy::writer(place.store().await, toy::clock()).await;
    writer.run(request(toy::set("dev", "one"))).await.unwrap();
    writer.run(request(toy::set("dev", "two"))).await.unwrap();
    let file = std::path::Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("dump-{}", std::process::id()));
    let dump = Command::new(bin.join("pg_dump"))
        .args(["--format=custom", "--file"])
        .arg(&file)
        .arg(&place.address)
        .status()
        .unwrap();
    assert!(dump.success());
    writer.run(request(toy::set("dev", "three"))).await.unwrap();
    let published = writer.store().snapshot_rows("dev", 0).await.unwrap()[0].version;
    writer.close().await;
    let restore = Command::new(bin.join("pg_restore"))
        .args(["--exit-on-error", "--no-owner", "--dbname", &other.address])
        .arg(&file)
        .status()
        .unwrap();
    assert!(restore.success());
    std::fs::remove_file(&file).unwrap();
    goes_on(&other.address, published).await;
}
