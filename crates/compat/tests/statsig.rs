//! The import of real payloads, written by others (`$TIDEGATE_CONFORMANCE/statsig`); skipped where they are absent.

#![expect(
    clippy::indexing_slicing,
    clippy::unwrap_used,
    reason = "the helpers of tests are not marked as tests"
)]

use std::path::{Path, PathBuf};

use serde_json::Value;
use tidegate_compat::report::{Entity, Outcome};
use tidegate_compat::statsig::{Import, import};

fn directory() -> Option<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let given = std::env::var_os("TIDEGATE_CONFORMANCE").unwrap_or_else(|| "../shared/conformance".into());
    let directory = root.join(given).join("statsig");
    if !directory.is_dir() {
        eprintln!("skipped: `{}` is absent", directory.display());
        return None;
    }
    Some(directory)
}

fn read(path: &Path) -> Value {
    serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
}

/// Every definition is imported or reported, and every item says something.
fn check(payload: &Value, import: &Import) {
    let maps = ["feature_gates", "dynamic_configs", "layer_configs"];
    let names = maps.iter().flat_map(|map| payload[*map].as_object().unwrap().keys());
    for name in names.clone() {
        let entity = import.report.entities.iter().find(|entity| entity.name == *name).unwrap();
        let listed =
            import.report.items.iter().any(|item| item.name == *name && item.entity == entity.entity);
        match &entity.key {
            Some(key) => assert!(import.snapshot["features"][key].is_object(), "{name}"),
            None => assert!(listed, "{name}"),
        }
        assert!(listed || entity.outcome == Outcome::Exact, "{name}");
    }
    assert_eq!(import.report.entities.len(), names.count());
    for item in &import.report.items {
        assert!(!item.message.is_empty() && !item.name.is_empty(), "{item}");
        assert!(payload.pointer(&item.pointer).is_some(), "{item}");
        assert_eq!(item.effect, item.kind.effect());
    }
}

#[test]
fn every_definition_of_a_real_payload_is_imported_or_listed() {
    let Some(directory) = directory() else { return };
    let payload = read(&directory.join("eval_proj_dcs.json"));
    let import = import(&payload).unwrap();
    check(&payload, &import);
    let imported = |entities: &[Entity]| -> usize {
        entities.iter().map(|entity| import.report.summary.entities[entity].imported).sum()
    };
    assert_eq!(imported(&[Entity::Gate, Entity::Segment, Entity::Holdout]), 82);
    assert_eq!(imported(&[Entity::Config, Entity::Experiment, Entity::Autotune]), 65);
    assert_eq!(imported(&[Entity::Layer]), 12);
    assert_eq!(import.snapshot["version"], payload["time"]);
}

#[test]
fn every_payload_is_imported() {
    let Some(directory) = directory() else { return };
    let mut found = 0;
    for entry in std::fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        if path.file_name().unwrap().to_string_lossy().contains("dcs") {
            let payload = read(&path);
            check(&payload, &import(&payload).unwrap());
            found += 1;
        }
    }
    assert!(found >= 7, "{found}");
}
