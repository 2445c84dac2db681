//! Parts are killed and disks are full: what is promised of deployments, stacks and data holds.

mod databases;
mod deployments;
mod docker;
mod stacks;
mod uploads;
