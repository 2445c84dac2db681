//! Java, with Maven or Gradle.

use crate::text::{in_shell, major};
use crate::{Plan, Tree};

/// The version when the repository names none: the long-term support release.
const DEFAULT_VERSION: u32 = 21;

pub(crate) fn look(tree: &Tree) -> Option<Result<Plan, String>> {
    let maven = tree.text("pom.xml");
    let gradle = tree.text("build.gradle").or(tree.text("build.gradle.kts"));
    let version = version(tree, maven, gradle);
    let (name, image, command, output) = if maven.is_some() {
        (
            "Maven",
            format!("maven:3-eclipse-temurin-{version}"),
            "RUN --mount=type=cache,target=/root/.m2 mvn --batch-mode -DskipTests package",
            "target",
        )
    } else {
        gradle?;
        (
            "Gradle",
            format!("gradle:8-jdk{version}"),
            "RUN --mount=type=cache,target=/home/gradle/.gradle gradle --no-daemon assemble",
            "build/libs",
        )
    };
    let lines = [
        format!("FROM {image} AS build"),
        "WORKDIR /src".to_owned(),
        "COPY . .".to_owned(),
        command.to_owned(),
        // The program is the largest archive; others hold its bare classes or its source.
        format!("RUN cp \"$(ls -S {output}/*.jar | head -n 1)\" /app.jar"),
        String::new(),
        format!("FROM eclipse-temurin:{version}-jre"),
        "RUN useradd --uid 10001 app".to_owned(),
        "COPY --from=build /app.jar /app.jar".to_owned(),
        "USER app".to_owned(),
        "ENV PORT=8080".to_owned(),
        "EXPOSE 8080".to_owned(),
        format!(
            "CMD {}",
            in_shell("exec java -XX:MaxRAMPercentage=75 -Dserver.port=$PORT -jar /app.jar")
        ),
    ];
    Some(Ok(Plan::new(format!("Java {version} with {name}"), &lines)))
}

fn version(tree: &Tree, maven: Option<&str>, gradle: Option<&str>) -> u32 {
    let after = |text: Option<&str>, mark: &str| {
        let (_, rest) = text?.split_once(mark)?;
        let line = rest.lines().next()?;
        major(line.split('<').next()?)
    };
    tree.text(".java-version")
        .and_then(major)
        .or_else(|| after(maven, "<java.version>"))
        .or_else(|| after(maven, "<maven.compiler.release>"))
        .or_else(|| after(gradle, "JavaLanguageVersion.of("))
        // Images exist for the long-term support releases; a newer one builds older code.
        .map_or(DEFAULT_VERSION, |version| match version {
            ..=11 => 11,
            12..=17 => 17,
            18..=21 => 21,
            _ => 25,
        })
}
