//! Apps become live versions: from Git and images, configured, broken, cancelled, without a gap.

mod bad_input;
mod broken_deployments;
mod cancel;
mod gapless;
mod jobs;
mod long_log;
mod main_job;
mod no_dockerfile;
mod processes;
mod push_storm;
mod registry;
mod release_command;
mod variables;
mod watch_window;
