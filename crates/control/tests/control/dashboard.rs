//! The dashboard's own domain.

use longshore_control::*;
use sqlx::PgPool;

use crate::world::{World, keyring, settings};

fn draft(host: &str) -> DashboardDomainDraft {
    DashboardDomainDraft {
        host: host.to_owned(),
        tls: "acme".to_owned(),
        ..DashboardDomainDraft::default()
    }
}

#[sqlx::test(migrator = "longshore_store::MIGRATOR")]
async fn a_dashboard_that_only_this_machine_reaches_gets_no_way(pool: PgPool) {
    let world = World::new(pool.clone()).await;
    let mut owner = world.owner.clone();
    let refused = world
        .control
        .set_dashboard_domain(&owner, draft("a.example.net"));
    assert!(matches!(refused.await, Err(ControlError::NotFound)));
    owner.administrator = true;
    let given = world
        .control
        .set_dashboard_domain(&owner, draft("a.example.net"));
    given.await.unwrap();
    let state = world.control.desired_state().await.unwrap();
    assert!(state.dashboard.is_some());

    // The same installation, which then listens for this machine alone.
    let files = tempfile::tempdir().unwrap();
    let local = ControlSettings {
        listen: "127.0.0.1:3000".parse().unwrap(),
        ..settings(&files)
    };
    let control = Control::new(pool, keyring(1), local);
    let refused = control.set_dashboard_domain(&owner, draft("b.example.net"));
    assert!(matches!(refused.await, Err(ControlError::Refused { .. })));
    let state = control.desired_state().await.unwrap();
    assert_eq!(state.dashboard, None);
    control.remove_dashboard_domain(&owner).await.unwrap();
    let gone = control.remove_dashboard_domain(&owner).await;
    assert!(matches!(gone, Err(ControlError::NotFound)));
}
