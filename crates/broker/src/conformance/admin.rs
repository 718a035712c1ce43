//! Topics as things to create and delete.

use super::{CALL, Harness};
use crate::{Admin, ErrorCode, TopicSpec};

/// Creating what is there and deleting what is not are told apart from success.
pub fn a_topic_is_created_once_and_deleted_once<H: Harness>(harness: &mut H) {
    let name = harness.unique("topic");
    let admin = harness.admin();
    let spec = TopicSpec { name: name.clone(), partitions: 3, replication_factor: 1 };
    let delete = |admin: &H::Admin| admin.delete_topic(&name, CALL).map_err(|error| error.code);
    assert_eq!(delete(&admin), Err(ErrorCode::UnknownTopic));
    assert_eq!(admin.create_topic(&spec, CALL), Ok(()));
    let again = admin.create_topic(&spec, CALL).map_err(|error| error.code);
    assert_eq!(again, Err(ErrorCode::TopicExists));
    assert_eq!(delete(&admin), Ok(()));
    super::until(harness, "the topic is gone", |_| delete(&admin) == Err(ErrorCode::UnknownTopic));
}

/// No partitions, or a name that no topic may have.
pub fn an_impossible_topic_is_refused<H: Harness>(harness: &mut H) {
    let name = harness.unique("topic");
    let admin = harness.admin();
    for (name, partitions) in [(name.as_str(), 0), ("a/b", 1), ("", 1), ("..", 1)] {
        let spec = TopicSpec { name: name.to_owned(), partitions, replication_factor: 1 };
        let refused = admin.create_topic(&spec, CALL).map_err(|error| error.code);
        assert_eq!(refused, Err(ErrorCode::Invalid), "{spec:?}");
    }
}
