//! migrations/*.sql, compiled in, applied at start. A landed one is never edited: SQLx compares their checksums.

use sqlx::{
    AssertSqlSafe, SqlSafeStr,
    migrate::{Migration, MigrationType, Migrator},
};

const ALL: [(i64, &str, &str); 11] = [
    (1, "spine", include_str!("../../migrations/0001_spine.sql")),
    (2, "bodies", include_str!("../../migrations/0002_bodies.sql")),
    (3, "incidents", include_str!("../../migrations/0003_incidents.sql")),
    (4, "after", include_str!("../../migrations/0004_after.sql")),
    (5, "lateness", include_str!("../../migrations/0005_lateness.sql")),
    (6, "rows", include_str!("../../migrations/0006_rows.sql")),
    (7, "files", include_str!("../../migrations/0007_files.sql")),
    (8, "moved", include_str!("../../migrations/0008_moved.sql")),
    (9, "messages", include_str!("../../migrations/0009_messages.sql")),
    (10, "outcome", include_str!("../../migrations/0010_outcome.sql")),
    (11, "doors", include_str!("../../migrations/0011_doors.sql")),
];

/// Every migration this program knows.
pub(super) fn migrator() -> Migrator {
    let migrations = ALL.map(|(version, name, text)| {
        Migration::new(version, name.into(), MigrationType::Simple, AssertSqlSafe(text).into_sql_str(), false)
    });
    Migrator::with_migrations(migrations.into())
}
