//! The same test on each database.

/// Writes a test for each database.
macro_rules! both {
    ($($(#[$meta:meta])* async fn $name:ident($place:ident) $body:block)*) => {
        mod sqlite {
            $(
                $(#[$meta])*
                #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
                async fn $name() {
                    let Some($place) = crate::places::sqlite().await else { return };
                    super::bodies::$name(&$place).await;
                }
            )*
        }
        mod postgres {
            $(
                $(#[$meta])*
                #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
                async fn $name() {
                    let Some($place) = crate::places::postgres().await else { return };
                    super::bodies::$name(&$place).await;
                }
            )*
        }
        mod bodies {
            use super::*;
            $(pub(super) async fn $name($place: &crate::places::Place) $body)*
        }
    };
}
pub(crate) use both;
