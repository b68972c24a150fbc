//! Which SDK keys are good: those of the world, as it is when one comes.

use std::sync::Arc;

use async_trait::async_trait;
use tidegate::model::Key;
use tidegate_delivery::{Admission, Keys, Refused};

use crate::auth::Used;
use crate::domain::command::sdk_key;
use crate::writer::Writer;

/// Looks SDK keys up in the present world, so that a key ends with its revocation.
pub(crate) struct Doorkeeper {
    writer: Writer,
    used: Arc<Used>,
}

impl Doorkeeper {
    pub(crate) fn new(writer: Writer, used: Arc<Used>) -> Self {
        Self { writer, used }
    }
}

#[async_trait]
impl Keys for Doorkeeper {
    async fn admit(&self, sdk_key: &str) -> Result<Admission, Refused> {
        let world = self.writer.world();
        let (id, environment) = sdk_key::admit(&world, sdk_key).ok_or(Refused::Unknown)?;
        self.used.note(id, self.writer.now().wall);
        Ok(Admission { environment: Key::clone(environment), key_id: id.to_string() })
    }
}
