use longshore_agent_api::{DesiredService, DesiredState};
use longshore_domain::{DeploymentId, EnvironmentId, ServiceId};

use super::{Known, unwanted};
use crate::jobs::JobRecord;
use crate::machine::Owned;

struct World {
    service: ServiceId,
    environment: EnvironmentId,
    desired: DesiredState,
    unfinished: Vec<JobRecord>,
    recently_live: Option<i32>,
    draining: Option<i32>,
}

impl World {
    fn with_live_number(live_number: i32) -> Self {
        let (service, environment) = (ServiceId::generate(), EnvironmentId::generate());
        Self {
            service,
            environment,
            desired: DesiredState {
                environments: vec![environment],
                uploads: None,
                services: vec![DesiredService {
                    service,
                    live_number: Some(live_number),
                    replicas: 1,
                    active_numbers: Vec::new(),
                    routes: Vec::new(),
                    kept_numbers: vec![1],
                }],
                stacks: None,
                repositories: None,
                dashboard: None,
            },
            unfinished: Vec::new(),
            recently_live: None,
            draining: None,
        }
    }

    fn add_job(&mut self, number: i32) {
        self.unfinished.push(JobRecord {
            deployment: DeploymentId::generate(),
            number,
            service: self.service,
            environment: self.environment,
            fingerprint: String::new(),
        });
    }

    fn removed(&self, owned: &[Owned]) -> Vec<Owned> {
        let known = Known {
            desired: &self.desired,
            unfinished: self.unfinished.clone(),
            recently_live: &|_| self.recently_live,
            drains: &|_, number| self.draining == Some(number),
        };
        unwanted(owned, &known).into_iter().cloned().collect()
    }

    fn removed_versions(&self, numbers: &[i32]) -> Vec<i32> {
        let owned: Vec<Owned> = numbers
            .iter()
            .map(|number| Owned::Version {
                service: self.service,
                number: *number,
            })
            .collect();
        self.removed(&owned)
            .iter()
            .filter_map(|owned| match owned {
                Owned::Version { number, .. } => Some(*number),
                _ => None,
            })
            .collect()
    }
}

#[test]
fn only_the_live_version_stays() {
    let world = World::with_live_number(3);
    assert_eq!(world.removed_versions(&[1, 2, 3, 4]), [1, 2, 4]);
}

#[test]
fn a_job_keeps_its_version_and_those_before_it() {
    let mut world = World::with_live_number(3);
    world.add_job(4);
    assert_eq!(world.removed_versions(&[2, 3, 4, 5]), [5]);
}

#[test]
fn what_the_server_still_works_on_is_no_leftover() {
    let mut world = World::with_live_number(3);
    world.desired.services[0].active_numbers = vec![4];
    assert_eq!(world.removed_versions(&[3, 4, 5]), [5]);
}

#[test]
fn a_version_that_has_just_gone_live_stays_before_the_server_knows() {
    let mut world = World::with_live_number(3);
    world.recently_live = Some(4);
    assert_eq!(world.removed_versions(&[3, 4]), [] as [i32; 0]);
}

#[test]
fn a_draining_version_is_left_to_its_drain() {
    let mut world = World::with_live_number(3);
    world.draining = Some(2);
    assert_eq!(world.removed_versions(&[1, 2, 3]), [1]);
}

#[test]
fn images_that_are_kept_for_rollback_stay() {
    let world = World::with_live_number(3);
    let image = |number| Owned::Image {
        tag: format!("app:{number}"),
        service: world.service,
        number,
    };
    assert_eq!(world.removed(&[image(1), image(2), image(3)]), [image(2)]);
}

#[test]
fn routes_go_before_versions_and_networks_come_last() {
    let world = World::with_live_number(3);
    let gone = ServiceId::generate();
    let network = Owned::Network {
        environment: EnvironmentId::generate(),
    };
    let version = Owned::Version {
        service: gone,
        number: 3,
    };
    let routes = Owned::Routes { service: gone };
    let kept = Owned::Network {
        environment: world.environment,
    };
    let owned = [network.clone(), version.clone(), kept, routes.clone()];
    assert_eq!(world.removed(&owned), [routes, version, network]);
}
