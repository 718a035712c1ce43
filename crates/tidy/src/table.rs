//! What is allowed where. A new crate, library or door is a line here, with its reason in the commit that adds it.

/// A crate, and the crates of this project it may name. A row names only rows below it.
pub struct Edges {
    pub name: &'static str,
    pub may_name: &'static [&'static str],
}

/// The crates, users first. Dependencies of tests are free, except on rows above.
pub const EDGES: &[Edges] = &[
    Edges { name: "prosody-bindings", may_name: &["prosody-client", "prosody-config", "prosody-model"] },
    Edges {
        name: "prosody-client",
        may_name: &[
            "prosody-shell",
            "prosody-kafka",
            "prosody-probes",
            "prosody-engine",
            "prosody-broker",
            "prosody-config",
            "prosody-model",
        ],
    },
    Edges {
        name: "prosody-sim",
        may_name: &["prosody-shell", "prosody-engine", "prosody-broker", "prosody-model"],
    },
    Edges { name: "prosody-shell", may_name: &["prosody-engine", "prosody-broker", "prosody-model"] },
    Edges { name: "prosody-probes", may_name: &[] },
    Edges { name: "prosody-kafka", may_name: &["prosody-broker", "prosody-model"] },
    Edges { name: "prosody-engine", may_name: &["prosody-identity", "prosody-model"] },
    Edges { name: "prosody-identity", may_name: &["prosody-model"] },
    Edges { name: "prosody-broker", may_name: &["prosody-model"] },
    Edges { name: "prosody-config", may_name: &["prosody-model"] },
    Edges { name: "prosody-model", may_name: &[] },
    Edges { name: "prosody-tidy", may_name: &[] },
];

/// Something only some places may name.
pub struct Fence {
    /// Whole words or `::` paths, as they stand in code; comments and strings do not count.
    pub words: &'static [&'static str],
    /// Where the fence stands.
    pub inside: &'static [&'static str],
    /// Files and folders that may name it all the same.
    pub allowed: &'static [&'static str],
    pub why: &'static str,
}

/// The crates that decide: inputs in, actions out.
const PURE: &[&str] =
    &["crates/model", "crates/identity", "crates/broker", "crates/engine", "crates/config", "crates/shell"];

pub const FENCES: &[Fence] = &[
    Fence {
        words: &["rdkafka", "rdkafka_sys"],
        inside: &["crates", "bindings"],
        allowed: &["crates/kafka"],
        why: "only crates/kafka names librdkafka",
    },
    Fence {
        words: &["hyper"],
        inside: &["crates", "bindings"],
        allowed: &["crates/probes"],
        why: "only crates/probes speaks HTTP to whoever asks",
    },
    Fence {
        words: &["tokio", "async", "await"],
        inside: &["crates", "bindings"],
        allowed: &["crates/probes"],
        why: "async code stays inside the adapter whose library wants it",
    },
    Fence {
        words: &["napi", "napi_derive", "napi_build"],
        inside: &["crates"],
        allowed: &["bindings"],
        why: "only bindings names napi",
    },
    Fence {
        words: &["Instant::now", "SystemTime::now"],
        inside: &["crates", "bindings"],
        allowed: &["crates/client/src/clock.rs", "crates/kafka/src", "crates/sim/src/runner.rs"],
        why: "time is an argument; the clock is read in crates/client/src/clock.rs, and for deadlines in crates/kafka",
    },
    Fence {
        words: &["std::env", "env::var", "env::vars", "env::var_os", "env::vars_os", "env::args"],
        inside: &["crates", "bindings"],
        allowed: &["crates/sim/src/main.rs"],
        why: "the wrapper reads the environment once and hands it over",
    },
    Fence {
        words: &["rand", "rand_chacha", "getrandom", "fastrand"],
        inside: &["crates", "bindings"],
        allowed: &["crates/sim"],
        why: "randomness comes from a seeded generator that is handed in",
    },
    Fence {
        words: &[
            "std::thread",
            "TcpStream",
            "TcpListener",
            "UdpSocket",
            "std::fs",
            "std::process",
            "async",
            "await",
            "tokio",
        ],
        inside: PURE,
        allowed: &[],
        why: "this crate decides and never acts: no threads, no input or output, nothing async",
    },
    Fence {
        words: &["thread::spawn"],
        inside: &["crates", "bindings"],
        allowed: &[],
        why: "threads have a name and an owner that joins them: use thread::Builder",
    },
    Fence {
        words: &["unsafe"],
        inside: &["crates", "bindings"],
        allowed: &["crates/kafka", "bindings"],
        why: "unsafe is for the adapters of foreign code",
    },
    Fence {
        words: &["process.env"],
        inside: &["src"],
        allowed: &["src/environment.ts"],
        why: "src/environment.ts alone reads the environment",
    },
    Fence {
        words: &["Date.now", "Math.random", "performance.now"],
        inside: &["src"],
        allowed: &[],
        why: "the wrapper keeps no time and draws no numbers",
    },
];

/// The longest file, in lines.
pub const MOST_LINES: usize = 500;

/// A function has fewer lines than this.
pub const FUNCTION_LINES: usize = 80;

/// The most the bindings may be, in hundredths of the lines of the crates.
pub const BINDINGS_SHARE: usize = 20;

/// Words that no file may hold. Each is written in two parts, so that this file does not hold it.
pub const FORBIDDEN: &[(&str, &str)] = &[
    (concat!("TO", "DO"), "do it, or say in the documentation what is not done"),
    (concat!("FIX", "ME"), "do it, or say in the documentation what is not done"),
    (concat!("XX", "X"), "do it, or say in the documentation what is not done"),
];

/// Parts of paths and hosts that belong to one machine.
pub const LOCAL: &[&str] = &[
    concat!("/wo", "rk/"),
    concat!("/ro", "ot/"),
    concat!("/ho", "me/"),
    concat!("/Us", "ers/"),
    concat!("registry.", "npmjs"),
    concat!("registry.", "yarnpkg"),
    concat!("index.", "crates.io"),
    concat!("static.", "crates.io"),
    concat!("repo1.", "maven"),
    concat!("repo.maven.", "apache.org"),
    concat!("files.", "pythonhosted"),
    concat!("pypi", ".org"),
    concat!("proxy.", "golang"),
    concat!("deb.", "debian.org"),
];
