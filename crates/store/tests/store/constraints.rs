//! Rules that hold whoever writes.

use longshore_domain::{ProjectId, TeamId};
use longshore_store::{Conflict, StoreError, environments, projects, teams};
use sqlx::PgPool;
use uuid::Uuid;

async fn team(pool: &PgPool) -> TeamId {
    let id = TeamId::generate();
    let mut connection = pool.acquire().await.unwrap();
    teams::insert(&mut connection, id, "Team").await.unwrap();
    id
}

async fn project(pool: &PgPool, team: TeamId, name: &str) -> Result<ProjectId, StoreError> {
    let id = ProjectId::generate();
    let mut connection = pool.acquire().await.unwrap();
    let name = name.parse().unwrap();
    projects::insert(&mut connection, id, team, &name).await?;
    Ok(id)
}

/// The constraint that a raw statement breaks.
async fn broken(pool: &PgPool, statement: &'static str, ids: &[Uuid]) -> Option<String> {
    let mut query = sqlx::query(statement);
    for id in ids {
        query = query.bind(*id);
    }
    let error = query.execute(pool).await.unwrap_err();
    let error = error.into_database_error()?;
    error.constraint().map(str::to_owned)
}

#[sqlx::test(migrator = "longshore_store::MIGRATOR")]
async fn migrating_again_changes_nothing(pool: PgPool) {
    longshore_store::migrate(&pool).await.unwrap();
    let (one, two) = tokio::join!(
        longshore_store::migrate(&pool),
        longshore_store::migrate(&pool)
    );
    one.and(two).unwrap();
}

#[sqlx::test(migrator = "longshore_store::MIGRATOR")]
async fn a_broken_uniqueness_is_a_typed_conflict(pool: PgPool) {
    let team = team(&pool).await;
    project(&pool, team, "Shop").await.unwrap();
    let again = project(&pool, team, "SHOP").await;
    assert!(matches!(
        again,
        Err(StoreError::Conflict(Conflict::ProjectName))
    ));
}

#[sqlx::test(migrator = "longshore_store::MIGRATOR")]
async fn a_reference_across_teams_cannot_be_stored(pool: PgPool) {
    let (one, other) = (team(&pool).await, team(&pool).await);
    let project = project(&pool, one, "Shop").await.unwrap();
    let environment = Uuid::now_v7();
    let insert = "INSERT INTO environments (id, team_id, project_id, name)
                  VALUES ($1, $2, $3, 'production')";
    let constraint = broken(&pool, insert, &[environment, other.0, project.0]).await;
    assert_eq!(
        constraint.as_deref(),
        Some("environments_team_id_project_id_fkey")
    );
    let mut connection = pool.acquire().await.unwrap();
    let name = "production".parse().unwrap();
    let missing =
        environments::insert(&mut connection, environment.into(), other, project, &name).await;
    assert!(matches!(missing, Err(StoreError::Missing)));
    environments::insert(&mut connection, environment.into(), one, project, &name)
        .await
        .unwrap();
    let service = Uuid::now_v7();
    let insert = "INSERT INTO services (id, team_id, environment_id, kind, name, source, build,
                                        run, git_access)
                  VALUES ($1, $2, $3, 'app', 'web', '{}', '{}', '{}', '{}')";
    let constraint = broken(&pool, insert, &[service, other.0, environment]).await;
    assert_eq!(
        constraint.as_deref(),
        Some("services_team_id_environment_id_fkey")
    );
    sqlx::query(insert)
        .bind(service)
        .bind(one.0)
        .bind(environment)
        .execute(&pool)
        .await
        .unwrap();
    for (insert, constraint) in [
        (
            "INSERT INTO domains (id, team_id, service_id, host, path_prefix, tls)
             VALUES ($1, $2, $3, 'h', '/', 'none')",
            "domains_team_id_service_id_fkey",
        ),
        (
            "INSERT INTO hooks (id, team_id, service_id, secret) VALUES ($1, $2, $3, '')",
            "hooks_team_id_service_id_fkey",
        ),
        (
            "INSERT INTO deployments (id, team_id, service_id, number, status, cause,
                                      specification, variables)
             VALUES ($1, $2, $3, 1, 'queued', '{}', '{}', '')",
            "deployments_team_id_service_id_fkey",
        ),
    ] {
        let found = broken(&pool, insert, &[Uuid::now_v7(), other.0, service]).await;
        assert_eq!(found.as_deref(), Some(constraint));
    }
}

#[sqlx::test(migrator = "longshore_store::MIGRATOR")]
async fn of_a_service_one_waits_one_works_and_one_is_live(pool: PgPool) {
    let team = team(&pool).await;
    let project = project(&pool, team, "Shop").await.unwrap();
    let (environment, service) = (Uuid::now_v7(), Uuid::now_v7());
    let mut connection = pool.acquire().await.unwrap();
    let name = "production".parse().unwrap();
    environments::insert(&mut connection, environment.into(), team, project, &name)
        .await
        .unwrap();
    drop(connection);
    sqlx::query(
        "INSERT INTO services (id, team_id, environment_id, kind, name, source, build, run,
                               git_access)
         VALUES ($1, $2, $3, 'app', 'web', '{}', '{}', '{}', '{}')",
    )
    .bind(service)
    .bind(team.0)
    .bind(environment)
    .execute(&pool)
    .await
    .unwrap();
    let mut number = 0;
    for (first, second, constraint) in [
        ("queued", "queued", "deployments_one_queued_key"),
        ("fetching", "switching", "deployments_one_running_key"),
        ("live", "live", "deployments_one_live_key"),
    ] {
        let mut add = async |status: &'static str| {
            number += 1;
            sqlx::query(
                "INSERT INTO deployments (id, team_id, service_id, number, status, cause,
                                          specification, variables)
                 VALUES ($1, $2, $3, $4, $5, '{}', '{}', '')",
            )
            .bind(Uuid::now_v7())
            .bind(team.0)
            .bind(service)
            .bind(number)
            .bind(status)
            .execute(&pool)
            .await
        };
        add(first).await.unwrap();
        let error = add(second).await.unwrap_err();
        let error = error.into_database_error().unwrap();
        assert_eq!(error.constraint(), Some(constraint));
    }
}
