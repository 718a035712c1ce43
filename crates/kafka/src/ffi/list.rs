//! Lists of partitions.

use std::{
    ffi::{CStr, CString, c_void},
    ptr, slice,
};

use rdkafka_sys as sys;

/// A list of partitions that we made.
#[derive(Debug)]
pub(crate) struct PartitionList(*mut sys::rd_kafka_topic_partition_list_t);

// SAFETY: plain memory, owned.
unsafe impl Send for PartitionList {}

/// What one element of a list says.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Entry<'a> {
    pub(crate) topic: &'a str,
    pub(crate) partition: i32,
    pub(crate) offset: i64,
    pub(crate) metadata: &'a [u8],
    pub(crate) error: i32,
    /// The number given with the element; librdkafka carries it through a commit.
    pub(crate) tag: usize,
}

impl PartitionList {
    pub(crate) fn new() -> Self {
        // SAFETY: no precondition.
        Self(unsafe { sys::rd_kafka_topic_partition_list_new(0) })
    }

    /// Appends a partition. A name with a zero byte cannot be a topic's, and is left out.
    pub(crate) fn add(&mut self, topic: &str, partition: i32) -> Option<ElementMut<'_>> {
        let topic = CString::new(topic).ok()?;
        // SAFETY: the list is live; the name is copied.
        let raw = unsafe { sys::rd_kafka_topic_partition_list_add(self.0, topic.as_ptr(), partition) };
        // SAFETY: the element lives in the list, which stays borrowed.
        unsafe { raw.as_mut() }.map(ElementMut)
    }

    pub(crate) fn raw(&self) -> *mut sys::rd_kafka_topic_partition_list_t {
        self.0
    }

    pub(crate) fn is_empty(&self) -> bool {
        // SAFETY: the list is live.
        unsafe { (*self.0).cnt == 0 }
    }
}

impl Drop for PartitionList {
    fn drop(&mut self) {
        // SAFETY: owned.
        unsafe { sys::rd_kafka_topic_partition_list_destroy(self.0) };
    }
}

/// An element just appended.
pub(crate) struct ElementMut<'a>(&'a mut sys::rd_kafka_topic_partition_t);

impl ElementMut<'_> {
    pub(crate) fn offset(&mut self, offset: i64) -> &mut Self {
        self.0.offset = offset;
        self
    }

    pub(crate) fn tag(&mut self, tag: usize) -> &mut Self {
        self.0.opaque = tag as *mut c_void;
        self
    }

    /// Sets the metadata of a fresh element; a second time would leak the first.
    pub(crate) fn metadata(&mut self, metadata: &str) {
        if metadata.is_empty() || !self.0.metadata.is_null() {
            return;
        }
        // SAFETY: librdkafka's allocator, because the list frees it; the copy stays within what was allocated.
        unsafe {
            let memory = sys::rd_kafka_mem_malloc(ptr::null_mut(), metadata.len());
            if !memory.is_null() {
                ptr::copy_nonoverlapping(metadata.as_ptr(), memory.cast::<u8>(), metadata.len());
                self.0.metadata = memory;
                self.0.metadata_size = metadata.len();
            }
        }
    }
}

/// What the elements of a list say; none for null.
///
/// # Safety
///
/// `list` is null, or lives and stays unchanged as long as the entries are used.
pub(super) unsafe fn entries<'a>(list: *const sys::rd_kafka_topic_partition_list_t) -> Vec<Entry<'a>> {
    // SAFETY: by the caller's word.
    let Some(list) = (unsafe { list.as_ref() }) else { return Vec::new() };
    // SAFETY: `elems` holds `cnt` elements.
    (0..list.cnt as usize).filter_map(|index| unsafe { entry(list.elems.add(index)) }).collect()
}

/// Reads one element through its address: a reference would claim that its error code is one of those that the
/// bindings know, and brokers may answer with newer ones.
pub(super) unsafe fn entry<'a>(raw: *const sys::rd_kafka_topic_partition_t) -> Option<Entry<'a>> {
    // SAFETY: a live element by the caller's word; topic names are terminated, metadata is as long as said.
    unsafe {
        let topic = CStr::from_ptr((*raw).topic).to_str().ok()?;
        let metadata: &[u8] = if (*raw).metadata.is_null() {
            &[]
        } else {
            slice::from_raw_parts((*raw).metadata.cast::<u8>(), (*raw).metadata_size)
        };
        Some(Entry {
            topic,
            partition: (*raw).partition,
            offset: (*raw).offset,
            metadata,
            error: ptr::addr_of!((*raw).err).cast::<i32>().read(),
            tag: (*raw).opaque as usize,
        })
    }
}
