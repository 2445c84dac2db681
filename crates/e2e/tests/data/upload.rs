//! Apps that come from archives: with curl, with a browser, hostile ones.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use longshore_e2e::api::{Api, id_of};
use longshore_e2e::browser::{Browser, Look};
use longshore_e2e::longshore::{EMAIL, Longshore, PASSWORD};
use serde_json::{Value, json};
use tempfile::TempDir;

/// A site in the folder `dist`, packed by the programs that people have.
struct Site {
    folder: TempDir,
}

impl Site {
    fn new(text: &str) -> Self {
        let site = Self {
            folder: tempfile::tempdir().expect("a folder"),
        };
        fs::create_dir(site.path("dist")).expect("a folder");
        site.write("dist/index.html", text);
        site.write("dist/about.html", "about it");
        site
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn write(&self, name: &str, text: &str) {
        fs::write(self.path(name), text).expect("a file");
    }

    fn pack(&self, program: &str, arguments: &[&str], name: &str) -> Vec<u8> {
        let mut command = Command::new(program);
        run(command.args(arguments).current_dir(self.folder.path()));
        fs::read(self.path(name)).expect("the archive")
    }

    fn tar(&self, folder: &str) -> Vec<u8> {
        self.pack("tar", &["-czf", "site.tgz", folder], "site.tgz")
    }

    fn zip(&self) -> Vec<u8> {
        let _gone = fs::remove_file(self.path("site.zip"));
        let arguments = ["-m", "zipfile", "-c", "site.zip", "dist"];
        self.pack("python3", &arguments, "site.zip")
    }
}

fn run(command: &mut Command) -> String {
    let output = command.output().expect("the program");
    let words = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{command:?}: {words}");
    String::from_utf8_lossy(&output.stdout).into_owned()
}

async fn ended(api: &Api, deployment: &Value) -> Value {
    let path = format!("/deployments/{}", id_of(deployment));
    longshore_testkit::wait::until("its end", std::time::Duration::from_mins(2), || async {
        let deployment = api.get(&path).await.expect(200);
        let working = [
            "queued",
            "fetching",
            "building",
            "starting",
            "verifying",
            "switching",
        ];
        let status = deployment["status"].as_str().expect("a status").to_owned();
        (!working.contains(&status.as_str())).then_some(deployment)
    })
    .await
}

#[tokio::test(flavor = "multi_thread")]
async fn an_uploaded_archive_is_built_and_deployed_like_a_push() {
    let longshore = Longshore::start().await;
    let api = longshore.api();
    let environment = api.project("Uploads").await;
    let service = api.site(&environment, "site").await;
    api.domain(&service, "site.example.test").await;
    let none = api
        .post(&format!("/services/{service}/deployments"), json!({}))
        .await;
    none.refuses(409, "upload an archive first");

    // A tar file, its one folder taken off.
    let site = Site::new("the first version");
    let answer = api.upload(&service, "site.tgz", site.tar("dist")).await;
    let taken = answer.expect(202);
    assert_eq!(taken["files"], 2, "{taken:#}");
    let first = ended(&api, &taken["deployment"]).await;
    api.is_live(&first).await;
    assert_eq!(first["archive"]["name"], "site.tgz", "{first:#}");
    assert_eq!(first["archive"]["digest"], taken["digest"]);
    longshore
        .shows("site.example.test", "the first version")
        .await;
    let log = api
        .text(&format!("/deployments/{}/log", id_of(&first)))
        .await;
    assert!(log.contains("in the folder dist"), "{log}");

    // A zip of the same files is another archive and the same image.
    let taken = api
        .upload(&service, "same.zip", site.zip())
        .await
        .expect(202);
    let same = ended(&api, &taken["deployment"]).await;
    api.is_live(&same).await;
    assert_ne!(same["archive"]["digest"], first["archive"]["digest"]);
    assert_eq!(same["image_digest"], first["image_digest"]);

    // New files, kept without a deployment, then deployed; then back.
    site.write("dist/index.html", "the second version");
    let zip = site.zip();
    let kept = api
        .upload(&service, "new.zip&deploy=false", zip)
        .await
        .expect(201);
    assert_eq!(kept["deployment"], Value::Null);
    longshore
        .shows("site.example.test", "the first version")
        .await;
    let second = api.deploy_live(&service).await;
    assert_eq!(second["archive"]["name"], "new.zip");
    longshore
        .shows("site.example.test", "the second version")
        .await;
    let back = json!({ "deployment": id_of(&same) });
    let back = api
        .post(&format!("/services/{service}/rollback"), back)
        .await;
    let back = ended(&api, &back.expect(202)).await;
    api.is_live(&back).await;
    assert_eq!(back["archive"]["name"], "same.zip", "{back:#}");
    longshore
        .shows("site.example.test", "the first version")
        .await;

    // Hostile ones are refused by name and change nothing.
    std::os::unix::fs::symlink("/etc", site.path("dist/etc")).expect("a link");
    let hostile = api.upload(&service, "link.tgz", site.tar("dist")).await;
    hostile.refuses(422, "a link to “/etc”, which leads out of it");
    let words = api
        .upload(&service, "words.zip", b"no archive".to_vec())
        .await;
    words.refuses(422, "must be a .zip, .tar");
    let shown = api.get(&format!("/services/{service}")).await.expect(200);
    assert_eq!(
        shown["source"]["upload"]["archive"]["name"], "new.zip",
        "{shown:#}"
    );
    let uploads = longshore.folder().join("data/agent/uploads");
    let names = || fs::read_dir(&uploads).map_or(0, Iterator::count);
    assert_eq!(names(), 3, "{}", uploads.display());

    // As the docs say, with curl; a larger one than any other call may be.
    fs::remove_file(site.path("dist/etc")).expect("the link goes");
    let noise: Vec<u8> = (0..8_000_000_u32)
        .flat_map(|n| n.wrapping_mul(2_654_435_761).to_le_bytes())
        .collect();
    fs::write(site.path("dist/noise.bin"), noise).expect("a file");
    let archive = site.tar("dist");
    assert!(archive.len() > 10_000_000, "{} bytes", archive.len());
    let answer = curl(&longshore, &api, &service, &site.path("site.tgz"));
    let taken: Value = serde_json::from_str(&answer).expect("JSON");
    let large = ended(&api, &taken["deployment"]).await;
    api.is_live(&large).await;

    in_the_browser(&longshore, &environment, &site).await;
}

fn curl(longshore: &Longshore, api: &Api, service: &str, archive: &Path) -> String {
    let url = format!(
        "{}/api/v1/services/{service}/upload?name=site.tgz",
        longshore.url()
    );
    let token = format!("Authorization: Bearer {}", api.token());
    let mut command = Command::new("curl");
    run(command
        .args(["--silent", "--show-error", "-T"])
        .arg(archive)
        .args(["-H", &token, &url]))
}

async fn in_the_browser(longshore: &Longshore, environment: &str, site: &Site) {
    let browser = Browser::start(&longshore.url()).await;
    browser.open("/login").await;
    browser.fill("email", EMAIL).await;
    browser.fill("password", PASSWORD).await;
    browser.press("Sign in").await;
    browser.sees("Uploads").await;
    browser
        .open(&format!("/environments/{environment}/apps/new"))
        .await;
    browser.fill("name", "dropped").await;
    browser.fill("port", "8080").await;
    browser.click("label:has(input[value='upload'])").await;
    browser
        .click("label:has(input[name='build'][value='static'])")
        .await;
    browser.sees("Drop the archive").await;
    browser.pictures("upload-new").await;
    browser.fits(Look::Phone).await;
    browser.press("Create the app").await;
    browser.sees("Drop an archive here").await;
    let app = browser.path().await;
    browser.pictures("upload-empty").await;
    browser.fits(Look::Phone).await;
    browser
        .choose("archive", &site.path("dist/index.html"))
        .await;
    browser.sees("must be a .zip, .tar").await;
    browser.pictures("upload-refused").await;
    browser.fits(Look::Phone).await;
    site.zip();
    browser.choose("archive", &site.path("site.zip")).await;
    browser
        .sees_within("site.zip", std::time::Duration::from_secs(30))
        .await;
    browser
        .sees_within("Live", std::time::Duration::from_mins(1))
        .await;
    assert!(browser.path().await.starts_with("/deployments/"));
    browser.pictures("upload-deployment").await;
    browser.fits(Look::Phone).await;
    browser.open(&app).await;
    browser.sees("site.zip").await;
    browser.pictures("upload-app").await;
    browser.fits(Look::Phone).await;
    browser.close().await;
}
