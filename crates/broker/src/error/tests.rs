use super::*;

#[test]
fn a_commit_for_a_topic_that_is_gone_is_not_made_again() {
    assert!(ErrorCode::UnknownTopic.retryable(), "a topic may still be created");
    assert!(!ErrorCode::UnknownTopic.commit_retryable());
    for code in [ErrorCode::Unreachable, ErrorCode::Timeout, ErrorCode::Rebalancing, ErrorCode::QueueFull] {
        assert!(code.commit_retryable(), "{code:?}");
    }
    for code in [ErrorCode::Fenced, ErrorCode::MetadataTooLarge, ErrorCode::Closed, ErrorCode::Other] {
        assert!(!code.commit_retryable(), "{code:?}");
    }
}
