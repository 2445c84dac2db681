//! PHP, served by Apache.

use crate::text::major_minor;
use crate::{Plan, Tree};

/// The version when the repository names none.
const DEFAULT_VERSION: &str = "8.4";

pub(crate) fn look(tree: &Tree) -> Option<Result<Plan, String>> {
    let composer = tree.text("composer.json");
    let index = tree.first_of(&["public/index.php", "web/index.php", "index.php"]);
    if composer.is_none() && index.is_none() {
        return None;
    }
    let Some(index) = index else {
        return Some(Err(
            "Longshore found composer.json, but neither index.php nor public/index.php.".to_owned(),
        ));
    };
    let version = composer
        .and_then(|text| serde_json::from_str::<serde_json::Value>(text).ok())
        .and_then(|composer| {
            let platform = composer["config"]["platform"]["php"]
                .as_str()
                .and_then(major_minor);
            platform.or_else(|| composer["require"]["php"].as_str().and_then(major_minor))
        })
        .filter(|version| version.starts_with("8."))
        .unwrap_or_else(|| DEFAULT_VERSION.to_owned());
    let root = index
        .strip_suffix("index.php")
        .unwrap_or_default()
        .trim_end_matches('/');
    let mut lines = Vec::new();
    if composer.is_some() {
        lines.extend([
            "FROM composer:2 AS build".to_owned(),
            "WORKDIR /app".to_owned(),
            "COPY . .".to_owned(),
            "RUN --mount=type=cache,target=/tmp/cache composer install --no-dev --no-interaction \
             --optimize-autoloader --ignore-platform-reqs --no-scripts"
                .to_owned(),
            String::new(),
        ]);
    }
    let from = if composer.is_some() {
        "--from=build /app"
    } else {
        "."
    };
    lines.extend([
        format!("FROM php:{version}-apache"),
        "ENV PORT=8080".to_owned(),
        "RUN docker-php-ext-install pdo_mysql opcache && a2enmod rewrite".to_owned(),
        format!(
            "RUN sed -ri 's!/var/www/html!/var/www/html/{root}!g' /etc/apache2/sites-available/*.conf \
             && sed -ri 's/(Listen |:)80/\\1${{PORT}}/' /etc/apache2/ports.conf \
             /etc/apache2/sites-available/000-default.conf"
        ),
        format!("COPY --chown=www-data:www-data {from} /var/www/html"),
        "USER www-data".to_owned(),
        "EXPOSE 8080".to_owned(),
    ]);
    Some(Ok(Plan::new(format!("PHP {version}"), &lines)))
}
