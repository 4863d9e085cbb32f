//! What statements of many rows share: placeholders, and texts made for a number of values.

use sqlx::query::Query;
use sqlx::{Any, AssertSqlSafe};

/// Rows or values in one statement. More are slower: SQLite looks each placeholder up among all earlier ones.
pub(super) const PER_STATEMENT: usize = 50;

/// A statement whose text holds placeholders only. Kept prepared only where its text does not depend on the number of rows.
pub(super) fn bulk_query<'q>(
    statement: String,
    is_kept: bool,
) -> Query<'q, Any, sqlx::any::AnyArguments> {
    sqlx::query(AssertSqlSafe(statement)).persistent(is_kept)
}

/// `($1, $2), ($3, $4)` for two rows of two columns.
pub(super) fn placeholders(rows: usize, columns: usize) -> String {
    let row = |row: usize| {
        let values = (1..=columns).map(|column| format!("${}", row * columns + column));
        format!("({})", values.collect::<Vec<_>>().join(", "))
    };
    (0..rows).map(row).collect::<Vec<_>>().join(", ")
}

/// `$3, $4` for two values from the third on.
pub(super) fn list_from(first: usize, values: usize) -> String {
    (first..first + values).map(|index| format!("${index}")).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    #[test]
    fn placeholders_are_numbered_through() {
        assert_eq!(super::placeholders(2, 2), "($1, $2), ($3, $4)");
        assert_eq!(super::list_from(3, 2), "$3, $4");
    }
}
