//! A real PostgreSQL for tests: one server per test process, one new database per caller.
//!
//! The server comes from the machine's own `initdb` and `pg_ctl`, lives in a folder of its own below the temporary
//! folder, takes a free port on 127.0.0.1, and is stopped and removed when the process ends, however it ends.
//! Where PostgreSQL is not installed, tests are skipped with a printed line, or fail when
//! `RECONTACT_REQUIRE_POSTGRES=1` is set.
//!
//! Use it from any test binary: `#[path = "../support/postgres.rs"] mod postgres;`.

use sqlx::{AssertSqlSafe, Connection, Executor, PgConnection};
use std::fs::{self, OpenOptions};
use std::io::Write;
use std::net::TcpListener;
use std::os::unix::fs::chown;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};

const REQUIRE: &str = "RECONTACT_REQUIRE_POSTGRES";
const USER: &str = "recontact";

/// The URL of a new, empty database; `None`, after a line on standard error, where PostgreSQL is not installed.
///
/// # Panics
/// When it is installed but does not start, and when it is not but [`REQUIRE`] is set to 1.
pub(crate) fn database_or_skip() -> Option<String> {
    if let Err(missing) = available() {
        let line = format!(
            "SKIPPED postgres: {missing}; install the Debian package postgresql, \
             or put initdb and pg_ctl on PATH"
        );
        assert!(std::env::var(REQUIRE).as_deref() != Ok("1"), "{REQUIRE}=1, but {line}");
        // Not eprintln!, which the test harness keeps back when a test passes.
        let _ = writeln!(std::io::stderr(), "{line}");
        return None;
    }
    static SERVER: OnceLock<Server> = OnceLock::new();
    let server = SERVER.get_or_init(|| Server::start().unwrap_or_else(|error| panic!("{error}")));
    Some(server.create_database().unwrap_or_else(|error| panic!("{error}")))
}

/// Whether a server can be started here; what is missing otherwise.
pub(crate) fn available() -> Result<(), String> {
    program("initdb")?;
    program("pg_ctl")?;
    unprivileged_user()?;
    Ok(())
}

struct Server {
    port: u16,
    databases: AtomicU32,
    /// Stops the server when its standard input ends, which it does with this process.
    _watchdog: Child,
}

impl Server {
    fn start() -> Result<Self, String> {
        let user = unprivileged_user()?;
        let folder = new_folder(user)?;
        let data = folder.join("data");
        let initdb = run(
            command(&program("initdb")?, user)
                .args(["--auth=trust", "--no-sync", "--encoding=UTF8", "--locale=C", "--username"])
                .arg(USER)
                .arg("--pgdata")
                .arg(&data),
            &folder.join("initdb.log"),
        );
        let started = initdb.and_then(|()| Self::start_in(&folder, &data, user));
        if started.is_err() {
            let _ = fs::remove_dir_all(&folder);
        }
        started
    }

    fn start_in(folder: &Path, data: &Path, user: Option<(u32, u32)>) -> Result<Self, String> {
        let pg_ctl = program("pg_ctl")?;
        let base_configuration =
            fs::read_to_string(data.join("postgresql.conf")).map_err(|error| error.to_string())?;
        let mut last_error = String::new();
        // Another process may take the free port first.
        for _ in 0..5 {
            let port = free_port()?;
            let configuration = format!(
                "{base_configuration}\nlisten_addresses = '127.0.0.1'\nport = {port}\n\
                 unix_socket_directories = '{}'\nmax_connections = 200\nfsync = off\n",
                folder.display()
            );
            fs::write(data.join("postgresql.conf"), configuration)
                .map_err(|error| error.to_string())?;
            let log = folder.join("server.log");
            let started = run(
                command(&pg_ctl, user).arg("--pgdata").arg(data).arg("--log").arg(&log).args([
                    "--wait",
                    "--timeout=60",
                    "start",
                ]),
                &folder.join("pg_ctl.log"),
            );
            match started {
                Ok(()) => {
                    let watchdog = watch(&pg_ctl, folder, data, user)?;
                    return Ok(Self { port, databases: AtomicU32::new(0), _watchdog: watchdog });
                }
                Err(error) => {
                    last_error =
                        format!("{error}\n{}", fs::read_to_string(&log).unwrap_or_default());
                }
            }
        }
        Err(last_error)
    }

    fn create_database(&self) -> Result<String, String> {
        let number = self.databases.fetch_add(1, Ordering::Relaxed);
        let url = |database: &str| {
            format!("postgres://{USER}@127.0.0.1:{}/{database}?sslmode=disable", self.port)
        };
        let server = url("postgres");
        let name = format!("test_{number}");
        let statement = format!("CREATE DATABASE {name}");
        // On a thread of its own, as the caller may be inside a runtime.
        std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build()
                .map_err(|error| error.to_string())?;
            runtime
                .block_on(async {
                    let mut connection = PgConnection::connect(&server).await?;
                    connection.execute(AssertSqlSafe(statement)).await?;
                    connection.close().await
                })
                .map_err(|error| error.to_string())
        })
        .join()
        .map_err(|_| "the thread that creates the database panicked".to_owned())??;
        Ok(url(&name))
    }
}

/// A program of PostgreSQL, from PATH or from where Debian keeps those of each version (the newest wins).
fn program(name: &str) -> Result<PathBuf, String> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let mut versions: Vec<PathBuf> = fs::read_dir("/usr/lib/postgresql")
        .map(|entries| entries.flatten().map(|entry| entry.path()).collect())
        .unwrap_or_default();
    versions.sort_by_key(|version| {
        version
            .file_name()
            .and_then(|version| version.to_str()?.parse::<u32>().ok())
            .map(std::cmp::Reverse)
    });
    std::env::split_paths(&path)
        .chain(versions.iter().map(|version| version.join("bin")))
        .map(|folder| folder.join(name))
        .find(|file| file.is_file())
        .ok_or_else(|| format!("{name} is neither on PATH nor in /usr/lib/postgresql/*/bin"))
}

/// PostgreSQL refuses to run as root: then the user and group to run it as, `None` otherwise.
fn unprivileged_user() -> Result<Option<(u32, u32)>, String> {
    let id = |arguments: &[&str]| -> Option<u32> {
        let output = Command::new("id").args(arguments).output().ok()?;
        String::from_utf8(output.stdout).ok()?.trim().parse().ok()
    };
    if id(&["-u"]) != Some(0) {
        return Ok(None);
    }
    ["postgres", "nobody"]
        .iter()
        .find_map(|user| Some((id(&["-u", user])?, id(&["-g", user])?)))
        .map(Some)
        .ok_or_else(|| "this is root, and there is no user postgres or nobody".to_owned())
}

fn new_folder(user: Option<(u32, u32)>) -> Result<PathBuf, String> {
    // The path of a Unix socket is at most 107 bytes long.
    let mut parent = std::env::temp_dir();
    if parent.as_os_str().len() > 60 {
        parent = PathBuf::from("/tmp");
    }
    let folder = tempfile::Builder::new()
        .prefix("recontact-postgres-")
        .tempdir_in(parent)
        .map_err(|error| error.to_string())?
        .keep();
    if let Some((uid, gid)) = user {
        chown(&folder, Some(uid), Some(gid)).map_err(|error| error.to_string())?;
    }
    Ok(folder)
}

fn free_port() -> Result<u16, String> {
    TcpListener::bind("127.0.0.1:0")
        .and_then(|listener| listener.local_addr())
        .map(|address| address.port())
        .map_err(|error| error.to_string())
}

fn command(program: &Path, user: Option<(u32, u32)>) -> Command {
    let mut command = Command::new(program);
    if let Some((uid, gid)) = user {
        command.uid(uid).gid(gid);
    }
    command.current_dir("/").stdin(Stdio::null());
    command
}

/// Runs to the end; the log's text is the error when it fails.
fn run(command: &mut Command, log: &Path) -> Result<(), String> {
    let output = OpenOptions::new()
        .create(true)
        .append(true)
        .open(log)
        .map_err(|error| format!("{}: {error}", log.display()))?;
    let errors = output.try_clone().map_err(|error| error.to_string())?;
    let status = command.stdout(output).stderr(errors).status();
    match status {
        Ok(status) if status.success() => Ok(()),
        Ok(status) => Err(format!(
            "{command:?} ended with {status}: {}",
            fs::read_to_string(log).unwrap_or_default()
        )),
        Err(error) => Err(format!("{command:?}: {error}")),
    }
}

/// Starts a shell in a process group of its own, out of reach of Ctrl-C, that waits for this process to end: then the
/// kernel closes the pipe it reads from. Rust's statics are not dropped, so nothing in here could do it.
fn watch(
    pg_ctl: &Path,
    folder: &Path,
    data: &Path,
    user: Option<(u32, u32)>,
) -> Result<Child, String> {
    command(Path::new("/bin/sh"), user)
        .args([
            "-c",
            "read -r _; \"$0\" stop --mode=immediate --pgdata \"$1\"; rm -rf \"$2\"/* && rmdir \"$2\"",
        ])
        .args([pg_ctl, data, folder])
        .process_group(0)
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .map_err(|error| error.to_string())
}
