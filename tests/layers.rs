//! Which module may use which, and which library is named where, read from the sources.
//!
//! The direction is drawn in `docs/architecture.md`: edges (`api`, `server`, `store`) know the middle (`classify`, `risk`),
//! and the middle knows no edge.
#![expect(clippy::unwrap_used, reason = "a helper that fails is a failed test")]

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

/// A source file of the service.
struct Source {
    /// Path below `src`, such as `store/tickets.rs`.
    path: String,
    /// Its lines of code: comments are left out.
    code: Vec<String>,
}

impl Source {
    /// The first part of its path: `store` for `store/tickets.rs`, `ticket` for `ticket.rs`.
    fn module(&self) -> &str {
        self.path.split('/').next().unwrap().trim_end_matches(".rs")
    }

    fn is_in(&self, places: &[&str]) -> bool {
        places.iter().any(|place| self.path == *place || self.module() == *place)
    }

    /// The modules of this crate that it names as `crate::…`.
    fn uses(&self) -> BTreeSet<String> {
        let text = self.code.join("\n");
        let mut used = BTreeSet::new();
        for after in text.split("crate::").skip(1) {
            match after.strip_prefix('{') {
                Some(list) => {
                    let list = list.split(";").next().unwrap();
                    let mut depth = 0;
                    let outer: String = list
                        .chars()
                        .filter(|c| {
                            depth += i32::from(*c == '{') - i32::from(*c == '}');
                            depth == 0
                        })
                        .collect();
                    used.extend(outer.split(',').map(|part| first_name(part.trim())));
                }
                None => {
                    used.insert(first_name(after));
                }
            }
        }
        used.remove("");
        used
    }

    /// Whether a word stands in the code.
    fn names(&self, word: &str) -> bool {
        let is_part = |c: char| c.is_alphanumeric() || c == '_';
        self.code.iter().any(|line| {
            line.match_indices(word).any(|(at, _)| {
                !line[..at].ends_with(is_part) && !line[at + word.len()..].starts_with(is_part)
            })
        })
    }
}

fn first_name(path: &str) -> String {
    path.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect()
}

fn sources() -> Vec<Source> {
    let mut found = Vec::new();
    collect(Path::new(env!("CARGO_MANIFEST_DIR")).join("src").as_path(), "", &mut found);
    assert!(found.len() > 30, "only {} files found", found.len());
    found
}

fn collect(folder: &Path, below: &str, found: &mut Vec<Source>) {
    for entry in fs::read_dir(folder).unwrap() {
        let entry = entry.unwrap();
        let name = entry.file_name().into_string().unwrap();
        let path = format!("{below}{name}");
        if entry.file_type().unwrap().is_dir() {
            collect(&entry.path(), &format!("{path}/"), found);
        } else if name.ends_with(".rs") {
            let text = fs::read_to_string(entry.path()).unwrap();
            let code = text.lines().filter(|line| !line.trim_start().starts_with("//"));
            found.push(Source { path, code: code.map(str::to_owned).collect() });
        }
    }
}

/// What each module may name of this crate, itself included or not; `server`, `main` and `demo` put everything together.
const MAY_USE: &[(&str, &[&str])] = &[
    ("timestamp", &[]),
    ("probability", &[]),
    ("statistics", &[]),
    ("tag", &[]),
    ("ticket", &["redaction", "timestamp"]),
    ("identity", &["ticket"]),
    ("outcome", &["statistics", "ticket", "timestamp"]),
    ("contact", &["identity", "outcome", "ticket", "timestamp"]),
    ("cleaning", &[]),
    ("redaction", &["cleaning", "timestamp"]),
    ("classify", &["contact", "probability", "tag", "ticket", "registry"]),
    ("risk", &["probability", "statistics", "tag", "ticket", "timestamp", "registry"]),
    ("costs", &["ticket"]),
    ("next_issue", &["costs", "outcome", "statistics", "ticket", "timestamp"]),
    ("plan", &["contact", "next_issue", "outcome", "risk", "statistics", "ticket", "timestamp"]),
    ("follow_up", &["costs", "outcome", "risk", "ticket", "timestamp"]),
    ("effect", &["risk", "follow_up", "statistics", "timestamp"]),
    // The registry checks a model by building it, as the service would.
    ("registry", &["classify", "contact", "risk", "statistics", "timestamp"]),
    ("shadow", &["classify", "contact", "registry", "risk", "ticket"]),
    ("live_models", &["classify", "contact", "registry", "risk", "shadow"]),
    ("live_next_issues", &["ticket", "next_issue", "outcome", "store", "timestamp"]),
    ("monitoring", &["statistics", "timestamp"]),
    ("live_monitoring", &["monitoring", "store", "timestamp"]),
    ("kpi", &["outcome", "risk", "statistics", "ticket", "timestamp"]),
    ("live_kpis", &["effect", "kpi", "store", "ticket", "timestamp"]),
    ("similar", &["outcome", "ticket"]),
    ("live_similar", &["classify", "outcome", "similar", "store", "ticket"]),
    (
        "store",
        &[
            "contact",
            "effect",
            "follow_up",
            "identity",
            "kpi",
            "monitoring",
            "next_issue",
            "outcome",
            "plan",
            "probability",
            "redaction",
            "risk",
            "statistics",
            "ticket",
            "timestamp",
            "user",
        ],
    ),
    ("user", &["ticket", "timestamp"]),
    ("openid", &["timestamp", "user"]),
    ("customer_key", &["store"]),
    (
        "config",
        &[
            "classify",
            "costs",
            "effect",
            "follow_up",
            "kpi",
            "monitoring",
            "next_issue",
            "outcome",
            "plan",
            "redaction",
            "similar",
            "user",
            "weekly",
        ],
    ),
    ("telemetry", &["config"]),
    ("routing", &[]),
    ("pdf", &["timestamp"]),
    ("weekly", &["kpi", "timestamp", "user"]),
    (
        "dashboard",
        &[
            "api",
            "app",
            "classify",
            "config",
            "contact",
            "customer_key",
            "effect",
            "follow_up",
            "identity",
            "kpi",
            "live_kpis",
            "live_similar",
            "monitoring",
            "next_issue",
            "openid",
            "outcome",
            "pdf",
            "plan",
            "redaction",
            "registry",
            "risk",
            "routing",
            "shadow",
            "similar",
            "statistics",
            "store",
            "ticket",
            "timestamp",
            "user",
            "weekly",
        ],
    ),
    ("user_admin", &["customer_key", "report", "store", "ticket", "timestamp", "user"]),
    (
        "api",
        &[
            "app",
            "classify",
            "cleaning",
            "contact",
            "customer_key",
            "effect",
            "follow_up",
            "identity",
            "kpi",
            "live_kpis",
            "live_monitoring",
            "live_similar",
            "monitoring",
            "next_issue",
            "outcome",
            "plan",
            "probability",
            "redaction",
            "registry",
            "risk",
            "shadow",
            "similar",
            "statistics",
            "store",
            "ticket",
            "timestamp",
        ],
    ),
    (
        "report",
        &[
            "outcome",
            "risk",
            "config",
            "customer_key",
            "dashboard",
            "effect",
            "kpi",
            "live_kpis",
            "live_monitoring",
            "live_next_issues",
            "monitoring",
            "next_issue",
            "statistics",
            "store",
            "ticket",
            "timestamp",
            "weekly",
            "weekly_report",
        ],
    ),
    (
        "app",
        &[
            "api",
            "classify",
            "config",
            "live_models",
            "live_monitoring",
            "live_next_issues",
            "live_similar",
            "openid",
            "outcome",
            "registry",
            "risk",
            "shadow",
            "store",
            "user",
        ],
    ),
    ("weekly_report", &["config", "dashboard", "registry", "risk", "store", "timestamp", "weekly"]),
    (
        "background",
        &[
            "app",
            "customer_key",
            "dashboard",
            "kpi",
            "live_next_issues",
            "store",
            "timestamp",
            "weekly_report",
        ],
    ),
    (
        "server",
        &[
            "api",
            "app",
            "background",
            "classify",
            "config",
            "customer_key",
            "dashboard",
            "routing",
            "store",
            "telemetry",
            "timestamp",
        ],
    ),
    ("lib", &[]),
];

#[test]
fn every_module_uses_only_what_lies_below_it() {
    for source in sources() {
        if source.is_in(&["main", "demo"]) {
            continue;
        }
        let module = source.module();
        let (_, allowed) = MAY_USE.iter().find(|(name, _)| *name == module).unwrap_or_else(|| {
            panic!("{}: say in MAY_USE what module {module} may use", source.path)
        });
        for used in source.uses() {
            let is_allowed = used == module || allowed.contains(&used.as_str());
            assert!(is_allowed, "{} uses crate::{used}, but {module} may not", source.path);
        }
    }
}

#[test]
fn nothing_but_the_binary_uses_the_demonstration() {
    for source in sources() {
        assert!(source.path == "main.rs" || !source.uses().contains("demo"), "{}", source.path);
    }
}

/// Asserts that only these files or modules name a word.
fn assert_only(places: &[&str], word: &str) {
    let mut users = 0;
    for source in sources().iter().filter(|source| source.names(word)) {
        assert!(source.is_in(places), "{} names {word}; only {places:?} may", source.path);
        users += 1;
    }
    assert!(places.is_empty() || users > 0, "nobody names {word} any more: remove the rule");
}

#[test]
fn each_library_is_named_in_its_own_layer_only() {
    for library in ["candle_core", "candle_nn", "candle_transformers", "tokenizers"] {
        assert_only(&["classify"], library);
    }
    assert_only(&["store"], "sqlx");
    // Only key figures have days of a time zone.
    assert_only(&["kpi"], "jiff");
    // The checksummed weights of a head are written and read beside its mathematics.
    assert_only(&["classify"], "safetensors");
    assert_only(&["api"], "utoipa_swagger_ui");
    assert_only(&["dashboard"], "askama");
    assert_only(&["dashboard"], "fluent_bundle");
    assert_only(&["dashboard"], "rust_xlsxwriter");
    assert_only(&["pdf"], "krilla");
    assert_only(&["pdf"], "skrifa");
    assert_only(&["weekly_report"], "lettre");
    assert_only(&["user/password.rs"], "argon2");
    assert_only(&["openid"], "openidconnect");
    assert_only(&["openid"], "chrono");
}

#[test]
fn only_problems_know_status_codes_of_errors() {
    // Reporting a ticket answers 201 or 200; readiness is no error, and counting looks at every answer.
    let known =
        ["api/problem.rs", "api/tickets.rs", "api/health.rs", "dashboard/error.rs", "telemetry"];
    assert_only(&known, "StatusCode");
    let errors = ["api/problem.rs", "dashboard/error.rs"];
    for source in sources().iter().filter(|source| !source.is_in(&errors)) {
        for error in ["BAD_REQUEST", "UNPROCESSABLE_ENTITY", "INTERNAL_SERVER_ERROR", "BadRequest"]
        {
            assert!(!source.names(error), "{} names {error}", source.path);
        }
    }
}

#[test]
fn the_service_never_goes_to_the_network_for_a_model() {
    assert_only(&[], "hf_hub");
    // The demonstration talks to the service that it has started, the weekly report goes to a webhook, and a provider is asked who
    // signs in.
    for source in sources().iter().filter(|source| source.names("ureq")) {
        assert!(source.is_in(&["demo", "openid", "weekly_report"]), "{} names ureq", source.path);
    }
}

#[test]
fn nothing_but_the_demonstration_sets_the_clock() {
    for source in sources().iter().filter(|source| source.names("set_clock")) {
        assert!(source.is_in(&["demo", "timestamp"]), "{} names set_clock", source.path);
    }
}

#[test]
fn the_middle_reads_neither_clock_nor_chance() {
    let middle = [
        "classify",
        "cleaning",
        "effect",
        "follow_up",
        "kpi",
        "monitoring",
        "next_issue",
        "outcome",
        "plan",
        "redaction",
        "risk",
    ];
    for source in sources().iter().filter(|source| source.is_in(&middle)) {
        for word in ["Timestamp::now", "SystemTime", "Instant::now", "now_utc", "getrandom"] {
            assert!(!source.code.iter().any(|line| line.contains(word)), "{}: {word}", source.path);
        }
    }
}
