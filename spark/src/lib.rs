//! What is known of Apache Spark itself, as data: the API of both languages side by side, configuration keys, version
//! gates and thresholds. This crate knows no program and no run; it depends on none of ours.

mod api;
mod classes;
mod functions;
mod libraries;
mod size;
mod thresholds;
mod types;

pub use api::{Api, Method, api};
pub use classes::{CLASS_TABLE, class_at_path, class_named};
pub use functions::{Function, FunctionClass, Functions, functions, is_function_module};
pub use libraries::{Library, LibraryMember, library_call, library_class, library_member};
pub use size::parse_bytes;
pub use thresholds::Thresholds;
pub use types::{Effect, Language, Outcome, Type};
