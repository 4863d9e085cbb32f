-- Signing in through an OpenID Connect provider.

-- Who a user is at the provider: its address and what it calls them for ever. null: the user signs in with a password.
ALTER TABLE users ADD COLUMN issuer TEXT;
ALTER TABLE users ADD COLUMN subject TEXT;
CREATE UNIQUE INDEX users_by_identity ON users (tenant, issuer, subject);

-- What the provider gave out at the sign-in: it is shown to it again at the sign-out. null: signed in with a password.
ALTER TABLE sessions ADD COLUMN id_token TEXT;

-- Browsers that were sent to the provider and have not come back. state_sha256: of the random text that the provider hands back.
-- browser_sha256: of the random text in the browser's cookie; nonce and verifier are made of both, so they are stored nowhere.
-- next: the address to go on to. address: of the client.
CREATE TABLE pending_sign_ins (
    tenant TEXT NOT NULL,
    state_sha256 TEXT NOT NULL,
    browser_sha256 TEXT NOT NULL,
    next TEXT NOT NULL,
    address TEXT,
    expires_at BIGINT NOT NULL,
    PRIMARY KEY (tenant, state_sha256)
);
CREATE INDEX pending_sign_ins_by_address ON pending_sign_ins (tenant, address);

-- The audit is read by who did something and by what was done.
CREATE INDEX audit_by_actor ON audit (tenant, actor, occurred_at, id);
CREATE INDEX audit_by_action ON audit (tenant, action, occurred_at, id);
