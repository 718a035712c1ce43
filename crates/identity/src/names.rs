//! A first look: whether any pointer can lead anywhere in a text.
//!
//! Most messages of many topics have no id. Looking for its quoted name costs a tenth of reading the text as JSON.

use memchr::{memchr, memmem::Finder};

use crate::places::Place;

/// With more names than this one pass is as quick.
const MOST: usize = 3;

/// For each pointer a member name on its way, in quotes; `None` if there is one without.
#[derive(Clone, Debug)]
pub struct Names(Option<Vec<Finder<'static>>>);

impl Names {
    pub fn new<'a>(places: impl Iterator<Item = &'a Place>) -> Self {
        let pointers = places.filter_map(|place| match place {
            Place::Pointer(segments) => Some(segments),
            Place::Header(_) => None,
        });
        // What may be the index of an element is in no text as a name.
        let index = |segment: &str| segment == "-" || segment.bytes().all(|byte| byte.is_ascii_digit());
        let name = |segments: &Vec<String>| segments.iter().rfind(|segment| !index(segment)).cloned();
        let finders = pointers
            .map(|segments| Some(Finder::new(format!("\"{}\"", name(segments)?).as_bytes()).into_owned()));
        let finders: Option<Vec<_>> = finders.collect();
        Self(finders.filter(|finders| finders.len() <= MOST))
    }

    /// `false` is sure: none of the names is in the text, and no name is written with escapes.
    pub fn may_be_in(&self, text: &[u8]) -> bool {
        let Some(finders) = &self.0 else { return true };
        finders.iter().any(|finder| finder.find(text).is_some()) || memchr(b'\\', text).is_some()
    }
}
