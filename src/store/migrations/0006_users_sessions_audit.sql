-- Who may sign in to the pages. name: in small letters, never changed. password_hash: Argon2id in PHC form; null: cannot sign in with
-- a password. role: manager, team-lead, analyst, admin. language: null: that of the browser. failed_attempts: wrong passwords since
-- the last right one.
CREATE TABLE users (
    tenant TEXT NOT NULL,
    name TEXT NOT NULL,
    display_name TEXT NOT NULL,
    password_hash TEXT,
    role TEXT NOT NULL,
    team TEXT,
    language TEXT,
    theme TEXT NOT NULL,
    is_disabled BIGINT NOT NULL,
    failed_attempts BIGINT NOT NULL,
    locked_until BIGINT,
    created_at BIGINT NOT NULL,
    PRIMARY KEY (tenant, name)
);

-- Who is signed in. token_sha256: of the random token in the cookie, which is stored nowhere. csrf: what the forms of the session carry.
CREATE TABLE sessions (
    tenant TEXT NOT NULL,
    token_sha256 TEXT NOT NULL,
    user_name TEXT NOT NULL,
    csrf TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    seen_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    PRIMARY KEY (tenant, token_sha256),
    FOREIGN KEY (tenant, user_name) REFERENCES users (tenant, name)
);
CREATE INDEX sessions_of_user ON sessions (tenant, user_name);

-- What people did and tried, append only. actor: a user's name; null: nobody who was known. object: on whom or what, never a text
-- that somebody typed into a field for names or passwords. address: of the client, where it was over the network.
CREATE TABLE audit (
    tenant TEXT NOT NULL,
    id TEXT NOT NULL,
    occurred_at BIGINT NOT NULL,
    actor TEXT,
    action TEXT NOT NULL,
    object TEXT,
    address TEXT,
    PRIMARY KEY (tenant, id)
);
CREATE INDEX audit_by_time ON audit (tenant, occurred_at, id);
CREATE INDEX audit_by_address ON audit (tenant, action, address, occurred_at);
