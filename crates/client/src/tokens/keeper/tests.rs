use super::*;

const SECOND: Duration = Duration::from_secs(1);

/// A keeper and the time.
struct Subject {
    keeper: Keeper,
    now: Now,
    needed: bool,
    due: Option<Mono>,
}

impl Subject {
    fn new() -> Self {
        let now = Now { mono: Mono::default(), wall_ms: 1_750_000_000_000 };
        Self { keeper: Keeper::new(0), now, needed: true, due: None }
    }

    fn pass(&mut self, time: Duration) {
        self.now =
            Now { mono: self.now.mono.after(time), wall_ms: self.now.wall_ms + time.as_millis() as i64 };
    }

    fn step(&mut self) -> Vec<Act> {
        let (acts, due) = self.keeper.step(self.now, self.needed);
        self.due = due;
        acts
    }

    fn due_in(&self) -> Option<Duration> {
        self.due.map(|due| due.since(self.now.mono))
    }

    fn wanted(&mut self) -> Vec<Act> {
        self.keeper.wanted();
        self.step()
    }

    fn token(&self, life: Duration) -> Token {
        let expires_at_ms = self.now.wall_ms + life.as_millis() as i64;
        Token { value: "t".into(), expires_at_ms, principal: String::new(), extensions: Vec::new() }
    }

    fn gives(&mut self, life: Duration) -> Vec<Act> {
        let token = self.token(life);
        self.keeper.came(Ok(token), self.now);
        self.step()
    }

    fn fails(&mut self) -> Vec<Act> {
        self.keeper.came(Err("no vault".into()), self.now);
        self.step()
    }
}

fn kinds(acts: &[Act]) -> Vec<&'static str> {
    let kind = |act: &Act| match act {
        Act::Ask => "ask",
        Act::Give(_) => "give",
        Act::Refuse(_) => "refuse",
        Act::Tell(_) => "tell",
    };
    acts.iter().map(kind).collect()
}

#[test]
fn nothing_is_asked_before_somebody_wants_a_token_and_then_once() {
    let mut subject = Subject::new();
    subject.needed = false;
    assert!(subject.step().is_empty());
    assert_eq!(subject.due, None);
    subject.needed = true;
    assert_eq!(subject.wanted(), [Act::Ask]);
    assert!(subject.wanted().is_empty());
    assert_eq!(kinds(&subject.gives(60 * SECOND)), ["give"]);
    assert_eq!(subject.due_in(), Some(45 * SECOND));
    assert_eq!(kinds(&subject.wanted()), ["give"], "a later one gets what is there");
}

#[test]
fn a_token_is_replaced_at_three_quarters_of_its_life_while_anybody_needs_it() {
    let mut subject = Subject::new();
    subject.wanted();
    for _ in 0..20 {
        subject.gives(4 * SECOND);
        subject.pass(Duration::from_millis(2_999));
        assert!(subject.step().is_empty());
        subject.pass(Duration::from_millis(1));
        assert_eq!(subject.step(), [Act::Ask]);
    }
    subject.gives(4 * SECOND);
    subject.needed = false;
    subject.pass(60 * SECOND);
    assert!(subject.step().is_empty());
    assert_eq!(subject.due, None);
    subject.needed = true;
    assert_eq!(subject.wanted(), [Act::Ask], "an old token is given to nobody");
}

#[test]
fn a_failure_is_told_once_and_asked_again_with_growing_waits() {
    let mut subject = Subject::new();
    subject.wanted();
    assert_eq!(kinds(&subject.fails()), ["refuse", "tell"]);
    let mut waits = Vec::new();
    for _ in 0..5 {
        let wait = subject.due_in().unwrap_or_default();
        waits.push(wait.as_millis());
        assert_eq!(kinds(&subject.wanted()), ["refuse"], "who comes meanwhile is told why");
        subject.pass(wait);
        assert_eq!(subject.step(), [Act::Ask]);
        assert_eq!(kinds(&subject.fails()), ["refuse"]);
    }
    assert_eq!(waits, [500, 1_000, 2_000, 4_000, 8_000]);
    subject.pass(16 * SECOND);
    subject.step();
    assert_eq!(kinds(&subject.fails()), ["refuse", "tell"], "half a minute is over");
    assert_eq!(subject.due_in(), Some(30 * SECOND));
}

#[test]
fn what_is_told_names_the_cause_and_the_option() {
    let mut subject = Subject::new();
    subject.wanted();
    let acts = subject.fails();
    let Some(Act::Tell(error)) = acts.last() else { unreachable!("{acts:?}") };
    assert_eq!(error.code, ErrorCode::Token);
    assert!(error.message.contains("no vault") && error.message.contains("security.token"), "{error}");
}

#[test]
fn a_token_after_failures_forgets_them() {
    let mut subject = Subject::new();
    subject.wanted();
    subject.fails();
    subject.pass(SECOND);
    subject.step();
    assert_eq!(kinds(&subject.gives(SECOND)), ["give"]);
    subject.pass(SECOND);
    subject.step();
    assert_eq!(kinds(&subject.fails()), ["refuse", "tell"]);
    assert_eq!(subject.due_in(), Some(Duration::from_millis(500)));
}

#[test]
fn a_token_that_is_valid_still_is_given_while_the_callback_fails() {
    let mut subject = Subject::new();
    subject.wanted();
    subject.gives(100 * SECOND);
    subject.pass(75 * SECOND);
    assert_eq!(subject.step(), [Act::Ask]);
    subject.fails();
    assert_eq!(kinds(&subject.wanted()), ["give"]);
    subject.pass(25 * SECOND);
    subject.step();
    subject.fails();
    assert_eq!(kinds(&subject.wanted()), ["refuse"]);
}

#[test]
fn no_answer_is_a_failure_and_a_late_one_counts_all_the_same() {
    let mut subject = Subject::new();
    subject.wanted();
    subject.pass(PATIENCE);
    assert_eq!(kinds(&subject.step()), ["refuse", "tell"]);
    assert!(subject.fails().is_empty(), "a late failure is none");
    assert_eq!(kinds(&subject.gives(SECOND)), ["give"]);
}

#[test]
fn a_late_token_undoes_no_newer_one() {
    let mut subject = Subject::new();
    subject.wanted();
    let late = subject.token(20 * SECOND);
    subject.pass(PATIENCE);
    subject.step();
    subject.pass(SECOND);
    assert_eq!(subject.step(), [Act::Ask]);
    assert_eq!(kinds(&subject.gives(60 * SECOND)), ["give"]);
    let due = subject.due;
    for old in [late.clone(), Token { expires_at_ms: UNTOLD, ..late.clone() }] {
        subject.keeper.came(Ok(old), subject.now);
        assert!(subject.step().is_empty(), "the one that is held lives longer, or says what it lives");
        assert_eq!(subject.due, due);
    }
    subject.pass(10 * SECOND);
    subject.keeper.came(Ok(late), subject.now);
    assert!(subject.step().is_empty(), "one that has expired meanwhile is no failure");
    assert_eq!(subject.due, due);
    assert_eq!(kinds(&subject.wanted()), ["give"]);
    assert_eq!(kinds(&subject.gives(90 * SECOND)), ["give"], "one that lives longer is of use");
}

#[test]
fn a_late_token_that_has_expired_is_no_second_failure() {
    let mut subject = Subject::new();
    subject.wanted();
    let late = subject.token(SECOND);
    subject.pass(PATIENCE);
    assert_eq!(kinds(&subject.step()), ["refuse", "tell"]);
    let due = subject.due;
    subject.keeper.came(Ok(late), subject.now);
    assert!(subject.step().is_empty());
    assert_eq!(subject.due, due);
}

#[test]
fn an_answer_may_be_the_token_that_is_there() {
    let mut subject = Subject::new();
    subject.wanted();
    let token = subject.token(100 * SECOND);
    subject.keeper.came(Ok(token.clone()), subject.now);
    subject.step();
    subject.pass(75 * SECOND);
    assert_eq!(subject.step(), [Act::Ask]);
    subject.keeper.came(Ok(token.clone()), subject.now);
    assert_eq!(subject.step(), [Act::Give(token)]);
}

#[test]
fn an_expired_token_is_a_failure_and_one_that_says_nothing_lives_for_five_minutes() {
    let mut subject = Subject::new();
    subject.wanted();
    let mut old = subject.token(SECOND);
    old.expires_at_ms -= 6_000;
    subject.keeper.came(Ok(old), subject.now);
    let acts = subject.step();
    assert!(matches!(&acts[0], Act::Refuse(reason) if reason.contains("it expired 5 s ago")), "{acts:?}");
    let mut untold = subject.token(SECOND);
    untold.expires_at_ms = UNTOLD;
    subject.keeper.came(Ok(untold), subject.now);
    assert_eq!(subject.step(), [Act::Give(subject.token(300 * SECOND))]);
}

#[test]
fn a_token_that_cannot_be_used_is_not_given_again() {
    let mut subject = Subject::new();
    subject.wanted();
    subject.gives(60 * SECOND);
    subject.keeper.unusable("odd characters", subject.now);
    assert_eq!(kinds(&subject.step()), ["refuse", "tell"]);
    assert_eq!(kinds(&subject.wanted()), ["refuse"]);
}

#[test]
fn lives_of_any_length_are_no_overflow() {
    let mut subject = Subject::new();
    subject.wanted();
    let token = Token { expires_at_ms: UNTOLD - 1, ..subject.token(SECOND) };
    subject.keeper.came(Ok(token), subject.now);
    assert_eq!(kinds(&subject.step()), ["give"]);
}
