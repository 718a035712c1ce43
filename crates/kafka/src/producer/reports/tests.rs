use super::*;

const SECOND: Duration = Duration::from_secs(1);

#[test]
fn a_refused_connection_is_the_cause_and_no_longer_wait_is_advised() {
    for code in [ErrorCode::Token, ErrorCode::Tls, ErrorCode::Authentication] {
        let error = overdue("t", SECOND, Some(&BrokerError::new(code, "the broker refuses: correct it")));
        assert_eq!(error.code, code);
        assert!(error.message.contains("the broker refuses: correct it"), "{error}");
        assert!(!error.message.contains("stored") && !error.message.contains("sendTimeoutMs"), "{error}");
    }
}

#[test]
fn any_other_trouble_leaves_it_open_what_became_of_the_record() {
    let down = BrokerError::new(ErrorCode::Unreachable, "no broker answers");
    for recent in [None, Some(&down)] {
        let error = overdue("t", SECOND, recent);
        assert_eq!(error.code, ErrorCode::Timeout);
        assert!(error.message.contains("it may have been stored: raise sendTimeoutMs"), "{error}");
        assert_eq!(error.message.contains("no broker answers"), recent.is_some());
    }
}
