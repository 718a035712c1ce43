//! Which class goes next while both wait.
//!
//! Of two virtual times only the difference matters, so one number is kept: the *lead* of the retry class over the
//! fresh one. A call moves it by the time that it takes, times the weight of the other class: by an estimate when it
//! starts, so that calls started together count at once, corrected when it has ended. The class that is behind goes
//! next.
//!
//! A call that starts while the other class has nothing to start costs its own class nothing: it pays off what the
//! other one is ahead, and what the other one is behind lapses. That is the start rule `max(own, minimum)` for
//! classes: whoever comes back has saved up nothing, and owes nothing for what it used alone.

use std::num::NonZeroU64;

use crate::{
    planted::{self, Bug},
    settings::Fairness,
};

/// Why a call may start.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Class {
    /// Everything but the following.
    Fresh,
    /// A record that has failed before.
    Retry,
}

/// Under which circumstances a class was chosen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Contest {
    /// The other class had nothing to start.
    Alone,
    /// It had.
    Both,
    /// It had, but holds all slots that it may.
    Capped,
}

/// Before any call has ended.
const UNKNOWN: f64 = 1e6;
/// Most that a class may be behind or ahead, in usual calls: one call that took a thousand times as long as usual is
/// not made up for at the expense of a thousand others.
const HORIZON: f64 = 32.0;

/// The lead, and what it is reckoned from. Times are in nanoseconds.
#[derive(Debug)]
pub struct Shares {
    /// The retry class's share.
    weight: f64,
    /// Most slots that retries hold while fresh keys wait.
    cap: usize,
    /// Most calls that retries may be behind because they hold all those slots. Some, since slots do not come free
    /// evenly. Where the slots are more than the share, no more than some: retries that took long and had started
    /// alone would give those behind them more than their share.
    saved: f64,
    lead: f64,
    /// What a call of each class takes lately; zero until one has ended.
    usual: [f64; 2],
    /// Open calls of the retry class.
    retries: usize,
}

impl Shares {
    pub fn new(fairness: &Fairness, slots: usize) -> Self {
        let weight = fairness.failure_weight.clamp(0.0, 1.0);
        // What 0.3 × 10 exceeds 3 by is no slot.
        let cap = (weight * slots as f64 - 1e-9).ceil().max(0.0) as usize;
        let exact = cap as f64 <= (weight + 0.05) * slots as f64;
        let saved = if exact { HORIZON } else { cap.max(4) as f64 };
        Self { weight, cap, saved, lead: 0.0, usual: [0.0; 2], retries: 0 }
    }

    /// The class that starts a call now. Both have keys to start.
    pub fn choose(&self) -> (Class, Contest) {
        if self.retries >= self.cap && !planted::is(Bug::RetriesTakeAll) {
            return (Class::Fresh, Contest::Capped);
        }
        let behind = self.lead < 0.0 || self.lead <= 0.0 && self.weight > 0.5;
        (if behind || planted::is(Bug::RetriesTakeAll) { Class::Retry } else { Class::Fresh }, Contest::Both)
    }

    /// A call starts. The estimate that its class has been charged, if it has, in nanoseconds.
    pub fn started(&mut self, class: Class, contest: Contest) -> Option<NonZeroU64> {
        self.retries += usize::from(class == Class::Retry);
        if contest == Contest::Alone {
            if self.lead != 0.0 {
                self.pay_off(class);
            }
            return None;
        }
        let cost = self.cost(class, self.usual(class));
        if contest == Contest::Capped
            && self.lead < -self.saved * self.cost(Class::Retry, self.usual(Class::Retry))
        {
            return None;
        }
        self.move_lead(cost);
        NonZeroU64::new(self.usual(class) as u64)
    }

    /// A call has ended that took this many nanoseconds.
    pub fn settled(&mut self, class: Class, charged: Option<NonZeroU64>, run: u64) {
        self.retries -= usize::from(class == Class::Retry);
        let run = run as f64;
        if let Some(charged) = charged {
            self.move_lead(self.cost(class, run - charged.get() as f64));
        }
        let usual = &mut self.usual[class as usize];
        *usual = if *usual > 0.0 { *usual + (run - *usual) * 0.125 } else { run }.max(1.0);
    }

    /// A call of a class starts alone.
    fn pay_off(&mut self, class: Class) {
        let lead = self.lead + self.cost(class, self.usual(class));
        self.lead = if class == Class::Fresh { lead.max(0.0) } else { lead.min(0.0) };
    }

    /// By how much a call of a class moves the lead.
    fn cost(&self, class: Class, time: f64) -> f64 {
        match class {
            Class::Fresh => -time * self.weight,
            Class::Retry => time * (1.0 - self.weight),
        }
    }

    fn move_lead(&mut self, by: f64) {
        let retry = self.cost(Class::Retry, self.usual(Class::Retry));
        let most = HORIZON * retry.max(-self.cost(Class::Fresh, self.usual(Class::Fresh)));
        self.lead = (self.lead + by).clamp(-most, most);
    }

    fn usual(&self, class: Class) -> f64 {
        let [fresh, retry] = self.usual;
        let (own, other) = if class == Class::Fresh { (fresh, retry) } else { (retry, fresh) };
        if own > 0.0 {
            own
        } else if other > 0.0 {
            other
        } else {
            UNKNOWN
        }
    }
}

#[cfg(test)]
mod tests;
