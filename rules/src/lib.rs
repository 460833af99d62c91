//! One rule per file, and one list.

macro_rules! rules {
    ($($module:ident::$name:ident),* $(,)?) => {
        $(mod $module;)*

        /// Every rule, in the order of the rules table.
        pub static ALL: &[&analysis::Rule] = &[$(&$module::$name),*];
    };
}

rules! {}
