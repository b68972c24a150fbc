//! `apply`: plans, applies, and does nothing the second time.

use super::Server;

const FILES: &str = "\
kind: environment
key: dev
---
kind: environment
key: prod
spec: {production: true}
---
kind: attribute
key: email
spec: {type: string}
---
kind: pipeline
key: standard
spec:
  phases:
    - {id: dev, target: [{environments: [dev]}]}
    - {id: prod, target: [{environments: [prod]}], entry: {approvals: {count: 1}}}
---
kind: segment
key: staff
spec: {if: {attribute: email, op: ends_with, value: '@corp.example'}}
---
kind: feature
key: checkout
tags: [shop, money]
spec:
  kind: gate
  rules:
    - {id: staff, if: {segment: staff}, variant: on}
---
kind: feature
key: button
spec:
  kind: experiment
  variants: {a: 1, b: 2}
  default: a
  exclusion_group: tests
  rules: [{id: all, split: [{variant: a, weight: 50}, {variant: b, weight: 50}]}]
---
kind: exclusion_group
key: tests
spec: {ranges: {button: {from: 0, to: 500000}}}
";

#[test]
fn what_files_say_is_made_once() {
    let server = Server::empty();
    server.file("config/all.yaml", FILES);
    let dry = server.run(&["apply", "-f", "config", "--dry-run"]).ok();
    assert!(dry.contains("+ environment dev  (config/all.yaml:1)\n"), "{dry}");
    assert!(dry.ends_with("plan: 8 to create, 0 to update, 0 to delete, 0 unchanged\n"), "{dry}");
    assert_eq!(server.run(&["env", "list", "--format", "json"]).ok(), "[]\n");
    let done = server.run(&["apply", "-f", "config", "--yes"]).ok();
    assert!(done.contains("feature checkout: live, revision 1\n"), "{done}");
    let again = server.run(&["apply", "-f", "config", "--yes"]).ok();
    assert_eq!(again, "nothing to do: 8 unchanged\n");
    let json = server.run(&["apply", "-f", "config", "--format", "json"]).json();
    assert!(json["plan"].as_array().unwrap().iter().all(|step| step["action"] == "unchanged"), "{json:#}");
    assert!(server.run(&["feature", "list"]).ok().contains("money,shop"));
    assert!(server.run(&["pipeline", "list"]).ok().contains("published"));
}

#[test]
fn a_change_of_what_is_attached_is_released_once() {
    let server = Server::empty();
    server.file("all.yaml", FILES);
    server.run(&["apply", "-f", "all.yaml", "--yes"]).ok();
    let attached = FILES.replace("tags: [shop, money]", "tags: [shop]\npipeline: standard");
    server.file("all.yaml", &attached);
    let done = server.run(&["apply", "-f", "all.yaml", "--yes"]).ok();
    assert!(done.contains("    pipeline: none -> standard\n    tags: money,shop -> shop\n"), "{done}");
    server.file(
        "all.yaml",
        &attached.replace("{id: staff, if: {segment: staff}, variant: on}", "{id: everyone, variant: on}"),
    );
    let plan = server.run(&["apply", "-f", "all.yaml"]);
    assert!(
        plan.stdout.contains("~ feature checkout")
            && plan.stdout.contains("    in a release of pipeline standard\n"),
        "{plan:#?}"
    );
    assert_eq!(plan.code, 7);
    let done = server.run(&["apply", "-f", "all.yaml", "--yes", "--reason", "everyone"]).ok();
    assert!(done.contains("feature checkout: release ") && done.contains(" started;"), "{done}");
    // The release still brings it; that is no reason to start another.
    assert_eq!(server.run(&["apply", "-f", "all.yaml", "--yes"]).ok(), "nothing to do: 8 unchanged\n");
    // Something else is, but only if told so.
    server.file(
        "all.yaml",
        &attached.replace("{id: staff, if: {segment: staff}, variant: on}", "{id: nobody, variant: off}"),
    );
    let stderr = server.run(&["apply", "-f", "all.yaml", "--yes"]).fails(5);
    assert!(
        stderr.contains("all.yaml:23: feature `checkout`: ") && stderr.contains("[release_active]"),
        "{stderr}"
    );
    server.run(&["apply", "-f", "all.yaml", "--yes", "--supersede"]).ok();
}

#[test]
fn prune_deletes_what_no_file_names_of_the_kinds_that_files_have() {
    let server = Server::empty();
    server.file("all.yaml", FILES);
    server.run(&["apply", "-f", "all.yaml", "--yes"]).ok();
    server.file("some.yaml", "kind: feature\nkey: button\nspec: {kind: gate}\n---\nkind: segment\nkey: staff\nspec: {if: {attribute: email, op: is_set}}\n");
    let kept = server.run(&["apply", "-f", "some.yaml", "--dry-run"]).ok();
    assert!(!kept.contains("- feature"), "{kept}");
    let plan = server.run(&["apply", "-f", "some.yaml", "--prune", "--dry-run"]).ok();
    assert!(plan.contains("- feature checkout\n") && plan.ends_with("1 to delete, 0 unchanged\n"), "{plan}");
    assert!(!plan.contains("- environment"), "{plan}");
}

#[test]
fn errors_name_file_and_line_and_nothing_is_done() {
    let server = Server::empty();
    server.file("bad/a.yaml", "kind: environment\nkey: dev\n---\nkind: flag\nkey: x\n");
    server.file(
        "bad/b.yaml",
        "kind: environment\nkey: dev\n---\n\nkind: feature\nkey: f\nspec: {kind: gate, rule: []}\n",
    );
    let stderr = server.run(&["apply", "-f", "bad", "--yes"]).fails(1);
    for part in [
        "bad/a.yaml:4: unknown variant `flag`",
        "bad/b.yaml:1: the environment `dev` is also in bad/a.yaml:1",
        "bad/b.yaml:5: feature `f`: unknown field `rule`",
    ] {
        assert!(stderr.contains(part), "no `{part}` in {stderr}");
    }
    assert_eq!(server.run(&["env", "list", "--format", "json"]).ok(), "[]\n");
    let stderr = server.run(&["apply", "-f", "nothing", "--yes"]).fails(4);
    assert!(stderr.contains("cannot read nothing"), "{stderr}");
    // What only the server knows is told with its place as well.
    server.file("wrong.yaml", "# head\n\nkind: feature\nkey: f\nspec: {kind: gate, rules: [{id: r, if: {segment: none}, variant: on}]}\n");
    let stderr = server.run(&["apply", "-f", "wrong.yaml", "--yes"]).fails(5);
    assert!(stderr.contains("wrong.yaml:3: feature `f`: ") && stderr.contains("none"), "{stderr}");
}
