//! What is remembered of keys without records.

/// Virtual times of keys without records: direct-mapped, a newer key replaces an older one in its place.
#[derive(Debug)]
pub struct Memory {
    pub entries: Box<[(u64, u64)]>,
}

impl Memory {
    pub fn new(keys: usize) -> Self {
        Self { entries: vec![(0, 0); keys.max(1).next_power_of_two()].into_boxed_slice() }
    }

    fn place(&self, hash: u64) -> usize {
        hash as usize & (self.entries.len() - 1)
    }

    pub fn recall(&self, hash: u64) -> u64 {
        let (kept, virtual_time) = self.entries[self.place(hash)];
        if kept == hash { virtual_time } else { 0 }
    }

    pub fn keep(&mut self, hash: u64, virtual_time: u64) {
        let place = self.place(hash);
        self.entries[place] = (hash, virtual_time);
    }
}
