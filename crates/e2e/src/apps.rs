//! Apps to deploy, each a Git repository with a Dockerfile over one of the fixture images.

use longshore_testkit::git::Repository;

/// The port that these apps listen on.
pub const PORT: u16 = 8080;

/// A web app that shows its version and its variable `GREETING`.
pub fn greeter(version: &str) -> Repository {
    let repository = Repository::new("greeter").file(
        "Dockerfile",
        "FROM busybox:latest\n\
         COPY start /start\n\
         COPY version /version\n\
         CMD [\"sh\", \"/start\"]\n",
    );
    let repository = repository
        .file(
            "start",
            "mkdir -p /www\n\
             echo \"greeter $(cat /version) says ${GREETING:-nothing}\" >/www/index.html\n\
             echo \"listening on 8080\"\n\
             exec httpd -f -v -p 8080 -h /www\n",
        )
        .file("version", version);
    repository.commit(&format!("Version {version}"));
    repository
}

/// Changes the greeter's version and gives the new commit.
pub fn release(greeter: &Repository, version: &str) -> String {
    greeter.write("version", version);
    greeter.commit(&format!("Version {version}"))
}
