//! The fleet as those who are live.

use std::collections::BTreeMap;
use std::sync::Arc;

use tidegate::model::Key;
use tidegate::value::Value;
use tidegate::wire::{IsolatedAt, NackedAt};
use tokio::sync::watch;

use super::count::Instance;
use super::counter::Instances;
use crate::fleet::{Fleet, Member};

impl Instance for Member {
    fn count(&self) -> u64 {
        self.count
    }

    fn process(&self) -> &BTreeMap<String, Value> {
        &self.process
    }

    fn version(&self) -> u64 {
        self.version
    }

    fn nacked(&self) -> &[NackedAt] {
        &self.nacked
    }

    fn isolated(&self) -> &[IsolatedAt] {
        &self.isolated
    }
}

impl Instances for Fleet {
    fn live(&self, environment: &Key) -> Vec<Arc<dyn Instance>> {
        Self::live(self, environment).into_iter().map(|member| member as Arc<dyn Instance>).collect()
    }

    fn changed(&self) -> watch::Receiver<u64> {
        Self::changed(self)
    }

    fn is_settled(&self) -> bool {
        self.settled()
    }
}
