-- Links that let somebody in once: an invitation to an account, or a new password for a member.
create table access_link (
    id bigint primary key,
    token_hash varchar not null unique,
    kind varchar not null check (kind in ('invite', 'reset')),
    account_id bigint not null,
    member_id bigint,
    role varchar,
    label varchar not null,
    made_by bigint not null,
    created_us bigint not null,
    expires_us bigint not null,
    ended_us bigint,
    outcome varchar check (outcome in ('used', 'revoked'))
);

-- A member's own time zone, where it differs from the account's.
create table member_zone (member_id bigint primary key, zone varchar not null);

-- Below this much available credit the account is told, once until it has risen again.
create table account_alert (
    account_id bigint primary key,
    threshold_micro bigint not null check (threshold_micro > 0),
    last_told_us bigint
);

-- The second step of sign-in: an encrypted TOTP secret, and the last 30-second step that was accepted.
create table second_factor (
    member_id bigint primary key,
    secret varchar not null,
    confirmed_us bigint,
    last_step bigint not null,
    created_us bigint not null
);

create table recovery_code (code_hash varchar primary key, member_id bigint not null, used_us bigint);

-- Proof of a right password of somebody whose code is still awaited; never a session by itself.
create table login_challenge (
    ticket_hash varchar primary key,
    member_id bigint not null,
    epoch integer not null,
    expires_us bigint not null
);

-- How often something was done in an hour, by whom.
create table attempt (
    name varchar not null,
    subject varchar not null,
    window_us bigint not null,
    hits integer not null,
    primary key (name, subject, window_us)
);
