//! What statements left in a program, list by list, and how long its lists were.

use program::{Binding, Call, Function, Import, Program, Scope, Uncalled, Unresolved, Value};

/// The lists of a program that grow while it is lowered, each said once.
macro_rules! lists {
    ($($list:ident: $item:ty),* $(,)?) => {
        /// How much of a program there was.
        #[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
        pub(super) struct Lengths {
            $(pub(super) $list: usize,)*
        }

        impl Lengths {
            pub(super) fn of(program: &Program) -> Self {
                Self { $($list: program.$list.len(),)* }
            }

            /// What these are where what was as long as `before` is as long as `now`.
            pub(super) fn moved(self, before: Self, now: Self) -> Self {
                Self { $($list: self.$list - before.$list + now.$list,)* }
            }
        }

        /// What statements left in a program.
        #[derive(Debug)]
        pub(super) struct Contents {
            $(pub(super) $list: Vec<$item>,)*
        }

        impl Contents {
            pub(super) fn of(program: &Program) -> Self {
                Self { $($list: program.$list.clone(),)* }
            }

            pub(super) fn taken(program: &mut Program) -> Self {
                Self { $($list: std::mem::take(&mut program.$list),)* }
            }

            /// Adds all of it to a program.
            pub(super) fn append_to(mut self, program: &mut Program) {
                $(program.$list.append(&mut self.$list);)*
            }

            pub(super) fn truncate(&mut self, to: Lengths) {
                $(self.$list.truncate(to.$list);)*
            }

            /// Takes away what came later. None where there is less than that.
            pub(super) fn split_off(&mut self, at: Lengths) -> Option<Self> {
                let whole = true $(&& at.$list <= self.$list.len())*;
                whole.then(|| Self { $($list: self.$list.split_off(at.$list),)* })
            }
        }
    };
}

lists! {
    values: Value,
    calls: Call,
    bindings: Binding,
    functions: Function,
    scopes: Scope,
    imports: Import,
    unresolved: Unresolved,
    uncalled: Uncalled,
}
