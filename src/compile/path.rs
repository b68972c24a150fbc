//! Where in the document we are; written out only for a diagnostic.

use crate::error::push_step;

/// A JSON pointer in the making.
#[derive(Clone, Copy, Debug)]
pub(super) enum Path<'p> {
    Root,
    /// A pointer that is written already.
    Text(&'p str),
    Name(&'p Self, &'p str),
    Index(&'p Self, usize),
}

impl<'p> Path<'p> {
    pub(super) fn name(&'p self, name: &'p str) -> Self {
        Self::Name(self, name)
    }

    pub(super) fn index(&'p self, index: usize) -> Self {
        Self::Index(self, index)
    }

    pub(super) fn pointer(&self) -> String {
        let mut out = String::new();
        self.write(&mut out);
        out
    }

    fn write(&self, out: &mut String) {
        match self {
            Self::Root => {}
            Self::Text(pointer) => out.push_str(pointer),
            Self::Name(parent, name) => {
                parent.write(out);
                push_step(out, name);
            }
            Self::Index(parent, index) => {
                parent.write(out);
                push_step(out, &index.to_string());
            }
        }
    }
}
