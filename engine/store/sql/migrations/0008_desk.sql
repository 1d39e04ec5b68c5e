-- What an account may do at most; null: no limit. routes and countries are JSON lists, empty text: all of them.
create table account_limit (
    account_id bigint primary key,
    most_recipients integer check (most_recipients > 0),
    most_sms_a_day bigint check (most_sms_a_day > 0),
    most_task_micro bigint check (most_task_micro > 0),
    routes varchar not null,
    countries varchar not null,
    changed_us bigint not null
);

-- Sender IDs an account asked for; sender_key is the sender ID in lower case.
create table sender_id (
    id bigint primary key,
    account_id bigint not null,
    sender varchar not null,
    sender_key varchar not null,
    state varchar not null check (state in ('requested', 'approved', 'rejected')),
    reason varchar not null,
    asked_by bigint,
    decided_by bigint,
    created_us bigint not null,
    decided_us bigint
);

-- Every text of the terms that was ever in force; never changed. A task names the version it accepted.
create table terms (
    id bigint primary key,
    version varchar not null,
    body varchar not null,
    member_id bigint,
    created_us bigint not null
);

-- The size of the database, a line a day.
create table database_size (day bigint primary key, bytes bigint not null);
