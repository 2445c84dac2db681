//! Ruby, with Rails or any Rack app.

use crate::text::{in_shell, major_minor};
use crate::{Plan, Tree};

/// The version when the repository names none.
const DEFAULT_VERSION: &str = "3.4";

pub(crate) fn look(tree: &Tree) -> Option<Result<Plan, String>> {
    let gemfile = tree.text("Gemfile")?;
    let in_gemfile = gemfile
        .lines()
        .find_map(|line| line.trim().strip_prefix("ruby "));
    let version = tree
        .text(".ruby-version")
        .into_iter()
        .chain(in_gemfile)
        .find_map(major_minor)
        .unwrap_or_else(|| DEFAULT_VERSION.to_owned());
    let rails = tree.has("bin/rails") || tree.has("config/application.rb");
    let command = match tree.procfile_web() {
        Some(command) => command.to_owned(),
        None if rails => "exec bundle exec rails server -b 0.0.0.0 -p $PORT".to_owned(),
        None if tree.has("config.ru") => "exec bundle exec rackup -o 0.0.0.0 -p $PORT".to_owned(),
        None => match tree.first_of(&["app.rb", "main.rb", "server.rb"]) {
            Some(file) => format!("exec bundle exec ruby {file}"),
            None => {
                return Some(Err(
                    "Longshore found a Gemfile, but no Procfile, config.ru, app.rb or Rails app."
                        .to_owned(),
                ));
            }
        },
    };
    let lock = if tree.has("Gemfile.lock") {
        " Gemfile.lock"
    } else {
        ""
    };
    let mut lines = vec![
        format!("FROM ruby:{version} AS build"),
        "WORKDIR /app".to_owned(),
        "ENV BUNDLE_PATH=/bundle BUNDLE_WITHOUT=development:test".to_owned(),
        format!("COPY Gemfile{lock} ./"),
        "RUN bundle install".to_owned(),
        "COPY . .".to_owned(),
    ];
    if rails {
        lines.push(
            "RUN SECRET_KEY_BASE_DUMMY=1 RAILS_ENV=production bundle exec rails assets:precompile"
                .to_owned(),
        );
    }
    lines.extend([
        String::new(),
        format!("FROM ruby:{version}-slim"),
        "ENV BUNDLE_PATH=/bundle BUNDLE_WITHOUT=development:test RAILS_ENV=production \
         RACK_ENV=production RAILS_LOG_TO_STDOUT=1 PORT=3000"
            .to_owned(),
        "RUN apt-get update && apt-get install -y --no-install-recommends libpq5 libyaml-0-2 \
         libjemalloc2 && rm -rf /var/lib/apt/lists/* && useradd --uid 10001 --create-home app"
            .to_owned(),
        "WORKDIR /app".to_owned(),
        "COPY --from=build /bundle /bundle".to_owned(),
        "COPY --from=build --chown=app:app /app ./".to_owned(),
        "USER app".to_owned(),
        "EXPOSE 3000".to_owned(),
        format!("CMD {}", in_shell(&command)),
    ]);
    Some(Ok(Plan::new(format!("Ruby {version}"), &lines)))
}
