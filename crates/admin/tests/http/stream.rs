//! The stream of events: from now on, from where it broke off, filtered, and to its end with the server.

use reqwest::Response;
use serde_json::{Value as Json, json};
use std::time::Duration;

use tidegate_admin::config::Limits;

use crate::common::{Harness, generous, reply};

/// A stream that is read.
struct Stream {
    response: Response,
    text: String,
}

/// An event that was read.
#[derive(Debug)]
struct Told {
    id: u64,
    action: String,
    data: Json,
}

impl Stream {
    async fn open(harness: &Harness, path: &str, last: Option<u64>) -> Self {
        let mut request = harness.request(&harness.admin, "GET", path);
        if let Some(last) = last {
            request = request.header("last-event-id", last);
        }
        let response = request.send().await.unwrap();
        assert_eq!(response.status(), 200);
        assert_eq!(response.headers()["content-type"], "text/event-stream");
        let mut stream = Self { response, text: String::new() };
        // The comment at the start: from here on nothing is missed.
        assert_eq!(stream.block().await.as_deref(), Some(": tidegate"));
        stream
    }

    /// The next block of lines; none at the end.
    async fn block(&mut self) -> Option<String> {
        loop {
            if let Some((block, rest)) = self.text.split_once("\n\n") {
                let (block, rest) = (block.to_owned(), rest.to_owned());
                self.text = rest;
                return Some(block);
            }
            let chunk = self.response.chunk().await.ok().flatten()?;
            self.text.push_str(std::str::from_utf8(&chunk).unwrap());
        }
    }

    /// The next event; none at the end.
    async fn next(&mut self) -> Option<Told> {
        loop {
            let block = self.block().await?;
            let field = |name: &str| {
                block.lines().find_map(|line| Some(line.strip_prefix(name)?.strip_prefix(": ")?.to_owned()))
            };
            if let (Some(id), Some(action), Some(data)) = (field("id"), field("event"), field("data")) {
                let data = serde_json::from_str(&data).unwrap();
                return Some(Told { id: id.parse().unwrap(), action, data });
            }
        }
    }
}

async fn environment(harness: &Harness, name: &str) -> u64 {
    harness.post("/environments", json!({ "name": name })).await.expect(201);
    harness.seq()
}

#[tokio::test]
async fn what_happens_is_told_and_a_stream_goes_on_where_it_broke_off() {
    let harness = Harness::start().await;
    let mut stream = Stream::open(&harness, "/events", None).await;
    let first = environment(&harness, "a").await;
    let told = stream.next().await.unwrap();
    assert_eq!(
        (told.id, &*told.action, &told.data["subject"]["key"]),
        (first, "environment.created", &json!("a"))
    );
    let change = &told.data["changes"][0];
    assert_eq!((change.get("before"), change.get("after")), (None, None), "{told:?}");
    drop(stream);

    for n in 0..5 {
        environment(&harness, &format!("while-away-{n}")).await;
    }
    let mut stream = Stream::open(&harness, "/events", Some(first)).await;
    let live = environment(&harness, "back").await;
    let mut ids = Vec::new();
    while ids.last() != Some(&live) {
        ids.push(stream.next().await.unwrap().id);
    }
    assert_eq!(ids, (first + 1..=live).collect::<Vec<_>>());

    let mut from_the_start = Stream::open(&harness, "/events?after=0", None).await;
    assert_eq!(from_the_start.next().await.unwrap().id, 1);
    harness.stop().await;
}

#[tokio::test]
async fn a_long_absence_is_caught_up_and_other_releases_are_passed_over() {
    let harness = Harness::start().await;
    // More than what is read from the log at once.
    for n in 0..300 {
        environment(&harness, &format!("e{n}")).await;
    }
    let mut stream = Stream::open(&harness, "/events", Some(0)).await;
    for id in 1..=harness.seq() {
        assert_eq!(stream.next().await.unwrap().id, id);
    }
    let mut filtered = Stream::open(&harness, "/events?release=r-1&after=0", None).await;
    harness.post("/environments", json!({ "name": "r-1" })).await.expect(201);
    // Only what is about it.
    assert_eq!(filtered.next().await.unwrap().id, harness.seq());
    harness.stop().await;
}

#[tokio::test]
async fn streams_are_refused_where_they_cannot_be_and_end_with_the_server() {
    let limits = Limits { streams: 1, heartbeat: Duration::from_millis(20), ..generous() };
    let harness = Harness::start_with(limits).await;
    let ahead = harness.request(&harness.admin, "GET", "/events").header("last-event-id", "9999");
    reply(ahead).await.problem(400, "bad_request");
    let odd = harness.request(&harness.admin, "GET", "/events").header("last-event-id", "x");
    reply(odd).await.problem(400, "bad_request");
    let mut stream = Stream::open(&harness, "/events", None).await;
    harness.get("/events").await.problem(429, "rate_limited");
    // What has nothing to say says so.
    assert_eq!(stream.block().await.as_deref(), Some(": "));
    let reading = tokio::spawn(async move { while stream.block().await.is_some() {} });
    harness.stop().await;
    reading.await.unwrap();
}
