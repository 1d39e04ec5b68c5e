-- Instants are UTC microseconds (…_us), amounts integer micro-credits (…_micro). No foreign keys and no
-- secondary indexes on big tables: both were measured to cost more than they give (duplicates are excluded by keys).

create table sequence (name varchar primary key, next_id bigint not null);

create table setting (name varchar primary key, value varchar not null, changed_us bigint not null);

create table account (
    id bigint primary key,
    name varchar not null,
    kind varchar not null check (kind in ('customer', 'operator')),
    status varchar not null check (status in ('active', 'pending', 'suspended')),
    zone varchar not null,
    created_us bigint not null
);

-- Changed only together with ledger entries, in the same transaction.
create table account_balance (
    account_id bigint primary key,
    available_micro bigint not null check (available_micro >= 0),
    held_micro bigint not null check (held_micro >= 0)
);

create table member (
    id bigint primary key,
    account_id bigint not null,
    user_name varchar not null unique,
    email varchar not null unique,
    full_name varchar not null,
    role varchar not null check (role in ('owner', 'sender', 'analyst', 'staff', 'admin')),
    status varchar not null check (status in ('active', 'removed')),
    password_hash varchar not null,
    epoch integer not null,
    failures integer not null,
    locked_until_us bigint not null,
    created_us bigint not null,
    last_login_us bigint
);

create table session (
    token_hash varchar primary key,
    member_id bigint not null,
    epoch integer not null,
    created_us bigint not null,
    seen_us bigint not null,
    expires_us bigint not null,
    agent varchar not null
);

-- One-time proof that a password was checked, exchanged for a cookie within seconds.
create table login_ticket (ticket_hash varchar primary key, member_id bigint not null, expires_us bigint not null);

create table audit (
    id bigint primary key,
    created_us bigint not null,
    member_id bigint,
    account_id bigint,
    action varchar not null,
    subject varchar not null,
    detail varchar not null
);

create table route (
    id bigint primary key,
    name varchar not null unique,
    gateway varchar not null,
    supports_sender boolean not null,
    sender_max integer not null,
    charge_on varchar not null check (charge_on in ('delivered', 'accepted')),
    count_rule varchar not null check (count_rule in ('160', 'carrier')),
    rules varchar not null,
    countries varchar not null,
    throughput integer not null check (throughput >= 0),
    batch integer not null check (batch between 1 and 5000),
    enabled boolean not null,
    is_default boolean not null,
    price_version integer not null,
    down_since_us bigint,
    last_error varchar,
    created_us bigint not null
);

-- Every version is kept: a task bills the version it was quoted with. Country '*' is the default price.
create table route_price (
    route_id bigint not null,
    version integer not null,
    country varchar not null,
    price_micro bigint not null check (price_micro >= 0),
    created_us bigint not null,
    member_id bigint,
    primary key (route_id, version, country)
);

create table quote (
    key varchar primary key,
    account_id bigint not null,
    member_id bigint not null,
    route_id bigint not null,
    price_version integer not null,
    digest varchar not null,
    cost_micro bigint not null,
    created_us bigint not null,
    expires_us bigint not null,
    task_id bigint
);

create table task (
    id bigint primary key,
    account_id bigint not null,
    member_id bigint not null,
    route_id bigint not null,
    name varchar not null,
    sender varchar,
    content varchar not null,
    file_name varchar,
    state varchar not null,
    price_version integer not null,
    count_rule varchar not null,
    charge_on varchar not null,
    terms_version varchar not null,
    first_message bigint not null,
    recipients integer not null,
    rejected_rows integer not null,
    sms bigint not null,
    parts bigint not null,
    hold_tx bigint not null,
    held_micro bigint not null,
    charged_micro bigint not null,
    returned_micro bigint not null,
    submitted integer not null,
    delivered integer not null,
    failed integer not null,
    expired integer not null,
    cancelled integer not null,
    in_doubt integer not null,
    late_delivered integer not null,
    cancel_requested boolean not null,
    stop_reason varchar,
    zone varchar not null,
    scheduled_us bigint,
    created_us bigint not null,
    due_us bigint not null,
    started_us bigint,
    finished_us bigint
);

-- The accepted quote, a line a country, with what became of it.
create table task_country (
    task_id bigint not null,
    country varchar not null,
    recipients integer not null,
    sms bigint not null,
    price_micro bigint not null,
    held_micro bigint not null,
    delivered integer not null,
    failed integer not null,
    charged_micro bigint not null,
    primary key (task_id, country)
);

-- One run of a task through a gateway; a restart in the middle begins another.
create table dispatch (
    id bigint primary key,
    task_id bigint not null,
    account_id bigint not null,
    route_id bigint not null,
    state varchar not null check (state in ('running', 'sent', 'finished')),
    messages integer not null,
    submitted integer not null,
    delivered integer not null,
    failed integer not null,
    held_micro bigint not null,
    charged_micro bigint not null,
    returned_micro bigint not null,
    started_us bigint not null,
    finished_us bigint
);

create table message (
    id bigint not null,
    task_id bigint not null,
    account_id bigint not null,
    route_id bigint not null,
    dispatch_id bigint,
    row_number integer not null,
    msisdn bigint not null,
    country varchar not null,
    content varchar,
    sms smallint not null,
    parts smallint not null,
    price_micro bigint not null,
    held_micro bigint not null,
    charged_micro bigint not null,
    state varchar not null,
    reason varchar,
    detail varchar,
    provider_ref varchar,
    settle_tx bigint,
    late_state varchar,
    late_us bigint,
    created_us bigint not null,
    submitted_us bigint,
    final_us bigint
);

-- Messages whose receipt is awaited, with what settling needs: small, so that receipts find their message
-- without an index on message.
create table outstanding (
    message_id bigint not null,
    task_id bigint not null,
    account_id bigint not null,
    route_id bigint not null,
    dispatch_id bigint not null,
    country varchar not null,
    held_micro bigint not null,
    provider_ref varchar not null,
    submitted_us bigint not null
);

create table receipt_inbox (
    id bigint not null,
    route_id bigint not null,
    provider_ref varchar not null,
    state varchar not null,
    reason varchar,
    detail varchar not null,
    receipt_us bigint not null,
    received_us bigint not null,
    parked boolean not null
);

create table ledger_tx (
    id bigint primary key,
    key varchar not null unique,
    kind varchar not null,
    account_id bigint not null,
    amount_micro bigint not null,
    available_after_micro bigint not null,
    held_after_micro bigint not null,
    task_id bigint,
    member_id bigint,
    reverses bigint,
    note varchar not null,
    created_us bigint not null
);

create table ledger_entry (
    tx_id bigint not null,
    account_id bigint not null,
    bucket varchar not null check (bucket in ('available', 'held', 'issued', 'revenue')),
    amount_micro bigint not null
);

-- What is due and what runs it.
create table job (
    id bigint primary key,
    key varchar not null unique,
    name varchar not null,
    args varchar not null,
    state varchar not null check (state in ('waiting', 'running', 'done', 'failed')),
    attempts integer not null,
    last_error varchar,
    run_us bigint not null,
    created_us bigint not null
);
