//! The keys of a map: the one place where their names and defaults stand, and what people write instead.

/// A map of the language.
pub struct Table {
    /// What the map is, for messages: `a rule`, `watch`.
    pub name: &'static str,
    pub keys: &'static [Key],
    /// Keys that belong elsewhere or are called otherwise, each with what to write.
    pub moved: &'static [(&'static str, &'static str)],
}

/// One key.
pub struct Key {
    pub name: &'static str,
    pub form: Form,
}

/// Whether a key must be there, and what holds when it is not.
#[derive(Clone, Copy)]
pub enum Form {
    Required,
    /// As it would stand in the file; left out, it is read as if it stood there.
    Default(&'static str),
    /// Left out means none, or what another place says.
    Optional,
    /// In the language, but not in this version: refused, with what to do.
    NotYet(&'static str),
}

impl Table {
    /// The key of this name.
    #[must_use]
    pub fn key(&self, name: &str) -> Option<&'static Key> {
        self.keys.iter().find(|key| key.name == name)
    }

    /// The keys of this version.
    pub fn built(&self) -> impl Iterator<Item = &'static Key> + use<> {
        self.keys.iter().filter(|key| !matches!(key.form, Form::NotYet(_)))
    }
}

/// A key that must be there.
#[must_use]
pub const fn required(name: &'static str) -> Key {
    Key { name, form: Form::Required }
}

/// A key with its default.
#[must_use]
pub const fn default(name: &'static str, value: &'static str) -> Key {
    Key { name, form: Form::Default(value) }
}

/// A key without which there is none.
#[must_use]
pub const fn optional(name: &'static str) -> Key {
    Key { name, form: Form::Optional }
}

/// A key of a later version.
#[must_use]
pub const fn not_yet(name: &'static str, way_out: &'static str) -> Key {
    Key { name, form: Form::NotYet(way_out) }
}
