//! The promises.

use prosody_engine::{Action, Commit, Deferral, Dispatch, Observation, offsets::decode};
use prosody_model::{AbortReason, Epoch, EventId, Mono};

use crate::{
    part::{Call, Lane, Parked, Part},
    world::World,
};

impl World {
    /// Checks one action and carries it out.
    pub fn check(&mut self, action: Action) {
        match action {
            Action::Dispatch(call) => self.check_dispatch(&call),
            Action::Abort { event, reason } => self.check_abort(event, reason),
            Action::Commit(commit) => {
                self.check_commit(&commit);
                let part = self.held.get_mut(&commit.epoch).expect("a held partition");
                assert!(part.in_flight.is_none(), "two commits of a partition on their way");
                part.in_flight = Some(commit.clone());
                self.unanswered.push(commit);
            }
            Action::Release { epoch, commit } => self.check_release(epoch, commit),
            Action::Drained { unfinished_calls } => {
                let (_, deadline) = self.drain.expect("a drain");
                self.drained += 1;
                assert_eq!((self.drained, unfinished_calls), (1, self.calls.len()));
                assert!(self.held.is_empty() && (self.calls.is_empty() || self.now >= deadline));
            }
            Action::DeadLetter(_) | Action::Stop { .. } => panic!("there is no failure topic"),
            Action::Reread { .. } => panic!("nothing was given up"),
            Action::Observe(observation) => self.hear(&observation),
        }
    }

    fn check_dispatch(&mut self, call: &Dispatch) {
        let part = self.held.get_mut(&call.epoch).expect("no call starts in an epoch that is over");
        assert!(part.leaving.is_none() && self.drain.is_none(), "no call starts in a partition that leaves");
        assert_eq!(part.partition, call.partition.0 as usize);
        let lane = Lane::of(&call.record);
        // A record without a key may run beside its own late call of an earlier epoch: nothing orders it.
        let same = self.calls.iter().find(|open| {
            (open.partition, open.lane) == (part.partition, lane)
                && (matches!(lane, Lane::Key(_)) || open.epoch == call.epoch)
        });
        assert!(same.is_none(), "one open call a key: {same:?} {call:?}");
        let first =
            part.lanes.get_mut(&lane).and_then(|queue| queue.front_mut()).expect("a delivered record");
        assert_eq!(first.offset, call.record.offset, "a later record before an earlier one");
        first.attempts += 1;
        assert_eq!((first.attempts, call.deadline), (call.attempt, self.now.after(self.settings.timeout)));
        if let Some(parked) = part.parked.remove(&lane) {
            assert!(parked.until <= self.now, "too early: {parked:?}");
        }
        self.calls.push(Call {
            event: call.event,
            epoch: call.epoch,
            partition: part.partition,
            lane,
            offset: call.record.offset,
            size: call.record.size(),
            started: self.now,
            aborted: false,
        });
        assert!(self.calls.len() <= self.settings.max_concurrency);
    }

    fn check_abort(&mut self, event: EventId, reason: AbortReason) {
        let call = self.calls.iter_mut().find(|call| call.event == event).expect("an open call");
        assert!(!std::mem::replace(&mut call.aborted, true), "asked twice: {call:?}");
        let leaving = self.held.get(&call.epoch).map(|part| part.leaving);
        match reason {
            AbortReason::Timeout => assert!(call.started.after(self.settings.timeout) <= self.now),
            AbortReason::Lost => assert!(leaving.is_none(), "{call:?}"),
            AbortReason::Revoked | AbortReason::Shutdown => {
                assert!(leaving.flatten().is_some_and(|(abort_at, _)| abort_at <= self.now), "{call:?}");
            }
        }
    }

    fn check_commit(&mut self, commit: &Commit) {
        let part = self.held.get_mut(&commit.epoch).expect("a commit only while the partition is held");
        assert!(commit.offset >= part.last_commit, "a commit falls");
        part.last_commit = commit.offset;
        assert!(commit.metadata.encode_utf16().count() <= self.settings.metadata_units);
        let whole = commit.metadata.is_empty() || decode(&commit.metadata, commit.offset).is_some();
        assert!(whole, "a map that nobody can read: {commit:?}");
        self.logs[part.partition].check(commit.offset, &commit.metadata);
    }

    fn check_release(&mut self, epoch: Epoch, commit: Option<Commit>) {
        if let Some(place) = self.strangers.iter().position(|&stranger| stranger == epoch) {
            self.strangers.remove(place);
            return assert!(commit.is_none());
        }
        let part = self.held.get(&epoch).expect("one release for each partition that leaves");
        let (_, deadline) = part.leaving.expect("only what leaves is released");
        let open = self.calls.iter().any(|call| call.epoch == epoch);
        assert!(!open || deadline <= self.now, "released under a call with time left");
        if let Some(commit) = &commit {
            self.check_commit(commit);
        }
        let part = self.held.remove(&epoch).unwrap();
        let log = &mut self.logs[part.partition];
        // What is on its way comes first; now and then the last commit fails.
        part.in_flight.into_iter().for_each(|commit| log.commit(commit));
        commit.into_iter().filter(|_| !epoch.0.is_multiple_of(4)).for_each(|commit| log.commit(commit));
    }

    fn hear(&mut self, observation: &Observation) {
        match *observation {
            Observation::Parked { partition, offset, until, in_place, .. } => {
                let partition = partition.0 as usize;
                let is = |failed: &(usize, i64, _)| (failed.0, failed.1) == (partition, offset);
                let heard = self.failed.iter().position(is).expect("a failure");
                let (_, _, not_before) = self.failed.remove(heard);
                let ticks = self.ticks;
                let (part, lane) = self.first_of_its_lane(partition, offset);
                if !in_place {
                    part.deferred.insert(offset);
                }
                part.parked.insert(lane, Parked { until, not_before, ticks, in_place, deferred: !in_place });
            }
            Observation::HeldBack { partition, offset, until } => {
                assert!(self.settings.monopolization.is_some() && until > self.now);
                let ticks = self.ticks;
                let (part, lane) = self.first_of_its_lane(partition.0 as usize, offset);
                let deferred = part.deferred.contains(&offset);
                let not_before = Mono::default();
                part.parked.insert(lane, Parked { until, not_before, ticks, in_place: false, deferred });
            }
            Observation::Hastened { until } => {
                assert_eq!(until, self.now.after(self.settings.retry.base));
                let parked = self.held.values_mut().flat_map(|part| part.parked.values_mut());
                for parked in parked.filter(|parked| parked.in_place) {
                    parked.until = parked.until.min(until.max(parked.not_before));
                }
            }
            Observation::Healed { until } => {
                let parked = self.held.values_mut().flat_map(|part| part.parked.values_mut());
                for parked in parked.filter(|parked| parked.deferred && !parked.in_place) {
                    parked.until = parked.until.min(until.max(parked.not_before));
                }
            }
            Observation::Abandoned { partition, offset, .. } => {
                let is = |call: &Call| call.partition == partition.0 as usize && call.offset == offset;
                assert!(self.calls.iter().any(is), "an open call");
            }
            Observation::Disposed { .. }
            | Observation::DeadLettered { .. }
            | Observation::DeadLetterDelayed { .. }
            | Observation::RereadDelayed { .. }
            | Observation::Skipped { .. }
            | Observation::Restored { .. }
            | Observation::MetadataLimit { .. } => {}
        }
    }

    fn first_of_its_lane(&mut self, partition: usize, offset: i64) -> (&mut Part, Lane) {
        let part = self.held.values_mut().find(|part| part.partition == partition).unwrap();
        let is_first = |lane: &&Lane| part.lanes[*lane].front().is_some_and(|item| item.offset == offset);
        let lane = *part.lanes.keys().find(is_first).expect("the first record of its lane");
        (part, lane)
    }

    /// Checks what holds between steps.
    pub fn check_state(&mut self, ticked: bool) {
        self.check_bytes();
        let (engine, settings) = (&self.engine, &self.settings);
        assert_eq!(engine.open_calls(), self.calls.len());
        assert_eq!(engine.held_partitions(), self.held.len());
        // A record that is tried again in place takes its place back, whoever has come in since: one a key.
        let closes = settings.gate.threshold < 1.0;
        let in_place = if matches!(settings.deferral, Deferral::Off) || closes { engine.keys() } else { 0 };
        assert!(engine.uncommitted() <= settings.max_uncommitted + in_place);
        if engine.bytes() == 0 && engine.records() == 0 && self.drain.is_none() {
            assert!(engine.room() > 0, "an empty engine has room");
        }
        for (&epoch, part) in &self.held {
            let open = self.calls.iter().any(|call| call.epoch == epoch);
            if let Some((_, deadline)) = part.leaving {
                assert!(open, "what leaves goes with its last call");
                assert!(!ticked || deadline > self.now, "what leaves goes at its deadline");
            } else if !engine.reads(epoch) {
                let held_by = engine.uncommitted() >= settings.max_uncommitted || !part.lanes.is_empty();
                assert!(held_by, "a backlog waits for nothing");
            }
        }
        self.check_nobody_idles();
        if let Some((_, deadline)) = self.drain {
            let over = self.held.is_empty() && (self.calls.is_empty() || self.now >= deadline);
            assert!(self.drained == usize::from(over) || self.drained == 1);
            assert!(!ticked || self.now < deadline || self.drained == 1, "a drain ends by its deadline");
        }
    }

    fn check_bytes(&mut self) {
        for (&epoch, part) in &mut self.held {
            if self.engine.reads(epoch) {
                part.skipped = 0;
            }
        }
        let held: usize = self.held.values().map(crate::part::Part::bytes).sum();
        let late: usize =
            self.calls.iter().filter(|call| !self.held.contains_key(&call.epoch)).map(|call| call.size).sum();
        let skipped: usize = self.held.values().map(|part| part.skipped).sum();
        let bytes = self.engine.bytes();
        assert!((held + late..=held + late + skipped).contains(&bytes), "{bytes}: {held} {late} {skipped}");
    }

    /// While a slot is free, every key with an admitted record runs or waits for its next attempt.
    fn check_nobody_idles(&self) {
        if self.calls.len() >= self.settings.max_concurrency {
            return;
        }
        let admitted = self.held.iter().filter(|(epoch, _)| self.engine.reads(**epoch));
        for (_, part) in admitted {
            for lane in part.lanes.keys() {
                let open =
                    self.calls.iter().any(|call| (call.partition, call.lane) == (part.partition, *lane));
                let parked = part
                    .parked
                    .get(lane)
                    .is_some_and(|parked| parked.until > self.ticked || parked.ticks == self.ticks);
                assert!(open || parked, "{lane:?} of partition {} could run", part.partition);
            }
        }
    }
}
