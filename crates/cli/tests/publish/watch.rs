//! `--watch`: new versions, renewed heads, a server that goes and comes back.

use std::io::{BufRead as _, BufReader};
use std::process::Child;
use std::sync::mpsc::{Receiver, channel};
use std::thread;
use std::time::Duration;

use serde_json::Value as Json;

use crate::origin::{key, ring};
use crate::{Origin, command, directory, follow};

/// How long a test waits for what must come.
const SOON: Duration = Duration::from_secs(20);

/// A running `publish --watch`, ended when it is dropped.
struct Watch {
    child: Child,
    stdout: Receiver<String>,
    stderr: Receiver<String>,
}

impl Watch {
    fn start(connection: &str, to: &str) -> Self {
        let mut child = command(to, &["--watch", "--every", "1s", "--format", "json"])
            .env("TIDEGATE_CONNECTION", connection)
            .spawn()
            .unwrap();
        let stdout = lines(child.stdout.take().unwrap());
        let stderr = lines(child.stderr.take().unwrap());
        Self { child, stdout, stderr }
    }

    fn written(&self) -> (u64, i64, Vec<String>) {
        let line: Json = serde_json::from_str(&self.stdout.recv_timeout(SOON).unwrap()).unwrap();
        let written =
            line["written"].as_array().unwrap().iter().map(|name| name.as_str().unwrap().to_owned());
        (line["version"].as_u64().unwrap(), line["at"].as_i64().unwrap(), written.collect())
    }

    fn told(&self) -> String {
        self.stderr.recv_timeout(SOON).unwrap()
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn lines(from: impl std::io::Read + Send + 'static) -> Receiver<String> {
    let (sender, receiver) = channel();
    thread::spawn(move || {
        for line in BufReader::new(from).lines().map_while(Result::ok) {
            if sender.send(line).is_err() {
                return;
            }
        }
    });
    receiver
}

fn names(names: &[&str]) -> Vec<String> {
    names.iter().map(|name| (*name).to_owned()).collect()
}

#[test]
fn versions_are_published_and_heads_renewed() {
    let (origin, directory) = (Origin::of(12), directory());
    let watch = Watch::start(&origin.connection(key(1).public()), &directory.display().to_string());
    assert_eq!(watch.written(), (12, 1_000, names(&["snapshot.json", "keys.json", "head"])));

    origin.renew(2_000, &key(1));
    assert_eq!(watch.written(), (12, 2_000, names(&["head"])));

    // A key is rotated, and signs the next version.
    origin.hub.set_endorsements(&[key(1).endorse(&key(2).public(), 0).into_string()]);
    assert_eq!(watch.written(), (12, 2_000, names(&["keys.json"])));
    origin.publish(13, &key(2));
    assert_eq!(watch.written(), (13, 1_000, names(&["snapshot.json", "head"])));
    assert_eq!(follow(&directory, &ring()).0.version, 13);

    // What somebody else spoils is put right at the next renewal.
    std::fs::write(directory.join("head"), "spoilt").unwrap();
    origin.renew(3_000, &key(2));
    assert_eq!(watch.written(), (13, 3_000, names(&["head"])));
    assert!(watch.told().contains("does not verify, and is replaced"));
    follow(&directory, &ring());
}

#[test]
fn a_server_may_go_and_come_back() {
    let (origin, directory) = (Origin::of(12), directory());
    let address = origin.url.strip_prefix("http://").unwrap().to_owned();
    let watch = Watch::start(&origin.connection(key(1).public()), &directory.display().to_string());
    assert_eq!(watch.written().0, 12);

    drop(origin);
    assert!(watch.told().starts_with(&format!("error: cannot reach the server http://{address}")));
    assert_eq!(follow(&directory, &ring()).0.version, 12);

    let origin = Origin::at(&address);
    origin.publish(13, &key(1));
    assert_eq!(watch.written(), (13, 1_000, names(&["snapshot.json", "head"])));
    let rest: Vec<String> =
        std::iter::from_fn(|| Some(watch.told())).take_while(|line| line != "publishing again").collect();
    assert!(
        rest.iter().filter(|line| line.starts_with("error: cannot reach")).count() == 0,
        "told once: {rest:?}"
    );
}
