//! minijinja, pure: paths that cannot leave their root, and conditions that are true or false.

use std::sync::Arc;

/// A compiled path template; `Clone` is cheap.
#[derive(Debug, Clone)]
pub struct PathTemplate(Arc<str>);

/// A compiled condition.
#[derive(Debug, Clone)]
pub struct Condition(Arc<str>);
