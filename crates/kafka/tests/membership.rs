//! The life of a membership: how it ends, what it outlives, and who is woken for what time brings.
#![allow(clippy::unwrap_used, clippy::expect_used)]

#[path = "support/mock.rs"]
mod mock;

use std::time::{Duration, Instant};

use mock::{LEAVE_GROUP, MockCluster};
use prosody_broker::Consumer;

#[test]
fn a_short_close_still_leaves_the_group() {
    let cluster = MockCluster::new();
    cluster.create_topic("t", 2);
    cluster.count_requests();
    for (round, given) in [400, 200, 0].map(Duration::from_millis).into_iter().enumerate() {
        let mut member = cluster.member("t");
        member.hold(2);
        let start = Instant::now();
        member.consumer.close(given);
        assert!(start.elapsed() < given + Duration::from_millis(300), "{given:?}: {:?}", start.elapsed());
        assert_eq!(cluster.requests(LEAVE_GROUP), round + 1, "closed within {given:?}");
    }
}
