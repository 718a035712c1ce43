//! Options that are one word of a few.

/// A type whose values are words.
pub(crate) trait Choice: Copy + 'static {
    /// Every value with its word.
    const WORDS: &'static [(&'static str, Self)];

    /// The value of a word, in any case of letters.
    fn from_word(word: &str) -> Option<Self> {
        Self::WORDS.iter().find(|(known, _)| known.eq_ignore_ascii_case(word)).map(|(_, value)| *value)
    }
}

// The first variant is the one a blank `Options` starts from; the option table holds the real default.
macro_rules! choice {
    ($(#[$meta:meta])* $name:ident { $($(#[$inner:meta])* $variant:ident = $word:literal),+ $(,)? }) => {
        $(#[$meta])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum $name { $($(#[$inner])* $variant),+ }

        impl $name {
            /// The words that choose a value, in the order of the variants.
            pub const NAMES: &'static [&'static str] = &[$($word),+];

            /// The word that chooses this value.
            pub const fn name(self) -> &'static str {
                match self { $(Self::$variant => $word),+ }
            }
        }

        impl Choice for $name {
            const WORDS: &'static [(&'static str, Self)] = &[$(($word, Self::$variant)),+];
        }

        impl Default for $name {
            fn default() -> Self {
                Self::WORDS[0].1
            }
        }
    };
}

choice! {
    /// How failures are treated.
    Mode {
        /// A transient failure is retried until it succeeds.
        Pipeline = "pipeline",
        /// A few retries, then the failure topic.
        LowLatency = "low-latency",
        /// No retries.
        BestEffort = "best-effort",
    }
}

choice! {
    /// What marks a message as done.
    Ack {
        /// The handler's return.
        Auto = "auto",
        /// `message.commit()`.
        Manual = "manual",
    }
}

choice! {
    /// Where this process's first assignment starts to read.
    StartFrom {
        /// At the committed offset; a new group starts at the earliest record.
        Committed = "committed",
        /// At the earliest record, whatever was committed.
        Earliest = "earliest",
        /// At the end, whatever was committed.
        Latest = "latest",
    }
}

choice! {
    /// How the members of a group agree on who reads what.
    GroupProtocol {
        /// The protocol of the client's own assignor.
        Classic = "classic",
        /// KIP-848: the broker assigns, and decides session and heartbeat.
        Consumer = "consumer",
    }
}

choice! {
    /// Where timers, parked records and processed ids are kept.
    StoreKind {
        /// Nowhere: timers are refused, deduplication is in memory.
        None = "none",
        /// In this process, and gone with it.
        Memory = "memory",
        /// In Cassandra.
        Cassandra = "cassandra",
    }
}

choice! {
    /// How a handler's span relates to the span of the sender.
    SpanRelation {
        /// A child of it, in the same trace.
        Child = "child",
        /// A new root with a link to it.
        FollowsFrom = "follows_from",
    }
}

choice! {
    /// How much of a backoff's ceiling is waited.
    RetryJitter {
        /// A uniform draw from zero to the ceiling.
        Full = "full",
        /// All of it.
        None = "none",
    }
}

choice! {
    /// How the connection to a broker is secured.
    SecurityProtocol {
        /// Neither encrypted nor authenticated.
        Plaintext = "plaintext",
        /// TLS.
        Ssl = "ssl",
        /// SASL without encryption.
        SaslPlaintext = "sasl_plaintext",
        /// SASL over TLS.
        SaslSsl = "sasl_ssl",
    }
}

impl SecurityProtocol {
    /// Whether the client authenticates with SASL.
    pub const fn has_sasl(self) -> bool {
        matches!(self, Self::SaslPlaintext | Self::SaslSsl)
    }

    /// Whether the connection is encrypted.
    pub const fn has_tls(self) -> bool {
        matches!(self, Self::Ssl | Self::SaslSsl)
    }
}

choice! {
    /// How a client proves who it is.
    SaslMechanism {
        /// User name and password, sent as they are.
        Plain = "PLAIN",
        /// User name and password, salted and hashed with SHA-256.
        ScramSha256 = "SCRAM-SHA-256",
        /// User name and password, salted and hashed with SHA-512.
        ScramSha512 = "SCRAM-SHA-512",
        /// A token that the application supplies.
        OauthBearer = "OAUTHBEARER",
    }
}
