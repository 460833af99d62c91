//! Objects of libraries around Spark.

use std::sync::Arc;

use program::{Confidence, Expression, Origin, UnresolvedReason};
use spark::{Library, LibraryMember};

use super::Lowering;
use super::environment::{Lowered, Meaning};

impl Lowering<'_> {
    /// What a member of a library's object means; `text` is the receiver as written.
    pub(super) fn library_member(&mut self, library: Library, name: &str, text: &str) -> Lowered {
        self.library_value(spark::library_member(library, name), text)
    }

    pub(super) fn library_value(&mut self, member: LibraryMember, text: &str) -> Lowered {
        let meaning = match member {
            LibraryMember::Spark(kind) => {
                let origin = Origin::Ambient(text.to_owned());
                return Lowered::spark(self.value(kind, Confidence::Declared, origin, None));
            }
            LibraryMember::Object(library) => Meaning::Library(library),
            LibraryMember::Local => Meaning::Local(Arc::new(Expression::Unknown)),
        };
        Lowered { meaning, expression: Expression::Unknown, call: None }
    }

    /// A name that notebooks define, other than a session.
    pub(super) fn ambient_library(&self, name: &str) -> Option<Lowered> {
        (name == "dbutils" && self.program.uses_spark).then(|| Lowered {
            meaning: Meaning::Library(Library::Dbutils),
            ..Lowered::unknown(UnresolvedReason::Other)
        })
    }
}
