//! Git: mirrors, checkouts and questions to repositories.
