//! One case for each key that the table calls supported: what the component has with it, and
//! does not have without it.

mod program;
mod storage;

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::super::keys::{self, Decision};
use super::{Component, ROOT, read_with};

/// A key, a file with it, and what is then where in the component.
struct Row {
    path: &'static str,
    file: Value,
    place: &'static str,
    wanted: Value,
}

/// A key of the service `web`; `path` begins behind `services.*.`.
fn web(path: &'static str, fields: Value, place: &'static str, wanted: Value) -> Row {
    let mut file = super::service(fields);
    file["services"]["db"] = json!({ "image": "db:1" });
    file["volumes"] = json!({ "data": {} });
    file["configs"] = json!({ "c": { "content": "text" } });
    file["secrets"] = json!({ "s": { "environment": "TOKEN" } });
    row(path, file, place, wanted)
}

fn row(path: &'static str, file: Value, place: &'static str, wanted: Value) -> Row {
    Row {
        path,
        file,
        place,
        wanted,
    }
}

fn limits(fields: &Value) -> Value {
    json!({ "deploy": { "resources": { "limits": fields } } })
}

fn reservations(fields: &Value) -> Value {
    json!({ "deploy": { "resources": { "reservations": fields } } })
}

fn check(fields: &Value) -> Value {
    let mut check = json!({ "test": ["CMD", "x"] });
    let fields = fields.as_object().unwrap().clone();
    check.as_object_mut().unwrap().extend(fields);
    json!({ "healthcheck": check })
}

fn mount(fields: &Value) -> Value {
    let mut mount = json!({ "type": "volume", "source": "data", "target": "/data" });
    let fields = fields.as_object().unwrap().clone();
    mount.as_object_mut().unwrap().extend(fields);
    json!({ "volumes": [mount] })
}

fn file_of(kind: &str, fields: &Value) -> Value {
    let mut file = json!({ "source": &kind[..1] });
    let fields = fields.as_object().unwrap().clone();
    file.as_object_mut().unwrap().extend(fields);
    json!({ kind: [file] })
}

fn build(fields: &Value) -> Value {
    let mut build = json!({ "context": format!("{ROOT}/app") });
    let fields = fields.as_object().unwrap().clone();
    build.as_object_mut().unwrap().extend(fields);
    json!({ "image": null, "build": build })
}

/// A file whose service mounts a config and a secret that are made like this.
fn sources(configs: &Value, secrets: &Value) -> Value {
    json!({
        "services": { "web": { "image": "app:1",
            "configs": [{ "source": "c" }], "secrets": [{ "source": "s" }] } },
        "configs": { "c": configs },
        "secrets": { "s": secrets },
    })
}

fn rows() -> Vec<(String, Row)> {
    let of_services = program::of_the_process()
        .into_iter()
        .chain(program::of_build_order_and_health())
        .chain(program::of_the_network())
        .chain(storage::of_mounts_and_files())
        .chain(storage::of_limits_and_deploy())
        .map(|row| (format!("services.*.{}", row.path), row));
    let of_files = storage::of_the_file()
        .into_iter()
        .map(|row| (row.path.to_owned(), row));
    of_services.chain(of_files).collect()
}

/// The component `web` with all that counts; none when the file is refused.
fn shown(file: &Value) -> Option<Value> {
    let project = read_with(file, &[], true).ok()?;
    let is_web = |component: &&Component| component.name.as_str() == "web";
    let component = project.components.iter().find(is_web).unwrap();
    let mut shown = serde_json::to_value(component).unwrap();
    // What is not compared between two versions, but counts.
    shown["port"] = json!(component.port.map(crate::run::Port::get));
    shown["start_first"] = json!(component.start_first);
    let depends = component.depends_on.iter();
    let depends = depends.map(|on| format!("{} {:?} {}", on.name, on.condition, on.required));
    shown["depends_on"] = depends.collect();
    Some(shown)
}

/// The file without a key: of names and lists the first one counts, but `web` comes first.
fn without(value: &mut Value, path: &[&str]) {
    if let Value::Array(items) = value {
        return without(&mut items[0], path);
    }
    let fields = value.as_object_mut().unwrap();
    let key = match path[0] {
        "*" if fields.contains_key("web") => "web".to_owned(),
        "*" => fields.keys().next().unwrap().clone(),
        key => key.to_owned(),
    };
    assert!(fields.contains_key(&key), "{key} is not in the file");
    if path.len() == 1 {
        fields.remove(&key);
    } else {
        without(&mut fields[&key], &path[1..]);
    }
}

#[test]
fn each_supported_key_does_what_it_says() {
    for (path, row) in rows() {
        let keys: Vec<&str> = path.split('.').collect();
        let mut bare = row.file.clone();
        without(&mut bare, &keys);
        let problems = read_with(&row.file, &[], true).err();
        assert_eq!(problems, None, "{path}");
        let with = shown(&row.file).unwrap();
        let bare = shown(&bare);
        if row.place.is_empty() {
            assert_eq!(bare.as_ref(), Some(&with), "{path} changes something");
            continue;
        }
        assert_eq!(
            with.pointer(row.place),
            Some(&row.wanted),
            "{path}: {with:#}"
        );
        let bare = bare.as_ref().and_then(|bare| bare.pointer(row.place));
        assert_ne!(bare, Some(&row.wanted), "{path} changes nothing");
    }
}

#[test]
fn each_supported_key_has_a_case() {
    let supported: BTreeSet<String> = keys::all()
        .filter(|key| matches!(key.decision, Decision::Supported(_)))
        .map(|key| key.path.to_owned())
        .collect();
    let rows: Vec<(String, Row)> = rows();
    let tried: BTreeSet<String> = rows.iter().map(|(path, _)| path.clone()).collect();
    assert_eq!(tried.len(), rows.len(), "a key is there twice");
    let missing: Vec<&String> = supported.symmetric_difference(&tried).collect();
    assert!(missing.is_empty(), "{missing:#?}");
}
