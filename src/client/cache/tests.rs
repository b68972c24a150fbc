//! Which files lead where; what is on a disk is in tests/client/cache.rs.

use super::*;

fn names(snapshots: &[u64], deltas: &[(u64, u64)]) -> Names {
    let mut names = Names { snapshots: snapshots.iter().copied().collect(), ..Names::default() };
    for (from, to) in deltas {
        names.deltas.entry(*from).or_default().insert(*to);
    }
    names
}

#[test]
fn the_chain_that_leads_furthest_is_taken() {
    // Two processes: one saw each version, the other only some.
    let names = names(&[1], &[(1, 2), (2, 3), (1, 3), (3, 4), (2, 5), (7, 9)]);
    assert_eq!(names.steps(1), [(1, 2), (2, 5)]);
    assert_eq!((names.furthest(1), names.furthest(3), names.furthest(7), names.furthest(8)), (5, 4, 9, 8));
    assert_eq!(names.steps(4), []);
}

#[test]
fn what_leads_on_from_nothing_is_loose() {
    let names = names(&[4], &[(2, 5), (4, 6), (7, 8)]);
    assert!(names.reaches(6) && names.reaches(4));
    // Older than a snapshot: that is as good.
    assert!(names.reaches(3));
    assert!(!names.reaches(5) && !names.reaches(8) && !names.reaches(7));
}

#[test]
fn environments_and_addresses_have_names_of_their_own() {
    let connection = |host: &str, environment: &str| -> Connection {
        format!("tidegate+static+https://{host}?environment={environment}&key=none").parse().unwrap()
    };
    let stem = |connection| Cache::new(Path::new("/nowhere"), &connection).stem;
    let one = stem(connection("a.example", "prod%2Feu"));
    assert!(one.starts_with("tidegate-prod-eu-"), "{one}");
    assert_ne!(one, stem(connection("a.example", "prod-eu")));
    assert_ne!(one, stem(connection("b.example", "prod%2Feu")));
}
