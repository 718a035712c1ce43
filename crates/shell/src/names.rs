//! Small numbers for partitions.

use std::collections::HashMap;

use prosody_model::{PartitionIndex, TopicPartition};

/// Gives each partition the number under which the engine and the bridge know it.
///
/// Bound: the partitions ever assigned to this process; an entry stays, so that a late call of an earlier
/// assignment, or of an earlier membership, still blocks its key.
#[derive(Debug, Default)]
pub struct Names {
    indices: HashMap<TopicPartition, PartitionIndex>,
    names: Vec<TopicPartition>,
}

impl Names {
    /// The number of `name`, and whether it is new.
    pub fn intern(&mut self, name: &TopicPartition) -> (PartitionIndex, bool) {
        if let Some(&index) = self.indices.get(name) {
            return (index, false);
        }
        let index = PartitionIndex(self.names.len() as u32);
        self.names.push(name.clone());
        self.indices.insert(name.clone(), index);
        (index, true)
    }

    pub fn get(&self, index: PartitionIndex) -> Option<&TopicPartition> {
        self.names.get(index.0 as usize)
    }
}
