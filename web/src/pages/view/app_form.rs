//! Where an app comes from and how it is built, as a form.

use askama::Template;
use longshore_control::view::{GitAccessView, ServiceView, SourceView};
use longshore_domain::source::Build;

use super::{FieldErrors, FlashTone, Icon, Page};

/// The form for a new app.
#[derive(Template, Default)]
#[template(path = "project/new_app.html")]
pub struct NewAppPage {
    /// The frame.
    pub page: Page,
    /// The environment it will belong to.
    pub environment_id: String,
    /// The environment's name.
    pub environment_name: String,
    /// The project's name.
    pub project_name: String,
    /// The name as typed.
    pub name: String,
    /// The port as typed.
    pub port: String,
    /// Source and build.
    pub form: SourceForm,
    /// What is wrong.
    pub errors: FieldErrors,
}

/// Source and build as typed.
#[derive(Debug, Clone)]
pub struct SourceForm {
    /// `git`, `image` or `upload`.
    pub source: String,
    /// The repository.
    pub url: String,
    /// The branch.
    pub branch: String,
    /// Whether submodules are fetched.
    pub submodules: bool,
    /// `none`, `token` or `deploy_key`.
    pub credentials: String,
    /// The user name beside the token.
    pub username: String,
    /// What to say below the token's field.
    pub token_hint: String,
    /// What to say about the deploy key.
    pub deploy_key_hint: &'static str,
    /// `dockerfile`, `static` or `auto`.
    pub build: String,
    /// The folder that is served.
    pub directory: String,
    /// Whether a path without a file is answered with `index.html`.
    pub spa: bool,
    /// What makes the files that are served.
    pub build_command: String,
    /// The Dockerfile.
    pub dockerfile: String,
    /// The context.
    pub context: String,
    /// The stage.
    pub target: String,
    /// The build arguments, one a line.
    pub args: String,
    /// Names of variables that the build may read.
    pub build_secrets: String,
    /// Names of variables that the build is given as arguments.
    pub build_variables: String,
    /// Patterns of files whose change a push deploys, one a line.
    pub watch_paths: String,
    /// Whether the build's part is unfolded.
    pub build_is_open: bool,
    /// The image.
    pub reference: String,
}

const KEY_TO_COME: &str =
    "Longshore makes the key with the app and shows it to you; add it to the repository then.";

impl Default for SourceForm {
    fn default() -> Self {
        Self {
            source: "git".to_owned(),
            url: String::new(),
            branch: "main".to_owned(),
            submodules: false,
            credentials: "none".to_owned(),
            username: String::new(),
            token_hint: "Stored encrypted, never shown again.".to_owned(),
            deploy_key_hint: KEY_TO_COME,
            build: "dockerfile".to_owned(),
            directory: String::new(),
            spa: false,
            build_command: String::new(),
            dockerfile: "Dockerfile".to_owned(),
            context: ".".to_owned(),
            target: String::new(),
            args: String::new(),
            build_secrets: String::new(),
            build_variables: String::new(),
            watch_paths: String::new(),
            build_is_open: false,
            reference: String::new(),
        }
    }
}

impl SourceForm {
    /// The form with what a service has.
    pub fn of_service(service: &ServiceView) -> Self {
        let mut form = Self {
            build_is_open: true,
            ..Self::default()
        };
        match &service.source {
            SourceView::Git {
                url,
                branch,
                submodules,
                watch_paths,
                access,
                deploy_key,
                host_key: _,
            } => {
                form.url.clone_from(url);
                form.branch.clone_from(branch);
                form.submodules = *submodules;
                form.watch_paths = watch_paths.join("\n");
                match access {
                    GitAccessView::Anonymous => {}
                    GitAccessView::Token { username } => {
                        "token".clone_into(&mut form.credentials);
                        form.username = username.clone().unwrap_or_default();
                        "Saved. Leave it empty to keep it.".clone_into(&mut form.token_hint);
                    }
                    GitAccessView::DeployKey => "deploy_key".clone_into(&mut form.credentials),
                }
                if deploy_key.is_some() {
                    form.deploy_key_hint = "The key above is used.";
                }
            }
            SourceView::Image { reference } => {
                "image".clone_into(&mut form.source);
                form.reference.clone_from(reference);
            }
            // A stack has a form of its own.
            SourceView::Compose { .. } => {}
            SourceView::Upload { archive: _ } => "upload".clone_into(&mut form.source),
        }
        form.fill_build(&service.build);
        form
    }

    fn fill_build(&mut self, build: &Build) {
        let variables = build.variables().iter().map(ToString::to_string);
        self.build_variables = variables.collect::<Vec<_>>().join(" ");
        let build = match build {
            Build::Dockerfile(build) => build,
            Build::Static(site) => {
                "static".clone_into(&mut self.build);
                site.directory.as_str().clone_into(&mut self.directory);
                self.spa = site.spa;
                self.build_command = site.command.clone().unwrap_or_default();
                return;
            }
            Build::Compose(_) => return,
            Build::Auto(_) => {
                "auto".clone_into(&mut self.build);
                return;
            }
        };
        build.path.as_str().clone_into(&mut self.dockerfile);
        build.context.as_str().clone_into(&mut self.context);
        self.target = build.target.clone().unwrap_or_default();
        self.args = build
            .args
            .iter()
            .map(|(key, value)| format!("{key}={value}"))
            .collect::<Vec<_>>()
            .join("\n");
        self.build_secrets = build
            .secrets
            .iter()
            .map(ToString::to_string)
            .collect::<Vec<_>>()
            .join(" ");
    }
}
