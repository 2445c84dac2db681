//! What apps keep and what they come from: databases, volumes, files, uploaded archives.

mod databases;
mod storage;
mod upload;
