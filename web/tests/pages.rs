//! Renders a sample of every page, and holds each to what all pages promise.
//!
//! The pages are left in the target directory's `tmp/pages`, to be looked at.

mod samples;

use std::fs;
use std::path::Path;

#[test]
fn every_page_renders_small_and_without_inline_code() {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("pages");
    fs::create_dir_all(&folder).unwrap();
    for (name, html) in samples::all() {
        fs::write(folder.join(format!("{name}.html")), &html).unwrap();
        assert!(html.starts_with("<!doctype html>"), "{name}");
        assert!(html.len() < 50 * 1024, "{name} has {} bytes", html.len());
        for forbidden in [
            " style=\"",
            "<style",
            "onclick=",
            "javascript:",
            "https://cdn",
        ] {
            assert!(!html.contains(forbidden), "{name} holds {forbidden}");
        }
        assert_eq!(html.matches("<h1").count(), 1, "{name} has one heading");
        assert_eq!(
            html.matches("<script").count(),
            html.matches("<script type=\"module\" src=\"/assets/")
                .count(),
            "{name} has no inline script"
        );
        for form in html.split("<form").skip(1) {
            let form = form.split("</form>").next().unwrap_or_default();
            assert!(
                !form.contains("method=\"post\"") || form.contains("name=\"csrf\""),
                "{name} has a form without the token: {form}"
            );
        }
        assert_ids_are_unique(name, &html);
    }
}

fn assert_ids_are_unique(name: &str, html: &str) {
    let mut ids: Vec<&str> = html
        .split(" id=\"")
        .skip(1)
        .filter_map(|rest| rest.split('"').next())
        .collect();
    let count = ids.len();
    ids.sort_unstable();
    ids.dedup();
    assert_eq!(ids.len(), count, "{name} uses an id twice");
}

#[test]
fn text_of_users_is_escaped() {
    let html = samples::hostile();
    assert!(!html.contains("<script>alert"));
    assert!(html.contains("&#60;script&#62;"));
}
