//! Databases and storage in the dashboard, with a real browser.

use std::time::Duration;

use longshore_e2e::browser::{Browser, Look};
use longshore_e2e::longshore::{EMAIL, Longshore, PASSWORD};

#[tokio::test(flavor = "multi_thread")]
async fn a_person_makes_a_database_and_gives_an_app_a_volume_and_a_file() {
    let longshore = Longshore::start().await;
    let api = longshore.api();
    let environment = api.project("Web shop").await;
    let browser = Browser::start(&longshore.url()).await;
    browser.open("/login").await;
    browser.fill("email", EMAIL).await;
    browser.fill("password", PASSWORD).await;
    browser.press("Sign in").await;
    browser.sees("Web shop").await;

    // A database, refused first.
    browser
        .open(&format!("/environments/{environment}/databases/new"))
        .await;
    browser.click("label:has(input[value='redis'])").await;
    browser.fill("name", "cache").await;
    browser.fill("version", "17").await;
    browser.press("Create the database").await;
    browser.sees("Nothing was saved").await;
    browser.pictures("new-database").await;
    browser.fits(Look::Phone).await;
    browser.fill("version", "").await;
    browser.press("Create the database").await;
    browser.sees("Show the URL").await;
    browser.sees_within("Running", Duration::from_mins(1)).await;
    let database = browser.path().await;
    browser.pictures("database").await;
    browser.fits(Look::Phone).await;
    browser.press("Show the URL").await;
    browser.sees("redis://default:").await;
    browser.sees("${{cache.DATABASE_URL}}").await;
    browser.pictures("database-connection").await;
    browser.fits(Look::Phone).await;
    browser.open(&format!("{database}/database")).await;
    browser.sees("When its memory is full").await;
    browser.fill("memory", "256").await;
    browser.press("Save").await;
    browser
        .sees("It takes effect with the next deployment")
        .await;
    browser.pictures("database-settings").await;
    browser.fits(Look::Phone).await;
    browser.press("Change the password").await;
    browser.sees("brings the new password").await;

    // An app with a volume and a file.
    browser
        .open(&format!("/environments/{environment}/apps/new"))
        .await;
    browser.fill("name", "shop").await;
    browser.click("label:has(input[value='image'])").await;
    browser.fill("reference", "busybox:latest").await;
    browser.press("Create the app").await;
    browser.sees("Ready for the first deployment").await;
    let app = browser.path().await;
    browser.open(&format!("{app}/storage")).await;
    browser.fill("volume_source[0]", "uploads").await;
    browser.fill("volume_path[0]", "/app/uploads").await;
    browser
        .fill("file_path[0]", "/etc/shop/settings.toml")
        .await;
    browser
        .fill(
            "file_content[0]",
            "colour = \"green\"\nname = \"${{NAME}}\"",
        )
        .await;
    browser.fill("bind_source[0]", "/srv/media").await;
    browser.fill("bind_path[0]", "/media").await;
    browser.press("Save").await;
    browser.sees("LONGSHORE_BIND_PATHS").await;
    browser.pictures("app-storage-refused").await;
    browser.fill("bind_source[0]", "").await;
    browser.fill("bind_path[0]", "").await;
    browser.press("Save").await;
    browser
        .sees("It takes effect with the next deployment")
        .await;
    browser.pictures("app-storage").await;
    browser.fits(Look::Phone).await;

    // What keeps data, also of a service that is gone.
    browser.open("/storage").await;
    browser.sees("uploads").await;
    browser.sees_within("in use", Duration::from_secs(30)).await;
    browser.open(&format!("{database}/danger")).await;
    browser.fill("confirmation", "cache").await;
    browser.press("Delete the service").await;
    browser.sees("deleted").await;
    longshore_testkit::wait::until("the kept data", Duration::from_mins(1), || async {
        browser.open("/storage").await;
        let text = browser.page_text().await;
        text.contains("Kept of cache").then_some(())
    })
    .await;
    browser.pictures("storage").await;
    browser.fits(Look::Phone).await;
    browser.fill("confirmation", "other").await;
    browser.press("Remove the data").await;
    browser.sees("Kept of cache").await;
    browser.fill("confirmation", "cache").await;
    browser.press("Remove the data").await;
    browser.sees("The data is being removed").await;
    browser.close().await;
}
