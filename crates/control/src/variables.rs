//! Variables of services, environments and projects.

mod dotenv;

pub use dotenv::parse_dotenv;
