-- A question of a customer to the operator's staff, and what was said about it. Nothing is deleted.
create table support_case (
    id bigint primary key,
    key varchar not null unique,
    account_id bigint not null,
    member_id bigint not null,
    about varchar not null check (about in ('messages', 'task', 'balance', 'topup', 'sender', 'other')),
    subject varchar not null,
    state varchar not null check (state in ('open', 'answered', 'closed')),
    created_us bigint not null,
    updated_us bigint not null
);

create table case_entry (
    id bigint primary key,
    key varchar not null unique,
    case_id bigint not null,
    member_id bigint not null,
    by_operator boolean not null,
    body varchar not null,
    created_us bigint not null
);

-- The messages (or the task) a case is about.
create table case_reference (
    case_id bigint not null,
    kind varchar not null check (kind in ('message', 'task')),
    thing_id bigint not null,
    primary key (case_id, kind, thing_id)
);
