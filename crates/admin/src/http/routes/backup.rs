//! Backups of a SQLite store, while it is in use.

use axum::body::Body;
use axum::http::header;
use axum::response::IntoResponse as _;
use tidegate::release::Permission::Administer;
use tokio_util::io::ReaderStream;

use crate::domain::{Code, Problem};
use crate::http::operation::Access::May;
use crate::http::operation::{Operation, get};
use crate::http::view::Nothing;
use crate::store::Dialect;

const MEDIA: &str = "application/vnd.sqlite3";

pub(super) fn operations() -> Vec<Operation> {
    vec![
        get("/backup", "backup", May(Administer), "A copy of a SQLite store, as of one moment, while the server runs")
            .about("The key file is not in it: back it up as well. A PostgreSQL store is backed up by `pg_dump`; then this is a 409.")
            .stream::<Nothing, _, _>(MEDIA, |ask, _, _| async move {
                if ask.app.store.dialect() != Dialect::Sqlite {
                    return Err(Problem::new(Code::WrongState, "the store is a PostgreSQL database")
                        .hint("back it up with `pg_dump --format=custom`"));
                }
                // Nobody but this process can open it, and it is gone with this answer, however that ends.
                let place = tempfile::NamedTempFile::new().map_err(|e| failed(&e))?;
                ask.app.store.backup(place.path()).await.map_err(|e| e.problem())?;
                let file = tokio::fs::File::open(place.path()).await.map_err(|e| failed(&e))?;
                drop(place);
                let headers = [
                    (header::CONTENT_TYPE, MEDIA),
                    (header::CONTENT_DISPOSITION, "attachment; filename=\"tidegate.db\""),
                ];
                Ok((headers, Body::from_stream(ReaderStream::new(file))).into_response())
            }),
    ]
}

fn failed(error: &std::io::Error) -> Problem {
    tracing::error!(%error, "a backup cannot be written to the directory of temporary files");
    Problem::new(Code::Unavailable, "the backup cannot be written now").hint("the server's log says why")
}
