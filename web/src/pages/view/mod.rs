//! The pages as plain data: one struct per template, with fields ready to print.
//!
//! Nothing here knows a request or the database; handlers fill the structs from what the
//! use cases answer, and `web/tests/pages.rs` renders a sample of each.

mod account;
mod app_form;
mod certificates;
mod dashboard;
mod database;
mod deployment;
mod domain;
mod domain_options;
mod error_page;
mod field_errors;
mod gate;
mod icon;
mod jobs;
mod log;
mod page;
mod project;
mod projects;
mod registries;
mod roll_back;
mod run_form;
mod server;
mod service;
mod stack;
mod status;
mod storage;
mod terminal;
mod timings;
mod tunnel;
mod variables;
mod webhook;
pub mod when;

pub use account::{AccountPage, SessionRow, TokenRow};
pub use app_form::{NewAppPage, SourceForm};
pub use certificates::{
    CertificateForm, CertificateRow, CertificateStatusView, CertificatesPage, HistoryRow,
    ProviderRow,
};
pub use dashboard::{DashboardAddress, DashboardForm, PresentAddress, ProtectionChoice};
pub use database::{
    ConnectionPage, DatabaseForm, DatabasePage, EngineChoice, NewDatabasePage, OptionChoice,
};
pub use deployment::{DeploymentPage, DeploymentRow, FailureNotice, Relative, Step, sentence};
pub use domain::{CertificateChoice, DomainForm, DomainPage, DomainRow, DomainsPage, OtherService};
pub use domain_options::{DomainOptionsForm, RedirectRow, UserRow};
pub use error_page::ErrorPage;
pub use field_errors::FieldErrors;
pub use gate::{LoginPage, SetupPage};
pub use icon::Icon;
pub use jobs::{JobRow, JobsPage};
pub use log::{LogRow, LogView};
pub use page::{Crumb, Flash, FlashTone, Page, Person, Theme};
pub use project::{
    EnvironmentTab, EnvironmentVariablesPage, ProjectHead, ProjectSettingsPage,
    ProjectVariablesPage, ServiceCard, ServicesPage,
};
pub use projects::{EnvironmentLine, LastDeployment, NewProjectPage, ProjectTile, ProjectsPage};
pub use registries::{RegistriesPage, RegistryForm, RegistryPage, RegistryRow};
pub use roll_back::RollBackPage;
pub use run_form::{RunForm, RunPage, Verdict, cores};
pub use server::{DifferenceNotice, Gauge, Part, ServerPage};
pub use service::{
    Address, ComponentLink, DangerPage, DeploymentsPage, LogsPage, OverviewPage, ServiceHead,
    SourcePage, Tab, VariablesPage,
};
pub use stack::{ComponentRow, ComponentsPage, NewStackPage, StackForm, StackPage};
pub use status::Status;
pub use storage::{
    FileRow, KeptRow, MountRow, ServiceStoragePage, StorageForm, StoragePage, StorageRow, VolumeRow,
};
pub use terminal::{ContainerChoice, TerminalPage};
pub use timings::{Bar, Timings};
pub use tunnel::NewTunnelPage;
pub use variables::{ChangeList, Pair, VariablesForm};
pub use webhook::{DeliveryRow, WebhookPage};
pub use when::When;
