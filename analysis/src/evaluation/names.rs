//! Names of all files, each once.

use std::rc::Rc;

use rustc_hash::FxHashMap;

/// A name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) struct Symbol(u32);

/// Names by symbol and symbols by name.
#[derive(Debug, Default)]
pub(super) struct Names {
    symbols: FxHashMap<Rc<str>, Symbol>,
    texts: Vec<Rc<str>>,
}

impl Names {
    pub(super) fn symbol(&mut self, text: &str) -> Symbol {
        if let Some(&symbol) = self.symbols.get(text) {
            return symbol;
        }
        let symbol = Symbol(self.texts.len() as u32);
        let text: Rc<str> = text.into();
        self.texts.push(Rc::clone(&text));
        self.symbols.insert(text, symbol);
        symbol
    }

    pub(super) fn known(&self, text: &str) -> Option<Symbol> {
        self.symbols.get(text).copied()
    }

    pub(super) fn text(&self, symbol: Symbol) -> Rc<str> {
        self.texts.get(symbol.0 as usize).map_or_else(|| Rc::from(""), Rc::clone)
    }
}
